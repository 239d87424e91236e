"""The edge: what every request passes before it is routed, and every answer before it leaves.

It names the request, brings the path into the one form that is routed, bounds the body, and turns
whatever nobody caught into an answer and a line in the log.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from usance import clock, logs
from usance.api import errors
from usance.core.refusals import Code, Refusal

PREFIX: Final = "/api/v1"
# The same routes, where the clients of the system that Usance follows already point.
ALIAS: Final = "/api/v1/client"

_BODY_BYTES_MAX: Final = 1 << 20
_BODY_BYTES_MAX_BY_PATH: Final = {
    f"{PREFIX}/events/batch": 5 << 20,
    f"{PREFIX}/payments/statements": 20 << 20,
}
_PLAIN_PATH: Final = re.compile(rb"[A-Za-z0-9_.~/-]*")
_SANE_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,128}")

_NOSNIFF: Final = (b"x-content-type-options", b"nosniff")
_NO_REFERRER: Final = (b"referrer-policy", b"no-referrer")
_NO_STORE: Final = (b"cache-control", b"no-store")

_log: Final = logs.get(__name__)


class Edge:
    """The outermost ASGI layer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])  # of one sent twice the last
        request_id = _request_id(headers)
        # The server makes both anew for each request, so they are not copied.
        scope.setdefault("state", {})["request_id"] = request_id
        answer = _Answer(send, request_id, private=scope["path"].startswith("/api/"))
        if scope["method"] == "HEAD":
            # An answer to GET without its body, and no route needs to know.
            # The server's own scope still says HEAD: it counts the bytes of the body by it.
            scope = {**scope, "method": "GET"}
            answer.hides_body = True
        began = clock.monotonic()
        try:
            await self._routed(scope, headers, receive, answer.send)
        except Exception:  # noqa: BLE001 - the last one who can answer, and say so in the log
            _log.exception("request failed", request_id=request_id, route=_route(scope))
            if answer.status is None:
                await errors.unexpected(scope)(scope, receive, answer.send)
        if logs.tells_all():
            _log.debug(
                "request",
                method=scope["method"],
                route=_route(scope),
                status=answer.status,
                ms=round((clock.monotonic() - began) * 1000, 1),
                request_id=request_id,
            )

    async def _routed(
        self, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive, send: Send
    ) -> None:
        path = canonical(scope)
        if path is None:
            nowhere = Refusal(Code.NOT_FOUND, "There is nothing at this path.")
            await errors.refused(scope, nowhere)(scope, receive, send)
            return
        scope["path"] = path
        limit = _BODY_BYTES_MAX_BY_PATH.get(path, _BODY_BYTES_MAX)
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > limit:
            await errors.refused(scope, _too_large(limit))(scope, receive, send)
            return
        await self._app(scope, _bounded(receive, limit), send)


def canonical(scope: Scope) -> str | None:
    """Return the path in the form that is routed, or None if it is not UTF-8.

    Each segment is decoded and encoded again, so that a slash inside one stays `%2F`, and `/` only
    ever separates; the routes decode their parameters (`routes.Route`). The alias is taken off.
    """
    raw = scope.get("raw_path") or quote(scope["path"]).encode()
    if _PLAIN_PATH.fullmatch(raw):
        path = raw.decode()
    else:
        try:
            path = "/".join(
                quote(unquote_to_bytes(segment).decode(), safe="") for segment in raw.split(b"/")
            )
        except UnicodeDecodeError:
            return None
    return PREFIX + path[len(ALIAS) :] if path.startswith(f"{ALIAS}/") else path


class _Answer:
    """An answer on its way out."""

    def __init__(self, send: Send, request_id: str, *, private: bool) -> None:
        self._send = send
        self._request_id = request_id
        self._private = private
        self.hides_body = False
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = message.get("headers", ())
            names = {name for name, _ in own}
            headers = [*own, (b"x-request-id", self._request_id.encode()), _NOSNIFF]
            if _NO_REFERRER[0] not in names:
                headers.append(_NO_REFERRER)
            if self._private:
                if _NO_STORE[0] in names:
                    headers = [pair for pair in headers if pair[0] != _NO_STORE[0]]
                headers.append(_NO_STORE)
            message["headers"] = headers
        elif message["type"] == "http.response.body" and self.hides_body:
            message = {**message, "body": b""}
        await self._send(message)


def _bounded(receive: Receive, limit: int) -> Receive:
    """Return `receive`, refusing once more than `limit` bytes came: a chunked body has no length."""
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise _too_large(limit)
        return message

    return bounded


def _too_large(limit: int) -> Refusal:
    return Refusal(Code.BODY_TOO_LARGE, f"A body here has at most {limit >> 20} MiB.")


def _request_id(headers: Mapping[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id")
    if given is not None and _SANE_REQUEST_ID.fullmatch(text := given.decode("latin-1")):
        return text
    return clock.name()


def _route(scope: Scope) -> str:
    # The template and not the path, which may hold what a customer is called.
    return str(getattr(scope.get("route"), "path", "unknown"))
