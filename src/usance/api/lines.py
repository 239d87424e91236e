"""The shape of the lines of invoices and credit notes."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from usance.api.bodies import Shape
from usance.api.fields import Number
from usance.core import ids
from usance.core.invoices import Line, LineKind


class Proration(Shape):
    """The share of a period's time that a line stands for."""

    numerator_us: int
    denominator_us: int


class LineShape(Shape):
    """One amount on a document."""

    id: UUID
    kind: LineKind
    description: str
    feature_key: str | None
    quantity: Number | None
    unit_price: Number | None
    amount: Number
    period_start: datetime | None
    period_end: datetime | None
    proration: Proration | None


def lines_shown(
    document_id: UUID,
    lines: Sequence[Line],
    period: tuple[datetime | None, datetime | None] = (None, None),
) -> list[LineShape]:
    """Return the lines as they are answered; one without instants of its own has the document's."""
    return [_shown(document_id, n, line, period) for n, line in enumerate(lines)]


def _shown(
    document_id: UUID,
    position: int,
    line: Line,
    period: tuple[datetime | None, datetime | None],
) -> LineShape:
    proration = None
    if line.elapsed_us is not None and line.length_us is not None:
        proration = Proration(numerator_us=line.elapsed_us, denominator_us=line.length_us)
    starts_at, ends_at = period if line.starts_at is None else (line.starts_at, line.ends_at)
    return LineShape(
        id=ids.of_part(document_id, position),
        kind=line.kind,
        description=line.description,
        feature_key=line.feature_key,
        quantity=plain(line.quantity),
        unit_price=plain(line.unit_price),
        amount=line.amount,
        period_start=starts_at,
        period_end=ends_at,
        proration=proration,
    )


def trimmed(value: Decimal) -> Decimal:
    """Return a quantity without the zeros that arithmetic left at its end."""
    return value.normalize() if value else Decimal(0)


def plain(value: Decimal | None) -> Decimal | None:
    """Return the same of a quantity that may not be there."""
    return None if value is None else trimmed(value)
