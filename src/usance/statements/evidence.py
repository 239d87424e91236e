"""What an entry says, compared: numbers in free text, names of payers, sums of amounts.

Sources: docs/statements.md, "How a score comes about".
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import islice
from typing import Final, Generic, Protocol, TypeVar

from usance.core.references import normalised

_SURE_LETTERED: Final = 5  # letters and digits of a number that has a letter
_SURE_DIGITS: Final = 6
_WEAK_DIGITS: Final = 4
_RUN: Final = re.compile(r"[A-Z]+|[0-9]+", re.ASCII)
# A number of digits alone that is a day is found in every other text.
_A_DAY: Final = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])", re.ASCII)
# A creditor reference in which the number stands. Whether it is meant, its check digits say: one
# that was mistyped holds the number of another invoice.
_IN_REFERENCE: Final = re.compile(r"RF[0-9]{2}[A-Z]*\Z", re.ASCII)
_REFERENCE_HEAD: Final = 25
_SUMS_MAX: Final = 3
_FORMS: Final = frozenset(
    {
        *(
            "gmbh",
            "ag",
            "kg",
            "ohg",
            "ug",
            "gbr",
            "ev",
            "ltd",
            "limited",
            "plc",
            "llc",
            "llp",
            "inc",
        ),
        *("corp", "co", "company", "corporation", "bv", "nv", "vof", "sa", "sarl", "sas", "srl"),
        *("spa", "sl", "ab", "as", "aps", "oy", "sp", "zoo", "und", "and", "et", "the", "mbh"),
        *("herr", "frau", "mr", "mrs", "ms", "dr", "mw", "dhr", "hr", "fr", "haftungsbeschrankt"),
    }
)
_SPELLED: Final = str.maketrans(
    {"ä": "a", "ö": "o", "ü": "u", "ß": "ss", "ø": "o", "æ": "a", "ł": "l"}
)

T = TypeVar("T")


class Numbers(Generic[T]):
    """Document numbers, to be found in what payers write.

    A number is surely found when all its letters and digits stand in a row, whatever stands between
    them, and no digit follows that could belong to it. One of less than six digits, or that is a
    day, proves little, and so do the digits of a number without its letters.
    """

    def __init__(self, numbers: Iterable[tuple[str, T]]) -> None:
        self._sure: dict[str, list[T]] = {}
        self._weak: dict[str, list[T]] = {}
        for number, each in numbers:
            key = normalised(number)
            digits = "".join(part for part in _RUN.findall(key) if part.isdigit())
            if _is_sure(key):
                self._sure.setdefault(key, []).append(each)
                if len(digits) >= _SURE_DIGITS and digits != key:
                    self._weak.setdefault(digits, []).append(each)
            elif len(key) >= _WEAK_DIGITS:
                self._weak.setdefault(key, []).append(each)
        # Once, not for each text: there may be as many numbers as a seller has open invoices.
        self._sure_lengths = _lengths(self._sure)
        self._weak_lengths = _lengths(self._weak)

    def whole(self, text: str) -> list[T]:
        """Return whose numbers surely stand in a text."""
        return _found(text, self._sure, self._sure_lengths)

    def weak(self, text: str) -> list[T]:
        """Return whose numbers, or digits of numbers, may stand in a text."""
        return _found(text, self._weak, self._weak_lengths)


def _is_sure(key: str) -> bool:
    if key.isdigit():
        return len(key) >= _SURE_DIGITS and not _A_DAY.fullmatch(key)
    return len(key) >= _SURE_LETTERED


def _lengths(numbers: Iterable[str]) -> list[int]:
    return sorted({len(each) for each in numbers}, reverse=True)


def _found(text: str, numbers: dict[str, list[T]], lengths: Sequence[int]) -> list[T]:
    """Return what stands in a text: of numbers that begin in one place, the longest."""
    if not numbers or not text:
        return []
    upper = text.upper()
    places = [at for at, each in enumerate(upper) if each.isascii() and each.isalnum()]
    bare = "".join(upper[at] for at in places)
    found: dict[int, T] = {}
    for start in range(len(bare)):
        if _IN_REFERENCE.search(bare, max(0, start - _REFERENCE_HEAD), start):
            continue
        for length in lengths:
            known = numbers.get(bare[start : start + length])
            if known and _stands_alone(bare, places, start, start + length):
                found.update((id(each), each) for each in known)
                break
    return list(found.values())


def _stands_alone(bare: str, places: Sequence[int], start: int, end: int) -> bool:
    """Whether no digit directly before or behind could belong to the number as well."""
    before = start > 0 and places[start - 1] == places[start] - 1 and bare[start - 1]
    behind = end < len(bare) and places[end] == places[end - 1] + 1 and bare[end]
    if before and before.isdigit() == bare[start].isdigit():
        return False
    return not (behind and behind.isdigit() == bare[end - 1].isdigit())


# Names -------------------------------------------------------------------------------------------------


def name_key(name: str) -> str:
    """Return the words of a name that tell it from others, in one spelling and order; "" if none.

    >>> name_key("Müller & Söhne GmbH") == name_key("SOEHNE, MUELLER")
    True
    """
    low = name.casefold().translate(_SPELLED)
    plain = "".join(
        each for each in unicodedata.normalize("NFKD", low) if not unicodedata.combining(each)
    )
    for pair, one in (("ae", "a"), ("oe", "o"), ("ue", "u")):
        plain = plain.replace(pair, one)
    words = re.findall(r"[^\W_]+", plain.replace(".", ""))
    return " ".join(sorted({each for each in words if each not in _FORMS}))


# Sums --------------------------------------------------------------------------------------------------


class _Owed(Protocol):
    @property
    def amount_due(self) -> Decimal: ...


O = TypeVar("O", bound=_Owed)  # noqa: E741 - something owed


def sums(owed: Sequence[O], amount: Decimal) -> list[list[O]]:
    """Return up to three sets of two or more of what is owed that make the amount, in its order."""
    # Two halves, of which each sum of the first asks for its rest in the second: 2 × 64 sets of
    # twelve, and not 4,096.
    half = len(owed) // 2
    second = _summed(owed[half:])
    found = (
        [*chosen, *others]
        for total, first in _summed(owed[:half]).items()
        for others in second.get(amount - total, [])
        for chosen in first
    )
    return list(islice((each for each in found if len(each) > 1), _SUMS_MAX))


def _summed(owed: Sequence[O]) -> dict[Decimal, list[list[O]]]:
    """Return all sets of what is owed, by their sums."""
    found: list[tuple[Decimal, list[O]]] = [(Decimal(0), [])]
    for each in owed:
        found += [(total + each.amount_due, [*chosen, each]) for total, chosen in found]
    by_sum: dict[Decimal, list[list[O]]] = {}
    for total, chosen in found:
        by_sum.setdefault(total, []).append(chosen)
    return by_sum
