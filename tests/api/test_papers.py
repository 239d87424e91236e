"""Documents as PDF over HTTP: they say what the invoice says, and stay as they were issued."""

from decimal import Decimal
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import pytest
from tests.api.client import Api
from tests.api.shop import START, USER, Shop, stop_clock

SELLER = {
    "legalName": "Usance Widgets GmbH",
    "address": {"line1": "Hauptstr. 1", "postalCode": "10115", "city": "Berlin", "country": "DE"},
    "vatId": "DE123456788",
    "iban": "DE89370400440532013000",
    "bic": "COBADEFFXXX",
    "terms": "Thank you.",
    "footer": "Amtsgericht Berlin HRB 1",
}
HOURS = {"description": "Consulting", "quantity": Decimal("2.5"), "unitPrice": Decimal("1200.01")}


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    shop = await Shop.open(api)
    await shop.customer(taxRate=19, name="Café Zoë & Söhne")
    said = {"seller": SELLER, "zone": "Europe/Berlin"}
    assert (await shop.api.patch("/settings", said)).status == 200
    return shop


async def draw_up(shop: Shop, **more: Any) -> str:
    body = {"customerReferenceId": USER, "currency": "EUR", "lines": [HOURS], **more}
    made = await shop.api.post("/invoices", body)
    assert made.status == 201, made.body
    return str(made.data["id"])


async def printed(shop: Shop, path: str) -> str:
    """The text of a document."""
    got = await shop.api.get(path)
    assert (got.status, got.headers["content-type"]) == (200, "application/pdf"), got.body
    document = pypdfium2.PdfDocument(got.raw)
    return " ".join(document[n].get_textpage().get_text_bounded() for n in range(len(document)))


async def test_a_printed_invoice_says_what_the_invoice_says(shop: Shop):
    one = await draw_up(shop, memo="As agreed on the phone.", netTermsDays=14)
    text = await printed(shop, f"/invoices/{one}/pdf?language=de")
    # 2.5 × 1,200.01 = 3,000.03; 19 % = 570.01
    for said in (
        "INV-2027-00001", "RF71INV202700001", "Usance Widgets GmbH", "10115 Berlin", "DE123456788", "Café Zoë & Söhne",
        "Consulting", "3.000,03", "570,01", "3.570,04", "As agreed on the phone.", "Thank you.",
        "Amtsgericht Berlin HRB 1", "15.01.2027",
    ):  # fmt: skip
        assert said in text, said
    assert await printed(shop, f"/invoices/{one}/pdf?language=de&size=LETTER") != ""


async def test_the_same_document_is_the_same_file_until_it_is_paid(shop: Shop):
    one = await draw_up(shop)
    first = await shop.api.get(f"/invoices/{one}/pdf")
    await shop.api.patch("/settings", {"seller": {"legalName": "Another AG"}, "name": "New"})
    await shop.api.patch(f"/customers/{USER}", {"name": "Renamed"})
    again = await shop.api.get(f"/invoices/{one}/pdf")
    assert again.raw == first.raw
    assert first.headers["content-disposition"] == 'inline; filename="INV-2027-00001.pdf"'
    await shop.mark_paid(one)
    assert (await shop.api.get(f"/invoices/{one}/pdf")).raw != first.raw


async def test_drafts_void_ones_and_credit_notes_are_printed(shop: Shop):
    draft = await draw_up(shop, isDraft=True)
    assert "Consulting" in await printed(shop, f"/invoices/{draft}/pdf")
    void = await draw_up(shop)
    await shop.api.post(f"/invoices/{void}/void", {"reason": "Wrong."})
    assert "INV-2027-00001" in await printed(shop, f"/invoices/{void}/pdf")
    started = await shop.started("pro_monthly")
    await shop.advance("P10D")
    ended = await shop.cancel(started["subscription"]["id"], "?cancelMode=IMMEDIATE")
    note = ended.data["creditNote"]
    text = await printed(shop, f"/credit-notes/{note['id']}/pdf?language=en")
    assert note["number"] in text
    assert "INV-2027-00002" in text  # what it corrects
    assert (await shop.api.get(f"/credit-notes/{note['id']}")).data == note


async def test_what_cannot_be_printed_is_refused(shop: Shop, other_api: Api):
    made = await shop.subscribe("payg_monthly")
    accruing = f"/invoices/{made['invoice']['id']}/pdf"
    refused = await shop.api.get(accruing)
    assert (refused.status, refused.error["code"]) == (409, "invoice_pending")
    one = await draw_up(shop)
    for query, field in (("language=xx", "language"), ("size=A5", "size"), ("lang=de", "lang")):
        bad = await shop.api.get(f"/invoices/{one}/pdf?{query}")
        assert (bad.status, bad.error["field"]) == (422, field)
    assert (await other_api.get(f"/invoices/{one}/pdf")).error["code"] == "invoice_not_found"
    unknown = await shop.api.get(f"/credit-notes/{one}/pdf")
    assert (unknown.status, unknown.error["code"]) == (404, "credit_note_not_found")


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "it", "nl", "pt", "ja"])
async def test_a_subscriptions_invoice_is_printed_in_each_language(shop: Shop, language: str):
    started = await shop.started("pro_monthly")
    await shop.use(1200, "api.calls.v2")
    await shop.advance_to(START.replace(month=2, day=2))
    renewal = (await shop.api.get("/invoices?status=DUE")).data[0]
    text = await printed(shop, f"/invoices/{renewal['id']}/pdf?language={language}")
    assert "INV-2027-00002" in text
    assert "api.calls.v2" in text
    assert started["subscription"]["id"] not in text


async def test_a_document_speaks_the_customer_s_language_else_the_account_s(shop: Shop):
    one = await draw_up(shop)
    path = f"/invoices/{one}/pdf"
    assert "Invoice" in await printed(shop, path)
    settings = await shop.api.patch("/settings", {"language": "fr-CA"})
    assert settings.data["language"] == "fr"
    assert "Facture" in await printed(shop, path)
    changed = await shop.api.patch(f"/customers/{USER}", {"language": "de-AT"})
    assert changed.data["language"] == "de"
    assert "Rechnung" in await printed(shop, path)
    assert "Invoice" in await printed(shop, f"{path}?language=en")
    await shop.api.patch(f"/customers/{USER}", {"language": None})
    assert "Facture" in await printed(shop, path)


@pytest.mark.parametrize("tag", ["xx", "klingon", "d", "de_DE", "", "de-", 7, "zh-Hans"])
async def test_a_language_that_documents_do_not_speak_is_refused(shop: Shop, tag: object):
    for path in ("/settings", f"/customers/{USER}"):
        refused = await shop.api.patch(path, {"language": tag})
        assert (refused.status, refused.error["field"]) == (422, "language")
        if tag == "xx":
            assert "en, de, fr, es, it, nl, pt, ja" in refused.error["message"]


async def test_a_memo_stands_above_the_lines_and_terms_below(shop: Shop):
    one = await draw_up(shop, memo="As agreed on the phone.\n\nWith thanks.")
    text = await printed(shop, f"/invoices/{one}/pdf")
    places = [text.index(said) for said in ("As agreed", "With thanks", "Consulting", "Thank you.")]
    assert places == sorted(places)


async def test_usage_that_was_priced_by_tiers_shows_them(shop: Shop):
    """1,500 units: 1,000 at 0.02, 500 at 0.01."""
    await shop.subscribe("payg_monthly")
    await shop.use(1500)
    await shop.advance("P32D")
    issued = (await shop.api.get("/invoices?status=DUE")).data[0]
    text = await printed(shop, f"/invoices/{issued['id']}/pdf")
    for said in ("0.02", "20.00", "0.01", "5.00", "25.00"):
        assert said in text, said


async def test_units_that_the_plan_includes_are_told(shop: Shop):
    """150 units, 100 of them included: 50 at 0.02."""
    price = {"model": "per_unit", "unitPrice": Decimal("0.02"), "includedUnits": 100}
    plan = {
        "key": "with_some",
        "name": "With some",
        "price": {"amount": 10, "currency": "USD"},
        "interval": {"unit": "MONTH", "count": 1},
        "billingTiming": "IN_ARREARS",
        "features": [{"key": "ai_chat", "price": price}],
    }
    assert (await shop.api.post("/catalog/apply", {"plans": [plan]})).status == 200
    await shop.subscribe("with_some")
    await shop.use(150)
    await shop.advance("P32D")
    issued = (await shop.api.get("/invoices?status=DUE")).data[0]
    text = await printed(shop, f"/invoices/{issued['id']}/pdf")
    for said in ("150", "1.00", "100 of them included"):
        assert said in text, said
