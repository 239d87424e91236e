"""Usage as it comes in: which events are known already, and which distinct values were counted."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from usance.core.ids import AccountId, CustomerId, EventId
from usance.core.metering import CounterKey
from usance.store.db import Tx

# An event whose month was archived is known by its key alone.
_KNOWN: Final = """
    SELECT k.customer_id, k.key, k.fingerprint, k.event_id, e.receipt
      FROM event_keys k
      JOIN unnest($1::uuid[], $2::uuid[], $3::text[]) AS w (account_id, customer_id, key)
     USING (account_id, customer_id, key)
      LEFT JOIN usage_events e USING (account_id, customer_id, event_id, recorded_at)
     ORDER BY k.customer_id, k.key
"""

_VALUES: Final = """
    SELECT customer_id, subscription_id, seq, feature_key, version_id, "window", value
      FROM counter_values
      JOIN unnest($1::uuid[], $2::uuid[], $3::bytea[]) AS w (account_id, customer_id, value)
     USING (account_id, customer_id, value)
     ORDER BY subscription_id, seq, feature_key, version_id, "window", value
"""


@dataclass(frozen=True, slots=True)
class Known:
    """An event that was recorded before: what it was, and what was answered; None: archived."""

    fingerprint: bytes
    event_id: EventId
    receipt: dict[str, object] | None


EventKey: TypeAlias = tuple[AccountId, CustomerId, str]
"""Whose event, and under which key."""

Value: TypeAlias = tuple[AccountId, CustomerId, bytes]
"""Whose `unique` counters, and the digest of a value that they may have counted."""


async def known(tx: Tx, keys: Sequence[EventKey]) -> dict[tuple[CustomerId, str], Known]:
    """Return the events that are on record under their keys already."""
    found = await tx.fetch(_KNOWN, *map(list, zip(*keys, strict=True)))
    return {
        (row["customer_id"], row["key"]): Known(
            row["fingerprint"], EventId(row["event_id"]), row["receipt"]
        )
        for row in found
    }


async def values(
    tx: Tx, digests: Sequence[Value]
) -> dict[CustomerId, frozenset[tuple[CounterKey, bytes]]]:
    """Return which of the values the customers' `unique` counters have counted already."""
    if not digests:
        return {}
    counted: dict[CustomerId, set[tuple[CounterKey, bytes]]] = defaultdict(set)
    for row in await tx.fetch(_VALUES, *map(list, zip(*digests, strict=True))):
        key = CounterKey(
            row["subscription_id"],
            row["seq"],
            row["feature_key"],
            row["version_id"],
            row["window"],
        )
        counted[row["customer_id"]].add((key, row["value"]))
    return {customer_id: frozenset(found) for customer_id, found in counted.items()}
