"""An entry that is written in a format reads back as it was."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.statements import render

from usance.core import money, references
from usance.statements.entries import Entry, Format
from usance.statements.reading import read

WORDS = st.text(alphabet="abcxyzABC 0123456789", min_size=1, max_size=80).map(
    lambda text: " ".join(text.split())
)
# What neither MT940's structure nor a keyword of it is made of.
NAMES = st.sampled_from(["Müller und Söhne", "ACME Inc", "J. Dekker", "x", ""])


@st.composite
def entries(draw, currencies=("EUR",)):
    currency = draw(st.sampled_from(currencies))
    minor = draw(st.integers(1, 10**12 - 1)) * draw(st.sampled_from([1, -1]))
    day = date(2026, 1, 1) + timedelta(days=draw(st.integers(0, 364)))
    return Entry(
        booked_on=day,
        value_on=day + timedelta(days=draw(st.integers(-20, 20))),
        amount=money.rounded(Decimal(minor).scaleb(-money.exponent(currency)), currency),
        currency=currency,
        account=render.ACCOUNT,
        payer_name=draw(NAMES),
        payer_account=draw(st.sampled_from(["DE12500105170648489890", "NL08INGB0000001234"])),
        text=draw(WORDS),
        end_to_end_id=draw(st.sampled_from(["", "E2E-1", "4711"])),
        reference=draw(st.sampled_from(["", "B1", "B2"])),
        kind="NTRF",
    )


@given(st.lists(entries(currencies=("EUR", "JPY", "KWD", "USD")), max_size=5), st.booleans())
def test_camt053(written, reversal):
    told = [
        Entry(**{**_fields(each), "reversal": reversal, "structured_reference": "RF18539007547034"})
        for each in written
    ]
    found = read(render.camt053(told), name=None, mapping=None)
    assert found.format is Format.CAMT_053
    assert list(found.entries) == told


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
@given(data=st.data())
def test_mt940(currency, data):
    """Where a part of 27 characters ends in a space, MT940 loses it: words are compared without."""
    written = data.draw(st.lists(entries(currencies=(currency,)), min_size=1, max_size=5))
    found = read(render.mt940(written), name=None, mapping=None)
    assert found.format is Format.MT940
    assert found.notes == ()
    assert [_packed(each) for each in found.entries] == [
        {**_packed(each), "kind": "NTRF166NTRF"} for each in written
    ]


@given(
    st.lists(entries(currencies=("EUR", "KWD", "JPY")), max_size=5),
    st.sampled_from([";", ",", "\t", "|"]),
    st.booleans(),
)
def test_csv(written, delimiter, comma):
    # At least one amount tells which of the marks is the decimal one.
    plain = Entry(date(2026, 1, 2), date(2026, 1, 2), Decimal("1.50"), "EUR", render.ACCOUNT)
    told = [*written, plain]
    found = read(render.as_csv(told, delimiter=delimiter, comma=comma), name=None, mapping=None)
    assert found.format is Format.CSV
    assert list(found.entries) == told


def _fields(entry: Entry) -> dict[str, object]:
    return {name: getattr(entry, name) for name in Entry.__slots__}


def _packed(entry: Entry) -> dict[str, object]:
    return {
        name: "".join(value.split()) if isinstance(value, str) else value
        for name, value in _fields(entry).items()
    }


@given(st.text(alphabet="ABCXYZ0123456789/-. ", min_size=1, max_size=40), st.randoms())
def test_a_reference_is_found_however_it_is_written(number, chance):
    if not references.normalised(number):
        return
    made = references.make(number)
    assert references.holds(made)
    spaced = "".join(each + chance.choice(["", "", " ", "-"]) for each in made)
    text = f"Zahlung {chance.choice([spaced, spaced.lower()])}, danke"
    assert made in references.find(text)


@given(st.from_regex(r"RF[0-9]{2}[A-Z0-9]{1,21}", fullmatch=True), st.data())
def test_a_mistyped_character_breaks_a_reference(reference, data):
    made = references.make(reference)
    at = data.draw(st.integers(4, len(made) - 1))
    other = data.draw(st.sampled_from([c for c in "ABCDEF0123456789" if c != made[at]]))
    mistyped = made[:at] + other + made[at + 1 :]
    # Letters count for two digits, and MOD 97-10 finds every one that is another digit or letter.
    assert not references.holds(mistyped)
