"""The baselines of the metering benchmark do the work that they are compared with."""

import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import httpx2
import pytest
from bench import bare, batched, habit, loads, ratios, scene
from bench.ratios import Row
from bench.scene import METERED, Scene

T = TypeVar("T")

_STORED = """
    SELECT (SELECT count(*) FROM usage_events) AS events,
           (SELECT count(*) FROM event_keys) AS keys,
           (SELECT sum(events) FROM counters) AS counted,
           (SELECT sum(units) FROM counters) AS units,
           (SELECT sum(units) FROM usage_events) AS units_of_events
"""

CUSTOMERS = 8
BEFORE = 2 * (CUSTOMERS + 1) + CUSTOMERS * 3  # two of each and of the original, three filled in


async def on(url: str, work: Callable[[Any], Awaitable[T]]) -> T:
    connection = await asyncpg.connect(url)
    try:
        return await work(connection)
    finally:
        await connection.close()


async def stored(url: str) -> dict[str, int]:
    return dict(await on(url, lambda one: one.fetchrow(_STORED)))


async def made(url: str) -> Scene:
    return await on(
        url, lambda one: scene.build(one, url, name_of(url), customers=CUSTOMERS, events=(3,))
    )


def name_of(url: str) -> str:
    found = re.search(r"/(\w+)\?", url)
    assert found is not None
    return found[1]


async def test_what_is_filled_in_is_on_record_and_counted(database_url: str) -> None:
    await made(database_url)
    assert await stored(database_url) == dict.fromkeys(
        ("events", "keys", "counted", "units", "units_of_events"), BEFORE
    )


async def test_the_script_sent_bare_records_what_the_product_recorded(database_url: str) -> None:
    small = await made(database_url)
    batches, size = 3, CUSTOMERS
    async with scene.copied(database_url, small.name, f"{small.name}_recorded") as url:
        script = await batched.recorded(url, small, batches=batches, size=size)
        by_product = await stored(url)
    async with scene.copied(database_url, small.name, f"{small.name}_replayed") as url:
        assert await batched.replay(url, script) > 0
        replayed = await stored(url)
    assert replayed == by_product
    assert replayed == dict.fromkeys(replayed, BEFORE + batches * size)


async def test_an_event_of_pgbench_is_on_record_and_counted(database_url: str) -> None:
    small = await made(database_url)

    async def twice(connection: Any) -> None:
        if connection.get_server_version() < (18,):
            pytest.skip("the function needs uuidv7(), as the benchmark's own server has it")
        await bare.prepare(connection)
        for _ in range(2):
            await bare.record(connection, small.account.id, "bench_1")

    await on(database_url, twice)
    found = await stored(database_url)
    assert found == dict.fromkeys(found, BEFORE + 2)


async def test_the_habit_records_an_event_once_and_sums_it(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = await made(database_url)
    monkeypatch.setenv("DATABASE_URL", database_url)
    headers = {"Authorization": f"Bearer {small.secret}"}
    event = {
        "eventIdempotencyKey": "e1",
        "eventName": "used",
        "customerReferenceId": "bench_1",
        "featureKey": METERED,
        "usageUnits": 5,
        "costAmount": 0.0042,
        "meta": {"team": "blue"},
    }
    transport = httpx2.ASGITransport(app=habit.app)
    async with (
        habit.app.router.lifespan_context(habit.app),
        httpx2.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        answers = [
            await client.post("/api/v1/events", json=event, headers=headers) for _ in range(2)
        ]
        check = await client.get(f"/api/v1/entitlements/bench_1/{METERED}", headers=headers)
    assert [answer.status_code for answer in answers] == [201, 201]
    assert [answer.json()["duplicate"] for answer in answers] == [False, True]
    assert check.json()["isAllowed"] is True
    assert check.json()["used"] == str(1 + 3 + 5)
    found = await stored(database_url)
    assert found["events"] == found["keys"] == BEFORE + 1
    assert found["counted"] == BEFORE, "the habit keeps no counters"


@pytest.mark.parametrize(
    ("row", "ratio", "holds"),
    [
        (Row("a", 8, "/s", "b", 2, at_least=4), 4, True),
        (Row("a", 7, "/s", "b", 2, at_least=4), 3.5, False),
        (Row("a", 9, "ms", at_most=10), None, True),
        (Row("a", 11, "ms", at_most=10), None, False),
        (Row("a", 12, "ms", "b", 10, at_least=0.9, at_most=1.1), 1.2, False),
        (Row("a", 8, "ms", "b", 10, at_least=0.9, at_most=1.1), 0.8, False),
        (Row("a", 8, "/s", "b", 2), 4, None),
    ],
)
def test_a_target_bounds_the_ratio_or_without_a_baseline_the_value(
    row: Row, ratio: float | None, holds: object
) -> None:
    assert row.ratio == ratio
    assert row.holds is holds


def test_the_table_says_what_is_missed(capsys: pytest.CaptureFixture[str]) -> None:
    ratios.show("Title", [Row("events", 7, "/s", "pgbench", 2, at_least=4)], ["a note"])
    said = capsys.readouterr().out
    assert "3.50" in said
    assert ">= 4×" in said
    assert "not" in said
    assert "a note" in said


def test_a_missing_wrk_is_told_with_where_it_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(loads.Missing, match="apt install wrk"):
        loads.Wrk(tmp_path)


BUSY = """
import subprocess, sys, time
if len(sys.argv) > 1:
    while time.process_time() < 0.5: pass
    print("done", flush=True)
    sys.stdin.read()
else:
    subprocess.run([sys.executable, "-c", CODE, "child"])
"""


def test_the_cpu_of_a_process_is_that_of_its_children_too() -> None:
    code = f"CODE = {BUSY!r}\n" + BUSY
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"done\n"
        assert loads.cpu_seconds(parent.pid) >= 0.5
        parent.communicate()
    assert parent.returncode == 0
