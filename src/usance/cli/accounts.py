"""`usance accounts`: made and listed."""

from typing import Annotated

import typer
from rich.console import Console

from usance.actions import accounts
from usance.cli import database, tables
from usance.core.accounts import Account, Mode
from usance.store.db import Tx

app = typer.Typer(help="Accounts: one seller each, LIVE or TEST.", no_args_is_help=True)


@app.command("create")
def create(
    *,
    name: Annotated[str, typer.Option(help="What you call it.")],
    live: Annotated[bool, typer.Option("--live", help="LIVE; else TEST, with a clock.")] = False,
    currency: Annotated[str, typer.Option(help="ISO 4217.")] = "USD",
    zone: Annotated[str, typer.Option(help="IANA time zone.")] = "UTC",
) -> None:
    """Make an account with a key, and print the key: it is shown this once."""
    mode = Mode.LIVE if live else Mode.TEST
    request = accounts.NewAccount(name=name, mode=mode, currency=currency, zone=zone)

    async def work(tx: Tx) -> tuple[Account, accounts.NewKey]:
        account = await accounts.create(tx, request)
        return account, await accounts.create_key(tx, account, "first")

    account, key = database.run(work)
    say = Console(stderr=True, highlight=False)
    say.print(f"{account.mode} account [bold]{account.id}[/]. Its key, shown this once:")
    # Alone on standard output, so that a script can take it.
    print(key.secret)


@app.command("list")
def list_() -> None:
    """List all accounts, the oldest first."""
    tables.show(
        ("Id", "Mode", "Name", "Currency", "Zone"),
        [
            (str(each.id), each.mode, each.name, each.currency, each.zone)
            for each in database.run(accounts.list_accounts)
        ],
    )
