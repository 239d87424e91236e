"""Writing a document: the values that `parse` reads, ready for an encoder that keeps Decimals.

What is absent is left out, and so is what a reader would assume (an aggregation by sum).

Units: Decimals stay Decimals, at the scale at which they were read.
Sources: BILLING.md, "Catalogue document".
"""

from typing import TypeAlias, assert_never

from usance.core.catalog import (
    EVERYTHING_ADDED,
    Aggregation,
    Allocation,
    Burn,
    FeatureTerms,
    Limit,
    Terms,
)
from usance.core.catalog_document.entries import Document, FeatureEntry, PlanEntry
from usance.core.catalog_document.terms import OPEN_END
from usance.core.periods import Interval
from usance.core.pricing import Graduated, Package, PerUnit, Price, Tier, Volume

Object: TypeAlias = dict[str, object]


def to_document(document: Document) -> Object:
    """Return the document as an encoder takes it: `parse` of it gives an equal one."""
    models = [
        {
            "denomination": model.denomination,
            "name": model.name,
            "hardLimit": model.hard_limit,
        }
        for model in document.credit_models
    ]
    written: Object = {
        "features": [_feature(entry) for entry in document.features],
        "creditModels": models,
        "plans": [_plan(entry) for entry in document.plans],
    }
    if document.prune:
        written["prune"] = True
    return written


def terms_to_json(terms: Terms) -> Object:
    """Return terms in the shape of a plan of the document, which is also how they are stored."""
    return {
        "price": {"amount": terms.price, "currency": terms.currency},
        "interval": _interval(terms.interval),
        "billingTiming": terms.timing.value,
        "gracePeriodDays": terms.grace_days,
        "netTermsDays": terms.net_terms_days,
        "trialDays": terms.trial_days,
        "features": [_feature_terms(term) for term in terms.features],
        "credits": [_allocation(allocation) for allocation in terms.credits],
        "metadata": dict(terms.metadata),
    }


def _present(written: Object) -> Object:
    return {name: value for name, value in written.items() if value is not None}


def _feature(entry: FeatureEntry) -> Object:
    return _present(
        {
            "key": entry.key,
            "name": entry.name,
            "description": entry.description,
            "enabled": entry.enabled,
        }
    )


def _plan(entry: PlanEntry) -> Object:
    names: Object = {
        "key": entry.key,
        "name": entry.name,
        "description": entry.description,
        "status": entry.status.value,
        "customerReferenceId": entry.customer,
    }
    return _present(names) | terms_to_json(entry.terms)


def _interval(interval: Interval) -> Object:
    return {"unit": interval.unit.value, "count": interval.count}


def _every(every: Interval | None) -> object:
    if every is None:
        return None
    return every.unit.value if every.count == 1 else _interval(every)


def _feature_terms(term: FeatureTerms) -> Object:
    plain = term.aggregation == EVERYTHING_ADDED
    return _present(
        {
            "key": term.key,
            "limit": _limit(term.limit) if term.limit else None,
            "price": _price(term.price) if term.price else None,
            "aggregation": None if plain else _aggregation(term.aggregation),
            "credits": _burn(term.burn) if term.burn else None,
        }
    )


def _limit(limit: Limit) -> Object:
    return _present(
        {"units": limit.units, "overage": limit.overage.value, "every": _every(limit.every)}
    )


def _aggregation(aggregation: Aggregation) -> Object:
    return _present(
        {
            "type": aggregation.kind.value,
            "property": aggregation.property,
            "filter": dict(aggregation.filter) or None,
        }
    )


def _burn(burn: Burn) -> Object:
    return _present(
        {
            "denomination": burn.denomination,
            "weight": burn.weight,
            "models": dict(burn.models) or None,
        }
    )


def _allocation(allocation: Allocation) -> Object:
    return _present(
        {
            "denomination": allocation.denomination,
            "amount": allocation.amount,
            "rollover": allocation.rollover.value,
            "rolloverCap": allocation.rollover_cap,
            "expiresAfterMonths": allocation.expires_after_months,
            "every": _every(allocation.every),
        }
    )


def _price(price: Price) -> Object:
    extras: Object = {
        "includedUnits": price.included_units,
        "minimum": price.minimum,
        "unitLabel": price.unit_label,
    }
    return _model(price) | _present(extras)


def _model(price: Price) -> Object:
    match price.model:
        case PerUnit(unit_price):
            return {"model": "per_unit", "unitPrice": unit_price}
        case Graduated(tiers):
            return {"model": "graduated", "tiers": [_tier(tier) for tier in tiers]}
        case Volume(tiers):
            return {"model": "volume", "tiers": [_tier(tier) for tier in tiers]}
        case Package(size, block_price):
            return {"model": "package", "packageSize": size, "packagePrice": block_price}
        case _:
            assert_never(price.model)


def _tier(tier: Tier) -> Object:
    return {
        "upTo": OPEN_END if tier.up_to is None else tier.up_to,
        "unitPrice": tier.unit_price,
        "flatFee": tier.flat_fee,
    }
