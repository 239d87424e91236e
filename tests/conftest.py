"""Shared fixtures: PostgreSQL for the tests.

    def test_something(database_url): ...              a fresh, migrated database for this test
    @pytest.fixture(scope="module")
    def url(fresh_database): ...                       fresh_database() as a context manager, any scope

USANCE_TEST_POSTGRES chooses the server: `embedded` (default) is the wheel's PostgreSQL 18, `system`
Debian's 15. Each xdist worker starts one of its own when its first test asks for it.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from usance.store import embedded, migrate

# Faster, and no test cuts the power. What a killed process leaves is safe all the same.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "max_wal_size": "256MB",
}

# A database is some 300 small files: a fresh one takes 15 ms in memory, 30 to 300 ms on a disk.
_MEMORY = Path("/dev/shm")
_MEMORY_BYTES_MIN = 2_000_000_000

FreshDatabase = Callable[[], AbstractContextManager[str]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-stories",
        action="store_true",
        help="write what the core comes to into tests/stories/*.story; review it as code",
    )


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session")
def bin_dir() -> Path | None:
    """The folder of PostgreSQL's programs; None is the wheel's."""
    server = os.environ.get("USANCE_TEST_POSTGRES", "embedded")
    if server == "embedded":
        return None
    assert server == "system", f"USANCE_TEST_POSTGRES is embedded or system, not {server!r}"
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    assert versions, "no PostgreSQL in /usr/lib/postgresql; Debian: apt install postgresql-15"
    return versions[0].parent  # the oldest: the wheel covers the new end


@pytest.fixture(scope="session")
def postgres(bin_dir: Path | None) -> Iterator[embedded.Running]:
    """The session's server; its database `usance` is migrated and empty. Not to be written to."""

    async def prepare(dsn: str) -> None:
        connection = await asyncpg.connect(dsn)
        await migrate.migrate(connection, now=datetime(2000, 1, 1, tzinfo=UTC))
        await connection.close()

    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _MEMORY_BYTES_MIN
    with tempfile.TemporaryDirectory(prefix="usance-", dir=_MEMORY if roomy else None) as folder:
        running = embedded.start(Path(folder), bin_dir=bin_dir, settings=_SETTINGS)
        try:
            asyncio.run(prepare(running.dsn))
            yield running
        finally:
            running.stop()


@pytest.fixture(scope="session")
def fresh_database(postgres: embedded.Running) -> Iterator[FreshDatabase]:
    """A function whose result is a context manager: the URL of a fresh database, dropped at its end."""
    numbers = count(1)
    with asyncio.Runner() as runner:

        def run(work: Awaitable[object]) -> None:
            async def wait() -> None:
                await work

            runner.run(wait())

        async def connect() -> asyncpg.Connection:
            return await asyncpg.connect(_url(postgres, "postgres"))

        maintenance = runner.run(connect())

        @contextmanager
        def fresh() -> Iterator[str]:
            name = f"test_{next(numbers)}"
            run(maintenance.execute(f"CREATE DATABASE {name} TEMPLATE usance"))
            yield _url(postgres, name)
            run(maintenance.execute(f"DROP DATABASE {name} WITH (FORCE)"))

        yield fresh
        runner.run(maintenance.close())


@pytest.fixture
def database_url(fresh_database: FreshDatabase) -> Iterator[str]:
    """The URL of a fresh, migrated database of this test's own."""
    with fresh_database() as url:
        yield url


def _url(postgres: embedded.Running, database: str) -> str:
    return postgres.dsn.replace("/usance?", f"/{database}?")
