"""What stands on a document, before it is set."""

from dataclasses import replace
from datetime import date

import pytest
from tests.documents.papers import INVOICE, LINES, NOTE, PAYMENT, SELLER, D, simple

from usance.documents import layout
from usance.documents.layout import Row, Sheet
from usance.documents.paper import (
    Days,
    Kind,
    Language,
    Line,
    Mark,
    Paper,
    Payment,
    Share,
    Tax,
    TaxCategory,
)


def _sheet(paper: Paper) -> Sheet:
    return layout.sheet(paper, logo=None)[0]


def _row(line: Line, **changes: object) -> Row:
    (row,) = _sheet(simple(line, **changes))["rows"]
    return row


def _facts(paper: Paper) -> dict[str, str]:
    return dict(_sheet(paper)["facts"])


# --- the paper ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"subtotal": D("1206.55"), "total": D("1435.80")}, "Σ lines"),
        ({"total": D("1435.80")}, "its taxes"),
        ({"paid": D("0.001")}, "whole"),
        ({"accent": "red"}, "colour"),
        ({"accent": '#112233"'}, "colour"),
        ({"number": None}, "number"),
        ({"issued_on": None}, "its day"),
    ],
)
def test_a_paper_that_does_not_add_up_is_not_made(changes: dict[str, object], broken: str):
    with pytest.raises(AssertionError, match=broken):
        replace(INVOICE, **changes)  # type: ignore[arg-type]


def test_a_draft_needs_neither_number_nor_day():
    draft = replace(INVOICE, mark=Mark.DRAFT, number=None, issued_on=None)
    assert _sheet(draft)["description"] == "Invoice Draft"


def test_days_run_forwards_and_a_share_is_a_part():
    with pytest.raises(AssertionError):
        Days(date(2027, 1, 2), date(2027, 1, 1))
    with pytest.raises(AssertionError):
        Share(2, 1)
    with pytest.raises(AssertionError):
        Share(0, 0)


def test_what_is_not_taxed_has_no_tax():
    with pytest.raises(AssertionError):
        Tax(TaxCategory.REVERSE_CHARGE, D(0), D(1), D("0.01"))


# --- the head -------------------------------------------------------------------------------------


def test_the_head_tells_what_is_known_and_leaves_out_the_rest():
    assert _facts(replace(INVOICE, language=Language.DE, days=None, purchase_order="PO 7")) == {
        "Rechnungsnummer": "2027-000042",
        "Ausstellungsdatum": "01.02.2027",
        "Fällig am": "15.02.2027",
        "Bestellnummer": "PO 7",
    }


def test_a_credit_note_names_what_it_corrects_and_has_nothing_to_pay():
    sheet = _sheet(NOTE)
    assert sheet["title"] == "Credit note"
    assert ["Corrects invoice", "2027-000042, 2027-000043"] in sheet["facts"]
    assert sheet["hero"] == ["Amount credited", "€1,435.81", ""]
    assert sheet["total"] == ["Total credited", "€1,435.81"]
    assert sheet["after"] == []
    assert sheet["way"] is None


def test_the_amount_that_is_looked_for_has_its_day():
    assert _sheet(INVOICE)["hero"] == ["Amount due", "€1,435.81", "Due Feb 15, 2027"]
    part = replace(INVOICE, paid=D("1000.00"), due=D("435.81"))
    assert _sheet(part)["hero"][1] == "€435.81"
    assert _sheet(part)["after"] == [["Paid", "−€1,000.00"], ["Amount due", "€435.81"]]
    paid = replace(INVOICE, paid=INVOICE.total, due=D(0), mark=Mark.PAID)
    assert _sheet(paid)["hero"] == ["Amount due", "€0.00", ""], "nothing is due, on no day"


# --- the lines ------------------------------------------------------------------------------------


def test_columns_that_nobody_fills_are_left_out():
    assert list(_sheet(simple(Line("Setup", D(5))))["headings"]) == ["text", "amount"]
    counted = Line("Seats", D(5), quantity=D(5))
    assert list(_sheet(simple(counted))["headings"]) == ["text", "amount", "quantity"]
    assert "unit" in _sheet(simple(replace(counted, unit="seats")))["headings"]


def test_the_rate_has_a_column_where_there_are_several():
    lines = (Line("A", D(100), tax_rate=D(20)), Line("B", D(10), tax_rate=D("5.5")))
    taxes = (
        Tax(TaxCategory.STANDARD, D(20), D(100), D(20)),
        Tax(TaxCategory.STANDARD, D("5.5"), D(10), D("0.55")),
    )
    one = simple(lines[0], taxes=taxes[:1], total=D(120))
    both = simple(*lines, taxes=taxes, total=D("130.55"))
    assert "rate" not in _sheet(one)["headings"]
    assert _sheet(both)["headings"]["rate"] == "VAT"
    assert [row["rate"] for row in _sheet(both)["rows"]] == ["20%", "5.5%"]


def test_numbers_lack_what_others_have_behind_the_mark():
    rows = _sheet(replace(INVOICE, language=Language.DE))["rows"]
    assert [row["quantity"] for row in rows] == [
        {"text": "1", "pad": ",00"},
        {"text": "12.345,5", "pad": "0"},
        None,
        {"text": "0,25", "pad": ""},
    ]
    assert rows[0]["price"] == {"text": "49,00", "pad": ""}
    whole = _sheet(simple(Line("A", D(1), quantity=D(1)), Line("B", D(1), quantity=D(2))))["rows"]
    assert [row["quantity"] for row in whole] == [
        {"text": "1", "pad": ""},
        {"text": "2", "pad": ""},
    ]


@pytest.mark.parametrize(
    ("language", "currency", "amount", "figure"),
    [
        # As far from the edge as the sums, which have their currency behind them.
        (Language.DE, "EUR", "-1234.5", ("−1.234,50", "\N{NO-BREAK SPACE}€")),
        (Language.EN, "USD", "-1234.5", ("−1,234.50", "")),
        (Language.NL, "EUR", "1234.5", ("1.234,50", "")),
        (Language.JA, "JPY", "1234", ("1,234", "")),
    ],
)
def test_amounts_stand_above_the_sums(
    language: Language, currency: str, amount: str, figure: tuple[str, str]
):
    row = _row(Line("A", D(amount)), language=language, currency=currency)
    assert (row["amount"]["text"], row["amount"]["pad"]) == figure


def test_tiers_tell_how_the_amount_came_about():
    tiers = _sheet(INVOICE)["rows"][1]["tiers"]
    assert [[f["text"] for f in tier] for tier in tiers] == [
        ["0 – 1,000", "1,000", "0.02", "20.00", ""],
        ["1,000 – 10,000", "9,000", "0.01", "90.00", ""],
        ["> 10,000", "2,345.5", "0.005", "11.7275", ""],
    ]
    assert [tier[3]["pad"] for tier in tiers] == ["00", "00", ""]
    fee = replace(LINES[1], tiers=(replace(LINES[1].tiers[0], flat_fee=D(5)),))
    assert _row(fee)["tiers"][0][4]["text"] == "plus a flat fee of €5.00"


def test_what_a_plan_includes_is_told():
    line = Line("Calls", D("33.46"), quantity=D("2345.5"), included=D(1000))
    assert _row(line)["notes"] == ["1,000 of them included"]
    assert _row(line, language=Language.JA)["notes"] == ["うち無料分 1,000"]


def test_a_share_and_days_and_a_note_stand_below():
    line = Line("Team", D(1), LINES[0].days, share=LINES[2].share, note="from Pro\nto Team")
    assert _row(line)["notes"] == [
        "Jan 1, 2027 – Jan 31, 2027",
        "10 of 31 days",
        "from Pro",
        "to Team",
    ]


def test_each_row_knows_the_sum_so_far():
    sums = [row["sum"]["text"] for row in _sheet(INVOICE)["rows"]]
    assert sums == ["49.00", "170.73", "1,204.06", "1,206.56"]


def test_long_rows_may_go_over_to_the_next_page():
    assert _row(LINES[1])["whole"]
    assert not _row(replace(LINES[1], tiers=LINES[1].tiers * 33))["whole"]
    assert not _row(Line("\n".join("abc") * 20, D(1)))["whole"]


# --- taxes and payment ----------------------------------------------------------------------------


def test_each_tax_has_its_row_and_each_reason_stands_once():
    lines = (Line("A", D(100)),)
    taxes = (
        Tax(TaxCategory.STANDARD, D(19), D(40), D("7.60"), name="Sales tax"),
        Tax(TaxCategory.REVERSE_CHARGE, D(0), D(30), D(0)),
        Tax(TaxCategory.REVERSE_CHARGE, D(0), D(20), D(0)),
        Tax(TaxCategory.EXEMPT, D(0), D(10), D(0), note="Section 4 no. 21"),
    )
    sheet = _sheet(simple(*lines, taxes=taxes, total=D("107.60")))
    assert sheet["sums"] == [
        ["Subtotal", "€100.00"],
        ["Sales tax 19% on €40.00", "€7.60"],
        ["VAT 0% on €30.00", "€0.00"],
        ["VAT 0% on €20.00", "€0.00"],
        ["VAT 0% on €10.00", "€0.00"],
    ]
    assert sheet["reasons"] == [
        "Reverse charge: VAT is to be accounted for by the recipient.",
        "Section 4 no. 21",
    ]


@pytest.mark.parametrize("category", sorted(set(TaxCategory) - {TaxCategory.STANDARD}))
def test_no_tax_goes_without_a_reason(category: TaxCategory):
    tax = Tax(category, D(0), D(5), D(0))
    assert _sheet(simple(Line("A", D(5)), taxes=(tax,)))["reasons"]


def test_a_code_is_made_where_it_can_be():
    sheet, pictures = layout.sheet(INVOICE, logo=None)
    assert sheet["way"] is not None
    assert sheet["way"]["code"] in pictures
    assert ["IBAN", "DE89 3704 0044 0532 0130 00"] in sheet["way"]["rows"]


OTHER = Payment("INV-42", bank="First Bank", other=(("Routing number", "021000021"),))


@pytest.mark.parametrize(
    "changes",
    [
        {"currency": "USD"},
        {"payment": OTHER},
        {"payment": replace(PAYMENT, iban="DE00")},
        {"payment": replace(PAYMENT, holder="h" * 71)},
    ],
)
def test_without_a_code_the_reference_is_told_in_words(changes: dict[str, object]):
    paper = replace(INVOICE, **changes)  # type: ignore[arg-type]
    sheet, pictures = layout.sheet(paper, logo=None)
    assert sheet["way"] is not None
    assert sheet["way"]["code"] is None
    assert pictures == {}
    assert paper.payment is not None
    assert f"reference {paper.payment.reference}." in sheet["way"]["sentence"]


def test_without_a_day_it_is_just_asked_for():
    way = _sheet(replace(INVOICE, due_on=None))["way"]
    assert way is not None
    assert way["sentence"] == "Please transfer €1,435.81 and give the reference RF18539007547034."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mark": Mark.DRAFT}, "This draft is not an invoice. Please do not pay it."),
        ({"mark": Mark.VOID}, "This document is void. Please do not pay it."),
        ({"mark": Mark.PAID}, None),
        ({"due": D(0)}, None),
        ({"due": D("-1.00")}, None),
        ({"payment": None}, None),
        ({"kind": Kind.CREDIT_NOTE}, None),
    ],
)
def test_what_is_not_to_be_paid_asks_for_no_payment(changes: dict[str, object], said: str | None):
    sheet, pictures = layout.sheet(replace(INVOICE, **changes), logo=None)  # type: ignore[arg-type]
    assert pictures == {}
    assert (sheet["way"] and sheet["way"]["sentence"]) == said
    assert (sheet["way"] or {"rows": []})["rows"] == []


def test_a_void_invoice_has_nothing_after_its_total():
    void = replace(INVOICE, mark=Mark.VOID, paid=D(5), due=D(0))
    assert _sheet(void)["after"] == []


def test_the_foot_has_columns_for_what_there_is():
    footer = ("Managing director: Ada", "Bank: Commerzbank")
    seller = replace(SELLER, email="ada@northwind.example")
    assert _sheet(replace(INVOICE, seller=seller, footer=footer))["foot"] == [
        ["Northwind Metering GmbH", "Torstraße 140", "10119 Berlin", "Germany"],
        ["ada@northwind.example", "+49 30 1234567"],
        ["VAT ID DE123456789", "HRB 98765, Amtsgericht Charlottenburg"],
        list(footer),
    ]
    bare = replace(SELLER, address=(), email=None, phone=None, tax_id=None, registration=None)
    assert _sheet(replace(INVOICE, seller=bare))["foot"] == [["Northwind Metering GmbH"]]


# --- texts of others ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("  Ada \t Lovelace\n", "Ada Lovelace"),
        ("a\x00b\x1bc\x7f", "a b c"),
        ("a\u2028b\u2029c\x85d", "a b c d"),
        ("50 \u202eDSU 05\u202c", "50 DSU 05"),  # would print what follows from right to left
        ("\u2067a\u2069\u200e", "a\u200e"),  # a mark of direction turns nothing around
        ("a\ud800b", "a\ufffdb"),
        ('#import "x" $y$ \\ *z* {reference}', '#import "x" $y$ \\ *z* {reference}'),
        ("شركة النور", "شركة النور"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("", ""),
    ],
)
def test_a_text_is_cleaned_of_what_cannot_be_printed(given: str, shown: str):
    assert layout.one_line(given) == shown


def test_words_longer_than_a_column_can_be_broken_and_others_are_not():
    word = "Donaudampfschifffahrtsge"  # 24
    assert layout.one_line(word) == word
    long = layout.one_line(f"{word}s x")
    assert "\u200b" in long
    assert long.replace("\u200b", "") == f"{word}s x"
    # Never between a letter and its accent, nor inside a joined emoji.
    accents = layout.one_line("e\u0301" * 30)
    assert "\u200b\u0301" not in accents
    assert "\u200d\u200b" not in layout.one_line("👩\u200d🚀" * 30)
    assert "\u200b\u200d" not in layout.one_line("👩\u200d🚀" * 30)


def test_braces_in_a_reference_are_just_braces():
    way = _sheet(replace(INVOICE, payment=replace(PAYMENT, reference="{amount}{0}{x!r}")))["way"]
    assert way is not None
    assert "reference {amount}{0}{x!r}." in way["sentence"]


def test_blocks_are_lines_without_empty_ones():
    assert layout.block(["a\r\n\r\nb", "", " \n", "c"]) == ["a", "b", "c"]
