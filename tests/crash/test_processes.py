"""Servers beside each other, and their end."""

import asyncio
import os
import signal
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest
from tests.api.client import Api, dumped, opened
from tests.books import check_books
from tests.crash.server import Server, bootstrap_key

from usance import clock
from usance.store import embedded
from usance.store.db import Db

WEEK = {"unit": "WEEK", "count": 1}
CATALOGUE: dict[str, Any] = {
    "features": [],
    "plans": [
        {
            "key": key,
            "name": key,
            "price": {"amount": 0, "currency": "USD"},
            "interval": WEEK,
            "billingTiming": timing,
            "features": [],
        }
        for key, timing in (("advance", "IN_ADVANCE"), ("arrears", "IN_ARREARS"))
    ],
}
SUBSCRIPTIONS = 60
WEEKS = 8


async def _furnish(api: Api) -> None:
    assert (await api.post("/catalog/apply", CATALOGUE)).status == 200

    async def subscribe(number: int) -> None:
        customer = {"customerReferenceId": f"c{number}"}
        await api.post("/customers", customer)
        plan = ("advance", "arrears")[number % 2]
        made = await api.post("/subscriptions", customer | {"planKey": plan})
        assert made.status == 201, made.body

    for start in range(0, SUBSCRIPTIONS, 20):
        await asyncio.gather(*[subscribe(number) for number in range(start, start + 20)])


@pytest.mark.timeout(60)
async def test_two_servers_on_one_database_take_no_period_twice(database_url: str, tmp_path: Path):
    """Both have a worker; time jumps eight weeks ahead, and one of them is killed at work."""
    db = await Db.open(database_url, jitter=clock.jitter, size=8)
    api = await opened(db)
    servers = [Server(tmp_path / name, database_url=database_url) for name in ("a", "b")]
    try:
        async with api.client:
            await _furnish(api)
        await asyncio.gather(*[server.start() for server in servers])
        await db.run(
            lambda tx: tx.execute(
                "UPDATE accounts SET clock_offset_us = $1",
                timedelta(weeks=WEEKS, hours=12) // timedelta(microseconds=1),
            )
        )
        async with asyncio.timeout(30):
            await _until_there_are(db, SUBSCRIPTIONS * 3)
            servers[0].kill()
            await _until_there_are(db, SUBSCRIPTIONS * (WEEKS + 1))
        # Time for one that would do it twice.
        await asyncio.sleep(1)
        assert await _count(db, "periods") == SUBSCRIPTIONS * (WEEKS + 1)
        assert await _count(db, "invoices") == SUBSCRIPTIONS * (WEEKS + 1)
        parked = "SELECT count(*) FROM subscriptions WHERE parked_at IS NOT NULL"
        assert await db.peek(lambda tx: tx.fetchval(parked)) == 0
        assert await db.peek(lambda tx: check_books(tx, settled_at=clock.real_now())) == []
    finally:
        await servers[1].stop()
        await db.close()


async def _until_there_are(db: Db, periods: int) -> None:
    while await _count(db, "periods") < periods:  # noqa: ASYNC110 - another process makes them
        await asyncio.sleep(0.02)


async def _count(db: Db, table: str) -> int:
    return int(await db.peek(lambda tx: tx.fetchval(f"SELECT count(*) FROM {table}")))


@pytest.mark.parametrize(
    ("number", "workers"), [(signal.SIGINT, 1), (signal.SIGINT, 2), (signal.SIGTERM, 1)]
)
async def test_told_to_end_it_leaves_no_process_and_nothing_half_done(
    tmp_path: Path, bin_dir: Path | None, number: signal.Signals, workers: int
):
    """Under load: what is under way is answered, and PostgreSQL is shut down in order."""
    embedded.start(tmp_path, bin_dir=bin_dir).stop()
    key = bootstrap_key()
    server = Server(tmp_path, key=key, workers=workers)
    await server.start()
    below = server.descendants()
    assert server.postgres_pid in below
    assert len(below) > workers
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    made: list[str] = []
    async with httpx2.AsyncClient(base_url=server.url, headers=headers, timeout=15) as client:

        async def create(task: int) -> None:
            for count in range(10_000):
                reference = f"t{task}n{count}"
                body = dumped({"customerReferenceId": reference})
                answer = await client.post("/api/v1/customers", content=body)
                if answer.status_code == 201:
                    made.append(reference)

        tasks = [asyncio.create_task(create(task)) for task in range(4)]
        await asyncio.sleep(0.5)
        began = clock.monotonic()
        status = await server.stop(number)
        seconds = clock.monotonic() - began
        for task in tasks:
            task.cancel()
        with suppress(httpx2.TransportError):
            await asyncio.gather(*tasks, return_exceptions=True)
    assert status == 0, server.log
    assert "Usance has stopped." in server.log
    assert seconds < 10
    for pid in below:
        assert not _is_running(pid), f"process {pid} is still there"
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()
    last = (tmp_path / "postgres.log").read_text().splitlines()[-1]
    assert last.endswith("database system is shut down")
    assert made
    assert await _customers(tmp_path, bin_dir) >= set(made)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


async def _customers(data_dir: Path, bin_dir: Path | None) -> set[str]:
    running = await asyncio.to_thread(embedded.start, data_dir, bin_dir=bin_dir)
    try:
        connection = await asyncpg.connect(running.dsn)
        rows = await connection.fetch("SELECT reference FROM customers")
        await connection.close()
        return {row["reference"] for row in rows}
    finally:
        await asyncio.to_thread(running.stop)
