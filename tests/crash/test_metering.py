"""Usage through a hundred kills of server processes and twenty of their PostgreSQL, under load.

What was acknowledged is there, exactly once: events, their counters and burns, and holds.
"""

import asyncio
import os
import signal
import time
from pathlib import Path
from random import Random

import pytest
from tests.api import client
from tests.crash import metered
from tests.crash.fleet import Fleet, Slot
from tests.crash.metered import Users

from usance import clock
from usance.store import embedded
from usance.store.db import Db, migrate_database

PROCESSES = 4
KILLS = 100
ANSWERS_MAX = 12  # of a process, before it is killed
RESTARTS = 20
ANSWERS = 30  # of all processes together, between two restarts


async def _sold(dsn: str) -> str:
    """Furnish the database, and return the account's key."""
    db = await Db.open(dsn, jitter=clock.jitter, size=2)
    try:
        api = await client.opened(db)
        async with api.client:
            await metered.sell(api)
        return api.secret
    finally:
        await db.close()


async def _kill(fleet: Fleet, slot: Slot, times: int, rng: Random) -> int:
    """Kill the slot's process so many times, each after some answers; return how many calls it met."""
    met = 0
    for _ in range(times):
        await slot.answers.until(rng.randint(1, ANSWERS_MAX))
        met += slot.under_way > 0
        slot.kill()
        await fleet.begin(slot)
    return met


@pytest.mark.timeout(300)
async def test_a_hundred_kills_of_processes_lose_and_double_no_event_and_no_hold(
    database_url: str, tmp_path: Path
):
    """Each of four processes is killed twenty-five times, whatever it is at."""
    secret = await _sold(database_url)
    async with Fleet(database_url, tmp_path, secret=secret, processes=PROCESSES) as fleet:
        users = Users(fleet)
        async with asyncio.TaskGroup() as group:
            for one in users.all():
                group.create_task(one)
            killers = [
                group.create_task(_kill(fleet, slot, KILLS // PROCESSES, Random(number)))
                for number, slot in enumerate(fleet.slots)
            ]
            met = sum(await asyncio.gather(*killers))
            users.stop()
        await users.require_all_once(database_url)
    print(_told(users, met))  # noqa: T201 - for whoever asks with -s
    assert met > KILLS * 3 // 4
    assert users.sent_again > KILLS
    assert len(users.events) > 4 * KILLS
    assert len(users.holds) > KILLS // 2


@pytest.mark.timeout(300)
async def test_twenty_immediate_restarts_of_postgres_lose_and_double_no_event_and_no_hold(
    tmp_path: Path, bin_dir: Path | None
):
    """The server is told what `pg_ctl -m immediate` tells it, and recovers when it is started."""
    folder = tmp_path / "data"

    def start() -> embedded.Running:
        # No power is cut: what a server has written survives its end, synced or not.
        return embedded.start(folder, bin_dir=bin_dir, settings={"fsync": "off"})

    running = await asyncio.to_thread(start)
    dsn, met = running.dsn, 0
    try:
        await migrate_database(dsn, now=clock.real_now())
        secret = await _sold(dsn)
        async with Fleet(dsn, tmp_path, secret=secret, processes=PROCESSES) as fleet:
            users = Users(fleet)
            async with asyncio.TaskGroup() as group:
                for one in users.all():
                    group.create_task(one)
                for _ in range(RESTARTS):
                    await users.answers.until(ANSWERS)
                    met += users.under_way > 0
                    await asyncio.to_thread(_end_immediately, running)
                    running = await asyncio.to_thread(start)
                    assert running.dsn == dsn
                users.stop()
            await users.require_all_once(dsn)
    finally:
        await asyncio.to_thread(running.stop)
    print(_told(users, met))  # noqa: T201 - for whoever asks with -s
    log = (folder / "postgres.log").read_text()
    assert log.count("received immediate shutdown request") == RESTARTS
    assert log.count("automatic recovery in progress") == RESTARTS
    assert met == RESTARTS
    assert len(users.events) > ANSWERS * RESTARTS // 2
    assert len(users.holds) > RESTARTS


def _end_immediately(running: embedded.Running) -> None:
    os.kill(running.pid, signal.SIGQUIT)
    while running.is_alive():
        time.sleep(0.002)
    running.stop()  # frees its folder


def _told(users: Users, met: int) -> str:
    return (
        f"{len(users.events)} events, {len(users.holds)} holds, {users.sent_again} tries again, "
        f"{met} met calls under way"
    )
