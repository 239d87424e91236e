"""Costs: what an event cost the seller, by the prices that the seller has set.

A feature's cost rule prices its units; the seller's own price of a model prices the tokens of a call.
An amount that was sent with the event goes before both, and the list price of the model after them.

Units: prices are for one unit, a million tokens or one request, each in its own currency; amounts are
exact and never rounded.
Sources: BILLING.md, "Usage" ("Cost").
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeVar
from uuid import UUID

ZERO: Final = Decimal(0)
MILLION: Final = 1_000_000

OWN: Final = "own"
"""What the unit prices stored with an event name as their source, when the seller set them."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What an event cost the seller. `detail` is the unit prices used; None: it was sent, or nothing is known."""

    amount: Decimal | None
    currency: str | None
    detail: dict[str, object] | None
    note: str | None = None  # why it is not known

    @property
    def is_given(self) -> bool:
        """Whether the amount was sent with the event, and not priced."""
        return self.amount is not None and self.detail is None


@dataclass(frozen=True, slots=True)
class Tokens:
    """What one call of a model took. Input counts the cached ones too, and output those of reasoning.

    The names are in small letters. `provider` None: nobody is known to offer a model of this name.
    """

    model: str
    provider: str | None
    input_tokens: int
    output_tokens: int
    cached_input_tokens: int = 0
    reasoning_tokens: int = 0

    @property
    def are_plausible(self) -> bool:
        """Whether no part is more than its whole."""
        return (
            self.cached_input_tokens <= self.input_tokens
            and self.reasoning_tokens <= self.output_tokens
        )


@dataclass(frozen=True, slots=True)
class Rates:
    """What a model's tokens cost for a million, and its requests for so many (`requests_per`).

    Cached input and reasoning without a price of their own cost what their whole costs.
    """

    input_price: Decimal | None
    output_price: Decimal | None
    cached_input_price: Decimal | None = None
    reasoning_price: Decimal | None = None
    request_price: Decimal | None = None
    requests_per: int = 1


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of unit in what was used: amount = quantity * unit price / per."""

    unit: str
    quantity: Decimal | int
    unit_price: Decimal
    per: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class FeatureCost:
    """What one unit of a feature costs from an instant on; None: from then on it has no rule."""

    id: UUID
    feature_key: str
    cost_per_unit: Decimal | None
    currency: str
    effective_from: datetime
    published_at: datetime


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """What a model's tokens cost from an instant on, whatever is listed; `rates` None: as listed again.

    The names are in small letters. `provider` None: whoever offers the model.
    """

    id: UUID
    provider: str | None
    model: str
    currency: str
    rates: Rates | None
    effective_from: datetime
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Costs:
    """The prices that a seller has set: of a feature, and of (provider, model), oldest first."""

    features: Mapping[str, Sequence[FeatureCost]] = field(default_factory=dict)
    models: Mapping[tuple[str | None, str], Sequence[ModelPrice]] = field(default_factory=dict)


NONE_SET: Final = Costs()


def costs_of(features: Iterable[FeatureCost], models: Iterable[ModelPrice]) -> Costs:
    """Return prices in any order as they are looked up."""
    by_feature: dict[str, list[FeatureCost]] = defaultdict(list)
    for rule in sorted(features, key=lambda one: one.effective_from):
        by_feature[rule.feature_key].append(rule)
    by_model: dict[tuple[str | None, str], list[ModelPrice]] = defaultdict(list)
    for price in sorted(models, key=lambda one: one.effective_from):
        by_model[price.provider, price.model].append(price)
    return Costs(dict(by_feature), dict(by_model))


def of_event(
    costs: Costs, feature_key: str | None, units: Decimal, tokens: Tokens | None, at: datetime
) -> Cost | None:
    """Return what an event of an instant cost by the seller's own prices; None: they do not say.

    The feature's rule goes first, for all units, billed or not. Then the model's price with the
    provider, then the one for whoever offers it. Tokens of which a part is more than its whole have
    no price.
    """
    if feature_key is not None and costs.features:
        rule = _in_force(costs.features.get(feature_key, ()), at)
        if rule is not None and rule.cost_per_unit is not None:
            return _by_rule(rule, rule.cost_per_unit, units)
    if tokens is None or not costs.models or not tokens.are_plausible:
        return None
    for provider in dict.fromkeys((tokens.provider, None)):
        price = _in_force(costs.models.get((provider, tokens.model), ()), at)
        if price is not None and price.rates is not None:
            return _by_tokens(price, price.rates, tokens)
    return None


_Dated = TypeVar("_Dated", FeatureCost, ModelPrice)


def _in_force(dated: Sequence[_Dated], at: datetime) -> _Dated | None:
    """Return the last that holds from no later than the instant, or None."""
    return next((one for one in reversed(dated) if one.effective_from <= at), None)


def _by_rule(rule: FeatureCost, unit_price: Decimal, units: Decimal) -> Cost:
    part = Part("units", units, unit_price, 1, units * unit_price)
    named: dict[str, object] = {"featureKey": rule.feature_key}
    return Cost(part.amount, rule.currency, _detail(named, rule, [part]))


def _by_tokens(price: ModelPrice, rates: Rates, tokens: Tokens) -> Cost:
    used = list(parts(rates, tokens))
    amount = sum((part.amount for part in used), ZERO)
    named: dict[str, object] = {"provider": price.provider, "model": price.model}
    return Cost(amount, price.currency, _detail(named, price, used))


def _detail(
    named: dict[str, object], price: FeatureCost | ModelPrice, used: Sequence[Part]
) -> dict[str, object]:
    since = price.effective_from.isoformat().replace("+00:00", "Z")
    return {**named, **detail(price.currency, since, OWN, used)}


def detail(
    currency: str, since: str | None, source: str, used: Sequence[Part]
) -> dict[str, object]:
    """Return the unit prices that are stored with an event, ready for an encoder that keeps Decimals."""
    return {
        "currency": currency,
        "since": since,
        "source": source,
        "parts": [
            {
                "unit": part.unit,
                "quantity": part.quantity,
                "unitPrice": part.unit_price,
                "per": part.per,
                "amount": part.amount,
            }
            for part in used
        ],
    }


def parts(rates: Rates, tokens: Tokens) -> Iterator[Part]:
    """Yield the kinds of unit of a call that there are and that have a price, each at its own.

    >>> rates = Rates(Decimal(2), Decimal(8), cached_input_price=Decimal("0.5"))
    >>> [str(part.amount) for part in parts(rates, Tokens("m", None, 1000, 10, 400))]
    ['0.0012', '0.0002', '0.00008']
    """
    cached = tokens.cached_input_tokens if rates.cached_input_price is not None else 0
    reasoned = tokens.reasoning_tokens if rates.reasoning_price is not None else 0
    kinds = (
        ("input_tokens", tokens.input_tokens - cached, rates.input_price, MILLION),
        ("cached_input_tokens", cached, rates.cached_input_price, MILLION),
        ("output_tokens", tokens.output_tokens - reasoned, rates.output_price, MILLION),
        ("reasoning_tokens", reasoned, rates.reasoning_price, MILLION),
        ("requests", 1, rates.request_price, rates.requests_per),
    )
    for unit, quantity, unit_price, per in kinds:
        if unit_price is not None and quantity != 0:
            yield Part(unit, quantity, unit_price, per, quantity * unit_price / per)
