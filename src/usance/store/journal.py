"""The journal: every fact about money of an account, in the order in which it was recorded.

A fact is read from the rows that it left, which are only ever added; that something was written off is
read from its notice, for an invoice remembers only the last time.

Units: amounts are exact, at the currency's scale.
Sources: BILLING.md, "Receivables" ("The journal").
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

import asyncpg

from usance.core.ids import AccountId
from usance.core.journal import Fact, FactKind
from usance.store.db import Tx

_ROWS_AT_ONCE: Final = 500

# Written off: from then until it is paid in whole (`until`), or void, or ever.
_WRITTEN_OFF: Final = """
    SELECT i.customer_id, i.invoice_id, i.number, i.currency, i.amount, i.voided_at, n.at,
           (n.payload->>'amountDue')::numeric AS amount_due,
           (SELECT min(a.applied_at)
              FROM applications a
             WHERE a.account_id = i.account_id
               AND a.customer_id = i.customer_id
               AND a.invoice_id = i.invoice_id
               AND a.applied_at > n.at
               AND i.amount = (SELECT sum(b.amount)
                                 FROM applications b
                                WHERE b.account_id = a.account_id
                                  AND b.customer_id = a.customer_id
                                  AND b.invoice_id = a.invoice_id
                                  AND b.applied_at <= a.applied_at)) AS until
      FROM invoices i
      JOIN notices n
        ON n.account_id = i.account_id
       AND n.customer_id = i.customer_id
       AND n.subject_id = i.invoice_id
       AND n.kind = 'invoice.written_off'
     WHERE i.account_id = $1
       AND i.written_off_at IS NOT NULL
"""

_LINES: Final = """
           (SELECT coalesce(jsonb_object_agg(k.kind, k.amount), '{}')
              FROM (SELECT l.kind, sum(l.amount) AS amount
                      FROM invoice_lines l
                     WHERE l.account_id = i.account_id
                       AND l.customer_id = i.customer_id
                       AND l.invoice_id = i.invoice_id
                     GROUP BY l.kind) k)
"""

_NUMBER: Final = """
           (SELECT i.number
              FROM invoices i
             WHERE i.account_id = e.account_id
               AND i.customer_id = e.customer_id
               AND i.invoice_id = e.source_id)
"""


def _on_balance(source: str, kinds: str) -> str:
    return f"""
           (SELECT coalesce(sum(e.amount), 0)
              FROM balance_entries e
             WHERE e.account_id = {source}.account_id
               AND e.customer_id = {source}.customer_id
               AND e.source_id = {source}.{"payment_id" if source == "p" else "credit_note_id"}
               AND e.kind IN ({kinds}))
"""


# `rank` orders what happened at one instant: what is charged, what comes in, what goes out.
_FACTS: Final = f"""
    WITH written_off AS MATERIALIZED ({_WRITTEN_OFF})
    SELECT f.at, f.rank, f.id, f.kind, c.reference AS customer, f.currency, f.amount, f.part, f.taken,
           f.tax, f.number, f.reference, f.document, f.lines
      FROM (
    SELECT i.issued_at AS at, 0 AS rank, i.invoice_id AS id, 'INVOICE' AS kind, i.customer_id,
           i.currency, i.amount, 0::numeric AS part, 0::numeric AS taken, i.tax_amount AS tax,
           i.number, NULL::text AS reference, i.kind AS document, {_LINES} AS lines
      FROM invoices i
     WHERE i.account_id = $1 AND i.issued_at >= $2 AND i.issued_at < $3
     UNION ALL
    SELECT n.issued_at, 1, n.credit_note_id, 'CREDIT_NOTE', n.customer_id, n.currency, n.amount,
           {_on_balance("n", "'CREDIT_NOTE'")}, 0, n.tax_amount, n.number, NULL, NULL,
           (SELECT coalesce(jsonb_object_agg(k.kind, k.amount), '{{}}')
              FROM (SELECT l.kind, sum(l.amount) AS amount
                      FROM jsonb_to_recordset(n.lines) AS l (kind text, amount numeric)
                     GROUP BY l.kind) k)
      FROM credit_notes n
     WHERE n.account_id = $1 AND n.issued_at >= $2 AND n.issued_at < $3
     UNION ALL
    SELECT p.recorded_at, 2, p.payment_id, 'PAYMENT', p.customer_id, p.currency, p.amount,
           {_on_balance("p", "'PAYMENT', 'OVERPAYMENT'")}, 0, 0, NULL, p.reference, NULL, '{{}}'
      FROM payments p
     WHERE p.account_id = $1 AND p.recorded_at >= $2 AND p.recorded_at < $3
     UNION ALL
    SELECT e.at, CASE WHEN e.amount < 0 THEN 3 ELSE 5 END, e.entry_id,
           CASE WHEN e.amount < 0 THEN 'BALANCE_SPENT' ELSE 'BALANCE_RETURNED' END, e.customer_id,
           e.currency, abs(e.amount), 0, 0, 0, {_NUMBER}, NULL, NULL, '{{}}'
      FROM balance_entries e
     WHERE e.account_id = $1 AND e.at >= $2 AND e.at < $3
       AND e.kind IN ('SPENT', 'REOPENED', 'VOIDED_INVOICE')
     UNION ALL
    SELECT p.reversed_at, 4, p.payment_id, 'PAYMENT_REVERSED', p.customer_id, p.currency, p.amount,
           -{_on_balance("p", "'REVERSAL'")},
           (SELECT coalesce(-sum(a.amount), 0)
              FROM applications a
             WHERE a.account_id = p.account_id
               AND a.customer_id = p.customer_id
               AND a.source = 'PAYMENT'
               AND a.source_id = p.payment_id
               AND a.amount < 0),
           0, NULL, p.reference, NULL, '{{}}'
      FROM payments p
     WHERE p.account_id = $1 AND p.reversed_at >= $2 AND p.reversed_at < $3
     UNION ALL
    SELECT e.at, 6, e.entry_id, 'PAYOUT', e.customer_id, e.currency, -e.amount, 0, 0, 0,
           (SELECT n.number
              FROM credit_notes n
             WHERE n.account_id = e.account_id
               AND n.customer_id = e.customer_id
               AND n.credit_note_id = e.source_id),
           NULL, NULL, '{{}}'
      FROM balance_entries e
     WHERE e.account_id = $1 AND e.at >= $2 AND e.at < $3 AND e.kind = 'PAYOUT'
     UNION ALL
    SELECT w.at, 7, w.invoice_id, 'WRITE_OFF', w.customer_id, w.currency, w.amount_due, 0, 0, 0,
           w.number, NULL, NULL, '{{}}'
      FROM written_off w
     WHERE w.at >= $2 AND w.at < $3
     UNION ALL
    SELECT a.applied_at, 8, a.application_id, 'WRITE_OFF_RETURNED', w.customer_id, w.currency,
           a.amount, 0, 0, 0, w.number, NULL, NULL, '{{}}'
      FROM written_off w
      JOIN applications a
        ON a.account_id = $1
       AND a.customer_id = w.customer_id
       AND a.invoice_id = w.invoice_id
       AND a.applied_at > w.at
       AND (w.until IS NULL OR a.applied_at <= w.until)
     WHERE a.applied_at >= $2 AND a.applied_at < $3
     UNION ALL
    SELECT w.voided_at, 9, w.invoice_id, 'WRITE_OFF_RETURNED', w.customer_id, w.currency, w.amount,
           0, 0, 0, w.number, NULL, NULL, '{{}}'
      FROM written_off w
     WHERE w.until IS NULL AND w.voided_at >= $2 AND w.voided_at < $3
     UNION ALL
    SELECT i.voided_at, 10, i.invoice_id, 'INVOICE_VOIDED', i.customer_id, i.currency, i.amount, 0, 0,
           i.tax_amount, i.number, NULL, i.kind, {_LINES}
      FROM invoices i
     WHERE i.account_id = $1 AND i.voided_at >= $2 AND i.voided_at < $3 AND i.number IS NOT NULL
           ) f
      JOIN customers c ON c.account_id = $1 AND c.customer_id = f.customer_id
     ORDER BY f.at, f.rank, f.id
"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A fact, with what names it: whose it is, its document, and what the payer wrote."""

    id: UUID
    customer_reference: str
    number: str | None
    reference: str | None
    fact: Fact


async def facts(
    tx: Tx, account_id: AccountId, since: datetime, until: datetime
) -> AsyncIterator[Recorded]:
    """Yield what was recorded in [since, until), the oldest first, some hundred rows in memory."""
    async for row in tx.cursor(_FACTS, account_id, since, until, prefetch=_ROWS_AT_ONCE):
        yield _recorded(row)


def _recorded(row: asyncpg.Record) -> Recorded:
    return Recorded(
        id=row["id"],
        customer_reference=row["customer"],
        number=row["number"],
        reference=row["reference"],
        fact=Fact(
            at=row["at"],
            kind=FactKind(row["kind"]),
            currency=row["currency"],
            amount=row["amount"],
            part=row["part"],
            taken=row["taken"],
            tax=row["tax"],
            document=row["document"],
            lines={kind: Decimal(amount) for kind, amount in row["lines"].items()},
        ),
    )
