"""Holds: those that set something aside now, those that a call names, and how both are written."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg

from usance.core.holds import Hold, HoldStatus
from usance.core.ids import AccountId, CustomerId, HoldId
from usance.core.metering import CounterKey
from usance.store.db import Tx
from usance.store.outcome_batch import Entry, many

_COLUMNS: Final = """
           hold_id AS id, customer_id, key, fingerprint, subscription_id, seq, feature_key,
           version_id, "window", units, model, denomination, credits, created_at, expires_at,
           status, closed_at, event_id
"""

_OPEN: Final = f"""
    SELECT {_COLUMNS}
      FROM holds
     WHERE account_id = $1
       AND customer_id = ANY($2)
       AND status = 'HELD'
       AND expires_at > $3
     ORDER BY hold_id
"""

_OF_KEYS: Final = f"""
    SELECT {_COLUMNS}
      FROM holds
      JOIN unnest($1::uuid[], $2::uuid[], $3::text[]) AS k (account_id, customer_id, key)
     USING (account_id, customer_id, key)
     ORDER BY hold_id
"""

_ONE: Final = f"""
    SELECT {_COLUMNS}
      FROM holds
     WHERE account_id = $1
       AND hold_id = $2
"""

_INSERT: Final = """
    INSERT INTO holds (account_id, customer_id, hold_id, key, fingerprint, subscription_id, seq,
                       feature_key, version_id, "window", units, model, denomination, credits,
                       created_at, expires_at, status, closed_at, event_id)
    SELECT *
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bytea[], $6::uuid[],
                  $7::int[], $8::text[], $9::uuid[], $10::int[], $11::numeric[], $12::text[],
                  $13::text[], $14::numeric[], $15::timestamptz[], $16::timestamptz[],
                  $17::text[], $18::timestamptz[], $19::uuid[])
"""

_UPDATE: Final = """
    UPDATE holds t
       SET status = v.status, closed_at = v.closed_at, event_id = v.event_id
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::uuid[])
        AS v (account_id, customer_id, hold_id, status, closed_at, event_id)
     WHERE t.account_id = v.account_id
       AND t.customer_id = v.customer_id
       AND t.hold_id = v.hold_id
"""


async def open_of(
    tx: Tx, account_id: AccountId, ids: Sequence[CustomerId], now: datetime
) -> list[Hold]:
    """Return the customers' holds that are open at `now`."""
    return [_hold(row) for row in await tx.fetch(_OPEN, account_id, list(ids), now)]


async def of_keys(
    tx: Tx, keys: Sequence[tuple[AccountId, CustomerId, str]]
) -> dict[CustomerId, list[Hold]]:
    """Return the holds that were made under their customers' keys, whatever became of them."""
    found: dict[CustomerId, list[Hold]] = defaultdict(list)
    if keys:
        for row in await tx.fetch(_OF_KEYS, *map(list, zip(*keys, strict=True))):
            hold = _hold(row)
            found[hold.customer_id].append(hold)
    return found


async def find(tx: Tx, account_id: AccountId, hold_id: HoldId) -> Hold | None:
    """Return the account's hold, or None."""
    row = await tx.fetchrow(_ONE, account_id, hold_id)
    return None if row is None else _hold(row)


async def write(tx: Tx, entries: Sequence[Entry]) -> None:
    """Write holds that were made, and what became of others."""
    await many(tx, _INSERT, entries, lambda o: o.holds.inserted, _row)
    await many(
        tx,
        _UPDATE,
        entries,
        lambda o: o.holds.updated,
        lambda h: (h.id, h.status.value, h.closed_at, h.event_id),
    )


def _row(h: Hold) -> tuple[object, ...]:
    return (
        h.id,
        h.key,
        h.fingerprint,
        *h.counted,
        h.units,
        h.model,
        h.denomination,
        h.credits,
        h.created_at,
        h.expires_at,
        h.status.value,
        h.closed_at,
        h.event_id,
    )


def _hold(row: asyncpg.Record) -> Hold:
    fields = dict(row)
    counted = CounterKey(**{name: fields.pop(name) for name in CounterKey._fields})
    fields["status"] = HoldStatus(fields["status"])
    return Hold(counted=counted, **fields)
