"""Answers kept under the caller's key, written in the transaction of the effect they tell of.

Units: an identity (of method, path, query and key) and a fingerprint (of the body) are 32 bytes;
`kept_at` is real time.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from usance.core.ids import AccountId
from usance.store.db import Tx

# Held until the end of the transaction: of two at once one works, and the other is told to wait.
_CLAIM: Final = """
    SELECT pg_try_advisory_xact_lock($1)
"""

_FIND: Final = """
    SELECT fingerprint, status, body
      FROM idempotency_keys
     WHERE account_id = $1
       AND identity = $2
"""

_KEEP: Final = """
    INSERT INTO idempotency_keys (account_id, identity, fingerprint, status, body, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)
"""

_FORGET: Final = """
    DELETE FROM idempotency_keys
     WHERE created_at < $1
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that was given before."""

    fingerprint: bytes
    status: int
    body: bytes


async def claim(tx: Tx, account_id: AccountId, identity: bytes) -> bool:
    """Return whether this transaction may work under the identity: nobody else is about to.

    To be called alone, before `find`: a statement sees what was committed before it began.
    """
    # Two that share these 64 bits would only make one of them wait.
    digest = hashlib.sha256(account_id.bytes + identity).digest()
    number = int.from_bytes(digest[:8], "big", signed=True)
    return bool(await tx.fetchval(_CLAIM, number))


async def find(tx: Tx, account_id: AccountId, identity: bytes) -> Kept | None:
    """Return the answer kept under the identity, or None."""
    row = await tx.fetchrow(_FIND, account_id, identity)
    return None if row is None else Kept(row["fingerprint"], row["status"], row["body"])


async def keep(
    tx: Tx, account_id: AccountId, identity: bytes, answer: Kept, *, kept_at: datetime
) -> None:
    """Keep the answer under the identity."""
    await tx.execute(
        _KEEP, account_id, identity, answer.fingerprint, answer.status, answer.body, kept_at
    )


async def forget(tx: Tx, *, kept_before: datetime) -> int:
    """Delete the answers kept before the instant, and return how many there were."""
    tag = await tx.execute(_FORGET, kept_before)
    return int(tag.rpartition(" ")[2])
