"""Bank statements that are applied by themselves: customer by customer, each entry once, whatever ends it.

`busy` keeps the thread at work that reads files and compares entries: what comes next waits for it.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from tests.api import bank
from tests.api.bank import by_text, counts, credit, do, imported, one_off, send
from tests.api.client import Api
from tests.api.shop import START, Shop, stop_clock, written
from tests.books import check_books
from tests.statements import render

from usance import clock
from usance.actions import proposals
from usance.store import due

COUNT = 12
_LOCK_WAITS = "SELECT count(*) FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted"


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    shop = await Shop.open(api)
    assert (await api.patch("/settings", {"statementThreshold": 80})).status == 200
    return shop


@pytest.fixture(autouse=True)
async def _books_are_right(api: Api) -> Any:
    yield
    async with api.db.transaction() as tx:
        assert await check_books(tx) == []


async def until(so: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so, and fail if it never is."""
    for _ in range(1_000):
        if await so():
            return
        await asyncio.sleep(0.01)
    pytest.fail("It never was so.")


@asynccontextmanager
async def busy() -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Keep the thread at work; yield what waits until something waits for it."""
    release = threading.Event()
    proposals._THREAD.submit(release.wait)

    async def is_waited_for() -> bool:
        return proposals._THREAD._work_queue.qsize() > 0

    try:
        yield lambda: until(is_waited_for)
    finally:
        release.set()


async def paid(shop: Shop) -> list[Any]:
    return list((await shop.api.get("/payments?limit=200")).data)


async def owing(shop: Shop) -> tuple[list[Any], bytes]:
    """Return an invoice each of twelve customers, and a file that pays them, one a day."""
    invoices = [await one_off(shop, 100 + n, f"c{n:02}") for n in range(COUNT)]
    booked = [
        credit(100 + n, each["number"], booked_on=bank.DAY + timedelta(days=n))
        for n, each in enumerate(invoices)
    ]
    return invoices, render.camt053(booked)


async def test_a_payment_is_recorded_when_the_file_was_read_and_not_when_it_came(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    invoice = await one_off(shop, 100)
    later = START + timedelta(seconds=30)
    async with busy() as waited_for:
        sending = asyncio.create_task(
            send(shop.api, render.camt053([credit(100, invoice["number"])]))
        )
        await waited_for()
        monkeypatch.setattr(clock, "real_now", lambda: later)
    made = await sending
    assert counts(made.data) == {"entries": 1, "applied": 1}
    assert made.data["importedAt"] == written(later)
    (payment,) = await paid(shop)
    assert payment["recordedAt"] == written(later)


async def test_many_customers_whose_steps_fall_due_while_a_file_is_read_take_them_first(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    """Of more than ten a call in one transaction gave up, and nothing was kept."""
    for n in range(COUNT):
        await shop.started("pro_monthly", f"c{n}")
    await shop.advance("P31D")
    renewals = [(await shop.invoices(f"c{n}"))[0] for n in range(COUNT)]
    later = START + timedelta(days=4)
    async with busy() as waited_for:
        file = render.camt053([credit(49, each["number"]) for each in renewals])
        sending = asyncio.create_task(send(shop.api, file))
        await waited_for()
        monkeypatch.setattr(clock, "real_now", lambda: later)
        assert len(await shop.api.db.read(lambda tx: due.waiting(tx, later, 100))) == COUNT
    made = await sending
    assert counts(made.data) == {"entries": COUNT, "applied": COUNT}
    assert made.data["done"] is True
    for each in renewals:
        assert (await shop.invoice(each["id"]))["status"] == "PAID"


async def test_an_import_that_is_ended_in_between_goes_on_when_its_file_comes_again(shop: Shop):
    invoices, file = await owing(shop)
    async with shop.api.db.transaction() as holder:
        held = "SELECT FROM customers WHERE reference = 'c05' FOR UPDATE"
        await holder.execute(held)
        sending = asyncio.create_task(send(shop.api, file, key="k"))

        async def is_held_up() -> bool:
            return bool(await holder.fetchval(_LOCK_WAITS))

        await until(is_held_up)
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending
    listed = (await shop.api.get("/payments/statements")).data
    assert [(counts(each), each["done"]) for each in listed] == [
        ({"entries": COUNT, "proposed": COUNT}, False)
    ]
    assert len(await paid(shop)) == 5
    answers = [await send(shop.api, file, key="k") for _ in range(2)]
    for again in answers:
        assert counts(again.data) == {"entries": COUNT, "known": COUNT, "applied": COUNT}
        assert again.data["done"] is True
    assert answers[1].headers["idempotent-replayed"] == "true"
    assert sorted(each["amount"] for each in await paid(shop)) == [100 + n for n in range(COUNT)]
    for each in invoices:
        assert (await shop.invoice(each["id"]))["status"] == "PAID"


async def test_imports_of_one_file_at_once_apply_each_entry_once(shop: Shop):
    _, file = await owing(shop)
    answers = await asyncio.gather(*(send(shop.api, file) for _ in range(3)))
    assert [each.status for each in answers] == [201] * 3
    assert sorted(each.data["known"] for each in answers) == [0, COUNT, COUNT]
    assert {(each.data["applied"], each.data["done"]) for each in answers} == {(COUNT, True)}
    assert sorted(each["amount"] for each in await paid(shop)) == [100 + n for n in range(COUNT)]


async def test_an_entry_that_is_refused_waits_for_a_person_and_the_others_are_applied(shop: Shop):
    """Somebody has booked a payment of the customer under the reference that is the entry's."""
    invoices = [await one_off(shop, 100, f"c{n}") for n in range(3)]
    booked = [credit(100, each["number"]) for each in invoices]
    await shop.api.patch("/settings", {"statementThreshold": None})
    await imported(shop.api, booked)
    identity = await shop.api.db.peek(
        lambda tx: tx.fetchval(
            "SELECT identity FROM statement_entries WHERE text = $1", invoices[1]["number"]
        )
    )
    taken = {"customerReferenceId": "c1", "amount": 1, "currency": "EUR"}
    taken["reference"] = f"bank-{identity[:24]}-1"
    assert (await shop.api.post("/payments", taken)).status == 201
    await shop.api.patch("/settings", {"statementThreshold": 80})
    made = await imported(shop.api, booked)
    assert counts(made) == {"entries": 3, "known": 3, "applied": 2, "proposed": 1}
    assert made["done"] is True
    refused = await do(shop.api, await by_text(shop, invoices[1]["number"]), "accept")
    assert (refused.status, refused.error["code"]) == (409, "payment_reference_conflict")


# --- nothing is held while entries are compared ------------------------------------------------------


async def test_who_waits_for_a_comparison_holds_no_connection(shop: Shop):
    invoice = await one_off(shop, 100)
    await shop.api.patch("/settings", {"statementThreshold": None})
    await imported(shop.api, [credit(100, invoice["number"])])
    entry = await by_text(shop, invoice["number"])
    path = "/payments/statements/entries"
    paths = [path, f"{path}?status=PROPOSED", f"{path}/{entry['id']}"] * 6  # of 8 connections
    async with busy() as waited_for:
        looking = [asyncio.create_task(shop.api.get(each)) for each in paths]
        accepting = asyncio.create_task(do(shop.api, entry, "accept"))
        await waited_for()
        others = [await shop.api.get("/customers") for _ in range(20)]
        # What was read waits in memory for the thread: of two at one time.
        assert proposals._THREAD._work_queue.qsize() == 2
    assert {each.status for each in others} == {200}
    assert {each.status for each in await asyncio.gather(*looking)} == {200}
    assert (await accepting).data["status"] == "APPLIED"


async def test_what_changes_an_entry_waits_for_no_comparison(shop: Shop):
    await one_off(shop, 100, "a")
    await imported(shop.api, [credit(100, "From a")])
    entry = await by_text(shop, "From a")
    part = {"customerReferenceId": "a", "amount": 40}
    async with busy(), asyncio.timeout(60):
        done = await do(shop.api, entry, "accept", {"parts": [part]})
        assert (done.data["status"], done.data["amountOpen"]) == ("OPEN", 60)
        assert (await do(shop.api, entry, "ignore", {"note": "x"})).data["status"] == "IGNORED"
        undone = await do(shop.api, entry, "undo")
    assert (undone.data["status"], undone.data["amountOpen"]) == ("OPEN", 100)
    assert "proposals" not in undone.data


# --- accepted twice, or by another name --------------------------------------------------------------


async def test_parts_that_are_sent_twice_are_two_unless_it_is_said_what_was_open(shop: Shop):
    await one_off(shop, 500, "a")
    await imported(shop.api, [credit(100, "From a")])
    entry = await by_text(shop, "From a")
    parts = {"parts": [{"customerReferenceId": "a", "amount": 40}]}
    seen = {**parts, "amountOpen": "100.00"}
    answers = await asyncio.gather(*(do(shop.api, entry, "accept", seen) for _ in range(4)))
    assert sorted(each.status for each in answers) == [200, 409, 409, 409]
    for each in answers:
        if each.status == 409:
            assert (each.error["code"], each.error["field"]) == ("proposal_changed", "amountOpen")
            assert each.error["detail"] == {"amountOpen": 60}
    assert (await do(shop.api, entry, "accept", parts)).data["amountOpen"] == 20
    refused = await do(shop.api, entry, "accept", {"amountOpen": 100})
    assert refused.error["code"] in {"proposal_changed", "no_proposal"}


async def test_a_customer_who_is_renamed_before_the_lock_is_not_the_one_that_was_said(shop: Shop):
    await shop.customer("a")
    await imported(shop.api, [credit(100, "From a")])
    entry = await by_text(shop, "From a")
    parts = [{"customerReferenceId": "a", "amount": 40}]
    async with shop.api.db.transaction() as holder:
        await holder.execute("UPDATE customers SET reference = 'b' WHERE reference = 'a'")
        await holder.execute("UPDATE customer_references SET reference = 'b' WHERE reference = 'a'")
        accepting = asyncio.create_task(do(shop.api, entry, "accept", {"parts": parts}))

        async def is_held_up() -> bool:
            return bool(await holder.fetchval(_LOCK_WAITS))

        await until(is_held_up)
    refused = await accepting
    assert (refused.status, refused.error["code"]) == (404, "customer_not_found")
    assert refused.error["field"] == "parts[0].customerReferenceId"
    assert await paid(shop) == []
