"""Holds over HTTP: set aside, settled for less, just as much or more, released, over by time alone."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.api.client import Api, Got
from tests.api.shop import USER, Shop


@pytest.fixture
async def shop(api: Api) -> Shop:
    shop = await Shop.open(api)
    await shop.started(
        "starter_monthly"
    )  # ai_chat: 1,000 a month; images: 2 of 100 AI_CREDITS each
    return shop


async def take(shop: Shop, units: object, feature: str = "ai_chat", **more: Any) -> Got:
    body = {"customerReferenceId": USER, "featureKey": feature, "usageUnits": units}
    return await shop.api.post("/holds", body | more)


async def state(shop: Shop, feature: str = "ai_chat") -> tuple[Any, ...]:
    """Return what is used and remains, and of credits what is there and available."""
    one = (await shop.api.get(f"/entitlements/{USER}/{feature}")).data
    credit = one["credit"] or {}
    return (
        one["usage"]["used"],
        one["usage"]["remaining"],
        credit.get("balance"),
        credit.get("available"),
    )


async def test_what_is_held_is_available_to_nobody_else(shop: Shop):
    held = await take(shop, 900)
    assert (held.status, held.data["status"], held.data["usageUnits"]) == (201, "HELD", 900)
    assert await state(shop) == (0, 100, None, None)
    refused = await take(shop, 101)
    assert (refused.status, refused.body["error"]["code"]) == (402, "usage_limit_reached")
    event = await shop.send_event(usageUnits=150)  # an event keeps out of what is held
    assert (event.data["billableUnits"], event.data["usageLimitExceeded"]) == (100, True)
    assert (await shop.api.get(f"/holds/{held.data['id']}")).data == held.data


@pytest.mark.parametrize(
    ("used", "billable", "after"),
    [(600, 600, (700, 300)), (900, 900, (1000, 0)), (950, 900, (1000, 0)), (0, 0, (100, 900))],
    ids=["less", "equal", "more", "nothing"],
)
async def test_settling_records_what_was_used_and_gives_back_the_rest(
    shop: Shop, used: int, billable: int, after: tuple[int, int]
):
    held = (await take(shop, 900)).data
    await shop.send_event(usageUnits=100)
    settled = await shop.api.post(f"/holds/{held['id']}/settle", {"usageUnits": used})
    assert settled.status == 201, settled.body
    receipt = settled.data
    assert (receipt["billableUnits"], receipt["usageLimitExceeded"]) == (billable, used > billable)
    assert (receipt["holdId"], receipt["holdExpired"]) == (held["id"], False)
    assert receipt["eventIdempotencyKey"] == held["id"]
    assert (await state(shop))[:2] == after
    again = await shop.api.post(f"/holds/{held['id']}/settle", {"usageUnits": used})
    assert (again.status, again.data) == (200, receipt | {"duplicate": True})
    other = await shop.api.post(f"/holds/{held['id']}/settle", {"usageUnits": used + 1})
    assert (other.status, other.body["error"]["code"]) == (409, "event_key_conflict")
    second = {"usageUnits": used, "eventIdempotencyKey": "another"}
    other = await shop.api.post(f"/holds/{held['id']}/settle", second)
    assert (other.status, other.body["error"]["code"]) == (409, "hold_settled")
    assert (await shop.api.get(f"/holds/{held['id']}")).data["status"] == "SETTLED"
    released = await shop.api.post(f"/holds/{held['id']}/release")
    assert (released.status, released.body["error"]["code"]) == (409, "hold_settled")


async def test_a_hold_of_credits_weighs_as_the_burn_will(shop: Shop):
    held = (await take(shop, 10, "images", model="big")).data  # 8 credits each
    assert (held["denomination"], held["credits"]) == ("AI_CREDITS", 80)
    assert (await state(shop, "images"))[2:] == (100, 20)
    pool = (await shop.api.get(f"/credits/{USER}/pools")).data[0]
    assert (pool["balance"], pool["available"]) == (100, 20)
    refused = await take(shop, 11, "images")  # 22 at the plan's weight of 2
    assert (refused.status, refused.body["error"]["code"]) == (402, "insufficient_credits")
    event = await shop.send_event("images", usageUnits=11)
    assert (event.data["creditsDeducted"], event.data["insufficientCredits"]) == (20, True)
    settled = await shop.api.post(f"/holds/{held['id']}/settle", {"usageUnits": 6})
    assert settled.data["creditsDeducted"] == 48  # on the hold's model
    assert (await state(shop, "images"))[2:] == (32, 32)


async def test_the_same_key_is_the_same_hold(shop: Shop):
    first = await take(shop, 5, holdKey="call 1")
    again = await take(shop, "5.0", holdKey="call 1")
    assert (first.status, again.status, again.data) == (201, 200, first.data)
    assert (await state(shop))[1] == 995
    other = await take(shop, 6, holdKey="call 1")
    assert (other.status, other.body["error"]["code"]) == (409, "hold_key_conflict")


async def test_released_twice_is_released_once(shop: Shop):
    held = (await take(shop, 900)).data
    for _ in range(2):
        released = await shop.api.post(f"/holds/{held['id']}/release")
        assert (released.status, released.data["status"]) == (200, "RELEASED")
    assert (await state(shop))[1] == 1000
    late = await shop.api.post(f"/holds/{held['id']}/settle", {"usageUnits": 3})
    assert (late.status, late.data["holdExpired"], late.data["billableUnits"]) == (201, True, 3)


async def test_a_hold_is_over_at_its_instant_by_time_alone(shop: Shop):
    held = (await take(shop, 1000, expiresInSeconds=60)).data
    assert (await state(shop))[1] == 0
    await shop.advance("PT61S")
    assert (await state(shop))[1] == 1000
    assert (await shop.api.get(f"/holds/{held['id']}")).data["status"] == "EXPIRED"
    await shop.send_event(usageUnits=990)
    late = await shop.api.post(f"/holds/{held['id']}/settle", {"usageUnits": 20})
    # What a limit takes of it follows the limit's rule.
    assert (late.data["holdExpired"], late.data["billableUnits"]) == (True, 10)


async def test_a_hold_reserves_in_its_own_period_only(shop: Shop):
    held = (await take(shop, 1000, expiresInSeconds=86_400)).data
    subscription = (await shop.api.get(f"/customers/{USER}")).data["subscriptions"][0]
    end = subscription["currentPeriodEnd"]
    # An hour before the period's end another hold is made, which outlives it.
    await shop.api.post(f"/holds/{held['id']}/release")
    await shop.advance_to(datetime.fromisoformat(end) - timedelta(hours=1))
    held = (await take(shop, 1000, expiresInSeconds=86_400)).data
    assert (await state(shop))[1] == 0
    await shop.advance_to(datetime.fromisoformat(end))
    assert (await state(shop))[1] == 1000
    settled = await shop.api.post(f"/holds/{held['id']}/settle", {"usageUnits": 7})
    assert (settled.data["holdExpired"], settled.data["usage"]["used"]) == (False, 7)


async def test_held_credits_are_free_in_the_next_period(shop: Shop):
    subscription = (await shop.api.get(f"/customers/{USER}")).data["subscriptions"][0]
    end = datetime.fromisoformat(subscription["currentPeriodEnd"])
    await shop.advance_to(end - timedelta(minutes=5))
    held = await take(shop, 50, "images", expiresInSeconds=86_400)
    assert held.data["credits"] == 100
    await shop.advance_to(end)
    invoices = (await shop.api.get(f"/billing/invoices/{USER}?status=DUE")).data
    await shop.mark_paid(invoices[0]["id"])
    assert (await state(shop, "images"))[2:] == (100, 100)
    pool = (await shop.api.get(f"/credits/{USER}/pools")).data[0]
    assert (pool["balance"], pool["available"]) == (100, 100)


async def test_an_expired_hold_stays_expired(shop: Shop):
    held = (await take(shop, 5, expiresInSeconds=1)).data
    await shop.advance("PT2S")
    released = await shop.api.post(f"/holds/{held['id']}/release")
    assert (released.status, released.data["status"]) == (200, "EXPIRED")


@pytest.mark.parametrize(
    ("feature", "status", "code"),
    [
        ("unknown", 404, "feature_not_found"),
        ("retired", 403, "feature_disabled"),
        ("reports", 403, "feature_not_in_plan"),
    ],
)
async def test_a_hold_is_denied_like_a_check(shop: Shop, feature: str, status: int, code: str):
    refused = await take(shop, 1, feature)
    assert (refused.status, refused.body["error"]["code"]) == (status, code)


async def test_without_access_there_is_no_hold(shop: Shop):
    await shop.customer("nobody")
    body = {"customerReferenceId": "nobody", "featureKey": "ai_chat"}
    refused = await shop.api.post("/holds", body)
    assert (refused.status, refused.body["error"]["code"]) == (403, "no_subscription")


@pytest.mark.parametrize("seconds", [0, 86_401, "60", 1.5, None])
async def test_a_life_is_from_a_second_to_a_day(shop: Shop, seconds: object):
    refused = await take(shop, 1, expiresInSeconds=seconds)
    assert (refused.status, refused.body["error"]["field"]) == (422, "expiresInSeconds")


async def test_of_a_thousand_holds_at_once_exactly_what_is_there_is_granted(shop: Shop):
    answers = await asyncio.gather(*(take(shop, 1, "images") for _ in range(300)))
    granted = [one for one in answers if one.status == 201]
    assert len(granted) == 50  # of 100 credits, 2 each
    assert {one.body["error"]["code"] for one in answers if one.status != 201} == {
        "insufficient_credits"
    }
    assert sum(one.data["credits"] for one in granted) == Decimal(100)
    assert (await state(shop, "images"))[2:] == (100, 0)
