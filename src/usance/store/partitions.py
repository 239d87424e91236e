"""Partitions: usage events lie in one table for each month in which they were recorded.

A month's table, `usage_events_2027_01`, is made before the month begins by anybody's clock. What no
month's table takes falls into `usage_events_rest`, so an event is never refused for want of a table;
what lies there already moves along when its month's table is made. A month that was taken away is not
made again: its events are archived, and their keys, which stay, still know them.

Units: a month is the instant at which it begins, in UTC.
Sources: architecture.md, "Data"; docs/self-hosting.md, "Old events"; PostgreSQL, "Table
Partitioning" and "ALTER TABLE".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

AHEAD: Final = 3
"""How many months after the present one have their tables already."""

TABLES_MAX: Final = 120
"""Beyond so many tables, months of TEST clocks get none: each one costs every statement a little."""

MOVED_MAX: Final = 100_000
"""How many events of a month may lie in the rest for it to get a table: moving them holds others up."""

# Any number will do, as long as no other lock in the database takes the same.
_LOCK: Final = 6_023_118_459_730_927

# While one waits for a lock on a table, everybody else waits behind it.
_PATIENCE: Final = "SET LOCAL lock_timeout = '1s'; SET LOCAL statement_timeout = '5s'"

_TAKE_TURN: Final = "SELECT pg_advisory_xact_lock($1)"

_CLOCKS: Final = """
    SELECT date_trunc('month', $1::timestamptz + clock_offset_us * interval '1 microsecond', 'UTC')
           AS month
      FROM accounts
     GROUP BY month
     ORDER BY month
"""

# Read as a table: by to_regclass a session may still not know what another has just made.
_TAKEN: Final = """
    SELECT coalesce(array_agg(relname::text), '{}')
      FROM pg_class
     WHERE relname = ANY($1::text[]::name[])
       AND relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'usage_events'::regclass)
"""

_COUNT_TABLES: Final = """
    SELECT count(*)
      FROM pg_inherits
     WHERE inhparent = 'usage_events'::regclass
"""

_COUNT_REST: Final = """
    SELECT count(*)
      FROM (SELECT FROM usage_events_rest
             WHERE recorded_at >= $1
               AND recorded_at < $2
             LIMIT $3) AS r
"""

# In the order in which ATTACH takes them. Whoever reads or writes only other months goes on.
_LOCK_REST: Final = """
    LOCK TABLE ONLY usage_events IN SHARE UPDATE EXCLUSIVE MODE;
    LOCK TABLE usage_events_rest IN ACCESS EXCLUSIVE MODE
"""

ARCHIVED: Final = """
    archived_months AS MATERIALIZED (
        SELECT k.month
          FROM (SELECT DISTINCT date_trunc('month', recorded_at, 'UTC') AS month
                  FROM event_keys) k
         WHERE NOT EXISTS (SELECT FROM pg_inherits i
                             JOIN pg_class c ON c.oid = i.inhrelid
                            WHERE i.inhparent = 'usage_events'::regclass
                              AND c.relname
                                = 'usage_events_' || to_char(k.month AT TIME ZONE 'UTC', 'YYYY_MM'))
           AND NOT EXISTS (SELECT FROM usage_events_rest r
                            WHERE date_trunc('month', r.recorded_at, 'UTC') = k.month)
    ),
    archived AS (
        SELECT k.account_id, k.customer_id, k.event_id, k.recorded_at, m.month
          FROM event_keys k
          JOIN archived_months m ON m.month = date_trunc('month', k.recorded_at, 'UTC')
    )
"""
"""Two parts of a WITH: the months whose events were taken away, and the keys of those events."""

_ARCHIVED: Final = f"""
      WITH {ARCHIVED}
    SELECT month, count(*) AS events
      FROM archived
     GROUP BY month
     ORDER BY month
"""


class Made(StrEnum):
    """What became of the wish for a month's table."""

    CREATED = "created"
    THERE = "there"  # another process was first, or a table of this name was taken off the whole
    BUSY = "busy"  # a lock was not to be had, or the rest is too long to look through: try later
    CROWDED = "crowded"  # too many events of the month lie in the rest, where they stay


@dataclass(frozen=True, slots=True)
class Archived:
    """A month whose events are not in the database any more, and how many there were."""

    month: datetime
    events: int


def month_of(at: datetime) -> datetime:
    """Return the beginning of the month, in UTC.

    >>> month_of(datetime.fromisoformat("2027-02-01T00:30:00+01:00")).isoformat()
    '2027-01-01T00:00:00+00:00'
    """
    at = at.astimezone(UTC)
    return datetime(at.year, at.month, 1, tzinfo=UTC)


def after(month: datetime, count: int = 1) -> datetime:
    """Return the month so many later.

    >>> after(datetime(2027, 11, 1, tzinfo=UTC), 2).isoformat()
    '2028-01-01T00:00:00+00:00'
    """
    years, index = divmod(month.month - 1 + count, 12)
    return datetime(month.year + years, index + 1, 1, tzinfo=UTC)


def table_of(month: datetime) -> str:
    """Return the name of the month's table.

    >>> table_of(datetime(2027, 1, 1, tzinfo=UTC))
    'usage_events_2027_01'
    """
    return f"usage_events_{month.year:04}_{month.month:02}"


def _create(table: str) -> str:
    # Like the rest and not like the whole, so that a row fits without its columns being named.
    return f"CREATE TABLE {table} (LIKE usage_events_rest INCLUDING ALL)"


def _move(table: str) -> str:
    return f"""
        WITH moved AS (
            DELETE FROM usage_events_rest
             WHERE recorded_at >= $1
               AND recorded_at < $2
            RETURNING *
        )
        INSERT INTO {table}
        SELECT * FROM moved
    """


def _attach(table: str, start: datetime, end: datetime) -> str:
    return f"""
        ALTER TABLE usage_events ATTACH PARTITION {table}
          FOR VALUES FROM ('{start.isoformat()}') TO ('{end.isoformat()}')
    """


async def missing(connection: Connection, *, now: datetime) -> list[datetime]:
    """Return the months that should have a table and have none: first those of the real clock, `now`.

    Wanted are the present month and the next three, by the real clock and by every account's own.
    """
    real = _from(month_of(now))
    clocks = [row["month"] for row in await connection.fetch(_CLOCKS, now)]
    others = sorted({month for clock in clocks for month in _from(clock)} - set(real))
    names = [table_of(month) for month in (*real, *others)]
    taken = set(await connection.fetchval(_TAKEN, names))
    first = [month for month in real if table_of(month) not in taken]
    room = TABLES_MAX - int(await connection.fetchval(_COUNT_TABLES)) - len(first)
    then = [month for month in others if table_of(month) not in taken]
    return first + then[: max(0, room)]


async def create(connection: Connection, month: datetime) -> Made:
    """Make the month's table, with what lies in the rest of it, in a transaction; say if it was not.

    Any number of processes may ask for one month at once. Others who read or write the rest wait
    meanwhile, for five seconds at most.
    """
    table, end = table_of(month), after(month)
    try:
        async with connection.transaction():
            await connection.execute(_PATIENCE)
            await connection.execute(_TAKE_TURN, _LOCK)
            if await connection.fetchval(_TAKEN, [table]):
                return Made.THERE
            many = await connection.fetchval(_COUNT_REST, month, end, MOVED_MAX + 1)
            if many > MOVED_MAX:
                return Made.CROWDED
            await connection.execute(_create(table))
            await connection.execute(_LOCK_REST)
            await connection.execute(_move(table), month, end)
            await connection.execute(_attach(table, month, end))
    except (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError):
        return Made.BUSY
    return Made.CREATED


async def archived(connection: Connection) -> Sequence[Archived]:
    """Return the months of whose events only the keys are left, the oldest first."""
    rows = await connection.fetch(_ARCHIVED)
    return [Archived(row["month"], row["events"]) for row in rows]


def _from(month: datetime) -> list[datetime]:
    """Return the month and those after it whose tables are made ahead."""
    return [after(month, count) for count in range(AHEAD + 1)]
