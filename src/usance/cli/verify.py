"""`usance verify`: every sum that the ledger keeps, made again from its facts."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from usance.actions import operations
from usance.cli import database
from usance.store.counters import Difference, Tally
from usance.store.db import Db
from usance.store.partitions import Archived
from usance.store.verify import CHECKS, SETTLED_CHECKS, Finding


def verify(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable, to stdout.")] = False,
    settled: Annotated[
        bool, typer.Option("--settled", help="Also: nothing is due and not done.")
    ] = False,
    rebuild_counters: Annotated[
        bool,
        typer.Option("--rebuild-counters", help="First make counters again from their events."),
    ] = False,
    account: Annotated[
        UUID | None, typer.Option(help="Only this account's counters are made again.")
    ] = None,
) -> None:
    """Check that the books add up, on one snapshot. Exit code 0: they do; 1: they do not."""
    if account is not None and not rebuild_counters:
        raise typer.BadParameter("The books of all accounts are checked.", param_hint="--account")

    async def work(
        db: Db,
    ) -> tuple[list[Difference] | None, list[Finding], Sequence[Archived]]:
        rebuilt = await operations.rebuild_counters(db, account) if rebuild_counters else None
        found = await operations.verify(db, settled=settled)
        return rebuilt, found, await db.read(operations.archived)

    rebuilt, found, archived = database.use(work, connections=operations.VERIFY_CONNECTIONS)
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
        body: dict[str, object] = {"checks": asked, "ok": not found, "findings": told}
        body["archived"] = [{"month": f"{m.month:%Y-%m}", "events": m.events} for m in archived]
        if rebuilt is not None:
            body["counters"] = [_row(one) for one in rebuilt]
        print(msgspec.json.format(msgspec.json.encode(body)).decode())
    else:
        console = Console(highlight=False)
        if rebuilt is not None:
            _show_rebuilt(console, rebuilt)
        for one in found:
            console.print(
                f"[red]✗[/] [bold]{one.check.name}[/] ({one.count}): {escape(one.check.holds)}"
            )
            for row in one.first:
                console.print(f"    {escape(row)}", soft_wrap=True)
            console.print(f"  [dim]{escape(one.check.hint)}[/]")
        for month in archived:
            console.print(
                f"[yellow]![/] The {month.events} events of {month.month:%Y-%m} are archived: what "
                "they were part of is not compared with them.",
                soft_wrap=True,
            )
        mark = "[green]✓[/] The books add up" if not found else "[red]The books do not add up[/]"
        console.print(f"{mark}: {asked - len(found)} of {asked} checks hold.")
    if found:
        raise typer.Exit(1)


def _show_rebuilt(console: Console, found: Sequence[Difference]) -> None:
    """Tell which counters were made again, and which could not be."""
    for one in found:
        key = one.key
        console.print(
            f"counter {key.subscription_id} period {key.seq} {escape(key.feature_key)} "
            f"version {key.version_id} window {key.window}: "
            + (f"left as it is, {one.why_left}" if one.why_left else "made again")
            + f": {_tally(one.said)} → {_tally(one.summed)}",
            soft_wrap=True,
        )
    left = sum(one.why_left is not None for one in found)
    console.print(f"Counters made again: {len(found) - left}; different and left: {left}.")


def _tally(tally: Tally | None) -> str:
    if tally is None:
        return "none"
    return f"{tally.units:f} units, {tally.covered:f} covered, {tally.events} events"


def _row(one: Difference) -> dict[str, object]:
    return {
        "accountId": str(one.account_id),
        "customerId": str(one.customer_id),
        "subscriptionId": str(one.key.subscription_id),
        "period": one.key.seq,
        "featureKey": one.key.feature_key,
        "versionId": str(one.key.version_id),
        "window": one.key.window,
        "said": None if one.said is None else _json(one.said),
        "summed": _json(one.summed),
        "left": one.why_left,
    }


def _json(tally: Tally) -> dict[str, object]:
    return {"units": f"{tally.units:f}", "covered": f"{tally.covered:f}", "events": tally.events}
