"""Files that are broken, cut off, huge or hostile: refused or read whole, never anything else."""

import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.statements.golden import FILES
from tests.statements.render import as_csv, camt053, mt940
from tests.statements.test_golden import MAPPINGS, golden_files, read_file

from usance.core.refusals import Code, Refusal
from usance.statements import entries as bounds
from usance.statements.entries import Statement
from usance.statements.reading import read

CAMT = (FILES / "camt-02.xml").read_bytes()


def refusal(content: bytes, **said) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read(content, name=said.pop("name", None), mapping=said.pop("mapping", None))
    assert caught.value.code is Code.VALIDATION_FAILED
    assert caught.value.field == "file"
    return caught.value


def read_or_refused(content: bytes, path) -> Statement | None:
    """Return what is read, or None if it is refused; anything else is a mistake."""
    try:
        return read(content, name=path.name, mapping=MAPPINGS.get(path.name))
    except Refusal as said:
        refused = said
    assert (refused.code, refused.field) == (Code.VALIDATION_FAILED, "file")
    assert refused.message.isprintable()
    return None


@pytest.mark.parametrize("path", golden_files(), ids=lambda path: path.name)
def test_a_file_cut_off_anywhere_is_refused_or_read(path):
    """What is read of it are entries that the whole file has, but for the last one of a CSV."""
    content = path.read_bytes()
    whole = list(read_file(path).entries)
    cut_csv = 0
    for length in range(len(content)):
        found = read_or_refused(content[:length], path)
        if found is None:
            continue
        kept = list(found.entries)
        if path.suffix == ".csv":
            # A row whose last cell was cut looks like a row; all before it are whole.
            cut_csv += 1
            kept = kept[:-1]
        assert kept == whole[: len(kept)]
    if path.suffix == ".xml":
        assert read_or_refused(content.rstrip()[:-1], path) is None
    assert path.suffix != ".csv" or cut_csv


@pytest.mark.parametrize("path", golden_files(), ids=lambda path: path.name)
def test_a_file_with_any_byte_flipped_is_refused_or_read(path):
    content = bytearray(path.read_bytes())
    refused = 0
    for at in range(len(content)):
        for bit in (1 << at % 8, 0xFF):
            content[at] ^= bit
            refused += read_or_refused(bytes(content), path) is None
            content[at] ^= bit
    assert refused


@given(st.binary(max_size=300))
@example(b":20:\n:61:")
@example(b"<a")
@example(b"\xff\xfe\x00")
@example(b"Date;Amount\n;\n")
def test_noise_is_refused_or_read(content):
    read_or_refused(content, Path("noise"))


@given(st.lists(st.sampled_from(sorted({each for path in golden_files()
                                        for each in path.read_bytes().split(b"\n")})), max_size=12))  # fmt: skip
def test_lines_of_many_files_in_one_are_refused_or_read(lines):
    read_or_refused(b"\n".join(lines), Path("lines"))


# XML -----------------------------------------------------------------------------------------------

LAUGHS = "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(10)
)  # fmt: skip


@pytest.mark.parametrize(
    "doctype",
    [
        f"<!DOCTYPE Document [{LAUGHS}]>",
        '<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE Document SYSTEM "http://127.0.0.1:1/a.dtd">',
        '<!DOCTYPE Document [<!ENTITY % p SYSTEM "http://127.0.0.1:1/p">%p;]>',
        "<!DOCTYPE Document>",
    ],
    ids=["billion laughs", "a file", "a DTD", "a parameter entity", "nothing"],
)
def test_a_document_type_is_refused(doctype):
    content = CAMT.replace(b"<Document ", doctype.encode() + b"<Document ", 1)
    assert "document type is refused" in refusal(content).message
    assert refusal(content).message.startswith("Line 2:")


def test_an_entity_that_nobody_declared_is_refused():
    assert "undefined entity" in refusal(CAMT.replace(b"&amp;", b"&l9;")).message


def test_elements_too_deep_are_refused():
    deep = b"<Document>" + b"<a>" * 100_000
    assert "more than 40 deep" in refusal(deep).message


def test_too_many_elements_are_refused():
    many = b"<Document>" + b"<a/>" * 500_000 + b"</Document>"
    assert "too many elements" in refusal(many).message


def test_a_text_without_end_is_refused():
    content = CAMT.replace(b"Sammelauftrag", b"x" * 100_000)
    assert "more than 50,000 characters" in refusal(content).message


@pytest.mark.parametrize("encoding", ["unicode_escape", "idna", "zlib_codec", "utf-7", "shift_jis"])
def test_an_encoding_that_no_bank_uses_is_refused(encoding):
    content = CAMT.replace(b'encoding="UTF-8"', f'encoding="{encoding}"'.encode())
    assert "is not one that is read" in refusal(content).message


def test_wrongly_encoded_xml_is_refused_by_line():
    content = CAMT.replace("Müller".encode(), "Müller".encode("latin-1"))
    assert refusal(content).message.startswith("Line 17: The XML is broken")


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("BkToCstmrAcctRpt", "camt.052"),
        ("BkToCstmrDbtCdtNtfctn", "camt.054"),
        ("CstmrCdtTrfInitn", "pain.001"),
        ("Foo", "no statement: 'Foo'"),
    ],
)
def test_other_messages_are_refused_by_name(message, said):
    content = CAMT.replace(b"BkToCstmrStmt", message.encode())
    assert said in refusal(content).message


def test_a_version_of_another_message_is_refused():
    assert (
        "is not camt.053" in refusal(CAMT.replace(b"camt.053.001.02", b"camt.054.001.02")).message
    )
    assert read(CAMT.replace(b"001.02", b"001.13"), name=None, mapping=None).entries


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"<Sts>BOOK</Sts>", b"", "Line 10, Ntry: The entry has no Sts"),
        (b"CRDT</CdtDbtInd><Sts>B", b"C</CdtDbtInd><Sts>B", "Line 10, Ntry: CdtDbtInd is CRDT or DBIT, not 'C'"),
        (b">119.00<", b">119,00<", "Line 11, Amt: '119,00' is not an amount"),
        (b">119.00<", b">-119.00<", "Line 11, Amt: '-119.00' is not an amount"),
        (b">119.00<", b">119.001<", "Line 11, Amt: 119.001 has more decimals than EUR"),
        (b">119.00<", b">NaN<", "'NaN' is not an amount"),
        (b'Ccy="EUR">119', b'Ccy="XAU">119', "Line 11, Amt: 'XAU' is not a currency"),
        (b"<Dt>2026-01-31<", b"<Dt>2026-02-31<", "BookgDt is '2026-02-31', which is no day"),
        (b"<IBAN>DE89370400440532013000</IBAN></Id><Ccy>", b"</Id><Ccy>", "does not say whose account"),
        (b"<BookgDt><Dt>2026-01-31</Dt></BookgDt><ValDt><Dt>2026-02-01</Dt></ValDt>", b"",
         "neither BookgDt nor ValDt"),
    ],
)  # fmt: skip
def test_a_broken_entry_refuses_the_file_by_its_line(old, new, said):
    assert old in CAMT
    assert said in refusal(CAMT.replace(old, new, 1)).message


# Sizes ---------------------------------------------------------------------------------------------


def test_20_mib_are_read_and_a_byte_more_is_refused():
    content = CAMT + b" " * (bounds.BYTES_MAX - len(CAMT))
    assert len(read(content, name=None, mapping=None).entries) == 5
    assert "more than 20 MiB" in refusal(content + b" ").message


@pytest.mark.parametrize("path", ["uk.csv", "german.sta", "camt-02.xml"])
def test_20_mib_of_one_line_again_and_again_are_refused(path):
    content = (FILES / path).read_bytes()
    line = content.split(b"\n")[5 if path != "uk.csv" else 1] + b"\n"
    refusal(content + line * ((bounds.BYTES_MAX - len(content)) // len(line)))


@pytest.mark.parametrize("written", [camt053, mt940, as_csv])
def test_100_000_entries_are_read_and_one_more_is_refused(written):
    """Of 20 MiB at most; camt.053 has as many only if entries say next to nothing."""
    entry = bounds.Entry(
        booked_on=DAY, value_on=DAY, amount=AMOUNT, currency="EUR", text="INV-2026-00042"
    )
    if written is camt053:
        head, ntry, tail = SHORT
        most, more = (head + ntry * count + tail for count in (100_000, 100_001))
    else:
        most, more = (written([entry] * count) for count in (100_000, 100_001))
    assert len(most) < bounds.BYTES_MAX
    found = read(most, name=None, mapping=None)
    assert len(found.entries) == bounds.ENTRIES_MAX
    assert len(set(bounds.identities(found.entries))) == bounds.ENTRIES_MAX
    assert "more than 100,000 entries" in refusal(more).message


DAY = date(2026, 1, 5)
AMOUNT = Decimal("1234.56")
SHORT = (
    b"<Document><BkToCstmrStmt><Stmt><Acct><Id><IBAN>DE1</IBAN></Id></Acct>",
    (
        b'<Ntry><Amt Ccy="EUR">1</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>'
        b"<BookgDt><Dt>2026-01-05</Dt></BookgDt></Ntry>"
    ),
    b"</Stmt></BkToCstmrStmt></Document>",
)


def test_a_batch_of_100_001_payments_is_refused():
    head, ntry, tail = SHORT
    detail = b'<TxDtls><Amt Ccy="EUR">1</Amt></TxDtls>'
    batch = ntry.replace(b">1<", b">100001<").replace(
        b"</Ntry>", b"<NtryDtls>" + detail * 100_001 + b"</NtryDtls></Ntry>"
    )
    assert "more than 100,000 entries" in refusal(head + batch + tail).message


# Logs ----------------------------------------------------------------------------------------------


def test_nothing_of_a_file_that_cannot_be_read_is_logged():
    """The package that reads MT940 would log the lines it does not understand, names and all."""
    program = (
        "from usance.statements.reading import read\n"
        "for bad in (':61:2601ZZ', ':28C:Erika Muster', ':60F:Erika', ':86:?', ':13D:Erika'):\n"
        "    try:\n"
        "        read(f':20:1\\n:25:1\\n:60F:C260101EUR0,\\n{bad}\\n:62F:Erika'.encode(),\n"
        "             name=None, mapping=None)\n"
        "    except Exception as wrong:\n"
        "        assert type(wrong).__name__ == 'Refusal', wrong\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")
