"""The routes of usage events."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Request, Response
from pydantic import Field, ValidationError

from usance import clock
from usance.actions import costs, usage
from usance.actions.usage import Recorded, Reported
from usance.api import errors, idempotency, json, routes
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
from usance.core.costs import Cost, Tokens
from usance.core.decisions.record import Use
from usance.core.refusals import Code, Refusal, invalid

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
    usage_units: ExactNumber = Decimal(1)  # below zero only in a correction
    occurred_at: Instant | None = None
    cost_input: CostInput | None = None
    cost_amount: NotNegative | None = None
    revenue_amount: ExactNumber | None = None
    flow_id: Text255 | None = None
    meta: Metadata | None = None
    corrects_event_key: Annotated[Text255 | None, Field(max_length=_KEY_LENGTH_MAX)] = None


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


class CorrectedShape(Shape):
    """The event that a correction takes units off, and what it comes to now."""

    event_id: UUID
    event_idempotency_key: str
    usage_units: Number
    billable_units: Number
    credits_deducted: Number


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
    corrects: CorrectedShape = Field(default=None)  # type: ignore[assignment] # absent elsewhere


class ArchivedReceipt(Shape):
    """What is left of the receipt of an event whose month was archived."""

    event_id: UUID
    event_idempotency_key: str
    duplicate: bool
    notes: list[str]


@router.post(
    "/events",
    status_code=201,
    response_model=One[ReceiptShape],
    responses={
        200: {
            "model": One[ReceiptShape | ArchivedReceipt],
            "description": "The same event again.",
        },
        **refuses(
            Code.CUSTOMER_NOT_FOUND,
            Code.CUSTOMER_ERASED,
            Code.FEATURE_NOT_FOUND,
            Code.EVENT_KEY_CONFLICT,
        ),
    },
)
async def record_event(request: Request, body: Event, call: Command) -> Response:
    """Record a usage event, once.

    `eventIdempotencyKey` identifies it among the customer's events; the Idempotency-Key header stands
    in for it. The same event again answers 200 with the first receipt and `duplicate: true`; of one
    whose month was archived, with its id and a note that says so.

    With `correctsEventKey` it takes units off the event of that key: `usageUnits` is below zero, and
    what is said of the event is said as it was. Its receipt says less than nothing where the event's
    said something: what is not billed, burnt and earned any more.
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


class Batch(Lenient):
    """Up to 1,000 events, of any customers, each with a key of its own."""

    events: Annotated[list[Any], Field(min_length=1, max_length=1000)]


class Refused(Shape):
    """Why an event of a batch was not recorded. A `field` is named from the event on."""

    code: Code
    message: str
    detail: Mapping[str, Any] = Field(default=None)  # type: ignore[arg-type] # absent without
    field: str = Field(default=None)  # type: ignore[assignment] # absent without


class Outcome(Shape):
    """What became of one event of a batch: `status` is what it would have been answered alone."""

    index: int
    status: int
    receipt: ReceiptShape | ArchivedReceipt = Field(default=None)  # type: ignore[assignment]
    error: Refused = Field(default=None)  # type: ignore[assignment] # absent when it is recorded


@router.post("/events/batch", response_model=One[list[Outcome]])
async def record_events(request: Request, body: Batch, call: Command) -> Response:
    """Record up to 1,000 usage events, each once, in order. The good ones are stored.

    Each needs an `eventIdempotencyKey` of its own. Under an Idempotency-Key the whole answer is kept.
    """
    read = [_read_part(each, call) for each in body.events]
    reported = [one for one in read if isinstance(one, Reported)]
    if call.keyed is not None:
        return await answer(
            call, lambda tx: usage.report_together(tx, reported), lambda told: _parts(read, told)
        )
    kept = request.app.state.kept
    told = await usage.report_all(call.db, reported, kept, call.catch_up) if reported else []
    told_of = json.render_exact({"success": True, "data": _parts(read, told)})
    return Response(told_of, media_type="application/json")


def _read_part(sent: object, call: HttpCall) -> Reported | Refusal:
    try:
        body = Event.model_validate(sent)
        assert isinstance(sent, dict), "an event was validated"
        key = body.event_idempotency_key
        if key is None:
            raise invalid(
                "eventIdempotencyKey", "An event needs a key, so that a retry counts once."
            )
        use = use_of(body, sent, key, call.account, call.now)
    except ValidationError as error:
        return errors.invalid_part(error)
    except Refusal as refusal:
        return refusal
    return Reported(call.account, body.customer_reference_id, use, call.now, clock.seed())


def _parts(
    read: list[Reported | Refusal], told: Sequence[Recorded | Exception]
) -> list[dict[str, object]]:
    """Return what became of each part: what was refused when it was read, or what was told of it."""
    rest = iter(told)
    answers = [next(rest) if isinstance(one, Reported) else one for one in read]
    return [_part(index, one) for index, one in enumerate(answers)]


def _part(index: int, answer: Recorded | Exception) -> dict[str, object]:
    if isinstance(answer, Recorded):
        status = 201 if answer.is_new else 200
        return {"index": index, "status": status, "receipt": answer.receipt}
    assert isinstance(answer, Refusal), "what is not refused is recorded"
    return {
        "index": index,
        "status": errors.STATUSES[answer.code],
        "error": errors.told(answer),
    }


def use_of(body: Event, sent: dict[str, Any], key: str, account: Account, now: datetime) -> Use:
    """Return the event that a body tells of."""
    if body.corrects_event_key is not None:
        for name, said in (("costAmount", body.cost_amount), ("costInput", body.cost_input)):
            if said is not None:
                raise invalid(name, "A correction takes units off; what the event cost stays.")
    tokens = _tokens(body.cost_input)
    return Use(
        key=key,
        fingerprint=fingerprint(sent),
        name=body.event_name,
        feature_key=body.feature_key,
        units=body.usage_units,
        occurred_at=body.occurred_at,
        model=None if body.cost_input is None else body.cost_input.model,
        cost=_cost(body, tokens, account, now),
        revenue_amount=body.revenue_amount,
        flow_id=body.flow_id,
        meta=body.meta,
        tokens=tokens,
        corrects=body.corrects_event_key,
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


def _tokens(said: CostInput | None) -> Tokens | None:
    """Return the tokens that are to be priced."""
    if said is None:
        return None
    return costs.named(
        Tokens(
            model=said.model,
            provider=said.model_provider,
            input_tokens=said.input_tokens,
            output_tokens=said.output_tokens,
            cached_input_tokens=said.cached_input_tokens,
            reasoning_tokens=said.reasoning_tokens,
        )
    )


def _cost(body: Event, tokens: Tokens | None, account: Account, now: datetime) -> Cost:
    """Return the amount that was given, else the tokens at the price that is listed for their model.

    What lies ahead counts as now. The seller's own prices are looked up when the event is decided.
    """
    if body.cost_amount is not None:
        return Cost(body.cost_amount, account.currency, None)
    if tokens is None:
        return Cost(None, None, None)
    return costs.listed(tokens, now if body.occurred_at is None else min(body.occurred_at, now))


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
