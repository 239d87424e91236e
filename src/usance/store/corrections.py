"""Corrections: the events that are to be corrected, with what they burnt, read for a decision.

What a correction took off is kept beside the events, which may be archived a month at a time: so what
is left of an event is known as long as the event itself.

Units: units of the feature and credits, exact.
Sources: BILLING.md, "Usage" ("Corrections").
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, TypeAlias

import asyncpg

from usance.core import ids
from usance.core.credits import Grant, Transaction
from usance.core.decisions.correct import Corrected
from usance.core.ids import AccountId, CustomerId, EventId, GrantId
from usance.core.metering import CounterKey
from usance.store import rows
from usance.store.credits import TRANSACTION_COLUMNS
from usance.store.db import Tx
from usance.store.snapshot import GRANT_COLUMNS
from usance.store.usage import EventKey

# An event whose month was archived is known by its key alone.
_EVENTS: Final = """
    SELECT k.account_id, k.customer_id, k.key, k.event_id, k.recorded_at, e.name, e.feature_key,
           e.occurred_at, e.units, e.subscription_id, e.seq, e.version_id, e."window", e.billable,
           e.covered, e.credits, e.cost_detail, e.model,
           (SELECT coalesce(sum(c.units), 0)
              FROM event_corrections c
             WHERE c.account_id = k.account_id
               AND c.customer_id = k.customer_id
               AND c.event_id = k.event_id) AS units_off
      FROM event_keys k
      JOIN unnest($1::uuid[], $2::uuid[], $3::text[]) AS w (account_id, customer_id, key)
     USING (account_id, customer_id, key)
      LEFT JOIN usage_events e USING (account_id, customer_id, event_id, recorded_at)
     ORDER BY k.customer_id, k.key
"""

# A burn is written with its event, so the ids of both begin with the same millisecond: by them it is
# found without an index by event, which every burn would have to keep.
_BURNS: Final = f"""
    SELECT {TRANSACTION_COLUMNS},
           EXISTS (SELECT FROM credit_transactions r
                    WHERE r.account_id = t.account_id
                      AND r.customer_id = t.customer_id
                      AND r.reverses = t.transaction_id
                      AND r.kind = 'REVERSAL') AS is_reversed
      FROM credit_transactions t
      JOIN unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[])
        AS w (account_id, customer_id, event_id, first_id, last_id)
     USING (account_id, customer_id, event_id)
     WHERE t.transaction_id BETWEEN w.first_id AND w.last_id
       AND t.kind = 'BURN'
     ORDER BY t.transaction_id
"""

_GRANTS: Final = f"""
    SELECT {GRANT_COLUMNS}
      FROM credit_grants
      JOIN unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS w (account_id, customer_id, grant_id)
     USING (account_id, customer_id, grant_id)
     ORDER BY grant_id
"""

_CREDITS_OFF: Final = """
    SELECT coalesce(sum(credits), 0)
      FROM event_corrections
     WHERE account_id = $1
       AND customer_id = $2
       AND event_id = $3
"""


@dataclass(frozen=True, slots=True)
class Named:
    """Events of one customer that corrections name, by key (None: archived), and what they burnt from."""

    events: dict[str, Corrected | None] = field(default_factory=dict)
    grants: dict[GrantId, Grant] = field(default_factory=dict)


NOTHING: Final = Named()


async def named(tx: Tx, keys: Sequence[EventKey]) -> dict[CustomerId, Named]:
    """Return the customers' events under their keys; one that is not there is left out."""
    if not keys:
        return {}
    events = await tx.fetch(_EVENTS, *map(list, zip(*keys, strict=True)))
    burns = await _burns(tx, [row for row in events if row["credits"]])
    found: dict[CustomerId, Named] = defaultdict(Named)
    taken: list[tuple[AccountId, CustomerId, GrantId]] = []
    for row in events:
        burn, is_reversed = burns.get(row["event_id"], (None, False))
        own = found[row["customer_id"]]
        own.events[row["key"]] = None if row["units"] is None else _event(row, burn, is_reversed)
        if burn is not None:
            taken += [(row["account_id"], burn.customer_id, grant_id) for grant_id, _ in burn.taken]
    if taken:
        for row in await tx.fetch(_GRANTS, *map(list, zip(*dict.fromkeys(taken), strict=True))):
            grant = rows.grant(row)
            found[grant.customer_id].grants[grant.id] = grant
    return found


async def credits_off(
    tx: Tx, account_id: AccountId, customer_id: CustomerId, event_id: EventId
) -> Decimal:
    """Return the credits of an event's burn that its corrections have taken off."""
    return Decimal(await tx.fetchval(_CREDITS_OFF, account_id, customer_id, event_id))


_Burn: TypeAlias = tuple[Transaction, bool]


async def _burns(tx: Tx, events: Sequence[asyncpg.Record]) -> dict[EventId, _Burn]:
    """Return the burns of events, and whether each has been reversed."""
    if not events:
        return {}
    wanted = [
        (
            row["account_id"],
            row["customer_id"],
            row["event_id"],
            *ids.of_millisecond(row["event_id"]),
        )
        for row in events
    ]
    found: dict[EventId, _Burn] = {}
    for row in await tx.fetch(_BURNS, *map(list, zip(*wanted, strict=True))):
        found[row["event_id"]] = (rows.transaction(row), row["is_reversed"])
    return found


def _event(row: asyncpg.Record, burn: Transaction | None, is_reversed: bool) -> Corrected:  # noqa: FBT001 - a column
    matched = None
    if row["subscription_id"] is not None:
        assert row["feature_key"] is not None, "what is counted has a feature"
        matched = CounterKey(
            row["subscription_id"],
            row["seq"],
            row["feature_key"],
            row["version_id"],
            row["window"],
        )
    return Corrected(
        id=EventId(row["event_id"]),
        key=row["key"],
        name=row["name"],
        feature_key=row["feature_key"],
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        units=row["units"],
        matched=matched,
        billable=row["billable"],
        covered=row["covered"],
        credits=row["credits"],
        cost_detail=row["cost_detail"],
        model=row["model"],
        units_off=row["units_off"],
        burn=burn,
        is_reversed=is_reversed,
    )
