"""Corrections over HTTP: units taken off an earlier event, and what comes back of credits and money."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.api.client import Api, Got
from tests.api.shop import DAY, MICROSECOND, START, USER, Shop, digest, stop_clock, written
from tests.books import check_books

PLANS: dict[str, Any] = {
    "features": [{"key": key, "name": key} for key in ("calls", "burns", "visits", "debts")],
    "creditModels": [
        {"denomination": "HARD", "name": "Hard", "hardLimit": True},
        {"denomination": "SOFT", "name": "Soft", "hardLimit": False},
    ],
    "plans": [
        {
            "key": "all",
            "name": "All",
            "price": {"amount": 0, "currency": "USD"},
            "interval": {"unit": "MONTH", "count": 1},
            "billingTiming": "IN_ADVANCE",
            "features": [
                {
                    "key": "calls",
                    "limit": {"units": 100, "overage": "BLOCK"},
                    "price": {
                        "model": "graduated",
                        "tiers": [
                            {"upTo": 10, "unitPrice": 1},
                            {"upTo": "inf", "unitPrice": Decimal("0.5")},
                        ],
                    },
                },
                {
                    "key": "burns",
                    "credits": {"denomination": "HARD", "weight": 2},
                    "price": {"model": "per_unit", "unitPrice": Decimal("0.1")},
                },
                {"key": "visits", "aggregation": {"type": "count"}},
                {"key": "debts", "credits": {"denomination": "SOFT", "weight": 1}},
            ],
            "credits": [{"denomination": "HARD", "amount": 20, "rollover": "FULL"}],
        }
    ],
}


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    assert (await api.post("/catalog/apply", PLANS)).status == 200
    shop = Shop(api)
    await shop.started("all")
    return shop


def correction(of: str, units: object, feature: str = "calls", **more: Any) -> dict[str, Any]:
    return {
        "eventName": "used",
        "customerReferenceId": USER,
        "featureKey": feature,
        "eventIdempotencyKey": f"{of} {units}",
        "correctsEventKey": of,
        "usageUnits": units,
    } | more


async def corrected(shop: Shop, of: str, units: object, feature: str = "calls", **more: Any) -> Any:
    got = await shop.api.post("/events", correction(of, units, feature, **more))
    assert got.status == 201, got.body
    return got.data


async def right(shop: Shop) -> None:
    assert await shop.api.db.run(check_books) == []


def _notes(receipt: Any) -> list[str]:
    return [note.partition(":")[0] for note in receipt["notes"]]


# --- the receipt ----------------------------------------------------------------------------------


async def test_a_receipt_says_what_was_corrected_and_what_came_back(shop: Shop):
    first = await shop.use(15, "calls", eventIdempotencyKey="e")
    assert first["revenueAmount"] == Decimal("12.5")
    receipt = await corrected(shop, "e", -7)
    assert receipt == first | {
        "eventId": receipt["eventId"],
        "eventIdempotencyKey": "e -7",
        "billableUnits": -7,
        "usage": {"used": 8, "limit": 100, "remaining": 92},
        "revenueAmount": Decimal("-4.5"),  # 5 × 0.5 and 2 × 1
        "corrects": {
            "eventId": first["eventId"],
            "eventIdempotencyKey": "e",
            "usageUnits": 8,
            "billableUnits": 8,
            "creditsDeducted": 0,
        },
    }
    assert list(receipt) == [*first, "corrects"]
    assert UUID(receipt["eventId"]).version == 7
    assert (await shop.entitlement("calls"))["usage"]["used"] == 8
    await right(shop)


async def test_the_same_again_is_answered_with_the_first_receipt(shop: Shop):
    await shop.use(10, "calls", eventIdempotencyKey="e")
    first = await corrected(shop, "e", -4)
    await corrected(shop, "e", -6)
    again = await shop.api.post("/events", correction("e", "-4.0", eventIdempotencyKey="e -4"))
    assert (again.status, again.data) == (200, first | {"duplicate": True})
    assert list(again.data) == list(first)
    other = await shop.api.post("/events", correction("e", -5, eventIdempotencyKey="e -4"))
    assert (other.status, other.error["code"]) == (409, "event_key_conflict")
    plain = {"eventName": "used", "customerReferenceId": USER, "eventIdempotencyKey": "e -4"}
    assert (await shop.api.post("/events", plain)).status == 409
    assert (await shop.entitlement("calls"))["usage"]["used"] == 0
    await right(shop)


async def test_the_header_stands_in_for_a_correction_s_key(shop: Shop):
    await shop.use(10, "calls", eventIdempotencyKey="e")
    body = correction("e", -4)
    del body["eventIdempotencyKey"]
    answers = [await shop.api.post("/events", body, key="header") for _ in range(2)]
    assert [got.status for got in answers] == [201, 200]
    assert (await shop.entitlement("calls"))["usage"]["used"] == 6


async def test_what_is_kept_of_a_correction_is_below_zero(shop: Shop):
    await shop.use(
        12, "burns", eventIdempotencyKey="e", costInput={"model": "m"}, occurredAt=written(START)
    )
    await corrected(shop, "e", -5, "burns", flowId="f", meta={"why": "double"}, revenueAmount=-9)
    row = await shop.api.db.peek(
        lambda tx: tx.fetchrow(
            "SELECT units, billable, covered, credits, revenue_amount, cost_amount, model, flow_id,"
            " meta, name, feature_key, occurred_at FROM usage_events WHERE units < 0"
        )
    )
    assert row is not None
    assert tuple(row) == (
        -5, -5, -3, -6, -9, None, "m", "f", {"why": "double"}, "used", "burns", START,
    )  # fmt: skip
    await right(shop)


# --- the room that the event had --------------------------------------------------------------------


async def test_what_a_limit_cut_off_is_taken_off_first_and_nothing_cut_off_is_billed(shop: Shop):
    await shop.use(80, "calls", eventIdempotencyKey="a")
    assert (await shop.use(50, "calls", eventIdempotencyKey="b"))["billableUnits"] == 20
    assert (await corrected(shop, "b", -30))["billableUnits"] == 0
    receipt = await corrected(shop, "a", -40)
    assert (receipt["billableUnits"], receipt["usage"]["used"]) == (-40, 60)
    receipt = await corrected(shop, "b", -5)
    assert (receipt["billableUnits"], receipt["usage"]["used"]) == (-5, 55)
    # What there is room for again is for new events.
    assert (await shop.use(50, "calls"))["billableUnits"] == 45
    await right(shop)


async def test_money_comes_back_before_the_credits_of_the_units_that_they_covered(shop: Shop):
    """20 credits at 2 a unit cover 10 of 12 units; the event with 9 units would have burnt 18."""
    first = await shop.use(12, "burns", eventIdempotencyKey="e")
    assert (first["creditsDeducted"], first["revenueAmount"]) == (20, Decimal("0.2"))
    receipt = await corrected(shop, "e", -1, "burns")
    assert (receipt["creditsDeducted"], receipt["revenueAmount"]) == (0, Decimal("-0.1"))
    receipt = await corrected(shop, "e", -2, "burns")
    assert (receipt["creditsDeducted"], receipt["revenueAmount"]) == (-2, Decimal("-0.1"))
    assert (receipt["remainingBalance"], receipt["corrects"]["creditsDeducted"]) == (2, 18)
    receipt = await corrected(shop, "e", -9, "burns")
    assert (receipt["creditsDeducted"], receipt["revenueAmount"]) == (-18, 0)
    pool = (await shop.pools())["HARD"]
    assert (pool["balance"], pool["totalConsumed"], pool["totalGranted"]) == (20, 0, 20)
    await right(shop)


async def test_credits_go_back_to_the_grant_that_was_spent_last(shop: Shop):
    """Of 20 and 4 that expires sooner: 4 are spent first, so the last 6 of 10 come back."""
    expires = written(START + 10 * DAY)
    grant = {"denomination": "HARD", "amount": 4, "expiresAt": expires}
    await shop.api.post(f"/credits/{USER}/grants", grant)
    await shop.use(5, "burns", eventIdempotencyKey="e")
    await corrected(shop, "e", -4, "burns")
    pool = (await shop.pools())["HARD"]
    path = f"/credits/{USER}/pools/{pool['id']}"
    left = {g["type"]: g["remaining"] for g in (await shop.api.get(f"{path}/grants")).data}
    assert left == {"PROMOTIONAL": 2, "PLAN_INCLUDED": 20}
    moved, burn, *_ = (await shop.api.get(f"{path}/transactions")).data
    assert (moved["type"], moved["amount"], moved["reversesTransactionId"]) == (
        "CORRECTION", 8, burn["id"],
    )  # fmt: skip
    await right(shop)


async def test_a_grant_that_has_expired_stays_expired(shop: Shop):
    grant = {"denomination": "HARD", "amount": 4, "expiresAt": written(START + 10 * DAY)}
    await shop.api.post(f"/credits/{USER}/grants", grant)
    await shop.use(5, "burns", eventIdempotencyKey="e")
    await shop.advance("P10D")
    receipt = await corrected(shop, "e", -5, "burns")
    assert (receipt["creditsDeducted"], receipt["remainingBalance"]) == (-6, 20)
    assert _notes(receipt) == ["not_returned"]
    assert "4 credits" in receipt["notes"][0]
    await right(shop)


async def test_an_overdraft_is_owed_no_more(shop: Shop):
    await shop.use(30, "debts", eventIdempotencyKey="e")
    receipt = await corrected(shop, "e", -10, "debts")
    assert (receipt["creditsDeducted"], receipt["remainingBalance"]) == (-10, -20)
    await shop.api.post(f"/credits/{USER}/grants", {"denomination": "SOFT", "amount": 15})
    receipt = await corrected(shop, "e", -20, "debts")
    assert (receipt["creditsDeducted"], receipt["remainingBalance"]) == (-5, 0)
    assert _notes(receipt) == ["not_returned"]
    await right(shop)


# --- with a reversal of the burn --------------------------------------------------------------------


async def _burn(shop: Shop) -> str:
    pool = (await shop.pools())["HARD"]
    found = (await shop.api.get(f"/credits/{USER}/pools/{pool['id']}/transactions")).data
    return next(str(one["id"]) for one in found if one["type"] == "BURN")


async def test_a_reversal_gives_back_what_corrections_have_left(shop: Shop):
    await shop.use(10, "burns", eventIdempotencyKey="e")
    await corrected(shop, "e", -4, "burns")
    path = f"/credits/transactions/{await _burn(shop)}/reverse"
    reversal = await shop.api.post(path)
    assert reversal.data["amount"] == 12
    assert (await shop.pools())["HARD"]["balance"] == 20
    assert (await shop.api.post(path)).error["code"] == "already_reversed"
    await right(shop)


async def test_after_a_reversal_a_correction_gives_back_no_credits(shop: Shop):
    await shop.use(10, "burns", eventIdempotencyKey="e")
    assert (await shop.api.post(f"/credits/transactions/{await _burn(shop)}/reverse")).status == 200
    receipt = await corrected(shop, "e", -4, "burns")
    assert (receipt["billableUnits"], receipt["creditsDeducted"]) == (-4, 0)
    assert _notes(receipt) == ["reversed"]
    assert (await shop.pools())["HARD"]["balance"] == 20
    await right(shop)


async def test_a_correction_cannot_be_reversed(shop: Shop):
    await shop.use(10, "burns", eventIdempotencyKey="e")
    await corrected(shop, "e", -4, "burns")
    pool = (await shop.pools())["HARD"]
    moved = (await shop.api.get(f"/credits/{USER}/pools/{pool['id']}/transactions")).data[0]
    got = await shop.api.post(f"/credits/transactions/{moved['id']}/reverse")
    assert (got.status, got.error["code"]) == (409, "not_reversible")


# --- a billed period ------------------------------------------------------------------------------


async def test_in_a_billed_period_it_is_a_credit_note_with_the_next_invoice(shop: Shop):
    """12.50 for 15 units were billed; 8 units come to 8.00, so 4.50 come back."""
    await shop.use(15, "calls", eventIdempotencyKey="e")
    await shop.advance("P31D")
    (bill,) = [one for one in await shop.invoices() if one["amount"] == Decimal("12.5")]
    assert (await shop.mark_paid(bill["id"])).status == 200
    paid = await shop.invoice(bill["id"])
    receipt = await corrected(shop, "e", -7)
    assert _notes(receipt) == ["late"]
    assert receipt["occurredAt"] == written(START)
    assert (await shop.api.get(f"/credit-notes?customerReferenceId={USER}")).data == []
    await shop.advance("P31D")
    (note,) = (await shop.api.get(f"/credit-notes?customerReferenceId={USER}")).data
    assert (note["amount"], note["invoiceIds"]) == (Decimal("4.5"), [bill["id"]])
    assert await shop.balance() == Decimal("4.5")
    assert await shop.invoice(bill["id"]) == paid, "an issued invoice never changes"
    await right(shop)


async def test_of_a_cancelled_subscription_the_note_comes_35_days_after_its_end(shop: Shop):
    await shop.use(10, "calls", eventIdempotencyKey="e")
    (one,) = (await shop.api.get(f"/customers/{USER}")).data["subscriptions"]
    final = (await shop.cancel(one["id"], "?cancelMode=IMMEDIATE")).data["finalInvoice"]
    await shop.mark_paid(final["id"])
    await shop.advance("P30D")
    await corrected(shop, "e", -10)
    await shop.advance("P5D")
    assert await shop.balance() == 10
    await right(shop)


# --- refusals -------------------------------------------------------------------------------------


@pytest.fixture
async def used(shop: Shop) -> Shop:
    """The customer after one event of each kind, and one correction (`e -1`)."""
    at = written(START - timedelta(seconds=1))
    await shop.use(10, "calls", eventIdempotencyKey="e")
    await shop.use(10, "visits", eventIdempotencyKey="counted")
    await shop.use(10, None, eventIdempotencyKey="bare", occurredAt=at)
    await corrected(shop, "e", -1)
    return shop


@pytest.mark.parametrize(
    ("changed", "field", "says"),
    [
        ({"usageUnits": 0}, "usageUnits", "below zero"),
        ({"usageUnits": 5}, "usageUnits", "below zero"),
        ({"usageUnits": None}, "usageUnits", ""),
        ({"usageUnits": "NaN"}, "usageUnits", ""),
        ({"usageUnits": "-9.000000000001"}, "usageUnits", "Only 9 units are left"),
        ({"correctsEventKey": "nobody's"}, "correctsEventKey", "no event with this key"),
        ({"correctsEventKey": "new"}, "correctsEventKey", "no event with this key"),
        ({"correctsEventKey": "e -1"}, "correctsEventKey", "a correction itself"),
        ({"correctsEventKey": "counted"}, "correctsEventKey", "(sum)"),
        ({"correctsEventKey": ""}, "correctsEventKey", ""),
        ({"correctsEventKey": 7}, "correctsEventKey", ""),
        ({"correctsEventKey": "x" * 129}, "correctsEventKey", ""),
        ({"eventName": "other"}, "eventName", "another name"),
        ({"featureKey": "burns"}, "featureKey", "another feature"),
        ({"featureKey": "unknown"}, "featureKey", "another feature"),
        ({"occurredAt": written(START - MICROSECOND)}, "occurredAt", "at the instant of its event"),
        ({"costAmount": 1}, "costAmount", "stays"),
        ({"costInput": {"model": "m"}}, "costInput", "stays"),
    ],
    ids=str,
)
async def test_what_cannot_be_corrected_is_named_and_nothing_is_kept(
    used: Shop, changed: dict[str, Any], field: str, says: str
):
    before = await digest(used.api)
    body = correction("e", -1, eventIdempotencyKey="new") | changed
    single: Got = await used.api.post("/events", body)
    assert (single.status, single.error["code"]) == (422, "validation_failed")
    assert single.error["field"] == field
    assert says in single.error["message"]
    batch = await used.api.post("/events/batch", {"events": [body]})
    (part,) = batch.data
    assert (part["status"], part["error"]["field"]) == (422, field)
    assert await digest(used.api) == before


async def test_units_below_zero_are_a_correction_s_alone(used: Shop):
    for path, name in (("/events", "usageUnits"), ("/events/batch", "usageUnits")):
        body = correction("e", -1, eventIdempotencyKey="new", correctsEventKey=None)
        got = await used.api.post(path, body if path == "/events" else {"events": [body]})
        error = got.error if path == "/events" else got.data[0]["error"]
        assert (error["code"], error["field"]) == ("validation_failed", name)


async def test_another_customer_s_event_is_unknown(used: Shop):
    await used.customer("other")
    body = correction("e", -1, customerReferenceId="other")
    got = await used.api.post("/events", body)
    assert (got.status, got.error["field"]) == (422, "correctsEventKey")
    assert "no event with this key" in got.error["message"]


async def test_an_event_without_a_match_is_corrected_and_nothing_comes_back(used: Shop):
    body = correction("bare", -4)
    del body["featureKey"]
    got = await used.api.post("/events", body)
    assert (got.status, got.data["matched"], got.data["billableUnits"]) == (201, None, 0)
    assert _notes(got.data) == ["not_counted"]
    assert got.data["corrects"]["usageUnits"] == 6
    await right(used)


async def test_an_event_can_be_corrected_for_35_days_to_the_microsecond(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    await shop.use(10, "calls", eventIdempotencyKey="e")
    stop_clock(monkeypatch, START + 35 * DAY)
    await corrected(shop, "e", -1, occurredAt=written(START))
    stop_clock(monkeypatch, START + 35 * DAY + MICROSECOND)
    got = await shop.api.post("/events", correction("e", -2))
    assert (got.status, got.error["field"]) == (422, "correctsEventKey")
    assert "35 days" in got.error["message"]
    again = await shop.api.post("/events", correction("e", -1, occurredAt=written(START)))
    assert again.status == 200, "what was recorded is known for ever"


async def test_what_lay_ahead_counts_as_when_it_came(shop: Shop):
    ahead = written(START + timedelta(minutes=3))
    await shop.use(10, "calls", eventIdempotencyKey="e", occurredAt=ahead)
    receipt = await corrected(shop, "e", -1, occurredAt=ahead)
    assert receipt["occurredAt"] == written(START)


# --- several at once ------------------------------------------------------------------------------


async def test_many_at_once_never_take_off_more_than_the_event_was(shop: Shop):
    await shop.use(10, "burns", eventIdempotencyKey="e")
    answers = await asyncio.gather(
        *(
            shop.api.post("/events", correction("e", -3, "burns", eventIdempotencyKey=f"c{n}"))
            for n in range(8)
        )
    )
    assert sorted(got.status for got in answers) == [201] * 3 + [422] * 5
    assert (await shop.pools())["HARD"]["balance"] == 18
    assert (await shop.entitlement("burns"))["usage"]["used"] == 1
    await right(shop)


async def test_in_a_batch_each_is_decided_on_what_the_one_before_left(shop: Shop):
    """An event, its corrections, one too many, the same again, and a correction of one before."""
    await shop.use(4, "calls", eventIdempotencyKey="before")
    event = {
        "eventName": "used",
        "customerReferenceId": USER,
        "featureKey": "burns",
        "eventIdempotencyKey": "e",
        "usageUnits": 12,
    }
    batch = [
        event,
        correction("e", -5, "burns"),
        correction("e", -8, "burns"),
        correction("e", -5, "burns"),
        correction("e", -7, "burns"),
        correction("before", -1),
        correction("before", -4),
        correction("before", -3),
    ]
    got = await shop.api.post("/events/batch", {"events": batch})
    assert [one["status"] for one in got.data] == [201, 201, 422, 200, 201, 201, 422, 201]
    back = [one["receipt"]["creditsDeducted"] for one in got.data if "receipt" in one]
    assert back == [20, -6, -6, -14, 0, 0]
    assert (await shop.pools())["HARD"]["balance"] == 20
    assert (await shop.entitlement("calls"))["usage"]["used"] == 0
    assert (await shop.entitlement("burns"))["usage"]["used"] == 0
    await right(shop)


async def test_the_fast_lane_knows_what_a_correction_left(shop: Shop):
    """What it keeps of the customer is read again after a correction went by the ordinary route."""
    await shop.use(60, "calls", eventIdempotencyKey="a")
    await shop.use(10, "burns", eventIdempotencyKey="b")
    assert (await shop.check("calls", 41))["isAllowed"] is False
    await corrected(shop, "a", -1)
    await corrected(shop, "b", -1, "burns")
    assert (await shop.check("calls", 41))["isAllowed"] is True
    receipt = await shop.use(3, "burns")
    assert (receipt["creditsDeducted"], receipt["usage"]["used"]) == (2, 12)
    await right(shop)
