"""One-off invoices and what is written off, over HTTP."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.api.client import Api
from tests.api.shop import DAY, START, USER, Shop, stop_clock, written

SETUP = {"description": "Set-up", "unitPrice": Decimal("100.00")}
HOURS = {"description": "Consulting", "quantity": Decimal("2.5"), "unitPrice": Decimal("120.01")}
DISCOUNT = {"description": "First customer", "unitPrice": Decimal("-50.00")}


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    shop = await Shop.open(api)
    await shop.customer(taxRate=19)
    return shop


async def draw_up(shop: Shop, *lines: Any, **more: Any) -> dict[str, Any]:
    body = {"customerReferenceId": USER, "lines": lines, **more}
    made = await shop.api.post("/invoices", body)
    assert made.status == 201, made.body
    return dict(made.data)


async def test_a_one_off_invoice_is_issued_at_once_with_its_lines_rounded_once(shop: Shop):
    made = await draw_up(shop, SETUP, HOURS, DISCOUNT, memo="As agreed.", netTermsDays=14)

    # 100.00 + 2.5 × 120.01 = 300.025 → 300.03, − 50.00 = 350.03; 19 % of it is 66.5057 → 66.51
    amounts = [line["amount"] for line in made["lines"]]
    assert amounts == [Decimal("100.00"), Decimal("300.03"), Decimal("-50.00")]
    said = [made[name] for name in ("type", "status", "subtotal", "taxAmount", "amount", "memo")]
    want = [Decimal("350.03"), Decimal("66.51"), Decimal("416.54")]
    assert said == ["ONE_OFF", "DUE", *want, "As agreed."]
    assert made["number"] == "INV-2027-00001"
    assert made["dueDate"] == written(START + 14 * DAY)
    assert made["pastDueAt"] == written(START + 17 * DAY)
    assert made == (await shop.api.get(f"/invoices/{made['id']}")).data


async def test_a_draft_has_no_number_until_it_is_issued_and_never_changes_then(shop: Shop):
    made = await draw_up(shop, SETUP, isDraft=True)
    path = f"/invoices/{made['id']}"
    assert (made["status"], made["number"], made["dueDate"]) == ("PENDING", None, None)
    await draw_up(shop, SETUP)  # takes the first number: a draft leaves no gap

    changed = await shop.api.send("PUT", path, {"lines": [HOURS, DISCOUNT], "taxRate": 0})
    assert changed.data["amount"] == Decimal("250.03")
    assert [line["description"] for line in changed.data["lines"]] == [
        "Consulting",
        "First customer",
    ]
    assert (await shop.api.get(path)).data == changed.data

    issued = await shop.api.post(f"{path}/issue", {"netTermsDays": 7, "gracePeriod": 1})
    again = await shop.api.post(f"{path}/issue", {})
    assert (issued.data["number"], issued.data["status"]) == ("INV-2027-00002", "DUE")
    assert issued.data["pastDueAt"] == written(START + 8 * DAY)
    assert issued.data["lines"] == changed.data["lines"]
    assert again.data == issued.data == (await shop.api.get(path)).data
    refused = await shop.api.send("PUT", path, {"lines": [SETUP]})
    assert (refused.status, refused.error["code"]) == (409, "invoice_issued")


async def test_a_draft_is_given_up_by_voiding_it(shop: Shop):
    path = f"/invoices/{(await draw_up(shop, SETUP, isDraft=True))['id']}"
    paid = await shop.api.post(f"/billing{path}/mark-paid", {})
    assert (paid.status, paid.error["code"]) == (409, "invoice_pending")
    void = await shop.api.post(f"{path}/void", {"reason": "Not wanted."})
    assert (void.data["status"], void.data["number"]) == ("VOID", None)
    for how, body in (("PUT", {"lines": [SETUP]}), ("POST", {})):
        refused = await shop.api.send(how, path if how == "PUT" else f"{path}/issue", body)
        assert (refused.status, refused.error["code"]) == (409, "invoice_void")


async def test_what_a_subscription_accrues_is_no_draft(shop: Shop):
    made = await shop.subscribe("payg_monthly")
    path = f"/invoices/{made['invoice']['id']}"
    for method, url, body in (
        ("PUT", path, {"lines": [SETUP]}),
        ("POST", f"{path}/issue", {}),
        ("POST", f"{path}/write-off", {"reason": "?"}),
    ):
        refused = await shop.api.send(method, url, body)
        assert (refused.status, refused.error["code"]) == (409, "invoice_pending"), url


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"lines": []}, "lines"),
        ({"lines": [DISCOUNT]}, "lines"),
        ({"lines": [SETUP | {"quantity": 0}]}, "lines[0].quantity"),
        ({"lines": [SETUP | {"unitPrice": "much"}]}, "lines[0].unitPrice"),
        ({"lines": [SETUP | {"price": 1}]}, "lines[0].price"),
        ({"currency": "XYZ"}, "currency"),
        ({"taxRate": 101}, "taxRate"),
        ({"netTermsDays": -1}, "netTermsDays"),
        ({"isDraft": True, "netTermsDays": 30}, "netTermsDays"),
        ({"isDraft": True, "gracePeriod": 0}, "gracePeriod"),
    ],
)
async def test_what_is_wrong_is_refused_and_named(shop: Shop, more: dict[str, Any], field: str):
    body = {"customerReferenceId": USER, "lines": [SETUP], **more}
    refused = await shop.api.post("/invoices", body)
    assert (refused.status, refused.error["field"]) == (422, field), refused.body
    assert (await shop.api.get("/invoices")).body["pagination"]["total"] == 0


async def test_money_on_account_pays_a_one_off_when_it_is_issued(shop: Shop):
    money = {"customerReferenceId": USER, "amount": Decimal("150.00"), "currency": "USD"}
    assert (await shop.api.post("/payments", money)).status == 201
    draft = await draw_up(shop, SETUP, isDraft=True)
    assert draft["amountPaid"] == 0
    issued = (await shop.api.post(f"/invoices/{draft['id']}/issue", {})).data
    assert (issued["status"], issued["amountPaid"]) == ("PAID", Decimal("119.00"))
    free = await draw_up(shop, SETUP | {"unitPrice": 0})
    assert (free["status"], free["number"]) == ("PAID", "INV-2027-00002")


# --- written off -----------------------------------------------------------------------------------


async def test_an_overdue_invoice_is_written_off_once_and_can_still_be_paid(shop: Shop):
    made = await draw_up(shop, SETUP)
    path = f"/invoices/{made['id']}"
    early = await shop.api.post(f"{path}/write-off", {"reason": "Insolvent."})
    assert (early.status, early.error["code"]) == (409, "invoice_not_overdue")

    await shop.advance("P3D")
    off = await shop.api.post(f"{path}/write-off", {"reason": "Insolvent."})
    again = await shop.api.post(f"{path}/write-off", {"reason": "Again."})
    assert (off.data["status"], off.data["writeOffReason"]) == ("UNCOLLECTIBLE", "Insolvent.")
    assert off.data["writtenOffAt"] == written(START + timedelta(days=3))
    assert again.data == off.data == (await shop.api.get(path)).data
    listed = await shop.api.get("/invoices?status=UNCOLLECTIBLE")
    assert [one["id"] for one in listed.data] == [made["id"]]

    paid = await shop.api.post(f"/billing{path}/mark-paid", {"reference": "late"})
    assert (paid.data["status"], paid.data["writeOffReason"]) == ("PAID", "Insolvent.")
    after = await shop.api.post(f"{path}/write-off", {"reason": "Too late."})
    assert (after.status, after.error["code"]) == (409, "invoice_not_overdue")


async def test_a_renewal_written_off_takes_no_access_back_until_it_is_paid(shop: Shop):
    started = await shop.started("pro_monthly")
    await shop.advance("P34D")  # the renewal of day 31 is overdue
    (renewal,) = (await shop.api.get("/invoices?status=PAST_DUE")).data
    off = await shop.api.post(f"/invoices/{renewal['id']}/write-off", {"reason": "Gone."})
    assert off.data["status"] == "UNCOLLECTIBLE"
    path = f"/subscriptions/{started['subscription']['id']}"
    assert (await shop.api.get(path)).data["status"] == "PAST_DUE"
    check = f"/entitlements/{USER}/ai_chat"
    assert (await shop.api.get(check)).data["reason"]["code"] == "payment_past_due"
    await shop.api.post(f"/billing/invoices/{renewal['id']}/mark-paid", {})
    assert (await shop.api.get(check)).data["isAllowed"]


# --- numbers ---------------------------------------------------------------------------------------


async def test_a_seller_sets_how_documents_are_numbered_and_the_series_goes_on(shop: Shop):
    async def number() -> str:
        return str((await draw_up(shop, SETUP))["number"])

    assert await number() == "INV-2027-00001"
    for pattern, want in (
        ("R{year}/{month}-{seq:04}", "R2027/01-0002"),
        ("{seq}", "3"),
        ("No. {seq:02}", "No. 04"),
    ):
        changed = await shop.api.patch("/settings", {"invoiceNumberFormat": pattern})
        assert changed.data["invoiceNumberFormat"] == pattern
        assert await number() == want
    notes = await shop.api.patch("/settings", {"creditNoteNumberFormat": "G-{year}-{seq:03}"})
    assert notes.status == 200
    started = await shop.started("pro_monthly")
    path = f"/subscriptions/cancellation/{started['subscription']['id']}?cancelMode=IMMEDIATE"
    cancelled = await shop.api.post(path)
    assert cancelled.data["creditNote"]["number"] == "G-2027-001"


@pytest.mark.parametrize(
    "pattern",
    [
        "INV",
        "{seq}-{year}",
        "{year}{seq}",
        "2027{seq}",
        "{month}{seq:05}",
        "{seq:00}",
        "{seq:5}",
        "{day}-{seq}",
        "R\n{seq}",
        "Ü-{seq}",
        " {seq}",
        "x" * 40 + "{seq}",
        "{seq}{seq}",
    ],
)
@pytest.mark.parametrize("field", ["invoiceNumberFormat", "creditNoteNumberFormat"])
async def test_a_format_by_which_two_documents_could_get_one_number_is_refused(
    shared_api: Api, field: str, pattern: str
):
    refused = await shared_api.patch("/settings", {field: pattern})
    assert (refused.status, refused.error["field"]) == (422, field)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"creditNoteNumberFormat": "INV-{year}-{seq:05}"}, "creditNoteNumberFormat"),
        ({"creditNoteNumberFormat": "INV-{year}-{seq}"}, "creditNoteNumberFormat"),
        ({"creditNoteNumberFormat": "INV-2027-{seq}"}, "creditNoteNumberFormat"),
        ({"invoiceNumberFormat": "CN-{year}-{seq:05}"}, "invoiceNumberFormat"),
        (
            {"invoiceNumberFormat": "{seq}", "creditNoteNumberFormat": "{seq}"},
            "creditNoteNumberFormat",
        ),
    ],
)
async def test_an_invoice_and_a_credit_note_never_get_one_number(
    shared_api: Api, said: dict[str, str], field: str
):
    refused = await shared_api.patch("/settings", said)
    assert (refused.status, refused.error["field"]) == (422, field)
    kept = (await shared_api.get("/settings")).data
    assert kept["creditNoteNumberFormat"] == "CN-{year}-{seq:05}"


# --- who a document is from and to -------------------------------------------------------------------

SELLER = {
    "legalName": "Usance Widgets GmbH",
    "address": {"line1": "Hauptstr. 1", "city": "Berlin", "country": "DE"},
    "vatId": "DE123456788",
    "iban": "DE89370400440532013000",
    "bic": "COBADEFFXXX",
}


async def test_a_document_keeps_the_parties_as_they_were_when_it_was_issued(shop: Shop):
    path = f"/customers/{USER}"
    set_up = await shop.api.patch("/settings", {"name": "Widgets", "seller": SELLER})
    assert set_up.data["seller"] == SELLER
    await shop.api.patch(path, {"name": "Acme", "billingAddress": {"city": "Bonn"}, "taxId": "T1"})
    draft = await draw_up(shop, SETUP, isDraft=True)
    assert (draft["seller"], draft["customer"]) == (None, None)
    issued = (await shop.api.post(f"/invoices/{draft['id']}/issue", {})).data
    assert issued["seller"] == {"name": "Widgets", **SELLER}
    customer = {"reference": USER, "name": "Acme", "address": {"city": "Bonn"}, "taxId": "T1"}
    assert issued["customer"] == customer

    await shop.api.patch("/settings", {"seller": {"legalName": "Another AG"}})
    await shop.api.patch(path, {"name": "Acme II", "billingAddress": None, "taxId": None})
    assert (await shop.api.get(f"/invoices/{draft['id']}")).data == issued
    later = await draw_up(shop, SETUP)
    assert later["seller"] == {"name": "Widgets", "legalName": "Another AG"}
    assert later["customer"] == {"reference": USER, "name": "Acme II"}

    for each in (draft["id"], later["id"]):
        await shop.mark_paid(each)
    assert (await shop.api.send("DELETE", path)).status == 200
    assert (await shop.api.get(f"/invoices/{draft['id']}")).data["customer"] == customer


@pytest.mark.parametrize(
    ("seller", "field"),
    [
        ({"iban": "DE89370400440532013001"}, "seller.iban"),
        ({"iban": "DE8937040044"}, "seller.iban"),
        ({"iban": "DE89370400440532Ü13000"}, "seller.iban"),
        ({"bic": "COBADE"}, "seller.bic"),
        ({"logo": "x"}, "seller.logo"),
        ({"address": "Berlin"}, "seller.address"),
    ],
)
async def test_a_sellers_details_are_checked(shared_api: Api, seller: dict[str, Any], field: str):
    refused = await shared_api.patch("/settings", {"seller": seller})
    assert (refused.status, refused.error["field"]) == (422, field)
