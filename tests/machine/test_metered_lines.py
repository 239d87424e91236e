"""A priced feature's line, against a walk through its period's usage grain by grain.

The walk is naive and exact: fractions, one grain after another, and at the end one rounding. It is
taken for every price model in currencies of no, two and three decimals; the events' revenues, which
are not rounded, come to what the walk comes to.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core import selling
from tests.core.selling import DAY, NOW

from usance.core import outcome as outcomes
from usance.core.catalog import EVERYTHING_ADDED, BillingTiming, CataloguePlan, FeatureTerms
from usance.core.costs import Cost
from usance.core.decisions import advance, cancel, record
from usance.core.decisions.record import Use
from usance.core.draft import Draft
from usance.core.invoices import Invoice, InvoiceKind, LineKind
from usance.core.metering import UsageEvent
from usance.core.money import rounded
from usance.core.pricing import Graduated, Model, Package, PerUnit, Price, Tier, Volume, floor, rate
from usance.core.snapshot import Snapshot
from usance.core.subscriptions import CancelMode

PLACES = {"JPY": 0, "USD": 2, "KWD": 3}
GRAINS = (Fraction(1), Fraction(1, 10), Fraction(1, 8), Fraction(1, 10**12))
MODELS = ("per_unit", "graduated", "volume", "package")
ZERO = Fraction(0)

every_model = pytest.mark.parametrize("model", MODELS)
every_currency = pytest.mark.parametrize("currency", PLACES)


@dataclass(frozen=True)
class Metered:
    """A price, and the events of a period: how many grains of a unit each of them used."""

    price: Price
    currency: str
    grain: Fraction
    events: Sequence[int]

    @property
    def units(self) -> list[Decimal]:
        return [exact(count * self.grain) for count in self.events]


def exact(value: Fraction) -> Decimal:
    """The decimal that a fraction with an end is."""
    found = Decimal(value.numerator) / Decimal(value.denominator)
    assert Fraction(found) == value
    return found


@st.composite
def metered(draw, model: str, currency: str) -> Metered:
    grain = draw(st.sampled_from(GRAINS))
    amounts = st.integers(0, 5000).map(lambda minor: Decimal(minor).scaleb(-PLACES[currency]))
    # Prices of a grain that is next to nothing are high, so that something is to be rounded.
    unit_prices = st.decimals(0, 3, places=4) | st.integers(0, 10**13).map(Decimal)

    def grains(least: int, most: int) -> st.SearchStrategy[Decimal]:
        return st.integers(least, most).map(lambda count: exact(count * grain))

    def tiers() -> tuple[Tier, ...]:
        ends = sorted(draw(st.sets(grains(1, 150), max_size=3)))
        return tuple(Tier(end, draw(unit_prices), draw(amounts)) for end in (*ends, None))

    sold: Model
    match model:
        case "per_unit":
            sold = PerUnit(draw(unit_prices))
        case "graduated":
            sold = Graduated(tiers())
        case "volume":
            sold = Volume(tiers())
        case _:
            sold = Package(draw(grains(1, 30)), draw(amounts))
    price = Price(sold, draw(grains(0, 40)), draw(st.none() | amounts), None)
    return Metered(price, currency, grain, draw(st.lists(st.integers(0, 40), max_size=8)))


# The walk ------------------------------------------------------------------------------------------


def walked(one: Metered, count: int) -> Fraction:
    """What so many grains come to, each asked in turn what it costs; nothing is rounded."""
    model, total, used, entered = one.price.model, ZERO, ZERO, -1
    reached = Tier(None, Decimal(0), Decimal(0))
    for place in range(count):
        if place * one.grain < Fraction(one.price.included_units):
            continue
        match model:
            case PerUnit(unit_price):
                total += Fraction(unit_price) * one.grain
            case Package(size, price):
                total += Fraction(price) if used % Fraction(size) == 0 else 0
            case Graduated(tiers) | Volume(tiers):
                at = next(
                    n
                    for n, tier in enumerate(tiers)
                    if not tier.up_to or used < Fraction(tier.up_to)
                )
                reached = tiers[at]
                total += Fraction(reached.unit_price) * one.grain
                total += Fraction(reached.flat_fee) if at > entered else 0
                entered = at
        used += one.grain
    if isinstance(model, Volume):  # all of it at the price of the tier that the last grain reached
        return used * Fraction(reached.unit_price) + Fraction(reached.flat_fee)
    return total


def line_of(one: Metered, share: Fraction) -> Fraction:
    """What the line says: at least the minimum's share, in minor units, half of one away from zero."""
    charge = max(walked(one, sum(one.events)), Fraction(one.price.minimum or 0) * share)
    minor = charge * 10 ** PLACES[one.currency]
    return Fraction((2 * minor + 1) // 2, 10 ** PLACES[one.currency])


# The rate ------------------------------------------------------------------------------------------


@every_currency
@every_model
@given(data=st.data(), elapsed=st.integers(0, 30))
def test_a_line_is_the_walk_rounded_once(model, currency, data, elapsed):
    one = data.draw(metered(model, currency))
    charge = rate(one.price, sum(one.units, Decimal(0)))
    assert Fraction(charge) == walked(one, sum(one.events))
    line = rounded(floor(charge, one.price.minimum, elapsed, 30), currency)
    assert Fraction(line) == line_of(one, Fraction(elapsed, 30))


# The life ------------------------------------------------------------------------------------------


def sold(one: Metered) -> CataloguePlan:
    """A plan for nothing but its usage, in arrears."""
    plan = selling.plan(1, price="0", currency=one.currency)
    term = FeatureTerms("calls", None, one.price, EVERYTHING_ADDED, None)
    terms = replace(plan.version.terms, timing=BillingTiming.IN_ARREARS, features=(term,))
    return replace(plan, version=replace(plan.version, terms=terms))


def used(before: Snapshot, one: Metered) -> tuple[Snapshot, list[UsageEvent]]:
    """The customer after the events, an hour after one another."""
    events = []
    for number, units in enumerate(one.units):
        at = NOW + (number + 1) * DAY / 24
        use = Use(
            key=f"e{number}",
            fingerprint=b"",
            name="used",
            feature_key="calls",
            units=units,
            occurred_at=at,
            model=None,
            cost=Cost(None, None, None),
            revenue_amount=None,
            flow_id=None,
            meta=None,
        )
        draft = Draft(before, now=at, seed=selling.SEED)
        events.append(record.record(draft, use, seed=selling.SEED))
        before = outcomes.apply(before, draft.outcome())
    return before, events


def renewed(before: Snapshot, until: datetime) -> Snapshot:
    while (step := advance.first_due(before, until)) is not None:
        before = outcomes.apply(before, advance.perform(before, step, now=step.at))
    return before


def cancelled(before: Snapshot, at: datetime) -> Snapshot:
    request = cancel.Cancel(selling.only(before).id, CancelMode.IMMEDIATE, settle=True)
    return outcomes.apply(before, cancel.cancel(before, request, now=at, seed=UUID(int=7)))


def usage_on(invoice: Invoice) -> list[Fraction]:
    return [Fraction(line.amount) for line in invoice.lines if line.kind is LineKind.USAGE]


@every_currency
@every_model
@settings(max_examples=40)
@given(data=st.data())
def test_revenues_come_to_the_walk_and_the_line_is_rounded_once(model, currency, data):
    """At a period's end, and cancelled in the middle of its thirty days, with half of the minimum."""
    one = data.draw(metered(model, currency))
    before, events = used(selling.subscribed(sold(one)), one)
    revenues = [event.revenue_amount for event in events if event.revenue_amount is not None]
    assert len(revenues) == len(events)
    count = 0
    for grains, revenue in zip(one.events, revenues, strict=True):
        assert Fraction(revenue) == walked(one, count + grains) - walked(one, count)
        count += grains
    assert sum(map(Fraction, revenues), ZERO) == walked(one, count)

    ended = renewed(before, NOW + 30 * DAY)
    (bill,) = [each for each in ended.invoices.values() if each.issued_at is not None]
    line = line_of(one, Fraction(1))
    assert usage_on(bill) == ([line] if one.events or line else [])

    half = cancelled(before, NOW + 15 * DAY)
    final = [each for each in half.invoices.values() if each.kind is InvoiceKind.FINAL]
    line = line_of(one, Fraction(1, 2))
    assert [usage_on(each) for each in final] == ([[line]] if line else [])
