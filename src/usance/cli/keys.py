"""`usance keys`: made, listed and revoked."""

from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

import typer
from rich.console import Console

from usance.actions import accounts
from usance.cli import database, tables
from usance.core.accounts import Account, ApiKey
from usance.core.ids import AccountId
from usance.core.refusals import invalid
from usance.store.db import Tx

app = typer.Typer(help="API keys of an account.", no_args_is_help=True)

Which: TypeAlias = Annotated[
    UUID | None, typer.Option(help="The account's id; needed when there are several.")
]


@app.command("create")
def create(
    name: Annotated[str, typer.Option(help="What it is for.")] = "unnamed", account: Which = None
) -> None:
    """Make a key and print it: it is shown this once."""

    async def work(tx: Tx) -> accounts.NewKey:
        return await accounts.create_key(tx, await _chosen(tx, account), name)

    made = database.run(work)
    Console(stderr=True, highlight=False).print(f"Key [bold]{made.key.id}[/], shown this once:")
    # Alone on standard output, so that a script can take it.
    print(made.secret)


@app.command("list")
def list_(account: Which = None) -> None:
    """List the account's keys, the oldest first."""

    async def work(tx: Tx) -> list[ApiKey]:
        return await accounts.list_keys(tx, (await _chosen(tx, account)).id)

    tables.show(
        ("Id", "Ends in", "Name", "Created", "Revoked"),
        [
            (str(key.id), key.last_four, key.name, _minute(key.created_at), _minute(key.revoked_at))
            for key in database.run(work)
        ],
    )


@app.command("revoke")
def revoke(
    key: Annotated[UUID, typer.Argument(help="The key's id, as in `usance keys list`.")],
    account: Which = None,
) -> None:
    """Revoke a key: it opens nothing from now on."""

    async def work(tx: Tx) -> ApiKey:
        return await accounts.revoke_key(tx, (await _chosen(tx, account)).id, key)

    revoked = database.run(work)
    Console(stderr=True, highlight=False).print(
        f"The key ending in {revoked.last_four} is revoked."
    )


async def _chosen(tx: Tx, account_id: UUID | None) -> Account:
    if account_id is not None:
        return await accounts.get(tx, AccountId(account_id))
    known = await accounts.list_accounts(tx)
    if len(known) != 1:
        raise invalid(
            "account",
            "There is no account yet: usance accounts create --name …"
            if not known
            else "There are several accounts. Name one with --account (usance accounts list).",
        )
    return known[0]


def _minute(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}Z" if at else ""
