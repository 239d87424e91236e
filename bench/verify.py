"""Verifying: how long `usance verify` takes over a million invoices, and how much memory.

Customers lead the lives in `lives.py`, in the shares that stand there; each is one that the product wrote,
copied by `seed.py`. The command runs as an operator runs it, a process of its own beside a PostgreSQL with
the settings of `usance serve`. At the end one line of one invoice is made wrong, and must be found.

    python -m bench.verify [--rounds N] [--json FILE] [--invoices N]        default: 1000000
"""

import argparse
import asyncio
import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from bench import report, seed, servers
from bench.lives import CATALOGUE, LIVES, Seller
from bench.report import Row
from bench.servers import Connection, Server
from usance import clock
from usance.store.db import Db

# As VACUUM has counted them.
_ROWS = """
    SELECT coalesce(i.inhparent, c.oid)::regclass::text AS name,
           sum(c.reltuples)::bigint AS rows
      FROM pg_class c
      LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
     WHERE c.relkind = 'r'
       AND c.relnamespace = 'public'::regnamespace
     GROUP BY 1
    HAVING sum(c.reltuples) >= 100
     ORDER BY 2 DESC, 1
"""

_SPOIL = """
    UPDATE invoice_lines
       SET amount = amount + 1
     WHERE (customer_id, invoice_id, position) IN (SELECT customer_id, invoice_id, position
                                                     FROM invoice_lines
                                                    ORDER BY customer_id DESC, invoice_id, position
                                                    LIMIT 1)
    RETURNING invoice_id::text
"""


async def main(invoices: int, rounds: int, json_file: Path | None) -> None:
    with servers.temporary() as name:
        folder = Path(name)
        async with servers.postgres(folder, servers.SEEDING) as server:
            rows, seconds = await _seeded(server, invoices)
        print(report.table(("rows", ""), [(count, table) for table, count in rows.items()]))
        print(f"made in {seconds:.0f} s\n", flush=True)
        runs = []
        async with servers.postgres(folder) as server:
            for _ in range(rounds):
                run, said = await _verified(server, folder)
                assert said["ok"], said
                runs.append(run)
                _tell(run)
            wrong = await _spoilt(server)
            run, said = await _verified(server, folder)
            found = {one["check"]: one for one in said["findings"]}
            assert list(found) == ["invoice_total"], said
            assert wrong in found["invoice_total"]["first"][0], said
            print("one wrong line:", found["invoice_total"]["first"][0])
            machine = report.machine(server.version)
    print(f"\nmedian: {report.median_of(runs, 'seconds'):.1f} s")
    result: Row = {"machine": machine, "rows": rows, "checks": said["checks"], "runs": runs}
    report.write(json_file, result | {"seconds": report.median_of(runs, "seconds")})


async def _seeded(server: Server, invoices: int) -> tuple[dict[str, int], float]:
    """Return how many rows the tables have, and how long it took to make them."""
    started = time.perf_counter()
    db = await Db.open(server.dsn, jitter=clock.jitter, size=2)
    # Two years ago, so that every life has come to its end.
    seller = await Seller.opened(db, CATALOGUE, datetime.now(UTC) - timedelta(days=730))
    originals = [(await life(seller), share) for life, share in LIVES]
    await db.close()
    connection = await asyncpg.connect(server.dsn)
    each = await _invoices_each(connection)
    customers = invoices * 100 / sum(each[one.id] * share for one, share in originals)
    async with seed.in_bulk(connection):
        for one, share in originals:
            await seed.copy(connection, one.id, round(customers * share / 100))
    await servers.rest(connection)
    rows = {row["name"]: row["rows"] for row in await connection.fetch(_ROWS)}
    await connection.close()
    return rows, time.perf_counter() - started


async def _invoices_each(connection: Connection) -> dict[object, int]:
    counted = "SELECT customer_id, count(*) AS many FROM invoices GROUP BY customer_id"
    return {row["customer_id"]: row["many"] for row in await connection.fetch(counted)}


async def _spoilt(server: Server) -> str:
    """Make a line of an invoice wrong, and return the invoice's id."""
    connection = await asyncpg.connect(server.dsn)
    await connection.execute("SET session_replication_role = replica")  # it would be refused
    invoice_id = await connection.fetchval(_SPOIL)
    await connection.close()
    return str(invoice_id)


async def _verified(server: Server, folder: Path) -> tuple[Row, dict[str, Any]]:
    """Run `usance verify`; return what it took, and what it said."""
    env = {k: v for k, v in os.environ.items() if k != "DATABASE_URL" and k[:7] != "USANCE_"}
    before, started = server.cpu_seconds(), time.perf_counter()
    command = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from usance.cli import main; main()",
        "verify",
        "--json",
        env=env | {"USANCE_DATA_DIR": str(folder)},
        stdout=asyncio.subprocess.PIPE,
    )
    own_mb = server_mb = 0
    answer = asyncio.create_task(command.communicate())
    while not answer.done():
        own_mb = max(own_mb, report.peak_mb(command.pid))
        server_mb = max(server_mb, server.private_mb())
        await asyncio.wait([answer], timeout=0.1)
    out, _ = await answer
    return {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": server.cpu_seconds() - before,
        "memory_mb": own_mb,
        "server_memory_mb": server_mb,
    }, json.loads(out)


def _tell(run: Row) -> None:
    print(
        f"usance verify: {run['seconds']:.1f} s, {run['cpu_seconds']:.1f} s of processors,"
        f" {run['memory_mb']} MB; PostgreSQL {run['server_memory_mb']} MB beside its shared buffers",
        flush=True,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.verify", description=__doc__)
    parser.add_argument("--invoices", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    asyncio.run(main(asked.invoices, asked.rounds, asked.json))
