"""Whether the books are right, asked at the end of a test: what `usance verify` asks.

assert await check_books(connection) == []
assert await check_books(connection, settled_at=clock.real_now()) == []   # and nothing is due
"""

from datetime import datetime
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from usance.store import verify

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"


async def check_books(connection: Connection, *, settled_at: datetime | None = None) -> list[str]:
    """Return what is wrong in the database, a sentence for each; nothing when the books are right."""
    async with connection.transaction():
        found = await verify.verify(connection, settled_at=settled_at)  # type: ignore[arg-type] # a Tx
    return [f"not so: {one.check.holds}: {one.count}: {'; '.join(one.first)}" for one in found]
