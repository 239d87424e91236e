"""Accounts and their API keys: who may ask, found by the hash of what they show.

Units: `created_at` of both is real time, whatever the account's clock says.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from usance.core.accounts import Account, ApiKey, Mode
from usance.core.ids import AccountId
from usance.store import rows
from usance.store.db import Tx

_SELECT: Final = """
    SELECT a.account_id, a.name, a.mode, a.zone, a.currency, a.grace_days, a.incomplete_days,
           a.tax_rate, a.tax_category, a.tax_exemption_reason, a.clock_offset_us,
           a.cancel_after_past_due_days, a.collection_minutes, a.upgrade_requires_payment,
           a.statement_threshold,
           a.invoice_number_format, a.credit_note_number_format, a.seller,
           a.reminders, a.ledger_accounts, a.language, a.catalog_version
      FROM accounts a
"""

_BY_KEY: Final = (
    _SELECT
    + """
      JOIN api_keys k USING (account_id)
     WHERE k.hash = $1
       AND k.revoked_at IS NULL
"""
)

_BY_KEYS: Final = """
    SELECT k.hash, a.account_id, a.name, a.mode, a.zone, a.currency, a.grace_days,
           a.incomplete_days, a.tax_rate, a.tax_category, a.tax_exemption_reason,
           a.clock_offset_us, a.cancel_after_past_due_days, a.collection_minutes,
           a.upgrade_requires_payment, a.statement_threshold, a.invoice_number_format,
           a.credit_note_number_format, a.seller, a.reminders, a.ledger_accounts, a.language,
           a.catalog_version
      FROM api_keys k
      JOIN accounts a USING (account_id)
     WHERE k.hash = ANY($1)
       AND k.revoked_at IS NULL
     ORDER BY k.hash
"""

_BY_ID: Final = (
    _SELECT
    + """
     WHERE a.account_id = $1
"""
)

_LOCK: Final = (
    _BY_ID
    + """
       FOR NO KEY UPDATE OF a
"""
)

_UPDATE: Final = """
    UPDATE accounts
       SET name = $2, zone = $3, currency = $4, grace_days = $5, incomplete_days = $6, tax_rate = $7,
           cancel_after_past_due_days = $8, collection_minutes = $9, upgrade_requires_payment = $10,
           invoice_number_format = $11, credit_note_number_format = $12,
           seller = $13, reminders = $14, ledger_accounts = $15, language = $16,
           statement_threshold = $17, tax_category = $18, tax_exemption_reason = $19
     WHERE account_id = $1
"""

_SET_CLOCK_OFFSET: Final = """
    UPDATE accounts
       SET clock_offset_us = $2
     WHERE account_id = $1
"""

_ALL: Final = (
    _SELECT
    + """
     ORDER BY a.created_at, a.account_id
"""
)

_INSERT: Final = """
    INSERT INTO accounts (account_id, name, mode, zone, currency, grace_days, incomplete_days,
                          tax_rate, clock_offset_us, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""

_PUT_LOGO: Final = """
    INSERT INTO account_logos (account_id, format, picture)
    VALUES ($1, $2, $3)
        ON CONFLICT (account_id) DO UPDATE SET format = EXCLUDED.format, picture = EXCLUDED.picture
"""

_DROP_LOGO: Final = """
    DELETE FROM account_logos
     WHERE account_id = $1
"""

_LOGO: Final = """
    SELECT format, picture
      FROM account_logos
     WHERE account_id = $1
"""

_INSERT_KEY: Final = """
    INSERT INTO api_keys (account_id, key_id, name, hash, last_four, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)
"""

_HASH_IS_KNOWN: Final = """
    SELECT EXISTS (SELECT FROM api_keys WHERE hash = $1)
"""

_KEYS: Final = """
    SELECT key_id, name, last_four, created_at, revoked_at
      FROM api_keys
     WHERE account_id = $1
     ORDER BY created_at, key_id
"""

_REVOKE: Final = """
    UPDATE api_keys
       SET revoked_at = coalesce(revoked_at, $3)
     WHERE account_id = $1
       AND key_id = $2
    RETURNING key_id, name, last_four, created_at, revoked_at
"""

# Any number will do, as long as no other lock in the database takes the same.
_SETUP_LOCK: Final = 4_102_558_317_776_093


async def by_key_hash(tx: Tx, key_hash: bytes) -> Account | None:
    """Return the account that the key with this hash opens; None if unknown or revoked."""
    row = await tx.fetchrow(_BY_KEY, key_hash)
    return None if row is None else _account(row)


async def by_key_hashes(tx: Tx, hashes: Sequence[bytes]) -> dict[bytes, Account]:
    """Return the accounts that keys open, by the keys' hashes; unknown and revoked ones are left out."""
    return {row["hash"]: _account(row) for row in await tx.fetch(_BY_KEYS, list(set(hashes)))}


async def by_id(tx: Tx, account_id: AccountId) -> Account | None:
    """Return the account, or None."""
    row = await tx.fetchrow(_BY_ID, account_id)
    return None if row is None else _account(row)


async def lock(tx: Tx, account_id: AccountId) -> Account:
    """Lock the account's row and return it as it is under the lock."""
    row = await tx.fetchrow(_LOCK, account_id)
    assert row is not None, "accounts are never removed"
    return _account(row)


async def write(tx: Tx, account: Account) -> None:
    """Write the settings of a locked account."""
    await tx.execute(
        _UPDATE,
        account.id,
        account.name,
        account.zone,
        account.currency,
        account.grace_days,
        account.incomplete_days,
        account.tax_rate,
        account.cancel_after_past_due_days,
        account.collection_minutes,
        account.upgrade_requires_payment,
        account.invoice_number_format,
        account.credit_note_number_format,
        account.seller,
        account.reminders,
        account.ledger_accounts,
        account.language,
        account.statement_threshold,
        account.tax_category,
        account.tax_exemption_reason,
    )


async def set_clock_offset(tx: Tx, account_id: AccountId, offset_us: int) -> None:
    """Set how far a locked TEST account's clock runs ahead, in microseconds."""
    await tx.execute(_SET_CLOCK_OFFSET, account_id, offset_us)


async def every(tx: Tx) -> list[Account]:
    """Return all accounts, the oldest first."""
    return [_account(row) for row in await tx.fetch(_ALL)]


async def add(tx: Tx, account: Account, *, created_at: datetime) -> None:
    """Write a new account."""
    await tx.execute(
        _INSERT,
        account.id,
        account.name,
        account.mode,
        account.zone,
        account.currency,
        account.grace_days,
        account.incomplete_days,
        account.tax_rate,
        account.clock_offset_us,
        created_at,
    )


async def put_logo(tx: Tx, account_id: AccountId, kind: str, picture: bytes) -> None:
    """Write the picture of an account's documents, in place of the one before."""
    await tx.execute(_PUT_LOGO, account_id, kind, picture)


async def drop_logo(tx: Tx, account_id: AccountId) -> None:
    """Take the picture away; there need not be one."""
    await tx.execute(_DROP_LOGO, account_id)


async def logo(tx: Tx, account_id: AccountId) -> tuple[str, bytes] | None:
    """Return the format and the picture of an account's documents, or None."""
    row = await tx.fetchrow(_LOGO, account_id)
    return None if row is None else (row["format"], row["picture"])


async def add_key(tx: Tx, account_id: AccountId, key: ApiKey, key_hash: bytes) -> None:
    """Write a new key."""
    await tx.execute(
        _INSERT_KEY, account_id, key.id, key.name, key_hash, key.last_four, key.created_at
    )


async def has_key(tx: Tx, key_hash: bytes) -> bool:
    """Return whether a key with this hash exists, revoked ones too."""
    return bool(await tx.fetchval(_HASH_IS_KNOWN, key_hash))


async def keys(tx: Tx, account_id: AccountId) -> list[ApiKey]:
    """Return the account's keys, the oldest first, revoked ones too."""
    return [_key(row) for row in await tx.fetch(_KEYS, account_id)]


async def revoke(
    tx: Tx, account_id: AccountId, key_id: UUID, *, revoked_at: datetime
) -> ApiKey | None:
    """Revoke the key and return it, or None if there is none; again: as it was revoked first."""
    row = await tx.fetchrow(_REVOKE, account_id, key_id, revoked_at)
    return None if row is None else _key(row)


async def lock_setup(tx: Tx) -> None:
    """Wait until no other process is making the accounts of a first start."""
    await tx.execute("SELECT pg_advisory_xact_lock($1)", _SETUP_LOCK)


def _account(row: asyncpg.Record) -> Account:
    return Account(
        id=AccountId(row["account_id"]),
        name=row["name"],
        mode=Mode(row["mode"]),
        zone=row["zone"],
        currency=row["currency"],
        grace_days=row["grace_days"],
        incomplete_days=row["incomplete_days"],
        tax_rate=row["tax_rate"],
        tax_category=rows.tax_category(row["tax_category"]),
        tax_exemption_reason=row["tax_exemption_reason"],
        clock_offset_us=row["clock_offset_us"],
        cancel_after_past_due_days=row["cancel_after_past_due_days"],
        collection_minutes=row["collection_minutes"],
        upgrade_requires_payment=row["upgrade_requires_payment"],
        statement_threshold=row["statement_threshold"],
        invoice_number_format=row["invoice_number_format"],
        credit_note_number_format=row["credit_note_number_format"],
        seller=row["seller"],
        reminders=row["reminders"],
        ledger_accounts=row["ledger_accounts"],
        language=row["language"],
        catalog_version=row["catalog_version"],
    )


def _key(row: asyncpg.Record) -> ApiKey:
    return ApiKey(
        id=row["key_id"],
        name=row["name"],
        last_four=row["last_four"],
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
    )
