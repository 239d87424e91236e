"""A month of events archived as docs/self-hosting.md says: what is still known, checked and mended."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.api import client
from tests.api.shop import USER, Shop, stop_clock
from tests.books import check_books
from tests.cli.commands import environment, usance
from tests.docs.markdown import ROOT, fences

from usance import clock
from usance.actions import operations
from usance.store import embedded
from usance.store.counters import Tally, WhyLeft
from usance.store.db import Db
from usance.store.partitions import Archived

# Over by any clock, so that a command does not make the month again.
JANUARY = datetime(2025, 1, 1, tzinfo=UTC)
FIRST_RENEWAL = datetime(2025, 2, 15, 12, tzinfo=UTC)

Run = Callable[[str], None]


@pytest.fixture
def commands(postgres: embedded.Running, database_url: str, tmp_path: Path) -> Run:
    """A function that runs the page's commands to take the month away, or to bring it back."""
    away, back = (
        fence.text
        for fence in fences(ROOT / "docs/self-hosting.md")
        if fence.section == "Old events"
    )
    path = f"{postgres.binaries.folder}:{os.environ['PATH']}"

    def run(which: str) -> None:
        text = {"archive": away, "restore": back}[which].replace("2027", "2025")
        done = subprocess.run(
            ["/bin/bash", "-e", "-c", text],
            cwd=tmp_path,
            env=os.environ | {"PATH": path, "DATABASE_URL": database_url},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    return run


@pytest.fixture
async def shop(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    """A customer with events of January, one more in the same period, and one of the next."""
    db = await Db.open(database_url, jitter=clock.jitter, size=4)
    start = JANUARY + timedelta(days=14, hours=12)
    stop_clock(monkeypatch, start)
    api = await client.opened(db)
    async with api.client:
        shop = await Shop.open(api)
        await shop.started("starter_monthly")
        await operations.prepare_months(db)
        await shop.use(3, eventIdempotencyKey="first", occurredAt=start.isoformat())
        await shop.use(4, "images", eventIdempotencyKey="burnt")
        stop_clock(monkeypatch, FIRST_RENEWAL - timedelta(days=1))
        await shop.use(5, eventIdempotencyKey="february")
        stop_clock(monkeypatch, FIRST_RENEWAL)
        await shop.use(7, eventIdempotencyKey="renewed")
        yield shop
    await db.close()


async def add(shop: Shop, units: int, seq: int) -> None:
    statement = "UPDATE counters SET units = units + $1 WHERE feature_key = 'ai_chat' AND seq = $2"
    await shop.api.db.run(lambda tx: tx.execute(statement, units, seq))


async def wrong(shop: Shop) -> list[str]:
    return await shop.api.db.run(check_books)


async def test_a_repeat_of_an_archived_event_is_still_known(shop: Shop, commands: Run):
    again: dict[str, Any] = {
        "eventIdempotencyKey": "first",
        "usageUnits": 3,
        "occurredAt": "2025-01-15T12:00:00+00:00",
    }
    first = await shop.send_event(**again)
    assert (first.status, first.data["billableUnits"]) == (200, 3)
    await asyncio.to_thread(commands, "archive")
    repeated = await shop.send_event(**again)
    assert repeated.status == 200
    assert repeated.data == {
        "eventId": first.data["eventId"],
        "eventIdempotencyKey": "first",
        "duplicate": True,
        "notes": ["archived: the event was recorded; its receipt is not kept here any more"],
    }
    assert (await shop.entitlement("ai_chat"))["usage"]["used"] == 7
    other = await shop.send_event(**again | {"usageUnits": 4})
    assert (other.status, other.error["code"]) == (409, "event_key_conflict")
    assert other.error["detail"]["eventId"] == first.data["eventId"]
    # By the ordinary route as well: what has a field that is wrong is not for the fast lane.
    late = await shop.send_event(**again | {"usageUnits": "3.0"})
    assert late.status == 200
    assert (await shop.use(1, eventIdempotencyKey="new"))["usage"]["used"] == 8

    await asyncio.to_thread(commands, "restore")
    restored = await shop.send_event(**again)
    assert (restored.status, restored.data) == (200, first.data)


async def test_an_archived_event_cannot_be_corrected_and_what_was_taken_off_is_known(
    shop: Shop, commands: Run
):
    assert (await shop.use(-1, correctsEventKey="first", eventIdempotencyKey="c"))[
        "billableUnits"
    ] == -1
    assert (await shop.use(-3, "images", correctsEventKey="burnt"))["creditsDeducted"] == -6
    assert await wrong(shop) == []
    await asyncio.to_thread(commands, "archive")
    assert await wrong(shop) == []
    more: dict[str, Any] = {"correctsEventKey": "first", "usageUnits": -2}
    refused = await shop.send_event(**more)
    assert (refused.status, refused.error["field"]) == (422, "correctsEventKey")
    assert "archived" in refused.error["message"]
    again = more | {"usageUnits": -1, "eventIdempotencyKey": "c"}
    assert (await shop.send_event(**again)).status == 200
    await asyncio.to_thread(commands, "restore")
    assert (await shop.send_event(**more | {"usageUnits": -3})).status == 422
    assert (await shop.send_event(**more)).status == 201
    assert await wrong(shop) == []


async def test_the_books_say_what_is_archived_and_check_the_rest(shop: Shop, commands: Run):
    assert await wrong(shop) == []
    await asyncio.to_thread(commands, "archive")
    assert await shop.api.db.read(operations.archived) == [Archived(JANUARY, 2)]
    assert await wrong(shop) == []
    await add(shop, 1, seq=0)
    assert await wrong(shop) == [], "nobody can tell"
    await add(shop, 1, seq=1)
    (found,) = await wrong(shop)
    assert "a counter is the sum of its events: 1:" in found
    await add(shop, -1, seq=1)
    await asyncio.to_thread(commands, "restore")
    assert await shop.api.db.read(operations.archived) == []
    (found,) = await wrong(shop)
    assert "a counter is the sum of its events: 1:" in found


async def test_events_that_are_lost_are_not_taken_for_archived(shop: Shop, commands: Run):
    await asyncio.to_thread(commands, "archive")
    lost = "DELETE FROM usage_events WHERE recorded_at < '2025-02-15 12:00+00'"
    await shop.api.db.run(lambda tx: tx.execute(lost))
    (found,) = await wrong(shop)
    assert "each event has its key, and each key its event: 1:" in found


async def test_counters_whose_events_are_lost_are_left_alone(shop: Shop):
    """To make them again from what is left would take the lost ones off the bill."""
    lost = "DELETE FROM usage_events WHERE key = 'first'"
    await shop.api.db.run(lambda tx: tx.execute(lost))
    (one,) = await operations.rebuild_counters(shop.api.db)
    assert (one.key.seq, one.why_left) == (0, WhyLeft.EVENTS_GONE)
    assert (one.said, one.summed.events) == (Tally(Decimal(8), Decimal(0), 2), 1)


async def test_counters_with_archived_events_are_left_alone(shop: Shop, commands: Run):
    await asyncio.to_thread(commands, "archive")
    await add(shop, 100, seq=1)
    rebuilt = await operations.rebuild_counters(shop.api.db)
    assert [(one.key.seq, one.key.feature_key, one.why_left) for one in rebuilt] == [
        (0, "ai_chat", WhyLeft.EVENTS_GONE),
        (0, "images", WhyLeft.EVENTS_GONE),
        (1, "ai_chat", None),
    ]
    units = "SELECT seq, units FROM counters WHERE feature_key = 'ai_chat' ORDER BY seq"
    stand = [tuple(row) for row in await shop.api.db.peek(lambda tx: tx.fetch(units))]
    assert stand == [(0, Decimal(8)), (1, Decimal(7))]
    await asyncio.to_thread(commands, "restore")
    await add(shop, 100, seq=0)
    (mended,) = await operations.rebuild_counters(shop.api.db)
    assert (mended.key.seq, mended.why_left) == (0, None)
    assert await wrong(shop) == []


async def test_the_command_tells_of_archived_months(
    shop: Shop, commands: Run, database_url: str, tmp_path: Path
):
    await asyncio.to_thread(commands, "archive")
    env = environment(tmp_path, DATABASE_URL=database_url)
    done = await asyncio.to_thread(lambda: usance("verify", "--rebuild-counters", env=env))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The 2 events of 2025-01 are archived" in done.stdout
    assert done.stdout.count("left as it is, events gone") == 2
    assert "Counters made again: 0; different and left: 2." in done.stdout
    assert (await shop.entitlement("ai_chat", USER))["usage"]["used"] == 7


async def test_an_archived_month_is_not_made_again(shop: Shop, commands: Run):
    await asyncio.to_thread(commands, "archive")
    prepared = await operations.prepare_months(shop.api.db)
    assert [f"{month:%Y-%m}" for month, _ in prepared] == ["2025-05"]
