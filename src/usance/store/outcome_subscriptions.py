"""Outcomes of subscriptions: how they, their periods and their pending changes are written."""

from collections.abc import Sequence
from typing import Final

from usance.core.subscriptions import Subscription
from usance.store.db import Tx
from usance.store.outcome_batch import Entry, many

_INSERT_SUBSCRIPTION: Final = """
    INSERT INTO subscriptions (account_id, customer_id, subscription_id, plan_id, version_id,
                               status, zone, grace_days, anchor_at, anchor_seq, anchor_day, seq,
                               expires_at, trial_ends_at, cancel_mode, cancel_at, cancelled_at,
                               settle, next_due_at, parked_at, parked_reason, parked_count,
                               metadata, created_at)
    SELECT *
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[],
                  $7::text[], $8::int[], $9::timestamptz[], $10::int[], $11::int[], $12::int[],
                  $13::timestamptz[], $14::timestamptz[], $15::text[], $16::timestamptz[],
                  $17::timestamptz[], $18::boolean[], $19::timestamptz[], $20::timestamptz[],
                  $21::text[], $22::int[], $23::jsonb[], $24::timestamptz[])
"""

_UPDATE_SUBSCRIPTION: Final = """
    UPDATE subscriptions t
       SET plan_id = v.plan_id, version_id = v.version_id, status = v.status, zone = v.zone,
           grace_days = v.grace_days, anchor_at = v.anchor_at, anchor_seq = v.anchor_seq,
           anchor_day = v.anchor_day, seq = v.seq, expires_at = v.expires_at,
           trial_ends_at = v.trial_ends_at, cancel_mode = v.cancel_mode,
           cancel_at = v.cancel_at, cancelled_at = v.cancelled_at, settle = v.settle,
           next_due_at = v.next_due_at, parked_at = v.parked_at,
           parked_reason = v.parked_reason, parked_count = v.parked_count, metadata = v.metadata
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[],
                  $7::text[], $8::int[], $9::timestamptz[], $10::int[], $11::int[], $12::int[],
                  $13::timestamptz[], $14::timestamptz[], $15::text[], $16::timestamptz[],
                  $17::timestamptz[], $18::boolean[], $19::timestamptz[], $20::timestamptz[],
                  $21::text[], $22::int[], $23::jsonb[], $24::timestamptz[])
        AS v (account_id, customer_id, subscription_id, plan_id, version_id, status, zone,
              grace_days, anchor_at, anchor_seq, anchor_day, seq, expires_at, trial_ends_at,
              cancel_mode, cancel_at, cancelled_at, settle, next_due_at, parked_at,
              parked_reason, parked_count, metadata, created_at)
     WHERE t.account_id = v.account_id
       AND t.customer_id = v.customer_id
       AND t.subscription_id = v.subscription_id
       AND t.created_at = v.created_at
"""

_PUT_CHANGE: Final = """
    INSERT INTO pending_changes (account_id, customer_id, subscription_id, version_id, plan_id,
                                 requested_at, invoice_id)
    SELECT *
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::timestamptz[],
                  $7::uuid[])
        ON CONFLICT (account_id, customer_id, subscription_id)
        DO UPDATE SET version_id = EXCLUDED.version_id, plan_id = EXCLUDED.plan_id,
                      requested_at = EXCLUDED.requested_at, invoice_id = EXCLUDED.invoice_id
"""

_DROP_CHANGE: Final = """
    DELETE FROM pending_changes t
     USING unnest($1::uuid[], $2::uuid[], $3::uuid[])
        AS v (account_id, customer_id, subscription_id)
     WHERE t.account_id = v.account_id
       AND t.customer_id = v.customer_id
       AND t.subscription_id = v.subscription_id
"""

_INSERT_PERIOD: Final = """
    INSERT INTO periods (account_id, customer_id, subscription_id, seq, starts_at, ends_at,
                         planned_ends_at, is_trial, usage_from_seq, anchor_at, anchor_day, closed_at,
                         billed_at, collect_at)
    SELECT *
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::timestamptz[],
                  $6::timestamptz[], $7::timestamptz[], $8::boolean[], $9::int[],
                  $10::timestamptz[], $11::int[], $12::timestamptz[], $13::timestamptz[],
                  $14::timestamptz[])
"""

_UPDATE_PERIOD: Final = """
    UPDATE periods t
       SET ends_at = v.ends_at, closed_at = v.closed_at, billed_at = v.billed_at,
           collect_at = v.collect_at
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::timestamptz[],
                  $6::timestamptz[], $7::timestamptz[], $8::timestamptz[])
        AS v (account_id, customer_id, subscription_id, seq, ends_at, closed_at, billed_at,
              collect_at)
     WHERE t.account_id = v.account_id
       AND t.customer_id = v.customer_id
       AND t.subscription_id = v.subscription_id
       AND t.seq = v.seq
"""


async def write(tx: Tx, entries: Sequence[Entry]) -> None:
    """Write subscriptions, pending changes and periods."""
    await many(tx, _INSERT_SUBSCRIPTION, entries, lambda o: o.subscriptions.inserted, _subscription)
    await many(tx, _UPDATE_SUBSCRIPTION, entries, lambda o: o.subscriptions.updated, _subscription)
    await many(tx, _DROP_CHANGE, entries, lambda o: o.dropped_changes, lambda one: (one,))
    await many(
        tx,
        _PUT_CHANGE,
        entries,
        lambda o: o.changes.all,
        lambda c: (c.subscription_id, c.version_id, c.plan_id, c.requested_at, c.invoice_id),
    )
    # A period that is cut at its first instant makes way for the one that starts there.
    await many(
        tx,
        _UPDATE_PERIOD,
        entries,
        lambda o: o.periods.updated,
        lambda p: (p.subscription_id, p.seq, p.ends_at, p.closed_at, p.billed_at, p.collect_at),
    )
    await many(
        tx,
        _INSERT_PERIOD,
        entries,
        lambda o: o.periods.inserted,
        lambda p: (
            p.subscription_id,
            p.seq,
            p.starts_at,
            p.ends_at,
            p.planned_ends_at,
            p.is_trial,
            p.usage_from_seq,
            p.anchor_at,
            p.anchor_day,
            p.closed_at,
            p.billed_at,
            p.collect_at,
        ),
    )


def _subscription(s: Subscription) -> tuple[object, ...]:
    return (
        s.id,
        s.plan_id,
        s.version_id,
        s.status.value,
        s.zone,
        s.grace_days,
        s.anchor_at,
        s.anchor_seq,
        s.anchor_day,
        s.seq,
        s.expires_at,
        s.trial_ends_at,
        None if s.cancel_mode is None else s.cancel_mode.value,
        s.cancel_at,
        s.cancelled_at,
        s.settle,
        s.next_due_at,
        s.parked_at,
        s.parked_reason,
        s.parked_count,
        dict(s.metadata),
        s.created_at,
    )
