"""Fields: the kinds of value in a request, each refusing what it does not mean.

For paths use `PathReference` and `PathId`, which never refuse: what cannot name anything names
nothing, and the noun says so in the same words as for any other unknown one.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, TypeAlias, TypeVar
from uuid import UUID

from fastapi import Path
from pydantic import AfterValidator, BeforeValidator, Field, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

from usance.api import json
from usance.core import money, periods
from usance.documents.einvoice.codes import ADDRESS_SCHEMES
from usance.documents.paper import Language

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
_NUMBER: Final = re.compile(r"-?\d{1,60}(\.\d{1,60})?([eE][+-]?\d{1,3})?", re.ASCII)
_INSTANT: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:?\d{2})", re.ASCII
)
_LANGUAGE_TAG: Final = re.compile(r"[a-zA-Z]{2}(-[a-zA-Z0-9]{1,8})*", re.ASCII)
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_FIRST_INSTANT: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Far enough from the calendar's end for any period that may start there.
_LAST_INSTANT: Final = datetime(9000, 1, 1, tzinfo=UTC)
_DIGITS_MAX: Final = 18
_DECIMALS_MAX: Final = 12
_KEYS_MAX: Final = 50
_KEY_CHARACTERS_MAX: Final = 100
_METADATA_BYTES_MAX: Final = 16_384


def _fault(message: str) -> PydanticCustomError:
    # Braces would be taken for a template.
    return PydanticCustomError("field", "{message}", {"message": message})


def _text(value: str) -> str:
    if _CONTROL.search(value):
        raise _fault("This must not hold control characters.")
    return value


def _long_text(value: str) -> str:
    _text(value.translate({9: " ", 10: " ", 13: " "}))  # tabs and line breaks are part of it
    return value


def _reference(value: str) -> str:
    if value in {".", ".."}:
        raise _fault("A URL cannot name '.' or '..'.")
    return _text(value)


def _number(value: object) -> Decimal:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = Decimal(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if not isinstance(value, Decimal):
        raise _fault("This must be a number.")
    if not money.is_exact(value, _DECIMALS_MAX, _DIGITS_MAX):
        raise _fault(
            f"This must have at most {_DIGITS_MAX} digits before the point and {_DECIMALS_MAX} after."
        )
    return value or Decimal(0)  # -0 is 0


def _instant(value: object) -> datetime:
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise _fault("This must be an instant with a zone, such as 2027-01-31T09:00:00Z.")
    try:
        instant = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _fault("There is no such day or time.") from None
    if not _FIRST_INSTANT <= instant < _LAST_INSTANT:
        raise _fault("This must lie between the years 1970 and 9000.")
    return instant


def _metadata(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _fault("This must be an object.")
    if len(value) > _KEYS_MAX:
        raise _fault(f"This must have at most {_KEYS_MAX} keys.")
    for key in value:
        if not 1 <= len(key) <= _KEY_CHARACTERS_MAX or _CONTROL.search(key):
            raise _fault(f"A key has 1 to {_KEY_CHARACTERS_MAX} characters, none of them control.")
    if len(json.render(value)) > _METADATA_BYTES_MAX:
        raise _fault(f"This must have at most {_METADATA_BYTES_MAX} bytes as JSON.")
    return value


def _uuid(value: object) -> UUID:
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise _fault("This must be a UUID.")
    return UUID(value)


def _zone(value: str) -> str:
    if not periods.is_zone(value):
        raise _fault("This must be a time zone of the IANA database, such as Europe/Berlin.")
    return value


def _currency(value: str) -> str:
    if not money.is_currency(value):
        raise _fault("This must be a currency of ISO 4217, such as USD.")
    return value


def _language(value: str) -> str:
    """Return the language of a tag (BCP 47), without where it is spoken: `de-AT` is `de`."""
    first = value.partition("-")[0].lower()
    if not _LANGUAGE_TAG.fullmatch(value) or first not in set(Language):
        raise _fault(f"This must be one of {', '.join(Language)}, as a tag such as de or de-AT.")
    return first


def _path_reference(value: str) -> str:
    return "" if _CONTROL.search(value) else value


def _path_id(value: str) -> UUID:
    return UUID(value) if _UUID.fullmatch(value) else UUID(int=0)


# --- as the documentation tells it ----------------------------------------------------------------

_ONE_LINE: Final = r"[^\x00-\x1f\x7f-\x9f]*$"
_UUID_SCHEMA: Final = {"type": "string", "format": "uuid"}
_INSTANT_SCHEMA: Final = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^(19[7-9]\d|[2-8]\d{3})-",
}
_METADATA_SCHEMA: Final = {
    "type": "object",
    "maxProperties": _KEYS_MAX,
    "propertyNames": {
        "minLength": 1,
        "maxLength": _KEY_CHARACTERS_MAX,
        "pattern": f"^{_ONE_LINE}",
    },
}


def _pattern(pattern: str) -> dict[str, Any]:
    # For the documentation alone: what refuses it is a validator, in words.
    return {"pattern": pattern}


def _number_schema(**bounds: int) -> WithJsonSchema:
    sign = "" if "minimum" in bounds or "exclusiveMinimum" in bounds else "-?"
    schema = {
        "anyOf": [
            {"type": "number", **bounds},
            {"type": "string", "pattern": rf"^{sign}\d+(\.\d+)?([eE][+-]?\d+)?$"},
        ],
        "description": f"Exact; at most {_DIGITS_MAX} digits before the point and "
        f"{_DECIMALS_MAX} after.",
    }
    return WithJsonSchema(schema, mode="validation")


E = TypeVar("E")

# --- in bodies and queries ----------------------------------------------------------------------

Text255: TypeAlias = Annotated[
    str,
    Field(min_length=1, max_length=255, json_schema_extra=_pattern(f"^{_ONE_LINE}")),
    AfterValidator(_text),
]
LongText: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=2000), AfterValidator(_long_text)
]
Reference: TypeAlias = Annotated[
    str,
    Field(min_length=1, max_length=255, json_schema_extra=_pattern(rf"^(?!\.{{1,2}}$){_ONE_LINE}")),
    AfterValidator(_reference),
]
ExactNumber: TypeAlias = Annotated[Decimal, BeforeValidator(_number), _number_schema()]
NotNegative: TypeAlias = Annotated[
    Decimal, BeforeValidator(_number), Field(ge=0), _number_schema(minimum=0)
]
Positive: TypeAlias = Annotated[
    Decimal, BeforeValidator(_number), Field(gt=0), _number_schema(exclusiveMinimum=0)
]
Amount: TypeAlias = NotNegative  # whole minor units: the action's check
Percent: TypeAlias = Annotated[
    Decimal, BeforeValidator(_number), Field(ge=0, le=100), _number_schema(minimum=0, maximum=100)
]
Instant: TypeAlias = Annotated[
    datetime, BeforeValidator(_instant), WithJsonSchema(_INSTANT_SCHEMA, mode="validation")
]
Metadata: TypeAlias = Annotated[
    dict[str, Any],
    BeforeValidator(_metadata),
    WithJsonSchema(_METADATA_SCHEMA, mode="validation"),
]
Id: TypeAlias = Annotated[
    UUID, BeforeValidator(_uuid), WithJsonSchema(_UUID_SCHEMA, mode="validation")
]
Zone: TypeAlias = Annotated[str, AfterValidator(_zone), Field(examples=["Europe/Berlin"])]
DocumentLanguage: TypeAlias = Annotated[
    str,
    Field(max_length=35),
    AfterValidator(_language),
    Field(examples=["de"], description="Of documents: " + ", ".join(Language) + "; de-AT is de."),
]
Currency: TypeAlias = Annotated[str, AfterValidator(_currency), Field(examples=["USD"])]
# A StrEnum by its value: `Choice[Mode]`.
Choice: TypeAlias = Annotated[E, Strict(strict=False)]

# Kept as it is sent, so that nothing of an address is dropped; invoices print these of it.
Address: TypeAlias = Annotated[
    dict[Annotated[str, Field(min_length=1, max_length=50)], Text255],
    Field(
        max_length=20,
        examples=[{"line1": "1 Main St", "city": "Berlin", "postalCode": "10115", "country": "DE"}],
    ),
]


def _scheme(value: str) -> str:
    if value not in ADDRESS_SCHEMES:
        raise _fault("This must be a code of the Electronic Address Scheme, such as 0204 or EM.")
    return value


Scheme: TypeAlias = Annotated[
    str,
    AfterValidator(_scheme),
    Field(json_schema_extra={"enum": list(ADDRESS_SCHEMES)}, examples=["EM"]),
]

# --- in paths -----------------------------------------------------------------------------------

PathReference: TypeAlias = Annotated[
    str, BeforeValidator(_path_reference), WithJsonSchema({"type": "string"})
]
CustomerInPath: TypeAlias = Annotated[PathReference, Path(alias="customerReferenceId")]
PathId: TypeAlias = Annotated[UUID, BeforeValidator(_path_id), WithJsonSchema(_UUID_SCHEMA)]

# --- in answers ---------------------------------------------------------------------------------

Number: TypeAlias = Annotated[Decimal, WithJsonSchema({"type": "number"}, mode="serialization")]
