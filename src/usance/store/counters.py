"""Counters made again from the events that they count.

A counter holds the billable units of its events, those of them that credits covered, and how many events
there were, whatever its aggregation: an event of a `max` or a `unique` is billable for what it adds.
What was billed of a counter is on invoices and not in events, and stays as it is.

Units: units of the feature, exact.
Sources: BILLING.md, "Usage".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

import asyncpg

from usance.core.ids import AccountId, CustomerId, SubscriptionId, VersionId
from usance.core.metering import CounterKey
from usance.store.db import Tx

_NO_TIMEOUT: Final = "SET LOCAL statement_timeout = 0"  # all events of a customer, or of everybody


def _differences(whose: str) -> str:
    """Return the statement that finds counters which are not what their events come to."""
    return f"""
    SELECT d.account_id, d.customer_id, d.subscription_id, d.seq, d.feature_key, d.version_id,
           d."window", d.units, d.covered, d.events, d.units_sum, d.covered_sum, d.events_count,
           p.closed_at IS NOT NULL AS is_closed,
           -- A period's events are recorded while it runs and, late, for 35 days after it.
           EXISTS (SELECT FROM event_keys k
                    WHERE k.account_id = d.account_id
                      AND k.customer_id = d.customer_id
                      AND k.recorded_at >= p.starts_at
                      AND k.recorded_at < p.ends_at + interval '840 hours'
                      AND NOT EXISTS (SELECT FROM usage_events e
                                       WHERE e.account_id = k.account_id
                                         AND e.customer_id = k.customer_id
                                         AND e.event_id = k.event_id
                                         AND e.recorded_at = k.recorded_at)) AS lacks_events
      FROM periods p
      JOIN (SELECT *
              FROM (SELECT account_id, customer_id, subscription_id, seq, feature_key, version_id,
                           "window", units, covered, events
                      FROM counters
                     WHERE {whose}) c
              FULL JOIN (SELECT account_id, customer_id, subscription_id, seq, feature_key,
                                version_id, "window", sum(billable) AS units_sum,
                                sum(covered) AS covered_sum, count(*) AS events_count
                           FROM usage_events
                          WHERE subscription_id IS NOT NULL
                            AND {whose}
                          GROUP BY account_id, customer_id, subscription_id, seq, feature_key,
                                   version_id, "window") e
             USING (account_id, customer_id, subscription_id, seq, feature_key, version_id,
                    "window")) d
     USING (account_id, customer_id, subscription_id, seq)
     WHERE (d.units, d.covered, d.events) IS DISTINCT FROM
           (coalesce(d.units_sum, 0), coalesce(d.covered_sum, 0), coalesce(d.events_count, 0))
     ORDER BY d.account_id, d.customer_id, d.subscription_id, d.seq, d.feature_key, d.version_id,
              d."window"
"""


_EVERYBODY: Final = _differences("($1::uuid IS NULL OR account_id = $1)")

_OF_CUSTOMER: Final = _differences("account_id = $1 AND customer_id = $2")

# A counter that is not there is that of a running period, of which nothing is billed yet.
_PUT: Final = """
    INSERT INTO counters (account_id, customer_id, subscription_id, seq, feature_key, version_id,
                          "window", units, covered, events, billed_units, billed_amount,
                          awaits_invoice, forgiven)
    SELECT $1, $2, subscription_id, seq, feature_key, version_id, "window", units, covered, events,
           0, 0, false, '{}'
      FROM unnest($3::uuid[], $4::int[], $5::text[], $6::uuid[], $7::int[], $8::numeric[],
                  $9::numeric[], $10::bigint[])
        AS v (subscription_id, seq, feature_key, version_id, "window", units, covered, events)
        ON CONFLICT (account_id, customer_id, subscription_id, seq, feature_key, version_id, "window")
        DO UPDATE SET units = EXCLUDED.units, covered = EXCLUDED.covered, events = EXCLUDED.events
"""


class WhyLeft(StrEnum):
    """Why a counter that differs from its events is not made again from them."""

    EVENTS_GONE = "events gone"  # events of its time are known by key alone: archived, or lost
    CLOSED = "closed"  # it is not there and its period is over: what was billed of it is not known


@dataclass(frozen=True, slots=True)
class Tally:
    """What a counter says of its events, or what they come to."""

    units: Decimal
    covered: Decimal
    events: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A counter that does not say what its events come to; `said` is None where there is none."""

    account_id: AccountId
    customer_id: CustomerId
    key: CounterKey
    said: Tally | None
    summed: Tally
    why_left: WhyLeft | None


async def differences(tx: Tx, account_id: AccountId | None) -> list[Difference]:
    """Return the counters, of an account or of all, that are not what their events come to."""
    await tx.execute(_NO_TIMEOUT)
    return [_difference(row) for row in await tx.fetch(_EVERYBODY, account_id)]


async def differences_of(
    tx: Tx, account_id: AccountId, customer_id: CustomerId
) -> list[Difference]:
    """Return the counters of one customer, who is locked, that are not what their events come to."""
    await tx.execute(_NO_TIMEOUT)
    return [_difference(row) for row in await tx.fetch(_OF_CUSTOMER, account_id, customer_id)]


async def put(
    tx: Tx, account_id: AccountId, customer_id: CustomerId, found: Sequence[Difference]
) -> None:
    """Let counters of one customer, who is locked, say what their events come to."""
    rows = [(*one.key, one.summed.units, one.summed.covered, one.summed.events) for one in found]
    await tx.execute(_PUT, account_id, customer_id, *map(list, zip(*rows, strict=True)))


def _difference(row: asyncpg.Record) -> Difference:
    said = None
    if row["units"] is not None:
        said = Tally(row["units"], row["covered"], row["events"])
    summed = Tally(
        row["units_sum"] or Decimal(0), row["covered_sum"] or Decimal(0), row["events_count"] or 0
    )
    why = None
    if row["lacks_events"]:
        why = WhyLeft.EVENTS_GONE
    elif said is None and row["is_closed"]:
        why = WhyLeft.CLOSED
    return Difference(
        account_id=AccountId(row["account_id"]),
        customer_id=CustomerId(row["customer_id"]),
        key=CounterKey(
            SubscriptionId(row["subscription_id"]),
            row["seq"],
            row["feature_key"],
            VersionId(row["version_id"]),
            row["window"],
        ),
        said=said,
        summed=summed,
        why_left=why,
    )
