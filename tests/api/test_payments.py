"""Money over HTTP: where it lies, what moved a balance, what gives it back, and what is refused."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.api.client import Api
from tests.api.shop import DAY, UNKNOWN, USER, Shop, instant, stop_clock, written


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    return await Shop.open(api)


async def payments(shop: Shop) -> list[Any]:
    """The customer's payments, oldest first."""
    found = await shop.api.get(f"/payments?customerReferenceId={USER}")
    return list(reversed(found.data))


async def entries(shop: Shop, query: str = "") -> list[tuple[str, str]]:
    """What moved the balance, in any order."""
    found = await shop.api.get(f"/customers/{USER}/balance/entries?{query}")
    return sorted((each["kind"], str(each["amount"])) for each in found.data)


async def receive(shop: Shop, amount: object, reference: str | None = None) -> Any:
    body = {"customerReferenceId": USER, "amount": amount, "currency": "USD"}
    return await shop.api.post("/payments", {**body, "reference": reference})


# --- where money lies -----------------------------------------------------------------------------


async def test_money_on_an_invoice_that_was_voided_is_shown_on_the_balance(shop: Shop):
    made = await shop.subscribe("pro_monthly")
    await shop.mark_paid(made["invoice"]["id"], {"amount": 20, "reference": "a"})
    (before,) = await payments(shop)
    assert before["applications"] == [
        {"invoiceId": made["invoice"]["id"], "amount": Decimal("20.00")}
    ]
    await shop.api.post(f"/invoices/{made['invoice']['id']}/void", {"reason": "Ours."})
    (after,) = await payments(shop)
    assert (after["applications"], after["toBalance"]) == ([], 20)
    assert await shop.balance() == 20
    single = (await shop.api.get(f"/payments/{after['id']}")).data
    assert single == after


async def test_money_is_written_at_its_scale_everywhere(shop: Shop):
    made = await shop.subscribe("pro_monthly")
    paid = await shop.mark_paid(made["invoice"]["id"], {"amount": 20, "reference": "a"})
    assert b'"amountPaid":20.00' in paid.raw
    listed = await shop.api.get(f"/payments?customerReferenceId={USER}")
    (one,) = listed.data
    assert b'"amount":20.00}' in listed.raw
    assert b'"toBalance":0.00' in listed.raw
    reversed_ = await shop.api.post(f"/payments/{one['id']}/reverse")
    assert b'"toBalance":0.00' in reversed_.raw
    path = f"/customers/{USER}/balance/payouts"
    refused = await shop.api.post(path, {"amount": 5, "currency": "EUR"})
    assert b'"balance":0.00' in refused.raw
    assert "0.00 EUR" in refused.error["message"]
    await receive(shop, 60)
    left = await shop.api.post(path, {"amount": 1, "currency": "USD"})
    assert b'"amount":10.00' in left.raw
    assert b'"amount":-1.00' in (await shop.api.get(f"/customers/{USER}/balance/entries")).raw


# --- the balance ----------------------------------------------------------------------------------


async def test_entries_say_what_a_reversal_took_back_and_sum_to_the_balance(shop: Shop):
    made = await shop.subscribe("pro_monthly")
    await shop.mark_paid(made["invoice"]["id"], {"amount": 100, "reference": "all"})
    await shop.advance("P31D")  # the renewal takes 49.00 of the 51.00
    (one,) = await payments(shop)
    await shop.api.post(f"/payments/{one['id']}/reverse")
    assert await entries(shop) == [
        ("OVERPAYMENT", "51.00"),
        ("REOPENED", "49.00"),
        ("REVERSAL", "-51.00"),
        ("SPENT", "-49.00"),
    ]
    balances = await shop.api.get(f"/customers/{USER}/balance")
    assert balances.data == [{"currency": "USD", "amount": 0}]
    assert await entries(shop, "currency=EUR") == []
    page = await shop.api.get(f"/customers/{USER}/balance/entries?limit=3&offset=2")
    assert (len(page.data), page.body["pagination"]["total"]) == (2, 4)
    invoice = (await shop.invoices())[0]
    (reopened,) = [
        each
        for each in (await shop.api.get(f"/customers/{USER}/balance/entries")).data
        if each["kind"] == "REOPENED"
    ]
    assert reopened["sourceId"] == invoice["id"]


async def test_the_balance_of_nobody_is_not_found(shop: Shop):
    for path in ("balance", "balance/entries"):
        answer = await shop.api.get(f"/customers/nobody/{path}")
        assert (answer.status, answer.error["code"]) == (404, "customer_not_found")


async def test_a_customer_with_money_on_account_is_not_erased(shop: Shop):
    await shop.customer()
    await receive(shop, 70)
    refused = await shop.api.delete(f"/customers/{USER}")
    assert (refused.status, refused.error["code"]) == (409, "customer_has_balance")
    assert refused.error["detail"] == {"balances": [{"currency": "USD", "amount": 70}]}
    assert "70.00 USD" in refused.error["message"]
    await shop.api.post(f"/customers/{USER}/balance/payouts", {"amount": 70, "currency": "USD"})
    assert (await shop.api.delete(f"/customers/{USER}")).status == 200


# --- references -----------------------------------------------------------------------------------


async def test_money_that_is_known_by_its_reference_is_answered_with_200(shop: Shop):
    await shop.customer()
    first, again = await receive(shop, 5, "r"), await receive(shop, 5, "r")
    assert (first.status, again.status) == (201, 200)
    assert again.data == first.data
    assert (await receive(shop, 5)).status == 201  # without one it is other money
    assert await shop.balance() == 10


async def test_the_reference_of_a_reversed_payment_is_taken(shop: Shop):
    made = await shop.subscribe("pro_monthly")
    invoice_id = made["invoice"]["id"]
    reference = {"reference": made["invoice"]["paymentReference"]}
    await shop.mark_paid(invoice_id, reference)
    (one,) = await payments(shop)
    await shop.api.post(f"/payments/{one['id']}/reverse")
    for answer in (
        await shop.mark_paid(invoice_id, reference),
        await shop.mark_paid(invoice_id, reference | {"amount": 49}),
        await receive(shop, 49, reference["reference"]),
    ):
        assert (answer.status, answer.error["code"]) == (409, "payment_reference_conflict")
        assert answer.error["detail"] == {"paymentId": one["id"]}
        assert "reversed" in answer.error["message"]
    assert (await shop.invoice(invoice_id))["amountPaid"] == 0
    assert (await shop.mark_paid(invoice_id, {"reference": "new"})).data["status"] == "PAID"


# --- credit notes ---------------------------------------------------------------------------------


async def notes(shop: Shop, query: str = "") -> list[Any]:
    return list((await shop.api.get(f"/credit-notes?{query}")).data)


async def test_credit_notes_are_listed_by_customer(shop: Shop):
    for reference in ("a", "b"):
        made = await shop.started("pro_monthly", reference)
        await shop.cancel(made["subscription"]["id"], "?cancelMode=IMMEDIATE")
        await shop.advance("PT1S")
    assert [each["customerReferenceId"] for each in await notes(shop)] == ["b", "a"]
    (own,) = await notes(shop, "customerReferenceId=a")
    assert (own["amount"], own["toBalance"], own["appliedToInvoices"]) == (49, 49, 0)
    (invoice,) = await shop.invoices("a")
    assert own["invoiceIds"] == [invoice["id"]]
    assert own["subscriptionId"] == invoice["subscriptionId"]
    unknown = await shop.api.get("/credit-notes?customerReferenceId=nobody")
    assert (unknown.status, unknown.error["code"]) == (404, "customer_not_found")


async def test_late_usage_is_credited_at_the_rate_of_the_invoice_that_billed_it(shop: Shop):
    document = (await shop.api.get("/catalog")).data
    plan = next(each for each in document["plans"] if each["key"] == "payg_monthly")
    tiers = [{"upTo": 1000, "unitPrice": "0.02"}, {"upTo": "inf", "unitPrice": "0.01"}]
    term = {"key": "ai_chat", "price": {"model": "volume", "tiers": tiers}}
    await shop.api.post("/catalog/apply", {"plans": [plan | {"features": [term]}]})
    await shop.customer(taxRate=19)
    made = await shop.subscribe("payg_monthly")
    await shop.use(700)
    await shop.advance("P31D")
    await shop.mark_paid(made["invoice"]["id"])
    await shop.api.patch(f"/customers/{USER}", {"taxRate": 7})
    await shop.advance("P1D")
    used_at = instant(made["subscription"]["currentPeriodStart"]) + 10 * DAY
    # 700 × 0.02 = 14.00 were too much: 1,100 × 0.01 = 11.00.
    await shop.use(400, occurredAt=written(used_at))
    await shop.advance("P31D")
    (note,) = await notes(shop)
    assert (note["taxRate"], note["subtotal"], note["taxAmount"]) == (19, 3, Decimal("0.57"))
    assert note["invoiceIds"] == [made["invoice"]["id"]]


# --- the seller's lists ---------------------------------------------------------------------------


async def test_invoices_are_listed_by_what_is_asked_for(shop: Shop):
    made = await shop.started("pro_monthly", "a")
    await shop.subscribe("payg_monthly", "a")
    await shop.started("starter_monthly", "b")
    upgraded = await shop.change(made["subscription"]["id"], "enterprise_monthly", "UPGRADE")
    one = made["subscription"]["id"]
    for asked, want in (
        ({}, 4),
        ({"customerReferenceId": "a"}, 3),
        ({"customerReferenceId": "b"}, 1),
        ({"subscriptionId": one}, 2),
        ({"subscriptionId": one, "customerReferenceId": "b"}, 0),
        ({"subscriptionId": UNKNOWN}, 0),
        ({"type": "ADJUSTMENT"}, 1),
        ({"type": "SUBSCRIPTION", "status": "PENDING"}, 1),
        ({"type": "SUBSCRIPTION", "status": "PAID", "customerReferenceId": "a"}, 1),
    ):
        found = await shop.api.get(f"/invoices?{urlencode(asked)}")
        assert (len(found.data), found.body["pagination"]["total"]) == (want, want), asked
    (adjustment,) = (await shop.api.get("/invoices?type=ADJUSTMENT")).data
    assert adjustment == upgraded.data["invoice"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/invoices?customer=a", "customer"),
        ("/invoices?limit=5&state=DUE", "state"),
        ("/invoices?type=CREDIT", "type"),
        ("/invoices?subscriptionId=x", "subscriptionId"),
        ("/credit-notes?status=DUE", "status"),
    ],
)
async def test_a_filter_that_is_not_known_is_refused(shop: Shop, path: str, field: str):
    answer = await shop.api.get(path)
    assert (answer.status, answer.error["code"]) == (422, "validation_failed")
    assert answer.error["field"] == field


async def test_the_invoices_of_nobody_are_not_found(shop: Shop):
    answer = await shop.api.get("/invoices?customerReferenceId=nobody")
    assert (answer.status, answer.error["code"]) == (404, "customer_not_found")


# --- words ----------------------------------------------------------------------------------------


async def test_the_plan_is_named_by_the_field_that_was_sent(shop: Shop):
    made = await shop.started("pro_monthly")
    path = f"/subscriptions/{made['subscription']['id']}/plan-change"
    for plan in ("nope", "for_acme", "last_year", "pro_euro", "pro_monthly"):
        answer = await shop.api.post(path, {"changeToPlanKey": plan, "changeType": "UPGRADE"})
        assert answer.error["field"] == "changeToPlanKey", plan
    by_id = {"changeToPlanId": await shop.plan_id("last_year"), "changeType": "UPGRADE"}
    assert (await shop.api.post(path, by_id)).error["field"] == "changeToPlanId"
    await shop.customer("b")
    for plan in ("nope", "for_acme", "last_year"):
        body = {"customerReferenceId": "b", "planKey": plan}
        assert (await shop.api.post("/subscriptions", body)).error["field"] == "planKey", plan
    body = {"customerReferenceId": "b", "planId": await shop.plan_id("last_year")}
    assert (await shop.api.post("/subscriptions", body)).error["field"] == "planId"


async def test_a_paid_invoice_is_not_voided_and_a_void_one_points_only_at_what_is_open(
    shop: Shop,
):
    made = await shop.subscribe("payg_monthly")
    await shop.use(100)
    await shop.advance("P31D")
    await shop.cancel(made["subscription"]["id"], "?cancelMode=IMMEDIATE")
    invoices = {each["type"]: each for each in await shop.invoices() if each["number"]}
    void, final = made["invoice"]["id"], invoices["FINAL"]["id"]
    told = "Pay the invoice that replaces it."
    refused = await shop.mark_paid(void)
    assert refused.error["message"].endswith(told)
    assert refused.error["detail"] == {"replacedByInvoiceId": final}
    await shop.mark_paid(final)
    refused = await shop.mark_paid(void)
    assert told not in refused.error["message"]
    assert refused.error["detail"] == {"replacedByInvoiceId": final}
    not_voided = await shop.api.post(f"/invoices/{final}/void", {"reason": "x"})
    assert not_voided.error["message"] == "The invoice is paid: reverse its payment."


async def test_credits_that_would_cost_nothing_are_not_sold(shop: Shop):
    await shop.customer()
    price = {"denomination": "AI_CREDITS", "currency": "USD", "pricePerCredit": "0.015"}
    await shop.api.post("/credits/prices", price)
    wanted = {"customerReferenceId": USER, "denomination": "AI_CREDITS"}
    refused = await shop.api.post("/credits/purchases", wanted | {"credits": "0.33"})
    assert (refused.status, refused.error["field"]) == (422, "credits")
    assert await shop.invoices() == []
    sold = await shop.api.post("/credits/purchases", wanted | {"credits": "0.34"})
    assert sold.data["invoice"]["amount"] == Decimal("0.01")  # 0.0051


# --- time -----------------------------------------------------------------------------------------


async def test_a_setting_that_reaches_back_decides_nothing_before_the_last_decision(shop: Shop):
    made = await shop.started("pro_monthly")
    await shop.advance("P45D")  # overdue since three days after the renewal
    await shop.use(1, occurredAt=written(await shop.now() - timedelta(days=1)))
    decided_at = await shop.now()
    await shop.advance("P3D")
    await shop.api.patch("/settings", {"cancelAfterPastDueDays": 2})
    after = await shop.subscription(made["subscription"]["id"])
    assert (after["status"], instant(after["cancelledAt"])) == ("CANCELLED", decided_at)
    voided = (await shop.invoices())[0]
    assert (voided["status"], instant(voided["voidedAt"])) == ("VOID", decided_at)


async def test_after_a_long_life_the_end_is_an_end(shop: Shop):
    made = await shop.started("pro_monthly")
    for _ in range(4):
        await shop.advance("P31D")
        for each in await shop.invoices():
            if each["status"] == "DUE":
                await shop.mark_paid(each["id"])
    await shop.cancel(made["subscription"]["id"], "?cancelMode=IMMEDIATE")
    for days in ("P2D", "P60D"):
        await shop.advance(days)
        (note,) = (await shop.use(5))["notes"]
        assert note.startswith("after_end:"), days
