"""The order in which an event is refused, and the edges of the time in which it may have occurred.

Each row mends just the fault of the row above it; the last one is not refused.
"""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from tests.core.selling import NOBODY, NOW, SEED, refusal

from usance.core.costs import Cost
from usance.core.decisions import record
from usance.core.decisions.record import Use
from usance.core.draft import Draft
from usance.core.metering import UsageEvent
from usance.core.refusals import Code

MICROSECOND = timedelta(microseconds=1)
OLDEST, NEWEST = NOW - timedelta(days=35), NOW + timedelta(minutes=5)
UNITS = (Code.VALIDATION_FAILED, "usageUnits")
OCCURRED_AT = (Code.VALIDATION_FAILED, "occurredAt")


def use(units: str, occurred_at: datetime | None, feature: str | None) -> Use:
    return Use(
        key="k",
        fingerprint=b"",
        name="used",
        feature_key=feature,
        units=Decimal(units),
        occurred_at=occurred_at,
        model=None,
        cost=Cost(None, None, None),
        revenue_amount=None,
        flow_id=None,
        meta=None,
    )


def recorded(asked: Use) -> UsageEvent:
    return record.record(Draft(NOBODY, now=NOW, seed=SEED), asked, seed=SEED)


@pytest.mark.parametrize(
    ("units", "occurred_at", "feature", "want"),
    [
        ("-1", OLDEST - MICROSECOND, "unknown", UNITS),
        ("0", OLDEST - MICROSECOND, "unknown", OCCURRED_AT),
        ("0", NEWEST + MICROSECOND, "unknown", OCCURRED_AT),
        ("0", NEWEST, "unknown", Code.FEATURE_NOT_FOUND),
        ("0", NEWEST, "calls", None),
        ("0", OLDEST, "calls", None),
        ("0", None, "calls", None),
        ("0", None, None, None),
    ],
)
def test_the_order_in_which_an_event_is_refused(
    units: str,
    occurred_at: datetime | None,
    feature: str | None,
    want: Code | tuple[Code, str] | None,
):
    assert refusal(lambda: recorded(use(units, occurred_at, feature))) == want


@pytest.mark.parametrize(
    ("occurred_at", "want"),
    [(OLDEST, OLDEST), (NOW, NOW), (NOW + MICROSECOND, NOW), (NEWEST, NOW), (None, NOW)],
)
def test_what_lies_ahead_of_now_counts_as_now(occurred_at: datetime | None, want: datetime):
    assert recorded(use("1", occurred_at, "calls")).occurred_at == want
