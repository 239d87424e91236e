"""Explanations: why a line of an invoice or a credit note says what it says.

Sources: BILLING.md, "Explaining".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from usance.actions import credit_notes, invoices
from usance.actions.commands import Call
from usance.core import calculations, ids
from usance.core.calculations import Calculation
from usance.core.catalog import PlanVersion
from usance.core.ids import CustomerId, InvoiceId, SubscriptionId, VersionId
from usance.core.invoices import CreditNote, Invoice, Line, LineKind
from usance.core.metering import Counter
from usance.core.refusals import Code, Refusal
from usance.store import catalog
from usance.store import explanations as stored
from usance.store.db import Tx
from usance.store.explanations import Counted, Part


@dataclass(frozen=True, slots=True)
class Explained:
    """A line with how its amount came about.

    `version`: whose price it is; None: the seller's own. `counters` are those of the usage as they
    stand now, and `archived` the months of which its events are not in the database any more.
    """

    line: Line
    calculation: Calculation
    version: PlanVersion | None
    counters: Sequence[Counter] = ()
    archived: Sequence[datetime] = ()


@dataclass(frozen=True, slots=True)
class ExplainedInvoice:
    """An invoice with its lines explained."""

    invoice: Invoice
    lines: Sequence[Explained]


@dataclass(frozen=True, slots=True)
class ExplainedNote:
    """A credit note with its lines explained."""

    note: CreditNote
    lines: Sequence[Explained]


@dataclass(frozen=True, slots=True)
class _Document:
    """What is to be known of a document to explain its lines."""

    customer_id: CustomerId
    subscription_id: SubscriptionId | None
    invoice_id: InvoiceId | None
    currency: str
    lines: Sequence[Line]


async def invoice(tx: Tx, call: Call, invoice_id: UUID) -> ExplainedInvoice:
    """Return an invoice with its lines explained, or refuse: invoice_not_found.

    One that still accrues is explained as if its period closed now.
    """
    one = (await invoices.get(tx, call, invoice_id)).invoice
    document = _Document(one.customer_id, one.subscription_id, one.id, one.currency, one.lines)
    return ExplainedInvoice(one, await _explained(tx, call, document))


async def credit_note(tx: Tx, call: Call, note_id: UUID) -> ExplainedNote:
    """Return a credit note with its lines explained, or refuse: credit_note_not_found."""
    note = (await credit_notes.get(tx, call, note_id)).note
    document = _Document(note.customer_id, note.subscription_id, None, note.currency, note.lines)
    return ExplainedNote(note, await _explained(tx, call, document))


async def events(
    tx: Tx, call: Call, invoice_id: UUID, line_id: UUID, *, limit: int, offset: int
) -> tuple[Sequence[Counted], int]:
    """Return a page of the events that an invoice's line counts, as they were counted, and how many.

    A line that counts none has none. Refusals, in this order: invoice_not_found, line_not_found.
    """
    one = (await invoices.get(tx, call, invoice_id)).invoice
    line = next(
        (line for n, line in enumerate(one.lines) if ids.of_part(one.id, n) == line_id), None
    )
    if line is None:
        raise Refusal(Code.LINE_NOT_FOUND, "The invoice has no such line.")
    part, how = _part(one.subscription_id, line), line.calculation
    if part is None or how is None or how.metered is None:
        return [], 0
    owner = (call.account.id, one.customer_id)
    within = await stored.window(tx, *owner, part, how.metered.counted_at)
    total = how.metered.events
    if await stored.archived(tx, *owner, within):
        total = await stored.count(tx, *owner, part, within)
    size = max(0, min(limit, total - offset))
    return await stored.events(tx, *owner, part, within, limit=size, offset=offset), total


def calculation_of(line: Line, currency: str) -> Calculation:
    """Return how a line's amount came about: as it was kept, or what the line says itself."""
    if line.calculation is not None:
        return line.calculation
    if line.quantity is not None and line.unit_price is not None:
        return calculations.of_units(line.quantity, line.unit_price, currency)
    return calculations.of_amount(line.amount, currency)


async def _explained(tx: Tx, call: Call, document: _Document) -> list[Explained]:
    found = [
        (line, calculation_of(line, document.currency), _part(document.subscription_id, line))
        for line in document.lines
    ]
    priced = await _versions(tx, call, document)
    versions = await catalog.versions(tx, call.account.id, {v for v in priced if v is not None})
    owner = (call.account.id, document.customer_id)
    counters = await stored.counters(tx, *owner, [part for _, _, part in found if part is not None])
    explained = []
    for (line, how, part), version_id in zip(found, priced, strict=True):
        archived: Sequence[datetime] = ()
        if part is not None and how.metered is not None:
            within = await stored.window(tx, *owner, part, how.metered.counted_at)
            archived = await stored.archived(tx, *owner, within)
        explained.append(
            Explained(
                line=line,
                calculation=how,
                version=None if version_id is None else versions[version_id],
                counters=() if part is None else counters[part],
                archived=archived,
            )
        )
    return explained


def _part(subscription_id: SubscriptionId | None, line: Line) -> Part | None:
    """Return what a line of usage counts."""
    how = line.calculation
    if subscription_id is None or how is None or how.metered is None or how.version_id is None:
        return None
    assert line.feature_key is not None, "usage is of a feature"
    return Part(subscription_id, how.metered.seq, line.feature_key, how.version_id)


async def _versions(tx: Tx, call: Call, document: _Document) -> list[VersionId | None]:
    """Return whose price each line is: of its calculation, else of what its time was sold as."""
    if document.subscription_id is None:
        return [None] * len(document.lines)
    starts = [line.starts_at for line in document.lines if line.starts_at is not None]
    own, by_start, sold = await stored.sold(
        tx,
        call.account.id,
        document.customer_id,
        document.subscription_id,
        invoice_id=document.invoice_id,
        starts=starts,
    )
    found: list[VersionId | None] = []
    for line in document.lines:
        version_id = None if line.calculation is None else line.calculation.version_id
        if version_id is None and line.starts_at is not None:
            version_id = by_start.get(line.starts_at)
        if version_id is None and line.kind is LineKind.BASE:
            version_id = own or sold  # a first invoice, whose time is not known before it is paid
        found.append(version_id)
    return found
