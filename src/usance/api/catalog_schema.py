"""The catalogue document as JSON Schema, for the documentation: `core/catalog_document` reads it.

A schema cannot say everything that the reader holds (that names fit together, that tiers rise).
"""

from typing import Any, Final, TypeAlias

from usance.core.catalog import AggregationKind, BillingTiming, Overage, PlanStatus, Rollover
from usance.core.catalog_document import terms
from usance.core.catalog_document.fields import NAME_LENGTH, TEXT_LENGTH
from usance.core.periods import Unit

Schema: TypeAlias = dict[str, Any]

_KEY: Final[Schema] = {"type": "string", "pattern": r"^[A-Za-z0-9_.:-]{1,255}$"}
_NAME: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": NAME_LENGTH}
_TEXT: Final[Schema] = {"type": "string", "maxLength": TEXT_LENGTH}
_FLAG: Final[Schema] = {"type": "boolean"}
_NUMBER: Final[Schema] = {"type": ["number", "string"]}
_SCALAR: Final[Schema] = {"type": ["string", "number", "boolean"]}


def _one_of(values: Any) -> Schema:  # noqa: ANN401 - an enum's class or a list
    return {"type": "string", "enum": [str(value) for value in values]}


def _object(required: Schema, optional: Schema) -> Schema:
    """Return the schema of an object; an optional field may be null, which is to leave it out."""
    return {
        "type": "object",
        "properties": {**required, **{name: _or_null(each) for name, each in optional.items()}},
        "required": list(required),
        "additionalProperties": False,
    }


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(items: Schema, **more: int) -> Schema:
    return {"type": "array", "items": items, **more}


def _whole(low: int, high: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high}


def _named(values: Schema, most: int) -> Schema:
    return {"type": "object", "additionalProperties": values, "maxProperties": most}


_INTERVAL: Final = _object(
    {"unit": _one_of(Unit)}, {"count": _whole(1, max(terms.LONGEST.values()))}
)
_EVERY: Final[Schema] = {"anyOf": [_one_of(Unit), _INTERVAL]}
_LIMIT: Final = _object({"units": _NUMBER}, {"overage": _one_of(Overage), "every": _EVERY})
_TIERS: Final = _list(
    _object({"upTo": _NUMBER, "unitPrice": _NUMBER}, {"flatFee": _NUMBER}),
    minItems=1,
    maxItems=terms.MOST_TIERS,
)
_PRICE_EXTRAS: Final[Schema] = {"includedUnits": _NUMBER, "minimum": _NUMBER, "unitLabel": _NAME}
_PRICE: Final[Schema] = {
    "oneOf": [
        _object({"model": {"const": model}, **own}, _PRICE_EXTRAS)
        for model, own in (
            ("per_unit", {"unitPrice": _NUMBER}),
            ("graduated", {"tiers": _TIERS}),
            ("volume", {"tiers": _TIERS}),
            ("package", {"packageSize": _NUMBER, "packagePrice": _NUMBER}),
        )
    ]
}
_AGGREGATION: Final = _object(
    {"type": _one_of(AggregationKind)},
    {"property": _NAME, "filter": _named(_SCALAR, terms.MOST_FILTERS)},
)
_BURN: Final = _object(
    {"denomination": _KEY}, {"weight": _NUMBER, "models": _named(_NUMBER, terms.MOST_MODELS)}
)
_FEATURE_TERMS: Final = _object(
    {"key": _KEY},
    {"limit": _LIMIT, "price": _PRICE, "aggregation": _AGGREGATION, "credits": _BURN},
)
_ALLOCATION: Final = _object(
    {"denomination": _KEY, "amount": _NUMBER},
    {
        "rollover": _one_of(Rollover),
        "rolloverCap": _NUMBER,
        "expiresAfterMonths": _whole(1, terms.MOST_EXPIRY_MONTHS),
        "every": _EVERY,
    },
)

TERMS_REQUIRED: Final[Schema] = {
    "price": _object({"amount": _NUMBER, "currency": {"type": "string"}}, {}),
    "interval": _INTERVAL,
    "billingTiming": _one_of(BillingTiming),
}
TERMS_OPTIONAL: Final[Schema] = {
    "gracePeriodDays": _whole(0, terms.MOST_GRACE_DAYS),
    "netTermsDays": _whole(0, terms.MOST_NET_TERMS_DAYS),
    "trialDays": _whole(0, terms.MOST_TRIAL_DAYS),
    "features": _list(_FEATURE_TERMS),
    "credits": _list(_ALLOCATION),
    "metadata": _named(_or_null(_SCALAR), terms.MOST_METADATA),
}
_FEATURE: Final = _object({"key": _KEY, "name": _NAME}, {"description": _TEXT, "enabled": _FLAG})
_CREDIT_MODEL: Final = _object({"denomination": _KEY, "name": _NAME}, {"hardLimit": _FLAG})
_PLAN: Final = _object(
    {"key": _KEY, "name": _NAME, **TERMS_REQUIRED},
    {
        "description": _TEXT,
        "status": _one_of(PlanStatus),
        "customerReferenceId": _NAME,
        **TERMS_OPTIONAL,
    },
)

TERMS: Final = _object(TERMS_REQUIRED, TERMS_OPTIONAL)
DOCUMENT: Final = _object(
    {},
    {
        "features": _list(_FEATURE),
        "creditModels": _list(_CREDIT_MODEL),
        "plans": _list(_PLAN),
        "prune": {**_FLAG, "description": "Archive the account's plans that are not named here."},
    },
)
