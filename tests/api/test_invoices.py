"""Invoices over HTTP: listed, shown, and marked paid in every way in which that can be asked."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.api.client import Api, Got
from tests.api.shop import (
    DAY,
    START,
    UNKNOWN,
    USER,
    Shop,
    digest,
    instant,
    several,
    stop_clock,
    written,
)

FIELDS = {
    "id", "number", "type", "status", "subtotal", "taxRate", "taxCategory",
    "taxExemptionReason", "taxAmount", "amount", "amountPaid",
    "amountDue", "currency", "issuedAt", "dueDate", "pastDueAt", "paidAt", "voidedAt",
    "voidReason", "writtenOffAt", "writeOffReason", "memo", "replacedByInvoiceId", "periodStart", "periodEnd", "subscriptionId", "customerReferenceId",
    "paymentReference", "lines", "seller", "customer", "createdAt",
}  # fmt: skip


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    return await Shop.open(api)


@pytest.fixture
async def due(shop: Shop) -> str:
    """The id of an invoice of 49.00, DUE."""
    return str((await shop.subscribe("pro_monthly"))["invoice"]["id"])


# --- shown --------------------------------------------------------------------------------------


async def test_an_invoice_says_all_of_it(shop: Shop):
    await shop.customer(taxRate=19)
    made = await shop.subscribe("pro_monthly")
    shown = await shop.api.get(f"/invoices/{made['invoice']['id']}")
    assert set(shown.data) == FIELDS
    (line,) = shown.data["lines"]
    assert shown.data == {
        "id": made["invoice"]["id"],
        "number": shown.data["number"],
        "type": "SUBSCRIPTION",
        "status": "DUE",
        "subtotal": Decimal("49.00"),
        "taxRate": 19,
        "taxCategory": "STANDARD",
        "taxExemptionReason": None,
        "taxAmount": Decimal("9.31"),
        "amount": Decimal("58.31"),
        "amountPaid": 0,
        "amountDue": Decimal("58.31"),
        "currency": "USD",
        "issuedAt": written(START),
        "dueDate": written(START),
        "pastDueAt": written(START + 3 * DAY),
        "paidAt": None,
        "voidedAt": None,
        "voidReason": None,
        "writtenOffAt": None,
        "writeOffReason": None,
        "memo": None,
        "replacedByInvoiceId": None,
        "periodStart": None,
        "periodEnd": None,
        "subscriptionId": made["subscription"]["id"],
        "customerReferenceId": USER,
        "paymentReference": "RF71INV202700001",
        "lines": [line],
        "seller": {"name": shop.api.account.name},
        "customer": {"reference": USER},
        "createdAt": written(START),
    }
    assert line == {
        "id": line["id"],
        "kind": "BASE",
        "description": "Pro Monthly",
        "featureKey": None,
        "quantity": None,
        "unitPrice": None,
        "amount": Decimal("49.00"),
        "periodStart": None,
        "periodEnd": None,
        "proration": None,
    }
    assert UUID(line["id"]) != UUID(shown.data["id"])
    for amount in (b'"amount":58.31', b'"amountPaid":0.00', b'"subtotal":49.00'):
        assert amount in shown.raw


async def test_it_is_the_same_wherever_it_is_shown(shop: Shop, due: str):
    one = await shop.invoice(due)
    assert (await shop.invoices()) == [one]
    assert (await shop.api.get("/invoices")).data == [one]


async def test_a_pending_one_is_shown_as_if_its_period_closed_now(shop: Shop):
    made = await shop.subscribe("payg_monthly")
    await shop.use(1500)
    await shop.advance_to(START + timedelta(days=15.5))  # half of January
    pending = await shop.invoice(made["invoice"]["id"])
    assert (pending["status"], pending["number"]) == ("PENDING", None)
    # 10.00 × ½, and 1,000 at 0.02 + 500 at 0.01
    assert [line["amount"] for line in pending["lines"]] == [Decimal("5.00"), Decimal("25.00")]
    assert pending["amount"] == Decimal("30.00")
    assert pending == (await shop.invoices())[0]
    await shop.advance_to(START + 31 * DAY)
    issued = await shop.invoice(made["invoice"]["id"])
    assert (issued["status"], issued["amount"]) == ("DUE", Decimal("35.00"))
    assert issued["dueDate"] == issued["issuedAt"] == "2027-02-01T12:00:00Z"
    usage = issued["lines"][1]
    assert (usage["kind"], usage["featureKey"], usage["quantity"]) == ("USAGE", "ai_chat", 1500)


async def test_a_list_is_the_newest_first_by_status_and_page(shop: Shop):
    for reference, plan in (
        ("a", "free"),
        ("a", "pro_monthly"),
        ("a", "payg_monthly"),
        ("b", "free"),
    ):
        await shop.subscribe(plan, reference)
        await shop.advance("PT1S")
    path = "/billing/invoices/a"
    assert [each["status"] for each in (await shop.api.get(path)).data] == [
        "PENDING",
        "DUE",
        "PAID",
    ]
    for status in ("PENDING", "DUE", "PAID"):
        answer = await shop.api.get(f"{path}?status={status}")
        assert [each["status"] for each in answer.data] == [status]
        assert answer.body["pagination"]["total"] == 1
    assert (await shop.api.get(f"{path}?status=VOID")).data == []
    page = await shop.api.get(f"{path}?limit=1&offset=1")
    assert [each["status"] for each in page.data] == ["DUE"]
    assert page.body["pagination"] == {"total": 3, "limit": 1, "offset": 1, "hasMore": True}
    assert (await shop.api.get("/invoices")).body["pagination"]["total"] == 4
    assert (await shop.api.get("/invoices?status=PAID")).body["pagination"]["total"] == 2
    for query in ("status=due", "status=", "limit=0", "offset=-1"):
        answer = await shop.api.get(f"{path}?{query}")
        assert (answer.status, answer.error["field"]) == (422, query.partition("=")[0])


async def test_the_status_is_that_of_now_without_a_worker(
    shop: Shop, due: str, monkeypatch: pytest.MonkeyPatch
):
    past_due = START + 3 * DAY
    for at, status in ((past_due - timedelta(microseconds=1), "DUE"), (past_due, "PAST_DUE")):
        stop_clock(monkeypatch, at)
        assert (await shop.api.get("/invoices")).data[0]["status"] == status
        assert (await shop.invoices())[0]["status"] == status
        assert (await shop.invoice(due))["status"] == status


async def test_a_renewal_that_nobody_has_looked_at_is_in_the_list_of_all(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    made = await shop.started("pro_monthly")
    stop_clock(monkeypatch, instant(made["subscription"]["currentPeriodEnd"]) + 3 * DAY)
    overdue = (await shop.api.get("/invoices?status=PAST_DUE")).data
    assert [each["type"] for each in overdue] == ["SUBSCRIPTION"]
    assert [each["status"] for each in (await shop.api.get("/invoices")).data] == [
        "PAST_DUE",
        "PAID",
    ]


async def test_numbers_are_without_gaps_whatever_is_refused_between(shop: Shop):
    numbers = []
    for reference in ("a", "b", "c"):
        numbers.append((await shop.subscribe("pro_monthly", reference))["invoice"]["number"])
        refused = await shop.api.post(
            "/subscriptions", {"customerReferenceId": reference, "planKey": "pro_monthly"}
        )
        assert refused.status == 409
    serials = [int("".join(filter(str.isdigit, number[-6:]))) for number in numbers]
    assert serials == [serials[0], serials[0] + 1, serials[0] + 2]


@pytest.mark.parametrize("path", [UNKNOWN, "x", "%00", "0" * 32, "mark-paid", "x" * 300])
async def test_an_unknown_one_is_not_found_well_formed_or_not(shared_api: Api, path: str):
    for answer in (
        await shared_api.get(f"/invoices/{path}"),
        await shared_api.post(f"/billing/invoices/{path}/mark-paid"),
        await shared_api.post(f"/billing/invoices/{path}/mark-paid", {"amount": 1}),
    ):
        assert (answer.status, answer.error["code"]) == (404, "invoice_not_found")
        assert answer.error["message"] == "There is no such invoice."


async def test_an_unknown_customer_has_no_list(shared_api: Api):
    answer = await shared_api.get("/billing/invoices/nobody")
    assert (answer.status, answer.error["code"]) == (404, "customer_not_found")


# --- marked paid: the whole of it -----------------------------------------------------------------


@pytest.mark.parametrize("body", [None, b"", b"{}", b"null", b'{"unknown": 1}'])
@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8"])
async def test_without_a_word_all_of_it_is_paid_now(
    shop: Shop, due: str, body: bytes | None, content_type: str
):
    """The seed posts JSON headers and no body."""
    paid = await shop.mark_paid(due, body, headers={"Content-Type": content_type})
    assert (paid.status, paid.data["id"], paid.data["status"]) == (200, due, "PAID")
    assert (paid.data["amountPaid"], paid.data["amountDue"]) == (Decimal("49.00"), 0)
    assert paid.data["paidAt"] == written(START)
    assert paid.data == await shop.invoice(due)


async def test_an_empty_body_needs_no_content_type(shop: Shop, due: str):
    paid = await shop.mark_paid(due, headers={"Content-Type": "text/plain"})
    assert paid.data["status"] == "PAID"


async def test_all_that_can_be_said_is_kept(shop: Shop, due: str):
    said = {
        "amount": "49.00",
        "paidAt": "2026-12-30T08:00:00Z",
        "method": "BANK_TRANSFER",
        "reference": "statement 7 / line 3",
        "note": "paid by\nthe mother company",
    }
    assert (await shop.mark_paid(due, said)).data["status"] == "PAID"
    (row,) = await shop.api.db.peek(lambda tx: tx.fetch("SELECT * FROM payments"))
    assert (row["method"], row["reference"]) == (said["method"], said["reference"])
    assert (row["note"], row["amount"]) == (said["note"], Decimal("49.00"))
    assert (row["paid_at"], row["recorded_at"]) == (instant(str(said["paidAt"])), START)


async def test_a_payment_made_earlier_moves_no_period_back(shop: Shop):
    """`paidAt` is for the books: every effect happens when it is recorded."""
    made = await shop.subscribe("pro_monthly")
    await shop.advance("P2D")
    paid = await shop.mark_paid(made["invoice"]["id"], {"paidAt": written(START)})
    began = written(START + 2 * DAY)
    assert (paid.data["paidAt"], paid.data["periodStart"]) == (began, began)


@pytest.mark.parametrize("amount", [49, Decimal("49.00"), "49", "49.0", "4.9e1"])
async def test_the_amount_may_be_named_in_several_ways(shop: Shop, due: str, amount: object):
    paid = await shop.mark_paid(due, {"amount": amount})
    assert (paid.data["status"], paid.data["amountPaid"]) == ("PAID", Decimal("49.00"))
    assert b'"amountPaid":49.00' in paid.raw


# --- a part of it, more than it ------------------------------------------------------------------


async def test_less_leaves_it_due_until_the_rest_comes(shop: Shop):
    made = await shop.subscribe("pro_monthly")
    due, one = made["invoice"]["id"], made["subscription"]["id"]
    first = await shop.mark_paid(due, {"amount": "20.00"})
    assert (first.data["status"], first.data["paidAt"]) == ("DUE", None)
    assert (first.data["amountPaid"], first.data["amountDue"]) == (20, 29)
    assert (await shop.subscription(one))["status"] == "INCOMPLETE"
    assert await shop.pools() == {}
    second = await shop.mark_paid(due, {"amount": "28.99"})
    assert (second.data["status"], second.data["amountDue"]) == ("DUE", Decimal("0.01"))
    last = await shop.mark_paid(due)
    assert (last.data["status"], last.data["amountPaid"]) == ("PAID", 49)
    assert (await shop.subscription(one))["status"] == "ACTIVE"
    assert (await shop.pools())["AI_CREDITS"]["balance"] == 1000
    assert await shop.balance() == 0


async def test_more_goes_to_the_balance_and_pays_what_comes_next(shop: Shop, due: str):
    paid = await shop.mark_paid(due, {"amount": "100.00"})
    assert (paid.data["status"], paid.data["amountPaid"]) == ("PAID", 49)
    assert await shop.balance() == 51
    await shop.advance("P31D")
    renewal = (await shop.invoices())[0]
    assert (renewal["status"], renewal["amountPaid"]) == ("PAID", 49)
    assert await shop.balance() == 2


async def test_money_on_top_pays_what_is_open_at_once(shop: Shop, due: str):
    other = (await shop.subscribe("starter_monthly"))["invoice"]["id"]
    await shop.mark_paid(due, {"amount": "79.00"})
    assert (await shop.invoice(other))["status"] == "PAID"
    assert await shop.balance() == 0


async def test_an_overdue_one_is_paid_and_access_returns(shop: Shop):
    made = await shop.started("pro_monthly")
    one = made["subscription"]["id"]
    await shop.advance("P31D")
    await shop.advance("P3D")
    renewal = (await shop.invoices())[0]
    assert renewal["status"] == "PAST_DUE"
    assert (await shop.subscription(one))["isActive"] is False
    part = await shop.mark_paid(renewal["id"], {"amount": 1})
    assert (part.data["status"], part.data["amountDue"]) == ("PAST_DUE", 48)
    paid = await shop.mark_paid(renewal["id"])
    assert paid.data["status"] == "PAID"
    after = await shop.subscription(one)
    assert (after["status"], after["isActive"]) == ("ACTIVE", True)
    assert after["currentPeriodStart"] == "2027-02-01T12:00:00Z"  # no boundary moves


# --- what cannot be an amount ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[
            ("amount", value)
            for value in several(0, -1, "-0.01", "0.00", "0.001", "48.999", "1e-3")
        ],
        *[
            ("amount", value)
            for value in several("", "x", "NaN", "Infinity", True, [], {}, 10**18, "1e19")
        ],
        ("paidAt", written(START + timedelta(microseconds=1))),
        *[
            ("paidAt", value)
            for value in several("", "today", "2027-01-01", "2027-02-30T00:00:00Z", 1, [])
        ],
        *[("method", value) for value in several("", "x" * 256, "a\nb", 1, [], True)],
        *[("reference", value) for value in several("", "x" * 256, "a\x00b", 1, [], True)],
        *[("note", value) for value in several("", "x" * 2001, "a\x1bb", 1, [], True)],
    ],
    ids=repr,
)
async def test_a_bad_field_is_named_and_nothing_is_booked(
    shop: Shop, due: str, field: str, value: object
):
    before = await digest(shop.api)
    answer = await shop.mark_paid(due, {field: value})
    assert (answer.status, answer.error["code"]) == (422, "validation_failed")
    assert answer.error["field"] == field
    assert await digest(shop.api) == before


async def test_an_amount_has_the_decimals_of_its_currency(shop: Shop, due: str):
    answer = await shop.mark_paid(due, {"amount": "49.001"})
    assert (answer.status, answer.error["message"]) == (422, "USD has 2 decimals.")
    assert (await shop.mark_paid(due, {"amount": "49.000"})).data["status"] == "PAID"


async def test_paid_at_this_very_instant_is_not_later_than_now(shop: Shop, due: str):
    assert (await shop.mark_paid(due, {"paidAt": written(START)})).data["status"] == "PAID"


# --- again ----------------------------------------------------------------------------------------


async def _money(shop: Shop) -> Decimal:
    total = await shop.api.db.peek(lambda tx: tx.fetchval("SELECT sum(amount) FROM payments"))
    return Decimal(total or 0)


async def test_a_bare_repeat_on_a_paid_one_changes_nothing(shop: Shop, due: str):
    first = await shop.mark_paid(due)
    await shop.advance("P10D")
    before = await digest(shop.api)
    for _ in range(2):
        again = await shop.mark_paid(due)
        assert (again.status, again.raw) == (200, first.raw)
    assert await digest(shop.api) == before


async def test_a_known_reference_is_the_same_payment(shop: Shop, due: str):
    body = {"amount": 20, "reference": "r1"}
    first = await shop.mark_paid(due, body)
    before = await digest(shop.api)
    for same in (body, {"amount": "20.00", "reference": "r1"}, {"reference": "r1"}):
        again = await shop.mark_paid(due, same)
        assert (again.status, again.data) == (200, first.data)
    assert await digest(shop.api) == before
    assert await _money(shop) == 20


async def test_a_reference_belongs_to_the_customer_and_not_to_an_invoice(shop: Shop, due: str):
    other = (await shop.subscribe("starter_monthly"))["invoice"]["id"]
    await shop.mark_paid(due, {"amount": 49, "reference": "r1"})
    again = await shop.mark_paid(other, {"amount": 49, "reference": "r1"})
    assert (again.status, again.data["status"]) == (200, "DUE")
    assert await _money(shop) == 49
    # Another customer may have a payment of the same name.
    theirs = (await shop.subscribe("pro_monthly", "b"))["invoice"]["id"]
    assert (await shop.mark_paid(theirs, {"amount": 49, "reference": "r1"})).data[
        "status"
    ] == "PAID"


async def test_a_known_reference_with_another_amount_is_a_conflict(shop: Shop, due: str):
    await shop.mark_paid(due, {"amount": 20, "reference": "r1"})
    before = await digest(shop.api)
    answer = await shop.mark_paid(due, {"amount": 21, "reference": "r1"})
    assert (answer.status, answer.error["code"]) == (409, "payment_reference_conflict")
    assert answer.error["field"] == "reference"
    assert UUID(answer.error["detail"]["paymentId"]).version == 7
    assert await digest(shop.api) == before


async def test_on_a_paid_one_money_with_a_new_reference_goes_to_the_balance(shop: Shop, due: str):
    await shop.mark_paid(due, {"reference": "r1"})
    twice = await shop.mark_paid(due, {"amount": "49.00", "reference": "r2"})
    assert (twice.status, twice.data["status"]) == (200, "PAID")
    assert twice.data["amountPaid"] == 49
    assert await shop.balance() == 49
    again = await shop.mark_paid(due, {"amount": "49.00", "reference": "r2"})
    assert again.data == twice.data
    assert (await shop.mark_paid(due, {"reference": "r1"})).data == twice.data
    assert await shop.balance() == 49


async def test_on_a_paid_one_an_amount_without_a_reference_is_refused(shop: Shop, due: str):
    await shop.mark_paid(due)
    before = await digest(shop.api)
    answer = await shop.mark_paid(due, {"amount": "49.00"})
    assert (answer.status, answer.error["code"]) == (409, "already_paid")
    assert await digest(shop.api) == before


async def _refused(shop: Shop, invoice_id: str, code: str) -> list[Got]:
    before = await digest(shop.api)
    answers = [
        await shop.mark_paid(invoice_id, body)
        for body in (None, {"amount": 1}, {"amount": 1, "reference": "new"})
    ]
    assert {(answer.status, answer.error["code"]) for answer in answers} == {(409, code)}
    assert await digest(shop.api) == before
    return answers


async def test_a_void_one_takes_no_money(shop: Shop):
    made = await shop.subscribe("pro_monthly")
    await shop.cancel(made["subscription"]["id"])
    answers = await _refused(shop, made["invoice"]["id"], "invoice_void")
    assert all("detail" not in answer.error for answer in answers)
    assert (await shop.subscription(made["subscription"]["id"]))["status"] == "CANCELLED"


async def test_a_void_one_names_what_replaces_it(shop: Shop):
    made = await shop.subscribe("payg_monthly")
    await shop.use(100)
    await shop.advance("P31D")
    cancelled = await shop.cancel(made["subscription"]["id"], "?cancelMode=IMMEDIATE")
    final = cancelled.data["finalInvoice"]["id"]
    assert made["invoice"]["id"] in cancelled.data["voidedInvoiceIds"]
    answers = await _refused(shop, made["invoice"]["id"], "invoice_void")
    assert [answer.error["detail"] for answer in answers] == [{"replacedByInvoiceId": final}] * 3
    assert (await shop.invoice(made["invoice"]["id"]))["replacedByInvoiceId"] == final
    assert (await shop.mark_paid(final)).data["status"] == "PAID"


async def test_a_pending_one_takes_no_money(shop: Shop):
    made = await shop.subscribe("payg_monthly")
    await _refused(shop, made["invoice"]["id"], "invoice_pending")


async def test_of_many_payments_at_once_each_is_booked_once(shop: Shop, due: str):
    calls = [shop.mark_paid(due, {"amount": 7, "reference": f"r{n % 7}"}) for n in range(28)]
    answers: list[Any] = await asyncio.gather(*calls)
    assert {answer.status for answer in answers} == {200}
    assert await _money(shop) == 49
    assert (await shop.invoice(due))["status"] == "PAID"
    assert await shop.balance() == 0
