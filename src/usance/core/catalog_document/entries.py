"""Reading a document: its features, credit models and plans, and that their names fit together.

Units: as in `core/catalog.py`.
Sources: BILLING.md, "Catalogue document".
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from usance.core.catalog import Catalogue, CreditModel, PlanStatus, Terms
from usance.core.catalog_document.fields import Fields, Node
from usance.core.catalog_document.terms import TERMS_FIELDS, Known, read_terms, refuse_repeats

_PLAN_FIELDS = ("key", "name", "description", "status", "customerReferenceId", *TERMS_FIELDS)


@dataclass(frozen=True, slots=True)
class FeatureEntry:
    """A feature as a document names it. `enabled` None: as it is, and on when it is new.

    So a feature that was switched off in an emergency stays off when a document is applied that
    does not speak of it.
    """

    key: str
    name: str
    description: str
    enabled: bool | None


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """A plan as a document names it. `customer`: the only customer who may see it, if there is."""

    key: str
    name: str
    description: str
    status: PlanStatus
    customer: str | None
    terms: Terms


@dataclass(frozen=True, slots=True)
class Document:
    """A catalogue as somebody wants it. `prune`: archive the account's plans that are not here."""

    features: tuple[FeatureEntry, ...]
    credit_models: tuple[CreditModel, ...]
    plans: tuple[PlanEntry, ...]
    prune: bool = False


def parse(
    value: object, *, features: AbstractSet[str], denominations: AbstractSet[str]
) -> Document:
    """Return the document that a decoder read, or raise the Refusal of its first fault, by path.

    `features` and `denominations` are those of the account, which plans may name as well as those
    of the document.
    """
    fields = Node("", value).fields("features", "creditModels", "plans", "prune")
    feature_nodes = fields.items("features")
    feature_entries = tuple(parse_feature(node) for node in feature_nodes)
    refuse_repeats(feature_nodes, "key", Node.key)
    model_nodes = fields.items("creditModels")
    models = tuple(parse_credit_model(node) for node in model_nodes)
    refuse_repeats(model_nodes, "denomination", Node.key)

    known = Known(
        features=features | {entry.key for entry in feature_entries},
        denominations=denominations | {model.denomination for model in models},
    )
    plan_nodes = fields.items("plans")
    plans = tuple(parse_plan(node, known) for node in plan_nodes)
    refuse_repeats(plan_nodes, "key", Node.key)
    prune = fields.get("prune")
    return Document(feature_entries, models, plans, prune.flag() if prune else False)


def parse_feature(node: Node) -> FeatureEntry:
    """Return one feature of a document, or raise a Refusal."""
    fields = node.fields("key", "name", "description", "enabled")
    enabled = fields.get("enabled")
    return FeatureEntry(
        key=fields["key"].key(),
        name=fields["name"].name(),
        description=_description(fields),
        enabled=enabled.flag() if enabled else None,
    )


def parse_credit_model(node: Node) -> CreditModel:
    """Return one credit model of a document, or raise a Refusal. Its limit is hard unless told."""
    fields = node.fields("denomination", "name", "hardLimit")
    hard_limit = fields.get("hardLimit")
    return CreditModel(
        denomination=fields["denomination"].key(),
        name=fields["name"].name(),
        hard_limit=hard_limit.flag() if hard_limit else True,
    )


def parse_plan(node: Node, known: Known) -> PlanEntry:
    """Return one plan of a document, or raise a Refusal. It is ACTIVE unless told."""
    fields = node.fields(*_PLAN_FIELDS)
    status, customer = fields.get("status"), fields.get("customerReferenceId")
    return PlanEntry(
        key=fields["key"].key(),
        name=fields["name"].name(),
        description=_description(fields),
        status=status.choice(PlanStatus) if status else PlanStatus.ACTIVE,
        customer=customer.name() if customer else None,
        terms=read_terms(fields, known),
    )


def terms_from_json(value: object) -> Terms:
    """Return the terms that `terms_to_json` wrote; what they name is not looked up again."""
    fields = Node("terms", value).fields(*TERMS_FIELDS)
    return read_terms(fields, Known(features=None, denominations=None))


def document_of(catalogue: Catalogue) -> Document:
    """Return an account's catalogue as a document; publishing it changes nothing."""
    return Document(
        features=tuple(
            FeatureEntry(feature.key, feature.name, feature.description, feature.enabled)
            for feature in catalogue.features
        ),
        credit_models=catalogue.credit_models,
        plans=tuple(
            PlanEntry(
                key=each.plan.key,
                name=each.plan.name,
                description=each.plan.description,
                status=each.plan.status,
                customer=each.plan.customer_reference,
                terms=each.version.terms,
            )
            for each in catalogue.plans
        ),
    )


def _description(fields: Fields) -> str:
    description = fields.get("description")
    return description.text() if description else ""
