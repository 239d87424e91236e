"""Transactions: what is run again, what is not, and how an outage is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from usance.core.refusals import Code, Refusal
from usance.store.db import Db, Tx, Unreachable


def _half() -> float:
    return 0.5


@asynccontextmanager
async def _opened(url: str, size: int = 4) -> AsyncIterator[Db]:
    db = await Db.open(url, jitter=_half, size=size)
    try:
        yield db
    finally:
        await db.close()


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Db]:
    async with _opened(database_url) as db:
        await db.run(
            lambda tx: tx.execute("CREATE TABLE counted (n integer PRIMARY KEY, v integer)")
        )
        await db.run(lambda tx: tx.execute("INSERT INTO counted VALUES (1, 0), (2, 0)"))
        yield db


async def _values(db: Db) -> list[int]:
    rows = await db.peek(lambda tx: tx.fetch("SELECT v FROM counted ORDER BY n"))
    return [row["v"] for row in rows]


# --- values -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        {"a": Decimal("49.00"), "b": [1, None, True, "x"], "c": {}},
        {"m": 10**40, "n": Decimal("0.000000000000000000000000000001")},
        [],
        "text ü 🦊",
        12345678901234567890123,
        None,
    ],
)
async def test_json_is_kept_exactly(db: Db, value: object):
    kept = await db.peek(lambda tx: tx.fetchval("SELECT $1::jsonb", value))
    assert kept == value
    assert str(kept) == str(value)


async def test_numeric_is_decimal_and_time_is_utc(db: Db):
    row = await db.peek(
        lambda tx: tx.fetchrow("SELECT 1.10::numeric AS n, '2027-01-31 01:00+02'::timestamptz AS t")
    )
    assert row is not None
    assert str(row["n"]) == "1.10"
    assert row["t"].isoformat() == "2027-01-30T23:00:00+00:00"


async def test_each_connection_has_its_limits(db: Db):
    async def limits(tx: Tx) -> dict[str, str]:
        rows = await tx.fetch("SELECT name, setting FROM pg_settings WHERE source = 'client'")
        return {row["name"]: row["setting"] for row in rows}

    wanted = {
        "TimeZone": "UTC",
        "statement_timeout": "30000",
        "lock_timeout": "10000",
        "idle_in_transaction_session_timeout": "60000",
        "client_connection_check_interval": "500",
    }
    for _ in range(2):  # also when it comes out of the pool a second time
        found = await db.peek(limits)
        assert {name: found.get(name) for name in wanted} == wanted


# --- transactions ---------------------------------------------------------------------------------


async def test_work_that_fails_leaves_nothing(db: Db):
    async def fail(tx: Tx) -> None:
        await tx.execute("UPDATE counted SET v = 9")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await db.run(fail)
    assert await _values(db) == [0, 0]


async def test_a_read_sees_one_instant_and_writes_nothing(db: Db):
    async def look(tx: Tx) -> tuple[int, int]:
        before = await tx.fetchval("SELECT sum(v) FROM counted")
        await db.run(lambda other: other.execute("UPDATE counted SET v = v + 1"))
        return before, await tx.fetchval("SELECT sum(v) FROM counted")

    assert await db.read(look) == (0, 0)
    with pytest.raises(Refusal):  # what is read only here is, elsewhere, a standby
        await db.read(lambda tx: tx.execute("UPDATE counted SET v = 5"))
    async with db.snapshot() as tx:
        assert await tx.fetchval("SELECT sum(v) FROM counted") == 2


async def test_a_transaction_can_be_opened_by_hand(db: Db):
    async with db.transaction() as tx:
        await tx.execute("UPDATE counted SET v = 1 WHERE n = 1")
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the block is what is tested
        async with db.transaction() as tx:
            await tx.execute("UPDATE counted SET v = 2 WHERE n = 1")
            raise ZeroDivisionError
    assert await _values(db) == [1, 0]


async def test_a_cancelled_call_is_rolled_back_and_its_connection_lives(database_url: str):
    async with _opened(database_url, size=1) as db:

        async def wait(tx: Tx) -> None:
            await tx.execute("CREATE TABLE never (n integer)")
            await tx.execute("SELECT pg_sleep(60)")

        task = asyncio.create_task(db.run(wait))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await db.peek(lambda tx: tx.fetchval("SELECT to_regclass('never')")) is None


# --- run again ------------------------------------------------------------------------------------


async def test_a_deadlock_is_run_again(db: Db):
    both = asyncio.Barrier(2)
    runs = 0

    async def swap(tx: Tx, first: int, second: int) -> None:
        nonlocal runs
        runs += 1
        await tx.execute("UPDATE counted SET v = v + 1 WHERE n = $1", first)
        if runs <= 2:
            await both.wait()
        await tx.execute("UPDATE counted SET v = v + 1 WHERE n = $1", second)

    await asyncio.gather(db.run(lambda tx: swap(tx, 1, 2)), db.run(lambda tx: swap(tx, 2, 1)))
    assert runs == 3
    assert await _values(db) == [2, 2]


async def test_a_connection_lost_before_commit_is_run_again(db: Db):
    runs = 0

    async def work(tx: Tx) -> int:
        nonlocal runs
        runs += 1
        await tx.execute("UPDATE counted SET v = v + 1 WHERE n = 1")
        if runs == 1:
            await _kill(db, tx)
        return int(await tx.fetchval("SELECT v FROM counted WHERE n = 1"))

    assert await db.run(work) == 1
    assert runs == 2
    assert await _values(db) == [1, 0]


async def test_what_fails_each_time_is_given_up(db: Db):
    runs = 0

    async def work(tx: Tx) -> None:
        nonlocal runs
        runs += 1
        await tx.execute("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$")

    with pytest.raises(Refusal) as refusal:
        await db.run(work)
    assert refusal.value.code is Code.UNAVAILABLE
    assert runs == 5


async def test_a_mistake_of_ours_is_not_run_again(db: Db):
    runs = 0

    async def work(tx: Tx) -> None:
        nonlocal runs
        runs += 1
        await tx.execute("SELECT no_such_column")

    with pytest.raises(Exception, match="no_such_column"):
        await db.run(work)
    assert runs == 1


async def test_a_connection_lost_while_reading_is_read_again(db: Db):
    runs = 0

    async def work(tx: Tx) -> int:
        nonlocal runs
        runs += 1
        if runs == 1:
            await _kill(db, tx)
        return int(await tx.fetchval("SELECT 7"))

    assert await db.read(work) == 7
    assert runs == 2


async def _kill(db: Db, tx: Tx) -> None:
    pid = await tx.fetchval("SELECT pg_backend_pid()")
    await db.peek(lambda other: other.fetchval("SELECT pg_terminate_backend($1, 5000)", pid))


# --- outages --------------------------------------------------------------------------------------


async def test_a_pool_that_is_used_up_is_told(database_url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("usance.store.db._ACQUIRE_SECONDS_MAX", 0.1)
    async with _opened(database_url, size=1) as db, db.transaction():
        with pytest.raises(Refusal) as refusal:
            await db.peek(lambda tx: tx.fetchval("SELECT 1"))
    assert refusal.value.code is Code.UNAVAILABLE


@pytest.mark.parametrize("state", ["57014", "55P03", "53100", "53300"])
async def test_an_overloaded_server_is_told_at_once(db: Db, state: str):
    runs = 0

    async def work(tx: Tx) -> None:
        nonlocal runs
        runs += 1
        await tx.execute(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$")

    with pytest.raises(Refusal) as refusal:
        await db.run(work)
    assert (refusal.value.code, runs) == (Code.UNAVAILABLE, 1)


@pytest.mark.parametrize("url", ["postgresql://x@127.0.0.1:1/x", "postgresql://x@/x?host=/nowhere"])
async def test_a_database_that_is_not_there_is_told(url: str):
    with pytest.raises(Unreachable):
        await Db.open(url, jitter=_half)


class Proxy:
    """Stands between; drops both sides at the next COMMIT, before or after it is passed on."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.drops = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_unix_connection(self.target)

        async def down() -> None:
            while data := await up_reader.read(65536):
                if self.drops == "answer":
                    break
                writer.write(data)
            writer.close()

        answers = asyncio.create_task(down())
        while data := await reader.read(65536):
            if b"COMMIT;" in data and self.drops == "after":
                self.drops = "answer"
            elif b"COMMIT;" in data and self.drops == "before":
                break
            up_writer.write(data)
            if self.drops == "answer":
                await answers
                break
        answers.cancel()
        for each in (writer, up_writer):
            each.close()


@pytest.fixture
def target(database_url: str) -> tuple[str, str]:
    """The server's socket, and the database's name."""
    parts = urlsplit(database_url)
    query = parse_qs(parts.query)
    return f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}", parts.path


@pytest.mark.parametrize(("drops", "kept"), [("before", [0, 0]), ("after", [1, 1])])
async def test_an_unknown_commit_is_told_and_not_run_again(
    db: Db, target: tuple[str, str], tmp_path: Path, drops: str, kept: list[int]
):
    proxy = Proxy(target[0])
    runs = 0

    async def work(tx: Tx) -> None:
        nonlocal runs
        runs += 1
        await tx.execute("UPDATE counted SET v = v + 1")

    async with (
        await asyncio.start_unix_server(proxy.serve, tmp_path / ".s.PGSQL.5432"),
        _opened(f"postgresql://usance@{target[1]}?host={quote(str(tmp_path))}") as between,
    ):
        proxy.drops = drops
        with pytest.raises(Refusal, match="may have happened or not") as refusal:
            await between.run(work)
        assert refusal.value.code is Code.UNAVAILABLE
        assert runs == 1
        assert await _values(db) == kept
        proxy.drops = ""
        await between.run(work)  # the pool has a new connection
        assert runs == 2
