"""Proration: the part of a fixed price that falls on a part of a period.

Every piece is a difference of shares that are rounded once, so the pieces of a whole sum to it.

Units: prices and results are in the currency's major unit, results in whole minor units and never
negative; times are whole microseconds, `length` that of the period or segment.

Sources: BILLING.md, "Upgrading, downgrading" and "Cancelling".
"""

from decimal import Decimal

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
    assert 0 <= elapsed <= length, "what elapsed lies within the whole"
    return charge - share(charge, elapsed, length, currency)


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
    assert 0 <= remaining <= length, "what remains lies within the whole"
    return share(price, remaining, length, currency)


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
    assert 0 <= start <= end <= length, "a part lies within the whole"
    return share(price, end, length, currency) - share(price, start, length, currency)
