"""Reconciling: money that names no invoice, money that did not come after all, money sent back.

Units: amounts are Decimals at the currency's scale.
Sources: BILLING.md, "Paying".
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from usance.core import money
from usance.core.decisions import billing, lifecycle
from usance.core.decisions.settle import refuse_amount, refuse_paid_at, same_payment
from usance.core.draft import Draft
from usance.core.ids import InvoiceId, PaymentId
from usance.core.invoices import Invoice, InvoiceKind, InvoiceStatus, Line, LineKind, totals
from usance.core.outcome import Outcome
from usance.core.payments import Application, EntryKind, Payment, Source
from usance.core.refusals import Code, Refusal
from usance.core.snapshot import Snapshot

ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that came in. `paid_at` is for the books; effects happen now."""

    amount: Decimal
    currency: str
    paid_at: datetime | None = None
    method: str | None = None
    reference: str | None = None
    note: str | None = None


def receive(before: Snapshot, request: Receipt, *, now: datetime, seed: UUID) -> Outcome:
    """Put money that names no invoice on the balance, which is spent at once on what is open.

    Refusals, in this order: validation_failed (amount, paidAt), payment_reference_conflict. The same
    reference again is the same payment, and changes nothing.
    """
    refuse_amount(request.amount, request.currency)
    refuse_paid_at(request.paid_at, now)
    draft = Draft(before, now=now, seed=seed)
    if same_payment(before, request.reference, request.amount, request.currency) is not None:
        return draft.outcome()

    # Nothing can be refused from here on.
    payment = Payment(
        id=PaymentId(draft.new_id("payment")),
        customer_id=before.customer.id,
        currency=request.currency,
        amount=money.rounded(request.amount, request.currency),
        method=request.method,
        reference=request.reference,
        note=request.note,
        paid_at=request.paid_at if request.paid_at is not None else now,
        recorded_at=now,
    )
    draft.put(payment)
    draft.notice(
        "payment.recorded", payment.id, {"amount": payment.amount, "currency": payment.currency}
    )
    draft.move_balance(payment.currency, payment.amount, EntryKind.PAYMENT, payment.id)
    lifecycle.conclude(draft)
    return draft.outcome()


def pay_out(
    before: Snapshot, amount: Decimal, currency: str, *, now: datetime, seed: UUID
) -> Outcome:
    """Take money off the balance that was sent back to the customer.

    Refusals, in this order: validation_failed (amount), insufficient_balance.
    """
    refuse_amount(amount, currency)
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
    draft.move_balance(currency, -amount, EntryKind.PAYOUT, draft.new_id("payout"))
    amount = money.rounded(amount, currency)
    draft.notice("balance.paid_out", before.customer.id, {"amount": amount, "currency": currency})
    lifecycle.conclude(draft)
    return draft.outcome()


def reverse(before: Snapshot, payment_id: PaymentId, *, now: datetime, seed: UUID) -> Outcome:
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
    draft.put(replace(payment, reversed_at=now))
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
    """Invoice what the payment had brought and was paid out since: it was never the customer's."""
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
        tax_amount=sums.tax_amount,
        amount=sums.amount,
        amount_paid=money.rounded(ZERO, payment.currency),
        created_at=draft.now,
    )
    draft.put(invoice)
    grace = draft.before.account.grace_days
    billing.issue(draft, invoice, grace_days=grace, net_terms_days=0, not_before=draft.now)
