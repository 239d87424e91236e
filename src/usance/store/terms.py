"""Terms: what decisions need of an account's catalogue besides plan versions.

Features, credit models, prices of credits, weights of features and costs: read once for each version
of the catalogue, which the account's row carries.

Units: prices are per credit, weights are credits per unit, both exact.
Sources: BILLING.md, "Catalogue", "Credits".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from usance.core.accounts import Account
from usance.core.catalog import CreditModel, Feature
from usance.core.costs import Costs
from usance.core.credits import CreditPrice, CreditWeight
from usance.core.ids import AccountId
from usance.store import catalog, costs
from usance.store.db import Tx

_PRICES: Final = """
    SELECT price_id AS id, denomination, currency, price_per_credit, effective_from, published_at
      FROM credit_prices
     WHERE account_id = $1
     ORDER BY denomination, currency, effective_from, price_id
"""

_WEIGHTS: Final = """
    SELECT weight_id AS id, feature_key, nullif(model, '') AS model, weight, effective_from,
           published_at
      FROM credit_weights
     WHERE account_id = $1
     ORDER BY feature_key, model, effective_from, weight_id
"""

_INSERT_PRICE: Final = """
    INSERT INTO credit_prices (account_id, price_id, denomination, currency, price_per_credit,
                               effective_from, published_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (account_id, denomination, currency, effective_from) DO NOTHING
    RETURNING true
"""

_INSERT_WEIGHT: Final = """
    INSERT INTO credit_weights (account_id, weight_id, feature_key, model, weight, effective_from,
                                published_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (account_id, feature_key, model, effective_from) DO NOTHING
    RETURNING true
"""

_DELETE_PRICE: Final = """
    DELETE FROM credit_prices
     WHERE account_id = $1
       AND price_id = $2
       AND effective_from > $3
    RETURNING true
"""

_DELETE_WEIGHT: Final = """
    DELETE FROM credit_weights
     WHERE account_id = $1
       AND weight_id = $2
       AND effective_from > $3
    RETURNING true
"""


@dataclass(frozen=True, slots=True)
class Terms:
    """What decisions need of an account's catalogue besides plan versions."""

    features: Mapping[str, Feature]
    credit_models: Mapping[str, CreditModel]
    credit_prices: tuple[CreditPrice, ...]
    credit_weights: tuple[CreditWeight, ...]
    costs: Costs


# As of the catalogue's version, which the account's row carries: a write makes another version.
_terms: dict[AccountId, tuple[int, Terms]] = {}


async def terms(tx: Tx, account: Account) -> Terms:
    """Return the catalogue as of the account's row; read once for each version of it."""
    kept = _terms.get(account.id)
    if kept is not None and kept[0] == account.catalog_version:
        return kept[1]
    read = Terms(
        features=await catalog.features(tx, account.id),
        credit_models=await catalog.credit_models(tx, account.id),
        credit_prices=await credit_prices(tx, account.id),
        credit_weights=await credit_weights(tx, account.id),
        costs=await costs.costs(tx, account.id),
    )
    _terms[account.id] = (account.catalog_version, read)
    return read


async def credit_prices(tx: Tx, account_id: AccountId) -> tuple[CreditPrice, ...]:
    """Return all prices of credits, past and to come, by denomination and instant."""
    return tuple(CreditPrice(**dict(row)) for row in await tx.fetch(_PRICES, account_id))


async def credit_weights(tx: Tx, account_id: AccountId) -> tuple[CreditWeight, ...]:
    """Return all weights of features, past and to come, by feature, model and instant."""
    return tuple(CreditWeight(**dict(row)) for row in await tx.fetch(_WEIGHTS, account_id))


async def add_price(tx: Tx, account_id: AccountId, price: CreditPrice) -> bool:
    """Write a price; False, and nothing written, if one starts at its instant already."""
    written = await tx.fetchval(
        _INSERT_PRICE,
        account_id,
        price.id,
        price.denomination,
        price.currency,
        price.price_per_credit,
        price.effective_from,
        price.published_at,
    )
    return bool(written)


async def add_weight(tx: Tx, account_id: AccountId, weight: CreditWeight) -> bool:
    """Write a weight; False, and nothing written, if one starts at its instant already."""
    written = await tx.fetchval(
        _INSERT_WEIGHT,
        account_id,
        weight.id,
        weight.feature_key,
        weight.model or "",
        weight.weight,
        weight.effective_from,
        weight.published_at,
    )
    return bool(written)


async def drop_price(tx: Tx, account_id: AccountId, price_id: UUID, now: datetime) -> bool:
    """Delete a price that lies ahead of `now`; False if there is none such."""
    return bool(await tx.fetchval(_DELETE_PRICE, account_id, price_id, now))


async def drop_weight(tx: Tx, account_id: AccountId, weight_id: UUID, now: datetime) -> bool:
    """Delete a weight that lies ahead of `now`; False if there is none such."""
    return bool(await tx.fetchval(_DELETE_WEIGHT, account_id, weight_id, now))
