"""`usance verify`: every sum that the ledger keeps, made again from its facts."""

from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from usance.actions import operations
from usance.cli import database
from usance.store.verify import CHECKS, SETTLED_CHECKS


def verify(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable, to stdout.")] = False,
    settled: Annotated[
        bool, typer.Option("--settled", help="Also: nothing is due and not done.")
    ] = False,
) -> None:
    """Check that the books add up, on one snapshot. Exit code 0: they do; 1: they do not."""
    found = database.read(lambda tx: operations.verify(tx, settled=settled))
    asked = len(CHECKS) + (len(SETTLED_CHECKS) if settled else 0)
    if as_json:
        told = [
            {
                "check": one.check.name,
                "holds": one.check.holds,
                "count": one.count,
                "first": list(one.first),
                "hint": one.check.hint,
            }
            for one in found
        ]
        body = {"checks": asked, "ok": not found, "findings": told}
        print(msgspec.json.format(msgspec.json.encode(body)).decode())
    else:
        console = Console(highlight=False)
        for one in found:
            console.print(
                f"[red]✗[/] [bold]{one.check.name}[/] ({one.count}): {escape(one.check.holds)}"
            )
            for row in one.first:
                console.print(f"    {escape(row)}", soft_wrap=True)
            console.print(f"  [dim]{escape(one.check.hint)}[/]")
        mark = "[green]✓[/] The books add up" if not found else "[red]The books do not add up[/]"
        console.print(f"{mark}: {asked - len(found)} of {asked} checks hold.")
    if found:
        raise typer.Exit(1)
