"""The product's own SQL for events, issued bare: the statements of each batch, sent again as they were.

The product records batches of events on one database, and what it says to PostgreSQL is written down,
statement by statement, with the values. On an equal database the same is then sent from one loop over
one connection: no HTTP, no JSON, no decision; a transaction for each batch, as durable. So the baseline
is always what the product issues today.
"""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

import asyncpg
from asyncpg.connection import LoggedQuery

from bench.scene import METERED, Scene
from usance import clock
from usance.actions import usage
from usance.actions.accounts import opened_by
from usance.actions.usage import Recorded, Recording, Reported
from usance.core.costs import Cost
from usance.core.decisions.record import Use
from usance.store import jsonb
from usance.store.db import Db, Tx
from usance.store.kept import Kept

Statement: TypeAlias = tuple[str, tuple[Any, ...]]

_SETTINGS = """
    SELECT name, setting
      FROM pg_settings
     WHERE source IN ('client', 'session') AND name <> 'client_encoding'
"""


@dataclass(frozen=True)
class Script:
    """What the product said, batch by batch, and the settings of its connection."""

    batches: list[list[Statement]]
    settings: dict[str, str]
    size: int  # events in a batch


async def recorded(dsn: str, scene: Scene, *, batches: int, size: int) -> Script:
    """Let the product record batches of so many events, each of another customer; return what it said."""
    db = await Db.open(dsn, jitter=clock.jitter, size=1)
    kept = Kept()
    said: list[list[Statement]] = []
    try:
        settings = await db.peek(lambda tx: tx.fetch(_SETTINGS))
        for number in range(batches):
            statements, recording = await _batch(db, kept, scene, number, size)
            answers = recording.answers
            assert all(isinstance(a, Recorded) and a.is_new for a in answers), "each is recorded"
            kept.put(recording.after)
            # The first batch reads each customer's state; from then on it is kept.
            said.append(statements)
    finally:
        await db.close()
    return Script(said, {row["name"]: row["setting"] for row in settings}, size)


async def _batch(
    db: Db, kept: Kept, scene: Scene, number: int, size: int
) -> tuple[list[Statement], Recording]:
    key = hashlib.sha256(scene.secret.encode()).digest()

    async def work(tx: Tx) -> tuple[list[Statement], Recording]:
        said: list[Statement] = []

        def note(query: LoggedQuery) -> None:
            said.append((query.query, _encoded(query.args)))

        tx.add_query_logger(note)
        try:
            account = (await opened_by(tx, [key] * size))[key]
            now = clock.real_now()
            reported = [
                Reported(account, f"bench_{n % scene.customers + 1}", use, now, clock.seed())
                for n in range(size)
                for use in [_use(f"batch-{number}-{n}")]
            ]
            recording = await usage.record_all(tx, reported, kept)
            await asyncio.sleep(0)  # what was logged is told in the loop's next turn
        finally:
            tx.remove_query_logger(note)
        return said, recording

    return await db.run(work)


def _use(key: str) -> Use:
    return Use(
        key=key,
        fingerprint=hashlib.sha256(key.encode()).digest(),
        name="used",
        feature_key=METERED,
        units=Decimal(1),
        occurred_at=None,
        model=None,
        cost=Cost(Decimal("0.0042"), "USD", None),
        revenue_amount=None,
        flow_id=None,
        meta={"team": "blue"},
    )


def _encoded(value: Any) -> Any:  # noqa: ANN401 - whatever the driver takes
    """Return a value with JSON as text, so that making it costs the replay nothing."""
    if isinstance(value, dict):
        return jsonb.encode(value)
    if isinstance(value, list | tuple):
        return type(value)(_encoded(one) for one in value)
    return value


async def replay(dsn: str, script: Script) -> float:
    """Send the script to an equal database; return how many events a second it recorded."""
    connection = await asyncpg.connect(
        dsn, server_settings=script.settings, statement_cache_size=512
    )
    try:
        first, *rest = script.batches  # the first reads every customer's state: it is not timed
        await _send(connection, first)
        started = time.perf_counter()
        for statements in rest:
            await _send(connection, statements)
        return script.size * len(rest) / (time.perf_counter() - started)
    finally:
        await connection.close()


async def _send(
    connection: "asyncpg.Connection[asyncpg.Record]", statements: Sequence[Statement]
) -> None:
    async with connection.transaction():
        for query, values in statements:
            await connection.fetch(query, *values)
