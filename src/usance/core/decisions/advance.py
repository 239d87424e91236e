"""Advancing: the steps that time alone decides, one at a time, in order.

A step is the same whoever takes it, and whenever: a worker, a command that meets a passed boundary,
or a read that only looks. `now` is the instant at which it is performed: the step's own on a test
clock, the real one otherwise, so that a late worker gives a customer time and never takes access.

Sources: BILLING.md, "Five principles", "Renewing".
"""

from datetime import datetime
from typing import assert_never

from usance.core import outcome as outcomes
from usance.core import periods
from usance.core.catalog import PlanVersion
from usance.core.decisions import (
    billing,
    cancel,
    crediting,
    due,
    granting,
    lifecycle,
    opening,
    rating,
    upgrading,
)
from usance.core.decisions.crediting import Occasion
from usance.core.decisions.due import Step, StepKind
from usance.core.draft import Draft
from usance.core.ids import InvoiceId, PoolId, SubscriptionId
from usance.core.invoices import OPEN, InvoiceKind, InvoiceStatus
from usance.core.outcome import Outcome
from usance.core.snapshot import Snapshot
from usance.core.subscriptions import (
    PendingChange,
    Subscription,
    SubscriptionPeriod,
    SubscriptionStatus,
)
from usance.core.values import replace


def first_due(before: Snapshot, now: datetime) -> Step | None:
    """Return the first step that is due at `now`; None when the snapshot is as time has it."""
    return due.first(Draft(before, now=now, seed=""), now)


def perform(before: Snapshot, step: Step, *, now: datetime) -> Outcome:
    """Take one step of a customer, performed at `now` ≥ its own instant."""
    assert step.at <= now, "a step is not taken before its time"
    seed = f"{step.subject_id}/{step.kind.name}/{step.at.isoformat()}"
    # A setting may have moved the step into the past: nothing is decided as of before the last decision.
    at = max(step.at, before.customer.decided_at)
    draft = Draft(before, now=now, seed=seed).as_of(at)
    _lapse_awaited(draft)
    match step.kind:
        case StepKind.PAST_DUE:
            _past_due(draft, InvoiceId(step.subject_id))
        case StepKind.EXPIRE_CREDITS:
            granting.expire(draft, PoolId(step.subject_id))
        case StepKind.EXPIRE_INCOMPLETE:
            _expire(draft, SubscriptionId(step.subject_id))
        case StepKind.CANCEL_OVERDUE:
            cancel.end_now(draft, SubscriptionId(step.subject_id), settle=True)
        case StepKind.GRANT:
            _grant(draft, SubscriptionId(step.subject_id), step.at)
        case StepKind.COLLECT:
            _collect(draft, SubscriptionId(step.subject_id), step.at)
        case StepKind.BOUNDARY:
            _boundary(draft, SubscriptionId(step.subject_id))
        case StepKind.LATE_USAGE:
            _late_usage(draft, SubscriptionId(step.subject_id))
        case _:
            assert_never(step.kind)
    lifecycle.conclude(draft)
    return draft.outcome()


def _lapse_awaited(draft: Draft) -> None:
    """Give up the upgrades whose time to be paid is over, before a late step could pay for one."""
    for change in list(draft.changes.values()):
        if change.invoice_id is None:
            continue
        invoice = draft.invoices[change.invoice_id]
        if invoice.past_due_at is not None and invoice.past_due_at <= draft.now:
            told = "The upgrade was not paid in time."
            upgrading.lapse(draft, change.subscription_id, told)
            continue
        period = draft.running_period(draft.subscriptions[change.subscription_id])
        if period is None or period.ends_at <= draft.now:
            told = "The upgrade was not paid before its period ended."
            upgrading.lapse(draft, change.subscription_id, told)


def boundary_of(before: Snapshot, subscription_id: SubscriptionId) -> Step | None:
    """Return the step that ends a subscription's running period, whenever that is; None without one."""
    subscription = before.subscriptions[subscription_id]
    period = before.periods.get((subscription_id, subscription.seq))
    if period is None or period.closed_at is not None:
        return None
    return Step(period.ends_at, StepKind.BOUNDARY, subscription_id, subscription.created_at)


def rescheduled(before: Snapshot, *, now: datetime) -> Outcome:
    """Set the due instants to what the facts say; for a customer of whom nothing is due after all.

    A setting of the account may have changed since they were stored.
    """
    draft = Draft(before, now=now, seed=f"rescheduled/{now.isoformat()}")
    lifecycle.conclude(draft)
    return draft.outcome()


def brought_to(before: Snapshot, now: datetime, *, own_time: bool) -> Snapshot:
    """Return the snapshot as if every step due at `now` had been taken; nothing is written.

    `own_time`: each step at its own instant, as on a test clock, but none before what was last
    decided about the customer; else all at `now`.
    """
    while (step := first_due(before, now)) is not None:
        at = max(step.at, before.customer.decided_at) if own_time else now
        outcome = perform(before, step, now=at)
        before = outcomes.apply(before, outcome)
    return before


def _past_due(draft: Draft, invoice_id: InvoiceId) -> None:
    invoice = draft.invoices[invoice_id]
    # Once paid it has brought its credits: after a reversal it is owed, and not called off.
    if invoice.purchase is not None and invoice.reopened_at is None:
        billing.void(draft, invoice, "The credits were not paid in time.")
        return
    if invoice.status is InvoiceStatus.VOID:
        return  # an upgrade had waited for it, and was given up
    draft.put(replace(invoice, status=InvoiceStatus.PAST_DUE))
    draft.notice("invoice.past_due", invoice_id, {"amountDue": invoice.amount_due})


def _expire(draft: Draft, subscription_id: SubscriptionId) -> None:
    """Give up a subscription whose first invoice was never paid; the invoice becomes void."""
    subscription = draft.subscriptions[subscription_id]
    for invoice in draft.invoices_of(subscription_id):
        if invoice.status in OPEN:
            billing.void(draft, invoice, "The subscription expired before it was paid.")
    lifecycle.end(
        draft, draft.subscriptions[subscription_id], at=draft.at, status=SubscriptionStatus.EXPIRED
    )
    assert subscription.status is SubscriptionStatus.INCOMPLETE, "only an unpaid start expires"


def _grant(draft: Draft, subscription_id: SubscriptionId, at: datetime) -> None:
    """Give the credits of every window that starts at the instant."""
    subscription = draft.subscriptions[subscription_id]
    period = draft.running_period(subscription)
    assert period is not None, "a window belongs to a running period"
    for allocation in draft.version(subscription).terms.credits:
        window = granting.next_window(draft, subscription, period, allocation)
        if window is not None and window[1] <= at:
            granting.grant_window(draft, subscription, allocation, period.seq, window[0])


def _boundary(draft: Draft, subscription_id: SubscriptionId) -> None:
    """Close the ending period, then end, change or renew the subscription."""
    subscription = draft.subscriptions[subscription_id]
    period = draft.running_period(subscription)
    assert period is not None, "a boundary belongs to a running period"
    version = draft.version(subscription)
    arrears = billing.is_arrears(version) and not period.is_trial
    boundary = period.ends_at
    ends = subscription.cancel_at is not None and subscription.cancel_at <= boundary
    # Overdue in advance there is no invoice to come: the usage waits for the one after recovery.
    leaves = subscription.status is SubscriptionStatus.PAST_DUE and not arrears and not ends
    collect_at = None if leaves else opening.collect_at(draft, period)

    if arrears and collect_at is None:
        opening.issue_arrears(draft, subscription, period, boundary)
    opening.close(draft, period, boundary, collect_at=collect_at)
    draft.notice("period.closed", subscription_id, {"seq": period.seq})

    if ends:
        billed = arrears or collect_at is not None
        _end_at_boundary(draft, subscription, period, billed=billed)
        return
    if subscription.status is SubscriptionStatus.PAST_DUE:
        if not arrears:
            rating.leave_for_next_invoice(draft, subscription, period)
        return
    if subscription.status is SubscriptionStatus.TRIALING:
        subscription = replace(subscription, status=SubscriptionStatus.ACTIVE)
        draft.put(subscription)
        draft.notice("subscription.trial_ended", subscription_id, {})
    closing = None if arrears else period
    change = draft.drop_change(subscription_id)
    if change is not None:
        closing = _change(draft, subscription, change, period, closing)
        subscription = draft.subscriptions[subscription_id]
    lifecycle.begin_period(draft, subscription, boundary, closing=closing)


def _end_at_boundary(
    draft: Draft, subscription: Subscription, period: SubscriptionPeriod, *, billed: bool
) -> None:
    """Cancel at the period's end: what was used in an advance period is charged by a FINAL invoice.

    `billed`: its usage is, or will be once it is collected.
    """
    if not billed:
        _issue_usage(draft, subscription, period, InvoiceKind.FINAL, Occasion.LAST_BOUNDARY)
    assert subscription.cancel_at is not None, "a scheduled end has its instant"
    lifecycle.end(
        draft,
        draft.subscriptions[subscription.id],
        at=subscription.cancel_at,
        status=SubscriptionStatus.CANCELLED,
    )


def _change(
    draft: Draft,
    subscription: Subscription,
    change: PendingChange,
    ended: SubscriptionPeriod,
    closing: SubscriptionPeriod | None,
) -> SubscriptionPeriod | None:
    """Put the subscription onto the version it was to change to; return what is left to bill.

    Another interval re-anchors at the boundary. From advance to arrears the ended period's usage has
    no invoice to ride on, so it gets one of its own.
    """
    old, new = draft.version(subscription), draft.before.versions[change.version_id]
    boundary = ended.ends_at
    updated = replace(subscription, plan_id=new.plan_id, version_id=new.id)
    if new.terms.interval != old.terms.interval:
        updated = replace(
            updated,
            anchor_at=boundary,
            anchor_seq=ended.seq + 1,
            anchor_day=_kept_day(subscription, old, new),
        )
    if closing is not None and billing.is_arrears(new) and not ended.is_trial:
        if not draft.periods[subscription.id, ended.seq].is_collecting:
            _issue_usage(draft, subscription, ended, InvoiceKind.ADJUSTMENT, Occasion.NEW_TIMING)
        closing = None
    draft.put(replace(updated, status=draft.subscriptions[subscription.id].status))
    draft.notice("subscription.plan_changed", subscription.id, {"planKey": new.plan_key})
    return closing


def _collect(draft: Draft, subscription_id: SubscriptionId, at: datetime) -> None:
    """Bill the usage of the ended period that was collected until `at`, where its boundary would have.

    That is its own invoice in arrears, the next period's in advance; else a FINAL one after the
    end, or an ADJUSTMENT before a change to arrears.
    """
    for period in opening.collecting(draft, subscription_id):
        if period.collect_at == at:
            _bill_collected(draft, draft.subscriptions[subscription_id], period)


def _bill_collected(draft: Draft, subscription: Subscription, period: SubscriptionPeriod) -> None:
    sold = opening.as_sold_in(draft, subscription, period)
    following = draft.segments.get((subscription.id, period.seq + 1, 0))
    renewal = None
    if following is not None and following.invoice_id is not None:
        renewal = draft.invoices.get(following.invoice_id)
    if opening.pending_invoice(draft, subscription.id, period.seq) is not None:
        opening.issue_arrears(draft, sold, period, period.ends_at)
    elif renewal is not None and renewal.status is InvoiceStatus.PENDING:
        opening.issue_advance(draft, sold, renewal, closing=period)
    elif subscription.is_ended:
        _issue_usage(draft, sold, period, InvoiceKind.FINAL, Occasion.LAST_BOUNDARY)
    else:
        _issue_usage(draft, sold, period, InvoiceKind.ADJUSTMENT, Occasion.NEW_TIMING)


def _kept_day(subscription: Subscription, old: PlanVersion, new: PlanVersion) -> int | None:
    """Return the day of the month that a re-anchoring between months and years keeps."""
    if old.terms.interval.months is None or new.terms.interval.months is None:
        return None
    if subscription.anchor_day is not None:
        return subscription.anchor_day
    assert subscription.anchor_at is not None, "a running subscription has an anchor"
    return periods.local_day(subscription.anchor_at, subscription.zone)


def _issue_usage(
    draft: Draft,
    subscription: Subscription,
    period: SubscriptionPeriod,
    kind: InvoiceKind,
    occasion: Occasion,
    *,
    running: bool = True,
) -> None:
    """Issue what awaits an invoice, and the period's own usage, on one by itself; none for nothing."""
    lines = rating.bill_usage(draft, subscription, running=period if running else None)
    crediting.credit_late(draft, subscription, occasion, seq=period.seq)
    if not any(line.amount > 0 for line in lines):
        return
    invoice = billing.new_invoice(
        draft,
        subscription,
        seq=period.seq,
        kind=kind,
        n=0,
        lines=lines,
        currency=draft.version(subscription).terms.currency,
        starts_at=billing.earliest(lines, period.starts_at),
        ends_at=period.ends_at,
    )
    opening.issue(draft, subscription, invoice, not_before=draft.now)


def _late_usage(draft: Draft, subscription_id: SubscriptionId) -> None:
    """Bill what came in after a subscription's end, once no more can come."""
    subscription = draft.subscriptions[subscription_id]
    period = draft.periods[subscription_id, subscription.seq]
    _issue_usage(
        draft, subscription, period, InvoiceKind.ADJUSTMENT, Occasion.AFTER_END, running=False
    )
