"""Whether the books are right: every sum that the ledger keeps is made again from its facts.

    assert await check_books(connection) == []
    assert await check_books(connection, settled_at=clock.real_now()) == []   # and nothing is due

Each question is one statement over whole tables that returns the rows which are wrong, so it can be
asked at the end of any test, of a hundred rows or a million. It shares no code with what it checks.
"""

from datetime import datetime
from typing import Final, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from usance.core import money

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

_SHOWN_MAX: Final = 10

# Name → the rows that are wrong, each as one text.
_QUESTIONS: Final[dict[str, str]] = {
    # Invoices and money -------------------------------------------------------------------------
    "an invoice is the sum of its lines": """
        SELECT i.invoice_id, i.status, i.subtotal, coalesce(l.total, 0) AS lines
          FROM invoices i
          LEFT JOIN (SELECT account_id, customer_id, invoice_id, sum(amount) AS total
                       FROM invoice_lines
                      GROUP BY account_id, customer_id, invoice_id) l
         USING (account_id, customer_id, invoice_id)
         WHERE i.subtotal <> coalesce(l.total, 0)
            OR i.amount <> i.subtotal + i.tax_amount
    """,
    "tax is the rate of the subtotal, rounded once": """
        SELECT i.invoice_id, i.subtotal, i.tax_rate, i.tax_amount
          FROM invoices i
          JOIN currencies c USING (currency)
         WHERE i.tax_amount <> round(i.subtotal * i.tax_rate / 100, c.decimals)
    """,
    "money has the decimals of its currency": """
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
    "what was paid is the sum of the applications": """
        SELECT i.invoice_id, i.status, i.amount_paid, coalesce(a.total, 0) AS applied
          FROM invoices i
          LEFT JOIN (SELECT account_id, customer_id, invoice_id, sum(amount) AS total
                       FROM applications
                      GROUP BY account_id, customer_id, invoice_id) a
         USING (account_id, customer_id, invoice_id)
         WHERE i.amount_paid <> coalesce(a.total, 0)
    """,
    "an issued invoice is PAID exactly when it is covered": """
        SELECT invoice_id, status, amount, amount_paid
          FROM invoices
         WHERE status NOT IN ('PENDING', 'VOID')
           AND (status = 'PAID') <> (amount_paid = amount)
    """,
    "a payment lies on invoices and on the balance, whole": """
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
    "a credit note is the sum of its lines, and lies on invoices and on the balance, whole": """
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
    "a balance is the sum of its entries": """
        SELECT coalesce(b.customer_id, e.customer_id) AS customer_id, b.amount, e.total
          FROM balances b
          FULL JOIN (SELECT account_id, customer_id, currency, sum(amount) AS total
                       FROM balance_entries
                      GROUP BY account_id, customer_id, currency) e
         USING (account_id, customer_id, currency)
         WHERE coalesce(b.amount, 0) <> coalesce(e.total, 0)
    """,
    # A reversed payment that was paid out meanwhile is asked for by an invoice: left out here.
    "what came in is on invoices, on account or was sent back": """
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
    # Numbers ------------------------------------------------------------------------------------
    "a series of numbers has no gap": """
        SELECT s.account_id, s.series, s.next, count(d.seq) AS given, max(d.seq) AS last
          FROM number_series s
          LEFT JOIN document_numbers d USING (account_id, series)
         GROUP BY s.account_id, s.series, s.next
        HAVING count(d.seq) <> s.next - 1
            OR coalesce(max(d.seq), 0) <> s.next - 1
            OR count(DISTINCT d.number) <> count(d.seq)
    """,
    "each number names its document, and each issued document has its number": """
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
    # Subscriptions ------------------------------------------------------------------------------
    "periods are numbered without a gap, up to the subscription's own": """
        SELECT s.subscription_id, s.seq, count(p.seq) AS periods, max(p.seq) AS last
          FROM subscriptions s
          LEFT JOIN periods p USING (account_id, customer_id, subscription_id)
         GROUP BY s.account_id, s.customer_id, s.subscription_id, s.seq
        HAVING s.seq <> count(p.seq) - 1 OR s.seq <> coalesce(max(p.seq), -1)
    """,
    "periods never overlap, and only the newest is open": """
        SELECT subscription_id, seq, starts_at, ends_at, next_starts_at
          FROM (SELECT *, lead(starts_at) OVER (PARTITION BY account_id, customer_id,
                                                subscription_id ORDER BY seq) AS next_starts_at
                  FROM periods) p
         WHERE next_starts_at < ends_at
            OR (next_starts_at IS NOT NULL AND closed_at IS NULL)
    """,
    "a period has one SUBSCRIPTION invoice at most": """
        SELECT subscription_id, seq, count(*)
          FROM invoices
         WHERE kind = 'SUBSCRIPTION' AND subscription_id IS NOT NULL
         GROUP BY account_id, customer_id, subscription_id, seq
        HAVING count(*) > 1
    """,
    "a period has one FINAL invoice at most": """
        SELECT subscription_id, seq, count(*)
          FROM invoices
         WHERE kind = 'FINAL'
         GROUP BY account_id, customer_id, subscription_id, seq
        HAVING count(*) > 1
    """,
    # A re-anchored period may be charged by the invoice of the one before.
    "every period was charged by something": """
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
    "a customer has one open subscription to a plan at most": """
        SELECT customer_id, plan_id, count(*)
          FROM subscriptions
         WHERE status NOT IN ('CANCELLED', 'EXPIRED')
         GROUP BY account_id, customer_id, plan_id
        HAVING count(*) > 1
    """,
    # Credits ------------------------------------------------------------------------------------
    "a pool is the sum of its transactions, and the last one says so": """
        SELECT p.pool_id, p.overdraft, g.remaining, t.moved, t.said
          FROM credit_pools p
          LEFT JOIN (SELECT account_id, customer_id, pool_id, sum(remaining) AS remaining
                       FROM credit_grants
                      GROUP BY account_id, customer_id, pool_id) g
         USING (account_id, customer_id, pool_id)
          LEFT JOIN (SELECT account_id, customer_id, pool_id, sum(amount) AS moved,
                            (array_agg(balance_after ORDER BY seq DESC))[1] AS said
                       FROM credit_transactions
                      GROUP BY account_id, customer_id, pool_id) t
         USING (account_id, customer_id, pool_id)
         WHERE coalesce(g.remaining, 0) - p.overdraft <> coalesce(t.moved, 0)
            OR coalesce(t.said, 0) <> coalesce(t.moved, 0)
    """,
    "a pool's transactions chain, numbered without a gap": """
        SELECT pool_id, seq, amount, balance_after
          FROM (SELECT t.*, p.transactions,
                       row_number() OVER w AS place,
                       sum(t.amount) OVER w AS total,
                       count(*) OVER (PARTITION BY t.account_id, t.customer_id, t.pool_id) AS many
                  FROM credit_transactions t
                  JOIN credit_pools p USING (account_id, customer_id, pool_id)
                WINDOW w AS (PARTITION BY t.account_id, t.customer_id, t.pool_id
                             ORDER BY t.seq)) t
         WHERE seq <> place OR balance_after <> total OR many <> transactions
    """,
    "a pool's totals are those of its transactions": """
        SELECT p.pool_id, p.granted, p.consumed, p.expired, p.clawed, t.*
          FROM credit_pools p
          LEFT JOIN (SELECT account_id, customer_id, pool_id,
                            sum(amount) FILTER (WHERE kind = 'GRANT') AS granted_sum,
                            -sum(amount) FILTER (WHERE kind IN ('BURN', 'REVERSAL')) AS burnt_sum,
                            -sum(amount) FILTER (WHERE kind IN ('EXPIRY', 'ROLLOVER')) AS expired_sum,
                            -sum(amount) FILTER (WHERE kind = 'CLAWBACK') AS clawed_sum
                       FROM credit_transactions
                      GROUP BY account_id, customer_id, pool_id) t
         USING (account_id, customer_id, pool_id)
         WHERE (p.granted, p.consumed, p.expired, p.clawed)
            <> (coalesce(granted_sum, 0), coalesce(burnt_sum, 0), coalesce(expired_sum, 0),
                coalesce(clawed_sum, 0))
    """,
    "what is left of a grant is explained by transactions": """
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
    "a grant was given once, whole": """
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
    # Usage --------------------------------------------------------------------------------------
    "a counter is the sum of its events": """
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
         WHERE coalesce(c.units, 0) <> coalesce(e.billable, 0)
            OR coalesce(c.covered, 0) <> coalesce(e.paid_with_credits, 0)
            OR coalesce(c.events, 0) <> coalesce(e.many, 0)
    """,
    "each event has its key, and each key its event": """
        SELECT event_id, k.key, e.key AS own
          FROM event_keys k
          FULL JOIN usage_events e USING (account_id, customer_id, event_id, recorded_at)
         WHERE k.key IS DISTINCT FROM e.key
    """,
    "an event burnt what its pool's transactions say": """
        SELECT event_id, e.credits, t.burnt
          FROM (SELECT account_id, customer_id, event_id, credits FROM usage_events
                 WHERE credits <> 0) e
          FULL JOIN (SELECT account_id, customer_id, event_id, -sum(amount) AS burnt
                       FROM credit_transactions
                      WHERE kind = 'BURN'
                      GROUP BY account_id, customer_id, event_id) t
         USING (account_id, customer_id, event_id)
         WHERE e.credits IS DISTINCT FROM t.burnt
    """,
}

# $1 is the real instant up to which all due work has been done; accounts add their clocks' lead.
_SETTLED: Final[dict[str, str]] = {
    "nothing is due any more": """
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
    "a running subscription knows when it is due": """
        SELECT subscription_id, status
          FROM subscriptions
         WHERE status IN ('ACTIVE', 'TRIALING', 'INCOMPLETE')
           AND parked_at IS NULL
           AND ($1::timestamptz IS NULL OR next_due_at IS NULL)
    """,
}


async def check_books(connection: Connection, *, settled_at: datetime | None = None) -> list[str]:
    """Return what is wrong in the database, a sentence for each; nothing when the books are right.

    `settled_at`: a real instant up to which all due work has been done, so that nothing may be due.
    """
    codes = [row["currency"] for row in await connection.fetch(_CURRENCIES)]
    known = ", ".join(f"('{code}', {money.exponent(code)})" for code in codes) or "('USD', 2)"
    found: list[str] = []
    for name, wrong in _QUESTIONS.items():
        statement = f"WITH currencies (currency, decimals) AS (VALUES {known}) {wrong}"
        found += _told(name, await connection.fetch(statement))
    if settled_at is not None:
        for name, wrong in _SETTLED.items():
            found += _told(name, await connection.fetch(wrong, settled_at))
    return found


_CURRENCIES: Final = """
    SELECT currency FROM invoices
    UNION
    SELECT currency FROM payments
    UNION
    SELECT currency FROM balances
    ORDER BY currency
"""


def _told(name: str, rows: list[asyncpg.Record]) -> list[str]:
    told = [
        f"not so: {name}: {', '.join(f'{key}={value}' for key, value in row.items())}"
        for row in rows[:_SHOWN_MAX]
    ]
    more = len(rows) - _SHOWN_MAX
    return [*told, f"not so: {name}: … and {more} more"] if more > 0 else told
