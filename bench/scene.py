"""The scene of the metering benchmark: a seller, its customers, and events that are on record already.

One customer subscribes and uses what it bought by way of the product; seed.py copies it. Events that are
to lie there already are copies of its own, made by set-based SQL with the counters that they add up to.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import asyncpg

from bench import seed
from bench.lives import Seller
from bench.servers import Connection
from usance import clock
from usance.actions import accounts, catalog
from usance.actions.accounts import NewAccount
from usance.core.accounts import Account, Mode
from usance.core.ids import CustomerId
from usance.store.db import Db

REFERENCE = "bench"  # copies are called bench_1, bench_2, …
METERED = "calls"  # priced by the unit, within a limit
CREDITED = "chat"  # burns credits

CATALOGUE = {
    "features": [{"key": METERED, "name": "Calls"}, {"key": CREDITED, "name": "Chat"}],
    "creditModels": [{"denomination": "CREDITS", "name": "Credits", "hardLimit": True}],
    "plans": [
        {
            "key": "pro",
            "name": "Pro",
            "price": {"amount": Decimal("49.00"), "currency": "USD"},
            "interval": {"unit": "MONTH", "count": 1},
            "billingTiming": "IN_ADVANCE",
            "features": [
                {
                    "key": METERED,
                    "limit": {"units": 1_000_000_000, "overage": "ALLOW"},
                    "price": {
                        "model": "per_unit",
                        "unitPrice": Decimal("0.002"),
                        "includedUnits": 1000,
                    },
                },
                {
                    "key": CREDITED,
                    "credits": {"denomination": "CREDITS", "weight": Decimal("0.5")},
                },
            ],
            "credits": [{"denomination": "CREDITS", "amount": 1_000_000_000, "rollover": "NONE"}],
        }
    ],
}

_BATCH_ROWS = 500_000

_COLUMNS = """
    SELECT array_agg(quote_ident(attname) ORDER BY attnum)
      FROM pg_attribute
     WHERE attrelid = 'usage_events'::regclass AND attnum > 0 AND NOT attisdropped
"""

# A copy keeps the instant in its id, and its last 48 bits are a hash of its number.
_NEW = {
    "event_id": "(substr(e.event_id::text, 1, 24) || substr(md5(e.key || n), 1, 12))::uuid",
    "recorded_at": "e.recorded_at + n * interval '1 millisecond'",
    "occurred_at": "e.occurred_at + n * interval '1 millisecond'",
    "key": "e.key || '-' || n",
}

_FIRSTS = f"""
    CREATE TEMPORARY TABLE firsts AS
    SELECT DISTINCT ON (e.customer_id) e.*, k.fingerprint
      FROM usage_events e
      JOIN event_keys k USING (account_id, customer_id, key)
     WHERE e.feature_key = '{METERED}'
       AND e.customer_id = ANY($1)
     ORDER BY e.customer_id, e.recorded_at
"""

_COUNT = f"""
    UPDATE counters c
       SET units = c.units + $1 * f.units, events = c.events + $1
      FROM firsts f
     WHERE c.account_id = f.account_id
       AND c.customer_id = f.customer_id
       AND c.feature_key = '{METERED}'
"""

_COPIES = """
    SELECT array_agg(customer_id ORDER BY substr(reference, 7)::int)
      FROM customers
     WHERE reference LIKE 'bench\\_%'
"""


@dataclass(frozen=True)
class Scene:
    """A database with a seller whose key is `secret`, and so many customers, bench_1 and on."""

    name: str
    account: Account
    secret: str
    customers: int


async def build(
    connection: Connection, dsn: str, name: str, *, customers: int, events: Sequence[int]
) -> Scene:
    """Return the scene in a migrated, empty database: each customer has recorded two events.

    `events` is how many more the first customer has on record, the second, and so on; the last number
    is for all that follow.
    """
    db = await Db.open(dsn, jitter=clock.jitter, size=2)
    try:
        request = NewAccount(name="bench", mode=Mode.LIVE)
        account = await db.run(lambda tx: accounts.create(tx, request))
        seller = Seller(db, account, clock.real_now() - timedelta(days=2))
        customer_id = await _first(seller)
        account = await db.run(lambda tx: accounts.get(tx, account.id))
        key = await db.run(lambda tx: accounts.create_key(tx, account, "bench"))
    finally:
        await db.close()
    async with seed.in_bulk(connection):
        await seed.copy(connection, customer_id, customers)
        everyone = await ids(connection)
        for position, count in enumerate(events):
            last = position == len(events) - 1
            await fill(connection, everyone[position : None if last else position + 1], count)
    return Scene(name, account, key.secret, customers)


async def _first(seller: Seller) -> CustomerId:
    await seller.done(seller.since, lambda tx, call: catalog.apply(tx, call, CATALOGUE))
    seller.account = await seller.db.run(lambda tx: accounts.get(tx, seller.account.id))
    buyer = await seller.customer(REFERENCE)
    await buyer.subscribe("pro")
    await buyer.pay()
    await buyer.use(METERED, 1)
    await buyer.use(CREDITED, 1)
    return buyer.customer.id


async def ids(connection: Connection) -> list[UUID]:
    """Return the ids of the copies, in the order of their numbers."""
    return list(await connection.fetchval(_COPIES) or [])


async def fill(connection: Connection, customers: list[UUID], events: int) -> None:
    """Let each of the customers have so many more events of the metered feature on record.

    They are copies of its first one: what each said that it earned is not recomputed.
    """
    columns = await connection.fetchval(_COLUMNS)
    values = ", ".join(_NEW.get(column, f"e.{column}") for column in columns)
    await connection.execute(_FIRSTS, customers)
    step = max(1, _BATCH_ROWS // len(customers))
    for start in range(1, events + 1, step):
        numbers = f"generate_series({start}, {min(start + step - 1, events)}) n"
        await connection.execute(
            f"INSERT INTO usage_events ({', '.join(columns)})"
            f" SELECT {values} FROM firsts e CROSS JOIN {numbers}"
        )
        await connection.execute(
            "INSERT INTO event_keys (account_id, customer_id, key, event_id, recorded_at, fingerprint)"
            f" SELECT e.account_id, e.customer_id, {_NEW['key']}, {_NEW['event_id']},"
            f" {_NEW['recorded_at']}, e.fingerprint FROM firsts e CROSS JOIN {numbers}"
        )
    await connection.execute(_COUNT, events)
    await connection.execute("DROP TABLE firsts")


async def period_end(connection: Connection, customer_id: UUID) -> datetime:
    """Return when the customer's period ends."""
    found = await connection.fetchval(
        "SELECT max(ends_at) FROM periods WHERE customer_id = $1", customer_id
    )
    assert isinstance(found, datetime), "there is a period"
    return found


@asynccontextmanager
async def copied(dsn: str, source: str, name: str) -> AsyncIterator[str]:
    """Copy a database to which nobody is connected, and drop the copy at the end; yields its DSN.

    `dsn` names any database of the server, in its path.
    """
    before, _, after = dsn.partition("?")
    server = before.rpartition("/")[0]
    maintenance = f"{server}/postgres?{after}"
    await _execute(maintenance, f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY file_copy")
    try:
        yield f"{server}/{name}?{after}"
    finally:
        await _execute(maintenance, f"DROP DATABASE {name} WITH (FORCE)")


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
