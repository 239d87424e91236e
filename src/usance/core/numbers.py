"""Document numbers: how a series' running number is written.

A series never restarts and has no gaps. Its format ends in the running number, and no digit stands
directly before that, so two documents of it never get one number, however often it is changed.

Units: years and months are those of the account's zone.
Sources: BILLING.md, "Numbers".
"""

import re
from datetime import datetime
from typing import Final

from usance.core.refusals import Refusal, invalid

INVOICES: Final = "INV-{year}-{seq:05}"
CREDIT_NOTES: Final = "CN-{year}-{seq:05}"

_LENGTH_MAX: Final = 40
_PLAIN: Final = r"[A-Za-z0-9/._ -]"
_DIGIT: Final = "#"
_FORMAT: Final = re.compile(rf"((?:{_PLAIN}|{{year}}|{{month}})*){{seq(?::0([1-9]))?}}", re.ASCII)


def formatted(pattern: str, seq: int, at: datetime) -> str:
    """Return the number `seq` of a series, for a document of the local time `at`.

    >>> formatted("INV-{year}-{seq:05}", 42, datetime(2027, 3, 1))
    'INV-2027-00042'
    >>> formatted("{year}/{month}/{seq}", 42, datetime(2027, 3, 1))
    '2027/03/42'
    """
    found = _FORMAT.fullmatch(pattern)
    assert found is not None, "a format is checked when it is set"
    head = found[1].replace("{year}", f"{at:%Y}").replace("{month}", f"{at:%m}")
    return head + str(seq).zfill(int(found[2] or 1))


def refuse_format(pattern: str, field: str) -> None:
    """Refuse a format by which two documents could get one number, or none could be read.

    >>> refuse_format("R{year}-{seq:04}", "invoiceNumberFormat")
    """
    found = _FORMAT.fullmatch(pattern)
    if found is None or len(pattern) > _LENGTH_MAX:
        raise _unfit(
            field,
            "A format has up to 40 letters, digits, '/', '.', '_', '-', spaces, {year} and {month}, "
            "and ends in {seq} or {seq:05}.",
        )
    if found[1][-1:].isdigit() or found[1].endswith("}"):
        raise _unfit(field, "Put something that is no digit between what comes before and {seq}.")
    if found[1] != found[1].lstrip():
        raise _unfit(field, "A number does not begin with a space.")


def can_coincide(one: str, other: str) -> bool:
    """Whether two formats can write the same number: what stands before {seq} can be the same text.

    >>> can_coincide("{year}-{seq}", "2027-{seq:05}"), can_coincide("INV-{seq}", "CN-{seq}")
    (True, False)
    """
    heads = [_head(pattern) for pattern in (one, other)]
    if len(heads[0]) != len(heads[1]):
        return False
    return all(
        a == b or (_DIGIT in (a, b) and (a + b).replace(_DIGIT, "0").isdigit())
        for a, b in zip(*heads, strict=True)
    )


def _head(pattern: str) -> str:
    """Return what stands before the running number, each digit of a year or month as a mark."""
    found = _FORMAT.fullmatch(pattern)
    assert found is not None, "a format is checked when it is set"
    return found[1].replace("{year}", _DIGIT * 4).replace("{month}", _DIGIT * 2)


def _unfit(field: str, message: str) -> Refusal:
    return invalid(field, message)
