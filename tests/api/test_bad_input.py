"""Bad input to every operation of the document, in every field and parameter of it.

Whatever is sent: never a 500, one shape of error, the field named, nothing half done, and no status
that the document does not name; nor does the document name one that is never given.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from tests.api.client import Api, Got, dumped
from tests.api.operations import EITHER, KEY, OPERATIONS, Call, Operation, World, opened, resolved
from tests.api.shop import UNKNOWN, Shop, digest

from usance.api.errors import STATUSES
from usance.core.refusals import Code

# Refused everywhere where a schema cannot say so: no JSON, no text of PostgreSQL, no number of ours.
TOKENS = [
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"1e400",
    b"-1e999999999",
    b"1" + b"0" * 300,
    rb'"a\u0000b"',
    rb'"\ud800"',
    rb'"\udc00\ud800"',
]
VALUES = [
    b"null",
    b"true",
    b"0",
    b"1",
    b"-1",
    b"1.5",
    b"0.0000000000001",
    b"1e18",
    b"100000000000000000000000000000000000000000",
    b'""',
    b'" "',
    b'"x"',
    b'"."',
    b'"NaN"',
    b'"-1"',
    b'"1e19"',
    b'"' + b"x" * 300 + b'"',
    b'"' + b"x" * 3000 + b'"',
    rb'"a\nb"',
    rb'"\u007f"',
    rb'"\u202e\ufeff"',
    b"[]",
    b"[[]]",
    b"[null]",
    b"{}",
    b'{"a": {"b": [1]}}',
    rb'{"a\u0001": 1}',
    b'{"": 1}',
    dumped({f"k{n}": n for n in range(60)}),
    b'"0000-00-00T00:00:00Z"',
    b'"1969-12-31T23:59:59Z"',
    b'"2027-02-30T00:00:00Z"',
    b'"9999-12-31T23:59:59Z"',
    b'"2027-01-01"',
    f'"{UNKNOWN}"'.encode(),
    b'"not-a-uuid"',
    b'"NO_SUCH_VALUE"',
]
# In a catalogue each field is one of a hundred; what its values may be is tested by its own tests.
FEW = [b"null", b"true", b"-1", b"1e40", b'""', b'"x"', b"[]", b"{}", rb'"\ud800"', b"NaN"]
MISSING = b""

IN_PATHS = ["x", UNKNOWN, "0" * 36, "%00", "%0A", "%2F", "%2e%2e", "%ff", "x" * 300, "%F0%9F%A6%8A"]
IN_QUERIES = ["", "x", "-1", "0", "1.5", "9" * 40, "NaN", "%00", "%0A", "%ff", "y" * 300, "null"]
BAD_KEYS = ["", "x" * 256, "tab\there", "\x7f"]
FREE = {"metadata", "meta", "billingAddress", "filter", "models"}  # whose names are the caller's
SHAPE = {"code", "message", "detail", "field", "requestId"}


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[Any]:
    """Yield where a body can be changed: each field, and each item of a list."""
    if isinstance(value, dict):
        for name in value:
            yield (*place, name)
            yield from places(value[name], (*place, name))
    elif isinstance(value, list):
        for index in range(min(len(value), 1)):
            yield (*place, index)
            yield from places(value[index], (*place, index))


def named(place: tuple[Any, ...]) -> str:
    return "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in place)[1:]


def changed(body: Any, place: tuple[Any, ...], token: bytes) -> bytes:
    """Return the body as JSON, with the token in that place."""
    mark = "@mark@"
    if not place:
        return token
    copy = json.loads(dumped(body), parse_float=Decimal)
    at = copy
    for each in place[:-1]:
        at = at[each]
    if token == MISSING:
        del at[place[-1]]
        return dumped(copy)
    at[place[-1]] = mark
    return dumped(copy).replace(f'"{mark}"'.encode(), token, 1)


class Trial:
    """The calls of one operation, and all that was wrong with its answers."""

    def __init__(self, world: World, op: Operation) -> None:
        self.world = world
        self.op = op
        self.seen: set[int] = set()
        self.problems: list[str] = []
        self._call: Call | None = None
        self._before: dict[str, tuple[int, int]] | None = None

    async def call(self, variant: int = 0) -> Call:
        """Return a good call: the last one again, unless it has been used up."""
        if self._call is None:
            self._call = await self.world.call(self.op)
            self._before = await digest(self.world.api)
        return self._call.variants()[variant]

    async def count(self) -> int:
        """Return in how many ways the call can be made."""
        await self.call()
        assert self._call is not None
        return len(self._call.variants())

    async def send(
        self, call: Call, raw: bytes | None = None, *, says: str = "", **more: Any
    ) -> Got:
        """Send a call and judge what holds for every answer; `says` tells it apart."""
        answer = await self.world.send(call, raw, **more)
        await self.judge(answer, f"{says}: {call.url[:80]} {(raw or b'')[:120]!r}")
        return answer

    async def judge(self, answer: Got, says: str) -> None:
        """Judge what holds for every answer."""
        self.seen.add(answer.status)
        if answer.status not in self.op.statuses or answer.status >= 500:
            self.wrong(answer, says, "is not documented")
        media_type = answer.headers["content-type"]
        if media_type not in self.op.media_types(answer.status):
            self.wrong(answer, says, "is of another kind")
        if answer.status < 300:
            assert media_type != "application/json" or answer.body["success"] is True
            if self.op.method != "GET":
                self._call = None
            return
        self._judge_error(answer, says)
        if await digest(self.world.api) != self._before:
            self.wrong(answer, says, "left something behind")
            self._call = None

    def _judge_error(self, answer: Got, says: str) -> None:
        error = answer.error
        if not {"code", "message", "requestId"} <= set(error) <= SHAPE:
            self.wrong(answer, says, f"has the fields {list(error)}")
        if STATUSES.get(error["code"]) != answer.status:
            self.wrong(answer, says, f"has the code {error['code']}")
        if not error["message"].endswith("."):
            self.wrong(answer, says, f"says {error['message']!r}")
        if error["requestId"] != answer.headers["x-request-id"]:
            self.wrong(answer, says, "names another request")
        if error["code"] == Code.VALIDATION_FAILED and not error.get("field"):
            self.wrong(answer, says, "names no field")

    def names(self, answer: Got, place: str, says: str) -> None:
        """Judge that a 422 names the place, something within it, or what it is part of."""
        if answer.status != 422 or answer.error["code"] != Code.VALIDATION_FAILED:
            return
        told = [answer.error.get("field", "")]
        told += [each["field"] for each in answer.error.get("detail", {}).get("errors", ())]
        if not any(_related(field, place) for field in told):
            self.wrong(answer, says, f"names {told}, not {place}")

    def wrong(self, answer: Got, says: str, problem: str) -> None:
        self.problems.append(f"{answer.status} {problem}: {says}: {answer.raw[:200]!r}")


# What a field says makes these others wrong.
_EXCLUDES = {
    "correctsEventKey": {"costAmount", "costInput", "revenueAmount", "usageUnits"},
    "isDraft": {"netTermsDays", "gracePeriod"},
    "amount": {"applications"},  # of which together they are more
    "taxCategory": {"taxRate", "taxId", "taxExemptionReason"},
}


def _related(field: str, place: str) -> bool:
    if field in {place, "body"} or not place:
        return True
    for a, b in ((field, place), (place, field)):
        if a.startswith((f"{b}.", f"{b}[")):
            return True
    last = place.rpartition(".")[2]
    if field.removeprefix(place.removesuffix(last)) in _EXCLUDES.get(last, ()):
        return True
    other = EITHER.get(last) or {b: a for a, b in EITHER.items()}.get(last)
    return other is not None and field == place.removesuffix(last) + other


# --- the matrix -----------------------------------------------------------------------------------


@pytest.fixture
async def world(api: Api) -> World:
    return await opened(await Shop.open(api))


_ELSEWHERE = {
    "/subscriptions/{subscriptionId}/invoice-preview": {409},  # too far: see test_previews.py
    "/holds": {200, 402, 403},
    "/holds/{holdId}/settle": {200},
    "/invoices/{invoiceId}/pdf": {409},  # of what accrues: see test_papers.py
    "/invoices/{invoiceId}/e-invoice": {
        409
    },  # of what is void or lacks something: test_e_invoices.py
    "/credit-notes/{creditNoteId}/e-invoice": {409},
}


@pytest.mark.parametrize("op", OPERATIONS, ids=str)
async def test_bad_input_is_refused_in_one_shape_and_leaves_nothing(world: World, op: Operation):
    trial = Trial(world, op)
    await _sample(trial)
    await _front(trial)
    await _paths(trial)
    await _queries(trial)
    if op.is_keyed:
        await _keys(trial)
    if op.body is not None:
        await _bodies(trial)
        await _unknown_fields(trial)
    assert not trial.problems, "\n".join([f"{len(trial.problems)} problems", *trial.problems[:40]])
    # What the world does to us cannot be asked for, and what others hold is asked in test_holds.py.
    others = {500, 503} | _ELSEWHERE.get(op.path, set())
    assert op.statuses - trial.seen <= others, "documented and never given"


async def _sample(trial: Trial) -> None:
    """Without a good call of it, refusals of an operation prove little (see `World`)."""
    for variant in range(await trial.count()):
        call = await trial.call(variant)
        answer = await trial.send(call, says="the sample")
        if answer.status >= 300:
            trial.wrong(answer, str(call.body), "is what a good call got; teach World to make it")


async def _front(trial: Trial) -> None:
    """Who asks, what is sent: before anything is decided."""
    call = await trial.call()
    nobody = await trial.send(call, says="no key", headers={"Authorization": "Bearer x"})
    assert nobody.status == 401
    if trial.op.method == "GET":
        return
    more = {"/events/batch": 5 << 20, "/payments/statements": 20 << 20}
    most = more.get(trial.op.path, 1 << 20)
    huge = await trial.send(call, b" " * (most + 1), says="huge")
    assert huge.status == 413
    if trial.op.body is None:
        return
    for raw in (
        b"{",
        b"x",
        b'{"a": 1, "a": 1}',
        b'{"a": "\xff"}',
        b'{"a":' * 70 + b"1" + b"}" * 70,
    ):
        assert (await trial.send(call, raw, says="no JSON")).status == 400
    for raw in (b"[]", b'"x"', b"1", b"1.5", b"true"):
        assert (await trial.send(call, raw, says="no object")).status == 422
    other = await trial.send(call, b"{}", says="XML", headers={"Content-Type": "text/xml"})
    assert other.status == 415


async def _paths(trial: Trial) -> None:
    """What names nothing is not found, well formed or not, in the same words."""
    for parameter in trial.op.parameters("path"):
        messages = set()
        for value in IN_PATHS:
            call = await trial.call()
            url = call.op.path
            for name, good in call.path.items():
                url = url.replace(f"{{{name}}}", value if name == parameter["name"] else good)
            # A customer keeps its reference: said again in the body, it would be another's.
            body = {k: v for k, v in (call.body or {}).items() if k != parameter["name"]}
            answer = await trial.world.api.send(call.op.method, url, body or None)
            if value == "%ff":  # no path at all
                assert (answer.status, answer.error["code"]) == (404, "not_found")
                continue
            await trial.judge(answer, url)
            if answer.status not in {200, 404}:
                trial.wrong(answer, url, "is what an unknown path got")
            if answer.status == 404:
                messages.add((answer.error["code"], answer.error["message"]))
        assert len(messages) <= 1, messages


# A seller's filter must not be dropped.
STRICT_QUERIES = {
    "GET /invoices",
    "GET /credit-notes",
    "GET /costs/features",
    "GET /costs/models",
    "GET /receivables",
    "GET /receivables/aging",
    "GET /receivables/journal",
    "GET /receivables/reminders",
    "GET /receivables/reminders/sent",
    "POST /receivables/reminders/run",
    "GET /customers/{customerReferenceId}/statement",
    "GET /invoices/{invoiceId}/lines/{lineId}/events",
    "GET /payments/statements",
    "POST /payments/statements",
    "GET /payments/statements/entries",
    "GET /invoices/{invoiceId}/pdf",
    "GET /credit-notes/{creditNoteId}/pdf",
    "GET /invoices/{invoiceId}/e-invoice",
    "GET /credit-notes/{creditNoteId}/e-invoice",
}


async def _queries(trial: Trial) -> None:
    for parameter in trial.op.parameters("query"):
        name, schema = parameter["name"], parameter["schema"]
        for value in IN_QUERIES:
            call = await trial.call()
            url = f"{call.url}?{name}={value}"
            answer = await trial.world.api.send(call.op.method, url, call.body)
            await trial.judge(answer, url)
            trial.names(answer, name, url)
            if answer.status < 300 and not _fits(value, schema):
                trial.wrong(answer, url, "is what a bad query got")
    call = replace(await trial.call(), query={"unknown": "1"})
    refused = (await trial.send(call, says="an unknown parameter")).status == 422
    assert refused == (str(trial.op) in STRICT_QUERIES)


def _fits(value: str, schema: dict[str, Any]) -> bool:
    """Whether the schema of a query parameter allows a text; None of what it cannot tell."""
    schema = next(
        (resolved(each) for each in schema.get("anyOf", [schema]) if each.get("type") != "null"),
        schema,
    )
    schema = resolved(schema)
    text = unquote_to_bytes(value).decode(errors="replace")
    if "enum" in schema:
        return text in schema["enum"]
    if schema["type"] == "integer":
        whole = re.fullmatch(r"-?\d+", text)
        return whole is not None and schema["minimum"] <= int(text) <= schema["maximum"]
    if schema["type"] == "boolean":
        return text.lower() in {
            "0",
            "1",
            "true",
            "false",
            "on",
            "off",
            "yes",
            "no",
            "t",
            "f",
            "y",
            "n",
        }
    return "\ufffd" in text or (1 <= len(text) <= 255 and text.isprintable())


async def _keys(trial: Trial) -> None:
    for key in BAD_KEYS:
        call = await trial.call()
        answer = await trial.send(call, says=f"key {key[:5]!r}", key=key)
        if not _is_event(call) and (answer.status, answer.error.get("field")) != (422, KEY):
            trial.wrong(answer, f"key {key[:5]!r}", "is what a bad key got")
    call = await trial.call()
    first = await trial.send(call, key="k", says="keyed")
    assert first.status == trial.op.success, first.body
    await trial.call()
    again = await trial.send(call, key="k", says="keyed again")
    assert again.status == (200 if _is_event(call) else first.status)
    await trial.call()
    more = dumped({**call.body, "more": 1}) if _is_event(call) else dumped(call.body or {}) + b" "
    other = await trial.send(call, more, key="k", says="another body under one key")
    assert other.status == 409, other.body


def _is_event(call: Call) -> bool:
    """An event has a key of its own, which the header only stands in for."""
    return call.op.path == "/events"


async def _bodies(trial: Trial) -> None:
    op = trial.op
    tokens = [MISSING, *(FEW if op.path.startswith("/catalog") else [*VALUES, *TOKENS])]
    for variant in range(await trial.count()):
        for place in places((await trial.call(variant)).body):
            for token in tokens:
                if token == MISSING and isinstance(place[-1], int):
                    continue
                call = await trial.call(variant)
                raw = changed(call.body, place, token)
                says = f"{named(place)} = {token[:40]!r}"
                answer = await trial.send(call, raw, says=says)
                trial.names(answer, named(place), says)
                if answer.status < 300 and not _allows(op, raw, token):
                    trial.wrong(answer, says, "is what a bad body got")


def _allows(op: Operation, raw: bytes, token: bytes) -> bool:
    """Whether the documented schema allows the body."""
    if token in TOKENS:
        return False
    return bool(op.validator().is_valid(json.loads(raw)))


async def _unknown_fields(trial: Trial) -> None:
    """Integrators move ahead of us; but what a seller sets must not be dropped."""
    op = trial.op
    for variant in range(await trial.count()):
        for place in [(), *places((await trial.call(variant)).body)]:
            call = await trial.call(variant)
            body = json.loads(dumped(call.body), parse_float=Decimal)
            at = body
            for each in place:
                at = at[each]
            if not isinstance(at, dict) or (place and place[-1] in FREE):
                continue
            at["unknownField"] = {"a": 1}
            where = f"{named(place)}.unknownField".removeprefix(".")
            answer = await trial.send(call, dumped(body), says=where)
            if op.is_sellers and (answer.status, answer.error.get("field")) != (422, where):
                trial.wrong(answer, where, "is what an unknown field got")
            if not op.is_sellers and answer.status != op.success:
                trial.wrong(answer, where, "is what an unknown field got")
