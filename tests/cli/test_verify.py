"""`usance verify` and `--rebuild-counters`: as an operator runs it, on damaged books."""

import asyncio
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.api import client
from tests.api.shop import Shop
from tests.cli.commands import environment, usance

from usance import clock
from usance.store.db import Db

FEATURES: list[dict[str, Any]] = [
    {"key": "chat", "limit": {"units": 10, "overage": "BLOCK"}},
    {"key": "images", "credits": {"denomination": "CREDITS", "weight": 2}},
    {"key": "calls", "aggregation": {"type": "count"}},
    {"key": "peak", "aggregation": {"type": "max"}},
    {"key": "users", "aggregation": {"type": "unique", "property": "user"}},
]
CATALOGUE: dict[str, Any] = {
    "features": [{"key": one["key"], "name": one["key"]} for one in FEATURES],
    "creditModels": [{"denomination": "CREDITS", "name": "Credits", "hardLimit": True}],
    "plans": [
        {
            "key": "all",
            "name": "All",
            "price": {"amount": 0, "currency": "USD"},
            "interval": {"unit": "MONTH", "count": 1},
            "billingTiming": "IN_ADVANCE",
            "features": FEATURES,
            "credits": [{"denomination": "CREDITS", "amount": 7, "rollover": "NONE"}],
        }
    ],
}

COUNTERS = "SELECT * FROM counters ORDER BY seq, feature_key"
REVISION = "SELECT revision FROM customers"


@pytest.fixture
def env(database_url: str, tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path, DATABASE_URL=database_url)


@pytest.fixture
async def holder(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that can hold a lock which others wait for."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    """A customer with two periods of usage of every kind."""
    db = await Db.open(database_url, jitter=clock.jitter, size=4)
    api = await client.opened(db)
    async with api.client:
        assert (await api.post("/catalog/apply", CATALOGUE)).status == 200
        shop = Shop(api)
        await shop.started("all")
        for _ in range(2):
            await shop.use(7, "chat")
            await shop.use(5, "chat")  # 3 of them are cut off by the limit
            await shop.use(2, "images")
            await shop.use(3, "images")  # credits cover 1.5
            clipped = (await shop.use(4, "chat"))["eventIdempotencyKey"]
            await shop.use(-2, "chat", correctsEventKey=clipped)
            mistaken = (await shop.use(6, "images"))["eventIdempotencyKey"]
            await shop.use(-6, "images", correctsEventKey=mistaken)
            await shop.use(9, "calls")
            for units in (4, 9, 6):
                await shop.use(units, "peak")
            for user in ("a", "b", "a"):
                await shop.use(1, "users", meta={"user": user})
            await shop.advance("P31D")
        yield shop
    await db.close()


async def run(*arguments: str, env: dict[str, str]) -> Any:
    return await asyncio.to_thread(lambda: usance("verify", *arguments, env=env))


async def rows(shop: Shop, statement: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await shop.api.db.peek(lambda tx: tx.fetch(statement))]


async def damage(shop: Shop, statement: str) -> None:
    await shop.api.db.run(lambda tx: tx.execute(statement))


async def test_counters_that_are_right_are_left_alone(shop: Shop, env: dict[str, str]):
    before, revision = await rows(shop, COUNTERS), await rows(shop, REVISION)
    told = {(row["seq"], row["feature_key"]): (row["units"], row["covered"]) for row in before}
    assert [told[0, key["key"]][0] for key in FEATURES] == [10, 5, 1, 9, 2]
    assert told[0, "images"] == (5, Decimal("3.5"))
    done = await run("--rebuild-counters", env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Counters made again: 0; different and left: 0." in done.stdout
    assert await rows(shop, COUNTERS) == before
    assert await rows(shop, REVISION) == revision


@pytest.mark.parametrize(
    "wrong",
    [
        "UPDATE counters SET units = units + 7, events = events + 1",
        "UPDATE counters SET units = 0, covered = 0, events = 0",
        "UPDATE counters SET covered = 0",
        "UPDATE counters SET events = 0 WHERE seq = 0",
    ],
)
async def test_damaged_counters_come_back_exactly(shop: Shop, env: dict[str, str], wrong: str):
    before = await rows(shop, COUNTERS)
    (was,) = await rows(shop, REVISION)
    await damage(shop, wrong)
    assert await rows(shop, COUNTERS) != before
    found = await run(env=env)
    assert found.returncode == 1
    assert "counter_sum" in found.stdout
    done = await run("--rebuild-counters", env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert await rows(shop, COUNTERS) == before
    (now,) = await rows(shop, REVISION)
    assert now["revision"] == was["revision"] + 1, "what is kept of the customer is read again"


async def test_what_differed_is_shown(shop: Shop, env: dict[str, str]):
    await damage(shop, "UPDATE counters SET units = 4 WHERE feature_key = 'chat' AND seq = 0")
    done = await run("--rebuild-counters", "--json", env=env)
    (one,) = json.loads(done.stdout)["counters"]
    assert (one["featureKey"], one["period"], one["left"]) == ("chat", 0, None)
    assert one["said"] == {"units": "4", "covered": "0", "events": 4}
    assert one["summed"] == {"units": "10", "covered": "0", "events": 4}


async def test_a_check_goes_by_the_counter_that_was_made_again(shop: Shop, env: dict[str, str]):
    """The server keeps what it read of a customer; the revision says that it is old."""
    await shop.use(6, "chat")
    await damage(shop, "UPDATE counters SET units = 1 WHERE feature_key = 'chat' AND seq = 2")
    await run("--rebuild-counters", env=env)
    assert (await shop.entitlement("chat"))["usage"]["used"] == 6
    await shop.use(1, "chat")
    assert (await run(env=env)).returncode == 0


async def test_a_counter_that_is_gone_is_made_only_while_its_period_runs(
    shop: Shop, env: dict[str, str]
):
    """What was billed of a closed one is not in its events: billed anew, it would be twice."""
    await shop.use(6, "chat")
    before = await rows(shop, COUNTERS)
    await damage(shop, "DELETE FROM counters WHERE feature_key = 'chat' AND seq <> 1")
    done = await run("--rebuild-counters", "--json", env=env)
    assert done.returncode == 1
    body = json.loads(done.stdout)
    assert [(one["period"], one["left"]) for one in body["counters"]] == [(0, "closed"), (2, None)]
    assert [one["check"] for one in body["findings"]] == ["counter_sum"]
    gone = [row for row in before if (row["feature_key"], row["seq"]) == ("chat", 0)]
    assert await rows(shop, COUNTERS) == [row for row in before if row not in gone]


async def test_one_account_is_named(shop: Shop, env: dict[str, str]):
    other = await client.opened(shop.api.db, shop.api.app)
    await damage(shop, "UPDATE counters SET events = 9")
    done = await run("--rebuild-counters", f"--account={other.account.id}", env=env)
    assert "Counters made again: 0;" in done.stdout
    assert done.returncode == 1
    done = await run("--rebuild-counters", f"--account={shop.api.account.id}", env=env)
    assert (done.returncode, "Counters made again: 10;" in done.stdout) == (0, True)
    assert "--rebuild-counters" not in done.stdout
    unknown = await run("--rebuild-counters", f"--account={'0' * 32}", env=env)
    assert (unknown.returncode, unknown.stderr) == (
        1,
        "usance: There is no account with this id.\n",
    )
    alone = await run(f"--account={shop.api.account.id}", env=env)
    assert alone.returncode == 2
    await other.client.aclose()


async def test_rebuilding_waits_for_the_customer_and_loses_no_event(
    shop: Shop, env: dict[str, str], holder: asyncpg.Connection
):
    await damage(shop, "UPDATE counters SET units = 0 WHERE feature_key = 'peak'")
    async with holder.transaction():
        await holder.fetch("SELECT FROM customers FOR UPDATE")
        rebuilding = asyncio.create_task(run("--rebuild-counters", env=env))
        waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted"
        for _ in range(1000):
            if rebuilding.done() or await holder.fetchval(waits):
                break
            await asyncio.sleep(0.02)
        assert not rebuilding.done(), rebuilding.result().stdout
        # An event that comes first: its billable is counted by what is then found under the lock.
        await holder.execute(
            "UPDATE usage_events SET billable = billable + 1"
            " WHERE feature_key = 'peak' AND seq = 1 AND billable = 5"
        )
    done = await rebuilding
    assert done.returncode == 0, done.stdout + done.stderr
    units = await rows(shop, "SELECT units FROM counters WHERE feature_key = 'peak' AND seq = 1")
    assert units == [{"units": Decimal(10)}]
