"""The catalogue: plans and features looked up, and documents of the whole previewed and applied.

Sources: BILLING.md, "Catalogue"; HTTP contract, "The catalogue document".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias
from uuid import UUID

from usance.actions.commands import Call
from usance.core import catalog_document
from usance.core.catalog import Catalogue, CataloguePlan, CreditModel, Feature, Plan, PlanVersion
from usance.core.catalog_document import Document
from usance.core.catalog_document.fields import Node
from usance.core.decisions.publish import Changes, Kind, publish
from usance.core.ids import PlanId
from usance.core.refusals import Code, Refusal, invalid
from usance.store import catalog
from usance.store.catalog import PublishedVersion
from usance.store.db import Tx

Staying: TypeAlias = tuple[tuple[int, int], ...]
"""How many live subscriptions are on which version of a plan: (number, count), oldest first."""


@dataclass(frozen=True, slots=True)
class Named:
    """What the terms of plans name: the account's features by key, and its credit models."""

    features: Mapping[str, Feature]
    credit_models: Mapping[str, CreditModel]


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan in one of its versions, with what its terms name."""

    plan: Plan
    version: PlanVersion
    named: Named


@dataclass(frozen=True, slots=True)
class Edition:
    """A version in the history of its plan."""

    offer: Offer
    published: PublishedVersion


@dataclass(frozen=True, slots=True)
class Publication:
    """What a document changes. `staying`: for each plan that gets a new version, who stays behind.

    Subscriptions keep the version that they were sold, so no next invoice changes.
    """

    changes: Changes
    staying: Mapping[PlanId, Staying]


# Looking up ------------------------------------------------------------------------------------------


async def find_plan(
    tx: Tx,
    call: Call,
    *,
    plan_id: UUID | None = None,
    plan_key: str | None = None,
    field: str | None = None,
) -> CataloguePlan:
    """Return a plan of the account by id or key (or both), whatever its status, as it is sold now.

    Refused with validation_failed when neither is given, and with plan_not_found; both name
    `field`, by default the one of planId and planKey that is given.
    """
    if plan_id is None and plan_key is None:
        raise invalid(field or "planId", "A plan is named by its id or its key.")
    wanted = None if plan_id is None else PlanId(plan_id)
    found = await catalog.plans(tx, call.account.id, key=plan_key, plan_id=wanted)
    if not found:
        by, default = ("key", "planKey") if plan_id is None else ("id", "planId")
        raise Refusal(
            Code.PLAN_NOT_FOUND, f"There is no plan with this {by}.", field=field or default
        )
    return found[0]


async def plans(
    tx: Tx, call: Call, *, key: str | None, limit: int, offset: int
) -> tuple[Sequence[Offer], int]:
    """Return a page of the plans that anybody may subscribe to, oldest first, and how many."""
    found, total = await catalog.on_sale(tx, call.account.id, key=key, limit=limit, offset=offset)
    named = await _named(tx, call)
    return [Offer(each.plan, each.version, named) for each in found], total


async def plan(tx: Tx, call: Call, key_or_id: str) -> Offer:
    """Return the plan with this key, else with this id, whatever its status."""
    found = await _plan(tx, call, key_or_id)
    return Offer(found.plan, found.version, await _named(tx, call))


async def plan_versions(
    tx: Tx, call: Call, key_or_id: str, *, limit: int, offset: int
) -> tuple[Sequence[Edition], int]:
    """Return a page of the plan's versions, the newest first, and how many there are."""
    found = (await _plan(tx, call, key_or_id)).plan
    versions, total = await catalog.history(
        tx, call.account.id, found.id, limit=limit, offset=offset
    )
    named = await _named(tx, call)
    return [Edition(Offer(found, each.version, named), each) for each in versions], total


async def features(tx: Tx, call: Call, *, limit: int, offset: int) -> tuple[Sequence[Feature], int]:
    """Return a page of the account's features, oldest first, and how many there are."""
    found = list((await catalog.features(tx, call.account.id)).values())
    return found[offset : offset + limit], len(found)


async def feature(tx: Tx, call: Call, key: str) -> Feature:
    """Return the feature, or refuse: feature_not_found."""
    found = (await catalog.features(tx, call.account.id)).get(key)
    if found is None:
        raise Refusal(Code.FEATURE_NOT_FOUND, "There is no feature with this key.")
    return found


async def update_feature(tx: Tx, call: Call, key: str, changed: Mapping[str, object]) -> Feature:
    """Return the feature with its `name`, `description` and `enabled` as in `changed`, if there."""
    await catalog.lock(tx, call.account.id)
    before = await feature(tx, call, key)
    nodes = {name: Node(name, value) for name, value in changed.items()}
    after = replace(
        before,
        name=nodes["name"].name() if "name" in nodes else before.name,
        description=nodes["description"].text() if "description" in nodes else before.description,
        enabled=nodes["enabled"].flag() if "enabled" in nodes else before.enabled,
    )
    await catalog.write_feature(tx, call.account.id, after)
    return after


# Documents -------------------------------------------------------------------------------------------


async def get(tx: Tx, call: Call) -> Document:
    """Return the whole catalogue as a document; to apply it changes nothing."""
    return catalog_document.document_of(await catalog.catalogue(tx, call.account.id))


async def preview(tx: Tx, call: Call, value: object) -> Publication:
    """Return what applying a decoded document would change. Refuses its first fault, by path."""
    return await _publication(tx, call, value)


async def apply(tx: Tx, call: Call, value: object) -> Publication:
    """Publish a decoded document, and return what it changed; again: nothing.

    Refuses its first fault by path, and then nothing of it is kept. Two at once are done one after
    the other.
    """
    await catalog.lock(tx, call.account.id)
    publication = await _publication(tx, call, value)
    await catalog.write(tx, call.account.id, publication.changes, at=call.now)
    return publication


async def _publication(tx: Tx, call: Call, value: object) -> Publication:
    current = await catalog.catalogue(tx, call.account.id)
    document = _parsed(value, current)
    changes = publish(current, document, prune=document.prune, at=call.now, seed=call.seed)
    versioned = [one.after.plan.id for one in changes.plans if Kind.VERSIONED in one.kinds]
    staying = await catalog.subscribed(tx, call.account.id, versioned) if versioned else {}
    return Publication(changes, staying)


def _parsed(value: object, current: Catalogue) -> Document:
    return catalog_document.parse(
        value,
        features={one.key for one in current.features},
        denominations={one.denomination for one in current.credit_models},
    )


async def _named(tx: Tx, call: Call) -> Named:
    return Named(
        features=await catalog.features(tx, call.account.id),
        credit_models=await catalog.credit_models(tx, call.account.id),
    )


async def _plan(tx: Tx, call: Call, key_or_id: str) -> CataloguePlan:
    """Return the plan with this key; if none has it, the one with this id."""
    found = await catalog.plans(tx, call.account.id, key=key_or_id)
    if not found and (plan_id := _as_id(key_or_id)) is not None:
        found = await catalog.plans(tx, call.account.id, plan_id=plan_id)
    if not found:
        raise Refusal(Code.PLAN_NOT_FOUND, "There is no plan with this key or id.")
    return found[0]


def _as_id(text: str) -> PlanId | None:
    try:
        found = UUID(text)
    except ValueError:
        return None
    return PlanId(found) if str(found) == text.lower() else None
