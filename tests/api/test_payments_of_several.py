"""One payment of several invoices, over HTTP: what it pays, once, and what is refused."""

import asyncio
from typing import Any

import pytest
from tests.api.client import Api, Got
from tests.api.shop import UNKNOWN, USER, Shop, digest, stop_clock


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    return await Shop.open(api)


async def one_off(shop: Shop, amount: int, reference: str = USER, **more: Any) -> str:
    lines = [{"description": "Set-up", "unitPrice": amount}]
    body = {"customerReferenceId": reference, "lines": lines, **more}
    return str((await shop.api.post("/invoices", body)).data["id"])


async def pay(shop: Shop, amount: object, *shares: tuple[str, object], **more: Any) -> Got:
    applications = [{"invoiceId": each, "amount": part} for each, part in shares]
    body = {"customerReferenceId": USER, "amount": amount, "currency": "USD"}
    return await shop.api.post("/payments", {**body, "applications": applications, **more})


async def stands(shop: Shop, *ids: str) -> list[Any]:
    found = [await shop.invoice(each) for each in ids]
    return [(each["status"], each["amountDue"]) for each in found]


async def test_one_payment_pays_several_invoices_in_part_and_whole(shop: Shop):
    await shop.customer()
    a, b, c = [await one_off(shop, amount) for amount in (100, 60, 30)]
    paid = await pay(shop, 150, (c, 30), (b, 20), reference="joint")
    assert paid.status == 201
    assert paid.data["applications"] == [
        {"invoiceId": each, "amount": amount} for each, amount in sorted([(b, 20), (c, 30)])
    ]
    # What is left of it, 100.00, is for the balance, which pays what was due first.
    assert paid.data["toBalance"] == 100
    assert await stands(shop, a, b, c) == [("PAID", 0), ("DUE", 40), ("PAID", 0)]
    assert await shop.balance() == 0


async def test_it_starts_a_subscription_and_gives_its_credits_once(shop: Shop):
    made = await shop.subscribe("pro_monthly")
    other = await one_off(shop, 51)
    shares = ((made["invoice"]["id"], 49), (other, 51))
    answers = await asyncio.gather(*(pay(shop, 100, *shares, reference="r") for _ in range(4)))
    assert sorted(each.status for each in answers) == [200, 200, 200, 201]
    assert len({each.data["id"] for each in answers}) == 1
    assert (await shop.subscription(made["subscription"]["id"]))["status"] == "ACTIVE"
    assert (await shop.pools())["AI_CREDITS"]["balance"] == 1000
    assert len((await shop.api.get("/payments")).data) == 1


async def test_it_ends_what_was_past_due_and_pays_no_period_twice(shop: Shop):
    first = await shop.started("pro_monthly")
    second = await shop.started("starter_monthly")
    await shop.advance("P40D")  # both renewals are past due
    open_ = [each for each in await shop.invoices() if each["status"] == "PAST_DUE"]
    await pay(shop, 79, *((each["id"], each["amountDue"]) for each in open_), reference="r")
    for made in (first, second):
        now = await shop.subscription(made["subscription"]["id"])
        assert (now["status"], now["isActive"]) == ("ACTIVE", True)
    assert (await shop.pools())["AI_CREDITS"]["balance"] == 200 + 1000 + 100


async def test_reversing_it_opens_all_that_it_paid(shop: Shop):
    made = await shop.subscribe("pro_monthly")
    first, other = made["invoice"]["id"], await one_off(shop, 51)
    paid = await pay(shop, 120, (first, 49), (other, 51), reference="r")
    assert await shop.balance() == 20
    back = await shop.api.post(f"/payments/{paid.data['id']}/reverse")
    assert (back.data["applications"], back.data["toBalance"]) == ([], 0)
    assert await stands(shop, first, other) == [("DUE", 49), ("DUE", 51)]
    assert await shop.balance() == 0
    assert (await shop.subscription(made["subscription"]["id"]))["status"] == "ACTIVE"
    again = await pay(shop, 120, (first, 49), (other, 51), reference="r")
    assert (again.status, again.error["code"]) == (409, "payment_reference_conflict")
    assert (await pay(shop, 100, (first, 49), (other, 51), reference="r2")).status == 201
    assert (await shop.pools())["AI_CREDITS"]["balance"] == 1000  # none twice


async def test_a_reference_is_a_payment_with_all_that_it_says(shop: Shop):
    await shop.customer()
    a, b = await one_off(shop, 100), await one_off(shop, 60)
    first = await pay(shop, 90, (a, 50), (b, 40), reference="r")
    again = await pay(shop, 90, (b, "40.00"), (a, "50.00"), reference="r")
    unsaid = await pay(shop, 90, reference="r")
    assert (again.status, unsaid.status) == (200, 200)
    assert again.data == first.data == unsaid.data
    for shares in (((a, 50),), ((a, 40), (b, 50)), ((a, 50), (b, 39))):
        other = await pay(shop, 90, *shares, reference="r")
        assert (other.status, other.error["code"]) == (409, "payment_reference_conflict")
        assert other.error["detail"] == {"paymentId": first.data["id"]}
    await pay(shop, 5, reference="s")
    named_now = await pay(shop, 5, (a, 5), reference="s")
    assert (named_now.status, named_now.error["code"]) == (409, "payment_reference_conflict")
    # Voided meanwhile: the payment is the one that it was.
    await shop.api.post(f"/invoices/{b}/void", {"reason": "Ours."})
    assert (await pay(shop, 90, (a, 50), (b, 40), reference="r")).status == 200


async def test_what_cannot_be_put_onto_an_invoice_is_refused_and_leaves_nothing(shop: Shop):
    made = await shop.started("payg_monthly")
    await shop.customer("other")
    a, foreign = await one_off(shop, 100), await one_off(shop, 10, "other")
    euro = await one_off(shop, 10, currency="EUR")
    draft = await one_off(shop, 10, isDraft=True)
    paid = await one_off(shop, 10)
    await shop.mark_paid(paid)
    before = await digest(shop.api)
    field = "applications[1]"
    for share, status, code, where in (
        ((UNKNOWN, 1), 404, "invoice_not_found", f"{field}.invoiceId"),
        ((foreign, 1), 404, "invoice_not_found", f"{field}.invoiceId"),
        ((a, 1), 422, "validation_failed", f"{field}.invoiceId"),
        ((euro, 1), 422, "currency_mismatch", f"{field}.invoiceId"),
        ((made["invoice"]["id"], 1), 409, "invoice_pending", f"{field}.invoiceId"),
        ((draft, 1), 409, "invoice_pending", f"{field}.invoiceId"),
        ((paid, 1), 409, "already_paid", f"{field}.invoiceId"),
        (("x", 1), 422, "validation_failed", f"{field}.invoiceId"),
        ((foreign, 0), 422, "validation_failed", f"{field}.amount"),
        ((foreign, -1), 422, "validation_failed", f"{field}.amount"),
    ):
        refused = await pay(shop, 200, (a, 1), share, reference="r")
        said = (refused.status, refused.error["code"], refused.error["field"])
        assert said == (status, code, where), share
    refused = await pay(shop, 200, (a, "0.001"))
    assert (refused.status, refused.error["field"]) == (422, "applications[0].amount")
    refused = await pay(shop, 200, (a, "100.01"))
    assert (refused.status, refused.error["field"]) == (422, "applications[0].amount")
    assert "100.00 USD is open" in refused.error["message"]
    refused = await pay(shop, 99, (a, 100))
    assert (refused.status, refused.error["field"]) == (422, "applications")
    refused = await pay(shop, 200, *[(UNKNOWN, 1)] * 101)
    assert (refused.status, refused.error["field"]) == (422, "applications")
    assert await digest(shop.api) == before


async def test_a_void_invoice_is_refused_in_the_words_of_mark_paid(shop: Shop):
    made = await shop.started("payg_monthly")
    await shop.use(100)
    await shop.advance("P31D")
    await shop.cancel(made["subscription"]["id"], "?cancelMode=IMMEDIATE")
    void = made["invoice"]["id"]
    marked = await shop.mark_paid(void)
    named = await pay(shop, 10, (void, 10))
    assert named.status == marked.status == 409
    said = {**named.error, "requestId": "", "field": ""}
    assert said == {**marked.error, "requestId": "", "field": ""}
    assert named.error["detail"]["replacedByInvoiceId"]
    # The money itself is never refused: without a name it is kept on the balance.
    assert (await pay(shop, 500)).status == 201


async def test_two_payments_of_one_invoice_at_once_pay_it_once(shop: Shop):
    await shop.customer()
    a = await one_off(shop, 100)
    answers = await asyncio.gather(*(pay(shop, 100, (a, 100), reference=str(n)) for n in range(4)))
    assert sorted(each.status for each in answers) == [201, 409, 409, 409]
    assert {each.error["code"] for each in answers if each.status == 409} == {"already_paid"}
    assert (await shop.invoice(a))["amountPaid"] == 100
    assert await shop.balance() == 0
