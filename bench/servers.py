"""A PostgreSQL of the benchmarks' own: the embedded one in a folder that is removed afterwards.

Databases are copied from a migrated, empty one, so that each measurement begins alike.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import asyncpg

from bench import report
from usance.store import embedded, migrate

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

# While rows are made, and not while anything is measured: a lost row costs a second attempt.
SEEDING = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "shared_buffers": "1GB",
    "maintenance_work_mem": "512MB",
    "autovacuum": "off",
}


class Server:
    """A running server; `dsn` is of its empty database."""

    def __init__(self, running: embedded.Running) -> None:
        self._running = running
        self.dsn = running.dsn
        self.version = running.version
        self.pid = running.pid

    def program(self, name: str) -> str:
        """Return the path of one of PostgreSQL's programs, of the server's own version."""
        return self._running.binaries.program(name)

    def cpu_seconds(self) -> float:
        """Return what all of its processes have used of the processors until now."""
        own = _ticks(self.pid)
        running = [_ticks(pid) for pid in _children(self.pid)]
        # A process that has ended counts to its parent.
        return (sum(own) + sum(each[0] + each[1] for each in running)) / os.sysconf("SC_CLK_TCK")

    def private_mb(self) -> int:
        """Return the memory that its processes hold beside what they share, in MB."""
        return sum(report.private_mb(pid) for pid in [self.pid, *_children(self.pid)])

    def named(self, name: str) -> str:
        """Return the DSN of a database."""
        return self.dsn.replace("/usance?", f"/{name}?")

    @asynccontextmanager
    async def database(self, name: str) -> AsyncIterator[str]:
        """Make a migrated, empty database, and drop it at the end; yields its DSN."""
        await self._maintain(f"CREATE DATABASE {name} TEMPLATE usance STRATEGY file_copy")
        try:
            yield self.named(name)
        finally:
            await self._maintain(f"DROP DATABASE {name} WITH (FORCE)")

    async def _maintain(self, statement: str) -> None:
        connection = await asyncpg.connect(self.named("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@asynccontextmanager
async def postgres(
    folder: Path, settings: Mapping[str, str] | None = None
) -> AsyncIterator[Server]:
    """Start the server on `folder`, as Usance does plus `settings`, and stop it at the end."""
    running = await asyncio.to_thread(embedded.start, folder, settings=settings)
    try:
        connection = await asyncpg.connect(running.dsn)
        await migrate.migrate(connection, now=datetime.now(UTC))
        await connection.close()
        yield Server(running)
    finally:
        await asyncio.to_thread(running.stop)


def _ticks(pid: int) -> tuple[int, ...]:
    """Return a process's time and that of its ended children, each of its own and the kernel's."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return (0, 0, 0, 0)
    return tuple(map(int, stat.rpartition(")")[2].split()[11:15]))


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(each) for each in text.split()]


def temporary() -> "tempfile.TemporaryDirectory[str]":
    """Return a folder that is removed at the end; TMPDIR says where."""
    return tempfile.TemporaryDirectory(prefix="usance-bench-")


async def rest(connection: Connection) -> None:
    """Bring the tables to rest: vacuumed, counted, written down."""
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("CHECKPOINT")
