"""Invoices and credit notes as shown: lists and single ones, never for a decision."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

import asyncpg

from usance.core.ids import AccountId, CreditNoteId, CustomerId, InvoiceId, SubscriptionId
from usance.core.invoices import CreditNote, Invoice, Line
from usance.core.payments import Balance, BalanceEntry
from usance.store import rows
from usance.store.db import Tx
from usance.store.snapshot import INVOICE_COLUMNS

_FILTER: Final = """
      FROM invoices
     WHERE account_id = $1
       AND ($2::uuid IS NULL OR customer_id = $2)
       AND ($3::text IS NULL OR $3 = CASE WHEN status = 'DUE' AND past_due_at <= $4
                                          THEN 'PAST_DUE' ELSE status END)
       AND ($5::text IS NULL OR kind = $5)
       AND ($6::uuid IS NULL OR subscription_id = $6)
"""

_LIST: Final = f"""
    SELECT {INVOICE_COLUMNS}
    {_FILTER}
     ORDER BY created_at DESC, invoice_id DESC
     LIMIT $7 OFFSET $8
"""

_COUNT: Final = f"""
    SELECT count(*)
    {_FILTER}
"""

_ONE: Final = f"""
    SELECT {INVOICE_COLUMNS}
      FROM invoices
     WHERE account_id = $1
       AND invoice_id = $2
"""

_BY_IDS: Final = f"""
    SELECT {INVOICE_COLUMNS}
      FROM invoices
     WHERE account_id = $1
       AND invoice_id = ANY($2)
     ORDER BY invoice_id
"""

_FINAL: Final = f"""
    SELECT {INVOICE_COLUMNS}
      FROM invoices
     WHERE account_id = $1
       AND customer_id = $2
       AND subscription_id = $3
       AND (kind = 'FINAL' OR voided_by_end)
     ORDER BY created_at, invoice_id
"""

# The lines of a subscription's invoices that charge the same counters as one of them.
_CHARGING_THE_SAME: Final = """
    SELECT DISTINCT o.invoice_id
      FROM invoices i
      JOIN invoice_lines l USING (account_id, customer_id, invoice_id)
      JOIN invoices o USING (account_id, customer_id, subscription_id)
      JOIN invoice_lines m
        ON (m.account_id, m.customer_id, m.invoice_id)
         = (o.account_id, o.customer_id, o.invoice_id)
     WHERE i.account_id = $1
       AND i.invoice_id = $2
       AND o.invoice_id <> i.invoice_id
       AND o.status NOT IN ('PENDING', 'VOID')
       AND l.calculation ? 'metered'
       AND m.feature_key = l.feature_key
       AND m.calculation->>'version_id' = l.calculation->>'version_id'
       AND m.calculation->'metered'->'seq' = l.calculation->'metered'->'seq'
     ORDER BY o.invoice_id
"""

_SUBSCRIPTION_OF: Final = """
    SELECT subscription_id
      FROM invoices
     WHERE account_id = $1
       AND invoice_id = $2
"""

_SUBSCRIPTIONS_OF: Final = """
    SELECT DISTINCT subscription_id
      FROM invoices
     WHERE account_id = $1
       AND invoice_id = ANY($2)
       AND subscription_id IS NOT NULL
     ORDER BY subscription_id
"""

_LINES: Final = """
    SELECT invoice_id, position, kind, description, amount, feature_key, quantity, unit_price,
           starts_at, ends_at, elapsed_us, length_us, calculation
      FROM invoice_lines
     WHERE account_id = $1
       AND customer_id = ANY($2)
       AND invoice_id = ANY($3)
     ORDER BY invoice_id, position
"""

_NOTE_COLUMNS: Final = """
           credit_note_id AS id, customer_id, subscription_id, seq, kind, n, currency, lines,
           subtotal, tax_rate, tax_category, tax_exemption_reason, tax_amount, amount, invoice_ids,
           issued_at, number, parties
"""

_NOTES: Final = f"""
    SELECT {_NOTE_COLUMNS}
      FROM credit_notes
     WHERE account_id = $1
       AND ($2::uuid IS NULL OR customer_id = $2)
     ORDER BY issued_at DESC, credit_note_id DESC
     LIMIT $3 OFFSET $4
"""

_NOTES_COUNT: Final = """
    SELECT count(*)
      FROM credit_notes
     WHERE account_id = $1
       AND ($2::uuid IS NULL OR customer_id = $2)
"""

_NOTE_BY_ID: Final = f"""
    SELECT {_NOTE_COLUMNS}
      FROM credit_notes
     WHERE account_id = $1
       AND credit_note_id = $2
"""

_NUMBERS: Final = """
    SELECT number
      FROM invoices
     WHERE account_id = $1
       AND customer_id = $2
       AND invoice_id = ANY($3)
     ORDER BY issued_at, invoice_id
"""

_NOTE: Final = f"""
    SELECT {_NOTE_COLUMNS}
      FROM credit_notes
     WHERE account_id = $1
       AND customer_id = $2
       AND subscription_id = $3
       AND kind = 'CANCELLATION'
     ORDER BY issued_at, credit_note_id
     LIMIT 1
"""

_BALANCES: Final = """
    SELECT customer_id, currency, amount
      FROM balances
     WHERE account_id = $1
       AND customer_id = $2
     ORDER BY currency
"""

_APPLIED: Final = """
    SELECT source_id, sum(amount) AS amount
      FROM applications
     WHERE account_id = $1
       AND customer_id = ANY($2)
       AND source = 'CREDIT_NOTE'
       AND source_id = ANY($3)
     GROUP BY source_id
     ORDER BY source_id
"""


# What was sent back for credit notes: amounts below zero.
_REFUNDS: Final = """
    SELECT entry_id AS id, customer_id, currency, amount, kind, source_id, at
      FROM balance_entries
     WHERE account_id = $1
       AND customer_id = ANY($2)
       AND source_id = ANY($3)
       AND kind = 'PAYOUT'
     ORDER BY at, entry_id
"""


async def page(
    tx: Tx,
    account_id: AccountId,
    *,
    customer_id: CustomerId | None,
    subscription_id: UUID | None,
    kind: str | None,
    status: str | None,
    now: datetime,
    limit: int,
    offset: int,
) -> tuple[list[Invoice], int]:
    """Return a page of invoices, the newest first, and how many there are; statuses as of `now`."""
    filters = (account_id, customer_id, status, now, kind, subscription_id)
    found = await tx.fetch(_LIST, *filters, limit, offset)
    total = await tx.fetchval(_COUNT, *filters)
    return await _with_lines(tx, account_id, found), int(total)


async def find(tx: Tx, account_id: AccountId, invoice_id: InvoiceId) -> Invoice | None:
    """Return one invoice of the account, or None."""
    row = await tx.fetchrow(_ONE, account_id, invoice_id)
    return None if row is None else (await _with_lines(tx, account_id, [row]))[0]


async def by_ids(tx: Tx, account_id: AccountId, ids: Sequence[InvoiceId]) -> list[Invoice]:
    """Return invoices by id; what is not the account's is left out."""
    return await _with_lines(tx, account_id, await tx.fetch(_BY_IDS, account_id, list(ids)))


async def subscription_of(
    tx: Tx, account_id: AccountId, invoice_id: InvoiceId
) -> tuple[SubscriptionId, ...]:
    """Return whose subscription's the invoice is, or nothing when it is none's."""
    found = await tx.fetchval(_SUBSCRIPTION_OF, account_id, invoice_id)
    return () if found is None else (SubscriptionId(found),)


async def charging_the_same(
    tx: Tx, account_id: AccountId, invoice_id: InvoiceId
) -> tuple[InvoiceId, ...]:
    """Return the invoices that stand and charge usage which this one charges too."""
    found = await tx.fetch(_CHARGING_THE_SAME, account_id, invoice_id)
    return tuple(InvoiceId(row["invoice_id"]) for row in found)


async def subscriptions_of(
    tx: Tx, account_id: AccountId, invoices: Sequence[InvoiceId]
) -> tuple[SubscriptionId, ...]:
    """Return whose subscriptions' the invoices are."""
    found = await tx.fetch(_SUBSCRIPTIONS_OF, account_id, list(invoices)) if invoices else []
    return tuple(SubscriptionId(row["subscription_id"]) for row in found)


async def of_cancellation(
    tx: Tx,
    account_id: AccountId,
    customer_id: CustomerId,
    subscription_id: SubscriptionId,
) -> tuple[list[Invoice], CreditNote | None]:
    """Return what a cancellation left: its FINAL and what it voided, and its credit note."""
    found = await tx.fetch(_FINAL, account_id, customer_id, subscription_id)
    note = await tx.fetchrow(_NOTE, account_id, customer_id, subscription_id)
    invoices = await _with_lines(tx, account_id, found)
    return invoices, None if note is None else rows.credit_note(note)


async def balances(tx: Tx, account_id: AccountId, customer_id: CustomerId) -> list[Balance]:
    """Return what the customer has on account, by currency."""
    return [rows.balance(row) for row in await tx.fetch(_BALANCES, account_id, customer_id)]


async def applied(
    tx: Tx, account_id: AccountId, notes: Sequence[CreditNote]
) -> dict[CreditNoteId, Decimal]:
    """Return how much of credit notes closed invoices; the rest went to the balance."""
    owners = list({note.customer_id for note in notes})
    found = await tx.fetch(_APPLIED, account_id, owners, [note.id for note in notes])
    return {CreditNoteId(row["source_id"]): row["amount"] for row in found}


async def refunds(
    tx: Tx, account_id: AccountId, notes: Sequence[CreditNote]
) -> dict[CreditNoteId, list[BalanceEntry]]:
    """Return what was sent back for credit notes, the oldest first: amounts below zero."""
    owners = list({note.customer_id for note in notes})
    found: dict[CreditNoteId, list[BalanceEntry]] = {}
    for row in await tx.fetch(_REFUNDS, account_id, owners, [note.id for note in notes]):
        found.setdefault(CreditNoteId(row["source_id"]), []).append(rows.balance_entry(row))
    return found


async def find_note(tx: Tx, account_id: AccountId, note_id: CreditNoteId) -> CreditNote | None:
    """Return one credit note of the account, or None."""
    row = await tx.fetchrow(_NOTE_BY_ID, account_id, note_id)
    return None if row is None else rows.credit_note(row)


async def numbers(
    tx: Tx, account_id: AccountId, customer_id: CustomerId, ids: Sequence[InvoiceId]
) -> tuple[str, ...]:
    """Return the numbers of a customer's invoices, in the order in which they were issued."""
    found = await tx.fetch(_NUMBERS, account_id, customer_id, list(ids))
    return tuple(row["number"] for row in found if row["number"] is not None)


async def notes_page(
    tx: Tx, account_id: AccountId, *, customer_id: CustomerId | None, limit: int, offset: int
) -> tuple[list[CreditNote], int]:
    """Return a page of credit notes, the newest first, and how many there are."""
    found = await tx.fetch(_NOTES, account_id, customer_id, limit, offset)
    total = await tx.fetchval(_NOTES_COUNT, account_id, customer_id)
    return [rows.credit_note(row) for row in found], int(total)


async def _with_lines(
    tx: Tx, account_id: AccountId, found: Sequence[asyncpg.Record]
) -> list[Invoice]:
    lines: dict[InvoiceId, list[Line]] = defaultdict(list)
    owners = list({row["customer_id"] for row in found})
    for row in await tx.fetch(_LINES, account_id, owners, [row["id"] for row in found]):
        lines[row["invoice_id"]].append(rows.line(row))
    return [rows.invoice(row, tuple(lines[row["id"]])) for row in found]
