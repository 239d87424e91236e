"""Crediting: money given back for what was charged, on a document of its own.

Units: amounts are Decimals at the currency's scale, positive on a credit note.
Sources: BILLING.md, "Paying", "Usage".
"""

from enum import IntEnum
from typing import Final

from usance.core import parties
from usance.core.draft import Draft
from usance.core.ids import CreditNoteId, InvoiceId
from usance.core.invoices import OPEN, CreditNote, Invoice, Line, NoteKind, Refund, totals
from usance.core.payments import EntryKind, Source
from usance.core.subscriptions import Subscription
from usance.core.tax import Tax


class Occasion(IntEnum):
    """What bills usage, as the `n` of a late note's identity: each happens once in a period.

    Where it corrects invoices of several taxes, the note of each further one counts `_EACH_TAX`
    higher. So no value may reach that, and none may change: they are stored.
    """

    PERIOD = 0  # the invoice of a period in advance, when it opens
    ARREARS = 1  # the invoice of a period in arrears, when it ends
    CANCELLATION = 2
    LAST_BOUNDARY = 3  # a cancellation at the period's end
    NEW_TIMING = 4  # a plan change from advance to arrears
    AFTER_END = 5
    CUT = 6  # a plan change that ends the period


_EACH_TAX: Final = 100


def credit_late(draft: Draft, subscription: Subscription, occasion: Occasion, *, seq: int) -> None:
    """Give back by credit notes what usage has turned out to be billed too high: one for a tax.

    An invoice never asks for less than nothing, and what was billed too high is given back whole, at
    the tax at which it was billed; the note names the invoices that did.
    """
    refunds, draft.refunds = draft.refunds, []
    by_tax: dict[Tax, list[Refund]] = {}
    for refund in refunds:
        by_tax.setdefault(refund.tax, []).append(refund)
    for place, (tax, corrected) in enumerate(by_tax.items()):
        named = dict.fromkeys(r.invoice_id for r in corrected if r.invoice_id is not None)
        note = _issue(
            draft,
            subscription,
            NoteKind.LATE_USAGE,
            seq=seq,
            n=occasion + place * _EACH_TAX,
            lines=tuple(r.line.credited() for r in corrected),
            currency=draft.version(subscription).terms.currency,
            tax=tax,
            invoice_ids=tuple(named),
        )
        apply_note(draft, note)


def new_note(
    draft: Draft,
    subscription: Subscription,
    kind: NoteKind,
    *,
    seq: int,
    n: int,
    lines: tuple[Line, ...],
    currency: str,
    corrects: Invoice | None,
) -> CreditNote:
    """Issue a credit note, at the tax of the invoice that it corrects."""
    return _issue(
        draft,
        subscription,
        kind,
        seq=seq,
        n=n,
        lines=lines,
        currency=currency,
        tax=corrects.tax if corrects is not None else draft.before.tax,
        invoice_ids=(corrects.id,) if corrects is not None else (),
    )


def _issue(
    draft: Draft,
    subscription: Subscription,
    kind: NoteKind,
    *,
    seq: int,
    n: int,
    lines: tuple[Line, ...],
    currency: str,
    tax: Tax,
    invoice_ids: tuple[InvoiceId, ...],
) -> CreditNote:
    sums = totals(lines, tax_rate=tax.rate, currency=currency)
    note = CreditNote(
        id=CreditNoteId(draft.new_id("note", subscription.id, seq, kind, n)),
        customer_id=subscription.customer_id,
        subscription_id=subscription.id,
        seq=seq,
        kind=kind,
        n=n,
        currency=currency,
        lines=lines,
        subtotal=sums.subtotal,
        tax_rate=tax.rate,
        tax_category=tax.category,
        tax_exemption_reason=tax.exemption_reason,
        tax_amount=sums.tax_amount,
        amount=sums.amount,
        invoice_ids=invoice_ids,
        issued_at=draft.now,
        parties=parties.of(draft.before.account, draft.before.customer),
    )
    draft.add_note(note)
    return note


def apply_note(draft: Draft, note: CreditNote) -> None:
    """Let a credit note close what is open on its subscription, oldest first; the rest is balance."""
    left = note.amount
    for invoice in draft.invoices_of(note.subscription_id):
        if left == 0:
            break
        if invoice.status in OPEN and invoice.currency == note.currency:
            part = min(left, invoice.amount_due)
            draft.put_money(invoice.id, part, Source.CREDIT_NOTE, note.id)
            left -= part
    draft.move_balance(note.currency, left, EntryKind.CREDIT_NOTE, note.id)
