"""Cancelling: at the end of the period, or now, with everything settled in one transaction.

Units: shares of time are microseconds, exact; each amount is rounded once.
Sources: BILLING.md, "Cancelling".
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from usance.core import money, periods
from usance.core.decisions import billing, crediting, lifecycle, opening, upgrading
from usance.core.decisions.crediting import Occasion
from usance.core.draft import Draft
from usance.core.ids import InvoiceId, SubscriptionId
from usance.core.invoices import (
    OPEN,
    Invoice,
    InvoiceKind,
    InvoiceStatus,
    Line,
    LineKind,
    NoteKind,
)
from usance.core.outcome import Outcome
from usance.core.refusals import Code, Refusal
from usance.core.snapshot import Snapshot
from usance.core.subscriptions import (
    CancelMode,
    Segment,
    Subscription,
    SubscriptionPeriod,
    SubscriptionStatus,
)

ZERO: Final = Decimal(0)
_FEES: Final = frozenset({LineKind.BASE, LineKind.REMAINING_TIME, LineKind.UNUSED_TIME})
_USED: Final = frozenset(
    {LineKind.USAGE, LineKind.LATE_USAGE, LineKind.ELAPSED_TIME, LineKind.OTHER}
)


@dataclass(frozen=True, slots=True)
class Cancel:
    """What a caller asks for. `settle` False forgives what the running period used."""

    subscription_id: SubscriptionId
    mode: CancelMode
    settle: bool = True


def cancel(before: Snapshot, request: Cancel, *, now: datetime, seed: UUID) -> Outcome:
    """Cancel a subscription; one that is over already stays as it is, and nothing is refused."""
    draft = Draft(before, now=now, seed=seed)
    subscription = before.subscriptions[request.subscription_id]
    if subscription.is_ended:
        return draft.outcome()
    period = draft.running_period(subscription)
    if request.mode is CancelMode.END_OF_PERIOD and period is not None:
        _schedule(draft, subscription, period)
    else:
        end_now(draft, subscription.id, settle=request.settle)
    lifecycle.conclude(draft)
    return draft.outcome()


def undo(
    before: Snapshot, subscription_id: SubscriptionId, *, now: datetime, seed: UUID
) -> Outcome:
    """Take back a scheduled cancellation while its instant lies ahead.

    Refusals: subscription_ended (it was carried out), cancellation_not_scheduled.
    """
    subscription = before.subscriptions[subscription_id]
    if subscription.is_ended:
        raise Refusal(
            Code.SUBSCRIPTION_ENDED, "The subscription has ended; subscribe the customer anew."
        )
    if subscription.cancel_at is None:
        raise Refusal(Code.CANCELLATION_NOT_SCHEDULED, "No cancellation is scheduled.")

    # Nothing can be refused from here on.
    draft = Draft(before, now=now, seed=seed)
    draft.put(replace(subscription, cancel_mode=None, cancel_at=None))
    draft.notice("subscription.cancellation_undone", subscription_id, {})
    lifecycle.conclude(draft)
    return draft.outcome()


def _schedule(draft: Draft, subscription: Subscription, period: SubscriptionPeriod) -> None:
    if subscription.cancel_at == period.ends_at:
        return
    draft.put(replace(subscription, cancel_mode=CancelMode.END_OF_PERIOD, cancel_at=period.ends_at))
    draft.notice(
        "subscription.cancellation_scheduled", subscription.id, {"cancelAt": period.ends_at}
    )


def end_now(draft: Draft, subscription_id: SubscriptionId, *, settle: bool) -> None:
    """End access now, void what is unpaid, give back what is unused, and settle the rest by FINAL."""
    upgrading.drop_pending(draft, subscription_id, "The subscription was cancelled.")
    subscription = draft.subscriptions[subscription_id]
    period = draft.running_period(subscription)
    # Lines first: they are read from what stands before anything is voided or cut.
    final: list[Line] = []
    carried: list[InvoiceId] = []
    unpaid = [
        i
        for i in draft.invoices_of(subscription.id)
        if i.status in OPEN or i.status is InvoiceStatus.PENDING
    ]
    for invoice in unpaid:
        lines = _carried_lines(draft, subscription, invoice, period)
        if any(line.amount != 0 for line in lines):
            carried.append(invoice.id)
            final += lines
    for ended in opening.collecting(draft, subscription.id):
        lines = _collected_lines(draft, subscription, ended)
        if any(line.amount != 0 for line in lines):
            carried += _awaiting(draft, unpaid, ended)
            final += lines
    running = _running_lines(draft, subscription, period, settle=settle)
    if any(line.amount != 0 for line in running) and period is not None:
        carried += [i.id for i in unpaid if _is_pending_of(i, period.seq)]
    final += running
    _void_unpaid(draft, unpaid)
    if period is not None and not period.is_trial:
        _give_back(draft, subscription, period)
    cancelled = replace(
        draft.subscriptions[subscription.id],
        cancel_mode=CancelMode.IMMEDIATE,
        cancel_at=draft.now,
        settle=settle,
    )
    if period is not None:
        opening.close(draft, period, draft.now)
    _issue_final(draft, subscription, final, carried)
    lifecycle.end(draft, cancelled, at=draft.now, status=SubscriptionStatus.CANCELLED)


def _void_unpaid(draft: Draft, unpaid: list[Invoice]) -> None:
    """Void the invoices, but for one that a credit note for late usage has just paid."""
    for invoice in unpaid:
        if draft.invoices[invoice.id].status is not InvoiceStatus.PAID:
            billing.void(draft, invoice, "The subscription was cancelled.")


def _carried_lines(
    draft: Draft, subscription: Subscription, invoice: Invoice, period: SubscriptionPeriod | None
) -> list[Line]:
    """Return what of an unpaid invoice is still owed after it is voided.

    Usage is; so is the base price of an ended arrears period. Of an advance fee only the elapsed
    share is, and no more of it than the money that was paid on it.
    """
    if invoice.status is InvoiceStatus.PENDING:
        return []
    lines = [line for line in invoice.lines if line.kind in _USED and line.amount != 0]
    fees = [line for line in invoice.lines if line.kind in _FEES]
    if not fees:
        return lines
    if _is_arrears_invoice(draft, subscription, invoice):
        return [*[line for line in fees if line.amount != 0], *lines]
    elapsed = _elapsed_fee(draft, invoice, fees, period)
    return lines if elapsed is None else [elapsed, *lines]


def _collected_lines(
    draft: Draft, subscription: Subscription, ended: SubscriptionPeriod
) -> list[Line]:
    """Return what an ended period comes to whose usage was still being collected."""
    base: list[Line] = []
    if opening.pending_invoice(draft, subscription.id, ended.seq) is not None:
        base = billing.arrears_base_lines(draft, ended, ended.ends_at)
    usage = billing.bill_usage(draft, subscription, running=ended)
    return [
        *base,
        *crediting.credit_below_zero(
            draft, subscription, usage, Occasion.CANCELLATION, seq=ended.seq
        ),
    ]


def _awaiting(draft: Draft, unpaid: list[Invoice], ended: SubscriptionPeriod) -> list[InvoiceId]:
    """Return the PENDING invoice that was to carry the usage of an ended period: its own, or the next's."""
    following = draft.segments.get((ended.subscription_id, ended.seq + 1, 0))
    renewal = None if following is None else following.invoice_id
    return [i.id for i in unpaid if _is_pending_of(i, ended.seq) or i.id == renewal]


def _is_pending_of(invoice: Invoice, seq: int) -> bool:
    return invoice.status is InvoiceStatus.PENDING and invoice.seq == seq


def _is_arrears_invoice(draft: Draft, subscription: Subscription, invoice: Invoice) -> bool:
    if invoice.kind is not InvoiceKind.SUBSCRIPTION or invoice.seq is None:
        return False
    first = draft.segments.get((subscription.id, invoice.seq, 0))
    return first is not None and first.invoice_id != invoice.id


def _elapsed_fee(
    draft: Draft, invoice: Invoice, fees: list[Line], period: SubscriptionPeriod | None
) -> Line | None:
    """Return the elapsed share of an advance fee on which money was paid, at most that money."""
    fee = sum((line.amount for line in fees), ZERO)
    last = fees[-1]
    span = _bought(draft, invoice, last)
    if invoice.amount_paid == 0 or fee <= 0 or span is None:
        return None
    elapsed = span.elapsed_us(draft.now)
    amount = money.share(fee, elapsed, span.length_us, invoice.currency)
    amount = min(amount, _net_of(invoice.amount_paid, invoice))
    if amount <= 0:
        return None
    assert period is None or span.starts_at <= draft.now, "a fee that was charged has begun"
    return Line(
        LineKind.ELAPSED_TIME,
        f"Elapsed time: {last.description}",
        amount,
        starts_at=span.starts_at,
        ends_at=min(draft.now, span.ends_at),
        elapsed_us=elapsed,
        length_us=span.length_us,
    )


def _bought(draft: Draft, invoice: Invoice, fee: Line) -> periods.Period | None:
    """Return the time that an advance fee buys; None when it never began.

    A first invoice has it only from its payment on, and a fee that was paid late serves the period
    of the recovery: the newest segment that names the invoice tells.
    """
    own = [s for s in draft.segments.values() if s.invoice_id == invoice.id]
    newest = max(own, key=lambda s: (s.seq, s.n), default=None)
    if newest is not None:
        period = draft.periods[newest.subscription_id, newest.seq]
        return periods.Period(newest.starts_at, period.planned_ends_at)
    if fee.starts_at is None or fee.ends_at is None:
        return None
    return periods.Period(fee.starts_at, fee.ends_at)


def _net_of(gross: Decimal, invoice: Invoice) -> Decimal:
    """Return the largest net amount that with its tax comes to no more than `gross`."""
    net = money.rounded(gross * 100 / (100 + invoice.tax_rate), invoice.currency)
    if net + money.rounded(net * invoice.tax_rate / 100, invoice.currency) > gross:
        net -= Decimal(1).scaleb(-money.exponent(invoice.currency))
    return net


def _running_lines(
    draft: Draft, subscription: Subscription, period: SubscriptionPeriod | None, *, settle: bool
) -> list[Line]:
    """Return the running period's usage and arrears base up to now, and what awaits an invoice."""
    if period is None or period.is_trial or not settle:
        lines = billing.bill_usage(draft, subscription, running=None)
        return crediting.credit_below_zero(
            draft, subscription, lines, Occasion.CANCELLATION, seq=max(subscription.seq, 0)
        )
    base: list[Line] = []
    if billing.is_arrears(draft.version(subscription)):
        base = billing.arrears_base_lines(draft, period, draft.now)
    usage = billing.bill_usage(draft, subscription, running=period)
    return [
        *base,
        *crediting.credit_below_zero(
            draft, subscription, usage, Occasion.CANCELLATION, seq=period.seq
        ),
    ]


def _give_back(draft: Draft, subscription: Subscription, period: SubscriptionPeriod) -> None:
    """Credit the unused part of the segment that still stands after the voiding."""
    segment = _standing_segment(draft, subscription, period)
    if segment is None:
        return
    period = draft.periods[subscription.id, segment.seq]
    later = [s for s in draft.segments_of(subscription.id, period.seq) if s.n > segment.n]
    line = upgrading.unused_line(draft, subscription, period, without=len(later))
    if line.amount == 0:
        return
    corrects = draft.invoices.get(segment.invoice_id) if segment.invoice_id is not None else None
    note = crediting.new_note(
        draft,
        subscription,
        NoteKind.CANCELLATION,
        seq=period.seq,
        n=0,
        lines=(replace(line, amount=-line.amount),),
        currency=draft.version(subscription).terms.currency,
        corrects=corrects,
    )
    crediting.apply_note(draft, note)


def _standing_segment(
    draft: Draft, subscription: Subscription, period: SubscriptionPeriod
) -> Segment | None:
    """Return the newest segment that is charged: if its own adjustment was voided, the one before.

    An adjustment that cut a period carried the unused time before the cut: void, it gave nothing back.
    """
    for seq in range(period.seq, period.usage_from_seq - 1, -1):
        segments = draft.segments_of(subscription.id, seq)
        for segment in reversed(segments):
            if upgrading.standing_charge(draft, segment) > 0:
                return segment
        invoice_id = segments[0].invoice_id
        if invoice_id is None or draft.invoices[invoice_id].status is not InvoiceStatus.VOID:
            return None
    return None


def _issue_final(
    draft: Draft, subscription: Subscription, lines: list[Line], carried: list[InvoiceId]
) -> None:
    """Issue the FINAL invoice unless there is nothing on it; voided ones that it carries name it."""
    if not any(line.amount > 0 for line in lines):
        return
    period = draft.periods.get((subscription.id, subscription.seq))
    invoice = billing.new_invoice(
        draft,
        subscription,
        seq=max(subscription.seq, 0),
        kind=InvoiceKind.FINAL,
        n=0,
        lines=lines,
        currency=draft.version(subscription).terms.currency,
        starts_at=period.starts_at if period is not None else None,
        ends_at=period.ends_at if period is not None else None,
    )
    final = opening.issue(draft, subscription, invoice, not_before=draft.now)
    for replaced in (draft.invoices[one] for one in carried):
        if replaced.status is InvoiceStatus.VOID:
            draft.put(replace(replaced, replaced_by=final.id))
