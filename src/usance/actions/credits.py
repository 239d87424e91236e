"""Credits: pools and what moved in them, and grants given by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from usance.actions import ledger
from usance.actions.commands import Call
from usance.core import credits, money
from usance.core.credits import Grant, GrantKind, Pool, Transaction
from usance.core.decisions import granting, lifecycle
from usance.core.draft import Draft
from usance.core.ids import GrantId, PoolId
from usance.core.outcome import Outcome
from usance.core.refusals import Code, Refusal, invalid
from usance.core.snapshot import Snapshot
from usance.store import credits as stored
from usance.store.db import Tx


@dataclass(frozen=True, slots=True)
class PoolView:
    """A pool with what it holds at the instant of the question."""

    pool: Pool
    balance: Decimal
    available: Decimal


@dataclass(frozen=True, slots=True)
class NewGrant:
    """Credits to give by hand."""

    denomination: str
    amount: Decimal
    kind: GrantKind
    priority: int
    expires_at: datetime | None
    reason: str | None


async def pools(
    tx: Tx, call: Call, reference: str, *, limit: int, offset: int
) -> tuple[list[PoolView], int]:
    """Return a page of the customer's pools, by denomination, and how many there are."""
    customer = await ledger.customer_of(tx, call, reference)
    now = await ledger.settled(tx, call, customer)
    found, total = await stored.pools(tx, call.account.id, customer.id, limit=limit, offset=offset)
    usable = await stored.usable(tx, call.account.id, customer.id, now)
    return [_view(pool, usable, now) for pool in found], total


async def pool(tx: Tx, call: Call, reference: str, pool_id: UUID) -> PoolView:
    """Return one pool of the customer, or refuse: pool_not_found."""
    customer = await ledger.customer_of(tx, call, reference)
    now = await ledger.settled(tx, call, customer)
    found = await stored.pool(tx, call.account.id, customer.id, PoolId(pool_id))
    if found is None:
        raise Refusal(Code.POOL_NOT_FOUND, "There is no such credit pool.")
    return _view(found, await stored.usable(tx, call.account.id, customer.id, now), now)


async def grants(
    tx: Tx, call: Call, reference: str, pool_id: UUID, *, limit: int, offset: int
) -> tuple[list[Grant], int]:
    """Return a page of a pool's grants, the newest first, and how many there are."""
    shown = await pool(tx, call, reference, pool_id)
    one = shown.pool
    return await stored.grants(
        tx, call.account.id, one.customer_id, one.id, limit=limit, offset=offset
    )


async def transactions(
    tx: Tx, call: Call, reference: str, pool_id: UUID, *, limit: int, offset: int
) -> tuple[list[Transaction], int]:
    """Return a page of a pool's movements, the newest first, and how many there are."""
    shown = await pool(tx, call, reference, pool_id)
    one = shown.pool
    return await stored.transactions(
        tx, call.account.id, one.customer_id, one.id, limit=limit, offset=offset
    )


async def give(tx: Tx, call: Call, reference: str, request: NewGrant) -> Grant:
    """Give credits by hand; the pool is made when there is none.

    Refusals: customer_not_found, validation_failed (denomination, amount, expiresAt).
    """
    customer = await ledger.lock_customer(tx, call, reference)
    given: list[GrantId] = []

    def decision(before: Snapshot, now: datetime) -> Outcome:
        if request.denomination not in before.credit_models:
            raise invalid("denomination", "There is no such credit model.")
        if request.amount <= 0 or not money.is_exact(request.amount):
            raise invalid("amount", "A grant is more than nothing.")
        if request.expires_at is not None and request.expires_at <= now:
            raise invalid("expiresAt", "A grant expires after now.")
        draft = Draft(before, now=now, seed=call.seed)
        target = granting.pool_of(draft, request.denomination)
        grant = Grant(
            id=GrantId(draft.new_id("grant")),
            customer_id=customer.id,
            pool_id=target.id,
            kind=request.kind,
            amount=request.amount,
            remaining=request.amount,
            priority=request.priority,
            granted_at=now,
            expires_at=request.expires_at,
            reason=request.reason,
        )
        granting.give(draft, grant)
        given.append(grant.id)
        lifecycle.conclude(draft)
        return draft.outcome()

    decided = await ledger.decide(tx, call, customer, decision)
    return decided.after.grants[given[-1]]


def _view(found: Pool, grants_left: Sequence[Grant], now: datetime) -> PoolView:
    balance = credits.balance(found, grants_left, now)
    return PoolView(found, balance, balance)
