"""Credits: pools of a denomination, the grants that fill them, and every movement between.

A pool's balance is what is left in its usable grants less its overdraft. Spending takes from grants
in one fixed order and remembers from which, so that it can be given back to the same ones.

Units: credits are exact Decimals; a covered quantity is cut to 12 decimals.
Sources: BILLING.md, "Credits".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from usance.core.catalog import Burn, Rollover
from usance.core.ids import CustomerId, EventId, GrantId, PoolId, SubscriptionId, TransactionId

ZERO: Final = Decimal(0)
_TWELVE_DECIMALS: Final = Decimal("1e-12")
_FAR: Final = 1 << 80  # after every instant, microseconds


class GrantKind(StrEnum):
    """Where credits came from. Bought ones are spent last and never clawed back."""

    PLAN_INCLUDED = "PLAN_INCLUDED"
    PURCHASED = "PURCHASED"
    PROMOTIONAL = "PROMOTIONAL"
    MANUAL = "MANUAL"


class TransactionKind(StrEnum):
    """Why a pool moved."""

    GRANT = "GRANT"
    BURN = "BURN"
    EXPIRY = "EXPIRY"
    CLAWBACK = "CLAWBACK"
    ROLLOVER = "ROLLOVER"  # what a renewal did not keep of the credits before
    REVERSAL = "REVERSAL"  # a burn given back, whole
    CORRECTION = "CORRECTION"  # the part of a burn that a correction of its event gave back


@dataclass(frozen=True, slots=True)
class Pool:
    """A customer's credits of one denomination. The totals are of all time."""

    id: PoolId
    customer_id: CustomerId
    denomination: str
    hard_limit: bool
    created_at: datetime
    overdraft: Decimal = ZERO
    granted: Decimal = ZERO
    consumed: Decimal = ZERO
    expired: Decimal = ZERO
    clawed: Decimal = ZERO
    transactions: int = 0
    next_due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """Credits given at one time. A plan's grant is identified by (subscription, seq, pool, window, n).

    `window` numbers the months of a longer period for an allocation that says `every: MONTH`.
    """

    id: GrantId
    customer_id: CustomerId
    pool_id: PoolId
    kind: GrantKind
    amount: Decimal
    remaining: Decimal
    priority: int
    granted_at: datetime
    expires_at: datetime | None
    reason: str | None = None
    subscription_id: SubscriptionId | None = None
    seq: int | None = None
    n: int | None = None
    window: int | None = None
    rollover: Rollover | None = None
    rollover_cap: Decimal | None = None
    clawed: Decimal = ZERO  # of the amount, what was taken back

    def usable_at(self, now: datetime) -> bool:
        """Whether there is something left that has not expired at `now`."""
        return self.remaining > 0 and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class Transaction:
    """One movement of a pool: `amount` signed, `taken` the signed part of each grant."""

    id: TransactionId
    customer_id: CustomerId
    pool_id: PoolId
    seq: int
    kind: TransactionKind
    amount: Decimal
    balance_after: Decimal
    taken: tuple[tuple[GrantId, Decimal], ...]
    at: datetime
    event_id: EventId | None = None
    reverses: TransactionId | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CreditPrice:
    """What one credit costs from an instant on, until a later price takes over."""

    id: UUID
    denomination: str
    currency: str
    price_per_credit: Decimal
    effective_from: datetime
    published_at: datetime


@dataclass(frozen=True, slots=True)
class CreditWeight:
    """What one unit of a feature burns from an instant on; `model` None: on every model."""

    id: UUID
    feature_key: str
    model: str | None
    weight: Decimal
    effective_from: datetime
    published_at: datetime


def spending_order(grant: Grant) -> tuple[int, float | int, bool, datetime, UUID]:
    """Return the sort key: priority → soonest expiry (none last) → free before bought → oldest → id."""
    expiry = _FAR if grant.expires_at is None else _instant(grant.expires_at)
    return (
        grant.priority,
        expiry,
        grant.kind is GrantKind.PURCHASED,
        grant.granted_at,
        grant.id,
    )


def balance(pool: Pool, grants: Iterable[Grant], now: datetime) -> Decimal:
    """Return what the pool holds at `now`: its usable grants less its overdraft."""
    left = sum((g.remaining for g in grants if g.pool_id == pool.id and g.usable_at(now)), ZERO)
    return left - pool.overdraft


def take(
    grants: Iterable[Grant], wanted: Decimal, now: datetime
) -> tuple[tuple[Grant, Decimal], ...]:
    """Return from which usable grants `wanted` credits come, as far as they reach, in order."""
    assert wanted >= 0, "credits are taken, never put back, by a burn"
    taken: list[tuple[Grant, Decimal]] = []
    left = wanted
    for grant in sorted((g for g in grants if g.usable_at(now)), key=spending_order):
        if left == 0:
            break
        part = min(left, grant.remaining)
        taken.append((grant, part))
        left -= part
    return tuple(taken)


def coverable(units: Decimal, weight: Decimal, available: Decimal) -> Decimal:
    """Return how many of `units` the available credits cover at `weight` credits a unit.

    Cut, never rounded up, to 12 decimals: what is covered can always be paid.

    >>> coverable(Decimal(10), Decimal(3), Decimal(10))
    Decimal('3.333333333333')
    >>> coverable(Decimal(10), Decimal(0), Decimal(0))
    Decimal('10')
    """
    if weight == 0:
        return units
    if available <= 0:
        return ZERO
    if available >= units * weight:
        return units
    return (available / weight).quantize(_TWELVE_DECIMALS, rounding=ROUND_DOWN)


def weight_of(
    burn: Burn,
    feature_key: str,
    model: str | None,
    table: Iterable[CreditWeight],
    at: datetime,
) -> Decimal:
    """Return the credits that one unit burns at an instant, the first that there is of these.

    The version's for the model, the version's own, the table's for the feature and model, the
    table's for the feature, 1. A model is compared exactly.
    """
    if model is not None:
        for name, weight in burn.models:
            if name == model:
                return weight
    if burn.weight is not None:
        return burn.weight
    for wanted in (model, None):
        found = [
            one
            for one in table
            if one.feature_key == feature_key and one.model == wanted and one.effective_from <= at
        ]
        if found:
            return max(found, key=lambda one: one.effective_from).weight
    return Decimal(1)


def kept(grants: Iterable[Grant], now: datetime) -> dict[GrantId, Decimal]:
    """Return what rollover keeps of one subscription's plan grants, each by its own policy.

    NONE keeps nothing, FULL all; CAPPED keeps at most its cap of all the capped ones together, and
    the soonest-expiring excess goes first. A grant not in the answer keeps nothing.
    """
    usable = [g for g in grants if g.usable_at(now)]
    keeping = {g.id: g.remaining for g in usable if g.rollover is Rollover.FULL}
    # The last to expire are kept first: what would expire soonest is the excess.
    capped = [g for g in usable if g.rollover is Rollover.CAPPED]
    total = ZERO
    for grant in sorted(capped, key=spending_order, reverse=True):
        assert grant.rollover_cap is not None, "a capped grant has a cap"
        part = min(max(ZERO, grant.rollover_cap - total), grant.remaining)
        keeping[grant.id] = part
        total += part
    return keeping


def next_expiry(grants: Iterable[Grant]) -> datetime | None:
    """Return when the first of the grants with something left expires; None when none will."""
    return min(
        (g.expires_at for g in grants if g.remaining > 0 and g.expires_at is not None), default=None
    )


def _instant(at: datetime) -> int:
    """Return an instant as a sortable whole number of microseconds."""
    day = at.toordinal() * 86_400
    return (day + at.hour * 3600 + at.minute * 60 + at.second) * 1_000_000 + at.microsecond
