"""Many at once about money: each effect happens once, and the books stay right."""

from decimal import Decimal

import pytest
from tests.races.seller import Seller, Subscribed, statuses, together


async def test_fifty_marks_of_one_invoice_are_one_payment(seller: Seller):
    one = await seller.subscribed("pro", paid=False)
    answers = await together(seller.post(one.mark_paid) for _ in range(50))
    assert statuses(answers) == {200: 50}
    assert {got.data["status"] for got in answers} == {"PAID"}
    assert await _counts(seller) == {"payments": 1, "periods": 1, "grants": 1, "applications": 1}
    assert (
        await seller.value("SELECT count(*) FROM notices WHERE kind = 'subscription.started'") == 1
    )
    assert await seller.value("SELECT status FROM subscriptions") == "ACTIVE"
    await seller.require_right_books(settled=True)


async def test_fifty_reports_of_one_transfer_are_one_payment(seller: Seller):
    one = await seller.subscribed("pro", paid=False)
    body = {"amount": 20, "reference": "transfer 1"}
    answers = await together(seller.post(one.mark_paid, body) for _ in range(50))
    assert statuses(answers) == {200: 50}
    assert {got.data["amountPaid"] for got in answers} == {Decimal(20)}
    assert await seller.value("SELECT sum(amount) FROM payments") == 20
    assert await seller.value("SELECT status FROM subscriptions") == "INCOMPLETE"
    await seller.require_right_books()


async def test_of_fifty_transfers_one_pays_and_the_others_go_to_the_balance(seller: Seller):
    one = await seller.subscribed("pro", paid=False)
    answers = await together(
        seller.post(one.mark_paid, {"amount": 49, "reference": f"t{n}"}) for n in range(50)
    )
    assert statuses(answers) == {200: 50}
    assert await seller.value("SELECT count(*) FROM payments") == 50
    assert await seller.value("SELECT amount FROM balances") == 49 * 49
    assert (await _counts(seller))["grants"] == 1
    await seller.require_right_books(settled=True)


async def test_parts_that_make_up_the_whole_start_the_subscription_once(seller: Seller):
    one = await seller.subscribed("pro", paid=False)
    answers = await together(
        seller.post(one.mark_paid, {"amount": 1, "reference": f"t{n}"}) for n in range(60)
    )
    assert statuses(answers) == {200: 60}
    assert await seller.value("SELECT amount_paid FROM invoices") == 49
    assert await seller.value("SELECT amount FROM balances") == 11
    assert await _counts(seller) == {"payments": 60, "periods": 1, "grants": 1, "applications": 49}
    await seller.require_right_books(settled=True)


@pytest.mark.parametrize("call", ["grant", "subscription", "mark-paid"])
async def test_of_twenty_calls_under_one_key_one_works(seller: Seller, call: str):
    one = await seller.subscribed("pro", paid=False)
    path, body = {
        "grant": (f"/credits/{one.reference}/grants", {"denomination": "CREDITS", "amount": 5}),
        "subscription": (
            "/subscriptions",
            {"customerReferenceId": one.reference, "planKey": "payg"},
        ),
        "mark-paid": (one.mark_paid, {"amount": 10}),
    }[call]
    answers = await together(seller.door.post(path, body, key="k") for _ in range(20))
    done = [got for got in answers if got.status in {200, 201}]
    waited = [got for got in answers if got.status == 409]
    assert len(done) >= 1
    assert len(done) + len(waited) == 20
    assert {got.error["code"] for got in waited} <= {"idempotency_in_flight"}
    assert len({got.raw for got in done}) == 1
    assert sum("idempotent-replayed" not in got.headers for got in done) == 1
    effects = {
        "grant": "SELECT count(*) FROM credit_grants",
        "subscription": "SELECT count(*) - 1 FROM subscriptions",
        "mark-paid": "SELECT count(*) FROM payments",
    }
    assert await seller.value(effects[call]) == 1
    await seller.require_right_books()


async def test_of_fifty_subscriptions_to_one_plan_one_is_taken(seller: Seller):
    await seller.ok("POST", "/customers", {"customerReferenceId": "a"})
    body = {"customerReferenceId": "a", "planKey": "pro"}
    answers = await together(seller.post("/subscriptions", body) for _ in range(50))
    assert statuses(answers) == {201: 1, 409: 49}
    assert {got.error["code"] for got in answers if got.status == 409} == {"already_subscribed"}
    assert await seller.value("SELECT count(*) FROM subscriptions") == 1
    assert await seller.value("SELECT count(*) FROM invoices") == 1
    await seller.require_right_books(settled=True)


async def test_of_fifty_customers_of_one_reference_one_is_made(seller: Seller):
    answers = await together(
        seller.post("/customers", {"customerReferenceId": "a", "name": n})
        for n in map(str, range(50))
    )
    assert statuses(answers) == {201: 1, 409: 49}
    assert {got.error["code"] for got in answers if got.status == 409} == {"customer_exists"}
    assert await seller.value("SELECT count(*) FROM customers") == 1
    (made,) = (got for got in answers if got.status == 201)
    assert (await seller.door.get("/customers/a")).data["name"] == made.data["name"]


# --- changes against each other -------------------------------------------------------------------


async def test_two_upgrades_to_one_plan_are_one(seller: Seller):
    one = await seller.subscribed("basic")
    answers = await together(_upgrade(seller, one, "pro") for _ in range(2))
    assert sorted(got.status for got in answers) == [200, 409]
    assert {got.error["code"] for got in answers if got.status == 409} == {"same_plan"}
    assert await seller.value("SELECT count(*) FROM invoices WHERE kind = 'ADJUSTMENT'") == 1
    assert await seller.value("SELECT count(*) FROM segments") == 2
    await seller.require_right_books(settled=True)


async def test_two_upgrades_to_two_plans_end_as_one_after_the_other(seller: Seller):
    customers = [await seller.subscribed("basic") for _ in range(8)]
    answers = await together(
        _upgrade(seller, one, plan) for one in customers for plan in ("pro", "enterprise")
    )
    for number, one in enumerate(customers):
        to_pro, to_enterprise = answers[2 * number : 2 * number + 2]
        # The cheaper one second is no upgrade any more; the dearer one is last in either order.
        assert (to_pro.status, to_enterprise.status) in {(200, 200), (422, 200)}
        if to_pro.status == 422:
            assert to_pro.error["code"] == "not_an_upgrade"
        shown = (await seller.door.get(f"/subscriptions/{one.id}")).data
        assert shown["plan"]["key"] == "enterprise"
    await seller.require_right_books(settled=True)


async def test_a_cancellation_against_a_payment_ends_as_one_after_the_other(seller: Seller):
    """Two serial outcomes: paid, then cancelled and given back; or called off, and the payment no."""
    customers = [await seller.subscribed("pro", paid=False) for _ in range(20)]
    calls = []
    for number, one in enumerate(customers):
        both = [
            ("POST", one.mark_paid),
            ("POST", f"/subscriptions/cancellation/{one.id}?cancelMode=IMMEDIATE"),
        ]
        calls += both if number % 2 else both[::-1]
    answers = await together(seller.send(*c) for c in calls)
    seen = set()
    for number, one in enumerate(customers):
        first, second = answers[2 * number : 2 * number + 2]
        paid, cancelled = (first, second) if number % 2 else (second, first)
        assert cancelled.status == 200
        assert cancelled.data["subscription"]["status"] == "CANCELLED"
        facts = await seller.fetch(
            """
            SELECT i.status, i.amount_paid, coalesce(b.amount, 0) AS balance
              FROM invoices i LEFT JOIN balances b USING (account_id, customer_id)
             WHERE i.invoice_id = $1
            """,
            one.invoice_id,
        )
        outcome = (paid.status, *facts[0])
        seen.add(outcome)
        assert outcome in {(200, "PAID", 49, 49), (409, "VOID", 0, 0)}
        if paid.status == 409:
            assert paid.error["code"] == "invoice_void"
    assert seen, "there was something to see"
    assert await seller.value("SELECT count(*) FROM credit_grants WHERE remaining > 0") == 0
    await seller.require_right_books(settled=True)


async def test_two_cancellations_answer_alike(seller: Seller):
    one = await seller.subscribed("pro")
    path = f"/subscriptions/cancellation/{one.id}?cancelMode=IMMEDIATE"
    answers = await together(seller.post(path) for _ in range(10))
    assert statuses(answers) == {200: 10}
    assert len({got.raw for got in answers}) == 1
    assert await seller.value("SELECT count(*) FROM credit_notes") == 1
    await seller.require_right_books(settled=True)


# --- numbers --------------------------------------------------------------------------------------


async def test_invoice_numbers_have_no_gap_however_many_issue_at_once(seller: Seller):
    """Eight tasks issue fifty each; refused calls between them take no number."""

    async def issue(task: int) -> None:
        for number in range(50):
            reference = f"t{task}n{number}"
            await seller.ok("POST", "/customers", {"customerReferenceId": reference})
            body = {"customerReferenceId": reference, "planKey": "basic"}
            await seller.ok("POST", "/subscriptions", body)
            if number % 5 == 0:
                refused = await seller.door.post("/subscriptions", body)
                assert refused.status == 409

    await together(issue(task) for task in range(8))
    numbers = await seller.fetch("SELECT number FROM invoices ORDER BY number")
    tails = [int(row["number"].rpartition("-")[2]) for row in numbers]
    assert tails == list(range(1, 401))
    await seller.require_right_books(settled=True)


async def _counts(seller: Seller) -> dict[str, int]:
    rows = await seller.fetch("""
        SELECT (SELECT count(*) FROM payments) AS payments,
               (SELECT count(*) FROM periods) AS periods,
               (SELECT count(*) FROM credit_grants) AS grants,
               (SELECT count(*) FROM applications) AS applications
    """)
    return dict(rows[0])


async def _upgrade(seller: Seller, one: Subscribed, plan: str):
    body = {"changeToPlanKey": plan, "changeType": "UPGRADE"}
    return await seller.post(f"/subscriptions/{one.id}/plan-change", body)
