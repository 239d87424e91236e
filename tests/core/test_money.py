"""Money: the table of currencies, rounding, shares, and the context that keeps every digit."""

import asyncio
import decimal
import subprocess
import sys
import threading
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.core.money import (
    EXACT,
    UnknownCurrency,
    exponent,
    is_currency,
    is_exact,
    is_whole,
    rounded,
    share,
)

# 30 digits, as many as a quantity or a unit price may have.
LONG = Decimal("999999999999999999.999999999999")


@pytest.mark.parametrize(
    ("currency", "decimals"),
    [
        *[(code, 0) for code in ("JPY", "KRW", "ISK", "CLP", "UYI", "XOF", "VND")],
        *[(code, 2) for code in ("USD", "EUR", "GBP", "UYU", "MGA", "XCG", "ZWG")],
        *[(code, 3) for code in ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")],
        *[(code, 4) for code in ("CLF", "UYW")],
    ],
)
def test_a_currency_has_the_decimals_that_iso_gives_it(currency, decimals):
    assert is_currency(currency)
    assert exponent(currency) == decimals


@pytest.mark.parametrize("code", ["usd", "", "US", "USDT", "XAU", "XXX", "DEM", "HRK", " USD"])
def test_what_is_no_currency_is_refused_by_name(code):
    assert not is_currency(code)
    with pytest.raises(UnknownCurrency, match="ISO 4217") as caught:
        exponent(code)
    assert caught.value.currency == code
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("exact", "currency", "expected"),
    [
        ("121.7275", "USD", "121.73"),
        ("61.7275", "USD", "61.73"),
        ("49", "USD", "49.00"),
        ("0", "USD", "0.00"),
        ("-0", "USD", "0.00"),
        ("-0.0049", "USD", "0.00"),
        ("0.005", "USD", "0.01"),
        ("0.0049999999999999999999999999999999999999", "USD", "0.00"),
        ("-0.005", "USD", "-0.01"),
        ("1.005", "USD", "1.01"),
        ("1.015", "USD", "1.02"),
        ("2.5", "JPY", "3"),
        ("-2.5", "JPY", "-3"),
        ("3E+2", "JPY", "300"),
        ("1.0005", "KWD", "1.001"),
        ("1.00005", "CLF", "1.0001"),
        ("123456789012345678901234567890.125", "USD", "123456789012345678901234567890.13"),
    ],
)
def test_an_amount_is_rounded_half_away_from_zero_to_the_minor_unit(exact, currency, expected):
    assert str(rounded(Decimal(exact), currency)) == expected


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_never_an_amount(text):
    assert not is_exact(Decimal(text))
    assert not is_whole(Decimal(text), "USD")
    with pytest.raises(AssertionError):
        rounded(Decimal(text), "USD")


@pytest.mark.parametrize(
    ("amount", "numerator", "denominator", "currency", "expected"),
    [
        ("100", 10, 30, "USD", "33.33"),  # 33.333…
        ("30", 20, 30, "USD", "20.00"),
        ("33.33", 5, 10, "USD", "16.67"),  # 16.665
        ("-33.33", 5, 10, "USD", "-16.67"),
        ("200", 5, 30, "USD", "33.33"),
        ("0.01", 1, 2, "USD", "0.01"),  # 0.005
        ("0.01", 49, 100, "USD", "0.00"),
        ("-0.01", 49, 100, "USD", "0.00"),
        ("0.01", 499_999_999_999_999_999, 10**18, "USD", "0.00"),  # a hair below the half
        ("100", 1, 3, "JPY", "33"),
        ("100", 1, 3, "KWD", "33.333"),
        ("49", 0, 31, "USD", "0.00"),
        ("49", 31, 31, "USD", "49.00"),
        ("0.0135", 1, 3, "USD", "0.00"),  # 0.0045, not 0.005 and then 0.01
    ],
)
def test_a_share_is_rounded_once(amount, numerator, denominator, currency, expected):
    assert str(share(Decimal(amount), numerator, denominator, currency)) == expected


@given(
    st.decimals(min_value=-(10**18), max_value=10**18, places=12),
    st.integers(0, 10**17),
    st.integers(1, 10**17),
    st.sampled_from(["USD", "JPY", "KWD", "CLF"]),
)
def test_a_share_lies_within_half_a_minor_unit_of_the_exact_fraction(
    amount, numerator, denominator, currency
):
    off = Fraction(share(amount, numerator, denominator, currency)) - Fraction(amount) * Fraction(
        numerator, denominator
    )
    half = Fraction(1, 2 * 10 ** exponent(currency))
    assert abs(off) <= half
    if abs(off) == half:  # a tie goes away from zero
        assert off * Fraction(amount) > 0


@pytest.mark.parametrize("denominator", [0, -30])
def test_a_share_of_nothing_is_a_broken_invariant(denominator):
    with pytest.raises(AssertionError):
        share(Decimal(1), 1, denominator, "USD")


@given(st.decimals(min_value=-(10**18), max_value=10**18, places=12))
def test_the_whole_share_is_the_rounded_amount(amount):
    assert share(amount, 7, 7, "USD") == rounded(amount, "USD")
    assert is_whole(rounded(amount, "USD"), "USD")


@pytest.mark.parametrize(
    ("amount", "currency", "whole"),
    [
        ("49", "USD", True),
        ("49.00", "USD", True),
        ("49.000", "USD", True),
        ("49.001", "USD", False),
        ("-0.01", "USD", True),
        ("0E-9", "JPY", True),
        ("1.5", "JPY", False),
        ("1.5E1", "JPY", True),
        ("1E+30", "JPY", True),
        ("1." + "0" * 150 + "1", "USD", False),  # more digits than the context has
        ("1." + "0" * 150, "USD", True),
    ],
)
def test_whole_minor_units_are_told_by_value(amount, currency, whole):
    assert is_whole(Decimal(amount), currency) is whole


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("0", True),
        ("0E+999999", True),
        ("0E-999999", True),
        (str(LONG), True),
        (f"-{LONG}", True),
        ("1000000000000000000", False),  # 19 digits
        ("1E+17", True),
        ("1E+18", False),
        ("0.0000000000001", False),  # 13 decimals
        ("0.1000000000000000", True),
        ("1E-999999", False),
        ("1." + "0" * 150 + "1", False),
        ("1E+999999", False),
    ],
)
def test_a_value_is_exact_within_12_decimals_and_18_digits(text, exact):
    assert is_exact(Decimal(text)) is exact


def test_limits_of_a_value_can_be_narrower():
    assert is_exact(Decimal("99.99"), decimals=2, digits=2)
    assert not is_exact(Decimal("99.999"), decimals=2, digits=2)
    assert not is_exact(Decimal(100), decimals=2, digits=2)


def keeps_every_digit() -> bool:
    """Whether this thread's or task's context is like `EXACT`: a product of 90 digits tells."""
    context = decimal.getcontext()
    alike = (context.rounding, context.traps) == (EXACT.rounding, EXACT.traps)
    return alike and Fraction(LONG * LONG * LONG) == Fraction(LONG) ** 3


def test_a_new_thread_keeps_every_digit():
    found: list[bool] = []
    thread = threading.Thread(target=lambda: found.append(keeps_every_digit()))
    thread.start()
    thread.join()
    assert found == [True]


def test_a_task_and_its_threads_keep_every_digit():
    async def task() -> list[bool]:
        return [keeps_every_digit(), await asyncio.to_thread(keeps_every_digit)]

    async def tasks() -> list[list[bool]]:
        return [await asyncio.create_task(task()), await task()]

    assert asyncio.run(tasks()) == [[True, True], [True, True]]


SERVER = """
import asyncio, decimal

def context():
    found = decimal.getcontext()
    return found.prec, found.rounding, found.traps[decimal.InvalidOperation]

async def later(imported):
    await imported.wait()
    return context()

async def main():
    imported = asyncio.Event()
    earlier = asyncio.create_task(later(imported))
    import usance.core.money
    imported.set()
    print(context())
    print(await earlier)
    print(await asyncio.create_task(later(imported)))
    print(await asyncio.to_thread(context))

decimal.getcontext().traps[decimal.InvalidOperation] = False
asyncio.run(main())
"""


def test_importing_the_module_inside_a_running_server_reaches_its_earlier_tasks():
    run = subprocess.run([sys.executable, "-c", SERVER], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["(120, 'ROUND_HALF_UP', True)"] * 4
