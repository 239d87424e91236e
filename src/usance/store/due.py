"""Due work: who has a step that time has decided, claimed so that no two workers take it.

Claiming locks the customer's row and skips the locked ones, so any number of workers share the
table without a queue beside the ledger. A step that fails is parked, and the others go on.

Units: `now` is by the account's own clock; `real` is the real instant.
Sources: BILLING.md, "Renewing".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from usance.core.ids import AccountId, CustomerId, SubscriptionId
from usance.store import customers
from usance.store.db import Tx

_IS_DUE: Final = """
    SELECT EXISTS (SELECT FROM subscriptions
                    WHERE account_id = $1
                      AND customer_id = $2
                      AND next_due_at <= $3
                      AND parked_at IS NULL)
        OR EXISTS (SELECT FROM credit_pools
                    WHERE account_id = $1
                      AND customer_id = $2
                      AND next_due_at <= $3)
        OR EXISTS (SELECT FROM invoices
                    WHERE account_id = $1
                      AND customer_id = $2
                      AND subscription_id IS NULL
                      AND status = 'DUE'
                      AND past_due_at <= $3)
"""

# Each account is asked by itself: their clocks differ, and so the index on the instant serves.
_WAITING: Final = """
    SELECT a.account_id, d.customer_id
      FROM accounts a
     CROSS JOIN LATERAL (
           (SELECT s.customer_id, s.next_due_at
              FROM subscriptions s
             WHERE s.account_id = a.account_id
               AND s.next_due_at <= $1::timestamptz + a.clock_offset_us * interval '1 microsecond'
             ORDER BY s.next_due_at
             LIMIT $2)
            UNION ALL
           (SELECT p.customer_id, p.next_due_at
              FROM credit_pools p
             WHERE p.account_id = a.account_id
               AND p.next_due_at <= $1::timestamptz + a.clock_offset_us * interval '1 microsecond'
             ORDER BY p.next_due_at
             LIMIT $2)
            UNION ALL
           (SELECT i.customer_id, i.past_due_at
              FROM invoices i
             WHERE i.account_id = a.account_id
               AND i.subscription_id IS NULL
               AND i.status = 'DUE'
               AND i.past_due_at <= $1::timestamptz + a.clock_offset_us * interval '1 microsecond'
             ORDER BY i.past_due_at
             LIMIT $2)
           ) d
     ORDER BY d.next_due_at, d.customer_id
     LIMIT $2
"""

_FIRST_IN_ACCOUNT: Final = """
    SELECT customer_id, next_due_at
      FROM ((SELECT customer_id, next_due_at
               FROM subscriptions
              WHERE account_id = $1
                AND next_due_at <= $2
                AND parked_at IS NULL
              ORDER BY next_due_at, subscription_id
              LIMIT 1)
             UNION ALL
            (SELECT customer_id, next_due_at
               FROM credit_pools
              WHERE account_id = $1
                AND next_due_at <= $2
              ORDER BY next_due_at, pool_id
              LIMIT 1)
             UNION ALL
            (SELECT customer_id, past_due_at
               FROM invoices
              WHERE account_id = $1
                AND subscription_id IS NULL
                AND status = 'DUE'
                AND past_due_at <= $2
              ORDER BY past_due_at, invoice_id
              LIMIT 1)) d
     ORDER BY next_due_at, customer_id
     LIMIT 1
"""

_PARK: Final = """
    UPDATE subscriptions
       SET parked_at = $4, parked_reason = $5, parked_count = parked_count + 1, next_due_at = $6
     WHERE account_id = $1
       AND customer_id = $2
       AND subscription_id = $3
"""

_UNPARK: Final = """
    UPDATE subscriptions
       SET parked_at = NULL, parked_reason = NULL, next_due_at = $3
     WHERE account_id = $1
       AND customer_id = ANY($2)
       AND parked_at IS NOT NULL
       AND next_due_at <= $3
    RETURNING customer_id
"""

# `at` is each subscription's own instant: on a test clock they differ.
_PARKED: Final = """
    SELECT s.subscription_id, s.account_id, c.reference, s.parked_at, s.parked_count,
           s.parked_reason, s.next_due_at
      FROM subscriptions s
      JOIN customers c USING (account_id, customer_id)
     WHERE s.parked_at IS NOT NULL
     ORDER BY s.parked_at, s.subscription_id
"""

# Due since it was parked: the worker takes what it has missed, in order.
_RELEASE: Final = """
    UPDATE subscriptions
       SET next_due_at = parked_at, parked_at = NULL, parked_reason = NULL, parked_count = 0
     WHERE account_id = $1
       AND customer_id = $2
       AND subscription_id = $3
       AND parked_at IS NOT NULL
    RETURNING true
"""

_OWNER: Final = """
    SELECT account_id, customer_id
      FROM subscriptions
     WHERE subscription_id = $1
"""

_OVERDUE: Final = """
    SELECT c.customer_id
      FROM customers c
     WHERE c.account_id = $1
       AND EXISTS (SELECT FROM subscriptions s
                    WHERE s.account_id = c.account_id
                      AND s.customer_id = c.customer_id
                      AND s.status = 'PAST_DUE'
                      AND s.parked_at IS NULL)
     ORDER BY c.customer_id
       FOR UPDATE OF c
"""

_LOOK_AGAIN: Final = """
    UPDATE subscriptions
       SET next_due_at = $2
     WHERE account_id = $1
       AND customer_id = ANY($3)
       AND status = 'PAST_DUE'
       AND parked_at IS NULL
"""

_RECENT_INVOICES: Final = """
    SELECT k.subscription_id, count(*) AS made
      FROM unnest($2::uuid[], $3::uuid[], $4::timestamptz[]) AS k (customer_id, subscription_id, at)
      JOIN invoices i USING (customer_id, subscription_id)
     WHERE i.account_id = $1
       AND i.created_at > k.at - interval '24 hours'
     GROUP BY k.subscription_id
     ORDER BY k.subscription_id
"""


async def is_due(tx: Tx, account_id: AccountId, customer_id: CustomerId, now: datetime) -> bool:
    """Whether a step of the customer is due at `now`; what is parked is not."""
    return bool(await tx.fetchval(_IS_DUE, account_id, customer_id, now))


async def waiting(tx: Tx, real: datetime, limit: int) -> list[tuple[AccountId, CustomerId]]:
    """Return whose steps are due by their accounts' clocks, those that waited longest first."""
    rows = await tx.fetch(_WAITING, real, limit)
    return list(dict.fromkeys((row["account_id"], row["customer_id"]) for row in rows))


async def first_in_account(
    tx: Tx, account_id: AccountId, until: datetime
) -> tuple[CustomerId, datetime] | None:
    """Return who has the account's first due step up to an instant, and when; None if nobody."""
    row = await tx.fetchrow(_FIRST_IN_ACCOUNT, account_id, until)
    return None if row is None else (CustomerId(row["customer_id"]), row["next_due_at"])


async def park(
    tx: Tx,
    account_id: AccountId,
    customer_id: CustomerId,
    subscription_id: SubscriptionId,
    *,
    now: datetime,
    reason: str,
    retry_at: datetime | None,
) -> None:
    """Set a subscription whose step failed aside until `retry_at`; None: until an operator's word."""
    await tx.execute(_PARK, account_id, customer_id, subscription_id, now, reason, retry_at)
    await customers.touch(tx, account_id, [customer_id])


async def unpark_due(
    tx: Tx, account_id: AccountId, ids: Sequence[CustomerId], now: datetime
) -> None:
    """Take the customers' parked subscriptions whose time to retry has come up again."""
    found = await tx.fetch(_UNPARK, account_id, list(ids), now)
    if found:
        await customers.touch(tx, account_id, [row["customer_id"] for row in found])


@dataclass(frozen=True, slots=True)
class Parked:
    """A subscription whose step failed, set aside until `retry_at`; None: until an operator's word."""

    subscription_id: SubscriptionId
    account_id: AccountId
    customer_reference: str
    parked_at: datetime
    failures: int
    reason: str
    retry_at: datetime | None


async def parked(tx: Tx) -> list[Parked]:
    """Return all parked subscriptions, those that wait longest first."""
    return [
        Parked(
            subscription_id=row["subscription_id"],
            account_id=row["account_id"],
            customer_reference=row["reference"],
            parked_at=row["parked_at"],
            failures=row["parked_count"],
            reason=row["parked_reason"],
            retry_at=row["next_due_at"],
        )
        for row in await tx.fetch(_PARKED)
    ]


async def release(tx: Tx, subscription_id: UUID) -> bool:
    """Let a parked subscription go on; False if it is not parked."""
    row = await tx.fetchrow(_OWNER, subscription_id)
    if row is None:
        return False
    account_id, customer_id = AccountId(row["account_id"]), CustomerId(row["customer_id"])
    await customers.lock_by_id(tx, account_id, customer_id)
    await customers.touch(tx, account_id, [customer_id])
    return bool(await tx.fetchval(_RELEASE, account_id, customer_id, subscription_id))


async def lock_overdue(tx: Tx, account_id: AccountId) -> list[CustomerId]:
    """Lock the customers who have an overdue subscription, and return them."""
    return [CustomerId(row["customer_id"]) for row in await tx.fetch(_OVERDUE, account_id)]


async def look_again(
    tx: Tx, account_id: AccountId, locked: Sequence[CustomerId], now: datetime
) -> None:
    """Make overdue subscriptions of locked customers due: a setting that says when they end has changed."""
    await tx.execute(_LOOK_AGAIN, account_id, now, list(locked))
    await customers.touch(tx, account_id, locked)


async def invoices_within_a_day(
    tx: Tx,
    account_id: AccountId,
    subscriptions: Sequence[tuple[CustomerId, SubscriptionId, datetime]],
) -> dict[SubscriptionId, int]:
    """Return how many invoices each subscription got in the 24 hours before its instant."""
    if not subscriptions:
        return {}
    columns = map(list, zip(*subscriptions, strict=True))
    found = await tx.fetch(_RECENT_INVOICES, account_id, *columns)
    return {SubscriptionId(row["subscription_id"]): int(row["made"]) for row in found}
