"""Subscriptions as shown: lists and single ones with what hangs on them, never for a decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from usance.core.ids import AccountId, CustomerId, SubscriptionId
from usance.core.subscriptions import PendingChange, Subscription, SubscriptionPeriod
from usance.store import rows
from usance.store.db import Tx

_COLUMNS: Final = """
           s.subscription_id AS id, s.customer_id, s.plan_id, s.version_id, s.status, s.zone,
           s.grace_days, s.created_at, s.metadata, s.anchor_at, s.anchor_seq, s.anchor_day, s.seq,
           s.expires_at, s.trial_ends_at, s.cancel_mode, s.cancel_at, s.cancelled_at, s.settle,
           s.next_due_at, s.parked_at, s.parked_reason, s.parked_count
"""

# ACTIVE, TRIALING and PAST_DUE first, then INCOMPLETE, then what has ended; the newest first in each.
_OF_CUSTOMER: Final = f"""
    SELECT {_COLUMNS}
      FROM subscriptions s
     WHERE s.account_id = $1
       AND s.customer_id = $2
     ORDER BY CASE WHEN s.status IN ('ACTIVE', 'TRIALING', 'PAST_DUE') THEN 0
                   WHEN s.status = 'INCOMPLETE' THEN 1
                   ELSE 2 END,
              s.created_at DESC, s.subscription_id DESC
"""

_FILTER: Final = """
      FROM subscriptions s
      JOIN plans p USING (account_id, plan_id)
     WHERE s.account_id = $1
       AND ($2::uuid IS NULL OR s.customer_id = $2)
       AND ($3::text IS NULL OR s.status = $3)
       AND ($4::text IS NULL OR p.key = $4 OR p.plan_id::text = $4)
"""

_LIST: Final = f"""
    SELECT {_COLUMNS}
    {_FILTER}
     ORDER BY s.created_at DESC, s.subscription_id DESC
     LIMIT $5 OFFSET $6
"""

_COUNT: Final = f"""
    SELECT count(*)
    {_FILTER}
"""

_ONE: Final = f"""
    SELECT {_COLUMNS}
      FROM subscriptions s
     WHERE s.account_id = $1
       AND s.subscription_id = $2
"""

_PERIODS: Final = """
    SELECT p.subscription_id, p.customer_id, p.seq, p.starts_at, p.ends_at, p.planned_ends_at,
           p.is_trial, p.usage_from_seq, p.anchor_at, p.anchor_day, p.closed_at, p.billed_at,
           p.collect_at
      FROM periods p
      JOIN unnest($2::uuid[], $3::uuid[], $4::int[]) AS k (customer_id, subscription_id, seq)
     USING (customer_id, subscription_id, seq)
     WHERE p.account_id = $1
     ORDER BY p.subscription_id, p.seq
"""

_CHANGES: Final = """
    SELECT subscription_id, customer_id, plan_id, version_id, requested_at, invoice_id
      FROM pending_changes
     WHERE account_id = $1
       AND customer_id = ANY($2)
       AND subscription_id = ANY($3)
     ORDER BY subscription_id
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A subscription with its newest period and its pending change."""

    subscription: Subscription
    period: SubscriptionPeriod | None
    change: PendingChange | None


async def of_customer(tx: Tx, account_id: AccountId, customer_id: CustomerId) -> list[Shown]:
    """Return the customer's subscriptions: running ones first, then INCOMPLETE, then ended."""
    found = await tx.fetch(_OF_CUSTOMER, account_id, customer_id)
    return await _shown(tx, account_id, [rows.subscription(row) for row in found])


async def find(tx: Tx, account_id: AccountId, subscription_id: SubscriptionId) -> Shown | None:
    """Return one subscription of the account, or None."""
    row = await tx.fetchrow(_ONE, account_id, subscription_id)
    if row is None:
        return None
    return (await _shown(tx, account_id, [rows.subscription(row)]))[0]


async def page(
    tx: Tx,
    account_id: AccountId,
    *,
    customer_id: CustomerId | None,
    status: str | None,
    plan: str | None,
    limit: int,
    offset: int,
) -> tuple[list[Shown], int]:
    """Return a page of the account's subscriptions, the newest first, and how many there are.

    `plan` is a key or an id.
    """
    filters = (account_id, customer_id, status, plan)
    found = await tx.fetch(_LIST, *filters, limit, offset)
    total = await tx.fetchval(_COUNT, *filters)
    return await _shown(tx, account_id, [rows.subscription(row) for row in found]), int(total)


async def _shown(
    tx: Tx, account_id: AccountId, subscriptions: Sequence[Subscription]
) -> list[Shown]:
    owners = [one.customer_id for one in subscriptions]
    ids = [one.id for one in subscriptions]
    seqs = [one.seq for one in subscriptions]
    periods = {
        row["subscription_id"]: rows.period(row)
        for row in await tx.fetch(_PERIODS, account_id, owners, ids, seqs)
    }
    changes = {
        row["subscription_id"]: rows.change(row)
        for row in await tx.fetch(_CHANGES, account_id, owners, ids)
    }
    return [Shown(one, periods.get(one.id), changes.get(one.id)) for one in subscriptions]
