"""Workers, commands and reads at one boundary: each step is taken once, whoever comes first."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.races.seller import Seller, Subscribed, statuses, together

from usance.actions import advance
from usance.actions.advance import INVOICES_A_DAY_MAX
from usance.store.db import Db
from usance.worker import loop

DAY = timedelta(days=1)

_PERIODS = """
    SELECT seq, count(*) AS subscriptions
      FROM periods
     GROUP BY seq
     ORDER BY seq
"""


async def _periods(seller: Seller) -> dict[int, int]:
    return {row["seq"]: row["subscriptions"] for row in await seller.fetch(_PERIODS)}


async def _work(db: Db) -> int:
    """Do what is due until nothing is, as a worker does."""
    done = 0
    while taken := await advance.tick(db, 100):
        done += taken
    return done


@pytest.mark.parametrize("plan", ["pro", "payg"])
async def test_worker_commands_and_reads_at_a_passed_boundary_renew_once(seller: Seller, plan: str):
    customers = [await seller.subscribed(plan) for _ in range(5)]
    await seller.let_pass(32 * DAY)
    calls: list[tuple[str, str, Any]] = []
    for one in customers:
        event = {
            "eventIdempotencyKey": "e",
            "eventName": "used",
            "customerReferenceId": one.reference,
            "featureKey": "chat",
        }
        calls += [
            ("GET", f"/subscriptions/{one.id}", None),
            ("GET", f"/billing/invoices/{one.reference}", None),
            ("GET", f"/entitlements/{one.reference}/chat", None),
            ("POST", "/events", event),
            ("PATCH", f"/subscriptions/{one.id}", {"metadata": {"a": 1}}),
            ("GET", f"/customers/{one.reference}", None),
        ]
    workers = [asyncio.create_task(_work(door.db)) for door in seller.doors]
    answers = await together(seller.send(*c) for c in calls)
    await asyncio.gather(*workers)
    assert set(statuses(answers)) <= {200, 201}
    assert await _periods(seller) == {0: 5, 1: 5}
    assert await seller.value("SELECT count(*) FROM invoices") == 10
    for answer, call in zip(answers, calls, strict=True):
        if call[1].startswith("/subscriptions"):
            assert answer.data["status"] == "ACTIVE"
            assert answer.data["currentPeriodStart"] > answer.data["createdAt"]
    await seller.require_right_books(settled=True)


async def test_four_workers_on_200_due_subscriptions_take_each_period_once(
    seller: Seller, database_url: str
):
    """Three months behind: what is free renews each month, what is unpaid stops at past due."""
    await _some(seller, "payg", 100)
    await _some(seller, "free", 100)
    await seller.let_pass(93 * DAY)
    pools = [await Db.open(database_url, jitter=lambda: 0.5, size=4) for _ in range(4)]
    try:
        stop = asyncio.Event()
        workers = [asyncio.create_task(loop.run(db, stop)) for db in pools]
        async with asyncio.timeout(30):
            while await _are_due(seller):  # noqa: ASYNC110 - the workers tell nobody
                await asyncio.sleep(0.05)
        stop.set()
        await asyncio.gather(*workers)
    finally:
        for db in pools:
            await db.close()
    # In arrears January's invoice is unpaid and past due by March: no third month is opened.
    assert await _periods(seller) == {0: 200, 1: 200, 2: 100, 3: 100}
    invoices = await seller.fetch("SELECT kind, count(*) FROM invoices GROUP BY kind ORDER BY kind")
    assert [tuple(row) for row in invoices] == [("SUBSCRIPTION", 600)]
    assert await seller.value("SELECT count(*) FROM subscriptions WHERE parked_at IS NOT NULL") == 0
    await seller.require_right_books(settled=True)


# --- what fails is set aside ----------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["a broken invariant", "a row that may not be"])
async def test_a_poisoned_subscription_is_parked_and_the_others_go_on(seller: Seller, fault: str):
    """It waits with its reason, is tried again, and goes on once it was mended."""
    customers = await _some(seller, "payg", 12)
    sick = customers[5]
    mend = await _poison(seller, sick, fault)
    await seller.let_pass(32 * DAY)
    await _work(seller.db)
    row = await _parked(seller, sick)
    assert row["parked_at"] is not None
    assert {"a broken invariant": "PENDING", "a row that may not be": "invoices_identity"}[
        fault
    ] in row["parked_reason"]
    assert row["next_due_at"] - row["parked_at"] == timedelta(minutes=1)
    others = "SELECT count(*) FROM subscriptions WHERE seq = 1 AND subscription_id <> $1"
    assert await seller.value(others, sick.id) == 11

    # Tried again, still sick: it waits longer. Before its time nobody tries.
    await _work(seller.db)
    assert (await _parked(seller, sick))["parked_count"] == 1
    await seller.let_pass(timedelta(minutes=2))
    await _work(seller.db)
    row = await _parked(seller, sick)
    assert row["parked_count"] == 2
    assert row["next_due_at"] - row["parked_at"] == timedelta(minutes=2)
    assert (await seller.door.get(f"/subscriptions/{sick.id}")).status == 200

    await mend()
    await seller.let_pass(timedelta(minutes=5))
    await _work(seller.db)
    row = await _parked(seller, sick)
    assert (row["parked_at"], row["parked_reason"], row["seq"]) == (None, None, 1)
    await seller.require_right_books(settled=True)


async def test_a_command_that_meets_a_poisoned_step_sets_it_aside_and_goes_on(seller: Seller):
    sick = (await _some(seller, "payg", 1))[0]
    await _poison(seller, sick, "a row that may not be")
    await seller.let_pass(32 * DAY)
    path = f"/subscriptions/{sick.id}"
    answers = await together(seller.get(path) for _ in range(5))
    assert statuses(answers) == {200: 5}
    assert (await _parked(seller, sick))["parked_at"] is not None


async def test_a_test_clock_goes_on_past_a_poisoned_step(seller: Seller):
    sick, *others = await _some(seller, "payg", 3)
    await _poison(seller, sick, "a row that may not be")
    moved = await seller.ok("POST", "/clock/advance", {"by": "P32D"})
    assert moved["done"] is True
    assert (await _parked(seller, sick))["parked_at"] is not None
    for one in others:
        assert (await _parked(seller, one))["seq"] == 1


async def test_a_poisoned_pool_holds_up_nobody_else(seller: Seller):
    """It is nobody's subscription, so nothing is set aside: it is tried again and again."""
    one, *others = await _some(seller, "payg", 6)
    expires_at = (await seller.door.get("/clock")).data["now"].replace("Z", "+00:00")
    soon = (datetime.fromisoformat(expires_at) + DAY).isoformat()
    body = {"denomination": "CREDITS", "amount": 5, "expiresAt": soon}
    await seller.ok("POST", f"/credits/{one.reference}/grants", body)
    await seller.execute("""
        INSERT INTO credit_transactions
        SELECT account_id, customer_id, pool_id, 2, gen_random_uuid(), kind, amount, balance_after,
               taken, event_id, reverses, reason, at
          FROM credit_transactions
    """)
    await seller.let_pass(32 * DAY)
    await _work(seller.db)
    for other in others:
        assert (await _parked(seller, other))["seq"] == 1
    assert await seller.value("SELECT remaining FROM credit_grants") == 5

    await seller.execute("DELETE FROM credit_transactions WHERE seq = 2")
    await _work(seller.db)
    assert await seller.value("SELECT remaining FROM credit_grants") == 0
    await seller.require_right_books(settled=True)


async def test_the_sixteenth_invoice_within_a_day_waits_for_an_operator(live: Seller):
    """A LIVE worker that is forty days late: fifteen renewals, and a word from somebody."""
    late, other = await live.subscribed("daily"), await live.subscribed("daily_payg")
    await _move_to_the_past(live, late, 40 * DAY)
    await _work(live.db)
    row = await _parked(live, late)
    assert row["seq"] == INVOICES_A_DAY_MAX
    assert row["parked_reason"] == "Safety stop: 15 invoices within 24 hours."
    assert row["next_due_at"] is None
    made = "SELECT count(*) FROM invoices WHERE subscription_id = $1"
    assert await live.value(made, late.id) == 1 + INVOICES_A_DAY_MAX
    assert await _work(live.db) == 0, "nothing goes on by itself"
    # It keeps access: what is not issued blocks nothing.
    assert (await live.door.get(f"/subscriptions/{late.id}")).data["isActive"] is True
    assert (await _parked(live, other))["parked_at"] is None
    await live.require_right_books(settled=True)


async def _some(seller: Seller, plan: str, number: int) -> list[Subscribed]:
    return await together(seller.subscribed(plan) for _ in range(number))


async def _are_due(seller: Seller) -> bool:
    """Whether a subscription is due by the account's clock."""
    return bool(
        await seller.value(
            """
            SELECT EXISTS (SELECT FROM subscriptions s JOIN accounts a USING (account_id)
                            WHERE s.next_due_at <= statement_timestamp()
                                                 + a.clock_offset_us * interval '1 microsecond')
            """
        )
    )


async def _parked(seller: Seller, one: Subscribed) -> Any:
    (row,) = await seller.fetch(
        """
        SELECT seq, parked_at, parked_reason, parked_count, next_due_at
          FROM subscriptions
         WHERE subscription_id = $1
        """,
        one.id,
    )
    return row


async def _poison(seller: Seller, sick: Subscribed, fault: str) -> Any:
    """Break the subscription's rows, and return what mends them."""
    if fault == "a broken invariant":
        await seller.execute(
            "CREATE TABLE kept AS SELECT * FROM invoices WHERE invoice_id = $1", sick.invoice_id
        )
        await seller.tamper("DELETE FROM invoices WHERE invoice_id = $1", sick.invoice_id)
        return lambda: seller.execute("INSERT INTO invoices SELECT * FROM kept")
    # The identity of the next period's invoice is taken.
    await seller.execute(
        """
        INSERT INTO invoices (account_id, customer_id, invoice_id, subscription_id, seq, kind, n,
                              status, currency, subtotal, tax_rate, tax_amount, amount, amount_paid,
                              created_at)
        SELECT account_id, customer_id, gen_random_uuid(), subscription_id, 1, kind, n, 'PENDING',
               currency, 0, 0, 0, 0, 0, created_at
          FROM invoices
         WHERE invoice_id = $1
        """,
        sick.invoice_id,
    )
    return lambda: seller.execute(
        "DELETE FROM invoices WHERE seq = 1 AND subscription_id = $1", sick.id
    )


async def _move_to_the_past(seller: Seller, one: Subscribed, time: timedelta) -> None:
    """Let everything about the subscription's customer have happened earlier."""
    (owner,) = await seller.fetch(
        "SELECT customer_id FROM subscriptions WHERE subscription_id = $1", one.id
    )
    columns = await seller.fetch(
        """
        SELECT table_name, array_agg(column_name::text) AS names
          FROM information_schema.columns c
         WHERE table_schema = 'public'
           AND data_type = 'timestamp with time zone'
           AND EXISTS (SELECT FROM information_schema.columns k
                        WHERE (k.table_schema, k.table_name) = (c.table_schema, c.table_name)
                          AND k.column_name = 'customer_id')
         GROUP BY table_name
        """
    )
    for row in columns:
        changes = ", ".join(f'"{name}" = "{name}" - $2::interval' for name in row["names"])
        await seller.tamper(
            f'UPDATE "{row["table_name"]}" SET {changes} WHERE customer_id = $1',
            owner["customer_id"],
            time,
        )
