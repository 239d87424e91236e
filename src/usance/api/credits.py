"""The routes of credits."""

from datetime import datetime
from typing import Annotated, Final, TypeAlias
from uuid import UUID

from fastapi import Path, Response
from pydantic import Field

from usance.actions import credits
from usance.actions.credits import NewGrant, PoolView
from usance.api import routes
from usance.api.answers import Many, One, answer, listing, show
from usance.api.bodies import Lenient, Shape
from usance.api.calls import Command, Reading
from usance.api.fields import (
    Choice,
    CustomerInPath,
    Instant,
    LongText,
    Number,
    PathId,
    Positive,
    Text255,
)
from usance.api.lines import plain, trimmed
from usance.api.pages import Paging
from usance.api.routes import refuses
from usance.core.catalog import Rollover
from usance.core.credits import Grant, GrantKind, Transaction, TransactionKind
from usance.core.refusals import Code, invalid

router: Final = routes.router("Credits")

PoolInPath: TypeAlias = Annotated[PathId, Path(alias="poolId")]


class GrantByHand(Lenient):
    """Credits to give. PLAN_INCLUDED ones come from plans alone."""

    denomination: Text255
    amount: Positive
    type: Choice[GrantKind] = GrantKind.PROMOTIONAL
    priority: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] = 0
    expires_at: Instant | None = None
    reason: LongText | None = None


class PoolShape(Shape):
    """A customer's credits of one denomination. The totals are of all time."""

    id: UUID
    denomination: str
    balance: Number
    available: Number
    total_granted: Number
    total_consumed: Number
    total_expired: Number
    total_clawed_back: Number
    overdraft: Number
    hard_limit: bool
    status: str
    created_at: datetime


class GrantShape(Shape):
    """Credits given at one time, and what is left of them."""

    id: UUID
    type: GrantKind
    amount: Number
    remaining: Number
    priority: int
    granted_at: datetime
    expires_at: datetime | None
    reason: str | None
    subscription_id: UUID | None
    rollover_policy: Rollover | None
    rollover_cap: Number | None


class Taken(Shape):
    """What a movement added to a grant, or (negative) took from it."""

    grant_id: UUID
    amount: Number


class TransactionShape(Shape):
    """One movement of a pool."""

    id: UUID
    sequence: int
    type: TransactionKind
    amount: Number
    balance_after: Number
    grants: list[Taken]
    event_id: UUID | None
    reverses_transaction_id: UUID | None
    reason: str | None
    created_at: datetime


@router.get(
    "/credits/{customerReferenceId}/pools",
    response_model=Many[PoolShape],
    responses=refuses(Code.CUSTOMER_NOT_FOUND),
)
async def list_pools(reference: CustomerInPath, call: Reading, page: Paging) -> Response:
    """List a customer's credit pools, by denomination."""
    return await listing(
        call,
        page,
        lambda tx: credits.pools(tx, call, reference, limit=page.limit, offset=page.offset),
        pool_shown,
    )


@router.get(
    "/credits/{customerReferenceId}/pools/{poolId}",
    response_model=One[PoolShape],
    responses=refuses(Code.CUSTOMER_NOT_FOUND, Code.POOL_NOT_FOUND),
)
async def get_pool(reference: CustomerInPath, pool_id: PoolInPath, call: Reading) -> Response:
    """Show a credit pool."""
    return await show(call, lambda tx: credits.pool(tx, call, reference, pool_id), pool_shown)


@router.get(
    "/credits/{customerReferenceId}/pools/{poolId}/grants",
    response_model=Many[GrantShape],
    responses=refuses(Code.CUSTOMER_NOT_FOUND, Code.POOL_NOT_FOUND),
)
async def list_grants(
    reference: CustomerInPath, pool_id: PoolInPath, call: Reading, page: Paging
) -> Response:
    """List a pool's grants, the newest first."""
    return await listing(
        call,
        page,
        lambda tx: credits.grants(
            tx, call, reference, pool_id, limit=page.limit, offset=page.offset
        ),
        _grant,
    )


@router.get(
    "/credits/{customerReferenceId}/pools/{poolId}/transactions",
    response_model=Many[TransactionShape],
    responses=refuses(Code.CUSTOMER_NOT_FOUND, Code.POOL_NOT_FOUND),
)
async def list_transactions(
    reference: CustomerInPath, pool_id: PoolInPath, call: Reading, page: Paging
) -> Response:
    """List a pool's movements, the newest first."""
    return await listing(
        call,
        page,
        lambda tx: credits.transactions(
            tx, call, reference, pool_id, limit=page.limit, offset=page.offset
        ),
        transaction_shown,
    )


@router.post(
    "/credits/{customerReferenceId}/grants",
    status_code=201,
    response_model=One[GrantShape],
    responses=refuses(Code.CUSTOMER_NOT_FOUND, Code.CUSTOMER_ERASED),
)
async def create_grant(reference: CustomerInPath, body: GrantByHand, call: Command) -> Response:
    """Give credits by hand."""
    if body.type is GrantKind.PLAN_INCLUDED:
        raise invalid("type", "PLAN_INCLUDED credits come from plans alone.")
    request = NewGrant(
        denomination=body.denomination,
        amount=body.amount,
        kind=body.type,
        priority=body.priority,
        expires_at=body.expires_at,
        reason=body.reason,
    )
    return await answer(
        call, lambda tx: credits.give(tx, call, reference, request), _grant, status=201
    )


def pool_shown(view: PoolView) -> PoolShape:
    """Return the pool as it is answered."""
    pool = view.pool
    return PoolShape(
        id=pool.id,
        denomination=pool.denomination,
        balance=trimmed(view.balance),
        available=trimmed(view.available),
        total_granted=trimmed(pool.granted),
        total_consumed=trimmed(pool.consumed),
        total_expired=trimmed(pool.expired),
        total_clawed_back=trimmed(pool.clawed),
        overdraft=trimmed(pool.overdraft),
        hard_limit=pool.hard_limit,
        status="ACTIVE" if view.available > 0 else "DEPLETED",
        created_at=pool.created_at,
    )


def _grant(grant: Grant) -> GrantShape:
    return GrantShape(
        id=grant.id,
        type=grant.kind,
        amount=trimmed(grant.amount),
        remaining=trimmed(grant.remaining),
        priority=grant.priority,
        granted_at=grant.granted_at,
        expires_at=grant.expires_at,
        reason=grant.reason,
        subscription_id=grant.subscription_id,
        rollover_policy=grant.rollover,
        rollover_cap=plain(grant.rollover_cap),
    )


def transaction_shown(one: Transaction) -> TransactionShape:
    """Return the movement as it is answered."""
    return TransactionShape(
        id=one.id,
        sequence=one.seq,
        type=one.kind,
        amount=trimmed(one.amount),
        balance_after=trimmed(one.balance_after),
        grants=[Taken(grant_id=grant, amount=trimmed(amount)) for grant, amount in one.taken],
        event_id=one.event_id,
        reverses_transaction_id=one.reverses,
        reason=one.reason,
        created_at=one.at,
    )
