"""Numbers, money and dates as a language writes them."""

from datetime import date

import pytest
from tests.documents.papers import D

from usance.core.money import UnknownCurrency
from usance.documents import formats
from usance.documents.paper import Days, Language, Share

EN, DE, FR, ES = Language.EN, Language.DE, Language.FR, Language.ES
IT, NL, PT, JA = Language.IT, Language.NL, Language.PT, Language.JA

# Spaces that do not break are written as _ (narrow) and ~ here.
_SPACES = {"_": "\N{NARROW NO-BREAK SPACE}", "~": "\N{NO-BREAK SPACE}"}


def _spaced(shown: str) -> str:
    return "".join(_SPACES.get(c, c) for c in shown)


@pytest.mark.parametrize(
    ("language", "currency", "amount", "shown"),
    [
        (EN, "USD", "1234.56", "$1,234.56"),
        (EN, "USD", "-1234.56", "−$1,234.56"),
        (EN, "CHF", "1234.5", "CHF~1,234.50"),
        (EN, "JPY", "1235", "¥1,235"),
        (DE, "EUR", "1234.56", "1.234,56~€"),
        (DE, "EUR", "-0.05", "−0,05~€"),
        (DE, "SEK", "1234567.8", "1.234.567,80~SEK"),
        (FR, "EUR", "1234.56", "1_234,56~€"),
        (ES, "EUR", "1234.56", "1.234,56~€"),
        (IT, "EUR", "1234.56", "1.234,56~€"),
        (NL, "EUR", "1234.56", "€~1.234,56"),
        (NL, "EUR", "-1234.56", "−€~1.234,56"),
        (PT, "EUR", "1234.56", "1~234,56~€"),
        (JA, "JPY", "1235", "￥1,235"),
        (JA, "EUR", "1235", "€1,235.00"),
        (DE, "KWD", "1.5", "1,500~KWD"),  # three decimals
        (EN, "CLF", "1.5", "CLF~1.5000"),  # four
        (EN, "NIO", "5", "NIO~5.00"),  # a code with an n in it is no pattern
        (EN, "USD", "999999999999999999.99", "$999,999,999,999,999,999.99"),
    ],
)
def test_money_goes_by_language_and_currency(
    language: Language, currency: str, amount: str, shown: str
):
    assert formats.with_currency(D(amount), currency, language) == _spaced(shown)


def test_a_currency_that_is_none_is_refused():
    with pytest.raises(UnknownCurrency):
        formats.with_currency(D(1), "ZZZ", EN)


@pytest.mark.parametrize(
    ("value", "least", "shown"),
    [
        ("0", 0, "0"),
        ("1000", 0, "1.000"),
        ("1E+3", 0, "1.000"),
        ("0.000000000012", 2, "0,000000000012"),
        ("1.5000", 0, "1,5"),
        ("1", 2, "1,00"),
        ("-1234.5", 2, "−1.234,50"),
        ("-0.00", 0, "0"),
        ("123456789012345678.123456789012", 0, "123.456.789.012.345.678,123456789012"),
    ],
)
def test_numbers_are_exact_and_have_what_they_need(value: str, least: int, shown: str):
    assert formats.number(D(value), DE, least) == shown


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        (EN, "Mar 5, 2027"),
        (DE, "05.03.2027"),
        (FR, "05/03/2027"),
        (ES, "05/03/2027"),
        (IT, "05/03/2027"),
        (NL, "05-03-2027"),
        (PT, "05/03/2027"),
        (JA, "2027年3月5日"),
    ],
)
def test_a_day_goes_by_language(language: Language, shown: str):
    day = date(2027, 3, 5)
    assert formats.day(day, language) == shown
    assert formats.days(Days(day, day), language) == shown
    assert formats.days(Days(day, date(2027, 3, 6)), language).startswith(f"{shown} – ")


@pytest.mark.parametrize("language", Language)
def test_a_rate_is_in_percent(language: Language):
    shown = formats.rate(D("5.50"), language)
    assert shown.endswith("%")
    assert shown.startswith(("5,5", "5.5"))
    assert " " not in shown, "nothing breaks between a number and its sign"


def test_a_share_is_in_days_to_a_hundredth():
    hour = 3_600_000_000
    assert formats.share(Share(36 * hour, 30 * 24 * hour), DE) == ("1,5", "30")
    assert formats.share(Share(1, 7 * 24 * hour), EN) == ("0", "7")
    assert formats.share(Share(8 * hour, 24 * hour), EN) == ("0.33", "1")
