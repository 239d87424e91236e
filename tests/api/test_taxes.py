"""Taxes over HTTP: a rate, its category and a reason, of a customer, the account or one invoice."""

from decimal import Decimal
from typing import Any

import asyncpg
import pypdfium2  # type: ignore[import-untyped]
import pytest
from tests.api.client import Api, Got
from tests.api.shop import USER, Shop, stop_clock

LINE = {"description": "Set-up", "unitPrice": Decimal("100.00")}
STANDARD: dict[str, Any] = {"taxRate": 19, "taxCategory": "STANDARD"}
REVERSE: dict[str, Any] = {"taxRate": 0, "taxCategory": "REVERSE_CHARGE", "taxId": "FR12345678901"}
EXEMPT: dict[str, Any] = {"taxRate": 0, "taxCategory": "EXEMPT", "taxExemptionReason": "§ 19 UStG"}
NAMES = ("taxRate", "taxCategory", "taxExemptionReason")


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    return await Shop.open(api)


async def drawn(shop: Shop, **more: Any) -> Got:
    body = {"customerReferenceId": USER, "currency": "EUR", "lines": [LINE], **more}
    return await shop.api.post("/invoices", body)


def tax(document: Any) -> list[Any]:
    return [document[name] for name in NAMES]


@pytest.mark.parametrize(
    ("account", "customer", "said"),
    [
        ({}, {}, [0, None, None]),
        ({}, {"taxRate": 19}, [19, "STANDARD", None]),
        ({}, {"taxRate": 7, "taxCategory": "REDUCED"}, [7, "REDUCED", None]),
        (STANDARD, {}, [19, "STANDARD", None]),
        (STANDARD, REVERSE, [0, "REVERSE_CHARGE", None]),
        (EXEMPT, {}, [0, "EXEMPT", "§ 19 UStG"]),
        # A rate of its own, and nothing of the account's beside it.
        (EXEMPT, {"taxRate": 0}, [0, None, None]),
        (EXEMPT, {"taxRate": 7}, [7, "STANDARD", None]),
        (STANDARD, {"taxRate": 0, "taxCategory": "ZERO"}, [0, "ZERO", None]),
        (STANDARD, {"taxRate": 0, "taxCategory": "OUTSIDE_SCOPE"}, [0, "OUTSIDE_SCOPE", None]),
    ],
)
async def test_a_customer_with_a_rate_has_a_tax_of_its_own_any_other_the_accounts(
    shop: Shop, account: dict[str, Any], customer: dict[str, Any], said: list[Any]
):
    assert (await shop.api.patch("/settings", account)).status == 200
    await shop.customer(**customer)
    made = await drawn(shop)
    assert tax(made.data) == said
    assert made.data["taxAmount"] == said[0]  # of 100.00


WRONG = [
    ({"taxCategory": "STANDARD"}, "taxRate"),
    ({"taxRate": 0, "taxCategory": "STANDARD"}, "taxRate"),
    ({"taxRate": 0, "taxCategory": "REDUCED"}, "taxRate"),
    *[({"taxRate": 19, "taxCategory": each}, "taxRate") for each in ("ZERO", "EXEMPT")],
    ({"taxRate": "0.01", "taxCategory": "OUTSIDE_SCOPE"}, "taxRate"),
    ({"taxRate": 19, "taxCategory": "standard"}, "taxCategory"),
    ({"taxRate": 19, "taxCategory": "VAT"}, "taxCategory"),
    ({"taxRate": 0, "taxCategory": 1}, "taxCategory"),
    ({"taxExemptionReason": "None."}, "taxExemptionReason"),
    (STANDARD | {"taxExemptionReason": "None."}, "taxExemptionReason"),
    ({"taxRate": 0, "taxExemptionReason": "None."}, "taxExemptionReason"),
    ({"taxRate": 0, "taxCategory": "ZERO", "taxExemptionReason": "x"}, "taxExemptionReason"),
    (EXEMPT | {"taxExemptionReason": "x" * 2001}, "taxExemptionReason"),
]


@pytest.mark.parametrize(("body", "field"), WRONG)
async def test_what_does_not_fit_is_refused_by_its_name_and_nothing_is_kept(
    shop: Shop, body: dict[str, Any], field: str
):
    await shop.customer()
    before = (await shop.api.get(f"/customers/{USER}")).data, (await shop.api.get("/settings")).data
    for answer in (
        await shop.api.post("/customers", body),
        await shop.api.patch(f"/customers/{USER}", body),
        await drawn(shop, **body),
        await shop.api.patch("/settings", {"taxRate": 0, **body}),
    ):
        assert (answer.status, answer.error["code"], answer.error["field"]) == (
            422,
            "validation_failed",
            field,
        )
    after = (await shop.api.get(f"/customers/{USER}")).data, (await shop.api.get("/settings")).data
    assert after == before


async def test_reverse_charge_needs_the_customers_tax_id_for_as_long_as_it_holds(shop: Shop):
    without = {"taxRate": 0, "taxCategory": "REVERSE_CHARGE"}
    charged = await shop.api.post("/customers", REVERSE | {"taxRate": 19})
    assert (charged.status, charged.error["field"]) == (422, "taxRate")
    for body in (
        without,
        {**without, "taxId": None},
        {**without, "taxId": "12-3456789"},
        {**without, "taxId": " "},
    ):
        answer = await shop.api.post("/customers", body)
        assert (answer.status, answer.error["field"]) == (422, "taxId")
    await shop.customer(**REVERSE)
    path = f"/customers/{USER}"
    answer = await shop.api.patch(path, {"taxId": None})
    assert (answer.status, answer.error["field"]) == (422, "taxId")
    assert (await shop.api.get(path)).data["taxId"] == "FR12345678901"
    # Another rate must come with another category, and then the id may go.
    assert (await shop.api.patch(path, {"taxRate": 19})).error["field"] == "taxRate"
    assert (await shop.api.patch(path, STANDARD | {"taxId": None})).status == 200
    # It is no tax of the account: it depends on who buys.
    refused = await shop.api.patch("/settings", without)
    assert (refused.status, refused.error["field"]) == (422, "taxCategory")


async def test_a_category_is_taken_back_by_null_and_a_rate_alone_is_held_to_it(shop: Shop):
    assert tax((await shop.api.patch("/settings", EXEMPT)).data) == [0, "EXEMPT", "§ 19 UStG"]
    assert (await shop.api.patch("/settings", {"taxRate": 19})).error["field"] == "taxRate"
    alone = await shop.api.patch("/settings", {"taxCategory": None})
    assert alone.error["field"] == "taxExemptionReason"
    nothing = {"taxCategory": None, "taxExemptionReason": None}
    assert tax((await shop.api.patch("/settings", nothing)).data) == [0, None, None]
    assert tax((await shop.api.patch("/settings", {"taxRate": 19})).data) == [19, None, None]


async def test_an_issued_invoice_keeps_its_tax_and_its_credit_note_has_it_too(shop: Shop):
    await shop.customer(taxRate=7, taxCategory="REDUCED")
    started = await shop.started("pro_monthly")
    invoice = started["invoice"]["id"]
    await shop.api.patch(f"/customers/{USER}", EXEMPT)
    await shop.advance("P10D")
    ended = await shop.cancel(started["subscription"]["id"], "?cancelMode=IMMEDIATE")
    assert tax((await shop.api.get(f"/invoices/{invoice}")).data) == [7, "REDUCED", None]
    assert tax(ended.data["creditNote"]) == [7, "REDUCED", None]
    assert tax((await shop.api.get("/credit-notes")).data[0]) == [7, "REDUCED", None]


async def test_a_pending_invoice_has_the_tax_of_the_day_on_which_it_is_issued(shop: Shop):
    await shop.customer(taxRate=7, taxCategory="REDUCED")
    made = await shop.subscribe("payg_monthly")
    path = f"/invoices/{made['invoice']['id']}"
    assert tax((await shop.api.get(path)).data) == [7, "REDUCED", None]
    await shop.api.patch(f"/customers/{USER}", EXEMPT)
    await shop.advance("P32D")
    assert tax((await shop.api.get(path)).data) == [0, "EXEMPT", "§ 19 UStG"]


async def test_an_invoice_may_have_a_tax_of_its_own(shop: Shop):
    await shop.customer(**STANDARD)
    own = await drawn(shop, **EXEMPT)
    assert tax(own.data) == [0, "EXEMPT", "§ 19 UStG"]
    assert tax((await drawn(shop, taxRate=0)).data) == [0, None, None]
    refused = await drawn(shop, taxRate=0, taxCategory="REVERSE_CHARGE")
    assert (refused.status, refused.error["field"]) == (422, "taxId")


async def test_a_draft_of_reverse_charge_is_not_issued_without_the_tax_id(shop: Shop):
    await shop.customer(taxId="FR12345678901")
    draft = await drawn(shop, isDraft=True, taxRate=0, taxCategory="REVERSE_CHARGE")
    path = f"/invoices/{draft.data['id']}"
    await shop.api.patch(f"/customers/{USER}", {"taxId": None})
    refused = await shop.api.post(f"{path}/issue")
    assert (refused.status, refused.error["field"]) == (422, "taxId")
    assert (await shop.api.get(path)).data["status"] == "PENDING"
    await shop.api.patch(f"/customers/{USER}", {"taxId": "FR12345678901"})
    issued = await shop.api.post(f"{path}/issue")
    assert (issued.status, issued.data["number"]) == (200, "INV-2027-00001")
    # Issued, it stays; so does the same call again, whatever became of the id.
    await shop.api.patch(f"/customers/{USER}", {"taxId": None})
    assert (await shop.api.post(f"{path}/issue")).data == issued.data


async def test_an_erased_customer_leaves_its_invoices_tax(shop: Shop):
    await shop.customer(**REVERSE)
    made = await drawn(shop)
    assert (await shop.api.send("DELETE", f"/customers/{USER}")).status == 200
    assert tax((await shop.api.get(f"/invoices/{made.data['id']}")).data) == tax(made.data)


SENTENCES = {
    "en": "Reverse charge: VAT",
    "de": "Steuerschuldnerschaft des Leistungsempfängers",
    "fr": "Autoliquidation",
    "es": "Inversión del sujeto pasivo.",
    "it": "Inversione contabile.",
    "nl": "Btw verlegd.",
    "pt": "autoliquidação",
    "ja": "リバースチャージ方式",
}


@pytest.mark.parametrize("language", SENTENCES)
async def test_the_document_says_why_no_tax_is_charged(shop: Shop, language: str):
    await shop.customer(**REVERSE)
    reverse = await printed(shop, (await drawn(shop)).data["id"], language)
    assert SENTENCES[language] in reverse
    assert "FR12345678901" in reverse
    exempt = await printed(shop, (await drawn(shop, **EXEMPT)).data["id"], language)
    assert "§ 19 UStG" in exempt
    silent = await printed(shop, (await drawn(shop, taxRate=0)).data["id"], language)
    assert "§ 19 UStG" not in silent
    assert SENTENCES[language] not in silent


async def printed(shop: Shop, one: str, language: str) -> str:
    got = await shop.api.get(f"/invoices/{one}/pdf?language={language}")
    assert got.status == 200, got.body
    document = pypdfium2.PdfDocument(got.raw)
    return " ".join(document[n].get_textpage().get_text_bounded() for n in range(len(document)))


BROKEN = (
    "UPDATE invoices SET tax_category = NULL",
    "UPDATE invoices SET tax_category = 'EXEMPT'",
    "UPDATE invoices SET tax_exemption_reason = 'x'",
    "UPDATE invoices SET tax_rate = 0",
    "UPDATE customers SET tax_rate = NULL",
    "UPDATE customers SET tax_category = 'REVERSE_CHARGE', tax_rate = 0, tax_id = NULL",
    "UPDATE customers SET tax_exemption_reason = 'x', tax_category = NULL",
    "UPDATE accounts SET tax_category = 'REVERSE_CHARGE', tax_rate = 0",
    "UPDATE accounts SET tax_category = 'STANDARD', tax_rate = 0",
    "UPDATE accounts SET tax_exemption_reason = 'x', tax_category = NULL",
)


@pytest.mark.parametrize("statement", BROKEN)
async def test_the_database_has_the_last_word(shop: Shop, database_url: str, statement: str):
    await shop.customer(**STANDARD)
    assert (await drawn(shop)).status == 201
    connection = await asyncpg.connect(database_url)
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(statement)
    finally:
        await connection.close()
