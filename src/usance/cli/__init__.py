"""The command line: `usance serve` and what an operator does beside it."""

import sys

import typer
from rich.console import Console
from rich.markup import escape

from usance.cli import accounts, catalog, keys, migrate, parked, serve, verify
from usance.core.refusals import Refusal
from usance.settings import BadSetting
from usance.store.db import Unreachable
from usance.store.embedded_programs import EmbeddedError
from usance.store.migrate import MigrationError

app = typer.Typer(
    name="usance",
    help="Usance: a billing system of record.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve.serve)
app.command("http", hidden=True)(serve.http)
app.command("migrate")(migrate.migrate)
app.command("verify")(verify.verify)
app.command("parked")(parked.parked)
app.command("unpark")(parked.unpark)
app.add_typer(accounts.app, name="accounts")
app.add_typer(keys.app, name="keys")
app.add_typer(catalog.app, name="catalog")


def main() -> None:
    """Run the command line. What an operator can mend is told in a sentence, without a traceback."""
    try:
        app()
    except (BadSetting, EmbeddedError, MigrationError, Refusal, serve.CannotListen) as problem:
        _fail(str(problem))
    except Unreachable as problem:
        _fail(
            f"The database cannot be reached: {problem}\n"
            "Is it running, and is DATABASE_URL right? Without DATABASE_URL, Usance runs its own."
        )


def _fail(message: str) -> None:
    Console(stderr=True, highlight=False).print(
        f"[red]usance:[/] {escape(message)}", soft_wrap=True
    )
    sys.exit(1)
