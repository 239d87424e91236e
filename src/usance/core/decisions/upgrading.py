"""Upgrading: the charge for a better plan, and what changes when it takes effect.

Units: shares of time are microseconds, exact; each amount is rounded once.
Sources: BILLING.md, "Upgrading, downgrading".
"""

from datetime import datetime
from decimal import Decimal
from typing import Final

from usance.core import periods, proration
from usance.core.calculations import Calculation, Step, StepKind
from usance.core.catalog import PlanVersion
from usance.core.decisions import billing, crediting, granting, opening, rating
from usance.core.draft import Draft
from usance.core.ids import SubscriptionId
from usance.core.invoices import Invoice, InvoiceKind, InvoiceStatus, Line, LineKind, NoteKind
from usance.core.subscriptions import (
    PendingChange,
    Segment,
    Subscription,
    SubscriptionPeriod,
    SubscriptionStatus,
)
from usance.core.values import replace

ZERO: Final = Decimal(0)

REMAINING: Final = "Remaining time on "


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
    elapsed = span.elapsed_us(draft.at)
    currency = version.terms.currency
    steps = proration.unused_steps(
        standing_charge(draft, segment),
        elapsed=elapsed,
        length=span.length_us,
        currency=currency,
    )
    how = Calculation(currency, steps, version.id).credited()
    return Line(
        LineKind.UNUSED_TIME,
        f"Unused time on {version.plan_name}",
        how.amount,
        starts_at=draft.at,
        ends_at=period.planned_ends_at,
        elapsed_us=span.length_us - elapsed,
        length_us=span.length_us,
        calculation=how,
    )


# Now -----------------------------------------------------------------------------------------------


def upgrade(draft: Draft, subscription: Subscription, old: PlanVersion, new: PlanVersion) -> None:
    """Put a running subscription onto a better version now, and charge the difference."""
    period = draft.running_period(subscription)
    assert period is not None, "an active subscription has a running period"
    promised = _promised(draft, subscription, period)
    n = _next_n(draft, subscription, period)
    changed = replace(subscription, plan_id=new.plan_id, version_id=new.id)
    draft.put(changed)
    if subscription.status is SubscriptionStatus.TRIALING:
        opening.add_segment(draft, period, n, new, starts_at=draft.now)
    elif not _keeps_period(old, new):
        _cut(draft, changed, period, old, new, n=n)
    elif billing.is_arrears(new):
        opening.add_segment(draft, period, n, new, starts_at=draft.now)
    else:
        _charge_difference(draft, changed, period, new, n)
    _changed(draft, subscription, old, new, seq=period.seq, n=n, promised=promised)


def _changed(
    draft: Draft,
    subscription: Subscription,
    old: PlanVersion,
    new: PlanVersion,
    *,
    seq: int,
    n: int,
    promised: dict[str, Decimal],
) -> None:
    changed = draft.subscriptions[subscription.id]
    granting.grant_increase(draft, changed, old, new, seq=seq, n=n, promised=promised)
    draft.notice("subscription.plan_changed", subscription.id, {"planKey": new.plan_key})


def _keeps_period(old: PlanVersion, new: PlanVersion) -> bool:
    same = (old.terms.interval, old.terms.timing)
    return same == (new.terms.interval, new.terms.timing)


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
    remaining = _remaining_line(draft, period, new)
    lines = [unused_line(draft, subscription, period), remaining]
    invoice = _adjust(
        draft, subscription, period, lines, n=n, starts_at=draft.now, ends_at=period.ends_at
    )
    invoice_id = invoice.id if invoice is not None else None
    opening.add_segment(
        draft, period, n, new, starts_at=draft.now, charge=remaining.amount, invoice_id=invoice_id
    )


def _remaining_line(draft: Draft, period: SubscriptionPeriod, new: PlanVersion) -> Line:
    """Return the charge for the rest of the period at the new price."""
    span = period.span
    left = span.length_us - span.elapsed_us(draft.now)
    currency = new.terms.currency
    steps = proration.remaining_steps(
        new.terms.price, remaining=left, length=span.length_us, currency=currency
    )
    how = Calculation(currency, steps, new.id)
    return Line(
        LineKind.REMAINING_TIME,
        f"{REMAINING}{new.plan_name}",
        how.amount,
        starts_at=draft.now,
        ends_at=period.ends_at,
        elapsed_us=left,
        length_us=span.length_us,
        calculation=how,
    )


def _cut(
    draft: Draft,
    subscription: Subscription,
    period: SubscriptionPeriod,
    old: PlanVersion,
    new: PlanVersion,
    *,
    n: int,
    paid: Invoice | None = None,
) -> None:
    """End the running period now and anchor a period of the new plan here.

    `paid` is the invoice that the change has waited for, and which has charged the new period.
    """
    lines = _closing_lines(draft, subscription, period, old, paid)
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
        lines += [base] if paid is None else []
    if lines and (paid is None or any(line.amount != 0 for line in lines)):
        invoice = _adjust(
            draft,
            subscription,
            period,
            lines,
            n=n,
            starts_at=opened.starts_at,
            ends_at=opened.ends_at,
        )
    if paid is not None:  # its period is set once, when it is known, like a first invoice's
        invoice = replace(
            draft.invoices[paid.id], starts_at=opened.starts_at, ends_at=opened.ends_at
        )
        draft.put(invoice)
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
        opening.open_invoice(draft, subscription, new, opened)


def _closing_lines(
    draft: Draft,
    subscription: Subscription,
    period: SubscriptionPeriod,
    old: PlanVersion,
    paid: Invoice | None,
) -> list[Line]:
    """Bill a period that is cut, and return what of it belongs on the change's own invoice.

    Where that was paid before, it had left out the time on the old version from then until now.
    """
    if billing.is_arrears(old):
        # What the old version charged is due by its own net terms.
        before = draft.before.subscriptions[subscription.id]
        opening.issue_arrears(draft, before, period, draft.now)
        return []
    lines = [unused_line(draft, subscription, period)]
    if paid is not None:
        told = f"Elapsed time on {old.plan_name} until the change"
        waited = _waited(paid, lines[0], told)
        lines = [replace(x, kind=LineKind.ELAPSED_TIME) for x in waited if x.amount != 0]
    usage = rating.bill_usage(draft, subscription, running=period)
    crediting.credit_late(draft, subscription, crediting.Occasion.CUT, seq=period.seq)
    return [*lines, *usage]


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
        corrects = _base_invoice(draft, subscription, period)
        note = crediting.new_note(
            draft,
            subscription,
            NoteKind.PLAN_CHANGE,
            seq=period.seq,
            n=n,
            lines=tuple(line.credited() for line in lines),
            currency=currency,
            corrects=corrects,
        )
        # Usage in it was charged by giving back less for the base invoice, at that one's tax.
        tax = draft.before.tax if corrects is None else corrects.tax
        rating.charged_by(draft, None if corrects is None else corrects.id, tax)
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


# When it is paid -----------------------------------------------------------------------------------


def await_payment(
    draft: Draft, subscription: Subscription, old: PlanVersion, new: PlanVersion
) -> bool:
    """Ask for an upgrade's payment first, by the account's setting; False where it asks for nothing.

    The invoice charges the time from now on. What is used until it is paid is not part of it.
    """
    waits = draft.before.account.upgrade_requires_payment
    if not waits or subscription.status is SubscriptionStatus.TRIALING or billing.is_arrears(new):
        return False
    period = draft.running_period(subscription)
    assert period is not None, "an active subscription has a running period"
    keeps = _keeps_period(old, new)
    charged = _remaining_line(draft, period, new) if keeps else billing.base_line(new, None, None)
    lines = [charged]
    if not billing.is_arrears(old):
        lines.insert(0, unused_line(draft, subscription, period))
    if sum((line.amount for line in lines), ZERO) <= 0:
        return False
    n = _next_n(draft, subscription, period)
    invoice = billing.new_invoice(
        draft,
        subscription,
        seq=period.seq,
        kind=InvoiceKind.ADJUSTMENT,
        n=n,
        lines=lines,
        currency=new.terms.currency,
        starts_at=draft.now if keeps else None,
        ends_at=period.ends_at if keeps else None,
    )
    opening.add_segment(draft, period, n, new, starts_at=draft.now, invoice_id=invoice.id)
    drawn_up = draft.segments[subscription.id, period.seq, n]
    draft.put(replace(drawn_up, undone_at=draft.now))
    draft.put(
        PendingChange(
            subscription_id=subscription.id,
            customer_id=subscription.customer_id,
            plan_id=new.plan_id,
            version_id=new.id,
            requested_at=draft.now,
            invoice_id=invoice.id,
        )
    )
    draft.notice("subscription.change_scheduled", subscription.id, {"planKey": new.plan_key})
    # Without any grace there would be no time in which it could be paid.
    sold = replace(subscription, version_id=new.id, grace_days=max(1, subscription.grace_days))
    opening.issue(draft, sold, invoice, not_before=draft.now)
    return True


def is_awaited(draft: Draft, subscription: Subscription, new: PlanVersion) -> bool:
    """Whether this very upgrade waits for its invoice already."""
    change = draft.changes.get(subscription.id)
    return change is not None and change.invoice_id is not None and change.version_id == new.id


def awaiting(draft: Draft, invoice: Invoice) -> PendingChange | None:
    """Return the plan change that waits for this invoice to be paid."""
    if invoice.subscription_id is None:
        return None
    change = draft.changes.get(invoice.subscription_id)
    return change if change is not None and change.invoice_id == invoice.id else None


def drop_pending(
    draft: Draft, subscription_id: SubscriptionId, reason: str, *, by_end: bool = False
) -> None:
    """Forget a pending change; the invoice that it waited for is void, its money on the balance."""
    change = draft.drop_change(subscription_id)
    if change is not None and change.invoice_id is not None:
        billing.void(draft, draft.invoices[change.invoice_id], reason, by_end=by_end)


def lapse(draft: Draft, subscription_id: SubscriptionId, reason: str) -> None:
    """Give up an upgrade that was not paid for; there need not be one."""
    change = draft.changes.get(subscription_id)
    if change is not None and change.invoice_id is not None:
        drop_pending(draft, subscription_id, reason)
        draft.notice("subscription.change_lapsed", subscription_id, {})


def take_effect(draft: Draft, subscription: Subscription, invoice: Invoice) -> None:
    """Make the upgrade that waited for this invoice take effect, now that it is paid.

    Nobody pays for time on a plan before it is theirs: what the invoice charged for the wait is
    given back, or asked for where the old plan was given back for it.
    """
    period = draft.running_period(subscription)
    change = draft.drop_change(subscription.id)
    assert change is not None, "an upgrade waits for this invoice"
    assert period is not None, "an upgrade that is not paid in its period lapses"
    old, new = draft.version(subscription), draft.before.versions[change.version_id]
    promised = _promised(draft, subscription, period)
    drawn_up = max(
        (s for s in draft.segments.values() if s.invoice_id == invoice.id), key=lambda s: s.n
    )
    changed = replace(subscription, plan_id=new.plan_id, version_id=new.id)
    draft.put(changed)
    if _keeps_period(old, new):
        unused = unused_line(draft, subscription, period)
        remaining = _remaining_line(draft, period, new)
        waited = [
            *_waited(invoice, unused, f"Time on {old.plan_name} until the change"),
            *_waited(invoice, remaining, f"Time on {new.plan_name} before the change"),
        ]
        _give_back_wait(draft, subscription, invoice, waited, n=drawn_up.n)
        in_force = replace(drawn_up, starts_at=draft.now, charge=remaining.amount, undone_at=None)
        draft.put(in_force)
    else:
        _cut(draft, changed, period, old, new, n=drawn_up.n + 1, paid=invoice)
    _changed(draft, subscription, old, new, seq=period.seq, n=drawn_up.n, promised=promised)


def _waited(paid: Invoice, now: Line, description: str) -> list[Line]:
    """Return what an invoice that was waited for left out (below zero: charged) for the wait itself.

    `now` is its line of this kind as it would be at this instant.
    """
    return [_waited_line(asked, now, description) for asked in paid.lines if asked.kind is now.kind]


def _waited_line(asked: Line, now: Line, description: str) -> Line:
    """Return the difference between what was asked for and what it is `now`."""
    assert now.calculation is not None, "time is calculated"
    owed = now.calculation
    before = Step(StepKind.ASKED_BEFORE, asked.amount if owed.is_credit else -asked.amount)
    how = replace(owed, steps=(*owed.steps, before))
    waited_us = None if asked.elapsed_us is None else asked.elapsed_us - (now.elapsed_us or 0)
    return replace(
        asked,
        amount=how.amount,
        description=description,
        ends_at=now.starts_at,
        elapsed_us=waited_us,
        calculation=how,
    )


def _give_back_wait(
    draft: Draft, subscription: Subscription, invoice: Invoice, waited: list[Line], *, n: int
) -> None:
    """Credit the difference between the plans for the time from the request to the payment."""
    assert invoice.seq is not None, "an adjustment belongs to a period"
    lines = [line.credited() for line in waited]
    if sum((line.amount for line in lines), ZERO) <= 0:
        return  # paid at once; or a cent of rounding, which the customer keeps
    note = crediting.new_note(
        draft,
        subscription,
        NoteKind.PLAN_CHANGE,
        seq=invoice.seq,
        n=n,
        lines=tuple(lines),
        currency=invoice.currency,
        corrects=invoice,
    )
    crediting.apply_note(draft, note)
