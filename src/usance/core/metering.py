"""Metering: what a period has of each feature, and the usage events that it is made of.

A counter is kept in the event's own transaction, so a check and a bill read one number and never
sum events.

Units: `units`, `covered` are units of the feature, exact; money is exact and not rounded here.
Sources: BILLING.md, "Usage", "Paying".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias

from usance.core.ids import CustomerId, EventId, InvoiceId, SubscriptionId, VersionId
from usance.core.tax import Tax

ZERO: Final = Decimal(0)

LATEST_PAST: Final = timedelta(days=35)
"""How far back an event may have occurred; a later one is refused, and a bill is final after it."""

LATEST_FUTURE: Final = timedelta(minutes=5)
"""How far ahead a seller's clock may run; such an event counts as now."""


Stretch: TypeAlias = tuple[Decimal, Decimal]
"""From one amount to a higher one, of all that a use comes to as its price adds up."""


class CounterKey(NamedTuple):
    """What a counter counts. `window` numbers the months of a longer period (`every: MONTH`)."""

    subscription_id: SubscriptionId
    seq: int
    feature_key: str
    version_id: VersionId
    window: int


@dataclass(frozen=True, slots=True)
class Counter:
    """A period's usage of one feature under one version.

    `units` are billable ones (for `max` the highest, for `unique` the number of values); `covered`
    of them were paid with credits. `billed_amount` is what invoices have charged for it so far, and
    `billed_by` the last that did, at `billed_tax`: what turns out to be too much is
    given back for that one. `awaits_invoice`: its period is closed and something in it is not billed
    yet. `forgiven`: what of `billed_amount` stood on invoices that the seller voided, in order and
    apart; it stands when the amount falls below it.
    """

    key: CounterKey
    customer_id: CustomerId
    units: Decimal = ZERO
    covered: Decimal = ZERO
    events: int = 0
    billed_units: Decimal = ZERO
    billed_amount: Decimal = ZERO
    awaits_invoice: bool = False
    billed_by: InvoiceId | None = None
    billed_tax: Tax | None = None
    forgiven: tuple[Stretch, ...] = ()

    @property
    def priced(self) -> Decimal:
        """The units that the feature's price applies to: those that no credit covered."""
        return self.units - self.covered


def with_stretch(forgiven: Sequence[Stretch], start: Decimal, end: Decimal) -> tuple[Stretch, ...]:
    """Return stretches with one more, in order and apart: those that meet become one.

    >>> ten = with_stretch((), Decimal(0), Decimal(10))
    >>> [(str(a), str(b)) for a, b in with_stretch(ten, Decimal(12), Decimal(13))]
    [('0', '10'), ('12', '13')]
    >>> [(str(a), str(b)) for a, b in with_stretch(ten, Decimal(8), Decimal(12))]
    [('0', '12')]
    """
    if start >= end:
        return tuple(forgiven)
    apart = [one for one in forgiven if one[1] < start or end < one[0]]
    met = [one for one in forgiven if one not in apart]
    joined = (min([start, *(a for a, _ in met)]), max([end, *(b for _, b in met)]))
    return tuple(sorted([*apart, joined]))


def forgiven_of(forgiven: Sequence[Stretch], amount: Decimal) -> Decimal:
    """Return how much of an amount, counted from nothing, is forgiven.

    >>> print(forgiven_of([(Decimal(0), Decimal(10))], Decimal(8)))
    8
    >>> print(forgiven_of([(Decimal(10), Decimal(12))], Decimal(11)))
    1
    """
    return sum((min(end, amount) - start for start, end in forgiven if start < amount), ZERO)


@dataclass(frozen=True, slots=True)
class Correction:
    """What a correction takes off its event: units, and credits that it would not have burnt."""

    event_id: EventId
    units: Decimal
    credits: Decimal


@dataclass(frozen=True, slots=True)
class UsageEvent:
    """A usage event as kept: what was said, what it matched, what it burnt, cost and earned.

    Of a correction all of that is below zero: what it takes off the event that it `corrects`.
    """

    id: EventId
    customer_id: CustomerId
    key: str
    fingerprint: bytes
    name: str
    feature_key: str | None
    occurred_at: datetime
    recorded_at: datetime
    units: Decimal
    matched: CounterKey | None
    billable: Decimal
    covered: Decimal
    credits: Decimal
    cost_amount: Decimal | None
    cost_currency: str | None
    cost_detail: dict[str, object] | None
    revenue_amount: Decimal | None
    model: str | None
    flow_id: str | None
    meta: dict[str, object] | None
    receipt: dict[str, object]
    corrects: Correction | None = None
