"""Usage as it comes in: which events are known already, and which distinct values were counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from usance.core.ids import AccountId, CustomerId
from usance.core.metering import CounterKey
from usance.store.db import Tx

_KNOWN: Final = """
    SELECT k.key, k.fingerprint, e.receipt
      FROM event_keys k
      JOIN usage_events e USING (account_id, customer_id, event_id, recorded_at)
     WHERE k.account_id = $1
       AND k.customer_id = $2
       AND k.key = ANY($3)
     ORDER BY k.key
"""

_VALUES: Final = """
    SELECT subscription_id, seq, feature_key, version_id, "window", value
      FROM counter_values
     WHERE account_id = $1
       AND customer_id = $2
       AND value = ANY($3)
     ORDER BY subscription_id, seq, feature_key, version_id, "window", value
"""


@dataclass(frozen=True, slots=True)
class Known:
    """An event that was recorded before: what it was, and what was answered."""

    fingerprint: bytes
    receipt: dict[str, object]


async def known(
    tx: Tx, account_id: AccountId, customer_id: CustomerId, keys: Sequence[str]
) -> dict[str, Known]:
    """Return those of the keys under which the customer has an event already."""
    found = await tx.fetch(_KNOWN, account_id, customer_id, list(keys))
    return {row["key"]: Known(row["fingerprint"], row["receipt"]) for row in found}


async def values(
    tx: Tx, account_id: AccountId, customer_id: CustomerId, digests: Sequence[bytes]
) -> frozenset[tuple[CounterKey, bytes]]:
    """Return which of the values the customer's `unique` counters have counted already."""
    if not digests:
        return frozenset()
    found = await tx.fetch(_VALUES, account_id, customer_id, list(digests))
    return frozenset(
        (
            CounterKey(
                row["subscription_id"],
                row["seq"],
                row["feature_key"],
                row["version_id"],
                row["window"],
            ),
            row["value"],
        )
        for row in found
    )
