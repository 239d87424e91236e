"""Transfers: money that a bank has booked is put onto invoices, or kept: it is never refused.

Units: amounts are Decimals at the currency's scale.
Sources: BILLING.md, "Paying"; docs/statements.md, "What a payment of an entry is".
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from usance.core import money
from usance.core.decisions.reconcile import Receipt, Share, book
from usance.core.decisions.settle import refuse_state
from usance.core.draft import Draft
from usance.core.ids import InvoiceId
from usance.core.invoices import OPEN, Invoice, InvoiceStatus
from usance.core.outcome import Outcome
from usance.core.refusals import Code, Refusal
from usance.core.snapshot import Snapshot

ZERO: Final = Decimal(0)


def take_in(
    before: Snapshot,
    request: Receipt,
    *,
    shown: Mapping[InvoiceId, Decimal],
    fields: Mapping[InvoiceId, str],
    now: datetime,
    seed: UUID,
) -> Outcome:
    """Book money that lies at the bank; what its invoices do not take is kept on the balance.

    A void or paid invoice takes nothing, any other at most what is open: the payment's note says so.
    `shown` is what was due on invoices when it was proposed that they are paid; `fields` name the parts
    of the request in which invoices stand.

    Refusals, in this order: proposal_changed; for each share invoice_not_found, currency_mismatch,
    invoice_pending; then payment_reference_conflict.
    """
    for invoice_id, due in shown.items():
        invoice = before.invoices.get(invoice_id)
        if invoice is None or invoice.status not in OPEN or invoice.amount_due != due:
            raise proposal_changed()
    for share in request.shares:
        _refuse_share(before, request, share, fields.get(share.invoice_id))
    if any(one.reference == request.reference for one in before.payments.values()):
        raise Refusal(
            Code.PAYMENT_REFERENCE_CONFLICT,
            "A payment of the customer has the reference that is this entry's.",
        )

    # Nothing can be refused from here on.
    draft = Draft(before, now=now, seed=seed)
    shares, notes = [], []
    for share in request.shares:
        invoice = before.invoices[share.invoice_id]
        taken = _taken(invoice, share.amount)
        if taken > 0:
            shares.append(replace(share, amount=taken))
        if taken < share.amount:
            notes.append(_kept(invoice, share.amount - taken))
    book(draft, replace(request, shares=tuple(shares), note=" ".join(notes) or None))
    return draft.outcome()


def proposal_changed() -> Refusal:
    """Return the refusal of what is not any more as it was proposed."""
    return Refusal(
        Code.PROPOSAL_CHANGED, "What was proposed has changed meanwhile: look at the entry again."
    )


def _refuse_share(before: Snapshot, request: Receipt, share: Share, field: str | None) -> None:
    invoice = before.invoices.get(share.invoice_id)
    if invoice is None:
        raise Refusal(Code.INVOICE_NOT_FOUND, "The customer has no such invoice.", field=field)
    if invoice.currency != request.currency:
        raise Refusal(
            Code.CURRENCY_MISMATCH,
            f"The invoice is in {invoice.currency}: no money is converted.",
            field=field,
        )
    if invoice.status is not InvoiceStatus.VOID:
        refuse_state(before, invoice, field)


def _taken(invoice: Invoice, amount: Decimal) -> Decimal:
    """Return what of an amount an invoice takes."""
    return min(amount, invoice.amount_due) if invoice.status in OPEN else ZERO


def _kept(invoice: Invoice, rest: Decimal) -> str:
    """Say why money that was for an invoice is on the balance."""
    rest = money.rounded(rest, invoice.currency)
    why = "is void"
    if invoice.status is not InvoiceStatus.VOID:
        why = "was paid already" if invoice.status is InvoiceStatus.PAID else "asked for less"
    return f"{invoice.number or 'The draft'} {why}: {rest} {invoice.currency} went to the balance."
