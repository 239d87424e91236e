"""The database of a command: the one in DATABASE_URL, or our own, running already or not."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from usance import clock, logs, settings
from usance.store import embedded
from usance.store.db import Db, Tx, migrate_database
from usance.store.embedded_programs import EmbeddedError

T = TypeVar("T")

_STARTS_MAX: Final = 5
_START_PAUSE_SECONDS: Final = 1.0
_WATCH_SECONDS: Final = 0.2

_log: Final = logs.get(__name__)


@dataclass(slots=True)
class Opened:
    """A migrated database."""

    dsn: str
    description: str
    own: embedded.Running | None  # ours to keep alive, and replaced when it had to be started again


@asynccontextmanager
async def owned(config: settings.Settings) -> AsyncIterator[Opened]:
    """Start our own PostgreSQL, unless DATABASE_URL names another, and stop it at the end."""
    if config.database_url is not None:
        await migrate_database(config.database_url, now=clock.real_now())
        yield Opened(config.database_url, "as in DATABASE_URL", None)
        return
    own = await asyncio.to_thread(embedded.start, config.data_dir)
    where = f"PostgreSQL {own.version} of its own in {_short(config.data_dir)}"
    opened = Opened(own.dsn, where, own)
    try:
        await migrate_database(own.dsn, now=clock.real_now())
        yield opened
    finally:
        if opened.own is not None:
            await asyncio.to_thread(opened.own.stop)


async def keep_alive(opened: Opened, config: settings.Settings) -> None:
    """Start our own PostgreSQL again whenever it dies; returns never.

    Raises `EmbeddedError` where that fails again and again: one start may fail because the server
    was killed while it recovered.
    """
    while True:
        await asyncio.sleep(_WATCH_SECONDS)
        if opened.own is None or opened.own.is_alive():
            continue
        _log.error("PostgreSQL ended by itself and is started again")
        await asyncio.to_thread(opened.own.stop)  # frees its folder
        opened.own = await _started_again(config)
        if opened.own.dsn != opened.dsn:
            raise EmbeddedError("PostgreSQL came back at another address. Start Usance again.")


async def _started_again(config: settings.Settings) -> embedded.Running:
    for _ in range(_STARTS_MAX - 1):
        try:
            return await asyncio.to_thread(embedded.start, config.data_dir)
        except EmbeddedError as error:
            _log.error("PostgreSQL did not start; trying again", reason=str(error))
            await asyncio.sleep(_START_PAUSE_SECONDS)
    return await asyncio.to_thread(embedded.start, config.data_dir)


def run(work: Callable[[Tx], Awaitable[T]]) -> T:
    """Return what `work` does in one transaction on the database of the environment."""
    return _on_database(lambda db: db.run(work))


def read(work: Callable[[Tx], Awaitable[T]]) -> T:
    """Return what `work` reads at one instant of the database of the environment."""
    return _on_database(lambda db: db.read(work))


def use(work: Callable[[Db], Awaitable[T]], *, connections: int = 1) -> T:
    """Return what `work` does in transactions of its own on the database of the environment."""
    return _on_database(work, connections)


def _on_database(work: Callable[[Db], Awaitable[T]], connections: int = 1) -> T:
    """Return what is done on the database of the environment.

    Where Usance is running, its database is used as it is; else it is started for this command.
    """
    config = settings.from_environment(os.environ)

    async def on(dsn: str) -> T:
        db = await Db.open(dsn, jitter=clock.jitter, size=connections)
        try:
            return await work(db)
        finally:
            await db.close()

    async def wherever() -> T:
        running = None if config.database_url else embedded.running_dsn(config.data_dir)
        if running is not None:
            return await on(running)
        async with owned(config) as opened:
            return await on(opened.dsn)

    return asyncio.run(wherever())


def _short(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
