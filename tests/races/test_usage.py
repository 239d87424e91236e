"""Many at once about usage and credits: an event counts once, and no credit is spent twice."""

import asyncio
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
from tests.api.client import Got, dumped, got
from tests.crash.server import Server
from tests.races.seller import Seller, patiently, statuses, together


def _event(reference: str, key: str, feature: str, units: object = 1) -> dict[str, Any]:
    return {
        "eventIdempotencyKey": key,
        "eventName": "used",
        "customerReferenceId": reference,
        "featureKey": feature,
        "usageUnits": units,
    }


async def test_an_event_sent_a_hundred_times_at_once_is_one(seller: Seller):
    one = await seller.subscribed("basic")
    event = _event(one.reference, "k", "chat", Decimal("2.5"))
    answers = await together(seller.post("/events", event) for _ in range(100))
    assert statuses(answers) == {201: 1, 200: 99}
    (first,) = (got.data for got in answers if got.status == 201)
    assert first["duplicate"] is False
    for answer in answers:
        if answer.status == 200:
            assert answer.data == first | {"duplicate": True}
            assert list(answer.data) == list(first)
    assert await seller.value("SELECT count(*) FROM usage_events") == 1
    assert await seller.value("SELECT units FROM counters") == Decimal("2.5")
    await seller.require_right_books(settled=True)


async def test_two_events_under_one_key_are_one_and_a_conflict(seller: Seller):
    one = await seller.subscribed("basic")
    answers = await together(
        seller.post("/events", _event(one.reference, "k", "chat", n)) for n in range(1, 31)
    )
    assert statuses(answers) == {201: 1, 409: 29}
    assert {got.error["code"] for got in answers if got.status == 409} == {"event_key_conflict"}
    await seller.require_right_books(settled=True)


async def test_of_640_burns_at_once_exactly_what_the_pool_has_is_burnt(seller: Seller):
    one = await seller.subscribed("pro")
    answers = await together(
        seller.post("/events", _event(one.reference, f"b{n}", "burns")) for n in range(640)
    )
    _require_exactly_100_burnt(answers)
    await _require_an_empty_pool(seller)


async def test_of_640_burns_on_two_servers_exactly_what_the_pool_has_is_burnt(
    seller: Seller, database_url: str, tmp_path: Path
):
    """Two server processes on one database, each with its own pool and worker."""
    one = await seller.subscribed("pro")
    servers = [Server(tmp_path / name, database_url=database_url) for name in ("a", "b")]
    try:
        await asyncio.gather(*[server.start() for server in servers])
        headers = {"Authorization": f"Bearer {seller.doors[0].secret}"}
        headers["Content-Type"] = "application/json"
        async with httpx2.AsyncClient(headers=headers, timeout=60) as client:

            async def send(number: int) -> Got:
                url = f"{servers[number % 2].url}/api/v1/events"
                body = dumped(_event(one.reference, f"b{number}", "burns"))
                return got(await client.post(url, content=body))

            answers = await together(patiently(partial(send, n)) for n in range(640))
    finally:
        await asyncio.gather(*[server.stop() for server in servers])
    _require_exactly_100_burnt(answers)
    await _require_an_empty_pool(seller)


async def test_of_1000_holds_at_once_exactly_what_the_pool_has_is_granted(seller: Seller):
    """Through three doors, each of which keeps what it read; then half are settled, half released."""
    one = await seller.subscribed("pro")
    body = {"customerReferenceId": one.reference, "featureKey": "burns"}
    answers = await together(seller.post("/holds", body) for _ in range(1000))
    assert statuses(answers) == {201: 100, 402: 900}
    held = [got.data["id"] for got in answers if got.status == 201]
    settled = await together(
        seller.post(f"/holds/{hold}/settle", {"usageUnits": 1}) for hold in held[::2] * 2
    )
    assert statuses(settled) == {201: 50, 200: 50}
    released = await together(seller.post(f"/holds/{hold}/release") for hold in held[1::2] * 2)
    assert statuses(released) == {200: 100}
    (pool,) = (await seller.get(f"/credits/{one.reference}/pools")).data
    assert (pool["balance"], pool["available"]) == (50, 50)
    await seller.require_right_books(settled=True)


async def test_of_60_corrections_at_once_no_more_comes_back_than_their_event_was(seller: Seller):
    """By three doors, alone (each twice) and in batches: of 120 units 40 times 3 are taken off."""
    one = await seller.subscribed("pro")
    await seller.ok("POST", "/events", _event(one.reference, "e", "burns", 120))
    taken = [
        _event(one.reference, f"c{n}", "burns", -3) | {"correctsEventKey": "e"} for n in range(60)
    ]
    alone = [seller.post("/events", body) for body in taken[:30] * 2]
    batches = [seller.post("/events/batch", {"events": taken[30 + n : 60 : 5]}) for n in range(5)]
    answers = await together([*alone, *batches])
    told = [got.status for got in answers[:60]]
    told += [part["status"] for got in answers[60:] for part in got.data]
    assert told.count(201) == 40
    back = "SELECT sum(units), sum(credits) FROM event_corrections"
    assert tuple((await seller.fetch(back))[0]) == (120, 100)
    assert await seller.value("SELECT units FROM counters") == 0
    (pool,) = (await seller.get(f"/credits/{one.reference}/pools")).data
    assert (pool["balance"], pool["totalConsumed"]) == (100, 0)
    await seller.require_right_books(settled=True)


async def test_a_limit_is_never_crossed_by_many_at_once(seller: Seller):
    """100 units are free to take; 60 calls ask for 3 each, and one of them gets what is left."""
    one = await seller.subscribed("free")
    answers = await together(
        seller.post("/events", _event(one.reference, f"l{n}", "limited", 3)) for n in range(60)
    )
    assert statuses(answers) == {201: 60}
    billed = sorted(got.data["billableUnits"] for got in answers)
    assert billed == [0] * 26 + [1] + [3] * 33
    assert await seller.value("SELECT units FROM counters") == 100
    await seller.require_right_books(settled=True)


async def test_counters_are_the_sum_of_their_events_under_mixed_load(seller: Seller):
    """Customers with two subscriptions, units with decimals, repeats, and grants in between."""
    customers = [await seller.subscribed("pro") for _ in range(4)]
    for one in customers:
        body = {"customerReferenceId": one.reference, "planKey": "payg"}
        await seller.ok("POST", "/subscriptions", body)
    calls: list[tuple[str, dict[str, Any]]] = []
    for number in range(240):
        reference = customers[number % 4].reference
        if number % 12 == 0:
            grant = {"denomination": "CREDITS", "amount": Decimal("0.5")}
            calls.append((f"/credits/{reference}/grants", grant))
        else:
            feature = ("chat", "burns")[number % 2]
            units = Decimal(number % 9) / 8
            calls.append(("/events", _event(reference, f"m{number // 3}", feature, units)))
    answers = await together(seller.post(*c) for c in calls)
    assert set(statuses(answers)) <= {200, 201, 409}
    assert await seller.value("SELECT count(*) FROM usage_events") > 80
    await seller.require_right_books(settled=True)


def _require_exactly_100_burnt(answers: list[Got]) -> None:
    assert statuses(answers) == {201: 640}
    assert sum(got.data["creditsDeducted"] for got in answers) == 100
    assert sum(got.data["insufficientCredits"] for got in answers) == 540
    assert min(got.data["remainingBalance"] for got in answers) == 0


async def _require_an_empty_pool(seller: Seller) -> None:
    pools = await seller.fetch("SELECT granted, consumed, overdraft FROM credit_pools")
    assert [tuple(row) for row in pools] == [(100, 100, 0)]
    lowest = await seller.value("SELECT min(balance_after) FROM credit_transactions")
    assert lowest == 0
    await seller.require_right_books(settled=True)
