"""Bodies: the bases of what is sent and answered. Names are snake_case here, camelCase in JSON."""

from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError


class _Sent(BaseModel):
    """A request's object."""

    @model_validator(mode="before")
    @classmethod
    def _is_object(cls, value: Any) -> Any:  # noqa: ANN401 - the caller's JSON decides
        # FastAPI lets models be made from any Python object, and a number of ours is one.
        if isinstance(value, Decimal):
            raise PydanticCustomError("model_type", "This must be an object.")
        return value


class Lenient(_Sent):
    """A request that may hold more than we know: integrators move ahead of us."""

    model_config = ConfigDict(
        alias_generator=to_camel, strict=True, frozen=True, extra="ignore", allow_inf_nan=False
    )


class Strict(_Sent):
    """A request in which an unknown field is a mistake: what a seller sets must not be dropped."""

    model_config = ConfigDict(
        alias_generator=to_camel, strict=True, frozen=True, extra="forbid", allow_inf_nan=False
    )


class Shape(BaseModel):
    """An answer, built with snake_case names. A field with a default is absent when it is not set.

    A field that may be null has no default: it is always there.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        serialize_by_alias=True,
        strict=True,
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
    )
