"""Catalogues for tests: one good document to spoil, and Hypothesis strategies for any."""

import copy
import re
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from usance.core.catalog import (
    Aggregation,
    AggregationKind,
    Allocation,
    BillingTiming,
    Burn,
    CreditModel,
    FeatureTerms,
    Limit,
    Overage,
    PlanStatus,
    Rollover,
    Terms,
)
from usance.core.catalog_document import Document, FeatureEntry, PlanEntry
from usance.core.periods import Interval, Unit
from usance.core.pricing import Graduated, Package, PerUnit, Price, Tier, Volume

ABSENT = object()

# A document with something of everything, which the tables below spoil in one place each.
GOOD: Any = {
    "features": [{"key": "chat", "name": "Chat"}, {"key": "seats", "name": "Seats"}],
    "creditModels": [{"denomination": "CREDITS", "name": "Credits", "hardLimit": False}],
    "plans": [
        {
            "key": "pro",
            "name": "Pro",
            "price": {"amount": Decimal("49.00"), "currency": "USD"},
            "interval": {"unit": "YEAR", "count": 1},
            "billingTiming": "IN_ADVANCE",
            "features": [
                {
                    "key": "chat",
                    "limit": {"units": 1000, "overage": "ALLOW", "every": "MONTH"},
                    "price": {
                        "model": "graduated",
                        "tiers": [
                            {
                                "upTo": 1000,
                                "unitPrice": Decimal("0.02"),
                                "flatFee": Decimal("1.50"),
                            },
                            {"upTo": 10000, "unitPrice": Decimal("0.01")},
                            {"upTo": "inf", "unitPrice": Decimal("0.005")},
                        ],
                        "includedUnits": 0,
                        "minimum": Decimal("5.00"),
                        "unitLabel": "tokens",
                    },
                    "aggregation": {"type": "sum", "filter": {"region": "eu", "paid": True}},
                    "credits": {"denomination": "CREDITS", "models": {"gpt-4.1": 8}},
                },
                {
                    "key": "seats",
                    "limit": {"units": 5},
                    "aggregation": {"type": "unique", "property": "userId"},
                },
            ],
            "credits": [
                {
                    "denomination": "CREDITS",
                    "amount": 1000,
                    "rollover": "CAPPED",
                    "rolloverCap": 200,
                    "every": {"unit": "MONTH", "count": 3},
                }
            ],
            "metadata": {"badge": "Popular", "rank": 1},
        }
    ],
}
TERM = "plans[0].features[0]"
TIERS = f"{TERM}.price.tiers"


def spoilt(path, value):
    """GOOD with one value set (or, ABSENT, removed) at a path such as `plans[0].price.amount`."""
    document = copy.deepcopy(GOOD)
    steps = [int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]]+", path)]
    *parents, last = steps
    place = document
    for step in parents:
        place = place[step]
    if value is ABSENT:
        del place[last]
    elif isinstance(place, list) and last == len(place):
        place.append(value)
    else:
        place[last] = value
    return document


# Anything that a document may say.

KEYS = st.from_regex(r"[A-Za-z0-9_:.-]{0,8}[a-z]", fullmatch=True)
NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=20).filter(
    str.strip
)
TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs"), include_characters="\n\t"))
EXACT = st.decimals(0, 10**18 - 1, allow_nan=False, places=12)
POSITIVE = EXACT.map(lambda value: value + Decimal("0.000000000001"))
EVERY = st.sampled_from(
    [None, Interval(Unit.MONTH, 1), Interval(Unit.MONTH, 4), Interval(Unit.DAY, 1)]
)
SCALARS = st.one_of(st.booleans(), TEXTS.map(lambda text: text[:50]), EXACT)
PLACES = {"USD": 2, "JPY": 0, "KWD": 3}


def named(values, most=4):
    return st.dictionaries(NAMES, values, max_size=most).map(lambda d: tuple(sorted(d.items())))


def unique(elements, name):
    return st.lists(elements, max_size=3, unique_by=lambda one: getattr(one, name)).map(tuple)


@st.composite
def tiers(draw, money):
    ends = sorted(draw(st.sets(POSITIVE, max_size=3)))
    return tuple(Tier(end, draw(EXACT), draw(money)) for end in (*ends, None))


@st.composite
def feature_terms(draw, money, keys=KEYS):
    kind = draw(st.sampled_from(AggregationKind))
    model = st.one_of(
        st.builds(PerUnit, EXACT),
        st.builds(Graduated, tiers(money)),
        st.builds(Volume, tiers(money)),
        st.builds(Package, POSITIVE, money),
    )
    burn = draw(st.none() | st.builds(Burn, KEYS, st.none() | POSITIVE, named(POSITIVE)))
    burn = burn if kind.adds_up else None
    included = st.just(Decimal(0)) if burn else EXACT
    price = draw(
        st.none() | st.builds(Price, model, included, st.none() | money, st.none() | NAMES)
    )
    overages = [Overage.ALLOW] if price and not kind.adds_up else list(Overage)
    named_property = {
        AggregationKind.UNIQUE: NAMES,
        AggregationKind.MAX: st.none() | NAMES,
    }.get(kind, st.none())
    return FeatureTerms(
        key=draw(keys),
        limit=draw(st.none() | st.builds(Limit, EXACT, st.sampled_from(overages), EVERY)),
        price=price,
        aggregation=Aggregation(kind, draw(named_property), draw(named(SCALARS))),
        burn=burn,
    )


@st.composite
def allocations(draw):
    rollover = draw(st.sampled_from(Rollover))
    return Allocation(
        denomination=draw(KEYS),
        amount=draw(POSITIVE),
        rollover=rollover,
        rollover_cap=draw(EXACT) if rollover is Rollover.CAPPED else None,
        expires_after_months=draw(st.none() | st.integers(1, 120)),
        every=draw(EVERY),
    )


@st.composite
def all_terms(draw):
    currency = draw(st.sampled_from(sorted(PLACES)))
    money = st.decimals(0, 10**18 - 1, allow_nan=False, places=PLACES[currency])
    return Terms(
        price=draw(money),
        currency=currency,
        interval=Interval(Unit.YEAR, draw(st.integers(1, 10))),
        timing=draw(st.sampled_from(BillingTiming)),
        grace_days=draw(st.none() | st.integers(0, 365)),
        net_terms_days=draw(st.integers(0, 365)),
        trial_days=draw(st.integers(0, 730)),
        features=draw(unique(feature_terms(money), "key")),
        credits=draw(unique(allocations(), "denomination")),
        metadata=draw(named(st.none() | SCALARS)),
    )


PLANS = st.builds(
    PlanEntry, KEYS, NAMES, TEXTS, st.sampled_from(PlanStatus), st.none() | NAMES, all_terms()
)
DOCUMENTS = st.builds(
    Document,
    unique(st.builds(FeatureEntry, KEYS, NAMES, TEXTS, st.none() | st.booleans()), "key"),
    unique(st.builds(CreditModel, KEYS, NAMES, st.booleans()), "denomination"),
    unique(PLANS, "key"),
    st.booleans(),
)
