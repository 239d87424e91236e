"""The routes of bank statements: files imported, and their entries."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, Final, Literal, TypeAlias
from uuid import UUID

from fastapi import Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError

from usance.actions import applying, entries, statements
from usance.actions.applying import Told
from usance.actions.entries import EntryStatus, Kept, Standing, View
from usance.actions.proposals import Proposal
from usance.api import json, routes
from usance.api.answers import Many, One, answer, envelope, listing, paged, replayed, show
from usance.api.bodies import Shape, Strict
from usance.api.calls import Command, Reading
from usance.api.fields import (
    Choice,
    Currency,
    Id,
    LongText,
    Number,
    PathId,
    Positive,
    Reference,
    Text255,
)
from usance.api.pages import KNOWN_QUERY, Paging
from usance.api.routes import refuses
from usance.core.ids import CustomerId, InvoiceId
from usance.core.refusals import Code, Refusal, invalid
from usance.statements import columns
from usance.statements.columns import Column, DayOrder
from usance.store.statements import Import, Part

router: Final = routes.router("Bank statements")

StatementInPath: TypeAlias = Annotated[PathId, Path(alias="statementId")]
EntryInPath: TypeAlias = Annotated[PathId, Path(alias="entryId")]
Place: TypeAlias = Annotated[int, Field(ge=1, le=1_000)]
Header: TypeAlias = Annotated[str, Field(min_length=1, max_length=255)]

_FILE: Final[dict[str, Any]] = {
    "requestBody": {
        "description": "The file as the bank gives it: camt.053, MT940 or CSV, at most 20 MiB.",
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class CsvMapping(Strict):
    """How to read a CSV file, as far as that is not to be seen from it."""

    columns: dict[Choice[Column], Header | Place] = Field(
        default={}, description="By their headers, or counted from 1 in a file without."
    )
    delimiter: Annotated[str | None, Field(min_length=1, max_length=1)] = None
    encoding: (
        Literal["utf-8", "utf-16", "windows-1252", "iso-8859-1", "iso-8859-15", "cp850"] | None
    ) = None
    decimal: Literal[",", "."] | None = None
    day_order: Choice[DayOrder] | None = None
    currency: Currency | None = None
    account: Text255 | None = None


class NewPart(Strict):
    """A part of an entry: for an invoice, or without one for the customer's balance."""

    customer_reference_id: Reference
    amount: Positive
    invoice_id: Id | None = None


class Acceptance(Strict):
    """What an entry is: at most one of the first three. Without any it is what is proposed best."""

    parts: Annotated[list[NewPart] | None, Field(min_length=1, max_length=100)] = None
    proposal_id: Text255 | None = None
    payment_id: Id | None = Field(default=None, description="Of a debit: what it takes back.")
    amount_open: Positive | None = Field(
        default=None,
        description="What was open when you looked; if it is not any more: proposal_changed.",
    )


class Ignoring(Strict):
    """What an entry is, that is no customers' money."""

    note: LongText


class NoteShape(Shape):
    """What of a file became no entry, or should be looked at."""

    where: str
    text: str


class BankStatementShape(Shape):
    """A file that was read; its counts are of all its entries, as they stood after it was applied.

    Proposed is what was when the file was read, but for invoices that its own entries have paid since.
    """

    id: UUID
    format: str
    file_name: str | None
    sha256: str
    imported_at: datetime
    entries: int
    known: int = Field(description="Entries that were there before.")
    applied: int
    proposed: int
    unmatched: int
    ignored: int
    done: bool = Field(
        description="False: more reach the threshold than one import applies; import it again."
    )
    note_count: int
    notes: list[NoteShape] = Field(default=[], description="Not in a list.")


class ReasonShape(Shape):
    """What speaks for a proposal, with its points, or limits it."""

    reason: str
    text: str
    points: int


class ShareShape(Shape):
    """What of an entry is for an invoice."""

    invoice_id: UUID
    invoice_number: str
    amount: Number


class ProposalShape(Shape):
    """What an entry may be: money for `parts`, the `rest` for the balance; or `paymentId`, taken back."""

    id: str
    score: int
    customer_reference_id: str
    parts: list[ShareShape]
    rest: Number
    payment_id: UUID | None
    reasons: list[ReasonShape]


class PartShape(Shape):
    """A payment that an entry became. Undone: its money is the entry's again."""

    payment_id: UUID
    customer_reference_id: str
    amount: Number
    reversed_at: datetime | None
    undone_at: datetime | None


class KeptEntryShape(Shape):
    """What a bank has booked, and what it became. What is OPEN of it may be something: look at it."""

    id: UUID
    statement_id: UUID
    status: Standing
    booked_on: date
    value_on: date
    amount: Number
    amount_open: Number
    currency: str
    account: str
    payer_name: str
    payer_account: str
    text: str
    structured_reference: str
    end_to_end_id: str
    reference: str
    kind: str
    reversal: bool
    instructed_amount: Number | None
    instructed_currency: str
    ignored_at: datetime | None
    ignored_note: str | None
    payments: list[PartShape]
    takes_back_payment_id: UUID | None


class BankEntryShape(KeptEntryShape):
    """What a bank has booked, what it became, and what its open part may be, best first."""

    status: EntryStatus  # type: ignore[assignment] # of what is open it is known what it may be
    proposals: list[ProposalShape]


@router.post(
    "/payments/statements",
    status_code=201,
    response_model=One[BankStatementShape],
    openapi_extra=_FILE,
    dependencies=[KNOWN_QUERY],
)
async def import_statement(
    request: Request,
    call: Command,
    name: Annotated[Text255 | None, Query(alias="fileName")] = None,
    mapping: Annotated[
        Header | None,
        Query(max_length=10_000, description="Of a CSV file, as JSON: see the guide."),
    ] = None,
) -> Response:
    """Import a bank statement: each entry is kept once, however often its file comes.

    The body is the file itself, of any media type. Entries whose best proposal reaches the setting
    `statementThreshold` are applied then, customer by customer.
    """
    told = _mapping(mapping)
    again = await replayed(call)
    if again is not None:
        return again
    if call.account.statement_threshold is not None:
        await call.settle_account()
    content: bytes = request.state.raw_body
    file = await statements.read(call.db, call, content, name=name, mapping=told)
    later = call.at_present()  # a large file takes long to read
    shape = partial(_statement, with_notes=True)
    if not file.sure:
        return await answer(later, lambda tx: statements.keep(tx, later, file), shape, status=201)
    made, is_done = await statements.apply(call.db, later, file, later.catch_up)
    return await answer(
        later,
        lambda tx: statements.count(tx, later, file, made, is_done=is_done),
        shape,
        status=201,
    )


@router.get(
    "/payments/statements",
    response_model=Many[BankStatementShape],
    dependencies=[KNOWN_QUERY],
)
async def list_statements(call: Reading, page: Paging) -> Response:
    """List the statements that were imported, the newest first."""
    return await listing(
        call,
        page,
        lambda tx: statements.page(tx, call, limit=page.limit, offset=page.offset),
        lambda made: _statement(made, with_notes=False),
    )


@router.get(
    "/payments/statements/entries",
    response_model=Many[BankEntryShape],
    dependencies=[KNOWN_QUERY],
)
async def list_entries(
    call: Reading,
    page: Paging,
    status: Annotated[EntryStatus | None, Query()] = None,
    statement_id: Annotated[Id | None, Query(alias="statementId")] = None,
) -> Response:
    """List entries with what they may be, those booked last first.

    `statementId` is the first import that brought an entry.
    """
    listed, total = await entries.page(
        call.db,
        call,
        status=status,
        statement_id=statement_id,
        limit=page.limit,
        offset=page.offset,
    )
    return paged(page, listed, total, _entry)


@router.get(
    "/payments/statements/{statementId}",
    response_model=One[BankStatementShape],
    responses=refuses(Code.STATEMENT_NOT_FOUND),
)
async def get_statement(statement_id: StatementInPath, call: Reading) -> Response:
    """Show an import with its notes."""
    return await show(
        call,
        lambda tx: statements.get(tx, call, statement_id),
        lambda made: _statement(made, with_notes=True),
    )


@router.get(
    "/payments/statements/entries/{entryId}",
    response_model=One[BankEntryShape],
    responses=refuses(Code.ENTRY_NOT_FOUND),
)
async def get_entry(entry_id: EntryInPath, call: Reading) -> Response:
    """Show an entry with what it may be."""
    shown = _entry(await entries.get(call.db, call, entry_id))
    return Response(envelope(shown), media_type="application/json")


@router.post(
    "/payments/statements/entries/{entryId}/accept",
    response_model=One[KeptEntryShape],
    responses=refuses(
        Code.ENTRY_NOT_FOUND,
        Code.CUSTOMER_NOT_FOUND,
        Code.INVOICE_NOT_FOUND,
        Code.PAYMENT_NOT_FOUND,
        Code.ENTRY_SETTLED,
        Code.NO_PROPOSAL,
        Code.PROPOSAL_CHANGED,
        Code.CURRENCY_MISMATCH,
        Code.INVOICE_PENDING,
        Code.PAYMENT_REFERENCE_CONFLICT,
        Code.ALREADY_REVERSED,
    ),
)
async def accept_entry(
    entry_id: EntryInPath, call: Command, body: Acceptance | None = None
) -> Response:
    """Apply an entry: as proposed, or as you say it (`parts`). What is left of it stays open.

    Its parts become payments. What an invoice does not take any more (it is void, or was paid) goes to
    the customer's balance, and the payment's note says so. Parts that are sent twice are two: send an
    Idempotency-Key, or `amountOpen`.
    """
    said = body or Acceptance()
    given = [
        name for name in ("parts", "proposal_id", "payment_id") if getattr(said, name) is not None
    ]
    if len(given) > 1:
        field = {"proposal_id": "proposalId", "payment_id": "paymentId"}[given[1]]
        raise invalid(field, "Say one of `parts`, `proposalId` and `paymentId`.")
    if said.parts is not None:
        told = [
            Told(
                one.customer_reference_id,
                one.amount,
                None if one.invoice_id is None else InvoiceId(one.invoice_id),
            )
            for one in said.parts
        ]
        return await answer(
            call,
            lambda tx: applying.accept_parts(tx, call, entry_id, told, said.amount_open),
            _kept,
        )
    if said.payment_id is not None:
        payment_id = said.payment_id
        return await answer(
            call,
            lambda tx: applying.take_back(tx, call, entry_id, payment_id, said.amount_open),
            _kept,
        )
    return await _accept_proposed(call, entry_id, said)


async def _accept_proposed(call: Command, entry_id: UUID, said: Acceptance) -> Response:
    again = await replayed(call)
    if again is not None:
        return again
    proposal = await applying.chosen(call.db, call, entry_id, said.proposal_id)
    return await answer(
        call,
        lambda tx: applying.accept(tx, call, entry_id, proposal, said.amount_open),
        _kept,
    )


@router.post(
    "/payments/statements/entries/{entryId}/undo",
    response_model=One[KeptEntryShape],
    responses=refuses(Code.ENTRY_NOT_FOUND, Code.NOT_REVERSIBLE, Code.PROPOSAL_CHANGED),
)
async def undo_entry(entry_id: EntryInPath, call: Command) -> Response:
    """Reverse the payments that an entry became; its money is open again. Again: the same result."""
    return await answer(call, lambda tx: applying.undo(tx, call, entry_id), _kept)


@router.post(
    "/payments/statements/entries/{entryId}/ignore",
    response_model=One[KeptEntryShape],
    responses=refuses(Code.ENTRY_NOT_FOUND, Code.ENTRY_SETTLED),
)
async def ignore_entry(entry_id: EntryInPath, body: Ignoring, call: Command) -> Response:
    """Set aside what is open of an entry: it is not customers' money. Undo it to look at it again."""
    return await answer(call, lambda tx: applying.ignore(tx, call, entry_id, body.note), _kept)


def _mapping(text: str | None) -> columns.Mapping | None:
    """Return how a CSV file is to be read, or refuse what is no mapping, naming its field."""
    if text is None:
        return None
    try:
        value = json.parse(text.encode())
        said = CsvMapping.model_validate(value)
    except Refusal as refused:
        field = f"mapping.{refused.field}" if refused.field else "mapping"
        raise invalid(field, "The mapping is no JSON that could be read.") from None
    except ValidationError as wrong:
        faults = [{**one, "loc": ("query", "mapping", *one["loc"])} for one in wrong.errors()]
        raise RequestValidationError(faults) from None
    if len({type(each) for each in said.columns.values()}) > 1:
        raise invalid("mapping.columns", "Name all columns, or count all of them.")
    return columns.Mapping(
        columns=dict(said.columns),
        delimiter=said.delimiter,
        encoding=said.encoding,
        decimal=said.decimal,
        day_order=said.day_order,
        currency=said.currency,
        account=said.account,
    )


def _statement(made: Import, *, with_notes: bool) -> BankStatementShape:
    shape = BankStatementShape(
        id=made.id,
        format=made.format,
        file_name=made.file_name,
        sha256=made.sha256.hex(),
        imported_at=made.imported_at,
        entries=made.entries,
        known=made.known,
        applied=made.applied,
        proposed=made.proposed,
        unmatched=made.unmatched,
        ignored=made.ignored,
        done=made.is_done,
        note_count=len(made.notes),
    )
    if not with_notes:
        return shape
    notes = [NoteShape(where=where, text=text) for where, text in made.notes]
    return shape.model_copy(update={"notes": notes})


def _entry(view: View) -> BankEntryShape:
    found = [_proposal(one) for one in view.proposals]
    return BankEntryShape(**{**_told(view.kept), "status": view.status, "proposals": found})


def _kept(kept: Kept) -> KeptEntryShape:
    return KeptEntryShape(**_told(kept))


def _told(kept: Kept) -> dict[str, Any]:
    entry, said = kept.entry, kept.entry.said
    names = [name for name in KeptEntryShape.model_fields if hasattr(said, name)]
    return {
        **{name: getattr(said, name) for name in names},
        "id": entry.id,
        "statement_id": entry.statement_id,
        "status": kept.standing,
        "amount_open": entry.open,
        "ignored_at": entry.ignored_at,
        "ignored_note": entry.ignored_note,
        "payments": [_part(part, kept.references) for part in kept.parts],
        "takes_back_payment_id": entry.takes_back,
    }


def _part(part: Part, references: Mapping[CustomerId, str]) -> PartShape:
    return PartShape(
        payment_id=part.payment_id,
        customer_reference_id=references[part.customer_id],
        amount=part.amount,
        reversed_at=part.reversed_at,
        undone_at=part.undone_at,
    )


def _proposal(one: Proposal) -> ProposalShape:
    return ProposalShape(
        id=one.id,
        score=one.score,
        customer_reference_id=one.customer_reference,
        parts=[
            ShareShape(invoice_id=each.invoice_id, invoice_number=each.number, amount=each.amount)
            for each in one.shares
        ],
        rest=one.rest,
        payment_id=one.payment_id,
        reasons=[
            ReasonShape(reason=each.code, text=each.text, points=each.points)
            for each in one.reasons
        ],
    )
