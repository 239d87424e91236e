"""Receivables: what customers owe and for how long, and the movements of a customer's account.

Units: amounts are exact, at the currency's scale; days are those of the account's zone.
Sources: BILLING.md, "Receivables".
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

import asyncpg

from usance.core.ids import AccountId, CustomerId
from usance.store.db import Tx

_OWED: Final = """
    SELECT i.customer_id, i.currency, i.status = 'UNCOLLECTIBLE' AS is_written_off,
           i.amount - i.amount_paid AS amount,
           ($2::timestamptz AT TIME ZONE $3)::date - (i.due_at AT TIME ZONE $3)::date AS days
      FROM invoices i
     WHERE i.account_id = $1
       AND i.status IN ('DUE', 'PAST_DUE', 'UNCOLLECTIBLE')
       AND i.amount > i.amount_paid
"""

_BUCKETS: Final = """
           coalesce(sum(o.amount) FILTER (WHERE NOT is_written_off AND days <= 0), 0) AS current,
           coalesce(sum(o.amount) FILTER (WHERE NOT is_written_off AND days BETWEEN 1 AND 30), 0)
               AS days_1_to_30,
           coalesce(sum(o.amount) FILTER (WHERE NOT is_written_off AND days BETWEEN 31 AND 60), 0)
               AS days_31_to_60,
           coalesce(sum(o.amount) FILTER (WHERE NOT is_written_off AND days BETWEEN 61 AND 90), 0)
               AS days_61_to_90,
           coalesce(sum(o.amount) FILTER (WHERE NOT is_written_off AND days > 90), 0)
               AS over_90,
           coalesce(sum(o.amount) FILTER (WHERE NOT is_written_off), 0) AS total,
           coalesce(sum(o.amount) FILTER (WHERE is_written_off), 0) AS written_off
"""

_BY_CUSTOMER: Final = f"""
    SELECT c.reference, o.currency, {_BUCKETS}
      FROM ({_OWED}) o
      JOIN customers c ON c.account_id = $1 AND c.customer_id = o.customer_id
     GROUP BY c.reference, c.customer_id, o.currency
     ORDER BY o.currency, total DESC, c.reference, c.customer_id
     LIMIT $4 OFFSET $5
"""

_COUNT: Final = """
    SELECT count(DISTINCT (customer_id, currency))
      FROM invoices
     WHERE account_id = $1
       AND status IN ('DUE', 'PAST_DUE', 'UNCOLLECTIBLE')
       AND amount > amount_paid
"""

_IN_ALL: Final = f"""
    SELECT NULL AS reference, o.currency, {_BUCKETS}
      FROM ({_OWED}) o
     GROUP BY o.currency
     ORDER BY o.currency
"""

# In the order of one instant: a document that is gone, then what lowers the debt, then what raises it.
# A reversal raises it by what was taken off invoices and the balance: what had been sent back by then is
# asked for by an invoice of its own, and counts once.
_MOVEMENTS: Final = """
    SELECT voided_at AS at, 0 AS rank, 'INVOICE_VOIDED' AS kind, invoice_id AS id, number,
           NULL::text AS reference, -amount AS amount, account_id, customer_id, currency
      FROM invoices WHERE voided_at IS NOT NULL AND number IS NOT NULL
     UNION ALL
    SELECT issued_at, 1, 'CREDIT_NOTE', credit_note_id, number, NULL, -amount, account_id,
           customer_id, currency
      FROM credit_notes
     UNION ALL
    SELECT issued_at, 2, 'INVOICE', invoice_id, number, NULL, amount, account_id, customer_id, currency
      FROM invoices WHERE number IS NOT NULL
     UNION ALL
    SELECT recorded_at, 3, 'PAYMENT', payment_id, NULL, reference, -amount, account_id, customer_id,
           currency
      FROM payments
     UNION ALL
    SELECT reversed_at, 4, 'PAYMENT_REVERSED', payment_id, NULL, reference,
           - (SELECT coalesce(sum(a.amount), 0)
                FROM applications a
               WHERE a.account_id = p.account_id
                 AND a.customer_id = p.customer_id
                 AND a.source = 'PAYMENT'
                 AND a.source_id = p.payment_id
                 AND a.amount < 0)
           - (SELECT coalesce(sum(e.amount), 0)
                FROM balance_entries e
               WHERE e.account_id = p.account_id
                 AND e.customer_id = p.customer_id
                 AND e.kind = 'REVERSAL'
                 AND e.source_id = p.payment_id),
           account_id, customer_id, currency
      FROM payments p WHERE reversed_at IS NOT NULL
     UNION ALL
    SELECT at, 5, 'PAYOUT', entry_id,
           (SELECT n.number
              FROM credit_notes n
             WHERE n.account_id = e.account_id
               AND n.customer_id = e.customer_id
               AND n.credit_note_id = e.source_id),
           NULL, -amount, account_id, customer_id, currency
      FROM balance_entries e WHERE kind = 'PAYOUT'
"""

_OPENING: Final = f"""
    SELECT coalesce(sum(amount), 0)
      FROM ({_MOVEMENTS}) m
     WHERE account_id = $1
       AND customer_id = $2
       AND currency = $3
       AND at < $4
"""

_ENTRIES: Final = f"""
    SELECT at, kind, id, number, reference, amount
      FROM ({_MOVEMENTS}) m
     WHERE account_id = $1
       AND customer_id = $2
       AND currency = $3
       AND at >= $4
       AND at < $5
     ORDER BY at, rank, id
     LIMIT $6
"""


@dataclass(frozen=True, slots=True)
class Aged:
    """What is open in a currency, by the days since it was due: of a customer, or (None) of all."""

    reference: str | None
    currency: str
    current: Decimal
    days_1_to_30: Decimal
    days_31_to_60: Decimal
    days_61_to_90: Decimal
    over_90: Decimal
    total: Decimal
    written_off: Decimal


class MovementKind(StrEnum):
    """What moved a customer's account."""

    INVOICE = "INVOICE"
    INVOICE_VOIDED = "INVOICE_VOIDED"
    CREDIT_NOTE = "CREDIT_NOTE"
    PAYMENT = "PAYMENT"
    PAYMENT_REVERSED = "PAYMENT_REVERSED"
    PAYOUT = "PAYOUT"


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement: more is owed (positive) or less. `number` is a document's, `reference` a payment's."""

    at: datetime
    kind: MovementKind
    id: UUID
    number: str | None
    reference: str | None
    amount: Decimal


async def by_customer(
    tx: Tx, account_id: AccountId, now: datetime, zone: str, *, limit: int, offset: int
) -> tuple[list[Aged], int]:
    """Return a page of what customers owe, by currency and then the most first, and how many there are."""
    found = await tx.fetch(_BY_CUSTOMER, account_id, now, zone, limit, offset)
    return [_aged(row) for row in found], await tx.fetchval(_COUNT, account_id)


async def in_all(tx: Tx, account_id: AccountId, now: datetime, zone: str) -> list[Aged]:
    """Return what all customers owe together, for each currency."""
    return [_aged(row) for row in await tx.fetch(_IN_ALL, account_id, now, zone)]


async def owed_before(
    tx: Tx, account_id: AccountId, customer_id: CustomerId, currency: str, since: datetime
) -> Decimal:
    """Return the sum of a customer's movements before an instant."""
    return Decimal(await tx.fetchval(_OPENING, account_id, customer_id, currency, since))


async def movements(
    tx: Tx,
    account_id: AccountId,
    customer_id: CustomerId,
    currency: str,
    *,
    since: datetime,
    until: datetime,
    limit: int,
) -> list[Movement]:
    """Return a customer's movements in [since, until), in order; at most so many."""
    found = await tx.fetch(_ENTRIES, account_id, customer_id, currency, since, until, limit)
    return [
        Movement(kind=MovementKind(row["kind"]), **{k: v for k, v in row.items() if k != "kind"})
        for row in found
    ]


def _aged(row: asyncpg.Record) -> Aged:
    return Aged(**dict(row))
