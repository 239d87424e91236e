"""Subscribing: a customer takes a plan, with its first period, invoice and credits.

Sources: BILLING.md, "Starting".
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from usance.core import ids
from usance.core.catalog import CataloguePlan, PlanStatus, PlanVersion
from usance.core.decisions import billing, granting, lifecycle, opening
from usance.core.decisions.erase import refuse_erased
from usance.core.draft import Draft
from usance.core.ids import PlanId, SubscriptionId
from usance.core.invoices import OPEN, Invoice, InvoiceKind
from usance.core.outcome import Outcome
from usance.core.refusals import Code, Refusal
from usance.core.snapshot import Snapshot
from usance.core.subscriptions import Subscription, SubscriptionPeriod, SubscriptionStatus

DEFAULT_GRACE_DAYS: Final = 3


@dataclass(frozen=True, slots=True)
class Subscribe:
    """What a caller asks for. `grace_days` None: the version's, else the account's."""

    plan: CataloguePlan
    grace_days: int | None
    metadata: Mapping[str, object]
    field: str = "planId"  # the one that named the plan


def subscription_id(now: datetime, seed: UUID) -> SubscriptionId:
    """Return the id that a subscription made by this call has."""
    return SubscriptionId(ids.derived(now, seed, "subscription"))


def subscribe(before: Snapshot, request: Subscribe, *, now: datetime, seed: UUID) -> Outcome:
    """Subscribe the customer to the newest version of a plan.

    Refusals, in this order: customer_erased, plan_not_found (not visible to this customer),
    plan_not_active, already_subscribed. In advance with something to pay the subscription is INCOMPLETE and waits
    for its invoice; else it is ACTIVE, or TRIALING, at once.
    """
    refuse_erased(before.customer)
    refuse_plan(before, request.plan, request.field)
    refuse_second(before, request.plan.plan.id)

    # Nothing can be refused from here on.
    version = request.plan.version
    draft = Draft(before, now=now, seed=seed)
    subscription = Subscription(
        id=subscription_id(now, seed),
        customer_id=before.customer.id,
        plan_id=version.plan_id,
        version_id=version.id,
        status=SubscriptionStatus.ACTIVE,
        zone=before.customer.profile.zone or before.account.zone,
        grace_days=_grace(before, request),
        created_at=now,
        metadata=request.metadata,
        anchor_at=now,
    )
    draft.notice("subscription.created", subscription.id, {"planKey": version.plan_key})
    if version.terms.trial_days > 0 and version.plan_id not in before.trialed:
        _start_trial(draft, subscription, version)
    elif not billing.is_arrears(version) and version.terms.price > 0:
        _await_payment(draft, subscription, version)
    else:
        draft.put(subscription)
        lifecycle.begin_period(draft, subscription, now, closing=None)
    lifecycle.conclude(draft)
    return draft.outcome()


def refuse_plan(before: Snapshot, plan: CataloguePlan, field: str) -> None:
    """Refuse a plan that this customer cannot see, or that is not sold; `field` is what named it."""
    only = plan.plan.customer_reference
    if only is not None and only != before.customer.reference:
        raise Refusal(Code.PLAN_NOT_FOUND, "There is no such plan.", field=field)
    if plan.plan.status is not PlanStatus.ACTIVE:
        raise Refusal(
            Code.PLAN_NOT_ACTIVE,
            f"The plan {plan.plan.key} is {plan.plan.status.lower()} and cannot be subscribed to.",
            field=field,
        )


def refuse_second(
    before: Snapshot, plan_id: PlanId, *, besides: SubscriptionId | None = None
) -> None:
    """Refuse a second open subscription to one plan; a pending change to it counts."""
    for subscription in before.subscriptions.values():
        if subscription.is_ended or subscription.id == besides:
            continue
        pending = before.changes.get(subscription.id)
        if subscription.plan_id != plan_id and (pending is None or pending.plan_id != plan_id):
            continue
        open_invoice = _open_invoice(before, subscription)
        raise Refusal(
            Code.ALREADY_SUBSCRIBED,
            "The customer already has an open subscription to this plan.",
            detail={
                "subscriptionId": subscription.id,
                "invoiceId": open_invoice.id if open_invoice is not None else None,
            },
        )


def _open_invoice(before: Snapshot, subscription: Subscription) -> Invoice | None:
    own = [
        i
        for i in before.invoices.values()
        if i.subscription_id == subscription.id and i.status in OPEN
    ]
    return min(own, key=lambda i: (i.created_at, i.id), default=None)


def _grace(before: Snapshot, request: Subscribe) -> int:
    if request.grace_days is not None:
        return request.grace_days
    own = request.plan.version.terms.grace_days
    return before.account.grace_days if own is None else own


def _await_payment(draft: Draft, subscription: Subscription, version: PlanVersion) -> None:
    """Issue the first invoice; the period begins when it is paid, so its instants are open."""
    days = draft.before.account.incomplete_days
    subscription = replace(
        subscription,
        status=SubscriptionStatus.INCOMPLETE,
        anchor_at=None,
        expires_at=draft.now + timedelta(hours=24 * days),
    )
    draft.put(subscription)
    invoice = billing.new_invoice(
        draft,
        subscription,
        seq=0,
        kind=InvoiceKind.SUBSCRIPTION,
        n=0,
        lines=[billing.base_line(version, None, None)],
        currency=version.terms.currency,
        starts_at=None,
        ends_at=None,
    )
    opening.issue(draft, subscription, invoice, not_before=draft.now)


def _start_trial(draft: Draft, subscription: Subscription, version: PlanVersion) -> None:
    """Open period 0 as a trial: access, limits and credits at once, and nothing in it is charged."""
    ends_at = opening.trial_end(draft.now, version.terms.trial_days)
    subscription = replace(
        subscription,
        status=SubscriptionStatus.TRIALING,
        trial_ends_at=ends_at,
        anchor_at=ends_at,
        anchor_seq=1,
        seq=0,
    )
    period = SubscriptionPeriod(
        subscription_id=subscription.id,
        customer_id=subscription.customer_id,
        seq=0,
        starts_at=draft.now,
        ends_at=ends_at,
        planned_ends_at=ends_at,
        is_trial=True,
        usage_from_seq=0,
        anchor_at=ends_at,
        anchor_day=None,
    )
    draft.put(subscription)
    draft.put(period)
    invoice = billing.new_invoice(
        draft,
        subscription,
        seq=0,
        kind=InvoiceKind.SUBSCRIPTION,
        n=0,
        lines=[billing.trial_line(version, period)],
        currency=version.terms.currency,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
    )
    opening.add_segment(draft, period, 0, version, starts_at=draft.now, invoice_id=invoice.id)
    opening.issue(draft, subscription, invoice, not_before=draft.now)
    granting.grant_period(draft, subscription, version, 0)
