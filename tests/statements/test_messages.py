"""MT940 and camt.053: what the golden files do not show, and where the package for MT940 is not followed."""

from decimal import Decimal

import pytest
from tests.statements.golden import FILES

from usance.core.refusals import Refusal
from usance.statements import mt940_details
from usance.statements.entries import Statement
from usance.statements.reading import read

HEAD = ":20:1\n:25:DE89370400440532013000\n:28C:1/1\n:60F:C260101EUR0,\n"
LAST = ":62F:C260131EUR1,\n"
CAMT = (FILES / "camt-02.xml").read_bytes()


def statement(content: str | bytes) -> Statement:
    text = content.encode() if isinstance(content, str) else content
    return read(text, name=None, mapping=None)


def refused(content: str | bytes) -> str:
    with pytest.raises(Refusal) as caught:
        statement(content)
    return caught.value.message


@pytest.mark.parametrize(
    ("line", "amount"),
    [
        ("260105C1,00NTRFX", "1.00"),
        ("260105D1,00NTRFX", "-1.00"),
        ("260105RC1,00NTRFX", "-1.00"),  # a credit that is taken back
        ("260105RD1,00NTRFX", "1.00"),
        ("2601050105CR1234,5NTRFX", "1234.50"),
        ("260105C1234.56NTRFX", "1234.56"),  # the package's own rule reads 1234
        ("260105C999999999999,99NTRFX", "999999999999.99"),
        ("260105C5,", "5.00"),
    ],
)
def test_a_line_has_the_whole_of_its_amount(line, amount):
    (found,) = statement(f"{HEAD}:61:{line}\n{LAST}").entries
    assert found.amount == Decimal(amount)


def test_lines_without_a_code_are_not_merged():
    found = statement(f"{HEAD}:61:260105C1,\n:61:260105C2,\n:61:260105C3,\n{LAST}").entries
    assert [each.amount for each in found] == [1, 2, 3]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (":61:260105C1.234,56NTRFX\n", "Line 5: Field 61 cannot be read"),
        (":61:260105C1,001NTRFX\n", "Line 5: 1.001 has more decimals than EUR"),
        (":61:260105C12345678901234567,00NTRFX\n", "Line 5: Field 61"),
        (":61:261305C1,00NTRFX\n", "Line 5: Field 61"),
        (":61:2601050230C1,00NTRFX\n", "Line 5: Field 61"),
        (":61:260105C1,NTRFX\n:86:a\n:61:260105X1,00NTRFX\n", "Line 7: Field 61"),
        (":61:260105C,5NTRFX\n", "Line 5: Field 61"),
    ],
)
def test_a_line_that_cannot_be_read_refuses_the_file(lines, said):
    assert said in refused(HEAD + lines + LAST)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEAD, "no first or no last balance"),
        (HEAD + ":61:260105C1,NTRFX\n:62", "no first or no last balance"),
        (HEAD + ":62F:C2601", "The closing balance: 'C2601' is no balance"),
        (HEAD + ":60F:C260101USD0,\n" + LAST, "There are two of them"),
        (HEAD.replace(":25:DE89370400440532013000\n", "") + ":61:260105C1,NTRFX\n" + LAST, "no field :25:"),
        (":61:260105C1,NTRFX\n" + HEAD + LAST, "before the first field :20:"),
        (":20:1\n:25:1\n:34F:EUR0,\n:61:260105C1,NTRFX\n", "an interim one"),
    ],
)  # fmt: skip
def test_a_statement_that_is_not_whole_is_refused(content, said):
    assert said in refused(content)


def test_balances_that_do_not_fit_and_odd_fields_are_noted():
    found = statement(f"{HEAD}:61:260105C5,NTRFX\n:86:a\n:99:b\n:61:260105C0,NTRFX\n{LAST}")
    assert [each.amount for each in found.entries] == [5]
    assert [each.where for each in found.notes] == ["line 1", "line 8", "line 7"]
    assert "the balances go from 0 EUR to 1 EUR" in found.notes[0].text


@pytest.mark.parametrize(
    "content", [f"{HEAD}:61:260105C1,NTRFX\n{LAST}".encode(), CAMT], ids=["MT940", "camt"]
)
def test_a_statement_that_stands_in_a_file_twice_is_read_once(content):
    start, end = (b"<Stmt>", b"</Stmt>") if content is CAMT else (b":20:", b"\n")
    one = content[content.index(start) : content.rindex(end) + len(end)]
    found = statement(content.replace(one, one + b"\n" + one))
    assert found.entries == statement(content).entries
    assert "stands in the file twice" in " ".join(each.text for each in found.notes)


def test_balances_of_a_camt_that_do_not_fit_are_noted():
    assert not any("balances" in each.text for each in statement(CAMT).notes)
    found = statement(CAMT.replace(b">381.00<", b">381.01<"))
    assert any("the balances 281.01" in each.text for each in found.notes)


def test_a_batch_whose_payments_do_not_make_its_sum_stays_whole():
    found = statement(CAMT.replace(b">200.00<", b">199.00<")).entries
    assert [each.amount for each in found] == [119, 300, -19, -119]
    assert found[1].text == "RF36INV202600042"


@pytest.mark.parametrize(
    ("field", "text", "name"),
    [
        ("166?00X?20SVWZ+a?21b?32N", "a b", "N"),
        ("166?20" + "x" * 27 + "?21y", "x" * 27 + "y", ""),
        ("?20no code?32N", "no code", "N"),
        ("166?20Was?nun?32N", "Was?nun", "N"),
        ("EREF+1 SVWZ+text ABWA+N", "text", "N"),
        ("just words", "just words", ""),
        ("/NAME/N/REMI/USTD//words/", "words", "N"),
        ("", "", ""),
    ],
)
def test_field_86_however_it_is_written(field, text, name):
    found = mt940_details.read(field)
    assert (found.text, found.name) == (text, name)
