"""Verifying: every sum that the ledger keeps is made again from its facts, on one snapshot.

Each check is one statement over whole tables that returns the rows which are wrong: the first column
names one. It shares no code with what it checks. Of events in archived months only the keys are left, so
what such an event was part of is not compared with it.

Sources: BILLING.md; ARCHITECTURE.md, "Invariants".
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

import asyncpg

from usance.core import money
from usance.store.db import Db, Tx
from usance.store.partitions import ARCHIVED

_SHOWN_MAX: Final = 10

_SETTINGS: Final = (
    # Whole tables take their time, and a connection that is done waits for the other.
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    # What is grouped and joined is held in memory, up to twice as much, and the rest on disk.
    "SET LOCAL work_mem = '64MB'",
    # Every index begins with the account. Where there is one, the planner takes a table for sorted,
    # and would read all of it in the order of an index, from one random page to the next.
    "SET LOCAL enable_indexscan = off",
    # Groups are nearly as many as rows, so that workers would each make all of them.
    "SET LOCAL max_parallel_workers_per_gather = 0",
)


@dataclass(frozen=True, slots=True)
class Check:
    """A thing that must hold, the rows that break it, and what to do about them."""

    name: str
    holds: str
    hint: str
    wrong: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that does not hold: for how many rows, the first of them, and what to do."""

    check: Check
    count: int
    first: tuple[str, ...]


CHECKS: Final = (
    Check(
        name="invoice_total",
        holds="an invoice is the sum of its lines",
        hint="Compare the invoice with its lines; correct it by a credit note, never in place.",
        wrong="""
        SELECT i.invoice_id, i.status, i.subtotal, coalesce(l.total, 0) AS lines
          FROM invoices i
          LEFT JOIN (SELECT account_id, customer_id, invoice_id, sum(amount) AS total
                       FROM invoice_lines
                      GROUP BY account_id, customer_id, invoice_id) l
         USING (account_id, customer_id, invoice_id)
         WHERE i.subtotal <> coalesce(l.total, 0)
            OR i.amount <> i.subtotal + i.tax_amount
    """,
    ),
    Check(
        name="invoice_tax",
        holds="tax is the rate of the subtotal, rounded once",
        hint="Compare tax_amount with subtotal and tax_rate; correct it by a credit note.",
        wrong="""
        SELECT i.invoice_id, i.subtotal, i.tax_rate, i.tax_amount
          FROM invoices i
          JOIN currencies c USING (currency)
         WHERE i.tax_amount <> round(i.subtotal * i.tax_rate / 100, c.decimals)
    """,
    ),
    Check(
        name="whole_money",
        holds="money has the decimals of its currency",
        hint="An amount has fractions of a minor unit: find what wrote it.",
        wrong="""
        SELECT m.id, m.currency, m.amount
          FROM (SELECT invoice_id AS id, currency, amount FROM invoices
                UNION ALL SELECT invoice_id, currency, amount_paid FROM invoices
                UNION ALL SELECT payment_id, currency, amount FROM payments
                UNION ALL SELECT credit_note_id, currency, amount FROM credit_notes
                UNION ALL SELECT entry_id, currency, amount FROM balance_entries
                UNION ALL SELECT l.invoice_id, i.currency, l.amount
                            FROM invoice_lines l
                            JOIN invoices i USING (account_id, customer_id, invoice_id)) m
          JOIN currencies c USING (currency)
         WHERE m.amount <> round(m.amount, c.decimals)
    """,
    ),
    Check(
        name="invoice_paid",
        holds="what was paid is the sum of the applications",
        hint="Compare amount_paid with the invoice's applications.",
        wrong="""
        SELECT i.invoice_id, i.status, i.amount_paid, coalesce(a.total, 0) AS applied
          FROM invoices i
          LEFT JOIN (SELECT account_id, customer_id, invoice_id, sum(amount) AS total
                       FROM applications
                      GROUP BY account_id, customer_id, invoice_id) a
         USING (account_id, customer_id, invoice_id)
         WHERE i.amount_paid <> coalesce(a.total, 0)
    """,
    ),
    Check(
        name="paid_is_covered",
        holds="an issued invoice is PAID exactly when it is covered",
        hint="The status says otherwise than the money: record or reverse a payment.",
        wrong="""
        SELECT invoice_id, status, amount, amount_paid
          FROM invoices
         WHERE status NOT IN ('PENDING', 'VOID')
           AND (status = 'PAID') <> (amount_paid = amount)
    """,
    ),
    Check(
        name="payment_whole",
        holds="a payment lies on invoices and on the balance, whole",
        hint="Find the application or balance entry that is missing or double.",
        wrong="""
        SELECT p.payment_id, p.amount, coalesce(a.total, 0) AS applied, coalesce(e.total, 0) AS kept
          FROM payments p
          LEFT JOIN (SELECT account_id, customer_id, source_id, sum(amount) AS total
                       FROM applications WHERE source = 'PAYMENT'
                      GROUP BY account_id, customer_id, source_id) a
            ON (a.account_id, a.customer_id, a.source_id)
             = (p.account_id, p.customer_id, p.payment_id)
          LEFT JOIN (SELECT account_id, customer_id, source_id, sum(amount) AS total
                       FROM balance_entries WHERE kind IN ('OVERPAYMENT', 'PAYMENT')
                      GROUP BY account_id, customer_id, source_id) e
            ON (e.account_id, e.customer_id, e.source_id)
             = (p.account_id, p.customer_id, p.payment_id)
         WHERE p.reversed_at IS NULL
           AND p.amount <> coalesce(a.total, 0) + coalesce(e.total, 0)
    """,
    ),
    Check(
        name="statement_entry_whole",
        holds="an entry of a bank statement is what is open of it and the payments it became",
        hint="Compare the entry's `open` with its parts that are not undone.",
        wrong="""
        SELECT e.entry_id, e.amount, e.open, coalesce(s.total, 0) AS applied
          FROM statement_entries e
          LEFT JOIN (SELECT account_id, entry_id, sum(amount) AS total
                       FROM statement_parts
                       JOIN payments USING (account_id, customer_id, payment_id)
                      WHERE undone_at IS NULL
                      GROUP BY account_id, entry_id) s USING (account_id, entry_id)
         WHERE e.amount > 0 AND e.amount <> e.open + coalesce(s.total, 0)
            OR e.amount < 0 AND s.total IS NOT NULL
    """,
    ),
    Check(
        name="payment_taken_back",
        holds="a payment that was undone, or that a bank took back, is reversed",
        hint="Reverse the payment, or find what wrote that it was taken back.",
        wrong="""
        SELECT p.payment_id, p.amount, p.reversed_at
          FROM payments p
         WHERE p.reversed_at IS NULL
           AND (EXISTS (SELECT FROM statement_entries e
                         WHERE e.account_id = p.account_id AND e.takes_back = p.payment_id)
                OR EXISTS (SELECT FROM statement_parts s
                            WHERE (s.account_id, s.customer_id, s.payment_id)
                                = (p.account_id, p.customer_id, p.payment_id)
                              AND s.undone_at IS NOT NULL))
    """,
    ),
    Check(
        name="credit_note_whole",
        holds="a credit note is the sum of its lines, and lies on invoices and on the balance, whole",
        hint="Find the application or balance entry that is missing or double.",
        wrong="""
        SELECT n.credit_note_id, n.amount, coalesce(a.total, 0) AS applied,
               coalesce(e.total, 0) AS kept
          FROM credit_notes n
          LEFT JOIN (SELECT account_id, customer_id, source_id, sum(amount) AS total
                       FROM applications WHERE source = 'CREDIT_NOTE'
                      GROUP BY account_id, customer_id, source_id) a
            ON (a.account_id, a.customer_id, a.source_id)
             = (n.account_id, n.customer_id, n.credit_note_id)
          LEFT JOIN (SELECT account_id, customer_id, source_id, sum(amount) AS total
                       FROM balance_entries WHERE kind = 'CREDIT_NOTE'
                      GROUP BY account_id, customer_id, source_id) e
            ON (e.account_id, e.customer_id, e.source_id)
             = (n.account_id, n.customer_id, n.credit_note_id)
         WHERE n.amount <> coalesce(a.total, 0) + coalesce(e.total, 0)
            OR n.amount <> n.subtotal + n.tax_amount
            OR n.subtotal <> (SELECT sum((line->>'amount')::numeric)
                                FROM jsonb_array_elements(n.lines) AS line)
    """,
    ),
    Check(
        name="credit_note_tax",
        holds="a credit note has the tax of the invoices that it corrects, rounded once",
        hint="Compare the note's rate and category with its invoices'.",
        wrong="""
        SELECT n.credit_note_id, n.tax_rate, n.tax_category, n.tax_amount
          FROM credit_notes n
          JOIN currencies c USING (currency)
         WHERE n.tax_amount <> round(n.subtotal * n.tax_rate / 100, c.decimals)
            OR EXISTS (SELECT
                         FROM invoices i
                        WHERE i.account_id = n.account_id
                          AND i.customer_id = n.customer_id
                          AND i.invoice_id = ANY(n.invoice_ids)
                          AND (i.tax_rate, i.tax_category, i.tax_exemption_reason)
                              IS DISTINCT FROM
                              (n.tax_rate, n.tax_category, n.tax_exemption_reason))
    """,
    ),
    Check(
        name="credit_note_refunded",
        holds="no more was sent back for a credit note than it brought to the balance",
        hint="Compare the payouts that name the note with its entry on the balance.",
        wrong="""
        SELECT n.credit_note_id, n.amount, e.brought, e.sent_back
          FROM credit_notes n
          JOIN (SELECT account_id, customer_id, source_id,
                       coalesce(sum(amount) FILTER (WHERE kind = 'CREDIT_NOTE'), 0) AS brought,
                       coalesce(-sum(amount) FILTER (WHERE kind = 'PAYOUT'), 0) AS sent_back
                  FROM balance_entries
                 WHERE kind IN ('CREDIT_NOTE', 'PAYOUT')
                 GROUP BY account_id, customer_id, source_id) e
            ON (e.account_id, e.customer_id, e.source_id)
             = (n.account_id, n.customer_id, n.credit_note_id)
         WHERE e.sent_back > e.brought
    """,
    ),
    Check(
        name="balance_sum",
        holds="a balance is the sum of its entries",
        hint="Find the entry that is missing or double.",
        wrong="""
        SELECT coalesce(b.customer_id, e.customer_id) AS customer_id, b.amount, e.total
          FROM balances b
          FULL JOIN (SELECT account_id, customer_id, currency, sum(amount) AS total
                       FROM balance_entries
                      GROUP BY account_id, customer_id, currency) e
         USING (account_id, customer_id, currency)
         WHERE coalesce(b.amount, 0) <> coalesce(e.total, 0)
    """,
    ),
    Check(
        name="balance_on_invoice",
        holds="what the balance put onto an invoice, or took off it, is on both",
        hint="Find the application or balance entry that is missing or double.",
        wrong="""
        SELECT coalesce(a.invoice_id, e.source_id) AS invoice_id, a.total AS applied,
               -e.total AS spent
          FROM (SELECT account_id, customer_id, invoice_id, sum(amount) AS total
                  FROM applications WHERE source = 'BALANCE'
                 GROUP BY account_id, customer_id, invoice_id) a
          FULL JOIN (SELECT account_id, customer_id, source_id, sum(amount) AS total
                       FROM balance_entries
                      WHERE kind IN ('SPENT', 'REOPENED', 'VOIDED_INVOICE')
                      GROUP BY account_id, customer_id, source_id) e
            ON (e.account_id, e.customer_id, e.source_id)
             = (a.account_id, a.customer_id, a.invoice_id)
         WHERE coalesce(a.total, 0) + coalesce(e.total, 0) <> 0
    """,
    ),
    Check(
        name="money_conserved",
        holds="what came in is on invoices, on account or was sent back",
        hint="Add up the customer's payments, credit notes, invoices, balance and payouts.",
        wrong="""
        SELECT m.account_id, m.customer_id, m.currency, sum(m.amount) AS missing
          FROM (SELECT account_id, customer_id, currency, amount FROM payments
                UNION ALL
                SELECT account_id, customer_id, currency, amount FROM credit_notes
                UNION ALL
                SELECT account_id, customer_id, currency, -amount_paid FROM invoices
                UNION ALL
                SELECT account_id, customer_id, currency, -amount FROM balances
                UNION ALL
                SELECT account_id, customer_id, currency, amount FROM balance_entries
                 WHERE kind = 'PAYOUT') m
         WHERE NOT EXISTS (SELECT FROM payments p
                            WHERE (p.account_id, p.customer_id) = (m.account_id, m.customer_id)
                              AND p.reversed_at IS NOT NULL)
         GROUP BY m.account_id, m.customer_id, m.currency
        HAVING sum(m.amount) <> 0
    """,
    ),
    Check(
        name="number_gap",
        holds="a series of numbers has no gap",
        hint="A number was lost: find the document that should bear it.",
        wrong="""
        SELECT s.account_id, s.series, s.next, count(d.seq) AS given, max(d.seq) AS last
          FROM number_series s
          LEFT JOIN document_numbers d USING (account_id, series)
         GROUP BY s.account_id, s.series, s.next
        HAVING count(d.seq) <> s.next - 1 OR coalesce(max(d.seq), 0) <> s.next - 1
            OR count(DISTINCT d.number) <> count(*) FILTER (WHERE d.number IS NOT NULL)
    """,
    ),
    Check(
        name="number_document",
        holds="each number names its document, and each issued document has its number",
        hint="Compare document_numbers with the documents.",
        wrong="""
        SELECT d.series, d.number, d.document_id, o.id, o.number AS own
          FROM document_numbers d
          FULL JOIN (SELECT account_id, 'INVOICE' AS series, invoice_id AS id, number
                       FROM invoices WHERE number IS NOT NULL
                      UNION ALL
                     SELECT account_id, 'CREDIT_NOTE', credit_note_id, number
                       FROM credit_notes) o
            ON (o.account_id, o.series, o.id) = (d.account_id, d.series, d.document_id)
         WHERE d.number IS DISTINCT FROM o.number
    """,
    ),
    Check(
        name="period_sequence",
        holds="periods are numbered without a gap, up to the subscription's own",
        hint="A period is missing, or the subscription's seq is not its newest period's.",
        wrong="""
        SELECT s.subscription_id, s.seq, count(p.seq) AS periods, max(p.seq) AS last
          FROM subscriptions s
          LEFT JOIN periods p USING (account_id, customer_id, subscription_id)
         GROUP BY s.account_id, s.customer_id, s.subscription_id, s.seq
        HAVING s.seq <> count(p.seq) - 1 OR s.seq <> coalesce(max(p.seq), -1)
    """,
    ),
    Check(
        name="period_overlap",
        holds="periods never overlap, and only the newest is open",
        hint="Time is charged twice: credit one of the periods.",
        wrong="""
        SELECT subscription_id, seq, starts_at, ends_at, next_starts_at
          FROM (SELECT *, lead(starts_at) OVER (PARTITION BY account_id, customer_id,
                                                subscription_id ORDER BY seq) AS next_starts_at
                  FROM periods) p
         WHERE next_starts_at < ends_at
            OR (next_starts_at IS NOT NULL AND closed_at IS NULL)
    """,
    ),
    Check(
        name="period_billed_twice",
        holds="a period has one SUBSCRIPTION invoice at most",
        hint="Void or credit one of the invoices.",
        wrong="""
        SELECT subscription_id, seq, count(*)
          FROM invoices
         WHERE kind = 'SUBSCRIPTION' AND subscription_id IS NOT NULL
         GROUP BY account_id, customer_id, subscription_id, seq
        HAVING count(*) > 1
    """,
    ),
    Check(
        name="final_twice",
        holds="a period has one FINAL invoice at most",
        hint="Void or credit one of the invoices.",
        wrong="""
        SELECT subscription_id, seq, count(*)
          FROM invoices
         WHERE kind = 'FINAL'
         GROUP BY account_id, customer_id, subscription_id, seq
        HAVING count(*) > 1
    """,
    ),
    Check(
        name="period_unbilled",
        holds="every period was charged by something",
        hint="A period has no invoice: find the step that left it out.",
        wrong="""
        SELECT p.subscription_id, p.seq
          FROM periods p
         WHERE NOT EXISTS (SELECT FROM invoices i
                            WHERE (i.account_id, i.customer_id, i.subscription_id, i.seq)
                                = (p.account_id, p.customer_id, p.subscription_id, p.seq))
           AND NOT EXISTS (SELECT FROM segments g
                            WHERE (g.account_id, g.customer_id, g.subscription_id, g.seq)
                                = (p.account_id, p.customer_id, p.subscription_id, p.seq)
                              AND g.invoice_id IS NOT NULL)
           -- What it cost was less than what was unused of the period that it cut.
           AND NOT EXISTS (SELECT FROM credit_notes n
                            WHERE (n.account_id, n.customer_id, n.subscription_id, n.seq)
                                = (p.account_id, p.customer_id, p.subscription_id, p.seq - 1)
                              AND n.kind = 'PLAN_CHANGE')
    """,
    ),
    Check(
        name="subscribed_twice",
        holds="a customer has one open subscription to a plan at most",
        hint="Cancel one of the subscriptions.",
        wrong="""
        SELECT customer_id, plan_id, count(*)
          FROM subscriptions
         WHERE status NOT IN ('CANCELLED', 'EXPIRED')
         GROUP BY account_id, customer_id, plan_id
        HAVING count(*) > 1
    """,
    ),
    Check(
        name="pool_sum",
        holds="a pool is the sum of its transactions, and the last one says so",
        hint="Compare the pool's grants and overdraft with its transactions.",
        wrong="""
        SELECT p.pool_id, p.overdraft, g.remaining, t.moved, t.last[2] AS said
          FROM credit_pools p
          LEFT JOIN (SELECT account_id, customer_id, pool_id, sum(remaining) AS remaining
                       FROM credit_grants
                      GROUP BY account_id, customer_id, pool_id) g
         USING (account_id, customer_id, pool_id)
          LEFT JOIN (SELECT account_id, customer_id, pool_id, sum(amount) AS moved,
                            max(ARRAY[seq, balance_after]) AS last
                       FROM credit_transactions
                      GROUP BY account_id, customer_id, pool_id) t
         USING (account_id, customer_id, pool_id)
         WHERE coalesce(g.remaining, 0) - p.overdraft <> coalesce(t.moved, 0)
            OR coalesce(t.last[2], 0) <> coalesce(t.moved, 0)
    """,
    ),
    Check(
        name="pool_chain",
        holds="a pool's transactions chain, numbered without a gap",
        hint="Find the transaction that is missing or out of order.",
        wrong="""
        SELECT pool_id, seq, amount, balance_after
          FROM (SELECT pool_id, seq, amount, balance_after,
                       row_number() OVER w AS place,
                       sum(amount) OVER w AS total
                  FROM credit_transactions
                -- The pool first: it tells nearly all apart, which makes sorting cheap.
                WINDOW w AS (PARTITION BY pool_id, customer_id, account_id
                             ORDER BY seq ROWS UNBOUNDED PRECEDING)) t
         WHERE seq <> place OR balance_after <> total
    """,
    ),
    Check(
        name="pool_totals",
        holds="a pool's totals and its count are those of its transactions",
        hint="Set the totals to the sums of the transactions, and the count to how many there are.",
        wrong="""
        SELECT p.pool_id, p.granted, p.consumed, p.expired, p.clawed, p.transactions, t.*
          FROM credit_pools p
          LEFT JOIN (SELECT account_id, customer_id, pool_id, count(*) AS many,
                            sum(amount) FILTER (WHERE kind = 'GRANT') AS granted_sum,
                            -sum(amount) FILTER (WHERE kind IN ('BURN', 'REVERSAL', 'CORRECTION'))
                              AS burnt_sum,
                            -sum(amount) FILTER (WHERE kind IN ('EXPIRY', 'ROLLOVER')) AS expired_sum,
                            -sum(amount) FILTER (WHERE kind = 'CLAWBACK') AS clawed_sum
                       FROM credit_transactions
                      GROUP BY account_id, customer_id, pool_id) t
         USING (account_id, customer_id, pool_id)
         WHERE (p.granted, p.consumed, p.expired, p.clawed, p.transactions)
            <> (coalesce(granted_sum, 0), coalesce(burnt_sum, 0), coalesce(expired_sum, 0),
                coalesce(clawed_sum, 0), coalesce(many, 0))
    """,
    ),
    Check(
        name="grant_left",
        holds="what is left of a grant is explained by transactions",
        hint="Compare the grant with the parts that transactions took from it.",
        wrong="""
        SELECT g.grant_id, g.amount, g.remaining, t.moved
          FROM credit_grants g
          FULL JOIN (SELECT x.account_id, x.customer_id, x.pool_id,
                            (part->>0)::uuid AS grant_id, sum((part->>1)::numeric) AS moved
                       FROM credit_transactions x
                      CROSS JOIN jsonb_array_elements(x.taken) AS part
                      GROUP BY x.account_id, x.customer_id, x.pool_id, (part->>0)::uuid) t
         USING (account_id, customer_id, pool_id, grant_id)
         WHERE g.remaining IS DISTINCT FROM coalesce(t.moved, 0)
    """,
    ),
    Check(
        name="grant_given",
        holds="a grant was given once, whole",
        hint="Find the GRANT transaction that is missing or double.",
        wrong="""
        SELECT p.pool_id, g.given, t.booked
          FROM credit_pools p
          LEFT JOIN (SELECT account_id, customer_id, pool_id, sum(amount) AS given
                       FROM credit_grants
                      GROUP BY account_id, customer_id, pool_id) g
         USING (account_id, customer_id, pool_id)
          LEFT JOIN (SELECT account_id, customer_id, pool_id, sum(amount) AS booked
                       FROM credit_transactions
                      WHERE kind = 'GRANT'
                      GROUP BY account_id, customer_id, pool_id) t
         USING (account_id, customer_id, pool_id)
         WHERE coalesce(g.given, 0) <> coalesce(t.booked, 0)
    """,
    ),
    Check(
        name="counter_sum",
        holds="a counter is the sum of its events",
        hint="Rebuild counters from their events: usance verify --rebuild-counters.",
        wrong="""
        SELECT subscription_id, seq, feature_key, c.units, c.covered, c.events, e.billable,
               e.paid_with_credits, e.many
          FROM counters c
          FULL JOIN (SELECT account_id, customer_id, subscription_id, seq, feature_key, version_id,
                            "window", sum(billable) AS billable, sum(covered) AS paid_with_credits,
                            count(*) AS many
                       FROM usage_events
                      WHERE subscription_id IS NOT NULL
                      GROUP BY account_id, customer_id, subscription_id, seq, feature_key,
                               version_id, "window") e
         USING (account_id, customer_id, subscription_id, seq, feature_key, version_id, "window")
          JOIN periods p USING (account_id, customer_id, subscription_id, seq)
         WHERE (coalesce(c.units, 0) <> coalesce(e.billable, 0)
                OR coalesce(c.covered, 0) <> coalesce(e.paid_with_credits, 0)
                OR coalesce(c.events, 0) <> coalesce(e.many, 0))
           -- Events come while the period runs and, late, for 35 days after it.
           AND NOT EXISTS (SELECT FROM archived a
                            WHERE (a.account_id, a.customer_id) = (p.account_id, p.customer_id)
                              AND a.recorded_at >= p.starts_at
                              AND a.recorded_at < p.ends_at + interval '840 hours')
    """,
    ),
    Check(
        name="usage_forgiven",
        holds="no more usage is forgiven than stood on invoices that their seller voided",
        hint="Compare the counter's stretches with the usage lines of its void invoices.",
        wrong="""
        SELECT c.subscription_id, c.seq, c.feature_key, c.forgiven, c.total, coalesce(l.total, 0) AS lines
          FROM (SELECT account_id, customer_id, subscription_id, seq, feature_key, version_id,
                       forgiven, (SELECT sum(CASE WHEN place % 2 = 0 THEN bound ELSE -bound END)
                                    FROM unnest(forgiven) WITH ORDINALITY AS b (bound, place)) AS total
                  FROM counters
                 WHERE cardinality(forgiven) > 0) c
          LEFT JOIN (SELECT i.account_id, i.customer_id, i.subscription_id,
                            (l.calculation->'metered'->>'seq')::int AS seq, l.feature_key,
                            (l.calculation->>'version_id')::uuid AS version_id,
                            sum(l.amount) AS total
                       FROM invoices i
                       JOIN invoice_lines l USING (account_id, customer_id, invoice_id)
                      WHERE i.status = 'VOID'
                        AND NOT i.voided_by_end
                        AND l.calculation ? 'metered'
                      GROUP BY 1, 2, 3, 4, 5, 6) l
         USING (account_id, customer_id, subscription_id, seq, feature_key, version_id)
         WHERE c.total > coalesce(l.total, 0)
            OR c.forgiven <> ARRAY(SELECT DISTINCT bound FROM unnest(c.forgiven) AS bound ORDER BY bound)
    """,
    ),
    Check(
        name="event_key",
        holds="each event has its key, and each key its event",
        hint="An event without its key could be recorded again.",
        wrong="""
        SELECT event_id, k.key, e.key AS own
          FROM event_keys k
          FULL JOIN usage_events e USING (account_id, customer_id, event_id, recorded_at)
         WHERE k.key IS DISTINCT FROM e.key
           AND NOT EXISTS (SELECT FROM archived a
                            WHERE (a.account_id, a.customer_id, a.event_id)
                                = (k.account_id, k.customer_id, k.event_id))
    """,
    ),
    Check(
        name="event_burn",
        holds="an event burnt what its pool's transactions say",
        hint="Compare the event's credits with its BURN or CORRECTION transaction.",
        wrong="""
        SELECT event_id, e.credits, t.burnt
          FROM (SELECT account_id, customer_id, event_id, credits FROM usage_events
                 WHERE credits <> 0) e
          FULL JOIN (SELECT account_id, customer_id, event_id, -sum(amount) AS burnt
                       FROM credit_transactions
                      WHERE kind IN ('BURN', 'CORRECTION')
                      GROUP BY account_id, customer_id, event_id) t
         USING (account_id, customer_id, event_id)
         WHERE e.credits IS DISTINCT FROM t.burnt
           AND NOT EXISTS (SELECT FROM archived a
                            WHERE (a.account_id, a.customer_id, a.event_id)
                                = (t.account_id, t.customer_id, t.event_id))
    """,
    ),
    Check(
        name="correction",
        holds="a correction takes off what it says, and all of them no more than their event",
        hint="Compare event_corrections with the events below zero, and with those they correct.",
        wrong="""
        SELECT w.event_id, w.correction_id, w.units, w.off
          FROM (SELECT c.account_id, c.customer_id, c.event_id, NULL::uuid AS correction_id,
                       e.units, c.units AS off
                  FROM (SELECT account_id, customer_id, event_id, sum(units) AS units,
                               sum(credits) AS credits
                          FROM event_corrections
                         GROUP BY account_id, customer_id, event_id) c
                  LEFT JOIN usage_events e USING (account_id, customer_id, event_id)
                 WHERE e.event_id IS NULL OR c.units > e.units OR c.credits > e.credits
                 UNION ALL
                SELECT account_id, customer_id, correction_id, correction_id, e.units, c.units
                  FROM event_corrections c
                  FULL JOIN (SELECT account_id, customer_id, event_id AS correction_id, units,
                                    credits
                               FROM usage_events
                              WHERE units < 0) e
                 USING (account_id, customer_id, correction_id)
                 WHERE e.units IS DISTINCT FROM -c.units OR -e.credits > c.credits) w
         WHERE NOT EXISTS (SELECT FROM archived a
                            WHERE (a.account_id, a.customer_id, a.event_id)
                                = (w.account_id, w.customer_id, w.event_id))
    """,
    ),
)

# $1 is the real instant up to which all due work has been done; accounts add their clocks' lead.
SETTLED_CHECKS: Final = (
    Check(
        name="nothing_due",
        holds="nothing is due any more",
        hint="A worker is late, or a step fails: see `usance parked`.",
        wrong="""
        SELECT d.what, d.id, d.at
          FROM (SELECT account_id, 'subscription' AS what, subscription_id AS id, next_due_at AS at
                  FROM subscriptions
                 WHERE parked_at IS NULL
                 UNION ALL
                SELECT account_id, 'pool', pool_id, next_due_at
                  FROM credit_pools
                 UNION ALL
                SELECT account_id, 'invoice', invoice_id, past_due_at
                  FROM invoices
                 WHERE status = 'DUE') d
          JOIN accounts a USING (account_id)
         WHERE d.at <= $1::timestamptz + a.clock_offset_us * interval '1 microsecond'
    """,
    ),
    Check(
        name="knows_when_due",
        holds="a running subscription knows when it is due",
        hint="Its next_due_at is lost: any command about the customer sets it again.",
        wrong="""
        SELECT subscription_id, status
          FROM subscriptions
         WHERE status IN ('ACTIVE', 'TRIALING', 'INCOMPLETE')
           AND parked_at IS NULL
           AND ($1::timestamptz IS NULL OR next_due_at IS NULL)
    """,
    ),
)


async def verify(tx: Tx, *, settled_at: datetime | None) -> list[Finding]:
    """Return the checks that do not hold; none when the books are right.

    `settled_at`: a real instant up to which all due work is done, so that nothing may be due.
    """
    return await _answered(tx, _asked(settled_at))


async def verify_abreast(db: Db, lanes: int, *, settled_at: datetime | None) -> list[Finding]:
    """Return what `verify` does, found on so many connections side by side."""
    async with at_one_instant(db, lanes) as connections:
        waiting = _asked(settled_at)
        # Each is awaited, also when another fails: a connection does one thing at a time.
        answers = await asyncio.gather(
            *(_answered(tx, waiting) for tx in connections), return_exceptions=True
        )
    found: list[Finding] = []
    for each in answers:
        if isinstance(each, BaseException):
            raise each
        found += each
    order = [check for check, _ in _asked(settled_at)]
    return sorted(found, key=lambda one: order.index(one.check))


@asynccontextmanager
async def at_one_instant(db: Db, lanes: int) -> AsyncIterator[list[Tx]]:
    """Open read-only transactions on connections of their own that all see one instant."""
    async with AsyncExitStack() as opened:
        connections = [await opened.enter_async_context(db.snapshot()) for _ in range(lanes)]
        instant = await connections[0].fetchval("SELECT pg_export_snapshot()")
        for tx in connections[1:]:
            await tx.execute(f"SET TRANSACTION SNAPSHOT '{instant}'")
        yield connections


_Question: TypeAlias = tuple[Check, tuple[datetime, ...]]


def _asked(settled_at: datetime | None) -> list[_Question]:
    """Return the checks with their arguments."""
    always: list[_Question] = [(check, ()) for check in CHECKS]
    if settled_at is None:
        return always
    return [*always, *((check, (settled_at,)) for check in SETTLED_CHECKS)]


async def _answered(tx: Tx, waiting: list[_Question]) -> list[Finding]:
    """Take checks off the list until none is left, and return those that do not hold.

    From its end: the longest stand there, and none of them is begun when the others are done.
    """
    found: list[Finding] = []
    try:
        for setting in _SETTINGS:
            await tx.execute(setting)
        while waiting:
            check, arguments = waiting.pop()
            rows = await tx.fetch(_counted(_with_parts(check.wrong)), *arguments)
            found += _finding(check, rows)
    finally:
        waiting.clear()  # when one fails, the others need not go on
    return found[::-1]


def _counted(wrong: str) -> str:
    """Return the statement that gives the first wrong rows, each with the number of all."""
    return f"""
        SELECT wrong.*, count(*) OVER () AS wrong_rows
          FROM ({wrong}) AS wrong
         LIMIT {_SHOWN_MAX}
    """


def _finding(check: Check, rows: list[asyncpg.Record]) -> Iterator[Finding]:
    if rows:
        yield Finding(check, int(rows[0]["wrong_rows"]), tuple(_told(row) for row in rows))


def _told(row: asyncpg.Record) -> str:
    return ", ".join(f"{key}={value}" for key, value in row.items() if key != "wrong_rows")


def _with_parts(wrong: str) -> str:
    decimals = ", ".join(f"('{code}', {money.exponent(code)})" for code in money.currencies())
    return f"WITH currencies (currency, decimals) AS (VALUES {decimals}), {ARCHIVED} {wrong}"
