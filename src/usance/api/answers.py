"""Answers: `{"success": true, "data": …}`, and for lists `pagination` beside the data.

A route ends in one of three: `answer` (it changed something), `show` (one thing), `listing` (many).
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Generic, TypeAlias, TypeVar

from fastapi import Response
from pydantic import BaseModel, Field

from usance.actions import commands
from usance.api import idempotency, json
from usance.api.calls import HttpCall
from usance.api.pages import Page, Pagination, pagination
from usance.store.db import Tx

T = TypeVar("T")
F = TypeVar("F")
Status: TypeAlias = int | Callable[[T], int]  # some answers differ: 201 for a new one, 200 again

_MEDIA_TYPE: Final = "application/json"


class One(BaseModel, Generic[T]):
    """A success, as documented; `envelope` makes it."""

    success: bool = Field(default=True, json_schema_extra={"const": True})
    data: T


class Many(BaseModel, Generic[T]):
    """A list, as documented; `envelope` makes it."""

    success: bool = Field(default=True, json_schema_extra={"const": True})
    data: list[T]
    pagination: Pagination


async def answer(
    call: HttpCall,
    work: Callable[[Tx], Awaitable[T]],
    shape: Callable[[T], object],
    *,
    status: Status[T] = 200,
    catch_up: commands.CatchUp | None = None,
) -> Response:
    """Return what `work` changed, in the shape; or the answer kept under the caller's key."""

    def render(value: T) -> tuple[int, bytes]:
        return status(value) if callable(status) else status, envelope(shape(value))

    result = await commands.run(call.db, call, work, render, catch_up or call.catch_up)
    return _answered(result)


async def replayed(call: HttpCall) -> Response | None:
    """Return the answer kept under the caller's key, if there is one: to ask before costly work."""
    result = await commands.kept(call.db, call)
    return None if result is None else _answered(result)


def _answered(result: commands.Answer) -> Response:
    return Response(
        result.body,
        status_code=result.status,
        headers={idempotency.REPLAYED: "true"} if result.replayed else {},
        media_type=_MEDIA_TYPE,
    )


async def show(
    call: HttpCall, work: Callable[[Tx], Awaitable[T]], shape: Callable[[T], object]
) -> Response:
    """Return what `work` reads, in the shape."""
    value = await commands.read(call.db, work, call.catch_up)
    return Response(envelope(shape(value)), media_type=_MEDIA_TYPE)


async def foretell(
    call: HttpCall,
    work: Callable[[Tx], Awaitable[F]],
    foresee: Callable[[F], Awaitable[T]],
    shape: Callable[[T], object],
) -> Response:
    """Return what comes of what `work` reads, in the shape; it takes long, and holds no connection."""
    facts = await commands.read(call.db, work, call.catch_up)
    return Response(envelope(shape(await foresee(facts))), media_type=_MEDIA_TYPE)


async def listed(
    call: HttpCall,
    page: Page,
    work: Callable[[Tx], Awaitable[Sequence[T]]],
    shape: Callable[[T], object],
) -> Response:
    """Return a page of a list that is short enough for `work` to read whole."""

    async def paged(tx: Tx) -> tuple[Sequence[T], int]:
        every = await work(tx)
        return every[page.offset : page.offset + page.limit], len(every)

    return await listing(call, page, paged, shape)


async def listing(
    call: HttpCall,
    page: Page,
    work: Callable[[Tx], Awaitable[tuple[Sequence[T], int]]],
    shape: Callable[[T], object],
) -> Response:
    """Return the page that `work` reads, each in the shape, and how many there are in all."""
    values, total = await commands.read(call.db, work, call.catch_up)
    return paged(page, values, total, shape)


def paged(page: Page, values: Sequence[T], total: int, shape: Callable[[T], object]) -> Response:
    """Return a page of values, each in the shape, of so many in all."""
    said = pagination(page, total=total, shown=len(values))
    return Response(envelope([shape(value) for value in values], said), media_type=_MEDIA_TYPE)


def envelope(data: object, pagination: Pagination | None = None) -> bytes:
    """Return the body of a success."""
    body: dict[str, Any] = {"success": True, "data": _dumped(data)}
    if pagination is not None:
        body["pagination"] = _dumped(pagination)
    return json.render(body)


def _dumped(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(by_alias=True, exclude_unset=True)
    if isinstance(value, list | tuple):
        return [_dumped(each) for each in value]
    return value
