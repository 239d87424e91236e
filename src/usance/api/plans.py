"""The routes of plans: what is on sale, and the versions of one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

from fastapi import Path, Query, Response
from pydantic import Field

from usance.actions import catalog
from usance.actions.catalog import Edition, Named, Offer
from usance.api import routes, terms
from usance.api.answers import Many, One, listing, show
from usance.api.bodies import Shape
from usance.api.calls import Reading
from usance.api.fields import Number, PathReference, Text255
from usance.api.pages import Paging
from usance.api.routes import refuses
from usance.core.catalog import Allocation, BillingTiming, FeatureTerms, PlanStatus, Rollover
from usance.core.money import rounded
from usance.core.periods import Unit
from usance.core.refusals import Code

router: Final = routes.router("Plans")

PlanInPath: TypeAlias = Annotated[PathReference, Path(alias="plan", description="A key or an id.")]


class PlanShape(Shape):
    """A plan as it is sold."""

    id: UUID
    key: str
    name: str
    description: str
    # Absent in the list of plans, where each is ACTIVE.
    status: PlanStatus = PlanStatus.ACTIVE
    price_amount: Number = Field(description="For each interval, at the currency's scale.")
    currency: str
    interval: Unit
    interval_count: int
    interval_months: int | None = Field(description="Null when the interval counts days or weeks.")
    billing_timing: BillingTiming
    version: int
    metadata: Mapping[str, Any]


class PlanFeature(Shape):
    """What a plan says about a feature."""

    id: UUID
    key: str
    name: str
    description: str
    pricing_type: terms.PricingType
    pricing: Mapping[str, Any] | None = Field(
        description="In the words of the catalogue document: the price of usage, and in `credits` "
        "what it burns of them. Null when it is included."
    )
    limit: Mapping[str, Any] | None = Field(
        description="In the words of the catalogue document: `units`, `overage`, `every`. "
        "Null: no limit."
    )


class CreditAllocation(Shape):
    """Credits that a plan grants each interval."""

    denomination: str
    amount: Number
    hard_limit: bool
    rollover_policy: Rollover
    rollover_cap: Number | None
    expires_after_months: int | None
    # Absent when they are granted each interval of the plan.
    every: Any = Field(default=None, description="Granted this often; absent: each interval.")


class OfferShape(Shape):
    """A plan with what it gives."""

    plan: PlanShape
    features: list[PlanFeature]
    credit_allocations: list[CreditAllocation]


class EditionShape(OfferShape):
    """A version of a plan, which never changes."""

    published_at: datetime
    live_subscriptions: int = Field(description="Those on this version that have not ended.")
    terms: Mapping[str, Any] = Field(description="All of it, as a plan of the catalogue document.")


@router.get("/plans", response_model=Many[OfferShape])
async def list_plans(
    call: Reading, page: Paging, key: Annotated[Text255 | None, Query()] = None
) -> Response:
    """List the plans that are on sale, oldest first. One customer's own plans are not listed."""
    return await listing(
        call,
        page,
        lambda tx: catalog.plans(tx, call, key=key, limit=page.limit, offset=page.offset),
        listed,
    )


@router.get("/plans/{plan}", response_model=One[OfferShape], responses=refuses(Code.PLAN_NOT_FOUND))
async def get_plan(plan: PlanInPath, call: Reading) -> Response:
    """Show a plan in its newest version, whatever its status."""
    return await show(call, lambda tx: catalog.plan(tx, call, plan), shown)


@router.get(
    "/plans/{plan}/versions",
    response_model=Many[EditionShape],
    responses=refuses(Code.PLAN_NOT_FOUND),
)
async def list_plan_versions(plan: PlanInPath, call: Reading, page: Paging) -> Response:
    """List a plan's versions, the newest first. A subscription keeps the one that it was sold."""
    return await listing(
        call,
        page,
        lambda tx: catalog.plan_versions(tx, call, plan, limit=page.limit, offset=page.offset),
        _edition,
    )


def listed(offer: Offer) -> OfferShape:
    """Return a plan that is on sale as it is listed."""
    return OfferShape(**_fields(offer))


def shown(offer: Offer) -> OfferShape:
    """Return a plan by itself, with its status."""
    return OfferShape(**_fields(offer, status=offer.plan.status))


def _edition(edition: Edition) -> EditionShape:
    return EditionShape(
        **_fields(edition.offer, status=edition.offer.plan.status),
        published_at=edition.published.published_at,
        live_subscriptions=edition.published.subscriptions,
        terms=terms.written(edition.offer.version.terms),
    )


def _fields(offer: Offer, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of a shape
    version, written = offer.version, terms.written(offer.version.terms)
    plan = PlanShape(
        id=offer.plan.id,
        key=offer.plan.key,
        name=offer.plan.name,
        description=offer.plan.description,
        price_amount=rounded(version.terms.price, version.terms.currency),
        currency=version.terms.currency,
        interval=version.terms.interval.unit,
        interval_count=version.terms.interval.count,
        interval_months=version.terms.interval.months,
        billing_timing=version.terms.timing,
        version=version.number,
        metadata=dict(version.terms.metadata),
        **more,
    )
    return {
        "plan": plan,
        "features": [
            _feature(term, said, offer.named)
            for term, said in zip(version.terms.features, written["features"], strict=True)
        ],
        "credit_allocations": [
            _allocation(allocation, said, offer.named)
            for allocation, said in zip(version.terms.credits, written["credits"], strict=True)
        ],
    }


def _feature(term: FeatureTerms, said: terms.Object, named: Named) -> PlanFeature:
    feature = named.features[term.key]
    return PlanFeature(
        id=feature.id,
        key=feature.key,
        name=feature.name,
        description=feature.description,
        pricing_type=terms.pricing_type(term),
        pricing=terms.pricing(said),
        limit=said.get("limit"),
    )


def _allocation(allocation: Allocation, said: terms.Object, named: Named) -> CreditAllocation:
    return CreditAllocation(
        denomination=allocation.denomination,
        amount=allocation.amount,
        hard_limit=named.credit_models[allocation.denomination].hard_limit,
        rollover_policy=allocation.rollover,
        rollover_cap=allocation.rollover_cap,
        expires_after_months=allocation.expires_after_months,
        **({"every": said["every"]} if "every" in said else {}),
    )
