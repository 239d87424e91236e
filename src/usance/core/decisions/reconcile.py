"""Reconciling: money for several invoices or none, money that did not come after all, money sent back.

Units: amounts are Decimals at the currency's scale.
Sources: BILLING.md, "Paying".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from usance.core import money
from usance.core.decisions import billing, lifecycle
from usance.core.decisions.settle import (
    refuse_amount,
    refuse_paid_at,
    refuse_state,
    same_payment,
)
from usance.core.draft import Draft
from usance.core.ids import CreditNoteId, InvoiceId, PaymentId
from usance.core.invoices import Invoice, InvoiceKind, InvoiceStatus, Line, LineKind, totals
from usance.core.outcome import Outcome
from usance.core.payments import Application, EntryKind, Payment, Source
from usance.core.refusals import Code, Refusal, invalid
from usance.core.snapshot import Snapshot
from usance.core.tax import TaxCategory

ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Share:
    """What of a payment is meant for one invoice."""

    invoice_id: InvoiceId
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that came in. `paid_at` is for the books; effects happen now.

    `shares` say what of it is for which invoice; the rest is for the balance.
    """

    amount: Decimal
    currency: str
    paid_at: datetime | None = None
    method: str | None = None
    reference: str | None = None
    note: str | None = None
    shares: tuple[Share, ...] = ()


def receive(before: Snapshot, request: Receipt, *, now: datetime, seed: UUID) -> Outcome:
    """Put money onto the invoices that it is for, and the rest on the balance, which is spent at once.

    Refusals, in this order: validation_failed (amount, paidAt), payment_reference_conflict; then, for
    each share in turn, those of `_refuse_share`; then validation_failed (applications: they are more
    than the payment). The same reference again is the same payment, and changes nothing.
    """
    refuse_amount(request.amount, request.currency)
    refuse_paid_at(request.paid_at, now)
    draft = Draft(before, now=now, seed=seed)
    known = same_payment(before, request.reference, request.amount, request.currency)
    if known is not None:
        _refuse_other_shares(before, known, request.shares)
        return draft.outcome()
    for place, share in enumerate(request.shares):
        _refuse_share(before, request, place, share)
    if _sum(share.amount for share in request.shares) > request.amount:
        raise invalid("applications", "Together they are more than the payment.")

    # Nothing can be refused from here on.
    book(draft, request)
    return draft.outcome()


def _refuse_other_shares(before: Snapshot, known: Payment, shares: Sequence[Share]) -> None:
    """Refuse if the payment on the books was for other invoices; who names none asks for nothing."""
    was = {
        one.invoice_id: one.amount
        for one in before.applications
        if one.source is Source.PAYMENT and one.source_id == known.id and one.amount > 0
    }
    if shares and was != {share.invoice_id: share.amount for share in shares}:
        raise Refusal(
            Code.PAYMENT_REFERENCE_CONFLICT,
            "The payment that is booked under this reference was for other invoices or amounts.",
            field="reference",
            detail={"paymentId": known.id},
        )


def _refuse_share(before: Snapshot, request: Receipt, place: int, share: Share) -> None:
    """Refuse what cannot be put onto an invoice, in this order.

    invoice_not_found, validation_failed (the invoice is named twice), currency_mismatch,
    invoice_void, invoice_pending, already_paid, validation_failed (amount).
    """
    field = f"applications[{place}]"
    invoice = before.invoices.get(share.invoice_id)
    if invoice is None:
        raise Refusal(
            Code.INVOICE_NOT_FOUND,
            "The customer has no such invoice.",
            field=f"{field}.invoiceId",
        )
    if share.invoice_id in {one.invoice_id for one in request.shares[:place]}:
        raise invalid(f"{field}.invoiceId", "Name each invoice once.")
    if invoice.currency != request.currency:
        raise Refusal(
            Code.CURRENCY_MISMATCH,
            f"The invoice is in {invoice.currency}: no money is converted.",
            field=f"{field}.invoiceId",
        )
    refuse_state(before, invoice, f"{field}.invoiceId")
    if invoice.status is InvoiceStatus.PAID:
        raise Refusal(Code.ALREADY_PAID, "The invoice is paid already.", field=f"{field}.invoiceId")
    if share.amount <= 0 or not money.is_whole(share.amount, invoice.currency):
        decimals = money.exponent(invoice.currency)
        text = f"An amount is more than nothing; {invoice.currency} has {decimals} decimals."
        raise invalid(f"{field}.amount", text)
    if share.amount > invoice.amount_due:
        text = f"{invoice.amount_due} {invoice.currency} is open on the invoice."
        raise invalid(f"{field}.amount", text)


def book(draft: Draft, request: Receipt) -> Payment:
    """Write the payment down, put its shares onto their invoices, and conclude the decision."""
    payment = Payment(
        id=PaymentId(draft.new_id("payment")),
        customer_id=draft.before.customer.id,
        currency=request.currency,
        amount=money.rounded(request.amount, request.currency),
        method=request.method,
        reference=request.reference,
        note=request.note,
        paid_at=request.paid_at if request.paid_at is not None else draft.now,
        recorded_at=draft.now,
    )
    draft.put(payment)
    draft.notice(
        "payment.recorded", payment.id, {"amount": payment.amount, "currency": payment.currency}
    )
    for share in request.shares:
        draft.put_money(share.invoice_id, share.amount, Source.PAYMENT, payment.id)
    lifecycle.take_payments(draft)
    rest = payment.amount - _sum(share.amount for share in request.shares)
    draft.move_balance(payment.currency, rest, EntryKind.PAYMENT, payment.id)
    lifecycle.conclude(draft)
    return payment


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)


@dataclass(frozen=True, slots=True)
class Refundable:
    """A credit note, and what of the money that it brought to the balance was not sent back yet."""

    note_id: CreditNoteId
    number: str
    currency: str
    left: Decimal


def pay_out(
    before: Snapshot,
    amount: Decimal,
    currency: str,
    *,
    now: datetime,
    seed: UUID,
    note: Refundable | None = None,
) -> Outcome:
    """Take money off the balance that was sent back to the customer, for a credit note if it names one.

    Refusals, in this order: validation_failed (amount), currency_mismatch (the note is in another),
    insufficient_balance (of the note, then of the customer).
    """
    refuse_amount(amount, currency)
    if note is not None and note.currency != currency:
        raise Refusal(
            Code.CURRENCY_MISMATCH,
            f"The credit note is in {note.currency}: no money is converted.",
            field="currency",
        )
    if note is not None and note.left < amount:
        left = money.rounded(note.left, currency)
        raise Refusal(
            Code.INSUFFICIENT_BALANCE,
            f"Of what {note.number} brought to the balance {left} {currency} is left to pay out.",
            field="amount",
            detail={"creditNoteId": note.note_id, "left": left},
        )
    balance = before.balances.get(currency)
    held = ZERO if balance is None else balance.amount
    if held < amount:
        raise Refusal(
            Code.INSUFFICIENT_BALANCE,
            f"The customer has {money.rounded(held, currency)} {currency} on account.",
            field="amount",
            detail={"balance": money.rounded(held, currency)},
        )

    # Nothing can be refused from here on.
    draft = Draft(before, now=now, seed=seed)
    source_id = draft.new_id("payout") if note is None else note.note_id
    draft.move_balance(currency, -amount, EntryKind.PAYOUT, source_id)
    amount = money.rounded(amount, currency)
    draft.notice("balance.paid_out", before.customer.id, {"amount": amount, "currency": currency})
    lifecycle.conclude(draft)
    return draft.outcome()


def reverse(
    before: Snapshot,
    payment_id: PaymentId,
    *,
    now: datetime,
    seed: UUID,
    reason: str | None = None,
) -> Outcome:
    """Take back a payment that bounced: all that it covered opens again, and time decides the state.

    What went to the balance is taken from there; what is missing reopens what the balance has paid,
    newest first; what was paid out meanwhile is asked for by an invoice. Credits stay, and paying
    again grants none. Refused: payment_not_found, already_reversed.
    """
    payment = before.payments.get(payment_id)
    if payment is None:
        raise Refusal(Code.PAYMENT_NOT_FOUND, "There is no such payment.")
    if payment.reversed_at is not None:
        raise Refusal(Code.ALREADY_REVERSED, "The payment has been reversed already.")

    # Nothing can be refused from here on.
    draft = Draft(before, now=now, seed=seed)
    draft.put(replace(payment, reversed_at=now, reversal_reason=reason))
    draft.notice("payment.reversed", payment_id, {"amount": payment.amount})
    left = payment.amount
    for invoice_id, amount in _applied(before, payment_id).items():
        if draft.invoices[invoice_id].status is InvoiceStatus.VOID:
            continue  # voiding moved this money to the balance
        _take_off(draft, invoice_id, amount, Source.PAYMENT, payment_id)
        left -= amount
    left = _take_from_balance(draft, payment, left)
    if left > 0:
        _ask_for(draft, payment, left)
    lifecycle.conclude(draft)
    return draft.outcome()


def _applied(before: Snapshot, payment_id: PaymentId) -> dict[InvoiceId, Decimal]:
    """Return what of a payment lies on each invoice."""
    sums: dict[InvoiceId, Decimal] = {}
    for one in before.applications:
        if one.source is Source.PAYMENT and one.source_id == payment_id:
            sums[one.invoice_id] = sums.get(one.invoice_id, ZERO) + one.amount
    return {invoice_id: amount for invoice_id, amount in sums.items() if amount > 0}


def _take_off(
    draft: Draft, invoice_id: InvoiceId, amount: Decimal, source: Source, source_id: UUID | None
) -> None:
    """Take money off an invoice; a paid one opens again, overdue if its grace is over."""
    invoice = draft.invoices[invoice_id]
    if invoice.status is InvoiceStatus.PAID:
        assert invoice.past_due_at is not None, "an issued invoice has its grace"
        overdue = invoice.past_due_at <= draft.now
        invoice = replace(
            invoice,
            status=InvoiceStatus.PAST_DUE if overdue else InvoiceStatus.DUE,
            paid_at=None,
            reopened_at=draft.now,
        )
        draft.put(invoice)
        draft.notice("invoice.reopened", invoice_id, {"amountDue": amount})
    draft.put_money(invoice_id, -amount, source, source_id)


def _take_from_balance(draft: Draft, payment: Payment, wanted: Decimal) -> Decimal:
    """Take from the balance what is there, and what it has spent; return what is missing."""
    balance = draft.balances.get(payment.currency)
    held = ZERO if balance is None else balance.amount
    missing = _reopen_spent(draft, payment, wanted - min(held, wanted))
    draft.move_balance(payment.currency, missing - wanted, EntryKind.REVERSAL, payment.id)
    return missing


def _reopen_spent(draft: Draft, payment: Payment, wanted: Decimal) -> Decimal:
    """Take back to the balance what it has put onto invoices, newest first; return what is missing."""
    spent = [
        one for one in draft.before.applications if one.source is Source.BALANCE and one.amount > 0
    ]
    for one in sorted(spent, key=lambda a: _when_spent(draft, a), reverse=True):
        invoice = draft.invoices.get(one.invoice_id)
        if wanted == 0:
            break
        if invoice is None or invoice.currency != payment.currency:
            continue
        on_it = sum(
            (
                a.amount
                for a in draft.before.applications
                if a.invoice_id == one.invoice_id and a.source is Source.BALANCE
            ),
            ZERO,
        )
        on_it += sum(
            (
                a.amount
                for a in draft.applications
                if a.invoice_id == one.invoice_id and a.source is Source.BALANCE
            ),
            ZERO,
        )
        part = min(one.amount, on_it, wanted)
        if part <= 0 or invoice.status is InvoiceStatus.VOID:
            continue
        _take_off(draft, one.invoice_id, part, Source.BALANCE, None)
        draft.move_balance(payment.currency, part, EntryKind.REOPENED, one.invoice_id)
        wanted -= part
    return wanted


def _when_spent(draft: Draft, one: Application) -> tuple[datetime, tuple[datetime, str], UUID]:
    """Return the sort key of what the balance paid: at one instant it paid by due instant, then number."""
    invoice = draft.invoices.get(one.invoice_id)
    due = (one.applied_at, "")
    if invoice is not None:
        due = (invoice.due_at or invoice.created_at, invoice.number or "")
    return one.applied_at, due, one.id


def _ask_for(draft: Draft, payment: Payment, amount: Decimal) -> None:
    """Invoice what the payment had brought and was paid out since: it was never the customer's.

    Nothing is sold by it, so it is outside the scope of a tax.
    """
    line = Line(LineKind.REVERSED_PAYMENT, "Reversed payment that had been paid out", amount)
    sums = totals([line], tax_rate=ZERO, currency=payment.currency)
    invoice = Invoice(
        id=InvoiceId(draft.new_id("reversed", payment.id)),
        customer_id=payment.customer_id,
        subscription_id=None,
        seq=None,
        kind=InvoiceKind.ONE_OFF,
        n=0,
        status=InvoiceStatus.PENDING,
        currency=payment.currency,
        lines=(line,),
        subtotal=sums.subtotal,
        tax_rate=ZERO,
        tax_category=TaxCategory.OUTSIDE_SCOPE,
        tax_amount=sums.tax_amount,
        amount=sums.amount,
        amount_paid=money.rounded(ZERO, payment.currency),
        created_at=draft.now,
    )
    draft.put(invoice)
    grace = draft.before.account.grace_days
    billing.issue(draft, invoice, grace_days=grace, net_terms_days=0, not_before=draft.now)
