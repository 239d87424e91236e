"""Lifecycle: how a subscription starts, opens and closes its periods, recovers and ends.

These are the movements that decisions are made of: what a full payment brings, what a boundary
does. Each works on a draft; `conclude` ends every decision.

Units: instants are UTC; amounts are Decimals at the currency's scale.
Sources: BILLING.md, "Starting", "Renewing", "Paying".
"""

from datetime import datetime
from decimal import Decimal
from typing import Final

from usance.core import ids
from usance.core.credits import Grant, GrantKind
from usance.core.decisions import billing, due, granting, opening, upgrading
from usance.core.draft import Draft
from usance.core.ids import GrantId, SubscriptionId
from usance.core.invoices import (
    OPEN,
    Invoice,
    InvoiceKind,
    InvoiceStatus,
    LineKind,
)
from usance.core.payments import EntryKind, Source
from usance.core.subscriptions import (
    RUNNING,
    Subscription,
    SubscriptionPeriod,
    SubscriptionStatus,
)
from usance.core.values import replace

ZERO: Final = Decimal(0)


# Ending a decision ---------------------------------------------------------------------------------


def conclude(draft: Draft) -> None:
    """Take what follows from the draft: spend the balance, take payments, settle states, set due."""
    while True:
        spend_balance(draft)
        take_payments(draft)
        if not (draft.newly_paid or _can_spend(draft)):
            break
    for subscription in list(draft.subscriptions.values()):
        refresh(draft, subscription.id)
    if draft.newly_paid or _can_spend(draft):
        conclude(draft)
        return
    for subscription in list(draft.subscriptions.values()):
        if subscription.parked_at is not None:
            continue  # it is due when it is to be tried again
        at = due.next_due_at(draft, subscription)
        if at != subscription.next_due_at or subscription.parked_count:
            # What is decided anew has not failed: the next failure waits a minute again.
            draft.put(replace(subscription, next_due_at=at, parked_count=0))


def _open_invoices(draft: Draft) -> list[Invoice]:
    """Return the customer's open invoices in the order in which the balance pays them."""
    still = [i for i in draft.invoices.values() if i.status in OPEN]
    # Those issued by this decision have no number yet: they stand in the order of their issue.
    return sorted(still, key=lambda i: (i.due_at or i.created_at, i.number is None, i.number or ""))


def _can_spend(draft: Draft) -> bool:
    return any(
        draft.balances[i.currency].amount > 0
        for i in draft.invoices.values()
        if i.status in OPEN and i.currency in draft.balances
    )


def spend_balance(draft: Draft) -> None:
    """Spend what the customer has on account on open invoices, by due instant, then number."""
    for invoice in _open_invoices(draft):
        balance = draft.balances.get(invoice.currency)
        if balance is None or balance.amount == 0:
            continue
        part = min(balance.amount, invoice.amount_due)
        draft.move_balance(invoice.currency, -part, EntryKind.SPENT, invoice.id)
        draft.put_money(invoice.id, part, Source.BALANCE, None)


def take_payments(draft: Draft) -> None:
    """Take the effects of every invoice that became paid, in order, once."""
    while draft.newly_paid:
        invoice = draft.invoices[draft.newly_paid.pop(0)]
        if invoice.purchase is not None:
            _grant_bought(draft, invoice)
        if invoice.subscription_id is None:
            continue
        subscription = draft.subscriptions.get(invoice.subscription_id)
        if subscription is None or subscription.is_ended:
            continue
        if upgrading.awaiting(draft, invoice) is not None:
            upgrading.take_effect(draft, subscription, invoice)
        if invoice.kind is not InvoiceKind.SUBSCRIPTION:
            continue
        if subscription.status is SubscriptionStatus.INCOMPLETE:
            start_paid(draft, subscription, invoice)
        else:
            _grant_for(draft, subscription, invoice)


def _grant_bought(draft: Draft, invoice: Invoice) -> None:
    """Give the credits that a paid purchase brings, once: paying again after a reversal grants none."""
    bought = invoice.purchase
    assert bought is not None, "a purchase says what it brings"
    if invoice.reopened_at is not None:
        return
    pool = granting.pool_of(draft, bought.denomination)
    granting.give(
        draft,
        Grant(
            id=GrantId(ids.derived(invoice.created_at, invoice.id, "bought")),
            customer_id=invoice.customer_id,
            pool_id=pool.id,
            kind=GrantKind.PURCHASED,
            amount=bought.credits,
            remaining=bought.credits,
            priority=0,
            granted_at=draft.at,
            expires_at=None,
            reason=f"Invoice {invoice.number}" if invoice.number else None,
        ),
    )


def _grant_for(draft: Draft, subscription: Subscription, invoice: Invoice) -> None:
    """Give the plan credits that come with a paid base price, of the version that it charged."""
    assert invoice.seq is not None, "a subscription's invoice charges a period"
    first = draft.segments.get((subscription.id, invoice.seq, 0))
    if first is None or first.invoice_id != invoice.id:
        return  # not a base price in advance (arrears grants at its boundary)
    if invoice.reopened_at is not None:
        return  # what it brings was given when it was paid first, it may be to a later period
    version = draft.before.versions[first.version_id]
    running = draft.running_period(subscription)
    # A period that a plan change cut counts, for credits, as the one that goes on from it.
    if running is not None and running.usage_from_seq <= invoice.seq:
        granting.grant_period(draft, subscription, version, invoice.seq)
    elif invoice.seq < subscription.seq:
        granting.grant_past_period(draft, subscription, version, invoice.seq)
    # else: an overdue period that has ended gives no credits of its own; recovery decides.


def refresh(draft: Draft, subscription_id: SubscriptionId) -> None:
    """Bring the status to what the invoices say; the last overdue one settled is a recovery."""
    subscription = draft.subscriptions[subscription_id]
    if subscription.status not in (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE):
        return
    blocked = any(
        i.blocks_at(draft.at) and upgrading.awaiting(draft, i) is None
        for i in draft.invoices_of(subscription_id)
    )
    if blocked and subscription.status is SubscriptionStatus.ACTIVE:
        draft.put(replace(subscription, status=SubscriptionStatus.PAST_DUE))
        draft.notice("subscription.past_due", subscription_id, {})
        upgrading.lapse(draft, subscription_id, "The subscription is past due.")
    elif not blocked and subscription.status is SubscriptionStatus.PAST_DUE:
        draft.put(replace(subscription, status=SubscriptionStatus.ACTIVE))
        draft.notice("subscription.recovered", subscription_id, {})
        if draft.running_period(subscription) is None:
            _re_anchor(draft, draft.subscriptions[subscription_id])


# Starting ------------------------------------------------------------------------------------------


def start_paid(draft: Draft, subscription: Subscription, invoice: Invoice) -> None:
    """Start an INCOMPLETE subscription: its first period begins with the payment that completed it."""
    version = draft.version(subscription)
    subscription = replace(
        subscription,
        status=SubscriptionStatus.ACTIVE,
        anchor_at=draft.at,
        anchor_seq=0,
        seq=-1,
        expires_at=None,
    )
    period = opening.open_period(draft, subscription, version, draft.at, usage_from_seq=0)
    charge = sum((line.amount for line in invoice.lines if line.kind is LineKind.BASE), ZERO)
    # The one change an issued invoice sees: the period it paid for, set once, when it is known.
    draft.put(
        replace(draft.invoices[invoice.id], starts_at=period.starts_at, ends_at=period.ends_at)
    )
    opening.add_segment(
        draft, period, 0, version, starts_at=period.starts_at, charge=charge, invoice_id=invoice.id
    )
    granting.grant_period(draft, draft.subscriptions[subscription.id], version, 0)
    draft.notice("subscription.started", subscription.id, {})


# Renewing ------------------------------------------------------------------------------------------


def begin_period(
    draft: Draft,
    subscription: Subscription,
    starts_at: datetime,
    *,
    closing: SubscriptionPeriod | None,
) -> None:
    """Open the next period with its invoice and, where nothing has to be paid first, its credits.

    In advance the invoice is issued now and carries the base price and all usage not yet billed,
    `closing` included; it is PENDING while that is still collected, and so it is in arrears.
    """
    version = draft.version(subscription)
    period = opening.open_period(draft, subscription, version, starts_at, usage_from_seq=None)
    subscription = draft.subscriptions[subscription.id]
    if billing.is_arrears(version):
        opening.open_invoice(draft, subscription, version, period)
        opening.add_segment(draft, period, 0, version, starts_at=starts_at)
        granting.grant_period(draft, subscription, version, period.seq)
        return
    base = billing.base_line(version, period.starts_at, period.ends_at)
    invoice = opening.open_invoice(draft, subscription, version, period)
    opening.add_segment(
        draft, period, 0, version, starts_at=starts_at, charge=base.amount, invoice_id=invoice.id
    )
    if closing is None or not draft.periods[subscription.id, closing.seq].is_collecting:
        opening.issue_advance(draft, subscription, invoice, closing=closing)
        take_payments(draft)
    if (
        base.amount == 0
    ):  # nothing to pay for the plan itself: its credits do not wait for the usage
        granting.grant_period(draft, draft.subscriptions[subscription.id], version, period.seq)


def _re_anchor(draft: Draft, subscription: Subscription) -> None:
    """Start anew after an overdue invoice was settled when its period was already over.

    A base price that was paid late for a period which ended without access, and without a plan
    change, is the new period's: it is not charged twice.
    """
    ended = draft.periods[subscription.id, subscription.seq]
    first = draft.segments[subscription.id, ended.seq, 0]
    carried = _late_base(draft, subscription, ended)
    subscription = replace(
        subscription, anchor_at=draft.at, anchor_seq=ended.seq + 1, anchor_day=None
    )
    if carried is None:
        _grant_ended(draft, subscription, ended)
        begin_period(draft, subscription, draft.at, closing=None)
        return
    version = draft.version(subscription)
    period = opening.open_period(draft, subscription, version, draft.at, usage_from_seq=None)
    opening.add_segment(
        draft, period, 0, version, starts_at=draft.at, charge=first.charge, invoice_id=carried.id
    )
    if not granting.was_granted(draft, subscription.id, ended.seq):
        granting.grant_period(draft, draft.subscriptions[subscription.id], version, period.seq)


def _grant_ended(draft: Draft, subscription: Subscription, ended: SubscriptionPeriod) -> None:
    """Give what rollover would have kept of a period that was paid after it ended, and is not the next."""
    first = draft.segments[subscription.id, ended.seq, 0]
    invoice = draft.invoices.get(first.invoice_id) if first.invoice_id is not None else None
    if invoice is None or invoice.status is not InvoiceStatus.PAID or invoice.seq != ended.seq:
        return
    version = draft.before.versions[first.version_id]
    granting.grant_past_period(draft, subscription, version, ended.seq)


def _late_base(
    draft: Draft, subscription: Subscription, ended: SubscriptionPeriod
) -> Invoice | None:
    """Return the ended period's advance invoice if its base price serves the next period instead."""
    segments = draft.segments_of(subscription.id, ended.seq)
    first = segments[0]
    if len(segments) > 1 or first.invoice_id is None or first.version_id != subscription.version_id:
        return None
    invoice = draft.invoices.get(first.invoice_id)
    if invoice is None or invoice.status is not InvoiceStatus.PAID:
        return None
    assert invoice.paid_at is not None, "a paid invoice has its instant"
    assert invoice.past_due_at is not None, "an issued invoice has its grace"
    carried_already = invoice.seq != ended.seq
    # After a reversal there was access before it was paid again: the period is not given twice.
    if carried_already or invoice.reopened_at is not None:
        return None
    return invoice if invoice.paid_at >= invoice.past_due_at else None


# Ending --------------------------------------------------------------------------------------------


def end(
    draft: Draft, subscription: Subscription, *, at: datetime, status: SubscriptionStatus
) -> None:
    """End a subscription: plan credits are clawed back and pending changes dropped."""
    draft.drop_change(subscription.id)
    draft.put(replace(subscription, status=status, cancelled_at=at, expires_at=None))
    granting.claw_back(draft, subscription.id)
    draft.notice(f"subscription.{status.value.lower()}", subscription.id, {})


def is_running(subscription: Subscription) -> bool:
    """Whether the subscription is in a state in which it can be changed."""
    return subscription.status in RUNNING
