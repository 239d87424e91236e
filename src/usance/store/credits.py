"""Credits as shown: pools, grants and transactions of a customer, never for a decision."""

from datetime import datetime
from typing import Final

from usance.core.credits import Grant, Pool, Transaction
from usance.core.ids import AccountId, CustomerId, PoolId, TransactionId
from usance.store import rows
from usance.store.db import Tx
from usance.store.snapshot import GRANT_COLUMNS, POOL_COLUMNS

_POOLS: Final = f"""
    SELECT {POOL_COLUMNS}
      FROM credit_pools
     WHERE account_id = $1
       AND customer_id = $2
     ORDER BY denomination
     LIMIT $3 OFFSET $4
"""

_POOLS_COUNT: Final = """
    SELECT count(*)
      FROM credit_pools
     WHERE account_id = $1
       AND customer_id = $2
"""

_POOL: Final = f"""
    SELECT {POOL_COLUMNS}
      FROM credit_pools
     WHERE account_id = $1
       AND customer_id = $2
       AND pool_id = $3
"""

_USABLE: Final = f"""
    SELECT {GRANT_COLUMNS}
      FROM credit_grants
     WHERE account_id = $1
       AND customer_id = $2
       AND remaining > 0
       AND (expires_at IS NULL OR expires_at > $3)
     ORDER BY grant_id
"""

_GRANTS: Final = f"""
    SELECT {GRANT_COLUMNS}
      FROM credit_grants
     WHERE account_id = $1
       AND customer_id = $2
       AND pool_id = $3
     ORDER BY granted_at DESC, grant_id DESC
     LIMIT $4 OFFSET $5
"""

_GRANTS_COUNT: Final = """
    SELECT count(*)
      FROM credit_grants
     WHERE account_id = $1
       AND customer_id = $2
       AND pool_id = $3
"""

TRANSACTION_COLUMNS: Final = """
           transaction_id AS id, customer_id, pool_id, seq, kind, amount, balance_after, taken, at,
           event_id, reverses, reason
"""

_TRANSACTIONS: Final = f"""
    SELECT {TRANSACTION_COLUMNS}
      FROM credit_transactions
     WHERE account_id = $1
       AND customer_id = $2
       AND pool_id = $3
     ORDER BY seq DESC
     LIMIT $4 OFFSET $5
"""

_TRANSACTION: Final = f"""
    SELECT {TRANSACTION_COLUMNS}
      FROM credit_transactions
     WHERE account_id = $1
       AND customer_id = $2
       AND transaction_id = $3
"""

_IS_REVERSED: Final = """
    SELECT EXISTS (SELECT FROM credit_transactions
                    WHERE account_id = $1
                      AND customer_id = $2
                      AND reverses = $3
                      AND kind = 'REVERSAL')
"""

_TRANSACTIONS_COUNT: Final = """
    SELECT count(*)
      FROM credit_transactions
     WHERE account_id = $1
       AND customer_id = $2
       AND pool_id = $3
"""


async def pools(
    tx: Tx, account_id: AccountId, customer_id: CustomerId, *, limit: int, offset: int
) -> tuple[list[Pool], int]:
    """Return a page of the customer's pools, by denomination, and how many there are."""
    found = await tx.fetch(_POOLS, account_id, customer_id, limit, offset)
    total = await tx.fetchval(_POOLS_COUNT, account_id, customer_id)
    return [rows.pool(row) for row in found], int(total)


async def pool(
    tx: Tx, account_id: AccountId, customer_id: CustomerId, pool_id: PoolId
) -> Pool | None:
    """Return one pool of the customer, or None."""
    row = await tx.fetchrow(_POOL, account_id, customer_id, pool_id)
    return None if row is None else rows.pool(row)


async def usable(
    tx: Tx, account_id: AccountId, customer_id: CustomerId, now: datetime
) -> list[Grant]:
    """Return the customer's grants with something left at `now`."""
    found = await tx.fetch(_USABLE, account_id, customer_id, now)
    return [rows.grant(row) for row in found]


async def grants(
    tx: Tx,
    account_id: AccountId,
    customer_id: CustomerId,
    pool_id: PoolId,
    *,
    limit: int,
    offset: int,
) -> tuple[list[Grant], int]:
    """Return a page of a pool's grants, the newest first, and how many there are."""
    found = await tx.fetch(_GRANTS, account_id, customer_id, pool_id, limit, offset)
    total = await tx.fetchval(_GRANTS_COUNT, account_id, customer_id, pool_id)
    return [rows.grant(row) for row in found], int(total)


async def transaction(
    tx: Tx, account_id: AccountId, customer_id: CustomerId, transaction_id: TransactionId
) -> tuple[Transaction, bool]:
    """Return a movement of the customer's pools, and whether it has been reversed."""
    row = await tx.fetchrow(_TRANSACTION, account_id, customer_id, transaction_id)
    assert row is not None, "its customer was found by it"
    is_reversed = await tx.fetchval(_IS_REVERSED, account_id, customer_id, transaction_id)
    return rows.transaction(row), bool(is_reversed)


async def transactions(
    tx: Tx,
    account_id: AccountId,
    customer_id: CustomerId,
    pool_id: PoolId,
    *,
    limit: int,
    offset: int,
) -> tuple[list[Transaction], int]:
    """Return a page of a pool's movements, the newest first, and how many there are."""
    found = await tx.fetch(_TRANSACTIONS, account_id, customer_id, pool_id, limit, offset)
    total = await tx.fetchval(_TRANSACTIONS_COUNT, account_id, customer_id, pool_id)
    return [rows.transaction(row) for row in found], int(total)
