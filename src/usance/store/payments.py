"""Payments as shown: lists and single ones, never for a decision."""

from collections.abc import Sequence
from typing import Final

from usance.core.ids import AccountId, CustomerId, PaymentId, SubscriptionId
from usance.core.payments import Application, BalanceEntry, Payment
from usance.store import rows
from usance.store.db import Tx

_COLUMNS: Final = """
           payment_id AS id, customer_id, currency, amount, method, reference, note, paid_at,
           recorded_at, reversed_at, reversal_reason
"""

_LIST: Final = f"""
    SELECT {_COLUMNS}
      FROM payments
     WHERE account_id = $1
       AND ($2::uuid IS NULL OR customer_id = $2)
     ORDER BY recorded_at DESC, payment_id DESC
     LIMIT $3 OFFSET $4
"""

_COUNT: Final = """
    SELECT count(*)
      FROM payments
     WHERE account_id = $1
       AND ($2::uuid IS NULL OR customer_id = $2)
"""

_ONE: Final = f"""
    SELECT {_COLUMNS}
      FROM payments
     WHERE account_id = $1
       AND payment_id = $2
"""

_KNOWN_BY: Final = """
    SELECT payment_id
      FROM payments
     WHERE account_id = $1
       AND customer_id = $2
       AND reference = $3
"""

# What lies on each invoice now: a reversal leaves nothing of a payment there, and so does voiding,
# which moves all money on an invoice to the balance.
_APPLICATIONS: Final = """
    SELECT (array_agg(a.application_id ORDER BY a.applied_at, a.application_id))[1] AS id,
           (array_agg(a.customer_id))[1] AS customer_id, a.invoice_id, 'PAYMENT' AS source,
           a.source_id, sum(a.amount) AS amount, min(a.applied_at) AS applied_at
      FROM applications a
      JOIN invoices i USING (account_id, customer_id, invoice_id)
     WHERE a.account_id = $1
       AND a.source = 'PAYMENT'
       AND a.source_id = ANY($2)
       AND i.status <> 'VOID'
     GROUP BY a.source_id, a.invoice_id
    HAVING sum(a.amount) <> 0
     ORDER BY min(a.applied_at), a.invoice_id, a.source_id
"""

_SUBSCRIPTIONS_PAID: Final = """
    SELECT DISTINCT i.subscription_id
      FROM applications a
      JOIN invoices i USING (account_id, customer_id, invoice_id)
     WHERE a.account_id = $1
       AND a.customer_id = $2
       AND (a.source_id = $3 OR a.source = 'BALANCE')
       AND i.subscription_id IS NOT NULL
     ORDER BY i.subscription_id
"""


_ENTRIES: Final = """
    SELECT entry_id AS id, customer_id, currency, amount, kind, source_id, at
      FROM balance_entries
     WHERE account_id = $1
       AND customer_id = $2
       AND ($3::text IS NULL OR currency = $3)
     ORDER BY at DESC, entry_id DESC
     LIMIT $4 OFFSET $5
"""

_ENTRIES_COUNT: Final = """
    SELECT count(*)
      FROM balance_entries
     WHERE account_id = $1
       AND customer_id = $2
       AND ($3::text IS NULL OR currency = $3)
"""


async def page(
    tx: Tx, account_id: AccountId, *, customer_id: CustomerId | None, limit: int, offset: int
) -> tuple[list[Payment], int]:
    """Return a page of payments, the newest first, and how many there are."""
    found = await tx.fetch(_LIST, account_id, customer_id, limit, offset)
    total = await tx.fetchval(_COUNT, account_id, customer_id)
    return [rows.payment(row) for row in found], int(total)


async def entries(
    tx: Tx,
    account_id: AccountId,
    customer_id: CustomerId,
    *,
    currency: str | None,
    limit: int,
    offset: int,
) -> tuple[list[BalanceEntry], int]:
    """Return a page of what moved a customer's balance, the newest first, and how many there are."""
    found = await tx.fetch(_ENTRIES, account_id, customer_id, currency, limit, offset)
    total = await tx.fetchval(_ENTRIES_COUNT, account_id, customer_id, currency)
    return [rows.balance_entry(row) for row in found], int(total)


async def find(tx: Tx, account_id: AccountId, payment_id: PaymentId) -> Payment | None:
    """Return one payment of the account, or None."""
    row = await tx.fetchrow(_ONE, account_id, payment_id)
    return None if row is None else rows.payment(row)


async def known_by(
    tx: Tx, account_id: AccountId, customer_id: CustomerId, reference: str
) -> tuple[PaymentId, ...]:
    """Return the customer's payment of this reference, or nothing."""
    found = await tx.fetchval(_KNOWN_BY, account_id, customer_id, reference)
    return () if found is None else (PaymentId(found),)


async def applications(
    tx: Tx, account_id: AccountId, payments: Sequence[PaymentId]
) -> list[Application]:
    """Return where the money of payments lies, one for each invoice."""
    found = await tx.fetch(_APPLICATIONS, account_id, list(payments))
    return [rows.application(row) for row in found]


async def subscriptions_paid(
    tx: Tx, account_id: AccountId, customer_id: CustomerId, payment_id: PaymentId
) -> tuple[SubscriptionId, ...]:
    """Return the subscriptions that reversing a payment may reach: its own, and the balance's."""
    found = await tx.fetch(_SUBSCRIPTIONS_PAID, account_id, customer_id, payment_id)
    return tuple(SubscriptionId(row["subscription_id"]) for row in found)
