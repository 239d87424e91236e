"""Idempotency-Key on every operation that changes something, whichever there are."""

import asyncio

import pytest
from tests.api.client import PREFIX, Api, dumped
from tests.api.operations import KEY, OPERATIONS, Operation, World, opened
from tests.api.shop import Shop, digest

from usance.store import idempotency

# A question that needs a body.
READS = {"POST /entitlements", "POST /catalog/plan"}
# An event's key is the event's own, for ever, whether it comes in the body or in the header.
OWN_KEYS = {"POST /events", "POST /events/batch"}
CHANGES = [op for op in OPERATIONS if op.is_keyed and str(op) not in OWN_KEYS]


@pytest.fixture(scope="module")
async def world(shared_api: Api) -> World:
    """One account for all of them; so each test has a key of its own."""
    return await opened(await Shop.open(shared_api))


def test_every_operation_that_changes_something_takes_a_key():
    without = {str(op) for op in OPERATIONS if op.method != "GET" and not op.is_keyed}
    assert without <= READS
    assert not [str(op) for op in OPERATIONS if op.method == "GET" and op.is_keyed]


@pytest.mark.parametrize("op", [op for op in OPERATIONS if str(op) in READS], ids=str)
async def test_a_question_with_a_body_writes_nothing(world: World, op: Operation):
    call = await world.call(op)
    before = await digest(world.api)
    for each in call.variants():
        assert (await world.send(each, key="k")).status == 200
    assert await digest(world.api) == before


@pytest.mark.parametrize("op", CHANGES, ids=str)
async def test_a_repeat_is_answered_byte_for_byte_and_does_nothing(world: World, op: Operation):
    call = (await world.call(op)).variants()[0]
    first = await world.send(call, key="repeat")
    assert first.status == op.success, first.body
    assert "idempotent-replayed" not in first.headers
    before = await digest(world.api)
    again = await world.send(call, key="repeat")
    elsewhere = await world.api.send(
        op.method, f"{PREFIX}/client{call.url}", call.body, key="repeat"
    )
    for answer in (again, elsewhere):
        assert (answer.status, answer.raw) == (first.status, first.raw)
        assert answer.headers["idempotent-replayed"] == "true"
        assert answer.headers["x-request-id"] != first.headers["x-request-id"]
    assert await digest(world.api) == before


@pytest.mark.parametrize("op", CHANGES, ids=str)
async def test_another_body_under_the_same_key_is_a_conflict(world: World, op: Operation):
    call = (await world.call(op)).variants()[0]
    assert (await world.send(call, key="conflict")).status == op.success
    before = await digest(world.api)
    answer = await world.send(call, dumped(call.body or {}) + b" ", key="conflict")
    assert (answer.status, answer.error["code"]) == (409, "idempotency_conflict")
    assert await digest(world.api) == before


@pytest.mark.parametrize("op", [op for op in CHANGES if op.body is not None], ids=str)
async def test_what_was_refused_may_be_sent_right_under_its_key(world: World, op: Operation):
    call = (await world.call(op)).variants()[0]
    for bad in (b"{", b"[]"):
        assert (await world.send(call, bad, key="refused")).status in {400, 422}
    answer = await world.send(call, key="refused")
    assert answer.status == op.success, answer.body
    assert "idempotent-replayed" not in answer.headers


@pytest.mark.parametrize("op", CHANGES, ids=str)
async def test_an_answer_is_kept_with_its_effect_or_neither_is(
    world: World, op: Operation, monkeypatch: pytest.MonkeyPatch
):
    """A failure between the work and the keeping of its answer leaves neither; then it is retried."""
    call = (await world.call(op)).variants()[0]
    before = await digest(world.api)

    async def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "keep", fail)
        assert (await world.send(call, key="kept")).status == 500
    assert await digest(world.api) == before
    answer = await world.send(call, key="kept")
    assert answer.status == op.success, answer.body
    assert "idempotent-replayed" not in answer.headers


@pytest.mark.parametrize("op", CHANGES, ids=str)
async def test_of_the_same_call_several_times_at_once_one_does_the_work(
    world: World, op: Operation
):
    call = (await world.call(op)).variants()[0]
    answers = await asyncio.gather(*[world.send(call, key="at once") for _ in range(4)])
    done = [answer for answer in answers if answer.status == op.success]
    rest = [answer.error["code"] for answer in answers if answer.status != op.success]
    assert len({answer.raw for answer in done}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in done) == 1
    assert set(rest) <= {"idempotency_in_flight"}


def test_the_header_is_documented_with_its_bounds():
    for op in CHANGES:
        (key,) = [each for each in op.spec["parameters"] if each["name"] == KEY]
        assert (key["in"], key["required"]) == ("header", False)
        assert (key["schema"]["minLength"], key["schema"]["maxLength"]) == (1, 255)
        assert "Idempotent-Replayed" in op.spec["responses"][str(op.success)]["headers"]
