"""How the store finds entries of bank statements, as long as nobody has counted them for PostgreSQL."""

import asyncpg
import pytest

from usance.store import bank_facts, statements


@pytest.mark.parametrize(
    ("statement", "types"),
    [
        (statements._BY_IDENTITIES, "uuid, text[]"),
        (statements._PARTS, "uuid, uuid[]"),
        (bank_facts._ACCOUNTS, "uuid, uuid[]"),
    ],
)
async def test_many_are_looked_up_and_not_compared_one_by_one(
    database_url: str, statement: str, types: str
):
    """A list in a filter is gone through for each row: 100,000 entries took minutes."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute("SET enable_seqscan = off")
        await connection.execute(f"PREPARE asked ({types}) AS {statement}")
        rows = await connection.fetch("EXPLAIN EXECUTE asked (NULL, '{}')")
        filters = [row[0] for row in rows if "Filter:" in row[0]]
        assert not [each for each in filters if "ANY" in each], rows
    finally:
        await connection.close()
