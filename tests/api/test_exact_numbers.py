"""Numbers are exact to the digit, in and out, through the database and back."""

import datetime as dt
from decimal import Decimal

import pytest
from tests.api.client import Api

from usance.api import json
from usance.core.refusals import Refusal

AS_WRITTEN = [
    "0",
    "1",
    "49.00",
    "19.5",
    "19.50",
    "0.1",
    "0.30000000000000004",
    "0.000000000001",
    "-0.000000000001",
    "9007199254740993",  # 2^53 + 1: a float would make it …992
    "9223372036854775808",  # 2^63
    "123456789012345678901234567890.123456789012345678901234567890",
    "1" + "0" * 60,
]


@pytest.mark.parametrize("number", AS_WRITTEN)
async def test_a_number_comes_back_as_it_was_written(shared_api: Api, number: str):
    sent = f'{{"metadata": {{"n": {number}}}}}'.encode()
    made = await shared_api.post("/customers", sent)
    assert f'"metadata":{{"n":{number}}}'.encode() in made.raw
    reference = made.data["customerReferenceId"]
    assert f'"n":{number}}}'.encode() in (await shared_api.get(f"/customers/{reference}")).raw


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("1E+2", "100"),
        ("1e2", "100"),
        ("1.50e1", "15.0"),
        ("1E-7", "0.0000001"),
        ("-0", "0"),
        ("0e5", "0"),
        ("1e-30", "0.000000000000000000000000000001"),
    ],
)
async def test_no_answer_is_in_exponent_form(shared_api: Api, sent: str, shown: str):
    made = await shared_api.post("/customers", f'{{"metadata": {{"n": {sent}}}}}'.encode())
    reference = made.data["customerReferenceId"]
    answer = await shared_api.get(f"/customers/{reference}")
    assert f'"metadata":{{"n":{shown}}}'.encode() in answer.raw


@pytest.mark.parametrize("number", ["0", "7", "19.50", "0.000000000001", "99.999999999999", "100"])
@pytest.mark.parametrize("form", ["{}", '"{}"'])
async def test_a_field_takes_a_number_or_the_same_as_text(shared_api: Api, number: str, form: str):
    made = await shared_api.post("/customers", f'{{"taxRate": {form.format(number)}}}'.encode())
    assert f'"taxRate":{number},'.encode() in made.raw
    reference = made.data["customerReferenceId"]
    assert f'"taxRate":{number},'.encode() in (await shared_api.get(f"/customers/{reference}")).raw


@pytest.mark.parametrize("number", ["1e1", "1.9E+1", '"1e1"', "-0", "-0.00", '"-0"'])
async def test_a_field_shows_no_exponent_and_no_negative_zero(shared_api: Api, number: str):
    made = await shared_api.post("/customers", f'{{"taxRate": {number}}}'.encode())
    assert made.status == 201
    assert str(made.data["taxRate"]) in {"10", "19", "0"}


# --- without a server -----------------------------------------------------------------------------


def test_a_body_is_read_without_a_float():
    value = json.parse(b'{"a": 1.10, "b": 3, "c": 12345678901234567890, "d": [1e3]}')
    assert value == {"a": Decimal("1.10"), "b": 3, "c": 12345678901234567890, "d": [Decimal(1000)]}
    assert str(value["a"]) == "1.10"
    assert type(value["b"]) is int


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1E+2"), "100"),
        (Decimal("1E-10"), "0.0000000001"),
        (Decimal("49.00"), "49.00"),
        (Decimal("0E-18"), "0.000000000000000000"),
        (Decimal("0E+3"), "0"),
        (10**30, "1" + "0" * 30),
    ],
)
def test_a_value_is_written_digit_for_digit(value: object, text: str):
    assert json.render([value]) == f"[{text}]".encode()


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (dt.datetime(2027, 1, 31, tzinfo=dt.UTC), "2027-01-31T00:00:00Z"),
        (
            dt.datetime(2027, 1, 31, 1, 2, 3, 120, tzinfo=dt.UTC),
            "2027-01-31T01:02:03.000120Z",
        ),
        (
            dt.datetime(2027, 1, 31, tzinfo=dt.timezone(dt.timedelta(hours=2))),
            "2027-01-30T22:00:00Z",
        ),
    ],
)
def test_an_instant_is_written_in_utc(at: dt.datetime, text: str):
    assert json.render(at) == f'"{text}"'.encode()


@pytest.mark.parametrize("value", [1.5, Decimal("NaN"), Decimal("Infinity")])
def test_what_is_no_exact_number_is_never_written(value: object):
    with pytest.raises(AssertionError):
        json.render({"a": [value]})


def test_absurd_numbers_are_refused_without_effort():
    for number in (b"1e999999999", b"1" * 1_000_000, b"0." + b"1" * 1_000_000, b"1e-999999999"):
        with pytest.raises(Refusal) as refusal:
            json.parse(b'{"a": [' + number + b"]}")
        assert refusal.value.field == "a[0]"
