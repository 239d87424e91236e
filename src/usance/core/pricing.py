"""Pricing: what a quantity of usage costs, exactly, under each of the four price models.

Units: quantities are units of the feature; prices and amounts are in the currency's major unit
(dollars, not cents) and exact. Nothing here is rounded: a line is rounded once, on its invoice.

Sources: BILLING.md, "Catalogue" for the models, "Upgrading, downgrading" for parts of a period,
"Usage" for an event's revenue.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias, assert_never

from usance.core.money import EXACT

ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Tier:
    """One step of a price: from where the tier before it ends, up to and including `up_to`.

    `up_to` is None in the last tier, which is open. The flat fee is owed once, on entering.
    """

    up_to: Decimal | None
    unit_price: Decimal
    flat_fee: Decimal


@dataclass(frozen=True, slots=True)
class PerUnit:
    """Every unit at the same price."""

    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class Graduated:
    """Each unit at the price of the tier in which it lies."""

    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class Volume:
    """All units at the price of the tier that the quantity reaches."""

    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class Package:
    """Blocks of `package_size` units; a block that is started is owed whole."""

    package_size: Decimal
    package_price: Decimal


Model: TypeAlias = PerUnit | Graduated | Volume | Package


@dataclass(frozen=True, slots=True)
class Price:
    """The price of a feature's usage in one plan version.

    The first `included_units` of a period are free, and the model counts what lies beyond them.
    `minimum` is the least that a whole period's line comes to, without usage too; None: no least.
    """

    model: Model
    included_units: Decimal
    minimum: Decimal | None
    unit_label: str | None


@dataclass(frozen=True, slots=True)
class Charge:
    """One step of a calculation: amount = quantity * unit price + flat fee.

    Of a package, `quantity` counts blocks. A tier lies `above` one quantity and reaches `up_to`
    another, which is its own; None: no tiers, or open.
    """

    quantity: Decimal
    unit_price: Decimal
    flat_fee: Decimal
    amount: Decimal
    up_to: Decimal | None
    above: Decimal | None = None


def breakdown(price: Price, quantity: Decimal) -> tuple[Charge, ...]:
    """Return the steps by which `quantity` ≥ 0 units come to their rate; none if all are included.

    >>> tiers = (Tier(Decimal(10), Decimal(2), Decimal(5)), Tier(None, Decimal(1), ZERO))
    >>> for charge in breakdown(Price(Graduated(tiers), ZERO, None, None), Decimal("12.5")):
    ...     print(charge.quantity, "x", charge.unit_price, "+", charge.flat_fee, "=", charge.amount)
    10 x 2 + 5 = 25
    2.5 x 1 + 0 = 2.5
    """
    assert quantity >= 0, "a quantity to be rated is not negative"
    billable = max(quantity - price.included_units, ZERO)
    if billable == 0:
        return ()

    match price.model:
        case PerUnit(unit_price):
            return (_charge(billable, unit_price),)
        case Graduated(tiers):
            return tuple(_graduated(tiers, billable))
        case Volume(tiers):
            reached = (n for n, t in enumerate(tiers) if t.up_to is None or billable <= t.up_to)
            n = next(reached)
            lower = tiers[n - 1].up_to if n else ZERO
            tier = tiers[n]
            return (_charge(billable, tier.unit_price, tier.flat_fee, tier.up_to, lower),)
        case Package(package_size, package_price):
            whole, rest = divmod(billable, package_size)
            return (_charge(whole + 1 if rest else whole, package_price),)
        case _:
            assert_never(price.model)


def rate(price: Price, quantity: Decimal) -> Decimal:
    """Return the exact charge for `quantity` ≥ 0 units of one period, without the minimum.

    >>> thousands = Price(Package(Decimal(1000), Decimal("1.50")), ZERO, None, None)
    >>> print(rate(thousands, Decimal("12345.5")))
    19.50
    """
    return _sum(breakdown(price, quantity))


def marginal(price: Price, before: Decimal, quantity: Decimal) -> Decimal:
    """Return by how much `quantity` more units raise the charge for `before` units: the revenue.

    The marginals of a period's events sum to its rate, in whatever pieces the usage came. Under a
    volume price an event that reaches a cheaper tier has a negative one.
    """
    return rate(price, before + quantity) - rate(price, before)


def part(price: Price, before: Decimal, quantity: Decimal) -> Decimal:
    """Return the exact charge for the `quantity` units that were used under this price.

    `before` counts what the period had already used under earlier versions: it fills included
    units and lower tiers. Not so under a volume price, where each part is rated alone: else a
    customer would be owed money for having used something.

    >>> tiers = (Tier(Decimal(10), Decimal(2), ZERO), Tier(None, Decimal(1), ZERO))
    >>> graduated, volume = (Price(m(tiers), ZERO, None, None) for m in (Graduated, Volume))
    >>> print(part(graduated, Decimal(8), Decimal(4)))  # 2 * 2 + 2 * 1
    6
    >>> print(part(volume, Decimal(8), Decimal(4)), marginal(volume, Decimal(8), Decimal(4)))
    8 -4
    """
    counted, earlier = part_breakdown(price, before, quantity)
    return _sum(counted) - _sum(earlier)


def part_breakdown(
    price: Price, before: Decimal, quantity: Decimal
) -> tuple[tuple[Charge, ...], tuple[Charge, ...]]:
    """Return the steps of `part`: those that count, and those of the units before, taken off."""
    if before == 0 or isinstance(price.model, Volume):
        return breakdown(price, quantity), ()
    return breakdown(price, before + quantity), breakdown(price, before)


def floor(amount: Decimal, minimum: Decimal | None, numerator: int, denominator: int) -> Decimal:
    """Return `amount`, or the minimum's share `numerator / denominator` of the period if larger.

    A share such as 1/3 has no end and is kept to 120 digits: it is too long to be mistaken for
    half a minor unit when the line is rounded, since a period has fewer than 10^18 microseconds.

    >>> print(floor(Decimal("3.20"), Decimal(10), 15, 30), floor(Decimal(7), Decimal(10), 15, 30))
    5 7
    """
    assert 0 <= numerator <= denominator, "a share of a period lies between nothing and all of it"
    assert denominator > 0, "a period with a share has a length"
    if minimum is None:
        return amount
    return max(amount, EXACT.divide(minimum * numerator, Decimal(denominator)))


def _graduated(tiers: tuple[Tier, ...], quantity: Decimal) -> Iterator[Charge]:
    lower = ZERO
    for tier in tiers:
        if quantity <= lower:
            return
        upper = quantity if tier.up_to is None else min(quantity, tier.up_to)
        yield _charge(upper - lower, tier.unit_price, tier.flat_fee, tier.up_to, lower)
        lower = upper


def _charge(
    quantity: Decimal,
    unit_price: Decimal,
    flat_fee: Decimal = ZERO,
    up_to: Decimal | None = None,
    above: Decimal | None = None,
) -> Charge:
    return Charge(quantity, unit_price, flat_fee, quantity * unit_price + flat_fee, up_to, above)


def _sum(charges: tuple[Charge, ...]) -> Decimal:
    return sum((charge.amount for charge in charges), ZERO)
