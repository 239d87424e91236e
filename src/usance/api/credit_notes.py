"""The shape of credit notes."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from usance.api.bodies import Shape
from usance.api.fields import Number
from usance.api.lines import LineShape, lines_shown
from usance.core.invoices import CreditNote


class CreditNoteShape(Shape):
    """Money given back: what closed invoices at once, and what went to the customer's balance."""

    id: UUID
    number: str
    invoice_ids: list[UUID]
    subtotal: Number
    tax_rate: Number
    tax_amount: Number
    amount: Number
    currency: str
    applied_to_invoices: Number
    to_balance: Number
    lines: list[LineShape]
    issued_at: datetime


def note_shown(note: CreditNote, to_balance: Decimal) -> CreditNoteShape:
    """Return the credit note as it is answered."""
    assert note.number is not None, "a credit note is numbered when it is issued"
    return CreditNoteShape(
        id=note.id,
        number=note.number,
        invoice_ids=list(note.invoice_ids),
        subtotal=note.subtotal,
        tax_rate=note.tax_rate,
        tax_amount=note.tax_amount,
        amount=note.amount,
        currency=note.currency,
        applied_to_invoices=note.amount - to_balance,
        to_balance=to_balance,
        lines=lines_shown(note.id, note.lines),
        issued_at=note.issued_at,
    )
