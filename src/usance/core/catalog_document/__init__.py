"""The catalogue document: a whole catalogue as one value, as a seller keeps it under version control.

`parse` reads a decoded document (`entries`, `terms`, and `fields` for what every field has in
common); `to_document` writes it (`writing`), so that `parse(to_document(document)) == document`.
`terms_to_json` and `terms_from_json` are the part of it that is stored with each plan version.

Units: as in `core/catalog.py`.
Sources: BILLING.md, "Catalogue document"; the document itself is in docs/catalogue.md.
"""

from usance.core.catalog_document.entries import (
    Document,
    FeatureEntry,
    PlanEntry,
    document_of,
    parse,
    parse_credit_model,
    parse_feature,
    parse_plan,
    terms_from_json,
)
from usance.core.catalog_document.terms import Known
from usance.core.catalog_document.writing import terms_to_json, to_document

__all__ = [
    "Document",
    "FeatureEntry",
    "Known",
    "PlanEntry",
    "document_of",
    "parse",
    "parse_credit_model",
    "parse_feature",
    "parse_plan",
    "terms_from_json",
    "terms_to_json",
    "to_document",
]
