"""Terms as they are answered: the words of the catalogue document, money at its currency's scale."""

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypeAlias

from usance.core.catalog import FeatureTerms, Terms
from usance.core.catalog_document import terms_to_json
from usance.core.decisions.publish import Leaf
from usance.core.money import is_whole, rounded
from usance.core.pricing import Graduated, Package, PerUnit, Volume

Object: TypeAlias = dict[str, Any]


class PricingType(StrEnum):
    """How the usage of a feature is paid: not at all, by a price's model, or with credits alone."""

    INCLUDED = "INCLUDED"
    PER_UNIT = "PER_UNIT"
    GRADUATED = "GRADUATED"
    VOLUME = "VOLUME"
    PACKAGE = "PACKAGE"
    CREDITS = "CREDITS"


# Metadata may be called so too: nothing but zeros is ever added to it.
_AMOUNTS: Final = ("price.amount", ".price.minimum", ".price.packagePrice", ".flatFee")
_TYPES: Final = {
    PerUnit: PricingType.PER_UNIT,
    Graduated: PricingType.GRADUATED,
    Volume: PricingType.VOLUME,
    Package: PricingType.PACKAGE,
}


def written(terms: Terms) -> Object:
    """Return the terms in the words of a plan of the document."""
    plan: Object = terms_to_json(terms)
    return at_scale(plan, terms.currency)


def at_scale(plan: Object, currency: str) -> Object:
    """Return a plan of the document, its amounts (not its unit prices) at the currency's scale.

    No digit is lost: amounts have whole minor units, and only zeros come or go.
    """
    for holder, name in _amounts(plan):
        if isinstance(holder.get(name), Decimal):
            holder[name] = rounded(holder[name], currency)
    return plan


def leaf_at_scale(path: str, value: Leaf, currency: str) -> Leaf:
    """Return a leaf of written terms, at the currency's scale if its path is that of an amount."""
    if isinstance(value, Decimal) and path.endswith(_AMOUNTS) and is_whole(value, currency):
        return rounded(value, currency)
    return value


def pricing_type(term: FeatureTerms) -> PricingType:
    """Return how usage is paid: by the price when there is one, whether or not credits come first."""
    if term.price is not None:
        return _TYPES[type(term.price.model)]
    return PricingType.INCLUDED if term.burn is None else PricingType.CREDITS


def pricing(feature: Object) -> Object | None:
    """Return the price and, as `credits`, the burn of a feature of the document; None: neither."""
    burn = {"credits": feature["credits"]} if "credits" in feature else {}
    return {**feature.get("price", {}), **burn} or None


def _amounts(plan: Object) -> Iterator[tuple[Object, str]]:
    """Yield where a plan of the document has its amounts: the object, and the name in it."""
    yield plan["price"], "amount"
    for feature in plan["features"]:
        price = feature.get("price", {})
        yield price, "minimum"
        yield price, "packagePrice"
        for tier in price.get("tiers", ()):
            yield tier, "flatFee"
