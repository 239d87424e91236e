"""Costs: what a seller has set as the cost of features and models, and the price that is listed for a model.

Sources: BILLING.md, "Usage" ("Cost").
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from usance import costs
from usance.actions import dated
from usance.actions.commands import Call
from usance.core.costs import Cost, FeatureCost, ModelPrice, Rates, Tokens
from usance.core.ids import derived
from usance.core.refusals import Code, Refusal, invalid
from usance.store import catalog
from usance.store import costs as stored
from usance.store.db import Tx


@dataclass(frozen=True, slots=True)
class NewModelPrice:
    """What a model's tokens shall cost for a million; without input and output: as listed again."""

    provider: str | None
    model: str
    currency: str
    input_price: Decimal | None
    output_price: Decimal | None
    cached_input_price: Decimal | None
    reasoning_price: Decimal | None
    request_price: Decimal | None
    effective_from: datetime | None


# Of an event ------------------------------------------------------------------------------------------


def named(tokens: Tokens) -> Tokens:
    """Return the tokens with names as they are compared, and with the provider that the model's tells."""
    model = tokens.model.lower()
    provider = tokens.provider
    return replace(
        tokens,
        model=model,
        provider=costs.provider_of(model) if provider is None else provider.lower(),
    )


def listed(tokens: Tokens, at: datetime) -> Cost:
    """Return the cost at the price listed for an instant; an unknown model is said, not guessed."""
    priced = costs.price(
        tokens.model,
        tokens.provider,
        input_tokens=tokens.input_tokens,
        output_tokens=tokens.output_tokens,
        cached_input_tokens=tokens.cached_input_tokens,
        reasoning_tokens=tokens.reasoning_tokens,
        at=at,
    )
    match priced:
        case costs.Priced():
            return Cost(priced.amount, priced.currency, dict(priced.unit_prices))
        case costs.Unpriced():
            return Cost(None, None, None, f"unknown_model: {priced.reason}")


# Of features ------------------------------------------------------------------------------------------


async def features(tx: Tx, call: Call, feature_key: str | None) -> tuple[FeatureCost, ...]:
    """Return the cost rules of features, past and to come; of one, if it is named."""
    found = await stored.features(tx, call.account.id)
    return tuple(one for one in found if feature_key in {None, one.feature_key})


async def publish_feature(
    tx: Tx,
    call: Call,
    *,
    feature_key: str,
    cost_per_unit: Decimal | None,
    currency: str,
    effective_from: datetime | None,
) -> FeatureCost:
    """Publish a feature's cost rule from an instant on, now or later; None: it ends then.

    Refuses an unknown feature (featureKey), and an instant that is taken or past (effectiveFrom).
    """
    await catalog.lock(tx, call.account.id)
    if feature_key not in await catalog.features(tx, call.account.id):
        raise invalid("featureKey", "There is no such feature.")
    cost = FeatureCost(
        id=derived(call.now, call.seed, "cost"),
        feature_key=feature_key,
        cost_per_unit=cost_per_unit,
        currency=currency,
        effective_from=dated.effective(effective_from, call.now),
        published_at=call.now,
    )
    if not await stored.add_feature(tx, call.account.id, cost):
        raise dated.taken()
    return cost


async def withdraw_feature(tx: Tx, call: Call, cost_id: UUID) -> FeatureCost:
    """Delete a cost rule that lies ahead. Refusals: not_found, already_effective."""
    await catalog.lock(tx, call.account.id)
    found = next((c for c in await stored.features(tx, call.account.id) if c.id == cost_id), None)
    if found is None:
        raise Refusal(Code.NOT_FOUND, "There is no such cost.")
    if not await stored.drop_feature(tx, call.account.id, cost_id, call.now):
        raise dated.in_force()
    return found


# Of models --------------------------------------------------------------------------------------------


async def models(tx: Tx, call: Call, model: str | None) -> tuple[ModelPrice, ...]:
    """Return the seller's prices of models, past and to come; of one, if it is named."""
    found = await stored.models(tx, call.account.id)
    wanted = None if model is None else model.lower()
    return tuple(one for one in found if wanted in {None, one.model})


async def publish_model(tx: Tx, call: Call, new: NewModelPrice) -> ModelPrice:
    """Publish the price of a model from an instant on, now or later.

    Refuses a price that is half one (inputPerMillion, outputPerMillion, and what is priced without
    them), and an instant that is taken or past (effectiveFrom).
    """
    rates = _rates(new)
    await catalog.lock(tx, call.account.id)
    price = ModelPrice(
        id=derived(call.now, call.seed, "model price"),
        provider=None if new.provider is None else new.provider.lower(),
        model=new.model.lower(),
        currency=new.currency,
        rates=rates,
        effective_from=dated.effective(new.effective_from, call.now),
        published_at=call.now,
    )
    if not await stored.add_model(tx, call.account.id, price):
        raise dated.taken()
    return price


def _rates(new: NewModelPrice) -> Rates | None:
    """Return the prices of all kinds of token, or None if there shall be none any more."""
    if new.input_price is None or new.output_price is None:
        others = (new.cached_input_price, new.reasoning_price, new.request_price)
        if any(price is not None for price in (new.input_price, new.output_price, *others)):
            raise invalid(
                "inputPerMillion" if new.input_price is None else "outputPerMillion",
                "A price is for input and output both, 0 where it is free; without any it ends.",
            )
        return None
    return Rates(
        input_price=new.input_price,
        output_price=new.output_price,
        cached_input_price=new.cached_input_price,
        reasoning_price=new.reasoning_price,
        request_price=new.request_price,
    )


async def withdraw_model(tx: Tx, call: Call, price_id: UUID) -> ModelPrice:
    """Delete a price of a model that lies ahead. Refusals: not_found, already_effective."""
    await catalog.lock(tx, call.account.id)
    found = next((p for p in await stored.models(tx, call.account.id) if p.id == price_id), None)
    if found is None:
        raise Refusal(Code.NOT_FOUND, "There is no such price.")
    if not await stored.drop_model(tx, call.account.id, price_id, call.now):
        raise dated.in_force()
    return found
