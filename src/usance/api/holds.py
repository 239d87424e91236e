"""The routes of holds: units and credits set aside between the check and the event of a use."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

from fastapi import Path, Request, Response
from pydantic import Field

from usance.actions import holds
from usance.actions.holds import Held
from usance.api import events, routes
from usance.api.answers import One, answer, show
from usance.api.bodies import Lenient, Shape
from usance.api.calls import Command, Reading
from usance.api.fields import Instant, Metadata, NotNegative, Number, PathId, Reference, Text255
from usance.api.lines import trimmed
from usance.api.routes import refuses
from usance.core.decisions.hold import Take
from usance.core.decisions.record import Use
from usance.core.entitlements import Denial
from usance.core.holds import DEFAULT_LIFE, LONGEST_LIFE, Hold, HoldStatus
from usance.core.refusals import Code

router: Final = routes.router("Holds")

HoldInPath: TypeAlias = Annotated[PathId, Path(alias="holdId")]

_KEY_LENGTH_MAX: Final = 128
_DENIALS: Final = [Code(one.value) for one in Denial]


class NewHold(Lenient):
    """What to set aside. The `holdKey` makes asking again harmless."""

    customer_reference_id: Reference
    feature_key: Reference
    usage_units: NotNegative = Decimal(1)
    model: Text255 | None = None
    expires_in_seconds: Annotated[int, Field(ge=1, le=int(LONGEST_LIFE.total_seconds()))] = int(
        DEFAULT_LIFE.total_seconds()
    )
    hold_key: Annotated[Text255 | None, Field(max_length=_KEY_LENGTH_MAX)] = None


class Settlement(Lenient):
    """What was really used: an event like any other, whose key is the hold's id unless it has one."""

    usage_units: NotNegative
    event_idempotency_key: Annotated[Text255 | None, Field(max_length=_KEY_LENGTH_MAX)] = None
    event_name: Text255 | None = None
    occurred_at: Instant | None = None
    cost_input: events.CostInput | None = None
    cost_amount: NotNegative | None = None
    flow_id: Text255 | None = None
    meta: Metadata | None = None


class HoldShape(Shape):
    """A hold as it stands now. EXPIRED is what time has made of it."""

    id: UUID
    status: HoldStatus
    customer_reference_id: str
    feature_key: str
    subscription_id: UUID
    usage_units: Number
    model: str | None
    denomination: str | None
    credits: Number
    hold_key: str
    event_id: UUID | None
    created_at: datetime
    expires_at: datetime


class SettledReceipt(events.ReceiptShape):
    """The receipt of a hold's event. `holdExpired`: the hold was over, and reserved nothing."""

    hold_id: UUID
    hold_expired: bool


@router.post(
    "/holds",
    status_code=201,
    response_model=One[HoldShape],
    responses={
        200: {"model": One[HoldShape], "description": "The same hold again."},
        **refuses(Code.CUSTOMER_NOT_FOUND, Code.HOLD_KEY_CONFLICT, *_DENIALS),
    },
)
async def take_hold(request: Request, body: NewHold, call: Command) -> Response:
    """Set units aside, with the credits that they would burn; or refuse as a check denies.

    Until it is settled, released or over, nobody else can use what it holds.
    """
    take = take_of(body, await request.json())
    return await answer(
        call,
        lambda tx: holds.take(tx, call, body.customer_reference_id, take),
        shown,
        status=lambda held: 201 if held.is_new else 200,
    )


@router.post(
    "/holds/{holdId}/settle",
    status_code=201,
    response_model=One[SettledReceipt],
    responses={
        200: {"model": One[SettledReceipt], "description": "The same event again."},
        **refuses(
            Code.HOLD_NOT_FOUND,
            Code.HOLD_SETTLED,
            Code.CUSTOMER_ERASED,
            Code.EVENT_KEY_CONFLICT,
        ),
    },
)
async def settle_hold(
    request: Request, hold_id: HoldInPath, body: Settlement, call: Command
) -> Response:
    """Record what was really used, less or more, and give the rest of the hold back.

    What the hold does not cover follows the rules of any event. One that is over by now, or was
    released, is still recorded: its receipt says `holdExpired: true`.
    """
    sent = await request.json()

    def use_of(hold: Hold) -> Use:
        return _use(body, sent, hold, call)

    return await answer(
        call,
        lambda tx: holds.settle(tx, call, hold_id, use_of),
        lambda recorded: recorded.receipt,
        status=lambda recorded: 201 if recorded.is_new else 200,
    )


@router.post(
    "/holds/{holdId}/release",
    response_model=One[HoldShape],
    responses=refuses(Code.HOLD_NOT_FOUND, Code.HOLD_SETTLED),
)
async def release_hold(hold_id: HoldInPath, call: Command) -> Response:
    """Give back what a hold sets aside; one that is over stays as it is."""
    return await answer(call, lambda tx: holds.release(tx, call, hold_id), shown)


@router.get(
    "/holds/{holdId}", response_model=One[HoldShape], responses=refuses(Code.HOLD_NOT_FOUND)
)
async def get_hold(hold_id: HoldInPath, call: Reading) -> Response:
    """Show a hold."""
    return await show(call, lambda tx: holds.get(tx, call, hold_id), shown)


def take_of(body: NewHold, sent: dict[str, Any]) -> Take:
    """Return what a body asks to set aside."""
    return Take(
        key=body.hold_key,
        fingerprint=events.fingerprint(sent),
        feature_key=body.feature_key,
        units=body.usage_units,
        model=body.model,
        life=timedelta(seconds=body.expires_in_seconds),
    )


def _use(body: Settlement, sent: dict[str, Any], hold: Hold, call: Command) -> Use:
    """Return the event that settles a hold; its content is what was sent, and which hold."""
    event = events.Event.model_construct(  # of fields that are validated already
        event_name=body.event_name or hold.counted.feature_key,
        feature_key=hold.counted.feature_key,
        usage_units=body.usage_units,
        occurred_at=body.occurred_at,
        cost_input=body.cost_input,
        cost_amount=body.cost_amount,
        flow_id=body.flow_id,
        meta=body.meta,
    )
    key = body.event_idempotency_key or str(hold.id)
    content = {**sent, "holdId": str(hold.id)}
    use = events.use_of(event, content, key, call.account, call.now)
    return use if use.model is not None else replace(use, model=hold.model)


def shown(held: Held) -> HoldShape:
    """Return the hold as it is answered."""
    hold = held.hold
    return HoldShape(
        id=hold.id,
        status=hold.status_at(held.now),
        customer_reference_id=held.customer_reference,
        feature_key=hold.counted.feature_key,
        subscription_id=hold.counted.subscription_id,
        usage_units=trimmed(hold.units),
        model=hold.model,
        denomination=hold.denomination,
        credits=trimmed(hold.credits),
        hold_key=hold.key,
        event_id=hold.event_id,
        created_at=hold.created_at,
        expires_at=hold.expires_at,
    )
