"""The fast lane: events and checks, answered in batches before the application is reached.

It answers what is as it should be. Whatever is not (a body that says something wrong, a key that opens
nothing, a boundary that time has passed) goes on to the ordinary route of the same path, which says why
or takes the steps that are due. So both are one: the same shapes, the same refusals, one documentation.

Sources: docs/architecture: "the hot path".
"""

import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, TypeVar
from urllib.parse import unquote

from pydantic import BaseModel, ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from usance import clock
from usance.actions import entitlements, holds, usage
from usance.actions.accounts import opened_by
from usance.actions.commands import StepsDue
from usance.actions.entitlements import Answered, Asked
from usance.actions.gather import Gather
from usance.actions.holds import Held, Wanted
from usance.actions.usage import Recorded, Reported
from usance.api import auth, errors, events, json
from usance.api import entitlements as entitlements_api
from usance.api import holds as holds_api
from usance.api.answers import envelope
from usance.api.edge import PREFIX
from usance.core.accounts import Account
from usance.core.decisions.hold import Take
from usance.core.entitlements import Question
from usance.core.refusals import Refusal
from usance.store.db import Db, Tx
from usance.store.kept import Kept

_EVENTS: Final = f"{PREFIX}/events"
_HOLDS: Final = f"{PREFIX}/holds"
_CHECKS: Final = f"{PREFIX}/entitlements"
_CHECK: Final = f"{PREFIX}/entitlements/"
_JSON: Final = frozenset({b"application/json", b"application/json; charset=utf-8"})
_MEDIA_TYPE: Final = (b"content-type", b"application/json")
_IDEMPOTENCY_KEY: Final = b"idempotency-key"
_LANES: Final = 2
_KEYS_KEPT: Final = 1_024
_KEY_BYTES_MAX: Final = 256  # longer is no key, and what anybody may send is not kept

_Body = TypeVar("_Body", bound=BaseModel)
_Keyed = TypeVar("_Keyed", "_Event", "_Hold", "_Check")
_Answer = TypeVar("_Answer")


class Ordinary(Exception):  # noqa: N818 - not an error: the call belongs on the ordinary route
    """Raised where a call is not one for the fast lane."""


@dataclass(frozen=True, slots=True)
class _Event:
    """An event that reads well, sent with the key of this hash."""

    key: bytes
    body: events.Event
    sent: dict[str, Any]
    event_key: str


@dataclass(frozen=True, slots=True)
class _Hold:
    """A wish for a hold that reads well, sent with the key of this hash."""

    key: bytes
    reference: str
    take: Take


@dataclass(frozen=True, slots=True)
class _Check:
    """A question that reads well, sent with the key of this hash."""

    key: bytes
    reference: str
    question: Question


class Hot:
    """An ASGI layer in front of the application."""

    def __init__(self, app: ASGIApp, db: Db, kept: Kept) -> None:
        self._app = app
        self._db = db
        self._kept = kept
        self._events: Gather[_Event, Recorded] = Gather(self._record, lanes=_LANES)
        self._holds: Gather[_Hold, Held] = Gather(self._take, lanes=_LANES)
        self._checks: Gather[_Check, Answered] = Gather(self._check, lanes=_LANES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or hand it on as it came."""
        answering = self._answering(scope)
        if answering is None:
            await self._app(scope, receive, send)
            return
        body = b""
        try:
            if scope["method"] == "POST":
                body = await _body(receive)
            status, answer = await answering(scope, body)
        except (Ordinary, StepsDue):
            await self._app(scope, _again(body, receive), send)
            return
        except Refusal as refusal:
            await errors.refused(scope, refusal)(scope, receive, send)
            return
        length = (b"content-length", str(len(answer)).encode())
        headers = [_MEDIA_TYPE, length]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    def _answering(
        self, scope: Scope
    ) -> Callable[[Scope, bytes], Awaitable[tuple[int, bytes]]] | None:
        path, method = scope["path"], scope["method"]
        if method == "POST":
            if path == _EVENTS:
                return self._post_event
            if path == _HOLDS:
                return self._post_hold
            return self._post_check if path == _CHECKS else None
        is_check = method == "GET" and path.startswith(_CHECK) and not scope["query_string"]
        return self._get_check if is_check else None

    # Events -------------------------------------------------------------------------------------

    async def _post_event(self, scope: Scope, raw: bytes) -> tuple[int, bytes]:
        headers = _headers(scope)
        body, sent = _read(headers, raw, events.Event)
        if sent.get("correctsEventKey") is not None:
            raise Ordinary
        given = headers.get(_IDEMPOTENCY_KEY)
        with _plainly():
            of_header = None if given is None else events.header_key(given)
            event_key = body.event_idempotency_key or of_header or events.header_key(None)
        asked = _Event(_key_hash(headers), body, sent, event_key)
        recorded = await self._events.ask(asked)
        return 201 if recorded.is_new else 200, _success(recorded.receipt)

    async def _record(self, batch: Sequence[_Event]) -> Sequence[Recorded | Exception]:
        real = clock.real_now()

        async def work(tx: Tx) -> tuple[list[Recorded | Exception], usage.Recording]:
            accounts = await opened_by(tx, [one.key for one in batch])
            known, answers = _of_known(batch, accounts)
            reported = [_reported(one, account, account.now(real)) for one, account in known]
            recording = await usage.record_all(tx, reported, self._kept)
            return _placed(answers, recording.answers), recording

        answers, recording = await self._db.run(work)
        self._kept.put(recording.after)
        return answers

    # Holds --------------------------------------------------------------------------------------

    async def _post_hold(self, scope: Scope, raw: bytes) -> tuple[int, bytes]:
        headers = _headers(scope)
        if _IDEMPOTENCY_KEY in headers:
            raise Ordinary  # where answers are kept under it
        body, sent = _read(headers, raw, holds_api.NewHold)
        take = holds_api.take_of(body, sent)
        held = await self._holds.ask(_Hold(_key_hash(headers), body.customer_reference_id, take))
        return 201 if held.is_new else 200, envelope(holds_api.shown(held))

    async def _take(self, batch: Sequence[_Hold]) -> Sequence[Held | Exception]:
        real = clock.real_now()

        async def work(tx: Tx) -> tuple[list[Held | Exception], holds.Holding]:
            accounts = await opened_by(tx, [one.key for one in batch])
            known, answers = _of_known(batch, accounts)
            wanted = [
                Wanted(account, one.reference, one.take, account.now(real), clock.seed())
                for one, account in known
            ]
            holding = await holds.take_all(tx, wanted, self._kept)
            return _placed(answers, holding.answers), holding

        answers, holding = await self._db.run(work)
        self._kept.put(holding.after)
        return answers

    # Checks -------------------------------------------------------------------------------------

    async def _get_check(self, scope: Scope, _raw: bytes) -> tuple[int, bytes]:
        reference, _, feature_key = scope["path"][len(_CHECK) :].partition("/")
        if "/" in feature_key:
            raise Ordinary
        reference, feature_key = _decoded(reference), _decoded(feature_key)
        if not (
            reference and feature_key and reference.isprintable() and feature_key.isprintable()
        ):
            raise Ordinary
        return await self._checked(_headers(scope), reference, Question(feature_key))

    async def _post_check(self, scope: Scope, raw: bytes) -> tuple[int, bytes]:
        headers = _headers(scope)
        body, _ = _read(headers, raw, entitlements_api.Check)
        with _plainly():
            question = entitlements_api.question_of(body)
        return await self._checked(headers, body.customer_reference_id, question)

    async def _checked(
        self, headers: Mapping[bytes, bytes], reference: str, question: Question
    ) -> tuple[int, bytes]:
        answered = await self._checks.ask(_Check(_key_hash(headers), reference, question))
        return 200, _shown(answered)

    async def _check(self, batch: Sequence[_Check]) -> Sequence[Answered | Exception]:
        real = clock.real_now()
        accounts = await self._db.peek(lambda tx: opened_by(tx, [one.key for one in batch]))
        known, answers = _of_known(batch, accounts)
        asked = [
            Asked(account, one.reference, one.question, account.now(real)) for one, account in known
        ]
        return _placed(answers, await entitlements.check_all(self._db, asked, self._kept))


# What came in ----------------------------------------------------------------------------------------


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body = message.get("body", b"")
    if not message.get("more_body", False):
        return bytes(body)
    parts = [body]
    while message.get("more_body", False):
        message = await receive()
        parts.append(message.get("body", b""))
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body which was read already, once more."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _headers(scope: Scope) -> dict[bytes, bytes]:
    """Return the headers by name; those that are there twice are for the ordinary route to judge."""
    headers = dict(scope["headers"])
    if len(headers) != len(scope["headers"]):
        raise Ordinary
    return headers


def _decoded(segment: str) -> str:
    return unquote(segment) if "%" in segment else segment


def _key_hash(headers: Mapping[bytes, bytes]) -> bytes:
    """Return the hash of the one API key that is sent, and can be one."""
    secret = headers.get(b"x-api-key")
    bearer = headers.get(b"authorization")
    if bearer is not None:
        if secret is not None or bearer[:7] != b"Bearer ":
            raise Ordinary
        secret = bearer[7:]
    hashed = None if secret is None or len(secret) > _KEY_BYTES_MAX else _hash_of(secret)
    if hashed is None:
        raise Ordinary
    return hashed


@lru_cache(maxsize=_KEYS_KEPT)
def _hash_of(secret: bytes) -> bytes | None:
    """Return the hash of what can be a key; whether it opens anything is asked each time."""
    can_be = auth.KEY.fullmatch(secret.decode("latin-1"))
    return hashlib.sha256(secret).digest() if can_be else None


def _read(
    headers: Mapping[bytes, bytes], raw: bytes, shape: type[_Body]
) -> tuple[_Body, dict[str, Any]]:
    """Return the body in its shape, and as it was sent."""
    if headers.get(b"content-type") not in _JSON:
        raise Ordinary
    with _plainly():
        sent = json.parse(raw)
        return shape.model_validate(sent), sent


@contextmanager
def _plainly() -> Iterator[None]:
    """Leave to the ordinary route what is refused before it is known who asks: it says that first."""
    try:
        yield
    except (Refusal, ValidationError):
        raise Ordinary from None


# What goes to the batch, and comes back --------------------------------------------------------------


def _of_known(
    batch: Sequence[_Keyed], accounts: Mapping[bytes, Account]
) -> tuple[list[tuple[_Keyed, Account]], list[Exception | None]]:
    """Return the calls whose key opens an account, and an answer for the places of the others."""
    known = [(one, accounts[one.key]) for one in batch if one.key in accounts]
    return known, [None if one.key in accounts else Ordinary() for one in batch]


def _placed(
    answers: Sequence[Exception | None], found: Sequence[_Answer | Exception]
) -> list[_Answer | Exception]:
    """Return the answers with those that were found in the empty places, in order."""
    rest = iter(found)
    return [next(rest) if answer is None else answer for answer in answers]


def _reported(one: _Event, account: Account, now: datetime) -> Reported:
    use = events.use_of(one.body, one.sent, one.event_key, account, now)
    return Reported(account, one.body.customer_reference_id, use, now, clock.seed())


def _shown(answered: Answered) -> bytes:
    """Return the answer's body. What time does not change of it is made once."""
    as_of, steady = json.render(answered.as_of), answered.steady
    assert steady is not None, "a gathered check is kept"
    if steady.shown is None:
        whole = _success(entitlements_api.shown(answered))
        # No text holds these characters: its quotes would be escaped.
        head, name, tail = whole.partition(b'"asOf":' + as_of)
        assert name, "the answer says as of when it is true"
        steady.shown = (head, tail)
    head, tail = steady.shown
    return b"".join((head, b'"asOf":', as_of, tail))


def _success(data: object) -> bytes:
    return json.render_exact({"success": True, "data": data})
