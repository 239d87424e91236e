"""Proration: the part of a fixed price that falls on a part of a period.

Every piece is a difference of shares that are rounded once, so the pieces of a whole sum to it. The
steps of a piece are what its line is explained by.

Units: prices and results are in the currency's major unit, results in whole minor units and never
negative; times are whole microseconds, `length` that of the period or segment.

Sources: BILLING.md, "Upgrading, downgrading", "Cancelling" and "Explaining".
"""

from decimal import Decimal

from usance.core import calculations
from usance.core.calculations import Share, Step, StepKind
from usance.core.money import share


def unused(charge: Decimal, *, elapsed: int, length: int, currency: str) -> Decimal:
    """Return what is left of a paid charge after `elapsed` of `length`, as a positive amount.

    It is the charge less what was used of it, so both sum to the charge. Worked, a 30-day period
    for 30.00 with 10 days left, and 5 days into the 10 for which 33.33 was charged:

    >>> print(unused(Decimal("30.00"), elapsed=20, length=30, currency="USD"))
    10.00
    >>> print(unused(Decimal("33.33"), elapsed=5, length=10, currency="USD"))  # 33.33 - 16.67
    16.66
    """
    return _sum(unused_steps(charge, elapsed=elapsed, length=length, currency=currency))


def unused_steps(charge: Decimal, *, elapsed: int, length: int, currency: str) -> tuple[Step, ...]:
    """Return the steps of what is unused: the charge, less the share of it that is elapsed."""
    assert 0 <= elapsed <= length, "what elapsed lies within the whole"
    used = share(charge, elapsed, length, currency)
    return (
        calculations.shared(StepKind.CHARGED, charge, charge, None),
        calculations.shared(StepKind.CHARGED, charge, -used, Share(elapsed, length)),
    )


def remaining(price: Decimal, *, remaining: int, length: int, currency: str) -> Decimal:
    """Return the price of what remains of a period: round(price * remaining / length).

    Worked, B for 100.00 with 10 of 30 days left, five days later C for 200.00; what an upgrade
    comes to is this less what is unused:

    >>> b = remaining(Decimal("100.00"), remaining=10, length=30, currency="USD")
    >>> print(b, b - unused(Decimal("30.00"), elapsed=20, length=30, currency="USD"))
    33.33 23.33
    >>> c = remaining(Decimal("200.00"), remaining=5, length=30, currency="USD")
    >>> print(c, c - unused(b, elapsed=5, length=10, currency="USD"))
    33.33 16.67
    """
    return _sum(remaining_steps(price, remaining=remaining, length=length, currency=currency))


def remaining_steps(
    price: Decimal, *, remaining: int, length: int, currency: str
) -> tuple[Step, ...]:
    """Return the step of what remains: the price's share."""
    assert 0 <= remaining <= length, "what remains lies within the whole"
    left = share(price, remaining, length, currency)
    return (calculations.shared(StepKind.PRICE, price, left, Share(remaining, length)),)


def between(price: Decimal, *, start: int, end: int, length: int, currency: str) -> Decimal:
    """Return the price of a part of a period: round(price * end) - round(price * start).

    Parts that touch sum to the price. Worked, 10.00 for a period in three equal parts:

    >>> thirds = [(0, 10), (10, 20), (20, 30)]
    >>> prices = [
    ...     between(Decimal(10), start=start, end=end, length=30, currency="USD")
    ...     for start, end in thirds
    ... ]
    >>> print(*prices, "=", sum(prices))
    3.33 3.34 3.33 = 10.00
    """
    return _sum(between_steps(price, start=start, end=end, length=length, currency=currency))


def between_steps(
    price: Decimal, *, start: int, end: int, length: int, currency: str
) -> tuple[Step, ...]:
    """Return the steps of a part: the price's share at its end, less that at its start."""
    assert 0 <= start <= end <= length, "a part lies within the whole"
    until_end = share(price, end, length, currency)
    steps = (calculations.shared(StepKind.PRICE, price, until_end, Share(end, length)),)
    if start == 0:
        return steps
    until_start = share(price, start, length, currency)
    taken_off = calculations.shared(StepKind.PRICE, price, -until_start, Share(start, length))
    return (*steps, taken_off)


def _sum(steps: tuple[Step, ...]) -> Decimal:
    return sum((step.amount for step in steps), Decimal(0))
