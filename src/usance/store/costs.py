"""Costs as published: what a unit of a feature, and a model's tokens, cost the seller from an instant on.

They are part of the account's catalogue, so a write begins its next version (`catalog.lock`), and a
decision has them with the rest of it (`terms`).

Units: per unit, per million tokens, per request; exact, in the currency of each.
Sources: BILLING.md, "Usage" ("Cost").
"""

from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from usance.core.costs import Costs, FeatureCost, ModelPrice, Rates, costs_of
from usance.core.ids import AccountId
from usance.store.db import Tx

_FEATURES: Final = """
    SELECT cost_id AS id, feature_key, cost_per_unit, currency, effective_from, published_at
      FROM feature_costs
     WHERE account_id = $1
     ORDER BY feature_key, effective_from, cost_id
"""

_MODELS: Final = """
    SELECT model_price_id AS id, nullif(provider, '') AS provider, model, currency, input_price,
           output_price, cached_input_price, reasoning_price, request_price, effective_from,
           published_at
      FROM model_prices
     WHERE account_id = $1
     ORDER BY model, provider, effective_from, model_price_id
"""

_INSERT_FEATURE: Final = """
    INSERT INTO feature_costs (account_id, cost_id, feature_key, cost_per_unit, currency,
                               effective_from, published_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (account_id, feature_key, effective_from) DO NOTHING
    RETURNING true
"""

_INSERT_MODEL: Final = """
    INSERT INTO model_prices (account_id, model_price_id, provider, model, currency, input_price,
                              output_price, cached_input_price, reasoning_price, request_price,
                              effective_from, published_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (account_id, provider, model, effective_from) DO NOTHING
    RETURNING true
"""

_DELETE_FEATURE: Final = """
    DELETE FROM feature_costs
     WHERE account_id = $1
       AND cost_id = $2
       AND effective_from > $3
    RETURNING true
"""

_DELETE_MODEL: Final = """
    DELETE FROM model_prices
     WHERE account_id = $1
       AND model_price_id = $2
       AND effective_from > $3
    RETURNING true
"""


async def costs(tx: Tx, account_id: AccountId) -> Costs:
    """Return all costs of an account, past and to come, as an event is priced by them."""
    return costs_of(await features(tx, account_id), await models(tx, account_id))


async def features(tx: Tx, account_id: AccountId) -> tuple[FeatureCost, ...]:
    """Return all cost rules of features, past and to come, by feature and instant."""
    return tuple(FeatureCost(**dict(row)) for row in await tx.fetch(_FEATURES, account_id))


async def models(tx: Tx, account_id: AccountId) -> tuple[ModelPrice, ...]:
    """Return all own prices of models, past and to come, by model, provider and instant."""
    return tuple(_model(row) for row in await tx.fetch(_MODELS, account_id))


def _model(row: asyncpg.Record) -> ModelPrice:
    rates = Rates(
        input_price=row["input_price"],
        output_price=row["output_price"],
        cached_input_price=row["cached_input_price"],
        reasoning_price=row["reasoning_price"],
        request_price=row["request_price"],
    )
    return ModelPrice(
        id=row["id"],
        provider=row["provider"],
        model=row["model"],
        currency=row["currency"],
        rates=None if rates.input_price is None else rates,
        effective_from=row["effective_from"],
        published_at=row["published_at"],
    )


async def add_feature(tx: Tx, account_id: AccountId, cost: FeatureCost) -> bool:
    """Write a feature's cost; False, and nothing written, if one starts at its instant already."""
    written = await tx.fetchval(
        _INSERT_FEATURE,
        account_id,
        cost.id,
        cost.feature_key,
        cost.cost_per_unit,
        cost.currency,
        cost.effective_from,
        cost.published_at,
    )
    return bool(written)


async def add_model(tx: Tx, account_id: AccountId, price: ModelPrice) -> bool:
    """Write a model's price; False, and nothing written, if one starts at its instant already."""
    rates = price.rates or Rates(None, None)
    written = await tx.fetchval(
        _INSERT_MODEL,
        account_id,
        price.id,
        price.provider or "",
        price.model,
        price.currency,
        rates.input_price,
        rates.output_price,
        rates.cached_input_price,
        rates.reasoning_price,
        rates.request_price,
        price.effective_from,
        price.published_at,
    )
    return bool(written)


async def drop_feature(tx: Tx, account_id: AccountId, cost_id: UUID, now: datetime) -> bool:
    """Delete a feature's cost that lies ahead of `now`; False if there is none such."""
    return bool(await tx.fetchval(_DELETE_FEATURE, account_id, cost_id, now))


async def drop_model(tx: Tx, account_id: AccountId, price_id: UUID, now: datetime) -> bool:
    """Delete a model's price that lies ahead of `now`; False if there is none such."""
    return bool(await tx.fetchval(_DELETE_MODEL, account_id, price_id, now))
