"""The monthly tables of usage events: made ahead, by many at once, with what lay in the rest."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from tests.api import client
from tests.api.shop import MICROSECOND, Shop, stop_clock
from tests.books import check_books

from usance import clock
from usance.actions import operations
from usance.store import partitions
from usance.store.db import Db, migrate_database
from usance.store.partitions import Made

NOW = datetime(2027, 1, 15, 12, tzinfo=UTC)
JANUARY = datetime(2027, 1, 1, tzinfo=UTC)
FEBRUARY = datetime(2027, 2, 1, tzinfo=UTC)
REST = "usage_events_rest"

_TABLES = """
    SELECT c.relname
      FROM pg_inherits i
      JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'usage_events'::regclass
     ORDER BY c.relname
"""

_PUT = """
    INSERT INTO usage_events (account_id, customer_id, event_id, recorded_at, occurred_at, key, name,
                              units, billable, covered, credits, receipt)
    VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), $1, $1, 'k', 'used', 1, 0, 0, 0,
            '{}')
    RETURNING tableoid::regclass::text
"""


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Db]:
    db = await Db.open(database_url, jitter=clock.jitter, size=8)
    yield db
    await db.close()


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url, server_settings={"timezone": "UTC"})
    yield connection
    await connection.close()


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A second connection."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def shop(db: Db, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    stop_clock(monkeypatch, NOW)
    api = await client.opened(db)
    async with api.client:
        yield await Shop.open(api)


async def tables(connection: Any) -> list[str]:
    return [row["relname"] for row in await connection.fetch(_TABLES)]


async def put(connection: Any, at: datetime) -> str:
    """Write a bare event and return the table that took it."""
    return str(await connection.fetchval(_PUT, at))


async def prepare(connection: asyncpg.Connection, now: datetime) -> list[Made]:
    return [
        await partitions.create(connection, month)
        for month in await partitions.missing(connection, now=now)
    ]


# Made ahead -----------------------------------------------------------------------------------------


async def test_this_month_and_the_next_three_are_made(connection: asyncpg.Connection):
    assert await tables(connection) == [REST]
    assert await prepare(connection, datetime(2027, 11, 30, 23, tzinfo=UTC)) == [Made.CREATED] * 4
    ahead = ["2027_11", "2027_12", "2028_01", "2028_02"]
    assert await tables(connection) == [*(f"usage_events_{month}" for month in ahead), REST]
    assert await prepare(connection, datetime(2027, 11, 30, 23, tzinfo=UTC)) == []
    assert await prepare(connection, datetime(2027, 12, 1, tzinfo=UTC)) == [Made.CREATED]
    assert "usage_events_2028_03" in await tables(connection)


async def test_a_start_and_a_worker_make_them(database_url: str, db: Db, shop: Shop):
    await migrate_database(database_url, now=NOW)
    made = await db.peek(tables)
    assert made == [*(f"usage_events_2027_0{month}" for month in (1, 2, 3, 4)), REST]
    await shop.advance("P400D")  # to 2028-02-19
    assert await operations.prepare_months(db) == [
        (datetime(2028, month, 1, tzinfo=UTC), Made.CREATED) for month in (2, 3, 4, 5)
    ]
    assert await operations.prepare_months(db) == []


async def test_a_clock_that_is_ahead_has_its_months_made_after_the_real_ones(
    connection: asyncpg.Connection, shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    await shop.advance("P3900D")
    monkeypatch.setattr(partitions, "TABLES_MAX", 7)  # the rest, the four real ones, and two
    wanted = await partitions.missing(connection, now=NOW)
    assert [month.year for month in wanted] == [2027] * 4 + [2037] * 2
    monkeypatch.setattr(partitions, "TABLES_MAX", 1)
    wanted = await partitions.missing(connection, now=NOW)
    assert [month.year for month in wanted] == [2027] * 4, "the real ones are always made"


async def test_twenty_at_once_make_each_table_once(database_url: str):
    async def make() -> list[Made]:
        other = await asyncpg.connect(database_url)
        try:
            return await prepare(other, NOW)
        finally:
            await other.close()

    made = [
        one for several in await asyncio.gather(*(make() for _ in range(20))) for one in several
    ]
    assert made.count(Made.CREATED) == 4
    assert set(made) <= {Made.CREATED, Made.THERE}


# Where an event lies ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "table"),
    [
        (JANUARY - MICROSECOND, REST),
        (JANUARY, "usage_events_2027_01"),
        (FEBRUARY - MICROSECOND, "usage_events_2027_01"),
        (FEBRUARY, "usage_events_2027_02"),
        (datetime(2027, 5, 1, tzinfo=UTC) - MICROSECOND, "usage_events_2027_04"),
        (datetime(2027, 5, 1, tzinfo=UTC), REST),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland"])
async def test_a_month_is_one_of_utc_to_the_microsecond(
    connection: asyncpg.Connection, at: datetime, table: str, zone: str
):
    await connection.execute(f"SET timezone = '{zone}'")
    await prepare(connection, NOW)
    assert await put(connection, at) == table


async def test_what_lies_in_the_rest_moves_into_its_month(connection: asyncpg.Connection):
    edges = [JANUARY - MICROSECOND, JANUARY, FEBRUARY - MICROSECOND, FEBRUARY]
    for at in edges:
        assert await put(connection, at) == REST
    await prepare(connection, NOW)
    rows = await connection.fetch(
        "SELECT tableoid::regclass::text AS place, recorded_at FROM usage_events ORDER BY 2"
    )
    assert [(row["place"], row["recorded_at"]) for row in rows] == [
        (REST, edges[0]),
        ("usage_events_2027_01", edges[1]),
        ("usage_events_2027_01", edges[2]),
        ("usage_events_2027_02", edges[3]),
    ]


async def test_a_month_with_too_much_in_the_rest_stays_there(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(partitions, "MOVED_MAX", 2)
    for at in (JANUARY, NOW, NOW, FEBRUARY, FEBRUARY):
        await put(connection, at)
    made = await prepare(connection, NOW)
    assert made == [Made.CROWDED, Made.CREATED, Made.CREATED, Made.CREATED]
    assert await put(connection, NOW) == REST
    assert await connection.fetchval("SELECT count(*) FROM usage_events_2027_02") == 2


async def test_whoever_cannot_have_the_rest_gives_way(
    connection: asyncpg.Connection, other: asyncpg.Connection
):
    """One that read everything for a minute would else hold all up that come after."""
    async with other.transaction():
        await other.fetchval("SELECT count(*) FROM usage_events")
        assert await partitions.create(connection, JANUARY) is Made.BUSY
        assert await tables(connection) == [REST]
    assert await partitions.create(connection, JANUARY) is Made.CREATED


async def test_a_writer_who_met_a_month_being_made_is_run_again(db: Db, other: asyncpg.Connection):
    """PostgreSQL chose the rest for the row, and then the rest does not take it any more."""
    async with other.transaction():
        assert await partitions.create(other, JANUARY) is Made.CREATED
        writing = asyncio.create_task(db.run(lambda tx: put(tx, NOW)))
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = $1::text::regclass"
        for _ in range(1000):
            if writing.done() or await other.fetchval(waits, REST):
                break
            await asyncio.sleep(0.01)
    assert await writing == "usage_events_2027_01"


async def test_events_go_on_while_months_are_made(shop: Shop, db: Db):
    await shop.started("payg_monthly")

    async def work() -> None:
        for _ in range(20):
            await shop.use(1)

    async def make() -> None:
        for month in range(1, 13):
            await db.run(
                lambda tx, month=month: partitions.create(tx, datetime(2027, month, 1, tzinfo=UTC))  # type: ignore[misc]
            )

    await asyncio.gather(work(), work(), make())
    assert await db.peek(lambda tx: tx.fetchval("SELECT count(*) FROM usage_events_2027_01")) == 40
    assert await db.run(check_books) == []
