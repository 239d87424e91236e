"""What an event costs by prices that the seller has set: which of them holds, and what it comes to."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from tests.core.selling import NOBODY, NOW, SEED

from usance.core import costs
from usance.core.costs import Cost, FeatureCost, ModelPrice, Rates, Tokens, costs_of
from usance.core.decisions import record
from usance.core.decisions.record import Use
from usance.core.draft import Draft
from usance.core.metering import UsageEvent
from usance.core.snapshot import Snapshot

MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)
CALL = Tokens("m", "us", 1_000_000, 100_000)
UNKNOWN = Cost(None, None, None, "unknown_model: unknown_model")
RATES = Rates(Decimal(2), Decimal(8))  # 2 + 0.8 for the call above


def rule(per_unit: str | None, at: datetime = NOW, key: str = "calls", currency: str = "EUR"):
    amount = None if per_unit is None else Decimal(per_unit)
    return FeatureCost(UUID(int=1), key, amount, currency, at, NOW)


def price(
    rates: Rates | None = RATES,
    at: datetime = NOW,
    provider: str | None = "us",
    model: str = "m",
    currency: str = "CHF",
):
    return ModelPrice(UUID(int=2), provider, model, currency, rates, at, NOW)


def found(
    *published: FeatureCost | ModelPrice,
    feature: str | None = "calls",
    units: str = "3",
    tokens: Tokens | None = CALL,
    at: datetime = NOW,
) -> tuple[Decimal | None, str | None] | None:
    known = costs_of(
        [one for one in published if isinstance(one, FeatureCost)],
        [one for one in published if isinstance(one, ModelPrice)],
    )
    cost = costs.of_event(known, feature, Decimal(units), tokens, at)
    return None if cost is None else (cost.amount, cost.currency)


# --- which one ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "want"),
    [
        (NOW - MICROSECOND, None),
        (NOW, Decimal(3)),  # 3 × 1
        (NOW + DAY - MICROSECOND, Decimal(3)),
        (NOW + DAY, Decimal(6)),  # 3 × 2
        (NOW + 2 * DAY - MICROSECOND, Decimal(6)),
        (NOW + 2 * DAY, None),  # ended
        (NOW + 3 * DAY - MICROSECOND, None),
        (NOW + 3 * DAY, Decimal(0)),  # free, which is no end
        (NOW + 900 * DAY, Decimal(0)),
    ],
)
def test_a_rule_holds_from_its_instant_until_the_next(at: datetime, want: Decimal | None):
    rules = [rule("1"), rule("2", NOW + DAY), rule(None, NOW + 2 * DAY), rule("0", NOW + 3 * DAY)]
    for published in (rules, rules[::-1]):
        assert found(*published, at=at) == (None if want is None else (want, "EUR"))


@pytest.mark.parametrize(
    ("at", "want"),
    [
        (NOW - MICROSECOND, None),
        (NOW, Decimal("2.8")),
        (NOW + DAY - MICROSECOND, Decimal("2.8")),
        (NOW + DAY, Decimal("0.1")),  # 1 × 0 + 0.1 × 1
        (NOW + 2 * DAY - MICROSECOND, Decimal("0.1")),
        (NOW + 2 * DAY, None),
        (NOW + 900 * DAY, None),
    ],
)
def test_a_price_of_a_model_holds_from_its_instant_until_the_next(
    at: datetime, want: Decimal | None
):
    cheaper = Rates(Decimal(0), Decimal(1))
    prices = [price(), price(cheaper, NOW + DAY), price(None, NOW + 2 * DAY)]
    for published in (prices, prices[::-1]):
        assert found(*published, at=at) == (None if want is None else (want, "CHF"))


ALL = [
    rule("1"),
    price(),
    price(Rates(Decimal(1), Decimal(1)), provider=None, currency="SEK"),
]


@pytest.mark.parametrize(
    ("published", "feature", "tokens", "want"),
    [
        (ALL, "calls", CALL, (Decimal(3), "EUR")),
        (ALL, "calls", None, (Decimal(3), "EUR")),
        (ALL, "other", CALL, (Decimal("2.8"), "CHF")),
        (ALL, None, CALL, (Decimal("2.8"), "CHF")),
        (ALL, "other", Tokens("m", "them", 1_000_000, 100_000), (Decimal("1.1"), "SEK")),
        (ALL, "other", Tokens("m", None, 1_000_000, 100_000), (Decimal("1.1"), "SEK")),
        (ALL[:2], "other", Tokens("m", None, 1_000_000, 100_000), None),
        (ALL, "other", Tokens("n", "us", 1_000_000, 100_000), None),
        (ALL, "other", None, None),
        ([*ALL, rule(None, NOW - DAY)], "calls", CALL, (Decimal(3), "EUR")),  # an older end
        # The provider's price ends, and that of whoever offers it is still there.
        ([price(None), ALL[2]], "other", CALL, (Decimal("1.1"), "SEK")),
        ([], "calls", CALL, None),
    ],
)
def test_the_first_that_speaks_of_the_event_holds(
    published: list[FeatureCost | ModelPrice],
    feature: str | None,
    tokens: Tokens | None,
    want: tuple[Decimal, str] | None,
):
    assert found(*published, feature=feature, tokens=tokens) == want


# --- what it comes to -----------------------------------------------------------------------------

FULL = Rates(Decimal(2), Decimal(8), Decimal("0.5"), Decimal(20), Decimal("0.01"))


@pytest.mark.parametrize(
    ("rates", "tokens", "want"),
    [
        # 600 × 2 + 400 × 0.5 + 70 × 8 + 30 × 20 = 1,200 + 200 + 560 + 600 millionths, and 0.01.
        (FULL, (1_000, 100, 400, 30), "0.01256"),
        (FULL, (0, 0, 0, 0), "0.01"),
        (FULL, (400, 30, 400, 30), "0.0108"),  # 200 + 600 millionths: all of it cached, reasoned
        # Without prices of their own: 1,000 × 2 + 100 × 8.
        (RATES, (1_000, 100, 400, 30), "0.0028"),
        (RATES, (0, 0, 0, 0), "0"),
        # What is free in itself is not what its whole costs: 600 × 2 + 100 × 8.
        (Rates(Decimal(2), Decimal(8), Decimal(0)), (1_000, 100, 400, 30), "0.002"),
        (Rates(Decimal("1e-12"), Decimal(0)), (1, 0, 0, 0), "1e-18"),
        (Rates(Decimal(10**18 - 1), Decimal(0)), (10**12, 0, 0, 0), "999999999999999999000000"),
    ],
)
def test_a_call_costs_each_kind_of_token_at_its_price(
    rates: Rates, tokens: tuple[int, int, int, int], want: str
):
    assert found(price(rates), feature=None, tokens=Tokens("m", "us", *tokens)) == (
        Decimal(want),
        "CHF",
    )


@pytest.mark.parametrize("tokens", [(10, 10, 11, 0), (10, 10, 0, 11)])
def test_parts_that_are_more_than_their_whole_have_no_price(tokens: tuple[int, int, int, int]):
    assert found(price(FULL), feature=None, tokens=Tokens("m", "us", *tokens)) is None
    # A rule asks for no tokens.
    assert found(rule("2"), price(FULL), tokens=Tokens("m", "us", *tokens)) == (Decimal(6), "EUR")


def test_what_it_was_priced_by_is_told():
    known = costs_of([rule("0.25", NOW + DAY)], [price(FULL)])
    by_rule = costs.of_event(known, "calls", Decimal("1.5"), CALL, NOW + DAY)
    assert by_rule is not None
    assert by_rule.detail == {
        "featureKey": "calls",
        "currency": "EUR",
        "since": "2027-04-02T12:00:00Z",
        "source": "own",
        "parts": [
            {
                "unit": "units",
                "quantity": Decimal("1.5"),
                "unitPrice": Decimal("0.25"),
                "per": 1,
                "amount": Decimal("0.375"),
            }
        ],
    }
    by_price = costs.of_event(known, None, Decimal(1), Tokens("m", "us", 1_000, 0, 400), NOW)
    assert by_price is not None
    assert by_price.detail == {
        "provider": "us",
        "model": "m",
        "currency": "CHF",
        "since": "2027-04-01T12:00:00Z",
        "source": "own",
        "parts": [
            {
                "unit": unit,
                "quantity": quantity,
                "unitPrice": Decimal(unit_price),
                "per": per,
                "amount": Decimal(amount),
            }
            for unit, quantity, unit_price, per, amount in (
                ("input_tokens", 600, "2", 1_000_000, "0.0012"),
                ("cached_input_tokens", 400, "0.5", 1_000_000, "0.0002"),
                ("requests", 1, "0.01", 1, "0.01"),
            )
        ],
    }


# --- in an event ----------------------------------------------------------------------------------

LISTED = Cost(Decimal(7), "USD", {"source": "a list"})
GIVEN = Cost(Decimal(9), "USD", None)
NOTHING = Cost(None, None, None)


def recorded(
    before: Snapshot, said: Cost, *, feature: str | None = "calls", at: datetime | None = None
) -> UsageEvent:
    use = Use(
        key="k",
        fingerprint=b"",
        name="used",
        feature_key=feature,
        units=Decimal(3),
        occurred_at=at,
        model="m",
        cost=said,
        revenue_amount=None,
        flow_id=None,
        meta=None,
        tokens=CALL,
    )
    return record.record(Draft(before, now=NOW, seed=SEED), use, seed=SEED)


def selling(*published: FeatureCost | ModelPrice) -> Snapshot:
    rules = [one for one in published if isinstance(one, FeatureCost)]
    prices = [one for one in published if isinstance(one, ModelPrice)]
    return Snapshot(
        account=NOBODY.account,
        customer=NOBODY.customer,
        features=NOBODY.features,
        credit_models=NOBODY.credit_models,
        costs=costs_of(rules, prices),
    )


@pytest.mark.parametrize(
    ("published", "said", "want"),
    [
        ([rule("1"), price()], GIVEN, GIVEN.amount),
        ([rule("1"), price()], Cost(Decimal(0), "USD", None), Decimal(0)),  # sent, and nothing
        ([rule("1"), price()], LISTED, Decimal(3)),
        ([price()], LISTED, Decimal("2.8")),
        ([], LISTED, LISTED.amount),
        ([], UNKNOWN, None),
        ([], NOTHING, None),
        ([rule("1")], NOTHING, Decimal(3)),
    ],
)
def test_a_cost_is_the_first_of_what_was_sent_the_rule_the_own_price_and_the_list(
    published: list[FeatureCost | ModelPrice], said: Cost, want: Decimal | None
):
    event = recorded(selling(*published), said)
    assert event.cost_amount == event.receipt["costAmount"] == want
    assert event.cost_currency == event.receipt["costCurrency"]


def test_what_is_priced_after_all_is_not_noted_as_unknown():
    notes = [recorded(selling(*one), UNKNOWN).receipt["notes"] for one in ([], [price()])]
    subscribes_to_nothing = "no_subscription: the customer has no subscription"
    assert notes == [[subscribes_to_nothing, UNKNOWN.note], [subscribes_to_nothing]]


def test_an_event_is_priced_as_of_its_own_instant_and_one_ahead_as_of_now():
    before = selling(rule("1", NOW - DAY), rule("2", NOW), rule("5", NOW + MICROSECOND))
    yesterday = recorded(before, LISTED, at=NOW - MICROSECOND)
    ahead = recorded(before, LISTED, at=NOW + timedelta(minutes=5))
    assert (yesterday.cost_amount, ahead.cost_amount) == (Decimal(3), Decimal(6))


def test_an_event_without_a_feature_has_no_rule():
    assert recorded(selling(rule("1")), LISTED, feature=None).cost_amount == LISTED.amount
