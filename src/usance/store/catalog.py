"""The catalogue as stored: features, credit models, plans and their immutable versions.

What one document brings is written microseconds apart, so that it is listed in the document's order.

Sources: BILLING.md, "Catalogue".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from usance.core.catalog import (
    Catalogue,
    CataloguePlan,
    CreditModel,
    Feature,
    Plan,
    PlanStatus,
    PlanVersion,
)
from usance.core.catalog_document import terms_from_json, terms_to_json
from usance.core.decisions.publish import Changes, CreditModelChange, FeatureChange, PlanChange
from usance.core.ids import AccountId, CustomerId, FeatureId, PlanId, VersionId
from usance.store.db import Tx

# No key of the row changes, so nobody who writes a row that names the account is held up.
_LOCK: Final = """
    UPDATE accounts
       SET catalog_version = catalog_version + 1
     WHERE account_id = $1
    RETURNING true
"""

_BEHIND_FILTER: Final = """
      FROM subscriptions s
      JOIN plan_versions v USING (account_id, version_id)
     WHERE s.account_id = $1
       AND s.plan_id = $2
       AND s.version_id <> $3
       AND v.currency = $4
       AND s.status NOT IN ('CANCELLED', 'EXPIRED')
       AND NOT EXISTS (SELECT FROM pending_changes c
                        WHERE (c.account_id, c.customer_id, c.subscription_id)
                            = (s.account_id, s.customer_id, s.subscription_id))
"""

_BEHIND: Final = f"""
    SELECT DISTINCT s.customer_id
    {_BEHIND_FILTER}
     ORDER BY s.customer_id
     LIMIT $5 OFFSET $6
"""

_BEHIND_COUNT: Final = f"""
    SELECT count(DISTINCT s.customer_id)
    {_BEHIND_FILTER}
"""

_FEATURES: Final = """
    SELECT feature_id, key, name, description, enabled
      FROM features
     WHERE account_id = $1
     ORDER BY created_at, feature_id
"""

_CREDIT_MODELS: Final = """
    SELECT denomination, name, hard_limit
      FROM credit_models
     WHERE account_id = $1
     ORDER BY created_at, denomination
"""

_VERSIONS: Final = """
    SELECT version_id, plan_id, plan_key, plan_name, number, terms
      FROM plan_versions
     WHERE account_id = $1
       AND version_id = ANY($2)
     ORDER BY version_id
"""

_HISTORY: Final = """
    SELECT v.version_id, v.plan_id, v.plan_key, v.plan_name, v.number, v.terms, v.published_at,
           (SELECT count(*)
              FROM subscriptions s
             WHERE s.account_id = v.account_id
               AND s.version_id = v.version_id
               AND s.status NOT IN ('CANCELLED', 'EXPIRED')) AS subscriptions
      FROM plan_versions v
     WHERE v.account_id = $1
       AND v.plan_id = $2
     ORDER BY v.number DESC
     LIMIT $3 OFFSET $4
"""

_HISTORY_COUNT: Final = """
    SELECT count(*)
      FROM plan_versions
     WHERE account_id = $1
       AND plan_id = $2
"""

# Those who stay where they are when their plan gets a new version.
_SUBSCRIBED: Final = """
    SELECT s.plan_id, v.number, count(*) AS subscriptions
      FROM subscriptions s
      JOIN plan_versions v USING (account_id, version_id)
     WHERE s.account_id = $1
       AND s.plan_id = ANY($2)
       AND s.status NOT IN ('CANCELLED', 'EXPIRED')
     GROUP BY s.plan_id, v.number
     ORDER BY s.plan_id, v.number
"""

# The newest version of each plan is what a new subscriber is sold.
_SELECT_PLANS: Final = """
    SELECT p.plan_id, p.key, p.name, p.description, p.status, p.customer_reference,
           v.version_id, v.plan_key, v.plan_name, v.number, v.terms
      FROM plans p
      JOIN LATERAL (
           SELECT version_id, plan_key, plan_name, number, terms
             FROM plan_versions
            WHERE account_id = p.account_id
              AND plan_id = p.plan_id
            ORDER BY number DESC
            LIMIT 1
           ) v ON true
"""

_PLANS: Final = (
    _SELECT_PLANS
    + """
     WHERE p.account_id = $1
       AND ($2::text IS NULL OR p.key = $2)
       AND ($3::uuid IS NULL OR p.plan_id = $3)
     ORDER BY p.created_at, p.plan_id
"""
)

_ON_SALE: Final = (
    _SELECT_PLANS
    + """
     WHERE p.account_id = $1
       AND ($2::text IS NULL OR p.key = $2)
       AND p.status = 'ACTIVE'
       AND p.customer_reference IS NULL
     ORDER BY p.created_at, p.plan_id
     LIMIT $3 OFFSET $4
"""
)

_ON_SALE_COUNT: Final = """
    SELECT count(*)
      FROM plans
     WHERE account_id = $1
       AND ($2::text IS NULL OR key = $2)
       AND status = 'ACTIVE'
       AND customer_reference IS NULL
"""

_INSERT_FEATURE: Final = """
    INSERT INTO features (account_id, feature_id, key, name, description, enabled, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

_UPDATE_FEATURE: Final = """
    UPDATE features
       SET name = $3, description = $4, enabled = $5
     WHERE account_id = $1
       AND feature_id = $2
"""

_INSERT_CREDIT_MODEL: Final = """
    INSERT INTO credit_models (account_id, denomination, name, hard_limit, created_at)
    VALUES ($1, $2, $3, $4, $5)
"""

_UPDATE_CREDIT_MODEL: Final = """
    UPDATE credit_models
       SET name = $3, hard_limit = $4
     WHERE account_id = $1
       AND denomination = $2
"""

_INSERT_PLAN: Final = """
    INSERT INTO plans (account_id, plan_id, key, name, description, status, customer_reference,
                       created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

_UPDATE_PLAN: Final = """
    UPDATE plans
       SET name = $3, description = $4, status = $5, customer_reference = $6
     WHERE account_id = $1
       AND plan_id = $2
"""

_INSERT_VERSION: Final = """
    INSERT INTO plan_versions (account_id, version_id, plan_id, number, plan_key, plan_name,
                               currency, terms, published_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""

_MICROSECOND: Final = timedelta(microseconds=1)

# A version never changes, so each is read and parsed once in the life of a process.
_parsed: dict[tuple[AccountId, VersionId], PlanVersion] = {}


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """A version of a plan, when it was published, and how many live subscriptions are on it."""

    version: PlanVersion
    published_at: datetime
    subscriptions: int


# Reading ---------------------------------------------------------------------------------------------


async def features(tx: Tx, account_id: AccountId) -> dict[str, Feature]:
    """Return the account's features by key, oldest first."""
    rows = await tx.fetch(_FEATURES, account_id)
    return {
        row["key"]: Feature(
            id=FeatureId(row["feature_id"]),
            key=row["key"],
            name=row["name"],
            description=row["description"],
            enabled=row["enabled"],
        )
        for row in rows
    }


async def credit_models(tx: Tx, account_id: AccountId) -> dict[str, CreditModel]:
    """Return the account's credit models by denomination, oldest first."""
    rows = await tx.fetch(_CREDIT_MODELS, account_id)
    return {
        row["denomination"]: CreditModel(row["denomination"], row["name"], row["hard_limit"])
        for row in rows
    }


async def versions(
    tx: Tx, account_id: AccountId, ids: Iterable[VersionId]
) -> dict[VersionId, PlanVersion]:
    """Return plan versions by id."""
    wanted = set(ids)
    missing = [one for one in wanted if (account_id, one) not in _parsed]
    if missing:
        for row in await tx.fetch(_VERSIONS, account_id, missing):
            _version(account_id, row)
    return {one: _parsed[account_id, one] for one in wanted}


async def history(
    tx: Tx, account_id: AccountId, plan_id: PlanId, *, limit: int, offset: int
) -> tuple[Sequence[PublishedVersion], int]:
    """Return a page of a plan's versions, the newest first, and how many there are."""
    rows = await tx.fetch(_HISTORY, account_id, plan_id, limit, offset)
    total = await tx.fetchval(_HISTORY_COUNT, account_id, plan_id)
    found = [
        PublishedVersion(_version(account_id, row), row["published_at"], row["subscriptions"])
        for row in rows
    ]
    return found, int(total)


async def subscribed(
    tx: Tx, account_id: AccountId, plan_ids: Iterable[PlanId]
) -> dict[PlanId, tuple[tuple[int, int], ...]]:
    """Return how many live subscriptions each version of plans has: (number, count), oldest first.

    A plan and a version without any are left out.
    """
    found: dict[PlanId, tuple[tuple[int, int], ...]] = {}
    for row in await tx.fetch(_SUBSCRIBED, account_id, list(plan_ids)):
        plan_id = PlanId(row["plan_id"])
        found[plan_id] = (*found.get(plan_id, ()), (row["number"], row["subscriptions"]))
    return found


async def plans(
    tx: Tx, account_id: AccountId, *, key: str | None = None, plan_id: PlanId | None = None
) -> tuple[CataloguePlan, ...]:
    """Return the account's plans, oldest first, each with its newest version."""
    rows = await tx.fetch(_PLANS, account_id, key, plan_id)
    return tuple(CataloguePlan(_plan(row), _version(account_id, row)) for row in rows)


async def on_sale(
    tx: Tx, account_id: AccountId, *, key: str | None, limit: int, offset: int
) -> tuple[Sequence[CataloguePlan], int]:
    """Return a page of the plans that anybody may subscribe to, and how many there are.

    They are ACTIVE and not one customer's own; oldest first, each with its newest version.
    """
    rows = await tx.fetch(_ON_SALE, account_id, key, limit, offset)
    total = await tx.fetchval(_ON_SALE_COUNT, account_id, key)
    return [CataloguePlan(_plan(row), _version(account_id, row)) for row in rows], int(total)


async def behind(
    tx: Tx, account_id: AccountId, newest: PlanVersion, *, limit: int, offset: int
) -> tuple[list[CustomerId], int]:
    """Return a page of the customers with a live subscription to an older version, and how many.

    Those in another currency are left out: a subscription keeps the one it was sold in.
    """
    arguments = (account_id, newest.plan_id, newest.id, newest.terms.currency)
    found = await tx.fetch(_BEHIND, *arguments, limit, offset)
    total = await tx.fetchval(_BEHIND_COUNT, *arguments)
    return [CustomerId(row["customer_id"]) for row in found], int(total)


async def catalogue(tx: Tx, account_id: AccountId) -> Catalogue:
    """Return all that the account offers."""
    return Catalogue(
        features=tuple((await features(tx, account_id)).values()),
        credit_models=tuple((await credit_models(tx, account_id)).values()),
        plans=await plans(tx, account_id),
    )


# Writing ---------------------------------------------------------------------------------------------


async def lock(tx: Tx, account_id: AccountId) -> None:
    """Wait until nobody else is changing the account's catalogue, and begin its next version.

    In the order of locks it comes before any customer: whoever takes both takes this one first.
    To be called alone, before what is decided upon is read.
    """
    found = await tx.fetchval(_LOCK, account_id)
    assert found, "accounts are never removed"


async def write(tx: Tx, account_id: AccountId, changes: Changes, *, at: datetime) -> None:
    """Write what publishing changes of a catalogue that is locked; `at` dates what is new."""
    await _write_features(tx, account_id, changes.features, at)
    await _write_credit_models(tx, account_id, changes.credit_models, at)
    await _write_plans(tx, account_id, changes.plans, at)


async def write_feature(tx: Tx, account_id: AccountId, feature: Feature) -> None:
    """Write what changed of a feature, in a catalogue that is locked."""
    await tx.execute(_UPDATE_FEATURE, account_id, *_feature_words(feature))


async def _write_features(
    tx: Tx, account_id: AccountId, changes: Sequence[FeatureChange], at: datetime
) -> None:
    made = [change.after for change in changes if change.before is None]
    await tx.executemany(
        _INSERT_FEATURE,
        [
            (
                account_id,
                feature.id,
                feature.key,
                feature.name,
                feature.description,
                feature.enabled,
                at + index * _MICROSECOND,
            )
            for index, feature in enumerate(made)
        ],
    )
    changed = [change.after for change in changes if change.before is not None and change.kinds]
    await tx.executemany(
        _UPDATE_FEATURE, [(account_id, *_feature_words(feature)) for feature in changed]
    )


async def _write_credit_models(
    tx: Tx, account_id: AccountId, changes: Sequence[CreditModelChange], at: datetime
) -> None:
    made = [change.after for change in changes if change.before is None]
    await tx.executemany(
        _INSERT_CREDIT_MODEL,
        [
            (
                account_id,
                model.denomination,
                model.name,
                model.hard_limit,
                at + index * _MICROSECOND,
            )
            for index, model in enumerate(made)
        ],
    )
    changed = [change.after for change in changes if change.before is not None and change.kinds]
    await tx.executemany(
        _UPDATE_CREDIT_MODEL,
        [(account_id, model.denomination, model.name, model.hard_limit) for model in changed],
    )


async def _write_plans(
    tx: Tx, account_id: AccountId, changes: Sequence[PlanChange], at: datetime
) -> None:
    made = [change.after.plan for change in changes if change.before is None]
    await tx.executemany(
        _INSERT_PLAN,
        [
            (
                account_id,
                plan.id,
                plan.key,
                plan.name,
                plan.description,
                plan.status,
                plan.customer_reference,
                at + index * _MICROSECOND,
            )
            for index, plan in enumerate(made)
        ],
    )
    changed = [
        change.after.plan for change in changes if change.before is not None and change.kinds
    ]
    await tx.executemany(
        _UPDATE_PLAN,
        [
            (account_id, plan.id, plan.name, plan.description, plan.status, plan.customer_reference)
            for plan in changed
        ],
    )
    published = [change.new_version for change in changes]
    await tx.executemany(
        _INSERT_VERSION,
        [
            (
                account_id,
                version.id,
                version.plan_id,
                version.number,
                version.plan_key,
                version.plan_name,
                version.terms.currency,
                terms_to_json(version.terms),
                at,
            )
            for version in published
            if version is not None
        ],
    )


# Rows ------------------------------------------------------------------------------------------------


def _feature_words(feature: Feature) -> tuple[object, ...]:
    return feature.id, feature.name, feature.description, feature.enabled


def _plan(row: asyncpg.Record) -> Plan:
    return Plan(
        id=PlanId(row["plan_id"]),
        key=row["key"],
        name=row["name"],
        description=row["description"],
        status=PlanStatus(row["status"]),
        customer_reference=row["customer_reference"],
    )


def _version(account_id: AccountId, row: asyncpg.Record) -> PlanVersion:
    key = account_id, VersionId(row["version_id"])
    if key not in _parsed:
        _parsed[key] = PlanVersion(
            id=VersionId(row["version_id"]),
            plan_id=PlanId(row["plan_id"]),
            plan_key=row["plan_key"],
            plan_name=row["plan_name"],
            number=row["number"],
            terms=terms_from_json(row["terms"]),
        )
    return _parsed[key]
