"""Receivables: aging, and statements of account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from usance.actions import ledger
from usance.actions.commands import Call
from usance.core import money
from usance.core.refusals import invalid
from usance.store import receivables as stored
from usance.store.db import Tx
from usance.store.receivables import Aged, Movement

_MOVEMENTS_MAX: Final = 5_000
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Statement:
    """A customer's account in a currency over [since, until): opening + Σ movements = closing.

    What is owed is positive; below zero it is the customer's. `since` None: from the beginning.
    """

    customer_reference: str
    currency: str
    since: datetime | None
    until: datetime
    opening: Decimal
    movements: Sequence[Movement]

    @property
    def closing(self) -> Decimal:
        """What is owed at the end."""
        return self.opening + sum((one.amount for one in self.movements), Decimal(0))


async def aging(tx: Tx, call: Call, *, limit: int, offset: int) -> tuple[list[Aged], int]:
    """Return a page of what customers owe now, by how long it is overdue, and how many there are."""
    return await stored.by_customer(
        tx, call.account.id, call.now, call.account.zone, limit=limit, offset=offset
    )


async def in_all(tx: Tx, call: Call) -> list[Aged]:
    """Return what all customers owe now, for each currency."""
    return await stored.in_all(tx, call.account.id, call.now, call.account.zone)


async def statement(
    tx: Tx,
    call: Call,
    reference: str,
    currency: str | None,
    *,
    since: datetime | None,
    until: datetime | None,
) -> Statement:
    """Return a customer's statement of account, until now if nothing else is said.

    Refusals, in this order: customer_not_found, validation_failed (to).
    """
    customer = await ledger.customer_of(tx, call, reference)
    now = await ledger.settled(tx, call, customer)
    begin = _BEGINNING if since is None else since
    end = now + _MICROSECOND if until is None else until
    if end < begin:
        raise invalid("to", "A period does not end before it begins.")
    unit = call.account.currency if currency is None else currency
    found = await stored.movements(
        tx,
        call.account.id,
        customer.id,
        unit,
        since=begin,
        until=end,
        limit=_MOVEMENTS_MAX + 1,
    )
    if len(found) > _MOVEMENTS_MAX:
        raise invalid("to", f"There are more than {_MOVEMENTS_MAX} movements: ask for less time.")
    opening = await stored.owed_before(tx, call.account.id, customer.id, unit, begin)
    return Statement(reference, unit, since, until or now, money.rounded(opening, unit), found)
