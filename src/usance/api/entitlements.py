"""The routes of entitlements: may this customer use this feature now, and what would a use come to."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final, TypeAlias
from uuid import UUID

from fastapi import Path, Response
from pydantic import Field

from usance.actions import entitlements
from usance.actions.entitlements import Answered
from usance.api import routes
from usance.api.answers import Many, One, listed, show
from usance.api.bodies import Lenient, Shape
from usance.api.calls import Reading
from usance.api.fields import (
    CustomerInPath,
    Metadata,
    NotNegative,
    Number,
    PathReference,
    Reference,
    Text255,
)
from usance.api.lines import plain, trimmed
from usance.api.pages import Paging
from usance.api.routes import refuses
from usance.core.entitlements import MESSAGES, CreditQuote, CreditState, Denial, Question
from usance.core.refusals import Code, invalid
from usance.core.usage import Used

router: Final = routes.router("Entitlements")

FeatureInPath: TypeAlias = Annotated[PathReference, Path(alias="featureKey")]


class Track(Lenient):
    """The use to simulate. Nothing of it is recorded."""

    event_name: Text255 | None = None
    usage_units: NotNegative = Decimal(1)
    model: Text255 | None = None
    meta: Metadata | None = None


class Check(Lenient):
    """A question about a customer and a feature; `usage` is another name of `track`."""

    customer_reference_id: Reference
    feature_key: Reference
    track: Track | None = None
    usage: Track | None = None


class Reason(Shape):
    """Why not."""

    code: Denial
    message: str


class UsageState(Shape):
    """What the period has used. `limit` null is unlimited."""

    used: Number
    limit: Number | None
    remaining: Number | None
    resets_at: datetime | None


class CreditShape(Shape):
    """The pool that a use burns from."""

    denomination: str
    balance: Number
    available: Number
    hard_limit: bool


class SimulationShape(Shape):
    """What the asked units would do."""

    requested_usage: Number
    projected_usage: Number
    projected_remaining: Number | None
    projected_overage: Number
    would_exceed_limit: bool


class QuoteShape(Shape):
    """What the asked units would burn."""

    weight: Number
    estimated_credits: Number
    price_per_credit: Number | None
    currency: str | None
    estimated_cost: Number | None


class EntitlementShape(Shape):
    """The answer. `allowed` is `isAllowed`; `reason` is there when it is no."""

    customer_reference_id: str
    feature_key: str
    is_allowed: bool
    allowed: bool
    reason: Reason = Field(default=None)  # type: ignore[assignment] # absent when allowed
    subscription_id: UUID | None
    usage: UsageState | None
    credit: CreditShape | None
    as_of: datetime
    simulation: SimulationShape = Field(default=None)  # type: ignore[assignment] # absent unasked
    credit_quote: QuoteShape = Field(default=None)  # type: ignore[assignment] # absent unasked


@router.get(
    "/entitlements/{customerReferenceId}/{featureKey}",
    response_model=One[EntitlementShape],
    responses=refuses(Code.CUSTOMER_NOT_FOUND),
)
async def get_entitlement(
    reference: CustomerInPath, feature_key: FeatureInPath, call: Reading
) -> Response:
    """Tell whether one more unit would be allowed now. An unknown feature is a no, not a 404."""
    question = Question(feature_key)
    return await show(call, lambda tx: entitlements.check(tx, call, reference, question), shown)


@router.get(
    "/entitlements/{customerReferenceId}",
    response_model=Many[EntitlementShape],
    responses=refuses(Code.CUSTOMER_NOT_FOUND),
)
async def list_entitlements(reference: CustomerInPath, call: Reading, page: Paging) -> Response:
    """Tell the same for every feature of the customer's plans, by key."""
    return await listed(call, page, lambda tx: entitlements.every(tx, call, reference), shown)


@router.post(
    "/entitlements",
    response_model=One[EntitlementShape],
    responses=refuses(Code.CUSTOMER_NOT_FOUND),
)
async def check_entitlement(body: Check, call: Reading) -> Response:
    """Tell whether exactly these units would be allowed now. Nothing is recorded."""
    question = question_of(body)
    reference = body.customer_reference_id
    return await show(call, lambda tx: entitlements.check(tx, call, reference, question), shown)


def question_of(body: Check) -> Question:
    """Return the question that a body asks."""
    if body.track is not None and body.usage is not None:
        raise invalid("usage", "`usage` is another name of `track`: send one of them.")
    asked = body.track or body.usage
    return Question(
        body.feature_key,
        units=None if asked is None else asked.usage_units,
        model=None if asked is None else asked.model,
    )


def shown(answered: Answered) -> dict[str, object]:
    """Return the entitlement as it is answered: an `EntitlementShape`, made without its checks."""
    one = answered.entitlement
    answer: dict[str, object] = {
        "customerReferenceId": answered.customer_reference,
        "featureKey": one.feature_key,
        "isAllowed": one.is_allowed,
        "allowed": one.is_allowed,
    }
    if one.denial is not None:
        answer["reason"] = {"code": one.denial, "message": MESSAGES[one.denial]}
    answer["subscriptionId"] = one.subscription_id
    answer["usage"] = None if one.usage is None else _usage(one.usage)
    answer["credit"] = None if one.credit is None else _credit(one.credit)
    answer["asOf"] = answered.as_of
    if one.simulation is not None:
        answer["simulation"] = {
            "requestedUsage": trimmed(one.simulation.requested),
            "projectedUsage": trimmed(one.simulation.projected_usage),
            "projectedRemaining": plain(one.simulation.projected_remaining),
            "projectedOverage": trimmed(one.simulation.projected_overage),
            "wouldExceedLimit": one.simulation.would_exceed_limit,
        }
    if one.quote is not None:
        answer["creditQuote"] = _quote(one.quote)
    return answer


def _quote(quote: CreditQuote) -> dict[str, object]:
    price = quote.price
    return {
        "weight": trimmed(quote.weight),
        "estimatedCredits": trimmed(quote.estimated_credits),
        "pricePerCredit": None if price is None else trimmed(price.price_per_credit),
        "currency": None if price is None else price.currency,
        "estimatedCost": plain(quote.estimated_cost),
    }


def _usage(state: Used) -> dict[str, object]:
    return {
        "used": trimmed(state.used),
        "limit": plain(state.limit),
        "remaining": plain(state.remaining),
        "resetsAt": state.resets_at,
    }


def _credit(credit: CreditState) -> dict[str, object]:
    return {
        "denomination": credit.denomination,
        "balance": trimmed(credit.balance),
        "available": trimmed(credit.available),
        "hardLimit": credit.hard_limit,
    }
