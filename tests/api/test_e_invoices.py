"""E-invoices over HTTP: complete or refused with all that is missing, and as they were issued."""

from decimal import Decimal
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import pytest
from tests.api.client import Api, Got
from tests.api.operations import BUYER, SELLER
from tests.api.shop import START, USER, Shop, stop_clock
from tests.documents.einvoices import Read, read
from tests.documents.rules import broken

from usance.documents.einvoice.content import Format

LINE = {"description": "Set-up", "unitPrice": Decimal("100.00")}
XML = [form for form in Format if form is not Format.FACTURX]
STANDARD: dict[str, Any] = {"taxRate": 19, "taxCategory": "STANDARD"}


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    shop = await Shop.open(api)
    said = {"seller": SELLER, "zone": "Europe/Berlin", **STANDARD}
    assert (await shop.api.patch("/settings", said)).status == 200
    assert "id" in await shop.customer(**BUYER)
    return shop


async def drawn(shop: Shop, *lines: Any, **more: Any) -> str:
    body = {"customerReferenceId": USER, "currency": "EUR", "lines": lines or [LINE], **more}
    made = await shop.api.post("/invoices", body)
    assert made.status == 201, made.body
    return str(made.data["id"])


async def asked(shop: Shop, one: str, form: str = "UBL", kind: str = "invoices") -> Got:
    return await shop.api.get(f"/{kind}/{one}/e-invoice?format={form}")


async def said(shop: Shop, one: str, form: Format = Format.UBL, kind: str = "invoices") -> Read:
    """Return what an e-invoice says, which breaks no rule."""
    got = await asked(shop, one, form, kind)
    assert (got.status, got.headers["content-type"]) == (200, "application/xml"), got.body
    assert broken(got.raw, form) == set()
    return read(got.raw)


async def missing(shop: Shop, one: str, form: str = "UBL") -> list[str]:
    got = await asked(shop, one, form)
    assert (got.status, got.error["code"]) == (409, "e_invoice_incomplete"), got.body
    found = got.error["detail"]["missing"]
    assert all(each["message"].endswith(".") for each in found)
    assert all(each["field"] in got.error["message"] for each in found)
    return [each["field"] for each in found]


@pytest.mark.parametrize("form", XML)
async def test_an_invoice_is_an_e_invoice_of_the_same_amounts(shop: Shop, form: Format):
    hours = {"description": "Hours", "quantity": Decimal("2.5"), "unitPrice": Decimal("120.01")}
    discount = {"description": "Off", "quantity": Decimal("0.5"), "unitPrice": Decimal(-50)}
    one = await drawn(shop, LINE, hours, discount, memo="As agreed.", netTermsDays=14)
    # 100.00 + 300.03 − 25.00 = 375.03; 19 % = 71.26
    told = await said(shop, one, form)
    if "UBL" in form:
        assert told.texts("/PayableAmount") == ["446.29"]
        assert told.texts("/InvoicedQuantity") == ["1", "2.5", "-0.5"]
        assert told.texts("/DueDate") == ["2027-01-15"]
        assert told.texts("/PaymentID") == ["RF71INV202700001"]
        assert told.texts("/Note") == ["As agreed."]
    else:
        assert told.texts("/DuePayableAmount") == ["446.29"]
        assert told.texts("/BilledQuantity") == ["1", "2.5", "-0.5"]
        assert told.texts("/PaymentReference") == ["RF71INV202700001"]
    named = (await asked(shop, one, form)).headers["content-disposition"]
    assert named == 'attachment; filename="INV-2027-00001.xml"'


async def test_facturx_is_a_pdf_with_the_cii_in_it(shop: Shop):
    one = await drawn(shop)
    got = await shop.api.get(f"/invoices/{one}/e-invoice?format=FACTURX&language=de&size=LETTER")
    assert (got.status, got.headers["content-type"]) == (200, "application/pdf")
    document = pypdfium2.PdfDocument(got.raw)
    assert "Rechnung" in document[0].get_textpage().get_text_bounded()
    carried = bytes(document.get_attachment(0).get_data())
    assert carried == (await asked(shop, one, "CII")).raw
    assert broken(carried, Format.CII) == set()


@pytest.mark.parametrize("form", XML)
async def test_a_subscriptions_invoices_and_credit_notes_break_no_rule(shop: Shop, form: Format):
    """In advance, with usage by tiers, an upgrade with proration, and what is given back at the end."""
    first = await shop.started("pro_monthly")
    await shop.use(1200, "api.calls.v2")
    await shop.advance("P10D")
    await shop.change(first["subscription"]["id"], "enterprise_monthly", "UPGRADE")
    payg = await shop.subscribe("payg_monthly")
    await shop.use(1500, subscriptionId=payg["subscription"]["id"])
    await shop.advance_to(START.replace(month=2, day=15))
    ended = await shop.cancel(first["subscription"]["id"], "?cancelMode=IMMEDIATE")
    assert ended.status == 200
    found = [one for one in await shop.invoices() if one["status"] not in {"PENDING", "VOID"}]
    assert len(found) >= 3
    for one in found:
        told = await said(shop, one["id"], form)
        total = "/PayableAmount" if "UBL" in form else "/DuePayableAmount"
        assert told.number(total) == one["amountDue"]
    notes = (await shop.api.get("/credit-notes")).data
    for note in notes:
        await said(shop, note["id"], form, "credit-notes")


async def test_a_credit_note_names_its_invoice(shop: Shop):
    started = await shop.started("pro_monthly")
    await shop.advance("P10D")
    ended = await shop.cancel(started["subscription"]["id"], "?cancelMode=IMMEDIATE")
    note = ended.data["creditNote"]
    told = await said(shop, note["id"], Format.XRECHNUNG_UBL, "credit-notes")
    assert told.texts("/BillingReference", "InvoiceDocumentReference", "ID") == ["INV-2027-00001"]
    assert told.number("/PayableAmount") == note["amount"]
    as_pdf = await asked(shop, note["id"], "FACTURX", "credit-notes")
    assert as_pdf.headers["content-disposition"] == 'attachment; filename="CN-2027-00001.pdf"'


async def test_what_is_paid_is_the_paid_amount(shop: Shop):
    one = await drawn(shop)
    await shop.mark_paid(one, {"amount": 20})
    told = await said(shop, one)
    assert (told.number("/PrepaidAmount"), told.number("/PayableAmount")) == (
        Decimal(20),
        Decimal(99),
    )
    await shop.mark_paid(one)
    told = await said(shop, one)
    assert (told.number("/PrepaidAmount"), told.number("/PayableAmount")) == (
        Decimal(119),
        Decimal(0),
    )
    assert told.texts("/PaymentMeansCode") == ["1"]  # nobody is to pay it again


async def test_all_that_is_missing_is_named_at_once(shop: Shop):
    await shop.api.patch("/settings", {"seller": {"vatId": "123"}})
    await shop.api.patch(
        f"/customers/{USER}", {"billingAddress": {"country": "Germany"}, "name": None}
    )
    one = await drawn(shop)
    both = [
        "seller.address.country",
        "customer.name",
        "customer.billingAddress.country",
        "seller.vatId",
    ]
    assert await missing(shop, one) == both
    assert await missing(shop, one, "FACTURX") == both
    assert await missing(shop, one, "XRECHNUNG_CII") == [
        *both,
        "seller.address.city", "seller.address.postalCode", "seller.phone", "seller.email",
        "customer.billingAddress.city", "customer.billingAddress.postalCode",
        "seller.electronicAddress",
    ]  # fmt: skip
    # What it says of the parties stays; the next document says more.
    await shop.api.patch("/settings", {"seller": SELLER})
    await shop.api.patch(f"/customers/{USER}", BUYER)
    assert await missing(shop, one) == both
    await said(shop, await drawn(shop), Format.XRECHNUNG_UBL)


async def test_where_it_goes_and_whom_to_ask_may_be_told_later(shop: Shop):
    bare = {name: SELLER[name] for name in ("legalName", "address", "vatId")}
    await shop.api.patch("/settings", {"seller": bare})
    await shop.api.patch(f"/customers/{USER}", {"buyerReference": None, "electronicAddress": None})
    one = await drawn(shop)
    assert await missing(shop, one, "XRECHNUNG_UBL") == [
        "seller.phone", "seller.email", "customer.buyerReference", "seller.electronicAddress",
        "customer.electronicAddress",
    ]  # fmt: skip
    printed = (await shop.api.get(f"/invoices/{one}/pdf")).raw
    reached = bare | {"legalName": "Renamed GmbH", "email": "a@b.example", "phone": "+49 123"}
    await shop.api.patch("/settings", {"seller": reached})
    change = {"buyerReference": "PO 1", "email": "buyer@b.example"}
    await shop.api.patch(f"/customers/{USER}", change)
    told = await said(shop, one, Format.XRECHNUNG_UBL)
    assert told.texts("/BuyerReference") == ["PO 1"]
    assert told.texts("/EndpointID") == ["a@b.example", "buyer@b.example"]
    assert told.texts("/RegistrationName")[0] == SELLER["legalName"]  # as it was
    assert (await shop.api.get(f"/invoices/{one}/pdf")).raw == printed
    # Once told, it stays.
    two = await drawn(shop)
    await shop.api.patch(f"/customers/{USER}", {"buyerReference": "PO 2"})
    assert (await said(shop, two, Format.CII)).texts("/BuyerReference") == ["PO 1"]


async def test_an_erased_customers_invoices_stay_e_invoices(shop: Shop):
    one = await drawn(shop)
    before = (await asked(shop, one, "XRECHNUNG_CII")).raw
    assert (await shop.api.send("DELETE", f"/customers/{USER}")).status == 200
    assert (await asked(shop, one, "XRECHNUNG_CII")).raw == before


TAXES: list[tuple[dict[str, Any], str]] = [
    ({"taxRate": 7, "taxCategory": "REDUCED"}, "S"),
    ({"taxRate": 0, "taxCategory": "ZERO"}, "Z"),
    ({"taxRate": 0, "taxCategory": "REVERSE_CHARGE", "taxId": "fr 123 456 789 01"}, "AE"),
    ({"taxRate": 0, "taxCategory": "EXEMPT", "taxExemptionReason": "§ 19 UStG"}, "E"),
    ({"taxRate": 0, "taxCategory": "OUTSIDE_SCOPE"}, "O"),
]


@pytest.mark.parametrize("form", XML)
@pytest.mark.parametrize(("tax", "letter"), TAXES)
async def test_each_category_of_tax_has_its_letter(
    shop: Shop, form: Format, tax: dict[str, Any], letter: str
):
    seller = SELLER | {"registrationNumber": "HRB 1"}
    await shop.api.patch("/settings", {"seller": seller})
    await shop.api.patch(f"/customers/{USER}", tax)
    told = await said(shop, await drawn(shop), form)
    path = ("/TaxSubtotal", "TaxCategory", "ID") if "UBL" in form else ("/CategoryCode",)
    assert set(told.texts(*path)) == {letter}


async def test_without_a_category_or_with_three_decimals_it_is_none(shop: Shop):
    assert await missing(shop, await drawn(shop, taxRate=0)) == ["taxCategory"]
    assert await missing(shop, await drawn(shop, currency="KWD")) == ["currency"]
    reverse = {"taxRate": 0, "taxCategory": "REVERSE_CHARGE"}
    await shop.api.patch(f"/customers/{USER}", {"taxId": "XX123456789"})  # of no country
    assert await missing(shop, await drawn(shop, **reverse)) == ["customer.taxId"]
    await shop.api.patch(f"/customers/{USER}", {"taxId": "BE 0123.456.789"})
    written = await asked(shop, await drawn(shop, **reverse))
    assert (written.status, b"BE0123456789" in written.raw) == (200, True)


async def test_what_is_not_issued_or_void_or_anothers_is_refused(shop: Shop, other_api: Api):
    draft = await drawn(shop, isDraft=True)
    assert (await asked(shop, draft)).error["code"] == "invoice_pending"
    accruing = (await shop.subscribe("payg_monthly"))["invoice"]["id"]
    refused = await asked(shop, accruing)
    assert (refused.status, refused.error["code"]) == (409, "invoice_pending")
    void = await drawn(shop)
    await shop.api.post(f"/invoices/{void}/void", {"reason": "Wrong."})
    refused = await asked(shop, void, "FACTURX")
    assert (refused.status, refused.error["code"]) == (409, "invoice_void")
    one = await drawn(shop)
    path = f"/invoices/{one}/e-invoice"
    assert (await other_api.get(path)).error["code"] == "invoice_not_found"
    unknown = await asked(shop, one, "UBL", "credit-notes")
    assert (unknown.status, unknown.error["code"]) == (404, "credit_note_not_found")
    for query, field in (
        ("format=ubl", "format"),
        ("form=UBL", "form"),
        ("language=x", "language"),
    ):
        bad = await shop.api.get(f"{path}?{query}")
        assert (bad.status, bad.error["field"]) == (422, field)


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ({"scheme": "0204"}, "electronicAddress.value"),
        ({"scheme": "XX", "value": "1"}, "electronicAddress.scheme"),
        ({"scheme": "em", "value": "1"}, "electronicAddress.scheme"),
        ({"scheme": "EM", "value": ""}, "electronicAddress.value"),
        ("a@b.example", "electronicAddress"),
    ],
)
async def test_an_electronic_address_has_a_known_scheme(shop: Shop, address: object, field: str):
    for path, body, prefix in (
        (f"/customers/{USER}", {"electronicAddress": address}, ""),
        ("/settings", {"seller": {"electronicAddress": address}}, "seller."),
    ):
        answer = await shop.api.patch(path, body)
        assert (answer.status, answer.error["field"]) == (422, f"{prefix}{field}")


async def test_what_is_not_known_of_an_electronic_address_is_passed_over_of_a_customer_alone(
    shop: Shop,
):
    address = {"scheme": "EM", "value": "a@b.example", "x": 1}
    kept = await shop.api.patch(f"/customers/{USER}", {"electronicAddress": address})
    assert kept.data["electronicAddress"] == {"scheme": "EM", "value": "a@b.example"}
    refused = await shop.api.patch("/settings", {"seller": {"electronicAddress": address}})
    assert (refused.status, refused.error["field"]) == (422, "seller.electronicAddress.x")


async def test_names_that_xml_or_a_font_cannot_hold_do_no_harm(shop: Shop):
    name = "<김>&\"'\ufffe]]> 🦊"
    await shop.api.patch(f"/customers/{USER}", {"name": name})
    one = await drawn(shop, {"description": "\ufffe]]>\n\t<x/>", "unitPrice": 1})
    told = await said(shop, one)
    assert told.texts("/RegistrationName")[1] == "<김>&\"'\ufffd]]> 🦊"
    assert told.texts("/Item", "Name") == ["\ufffd]]> <x/>"]
    assert (await asked(shop, one, "FACTURX")).status == 200
