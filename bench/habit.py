"""The field's habit, as a reference: FastAPI, several statements a call, a sum for a check.

It keeps the product's tables and is as durable, under the same web server with a pool of as many
connections. An event is one transaction of six statements; a check is five statements, the last of
which sums the period's events. It does less than the product: it keeps no counter, takes no lock,
prices nothing, burns no credits, and its receipt says only that the event is there.

    DATABASE_URL=… python -m bench.habit PORT
"""

import hashlib
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeAlias
from uuid import UUID, uuid4

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from fastapi import FastAPI, Header, HTTPException, Request
from pydantic import BaseModel, Field

from bench.empty import serve

Connection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"

_POOL_SIZE = 16

_KEY = "SELECT account_id FROM api_keys WHERE hash = $1 AND revoked_at IS NULL"
_CUSTOMER = "SELECT customer_id FROM customer_references WHERE account_id = $1 AND reference = $2"
_SUBSCRIPTION = """
    SELECT s.subscription_id, s.version_id, s.seq, p.starts_at
      FROM subscriptions s
      JOIN periods p USING (account_id, customer_id, subscription_id, seq)
     WHERE s.account_id = $1 AND s.customer_id = $2 AND s.status = 'ACTIVE'
     ORDER BY s.created_at
     LIMIT 1
"""
_LIMIT = """
    SELECT f #>> '{limit,units}' AS units
      FROM plan_versions v
      CROSS JOIN jsonb_array_elements(v.terms -> 'features') f
     WHERE v.account_id = $1 AND v.version_id = $2 AND f ->> 'key' = $3
"""
_USED = """
    SELECT coalesce(sum(units), 0)
      FROM usage_events
     WHERE account_id = $1 AND customer_id = $2 AND feature_key = $3 AND recorded_at >= $4
"""
_INSERT_KEY = """
    INSERT INTO event_keys (account_id, customer_id, key, event_id, recorded_at, fingerprint)
    VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT DO NOTHING
    RETURNING true
"""
_INSERT_EVENT = """
    INSERT INTO usage_events (account_id, customer_id, event_id, recorded_at, occurred_at, key, name,
                              feature_key, subscription_id, seq, version_id, "window", units, billable,
                              covered, credits, cost_amount, cost_currency, meta, receipt)
    VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8, $9, $10, 0, $11, $11, 0, 0, $12, 'USD', $13, $14)
"""


class Event(BaseModel):
    """A usage event, in the fields that the benchmark sends."""

    event_key: Annotated[str, Field(alias="eventIdempotencyKey", max_length=128)]
    name: Annotated[str, Field(alias="eventName", max_length=255)]
    reference: Annotated[str, Field(alias="customerReferenceId", max_length=255)]
    feature_key: Annotated[str, Field(alias="featureKey", max_length=255)]
    units: Annotated[Decimal, Field(alias="usageUnits", ge=0)] = Decimal(1)
    cost_amount: Annotated[Decimal | None, Field(alias="costAmount", ge=0)] = None
    meta: dict[str, Any] | None = None


class Receipt(BaseModel):
    """That an event is on record."""

    event_id: Annotated[UUID, Field(serialization_alias="eventId")]
    event_key: Annotated[str, Field(serialization_alias="eventIdempotencyKey")]
    duplicate: bool


class Entitlement(BaseModel):
    """Whether a feature may be used, and how much was."""

    reference: Annotated[str, Field(serialization_alias="customerReferenceId")]
    feature_key: Annotated[str, Field(serialization_alias="featureKey")]
    is_allowed: Annotated[bool, Field(serialization_alias="isAllowed")]
    used: Decimal
    limit: Decimal | None


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], max_size=_POOL_SIZE) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=_lifespan)


@app.post("/api/v1/events", status_code=201)
async def record_event(
    request: Request, event: Event, authorization: Annotated[str, Header()]
) -> Receipt:
    """Record an event in one transaction."""
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        account_id, customer_id = await _whose(connection, authorization, event.reference)
        subscription = await connection.fetchrow(_SUBSCRIPTION, account_id, customer_id)
        if subscription is None:
            raise HTTPException(409, "no subscription")
        await connection.fetchval(_LIMIT, account_id, subscription["version_id"], event.feature_key)
        event_id, now = uuid4(), datetime.now(UTC)
        digest = hashlib.sha256(event.model_dump_json().encode()).digest()
        named = (account_id, customer_id, event.event_key, event_id, now, digest)
        is_new = await connection.fetchval(_INSERT_KEY, *named)
        receipt = Receipt(event_id=event_id, event_key=event.event_key, duplicate=not is_new)
        if is_new:
            await connection.execute(
                _INSERT_EVENT,
                account_id,
                customer_id,
                event_id,
                now,
                event.event_key,
                event.name,
                event.feature_key,
                subscription["subscription_id"],
                subscription["seq"],
                subscription["version_id"],
                event.units,
                event.cost_amount,
                None if event.meta is None else json.dumps(event.meta),
                receipt.model_dump_json(by_alias=True),
            )
    return receipt


@app.get("/api/v1/entitlements/{reference}/{feature_key}")
async def check(
    request: Request, reference: str, feature_key: str, authorization: Annotated[str, Header()]
) -> Entitlement:
    """Sum what the period has used, and say whether one more is within the limit."""
    async with request.app.state.pool.acquire() as connection:
        account_id, customer_id = await _whose(connection, authorization, reference)
        subscription = await connection.fetchrow(_SUBSCRIPTION, account_id, customer_id)
        if subscription is None:
            raise HTTPException(409, "no subscription")
        units = await connection.fetchval(
            _LIMIT, account_id, subscription["version_id"], feature_key
        )
        used = await connection.fetchval(
            _USED, account_id, customer_id, feature_key, subscription["starts_at"]
        )
    limit = None if units is None else Decimal(units)
    return Entitlement(
        reference=reference,
        feature_key=feature_key,
        is_allowed=limit is None or used < limit,
        used=used,
        limit=limit,
    )


async def _whose(connection: Connection, authorization: str, reference: str) -> tuple[UUID, UUID]:
    digest = hashlib.sha256(authorization.removeprefix("Bearer ").encode()).digest()
    account_id = await connection.fetchval(_KEY, digest)
    if account_id is None:
        raise HTTPException(401, "unknown key")
    customer_id = await connection.fetchval(_CUSTOMER, account_id, reference)
    if customer_id is None:
        raise HTTPException(404, "unknown customer")
    return account_id, customer_id


if __name__ == "__main__":
    serve(app, int(sys.argv[1]))
