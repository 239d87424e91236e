"""The order in which subscribing, changing plans and cancelling say no.

Each row mends just the fault of the row above it; the last one is not refused. So each row has all
the faults of the rows below, and a check that moved would show.
"""

from dataclasses import replace

import pytest
from tests.core.selling import (
    NOBODY,
    NOW,
    SEED,
    knowing,
    only,
    pending,
    plan,
    refusal,
    subscribed,
    with_subscription,
)

from usance.core.catalog import CataloguePlan, PlanStatus
from usance.core.decisions import cancel, change_plan, subscribe
from usance.core.decisions.cancel import Cancel
from usance.core.decisions.change_plan import ChangePlan, ChangeType
from usance.core.decisions.subscribe import Subscribe
from usance.core.refusals import Code, Refusal
from usance.core.snapshot import Snapshot
from usance.core.subscriptions import CancelMode, SubscriptionStatus

ARCHIVED = PlanStatus.ARCHIVED
UPGRADE, DOWNGRADE = ChangeType

# Subscribing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sold", "before", "want"),
    [
        (plan(1, only="other", status=ARCHIVED), subscribed(plan(1)), Code.PLAN_NOT_FOUND),
        (plan(1, only="acme", status=ARCHIVED), subscribed(plan(1)), Code.PLAN_NOT_ACTIVE),
        (plan(1, only="acme"), subscribed(plan(1)), Code.ALREADY_SUBSCRIBED),
        (plan(1, only="acme"), subscribed(plan(2)), None),
    ],
)
def test_the_order_in_which_subscribing_is_refused(
    sold: CataloguePlan, before: Snapshot, want: Code | None
):
    request, before = Subscribe(sold, None, {}), knowing(sold, before)
    assert refusal(lambda: subscribe.subscribe(before, request, now=NOW, seed=SEED)) == want


@pytest.mark.parametrize("status", [PlanStatus.DRAFT, PlanStatus.ARCHIVED])
def test_a_plan_that_is_not_sold_is_refused(status: PlanStatus):
    request = Subscribe(plan(1, status=status), None, {})
    said = refusal(lambda: subscribe.subscribe(NOBODY, request, now=NOW, seed=SEED))
    assert said is Code.PLAN_NOT_ACTIVE


@pytest.mark.parametrize("status", SubscriptionStatus)
def test_only_a_subscription_that_is_over_makes_room_for_another(status: SubscriptionStatus):
    before = subscribed(plan(1))
    before = with_subscription(before, only(before), status=status)
    said = refusal(
        lambda: subscribe.subscribe(before, Subscribe(plan(1), None, {}), now=NOW, seed=SEED)
    )
    assert (said is None) == (status in {SubscriptionStatus.CANCELLED, SubscriptionStatus.EXPIRED})


def test_a_refused_second_names_the_subscription_and_its_open_invoice():
    before = subscribed(plan(1))
    (open_invoice,) = before.invoices
    with pytest.raises(Refusal) as refused:
        subscribe.subscribe(before, Subscribe(plan(1), None, {}), now=NOW, seed=SEED)
    assert refused.value.detail == {
        "subscriptionId": only(before).id,
        "invoiceId": open_invoice,
    }


def test_a_pending_change_to_a_plan_counts_as_a_subscription_to_it():
    before = subscribed(plan(2))
    before = replace(before, changes=pending(only(before), plan(1)))
    said = refusal(
        lambda: subscribe.subscribe(before, Subscribe(plan(1), None, {}), now=NOW, seed=SEED)
    )
    assert said is Code.ALREADY_SUBSCRIBED


# Changing plans ------------------------------------------------------------------------------------

# The subscription costs 20.00 a month; the other one is to plan 1, the target of every row.
OTHER = subscribed(plan(1), seed=2)
ON_TARGET = subscribed(plan(1, price="20.00"), replace(NOBODY, versions=OTHER.versions))
ON_ANOTHER = subscribed(plan(2, price="20.00"), replace(NOBODY, versions=OTHER.versions))


def both(own: Snapshot, status: SubscriptionStatus = SubscriptionStatus.ACTIVE) -> Snapshot:
    """The customer with its own subscription and the other one."""
    own = with_subscription(own, only(own), status=status)
    return replace(own, subscriptions={**own.subscriptions, **OTHER.subscriptions})


def running(own: Snapshot) -> Snapshot:
    """The customer with its own subscription alone, which can be changed."""
    return with_subscription(own, only(own), status=SubscriptionStatus.ACTIVE)


@pytest.mark.parametrize(
    ("before", "target", "change", "want"),
    [
        (
            both(ON_TARGET, SubscriptionStatus.PAST_DUE),
            plan(1, currency="EUR", only="other", status=ARCHIVED),
            UPGRADE,
            Code.SUBSCRIPTION_NOT_ACTIVE,
        ),
        (
            both(ON_TARGET),
            plan(1, currency="EUR", only="other", status=ARCHIVED),
            UPGRADE,
            Code.PLAN_NOT_FOUND,
        ),
        (both(ON_TARGET), plan(1, currency="EUR", status=ARCHIVED), UPGRADE, Code.PLAN_NOT_ACTIVE),
        (both(ON_TARGET), plan(1, currency="EUR"), UPGRADE, Code.CURRENCY_MISMATCH),
        (both(ON_TARGET), plan(1), UPGRADE, Code.SAME_PLAN),
        (both(ON_ANOTHER), plan(1), UPGRADE, Code.ALREADY_SUBSCRIBED),
        (running(ON_ANOTHER), plan(1), UPGRADE, Code.NOT_AN_UPGRADE),
        (running(ON_ANOTHER), plan(1), DOWNGRADE, None),
    ],
)
def test_the_order_in_which_a_plan_change_is_refused(
    before: Snapshot, target: CataloguePlan, change: ChangeType, want: Code | None
):
    (own,) = set(before.subscriptions) - set(OTHER.subscriptions)
    request = ChangePlan(own, target, change)
    assert refusal(lambda: change_plan.change_plan(before, request, now=NOW, seed=SEED)) == want


@pytest.mark.parametrize("status", SubscriptionStatus)
@pytest.mark.parametrize("change", ChangeType)
def test_only_a_running_subscription_can_change_plans(
    status: SubscriptionStatus, change: ChangeType
):
    before = subscribed(plan(2, price="0.00"))
    before = with_subscription(before, only(before), status=status)
    request = ChangePlan(only(before).id, plan(1), change)
    before = knowing(plan(1), before)
    said = refusal(lambda: change_plan.change_plan(before, request, now=NOW, seed=SEED))
    can = status in {SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING}
    assert said == (None if can else Code.SUBSCRIPTION_NOT_ACTIVE)


def test_undoing_a_plan_change_is_never_refused():
    before = subscribed(plan(1))
    done = change_plan.undo_scheduled(before, only(before).id, now=NOW, seed=SEED)
    assert not done.changes
    assert done.dropped_changes == ()


# Cancelling ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "is_scheduled", "want"),
    [
        (SubscriptionStatus.CANCELLED, False, Code.SUBSCRIPTION_ENDED),
        (SubscriptionStatus.ACTIVE, False, Code.CANCELLATION_NOT_SCHEDULED),
        (SubscriptionStatus.ACTIVE, True, None),
    ],
)
def test_the_order_in_which_undoing_a_cancellation_is_refused(
    *, status: SubscriptionStatus, is_scheduled: bool, want: Code | None
):
    before = subscribed(plan(1, price="0.00"))
    ends_at = before.periods[only(before).id, 0].ends_at
    before = with_subscription(
        before, only(before), status=status, cancel_at=ends_at if is_scheduled else None
    )
    assert refusal(lambda: cancel.undo(before, only(before).id, now=NOW, seed=SEED)) == want


@pytest.mark.parametrize("mode", CancelMode)
@pytest.mark.parametrize("status", SubscriptionStatus)
def test_cancelling_is_never_refused(status: SubscriptionStatus, mode: CancelMode):
    before = subscribed(plan(1, price="0.00"))
    before = with_subscription(before, only(before), status=status)
    request = Cancel(only(before).id, mode)
    assert refusal(lambda: cancel.cancel(before, request, now=NOW, seed=SEED)) is None


@pytest.mark.parametrize("mode", CancelMode)
def test_cancelling_what_is_over_changes_nothing(mode: CancelMode):
    before = subscribed(plan(1, price="0.00"))
    before = with_subscription(before, only(before), status=SubscriptionStatus.CANCELLED)
    done = cancel.cancel(before, Cancel(only(before).id, mode), now=NOW, seed=SEED)
    assert not done.subscriptions
    assert not done.invoices
    assert done.notices == ()
