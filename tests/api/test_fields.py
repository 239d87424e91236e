"""The kinds of value in a request, one table each."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError

from usance.api import fields
from usance.api.bodies import Lenient, Shape, Strict


def _read(kind: Any, value: object) -> Any:
    return TypeAdapter(kind, config={"strict": True}).validate_python(value)


def _refused(kind: Any, value: object) -> bool:
    try:
        _read(kind, value)
    except ValidationError:
        return True
    return False


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2027-01-31T00:00:00Z", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31t00:00:00z", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31T00:00Z", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31 02:00:00+02:00", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-30T19:00:00-0500", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31T00:00:00.123456Z", datetime(2027, 1, 31, 0, 0, 0, 123456, tzinfo=UTC)),
        ("2027-01-31T00:00:00.5Z", datetime(2027, 1, 31, 0, 0, 0, 500000, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("8999-12-31T23:59:59Z", datetime(8999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_in_utc(value: str, instant: datetime):
    assert _read(fields.Instant, value) == instant
    assert _read(fields.Instant, value).tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        "",
        "2027-01-31",
        "2027-01-31T00:00:00",  # of which zone?
        "2027-02-30T00:00:00Z",
        "2027-01-31T24:00:01Z",
        "2027-01-31T00:00:60Z",
        "2027-13-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "1969-12-31T23:59:59Z",
        "9000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "12027-01-01T00:00:00Z",
        "2027-01-31T00:00:00+25:00",
        "2027-01-31T00:00:00Z ",
        "2027-01-31T00:00:00.Z",
        "2027-W04-7T00:00:00Z",
        "٢٠٢٧-01-31T00:00:00Z",
        "now",
        1_800_000_000,
        True,
        None,
        [],
    ],
)
def test_what_is_no_instant_is_refused(value: object):
    assert _refused(fields.Instant, value)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, "1"),
        (Decimal("1.50"), "1.50"),
        ("1.50", "1.50"),
        ("-3", "-3"),
        ("1e3", "1E+3"),
        ("999999999999999999", "999999999999999999"),  # 18 digits
        ("0.000000000001", "1E-12"),  # 12 decimals
        ("1.000000000000000000000", "1.000000000000000000000"),  # zeros do not count
        ("-0.00", "0"),
    ],
)
def test_an_exact_number_is_read_to_the_digit(value: object, number: str):
    assert str(_read(fields.ExactNumber, value)) == number


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        "NaN",
        "inf",
        "1e19",
        "1000000000000000000",
        "0.0000000000001",
        True,
        1.5,
        None,
        [],
        10**18,
        Decimal("1E+18"),
        Decimal("1E-13"),
        Decimal("NaN"),
        "1" * 61,
        "1e1000",
        " 1",
        "1 ",
    ],
)
def test_what_is_no_exact_number_is_refused(value: object):
    assert _refused(fields.ExactNumber, value)


def test_an_amount_is_not_negative_and_a_percentage_at_most_100():
    assert [_refused(fields.Amount, value) for value in (0, "0.01", "-0.01")] == [
        False,
        False,
        True,
    ]
    assert [_refused(fields.Percent, value) for value in (0, 100, "100.1")] == [False, False, True]


@pytest.mark.parametrize(
    "value",
    ["", "x", "0" * 32, "{" + str(UUID(int=1)) + "}", "urn:uuid:" + str(UUID(int=1)), 1, None],
)
def test_what_is_no_id_is_refused_in_a_body_and_names_nothing_in_a_path(value: object):
    assert _refused(fields.Id, value)
    if isinstance(value, str):
        assert _read(fields.PathId, value) == UUID(int=0)


def test_an_id_may_be_in_capitals():
    identity = UUID("0191d7a0-0000-7000-8000-00000000abcd")
    assert _read(fields.Id, str(identity).upper()) == identity
    assert _read(fields.PathId, str(identity).upper()) == identity


def test_a_long_text_may_have_lines_but_no_other_control_characters():
    assert _read(fields.LongText, "a\nb\tc\r\n") == "a\nb\tc\r\n"
    assert all(_refused(fields.LongText, text) for text in ("", "\x00", "\x1b", "x" * 2001))


def test_a_currency_and_a_zone_are_known_ones():
    assert _read(fields.Currency, "JPY") == "JPY"
    assert all(_refused(fields.Currency, code) for code in ("usd", "XXX", "", "US", 840))
    assert _read(fields.Zone, "America/New_York") == "America/New_York"
    assert all(_refused(fields.Zone, zone) for zone in ("EST5", "Factory", "", "UTC+1", 1))


class Size(StrEnum):
    SMALL = "SMALL"


def test_a_choice_is_read_by_its_value():
    assert _read(fields.Choice[Size], "SMALL") is Size.SMALL
    assert all(_refused(fields.Choice[Size], value) for value in ("small", "", 0, None, ["SMALL"]))


def test_the_bases_differ_in_what_they_make_of_the_unknown():
    class Open(Lenient):
        grace_days: int = 3

    class Closed(Strict):
        grace_days: int = 3

    assert Open.model_validate({"graceDays": 1, "x": 1}).grace_days == 1
    with pytest.raises(ValidationError, match="graceDay"):
        Closed.model_validate({"graceDay": 1})
    for value in ("1", True, Decimal(1), Decimal("1.5"), None):
        with pytest.raises(ValidationError):
            Closed.model_validate({"graceDays": value})


def test_a_shape_shows_null_and_leaves_out_what_is_not_set():
    class Answer(Shape):
        paid_at: datetime | None
        reason: str | None = None

    assert Answer(paid_at=None).model_dump(exclude_unset=True) == {"paidAt": None}
    full = Answer(paid_at=None, reason=None).model_dump(exclude_unset=True)
    assert full == {"paidAt": None, "reason": None}
