"""Pages: how much of a list is asked for, of what, and what is said beside it."""

from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias

from fastapi import Depends, Query, Request
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from usance.core.refusals import invalid

_LIMIT_MAX: Final = 200
_OFFSET_MAX: Final = 1_000_000  # the database counts its way to the offset


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list."""

    limit: int
    offset: int


class Pagination(BaseModel):
    """Where the page lies in the whole list."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True)

    total: int
    limit: int
    offset: int
    has_more: bool


def pagination(page: Page, *, total: int, shown: int) -> Pagination:
    """Return what is said of a page that shows so many of `total`."""
    return Pagination(
        total=total,
        limit=page.limit,
        offset=page.offset,
        has_more=page.offset + shown < total,
    )


def _page(
    limit: Annotated[int, Query(ge=1, le=_LIMIT_MAX, description="At most so many.")] = 50,
    offset: Annotated[int, Query(ge=0, le=_OFFSET_MAX, description="From this one on.")] = 0,
) -> Page:
    return Page(limit, offset)


Paging: TypeAlias = Annotated[Page, Depends(_page)]


def _known_query(request: Request) -> None:
    known = _names(request.scope["route"].dependant)
    for name in request.query_params:
        if name not in known:
            raise invalid(name, "This field is not known here.")


def _names(dependant: Dependant) -> set[str]:
    own = {one.alias for one in dependant.query_params}
    return own.union(*(_names(one) for one in dependant.dependencies))


KNOWN_QUERY: Final = Depends(_known_query)
"""For the seller's lists: a filter that is not known is refused, for it would filter nothing."""
