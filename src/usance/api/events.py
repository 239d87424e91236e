"""The routes of usage events."""

import hashlib
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Request, Response
from pydantic import Field

from usance.actions import costs, usage
from usance.actions.usage import Recorded
from usance.api import idempotency, json, routes
from usance.api.answers import One, answer
from usance.api.bodies import Lenient, Shape
from usance.api.calls import Command, HttpCall
from usance.api.fields import (
    ExactNumber,
    Instant,
    Metadata,
    NotNegative,
    Number,
    Reference,
    Text255,
)
from usance.api.routes import refuses
from usance.core.accounts import Account
from usance.core.decisions.record import Cost, Use
from usance.core.refusals import Code, invalid

router: Final = routes.router("Usage")

_KEY_LENGTH_MAX: Final = 128
_TOKENS_MAX: Final = 1_000_000_000_000
_NUMBERS: Final = frozenset({"usageUnits", "costAmount", "revenueAmount"})


class CostInput(Lenient):
    """The tokens that an AI model took; priced as of the event's own day."""

    model: Text255
    model_provider: Text255 | None = None
    input_tokens: Annotated[int, Field(ge=0, le=_TOKENS_MAX)] = 0
    output_tokens: Annotated[int, Field(ge=0, le=_TOKENS_MAX)] = 0
    cached_input_tokens: Annotated[int, Field(ge=0, le=_TOKENS_MAX)] = 0
    reasoning_tokens: Annotated[int, Field(ge=0, le=_TOKENS_MAX)] = 0


class Event(Lenient):
    """Something that was used. The key makes sending it again harmless, for ever."""

    event_idempotency_key: Annotated[Text255 | None, Field(max_length=_KEY_LENGTH_MAX)] = None
    event_name: Text255
    customer_reference_id: Reference
    feature_key: Reference | None = None
    usage_units: NotNegative = Decimal(1)
    occurred_at: Instant | None = None
    cost_input: CostInput | None = None
    cost_amount: NotNegative | None = None
    revenue_amount: ExactNumber | None = None
    flow_id: Text255 | None = None
    meta: Metadata | None = None


class Matched(Shape):
    """The period that the event counts in."""

    subscription_id: UUID
    plan_key: str
    period_start: datetime


class UsageAfter(Shape):
    """What the period has used, this event included."""

    used: Number
    limit: Number | None
    remaining: Number | None


class ReceiptShape(Shape):
    """What became of the event: what it matched, billed, burnt and cost, or why nothing."""

    event_id: UUID
    event_idempotency_key: str
    duplicate: bool
    matched: Matched | None
    billable_units: Number
    usage: UsageAfter | None
    usage_limit_exceeded: bool
    credits_deducted: Number
    remaining_balance: Number | None
    insufficient_credits: bool
    credit_shortfall: Number
    cost_amount: Number | None
    cost_currency: str | None
    revenue_amount: Number | None
    occurred_at: datetime
    notes: list[str]


@router.post(
    "/events",
    status_code=201,
    response_model=One[ReceiptShape],
    responses={
        200: {"model": One[ReceiptShape], "description": "The same event again."},
        **refuses(Code.CUSTOMER_NOT_FOUND, Code.FEATURE_NOT_FOUND, Code.EVENT_KEY_CONFLICT),
    },
)
async def record_event(request: Request, body: Event, call: Command) -> Response:
    """Record a usage event, once.

    `eventIdempotencyKey` identifies it among the customer's events; the Idempotency-Key header stands
    in for it. The same event again answers 200 with the first receipt and `duplicate: true`.
    """
    key = body.event_idempotency_key or header_key(
        request.headers.get(idempotency.HEADER, "").encode("latin-1") or None
    )
    use = use_of(body, await request.json(), key, call.account, call.now)
    # The event's own key is the memory; the header's would be a second one.
    unkeyed = HttpCall(account=call.account, now=call.now, seed=call.seed, keyed=None, db=call.db)
    return await answer(
        unkeyed,
        lambda tx: usage.report(tx, unkeyed, body.customer_reference_id, use),
        _receipt,
        status=lambda recorded: 201 if recorded.is_new else 200,
    )


def use_of(body: Event, sent: dict[str, Any], key: str, account: Account, now: datetime) -> Use:
    """Return the event that a body tells of."""
    if sent.get("correctsEventKey") is not None:
        raise invalid("correctsEventKey", "Corrections are not supported yet: send a new event.")
    tokens = body.cost_input
    return Use(
        key=key,
        fingerprint=fingerprint(sent),
        name=body.event_name,
        feature_key=body.feature_key,
        units=body.usage_units,
        occurred_at=body.occurred_at,
        model=None if tokens is None else tokens.model,
        cost=_cost(body, account, now),
        revenue_amount=body.revenue_amount,
        flow_id=body.flow_id,
        meta=body.meta,
    )


def header_key(value: bytes | None) -> str:
    """Return the event's key that the Idempotency-Key header gives, or refuse."""
    if value is None:
        raise invalid(
            "eventIdempotencyKey",
            "An event needs a key (or the Idempotency-Key header), so that a retry counts once.",
        )
    key = value.decode("latin-1")
    if not 1 <= len(key) <= _KEY_LENGTH_MAX or not key.isprintable():
        raise invalid(idempotency.HEADER, f"An event's key has 1 to {_KEY_LENGTH_MAX} characters.")
    return key


def _cost(body: Event, account: Account, now: datetime) -> Cost:
    """Return what the event cost: the amount that was given wins over the tokens."""
    if body.cost_amount is not None:
        return Cost(body.cost_amount, account.currency, None)
    tokens = body.cost_input
    if tokens is None:
        return Cost(None, None, None)
    return costs.of_tokens(
        tokens.model,
        tokens.model_provider,
        input_tokens=tokens.input_tokens,
        output_tokens=tokens.output_tokens,
        cached_input_tokens=tokens.cached_input_tokens,
        reasoning_tokens=tokens.reasoning_tokens,
        at=body.occurred_at if body.occurred_at is not None else now,
    )


def fingerprint(sent: dict[str, Any]) -> bytes:
    """Return the digest of an event's content: as it was sent, numbers by their value.

    What takes a number takes it as text too, so there `"1.0"` is 1; elsewhere a text is a text.
    """
    content = {
        key: Decimal(value) if key in _NUMBERS and isinstance(value, str) else value
        for key, value in sent.items()
        if key != "eventIdempotencyKey"
    }
    return hashlib.sha256(json.canonical(content)).digest()


def _receipt(recorded: Recorded) -> object:
    """Return the receipt as it is answered: it was built to be."""
    return recorded.receipt
