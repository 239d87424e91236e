"""Windows: the parts of a long period for terms that say `every: MONTH` and the like.

They are counted from the period's anchor, as the period itself is, and numbered 0, 1, 2 … from the
period's start. A trial has one window, however long it is.

Units: instants are UTC.
Sources: BILLING.md, "Credits".
"""

from datetime import datetime

from usance.core import periods
from usance.core.periods import Interval
from usance.core.subscriptions import Subscription, SubscriptionPeriod


def at(
    subscription: Subscription,
    period: SubscriptionPeriod,
    every: Interval | None,
    instant: datetime,
) -> int:
    """Return which window of the period the instant is in; 0 where the terms have no windows."""
    if every is None or period.is_trial:
        return 0
    zone = subscription.zone
    return _index(period, zone, every, instant) - _index(period, zone, every, period.starts_at)


def start(
    subscription: Subscription, period: SubscriptionPeriod, every: Interval, window: int
) -> datetime:
    """Return the instant at which a window of the period starts; it may lie after the period."""
    zone = subscription.zone
    first = _index(period, zone, every, period.starts_at)
    return periods.boundary(period.anchor_at, zone, every, first + window, day=period.anchor_day)


def _index(period: SubscriptionPeriod, zone: str, every: Interval, instant: datetime) -> int:
    return periods.index_at(period.anchor_at, zone, every, instant, period.anchor_day)
