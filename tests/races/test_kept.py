"""What a process keeps of a customer is used only while it is true, whoever changed what through which door."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.api.client import Api
from tests.api.shop import digest
from tests.races.seller import CATALOGUE, Seller, Subscribed

Change = Callable[[Seller, Subscribed], Awaitable[Any]]


def _of(one: Subscribed, feature: str) -> str:
    return f"/entitlements/{one.reference}/{feature}"


async def _answers(door: Api, one: Subscribed) -> dict[str, Any]:
    """Return what a door says of the customer's features, but for the instant."""
    found = {}
    for feature in ("chat", "burns", "limited"):
        got = await door.get(_of(one, feature))
        found[feature] = {k: v for k, v in got.data.items() if k != "asOf"}
    return found


def _event(one: Subscribed, feature: str, key: str) -> dict[str, Any]:
    return {
        "eventName": "used",
        "customerReferenceId": one.reference,
        "featureKey": feature,
        "eventIdempotencyKey": key,
    }


async def _use(seller: Seller, one: Subscribed) -> None:
    await seller.ok("POST", "/events", _event(one, "burns", "by another door"))


async def _cancel(seller: Seller, one: Subscribed) -> None:
    await seller.ok("POST", f"/subscriptions/cancellation/{one.id}?cancelMode=IMMEDIATE")


async def _upgrade(seller: Seller, one: Subscribed) -> None:
    body = {"changeToPlanKey": "enterprise", "changeType": "UPGRADE"}
    await seller.ok("POST", f"/subscriptions/{one.id}/plan-change", body)


async def _subscribe(seller: Seller, one: Subscribed) -> None:
    body = {"customerReferenceId": one.reference, "planKey": "free"}
    await seller.ok("POST", "/subscriptions", body)


async def _give(seller: Seller, one: Subscribed) -> None:
    body = {"denomination": "CREDITS", "amount": 5}
    await seller.ok("POST", f"/credits/{one.reference}/grants", body)


async def _switch_off(seller: Seller, _one: Subscribed) -> None:
    await seller.ok("PATCH", "/features/burns", {"enabled": False})


async def _bounce(seller: Seller, one: Subscribed) -> None:
    payments = await seller.ok("GET", f"/payments?customerReferenceId={one.reference}")
    await seller.ok("POST", f"/payments/{payments[0]['id']}/reverse")
    await seller.let_pass(timedelta(days=4))


async def _end_of_period(seller: Seller, _one: Subscribed) -> None:
    await seller.ok("POST", "/clock/advance", {"by": "P40D"})


@pytest.mark.parametrize(
    "change",
    [
        _use,
        _cancel,
        _upgrade,
        _subscribe,
        _give,
        _switch_off,
        _bounce,
        _end_of_period,
    ],
)
async def test_what_another_door_changed_is_seen_at_once(seller: Seller, change: Change):
    one = await seller.subscribed("pro")
    kept_by = seller.doors[0]
    before = await _answers(kept_by, one)
    assert await _answers(kept_by, one) == before
    seller.doors = seller.doors[1:]  # the first door hears nothing of it
    await change(seller, one)
    told = await _answers(seller.doors[0], one)
    assert told != before
    assert await _answers(kept_by, one) == told


async def test_a_revoked_key_opens_nothing_from_then_on(seller: Seller):
    one = await seller.subscribed("pro")
    door = seller.doors[0]
    assert (await door.get(_of(one, "chat"))).status == 200
    await seller.execute("UPDATE api_keys SET revoked_at = created_at")
    assert (await door.get(_of(one, "chat"))).status == 401
    assert (await door.post("/events", _event(one, "chat", "k"))).status == 401
    await seller.execute("UPDATE api_keys SET revoked_at = NULL")


async def test_a_reference_that_was_erased_and_taken_again_is_another_customer(seller: Seller):
    one = await seller.subscribed("free")
    assert (await seller.doors[0].get(_of(one, "limited"))).data["isAllowed"]
    await _cancel(seller, one)
    await seller.ok("DELETE", f"/customers/{one.reference}")
    assert (await seller.doors[0].get(_of(one, "limited"))).status == 404
    await seller.ok("POST", "/customers", {"customerReferenceId": one.reference})
    answer = (await seller.doors[0].get(_of(one, "limited"))).data
    assert answer["reason"]["code"] == "no_subscription"


async def test_events_through_three_doors_leave_each_the_same_state(seller: Seller):
    one = await seller.subscribed("pro")
    for n in range(30):  # each door in turn: what it kept is always two events behind
        await seller.ok("POST", "/events", _event(one, "burns", f"e{n}"))
    for door in seller.doors:
        answer = (await door.get(_of(one, "burns"))).data
        assert (answer["usage"]["used"], answer["credit"]["balance"]) == (30, 70)


async def test_checks_write_nothing(seller: Seller):
    one = await seller.subscribed("pro")
    before = await digest(seller.doors[0])
    body = {"customerReferenceId": one.reference, "featureKey": "burns", "track": {"usageUnits": 7}}
    await asyncio.gather(
        *(door.get(_of(one, "chat")) for door in seller.doors for _ in range(20)),
        *(door.post("/entitlements", body) for door in seller.doors for _ in range(20)),
        *(door.get(f"/entitlements/{one.reference}") for door in seller.doors),
    )
    assert await digest(seller.doors[0]) == before


async def test_every_change_of_what_a_customer_owns_counts_up_its_revision(seller: Seller):
    """No table of a customer's is written without its revision: looked for in what the database did."""
    one = await seller.subscribed("pro")
    owned = await seller.fetch(
        "SELECT DISTINCT table_name AS name FROM information_schema.columns"
        " WHERE column_name = 'customer_id' AND table_schema = 'public'"
    )
    # Kept apart from snapshots: what is told and what names customers, events and answers.
    apart = {"notices", "customer_references", "document_numbers", "event_keys"}
    names = sorted({row["name"] for row in owned} - apart - {"customers"})
    names = [name for name in names if not name.startswith("usage_events")]
    assert len(names) > 10

    async def state() -> tuple[int, list[object]]:
        revision = await seller.value("SELECT sum(revision) FROM customers")
        rows = [
            await seller.value(
                f"SELECT coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {name} t"
            )
            for name in names
        ]
        return int(revision), rows

    before = await state()
    for change in (_use, _subscribe, _give, _upgrade, _bounce, _end_of_period, _cancel):
        await change(seller, one)
        after = await state()
        if after[1] != before[1]:
            assert after[0] > before[0], change.__name__
        before = after
    assert CATALOGUE["plans"], "the shop sells something"
