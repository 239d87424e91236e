"""E-invoices: they keep the published rules, and say to the cent what the paper says."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.documents.einvoices import BUYER, CREDIT, SAMPLES, SELLER, WHOLE, read, taxed, with_lines
from tests.documents.papers import INVOICE, NOTE, D, simple
from tests.documents.rules import WRITTEN, broken, written

from usance.core import money
from usance.documents.einvoice.content import Address, EInvoice, Format, lacks, row
from usance.documents.einvoice.xml import Element, group, leaf, render
from usance.documents.paper import Days, Kind, Language, Line, Share, TaxCategory

UBL = (Format.UBL, Format.XRECHNUNG_UBL)


# --- the published rules ----------------------------------------------------------------------------


@pytest.mark.parametrize("form", WRITTEN)
@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_written_breaks_no_published_rule(name: str, form: Format):
    one = SAMPLES[name]
    assert lacks(one, form) == ()
    assert broken(written(one, form), form) == set()


# What is done to a right document → the rule that must see it: the rules are really asked.
WRONGS = [
    (Format.UBL, "<cbc:ID>2027-000042</cbc:ID>", "", "BR-02"),
    (Format.UBL, ">1435.81</cbc:PayableAmount>", ">1435.80</cbc:PayableAmount>", "BR-CO-16"),
    (Format.UBL, "<cbc:ID>S</cbc:ID>", "<cbc:ID>E</cbc:ID>", "BR-E-10"),
    (Format.UBL, ">DE</cbc:Ident", ">XX</cbc:Ident", "BR-CL-14"),
    (Format.CII, ">1206.56</ram:LineTotal", ">1206.57</ram:LineTotal", "BR-CO-10"),
    (Format.CII, ">S</ram:CategoryCode>", ">O</ram:CategoryCode>", "BR-O-02"),
    (Format.XRECHNUNG_UBL, "<cbc:BuyerReference>04011000-12345-34</cbc:BuyerReference>", "", "BR-DE-15"),
    (Format.XRECHNUNG_UBL, ">10</cbc:PriceAmount>", ">11</cbc:PriceAmount>", "PEPPOL-EN16931-R120"),
    (Format.XRECHNUNG_CII, "<ram:CompleteNumber>+49 30 1234567</ram:CompleteNumber>", "", "BR-DE-6"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "was", "put", "rule"), WRONGS)
def test_the_rules_see_what_is_wrong(form: Format, was: str, put: str, rule: str):
    right = written(WHOLE, form).decode()
    assert was in right
    found = broken(right.replace(was, put).encode(), form)
    assert rule in {each.removeprefix("CII-") for each in found}


# What is taken away of a whole document: the field that is named, and who misses it.
MISSING: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any], str, bool]] = [
    ({"address": Address()}, {}, {}, "seller.address.country", False),
    ({"address": replace(SELLER.address, country="GERMANY")}, {}, {}, "seller.address.country", False),
    ({"vat_id": "123456789"}, {}, {}, "seller.vatId", False),
    ({"vat_id": None, "tax_number": None}, {}, {}, "seller.vatId", False),
    ({}, {"name": None}, {}, "customer.name", False),
    ({}, {"address": replace(BUYER.address, country=None)}, {}, "customer.billingAddress.country", False),
    ({"address": replace(SELLER.address, city=None)}, {}, {}, "seller.address.city", True),
    ({"address": replace(SELLER.address, postal_code=None)}, {}, {}, "seller.address.postalCode", True),
    ({"phone": None}, {}, {}, "seller.phone", True),
    ({"email": None}, {}, {}, "seller.email", True),
    ({"endpoint": None}, {}, {}, "seller.electronicAddress", True),
    ({}, {"endpoint": None}, {}, "customer.electronicAddress", True),
    ({}, {"address": replace(BUYER.address, city=None)}, {}, "customer.billingAddress.city", True),
    ({}, {"address": replace(BUYER.address, postal_code=None)}, {}, "customer.billingAddress.postalCode", True),
    ({}, {}, {"buyer_reference": None}, "customer.buyerReference", True),
    ({}, {}, {"paper": replace(INVOICE, taxes=(), total=INVOICE.subtotal)}, "taxCategory", False),
    ({}, {}, {"paper": replace(INVOICE, currency="KWD")}, "currency", False),
    ({}, {}, {"paper": with_lines(INVOICE.lines, TaxCategory.STANDARD, "0.4", paper=INVOICE)}, "taxRate", False),
]  # fmt: skip


@pytest.mark.parametrize("form", Format)
@pytest.mark.parametrize(("seller", "buyer", "more", "field", "german"), MISSING)
def test_what_is_missing_is_named_and_missing_for_a_rule(  # noqa: PLR0917 - a table's columns
    seller: dict[str, Any],
    buyer: dict[str, Any],
    more: dict[str, Any],
    field: str,
    german: bool,  # noqa: FBT001 - a column of the table
    form: Format,
):
    one = replace(WHOLE, seller=replace(SELLER, **seller), buyer=replace(BUYER, **buyer), **more)
    needed = form.is_xrechnung or not german
    # What is no country has no city either, but of that only XRechnung asks.
    assert (field in {lack.field for lack in lacks(one, form)}) == needed
    if form is not Format.FACTURX and field not in {"taxCategory", "currency"}:
        assert bool(broken(written(one, form), form)) == needed


def test_all_that_is_missing_is_named_at_once_and_each_once():
    nobody = replace(
        WHOLE,
        seller=replace(SELLER, address=Address(), vat_id=None, tax_number=None, phone=None),
        buyer=replace(BUYER, name=None, address=Address()),
        buyer_reference=None,
    )
    assert [lack.field for lack in lacks(nobody, Format.XRECHNUNG_UBL)] == [
        "seller.address.country",
        "customer.name",
        "customer.billingAddress.country",
        "seller.vatId",
        "seller.address.city",
        "seller.address.postalCode",
        "seller.phone",
        "customer.billingAddress.city",
        "customer.billingAddress.postalCode",
        "customer.buyerReference",
    ]


@pytest.mark.parametrize("vat_id", [None, "12-3456789", "XX123456789"])
def test_reverse_charge_needs_a_vat_id_with_its_country(vat_id: str | None):
    one = replace(taxed(TaxCategory.REVERSE_CHARGE), buyer=replace(BUYER, vat_id=vat_id))
    assert [lack.field for lack in lacks(one, Format.UBL)] == ["customer.taxId"]
    assert broken(written(one, Format.UBL), Format.UBL) != set()


def test_outside_the_scope_a_seller_is_known_by_a_register_or_a_tax_number():
    one = taxed(TaxCategory.OUTSIDE_SCOPE)
    unknown = replace(one, seller=replace(SELLER, registration=None, tax_number=None))
    assert [lack.field for lack in lacks(unknown, Format.CII)] == ["seller.registrationNumber"]
    assert broken(written(unknown, Format.CII), Format.CII) == {"BR-CO-26"}


# --- to the cent ------------------------------------------------------------------------------------

CENTS = st.integers(-(10**9), 10**9).map(lambda cents: D(cents) / 100)
TEXTS = st.text(min_size=1, max_size=40).filter(str.strip)
LINES = st.builds(
    Line,
    description=TEXTS,
    amount=CENTS,
    days=st.none()
    | st.tuples(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 400)).map(
        lambda d: Days(d[0], date.fromordinal(d[0].toordinal() + d[1]))
    ),
    quantity=st.none() | st.decimals(0, 10**9, places=3),
    unit_price=st.none() | st.decimals(-1000, 1000, places=6),
    share=st.none() | st.integers(0, 31).map(lambda n: Share(n, 31)),
)


def priced(line: Line) -> Line:
    """Let the price explain the amount, as it does on most lines."""
    if line.quantity is None or line.unit_price is None:
        return line
    return replace(line, amount=money.rounded(line.quantity * line.unit_price, "EUR"))


@given(
    lines=st.lists(LINES | LINES.map(priced), min_size=1, max_size=5),
    category=st.sampled_from(
        [
            TaxCategory.STANDARD,
            TaxCategory.ZERO,
            TaxCategory.REVERSE_CHARGE,
            TaxCategory.EXEMPT,
            TaxCategory.OUTSIDE_SCOPE,
        ]
    ),
    rate=st.sampled_from(["19", "7", "5.5", "0.5", "100"]),
    kind=st.sampled_from(Kind),
    language=st.sampled_from(Language),
    paid=st.integers(0, 3),
    note=st.none() | st.text(max_size=50),
)
@example(
    lines=[Line("\x00\ud800]]>&<\ufffe\r", D("0.01"))],
    category=TaxCategory.STANDARD,
    rate="19",
    kind=Kind.INVOICE,
    language=Language.EN,
    paid=0,
    note="\x0b",
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_amount_is_the_papers_and_no_rule_is_broken(  # noqa: PLR0917 - drawn by name
    lines: list[Line],
    category: TaxCategory,
    rate: str,
    kind: Kind,
    language: Language,
    paid: int,
    note: str | None,
):
    if (
        sum((line.amount for line in lines), D(0)) < 0
    ):  # a document never asks for less than nothing
        lines = [replace(line, amount=-line.amount) for line in lines]
    rate = rate if category is TaxCategory.STANDARD else "0"
    paper = with_lines(
        tuple(lines), category, rate, paper=INVOICE if kind is Kind.INVOICE else NOTE
    )
    if kind is Kind.INVOICE:
        part = money.rounded(paper.total * paid / 3, "EUR")
        paper = replace(paper, paid=part, due=paper.total - part)
    one = replace(WHOLE, paper=replace(paper, language=language), note=note)
    for form in WRITTEN:
        data = written(one, form)
        (_says_ubl if form in UBL else _says_cii)(one, data)
        assert data == written(one, form)
        assert broken(data, form) == set()


def _says_ubl(one: EInvoice, data: bytes) -> None:
    paper, said = one.paper, read(data)
    totals = "/LegalMonetaryTotal"
    assert said.number(totals, "LineExtensionAmount") == paper.subtotal
    assert said.number(totals, "TaxExclusiveAmount") == paper.subtotal
    assert said.number(totals, "TaxInclusiveAmount") == paper.total
    assert said.number(totals, "PrepaidAmount") == paper.paid
    assert said.number(totals, "PayableAmount") == paper.total - paper.paid
    assert said.number("/TaxTotal", "TaxAmount") == paper.total - paper.subtotal
    line = "/CreditNoteLine" if one.is_credit_note else "/InvoiceLine"
    quantity = "CreditedQuantity" if one.is_credit_note else "InvoicedQuantity"
    _lines_say(
        one,
        said.numbers(line, "LineExtensionAmount"),
        said.numbers(line, quantity),
        said.numbers(line, "Price", "PriceAmount"),
    )


def _says_cii(one: EInvoice, data: bytes) -> None:
    paper, said = one.paper, read(data)
    totals = "/SpecifiedTradeSettlementHeaderMonetarySummation"
    assert said.number(totals, "LineTotalAmount") == paper.subtotal
    assert said.number(totals, "TaxBasisTotalAmount") == paper.subtotal
    assert said.number(totals, "TaxTotalAmount") == paper.total - paper.subtotal
    assert said.number(totals, "GrandTotalAmount") == paper.total
    assert said.number(totals, "TotalPrepaidAmount") == paper.paid
    assert said.number(totals, "DuePayableAmount") == paper.total - paper.paid
    line = "/IncludedSupplyChainTradeLineItem"
    sums = "SpecifiedTradeSettlementLineMonetarySummation"
    price = ("SpecifiedLineTradeAgreement", "NetPriceProductTradePrice", "ChargeAmount")
    _lines_say(
        one,
        said.numbers(line, "SpecifiedLineTradeSettlement", sums, "LineTotalAmount"),
        said.numbers(line, "SpecifiedLineTradeDelivery", "BilledQuantity"),
        said.numbers(line, *price),
    )


def _lines_say(
    one: EInvoice, amounts: list[Decimal], quantities: list[Decimal], prices: list[Decimal]
) -> None:
    assert amounts == [line.amount for line in one.paper.lines]
    for amount, quantity, price in zip(amounts, quantities, prices, strict=True):
        assert price >= 0
        assert money.rounded(quantity * price, "EUR") == amount


# --- what is said -----------------------------------------------------------------------------------


def test_a_line_that_no_price_explains_is_one_piece_and_says_of_what():
    tiers = row(Line("Calls", D("121.73"), quantity=D("12345.5")), INVOICE)
    assert (tiers.quantity, tiers.price, tiers.note) == (D(1), D("121.73"), "Quantity: 12,345.5")
    german = replace(INVOICE, language=Language.DE)
    rest = row(Line("Rest", D("-3.20"), share=Share(10, 31), quantity=D(5)), german)
    assert (rest.quantity, rest.price) == (D(-1), D("3.20"))
    assert rest.note == "Menge: 5; 0 von 0 Tagen"
    usage = row(Line("Calls", D("0.20"), quantity=D(100), unit_price=D("0.002")), INVOICE)
    assert (usage.quantity, usage.price, usage.note) == (D(100), D("0.002"), None)
    calls = Line("Calls", D(126), quantity=D("12.5"), unit_price=D("10.05"))  # 125.625
    yen = row(calls, simple(calls, currency="JPY"))
    assert (yen.quantity, yen.price, yen.note) == (D(1), D(126), "Quantity: 12.5")
    assert row(Line("   ", D(1)), INVOICE).name == "–"
    discount = row(Line("Off", D("-5.00"), quantity=D("2.5"), unit_price=D(-2)), INVOICE)
    assert (discount.quantity, discount.price) == (D("-2.5"), D(2))


@pytest.mark.parametrize(
    ("change", "means"),
    [
        ({}, "58"),
        ({"currency": "USD"}, "30"),
        ({"payment": None}, "1"),
        ({"paid": INVOICE.total, "due": D(0)}, "1"),
    ],
)
def test_the_way_to_pay_is_told_as_a_code(change: dict[str, Any], means: str):
    one = replace(WHOLE, paper=replace(INVOICE, **change))
    said = read(written(one, Format.UBL))
    assert said.texts("/PaymentMeans", "PaymentMeansCode") == [means]
    account = said.texts("/PayeeFinancialAccount", "ID")
    assert account == (["DE89370400440532013000"] if means in {"58", "30"} else [])
    assert read(written(one, Format.CII)).texts("/IBANID") == account


def test_a_credit_note_names_what_it_corrects_and_is_no_invoice():
    said = read(written(CREDIT, Format.UBL))
    assert said.texts("/CreditNoteTypeCode") == ["381"]
    assert said.texts("/BillingReference", "InvoiceDocumentReference", "ID") == [
        "2027-000042",
        "2027-000043",
    ]
    assert said.texts("/PaymentDueDate") == ["2027-02-01"]  # made good at once
    assert read(written(CREDIT, Format.CII)).texts("/IssuerAssignedID") == [
        "2027-000042",
        "2027-000043",
    ]


@pytest.mark.parametrize(
    ("one", "code", "text"),
    [
        (taxed(TaxCategory.STANDARD, "19"), [], []),
        (taxed(TaxCategory.ZERO), [], []),
        (taxed(TaxCategory.EXEMPT, reason="§ 19 UStG"), [], ["§ 19 UStG"]),
        (taxed(TaxCategory.EXEMPT), [], ["Exempt from VAT."]),
        (
            taxed(TaxCategory.REVERSE_CHARGE),
            ["VATEX-EU-AE"],
            ["Reverse charge: VAT is to be accounted for by the recipient."],
        ),
        (taxed(TaxCategory.OUTSIDE_SCOPE), ["VATEX-EU-O"], ["Outside the scope of VAT."]),
    ],
)
def test_why_no_tax_is_charged_is_told(one: EInvoice, code: list[str], text: list[str]):
    said = read(written(one, Format.UBL))
    assert said.texts("/TaxExemptionReasonCode") == code
    assert said.texts("/TaxExemptionReason") == text
    assert read(written(one, Format.CII)).texts("/ExemptionReason") == text


# --- XML --------------------------------------------------------------------------------------------


def test_nothing_empty_is_written():
    assert leaf("a", None) is None
    assert leaf("a", " \n") is None
    assert group("a", leaf("b", ""), group("c")) is None


def test_what_xml_cannot_hold_is_replaced_and_markup_is_text():
    one = leaf("a", "<b>&\x00\x1f\ud800\uffff]]>\r", x='"<\n')
    assert one is not None
    assert read(render(one, {})).root.text == "<b>&\ufffd\ufffd\ufffd\ufffd]]>"
    assert read(render(one, {})).root.attrib == {"x": '"<\n'}
    assert render(Element("a"), {}) == b'<?xml version="1.0" encoding="UTF-8"?>\n<a/>\n'
