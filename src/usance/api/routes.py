"""Routes: a router for one noun, whose routes know the account and read bodies exactly.

    router = routes.router("Customers")

    @router.post("/customers", status_code=201, response_model=One[CustomerShape],
                 responses=refuses(Code.CUSTOMER_EXISTS))
    async def create(body: NewCustomer, call: Command) -> Response: ...

In this order: who asks (401), what is sent (413, 415, 400), what it says (422), then the route.
"""

from collections.abc import Callable, Coroutine
from email.message import Message
from typing import Any, Final
from urllib.parse import unquote

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from usance.api import auth, json
from usance.api.errors import STATUSES, ErrorAnswer
from usance.core.refusals import Code, Refusal

_EMPTY: Final = b"{}"


def router(tag: str) -> APIRouter:
    """Return an empty router; the tag groups its routes in the documentation."""
    return APIRouter(route_class=Route, tags=[tag], redirect_slashes=False)


def refuses(*codes: Code) -> dict[int | str, dict[str, Any]]:
    """Return the documentation of a route's own refusals; what any route refuses is added to it."""
    by_status: dict[int, list[Code]] = {}
    for code in codes:
        by_status.setdefault(STATUSES[code], []).append(code)
    return {
        status: {"model": ErrorAnswer, "description": ", ".join(f"`{code}`" for code in group)}
        for status, group in by_status.items()
    }


class Route(APIRoute):
    """A route of the API."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether the path is this route's, with its parameters decoded (see `edge`)."""
        match, child_scope = super().matches(scope)
        parameters = child_scope.get("path_params")
        if parameters:
            decoded = {
                name: unquote(value) if isinstance(value, str) else value
                for name, value in parameters.items()
            }
            child_scope["path_params"] = decoded
        return match, child_scope

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, which learns the account and the body before anything is decided."""
        handle = super().get_route_handler()
        takes_body = self.body_field is not None

        async def handle_known(request: Request) -> Response:
            state = request.state
            state.account = await auth.account_of(request.app.state.db, request.headers)
            state.raw_body = b"" if request.method == "GET" else await request.body()
            if not takes_body:
                return await handle(request)
            return await handle(_Exact.of(request, state.raw_body))

        return handle_known


class _Exact(Request):
    """A request whose JSON is parsed by us. An empty body is an empty object."""

    _parsed: Any

    @classmethod
    def of(cls, request: Request, raw: bytes) -> "_Exact":
        if raw:
            _require_json(request.headers.get("content-type", ""))
        # The type is checked; now FastAPI has to know it too, also where nothing was sent.
        headers = [pair for pair in request.scope["headers"] if pair[0] != b"content-type"]
        headers.append((b"content-type", b"application/json"))
        exact = cls({**request.scope, "headers": headers}, request.receive)
        exact._body = raw or _EMPTY
        exact._parsed = json.parse(raw) if raw else {}
        return exact

    async def json(self) -> Any:  # noqa: ANN401 - the caller's JSON decides
        return self._parsed


def _require_json(content_type: str) -> None:
    message = Message()
    message["content-type"] = content_type or "nothing"
    charset = message.get_param("charset", "utf-8")
    if message.get_content_type() != "application/json" or str(charset).lower() != "utf-8":
        raise Refusal(Code.UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json, in UTF-8.")
