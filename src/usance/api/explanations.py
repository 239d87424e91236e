"""The routes that explain invoices and credit notes: why each line says what it says."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

from fastapi import Path, Response
from pydantic import Field

from usance.actions import explanations
from usance.actions.explanations import Explained, ExplainedInvoice, ExplainedNote
from usance.api import routes, terms
from usance.api.answers import Many, One, listing, show
from usance.api.bodies import Shape
from usance.api.calls import Reading
from usance.api.credit_notes import NoteInPath
from usance.api.fields import Number, PathId
from usance.api.invoices import InvoiceInPath
from usance.api.lines import LineShape, Proration, lines_shown, plain, trimmed
from usance.api.pages import KNOWN_QUERY, Paging
from usance.api.routes import refuses
from usance.core.calculations import Calculation, Metered, Share, Step, StepKind, fraction_cut
from usance.core.catalog import BillingTiming, PlanVersion
from usance.core.invoices import InvoiceStatus, Line
from usance.core.metering import Counter, forgiven_of
from usance.core.money import rounded
from usance.core.periods import Unit
from usance.core.refusals import Code
from usance.store.explanations import Counted

router: Final = routes.router("Invoices")

LineInPath: TypeAlias = Annotated[PathId, Path(alias="lineId")]


class StepShape(Shape):
    """One summand of a calculation: below zero where it is taken off."""

    kind: StepKind
    quantity: Number | None = Field(description="Units; of a package, blocks.")
    unit_price: Number | None
    flat_fee: Number | None
    above: Number | None = Field(description="Where the tier begins, behind the included units.")
    up_to: Number | None = Field(description="Where the tier ends; null: open, or no tiers.")
    share: Proration | None = Field(description="The share of time that counts of the price.")
    amount: Number


class MinimumShape(Shape):
    """The least that the line comes to, for its share of the period."""

    amount: Number
    share: Proration
    decides: bool


class CalculationShape(Shape):
    """How an amount came about: the steps are summed, rounded once, less what was billed before.

    Of the sum a share of the time may count, or the minimum may. A credit note turns it round.
    """

    steps: list[StepShape]
    share: Proration | None = Field(description="Of max and unique: the part's own time.")
    minimum: MinimumShape | None
    exact_amount: Number = Field(description="Before rounding; cut after 20 decimals.")
    rounded_amount: Number
    billed_before: Number
    forgiven: Number = Field(
        description="Of the difference: what stood on invoices that were voided, and is not charged again; "
        "below zero, not given back."
    )
    is_credit: bool
    amount: Number


class PricedBy(Shape):
    """The version of a plan whose price it is."""

    key: str
    name: str
    version: int
    price_amount: Number
    currency: str
    interval: Unit
    interval_count: int
    billing_timing: BillingTiming


class CounterShape(Shape):
    """A counter of the usage as it stands now: events may have come since."""

    window: int = Field(description="Which `every` of the limit within the period.")
    units: Number
    covered_units: Number
    events: int
    billed_units: Number
    billed_amount: Number
    forgiven_amount: Number = Field(
        description="Of it, what invoices had charged that were voided."
    )
    awaits_invoice: bool


class UsageShape(Shape):
    """The usage that a line counts."""

    units: Number = Field(description="Billable, under this version, when it was counted.")
    covered_units: Number = Field(description="Of them paid with credits.")
    units_before: Number = Field(description="Under earlier versions of the period.")
    billed_units: Number = Field(description="On earlier documents.")
    events: int
    counted_at: datetime
    counters: list[CounterShape]
    archived_months: list[str] = Field(
        description="Months of which the customer's events are not in the database any more."
    )


class ExplainedLine(LineShape):
    """A line with what stands behind it."""

    plan: PricedBy | None
    pricing: Mapping[str, Any] | None = Field(
        description="The price of the usage, in the words of the catalogue document."
    )
    calculation: CalculationShape
    usage: UsageShape | None


class ExplainedInvoiceShape(Shape):
    """An invoice with its lines explained; a PENDING one as if its period closed now."""

    id: UUID
    number: str | None
    status: InvoiceStatus
    currency: str
    lines: list[ExplainedLine]
    subtotal: Number
    tax_rate: Number
    tax_amount: Number
    amount: Number


class ExplainedNoteShape(Shape):
    """A credit note with its lines explained."""

    id: UUID
    number: str | None
    currency: str
    lines: list[ExplainedLine]
    subtotal: Number
    tax_rate: Number
    tax_amount: Number
    amount: Number


class CountedEvent(Shape):
    """An event as its line counted it; of a correction all is below zero."""

    id: UUID
    event_idempotency_key: str
    event_name: str
    occurred_at: datetime
    recorded_at: datetime
    usage_units: Number
    billable_units: Number
    covered_units: Number
    used_before: Number = Field(
        description="What the use of its limit had come to before it, as the receipt told it."
    )
    used_after: Number
    revenue_amount: Number | None = Field(description="What it added, as it was recorded.")
    credits_deducted: Number
    model: str | None


@router.get(
    "/invoices/{invoiceId}/explain",
    response_model=One[ExplainedInvoiceShape],
    responses=refuses(Code.INVOICE_NOT_FOUND),
)
async def explain_invoice(invoice_id: InvoiceInPath, call: Reading) -> Response:
    """Explain an invoice: each line's price, quantity, steps, rounding, and the usage behind it."""
    return await show(call, lambda tx: explanations.invoice(tx, call, invoice_id), _invoice)


@router.get(
    "/invoices/{invoiceId}/lines/{lineId}/events",
    response_model=Many[CountedEvent],
    responses=refuses(Code.INVOICE_NOT_FOUND, Code.LINE_NOT_FOUND),
    dependencies=[KNOWN_QUERY],
)
async def list_line_events(
    invoice_id: InvoiceInPath, line_id: LineInPath, call: Reading, page: Paging
) -> Response:
    """List the events that a line counts, in the order in which they were counted.

    A line that counts no usage has none. Of an archived month they are not there any more.
    """
    return await listing(
        call,
        page,
        lambda tx: explanations.events(
            tx, call, invoice_id, line_id, limit=page.limit, offset=page.offset
        ),
        _event,
    )


@router.get(
    "/credit-notes/{creditNoteId}/explain",
    response_model=One[ExplainedNoteShape],
    responses=refuses(Code.CREDIT_NOTE_NOT_FOUND),
)
async def explain_credit_note(note_id: NoteInPath, call: Reading) -> Response:
    """Explain a credit note: why each line gives back what it gives back."""
    return await show(call, lambda tx: explanations.credit_note(tx, call, note_id), _note)


def _invoice(explained: ExplainedInvoice) -> ExplainedInvoiceShape:
    one = explained.invoice
    period = (one.starts_at, one.ends_at)
    return ExplainedInvoiceShape(
        id=one.id,
        number=one.number,
        status=one.status,
        currency=one.currency,
        lines=_lines(one.id, one.lines, period, explained.lines),
        subtotal=one.subtotal,
        tax_rate=one.tax_rate,
        tax_amount=one.tax_amount,
        amount=one.amount,
    )


def _note(explained: ExplainedNote) -> ExplainedNoteShape:
    one = explained.note
    return ExplainedNoteShape(
        id=one.id,
        number=one.number,
        currency=one.currency,
        lines=_lines(one.id, one.lines, (None, None), explained.lines),
        subtotal=one.subtotal,
        tax_rate=one.tax_rate,
        tax_amount=one.tax_amount,
        amount=one.amount,
    )


def _lines(
    document_id: UUID,
    lines: Sequence[Line],
    period: tuple[datetime | None, datetime | None],
    explained: Sequence[Explained],
) -> list[ExplainedLine]:
    shown = lines_shown(document_id, lines, period)
    return [
        ExplainedLine(
            **dict(line),
            plan=None if one.version is None else _plan(one.version),
            pricing=_pricing(one),
            calculation=_calculation(one.calculation),
            usage=_usage(one),
        )
        for line, one in zip(shown, explained, strict=True)
    ]


def _plan(version: PlanVersion) -> PricedBy:
    sold = version.terms
    return PricedBy(
        key=version.plan_key,
        name=version.plan_name,
        version=version.number,
        price_amount=rounded(sold.price, sold.currency),
        currency=sold.currency,
        interval=sold.interval.unit,
        interval_count=sold.interval.count,
        billing_timing=sold.timing,
    )


def _pricing(one: Explained) -> Mapping[str, Any] | None:
    if one.version is None or one.line.feature_key is None:
        return None
    written = terms.written(one.version.terms)["features"]
    return next(
        (terms.pricing(each) for each in written if each["key"] == one.line.feature_key), None
    )


def _calculation(how: Calculation) -> CalculationShape:
    minimum = None
    if how.minimum is not None:
        minimum = MinimumShape(
            amount=rounded(how.minimum.amount, how.currency),
            share=_share(how.minimum.share),
            decides=how.is_minimum,
        )
    return CalculationShape(
        steps=[_step(step) for step in how.steps],
        share=None if how.share is None else _share(how.share),
        minimum=minimum,
        exact_amount=fraction_cut(how.exact),
        rounded_amount=how.rounded,
        billed_before=rounded(how.billed_before, how.currency),
        forgiven=rounded(how.forgiven, how.currency),
        is_credit=how.is_credit,
        amount=how.amount,
    )


def _step(step: Step) -> StepShape:
    share = None
    if step.part_us is not None and step.whole_us is not None:
        share = _share(Share(step.part_us, step.whole_us))
    return StepShape(
        kind=step.kind,
        quantity=plain(step.quantity),
        unit_price=plain(step.unit_price),
        flat_fee=plain(step.flat_fee),
        above=plain(step.above),
        up_to=plain(step.up_to),
        share=share,
        amount=step.amount,
    )


def _share(share: Share) -> Proration:
    return Proration(numerator_us=share.part_us, denominator_us=share.whole_us)


def _usage(one: Explained) -> UsageShape | None:
    used: Metered | None = one.calculation.metered
    if used is None:
        return None
    return UsageShape(
        units=trimmed(used.units),
        covered_units=trimmed(used.covered),
        units_before=trimmed(used.before),
        billed_units=trimmed(used.billed_units),
        events=used.events,
        counted_at=used.counted_at,
        counters=[_counter(each) for each in one.counters],
        archived_months=[f"{month:%Y-%m}" for month in one.archived],
    )


def _counter(counter: Counter) -> CounterShape:
    return CounterShape(
        window=counter.key.window,
        units=trimmed(counter.units),
        covered_units=trimmed(counter.covered),
        events=counter.events,
        billed_units=trimmed(counter.billed_units),
        billed_amount=counter.billed_amount,
        forgiven_amount=forgiven_of(counter.forgiven, counter.billed_amount),
        awaits_invoice=counter.awaits_invoice,
    )


def _event(one: Counted) -> CountedEvent:
    return CountedEvent(
        id=one.id,
        event_idempotency_key=one.key,
        event_name=one.name,
        occurred_at=one.occurred_at,
        recorded_at=one.recorded_at,
        usage_units=trimmed(one.units),
        billable_units=trimmed(one.billable),
        covered_units=trimmed(one.covered),
        used_before=trimmed(one.used - one.billable),
        used_after=trimmed(one.used),
        revenue_amount=plain(one.revenue_amount),
        credits_deducted=trimmed(one.credits),
        model=one.model,
    )
