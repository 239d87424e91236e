"""`usance migrate`: brings the database to this version, as `usance serve` does by itself."""

import asyncio
import os

from usance import clock, settings
from usance.store import embedded
from usance.store.db import migrate_database
from usance.store.migrate import Migration


def migrate() -> None:
    """Apply the migrations that the database lacks."""
    config = settings.from_environment(os.environ)

    async def work() -> None:
        dsn = config.database_url or embedded.running_dsn(config.data_dir)
        if dsn is not None:
            _report(await migrate_database(dsn, now=clock.real_now()))
            return
        own = await asyncio.to_thread(embedded.start, config.data_dir)
        try:
            _report(await migrate_database(own.dsn, now=clock.real_now()))
        finally:
            await asyncio.to_thread(own.stop)

    asyncio.run(work())


def _report(applied: list[Migration]) -> None:
    for migration in applied:
        print(f"applied {migration}")
    if not applied:
        print("nothing to do: the database is up to date")
