"""The auditor's plans as the catalogue document that sells them."""

from collections.abc import Iterable
from typing import Any

from tests.machine import papers
from tests.machine.living import POOLS
from tests.machine.sold import exact

Row = dict[str, Any]


def document(plans: Iterable[papers.Plan], features: Iterable[str], soft: Iterable[str]) -> Row:
    """The auditor's plans as a catalogue document."""
    return {
        "features": [{"key": key, "name": key} for key in features],
        "creditModels": [
            {"denomination": name, "name": name, "hardLimit": name not in soft} for name in POOLS
        ],
        "plans": [_plan(plan) for plan in plans],
    }


def _plan(plan: papers.Plan) -> Row:
    return {
        "key": plan.key,
        "name": plan.key,
        "price": {"amount": exact(plan.price), "currency": plan.currency},
        "interval": {"unit": plan.unit, "count": plan.count},
        "billingTiming": "IN_ADVANCE" if plan.advance else "IN_ARREARS",
        "gracePeriodDays": plan.grace_days,
        "netTermsDays": plan.net_days,
        "trialDays": plan.trial_days,
        "features": [_term(key, term) for key, term in plan.terms],
        "credits": [
            {
                "denomination": one.denomination,
                "amount": exact(one.amount),
                "rollover": one.rollover,
                "rolloverCap": exact(one.cap) if one.rollover == "CAPPED" else None,
                "expiresAfterMonths": one.expires_after_months,
            }
            for one in plan.allocations
        ],
    }


def _term(key: str, term: papers.Term) -> Row:
    said: Row = {"key": key, "price": None if term.price is None else _price(term.price)}
    if term.limit is not None:
        said["limit"] = {"units": exact(term.limit), "overage": "BLOCK" if term.block else "ALLOW"}
    if term.burns is not None:
        said["credits"] = {"denomination": term.burns, "weight": exact(term.weight)}
    return said


def _price(price: papers.Price) -> Row:
    said: Row = {"model": price.model, "minimum": exact(price.minimum) if price.minimum else None}
    if price.included:
        said["includedUnits"] = exact(price.included)
    match price.model:
        case "per_unit":
            said["unitPrice"] = exact(price.unit)
        case "package":
            said |= {"packageSize": exact(price.block), "packagePrice": exact(price.unit)}
        case _:
            said["tiers"] = [
                {
                    "upTo": "inf" if top is None else exact(top),
                    "unitPrice": exact(unit),
                    "flatFee": exact(flat),
                }
                for top, unit, flat in price.tiers
            ]
    return said
