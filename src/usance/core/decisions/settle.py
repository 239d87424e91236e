"""Settling: money onto invoices, onto the balance and off it again, and marking an invoice paid.

What a full payment brings (a start, credits, recovery) is taken in `lifecycle.conclude`.

Units: amounts are Decimals at the currency's scale.
Sources: BILLING.md, "Paying".
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from usance.core import money
from usance.core.decisions import lifecycle
from usance.core.draft import Draft
from usance.core.ids import InvoiceId, PaymentId
from usance.core.invoices import OPEN, Invoice, InvoiceStatus
from usance.core.outcome import Outcome
from usance.core.payments import EntryKind, Payment, Source
from usance.core.refusals import Code, Refusal, invalid
from usance.core.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class MarkPaid:
    """What a seller says of a payment; everything may be left out.

    `amount` None: all that is open. `paid_at` is for the books; effects happen now.
    """

    invoice_id: InvoiceId
    amount: Decimal | None = None
    paid_at: datetime | None = None
    method: str | None = None
    reference: str | None = None
    note: str | None = None


def mark_paid(before: Snapshot, request: MarkPaid, *, now: datetime, seed: UUID) -> Outcome:
    """Record a payment of an invoice, and all that follows when it is whole.

    Refusals, in this order: invoice_not_found, invoice_void, invoice_pending, validation_failed
    (amount, paidAt), payment_reference_conflict, already_paid. A payment that is known already, and
    a bare repeat on a paid invoice, change nothing.
    """
    invoice = before.invoices.get(request.invoice_id)
    if invoice is None:
        raise Refusal(Code.INVOICE_NOT_FOUND, "There is no such invoice.")
    refuse_state(before, invoice)
    if request.amount is not None:
        refuse_amount(request.amount, invoice.currency)
    refuse_paid_at(request.paid_at, now)
    draft = Draft(before, now=now, seed=seed)
    if same_payment(before, request.reference, request.amount, invoice.currency) is not None:
        return draft.outcome()
    if invoice.status is InvoiceStatus.PAID and request.reference is None:
        if request.amount is None:
            return draft.outcome()
        raise Refusal(
            Code.ALREADY_PAID,
            "The invoice is paid. Money that came on top needs a `reference`, so that it is booked once.",
        )

    # Nothing can be refused from here on.
    amount = request.amount if request.amount is not None else invoice.amount_due
    amount = money.rounded(amount, invoice.currency)
    if (
        amount == 0
    ):  # a new reference on a paid invoice that names no amount: there is no money in it
        return draft.outcome()
    payment = _payment(draft, request, invoice.currency, amount)
    onto_invoice = min(amount, invoice.amount_due)
    if onto_invoice > 0:
        draft.put_money(invoice.id, onto_invoice, Source.PAYMENT, payment.id)
    lifecycle.take_payments(draft)
    draft.move_balance(invoice.currency, amount - onto_invoice, EntryKind.OVERPAYMENT, payment.id)
    lifecycle.conclude(draft)
    return draft.outcome()


def refuse_state(before: Snapshot, invoice: Invoice, field: str | None = None) -> None:
    """Refuse money for an invoice that asks for none: it is void, or not issued yet."""
    if invoice.status is InvoiceStatus.VOID:
        detail = {"replacedByInvoiceId": invoice.replaced_by} if invoice.replaced_by else None
        # Open ones are all in the snapshot: one that is not there asks for nothing either.
        instead = before.invoices.get(invoice.replaced_by) if invoice.replaced_by else None
        is_open = instead is not None and instead.status in OPEN
        told = " Pay the invoice that replaces it." if is_open else ""
        raise Refusal(
            Code.INVOICE_VOID,
            f"The invoice is void and asks for nothing.{told}",
            field=field,
            detail=detail,
        )
    if invoice.status is InvoiceStatus.PENDING:
        raise Refusal(
            Code.INVOICE_PENDING,
            "The invoice is not issued yet: it falls due when its period ends.",
            field=field,
        )


def refuse_amount(amount: Decimal, currency: str) -> None:
    """Refuse an amount of money that nobody can have paid."""
    if amount <= 0:
        raise invalid("amount", "A payment is more than nothing.")
    if not money.is_whole(amount, currency):
        raise invalid("amount", f"{currency} has {money.exponent(currency)} decimals.")


def refuse_paid_at(paid_at: datetime | None, now: datetime) -> None:
    """Refuse a payment of the future."""
    if paid_at is not None and paid_at > now:
        raise invalid("paidAt", "A payment cannot have been made later than now.")


def same_payment(
    before: Snapshot, reference: str | None, amount: Decimal | None, currency: str
) -> Payment | None:
    """Return the payment that is on the books under a reference; refuse if it was another one."""
    if reference is None:
        return None
    known = next((p for p in before.payments.values() if p.reference == reference), None)
    if known is not None and known.reversed_at is not None:
        raise Refusal(
            Code.PAYMENT_REFERENCE_CONFLICT,
            "The payment under this reference was reversed: send new money under one of its own.",
            field="reference",
            detail={"paymentId": known.id},
        )
    if known is not None and (known.currency != currency or amount not in {None, known.amount}):
        raise Refusal(
            Code.PAYMENT_REFERENCE_CONFLICT,
            f"A payment of {known.amount} {known.currency} is already booked under this reference.",
            field="reference",
            detail={"paymentId": known.id},
        )
    return known


def _payment(draft: Draft, request: MarkPaid, currency: str, amount: Decimal) -> Payment:
    payment = Payment(
        id=PaymentId(draft.new_id("payment", request.invoice_id)),
        customer_id=draft.before.customer.id,
        currency=currency,
        amount=money.rounded(amount, currency),
        method=request.method,
        reference=request.reference,
        note=request.note,
        paid_at=request.paid_at if request.paid_at is not None else draft.now,
        recorded_at=draft.now,
    )
    draft.put(payment)
    draft.notice("payment.recorded", payment.id, {"amount": payment.amount, "currency": currency})
    return payment
