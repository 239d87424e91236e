"""Renewals: how many subscriptions a second a worker renews, against the same writes issued bare.

The baseline is pgbench with one transaction for each subscription on 8 connections, which locks the
customer and writes the rows that a renewal writes. Both run on one PostgreSQL, one after the other.

    python -m bench.renewals [SUBSCRIPTIONS ...]        default: 1000 10000
"""

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from usance import clock
from usance.actions import accounts, advance, catalog
from usance.actions.accounts import NewAccount
from usance.actions.commands import Call
from usance.core.accounts import Account, Mode
from usance.core.money import EXACT
from usance.store import embedded, migrate
from usance.store.db import Db, Tx

BASELINE_CLIENTS = 8
BASELINE_SECONDS = 6

# Subscriptions whose first period ends at one instant of the past, each of a customer of its own.
FILL = """
WITH made AS (
    SELECT n, gen_random_uuid() AS customer_id, gen_random_uuid() AS subscription_id,
           gen_random_uuid() AS invoice_id
      FROM generate_series(1, $2::int) n
), c AS (
    INSERT INTO customers (account_id, customer_id, reference, metadata, created_at, decided_at)
    SELECT $1, customer_id, 'bench_' || $5::text || '_' || n, '{}', $3, $3 FROM made
), r AS (
    INSERT INTO customer_references (account_id, reference, customer_id)
    SELECT $1, 'bench_' || $5::text || '_' || n, customer_id FROM made
), s AS (
    INSERT INTO subscriptions (account_id, customer_id, subscription_id, plan_id, version_id, status,
                               zone, grace_days, anchor_at, anchor_seq, seq, settle, next_due_at,
                               parked_count, metadata, created_at)
    SELECT $1, customer_id, subscription_id, $6, $7, 'ACTIVE', 'UTC', 3, $3, 0, 0, true, $4, 0, '{}', $3
      FROM made
), p AS (
    INSERT INTO periods (account_id, customer_id, subscription_id, seq, starts_at, ends_at,
                         planned_ends_at, is_trial, usage_from_seq, anchor_at)
    SELECT $1, customer_id, subscription_id, 0, $3, $4, $4, false, 0, $3 FROM made
), i AS (
    INSERT INTO invoices (account_id, customer_id, invoice_id, subscription_id, seq, kind, n, status,
                          number, currency, subtotal, tax_rate, tax_amount, amount, amount_paid,
                          issued_at, due_at, past_due_at, paid_at, starts_at, ends_at, created_at)
    SELECT $1, customer_id, invoice_id, subscription_id, 0, 'SUBSCRIPTION', 0, 'PAID',
           'B-' || $5::text || '-' || n, 'USD', 49, 0, 0, 49, 49, $3, $3, $3, $3, $3, $4, $3
      FROM made
)
INSERT INTO segments (account_id, customer_id, subscription_id, seq, n, version_id, starts_at, charge,
                      invoice_id)
SELECT $1, customer_id, subscription_id, 0, 0, $7, $3, 49, invoice_id FROM made
"""

BARE = """
\\set n random(1, :subscriptions)
BEGIN;
SELECT customer_id, subscription_id FROM bench_targets WHERE n = :n \\gset
SELECT decided_at FROM customers WHERE account_id = :account::uuid AND customer_id = :customer_id::uuid FOR UPDATE;
UPDATE customers SET decided_at = now() WHERE account_id = :account::uuid AND customer_id = :customer_id::uuid;
UPDATE subscriptions SET parked_count = parked_count + 1 WHERE account_id = :account::uuid
   AND customer_id = :customer_id::uuid AND subscription_id = :subscription_id::uuid;
UPDATE periods SET closed_at = now(), billed_at = now() WHERE account_id = :account::uuid
   AND customer_id = :customer_id::uuid AND subscription_id = :subscription_id::uuid AND seq = 0;
INSERT INTO periods (account_id, customer_id, subscription_id, seq, starts_at, ends_at,
                     planned_ends_at, is_trial, usage_from_seq, anchor_at)
SELECT account_id, customer_id, subscription_id, 1 + max(seq),
       max(planned_ends_at) + interval '1 day', max(planned_ends_at) + interval '2 days',
       max(planned_ends_at) + interval '2 days', false, 0, now()
  FROM periods WHERE account_id = :account::uuid AND customer_id = :customer_id::uuid
   AND subscription_id = :subscription_id::uuid GROUP BY 1, 2, 3
RETURNING seq AS next_seq \\gset
INSERT INTO notices VALUES (:account::uuid, :customer_id::uuid, gen_random_uuid(), 'period.closed', :subscription_id::uuid, '{}', now()),
                           (:account::uuid, :customer_id::uuid, gen_random_uuid(), 'invoice.issued', :subscription_id::uuid, '{}', now());
UPDATE number_series SET next = next + 1 WHERE account_id = :account::uuid AND series = 'INVOICE'
RETURNING next AS number \\gset
SELECT gen_random_uuid() AS invoice_id \\gset
INSERT INTO document_numbers VALUES (:account::uuid, 'INVOICE', :number, 'BARE-' || :number::text, :customer_id::uuid, :invoice_id::uuid);
INSERT INTO invoices (account_id, customer_id, invoice_id, subscription_id, seq, kind, n, status, number,
                      currency, subtotal, tax_rate, tax_amount, amount, amount_paid, issued_at, due_at,
                      past_due_at, created_at)
VALUES (:account::uuid, :customer_id::uuid, :invoice_id::uuid, :subscription_id::uuid, :next_seq, 'SUBSCRIPTION', 0, 'DUE',
        'BARE-' || :number::text, 'USD', 49, 0, 0, 49, 0, now(), now(), now(), now());
INSERT INTO invoice_lines (account_id, customer_id, invoice_id, position, kind, description, amount)
VALUES (:account::uuid, :customer_id::uuid, :invoice_id::uuid, 0, 'BASE', 'Pro', 49);
INSERT INTO segments VALUES (:account::uuid, :customer_id::uuid, :subscription_id::uuid, :next_seq, 0, :version::uuid, now(), 49, :invoice_id::uuid);
COMMIT;
"""

PLAN = {
    "plans": [
        {
            "key": "pro",
            "name": "Pro",
            "price": {"amount": 49, "currency": "USD"},
            "interval": {"unit": "MONTH", "count": 1},
            "billingTiming": "IN_ADVANCE",
        }
    ]
}


async def main(sizes: list[int]) -> None:
    """Print a line for each size, and the baseline."""
    assert EXACT.prec > 0, "exact arithmetic is set up"
    with tempfile.TemporaryDirectory(prefix="usance-bench-") as folder:
        running = await asyncio.to_thread(embedded.start, Path(folder))
        try:
            await _bench(running.dsn, sizes)
        finally:
            await asyncio.to_thread(running.stop)


async def _bench(dsn: str, sizes: list[int]) -> None:
    connection = await asyncpg.connect(dsn)
    await migrate.migrate(connection, now=datetime.now(UTC))
    db = await Db.open(dsn, jitter=clock.jitter)
    account, plan_id, version_id = await db.run(_catalogue)
    rates = {}
    for size in sizes:
        await _fill(connection, account, plan_id, version_id, size)
        started = time.perf_counter()
        renewed = 0
        while taken := await advance.tick(db, 400):
            renewed += taken
        assert renewed == size, f"renewed {renewed} of {size}"
        rates[size] = renewed / (time.perf_counter() - started)
        print(f"renewals, {size:>7} due: {rates[size]:8.0f} /s", flush=True)
    await db.close()
    bare = await _baseline(connection, running_dsn=dsn, account=account, version_id=version_id)
    print(f"bare, one transaction each:  {bare:8.0f} /s on {BASELINE_CLIENTS} connections")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    last = rates[sizes[-1]]
    print(f"ratio {last / bare:.2f}; largest : smallest {last / rates[sizes[0]]:.2f}; {memory} MB")
    print(json.dumps({"rates": rates, "bare": bare, "ratio": last / bare, "memory_mb": memory}))
    await connection.close()


async def _catalogue(tx: Tx) -> tuple[Account, UUID, UUID]:
    account = await accounts.create(tx, NewAccount(name="bench", mode=Mode.LIVE))
    call = Call(account=account, now=clock.real_now(), seed=clock.seed(), keyed=None)
    await catalog.apply(tx, call, PLAN)
    plan = await catalog.find_plan(tx, call, plan_key="pro")
    return account, plan.plan.id, plan.version.id


async def _fill(
    connection: "asyncpg.Connection[asyncpg.Record]",
    account: Account,
    plan_id: UUID,
    version_id: UUID,
    size: int,
) -> None:
    now = datetime.now(UTC)
    starts_at = now - timedelta(days=31)
    ends_at = now - timedelta(seconds=1)
    await connection.execute(
        FILL, account.id, size, starts_at, ends_at, str(size), plan_id, version_id
    )
    await connection.execute("ANALYZE")


async def _baseline(
    connection: "asyncpg.Connection[asyncpg.Record]",
    *,
    running_dsn: str,
    account: Account,
    version_id: UUID,
) -> float:
    await connection.execute(
        "CREATE TABLE bench_targets AS SELECT row_number() OVER () AS n, customer_id, subscription_id"
        " FROM subscriptions"
    )
    await connection.execute("CREATE UNIQUE INDEX ON bench_targets (n)")
    await connection.execute("ANALYZE bench_targets")
    count = await connection.fetchval("SELECT count(*) FROM bench_targets")
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(BARE)
        script.flush()
        command = [
            "pgbench", "-n", "-M", "prepared", "-c", str(BASELINE_CLIENTS), "-j", "1",
            "-T", str(BASELINE_SECONDS), "-f", script.name, "-D", f"subscriptions={count}",
            "-D", f"account={account.id}", "-D", f"version={version_id}", running_dsn,
        ]  # fmt: skip
        done = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, check=False
        )
    for line in done.stdout.splitlines():
        if line.startswith("tps"):
            return float(line.split()[2])
    raise SystemExit(f"pgbench failed:\n{done.stderr}")


if __name__ == "__main__":
    asyncio.run(main([int(size) for size in sys.argv[1:]] or [1_000, 10_000]))
