"""The auditor of the tests: on right books it says nothing, and it sees every wrong it is asked about."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from tests.api import client
from tests.books import check_books

from usance import clock
from usance.store import verify
from usance.store.db import Db
from usance.store.verify import CHECKS, SETTLED_CHECKS, at_one_instant

PLAN: dict[str, Any] = {
    "name": "Plan",
    "interval": {"unit": "MONTH", "count": 1},
    "billingTiming": "IN_ADVANCE",
    "features": [
        {
            "key": "chat",
            "credits": {"denomination": "CREDITS"},
            "price": {"model": "per_unit", "unitPrice": 1},
        }
    ],
    "credits": [{"denomination": "CREDITS", "amount": 100, "rollover": "NONE"}],
}
CATALOGUE = {
    "features": [{"key": "chat", "name": "Chat"}],
    "creditModels": [{"denomination": "CREDITS", "name": "Credits", "hardLimit": True}],
    "plans": [
        PLAN | {"key": "small", "price": {"amount": 30, "currency": "USD"}},
        PLAN | {"key": "large", "price": {"amount": 90, "currency": "USD"}},
    ],
}


@pytest.fixture(scope="module")
async def books(migrated_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A customer who renewed, was taxed, used credits, overpaid, and cancelled one of two plans."""
    db = await Db.open(migrated_url, jitter=clock.jitter, size=4)
    api = await client.opened(db)

    async def done(path: str, body: object = None) -> Any:
        answer = await api.post(path, body)
        assert answer.status in {200, 201}, answer.body
        return answer.data

    async with api.client:
        await done("/catalog/apply", CATALOGUE)
        customer = {"customerReferenceId": "a"}
        await done("/customers", customer | {"taxRate": 19})
        made: Any = None
        for plan in ("small", "large"):
            made = await done("/subscriptions", customer | {"planKey": plan})
            path = f"/billing/invoices/{made['invoice']['id']}/mark-paid"
            await done(path, {"amount": 500, "reference": plan})
        event = {"eventName": "used", "featureKey": "chat", "usageUnits": 150}
        await done("/events", customer | event | {"eventIdempotencyKey": "1"})
        event["usageUnits"] = 500
        await done("/events", customer | event | {"eventIdempotencyKey": "3"})
        event["usageUnits"] = -480  # of which money paid 450, and credits 30
        event["correctsEventKey"] = "3"
        await done("/events", customer | event | {"eventIdempotencyKey": "4"})
        event |= {"usageUnits": 150, "correctsEventKey": None}
        await done("/clock/advance", {"by": "P40D"})
        await done("/events", customer | event | {"eventIdempotencyKey": "2"})
        path = f"/subscriptions/cancellation/{made['subscription']['id']}?cancelMode=IMMEDIATE"
        await done(path)
        await _bank(api, done)
    await db.close()
    connection = await asyncpg.connect(migrated_url)
    yield connection
    await connection.close()


async def _bank(api: client.Api, done: Callable[..., Awaitable[Any]]) -> None:
    """Import what a bank booked: money of another customer, which it took back later."""
    rows = ("2026-01-31,10.00,In", "2026-01-31,5.00,Undone", "2026-02-01,-10.00,Out")
    head = "Date,Amount,Currency,Description"
    file = "\n".join([head, *(row.replace("0,", "0,USD,") for row in rows)]).encode()
    await done("/customers", {"customerReferenceId": "b"})
    await done("/payments/statements", file)
    path = "/payments/statements/entries"
    ids = {each["text"]: each["id"] for each in (await api.get(path)).data}
    for text, amount in (("In", 10), ("Undone", 5)):
        part = {"customerReferenceId": "b", "amount": amount}
        paid = await done(f"{path}/{ids[text]}/accept", {"parts": [part]})
        if text == "In":
            taken = {"paymentId": paid["payments"][0]["paymentId"]}
            await done(f"{path}/{ids['Out']}/accept", taken)
        else:
            await done(f"{path}/{ids[text]}/undo")


async def test_right_books_are_right(books: asyncpg.Connection):
    assert await check_books(books, settled_at=clock.real_now()) == []
    for table in ("invoices", "applications", "credit_notes", "balance_entries", "usage_events"):
        assert await books.fetchval(f"SELECT count(*) FROM {table}") > 1 or table == "credit_notes"


# Neither the triggers on what was issued nor foreign keys hold what is done in this transaction.
UNGUARDED = "SET LOCAL session_replication_role = replica"

# What is done to the books → the questions that must see it (others may, too).
WRONGS = {
    "UPDATE invoice_lines SET amount = amount + 1 WHERE position = 0": [
        "an invoice is the sum of its lines"
    ],
    "UPDATE invoices SET tax_rate = 7 WHERE tax_amount > 0": [
        "tax is the rate of the subtotal, rounded once"
    ],
    "UPDATE payments SET amount = amount + 0.001": [
        "money has the decimals of its currency",
        "a payment lies on invoices and on the balance, whole",
        "what came in is on invoices, on account or was sent back",
    ],
    "UPDATE statement_entries SET open = amount WHERE amount > 0": [
        "an entry of a bank statement is what is open of it and the payments it became"
    ],
    "UPDATE statement_parts SET undone_at = NULL": [
        "an entry of a bank statement is what is open of it and the payments it became"
    ],
    "UPDATE payments SET reversed_at = NULL, reversal_reason = NULL": [
        "a payment that was undone, or that a bank took back, is reversed"
    ],
    "DELETE FROM applications WHERE source = 'PAYMENT'": [
        "what was paid is the sum of the applications"
    ],
    "UPDATE invoices SET status = 'DUE', paid_at = NULL WHERE status = 'PAID'": [
        "an issued invoice is PAID exactly when it is covered"
    ],
    "DELETE FROM balance_entries WHERE kind = 'CREDIT_NOTE'": [
        "a credit note is the sum of its lines, and lies on invoices and on the balance, whole",
        "a balance is the sum of its entries",
    ],
    "UPDATE credit_notes SET tax_category = 'REDUCED'": [
        "a credit note has the tax of the invoices that it corrects, rounded once"
    ],
    "UPDATE balance_entries SET amount = -1000, kind = 'PAYOUT', source_id ="
    " (SELECT credit_note_id FROM credit_notes LIMIT 1) WHERE kind = 'SPENT'": [
        "no more was sent back for a credit note than it brought to the balance"
    ],
    "DELETE FROM balance_entries WHERE kind = 'SPENT'": [
        "what the balance put onto an invoice, or took off it, is on both",
        "a balance is the sum of its entries",
    ],
    "UPDATE balances SET amount = amount + 1": [
        "a balance is the sum of its entries",
        "what came in is on invoices, on account or was sent back",
    ],
    "DELETE FROM document_numbers WHERE seq = 2 AND series = 'INVOICE'": [
        "a series of numbers has no gap",
        "each number names its document, and each issued document has its number",
    ],
    "UPDATE invoices SET number = 'X' WHERE number LIKE '%00001'": [
        "each number names its document, and each issued document has its number"
    ],
    "UPDATE subscriptions SET seq = seq + 1": [
        "periods are numbered without a gap, up to the subscription's own"
    ],
    "UPDATE periods SET starts_at = starts_at - interval '1 second' WHERE seq = 1": [
        "periods never overlap, and only the newest is open"
    ],
    "UPDATE periods SET closed_at = NULL WHERE seq = 0": [
        "periods never overlap, and only the newest is open"
    ],
    "UPDATE invoices SET n = 1, seq = 0 WHERE kind = 'SUBSCRIPTION' AND seq = 1": [
        "a period has one SUBSCRIPTION invoice at most"
    ],
    "UPDATE invoices SET kind = 'FINAL', n = n + seq, seq = 0": [
        "a period has one FINAL invoice at most"
    ],
    "UPDATE invoices SET seq = 7 WHERE seq = 1; UPDATE segments SET invoice_id = NULL": [
        "every period was charged by something"
    ],
    "UPDATE subscriptions SET status = 'ACTIVE', plan_id = (SELECT min(plan_id::text) FROM plans)::uuid": [
        "a customer has one open subscription to a plan at most"
    ],
    "UPDATE credit_grants SET remaining = amount": [
        "a pool is the sum of its transactions, and the last one says so",
        "what is left of a grant is explained by transactions",
    ],
    "UPDATE credit_transactions SET balance_after = balance_after + 1 WHERE seq = 1": [
        "a pool's transactions chain, numbered without a gap"
    ],
    "UPDATE credit_transactions SET seq = seq + 1000 WHERE kind = 'BURN'": [
        "a pool's transactions chain, numbered without a gap"
    ],
    "UPDATE credit_transactions SET amount = amount + 1 WHERE kind = 'BURN'": [
        "a pool's transactions chain, numbered without a gap",
        "a pool is the sum of its transactions, and the last one says so",
    ],
    "UPDATE credit_pools SET transactions = transactions + 1": [
        "a pool's totals and its count are those of its transactions"
    ],
    "UPDATE credit_pools SET consumed = consumed + 1": [
        "a pool's totals and its count are those of its transactions"
    ],
    "UPDATE credit_grants SET amount = amount + 1": ["a grant was given once, whole"],
    "UPDATE counters SET units = units + 1": ["a counter is the sum of its events"],
    "UPDATE counters SET billed_amount = 9, forgiven = '{0,9}'": [
        "no more usage is forgiven than stood on invoices that their seller voided"
    ],
    "DELETE FROM counters WHERE seq = 0": ["a counter is the sum of its events"],
    "UPDATE usage_events SET billable = billable + 1": ["a counter is the sum of its events"],
    "DELETE FROM event_keys WHERE key = '1'": ["each event has its key, and each key its event"],
    "UPDATE usage_events SET credits = credits + 1": [
        "an event burnt what its pool's transactions say"
    ],
    "UPDATE event_corrections SET units = units + 1": [
        "a correction takes off what it says, and all of them no more than their event"
    ],
    "UPDATE event_corrections SET credits = 0": [
        "a correction takes off what it says, and all of them no more than their event"
    ],
    "DELETE FROM event_corrections": [
        "a correction takes off what it says, and all of them no more than their event"
    ],
    "UPDATE event_corrections SET event_id = (SELECT event_id FROM event_keys WHERE key = '1')": [
        "a correction takes off what it says, and all of them no more than their event"
    ],
    "UPDATE subscriptions SET next_due_at = created_at WHERE status = 'ACTIVE'": [
        "nothing is due any more"
    ],
    "UPDATE subscriptions SET next_due_at = NULL": ["a running subscription knows when it is due"],
}


@pytest.mark.parametrize("wrong", WRONGS)
async def test_a_wrong_is_seen(books: asyncpg.Connection, wrong: str):
    within = books.transaction()
    await within.start()
    try:
        await books.execute(UNGUARDED)
        await books.execute(wrong)
        found = await check_books(books, settled_at=clock.real_now())
    finally:
        await within.rollback()
    for question in WRONGS[wrong]:
        assert any(f"not so: {question}: " in one for one in found), found


async def _change_lines(books: asyncpg.Connection, by: int) -> None:
    async with books.transaction():
        await books.execute(UNGUARDED)
        await books.execute("UPDATE invoice_lines SET amount = amount + $1", by)


# --- on connections side by side -------------------------------------------------------------------


async def test_side_by_side_the_same_is_found(books: asyncpg.Connection, migrated_url: str):
    """A wrong that the first question sees, and one that the last does; both are put right again."""
    db = await Db.open(migrated_url, jitter=clock.jitter, size=2)
    try:
        assert await verify.verify_abreast(db, 2, settled_at=clock.real_now()) == []
        await _change_lines(books, 1)
        await books.execute(
            "UPDATE subscriptions SET next_due_at = next_due_at - interval '1 year'"
        )
        async with at_one_instant(db, 1) as (tx,):
            alone = await verify.verify(tx, settled_at=clock.real_now())
        found = await verify.verify_abreast(db, 2, settled_at=clock.real_now())
    finally:
        await _change_lines(books, -1)
        await books.execute(
            "UPDATE subscriptions SET next_due_at = next_due_at + interval '1 year'"
        )
        await db.close()
    assert [one.check.name for one in found] == ["invoice_total", "nothing_due"]
    assert [(one.check, one.count) for one in found] == [(one.check, one.count) for one in alone]


async def test_side_by_side_all_see_one_instant(books: asyncpg.Connection, migrated_url: str):
    """What is written meanwhile is seen by none, or sums of two instants would be compared."""
    db = await Db.open(migrated_url, jitter=clock.jitter, size=2)
    try:
        async with at_one_instant(db, 2) as connections:
            await books.execute("UPDATE balances SET amount = amount + 1")
            seen = [await tx.fetchval("SELECT sum(amount) FROM balances") for tx in connections]
    finally:
        await books.execute("UPDATE balances SET amount = amount - 1")
        await db.close()
    assert seen == [await books.fetchval("SELECT sum(amount) FROM balances")] * 2


async def test_a_question_that_cannot_be_asked_ends_the_others(database_url: str):
    connection = await asyncpg.connect(database_url)
    await connection.execute("ALTER TABLE event_keys RENAME TO elsewhere")
    await connection.close()
    db = await Db.open(database_url, jitter=clock.jitter, size=2)
    try:
        with pytest.raises(asyncpg.UndefinedTableError):
            await verify.verify_abreast(db, 2, settled_at=None)
        async with at_one_instant(db, 2) as connections:
            assert [await tx.fetchval("SELECT 1") for tx in connections] == [1, 1]
    finally:
        await db.close()


async def test_archived_months_are_found_once_for_all_wrong_rows(books: asyncpg.Connection):
    """For each wrong counter anew, by a scan of all events, it took 40 seconds for 1,000 customers."""
    asked = [check for check in CHECKS if "archived" in check.wrong]
    assert len(asked) == 4
    for check in asked:
        statement = verify._counted(verify._with_parts(check.wrong))
        plan = [row[0] for row in await books.fetch(f"EXPLAIN {statement}")]
        assert any("CTE archived_months" in line for line in plan), check.name


def test_every_question_is_tried():
    assert {name for names in WRONGS.values() for name in names} == {
        check.holds for check in (*CHECKS, *SETTLED_CHECKS)
    }
