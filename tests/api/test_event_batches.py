"""POST /events/batch: each event with a receipt or an error of its own, the good ones stored."""

import asyncio
from typing import Any

import pytest
from tests.api.client import Api
from tests.api.shop import USER, Shop


@pytest.fixture
async def shop(api: Api) -> Shop:
    shop = await Shop.open(api)
    await shop.started("pro_monthly")
    return shop


def event(key: str | None, **more: Any) -> dict[str, Any]:
    said = {"eventName": "used", "customerReferenceId": USER, "featureKey": "api.calls.v2"}
    return said | ({} if key is None else {"eventIdempotencyKey": key}) | more


async def test_each_event_is_answered_in_its_place(shop: Shop):
    batch = [
        event("a", usageUnits=2),
        event("b", customerReferenceId="nobody"),
        "no event",
        event(None),
        event("c", usageUnits=-1),
        event("a", usageUnits=2),
        event("a", usageUnits=3),
        event("d", featureKey="unknown"),
        event("e", usageUnits="1.5", costInput={"model": "gpt-4.1", "inputTokens": "x"}),
        event("f", correctsEventKey=7),
        event("g"),
    ]
    got = await shop.api.post("/events/batch", {"events": batch})
    assert got.status == 200, got.body
    assert [one["index"] for one in got.data] == list(range(len(batch)))
    statuses = [one["status"] for one in got.data]
    assert statuses == [201, 404, 422, 422, 422, 200, 409, 404, 422, 422, 201]
    errors = {
        one["index"]: (one["error"]["code"], one["error"].get("field"))
        for one in got.data
        if "error" in one
    }
    assert errors == {
        1: ("customer_not_found", None),
        2: ("validation_failed", "body"),
        3: ("validation_failed", "eventIdempotencyKey"),
        4: ("validation_failed", "usageUnits"),
        6: ("event_key_conflict", "eventIdempotencyKey"),
        7: ("feature_not_found", "featureKey"),
        8: ("validation_failed", "costInput.inputTokens"),
        9: ("validation_failed", "correctsEventKey"),
    }
    first, again = got.data[0]["receipt"], got.data[5]["receipt"]
    assert again == first | {"duplicate": True}
    assert got.data[10]["receipt"]["usage"]["used"] == 3
    entitlement = (await shop.api.get(f"/entitlements/{USER}/api.calls.v2")).data
    assert entitlement["usage"]["used"] == 3


async def test_sending_a_batch_again_changes_nothing(shop: Shop):
    batch = {"events": [event(f"k{n}") for n in range(1000)]}
    first = await shop.api.post("/events/batch", batch)
    again = await shop.api.post("/events/batch", batch)
    assert {one["status"] for one in first.data} == {201}
    assert {one["status"] for one in again.data} == {200}
    receipts = [one["receipt"] | {"duplicate": True} for one in first.data]
    assert [one["receipt"] for one in again.data] == receipts
    assert first.data[-1]["receipt"]["usage"]["used"] == 1000


@pytest.mark.parametrize(
    "events", [None, [], "text", [event("a")] * 1001], ids=["none", "empty", "text", "too many"]
)
async def test_a_batch_that_is_none_is_refused_as_a_whole(shop: Shop, events: Any):
    got = await shop.api.post("/events/batch", {} if events is None else {"events": events})
    assert (got.status, got.body["error"]["field"]) == (422, "events")


async def test_due_steps_are_taken_before_the_events_of_their_customer(shop: Shop):
    # The clock alone: nobody has taken what is due since.
    await shop.api.db.run(
        lambda tx: tx.execute(
            "UPDATE accounts SET clock_offset_us = clock_offset_us + $1", 40 * 86_400_000_000
        )
    )
    got = await shop.api.post("/events/batch", {"events": [event("late"), event("later")]})
    assert [one["status"] for one in got.data] == [201, 201]
    subscription = (await shop.api.get(f"/customers/{USER}")).data["subscriptions"][0]
    period = got.data[0]["receipt"]["matched"]["periodStart"]
    assert period == subscription["currentPeriodStart"]


async def test_a_correction_among_events_at_once_fails_only_alone(shop: Shop):
    sent = [event(f"c{n}") for n in range(6)] + [event("x", correctsEventKey="c0")]
    answers = await asyncio.gather(*(shop.api.post("/events", one) for one in sent))
    assert [got.status for got in answers] == [201] * 6 + [422]


async def test_an_event_that_cannot_be_written_fails_alone(shop: Shop):
    """A trigger stands for a mistake of ours: the database does not take one event."""
    await shop.api.db.run(
        lambda tx: tx.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE numeric_value_out_of_range; END $$"
        )
    )
    await shop.api.db.run(
        lambda tx: tx.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON event_keys FOR EACH ROW"
            " WHEN (new.key = 'bad') EXECUTE FUNCTION refuse()"
        )
    )
    got = await shop.api.post(
        "/events/batch", {"events": [event(key) for key in ("a", "bad", "b", "c")]}
    )
    assert [one["status"] for one in got.data] == [201, 500, 201, 201]
    assert got.data[3]["receipt"]["usage"]["used"] == 3
