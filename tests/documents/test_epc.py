"""The code that a banking app pays from."""

from dataclasses import replace

import pytest
import typst
from tests.documents.papers import PAYMENT, D, codes

from usance.documents import epc
from usance.documents.epc import NoCode, Reason
from usance.documents.paper import Payment


def _read(svg: bytes) -> str:
    source = b'#set page(width: 40mm, height: 40mm, margin: 0mm)\n#image("a.svg", width: 100%)'
    files = {"main.typ": source, "a.svg": svg}
    (code,) = codes(typst.compile(files, format="pdf"))  # type: ignore[call-overload]
    assert isinstance(code, str)
    return code


def test_the_payload_is_line_by_line_as_the_guidelines_say():
    assert epc.payload(PAYMENT, D("1435.81"), "EUR").split("\n") == [
        "BCD",  # service tag
        "002",  # version
        "1",  # UTF-8
        "SCT",  # identification
        "COBADEFFXXX",
        "Northwind Metering GmbH",
        "DE89370400440532013000",
        "EUR1435.81",
        "",  # purpose
        "RF18539007547034",  # structured; no text beside it, and the last lines are left off
    ]


def test_a_reference_of_ones_own_is_the_text():
    lines = epc.payload(replace(PAYMENT, reference="Invoice 42", bic=None), D(1), "EUR").split("\n")
    assert lines[4] == "", "a BIC is not needed since version 002"
    assert lines[7:] == ["EUR1.00", "", "", "Invoice 42"]


def test_a_reference_with_wrong_check_digits_is_text():
    lines = epc.payload(replace(PAYMENT, reference="RF19539007547034"), D(1), "EUR").split("\n")
    assert lines[9:] == ["", "RF19539007547034"]


def test_a_name_cannot_write_other_lines():
    named = replace(PAYMENT, holder="Ada\nDE02120300000000202051\r\x0b\x85", reference="a\nb")
    lines = epc.payload(named, D(1), "EUR").split("\n")
    assert lines[5] == "Ada DE02120300000000202051"
    assert lines[6] == "DE89370400440532013000"
    assert lines[10:] == ["a b"]


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("0.01", "EUR0.01"), ("999999999.99", "EUR999999999.99"), ("1E1", "EUR10.00")],
)
def test_amounts_have_a_point_and_two_decimals(amount: str, shown: str):
    assert epc.payload(PAYMENT, D(amount), "EUR").split("\n")[7] == shown


BROKEN = Payment("x" * 141, holder="h" * 71, iban="DE88370400440532013000", bic="NO")

# Each row mends just the fault of the row above, so the order of the reasons is told too.
STEPS: list[tuple[Payment, str, str, Reason | None]] = [
    (BROKEN, "0", "USD", Reason.NOT_EURO),
    (BROKEN, "0", "EUR", Reason.NO_AMOUNT),
    (replace(BROKEN, holder=" \n"), "1", "EUR", Reason.NO_HOLDER),
    (BROKEN, "1", "EUR", Reason.HOLDER_TOO_LONG),
    (replace(BROKEN, holder="h" * 70, iban=None), "1", "EUR", Reason.NO_IBAN),
    (replace(BROKEN, holder="h" * 70), "1", "EUR", Reason.IBAN_WRONG),
    (
        replace(BROKEN, holder="h" * 70, iban="TR330006100519786457841326"),
        "1",
        "EUR",
        Reason.NOT_SEPA,
    ),
    (replace(BROKEN, holder="h" * 70, iban=PAYMENT.iban), "1", "EUR", Reason.BIC_WRONG),
    (replace(PAYMENT, reference="x" * 141, holder="h" * 70), "1", "EUR", Reason.TEXT_TOO_LONG),
    (replace(PAYMENT, reference="ü" * 140, holder="ü" * 70), "1", "EUR", Reason.TOO_LONG),
    (replace(PAYMENT, reference="x" * 140, holder="h" * 70), "1", "EUR", None),
]


@pytest.mark.parametrize(("payment", "amount", "currency", "reason"), STEPS)
def test_why_no_code_is_made(payment: Payment, amount: str, currency: str, reason: Reason | None):
    if reason is None:
        assert epc.payload(payment, D(amount), currency)
        return
    with pytest.raises(NoCode) as refused:
        epc.payload(payment, D(amount), currency)
    assert refused.value.reason is reason


def test_every_reason_has_its_row():
    assert [reason for *_, reason in STEPS if reason] == list(Reason)


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "1.005", "1000000000", "NaN", "Infinity"])
def test_an_amount_out_of_bounds_makes_no_code(amount: str):
    with pytest.raises(NoCode) as refused:
        epc.payload(PAYMENT, D(amount), "EUR")
    assert refused.value.reason is Reason.NO_AMOUNT


@pytest.mark.parametrize(
    ("iban", "right"),
    [
        # Examples of the registry of ISO 13616.
        ("DE89370400440532013000", True),
        ("NL91ABNA0417164300", True),
        ("FR14 2004 1010 0505 0001 3M02 606", True),
        ("GB29NWBK60161331926819", True),
        ("MT84MALT011000012345MTLCAST001S", True),
        ("NO9386011117947", True),
        ("de89370400440532013000", True),
        ("DE89370400440532013001", False),
        ("DE98370400440532013000", False),
        ("DE8937040044", False),
        ("DE89370400440532013\u216400", False),  # a digit only to Unicode
        ("", False),
    ],
)
def test_account_numbers_are_checked(iban: str, right: bool):  # noqa: FBT001 - a column
    assert epc.is_iban(iban) is right


@pytest.mark.parametrize(
    ("payment", "amount"),
    [
        (PAYMENT, "1435.81"),
        (replace(PAYMENT, holder="Müller & Söhne Πάτρα", reference="Größe – №7"), "0.01"),
        (replace(PAYMENT, holder="h" * 70, reference="x" * 140), "999999999.99"),
    ],
)
def test_the_code_says_what_it_was_made_of(payment: Payment, amount: str):
    payload = epc.payload(payment, D(amount), "EUR")
    assert _read(epc.svg(payload)) == payload


def test_the_longest_payload_fits_version_13_at_level_m():
    """The guidelines allow no bigger code. 331 bytes are what a code of that size holds."""
    longest = replace(PAYMENT, holder="ü" * 30 + "h" * 40, reference="x" * 140, bic="COBADEFFXXX")
    payload = epc.payload(longest, D("999999999.99"), "EUR")
    assert len(payload.encode()) > 300
    # 13 × 4 + 17 modules, and a quiet zone of four on each side.
    assert b'width="%d"' % (13 * 4 + 17 + 8) in epc.svg("x" * epc.BYTES_MAX)
