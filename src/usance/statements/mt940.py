"""MT940: SWIFT's customer statement, as banks of many countries write it.

The package `mt-940` finds the fields and pairs them. Field 61 is read by a stricter rule than its
own, which takes 1234.56 for 1234 and merges two lines that lack a code; fields that are not needed
are passed over unread, because it would log what it cannot read. Field 86 is `mt940_details`.

Sources: docs/statements.md, "MT940"; SWIFT, Category 9, MT 940.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar, Final

import mt940
from mt940.models import Amount, Transaction, Transactions

from usance.statements import mt940_details
from usance.statements.entries import (
    ENTRIES_MAX,
    Entry,
    Format,
    Note,
    Statement,
    checked_amount,
    compact,
    known,
    refused,
    shown,
    tidy,
)
from usance.statements.iban import is_iban

_OPTIONS: Final = mt940.Options.all()
# SWIFT's envelope: headers before the first field, and what ends the block.
_HEADER: Final = re.compile(r"^\{[1-5]:.*?(?:\{4:[ \t]*|\}[ \t]*$)", re.MULTILINE)
_TRAILER: Final = re.compile(r"^-\}.*$", re.MULTILINE)
_BLOCK: Final = re.compile(r"^(?=:20:)", re.MULTILINE)
_LINE: Final = re.compile(r"^:61:", re.MULTILINE)
_UNKNOWN: Final = re.compile(r"^:\d\d[A-Z]?:", re.MULTILINE)
_ORIGINAL: Final = re.compile(r"/OCMT/([A-Z]{3})(\d{1,15}(?:,\d{0,4})?)")
_POINTERS: Final = frozenset({"EREF", "MARF", "PREF", "KREF", "MREF"})  # "look at field 86"


class _Wrong(ValueError):  # noqa: N818 - a fact about a line, made a refusal where lines are known
    """A field 61 that is none."""


class _Entry(mt940.tags.Statement):
    """Field 61, with nothing optional about the amount: all of it, or refused."""

    pattern: ClassVar[str] = r"""^
    (?P<year>[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2})
    (?:(?P<entry_month>[0-9]{2})(?P<entry_day>[0-9]{2})|[ ]{4})?
    (?P<status>R?[DC])
    (?P<funds_code>[A-Z])?
    [\n ]?
    (?P<amount>[0-9]{1,15}(?:[.,][0-9]{0,5})?)
    (?:(?P<id>[A-Z][A-Z0-9 ]{3})|(?=\n|//|$))
    (?P<customer_reference>(?:(?!//)[^\n])*)
    (?://(?P<bank_reference>[^\n]*))?
    (?:\n(?P<extra_details>[\s\S]*))?
    $"""

    def parse(self, transactions: Transactions, value: str) -> dict[str, str | None]:
        del transactions  # the package's way to hand on its options
        found = self.re.match(value)
        if found is None:
            raise _Wrong(value.partition("\n")[0])
        return found.groupdict()

    def __call__(self, transactions: Transactions, value: dict[str, Any]) -> dict[str, Any]:
        # A line without a code would be merged with the one before.
        return super().__call__(transactions, {**value, "id": value["id"] or "NMSC"})


class _Balance(mt940.tags.Tag):
    """Fields 60 and 62: the first balance and the last, whether of a page or of the statement."""

    pattern: ClassVar[str] = r"""^
    (?P<status>[DC])[0-9]{6}(?P<currency>[A-Z]{3})(?P<amount>[0-9]{1,15}(?:[.,][0-9]{0,5})?)\s*$
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.key = name

    def parse(self, transactions: Transactions, value: str) -> dict[str, str | None]:
        del transactions  # the package's way to hand on its options
        found = self.re.match(value)
        if found is None:
            raise refused(f"the {self.key} balance", f"{shown(value)} is no balance.")
        return {self.key: value, **found.groupdict()}

    def __call__(self, transactions: Transactions, value: dict[str, Any]) -> dict[str, Any]:
        told = Amount(value["amount"], value["status"].upper(), value["currency"].upper())
        # A message has one of each; a second would hide the first.
        if self.key in transactions.data:
            raise refused(f"the {self.key} balance", "There are two of them in one message.")
        return {self.key: told}


class _Words(mt940.tags.Tag):
    """A field of one text, kept as it stands; or, without a name, passed over."""

    pattern: ClassVar[str] = r"(?P<words>[\s\S]*)"

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self.key = name

    def __call__(self, transactions: Transactions, value: dict[str, Any]) -> dict[str, Any]:
        del transactions
        return {self.key: value["words"]} if self.key else {}


class _Details(_Words):
    """Field 86, with its line breaks: where a line is full, a word goes on."""

    scope = Transaction


def _tags() -> dict[int | str, mt940.tags.Tag]:
    passed: dict[int | str, mt940.tags.Tag] = dict.fromkeys(
        (13, 21, 34, 64, 65, 90, "NS"), _Words()
    )
    return {
        **passed,
        20: _Words("message"),
        25: _Words("account"),
        28: _Words("number"),
        60: _Balance("opening"),
        61: _Entry(),
        62: _Balance("closing"),
        86: _Details("details"),
    }


_KNOWN: Final = frozenset(each for each in _tags() if isinstance(each, int))


@dataclass(frozen=True, slots=True)
class _Message:
    """One message of a file; `line` is the one that it begins in."""

    line: int
    text: str


def read(text: str) -> Statement:
    """Return the entries of an MT940 file, or refuse it, naming the line."""
    for count, start in enumerate(_LINE.finditer(text)):
        if count == ENTRIES_MAX:
            line = text.count("\n", 0, start.start()) + 1
            raise refused(f"line {line}", f"The file has more than {ENTRIES_MAX:,} entries.")
    entries: list[Entry] = []
    notes: list[Note] = []
    seen: set[str] = set()
    for message in _messages(text):
        bare = "\n".join(Transactions.strip(message.text.split("\n")))
        if bare in seen:
            notes.append(Note(f"line {message.line}", "The statement stands in the file twice."))
            continue
        # Two empty pages of one number may well be alike: they have no entries.
        seen.add(bare)
        read_here = _read(message)
        entries.extend(_entries(message, read_here))
        notes.extend(_doubts(message, read_here))
    return Statement(Format.MT940, tuple(entries), tuple(notes))


def _messages(text: str) -> Iterator[_Message]:
    """Yield the messages of a file. Envelopes become blanks, so that lines keep their numbers."""
    bare = _TRAILER.sub("-", _HEADER.sub(lambda found: "\n" * found[0].count("\n"), text))
    line = 1
    for block in _BLOCK.split(bare):
        if block.startswith(":20:"):
            yield _Message(line, block)
        elif _LINE.search(block):
            raise refused(f"line {line}", "There is an entry before the first field :20:.")
        line += block.count("\n")


def _read(message: _Message) -> Transactions:
    """Return what the package makes of one message; only fields 60, 61 and 62 can be wrong."""
    found = Transactions(
        {
            "pre_entry": [mt940.processors.date_fixup_pre_processor],
            "post_entry": [mt940.processors.date_cleanup_post_processor],
        },
        options=_OPTIONS,
    )
    found.tags = _tags()
    try:
        found.parse(message.text)
    except (_Wrong, ValueError, InvalidOperation) as wrong:
        where = _where(message, len(found))
        said = (
            shown(str(wrong)) if isinstance(wrong, _Wrong) else "a date that is no day, or amount"
        )
        raise refused(where, f"Field 61 cannot be read: {said}.") from None
    if "closing" not in found.data or "opening" not in found.data:
        what = "The statement has no first or no last balance: it is cut off, or an interim one."
        raise refused(f"line {message.line}", what)
    return found


def _where(message: _Message, before: int) -> str:
    """Return the line of an entry, by the number of those before it."""
    lines = [line for line, _ in _places(message, _LINE)]
    return lines[before] if before < len(lines) else f"line {message.line}"


def _entries(message: _Message, found: Transactions) -> Iterator[Entry]:
    """Yield the entries of a message; those of nothing are left to the notes."""
    opening = found.data["opening"]
    account = _account(found.data.get("account", ""))
    if not account:
        raise refused(f"line {message.line}", "The statement has no field :25:, its account.")
    lines = [line for line, _ in _places(message, _LINE)]
    if len(lines) != len(found):
        raise refused(f"line {message.line}", "An entry stands where no field can begin.")
    for where, each in zip(lines, found, strict=True):
        amount = checked_amount(each.data["amount"].amount, opening.currency, where)
        if amount:
            yield _entry(each.data, amount, opening.currency, account, where)


def _places(message: _Message, pattern: re.Pattern[str]) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield what of a message fits a pattern, each with its line; the text is walked once."""
    line, at = message.line, 0
    for each in pattern.finditer(message.text):
        line += message.text.count("\n", at, each.start())
        at = each.start()
        yield f"line {line}", each


def _account(told: str) -> str:
    """Return the account without the currency that some banks write behind it."""
    first = compact(told.partition("\n")[0]).removeprefix("/")
    without = re.sub(r"/?[A-Z]{3}$", "", first)
    return without if without != first and is_iban(without) else first


def _entry(data: dict[str, Any], amount: Decimal, currency: str, account: str, where: str) -> Entry:
    said = mt940_details.read(data.get("details", ""))
    extra = (data.get("extra_details") or "").strip()
    booked = data.get("entry_date")
    valued = data["date"]
    reference = known((data.get("customer_reference") or "").strip())
    text = said.text
    if reference and reference not in _POINTERS and reference not in text:
        text = f"{text} {reference}"
    other = said.account or (compact(extra) if is_iban(compact(extra)) else "")
    original = _ORIGINAL.search(extra)
    foreign = original is not None and original[1] != currency
    return Entry(
        booked_on=_plain(booked if isinstance(booked, date) else valued),
        value_on=_plain(valued),
        amount=amount,
        currency=currency,
        account=account,
        payer_name=tidy(said.name, where),
        payer_account=compact(other),
        text=tidy(text, where),
        structured_reference=compact(said.structured_reference),
        end_to_end_id=known(tidy(said.end_to_end_id, where)),
        reference=known(tidy(data.get("bank_reference") or "", where)),
        kind=" ".join(each for each in (data["id"].strip(), said.kind) if each),
        reversal=data["status"].upper().startswith("R") or said.returned,
        instructed_amount=_number(original[2]) if original and foreign else None,
        instructed_currency=original[1] if original and foreign else "",
    )


def _plain(day: date) -> date:
    """Return a date of the standard library: the package has a kind of its own."""
    return date(day.year, day.month, day.day)


def _number(told: str) -> Decimal:
    return Decimal(told.replace(",", "."))


def _doubts(message: _Message, found: Transactions) -> Iterator[Note]:
    """Yield what a person should look at: sums that do not meet, entries of nothing, odd fields."""
    where = f"line {message.line}"
    opening, closing = found.data["opening"], found.data["closing"]
    moved = sum((each.data["amount"].amount for each in found), Decimal(0))
    if opening.currency != closing.currency or opening.amount + moved != closing.amount:
        text = f"The entries make {moved} {opening.currency}, the balances go from {opening} to {closing}."
        yield Note(where, text)
    for (line, _), each in zip(_places(message, _LINE), found, strict=True):
        if not each.data["amount"].amount:
            yield Note(line, "An entry of nothing: information.")
    for line, odd in _places(message, _UNKNOWN):
        tag = odd[0].strip(":")
        if int(tag[:2]) not in _KNOWN:
            yield Note(line, f"The field :{tag}: is not one of MT940; it is read as text.")
