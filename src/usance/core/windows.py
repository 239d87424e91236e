"""Windows: the parts of a long period for terms that say `every: MONTH` and the like.

They are counted from the subscription's anchor like its periods are, and numbered 0, 1, 2 … from the
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
    return _index(subscription, every, instant) - _index(subscription, every, period.starts_at)


def start(
    subscription: Subscription, period: SubscriptionPeriod, every: Interval, window: int
) -> datetime:
    """Return the instant at which a window of the period starts; it may lie after the period."""
    anchor = subscription.anchor_at
    assert anchor is not None, "a period is counted from an anchor"
    first = _index(subscription, every, period.starts_at)
    return periods.boundary(
        anchor, subscription.zone, every, first + window, day=subscription.anchor_day
    )


def _index(subscription: Subscription, every: Interval, instant: datetime) -> int:
    anchor = subscription.anchor_at
    assert anchor is not None, "a period is counted from an anchor"
    return periods.index_at(anchor, subscription.zone, every, instant, subscription.anchor_day)
