"""The routes of the whole catalogue as one document: shown, compared, applied."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from fastapi import Response
from pydantic import Field, GetJsonSchemaHandler, RootModel
from pydantic_core import CoreSchema

from usance.actions import catalog
from usance.actions.catalog import Publication, Staying
from usance.api import catalog_schema, routes, terms
from usance.api.answers import One, answer, show
from usance.api.bodies import Shape
from usance.api.calls import Command, Reading
from usance.core import catalog_document
from usance.core.catalog import CreditModel, Feature, Plan
from usance.core.catalog_document import Document
from usance.core.decisions.publish import CreditModelChange, FeatureChange, Kind, PlanChange

router: Final = routes.router("Catalogue")


class CatalogueDocument(RootModel[dict[str, Any]]):
    """A whole catalogue. The core reads it: it names each fault by its path in the document."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return what the core reads, for the documentation."""
        return {"title": cls.__name__, "description": cls.__doc__, **catalog_schema.DOCUMENT}


Thing = TypeVar("Thing", Feature, CreditModel, Plan)

# What is updated in place: the field, and its name in the document.
_FEATURE_WORDS: Final = {"name": "name", "description": "description", "enabled": "enabled"}
_CREDIT_MODEL_WORDS: Final = {"name": "name", "hard_limit": "hardLimit"}
_PLAN_WORDS: Final = {
    "name": "name",
    "description": "description",
    "status": "status",
    "customer_reference": "customerReferenceId",
}


class DifferenceShape(Shape):
    """One value that is not the same; null on the side where it is not there."""

    path: str = Field(examples=["features[ai_chat].limit.units"])
    before: Any
    after: Any


class FeatureChangeShape(Shape):
    """What happens to a feature."""

    key: str
    kinds: list[Kind]
    differences: list[DifferenceShape]


class CreditModelChangeShape(Shape):
    """What happens to a credit model."""

    denomination: str
    kinds: list[Kind]
    differences: list[DifferenceShape]


class StayingShape(Shape):
    """How many live subscriptions stay on an older version."""

    version: int
    live_subscriptions: int


class PlanChangeShape(Shape):
    """What happens to a plan. Its differences are those of its words, then those of its terms."""

    key: str
    kinds: list[Kind]
    version_before: int | None = Field(description="Null for a new plan.")
    version_after: int
    differences: list[DifferenceShape]
    staying: list[StayingShape] = Field(
        description="Those who have bought an older version keep it: a new version changes no "
        "invoice of theirs. Empty unless the plan is VERSIONED."
    )


class PublicationShape(Shape):
    """What a document changes, thing by thing in its order; what stays as it is is left out."""

    changed: bool = Field(description="False: the catalogue is as the document says already.")
    features: list[FeatureChangeShape]
    credit_models: list[CreditModelChangeShape]
    plans: list[PlanChangeShape]


@router.get("/catalog", response_model=One[CatalogueDocument])
async def get_catalog(call: Reading) -> Response:
    """Show the whole catalogue as one document. To apply it changes nothing."""
    return await show(call, lambda tx: catalog.get(tx, call), written)


@router.post("/catalog/plan", response_model=One[PublicationShape])
async def plan_catalog(document: CatalogueDocument, call: Reading) -> Response:
    """Tell what applying a document would change, and change nothing.

    Subscriptions stay on the version that they were sold, so no next invoice changes: for each
    plan that would get a new version the answer counts the live subscriptions that stay behind.
    """
    return await show(call, lambda tx: catalog.preview(tx, call, document.root), shown)


@router.post("/catalog/apply", response_model=One[PublicationShape])
async def apply_catalog(document: CatalogueDocument, call: Command) -> Response:
    """Apply a document, and tell what it changed. Applied again it changes nothing.

    Plans of the account that it does not name are left alone, or archived with `prune`.
    """
    return await answer(call, lambda tx: catalog.apply(tx, call, document.root), shown)


def written(document: Document) -> dict[str, Any]:
    """Return a document as it is answered: amounts at the scale of their currency."""
    found: dict[str, Any] = catalog_document.to_document(document)
    for plan in found["plans"]:
        terms.at_scale(plan, plan["price"]["currency"])
    return found


def shown(publication: Publication) -> PublicationShape:
    """Return what a document changes, as it is answered."""
    changes = publication.changes
    return PublicationShape(
        changed=not changes.is_empty,
        features=[_feature(change) for change in changes.features if change.kinds],
        credit_models=[_credit_model(change) for change in changes.credit_models if change.kinds],
        plans=[
            _plan(change, publication.staying.get(change.after.plan.id, ()))
            for change in changes.plans
            if change.kinds
        ],
    )


def _feature(change: FeatureChange) -> FeatureChangeShape:
    return FeatureChangeShape(
        key=change.after.key,
        kinds=list(change.kinds),
        differences=_words(change.before, change.after, _FEATURE_WORDS),
    )


def _credit_model(change: CreditModelChange) -> CreditModelChangeShape:
    return CreditModelChangeShape(
        denomination=change.after.denomination,
        kinds=list(change.kinds),
        differences=_words(change.before, change.after, _CREDIT_MODEL_WORDS),
    )


def _plan(change: PlanChange, staying: Staying) -> PlanChangeShape:
    before = change.before
    return PlanChangeShape(
        key=change.after.plan.key,
        kinds=list(change.kinds),
        version_before=None if before is None else before.version.number,
        version_after=change.after.version.number,
        differences=[
            *_words(before.plan if before else None, change.after.plan, _PLAN_WORDS),
            *_terms(change),
        ],
        staying=[
            StayingShape(version=number, live_subscriptions=count) for number, count in staying
        ],
    )


def _words(before: Thing | None, after: Thing, names: Mapping[str, str]) -> list[DifferenceShape]:
    """Return what is updated in place, by its name in the document; nothing for a new thing."""
    if before is None:
        return []
    return [
        DifferenceShape(path=name, before=getattr(before, field), after=getattr(after, field))
        for field, name in names.items()
        if getattr(before, field) != getattr(after, field)
    ]


def _terms(change: PlanChange) -> list[DifferenceShape]:
    """Return what the new version says otherwise, amounts at the scale of their currency."""
    if change.before is None:
        return []
    was, will = change.before.version.terms.currency, change.after.version.terms.currency
    return [
        DifferenceShape(
            path=one.path,
            before=terms.leaf_at_scale(one.path, one.before, was),
            after=terms.leaf_at_scale(one.path, one.after, will),
        )
        for one in change.differences
    ]
