"""Explanations: what stands behind the lines of a document, read to be shown and for nothing else.

Counters and events are read by what a line's calculation counted; no event is summed.

Units: units of the feature and credits, exact.
Sources: BILLING.md, "Explaining".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias

from usance.core.ids import (
    AccountId,
    CustomerId,
    EventId,
    InvoiceId,
    SubscriptionId,
    VersionId,
)
from usance.core.metering import Counter
from usance.store import partitions, rows
from usance.store.db import Tx

_COUNTERS: Final = """
    SELECT c.subscription_id, c.seq, c.feature_key, c.version_id, c."window", c.customer_id,
           c.units, c.covered, c.events, c.billed_units, c.billed_amount, c.awaits_invoice,
           c.billed_by, c.billed_tax_rate, c.billed_tax_category, c.billed_tax_exemption_reason,
           c.forgiven
      FROM counters c
      JOIN unnest($3::uuid[], $4::int[], $5::text[], $6::uuid[])
        AS w (subscription_id, seq, feature_key, version_id)
     USING (subscription_id, seq, feature_key, version_id)
     WHERE c.account_id = $1
       AND c.customer_id = $2
     ORDER BY c.subscription_id, c.seq, c.feature_key, c.version_id, c."window"
"""

# A subscription has few: of each plan change one, and one of each period.
_SEGMENTS: Final = """
    SELECT seq, n, version_id, starts_at, invoice_id
      FROM segments
     WHERE account_id = $1
       AND customer_id = $2
       AND subscription_id = $3
       AND (invoice_id = $4 OR starts_at = ANY($5))
     ORDER BY seq DESC, n DESC
"""

_SOLD: Final = """
    SELECT version_id
      FROM subscriptions
     WHERE account_id = $1
       AND customer_id = $2
       AND subscription_id = $3
"""

_STARTS_AT: Final = """
    SELECT starts_at
      FROM periods
     WHERE account_id = $1
       AND customer_id = $2
       AND subscription_id = $3
       AND seq = $4
"""

# No event is recorded before it occurred, so the period's start and the instant of counting tell
# between which two the index by customer and instant is read, and which months' tables.
_COUNTED: Final = """
      FROM usage_events
     WHERE account_id = $1
       AND customer_id = $2
       AND recorded_at >= $3
       AND recorded_at <= $4
       AND subscription_id = $5
       AND seq = $6
       AND feature_key = $7
       AND version_id = $8
"""

# Events of one batch have one instant, and ids in no order: what each had brought the use to tells theirs.
_EVENTS: Final = f"""
    SELECT event_id AS id, key, name, occurred_at, recorded_at, units, billable, covered, credits,
           revenue_amount, model, receipt -> 'usage' -> 'used' AS used
    {_COUNTED}
     ORDER BY recorded_at, used, event_id
     LIMIT $9 OFFSET $10
"""

_EVENTS_COUNT: Final = f"""
    SELECT count(*)
    {_COUNTED}
"""

_MONTHS: Final = """
    SELECT c.relname::text AS name
      FROM pg_inherits i
      JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'usage_events'::regclass
     GROUP BY name
     ORDER BY name
"""

# Asked only where a month has no table: of one that never had any nothing is archived.
_ARCHIVED: Final = """
    SELECT date_trunc('month', k.recorded_at, 'UTC') AS month
      FROM event_keys k
     WHERE k.account_id = $1
       AND k.customer_id = $2
       AND date_trunc('month', k.recorded_at, 'UTC') = ANY($3::timestamptz[])
       AND NOT EXISTS (SELECT FROM usage_events e
                        WHERE e.account_id = k.account_id
                          AND e.customer_id = k.customer_id
                          AND e.event_id = k.event_id
                          AND e.recorded_at = k.recorded_at)
     GROUP BY month
     ORDER BY month
"""


class Part(NamedTuple):
    """What a calculation of usage counts: a feature's part of a period, under one version."""

    subscription_id: SubscriptionId
    seq: int
    feature_key: str
    version_id: VersionId


@dataclass(frozen=True, slots=True)
class Counted:
    """An event as its line counted it; `used` is what its period had used with it, as it was told."""

    id: EventId
    key: str
    name: str
    occurred_at: datetime
    recorded_at: datetime
    units: Decimal
    billable: Decimal
    covered: Decimal
    credits: Decimal
    revenue_amount: Decimal | None
    model: str | None
    used: Decimal


Window: TypeAlias = tuple[datetime, datetime]
"""From when to when events of a part were recorded, the last instant included."""


async def counters(
    tx: Tx, account_id: AccountId, customer_id: CustomerId, parts: Sequence[Part]
) -> dict[Part, list[Counter]]:
    """Return the counters of parts of periods as they stand now."""
    found: dict[Part, list[Counter]] = {part: [] for part in parts}
    if not found:
        return found
    columns = map(list, zip(*found, strict=True))
    for row in await tx.fetch(_COUNTERS, account_id, customer_id, *columns):
        counter = rows.counter(row)
        found[Part(*counter.key[:4])].append(counter)
    return found


async def sold(
    tx: Tx,
    account_id: AccountId,
    customer_id: CustomerId,
    subscription_id: SubscriptionId,
    *,
    invoice_id: InvoiceId | None,
    starts: Sequence[datetime],
) -> tuple[VersionId | None, dict[datetime, VersionId], VersionId]:
    """Return which versions a subscription's prices were of.

    Of the invoice itself, where a segment names it; of what began at each of the instants; and the one
    that the subscription is on.
    """
    args = (account_id, customer_id, subscription_id)
    own: VersionId | None = None
    by_start: dict[datetime, VersionId] = {}
    for row in await tx.fetch(_SEGMENTS, *args, invoice_id, list(starts)):
        if row["invoice_id"] is not None and row["invoice_id"] == invoice_id:
            own = own or row["version_id"]
        by_start.setdefault(row["starts_at"], row["version_id"])
    return own, by_start, await tx.fetchval(_SOLD, *args)


async def window(
    tx: Tx, account_id: AccountId, customer_id: CustomerId, part: Part, counted_at: datetime
) -> Window:
    """Return between which instants the events of a part were recorded that were counted by then."""
    args = (account_id, customer_id, part.subscription_id, part.seq)
    return await tx.fetchval(_STARTS_AT, *args), counted_at


async def events(
    tx: Tx,
    account_id: AccountId,
    customer_id: CustomerId,
    part: Part,
    within: Window,
    *,
    limit: int,
    offset: int,
) -> list[Counted]:
    """Return a page of the events that a part counted, in the order in which they were counted."""
    args = (account_id, customer_id, *within, *part)
    found = await tx.fetch(_EVENTS, *args, limit, offset)
    return [Counted(**{**row, "used": Decimal(row["used"])}) for row in found]


async def count(
    tx: Tx, account_id: AccountId, customer_id: CustomerId, part: Part, within: Window
) -> int:
    """Return how many of a part's events are there still: for what has been archived in part."""
    return int(await tx.fetchval(_EVENTS_COUNT, account_id, customer_id, *within, *part))


async def archived(
    tx: Tx, account_id: AccountId, customer_id: CustomerId, within: Window
) -> list[datetime]:
    """Return the months within two instants of which the customer's events were taken away."""
    tables = {row["name"] for row in await tx.fetch(_MONTHS)}
    month, last = (partitions.month_of(at) for at in within)
    missing = []
    while month <= last:
        if partitions.table_of(month) not in tables:
            missing.append(month)
        month = partitions.after(month)
    if not missing:
        return []
    found = await tx.fetch(_ARCHIVED, account_id, customer_id, missing)
    return [row["month"] for row in found]
