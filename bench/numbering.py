"""How long documents wait for their numbers when many are issued at once in one account.

Writers issue one-off invoices, each for a customer of its own, over a connection of its own, as fast as
they can. The series is the one row that all of them share, and it is locked last. Printed are the
whole call and the part of it that takes the number: its wait, its round trips and its writes.

    python -m bench.numbering [--writers N] [--invoices N]

Units: milliseconds.
"""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from bench import report, servers
from bench.lives import Buyer, Seller
from usance import clock
from usance.actions import invoices
from usance.core.decisions.one_off import Content, Item, Terms
from usance.store import outcome
from usance.store.db import Db

_CONTENT = Content((Item("Set-up", Decimal(1), Decimal(0)),))
_NUMBERS = """
    SELECT count(*) = max(seq) AND min(seq) = 1 AND count(DISTINCT number) = count(*)
      FROM document_numbers
     WHERE series = 'INVOICE'
"""


async def main(writers: int, each: int) -> None:
    """Issue, and report."""
    waits = _timed()
    with servers.temporary() as folder:
        async with servers.postgres(Path(folder)) as server:
            db = await Db.open(server.dsn, jitter=clock.jitter, size=writers)
            seller = await Seller.opened(db, {"plans": []}, datetime.now(UTC) - timedelta(days=1))
            buyers = [await seller.customer(f"c{n}") for n in range(writers)]
            start = time.perf_counter()
            calls = await asyncio.gather(*(_issue(one, each) for one in buyers))
            seconds = time.perf_counter() - start
            assert await db.peek(lambda tx: tx.fetchval(_NUMBERS)), "a gap, or a number twice"
            await db.close()
    whole = [duration for one in calls for duration in one]
    rows = [_row("issue an invoice", whole), _row("of it, take the number", waits)]
    print(f"{writers} writers × {each} invoices: {len(whole) / seconds:,.0f} a second, no gap")
    print(report.table(("what", "median ms", "99 % within", "longest"), rows))


async def _issue(buyer: Buyer, count: int) -> list[float]:
    durations = []
    for _ in range(count):
        start = time.perf_counter()
        await buyer.seller.done(
            buyer.now,
            lambda tx, call: invoices.draw_up(
                tx, call, buyer.customer.reference, _CONTENT, currency="USD", terms=Terms()
            ),
        )
        durations.append(time.perf_counter() - start)
    return durations


def _timed() -> list[float]:
    """Measure from now on how long numbers are waited for; return where the durations go."""
    durations: list[float] = []
    take: Callable[..., Awaitable[Any]] = outcome._take_numbers  # noqa: SLF001 - what is measured

    async def timed(*args: object) -> object:
        start = time.perf_counter()
        try:
            return await take(*args)
        finally:
            if args[-1]:
                durations.append(time.perf_counter() - start)

    outcome._take_numbers = timed  # type: ignore[assignment] # noqa: SLF001 - as above
    return durations


def _row(what: str, seconds: list[float]) -> tuple[str, float, float, float]:
    ordered = sorted(1000 * one for one in seconds)
    return what, report.median(ordered), ordered[len(ordered) * 99 // 100], ordered[-1]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.numbering", description=__doc__)
    parser.add_argument("--writers", type=int, default=32)
    parser.add_argument("--invoices", type=int, default=200)
    asked = parser.parse_args()
    asyncio.run(main(asked.writers, asked.invoices))
