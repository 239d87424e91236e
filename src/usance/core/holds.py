"""Holds: units and credits set aside between a check and the event that uses them.

A hold takes from what is available to others, and from nothing else: it pins no grant, burns nothing,
and is over by itself at `expires_at`. The event that settles it is an event like any other.

Units: `units` of the feature and `credits`, exact; instants are UTC.
Sources: BILLING.md, "Holds".
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from usance.core.ids import CustomerId, EventId, HoldId
from usance.core.metering import CounterKey

ZERO: Final = Decimal(0)

DEFAULT_LIFE: Final = timedelta(minutes=5)
LONGEST_LIFE: Final = timedelta(hours=24)


class HoldStatus(StrEnum):
    """Where a hold stands. EXPIRED is what time makes of HELD; it is never stored."""

    HELD = "HELD"  # → SETTLED, RELEASED; → EXPIRED at expires_at
    SETTLED = "SETTLED"  # its event is recorded
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Hold:
    """Units set aside on the counter `counted`, and the credits that they would burn.

    `key` is the caller's, else the id; (customer, key) is the hold's identity. `event_id` is of the
    event that settled it.
    """

    id: HoldId
    customer_id: CustomerId
    key: str
    fingerprint: bytes
    counted: CounterKey
    units: Decimal
    model: str | None
    denomination: str | None
    credits: Decimal
    created_at: datetime
    expires_at: datetime
    status: HoldStatus = HoldStatus.HELD
    closed_at: datetime | None = None
    event_id: EventId | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether it still sets anything aside at `now`; at `expires_at` it does not."""
        return self.status is HoldStatus.HELD and now < self.expires_at

    def status_at(self, now: datetime) -> HoldStatus:
        """Return the status that time gives it at `now`."""
        if self.status is HoldStatus.HELD and not self.is_open(now):
            return HoldStatus.EXPIRED
        return self.status


def credits_held(
    holds: Iterable[Hold], running: Callable[[Hold], bool], denomination: str, now: datetime
) -> Decimal:
    """Return the credits of a pool that open holds set aside, each while its period is `running`."""
    return sum(
        (
            one.credits
            for one in holds
            if one.denomination == denomination and one.is_open(now) and running(one)
        ),
        ZERO,
    )
