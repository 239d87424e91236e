"""Customers: rows of the distributed table, and the references that name them account-wide.

Sources: BILLING.md, "Five principles" (the customer's row is the lock that everything takes first).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

import asyncpg

from usance.core.customers import Customer, Profile
from usance.core.ids import (
    AccountId,
    CustomerId,
    InvoiceId,
    PaymentId,
    PoolId,
    SubscriptionId,
    TransactionId,
)
from usance.store import rows
from usance.store.db import Tx

_SELECT: Final = """
    SELECT c.account_id, c.customer_id, c.reference, c.email, c.first_name, c.last_name, c.name,
           c.phone_number, c.billing_address, c.tax_id, c.tax_rate, c.tax_category,
           c.tax_exemption_reason, c.buyer_reference, c.electronic_address, c.zone, c.language,
           c.reminders_enabled, c.metadata,
           c.created_at, c.decided_at, c.erased_at, c.revision
      FROM customers c
"""

_BY_REFERENCE: Final = (
    _SELECT
    + """
      JOIN customer_references r USING (account_id, customer_id)
     WHERE r.account_id = $1
       AND r.reference = $2
"""
)

_LOCK: Final = (
    _BY_REFERENCE
    + """
       FOR UPDATE OF c
"""
)

_LOCK_BY_ID: Final = (
    _SELECT
    + """
     WHERE c.account_id = $1
       AND c.customer_id = $2
       FOR UPDATE OF c
"""
)

# Many at once, and only what tells whether more of them must be read.
_MARKS: Final = """
    SELECT c.account_id, c.reference, c.customer_id, c.decided_at, c.revision
      FROM customers c
      JOIN customer_references r USING (account_id, customer_id)
      JOIN unnest($1::uuid[], $2::text[]) AS k (account_id, reference)
        ON r.account_id = k.account_id AND r.reference = k.reference
     ORDER BY c.account_id, c.customer_id
"""

# In the order of the ids, so that two batches cannot wait for each other in a ring.
_LOCK_MANY: Final = (
    _MARKS
    + """
       FOR UPDATE OF c
"""
)

_TOUCH: Final = """
    UPDATE customers
       SET revision = revision + 1
     WHERE account_id = $1
       AND customer_id = ANY($2)
"""

# In the order of the ids, so that two batches cannot wait for each other in a ring.
_LOCK_FREE: Final = (
    _SELECT
    + """
     WHERE c.account_id = $1
       AND c.customer_id = ANY($2)
     ORDER BY c.customer_id
       FOR UPDATE OF c SKIP LOCKED
"""
)

_BY_ID: Final = (
    _SELECT
    + """
     WHERE c.account_id = $1
       AND c.customer_id = ANY($2)
     ORDER BY c.customer_id
"""
)

_BY_SUBSCRIPTION: Final = """
    SELECT customer_id
      FROM subscriptions
     WHERE account_id = $1
       AND subscription_id = $2
"""

_BY_INVOICE: Final = """
    SELECT customer_id
      FROM invoices
     WHERE account_id = $1
       AND invoice_id = $2
"""

_BY_PAYMENT: Final = """
    SELECT customer_id
      FROM payments
     WHERE account_id = $1
       AND payment_id = $2
"""

_BY_TRANSACTION: Final = """
    SELECT customer_id
      FROM credit_transactions
     WHERE account_id = $1
       AND transaction_id = $2
"""

_BY_POOL: Final = """
    SELECT customer_id
      FROM credit_pools
     WHERE account_id = $1
       AND pool_id = $2
"""

# The id last, so that the order of those made at one instant is stable.
_NEWEST: Final = (
    _SELECT
    + """
     WHERE c.account_id = $1
       AND ($2::text IS NULL OR c.email = $2)
     ORDER BY c.created_at DESC, c.customer_id DESC
     LIMIT $3 OFFSET $4
"""
)

_COUNT: Final = """
    SELECT count(*)
      FROM customers
     WHERE account_id = $1
       AND ($2::text IS NULL OR email = $2)
"""

# Waits for whoever is taking the same reference, and then finds it taken.
_TAKE_REFERENCE: Final = """
    INSERT INTO customer_references (account_id, reference, customer_id)
    VALUES ($1, $2, $3)
        ON CONFLICT (account_id, reference) DO NOTHING
    RETURNING true
"""

_INSERT: Final = """
    INSERT INTO customers (account_id, customer_id, reference, email, first_name, last_name, name,
                           phone_number, billing_address, tax_id, tax_rate, tax_category,
                           tax_exemption_reason, buyer_reference, electronic_address, zone,
                           language, reminders_enabled, metadata, created_at, decided_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
            $20, $20)
"""

_UPDATE: Final = """
    UPDATE customers
       SET reference = $3, email = $4, first_name = $5, last_name = $6, name = $7,
           phone_number = $8, billing_address = $9, tax_id = $10, tax_rate = $11,
           tax_category = $12, tax_exemption_reason = $13, buyer_reference = $14,
           electronic_address = $15, zone = $16, language = $17, reminders_enabled = $18,
           metadata = $19, erased_at = $20, revision = revision + 1
     WHERE account_id = $1
       AND customer_id = $2
"""

_RENAME_REFERENCE: Final = """
    UPDATE customer_references
       SET reference = $3
     WHERE account_id = $1
       AND reference = $2
"""

_HAS_OPEN_SUBSCRIPTION: Final = """
    SELECT EXISTS (
        SELECT FROM subscriptions
         WHERE account_id = $1
           AND customer_id = $2
           AND status NOT IN ('CANCELLED', 'EXPIRED')
    )
"""


async def by_reference(tx: Tx, account_id: AccountId, reference: str) -> Customer | None:
    """Return the customer of this reference, or None."""
    row = await tx.fetchrow(_BY_REFERENCE, account_id, reference)
    return None if row is None else _customer(row)


async def lock(tx: Tx, account_id: AccountId, reference: str) -> Customer | None:
    """Lock the customer of this reference and return it as it is under the lock, or None.

    Everything that changes a customer or what it owns takes this lock first.
    """
    row = await tx.fetchrow(_LOCK, account_id, reference)
    # The lock may have waited for an erasure, which gives the reference away.
    if row is None or row["reference"] != reference:
        return None
    return _customer(row)


CustomerName: TypeAlias = tuple[AccountId, str]
"""Whose customer, and by which reference."""


class Mark(NamedTuple):
    """Which customer a reference names, and where it stands: the rest is the same at one revision."""

    account_id: AccountId
    reference: str
    id: CustomerId
    decided_at: datetime
    revision: int


async def marks(tx: Tx, named: Sequence[CustomerName]) -> dict[CustomerName, Mark]:
    """Return the marks of customers by account and reference; whoever is not there is left out."""
    return _by_name(await tx.fetch(_MARKS, *_columns(named)))


async def lock_many(tx: Tx, named: Sequence[CustomerName]) -> dict[CustomerName, Mark]:
    """Lock customers and return their marks as of the lock; whoever is not there is left out."""
    found = _by_name(await tx.fetch(_LOCK_MANY, *_columns(named)))
    # The lock may have waited for an erasure, which gives the reference away.
    wanted = set(named)
    return {name: mark for name, mark in found.items() if name in wanted}


def _columns(named: Sequence[CustomerName]) -> tuple[list[AccountId], list[str]]:
    once = list(dict.fromkeys(named))
    return [account_id for account_id, _ in once], [reference for _, reference in once]


def _by_name(found: Sequence[asyncpg.Record]) -> dict[CustomerName, Mark]:
    return {(row[0], row[1]): Mark._make(row) for row in found}


async def touch(tx: Tx, account_id: AccountId, ids: Sequence[CustomerId]) -> None:
    """Count a change of what locked customers own that no outcome writes."""
    await tx.execute(_TOUCH, account_id, list(ids))


async def lock_by_id(tx: Tx, account_id: AccountId, customer_id: CustomerId) -> Customer | None:
    """Lock the customer and return it as it is under the lock, or None."""
    row = await tx.fetchrow(_LOCK_BY_ID, account_id, customer_id)
    return None if row is None else _customer(row)


async def lock_free(tx: Tx, account_id: AccountId, ids: Sequence[CustomerId]) -> list[Customer]:
    """Lock those of the customers that nobody else is at work on, and return them."""
    return [_customer(row) for row in await tx.fetch(_LOCK_FREE, account_id, list(ids))]


async def by_ids(
    tx: Tx, account_id: AccountId, ids: Sequence[CustomerId]
) -> dict[CustomerId, Customer]:
    """Return customers by id; who is not the account's is left out."""
    found = [_customer(row) for row in await tx.fetch(_BY_ID, account_id, list(ids))]
    return {customer.id: customer for customer in found}


async def by_subscription(
    tx: Tx, account_id: AccountId, subscription_id: SubscriptionId
) -> CustomerId | None:
    """Return whose subscription it is, or None."""
    found = await tx.fetchval(_BY_SUBSCRIPTION, account_id, subscription_id)
    return None if found is None else CustomerId(found)


async def by_invoice(tx: Tx, account_id: AccountId, invoice_id: InvoiceId) -> CustomerId | None:
    """Return whose invoice it is, or None."""
    found = await tx.fetchval(_BY_INVOICE, account_id, invoice_id)
    return None if found is None else CustomerId(found)


async def by_payment(tx: Tx, account_id: AccountId, payment_id: PaymentId) -> CustomerId | None:
    """Return whose payment it is, or None."""
    found = await tx.fetchval(_BY_PAYMENT, account_id, payment_id)
    return None if found is None else CustomerId(found)


async def by_transaction(
    tx: Tx, account_id: AccountId, transaction_id: TransactionId
) -> CustomerId | None:
    """Return in whose pool the credits moved, or None."""
    found = await tx.fetchval(_BY_TRANSACTION, account_id, transaction_id)
    return None if found is None else CustomerId(found)


async def by_pool(tx: Tx, account_id: AccountId, pool_id: PoolId) -> CustomerId | None:
    """Return whose credit pool it is, or None."""
    found = await tx.fetchval(_BY_POOL, account_id, pool_id)
    return None if found is None else CustomerId(found)


async def newest(
    tx: Tx, account_id: AccountId, *, email: str | None, limit: int, offset: int
) -> tuple[Sequence[Customer], int]:
    """Return a page of the account's customers, the newest first, and how many there are."""
    rows = await tx.fetch(_NEWEST, account_id, email, limit, offset)
    total = await tx.fetchval(_COUNT, account_id, email)
    return [_customer(row) for row in rows], int(total)


async def add(tx: Tx, customer: Customer) -> bool:
    """Write a new customer; False, and nothing written, if the reference names another one."""
    taken = await tx.fetchval(_TAKE_REFERENCE, customer.account_id, customer.reference, customer.id)
    if not taken:
        return False
    await tx.execute(_INSERT, *_named(customer), *_said(customer.profile), customer.created_at)
    return True


async def write(tx: Tx, customer: Customer) -> None:
    """Write what changed of a customer that is locked."""
    await tx.execute(_UPDATE, *_named(customer), *_said(customer.profile), customer.erased_at)


async def rename(tx: Tx, account_id: AccountId, old: str, new: str) -> None:
    """Let a customer that is locked be found under a new reference; the old one is free again."""
    await tx.execute(_RENAME_REFERENCE, account_id, old, new)


async def has_open_subscription(tx: Tx, account_id: AccountId, customer_id: CustomerId) -> bool:
    """Return whether a subscription of the customer has not ended."""
    return bool(await tx.fetchval(_HAS_OPEN_SUBSCRIPTION, account_id, customer_id))


def _named(customer: Customer) -> tuple[object, ...]:
    return customer.account_id, customer.id, customer.reference


def _said(profile: Profile) -> tuple[object, ...]:
    """Return the profile in the order of the columns."""
    return (
        profile.email,
        profile.first_name,
        profile.last_name,
        profile.name,
        profile.phone_number,
        profile.billing_address,
        profile.tax_id,
        profile.tax_rate,
        profile.tax_category,
        profile.tax_exemption_reason,
        profile.buyer_reference,
        profile.electronic_address,
        profile.zone,
        profile.language,
        profile.reminders_enabled,
        profile.metadata,
    )


def _customer(row: asyncpg.Record) -> Customer:
    return Customer(
        account_id=AccountId(row["account_id"]),
        id=CustomerId(row["customer_id"]),
        reference=row["reference"],
        profile=Profile(
            email=row["email"],
            first_name=row["first_name"],
            last_name=row["last_name"],
            name=row["name"],
            phone_number=row["phone_number"],
            billing_address=row["billing_address"],
            tax_id=row["tax_id"],
            tax_rate=row["tax_rate"],
            tax_category=rows.tax_category(row["tax_category"]),
            tax_exemption_reason=row["tax_exemption_reason"],
            buyer_reference=row["buyer_reference"],
            electronic_address=row["electronic_address"],
            zone=row["zone"],
            language=row["language"],
            reminders_enabled=row["reminders_enabled"],
            metadata=row["metadata"],
        ),
        created_at=row["created_at"],
        decided_at=row["decided_at"],
        erased_at=row["erased_at"],
        revision=row["revision"],
    )
