"""Migrations, on toy folders and on the real one."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from usance.store import dump_schema, migrate
from usance.store.migrate import MigrationError

NOW = datetime(2027, 1, 31, 12, tzinfo=UTC)

FILES = {
    "0001_books.sql": "CREATE TABLE books (id integer PRIMARY KEY);",
    "0002_titles.sql": "ALTER TABLE books ADD COLUMN title text; INSERT INTO books VALUES (1, 'A');",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, FILES)


@pytest.fixture
async def connection(database_url):
    """A connection to a database without any migration."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    yield connection
    await connection.close()


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def versions(migrations) -> list[int]:
    return [migration.version for migration in migrations]


async def test_all_are_applied_in_order_and_recorded_with_the_time_given(connection, folder):
    applied = await migrate.migrate(connection, now=NOW, migrations=migrate.read(folder))
    assert versions(applied) == [1, 2]
    rows = await connection.fetch(
        "SELECT version, name, checksum, applied_at FROM schema_migrations ORDER BY version"
    )
    assert [tuple(row) for row in rows] == [
        (1, "books", applied[0].checksum, NOW),
        (2, "titles", applied[1].checksum, NOW),
    ]
    assert await connection.fetchval("SELECT title FROM books") == "A"


async def test_a_second_run_finds_nothing_to_do(connection, folder):
    migrations = migrate.read(folder)
    await migrate.migrate(connection, now=NOW, migrations=migrations)
    assert await migrate.migrate(connection, now=NOW, migrations=migrations) == []


async def test_only_new_ones_are_applied(connection, folder):
    await migrate.migrate(connection, now=NOW, migrations=migrate.read(folder))
    write(folder, {"0003_index.sql": "CREATE INDEX ON books (title);"})
    applied = await migrate.migrate(connection, now=NOW, migrations=migrate.read(folder))
    assert versions(applied) == [3]


async def test_one_that_fails_leaves_nothing_of_itself_and_keeps_those_before(connection, folder):
    write(folder, {"0003_broken.sql": "CREATE TABLE half (); SELECT 1 / 0;"})
    with pytest.raises(asyncpg.DivisionByZeroError) as raised:
        await migrate.migrate(connection, now=NOW, migrations=migrate.read(folder))
    assert raised.value.__notes__ == ["in migration 0003_broken; it was rolled back"]
    assert await connection.fetchval("SELECT to_regclass('half')") is None
    assert await connection.fetchval("SELECT max(version) FROM schema_migrations") == 2


async def test_ten_at_once_apply_each_one_once(database_url, connection, folder):
    migrations = migrate.read(folder)

    async def run() -> list[migrate.Migration]:
        other = await asyncpg.connect(database_url)
        try:
            return await migrate.migrate(other, now=NOW, migrations=migrations)
        finally:
            await other.close()

    results = await asyncio.gather(*(run() for _ in range(10)))
    assert sorted(map(versions, results)) == [[]] * 9 + [[1, 2]]
    assert await connection.fetchval("SELECT count(*) FROM books") == 1


async def test_an_applied_one_that_was_edited_is_refused(connection, folder):
    await migrate.migrate(connection, now=NOW, migrations=migrate.read(folder))
    write(folder, {"0001_books.sql": FILES["0001_books.sql"] + " -- better"})
    with pytest.raises(MigrationError, match=r"0001_books .* restore the file"):
        await migrate.migrate(connection, now=NOW, migrations=migrate.read(folder))


async def test_a_database_newer_than_the_code_is_refused(connection, folder):
    await migrate.migrate(connection, now=NOW, migrations=migrate.read(folder))
    with pytest.raises(MigrationError, match="it has 0002_titles, the code ends at 0001_books"):
        await migrate.migrate(connection, now=NOW, migrations=migrate.read(folder)[:1])


async def test_the_lock_is_free_after_a_refusal(connection, folder):
    await migrate.migrate(connection, now=NOW, migrations=migrate.read(folder))
    with pytest.raises(MigrationError):
        await migrate.migrate(connection, now=NOW, migrations=())
    locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
    assert await connection.fetchval(locks) == 0


@pytest.mark.parametrize("name", ["3_short.sql", "0003_Upper.sql", "0003-dash.sql", "notes.sql"])
def test_a_file_name_that_does_not_fit_is_refused(folder, name):
    write(folder, {name: ""})
    with pytest.raises(MigrationError, match="is named like 0007_add_holds"):
        migrate.read(folder)


@pytest.mark.parametrize("name", ["0004_gap.sql", "0002_twice.sql"])
def test_a_number_missing_or_used_twice_is_refused(folder, name):
    write(folder, {name: ""})
    with pytest.raises(MigrationError, match="no gaps"):
        migrate.read(folder)


def test_line_ends_do_not_change_the_checksum(tmp_path):
    (tmp_path / "0001_a.sql").write_bytes(b"SELECT 1;\nSELECT 2;\n")
    (unix,) = migrate.read(tmp_path)
    (tmp_path / "0001_a.sql").write_bytes(b"SELECT 1;\r\nSELECT 2;\r\n")
    assert migrate.read(tmp_path) == (unix,)


def test_schema_sql_is_what_the_migrations_make(postgres):
    """On PostgreSQL 15 and 18 alike."""
    path = migrate.MIGRATIONS.with_name("schema.sql")
    expected = dump_schema.dump(postgres.dsn, postgres.binaries)
    assert path.read_text() == expected, "out of date: make schema"
