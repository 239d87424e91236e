"""Pricing: each model's table, and each model against a sum that is done grain by grain."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.core.money import rounded
from usance.core.pricing import (
    Charge,
    Graduated,
    Model,
    Package,
    PerUnit,
    Price,
    Tier,
    Volume,
    breakdown,
    floor,
    marginal,
    part,
    rate,
)

D = Decimal
GRAIN = D("0.1")  # the smallest quantity in the generated prices


def price_of(model: Model, included: str = "0") -> Price:
    return Price(model, D(included), None, None)


def tier(up_to: str | None, unit_price: str, flat_fee: str = "0") -> Tier:
    return Tier(D(up_to) if up_to else None, D(unit_price), D(flat_fee))


PER_UNIT = PerUnit(D("0.05"))
TIERS = (tier("1000", "0.02"), tier("10000", "0.01"), tier(None, "0.005"))
FEES = (tier("10", "2", "5"), tier("20", "1", "7"), tier(None, "0.5", "9"))
BLOCKS = Package(D(1000), D("1.50"))


def test_graduated_usage_of_12345_and_a_half_units_is_121_73():
    usage = rate(price_of(Graduated(TIERS)), D("12345.5"))
    assert usage == D(20) + D(90) + D("11.7275")
    assert rounded(usage, "USD") == D("121.73")


def test_volume_usage_of_12345_and_a_half_units_is_61_73():
    usage = rate(price_of(Volume(TIERS)), D("12345.5"))
    assert usage == D("61.7275")
    assert rounded(usage, "USD") == D("61.73")


def test_thirteen_started_blocks_are_19_50():
    assert rate(price_of(BLOCKS), D("12345.5")) == D("19.50")


@pytest.mark.parametrize(
    ("model", "quantity", "expected"),
    [
        (PER_UNIT, "0", "0"),
        (PER_UNIT, "100", "5"),  # 100 * 0.05
        (PER_UNIT, "0.000000000001", "5E-14"),
        (Graduated(FEES), "0", "0"),  # no unit, no tier, no fee
        (Graduated(FEES), "0.1", "5.2"),  # 5 + 0.1 * 2
        (Graduated(FEES), "10", "25"),  # 5 + 10 * 2: up to 10 and including it
        (Graduated(FEES), "10.000000000001", "32.000000000001"),  # 25 + 7 + a hair * 1
        (Graduated(FEES), "20", "42"),  # 25 + 7 + 10
        (Graduated(FEES), "30", "56"),  # 42 + 9 + 10 * 0.5
        (Volume(FEES), "0", "0"),
        (Volume(FEES), "10", "25"),  # 5 + 10 * 2
        (Volume(FEES), "10.5", "17.5"),  # 7 + 10.5 * 1: more units, less money
        (Volume(FEES), "20", "27"),  # 7 + 20
        (Volume(FEES), "30", "24"),  # 9 + 30 * 0.5
        (BLOCKS, "0", "0"),
        (BLOCKS, "0.1", "1.50"),
        (BLOCKS, "1000", "1.50"),
        (BLOCKS, "1000.000000000001", "3.00"),
        (Package(D("0.25"), D(2)), "0.75", "6"),
        (Graduated((tier(None, "3"),)), "4", "12"),
        (Volume((tier(None, "3", "1"),)), "4", "13"),
    ],
)
def test_a_quantity_has_its_rate(model, quantity, expected):
    assert rate(price_of(model), D(quantity)) == D(expected)


@pytest.mark.parametrize(
    ("model", "quantity", "expected"),
    [
        (PER_UNIT, "99", "0"),
        (PER_UNIT, "100", "0"),
        (PER_UNIT, "101", "0.05"),
        (Graduated(FEES), "100", "0"),  # the fee waits for the first unit beyond
        (Graduated(FEES), "111", "33"),  # 11 of them: 25 + 7 + 1
        (Volume(FEES), "100", "0"),
        (Volume(FEES), "111", "18"),  # 7 + 11
        (BLOCKS, "1100", "1.50"),
        (BLOCKS, "1101", "3.00"),
    ],
)
def test_included_units_come_off_before_any_price_applies(model, quantity, expected):
    assert rate(price_of(model, included="100"), D(quantity)) == D(expected)


def test_a_breakdown_shows_each_step():
    assert breakdown(price_of(Graduated(FEES), included="3"), D("28")) == (
        Charge(D(10), D(2), D(5), D(25), D(10), D(0)),
        Charge(D(10), D(1), D(7), D(17), D(20), D(10)),
        Charge(D(5), D("0.5"), D(9), D("11.5"), None, D(20)),
    )
    assert breakdown(price_of(Volume(FEES)), D(15)) == (
        Charge(D(15), D(1), D(7), D(22), D(20), D(10)),
    )
    assert breakdown(price_of(BLOCKS), D(2500)) == (Charge(D(3), D("1.50"), D(0), D("4.50"), None),)
    assert breakdown(price_of(PER_UNIT), D(2)) == (Charge(D(2), D("0.05"), D(0), D("0.10"), None),)
    assert breakdown(price_of(PER_UNIT, included="2"), D(2)) == ()


def test_the_longest_quantity_at_the_longest_price_keeps_every_digit():
    longest = D("999999999999999999.999999999999")
    usage = rate(price_of(PerUnit(longest)), longest)
    # (10^18 - 10^-12)^2 = 10^36 - 2 * 10^6 + 10^-24
    assert str(usage) == "999999999999999999999999999998000000.000000000000000000000001"


@pytest.mark.parametrize("model", [PER_UNIT, Graduated(TIERS), Volume(TIERS), BLOCKS])
def test_a_negative_quantity_is_a_broken_invariant(model):
    with pytest.raises(AssertionError):
        rate(price_of(model), D("-0.1"))


@pytest.mark.parametrize(
    ("model", "before", "quantity", "expected"),
    [
        (PER_UNIT, "8", "4", "0.20"),
        (Graduated(FEES), "8", "4", "13"),  # 2 * 2, then 7 + 2 * 1
        (Graduated(FEES), "12", "4", "4"),  # the tier was entered before: no fee
        (Volume(FEES), "8", "4", "13"),  # alone: 5 + 4 * 2
        (BLOCKS, "900", "100", "0"),  # the block was started before
        (BLOCKS, "0", "100", "1.50"),
        (BLOCKS, "900", "101", "1.50"),
    ],
)
def test_the_part_under_a_later_version_goes_on_where_the_period_stands(
    model, before, quantity, expected
):
    assert part(price_of(model), D(before), D(quantity)) == D(expected)


def test_the_included_units_of_a_later_version_are_filled_by_what_came_before():
    assert part(price_of(PER_UNIT, included="100"), D(90), D(30)) == D("1.00")  # 20 * 0.05


@pytest.mark.parametrize(
    ("amount", "minimum", "share", "expected"),
    [
        ("3.20", None, (30, 30), "3.20"),
        ("3.20", "10", (30, 30), "10"),
        ("3.20", "10", (15, 30), "5"),
        ("3.20", "10", (0, 30), "3.20"),
        ("0", "10", (30, 30), "10"),  # without usage too
        ("10.01", "10", (30, 30), "10.01"),
        ("5", "0", (30, 30), "5"),
    ],
)
def test_a_minimum_holds_for_its_share_of_the_period(amount, minimum, share, expected):
    least = D(minimum) if minimum else None
    assert floor(D(amount), least, *share) == D(expected)


def test_a_share_of_a_minimum_without_an_end_is_rounded_as_if_it_were_exact():
    assert rounded(floor(D(0), D(100), 1, 3), "USD") == D("33.33")
    # 0.03 * 5E16 / 3E17 is half a cent; one microsecond less is a hair below it
    whole = 3 * 10**17
    assert rounded(floor(D(0), D("0.03"), 10**17 // 2 - 1, whole), "USD") == D("0.00")
    assert rounded(floor(D(0), D("0.03"), 10**17 // 2, whole), "USD") == D("0.01")


@pytest.mark.parametrize("share", [(-1, 30), (31, 30), (0, 0)])
def test_a_share_outside_the_period_is_a_broken_invariant(share):
    with pytest.raises(AssertionError):
        floor(D(0), D(1), *share)


# --- against a sum that is done grain by grain ----------------------------------------------------

grains = st.integers(0, 400).map(lambda count: count * GRAIN)
money = st.decimals(min_value=0, max_value=20, places=3)


@st.composite
def tiers(draw):
    ends = sorted(draw(st.sets(st.integers(1, 300), max_size=4)))
    return tuple(
        Tier(end if end is None else end * GRAIN, draw(money), draw(money)) for end in (*ends, None)
    )


models = st.one_of(
    st.builds(PerUnit, money),
    st.builds(Graduated, tiers()),
    st.builds(Volume, tiers()),
    st.builds(Package, st.integers(1, 50).map(lambda count: count * GRAIN), money),
)
prices = st.builds(Price, models, grains, st.none(), st.none())


def naive_rate(price: Price, quantity: Decimal) -> Decimal:
    """Walk through the usage in grains of 0.1 and ask of each one what it costs."""
    total, last_flat, last_price = D(0), D(0), D(0)
    used, entered = D(0), -1
    for grain in range(int(quantity / GRAIN)):
        if grain * GRAIN < price.included_units:
            continue
        model = price.model
        if isinstance(model, PerUnit):
            total += model.unit_price * GRAIN
        elif isinstance(model, Package):
            if used % model.package_size == 0:
                total += model.package_price
        else:
            index = next(
                i for i, each in enumerate(model.tiers) if each.up_to is None or used < each.up_to
            )
            last_price, last_flat = model.tiers[index].unit_price, model.tiers[index].flat_fee
            total += last_price * GRAIN + (last_flat if index > entered else 0)
            entered = index
        used += GRAIN
    return used * last_price + last_flat if isinstance(price.model, Volume) else total


@given(prices, grains)
def test_a_rate_is_the_sum_over_every_grain_of_usage(price, quantity):
    assert rate(price, quantity) == naive_rate(price, quantity)


@given(prices, grains)
def test_a_breakdown_multiplies_out_and_sums_to_the_rate(price, quantity):
    charges = breakdown(price, quantity)
    assert sum(charge.amount for charge in charges) == rate(price, quantity)
    for charge in charges:
        assert charge.amount == charge.quantity * charge.unit_price + charge.flat_fee
        assert charge.quantity > 0
    if not isinstance(price.model, Package):
        billed = sum(charge.quantity for charge in charges)
        assert billed == max(quantity - price.included_units, 0)


@given(prices, st.lists(grains, max_size=8))
def test_the_revenues_of_any_split_sum_to_the_rate(price, events):
    before, revenue = D(0), D(0)
    for units in events:
        revenue += marginal(price, before, units)
        before += units
    assert revenue == rate(price, before)


@given(prices, st.lists(grains, max_size=8))
def test_the_parts_of_a_period_sum_to_the_rate_and_those_of_a_volume_price_stand_alone(
    price, quantities
):
    before, total = D(0), D(0)
    for quantity in quantities:
        total += part(price, before, quantity)
        before += quantity
    alone = isinstance(price.model, Volume)
    assert total == (
        sum((rate(price, each) for each in quantities), D(0)) if alone else rate(price, before)
    )


@given(prices, grains, grains)
def test_no_part_is_ever_negative(price, before, quantity):
    assert part(price, before, quantity) >= 0


@given(st.lists(grains, max_size=6), grains, money)
def test_one_open_tier_graduated_or_volume_is_a_price_per_unit(quantities, included, unit_price):
    one = (Tier(None, unit_price, D(0)),)
    for quantity in quantities:
        rates = {
            rate(Price(model, included, None, None), quantity)
            for model in (PerUnit(unit_price), Graduated(one), Volume(one))
        }
        assert len(rates) == 1
