"""The same call under the same key happens once, and is answered alike for ever after."""

import asyncio
from datetime import timedelta

import pytest
from tests.api.client import Api

from usance import clock
from usance.actions import customers
from usance.store import idempotency

BODY = {"customerReferenceId": "a", "taxRate": "19.50", "metadata": {"b": 1, "a": [2]}}


async def _count(api: Api) -> int:
    return int((await api.get("/customers?limit=1")).body["pagination"]["total"])


async def test_a_repeat_is_answered_byte_for_byte(api: Api):
    first = await api.post("/customers", BODY, key="k")
    await api.patch("/customers/a", {"email": "changed"})
    again = await api.post("/customers", BODY, key="k")
    assert (first.status, again.status) == (201, 201)
    assert first.raw == again.raw
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert first.headers["x-request-id"] != again.headers["x-request-id"]
    assert await _count(api) == 1


async def test_a_made_up_reference_is_the_same_in_the_repeat(api: Api):
    answers = [await api.post("/customers", {}, key="k") for _ in range(3)]
    assert len({answer.raw for answer in answers}) == 1
    assert await _count(api) == 1


async def test_another_body_under_the_same_key_is_refused(api: Api):
    await api.post("/customers", {"name": "a"}, key="k")
    for body in ({"name": "b"}, b'{"name":  "a"}', b""):
        answer = await api.post("/customers", body, key="k")
        assert (answer.status, answer.error["code"]) == (409, "idempotency_conflict")
    assert await _count(api) == 1


async def test_without_a_key_each_call_is_its_own(api: Api):
    await api.post("/customers", {"name": "a"})
    await api.post("/customers", {"name": "a"})
    assert await _count(api) == 2


async def test_what_was_refused_may_be_tried_again_under_its_key(api: Api):
    await api.post("/customers", {"customerReferenceId": "a"})
    refused = await api.post("/customers", {"customerReferenceId": "a"}, key="k")
    assert refused.error["code"] == "customer_exists"
    await api.delete("/customers/a")
    answer = await api.post("/customers", {"customerReferenceId": "a"}, key="k")
    assert answer.status == 201
    assert "idempotent-replayed" not in answer.headers
    assert (await api.post("/customers", {"customerReferenceId": "b"}, key="k")).status == 409


async def test_an_invalid_request_does_not_use_up_its_key(api: Api):
    assert (await api.post("/customers", {"email": ""}, key="k")).status == 422
    assert (await api.post("/customers", {"email": "a"}, key="k")).status == 201


async def test_a_key_belongs_to_its_account(api: Api, other_api: Api):
    mine = await api.post("/customers", BODY, key="k")
    theirs = await other_api.post("/customers", BODY, key="k")
    assert theirs.status == 201
    assert mine.data["id"] != theirs.data["id"]


async def test_a_key_belongs_to_its_method_path_and_query(api: Api):
    await api.post("/customers", {"customerReferenceId": "a"}, key="k")
    await api.post("/customers", {"customerReferenceId": "b"}, key="k2")
    for method, path in [
        ("PATCH", "/customers/a"),
        ("PATCH", "/customers/b"),
        ("PATCH", "/customers/b?x=1"),
        ("DELETE", "/customers/b"),
    ]:
        answer = await api.send(method, path, {}, key="k")
        assert answer.status == 200, (method, path)
        assert "idempotent-replayed" not in answer.headers


async def test_another_spelling_of_the_path_is_the_same_call(api: Api):
    await api.post("/customers", {"customerReferenceId": "a b"})
    first = await api.patch("/customers/a%20b", {"name": "x"}, key="k")
    for path in ("/customers/%61%20b", "/api/v1/client/customers/a%20b"):
        again = await api.patch(path, {"name": "x"}, key="k")
        assert (again.raw, again.headers["idempotent-replayed"]) == (first.raw, "true")


async def test_a_revoked_key_gets_no_replay(api: Api):
    """Authorisation is checked before replay."""
    await api.post("/customers", BODY, key="k")
    bad = {"Authorization": "Bearer sk_test_" + "x" * 43}
    assert (await api.post("/customers", BODY, key="k", headers=bad)).status == 401


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there", "n\x7f"])
async def test_a_bad_key_is_refused(shared_api: Api, key: str):
    answer = await shared_api.post("/customers", {}, key=key)
    assert (answer.status, answer.error["field"]) == (422, "Idempotency-Key")


async def test_a_long_key_is_fine_and_reading_needs_none(api: Api):
    assert (await api.post("/customers", {}, key="x" * 255)).status == 201
    assert (await api.get("/customers", key="k")).status == 200
    assert (await api.get("/customers", key="k")).headers.get("idempotent-replayed") is None


async def test_a_repeat_while_the_first_is_at_work_is_told_to_wait(
    api: Api, monkeypatch: pytest.MonkeyPatch
):
    entered, proceed = asyncio.Event(), asyncio.Event()
    create = customers.create

    async def slowly(*given: object) -> object:
        entered.set()
        await proceed.wait()
        return await create(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(customers, "create", slowly)
    first = asyncio.create_task(api.post("/customers", BODY, key="k"))
    await entered.wait()
    second = await api.post("/customers", BODY, key="k")
    assert (second.status, second.error["code"]) == (409, "idempotency_in_flight")
    assert int(second.headers["retry-after"]) >= 1
    proceed.set()
    done = await first
    assert done.status == 201
    assert (await api.post("/customers", BODY, key="k")).raw == done.raw


async def test_of_many_at_once_one_works(api: Api):
    answers = await asyncio.gather(*[api.post("/customers", BODY, key="k") for _ in range(30)])
    assert {answer.status for answer in answers} <= {201, 409}
    assert {answer.error["code"] for answer in answers if answer.status == 409} <= {
        "idempotency_in_flight"
    }
    assert len({answer.raw for answer in answers if answer.status == 201}) == 1
    assert await _count(api) == 1


async def test_of_many_different_calls_none_waits_for_another(api: Api):
    calls = [api.post("/customers", {}, key=f"k{number}") for number in range(40)]
    assert {answer.status for answer in await asyncio.gather(*calls)} == {201}
    assert await _count(api) == 40


async def test_an_answer_is_kept_with_its_effect_or_not_at_all(
    api: Api, monkeypatch: pytest.MonkeyPatch
):
    """Whatever fails after the work undoes it."""

    async def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "keep", fail)
        assert (await api.post("/customers", BODY, key="k")).status == 500
    assert await _count(api) == 0
    assert (await api.post("/customers", BODY, key="k")).status == 201


async def test_old_answers_are_forgotten(api: Api):
    async def forget(days: int) -> int:
        limit = clock.real_now() - timedelta(days=days)
        return await api.db.run(lambda tx: idempotency.forget(tx, kept_before=limit))

    await api.post("/customers", BODY, key="k")
    assert await forget(7) == 0
    assert await forget(-1) == 1
    assert (await api.post("/customers", BODY, key="k")).error["code"] == "customer_exists"


async def test_the_keys_of_an_account_ahead_of_time_are_kept_by_real_time(api: Api):
    await api.db.run(lambda tx: tx.execute("UPDATE accounts SET clock_offset_us = 10000000000000"))
    await api.post("/customers", BODY, key="k")
    at = await api.db.peek(lambda tx: tx.fetchval("SELECT created_at FROM idempotency_keys"))
    assert abs(at - clock.real_now()) < timedelta(minutes=1)
