"""The journal of an account, as a file for its bookkeeping."""

import csv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from usance.actions.commands import Call
from usance.core import cells, journal, money
from usance.core.journal import NAMES
from usance.core.refusals import invalid
from usance.store import journal as stored
from usance.store.db import Db
from usance.store.journal import Recorded

COLUMNS: Final = (
    "date", "at", "entry", "kind", "customer", "document", "reference", "account", "accountName",
    "debit", "credit", "currency",
)  # fmt: skip
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Sink(Protocol):
    """Where text can be written."""

    def write(self, text: str, /) -> object:
        """Take the text."""


async def write(
    db: Db, call: Call, sink: Sink, *, since: datetime | None, until: datetime | None
) -> int:
    """Write the journal over [since, until) as CSV, and return how many entries it has.

    All of it is of one instant. Memory does not grow with it. Refused: validation_failed (to).
    """
    begin = _BEGINNING if since is None else since
    end = call.now + _MICROSECOND if until is None else until
    if end < begin:
        raise invalid("to", "A period does not end before it begins.")
    entries = 0
    writer = csv.writer(sink)
    writer.writerow(COLUMNS)
    zone = ZoneInfo(call.account.zone)
    async with db.snapshot() as tx:
        async for one in stored.facts(tx, call.account.id, begin, end):
            rows = _rows(one, zone, call)
            writer.writerows(rows)
            entries += bool(rows)
    return entries


def _rows(one: Recorded, zone: ZoneInfo, call: Call) -> list[tuple[str, ...]]:
    """Return a row for each posting of a fact; none, where no money moved."""
    fact, show = one.fact, _amount(one.fact.currency)
    # A day is the account's, whatever the customer's zone is: the books are the seller's.
    begin = (
        fact.at.astimezone(zone).date().isoformat(),
        fact.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        str(one.id),
        fact.kind.value,
        cells.text(one.customer_reference),
        cells.text(one.number),
        cells.text(one.reference),
    )
    return [
        (
            *begin,
            cells.text(journal.account_of(posting.role, call.account.ledger_accounts)),
            NAMES[posting.role],
            show(max(posting.amount, journal.ZERO)),
            show(max(-posting.amount, journal.ZERO)),
            fact.currency,
        )
        for posting in journal.postings(fact)
    ]


def _amount(currency: str) -> Callable[[Decimal], str]:
    return lambda value: f"{money.rounded(value, currency):f}" if value else ""
