"""schema.sql: what all migrations together make, for readers. `make schema` writes it.

    python -m usance.store.dump_schema src/usance/store/schema.sql

The text is pg_dump's without what differs between PostgreSQL's versions (comments, settings), so
15 and 18 give the same; a test holds the file equal to it.
"""

import asyncio
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from usance.store import embedded, migrate

_HEADER = "-- Generated from migrations/ by `make schema`. Not run by anything: read it, do not edit it.\n"

# \restrict and \unrestrict carry a random word; the settings and comments name versions.
_NOISE = re.compile(r"--.*|SET .*;|SELECT pg_catalog\.set_config\(.*;|\\(un)?restrict .*")


def dump(dsn: str, binaries: embedded.Binaries) -> str:
    """Return the schema of the database at `dsn` as the text of schema.sql."""
    command = [binaries.program("pg_dump"), "--schema-only", "--no-owner", f"--dbname={dsn}"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)  # noqa: S603
    lines = [line for line in done.stdout.splitlines() if not _NOISE.fullmatch(line)]
    statements = re.sub(r"\n{2,}", "\n\n", "\n".join(lines)).strip()
    statements = re.sub(
        r" CONSTRAINT \w+_not_null NOT NULL", " NOT NULL", statements
    )  # named by 18
    return f"{_HEADER}\n{statements}\n"


async def _migrate(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    # The time stands in a row, and rows are not dumped.
    await migrate.migrate(connection, now=datetime(2000, 1, 1, tzinfo=UTC))
    await connection.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        running = embedded.start(Path(folder))
        try:
            asyncio.run(_migrate(running.dsn))
            text = dump(running.dsn, running.binaries)
        finally:
            running.stop()
    Path(sys.argv[1]).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
