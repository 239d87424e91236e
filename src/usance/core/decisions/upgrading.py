"""Upgrading: the charge for a better plan, and what changes when it takes effect.

Units: shares of time are microseconds, exact; each amount is rounded once.
Sources: BILLING.md, "Upgrading, downgrading".
"""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from usance.core import periods, proration
from usance.core.catalog import PlanVersion
from usance.core.decisions import billing, crediting, granting, opening
from usance.core.draft import Draft
from usance.core.invoices import Invoice, InvoiceKind, InvoiceStatus, Line, LineKind, NoteKind
from usance.core.subscriptions import (
    Segment,
    Subscription,
    SubscriptionPeriod,
    SubscriptionStatus,
)

ZERO: Final = Decimal(0)


def standing_charge(draft: Draft, segment: Segment) -> Decimal:
    """Return what was charged for a segment: nothing if its invoice was voided."""
    if segment.invoice_id is None:
        return segment.charge
    invoice = draft.invoices.get(segment.invoice_id)
    # An invoice that the snapshot left out is settled: only open and recent ones matter.
    return ZERO if invoice is not None and invoice.status is InvoiceStatus.VOID else segment.charge


def unused_line(
    draft: Draft, subscription: Subscription, period: SubscriptionPeriod, *, without: int = 0
) -> Line:
    """Return the running segment's unused time as a line below (or at) zero.

    `without` leaves out so many of the newest segments: those whose adjustment was voided.
    """
    segment = draft.segments_of(subscription.id, period.seq)[-1 - without]
    version = draft.before.versions[segment.version_id]
    span = periods.Period(segment.starts_at, period.planned_ends_at)
    elapsed = span.elapsed_us(draft.now)
    left = proration.unused(
        standing_charge(draft, segment),
        elapsed=elapsed,
        length=span.length_us,
        currency=version.terms.currency,
    )
    return Line(
        LineKind.UNUSED_TIME,
        f"Unused time on {version.plan_name}",
        -left,
        starts_at=draft.now,
        ends_at=period.planned_ends_at,
        elapsed_us=span.length_us - elapsed,
        length_us=span.length_us,
    )


def upgrade(draft: Draft, subscription: Subscription, old: PlanVersion, new: PlanVersion) -> None:
    period = draft.running_period(subscription)
    assert period is not None, "an active subscription has a running period"
    promised = _promised(draft, subscription, period)
    draft.changes.pop(subscription.id, None)
    n = _next_n(draft, subscription, period)
    changed = replace(subscription, plan_id=new.plan_id, version_id=new.id)
    draft.put(changed)
    same = (old.terms.interval, old.terms.timing) == (new.terms.interval, new.terms.timing)
    if subscription.status is SubscriptionStatus.TRIALING:
        opening.add_segment(draft, period, n, new, starts_at=draft.now)
    elif not same:
        _cut(draft, changed, period, old, new, n=n)
    elif billing.is_arrears(new):
        opening.add_segment(draft, period, n, new, starts_at=draft.now)
    else:
        _charge_difference(draft, changed, period, new, n)
    granting.grant_increase(
        draft,
        draft.subscriptions[subscription.id],
        old,
        new,
        seq=period.seq,
        n=n,
        promised=promised,
    )
    draft.notice("subscription.plan_changed", subscription.id, {"planKey": new.plan_key})


def _next_n(draft: Draft, subscription: Subscription, period: SubscriptionPeriod) -> int:
    """Return the number of this plan change in its period; undone ones keep theirs."""
    taken = [n for (sub, seq, n) in draft.segments if (sub, seq) == (subscription.id, period.seq)]
    return max(taken) + 1


def _promised(
    draft: Draft, subscription: Subscription, period: SubscriptionPeriod
) -> dict[str, Decimal]:
    """Return the credits that the period's unpaid base invoice will bring when it is paid.

    A cut period counts as the one that goes on from it. An adjustment brings none: what the change
    added was given with it.
    """
    promised: dict[str, Decimal] = {}
    for seq in range(period.usage_from_seq, period.seq + 1):
        first = draft.segments.get((subscription.id, seq, 0))
        if first is None or first.invoice_id is None:
            continue
        invoice = draft.invoices.get(first.invoice_id)
        if invoice is None or invoice.kind is not InvoiceKind.SUBSCRIPTION:
            continue
        if invoice.status in (InvoiceStatus.PAID, InvoiceStatus.VOID):
            continue
        if granting.was_granted(draft, subscription.id, seq):
            continue  # its payment bounced; paying again brings none
        for allocation in draft.before.versions[first.version_id].terms.credits:
            name = allocation.denomination
            promised[name] = promised.get(name, ZERO) + allocation.amount
    return promised


def _charge_difference(
    draft: Draft, subscription: Subscription, period: SubscriptionPeriod, new: PlanVersion, n: int
) -> None:
    """Charge the rest of the period at the new price, less what is unused of the old one."""
    span = period.span
    left = span.length_us - span.elapsed_us(draft.now)
    charge = proration.remaining(
        new.terms.price, remaining=left, length=span.length_us, currency=new.terms.currency
    )
    lines = [
        unused_line(draft, subscription, period),
        Line(
            LineKind.REMAINING_TIME,
            f"Remaining time on {new.plan_name}",
            charge,
            starts_at=draft.now,
            ends_at=period.ends_at,
            elapsed_us=left,
            length_us=span.length_us,
        ),
    ]
    invoice = _adjust(
        draft, subscription, period, lines, n=n, starts_at=draft.now, ends_at=period.ends_at
    )
    invoice_id = invoice.id if invoice is not None else None
    opening.add_segment(
        draft, period, n, new, starts_at=draft.now, charge=charge, invoice_id=invoice_id
    )


def _cut(
    draft: Draft,
    subscription: Subscription,
    period: SubscriptionPeriod,
    old: PlanVersion,
    new: PlanVersion,
    *,
    n: int,
) -> None:
    """End the running period now and anchor a period of the new plan here."""
    lines: list[Line] = []
    if billing.is_arrears(old):
        # What the old version charged is due by its own net terms.
        before = draft.before.subscriptions[subscription.id]
        opening.issue_arrears(draft, before, period, draft.now)
    else:
        lines.append(unused_line(draft, subscription, period))
        usage = billing.bill_usage(draft, subscription, running=period)
        lines += crediting.credit_below_zero(
            draft, subscription, usage, crediting.Occasion.CUT, seq=period.seq
        )
    opening.close(draft, period, draft.now)
    anchored = replace(
        draft.subscriptions[subscription.id],
        anchor_at=draft.now,
        anchor_seq=period.seq + 1,
        anchor_day=None,
    )
    opened = opening.open_period(
        draft, anchored, new, draft.now, usage_from_seq=period.usage_from_seq
    )
    subscription = draft.subscriptions[subscription.id]
    if subscription.cancel_at is not None:  # a scheduled end stays, at the end of the new period
        subscription = replace(subscription, cancel_at=opened.ends_at)
        draft.put(subscription)
    charge, invoice = ZERO, None
    if not billing.is_arrears(new):
        base = billing.base_line(new, opened.starts_at, opened.ends_at)
        charge = base.amount
        lines.append(base)
    if lines:
        invoice = _adjust(
            draft,
            subscription,
            period,
            lines,
            n=n,
            starts_at=opened.starts_at,
            ends_at=opened.ends_at,
        )
    opening.add_segment(
        draft,
        opened,
        0,
        new,
        starts_at=draft.now,
        charge=charge,
        invoice_id=invoice.id if invoice is not None else None,
    )
    if billing.is_arrears(new):
        opening.open_arrears_invoice(draft, subscription, new, opened)


def _adjust(
    draft: Draft,
    subscription: Subscription,
    period: SubscriptionPeriod,
    lines: list[Line],
    *,
    n: int,
    starts_at: datetime,
    ends_at: datetime,
) -> Invoice | None:
    """Issue the adjustment of a plan change; below zero it is a credit note alone, and None."""
    currency = draft.version(subscription).terms.currency
    net = sum((line.amount for line in lines), ZERO)
    if net < 0:
        note = crediting.new_note(
            draft,
            subscription,
            NoteKind.PLAN_CHANGE,
            seq=period.seq,
            n=n,
            lines=tuple(replace(line, amount=-line.amount) for line in lines),
            currency=currency,
            corrects=_base_invoice(draft, subscription, period),
        )
        crediting.apply_note(draft, note)
        return None
    invoice = billing.new_invoice(
        draft,
        subscription,
        seq=period.seq,
        kind=InvoiceKind.ADJUSTMENT,
        n=n,
        lines=lines,
        currency=currency,
        starts_at=starts_at,
        ends_at=ends_at,
    )
    return opening.issue(draft, subscription, invoice, not_before=draft.now)


def _base_invoice(
    draft: Draft, subscription: Subscription, period: SubscriptionPeriod
) -> Invoice | None:
    segment = draft.segments_of(subscription.id, period.seq)[-1]
    return draft.invoices.get(segment.invoice_id) if segment.invoice_id is not None else None
