"""Changing plans: an upgrade now, charged for the time that is left; a downgrade at the period's end.

Units: shares of time are microseconds, exact; each amount is rounded once.
Sources: BILLING.md, "Upgrading, downgrading".
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from usance.core.catalog import CataloguePlan, PlanVersion
from usance.core.decisions import lifecycle, subscribe, upgrading
from usance.core.draft import Draft
from usance.core.ids import SubscriptionId
from usance.core.outcome import Outcome
from usance.core.refusals import Code, Refusal
from usance.core.snapshot import Snapshot
from usance.core.subscriptions import (
    RUNNING,
    PendingChange,
    Subscription,
)

ZERO: Final = Decimal(0)


class ChangeType(StrEnum):
    """When a plan change takes effect: now, or when the running period ends."""

    UPGRADE = "UPGRADE"
    DOWNGRADE = "DOWNGRADE"


@dataclass(frozen=True, slots=True)
class ChangePlan:
    """What a caller asks for; `field` is the one that named the plan."""

    subscription_id: SubscriptionId
    plan: CataloguePlan
    change: ChangeType
    field: str = "changeToPlanId"


def change_plan(before: Snapshot, request: ChangePlan, *, now: datetime, seed: UUID) -> Outcome:
    """Upgrade now, or schedule a downgrade; the target's newest version of this moment is pinned.

    Refusals, in this order: subscription_not_active, plan_not_found, plan_not_active,
    currency_mismatch, same_plan, already_subscribed, not_an_upgrade.
    """
    subscription = before.subscriptions[request.subscription_id]
    old, new = before.versions[subscription.version_id], request.plan.version
    _refuse(before, subscription, request, old)
    if request.change is ChangeType.UPGRADE and _is_cheaper(old, new):
        raise Refusal(
            Code.NOT_AN_UPGRADE,
            f"{new.plan_key} costs less than {old.plan_key}: ask for a DOWNGRADE.",
            field="changeType",
        )

    # Nothing can be refused from here on.
    draft = Draft(before, now=now, seed=seed)
    if request.change is ChangeType.UPGRADE and upgrading.is_awaited(draft, subscription, new):
        return draft.outcome()  # asked for again while its invoice is open: the same one
    upgrading.drop_pending(draft, subscription.id, "Another plan change was asked for.")
    if request.change is ChangeType.DOWNGRADE:
        _schedule(draft, subscription, new)
    elif not upgrading.await_payment(draft, subscription, old, new):
        upgrading.upgrade(draft, subscription, old, new)
    lifecycle.conclude(draft)
    return draft.outcome()


def undo_scheduled(
    before: Snapshot, subscription_id: SubscriptionId, *, now: datetime, seed: UUID
) -> Outcome:
    """Forget a scheduled plan change; there need not be one."""
    draft = Draft(before, now=now, seed=seed)
    if subscription_id in draft.changes:
        upgrading.drop_pending(draft, subscription_id, "The plan change was called off.")
        draft.notice("subscription.change_undone", subscription_id, {})
    lifecycle.conclude(draft)
    return draft.outcome()


def _refuse(
    before: Snapshot, subscription: Subscription, request: ChangePlan, old: PlanVersion
) -> None:
    plan = request.plan
    if subscription.status not in RUNNING:
        raise Refusal(
            Code.SUBSCRIPTION_NOT_ACTIVE,
            f"The subscription is {subscription.status.value}: only an ACTIVE or TRIALING one can change plans.",
        )
    subscribe.refuse_plan(before, plan, request.field)
    if plan.version.terms.currency != old.terms.currency:
        raise Refusal(
            Code.CURRENCY_MISMATCH,
            f"The plan is sold in {plan.version.terms.currency}, the subscription in {old.terms.currency}.",
            field=request.field,
        )
    if plan.plan.id == subscription.plan_id:
        raise Refusal(
            Code.SAME_PLAN, "The subscription is on this plan already.", field=request.field
        )
    subscribe.refuse_second(before, plan.plan.id, besides=subscription.id)


def _is_cheaper(old: PlanVersion, new: PlanVersion) -> bool:
    same = (old.terms.interval, old.terms.timing) == (new.terms.interval, new.terms.timing)
    return same and new.terms.price < old.terms.price


def _schedule(draft: Draft, subscription: Subscription, new: PlanVersion) -> None:
    """Store the one pending change; a newer one replaces it."""
    draft.put(
        PendingChange(
            subscription_id=subscription.id,
            customer_id=subscription.customer_id,
            plan_id=new.plan_id,
            version_id=new.id,
            requested_at=draft.now,
        )
    )
    draft.notice("subscription.change_scheduled", subscription.id, {"planKey": new.plan_key})
