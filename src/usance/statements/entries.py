"""Entries: what a bank has booked on an account, as the statement's formats agree on it.

Units: amounts are in the currency's major unit, exact; money that came in is positive.
Sources: docs/statements.md, "What an entry is".
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from usance.core import money
from usance.core.refusals import Refusal, invalid

FIELD: Final = "file"
"""The part of a request that every refusal of a statement names."""

BYTES_MAX: Final = 20 * 1024 * 1024
ENTRIES_MAX: Final = 100_000
NOTES_MAX: Final = 1_000
"""Rows that are no entries: a file that has more of them was read by the wrong columns."""
TEXT_MAX: Final = 50_000
"""Characters of one text, such as the remittance information of a payment."""

# What stands where there is no reference: in ISO 20022, in MT940, and in the wild.
_NO_REFERENCE: Final = frozenset({"", "NOTPROVIDED", "NOTAVAILABLE", "NONREF", "NONE", "NULL", "-"})


class Format(StrEnum):
    """What a file was read as."""

    CAMT_053 = "camt.053"
    MT940 = "MT940"
    CSV = "CSV"


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement on an account. Absent text is empty; `value_on` is the booking date if not told.

    `payer` is the other side: of a debit, and of a credit that takes a debit back, the one who was
    paid. `reversal`: the bank says that it takes an earlier entry back; the amount has the sign of
    what happened now.
    """

    booked_on: date
    value_on: date
    amount: Decimal  # credit positive, debit negative, never zero
    currency: str
    account: str = ""  # the seller's own: an IBAN without spaces, or the bank's number of it
    payer_name: str = ""
    payer_account: str = ""
    text: str = ""  # remittance information as the payer wrote it
    structured_reference: str = ""  # of ISO 11649 or of a country, without spaces
    end_to_end_id: str = ""  # the payer's own name of the payment; "" where it is NOTPROVIDED
    reference: str = ""  # the bank's name of the entry; not unique with every bank
    kind: str = ""  # the bank's transaction code, or its words for it
    reversal: bool = False
    instructed_amount: Decimal | None = None  # what the payer sent, where that is another currency
    instructed_currency: str = ""

    def __post_init__(self) -> None:
        assert self.amount, "an entry moves something"
        assert money.is_whole(self.amount, self.currency), "an amount has whole minor units"


@dataclass(frozen=True, slots=True)
class Note:
    """A part of the file that became no entry, or that a person should look at, and why."""

    where: str  # "line 12"
    text: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A file, read whole."""

    format: Format
    entries: tuple[Entry, ...]
    notes: tuple[Note, ...] = ()


def identities(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Return the identity of each entry of one file: 64 hexadecimal digits, all different.

    It is a digest of the account, the bank's reference and all that the entry says, and of how many
    equal ones stand before it: two equal payments of one day are two. As a day is among what an
    entry says, a file that overlaps another, or comes again, gives the same entries the same
    identities, in whatever order.
    """
    seen: Counter[str] = Counter()
    found = []
    for entry in entries:
        content = _digest(_content(entry))
        seen[content] += 1
        found.append(_digest((content, str(seen[content]))))
    assert len(set(found)) == len(found), "no two entries of a file are one"
    return tuple(found)


def _content(entry: Entry) -> tuple[str, ...]:
    """Return what an entry says. Spacing is not part of it: banks break lines as they like."""
    instructed = "" if entry.instructed_amount is None else _plain(entry.instructed_amount)
    texts = (
        entry.account,
        entry.reference,
        entry.currency,
        entry.payer_name,
        entry.payer_account,
        entry.text,
        entry.structured_reference,
        entry.end_to_end_id,
        entry.kind,
        entry.instructed_currency,
    )
    return (
        entry.booked_on.isoformat(),
        entry.value_on.isoformat(),
        _plain(entry.amount),
        instructed,
        str(entry.reversal),
        *("".join(each.split()) for each in texts),
    )


def _plain(amount: Decimal) -> str:
    """Return one way to write the amount: 5, 5.0 and 5.00 are one."""
    return f"{amount.normalize(money.EXACT):f}"


def _digest(parts: tuple[str, ...]) -> str:
    # Lengths in front: ("ab", "c") and ("a", "bc") differ.
    joined = "".join(f"{len(each)}:{each}" for each in parts)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()


# What the formats have in common -------------------------------------------------------------------


def refused(where: str, message: str) -> Refusal:
    """Return the refusal of a file for what stands at a place in it: `validation_failed`."""
    return invalid(FIELD, f"{where[:1].upper()}{where[1:]}: {message}" if where else message)


def checked_amount(amount: Decimal, currency: str, where: str) -> Decimal:
    """Return the amount at its currency's scale, or refuse one that the currency does not have.

    Up to 18 digits before the point, as everywhere else.
    """
    if not money.is_currency(currency):
        raise refused(where, f"{shown(currency)} is not a currency of ISO 4217.")
    if not money.is_exact(amount):
        raise refused(where, "The amount has more than 18 digits.")
    if not money.is_whole(amount, currency):
        raise refused(where, f"{amount} has more decimals than {currency}.")
    return money.rounded(amount, currency)  # it is whole: nothing is lost


def tidy(text: str, where: str) -> str:
    """Return a text without spaces at its ends and with single ones within, or refuse a huge one."""
    if len(text) > TEXT_MAX:
        raise refused(where, f"A text has more than {TEXT_MAX:,} characters.")
    return " ".join(text.split())


def known(reference: str) -> str:
    """Return a reference, or nothing where the bank says that there is none.

    >>> [known(each) for each in ("NOTPROVIDED", "nonref", "0001-7")]
    ['', '', '0001-7']
    """
    return "" if reference.upper() in _NO_REFERENCE else reference


def compact(account: str) -> str:
    """Return the number of an account in one spelling: capitals, no spaces.

    >>> compact("de89 3704 0044 0532 0130 00")
    'DE89370400440532013000'
    """
    return "".join(account.split()).upper()


def shown(text: str) -> str:
    """Return a piece of a file for a message: short, in quotes, nothing in it that is not seen."""
    return repr(text if len(text) <= 40 else f"{text[:40]}…")  # noqa: PLR2004 - a line of a message
