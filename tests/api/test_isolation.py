"""Two accounts at one door: nothing of one is there for the other, whatever is asked and how.

Each operation is called with the second account's key and one thing of the first's in it, and must
be answered as if that thing did not exist at all: the same status, the same words.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from tests.api import client
from tests.api.client import Api, Got
from tests.api.operations import OPERATIONS, Call, Operation, World, opened, prefixed
from tests.api.shop import CATALOGUE, UNKNOWN, Shop, digest

MINE, THEIRS = "mine-", "theirs-"
# What names a thing of an account; elsewhere the value is the caller's own.
NAMES = {
    "customerReferenceId",
    "featureKey",
    "plan",
    "planId",
    "planKey",
    "changeToPlanId",
    "changeToPlanKey",
    "denomination",
}
# What makes a thing names it itself: both accounts may have one of that name.
MAKES = re.compile(r"POST /customers|POST /catalog/.*")
IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Accounts:
    mine: World
    theirs: World


async def _world(api: Api, prefix: str) -> World:
    assert (await api.post("/catalog/apply", prefixed(CATALOGUE, prefix))).status == 200
    return await opened(Shop(api), prefix)


@pytest.fixture(scope="module")
async def accounts(shared_api: Api) -> AsyncIterator[Accounts]:
    other = await client.opened(shared_api.db, shared_api.app)
    async with other.client:
        yield Accounts(await _world(shared_api, MINE), await _world(other, THEIRS))


def _foreign(mine: Call, theirs: Call) -> list[tuple[str, Call, Call]]:
    """Return, for each thing that is named: its name, my call with theirs, my call with nobody's."""
    found: list[tuple[str, Call, Call]] = []
    for name, value in theirs.path.items():
        for_nobody = UNKNOWN if IDS.fullmatch(value) else "nobody"
        found.append((name, _in_path(mine, name, value), _in_path(mine, name, for_nobody)))
    for parameter in mine.op.parameters("query"):
        if (name := parameter["name"]) in NAMES:
            value = f"{THEIRS}pro_monthly" if name == "plan" else f"{THEIRS}c1"
            foreign, nobodys = (replace(mine, query={name: one}) for one in (value, "nobody"))
            found.append((name, foreign, nobodys))
    if isinstance(mine.body, dict) and not MAKES.fullmatch(str(mine.op)):
        for name in sorted(NAMES & set(mine.body)):
            value = theirs.body[name]
            for_nobody = UNKNOWN if IDS.fullmatch(value) else "nobody"
            found.append((name, _in_body(mine, name, value), _in_body(mine, name, for_nobody)))
    return found


def _in_path(call: Call, name: str, value: str) -> Call:
    # Said again in the body it would be another one's.
    body = {k: v for k, v in (call.body or {}).items() if k != name} or None
    return replace(call, path={**call.path, name: value}, body=body)


def _in_body(call: Call, name: str, value: str) -> Call:
    return replace(call, body={**call.body, name: value})


def _told(answer: Got, call: Call) -> str:
    """Return the answer without what differs from call to call, and without what was asked."""
    text = re.sub(r'"(requestId|asOf)":"[^"]*"', "", answer.raw.decode())
    for value in [*call.path.values(), *(str(v) for v in (call.body or {}).values())]:
        text = text.replace(f'"{value}"', "ASKED")
    return f"{answer.status} {text}"


@pytest.mark.parametrize("op", OPERATIONS, ids=str)
async def test_what_is_anothers_is_as_unknown_as_nothing(accounts: Accounts, op: Operation):
    theirs = await accounts.theirs.call(op)
    for variant in range(len(theirs.variants())):
        mine = (await accounts.mine.call(op)).variants()[variant]
        for name, foreign, nobodys in _foreign(mine, theirs.variants()[variant]):
            before = await digest(accounts.mine.api)
            answers = [
                (await accounts.mine.send(call), call)
                for call in (foreign, nobodys, replace(foreign, query={"limit": "1"}))
            ]
            told = {_told(answer, call) for answer, call in answers[:2]}
            assert len(told) == 1, (name, told)
            status = answers[0][0].status
            if name in {"featureKey", "plan"} and status == 200:
                assert b"mine-" in answers[0][0].raw or b'"data":[]' in answers[0][0].raw
                assert b'"isAllowed":true' not in answers[0][0].raw
            else:
                assert status in {404, 422}, (name, told)
            assert await digest(accounts.mine.api) == before


@pytest.mark.parametrize("way", ["/api/v1", "/api/v1/client"])
async def test_no_list_shows_a_row_of_another_account(accounts: Accounts, way: str):
    for op in OPERATIONS:
        await accounts.theirs.call(op)  # makes one of everything
    shop = accounts.theirs.shop
    made = await shop.started(f"{THEIRS}pro_monthly", f"{THEIRS}gone{way.count('/')}")
    await shop.cancel(made["subscription"]["id"], "?cancelMode=IMMEDIATE")  # a credit note
    await accounts.theirs.reminded()
    nobody = await client.opened(accounts.mine.api.db, accounts.mine.api.app)
    theirs = accounts.theirs.api
    lists = 0
    async with nobody.client:
        for op in OPERATIONS:
            if op.method != "GET" or op.parameters("path"):
                continue
            full, empty = await theirs.get(way + op.path), await nobody.get(way + op.path)
            assert (full.status, empty.status) == (200, 200)
            assert THEIRS.encode() not in empty.raw
            assert not set(IDS.findall(full.raw.decode())) & set(IDS.findall(empty.raw.decode()))
            if full.body is not None and "pagination" in full.body:
                lists += 1
                assert full.body["pagination"]["total"] > 0, f"{op} proves nothing"
                assert (empty.data, empty.body["pagination"]["total"]) == ([], 0)
    assert lists >= 5


async def test_a_reference_may_be_the_same_in_two_accounts(accounts: Accounts):
    """The same reference, event key and Idempotency-Key in both: two customers, two of everything."""
    ids: list[list[Any]] = []
    for world, prefix in ((accounts.mine, MINE), (accounts.theirs, THEIRS)):
        shop = world.shop
        made = await shop.started(f"{prefix}pro_monthly", "same")
        event = {
            "eventIdempotencyKey": "same",
            "eventName": "x",
            "customerReferenceId": "same",
            "featureKey": f"{prefix}ai_chat",
        }
        sent = await shop.api.post("/events", event, key="same")
        assert sent.status == 201
        paid = await shop.api.post(
            "/payments",
            {"customerReferenceId": "same", "amount": 1, "currency": "USD", "reference": "same"},
            key="same",
        )
        assert (paid.status, paid.headers.get("idempotent-replayed")) == (201, None)
        ids.append([made["subscription"]["id"], sent.data["eventId"], paid.data["id"]])
        assert [
            each["amount"]
            for each in (await shop.api.get("/payments?customerReferenceId=same")).data
        ] == [1, 49]
        assert (await shop.entitlement(f"{prefix}ai_chat", "same"))["usage"]["used"] == 1
    assert not set(ids[0]) & set(ids[1])
