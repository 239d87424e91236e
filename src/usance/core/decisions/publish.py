"""Publishing a catalogue document: what it would change, decided without changing anything.

A name, a description, a switch is updated in place; terms never are. Terms that differ become the
plan's next version, and every subscription stays on the version that it was sold. What the
document does not name is left alone, or archived with `prune`. Publishing twice changes nothing.

Units: as in `core/catalog.py`.
Sources: BILLING.md, "Catalogue" and "Catalogue document".
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias, TypeVar
from uuid import UUID

from usance.core.catalog import (
    Catalogue,
    CataloguePlan,
    CreditModel,
    Feature,
    Plan,
    PlanStatus,
    PlanVersion,
    Terms,
)
from usance.core.catalog_document import (
    Document,
    FeatureEntry,
    PlanEntry,
    terms_to_json,
)
from usance.core.ids import FeatureId, PlanId, VersionId, derived
from usance.core.refusals import invalid

Leaf: TypeAlias = str | int | Decimal | bool | None
Thing = TypeVar("Thing")


class Kind(StrEnum):
    """What happens to a thing of the catalogue. Several can happen to one plan at once."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    VERSIONED = "VERSIONED"
    ACTIVATED = "ACTIVATED"
    ARCHIVED = "ARCHIVED"


@dataclass(frozen=True, slots=True)
class Difference:
    """One leaf of two terms that is not the same; None on the side where it is not there."""

    path: str
    before: Leaf
    after: Leaf


@dataclass(frozen=True, slots=True)
class FeatureChange:
    """A feature of the document: as it was (None: new) and as it will be."""

    before: Feature | None
    after: Feature

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What happens to it; nothing when it is as the document says."""
        return _kinds_in_place(self.before, self.after)


@dataclass(frozen=True, slots=True)
class CreditModelChange:
    """A credit model of the document: as it was (None: new) and as it will be."""

    before: CreditModel | None
    after: CreditModel

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What happens to it; nothing when it is as the document says."""
        return _kinds_in_place(self.before, self.after)


@dataclass(frozen=True, slots=True)
class PlanChange:
    """A plan of the document, or one that is pruned: as it was (None: new) and as it will be."""

    before: CataloguePlan | None
    after: CataloguePlan

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What happens to it, in the order of `Kind`; nothing when it is as the document says."""
        if self.before is None:
            return (Kind.CREATED,)
        was, will = self.before.plan, self.after.plan
        happens = {
            Kind.UPDATED: replace(was, status=will.status) != will,
            Kind.VERSIONED: self.before.version.number != self.after.version.number,
            Kind.ACTIVATED: was.status is not will.status and will.status is PlanStatus.ACTIVE,
            Kind.ARCHIVED: was.status is not will.status and will.status is PlanStatus.ARCHIVED,
        }
        return tuple(kind for kind in Kind if happens.get(kind))

    @property
    def new_version(self) -> PlanVersion | None:
        """The version that is to be stored, when there is a new one."""
        if self.before is None or self.before.version.number != self.after.version.number:
            return self.after.version
        return None

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What the new version says otherwise than the one before; nothing for a new plan."""
        if self.before is None:
            return ()
        return differences(self.before.version.terms, self.after.version.terms)


@dataclass(frozen=True, slots=True)
class Changes:
    """What publishing a document does, thing by thing, in the document's order; then the pruned.

    Things that stay as they are stand here too, with no kinds. `catalogue` is the whole account's
    afterwards.
    """

    features: tuple[FeatureChange, ...]
    credit_models: tuple[CreditModelChange, ...]
    plans: tuple[PlanChange, ...]
    catalogue: Catalogue

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes."""
        return not (
            any(change.kinds for change in self.features)
            or any(change.kinds for change in self.credit_models)
            or any(change.kinds for change in self.plans)
        )


def publish(
    current: Catalogue, document: Document, *, prune: bool, at: datetime, seed: UUID
) -> Changes:
    """Return what `document` changes in `current`, or raise the Refusal of a plan's status.

    New ids are derived from `at` and `seed`.
    """
    features = _features(current, document, at, seed)
    models = _credit_models(current, document)
    plans = _plans(current, document, at, seed)
    if prune:
        plans = (*plans, *_pruned(current, document))

    catalogue = Catalogue(
        features=_merged(
            {one.key: one for one in current.features},
            {change.after.key: change.after for change in features},
        ),
        credit_models=_merged(
            {one.denomination: one for one in current.credit_models},
            {change.after.denomination: change.after for change in models},
        ),
        plans=_merged(
            {one.plan.key: one for one in current.plans},
            {change.after.plan.key: change.after for change in plans},
        ),
    )
    return Changes(features, models, plans, catalogue)


def differences(before: Terms, after: Terms) -> tuple[Difference, ...]:
    """Return where two terms differ, sorted by path (`features[ai_chat].limit.units`).

    Numbers are compared by value (49.0 is 49.00, true is not 1). The order in which features and
    credits stand is no difference.
    """
    was, will = dict(_leaves(terms_to_json(before))), dict(_leaves(terms_to_json(after)))
    return tuple(
        Difference(path, was.get(path), will.get(path))
        for path in sorted(was.keys() | will.keys())
        if path not in was or path not in will or not _same(was[path], will[path])
    )


def _features(
    current: Catalogue, document: Document, at: datetime, seed: UUID
) -> tuple[FeatureChange, ...]:
    known = {feature.key: feature for feature in current.features}
    return tuple(_feature(known.get(entry.key), entry, at, seed) for entry in document.features)


def _feature(
    before: Feature | None, entry: FeatureEntry, at: datetime, seed: UUID
) -> FeatureChange:
    enabled = entry.enabled
    if enabled is None:
        enabled = before.enabled if before else True
    after = Feature(
        id=before.id if before else FeatureId(derived(at, seed, "feature", entry.key)),
        key=entry.key,
        name=entry.name,
        description=entry.description,
        enabled=enabled,
    )
    return FeatureChange(before, after)


def _credit_models(current: Catalogue, document: Document) -> tuple[CreditModelChange, ...]:
    known = {model.denomination: model for model in current.credit_models}
    return tuple(
        CreditModelChange(known.get(model.denomination), model) for model in document.credit_models
    )


def _plans(
    current: Catalogue, document: Document, at: datetime, seed: UUID
) -> tuple[PlanChange, ...]:
    known = {each.plan.key: each for each in current.plans}
    for index, entry in enumerate(document.plans):
        before = known.get(entry.key)
        drafted = entry.status is PlanStatus.DRAFT
        if drafted and before and before.plan.status is not PlanStatus.DRAFT:
            # A plan that has been sold cannot become one that never was.
            path = f"plans[{index}].status"
            was = before.plan.status
            raise invalid(path, f"{path} cannot be DRAFT: the plan is {was}. Archive it instead.")

    # Nothing can be refused from here on.
    return tuple(_plan(known.get(entry.key), entry, at, seed) for entry in document.plans)


def _plan(before: CataloguePlan | None, entry: PlanEntry, at: datetime, seed: UUID) -> PlanChange:
    plan = Plan(
        id=before.plan.id if before else PlanId(derived(at, seed, "plan", entry.key)),
        key=entry.key,
        name=entry.name,
        description=entry.description,
        status=entry.status,
        customer_reference=entry.customer,
    )
    if before and not differences(before.version.terms, entry.terms):
        return PlanChange(before, CataloguePlan(plan, _renamed(before.version, plan)))
    number = before.version.number + 1 if before else 1
    version = PlanVersion(
        id=VersionId(derived(at, seed, "version", entry.key, number)),
        plan_id=plan.id,
        plan_key=plan.key,
        plan_name=plan.name,
        number=number,
        terms=entry.terms,
    )
    return PlanChange(before, CataloguePlan(plan, version))


def _renamed(version: PlanVersion, plan: Plan) -> PlanVersion:
    """Return the same version under its plan's name of now, which is how it is always read."""
    return replace(version, plan_name=plan.name)


def _pruned(current: Catalogue, document: Document) -> Iterator[PlanChange]:
    named = {entry.key for entry in document.plans}
    for each in current.plans:
        if each.plan.key not in named and each.plan.status is not PlanStatus.ARCHIVED:
            archived = replace(each.plan, status=PlanStatus.ARCHIVED)
            yield PlanChange(each, CataloguePlan(archived, each.version))


def _merged(known: dict[str, Thing], changed: dict[str, Thing]) -> tuple[Thing, ...]:
    """Return things by key with the changed in their old places, and the new ones at the end."""
    return tuple((known | changed).values())


def _kinds_in_place(before: object, after: object) -> tuple[Kind, ...]:
    if before is None:
        return (Kind.CREATED,)
    return (Kind.UPDATED,) if before != after else ()


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, Leaf]]:
    """Return the leaves of written terms by path; a feature's or allocation's path has its key."""
    match value:
        case dict():
            for name, each in value.items():
                yield from _leaves(each, f"{path}.{name}" if path else name)
        case list():
            for index, each in enumerate(value):
                yield from _leaves(each, f"{path}[{_name(each, index)}]")
        case _:
            assert value is None or isinstance(value, str | int | Decimal), "a leaf is a scalar"
            yield path, value


def _name(value: object, index: int) -> object:
    assert isinstance(value, dict), "the lists of terms hold objects: features, tiers, credits"
    return value.get("key") or value.get("denomination") or index


def _same(one: Leaf, other: Leaf) -> bool:
    """Whether two leaves are equal, where true is not 1 as it is to Python."""
    return isinstance(one, bool) is isinstance(other, bool) and one == other
