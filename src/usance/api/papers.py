"""The routes of documents as PDF."""

import asyncio
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Response

from usance.actions import commands, papers
from usance.actions.papers import Style
from usance.api import routes
from usance.api.calls import Reading
from usance.api.credit_notes import NoteInPath
from usance.api.fields import Choice
from usance.api.invoices import InvoiceInPath
from usance.api.pages import KNOWN_QUERY
from usance.api.routes import refuses
from usance.core.refusals import Code
from usance.documents.paper import Language, Paper, Size

router: Final = routes.router("Invoices")

_MEDIA_TYPE: Final = "application/pdf"
_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The document.",
        "content": {_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}


def _style(
    language: Annotated[
        Choice[Language] | None,
        Query(description="Of the document; absent: the customer's, else the account's."),
    ] = None,
    size: Annotated[Choice[Size], Query(description="Of the page.")] = Size.A4,
) -> Style:
    return Style(language, size)


Styled = Annotated[Style, Depends(_style)]


@router.get(
    "/invoices/{invoiceId}/pdf",
    response_class=Response,
    responses=_ANSWER | refuses(Code.INVOICE_NOT_FOUND, Code.INVOICE_PENDING),
    dependencies=[KNOWN_QUERY],
)
async def print_invoice(invoice_id: InvoiceInPath, call: Reading, style: Styled) -> Response:
    """Print an invoice, or a draft: as it was issued, with what has been paid of it."""
    paper = await commands.read(
        call.db, lambda tx: papers.invoice(tx, call, invoice_id, style), call.catch_up
    )
    return await _printed(paper, "draft")


@router.get(
    "/credit-notes/{creditNoteId}/pdf",
    response_class=Response,
    responses=_ANSWER | refuses(Code.CREDIT_NOTE_NOT_FOUND),
    dependencies=[KNOWN_QUERY],
)
async def print_credit_note(note_id: NoteInPath, call: Reading, style: Styled) -> Response:
    """Print a credit note."""
    paper = await commands.read(
        call.db, lambda tx: papers.credit_note(tx, call, note_id, style), call.catch_up
    )
    return await _printed(paper, "credit-note")


async def _printed(paper: Paper, unnamed: str) -> Response:
    """Return the document. Typesetting has a thread of its own: others are answered meanwhile."""
    content = await asyncio.to_thread(papers.printed, paper)
    name = papers.file_name(paper.number or unnamed)
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"'}
    return Response(content, media_type=_MEDIA_TYPE, headers=headers)
