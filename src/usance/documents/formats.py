"""Formats: numbers, money, rates and dates as one language writes them.

Digits are grouped always, also four of them in Spanish and Portuguese: on an invoice a thousand
that looks like a year is misread. A minus is U+2212, as wide as a digit's sign should be. Spaces
inside a number do not break.

Units: amounts are in the currency's major unit; rates are in percent.
Sources: Unicode CLDR 48 for marks, symbols and their places; ISO 4217 for decimals.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from usance.core import money
from usance.documents.paper import Days, Language, Share

_THIN: Final = "\N{NARROW NO-BREAK SPACE}"
_WIDE: Final = "\N{NO-BREAK SPACE}"
_MINUS: Final = "\N{MINUS SIGN}"
_DASH: Final = "\N{EN DASH}"
_DAY_US: Final = 86_400_000_000
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"  # English names them


@dataclass(frozen=True, slots=True)
class _Style:
    """How a language writes numbers. In `money`, s is the symbol and n the number."""

    group: str
    point: str
    percent: str
    money: str
    day: str  # d, m with two digits, y with four, b the month's name, D and M without zeros


_STYLES: Final = {
    Language.EN: _Style(",", ".", "%", "sn", "b D, y"),
    Language.DE: _Style(".", ",", f"{_WIDE}%", f"n{_WIDE}s", "d.m.y"),
    Language.FR: _Style(_THIN, ",", f"{_THIN}%", f"n{_WIDE}s", "d/m/y"),
    Language.ES: _Style(".", ",", f"{_WIDE}%", f"n{_WIDE}s", "d/m/y"),
    Language.IT: _Style(".", ",", "%", f"n{_WIDE}s", "d/m/y"),
    Language.NL: _Style(".", ",", "%", f"s{_WIDE}n", "d-m-y"),
    Language.PT: _Style(_WIDE, ",", "%", f"n{_WIDE}s", "d/m/y"),
    Language.JA: _Style(",", ".", "%", "sn", "y年M月D日"),
}

# A sign that means one currency in all these languages; all others are named by their code, for
# "kr" and a plain "$" of another country are misread.
_SIGNS: Final = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}


def number(value: Decimal, language: Language, decimals: int | None = None) -> str:
    """Return the value in full, with at least `decimals` decimals, or as many as it needs.

    >>> print(number(Decimal("1234567.50"), Language.DE), number(Decimal("-0.005"), Language.EN))
    1.234.567,5 −0.005
    """
    style = _STYLES[language]
    plain = format(abs(value), "f")
    whole, _, fraction = plain.partition(".")
    fraction = fraction.rstrip("0").ljust(decimals or 0, "0")
    sign = _MINUS if value < 0 else ""
    grouped = f"{int(whole):,}".replace(",", style.group)
    return f"{sign}{grouped}{style.point}{fraction}" if fraction else f"{sign}{grouped}"


def amount(value: Decimal, currency: str, language: Language) -> str:
    """Return the amount without its currency, with the decimals of the minor unit or more.

    >>> print(amount(Decimal("1234.5"), "EUR", Language.DE), amount(Decimal(5), "JPY", Language.EN))
    1.234,50 5
    """
    return number(value, language, money.exponent(currency))


def with_currency(value: Decimal, currency: str, language: Language) -> str:
    r"""Return the amount with its currency, by a sign where that is plain, else by its code.

    >>> with_currency(Decimal("1234.56"), "EUR", Language.DE)
    '1.234,56\xa0€'
    >>> print(with_currency(Decimal("-1234.56"), "USD", Language.EN))
    −$1,234.56
    >>> print(with_currency(Decimal(1235), "JPY", Language.JA))
    ￥1,235
    """
    style = _STYLES[language]
    sign = _SIGNS.get(currency, currency)
    if currency == "JPY" and language is Language.JA:
        sign = "\N{FULLWIDTH YEN SIGN}"
    form = style.money
    if sign == currency and form == "sn":
        form = f"s{_WIDE}n"  # CHF 5.00
    minus = _MINUS if value < 0 else ""
    digits = amount(abs(value), currency, language)
    # In place and not by replace: a code may have an n or an s in it.
    parts = {"s": sign, "n": digits}
    return minus + "".join(parts.get(letter, letter) for letter in form)


def rate(value: Decimal, language: Language) -> str:
    r"""Return a rate in percent.

    >>> rate(Decimal("8.10"), Language.DE), rate(Decimal(19), Language.EN)
    ('8,1\xa0%', '19%')
    """
    return number(value, language) + _STYLES[language].percent


def day(value: date, language: Language) -> str:
    """Return the date; in English with the month's name, for its order differs by country.

    >>> print(day(date(2027, 1, 5), Language.EN), day(date(2027, 1, 5), Language.DE))
    Jan 5, 2027 05.01.2027
    """
    parts = {
        "d": f"{value.day:02}",
        "D": str(value.day),
        "m": f"{value.month:02}",
        "M": str(value.month),
        "b": _MONTHS.split()[value.month - 1],
        "y": f"{value.year:04}",
    }
    return "".join(parts.get(letter, letter) for letter in _STYLES[language].day)


def days(value: Days, language: Language) -> str:
    """Return both days, or the one.

    >>> print(days(Days(date(2027, 1, 1), date(2027, 1, 31)), Language.DE))
    01.01.2027 – 31.01.2027
    """
    first, last = day(value.first, language), day(value.last, language)
    return first if first == last else f"{first} {_DASH} {last}"


def share(value: Share, language: Language) -> tuple[str, str]:
    """Return elapsed and whole days, to a hundredth of a day: to be read, not to reckon with.

    >>> share(Share(907_200_000_000, 2_678_400_000_000), Language.FR)
    ('10,5', '31')
    """
    exact = (Decimal(us) / _DAY_US for us in (value.elapsed_us, value.length_us))
    elapsed, length = (number(d.quantize(Decimal("0.01")), language) for d in exact)
    return elapsed, length


def tail(text: str, language: Language) -> str:
    """Return a formatted number's decimals with their mark; nothing when it is whole.

    >>> tail("1.234,50", Language.DE), tail("1.234", Language.DE)
    (',50', '')
    """
    point = _STYLES[language].point
    _, mark, decimals = text.partition(point)
    return mark + decimals
