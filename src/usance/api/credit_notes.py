"""The routes of credit notes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

from fastapi import Path, Query, Response
from pydantic import Field

from usance.actions import credit_notes
from usance.actions.credit_notes import View
from usance.api import routes
from usance.api.answers import Many, One, listing, show
from usance.api.bodies import Shape
from usance.api.calls import Reading
from usance.api.fields import Number, PathId, Reference
from usance.api.lines import LineShape, lines_shown
from usance.api.pages import KNOWN_QUERY, Paging
from usance.api.routes import refuses
from usance.core import money
from usance.core.invoices import CreditNote
from usance.core.payments import BalanceEntry
from usance.core.refusals import Code
from usance.core.tax import TaxCategory

NoteInPath: TypeAlias = Annotated[PathId, Path(alias="creditNoteId")]

router: Final = routes.router("Invoices")


class RefundShape(Shape):
    """What was sent back to the customer for a credit note."""

    id: UUID
    amount: Number
    at: datetime


class CreditNoteShape(Shape):
    """Money given back: what closed invoices at once, and what went to the customer's balance."""

    id: UUID
    number: str | None = Field(description="Null in a preview.")
    customer_reference_id: str
    subscription_id: UUID
    invoice_ids: list[UUID]
    subtotal: Number
    tax_rate: Number
    tax_category: TaxCategory | None
    tax_exemption_reason: str | None
    tax_amount: Number
    amount: Number
    currency: str
    applied_to_invoices: Number
    to_balance: Number
    refunded: Number
    refunds: list[RefundShape] = Field(description="Payouts that name it, the oldest first.")
    lines: list[LineShape]
    seller: Mapping[str, Any]
    customer: Mapping[str, Any]
    issued_at: datetime


@router.get(
    "/credit-notes",
    response_model=Many[CreditNoteShape],
    responses=refuses(Code.CUSTOMER_NOT_FOUND),
    dependencies=[KNOWN_QUERY],
)
async def list_credit_notes(
    call: Reading,
    page: Paging,
    reference: Annotated[Reference | None, Query(alias="customerReferenceId")] = None,
) -> Response:
    """List the account's credit notes, the newest first."""
    if reference is None:
        await call.settle_account()
    return await listing(
        call,
        page,
        lambda tx: credit_notes.page(
            tx, call, reference=reference, limit=page.limit, offset=page.offset
        ),
        _shown,
    )


@router.get(
    "/credit-notes/{creditNoteId}",
    response_model=One[CreditNoteShape],
    responses=refuses(Code.CREDIT_NOTE_NOT_FOUND),
)
async def get_credit_note(note_id: NoteInPath, call: Reading) -> Response:
    """Show a credit note."""
    return await show(call, lambda tx: credit_notes.get(tx, call, note_id), _shown)


def _shown(view: View) -> CreditNoteShape:
    return note_shown(view.note, view.to_balance, view.customer_reference, view.refunds)


def note_shown(
    note: CreditNote,
    to_balance: Decimal,
    customer_reference: str,
    refunds: Sequence[BalanceEntry] = (),
) -> CreditNoteShape:
    """Return the credit note as it is answered; a new one has no refunds."""
    refunded = sum((-one.amount for one in refunds), Decimal(0))
    return CreditNoteShape(
        id=note.id,
        number=note.number,
        customer_reference_id=customer_reference,
        subscription_id=note.subscription_id,
        invoice_ids=list(note.invoice_ids),
        subtotal=note.subtotal,
        tax_rate=note.tax_rate,
        tax_category=note.tax_category,
        tax_exemption_reason=note.tax_exemption_reason,
        tax_amount=note.tax_amount,
        amount=note.amount,
        currency=note.currency,
        applied_to_invoices=note.amount - to_balance,
        to_balance=to_balance,
        refunded=money.rounded(refunded, note.currency),
        refunds=[
            RefundShape(id=one.id, amount=money.rounded(-one.amount, note.currency), at=one.at)
            for one in refunds
        ],
        lines=lines_shown(note.id, note.lines),
        seller=note.parties["seller"],
        customer=note.parties["customer"],
        issued_at=note.issued_at,
    )
