"""Migrations: numbered .sql files, each applied once, in order, in a transaction of its own.

A file is `NNNN_name.sql`, numbered from 0001 without gaps, forward only, and never edited once it
was applied anywhere: the table `schema_migrations` holds its checksum.

Sources: architecture.md, "Data"; PostgreSQL, "Advisory Locks".
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg

MIGRATIONS = Path(__file__).parent / "migrations"

# Any number will do, as long as nothing else in the database takes the same.
_LOCK = 7_215_930_847_102_563

_FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")

_CREATE = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
        version    integer     PRIMARY KEY,
        name       text        NOT NULL,
        checksum   text        NOT NULL,
        applied_at timestamptz NOT NULL
    )
"""

_APPLIED = """
    SELECT version, name, checksum
      FROM schema_migrations
     ORDER BY version
"""

_RECORD = """
    INSERT INTO schema_migrations (version, name, checksum, applied_at)
    VALUES ($1, $2, $3, $4)
"""


class MigrationError(Exception):
    """The database and the migrations do not fit each other; nothing was changed by this one."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its name without number and ending, its text."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    def __str__(self) -> str:
        return f"{self.version:04}_{self.name}"


def read(folder: Path = MIGRATIONS) -> tuple[Migration, ...]:
    """Return the migrations in `folder`, in order.

    Raise MigrationError for a file name that does not fit and for a number missing or used twice.
    """
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = _FILE_NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path}: a migration is named like 0007_add_holds.sql")
        # Line ends are git's business and must not change the checksum.
        sql = path.read_text(encoding="utf-8")  # turns \r\n into \n
        found.append(Migration(int(match[1]), match[2], sql))
    for expected, migration in enumerate(found, start=1):
        if migration.version != expected:
            raise MigrationError(
                f"{folder}: {migration} stands where {expected:04} should. Numbers start at 0001 "
                "and have no gaps; a new migration takes the next one."
            )
    return tuple(found)


async def migrate(
    connection: asyncpg.Connection,
    *,
    now: datetime,
    migrations: tuple[Migration, ...] | None = None,
) -> list[Migration]:
    """Apply what is missing and return it, the oldest first; empty if nothing was.

    `now` is written as the time of each. Any number of processes may call this at once: one works,
    the others wait and find nothing to do. `migrations` defaults to the files beside this module.

    Raise MigrationError if an applied file was edited or is not there, and, as the database's own
    error with the file's name noted, if one fails: those before it stay applied.
    """
    wanted = read() if migrations is None else migrations
    # Held by the session and not by a transaction, because there is one transaction a migration.
    await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
    try:
        await connection.execute(_CREATE)
        missing = _missing(wanted, await connection.fetch(_APPLIED))
        for migration in missing:
            await _apply(connection, migration, now)
    finally:
        if not connection.is_closed():
            await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)
    return missing


def _missing(wanted: tuple[Migration, ...], applied: list[asyncpg.Record]) -> list[Migration]:
    if len(applied) > len(wanted):
        first = applied[len(wanted)]
        raise MigrationError(
            f"the database is newer than this Usance: it has {first['version']:04}_{first['name']}, "
            f"the code ends at {wanted[-1] if wanted else 'nothing'}. Install the newer release."
        )
    for migration, row in zip(wanted, applied, strict=False):
        if (migration.version, migration.checksum) != (row["version"], row["checksum"]):
            raise MigrationError(
                f"{migration} was applied to this database as {row['version']:04}_{row['name']} "
                "with another text. Applied migrations are never edited: restore the file, and "
                "put the change into a new one."
            )
    return list(wanted[len(applied) :])


async def _apply(connection: asyncpg.Connection, migration: Migration, now: datetime) -> None:
    try:
        async with connection.transaction():
            await connection.execute(migration.sql)
            await connection.execute(
                _RECORD, migration.version, migration.name, migration.checksum, now
            )
    except asyncpg.PostgresError as error:
        error.add_note(f"in migration {migration}; it was rolled back")
        raise
