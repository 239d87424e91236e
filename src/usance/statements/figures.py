"""Dates and amounts in figures, as people of many countries write them.

One value may be read in two ways (`1.234`, `03/04/2026`). A whole column mostly may not: it is read in
the one way that fits all its values, or refused.

Sources: docs/statements.md, "CSV".
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from usance.core.refusals import Refusal
from usance.statements.columns import DayOrder
from usance.statements.entries import refused, shown

# Dates -----------------------------------------------------------------------------------------------

_YEAR_FIRST: Final = re.compile(r"([0-9]{4})([-/.]?)([0-9]{2})\2([0-9]{2})")
_YEAR_LAST: Final = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
_IN_WORDS: Final = re.compile(
    r"(?:([0-9]{1,2})[ .\-]+([^\W\d_]{3,})|([^\W\d_]{3,})\.? +([0-9]{1,2}))[ .,\-]+([0-9]{4})"
)
_TIME: Final = re.compile(r"[ T,]+[0-9]{1,2}:[0-9]{2}.*\Z")
_CENTURY: Final = 2000
_MONTHS: Final = {
    name: month
    for month, names in enumerate(
        (
            "jan|gen|ene|sty", "feb|fev|lut", "mar|mae|maa|mrt|mär", "apr|avr|abr|kwi",
            "may|mai|mei|maj|mag", "jun|juin|giu|cze", "jul|juil|lug|lip", "aug|aou|aoû|ago|sie",
            "sep|set|wrz", "oct|okt|out|ott|paź", "nov|lis", "dec|dez|dic|déc|gru",
        ),
        start=1,
    )
    for name in names.split("|")
}  # fmt: skip


def day_order(values: Iterable[str], *, day_first: bool) -> DayOrder | None:
    """Return the order that fits all dates of a column; None if it is not to be told.

    A part above 12 is a day. Where no date has one, the language of the header decides, if it is
    one in which the day stands first.
    """
    day_at = {
        index
        for value in values
        if (found := _YEAR_LAST.fullmatch(_bare(value))) and found[2] != "."
        for index in (1, 3)
        if int(found[index]) > 12  # noqa: PLR2004 - months
    }
    if day_at == {1} or (not day_at and day_first):
        return DayOrder.DAY_FIRST
    return DayOrder.MONTH_FIRST if day_at == {3} else None


def day(value: str, order: DayOrder | None, where: str) -> date:
    """Return a date, or refuse what is none, or one that could be two."""
    bare = _bare(value)
    try:
        if found := _YEAR_FIRST.fullmatch(bare):
            return date(int(found[1]), int(found[3]), int(found[4]))
        if found := _YEAR_LAST.fullmatch(bare):
            return _year_last(found, order, where)
        if found := _IN_WORDS.fullmatch(bare):
            month = _month(found[2] or found[3])
            return date(int(found[5]), month, int(found[1] or found[4]))
    except ValueError:
        pass
    raise refused(where, f"{shown(value)} is no date.")


def looks_like_a_day(value: str) -> bool:
    """Return whether a value has a digit: a row whose date has none is a heading or a sum."""
    return any(each.isdigit() for each in value)


def _year_last(found: re.Match[str], order: DayOrder | None, where: str) -> date:
    first, second = int(found[1]), int(found[3])
    year = int(found[4]) if len(found[4]) == 4 else _CENTURY + int(found[4])  # noqa: PLR2004 - digits
    if order is None and found[2] != "." and first != second:
        what = (
            f"{shown(found[0])} may be two days. Say in the mapping whether the day stands first."
        )
        raise refused(where, what)
    if order is DayOrder.MONTH_FIRST and found[2] != ".":
        first, second = second, first
    return date(year, second, first)


def _month(name: str) -> int:
    low = name.lower()
    month = _MONTHS.get(low[:4]) or _MONTHS.get(low[:3])
    if month is None:
        raise ValueError(name)
    return month


def _bare(value: str) -> str:
    return _TIME.sub("", value.strip())


# Amounts ---------------------------------------------------------------------------------------------

_MINUS: Final = "\u2212\u2013-"  # minus, en dash, hyphen: in a class of characters it stands last
_UNIT: Final = r"[A-Z]{3}|[€$£¥]|kr\.?|zł"
_AMOUNT: Final = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[+{_MINUS}])?\s*(?P<before>{_UNIT})?\s*(?P<inner>[+{_MINUS}])?\s*"
    r"(?P<number>[0-9.,][0-9.,'\u2019\s]*)"
    rf"(?P<after>{_UNIT})?\s*(?P<last>[+{_MINUS}]|CR|DR|H|S)?\s*(?P<close>\))?"
)
_GROUPS: Final = re.compile(
    r"[0-9]{1,3}(?:[.,'\u2019\s](?:[0-9]{3}))*|[0-9]{1,2}(?:,[0-9]{2})*,[0-9]{3}"
)
_NEGATIVE: Final = frozenset({*_MINUS, "DR", "S"})
_THOUSAND_DIGITS: Final = 3
_QUOTES: Final = str.maketrans("", "", "'\u2019")  # Swiss thousands


@dataclass(frozen=True, slots=True)
class Amount:
    """A signed amount as it stands: its figures, and the currency beside them, "" if none."""

    figures: str
    negative: bool
    unit: str


def amount_as_written(value: str, where: str) -> Amount:
    """Return an amount taken apart, or refuse what is none: a formula, a word, two signs."""
    found = _AMOUNT.fullmatch(value.strip())
    if found is None or bool(found["open"]) != bool(found["close"]):
        raise refused(where, f"{shown(value)} is no amount.")
    signs = [each for each in (found["sign"], found["inner"], found["last"]) if each]
    signs += ["-"] if found["open"] else []
    units = [each for each in (found["before"], found["after"]) if each]
    figures = "".join(found["number"].split()).translate(_QUOTES)
    bare = re.sub(r"['\u2019\s]", "", found["number"])
    spaced = re.sub(r"[.,][0-9]*\Z", "", found["number"].strip())
    grouped = bare == found["number"].strip() or _GROUPS.fullmatch(spaced)
    if len(signs) > 1 or len(units) > 1 or not grouped or not figures[-1].isdigit():
        raise refused(where, f"{shown(value)} is no amount.")
    return Amount(figures, bool(signs) and signs[0] in _NEGATIVE, units[0] if units else "")


def written(value: str) -> Amount | None:
    """Return an amount taken apart; None if the value is none."""
    try:
        return amount_as_written(value, "")
    except Refusal:
        return None


def words(value: str) -> list[str]:
    """Return the words of a value, in small letters and without accents."""
    plain = unicodedata.normalize("NFKD", value).casefold()
    return re.findall(
        r"[a-z0-9]+", "".join(each for each in plain if not unicodedata.combining(each))
    )


def decimal_mark(figures: Iterable[str]) -> str | None:
    """Return the decimal mark that fits all amounts of a file: `,`, `.`, or "" if none is needed.

    None: they contradict each other, or each of them could be read in two ways.
    """
    found, doubtful = set(), False
    for each in figures:
        mark = _mark(each)
        if mark is None:
            doubtful = True
        elif mark:
            found.add(mark)
    if len(found) > 1 or (doubtful and not found):
        return None
    return found.pop() if found else ""


def exact(amount: Amount, mark: str, where: str) -> Decimal:
    """Return the amount with its sign, or refuse figures that the mark does not fit."""
    other = "." if mark == "," else ","
    whole, _, decimals = amount.figures.partition(mark) if mark else (amount.figures, "", "")
    grouped = _GROUPS.fullmatch(whole) or whole.isdigit() or not whole
    if not grouped or not (decimals.isdigit() or not decimals):
        raise refused(where, f"{shown(amount.figures)} is no amount.")
    found = Decimal(f"{whole.replace(other, '') or '0'}.{decimals or '0'}")
    return -found if amount.negative else found


def _mark(figures: str) -> str | None:
    """Return the decimal mark of one amount: "" if it has none, None if that is not to be told."""
    commas, points = figures.count(","), figures.count(".")
    if not commas and not points:
        return ""
    if commas and points:
        return "," if figures.rfind(",") > figures.rfind(".") else "."
    mark = "," if commas else "."
    if commas + points > 1:
        return "." if commas else ","
    whole, _, decimals = figures.partition(mark)
    thousands = len(decimals) == _THOUSAND_DIGITS and 0 < len(whole) <= _THOUSAND_DIGITS
    return None if thousands and whole[0] != "0" else mark
