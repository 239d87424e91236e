"""Cancelling: at the end of the period, or now, with everything settled in one transaction.

Units: shares of time are microseconds, exact; each amount is rounded once.
Sources: BILLING.md, "Cancelling".
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from usance.core import calculations, money, periods, proration
from usance.core.calculations import Calculation, Share, Step, StepKind
from usance.core.decisions import billing, crediting, lifecycle, opening, rating, upgrading
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
from usance.core.values import replace

ZERO: Final = Decimal(0)
_FEES: Final = frozenset({LineKind.BASE, LineKind.REMAINING_TIME, LineKind.UNUSED_TIME})
_USED: Final = frozenset(
    {LineKind.USAGE, LineKind.LATE_USAGE, LineKind.ELAPSED_TIME, LineKind.OTHER}
)
_CANCELLED: Final = "The subscription was cancelled."


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
    upgrading.drop_pending(draft, subscription_id, _CANCELLED, by_end=True)
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
        cancel_at=draft.at,
        settle=settle,
    )
    if period is not None:
        opening.close(draft, period, min(draft.at, period.ends_at))
    _issue_final(draft, subscription, final, carried)
    lifecycle.end(draft, cancelled, at=draft.at, status=SubscriptionStatus.CANCELLED)


def _void_unpaid(draft: Draft, unpaid: list[Invoice]) -> None:
    """Void the invoices, but for one that a credit note for late usage has just paid."""
    for invoice in unpaid:
        if draft.invoices[invoice.id].status is not InvoiceStatus.PAID:
            billing.void(draft, invoice, _CANCELLED, by_end=True)


def _carried_lines(
    draft: Draft, subscription: Subscription, invoice: Invoice, period: SubscriptionPeriod | None
) -> list[Line]:
    """Return what of an unpaid invoice is still owed after it is voided.

    Usage is; so is the base price of an ended arrears period. Of an advance fee only the elapsed
    share is, and no more of it than the money that was paid on it.
    """
    if invoice.status is InvoiceStatus.PENDING:
        given_back = None
        if not _is_arrears_invoice(draft, subscription, invoice):
            given_back = _given_back(draft, invoice)
        base = _ended_base(draft, subscription, invoice)
        return base if given_back is None else [*base, given_back]
    lines = [line for line in invoice.lines if line.kind in _USED and line.amount != 0]
    fees = [line for line in invoice.lines if line.kind in _FEES]
    if not fees:
        return lines
    if _is_arrears_invoice(draft, subscription, invoice):
        return [*[line for line in fees if line.amount != 0], *lines]
    given_back = _given_back(draft, invoice)
    until = draft.at if given_back is None else given_back.starts_at
    assert until is not None, "what was given back begins with the change"
    elapsed = _elapsed_fee(draft, invoice, fees, period, until)
    return [line for line in (elapsed, given_back) if line is not None] + lines


def _given_back(draft: Draft, invoice: Invoice) -> Line | None:
    """Return the unused time of an unpaid fee that a plan change gave back, on a document that stands.

    Void, the fee is not charged at all: what was given back of it would be a gift, to be minted by
    changing plans and cancelling.
    """
    own = [s for s in draft.segments.values() if s.invoice_id == invoice.id and s.undone_at is None]
    segment = max(own, key=lambda s: (s.seq, s.n), default=None)
    following = None if segment is None else _following(draft, segment)
    if segment is None or following is None:
        return None
    paper = None if following.invoice_id is None else draft.invoices.get(following.invoice_id)
    # Without an invoice it was a credit note; one that was left out of what was read is settled.
    if paper is not None and paper.status is not InvoiceStatus.PAID:
        return None
    period = draft.periods[segment.subscription_id, segment.seq]
    span = periods.Period(segment.starts_at, period.planned_ends_at)
    elapsed = span.elapsed_us(following.starts_at)
    steps = proration.unused_steps(
        segment.charge, elapsed=elapsed, length=span.length_us, currency=invoice.currency
    )
    version = draft.before.versions[segment.version_id]
    how = Calculation(invoice.currency, steps, version.id)
    if how.amount == 0:
        return None
    return Line(
        LineKind.OTHER,
        f"Unused time on {version.plan_name}, given back and not paid",
        how.amount,
        starts_at=following.starts_at,
        ends_at=period.planned_ends_at,
        elapsed_us=span.length_us - elapsed,
        length_us=span.length_us,
        calculation=how,
    )


def _following(draft: Draft, segment: Segment) -> Segment | None:
    """Return the segment that took the place of one in its own time: by a plan change, not a renewal."""
    period = draft.periods[segment.subscription_id, segment.seq]
    later = [s for s in draft.segments_of(segment.subscription_id, segment.seq) if s.n > segment.n]
    if later:
        return later[0]
    first = draft.segments.get((segment.subscription_id, segment.seq + 1, 0))
    was_cut = period.ends_at < period.planned_ends_at
    return first if was_cut and first is not None and first.starts_at == period.ends_at else None


def _ended_base(draft: Draft, subscription: Subscription, invoice: Invoice) -> list[Line]:
    """Return the advance base of a period that is over, which was not asked for while usage was collected."""
    assert invoice.seq is not None, "a PENDING invoice charges a period"
    period = draft.periods[subscription.id, invoice.seq]
    first = draft.segments[subscription.id, invoice.seq, 0]
    was_cut = period.ends_at != period.planned_ends_at
    if first.invoice_id != invoice.id or period.closed_at is None or was_cut:
        return []
    version = draft.before.versions[first.version_id]
    return [billing.base_line(version, period.starts_at, period.ends_at)]


def _collected_lines(
    draft: Draft, subscription: Subscription, ended: SubscriptionPeriod
) -> list[Line]:
    """Return what an ended period comes to whose usage was still being collected."""
    base: list[Line] = []
    if opening.pending_invoice(draft, subscription.id, ended.seq) is not None:
        base = billing.arrears_base_lines(draft, ended, ended.ends_at)
    usage = rating.bill_usage(draft, subscription, running=ended)
    crediting.credit_late(draft, subscription, Occasion.CANCELLATION, seq=ended.seq)
    return [*base, *usage]


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
    draft: Draft,
    invoice: Invoice,
    fees: list[Line],
    period: SubscriptionPeriod | None,
    until: datetime,
) -> Line | None:
    """Return the share of an advance fee on which money was paid that is elapsed, at most that money."""
    fee = sum((line.amount for line in fees), ZERO)
    last = fees[-1]
    span = _bought(draft, invoice, last)
    if invoice.amount_paid == 0 or fee <= 0 or span is None:
        return None
    elapsed = span.elapsed_us(until)
    share = Share(elapsed, span.length_us)
    used = money.share(fee, elapsed, span.length_us, invoice.currency)
    steps = [calculations.shared(StepKind.CHARGED, fee, used, share)]
    beyond = used - _net_of(invoice.amount_paid, invoice)
    if beyond > 0:
        steps.append(Step(StepKind.CAPPED, -beyond))
    how = Calculation(invoice.currency, tuple(steps))
    if how.amount <= 0:
        return None
    assert period is None or span.starts_at <= draft.at, "a fee that was charged has begun"
    return Line(
        LineKind.ELAPSED_TIME,
        f"Elapsed time on {last.description.removeprefix(upgrading.REMAINING)}",
        how.amount,
        starts_at=span.starts_at,
        ends_at=min(until, span.ends_at),
        elapsed_us=elapsed,
        length_us=span.length_us,
        calculation=how,
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
        lines = rating.bill_usage(draft, subscription, running=None)
        seq = max(subscription.seq, 0)
        crediting.credit_late(draft, subscription, Occasion.CANCELLATION, seq=seq)
        return lines
    base: list[Line] = []
    if billing.is_arrears(draft.version(subscription)):
        base = billing.arrears_base_lines(draft, period, draft.at)
    usage = rating.bill_usage(draft, subscription, running=period)
    crediting.credit_late(draft, subscription, Occasion.CANCELLATION, seq=period.seq)
    return [*base, *usage]


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
        lines=(line.credited(),),
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
    starts_at = billing.earliest(lines, None if period is None else period.starts_at)
    invoice = billing.new_invoice(
        draft,
        subscription,
        seq=max(subscription.seq, 0),
        kind=InvoiceKind.FINAL,
        n=0,
        lines=lines,
        currency=draft.version(subscription).terms.currency,
        starts_at=starts_at,
        ends_at=period.ends_at if period is not None else None,
    )
    final = opening.issue(draft, subscription, invoice, not_before=draft.now)
    for replaced in (draft.invoices[one] for one in carried):
        if replaced.status is InvoiceStatus.VOID:
            draft.put(replace(replaced, replaced_by=final.id))
    for counter in list(draft.counters.values()):  # what they had charged, FINAL charges now
        if counter.billed_by in carried:
            moved = replace(counter, billed_by=final.id, billed_tax=final.tax)
            draft.put(moved)
