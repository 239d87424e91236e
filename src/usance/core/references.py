"""Payment references: the creditor reference of ISO 11649 that a payer copies onto a transfer.

`RF`, two check digits, and up to 21 letters and digits. The check digits find a mistyped character
and two that were swapped, so a reference that holds is as good as a scan.

Sources: ISO 11649 and ISO/IEC 7064 (MOD 97-10); BILLING.md, "Numbers".
"""

import re
from collections.abc import Iterator
from typing import Final

BODY_MAX: Final = 21
"""Characters after the check digits."""

_SHAPE: Final = re.compile(rf"RF[0-9]{{2}}[A-Z0-9]{{1,{BODY_MAX}}}", re.ASCII)
_WORD: Final = re.compile(r"[A-Z0-9]+", re.ASCII)
_START: Final = re.compile(r"R[ -]?F[ -]?[0-9]", re.ASCII)
# Between two groups of a reference that somebody wrote by hand, or that a bank broke over lines.
_GAP: Final = re.compile(r"[ \t\r\n.\-/\u00a0]{0,3}")


def make(number: str) -> str:
    """Return the reference of a document number: its letters and digits, behind check digits.

    Of a number with more than 21 of them the last ones stand, in which the running number is. Two
    numbers that differ in punctuation alone (`1/11`, `11/1`) have one reference.

    >>> make("INV-2026-00042")
    'RF36INV202600042'
    >>> make("2027/03/42")
    'RF8720270342'
    """
    body = normalised(number)[-BODY_MAX:]
    assert body, "a document number has a running number"
    return f"RF{98 - _remainder(body + 'RF00'):02}{body}"


def holds(text: str) -> bool:
    """Return whether the text is a creditor reference with the right check digits.

    Spaces and case are as one likes; `RF18 5390 0754 7034` is the example of the standard.

    >>> [holds(each) for each in ("RF18 5390 0754 7034", "rf18539007547034", "RF18539007547043")]
    [True, True, False]
    """
    reference = "".join(text.split()).upper()
    return bool(_SHAPE.fullmatch(reference)) and _remainder(reference[4:] + reference[:4]) == 1


def printed(reference: str) -> str:
    """Return a reference in groups of four, as the standard prints it.

    >>> printed("RF18539007547034")
    'RF18 5390 0754 7034'
    """
    return " ".join(reference[at : at + 4] for at in range(0, len(reference), 4))


def find(text: str) -> tuple[str, ...]:
    """Return the references that hold in a text, however spaced or cased, in their order.

    Where one ends is not always to be seen, so every end that makes the check digits right is
    given, the longest first. One made-up reference in 97 is right by chance: what is found is
    compared with the references of invoices, and never taken for one by itself.

    >>> find("Rechnung rf18-5390 0754 7034 vom 3.1.")
    ('RF18539007547034',)
    """
    found: dict[str, None] = {}
    upper = text.upper()
    for start in _START.finditer(upper):
        ends = [each for each in _grown(upper, start.start()) if holds(each)]
        found.update(dict.fromkeys(reversed(ends)))
    return tuple(found)


def normalised(text: str) -> str:
    """Return the letters and digits of a text, in capitals: `INV-2026-00042` as `INV202600042`.

    >>> normalised("inv 2026/00042.")
    'INV202600042'
    """
    return "".join(_WORD.findall(text.upper()))


def _grown(text: str, start: int) -> Iterator[str]:
    """Yield what a reference that begins at `start` could be, one word longer each time."""
    grown, at = "", start
    while word := _WORD.match(text, at):
        grown += word[0]
        if len(grown) > 4 + BODY_MAX:
            return
        yield grown
        gap = _GAP.match(text, word.end())
        assert gap is not None, "it matches nothing, too"
        at = gap.end()


def _remainder(text: str) -> int:
    """Return the number that the text is, letters as 10 to 35, modulo 97."""
    return int("".join(str(int(each, 36)) for each in text)) % 97
