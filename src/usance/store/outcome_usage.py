"""Outcomes of usage: how counters, events, pools, grants and their movements are written."""

from collections.abc import Sequence
from typing import Final

from usance.core.credits import Pool
from usance.core.metering import UsageEvent
from usance.core.tax import Tax
from usance.store import jsonb
from usance.store.db import Tx
from usance.store.outcome_batch import Entry, many

_PUT_COUNTER: Final = """
    INSERT INTO counters (account_id, customer_id, subscription_id, seq, feature_key,
                          version_id, "window", units, covered, events, billed_units,
                          billed_amount, awaits_invoice, billed_by, billed_tax_rate,
                          billed_tax_category, billed_tax_exemption_reason, forgiven)
    SELECT v.account_id, v.customer_id, v.subscription_id, v.seq, v.feature_key, v.version_id,
           v."window", v.units, v.covered, v.events, v.billed_units, v.billed_amount,
           v.awaits_invoice, v.billed_by, v.billed_tax_rate, v.billed_tax_category,
           v.billed_tax_exemption_reason, v.forgiven::numeric[]
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::text[], $6::uuid[],
                  $7::int[], $8::numeric[], $9::numeric[], $10::bigint[], $11::numeric[],
                  $12::numeric[], $13::boolean[], $14::uuid[], $15::numeric[], $16::text[],
                  $17::text[], $18::text[])
        AS v (account_id, customer_id, subscription_id, seq, feature_key, version_id, "window",
              units, covered, events, billed_units, billed_amount, awaits_invoice, billed_by,
              billed_tax_rate, billed_tax_category, billed_tax_exemption_reason, forgiven)
        ON CONFLICT (account_id, customer_id, subscription_id, seq, feature_key, version_id, "window")
        DO UPDATE SET units = EXCLUDED.units, covered = EXCLUDED.covered, events = EXCLUDED.events,
                      billed_units = EXCLUDED.billed_units, billed_amount = EXCLUDED.billed_amount,
                      awaits_invoice = EXCLUDED.awaits_invoice, billed_by = EXCLUDED.billed_by,
                      billed_tax_rate = EXCLUDED.billed_tax_rate,
                      billed_tax_category = EXCLUDED.billed_tax_category,
                      billed_tax_exemption_reason = EXCLUDED.billed_tax_exemption_reason,
                      forgiven = EXCLUDED.forgiven
"""

_INSERT_COUNTER_VALUE: Final = """
    INSERT INTO counter_values (account_id, customer_id, subscription_id, seq, feature_key,
                                version_id, "window", value)
    SELECT *
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::text[], $6::uuid[],
                  $7::int[], $8::bytea[])
"""

_INSERT_EVENT_KEY: Final = """
    INSERT INTO event_keys (account_id, customer_id, key, event_id, recorded_at, fingerprint)
    SELECT *
      FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::timestamptz[],
                  $6::bytea[])
"""

_INSERT_EVENT: Final = """
    INSERT INTO usage_events (account_id, customer_id, event_id, recorded_at, occurred_at, key,
                              name, feature_key, subscription_id, seq, version_id, "window",
                              units, billable, covered, credits, cost_amount, cost_currency,
                              cost_detail, revenue_amount, model, flow_id, meta, receipt)
    SELECT *
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[],
                  $6::text[], $7::text[], $8::text[], $9::uuid[], $10::int[], $11::uuid[],
                  $12::int[], $13::numeric[], $14::numeric[], $15::numeric[], $16::numeric[],
                  $17::numeric[], $18::text[], $19::jsonb[], $20::numeric[], $21::text[],
                  $22::text[], $23::jsonb[], $24::jsonb[])
"""

_INSERT_CORRECTION: Final = """
    INSERT INTO event_corrections (account_id, customer_id, correction_id, event_id, units, credits)
    SELECT *
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::numeric[], $6::numeric[])
"""

_INSERT_POOL: Final = """
    INSERT INTO credit_pools (account_id, customer_id, pool_id, overdraft, granted, consumed,
                              expired, clawed, transactions, next_due_at, denomination,
                              hard_limit, created_at)
    SELECT *
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::numeric[], $5::numeric[],
                  $6::numeric[], $7::numeric[], $8::numeric[], $9::bigint[], $10::timestamptz[],
                  $11::text[], $12::boolean[], $13::timestamptz[])
"""

_UPDATE_POOL: Final = """
    UPDATE credit_pools t
       SET overdraft = v.overdraft, granted = v.granted, consumed = v.consumed,
           expired = v.expired, clawed = v.clawed, transactions = v.transactions,
           next_due_at = v.next_due_at
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::numeric[], $5::numeric[],
                  $6::numeric[], $7::numeric[], $8::numeric[], $9::bigint[], $10::timestamptz[])
        AS v (account_id, customer_id, pool_id, overdraft, granted, consumed, expired, clawed,
              transactions, next_due_at)
     WHERE t.account_id = v.account_id
       AND t.customer_id = v.customer_id
       AND t.pool_id = v.pool_id
"""

_INSERT_GRANT: Final = """
    INSERT INTO credit_grants (account_id, customer_id, grant_id, remaining, pool_id, kind,
                               amount, priority, granted_at, expires_at, reason,
                               subscription_id, seq, n, "window", rollover, rollover_cap,
                               clawed)
    SELECT *
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::numeric[], $5::uuid[], $6::text[],
                  $7::numeric[], $8::int[], $9::timestamptz[], $10::timestamptz[], $11::text[],
                  $12::uuid[], $13::int[], $14::int[], $15::int[], $16::text[], $17::numeric[],
                  $18::numeric[])
"""

_UPDATE_GRANT: Final = """
    UPDATE credit_grants t
       SET remaining = v.remaining, clawed = v.clawed
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::numeric[], $5::numeric[])
        AS v (account_id, customer_id, grant_id, remaining, clawed)
     WHERE t.account_id = v.account_id
       AND t.customer_id = v.customer_id
       AND t.grant_id = v.grant_id
"""

_INSERT_TRANSACTION: Final = """
    INSERT INTO credit_transactions (account_id, customer_id, pool_id, seq, transaction_id, kind,
                                     amount, balance_after, taken, event_id, reverses, reason, at)
    SELECT v.account_id, v.customer_id, v.pool_id, v.seq, v.transaction_id, v.kind, v.amount,
           v.balance_after, v.taken::jsonb, v.event_id, v.reverses, v.reason, v.at
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::uuid[], $6::text[],
                  $7::numeric[], $8::numeric[], $9::text[], $10::uuid[], $11::uuid[], $12::text[],
                  $13::timestamptz[])
        AS v (account_id, customer_id, pool_id, seq, transaction_id, kind, amount, balance_after,
              taken, event_id, reverses, reason, at)
"""


async def write_credits(tx: Tx, entries: Sequence[Entry]) -> None:
    """Write pools, grants and what moved between them."""
    await many(
        tx,
        _INSERT_POOL,
        entries,
        lambda o: o.pools.inserted,
        lambda p: (*_pool_state(p), p.denomination, p.hard_limit, p.created_at),
    )
    await many(tx, _UPDATE_POOL, entries, lambda o: o.pools.updated, _pool_state)
    await many(
        tx,
        _INSERT_GRANT,
        entries,
        lambda o: o.grants.inserted,
        lambda g: (
            g.id,
            g.remaining,
            g.pool_id,
            g.kind.value,
            g.amount,
            g.priority,
            g.granted_at,
            g.expires_at,
            g.reason,
            g.subscription_id,
            g.seq,
            g.n,
            g.window,
            None if g.rollover is None else g.rollover.value,
            g.rollover_cap,
            g.clawed,
        ),
    )
    await many(
        tx,
        _UPDATE_GRANT,
        entries,
        lambda o: o.grants.updated,
        lambda g: (g.id, g.remaining, g.clawed),
    )
    await many(
        tx,
        _INSERT_TRANSACTION,
        entries,
        lambda o: o.transactions,
        lambda t: (
            t.pool_id,
            t.seq,
            t.id,
            t.kind.value,
            t.amount,
            t.balance_after,
            # As text: a list within a list would be taken for an array of two dimensions.
            jsonb.encode([[str(grant_id), amount] for grant_id, amount in t.taken]),
            t.event_id,
            t.reverses,
            t.reason,
            t.at,
        ),
    )


def _tax(tax: Tax | None) -> tuple[object, ...]:
    return (None, None, None) if tax is None else (tax.rate, tax.category, tax.exemption_reason)


async def write_usage(tx: Tx, entries: Sequence[Entry]) -> None:
    """Write events with their keys, and the counters that they moved."""
    await many(
        tx,
        _PUT_COUNTER,
        entries,
        lambda o: o.counters.all,
        lambda c: (
            *c.key,
            c.units,
            c.covered,
            c.events,
            c.billed_units,
            c.billed_amount,
            c.awaits_invoice,
            c.billed_by,
            *_tax(c.billed_tax),
            # As text, like what a transaction took.
            "{" + ",".join(f"{bound:f}" for stretch in c.forgiven for bound in stretch) + "}",
        ),
    )
    await many(
        tx,
        _INSERT_COUNTER_VALUE,
        entries,
        lambda o: o.counter_values,
        lambda pair: (*pair[0].key, pair[1]),
    )
    await many(
        tx,
        _INSERT_EVENT_KEY,
        entries,
        lambda o: o.events,
        lambda e: (e.key, e.id, e.recorded_at, e.fingerprint),
    )
    await many(tx, _INSERT_EVENT, entries, lambda o: o.events, _event)
    await many(
        tx,
        _INSERT_CORRECTION,
        entries,
        lambda o: [(e.id, e.corrects) for e in o.events if e.corrects is not None],
        lambda pair: (pair[0], pair[1].event_id, pair[1].units, pair[1].credits),
    )


def _pool_state(p: Pool) -> tuple[object, ...]:
    return (
        p.id,
        p.overdraft,
        p.granted,
        p.consumed,
        p.expired,
        p.clawed,
        p.transactions,
        p.next_due_at,
    )


def _event(e: UsageEvent) -> tuple[object, ...]:
    matched = e.matched
    return (
        e.id,
        e.recorded_at,
        e.occurred_at,
        e.key,
        e.name,
        e.feature_key,
        None if matched is None else matched.subscription_id,
        None if matched is None else matched.seq,
        None if matched is None else matched.version_id,
        None if matched is None else matched.window,
        e.units,
        e.billable,
        e.covered,
        e.credits,
        e.cost_amount,
        e.cost_currency,
        e.cost_detail,
        e.revenue_amount,
        e.model,
        e.flow_id,
        e.meta,
        e.receipt,
    )
