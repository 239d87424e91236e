"""Calculations: how the amount of a line came about, step by step, as it was decided.

The amount of a line is taken from its calculation, so the two cannot differ, and nothing is computed
a second time to explain it.

Units: amounts are in the currency's major unit; a step's is exact, below zero where it is taken off.
Shares of time are whole microseconds.
Sources: BILLING.md, "Explaining", "Rounding".
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from usance.core import money, pricing
from usance.core.ids import VersionId
from usance.core.money import EXACT
from usance.core.pricing import Charge, Package, Price, Volume

ZERO: Final = Decimal(0)


class StepKind(StrEnum):
    """What a step of a calculation is."""

    INCLUDED = "INCLUDED"  # units that cost nothing
    UNITS = "UNITS"  # quantity × unit price + flat fee, of one tier where there are tiers
    BLOCKS = "BLOCKS"  # the same; the quantity counts blocks
    EARLIER_UNITS = "EARLIER_UNITS"  # what the units before, under other terms, come to: taken off
    PRICE = "PRICE"  # a price, or its share of time, rounded by itself
    CHARGED = "CHARGED"  # what was charged for a time, or its share of it, rounded by itself
    ASKED_BEFORE = "ASKED_BEFORE"  # what an invoice has asked for or given back already: taken off
    CAPPED = "CAPPED"  # what goes beyond the money that was paid: taken off


@dataclass(frozen=True, slots=True)
class Step:
    """One summand. `above` and `up_to` are the ends of a tier, None where it has none.

    `part_us` of `whole_us` is the share of time that the amount stands for; None: all of it.
    """

    kind: StepKind
    amount: Decimal
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    flat_fee: Decimal | None = None
    above: Decimal | None = None
    up_to: Decimal | None = None
    part_us: int | None = None
    whole_us: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """A share of a period's time, in microseconds."""

    part_us: int
    whole_us: int


@dataclass(frozen=True, slots=True)
class Minimum:
    """The least that a whole period's line comes to, for the share of it that counts."""

    amount: Decimal
    share: Share


@dataclass(frozen=True, slots=True)
class Metered:
    """The usage that a calculation is of: what the counters of a period's feature had then.

    `units` of `events` are billable ones under this version, of which credits covered `covered`;
    `before` were used, and not covered, under earlier versions of the period.
    """

    seq: int
    counted_at: datetime
    events: int
    units: Decimal
    covered: Decimal
    before: Decimal
    billed_units: Decimal


@dataclass(frozen=True, slots=True)
class Calculation:
    """A line's amount: its steps, summed, rounded once, less what was billed before.

    `forgiven`: what of the difference to `billed_before` stood on invoices that the seller voided. It
    is not charged again; below zero, it was never paid and is not given back.
    `share`: the sum stands for so much of the period's time (`max`, `unique`). `is_credit`: the line
    stands on a credit note, which gives back what the calculation is below zero.
    """

    currency: str
    steps: tuple[Step, ...]
    version_id: VersionId | None = None
    metered: Metered | None = None
    share: Share | None = None
    minimum: Minimum | None = None
    billed_before: Decimal = ZERO
    forgiven: Decimal = ZERO
    is_credit: bool = False

    @property
    def used(self) -> Decimal:
        """The sum of the steps, or its share of the period's time."""
        total = sum((step.amount for step in self.steps), ZERO)
        if self.share is None:
            return total
        return total * self.share.part_us / self.share.whole_us

    @property
    def exact(self) -> Decimal:
        """What is rounded: the sum, or the minimum's share where that is more.

        A share without an end is kept to 120 digits: see `pricing.floor`.
        """
        if self.minimum is None:
            return self.used
        share = self.minimum.share
        return pricing.floor(self.used, self.minimum.amount, share.part_us, share.whole_us)

    @property
    def is_minimum(self) -> bool:
        """Whether the minimum decides."""
        return self.minimum is not None and self.exact > self.used

    @property
    def rounded(self) -> Decimal:
        """All that it comes to, in whole minor units."""
        return money.rounded(self.exact, self.currency)

    @property
    def amount(self) -> Decimal:
        """The line's amount."""
        owed = self.rounded - self.billed_before - self.forgiven
        return money.rounded(-owed if self.is_credit else owed, self.currency)

    def credited(self) -> "Calculation":
        """Return the calculation of the line that gives this one's amount back."""
        return replace(self, is_credit=not self.is_credit)


def shared(kind: StepKind, whole: Decimal, amount: Decimal, share: Share | None) -> Step:
    """Return the step of a price or charge of which a share of time counts, rounded by itself."""
    part_us, whole_us = (None, None) if share is None else (share.part_us, share.whole_us)
    return Step(kind, amount, unit_price=whole, part_us=part_us, whole_us=whole_us)


def metered_steps(price: Price, *, before: Decimal, quantity: Decimal) -> tuple[Step, ...]:
    """Return the steps by which `quantity` units come to their charge: they sum to `pricing.part`.

    `before` counts the units that the period had under earlier versions. Tiers count from the first
    unit that is not included.
    """
    counted, earlier = pricing.part_breakdown(price, before, quantity)
    kind = StepKind.BLOCKS if isinstance(price.model, Package) else StepKind.UNITS
    steps = [_priced(kind, charge) for charge in counted]
    reached = quantity if isinstance(price.model, Volume) else before + quantity
    free = min(price.included_units, reached)
    if free > 0:
        steps.insert(0, Step(StepKind.INCLUDED, ZERO, quantity=free, unit_price=ZERO))
    for charge in earlier:
        taken_off = _priced(StepKind.EARLIER_UNITS, charge)
        steps.append(replace(taken_off, amount=-taken_off.amount))
    return tuple(steps)


def of_amount(amount: Decimal, currency: str) -> Calculation:
    """Return the calculation of an amount that is what it is."""
    return Calculation(currency, (Step(StepKind.PRICE, amount, unit_price=amount),))


def of_units(quantity: Decimal, unit_price: Decimal, currency: str) -> Calculation:
    """Return the calculation of so many units at one price.

    >>> print(of_units(Decimal("2.5"), Decimal("120.01"), "USD").amount)  # 300.025
    300.03
    """
    step = Step(StepKind.UNITS, quantity * unit_price, quantity, unit_price)
    return Calculation(currency, (step,))


def fraction_cut(exact: Decimal, decimals: int = 20) -> Decimal:
    """Return the amount as it is shown: a share without an end is cut after so many decimals.

    >>> print(fraction_cut(Decimal(10) / 3), fraction_cut(Decimal("121.7275")))
    3.33333333333333333333 121.7275
    """
    exponent = exact.as_tuple().exponent
    assert isinstance(exponent, int), "an amount is a number"
    if exponent >= -decimals:
        return exact
    return exact.quantize(Decimal(1).scaleb(-decimals), "ROUND_DOWN", EXACT)


def _priced(kind: StepKind, charge: Charge) -> Step:
    return Step(
        kind,
        charge.amount,
        quantity=charge.quantity,
        unit_price=charge.unit_price,
        flat_fee=charge.flat_fee or None,
        above=charge.above,
        up_to=charge.up_to,
    )
