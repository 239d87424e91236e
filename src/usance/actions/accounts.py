"""Accounts and keys: made, listed, revoked, and recognised at the door.

A key is 256 random bits after `sk_test_` or `sk_live_`, shown once, kept as a hash.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final
from uuid import UUID

from usance import clock
from usance.core import money, numbers, periods, reminders, tax
from usance.core.accounts import Account, ApiKey, Mode
from usance.core.ids import AccountId, CustomerId, derived
from usance.core.refusals import Code, Refusal, invalid
from usance.core.tax import TaxCategory
from usance.store import accounts, due
from usance.store import reminders as planned
from usance.store.db import Db, Tx

_KEY_BITS: Final = 256
_NAME_CHARACTERS_MAX: Final = 255
_PREFIXES: Final = {Mode.TEST: "sk_test_", Mode.LIVE: "sk_live_"}


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What can be said of an account when it is made."""

    name: str
    mode: Mode
    zone: str = "UTC"
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made; `secret` is nowhere else."""

    key: ApiKey
    secret: str


async def create(tx: Tx, request: NewAccount) -> Account:
    """Return a new account, which has no key yet. Refuses a bad name, zone or currency."""
    if not request.name.strip() or len(request.name) > _NAME_CHARACTERS_MAX:
        raise invalid("name", f"A name has 1 to {_NAME_CHARACTERS_MAX} characters.")
    if not periods.is_zone(request.zone):
        raise invalid("zone", f"{request.zone!r} is no time zone of the IANA database.")
    if not money.is_currency(request.currency):
        raise invalid("currency", f"{request.currency!r} is no currency of ISO 4217.")

    now = clock.real_now()
    account = Account(
        id=AccountId(derived(now, clock.seed(), "account")),
        name=request.name,
        mode=request.mode,
        zone=request.zone,
        currency=request.currency,
        grace_days=3,
        incomplete_days=30,
        tax_rate=Decimal(0),
        clock_offset_us=0,
    )
    await accounts.add(tx, account, created_at=now)
    return account


async def create_key(tx: Tx, account: Account, name: str) -> NewKey:
    """Return a new key of the account."""
    secret = _PREFIXES[account.mode] + clock.token(_KEY_BITS)
    return NewKey(await _add_key(tx, account.id, name, secret), secret)


async def list_keys(tx: Tx, account_id: AccountId) -> list[ApiKey]:
    """Return the account's keys, the oldest first."""
    return await accounts.keys(tx, account_id)


async def revoke_key(tx: Tx, account_id: AccountId, key_id: UUID) -> ApiKey:
    """Return the key, which opens nothing from now on."""
    key = await accounts.revoke(tx, account_id, key_id, revoked_at=clock.real_now())
    if key is None:
        raise Refusal(Code.KEY_NOT_FOUND, "The account has no key with this id.")
    return key


async def list_accounts(tx: Tx) -> list[Account]:
    """Return all accounts, the oldest first."""
    return await accounts.every(tx)


async def get(tx: Tx, account_id: AccountId) -> Account:
    """Return the account."""
    account = await accounts.by_id(tx, account_id)
    if account is None:
        raise Refusal(Code.NOT_FOUND, "There is no account with this id.")
    return account


async def authenticate(db: Db, secret: str) -> Account:
    """Return the account that the key opens.

    Reads the row each time, by one prepared statement, so that a revoked key opens nothing and a
    clock that was moved is seen, both at once and in every process.
    """
    account = await db.peek(lambda tx: accounts.by_key_hash(tx, _hashed(secret)))
    if account is None:
        raise Refusal(Code.UNAUTHENTICATED, "This API key is not known, or was revoked.")
    return account


async def opened_by(tx: Tx, hashes: Sequence[bytes]) -> dict[bytes, Account]:
    """Return the accounts that keys open, by the SHA-256 of each; the others are left out."""
    return await accounts.by_key_hashes(tx, hashes)


async def bootstrap(tx: Tx, secret: str) -> Account | None:
    """Make the account that this key opens, and return it; None if the key exists already.

    Any number of processes may start with the same key: one makes the account.
    """
    await accounts.lock_setup(tx)
    if await accounts.has_key(tx, _hashed(secret)):
        return None
    mode = Mode.LIVE if secret.startswith(_PREFIXES[Mode.LIVE]) else Mode.TEST
    account = await create(tx, NewAccount(name=f"Bootstrap {mode.lower()}", mode=mode))
    await _add_key(tx, account.id, "bootstrap", secret)
    return account


async def first_start(tx: Tx) -> tuple[Account, NewKey] | None:
    """Make a TEST account with a key if there is no account at all, else return None."""
    await accounts.lock_setup(tx)
    if await accounts.every(tx):
        return None
    account = await create(tx, NewAccount(name="Test", mode=Mode.TEST))
    return account, await create_key(tx, account, "first start")


async def _add_key(tx: Tx, account_id: AccountId, name: str, secret: str) -> ApiKey:
    now = clock.real_now()
    key = ApiKey(
        id=derived(now, clock.seed(), "key"),
        name=name,
        last_four=secret[-4:],
        created_at=now,
        revoked_at=None,
    )
    await accounts.add_key(tx, account_id, key, _hashed(secret))
    return key


def _hashed(secret: str) -> bytes:
    # The key itself is random, so a plain hash cannot be searched: no salt, no slow function.
    return hashlib.sha256(secret.encode()).digest()


async def update(tx: Tx, account_id: AccountId, changed: Mapping[str, object]) -> Account:
    """Return the account with settings changed; `changed` names fields of `Account`.

    Rules by which no reminders are sent stop those that were planned, whoever asked for them.

    Refusals, in this order: validation_failed (number formats by which an invoice and a credit note
    could get one number, then taxCategory, then what does not fit of the tax).
    """
    overdue: Sequence[CustomerId] = ()
    if "cancel_after_past_due_days" in changed:  # customers are locked before their account
        overdue = await due.lock_overdue(tx, account_id)
    before = await accounts.lock(tx, account_id)
    account = replace(before, **changed)  # type: ignore[arg-type] # validated at the door
    if numbers.can_coincide(account.invoice_number_format, account.credit_note_number_format):
        is_notes = "credit_note_number_format" in changed
        raise invalid(
            "creditNoteNumberFormat" if is_notes else "invoiceNumberFormat",
            "An invoice and a credit note could get the same number: begin them otherwise.",
        )
    if account.tax_category is TaxCategory.REVERSE_CHARGE:
        raise invalid("taxCategory", "Reverse charge depends on the customer: say it there.")
    tax.refuse(account.tax_rate, account.tax_category, account.tax_exemption_reason, None)
    await accounts.write(tx, account)
    if account.cancel_after_past_due_days != before.cancel_after_past_due_days:
        await due.look_again(tx, account_id, overdue, account.now(clock.real_now()))
    if "reminders" in changed and not reminders.rules(account.reminders).by_itself:
        await planned.stop(tx, account_id)
    return account
