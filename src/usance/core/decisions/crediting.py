"""Crediting: money given back for what was charged, on a document of its own.

Units: amounts are Decimals at the currency's scale, positive on a credit note.
Sources: BILLING.md, "Paying", "Usage".
"""

from dataclasses import replace
from enum import IntEnum

from usance.core.draft import Draft
from usance.core.ids import CreditNoteId
from usance.core.invoices import OPEN, CreditNote, Invoice, Line, LineKind, NoteKind, totals
from usance.core.payments import EntryKind, Source
from usance.core.subscriptions import Subscription


class Occasion(IntEnum):
    """What bills usage, as the `n` of a late note's identity: each happens once in a period."""

    PERIOD = 0  # the invoice of a period in advance, when it opens
    ARREARS = 1  # the invoice of a period in arrears, when it ends
    CANCELLATION = 2
    LAST_BOUNDARY = 3  # a cancellation at the period's end
    NEW_TIMING = 4  # a plan change from advance to arrears
    AFTER_END = 5
    CUT = 6  # a plan change that ends the period


def credit_below_zero(
    draft: Draft, subscription: Subscription, lines: list[Line], occasion: Occasion, *, seq: int
) -> list[Line]:
    """Return the lines without late ones below zero, which become a credit note of their own.

    An invoice never asks for less than nothing, and what was billed too high is given back whole.
    """
    below = tuple(replace(line, amount=-line.amount) for line in lines if _is_refund(line))
    if below:
        currency = draft.version(subscription).terms.currency
        note = new_note(
            draft,
            subscription,
            NoteKind.LATE_USAGE,
            seq=seq,
            n=occasion,
            lines=below,
            currency=currency,
        )
        apply_note(draft, note)
    return [line for line in lines if not _is_refund(line)]


def _is_refund(line: Line) -> bool:
    return line.kind is LineKind.LATE_USAGE and line.amount < 0


def new_note(
    draft: Draft,
    subscription: Subscription,
    kind: NoteKind,
    *,
    seq: int,
    n: int,
    lines: tuple[Line, ...],
    currency: str,
    corrects: Invoice | None = None,
) -> CreditNote:
    """Issue a credit note, at the tax rate of the invoice that it corrects."""
    tax_rate = corrects.tax_rate if corrects is not None else draft.before.tax_rate
    sums = totals(lines, tax_rate=tax_rate, currency=currency)
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
        tax_rate=tax_rate,
        tax_amount=sums.tax_amount,
        amount=sums.amount,
        invoice_ids=(corrects.id,) if corrects is not None else (),
        issued_at=draft.now,
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
