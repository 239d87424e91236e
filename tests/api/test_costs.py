"""Costs over HTTP: rules of features and prices of models by date, and what events then cost."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.api.client import Api, Got
from tests.api.shop import (
    CATALOGUE,
    DAY,
    MICROSECOND,
    START,
    UNKNOWN,
    USER,
    Shop,
    digest,
    several,
    stop_clock,
    written,
)

RULE = {"featureKey": "ai_chat", "costPerUnit": Decimal("0.002"), "currency": "EUR"}
PRICE = {
    "provider": "openai",
    "model": "gpt-4o",
    "currency": "CHF",
    "inputPerMillion": 1,
    "outputPerMillion": 4,
}
# gpt-4o is listed at 2.50, 1.25 cached, 10.00: 0.25 + 0.10.
CALL = {"model": "gpt-4o", "inputTokens": 100_000, "outputTokens": 10_000}
LISTED = (Decimal("0.35"), "USD")
OWN = (Decimal("0.14"), "CHF")  # 0.1 + 0.04
BY_RULE = (Decimal("0.006"), "EUR")  # 3 × 0.002
NOTHING = (None, None)


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    shop = await Shop.open(api)
    await shop.started("pro_monthly")
    return shop


async def _publish(shop: Shop, what: str, body: dict[str, Any], **more: object) -> Any:
    made = await shop.api.post(f"/costs/{what}", body | more)
    assert made.status == 201, made.body
    return made.data


async def _cost(
    shop: Shop, feature: str | None = "ai_chat", **said: Any
) -> tuple[Decimal | None, str | None]:
    """Return what an event of 3 units costs, and in what."""
    receipt = await shop.use(3, feature, **said)
    return receipt["costAmount"], receipt["costCurrency"]


async def _detail(shop: Shop, receipt: dict[str, Any]) -> Any:
    """Return the unit prices that are stored with an event."""
    statement = "SELECT cost_detail FROM usage_events WHERE event_id = $1"
    return await shop.api.db.peek(lambda tx: tx.fetchval(statement, UUID(receipt["eventId"])))


# --- publishing -----------------------------------------------------------------------------------


async def test_a_rule_is_published_listed_and_shown_by_feature(shop: Shop):
    later = await _publish(shop, "features", RULE, effectiveFrom=written(START + DAY))
    now = await _publish(shop, "features", RULE, costPerUnit="0.000000000001")
    other = await _publish(shop, "features", RULE, featureKey="images", costPerUnit=None)
    assert now == {
        "id": now["id"],
        "featureKey": "ai_chat",
        "costPerUnit": Decimal("1e-12"),
        "currency": "EUR",
        "effectiveFrom": written(START),
        "publishedAt": written(START),
    }
    assert other["costPerUnit"] is None
    assert (await shop.api.get("/costs/features")).data == [now, later, other]
    history = await shop.api.get("/costs/features?featureKey=ai_chat&limit=1&offset=1")
    assert (history.data, history.body["pagination"]["total"]) == ([later], 2)
    assert (await shop.api.get("/costs/features?featureKey=nothing")).data == []


async def test_a_price_of_a_model_is_published_listed_and_shown_by_model(shop: Shop):
    whole = {
        "cachedInputPerMillion": Decimal("0.5"),
        "reasoningPerMillion": 9,
        "perRequest": Decimal("0.001"),
    }
    named = {"provider": "Our Rack", "model": "House-LLM"}
    one = await _publish(shop, "models", PRICE, **whole, **named)
    assert one == PRICE | whole | {
        "id": one["id"],
        "provider": "our rack",
        "model": "house-llm",
        "effectiveFrom": written(START),
        "publishedAt": written(START),
    }
    two = await _publish(shop, "models", {k: v for k, v in PRICE.items() if k != "provider"})
    assert (two["provider"], two["cachedInputPerMillion"]) == (None, None)
    assert (two["reasoningPerMillion"], two["perRequest"]) == (None, None)
    assert (await shop.api.get("/costs/models")).data == [two, one]
    assert (await shop.api.get("/costs/models?model=HOUSE-llm")).data == [one]
    assert (await shop.api.get("/costs/models?model=house")).data == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        *[({"featureKey": value}, "featureKey") for value in several("", "nothing", None, 1)],
        *[
            ({"costPerUnit": value}, "costPerUnit")
            for value in several(-1, "x", True, "NaN", 10**18, "1e-13", [])
        ],
        *[({"currency": value}, "currency") for value in several("", "usd", "XXX", None, 1)],
        *[
            ({"effectiveFrom": value}, "effectiveFrom")
            for value in several(written(START - MICROSECOND), "2027-01-02", 1)
        ],
        ({"unknown": 1}, "unknown"),
    ],
    ids=repr,
)
async def test_a_bad_rule_is_named_and_nothing_is_published(
    shop: Shop, changed: dict[str, object], field: str
):
    before = await digest(shop.api)
    answer = await shop.api.post("/costs/features", RULE | changed)
    assert (answer.status, answer.error["code"]) == (422, "validation_failed")
    assert answer.error["field"] == field
    assert await digest(shop.api) == before


PRICES = (
    "inputPerMillion",
    "outputPerMillion",
    "cachedInputPerMillion",
    "reasoningPerMillion",
    "perRequest",
)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        *[({"model": value}, "model") for value in several("", None, 1, "x" * 256, "a\x00")],
        *[({"provider": value}, "provider") for value in several("", 1, "x" * 256)],
        *[
            ({name: value}, name)
            for name in PRICES
            for value in several(-1, "x", True, "NaN", 10**18, "1e-13")
        ],
        *[({"currency": value}, "currency") for value in several("usd", "XXX", None)],
        ({"effectiveFrom": written(START - MICROSECOND)}, "effectiveFrom"),
        # Half a price is none.
        ({"inputPerMillion": None}, "inputPerMillion"),
        ({"outputPerMillion": None}, "outputPerMillion"),
        ({"inputPerMillion": None, "outputPerMillion": None, "perRequest": 1}, "inputPerMillion"),
        ({"unknown": 1}, "unknown"),
    ],
    ids=repr,
)
async def test_a_bad_price_of_a_model_is_named_and_nothing_is_published(
    shop: Shop, changed: dict[str, object], field: str
):
    before = await digest(shop.api)
    answer = await shop.api.post("/costs/models", PRICE | changed)
    assert (answer.status, answer.error["code"]) == (422, "validation_failed")
    assert answer.error["field"] == field
    assert await digest(shop.api) == before


@pytest.mark.parametrize("name", ["inputPerMillion", "outputPerMillion"])
async def test_that_a_price_ends_is_said_and_not_left_out(shop: Shop, name: str):
    answer = await shop.api.post("/costs/models", {k: v for k, v in PRICE.items() if k != name})
    assert (answer.status, answer.error["field"]) == (422, name)


@pytest.mark.parametrize(
    ("what", "body", "again"),
    [
        ("features", RULE, {"costPerUnit": 1, "currency": "USD"}),
        ("models", PRICE, {"provider": "OpenAI", "model": "GPT-4O", "currency": "USD"}),
        ("models", PRICE | {"provider": None}, {"inputPerMillion": 7}),
    ],
)
async def test_at_one_instant_one_takes_effect(
    shop: Shop, what: str, body: dict[str, Any], again: dict[str, Any]
):
    await _publish(shop, what, body)
    answer = await shop.api.post(f"/costs/{what}", body | again)
    assert (answer.status, answer.error["field"]) == (422, "effectiveFrom")
    await _publish(shop, what, body | again, effectiveFrom=written(START + MICROSECOND))


@pytest.mark.parametrize(("what", "body"), [("features", RULE), ("models", PRICE)])
async def test_what_lies_ahead_can_be_deleted_and_what_holds_stays(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, what: str, body: dict[str, Any]
):
    soon = await _publish(shop, what, body, effectiveFrom=written(START + MICROSECOND))
    far = await _publish(shop, what, body, effectiveFrom=written(START + DAY))
    gone = await shop.api.delete(f"/costs/{what}/{far['id']}")
    assert (gone.status, gone.data) == (200, far)
    unknown = await shop.api.delete(f"/costs/{what}/{far['id']}")
    assert (unknown.status, unknown.error["code"]) == (404, "not_found")
    stop_clock(monkeypatch, START + MICROSECOND)
    kept = await shop.api.delete(f"/costs/{what}/{soon['id']}")
    assert (kept.status, kept.error["code"]) == (409, "already_effective")
    assert (await shop.api.get(f"/costs/{what}")).data == [soon]


@pytest.mark.parametrize(("what", "body"), [("features", RULE), ("models", PRICE)])
async def test_another_accounts_costs_are_not_there(
    shop: Shop, other_api: Api, what: str, body: dict[str, Any]
):
    mine = await _publish(shop, what, body, effectiveFrom=written(START + DAY))
    theirs = Shop(other_api)
    assert (await other_api.post("/catalog/apply", CATALOGUE)).status == 200
    assert (await other_api.get(f"/costs/{what}")).data == []
    for path in (mine["id"], UNKNOWN, "x"):
        answer = await other_api.delete(f"/costs/{what}/{path}")
        assert (answer.status, answer.error["code"]) == (404, "not_found")
    await theirs.started("pro_monthly")
    await _publish(shop, what, body)
    assert await _cost(theirs, costInput=CALL) == LISTED
    assert await _cost(shop, costInput=CALL) in {BY_RULE, OWN}


# --- what an event costs --------------------------------------------------------------------------


async def test_what_was_sent_goes_before_the_rule_before_the_own_price_before_the_list(shop: Shop):
    assert await _cost(shop, costInput=CALL) == LISTED
    await _publish(shop, "models", PRICE)
    assert await _cost(shop, costInput=CALL) == OWN
    await _publish(shop, "features", RULE)
    assert await _cost(shop, costInput=CALL) == BY_RULE
    assert await _cost(shop) == BY_RULE
    assert await _cost(shop, costInput=CALL, costAmount="0.5") == (Decimal("0.5"), "USD")
    assert await _cost(shop, costInput=CALL, costAmount=0) == (Decimal(0), "USD")
    # Other features have no rule, and what has no feature has none either.
    assert await _cost(shop, "images", costInput=CALL) == OWN
    assert await _cost(shop, None, costInput=CALL) == OWN
    assert await _cost(shop, "images") == NOTHING


async def test_a_model_that_nobody_knows_is_flagged_until_it_has_a_price(shop: Shop):
    call = CALL | {"model": "house-llm"}
    unknown = await shop.use(1, costInput=call)
    assert (unknown["costAmount"], unknown["notes"]) == (
        None,
        ["unknown_model: unknown_model"],
    )
    assert await _detail(shop, unknown) is None
    await _publish(shop, "models", PRICE, model="house-llm", provider=None)
    known = await shop.use(1, costInput=call)
    assert (known["costAmount"], known["costCurrency"], known["notes"]) == (*OWN, [])
    own = {"provider": None, "model": "house-llm", "currency": "CHF", "source": "own"}
    assert await _detail(shop, known) == own | {
        "since": written(START),
        "parts": [
            {
                "unit": "input_tokens",
                "quantity": 100_000,
                "unitPrice": 1,
                "per": 1_000_000,
                "amount": Decimal("0.1"),
            },
            {
                "unit": "output_tokens",
                "quantity": 10_000,
                "unitPrice": 4,
                "per": 1_000_000,
                "amount": Decimal("0.04"),
            },
        ],
    }


async def test_the_unit_price_of_a_rule_is_stored_with_the_event(shop: Shop):
    await _publish(shop, "features", RULE)
    receipt = await shop.use(3)
    part = {"unit": "units", "quantity": 3, "unitPrice": Decimal("0.002"), "per": 1}
    assert await _detail(shop, receipt) == {
        "featureKey": "ai_chat",
        "currency": "EUR",
        "since": written(START),
        "source": "own",
        "parts": [part | {"amount": Decimal("0.006")}],
    }


@pytest.mark.parametrize(
    ("said", "want"),
    [
        ({}, OWN),  # the name is OpenAI's
        ({"modelProvider": "OpenAI"}, OWN),
        ({"model": "GPT-4o"}, OWN),
        ({"modelProvider": "azure"}, LISTED),
        ({"model": "gpt-4o-2024-08-06"}, LISTED),  # another name, though of the same model
    ],
)
async def test_a_price_is_for_the_names_that_were_published(
    shop: Shop, said: dict[str, Any], want: tuple[Decimal, str]
):
    await _publish(shop, "models", PRICE)
    assert await _cost(shop, costInput=CALL | said) == want


async def test_cached_and_reasoned_tokens_have_prices_of_their_own(shop: Shop):
    more = {"cachedInputPerMillion": "0.1", "reasoningPerMillion": 40, "perRequest": 1}
    await _publish(shop, "models", PRICE, **more)
    call = CALL | {"cachedInputTokens": 90_000, "reasoningTokens": 10_000}
    # 10,000 × 1 + 90,000 × 0.1 + 10,000 × 40 = 10,000 + 9,000 + 400,000 millionths, and 1.
    assert await _cost(shop, costInput=call) == (Decimal("1.419"), "CHF")
    too_many = await shop.use(1, costInput=call | {"cachedInputTokens": 100_001})
    assert (too_many["costAmount"], too_many["notes"]) == (
        None,
        ["unknown_model: cached_beyond_input"],
    )


async def test_all_units_cost_also_those_that_are_not_billed(shop: Shop):
    await _publish(shop, "features", RULE, costPerUnit="0.5")
    await _publish(shop, "features", RULE, featureKey="reports", costPerUnit="0.5")
    clipped = await shop.use(5000)  # of 2,000
    assert (clipped["billableUnits"], clipped["costAmount"]) == (2000, 2500)
    unmatched = await shop.use(5, "reports")  # in no plan
    assert (unmatched["matched"], unmatched["costAmount"]) == (None, Decimal("2.5"))
    none = await shop.use(0, costInput=CALL)
    assert (none["costAmount"], none["costCurrency"]) == (0, "EUR")


@pytest.mark.parametrize(
    ("what", "body", "own"), [("features", RULE, BY_RULE), ("models", PRICE, OWN)]
)
async def test_it_holds_from_its_instant_to_the_microsecond(
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    body: dict[str, Any],
    own: tuple[Decimal, str],
):
    """By the event's own instant, whenever it is sent; and what was recorded keeps its cost."""
    begins, ends = START + DAY, START + 2 * DAY
    await _publish(shop, what, body, effectiveFrom=written(begins))
    none = {"costPerUnit": None} if what == "features" else {}
    none |= {} if none else {"inputPerMillion": None, "outputPerMillion": None}
    await _publish(shop, what, body, effectiveFrom=written(ends), **none)
    sent: list[datetime] = [begins - MICROSECOND, begins, ends - MICROSECOND, ends]
    want = [LISTED, own, own, LISTED]
    for at, cost in zip(sent, want, strict=True):
        stop_clock(monkeypatch, at)
        assert await _cost(shop, costInput=CALL) == cost
    stop_clock(monkeypatch, ends + DAY)
    late = [await _cost(shop, costInput=CALL, occurredAt=written(at)) for at in sent]
    assert late == want


async def test_what_lies_ahead_of_now_is_priced_as_of_now(shop: Shop):
    await _publish(shop, "features", RULE, effectiveFrom=written(START + timedelta(minutes=1)))
    ahead = written(START + timedelta(minutes=2))
    assert await _cost(shop, costInput=CALL, occurredAt=ahead) == LISTED


async def test_a_model_is_listed_as_of_now_for_what_lies_ahead(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    """o3 was 10.00 in until 2025-06-10, then 2.00."""
    stop_clock(monkeypatch, datetime.fromisoformat("2025-06-09T23:58:00+00:00"))
    await shop.customer("early")
    call = {"model": "o3", "inputTokens": 1_000_000}
    for at, cost in (("2025-06-09T23:59:59Z", 10), ("2025-06-10T00:01:00Z", 10)):
        receipt = await shop.use(
            1, None, customerReferenceId="early", costInput=call, occurredAt=at
        )
        assert receipt["costAmount"] == cost


async def test_the_same_event_again_keeps_the_cost_of_the_first_time(shop: Shop):
    event = {
        "eventIdempotencyKey": "k",
        "eventName": "x",
        "customerReferenceId": USER,
        "featureKey": "ai_chat",
    }
    await _publish(shop, "features", RULE)
    first = await shop.api.post("/events", event)
    await _publish(
        shop, "features", RULE, costPerUnit=9, effectiveFrom=written(START + MICROSECOND)
    )
    again = await shop.api.post("/events", event)
    assert (again.status, again.data) == (200, first.data | {"duplicate": True})


# --- every door -----------------------------------------------------------------------------------


def _plain(receipts: Got) -> Any:
    return receipts.data


def _parts(receipts: Got) -> Any:
    return receipts.data[0]["receipt"]


@pytest.mark.parametrize(
    ("path", "wrap", "receipt"),
    [
        ("/events", lambda event: event, _plain),
        ("/events/batch", lambda event: {"events": [event]}, _parts),
    ],
)
async def test_a_price_is_seen_by_the_next_event_of_a_customer_who_is_kept(
    shop: Shop, path: str, wrap: Callable[[Any], Any], receipt: Callable[[Got], Any]
):
    """The state of a customer is kept from event to event; a new catalogue ends that at once."""

    async def cost(key: str) -> tuple[Decimal | None, str | None]:
        event = {
            "eventIdempotencyKey": key,
            "eventName": "x",
            "customerReferenceId": USER,
            "featureKey": "ai_chat",
            "usageUnits": 3,
            "costInput": CALL,
        }
        told = receipt(await shop.api.post(path, wrap(event)))
        return told["costAmount"], told["costCurrency"]

    assert [await cost("a"), await cost("b")] == [LISTED, LISTED]
    ahead = await _publish(
        shop, "features", RULE, costPerUnit=1, effectiveFrom=written(START + DAY)
    )
    await _publish(shop, "models", PRICE)
    assert [await cost("c"), await cost("d")] == [OWN, OWN]
    await _publish(shop, "features", RULE)
    assert [await cost("e"), await cost("f")] == [BY_RULE, BY_RULE]
    assert (await shop.api.delete(f"/costs/features/{ahead['id']}")).status == 200
    await shop.advance("P2D")
    assert await cost("g") == BY_RULE


async def test_the_event_of_a_hold_costs_what_was_really_used(shop: Shop):
    await _publish(shop, "features", RULE)
    body = {"customerReferenceId": USER, "featureKey": "ai_chat", "usageUnits": 100}
    hold = (await shop.api.post("/holds", body)).data["id"]
    used = {"usageUnits": 3, "costInput": CALL}
    settled = await shop.api.post(f"/holds/{hold}/settle", used)
    assert (settled.data["costAmount"], settled.data["costCurrency"]) == BY_RULE


async def test_a_cost_is_no_price_and_reaches_no_invoice(shop: Shop):
    await _publish(shop, "features", RULE, costPerUnit=1000)
    await _publish(shop, "models", PRICE, inputPerMillion=1000)
    await shop.use(10, "ai_chat", costInput=CALL)
    await shop.advance("P31D")
    (renewal, _first) = await shop.invoices()
    assert renewal["amount"] == Decimal("49.00")
