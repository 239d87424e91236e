"""Usage events over HTTP: recorded once, with a receipt that says what became of them."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.api.client import Api, Got
from tests.api.shop import (
    DAY,
    MICROSECOND,
    START,
    USER,
    Shop,
    digest,
    instant,
    several,
    stop_clock,
    written,
)

RECEIPT = [
    "eventId", "eventIdempotencyKey", "duplicate", "matched", "billableUnits", "usage",
    "usageLimitExceeded", "creditsDeducted", "remainingBalance", "insufficientCredits",
    "creditShortfall", "costAmount", "costCurrency", "revenueAmount", "occurredAt", "notes",
]  # fmt: skip
EVENT = {
    "eventIdempotencyKey": "e",
    "eventName": "chat_completion",
    "customerReferenceId": USER,
    "featureKey": "ai_chat",
    "usageUnits": 5,
}


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    return await Shop.open(api)


async def _events(shop: Shop) -> int:
    return int(await shop.api.db.peek(lambda tx: tx.fetchval("SELECT count(*) FROM usage_events")))


def _notes(receipt: Any) -> list[str]:
    """Return the words that a program reads: what stands before the colon."""
    return [note.partition(":")[0] for note in receipt["notes"]]


# --- a receipt ------------------------------------------------------------------------------------


async def test_a_receipt_says_what_became_of_the_event(shop: Shop):
    made = await shop.started("pro_monthly")
    sent = await shop.api.post("/events", EVENT)
    assert sent.status == 201
    assert list(sent.data) == RECEIPT
    assert UUID(sent.data["eventId"]).version == 7
    assert sent.data == {
        "eventId": sent.data["eventId"],
        "eventIdempotencyKey": "e",
        "duplicate": False,
        "matched": {
            "subscriptionId": made["subscription"]["id"],
            "planKey": "pro_monthly",
            "periodStart": written(START),
        },
        "billableUnits": 5,
        "usage": {"used": 5, "limit": 2000, "remaining": 1995},
        "usageLimitExceeded": False,
        "creditsDeducted": 0,
        "remainingBalance": None,
        "insufficientCredits": False,
        "creditShortfall": 0,
        "costAmount": None,
        "costCurrency": None,
        "revenueAmount": 0,
        "occurredAt": written(START),
        "notes": [],
    }


async def test_a_price_earns_and_credits_burn_to_the_digit(shop: Shop):
    await shop.started("pro_monthly")
    priced = await shop.send_event("api.calls.v2", usageUnits="1234.5")
    assert (priced.data["revenueAmount"], priced.data["creditsDeducted"]) == (Decimal("2.469"), 0)
    assert b'"revenueAmount":2.469,' in priced.raw  # no zeros that arithmetic left
    burnt = await shop.send_event("images", usageUnits=Decimal("0.5"))
    assert burnt.data["creditsDeducted"] == 1
    assert burnt.data["remainingBalance"] == 999
    assert b'"creditsDeducted":1,"remainingBalance":999,' in burnt.raw


async def test_what_is_not_said_has_its_default(shop: Shop):
    await shop.started("pro_monthly")
    bare = {"eventName": "x", "customerReferenceId": USER, "featureKey": "ai_chat"}
    sent = await shop.api.post("/events", bare | {"eventIdempotencyKey": "a"})
    assert (sent.data["billableUnits"], sent.data["occurredAt"]) == (1, written(START))
    nulls = dict.fromkeys(
        ("occurredAt", "costInput", "costAmount", "revenueAmount", "flowId", "meta")
    )
    again = await shop.api.post("/events", bare | nulls | {"eventIdempotencyKey": "b"})
    assert (again.status, again.data["billableUnits"]) == (201, 1)


async def test_everything_that_can_be_said_is_kept(shop: Shop):
    await shop.started("pro_monthly")
    said: dict[str, Any] = {
        "costInput": {
            "model": "gpt-4o",
            "modelProvider": "openai",
            "inputTokens": 1000,
            "outputTokens": 500,
            "cachedInputTokens": 0,
            "reasoningTokens": 0,
        },
        "costAmount": "0.0123",
        "revenueAmount": "0.5",
        "flowId": "flow 7",
        "meta": {"region": "eu", "share": Decimal("0.10"), "deep": [{"a": None}]},
    }
    receipt = await shop.use(3, **said)
    assert (receipt["costAmount"], receipt["costCurrency"]) == (Decimal("0.0123"), "USD")
    assert receipt["revenueAmount"] == Decimal("0.5")
    (row,) = await shop.api.db.peek(lambda tx: tx.fetch("SELECT * FROM usage_events"))
    assert (row["flow_id"], row["model"]) == ("flow 7", "gpt-4o")
    assert row["meta"] == said["meta"]


async def test_tokens_are_priced_and_an_unknown_model_is_never_guessed(shop: Shop):
    await shop.started("pro_monthly")
    tokens = {
        "model": "gpt-4o",
        "modelProvider": "openai",
        "inputTokens": 1000,
        "outputTokens": 500,
    }
    known = await shop.use(1500, costInput=tokens)
    assert known["costAmount"] > 0
    assert known["costCurrency"] == "USD"
    unknown = await shop.use(1, costInput=tokens | {"model": "nobody-knows-9"})
    assert (unknown["costAmount"], unknown["costCurrency"]) == (None, None)
    assert _notes(unknown) == ["unknown_model"]


async def test_a_revenue_that_is_sent_reaches_no_invoice(shop: Shop):
    made = await shop.subscribe("payg_monthly")
    await shop.use(100, revenueAmount=999)
    await shop.advance("P31D")
    assert (await shop.invoice(made["invoice"]["id"]))["amount"] == Decimal("12.00")


# --- its key --------------------------------------------------------------------------------------


async def test_the_same_again_is_the_first_receipt(shop: Shop):
    await shop.started("pro_monthly")
    first = await shop.api.post("/events", EVENT)
    await shop.use(100)
    await shop.advance("P40D")
    before = await digest(shop.api)
    for _ in range(2):
        again = await shop.api.post("/events", EVENT)
        assert (again.status, again.data) == (200, first.data | {"duplicate": True})
        assert list(again.data) == RECEIPT
    assert await digest(shop.api) == before


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (b'"usageUnits": 1', b'"usageUnits": 1.0'),
        (b'"usageUnits": 1', b'"usageUnits": 1e0'),
        (b'"usageUnits": 1', b'"usageUnits": 10E-1'),
        (b'"usageUnits": 0', b'"usageUnits": -0.00'),
        (b'"meta": {"a": 1, "b": [2]}', b'"meta": {"b": [2.0], "a": 1.00}'),
        (b'"meta": {"t": "\\u00e4"}', '"meta": {"t": "ä"}'.encode()),
        (b'"usageUnits": 12345678901234567', b'"usageUnits": 1.2345678901234567e16'),
    ],
)
async def test_content_is_compared_by_value(shop: Shop, first: bytes, second: bytes):
    await shop.started("pro_monthly")
    body = b'{"eventIdempotencyKey": "k", "eventName": "x", "customerReferenceId": "user_456", '
    one = await shop.api.post("/events", body + first + b"}")
    two = await shop.api.post("/events", body + second + b"}")
    assert (one.status, two.status) == (201, 200)
    assert two.data == one.data | {"duplicate": True}


async def test_a_number_and_the_same_number_as_text_are_one_value(shop: Shop):
    await shop.started("pro_monthly")
    answers = [
        await shop.api.post("/events", EVENT | {"usageUnits": units, "costAmount": cost})
        for units, cost in (
            (1, "0.50"),
            (Decimal("1.0"), Decimal("0.5")),
            ("1", "0.5"),
            ("1.0", "5e-1"),
        )
    ]
    assert [answer.status for answer in answers] == [201, 200, 200, 200]


@pytest.mark.parametrize(
    "changed",
    [
        {"usageUnits": 6},
        {"usageUnits": Decimal("5.000000000001")},
        {"eventName": "other"},
        {"featureKey": "images"},
        {"featureKey": None},
        {"meta": {}},
        {"meta": {"a": "1"}},
        {"occurredAt": written(START)},
        {"flowId": "f"},
        {"costAmount": 1},
        {"unknown": 1},
    ],
    ids=repr,
)
async def test_other_content_under_the_same_key_is_a_conflict(shop: Shop, changed: dict[str, Any]):
    await shop.started("pro_monthly")
    first = await shop.api.post("/events", EVENT)
    before = await digest(shop.api)
    answer = await shop.api.post("/events", EVENT | changed)
    assert (answer.status, answer.error["code"]) == (409, "event_key_conflict")
    assert answer.error["field"] == "eventIdempotencyKey"
    assert answer.error["detail"] == {"eventId": first.data["eventId"]}
    assert await digest(shop.api) == before


async def test_a_key_is_the_customers_own(shop: Shop):
    await shop.started("pro_monthly")
    await shop.started("pro_monthly", "b")
    mine = await shop.api.post("/events", EVENT)
    theirs = await shop.api.post("/events", EVENT | {"customerReferenceId": "b"})
    assert (mine.status, theirs.status) == (201, 201)
    assert mine.data["eventId"] != theirs.data["eventId"]


async def test_the_header_stands_in_for_the_key(shop: Shop):
    await shop.started("pro_monthly")
    body = {name: value for name, value in EVENT.items() if name != "eventIdempotencyKey"}
    first = await shop.api.post("/events", body, key="from the header")
    assert first.status == 201
    assert first.data["eventIdempotencyKey"] == "from the header"
    for same in (body, EVENT | {"eventIdempotencyKey": "from the header"}):
        again = await shop.api.post("/events", same, key="from the header")
        assert (again.status, again.data["eventId"]) == (200, first.data["eventId"])
        assert "idempotent-replayed" not in again.headers
    # And nothing else is stored there.
    kept = await shop.api.db.peek(lambda tx: tx.fetchval("SELECT count(*) FROM idempotency_keys"))
    answer = await shop.api.post("/events", body | {"usageUnits": 6}, key="from the header")
    assert (answer.status, answer.error["code"]) == (409, "event_key_conflict")
    assert kept == 0


async def test_the_body_names_the_key_before_the_header(shop: Shop):
    await shop.started("pro_monthly")
    both = await shop.api.post("/events", EVENT, key="header")
    assert both.data["eventIdempotencyKey"] == "e"
    other = await shop.api.post("/events", EVENT | {"eventIdempotencyKey": "f"}, key="header")
    assert (other.status, other.data["eventIdempotencyKey"]) == (201, "f")


async def test_without_any_key_it_is_refused(shop: Shop):
    await shop.started("pro_monthly")
    body = {name: value for name, value in EVENT.items() if name != "eventIdempotencyKey"}
    for sent in (body, body | {"eventIdempotencyKey": None}):
        answer = await shop.api.post("/events", sent)
        assert (answer.status, answer.error["field"]) == (422, "eventIdempotencyKey")


@pytest.mark.parametrize(
    ("key", "status"), [("x" * 128, 201), ("x" * 129, 422), ("日" * 128, 201), ("a/b c", 201)]
)
async def test_a_key_has_1_to_128_characters(shop: Shop, key: str, status: int):
    await shop.started("pro_monthly")
    answer = await shop.api.post("/events", EVENT | {"eventIdempotencyKey": key})
    assert answer.status == status
    if key.isascii():
        body = {name: value for name, value in EVENT.items() if name != "eventIdempotencyKey"}
        by_header = await shop.api.post("/events", body | {"usageUnits": 5}, key=key)
        assert by_header.status == (200 if status == 201 else 422)


async def test_a_known_key_is_looked_up_before_anything_is_validated(shop: Shop):
    """A repeat after 36 days is still the same event, though its instant is out of the window."""
    await shop.started("pro_monthly")
    body = EVENT | {"occurredAt": written(START)}
    first = await shop.api.post("/events", body)
    await shop.advance("P60D")
    again = await shop.api.post("/events", body)
    assert (again.status, again.data) == (200, first.data | {"duplicate": True})


async def test_of_many_at_once_one_is_recorded(shop: Shop):
    await shop.started("pro_monthly")
    answers = await asyncio.gather(*[shop.api.post("/events", EVENT) for _ in range(20)])
    assert sorted(answer.status for answer in answers) == [200] * 19 + [201]
    assert len({answer.data["eventId"] for answer in answers}) == 1
    assert (await shop.entitlement("ai_chat"))["usage"]["used"] == 5


# --- when it occurred -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offset", "is_taken"),
    [
        (-35 * DAY, True),
        (-35 * DAY - MICROSECOND, False),
        (timedelta(minutes=5), True),
        (timedelta(minutes=5) + MICROSECOND, False),
        (-MICROSECOND, True),
        (timedelta(0), True),
    ],
    ids=str,
)
async def test_it_may_lie_35_days_back_and_5_minutes_ahead_to_the_microsecond(
    shop: Shop, offset: timedelta, *, is_taken: bool
):
    await shop.started("pro_monthly")
    before = await digest(shop.api)
    answer = await shop.api.post("/events", EVENT | {"occurredAt": written(START + offset)})
    if is_taken:
        assert answer.status == 201
        # What lies ahead counts as now.
        assert answer.data["occurredAt"] == written(min(START, START + offset))
    else:
        assert (answer.status, answer.error["field"]) == (422, "occurredAt")
        assert await digest(shop.api) == before


async def test_an_instant_may_be_in_any_zone(shop: Shop):
    await shop.started("pro_monthly")
    receipt = await shop.use(1, occurredAt="2027-01-01T06:59:59.5-05:00")
    assert receipt["occurredAt"] == "2027-01-01T11:59:59.500000Z"


async def test_an_instant_at_a_boundary_belongs_to_the_period_that_starts_there(shop: Shop):
    made = await shop.started("pro_monthly")
    ends = instant(made["subscription"]["currentPeriodEnd"])
    await shop.advance_to(ends + DAY)
    last = await shop.use(1, occurredAt=written(ends - MICROSECOND))
    first = await shop.use(1, occurredAt=written(ends))
    assert last["matched"]["periodStart"] == written(START)
    assert first["matched"]["periodStart"] == written(ends)
    assert _notes(last) == ["late"]
    assert _notes(first) == []


# --- what it matches, and why nothing ---------------------------------------------------------------


async def test_an_unknown_customer_or_feature_is_not_found_and_nothing_is_kept(shop: Shop):
    await shop.started("pro_monthly")
    before = await digest(shop.api)
    nobody = await shop.api.post("/events", EVENT | {"customerReferenceId": "nobody"})
    assert (nobody.status, nobody.error["code"]) == (404, "customer_not_found")
    nothing = await shop.api.post("/events", EVENT | {"featureKey": "nothing"})
    assert (nothing.status, nothing.error["code"]) == (404, "feature_not_found")
    assert nothing.error["field"] == "featureKey"
    assert await digest(shop.api) == before


async def test_every_reason_for_matching_nothing_is_told(shop: Shop):
    """The fact is kept each time, and its cost."""
    await shop.customer()
    assert _notes(await shop.use(1)) == ["no_subscription"]
    made = await shop.subscribe("pro_monthly")
    assert _notes(await shop.use(1)) == ["before_activation"]
    await shop.advance("P1D")
    await shop.mark_paid(made["invoice"]["id"])
    early = await shop.use(1, occurredAt=written(START))
    assert _notes(early) == ["before_activation"]
    assert _notes(await shop.use(1, "reports")) == ["feature_not_in_plan"]
    assert _notes(await shop.use(1, None)) == ["no_feature"]
    await shop.cancel(made["subscription"]["id"], "?cancelMode=IMMEDIATE")
    over = await shop.use(7, costAmount="0.10")
    assert _notes(over) == ["after_end"]
    assert over["matched"] is None
    assert over["usage"] is None
    assert (over["billableUnits"], over["creditsDeducted"], over["revenueAmount"]) == (0, 0, None)
    assert over["costAmount"] == Decimal("0.1")
    assert await _events(shop) == 6


async def test_in_a_trial_it_counts_and_nothing_is_charged(shop: Shop):
    await shop.subscribe("pro_trial")
    receipt = await shop.use(10)
    assert _notes(receipt) == ["in_trial"]
    assert (receipt["billableUnits"], receipt["revenueAmount"]) == (10, 0)
    assert receipt["usage"]["remaining"] == 990


async def test_usage_of_a_feature_that_is_off_is_still_recorded_and_billed(shop: Shop):
    await shop.started("pro_monthly")
    await shop.api.patch("/features/ai_chat", {"enabled": False})
    receipt = await shop.use(10)
    assert receipt["billableUnits"] == 10
    assert receipt["matched"] is not None


async def test_a_filter_leaves_events_out_by_their_meta(shop: Shop):
    document = (await shop.api.get("/catalog")).data
    plan = next(each for each in document["plans"] if each["key"] == "free")
    term = {"key": "reports", "aggregation": {"type": "sum", "filter": {"channel": "public"}}}
    await shop.api.post("/catalog/apply", {"plans": [plan | {"features": [term]}]})
    await shop.subscribe("free")
    for meta, notes in (
        ({"channel": "public"}, []),
        ({"channel": "private"}, ["filtered"]),
        ({"channel": ["public"]}, ["filtered"]),
        ({}, ["filtered"]),
        (None, ["filtered"]),
    ):
        assert _notes(await shop.use(1, "reports", meta=meta)) == notes


# --- limits and credits ---------------------------------------------------------------------------


async def test_beyond_a_limit_the_rest_is_clipped_and_said(shop: Shop):
    await shop.started("starter_monthly")
    await shop.use(900)
    receipt = await shop.use(150, costAmount="1.50")
    assert (receipt["billableUnits"], receipt["usageLimitExceeded"]) == (100, True)
    assert receipt["usage"] == {"used": 1000, "limit": 1000, "remaining": 0}
    assert receipt["costAmount"] == Decimal("1.5")  # the cost is there in full
    nothing = await shop.use(1)
    assert (nothing["billableUnits"], nothing["usageLimitExceeded"]) == (0, True)
    zero = await shop.use(0)
    assert (zero["billableUnits"], zero["usageLimitExceeded"]) == (0, False)


async def test_a_limit_with_overage_goes_on(shop: Shop):
    await shop.started("pro_monthly")
    receipt = await shop.use(8, "seats")
    assert (receipt["billableUnits"], receipt["usageLimitExceeded"]) == (8, False)
    assert receipt["usage"] == {"used": 8, "limit": 5, "remaining": 0}


async def test_a_hard_limit_burns_what_is_there_and_tells_the_shortfall(shop: Shop):
    await shop.started("starter_monthly")  # 100 credits, 2 a unit
    receipt = await shop.use(60, "images")
    assert receipt["creditsDeducted"] == 100
    assert receipt["remainingBalance"] == 0
    assert receipt["insufficientCredits"] is True
    assert receipt["creditShortfall"] == 20
    assert receipt["billableUnits"] == 60
    again = await shop.use(1, "images", costInput={"model": "big"})
    assert (again["creditsDeducted"], again["creditShortfall"]) == (0, 8)
    assert (await shop.pools())["AI_CREDITS"]["balance"] == 0


async def test_what_credits_do_not_cover_is_charged_where_there_is_a_price(shop: Shop):
    await shop.started("enterprise_monthly")  # 5,000 credits, 2 a unit, else 0.10
    receipt = await shop.use(2600, "images")
    assert (receipt["creditsDeducted"], receipt["revenueAmount"]) == (5000, 10)


async def test_a_soft_limit_is_overdrawn_and_repaid_by_the_next_grant(shop: Shop):
    await shop.started("pro_monthly")
    receipt = await shop.use(100, "drafts")  # half a credit each
    assert (receipt["creditsDeducted"], receipt["remainingBalance"]) == (50, -50)
    assert (receipt["insufficientCredits"], receipt["creditShortfall"]) == (False, 0)
    await shop.api.post(f"/credits/{USER}/grants", {"denomination": "SOFT", "amount": 80})
    pool = (await shop.pools())["SOFT"]
    assert (pool["balance"], pool["overdraft"]) == (30, 0)


async def test_a_late_event_gets_its_own_line_on_the_next_invoice(shop: Shop):
    made = await shop.started("pro_monthly")
    ends = instant(made["subscription"]["currentPeriodEnd"])
    await shop.advance_to(ends)
    renewal = await shop.invoice((await shop.invoices())[0]["id"])
    await shop.advance_to(ends + DAY)
    receipt = await shop.use(1000, "api.calls.v2", occurredAt=written(ends - DAY))
    assert _notes(receipt) == ["late"]
    assert await shop.invoice(renewal["id"]) == renewal  # an issued invoice never changes
    await shop.mark_paid(renewal["id"])
    await shop.advance_to(instant(renewal["periodEnd"]))
    lines = (await shop.invoices())[0]["lines"]
    late = [line for line in lines if line["kind"] == "LATE_USAGE"]
    assert [line["amount"] for line in late] == [Decimal("2.00")]


# --- refusing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"eventName": None}, "eventName"),
        ({"eventName": ""}, "eventName"),
        ({"customerReferenceId": None}, "customerReferenceId"),
        ({"usageUnits": None}, "usageUnits"),
        *[
            ({"usageUnits": units}, "usageUnits")
            for units in several(-1, "-0.1", "x", "", "NaN", True, [], 10**18, "1e-13")
        ],
        *[
            ({"occurredAt": at}, "occurredAt")
            for at in ("", "now", "2027-01-01", "2027-01-01T00:00:00", 1_800_000_000, True)
        ],
        ({"costAmount": -1}, "costAmount"),
        ({"costAmount": "x"}, "costAmount"),
        ({"revenueAmount": "x"}, "revenueAmount"),
        ({"costInput": {}}, "costInput.model"),
        ({"costInput": {"model": "m", "inputTokens": -1}}, "costInput.inputTokens"),
        ({"costInput": {"model": "m", "inputTokens": "1"}}, "costInput.inputTokens"),
        ({"costInput": {"model": "m", "outputTokens": 10**13}}, "costInput.outputTokens"),
        ({"costInput": "gpt"}, "costInput"),
        ({"meta": []}, "meta"),
        ({"meta": {"": 1}}, "meta"),
        ({"flowId": ""}, "flowId"),
        ({"correctsEventKey": "e0", "usageUnits": -1}, "correctsEventKey"),
    ],
    ids=repr,
)
async def test_a_bad_field_is_named_and_nothing_is_kept(
    shop: Shop, changed: dict[str, Any], field: str | None
):
    await shop.started("pro_monthly")
    before = await digest(shop.api)
    answer: Got = await shop.api.post("/events", EVENT | changed)
    assert (answer.status, answer.error["code"]) == (422, "validation_failed")
    assert field is None or answer.error["field"] == field
    assert await digest(shop.api) == before


async def test_a_refused_event_does_not_use_up_its_key(shop: Shop):
    await shop.started("pro_monthly")
    for bad in (
        {"usageUnits": -1},
        {"featureKey": "nothing"},
        {"occurredAt": "2020-01-01T00:00:00Z"},
    ):
        assert (await shop.api.post("/events", EVENT | bad)).status in {404, 422}
    assert (await shop.api.post("/events", EVENT)).status == 201
