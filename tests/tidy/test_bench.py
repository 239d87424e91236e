"""What benchmarks measure is the product: its customers, copied, differ from it in their names only."""

from datetime import datetime, timedelta

import asyncpg
import pytest
from bench import lives, seed
from bench.lives import CATALOGUE, LIVES, Seller
from bench.renewals import PLAN
from tests.books import check_books

from usance import clock
from usance.actions import advance
from usance.store.db import Db

COPIES = 3
BEGINNING = datetime.fromisoformat("2025-01-01T00:00:00Z")

_SCHEMA = """
    SELECT 'index' AS kind, indexname AS name, indexdef AS made_by FROM pg_indexes
     WHERE schemaname = 'public'
     UNION ALL
    SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace
     ORDER BY 1, 2, 3
"""


async def _others(connection: asyncpg.Connection, reference: str) -> list[asyncpg.Record]:
    return await connection.fetch(
        "SELECT customer_id, reference FROM customers WHERE reference LIKE $1 || '\\_%' ORDER BY 2",
        reference,
    )


@pytest.mark.parametrize("life", [life for life, _ in LIVES], ids=lambda life: life.__name__)
async def test_copies_have_the_originals_books(database_url: str, life):
    """With as many documents, of numbers that follow, and nothing dropped is missing afterwards."""
    db = await Db.open(database_url, jitter=clock.jitter, size=2)
    original = await life(await Seller.opened(db, CATALOGUE, BEGINNING))
    await db.close()
    connection = await asyncpg.connect(database_url)
    schema = await connection.fetch(_SCHEMA)
    invoices = await connection.fetchval("SELECT count(*) FROM invoices")

    async with seed.in_bulk(connection):
        await seed.copy(connection, original.id, COPIES)

    assert await connection.fetch(_SCHEMA) == schema
    assert await check_books(connection) == []
    assert await connection.fetchval("SELECT count(*) FROM invoices") == invoices * (1 + COPIES)
    alike = await seed.content(connection, original.id)
    others = await _others(connection, original.reference)
    assert [row["reference"] for row in others] == [f"bench-{life.__name__}_{n}" for n in (1, 2, 3)]
    for row in others:
        assert await seed.content(connection, row["customer_id"]) == alike
    await connection.close()


async def test_a_copy_lives_on_as_its_original_does(database_url: str):
    db = await Db.open(database_url, jitter=clock.jitter, size=4)
    seller = await Seller.opened(db, PLAN, clock.real_now() - timedelta(days=30, minutes=1))
    original = await lives.paid(seller, "pro")
    connection = await asyncpg.connect(database_url)
    await seed.copy(connection, original.id, COPIES)

    assert await advance.tick(db, 100) == 1 + COPIES

    assert await check_books(connection, settled_at=clock.real_now()) == []
    alike = await seed.content(connection, original.id)
    assert len(alike["invoices"]) == 2
    for row in await _others(connection, original.reference):
        assert await seed.content(connection, row["customer_id"]) == alike
    await connection.close()
    await db.close()
