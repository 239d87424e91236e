"""Renewals: what one costs a worker, whether few or many are due, and against the same writes bare.

Each size is measured in a database of its own, in which so many customers have one subscription whose
period has just ended. The worker is a process by itself. The baseline is pgbench, with a transaction
for each subscription on 8 connections, which locks the customer and writes the rows that a renewal
writes: they are compared. What is set against each other is measured back to back, round by round.

    python -m bench.renewals [--rounds N] [--json FILE] [SUBSCRIPTIONS ...]
                                                        default: 1000 10000 100000
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from bench import lives, report, seed, servers
from bench.lives import Seller
from bench.report import Row
from bench.servers import Connection, Server
from bench.worker import WARM_UP
from usance import clock
from usance.store import verify
from usance.store.db import Db

BASELINE_CLIENTS = 8
BASELINE_SIZE = 10_000
BULK = 50_000  # from so many on, seeding without foreign keys and indexes meanwhile is faster
DAYS = 30

PLAN = {
    "plans": [
        {
            "key": "pro",
            "name": "Pro",
            "price": {"amount": 49, "currency": "USD"},
            "interval": {"unit": "DAY", "count": DAYS},
            "billingTiming": "IN_ADVANCE",
        }
    ]
}

TARGETS = """
    CREATE TABLE bench_targets AS
    SELECT row_number() OVER () AS n, customer_id, subscription_id, gen_random_uuid() AS invoice_id
      FROM subscriptions
"""

BARE = """
\\set i :i + 1
\\set n :i * :clients + :client_id + 1
BEGIN;
SELECT customer_id, subscription_id, invoice_id FROM bench_targets WHERE n = :n \\gset
SELECT decided_at FROM customers WHERE account_id = :account::uuid AND customer_id = :customer_id::uuid FOR UPDATE;
UPDATE customers SET decided_at = :at::timestamptz, revision = revision + 1
 WHERE account_id = :account::uuid AND customer_id = :customer_id::uuid;
UPDATE subscriptions SET seq = 1, next_due_at = :past_due_at::timestamptz
 WHERE account_id = :account::uuid AND customer_id = :customer_id::uuid AND subscription_id = :subscription_id::uuid;
UPDATE periods SET closed_at = :at::timestamptz, billed_at = :at::timestamptz
 WHERE account_id = :account::uuid AND customer_id = :customer_id::uuid AND subscription_id = :subscription_id::uuid AND seq = 0;
INSERT INTO periods (account_id, customer_id, subscription_id, seq, starts_at, ends_at, planned_ends_at,
                     is_trial, usage_from_seq, anchor_at)
VALUES (:account::uuid, :customer_id::uuid, :subscription_id::uuid, 1, :at::timestamptz,
        :ends_at::timestamptz, :ends_at::timestamptz, false, 1, :anchor_at::timestamptz);
INSERT INTO notices (account_id, customer_id, notice_id, kind, subject_id, payload, at)
VALUES (:account::uuid, :customer_id::uuid, gen_random_uuid(), 'period.closed', :subscription_id::uuid,
        '{"seq": 0}', :at::timestamptz),
       (:account::uuid, :customer_id::uuid, gen_random_uuid(), 'invoice.issued', :invoice_id::uuid,
        '{"kind": "SUBSCRIPTION", "amount": 49.00, "currency": "USD"}', :at::timestamptz);
UPDATE number_series SET next = next + 1 WHERE account_id = :account::uuid AND series = 'INVOICE'
RETURNING next - 1 AS number \\gset
INSERT INTO document_numbers (account_id, series, seq, number, customer_id, document_id)
VALUES (:account::uuid, 'INVOICE', :number, 'BARE-' || :number, :customer_id::uuid, :invoice_id::uuid);
INSERT INTO invoices (account_id, customer_id, invoice_id, subscription_id, seq, kind, n, status, number,
                      currency, subtotal, tax_rate, tax_amount, amount, amount_paid, issued_at, due_at,
                      past_due_at, starts_at, ends_at, created_at, parties)
VALUES (:account::uuid, :customer_id::uuid, :invoice_id::uuid, :subscription_id::uuid, 1, 'SUBSCRIPTION',
        0, 'DUE', 'BARE-' || :number, 'USD', 49.00, 0, 0.00, 49.00, 0.00, :at::timestamptz,
        :at::timestamptz, :past_due_at::timestamptz, :at::timestamptz, :ends_at::timestamptz, :at::timestamptz,
        '{"seller": {"name": "Bench"}, "customer": {"reference": "bench_1"}}');
INSERT INTO invoice_lines (account_id, customer_id, invoice_id, position, kind, description, amount,
                           starts_at, ends_at)
VALUES (:account::uuid, :customer_id::uuid, :invoice_id::uuid, 0, 'BASE', 'Pro', 49.00,
        :at::timestamptz, :ends_at::timestamptz);
INSERT INTO segments (account_id, customer_id, subscription_id, seq, n, version_id, starts_at, charge, invoice_id)
VALUES (:account::uuid, :customer_id::uuid, :subscription_id::uuid, 1, 0, :version::uuid,
        :at::timestamptz, 49.00, :invoice_id::uuid);
COMMIT;
"""


@dataclass(frozen=True)
class Due:
    """A database in which so many subscriptions, each of a customer of its own, are to be renewed."""

    dsn: str
    connection: Connection
    account_id: UUID
    version_id: UUID
    since: datetime

    @classmethod
    async def made(cls, dsn: str, size: int, since: datetime) -> "Due":
        db = await Db.open(dsn, jitter=clock.jitter, size=2)
        seller = await Seller.opened(db, PLAN, since)
        customer = await lives.paid(seller, "pro")
        await db.close()
        connection = await asyncpg.connect(dsn)
        async with seed.in_bulk(connection) if size >= BULK else nullcontext():
            await seed.copy(connection, customer.id, size - 1)
        await servers.rest(connection)
        version_id = await connection.fetchval("SELECT version_id FROM plan_versions")
        return cls(dsn, connection, seller.account.id, version_id, since)

    async def prove(self, renewed: int) -> None:
        """Stop if anything is wrong: the books, or how many were renewed."""
        async with self.connection.transaction():
            assert await verify.verify(self.connection, settled_at=datetime.now(UTC)) == []  # type: ignore[arg-type] # a Tx
        for table in ("periods", "invoices", "document_numbers"):
            assert await self.connection.fetchval(f"SELECT count(*) FROM {table}") == 2 * renewed


async def main(sizes: list[int], rounds: int, json_file: Path | None) -> None:
    since = datetime.now(UTC) - timedelta(days=DAYS, minutes=1)
    runs: dict[int, list[Row]] = defaultdict(list)
    bare: list[Row] = []
    measured = [size for size in sizes for _ in range(_repeats(size))]
    with servers.temporary() as folder:
        async with servers.postgres(Path(folder)) as server:
            for _ in range(rounds):
                for size in measured:
                    run, content = await _renewed(server, size, since)
                    runs[size].append(run)
                    _tell(f"worker, {size:,} due", run)
                    if size == BASELINE_SIZE:
                        run, bare_content = await _bare(server, since)
                        other = [t for t, each in content.items() if bare_content[t] != each]
                        assert not other, [(content[t], bare_content[t]) for t in other]
                        bare.append(run)
                        _tell(f"bare, {size:,} due", run)
            _report(runs, bare, report.machine(server.version), json_file)


def _repeats(size: int) -> int:
    """Return how often a round measures a size: the shorter it takes, the more chance is in it."""
    return max(1, min(5, 2 * BASELINE_SIZE // size))


async def _renewed(server: Server, size: int, since: datetime) -> tuple[Row, dict[str, list[str]]]:
    """Return what renewing so many cost a worker, and what it wrote."""
    async with server.database("bench") as dsn:
        due = await Due.made(dsn, size + WARM_UP, since)
        before = server.cpu_seconds()
        told = await _child([sys.executable, "-m", "bench.worker", dsn])
        run: Row = json.loads(told)
        assert run["taken"] == size, run
        own = float(str(run["worker_cpu_seconds"])) / size
        run["cpu_us"] = 1e6 * (own + (server.cpu_seconds() - before) / (size + WARM_UP))
        run["us"] = 1e6 * float(str(run["seconds"])) / size
        await due.prove(size + WARM_UP)
        content = await seed.content(due.connection)
        await due.connection.close()
        return run, content


async def _bare(server: Server, since: datetime) -> tuple[Row, dict[str, list[str]]]:
    """Return what the same writes cost, issued bare, and what was written."""
    async with server.database("bench") as dsn:
        due = await Due.made(dsn, BASELINE_SIZE, since)
        await due.connection.execute(TARGETS)
        await due.connection.execute("CREATE UNIQUE INDEX ON bench_targets (n)")
        await due.connection.execute("VACUUM ANALYZE bench_targets")
        at = since + timedelta(days=DAYS)
        variables = {
            "i": -1,
            "clients": BASELINE_CLIENTS,
            "account": due.account_id,
            "version": due.version_id,
            "anchor_at": since.isoformat(),
            "at": at.isoformat(),
            "past_due_at": (at + timedelta(days=3)).isoformat(),
            "ends_at": (at + timedelta(days=DAYS)).isoformat(),
        }
        before = server.cpu_seconds()
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
            script.write(BARE)
            script.flush()
            command = [
                server.program("pgbench"), "-n", "-M", "prepared", "-c", str(BASELINE_CLIENTS),
                "-j", "1", "-t", str(BASELINE_SIZE // BASELINE_CLIENTS), "-f", script.name,
            ]  # fmt: skip
            command += [
                each for name, value in variables.items() for each in ("-D", f"{name}={value}")
            ]
            told = await _child([*command, dsn])
        (rate,) = (float(line.split()[2]) for line in told.splitlines() if line.startswith("tps"))
        run: Row = {
            "us": 1e6 / rate,
            "cpu_us": 1e6 * (server.cpu_seconds() - before) / BASELINE_SIZE,
        }
        await due.prove(BASELINE_SIZE)
        content = await seed.content(due.connection)
        await due.connection.close()
        return run, content


async def _child(command: list[str]) -> str:
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def _tell(what: str, run: Row) -> None:
    print(f"{what}: {run['us']:.0f} us each, {run['cpu_us']:.0f} us of processors", flush=True)


def _report(
    runs: dict[int, list[Row]], bare: list[Row], machine: Row, json_file: Path | None
) -> None:
    smallest = min(runs)
    first = report.median_of(runs[smallest], "us")
    first_cpu = report.median_of(runs[smallest], "cpu_us")
    rows = []
    for size, each in runs.items():
        us, cpu = report.median_of(each, "us"), report.median_of(each, "cpu_us")
        memory = max(int(str(run["memory_mb"])) for run in each)
        rows.append((size, us, 1e6 / us, us / first, cpu, cpu / first_cpu, memory))
    columns = ("due", "us each", "a second", "of the first", "cpu us", "of the first", "MB")
    print(f"\n{report.table(columns, rows)}")
    result: Row = {"machine": machine, "runs": {str(size): each for size, each in runs.items()}}
    if bare:
        ratios = [
            float(str(b["us"])) / float(str(w["us"]))
            for b, w in zip(bare, runs[BASELINE_SIZE], strict=True)
        ]
        ratio = report.median(ratios)
        print(
            f"\nbare, on {BASELINE_CLIENTS} connections: {report.median_of(bare, 'us'):.0f} us each;"
        )
        print(f"the worker is {ratio:.2f} times as fast ({', '.join(f'{r:.2f}' for r in ratios)})")
        result |= {"bare": bare, "ratios": ratios, "ratio": ratio}
    report.write(json_file, result)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.renewals", description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    asyncio.run(main(asked.sizes, asked.rounds, asked.json))
