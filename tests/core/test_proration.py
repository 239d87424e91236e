"""Proration: pieces of a price that sum to the price."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.core.proration import between, remaining, unused

DAY = 86_400_000_000  # microseconds
currencies = st.sampled_from(["USD", "JPY", "KWD"])
prices = st.integers(0, 10**9).map(Decimal)


def test_an_upgrade_with_ten_of_thirty_days_left_costs_23_33():
    a = unused(Decimal("30.00"), elapsed=20 * DAY, length=30 * DAY, currency="USD")
    b = remaining(Decimal("100.00"), remaining=10 * DAY, length=30 * DAY, currency="USD")
    assert (a, b) == (Decimal("10.00"), Decimal("33.33"))
    assert b - a == Decimal("23.33")


def test_a_second_upgrade_five_days_later_costs_16_67():
    b = unused(Decimal("33.33"), elapsed=5 * DAY, length=10 * DAY, currency="USD")
    c = remaining(Decimal("200.00"), remaining=5 * DAY, length=30 * DAY, currency="USD")
    assert (b, c) == (Decimal("16.66"), Decimal("33.33"))  # 33.33 - 16.67, 200 / 6
    assert c - b == Decimal("16.67")


def test_a_cancellation_five_days_into_the_upgrade_gives_16_66_back():
    back = unused(Decimal("33.33"), elapsed=5 * DAY, length=10 * DAY, currency="USD")
    assert back == Decimal("16.66")


def test_a_part_paid_renewal_cancelled_half_way_carries_24_50():
    used = between(Decimal("49.00"), start=0, end=14 * DAY, length=28 * DAY, currency="USD")
    assert used == Decimal("24.50")


@pytest.mark.parametrize(
    ("elapsed", "left"),
    [(0, "30.00"), (1, "30.00"), (30 * DAY - 1, "0.00"), (30 * DAY, "0.00")],
)
def test_nothing_elapsed_leaves_all_and_all_elapsed_leaves_nothing(elapsed, left):
    got = unused(Decimal("30.00"), elapsed=elapsed, length=30 * DAY, currency="USD")
    assert str(got) == left


@pytest.mark.parametrize(
    ("price", "cuts", "currency", "pieces"),
    [
        ("10.00", (0, 1, 2, 3), "USD", ["3.33", "3.34", "3.33"]),  # 3.33, 6.67, 10.00
        ("100", (0, 1, 2, 3), "JPY", ["33", "34", "33"]),
        ("1.000", (0, 1, 2, 3), "KWD", ["0.333", "0.334", "0.333"]),
        ("0.01", (0, 1, 2, 3), "USD", ["0.00", "0.01", "0.00"]),  # 0.0033, 0.0067, 0.01
    ],
)
def test_an_arrears_period_of_several_plans_is_charged_by_shares(price, cuts, currency, pieces):
    got = [
        between(Decimal(price), start=start, end=end, length=cuts[-1], currency=currency)
        for start, end in pairwise(cuts)
    ]
    assert [str(piece) for piece in got] == pieces


@given(prices, st.lists(st.integers(0, 400 * DAY), min_size=1), currencies)
def test_pieces_that_touch_sum_to_the_price_and_none_is_negative(price, cuts, currency):
    length = max(*cuts, 1)
    edges = sorted({0, *cuts, length})
    pieces = [
        between(price, start=start, end=end, length=length, currency=currency)
        for start, end in pairwise(edges)
    ]
    assert sum(pieces) == price
    assert min(pieces) >= 0


@given(prices, st.integers(1, 400 * DAY), st.data(), currencies)
def test_unused_and_used_sum_to_the_charge(price, length, data, currency):
    elapsed = data.draw(st.integers(0, length))
    left = unused(price, elapsed=elapsed, length=length, currency=currency)
    used = between(price, start=0, end=elapsed, length=length, currency=currency)
    assert left + used == price
    assert left >= 0


@given(prices, st.integers(1, 400 * DAY), st.data(), currencies)
def test_what_remains_is_at_most_one_minor_unit_from_what_is_unused(price, length, data, currency):
    left = data.draw(st.integers(0, length))
    gap = remaining(price, remaining=left, length=length, currency=currency) - unused(
        price, elapsed=length - left, length=length, currency=currency
    )
    minor = {"USD": Decimal("0.01"), "JPY": Decimal(1), "KWD": Decimal("0.001")}[currency]
    assert gap in (0, minor)


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (6, 5), (0, 11)])
def test_a_part_outside_the_whole_is_a_broken_invariant(start, end):
    with pytest.raises(AssertionError):
        between(Decimal(1), start=start, end=end, length=10, currency="USD")


@pytest.mark.parametrize("time", [-1, 11])
def test_a_time_outside_the_whole_is_a_broken_invariant(time):
    with pytest.raises(AssertionError):
        unused(Decimal(1), elapsed=time, length=10, currency="USD")
    with pytest.raises(AssertionError):
        remaining(Decimal(1), remaining=time, length=10, currency="USD")
