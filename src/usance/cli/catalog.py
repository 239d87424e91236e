"""`usance catalog`: a catalogue file compared with an account, applied to it, and written from it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from usance import clock
from usance.actions import accounts, catalog
from usance.actions.catalog import Publication
from usance.actions.commands import Call
from usance.api import catalog as answers
from usance.api import json
from usance.cli import catalog_diff, catalog_file, catalog_yaml, database
from usance.core.accounts import Account
from usance.core.refusals import Refusal, invalid
from usance.store.db import Tx

DEMO: Final = Path(__file__).with_name("demo.yaml")
# Not 1, which is a failure, nor 2, which is a command that was not understood.
EXIT_CHANGES: Final = 3

app = typer.Typer(
    help="The catalogue as a file: compare it, apply it, write it.", no_args_is_help=True
)

File: TypeAlias = Annotated[
    Path, typer.Argument(help="YAML, or JSON if its name ends so.", show_default=False)
]
Which: TypeAlias = Annotated[
    str | None,
    typer.Option("--account", help="The account's name or id; needed when there are several."),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON, for a program.")]


@app.command("plan")
def plan(
    file: File,
    *,
    account: Which = None,
    as_json: AsJson = False,
    exit_code: Annotated[
        bool, typer.Option(help=f"Exit with {EXIT_CHANGES} if something would change.")
    ] = False,
) -> None:
    """Tell what applying a file would change, and change nothing."""
    value = catalog_file.load(file)

    async def work(tx: Tx) -> tuple[Account, Publication]:
        chosen = await _chosen(tx, account)
        with _in_file(file):
            return chosen, await catalog.preview(tx, call_of(chosen), value)

    chosen, publication = database.run(work)
    _tell(chosen, file, publication, as_json=as_json, applied=False)
    if exit_code and not publication.changes.is_empty:
        raise typer.Exit(EXIT_CHANGES)


@app.command("apply")
def apply(file: File, *, account: Which = None, as_json: AsJson = False) -> None:
    """Apply a file, and tell what it changed. Applied again it changes nothing."""
    value = catalog_file.load(file)

    async def work(tx: Tx) -> tuple[Account, Publication]:
        chosen = await _chosen(tx, account)
        with _in_file(file):
            return chosen, await catalog.apply(tx, call_of(chosen), value)

    chosen, publication = database.run(work)
    _tell(chosen, file, publication, as_json=as_json, applied=True)


@app.command("show")
def show(*, account: Which = None, as_json: AsJson = False) -> None:
    """Write the whole catalogue as a file to standard output: to apply it changes nothing."""

    async def work(tx: Tx) -> dict[str, object]:
        return answers.written(await catalog.get(tx, call_of(await _chosen(tx, account))))

    document = database.run(work)
    print(json.render(document).decode() if as_json else catalog_yaml.dump(document).rstrip())


async def apply_demo(tx: Tx, account: Account) -> None:
    """Give an account the demo catalogue."""
    await catalog.apply(tx, call_of(account), catalog_file.load(DEMO))


def call_of(account: Account) -> Call:
    """Return the call of a command about the account, at its instant of now."""
    now = account.now(clock.real_now())
    return Call(account=account, now=now, seed=clock.seed(), keyed=None)


def _tell(
    account: Account, file: Path, publication: Publication, *, as_json: bool, applied: bool
) -> None:
    shown = answers.shown(publication)
    if as_json:
        print(json.render(shown.model_dump(mode="python", by_alias=True)).decode())
        return
    catalog_diff.show(shown, account=f"{account.name} ({account.mode})", file=str(file))
    if applied and shown.changed:
        catalog_diff.say("Applied.")
    elif shown.changed:
        catalog_diff.say(f"Nothing is changed yet. To do it: usance catalog apply {file}")


@contextmanager
def _in_file(file: Path) -> Iterator[None]:
    """Let a document's fault, told by its path in the document, name the file too."""
    try:
        yield
    except Refusal as fault:
        message = f"{file}: {fault.message}"
        raise Refusal(fault.code, message, field=fault.field, detail=fault.detail) from fault


async def _chosen(tx: Tx, which: str | None) -> Account:
    """Return the account with this id or name; the only one if none is named."""
    known = await accounts.list_accounts(tx)
    if which is None:
        found = known
        problem = "There are several accounts. Name one with --account (usance accounts list)."
    else:
        found = [one for one in known if str(one.id) == which.lower()]
        found = found or [one for one in known if one.name == which]
        problem = f"Several accounts are called {which}. Name one by its id (usance accounts list)."
    if not known:
        problem = "There is no account yet: usance accounts create --name …"
    elif not found:
        problem = f"There is no account with the name or id {which} (usance accounts list)."
    if len(found) != 1:
        raise invalid("account", problem)
    return found[0]
