"""CSV: what is seen from the file, what a mapping says, and what is refused rather than guessed."""

from datetime import date
from decimal import Decimal

import pytest

from usance.core.refusals import Refusal
from usance.statements.columns import Column, DayOrder, Mapping
from usance.statements.reading import read
from usance.statements.text import decoded


def amounts(rows: str, mapping: Mapping | None = None) -> list[Decimal]:
    found = read(rows.encode(), name=None, mapping=mapping or Mapping(currency="EUR"))
    return [each.amount for each in found.entries]


def refused(rows: str | bytes, mapping: Mapping | None = None) -> str:
    content = rows if isinstance(rows, bytes) else rows.encode()
    with pytest.raises(Refusal) as caught:
        read(content, name=None, mapping=mapping)
    return caught.value.message


@pytest.mark.parametrize(
    ("written", "exact"),
    [
        ("1234,56", "1234.56"), ("1.234,56", "1234.56"), ("-1.234,56", "-1234.56"),
        ("1234.56", "1234.56"), ("1,234.56", "1234.56"), ("(1,234.56)", "-1234.56"),
        ("1 234,56", "1234.56"), ("1\u202f234,56", "1234.56"), ("1'234.56", "1234.56"),
        ("12,34,567.89", "1234567.89"), ("1.234.567", "1234567"), ("+5,00 EUR", "5"),
        ("€ 5,00", "5"), ("5,00-", "-5"), ("\u22125,00", "-5"), ("5,00 S", "-5"), ("5,00 H", "5"),
        ("EUR -5.00", "-5"), (".50", "0.5"), ("100", "100"), ("0,5", "0.5"),
    ],
)  # fmt: skip
def test_an_amount_however_it_is_written(written, exact):
    assert amounts(f"Datum\tBetrag\n05.01.2026\t{written}\n") == [Decimal(exact)]


@pytest.mark.parametrize(
    "written",
    ["=1+2", "abc", "--5", "1,2,3", "1.2.3,4", "(5", "5)", "1e5", "NaN", "5,", "12.34,567.8", "€5 USD",
     "-(5,00)", "1 2345,00", "0x10", "١٢", "5,00%"],
)  # fmt: skip
def test_what_is_no_amount_is_refused_by_its_line(written):
    message = refused(f"Datum\tBetrag\n05.01.2026\t{written}\n", Mapping(currency="EUR"))
    assert message.startswith("Line 2:")


def test_amounts_that_may_be_two_are_refused_unless_another_row_or_the_mapping_tells():
    head = "Datum;Betrag;Währung\n05.01.2026;1.234;KWD\n"
    assert "may be read in two ways" in refused(head)
    assert amounts(head + "05.01.2026;1,500;KWD\n05.01.2026;12,5;KWD\n")[0] == 1234
    assert amounts(head, Mapping(decimal=".")) == [Decimal("1.234")]
    assert amounts(head, Mapping(decimal=",")) == [1234]
    assert "may be read in two ways" in refused(head + "05.01.2026;1,5;KWD\n05.01.2026;1.5;KWD\n")


@pytest.mark.parametrize(
    ("header", "written", "day"),
    [
        ("Datum", "05.01.2026", "2026-01-05"), ("Datum", "5.1.26", "2026-01-05"),
        ("Date", "2026-01-05", "2026-01-05"), ("Date", "20260105", "2026-01-05"),
        ("Date", "2026-01-05T10:00:00Z", "2026-01-05"), ("Date", "01/31/2026", "2026-01-31"),
        ("Date", "31/01/2026", "2026-01-31"), ("Datum", "05-01-2026", "2026-01-05"),
        ("Date", "5 Jan 2026", "2026-01-05"), ("Date", "Jan 5, 2026", "2026-01-05"),
        ("Date", "01/31/2026 10:11 AM", "2026-01-31"), ("Date", "05/05/2026", "2026-05-05"),
    ],
)  # fmt: skip
def test_a_day_however_it_is_written(header, written, day):
    content = f"{header};Amount;Currency\n{written};1.50;EUR\n".encode()
    (found,) = read(content, name=None, mapping=None).entries
    assert found.booked_on == date.fromisoformat(day)


def test_days_that_may_be_two_are_refused_unless_another_row_or_the_mapping_tells():
    head = "Date,Amount,Currency\n03/04/2026,1.50,USD\n"

    def day(rows, mapping=None):
        return read(rows.encode(), name=None, mapping=mapping).entries[0].booked_on

    assert "Line 2: '03/04/2026' may be two days" in refused(head)
    assert day(head + "04/30/2026,1.50,USD\n") == date(2026, 3, 4)
    assert day(head + "30/04/2026,1.50,USD\n") == date(2026, 4, 3)
    assert day(head, Mapping(day_order=DayOrder.MONTH_FIRST)) == date(2026, 3, 4)
    assert "may be two days" in refused(head + "30/04/2026,1,USD\n04/30/2026,1,USD\n")
    assert "Line 2: '31/02/2026' is no date" in refused(head.replace("03/04", "31/02"))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("Datum;Betrag\n05.01.2026;1,00\n", "Line 2: The file does not say its currency"),
        ("Datum;Betrag;Währung\n05.01.2026;1,00;XXX\n", "Line 2: 'XXX' is not a currency"),
        ("Datum;Betrag;Währung\n05.01.2026;1,00 USD;EUR\n", "Line 2: The row is in 'EUR'"),
        ("Datum;Betrag;Währung\n05.01.2026;1,50;JPY\n", "Line 2: 1.50 has more decimals than JPY"),
        ("Datum;Betrag;Währung\n05.01.2026;1,00\n", "Line 2: The row has 2 cells, the header 3"),
        ("Datum;Betrag (EUR)\n05.01.2026;1,00;x\n", "Line 2: The row has more cells"),
        ('Datum;Betrag (EUR)\n05.01.2026;"1,00\n', "Line 2: The CSV is broken: unexpected end"),
        ("Datum;Soll;Haben;Währung\n05.01.2026;1,00;2,00;EUR\n", "Line 2: The row has a debit and"),
        ("Datum;Af Bij;Bedrag (EUR)\n05.01.2026;Weg;1,00\n", "Line 2: 'Weg' does not say whether"),
        ("Datum;Af Bij;Bedrag (EUR)\n05.01.2026;Bij;-1,00\n", "Line 2: 'Bij' does not say whether"),
        ("a;b\n1;2\n", "no header with a day and an amount"),
        ("Datum;Betrag (EUR)\n" + "x;1,00\n" * 1_001, "Line 1002: More than 1,000 rows"),
    ],
)  # fmt: skip
def test_a_row_that_contradicts_itself_refuses_the_file(rows, said):
    assert said in refused(rows)


def test_debit_and_credit_columns_whatever_their_sign():
    rows = "Datum;Soll;Haben\n05.01.2026;1,00;\n05.01.2026;-2,00;\n05.01.2026;;3,00\n05.01.2026;0,00;4,00\n"
    assert amounts(rows) == [-1, -2, 3, 4]


def test_a_mapping_names_the_columns_of_a_file_that_nobody_knows():
    columns = {Column.BOOKED_ON: "wann", Column.AMOUNT: "wieviel", Column.TEXT: "wozu"}
    rows = "Bank X;;\nwozu;wann;wieviel;Betrag\nINV-1;2026-01-05;1.50;999\n"
    (found,) = read(
        rows.encode(), name=None, mapping=Mapping(columns=columns, currency="EUR")
    ).entries
    assert (found.text, found.amount, found.booked_on) == (
        "INV-1",
        Decimal("1.50"),
        date(2026, 1, 5),
    )
    gone = {**columns, Column.NAME: "wer"}
    assert "no column 'wer'" in refused(rows, Mapping(columns=gone, currency="EUR"))
    other = {**columns, Column.BOOKED_ON: "when"}
    assert "No row has the columns" in refused(rows, Mapping(columns=other))


def test_a_mapping_counts_the_columns_of_a_file_without_a_header():
    columns = {Column.BOOKED_ON: 1, Column.AMOUNT: 3, Column.NAME: 2}
    mapping = Mapping(columns=columns, currency="EUR", account="DE 1")
    (found,) = read(b"2026-01-05|Muster|1.50\n", name=None, mapping=mapping).entries
    assert (found.payer_name, found.amount, found.account) == ("Muster", Decimal("1.50"), "DE1")
    assert "names no column of the day" in refused("1;2\n", Mapping(columns={Column.AMOUNT: 1}))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be",
                                      "windows-1252", "iso-8859-1", "cp850"])  # fmt: skip
def test_an_encoding_is_seen(encoding):
    text = "Buchungstag;Betrag;Währung;Name\n05.01.2026;1,50;EUR;Müller\n"
    assert decoded(text.encode(encoding)) == text


def test_an_encoding_that_is_said_is_kept_to():
    assert decoded("Müller".encode("cp850"), "cp850") == "Müller"
    assert decoded("Müller".encode("utf-16"), "utf-16") == "Müller"
    assert "Line 1: The file is not UTF-8" in refused(
        "Müller".encode("latin-1"), Mapping(encoding="utf-8")
    )
    assert "The encoding is one of" in refused("x", Mapping(encoding="rot13"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("Müller Söhne\n".encode() + b"\xfc\n", "Line 2: The byte 0xfc is not UTF-8"),
        ("Datum;Müller M".encode() + b"\xc3", "Line 1: The byte 0xc3 is not UTF-8"),
        (b"Datum\n\x00\x01\n", "Line 2: There is a character that no text has"),
        (b"", "The file is empty"),
        (b" \n ", "The file is empty"),
        (b"%PDF-1.7", "The file is a PDF"),
        (b"PK\x03\x04", "ZIP archive or an Excel workbook"),
        (b"\xd0\xcf\x11\xe0", "an Excel workbook"),
        (b"\x1f\x8b", "compressed"),
        (b"OFXHEADER:100", "OFX"),
        (b"!Type:Bank", "QIF"),
    ],
)  # fmt: skip
def test_what_is_no_text_is_refused(content, said):
    assert said in refused(content)
