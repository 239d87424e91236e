"""The auditor's plans as the versions that the core knows."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from tests.machine import papers

from usance.core import ids, pricing
from usance.core.catalog import (
    EVERYTHING_ADDED,
    Allocation,
    BillingTiming,
    Burn,
    CataloguePlan,
    FeatureTerms,
    Limit,
    Overage,
    Plan,
    PlanStatus,
    PlanVersion,
    Rollover,
    Terms,
)
from usance.core.ids import (
    PlanId,
    VersionId,
)
from usance.core.periods import Interval, Unit


def exact(value: Fraction) -> Decimal:
    """The decimal that a fraction is; the machine's prices and quantities all are."""
    found = Decimal(value.numerator) / Decimal(value.denominator)
    assert Fraction(found) == value, "a decimal fraction"
    return found


def price_of(price: papers.Price | None) -> pricing.Price | None:
    if price is None:
        return None
    tiers = tuple(
        pricing.Tier(None if top is None else exact(top), exact(unit), exact(flat))
        for top, unit, flat in price.tiers
    )
    model: pricing.Model
    match price.model:
        case "per_unit":
            model = pricing.PerUnit(exact(price.unit))
        case "graduated":
            model = pricing.Graduated(tiers)
        case "volume":
            model = pricing.Volume(tiers)
        case _:
            model = pricing.Package(exact(price.block), exact(price.unit))
    minimum = exact(price.minimum) if price.minimum else None
    return pricing.Price(model, exact(price.included), minimum, None)


def term_of(key: str, term: papers.Term) -> FeatureTerms:
    overage = Overage.BLOCK if term.block else Overage.ALLOW
    return FeatureTerms(
        key=key,
        limit=None if term.limit is None else Limit(exact(term.limit), overage, None),
        price=price_of(term.price),
        aggregation=EVERYTHING_ADDED,
        burn=None if term.burns is None else Burn(term.burns, exact(term.weight), ()),
    )


# When plans were published: before anybody lives.
PUBLISHED = datetime(2020, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=100)
def plan_of(plan: papers.Plan) -> CataloguePlan:
    """The auditor's plan as the product sells it."""
    plan_id = PlanId(ids.derived(PUBLISHED, "plan", plan.key))
    terms = Terms(
        price=exact(plan.price),
        currency=plan.currency,
        interval=Interval(Unit(plan.unit), plan.count),
        timing=BillingTiming.IN_ADVANCE if plan.advance else BillingTiming.IN_ARREARS,
        grace_days=plan.grace_days,
        net_terms_days=plan.net_days,
        trial_days=plan.trial_days,
        features=tuple(term_of(key, term) for key, term in plan.terms),
        credits=tuple(
            Allocation(
                denomination=one.denomination,
                amount=exact(one.amount),
                rollover=Rollover(one.rollover),
                rollover_cap=exact(one.cap) if one.rollover == "CAPPED" else None,
                expires_after_months=one.expires_after_months,
                every=None,
            )
            for one in plan.allocations
        ),
        metadata=(),
    )
    version = PlanVersion(
        VersionId(ids.derived(PUBLISHED, "version", plan.key)),
        plan_id,
        plan.key,
        plan.key,
        1,
        terms,
    )
    sold = Plan(plan_id, plan.key, plan.key, "", PlanStatus.ACTIVE, None)
    return CataloguePlan(sold, version)
