"""The catalogue document: what it may say, and where each fault is named."""

import copy
import time
from decimal import Decimal
from typing import Any

import pytest
from tests.core.catalogues import ABSENT, GOOD, spoilt

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
from usance.core.catalog_document import Document, FeatureEntry, parse, to_document
from usance.core.periods import Interval, Unit
from usance.core.pricing import Graduated, Price, Tier
from usance.core.refusals import Code, Refusal

MONTH = Interval(Unit.MONTH, 1)
TERM = "plans[0].features[0]"
TIERS = f"{TERM}.price.tiers"


def read(document):
    return parse(document, features=set(), denominations=set())


def refusal_of(document):
    with pytest.raises(Refusal) as caught:
        read(document)
    assert caught.value.code is Code.VALIDATION_FAILED
    return caught.value


def test_a_good_document_is_read_whole():
    document = read(GOOD)

    assert document.features[1] == FeatureEntry("seats", "Seats", "", None)
    assert document.credit_models == (CreditModel("CREDITS", "Credits", hard_limit=False),)
    (plan,) = document.plans
    assert (plan.key, plan.name, plan.description) == ("pro", "Pro", "")
    assert (plan.status, plan.customer) == (PlanStatus.ACTIVE, None)
    assert plan.terms == Terms(
        price=Decimal(49),
        currency="USD",
        interval=Interval(Unit.YEAR, 1),
        timing=BillingTiming.IN_ADVANCE,
        grace_days=None,
        net_terms_days=0,
        trial_days=0,
        features=(
            FeatureTerms(
                key="chat",
                limit=Limit(Decimal(1000), Overage.ALLOW, MONTH),
                price=Price(
                    Graduated(
                        (
                            Tier(Decimal(1000), Decimal("0.02"), Decimal("1.50")),
                            Tier(Decimal(10000), Decimal("0.01"), Decimal(0)),
                            Tier(None, Decimal("0.005"), Decimal(0)),
                        )
                    ),
                    included_units=Decimal(0),
                    minimum=Decimal(5),
                    unit_label="tokens",
                ),
                aggregation=Aggregation(
                    AggregationKind.SUM, None, (("paid", True), ("region", "eu"))
                ),
                burn=Burn("CREDITS", None, (("gpt-4.1", Decimal(8)),)),
            ),
            FeatureTerms(
                key="seats",
                limit=Limit(Decimal(5), Overage.BLOCK, None),
                price=None,
                aggregation=Aggregation(AggregationKind.UNIQUE, "userId", ()),
                burn=None,
            ),
        ),
        credits=(
            Allocation(
                "CREDITS",
                Decimal(1000),
                Rollover.CAPPED,
                Decimal(200),
                None,
                Interval(Unit.MONTH, 3),
            ),
        ),
        metadata=(("badge", "Popular"), ("rank", Decimal(1))),
    )
    assert plan.terms.term("seats") is plan.terms.features[1]
    assert plan.terms.term("chats") is None
    assert plan.terms.allocation("CREDITS") is plan.terms.credits[0]
    assert plan.terms.allocation("credits") is None


def test_an_empty_document_is_a_document():
    assert read({}) == Document((), (), ())
    assert read({"plans": None, "prune": True}) == Document((), (), (), prune=True)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        # Each feature, model and plan, by the limits of a key and a name.
        ("features[2]", {"key": "a" * 255, "name": "x"}),
        ("features[0].name", "漢" * 255),
        ("features[0].description", "two\nlines\t" + "x" * 1990),
        ("features[0].enabled", False),
        ("plans[0].customerReferenceId", "user/4 56%é"),
        ("plans[0].status", "DRAFT"),
        # Numbers: by value, as texts too, at their bounds.
        ("plans[0].price.amount", 0),
        ("plans[0].price.amount", "49.00"),
        ("plans[0].price.amount", Decimal("49.000")),
        ("plans[0].price.amount", Decimal("4.9E+1")),
        ("plans[0].price.amount", Decimal("999999999999999999.99")),
        (f"{TIERS}[0].unitPrice", Decimal("0.000000000001")),
        (f"{TIERS}[0].unitPrice", Decimal("999999999999999999.999999999999")),
        (f"{TIERS}[0].unitPrice", Decimal("-0.0")),
        (f"{TIERS}[0].upTo", Decimal("0.5")),
        (f"{TERM}.limit.units", 0),
        ("plans[0].interval.count", 10),
        ("plans[0].interval.count", ABSENT),
        ("plans[0].gracePeriodDays", 365),
        ("plans[0].gracePeriodDays", 0),
        ("plans[0].trialDays", Decimal("730.0")),
        ("plans[0].netTermsDays", 365),
        # Null is the same as absent.
        (f"{TERM}.limit", None),
        (f"{TERM}.price", None),
        (f"{TERM}.price.minimum", None),
        (f"{TERM}.credits", None),
        (f"{TERM}.aggregation", None),
        ("plans[0].credits", None),
        ("plans[0].metadata", None),
        # A day divides every longer interval; months divide years; weeks are whole days.
        (f"{TERM}.limit.every", "DAY"),
        (f"{TERM}.limit.every", {"unit": "MONTH", "count": 6}),
        (f"{TERM}.limit.every", {"unit": "MONTH"}),
        ("plans[0].features[1].aggregation", {"type": "max"}),
        ("plans[0].features[1].aggregation", {"type": "max", "property": "size"}),
        ("plans[0].features[1].aggregation", {"type": "count"}),
        ("plans[0].metadata", {str(i): None for i in range(50)}),
        ("plans[0].metadata", {"x y": ""}),
        ("plans[0].credits[0].expiresAfterMonths", 120),
        ("plans[0].credits[0].rolloverCap", 0),
    ],
)
def test_what_a_document_may_say(path, value):
    document = read(spoilt(path, value))

    assert parse(to_document(document), features=set(), denominations=set()) == document


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        # Shapes.
        ("features", {}, "features"),
        ("features[0]", "chat", "features[0]"),
        ("plans", "pro", "plans"),
        ("plans[0]", [], "plans[0]"),
        ("plans[0].price", 49, "plans[0].price"),
        ("prune", "yes", "prune"),
        # Fields that nobody knows.
        ("plan", [], "plan"),
        ("features[0].kay", 1, "features[0].kay"),
        ("creditModels[0].limit", 1, "creditModels[0].limit"),
        ("plans[0].trial_days", 1, "plans[0].trial_days"),
        ("plans[0].interval.size", 1, "plans[0].interval.size"),
        (f"{TERM}.included", True, f"{TERM}.included"),
        (f"{TERM}.limit.unit", 1, f"{TERM}.limit.unit"),
        (f"{TERM}.price.unitPrice", 1, f"{TERM}.price.unitPrice"),
        (f"{TIERS}[1].from", 1, f"{TIERS}[1].from"),
        (f"{TERM}.credits.amount", 1, f"{TERM}.credits.amount"),
        ("plans[0].credits[0].expires", 1, "plans[0].credits[0].expires"),
        ("plans[0].a b", 1, 'plans[0]["a b"]'),
        # Fields that must be there.
        ("features[0].key", ABSENT, "features[0].key"),
        ("features[0].name", None, "features[0].name"),
        ("creditModels[0].name", ABSENT, "creditModels[0].name"),
        ("creditModels[0].denomination", ABSENT, "creditModels[0].denomination"),
        ("plans[0].key", ABSENT, "plans[0].key"),
        ("plans[0].price", ABSENT, "plans[0].price"),
        ("plans[0].price.amount", ABSENT, "plans[0].price.amount"),
        ("plans[0].price.currency", ABSENT, "plans[0].price.currency"),
        ("plans[0].interval", ABSENT, "plans[0].interval"),
        ("plans[0].billingTiming", ABSENT, "plans[0].billingTiming"),
        (f"{TERM}.key", ABSENT, f"{TERM}.key"),
        (f"{TERM}.limit.units", ABSENT, f"{TERM}.limit.units"),
        (f"{TERM}.price.model", ABSENT, f"{TERM}.price.model"),
        (TIERS, ABSENT, TIERS),
        (f"{TIERS}[0].upTo", ABSENT, f"{TIERS}[0].upTo"),
        (f"{TIERS}[2].upTo", None, f"{TIERS}[2].upTo"),
        (f"{TIERS}[0].unitPrice", ABSENT, f"{TIERS}[0].unitPrice"),
        (f"{TERM}.aggregation.type", ABSENT, f"{TERM}.aggregation.type"),
        (f"{TERM}.credits.denomination", ABSENT, f"{TERM}.credits.denomination"),
        ("plans[0].credits[0].amount", ABSENT, "plans[0].credits[0].amount"),
        # Keys.
        ("features[0].key", "", "features[0].key"),
        ("features[0].key", "a" * 256, "features[0].key"),
        ("features[0].key", "a b", "features[0].key"),
        ("features[0].key", "a/b", "features[0].key"),
        ("features[0].key", "chat\n", "features[0].key"),
        ("features[0].key", "é", "features[0].key"),
        ("features[0].key", "..", "features[0].key"),
        ("features[0].key", 5, "features[0].key"),
        ("plans[0].key", "a\0", "plans[0].key"),
        ("creditModels[0].denomination", "AI CREDITS", "creditModels[0].denomination"),
        # Names and texts.
        ("features[0].name", "", "features[0].name"),
        ("features[0].name", "  ", "features[0].name"),
        ("features[0].name", "a" * 256, "features[0].name"),
        ("features[0].name", "two\nlines", "features[0].name"),
        ("features[0].name", "\x7f", "features[0].name"),
        ("plans[0].name", "nul\0", "plans[0].name"),
        ("plans[0].name", "half \ud83d", "plans[0].name"),
        ("plans[0].name", 5, "plans[0].name"),
        ("plans[0].description", "x" * 2001, "plans[0].description"),
        ("plans[0].description", "nul\0", "plans[0].description"),
        ("plans[0].description", "\udc00", "plans[0].description"),
        ("plans[0].customerReferenceId", "", "plans[0].customerReferenceId"),
        ("plans[0].customerReferenceId", "a\tb", "plans[0].customerReferenceId"),
        (f"{TERM}.price.unitLabel", "", f"{TERM}.price.unitLabel"),
        # Choices are exact.
        ("plans[0].status", "active", "plans[0].status"),
        ("plans[0].billingTiming", "ADVANCE", "plans[0].billingTiming"),
        ("plans[0].interval.unit", "MONTHS", "plans[0].interval.unit"),
        (f"{TERM}.limit.overage", "block", f"{TERM}.limit.overage"),
        (f"{TERM}.aggregation.type", "SUM", f"{TERM}.aggregation.type"),
        (f"{TERM}.price.model", "tiered", f"{TERM}.price.model"),
        (f"{TERM}.price.model", [], f"{TERM}.price.model"),
        ("plans[0].credits[0].rollover", "SOME", "plans[0].credits[0].rollover"),
        ("features[0].enabled", 1, "features[0].enabled"),
        ("creditModels[0].hardLimit", "true", "creditModels[0].hardLimit"),
        # Numbers.
        ("plans[0].price.amount", True, "plans[0].price.amount"),
        ("plans[0].price.amount", "", "plans[0].price.amount"),
        ("plans[0].price.amount", "49,00", "plans[0].price.amount"),
        ("plans[0].price.amount", " 49", "plans[0].price.amount"),
        ("plans[0].price.amount", "4_9", "plans[0].price.amount"),
        ("plans[0].price.amount", "٤٩", "plans[0].price.amount"),
        ("plans[0].price.amount", "NaN", "plans[0].price.amount"),
        ("plans[0].price.amount", "inf", "plans[0].price.amount"),
        ("plans[0].price.amount", Decimal("NaN"), "plans[0].price.amount"),
        ("plans[0].price.amount", Decimal("sNaN"), "plans[0].price.amount"),
        ("plans[0].price.amount", Decimal("Infinity"), "plans[0].price.amount"),
        ("plans[0].price.amount", Decimal("-0.01"), "plans[0].price.amount"),
        ("plans[0].price.amount", 10**18, "plans[0].price.amount"),
        ("plans[0].price.amount", Decimal("1E18"), "plans[0].price.amount"),
        (f"{TIERS}[0].unitPrice", Decimal("1E-13"), f"{TIERS}[0].unitPrice"),
        (f"{TIERS}[0].unitPrice", -1, f"{TIERS}[0].unitPrice"),
        (f"{TERM}.limit.units", -1, f"{TERM}.limit.units"),
        (f"{TERM}.credits.weight", 0, f"{TERM}.credits.weight"),
        (f"{TERM}.credits.models.gpt4", 0, f"{TERM}.credits.models.gpt4"),
        (f"{TERM}.credits.models", {"gpt-4.1": "x"}, f'{TERM}.credits.models["gpt-4.1"]'),
        (f"{TERM}.credits.models", {"": 1}, f'{TERM}.credits.models[""]'),
        (f"{TERM}.credits.models", {4: 1}, f"{TERM}.credits.models"),
        # Money has whole minor units: of the base price, the flat fee, the package, the minimum.
        ("plans[0].price.amount", Decimal("49.001"), "plans[0].price.amount"),
        (f"{TIERS}[0].flatFee", Decimal("0.001"), f"{TIERS}[0].flatFee"),
        (f"{TERM}.price.minimum", Decimal("0.001"), f"{TERM}.price.minimum"),
        (f"{TERM}.price.minimum", -1, f"{TERM}.price.minimum"),
        (
            f"{TERM}.price",
            {"model": "package", "packageSize": 1, "packagePrice": Decimal("0.001")},
            f"{TERM}.price.packagePrice",
        ),
        (
            f"{TERM}.price",
            {"model": "package", "packageSize": 0, "packagePrice": 1},
            f"{TERM}.price.packageSize",
        ),
        ("plans[0].price", {"amount": Decimal("0.5"), "currency": "JPY"}, "plans[0].price.amount"),
        ("plans[0].price.currency", "usd", "plans[0].price.currency"),
        ("plans[0].price.currency", "XXX", "plans[0].price.currency"),
        ("plans[0].price.currency", 840, "plans[0].price.currency"),
        ("plans[0].price.currency", [], "plans[0].price.currency"),
        # Intervals and days.
        ("plans[0].interval.count", 0, "plans[0].interval.count"),
        ("plans[0].interval.count", Decimal("1.5"), "plans[0].interval.count"),
        ("plans[0].interval.count", 11, "plans[0].interval.count"),
        ("plans[0].interval", {"unit": "DAY", "count": 3651}, "plans[0].interval.count"),
        ("plans[0].gracePeriodDays", 366, "plans[0].gracePeriodDays"),
        ("plans[0].gracePeriodDays", -1, "plans[0].gracePeriodDays"),
        ("plans[0].trialDays", 731, "plans[0].trialDays"),
        ("plans[0].netTermsDays", 366, "plans[0].netTermsDays"),
        # `every` is shorter than the interval, a year, and divides it.
        (f"{TERM}.limit.every", "YEAR", f"{TERM}.limit.every"),
        (f"{TERM}.limit.every", "WEEK", f"{TERM}.limit.every"),
        (f"{TERM}.limit.every", "HOUR", f"{TERM}.limit.every"),
        (f"{TERM}.limit.every", {"unit": "MONTH", "count": 5}, f"{TERM}.limit.every"),
        (f"{TERM}.limit.every", {"unit": "MONTH", "count": 12}, f"{TERM}.limit.every"),
        (f"{TERM}.limit.every", {"unit": "DAY", "count": 5}, f"{TERM}.limit.every"),
        (f"{TERM}.limit.every", {"unit": "DAY", "count": 0}, f"{TERM}.limit.every.count"),
        ("plans[0].credits[0].every", "YEAR", "plans[0].credits[0].every"),
        # Tiers increase, and only the last is open.
        (TIERS, [], TIERS),
        (TIERS, [{"upTo": i, "unitPrice": 1} for i in range(1, 102)], TIERS),
        (f"{TIERS}[0].upTo", 0, f"{TIERS}[0].upTo"),
        (f"{TIERS}[1].upTo", 1000, f"{TIERS}[1].upTo"),
        (f"{TIERS}[1].upTo", 999, f"{TIERS}[1].upTo"),
        (f"{TIERS}[1].upTo", "inf", f"{TIERS}[1].upTo"),
        (f"{TIERS}[2].upTo", 20000, f"{TIERS}[2].upTo"),
        (f"{TIERS}[2].upTo", "Infinity", f"{TIERS}[2].upTo"),
        # Aggregations.
        (
            "plans[0].features[1].aggregation",
            {"type": "unique"},
            "plans[0].features[1].aggregation.property",
        ),
        (f"{TERM}.aggregation.property", "size", f"{TERM}.aggregation.property"),
        (f"{TERM}.aggregation.filter.region", None, f"{TERM}.aggregation.filter.region"),
        (f"{TERM}.aggregation.filter.region", ["eu"], f"{TERM}.aggregation.filter.region"),
        (f"{TERM}.aggregation.filter.region", "\ud800", f"{TERM}.aggregation.filter.region"),
        (
            f"{TERM}.aggregation.filter",
            {str(i): i for i in range(21)},
            f"{TERM}.aggregation.filter",
        ),
        # What means nothing together.
        (f"{TERM}.price.includedUnits", 1, f"{TERM}.price.includedUnits"),
        (f"{TERM}.aggregation", {"type": "max"}, f"{TERM}.credits"),
        (f"{TERM}.aggregation", {"type": "unique", "property": "u"}, f"{TERM}.credits"),
        (
            "plans[0].features[1].price",
            {"model": "per_unit", "unitPrice": 5},
            "plans[0].features[1].limit.overage",
        ),
        # Allocations.
        ("plans[0].credits[0].amount", 0, "plans[0].credits[0].amount"),
        ("plans[0].credits[0].rolloverCap", ABSENT, "plans[0].credits[0].rolloverCap"),
        ("plans[0].credits[0].rolloverCap", -1, "plans[0].credits[0].rolloverCap"),
        ("plans[0].credits[0].rollover", "FULL", "plans[0].credits[0].rolloverCap"),
        ("plans[0].credits[0].rollover", ABSENT, "plans[0].credits[0].rolloverCap"),
        ("plans[0].credits[0].expiresAfterMonths", 0, "plans[0].credits[0].expiresAfterMonths"),
        ("plans[0].credits[0].expiresAfterMonths", 121, "plans[0].credits[0].expiresAfterMonths"),
        # Names of what is not there.
        (f"{TERM}.key", "talk", f"{TERM}.key"),
        (f"{TERM}.credits.denomination", "COINS", f"{TERM}.credits.denomination"),
        ("plans[0].credits[0].denomination", "COINS", "plans[0].credits[0].denomination"),
        # What comes twice.
        ("features[1].key", "chat", "features[1].key"),
        (
            "creditModels[1]",
            {"denomination": "CREDITS", "name": "x"},
            "creditModels[1].denomination",
        ),
        ("plans[1]", GOOD["plans"][0], "plans[1].key"),
        ("plans[0].features[2]", {"key": "chat"}, "plans[0].features[2].key"),
        (
            "plans[0].credits[1]",
            {"denomination": "CREDITS", "amount": 1},
            "plans[0].credits[1].denomination",
        ),
        # Metadata: an object of scalars.
        ("plans[0].metadata", [], "plans[0].metadata"),
        ("plans[0].metadata.badge", {}, "plans[0].metadata.badge"),
        ("plans[0].metadata.badge", "\0", "plans[0].metadata.badge"),
        ("plans[0].metadata.rank", Decimal("NaN"), "plans[0].metadata.rank"),
        ("plans[0].metadata", {str(i): i for i in range(51)}, "plans[0].metadata"),
        ("plans[0].metadata", {"a" * 256: 1}, f'plans[0].metadata["{"a" * 255}"]'),
        ("plans[0].metadata", {"\ud800": 1}, 'plans[0].metadata["\\ud800"]'),
        ("plans[0].metadata", {1: 1}, "plans[0].metadata"),
    ],
)
def test_what_a_document_may_not_say_is_refused_by_its_path(path, value, field):
    refusal = refusal_of(spoilt(path, value))

    assert refusal.field == field
    assert refusal.message.startswith(field)
    refusal.message.encode()  # a refusal can always be sent


@pytest.mark.parametrize("value", [None, [], "x", 5])
def test_a_document_is_an_object(value):
    assert refusal_of(value).field == ""
    assert refusal_of(value).message == "The document must be an object."


def test_the_message_of_a_refusal_says_what_to_write():
    refusal = refusal_of(spoilt("plans[0].trialDays", 731))
    assert refusal.message == "plans[0].trialDays must be a whole number from 0 to 730."

    refusal = refusal_of(spoilt("plans[0].price.amount", Decimal("NaN")))
    assert refusal.message == "plans[0].price.amount must be a finite number."

    refusal = refusal_of(spoilt("plans[0].price", {"amount": Decimal("0.5"), "currency": "JPY"}))
    assert refusal.message == "plans[0].price.amount must have at most 0 decimals in JPY."


def test_plans_may_name_what_the_account_has_already():
    document = spoilt("creditModels", ABSENT)
    document["features"] = []

    assert parse(document, features={"chat", "seats"}, denominations={"CREDITS"}).plans
    assert refusal_of(document).field == f"{TERM}.key"


def test_a_float_is_a_bug_of_the_decoder():
    with pytest.raises(TypeError, match=r"plans\[0\]\.price\.amount"):
        read(spoilt("plans[0].price.amount", 49.0))


@pytest.mark.parametrize(
    "value",
    [
        Decimal("1e999999"),
        Decimal("1e-999999"),
        "1e999999",
        "9" * 65,
        "1e9999999",
        10**4000,
        Decimal("0." + "0" * 500_000 + "1"),
        Decimal("1." + "0" * 500_000),
    ],
)
def test_a_monstrous_number_is_refused_at_once(value):
    before = time.perf_counter()

    refusal = refusal_of(spoilt(f"{TERM}.limit.units", value))

    assert refusal.field == f"{TERM}.limit.units"
    assert len(refusal.message) < 200
    assert time.perf_counter() - before < 2  # writing it out would take minutes


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal("1E+3"), "1000"),
        (Decimal("0E+999999"), "0"),
        (Decimal("0E-999999"), "0E-12"),
        (Decimal("-0.00"), "0.00"),
        (Decimal("49.50"), "49.50"),
        (Decimal("0.5000000000000000"), "0.500000000000"),
        ("1e2", "100"),
        (7, "7"),
    ],
)
def test_a_number_is_kept_as_a_person_writes_it(value, written):
    (plan,) = read(spoilt(f"{TERM}.limit.units", value)).plans

    assert str(plan.terms.features[0].limit.units) == written


@pytest.mark.parametrize(
    ("interval", "every", "allowed"),
    [
        (Interval(Unit.DAY, 14), {"unit": "DAY", "count": 7}, True),
        (Interval(Unit.DAY, 14), "WEEK", True),
        (Interval(Unit.WEEK, 2), {"unit": "DAY", "count": 2}, True),
        (Interval(Unit.MONTH, 3), "MONTH", True),
        (Interval(Unit.MONTH, 1), "DAY", True),
        (Interval(Unit.YEAR, 2), "YEAR", True),
        (Interval(Unit.DAY, 1), "DAY", False),
        (Interval(Unit.DAY, 10), "WEEK", False),
        (Interval(Unit.WEEK, 1), {"unit": "DAY", "count": 7}, False),
        (Interval(Unit.WEEK, 6), "MONTH", False),
        (Interval(Unit.MONTH, 12), "YEAR", False),
        (Interval(Unit.MONTH, 1), "WEEK", False),
        (Interval(Unit.MONTH, 3), {"unit": "MONTH", "count": 2}, False),
    ],
)
def test_every_is_a_whole_part_of_the_interval(interval, every, allowed):
    document = copy.deepcopy(GOOD)
    (plan,) = document["plans"]
    plan["interval"] = {"unit": interval.unit.value, "count": interval.count}
    del plan["features"][0]["limit"]
    plan["credits"][0]["every"] = every

    if allowed:
        assert read(document).plans[0].terms.credits[0].every is not None
    else:
        assert refusal_of(document).field == "plans[0].credits[0].every"


@pytest.mark.parametrize(
    ("limit", "price", "kind", "allowed"),
    [
        ("BLOCK", False, "max", True),  # it only checks, and bills nothing
        ("ALLOW", True, "max", True),
        (None, True, "unique", True),
        ("BLOCK", True, "max", False),
        ("BLOCK", True, "unique", False),
        ("BLOCK", True, "count", True),
    ],
)
def test_a_maximum_cannot_be_clipped(limit, price, kind, allowed):
    term: dict[str, Any] = {"key": "seats", "aggregation": {"type": kind}}
    if kind == "unique":
        term["aggregation"]["property"] = "userId"
    if limit:
        term["limit"] = {"units": 5, "overage": limit}
    if price:
        term["price"] = {"model": "per_unit", "unitPrice": 5}

    document = spoilt("plans[0].features[1]", term)

    if allowed:
        assert read(document).plans
    else:
        assert refusal_of(document).field == "plans[0].features[1].limit.overage"
