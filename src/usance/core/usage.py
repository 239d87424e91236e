"""Usage: which subscription an instant's usage belongs to, what room it has, and what it has used.

Checks, holds and events all choose a subscription here, so they choose the same one.

Units: units of a feature, exact; None as room or limit means without end.
Sources: BILLING.md, "Usage", "Entitlements".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol

from usance.core import holds, windows
from usance.core.catalog import AggregationKind, FeatureTerms, Overage, PlanVersion
from usance.core.holds import Hold
from usance.core.ids import HoldId, InvoiceId, SubscriptionId, VersionId
from usance.core.invoices import Invoice
from usance.core.metering import Counter, CounterKey
from usance.core.subscriptions import RUNNING, Segment, Subscription, SubscriptionPeriod

ZERO: Final = Decimal(0)


class Rows(Protocol):
    """What both a snapshot and a draft have: the rows of one customer."""

    @property
    def subscriptions(self) -> Mapping[SubscriptionId, Subscription]: ...
    @property
    def periods(self) -> Mapping[tuple[SubscriptionId, int], SubscriptionPeriod]: ...
    @property
    def segments(self) -> Mapping[tuple[SubscriptionId, int, int], Segment]: ...
    @property
    def invoices(self) -> Mapping[InvoiceId, Invoice]: ...
    @property
    def counters(self) -> Mapping[CounterKey, Counter]: ...
    @property
    def holds(self) -> Mapping[HoldId, Hold]: ...


@dataclass(frozen=True, slots=True)
class Match:
    """A subscription's period that an instant falls in, and the terms in force then."""

    subscription: Subscription
    period: SubscriptionPeriod
    version: PlanVersion
    term: FeatureTerms
    window: int

    @property
    def key(self) -> CounterKey:
        """The counter that usage of this match is kept in."""
        return CounterKey(
            self.subscription.id, self.period.seq, self.term.key, self.version.id, self.window
        )


@dataclass(frozen=True, slots=True)
class Used:
    """What a limit's period has used: `limit` None is unlimited; `remaining` is never below zero.

    `held` is set aside by open holds. `resets_at` None: no period is running.
    """

    used: Decimal
    limit: Decimal | None
    resets_at: datetime | None
    held: Decimal = ZERO

    @property
    def remaining(self) -> Decimal | None:
        """What is left of the limit; None when there is none."""
        return None if self.limit is None else max(ZERO, self.limit - self.used - self.held)


def in_order(subscriptions: Iterable[Subscription]) -> list[Subscription]:
    """Return subscriptions in the order in which usage chooses among them: oldest first, then id."""
    return sorted(subscriptions, key=lambda s: (s.created_at, s.id))


def match(
    rows: Rows,
    versions: Mapping[VersionId, PlanVersion],
    subscription: Subscription,
    feature_key: str,
    at: datetime,
) -> Match | None:
    """Return the period of the subscription that contains `at` and has the feature then, or None."""
    period = period_at(rows, subscription, at)
    if period is None:
        return None
    version = versions[version_in_force(rows, period, at)]
    term = version.terms.term(feature_key)
    if term is None:
        return None
    return Match(subscription, period, version, term, _window(subscription, period, term, at))


def period_at(rows: Rows, subscription: Subscription, at: datetime) -> SubscriptionPeriod | None:
    """Return the subscription's period that contains the instant; None in a gap, before or after."""
    for seq in range(subscription.seq, -1, -1):
        period = rows.periods.get((subscription.id, seq))
        if period is None:
            return None
        if period.starts_at <= at < period.ends_at:
            return period
        if period.ends_at <= at:
            return None
    return None


def version_in_force(rows: Rows, period: SubscriptionPeriod, at: datetime) -> VersionId:
    """Return the version under which the period's usage at the instant falls."""
    found: Segment | None = None
    n = 0
    while (segment := rows.segments.get((period.subscription_id, period.seq, n))) is not None:
        # An undone change counts until it was undone: what was used then was used under its terms.
        undone = segment.undone_at is not None and segment.undone_at <= at
        if segment.starts_at <= at and not undone:
            found = segment
        n += 1
    assert found is not None, "a period has a version from its first instant"
    return found.version_id


def is_usable(rows: Rows, subscription: Subscription, now: datetime) -> bool:
    """Whether the subscription gives access at `now`, by the stored facts alone."""
    if subscription.status not in RUNNING:
        return False
    if subscription.cancel_at is not None and subscription.cancel_at <= now:
        return False
    return not any(
        i.blocks_at(now) for i in rows.invoices.values() if i.subscription_id == subscription.id
    )


def used(rows: Rows, found: Match, now: datetime) -> Used:
    """Return what the match's limit has used in its period (or its `every`), all versions together.

    What holds that are open at `now` set aside of it is told beside.
    """
    limit = found.term.limit
    windowed = limit is not None and limit.every is not None
    highest = found.term.aggregation.kind is AggregationKind.MAX
    total = ZERO

    def counts(key: CounterKey) -> bool:
        if key.subscription_id != found.subscription.id or key.feature_key != found.term.key:
            return False
        same_window = not windowed or (key.seq == found.period.seq and key.window == found.window)
        return found.period.usage_from_seq <= key.seq <= found.period.seq and same_window

    for counter in rows.counters.values():
        if counts(counter.key):
            total = max(total, counter.units) if highest else total + counter.units
    held = ZERO
    for hold in rows.holds.values():
        if hold.is_open(now) and counts(hold.counted):
            held += hold.units
    return Used(total, limit.units if limit is not None else None, _resets_at(found), held)


def credits_held(rows: Rows, denomination: str, now: datetime) -> Decimal:
    """Return the credits of a pool that holds set aside at `now`, each in the period that it was made in.

    A period that a plan change cut goes on in the one that follows it.
    """

    def running(hold: Hold) -> bool:
        subscription = rows.subscriptions.get(hold.counted.subscription_id)
        if subscription is None or subscription.is_ended:
            return False
        period = rows.periods.get((subscription.id, subscription.seq))
        if period is None or not period.starts_at <= now < period.ends_at:
            return False
        return period.usage_from_seq <= hold.counted.seq

    return holds.credits_held(rows.holds.values(), running, denomination, now)


def room(rows: Rows, found: Match, now: datetime) -> Decimal | None:
    """Return how many units the match still takes; None without end (no limit, or ALLOW)."""
    limit = found.term.limit
    if limit is None or limit.overage is Overage.ALLOW or not found.term.aggregation.kind.adds_up:
        return None
    return used(rows, found, now).remaining


def choose(rows: Rows, matches: Sequence[Match], units: Decimal, now: datetime) -> Match | None:
    """Return the match that takes the units: the first with room for all, else the roomiest."""
    if len(matches) == 1:
        return matches[0]
    best: tuple[Decimal, Match] | None = None
    for found in matches:
        left = room(rows, found, now)
        if left is None or left >= units:
            return found
        if best is None or left > best[0]:
            best = (left, found)
    return best[1] if best is not None else None


def _window(
    subscription: Subscription, period: SubscriptionPeriod, term: FeatureTerms, at: datetime
) -> int:
    """Return which `every` of the limit the instant is in; else 0."""
    every = None if term.limit is None else term.limit.every
    return windows.at(subscription, period, every, at)


def _resets_at(found: Match) -> datetime:
    limit, period = found.term.limit, found.period
    if limit is None or limit.every is None or period.is_trial:
        return period.ends_at
    next_start = windows.start(found.subscription, period, limit.every, found.window + 1)
    return min(next_start, period.ends_at)
