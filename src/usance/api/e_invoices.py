"""The routes of e-invoices."""

import asyncio
from typing import Annotated, Any, Final, TypeAlias, assert_never

from fastapi import Query, Response

from usance.actions import commands, e_invoices, papers
from usance.api import routes
from usance.api.calls import Reading
from usance.api.credit_notes import NoteInPath
from usance.api.fields import Choice
from usance.api.invoices import InvoiceInPath
from usance.api.pages import KNOWN_QUERY
from usance.api.papers import Styled
from usance.api.routes import refuses
from usance.core.refusals import Code
from usance.documents.einvoice import cii, ubl
from usance.documents.einvoice.content import EInvoice, Format

router: Final = routes.router("Invoices")

_XML: Final = "application/xml"
_PDF: Final = "application/pdf"
_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The e-invoice; of FACTURX it is a PDF.",
        "content": {
            _XML: {"schema": {"type": "string"}},
            _PDF: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}

Formatted: TypeAlias = Annotated[
    Choice[Format], Query(alias="format", description="The syntax, and the rules to keep.")
]


@router.get(
    "/invoices/{invoiceId}/e-invoice",
    response_class=Response,
    responses=_ANSWER
    | refuses(
        Code.INVOICE_NOT_FOUND,
        Code.INVOICE_PENDING,
        Code.INVOICE_VOID,
        Code.E_INVOICE_INCOMPLETE,
    ),
    dependencies=[KNOWN_QUERY],
)
async def write_e_invoice(
    invoice_id: InvoiceInPath, call: Reading, style: Styled, form: Formatted = Format.UBL
) -> Response:
    """Return an issued invoice as an e-invoice (EN 16931). What it lacks is named, all at once."""
    one = await commands.read(
        call.db, lambda tx: e_invoices.invoice(tx, call, invoice_id, form, style), call.catch_up
    )
    return await _written(one, form)


@router.get(
    "/credit-notes/{creditNoteId}/e-invoice",
    response_class=Response,
    responses=_ANSWER | refuses(Code.CREDIT_NOTE_NOT_FOUND, Code.E_INVOICE_INCOMPLETE),
    dependencies=[KNOWN_QUERY],
)
async def write_e_credit_note(
    note_id: NoteInPath, call: Reading, style: Styled, form: Formatted = Format.UBL
) -> Response:
    """Return a credit note likewise."""
    one = await commands.read(
        call.db, lambda tx: e_invoices.credit_note(tx, call, note_id, form, style), call.catch_up
    )
    return await _written(one, form)


async def _written(one: EInvoice, form: Format) -> Response:
    """Return the e-invoice, written in a thread of its own: others are answered meanwhile."""
    media, ending = (_PDF, "pdf") if form is Format.FACTURX else (_XML, "xml")
    data = await asyncio.to_thread(_bytes, one, form)
    name = f"{papers.file_name(one.paper.number)}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=media, headers=headers)


def _bytes(one: EInvoice, form: Format) -> bytes:
    match form:
        case Format.UBL | Format.XRECHNUNG_UBL:
            return ubl.write(one, form)
        case Format.CII | Format.XRECHNUNG_CII:
            return cii.write(one, form)
        case Format.FACTURX:
            return e_invoices.printed(one)
        case _:
            assert_never(form)
