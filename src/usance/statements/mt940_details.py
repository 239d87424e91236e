"""Field 86 of an MT940: who paid, and what for, in the three ways that banks write it.

German banks number its parts (`?20` to `?29` is the purpose, `?32` the name) and put SEPA's keywords
into the purpose (`EREF+`, `SVWZ+`); Polish ones do the same with `<` or `~`. Dutch banks name its
parts (`/NAME/`, `/REMI/`). The rest of the world writes text.

Sources: docs/statements.md, "MT940"; Deutsche Kreditwirtschaft, DFÜ-Abkommen, annex 3, chapter 8;
the MT940 formats that ABN AMRO, ING and Rabobank publish.
"""

import re
from dataclasses import dataclass
from typing import Final

_NUMBERED: Final = re.compile(r"(\d{3})?([?<~^>|])\d\d", re.ASCII)
_LINE_FULL: Final = 64  # characters of a line of field 86 are 65; ING breaks after 64
_PART_FULL: Final = 27  # characters of a numbered part
_PURPOSE: Final = frozenset([f"2{n}" for n in range(10)] + [f"6{n}" for n in range(4)])
_SEPA: Final = re.compile(
    r"(EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|IBAN|BIC|PURP|ULTC|ULTD)(?:\+|: ?)"
)
_NAMED: Final = re.compile(
    r"/(TRTP|IBAN|BIC|NAME|REMI|EREF|MARF|CSID|CNTP|ORDP|BENM|ADDR|ID|ISDT|PREF|TRCD|PURP|ULTD|"
    r"ULTC|ULTB|MREF|CRED|SVCL|RTRN|RREF|CHGS|OCMT|EXCH|NRTX|ACCW|BO|BI)/"
)
_NAMED_START: Final = re.compile(r"/(TRTP|EREF|PREF|ORDP|BENM|REMI|NAME|IBAN|CNTP|RTRN|MARF)/")
_STRUCTURED: Final = re.compile(r"STRD/(?:[A-Z]{2,4}/)?([^/]+)")
_COUNTERPARTY: Final = 3  # places of /CNTP/: account, BIC, name, town
# Codes by which German banks take a payment back: returned debits, returned transfers.
_RETURNS: Final = frozenset({"108", "109", "159", "181", "183", "184"})


@dataclass(frozen=True, slots=True)
class Details:
    """What a field 86 says; what it does not is empty."""

    text: str = ""
    name: str = ""
    account: str = ""
    end_to_end_id: str = ""
    structured_reference: str = ""
    kind: str = ""
    returned: bool = False


def read(field: str) -> Details:
    """Return what a field 86 says, by whatever way it is written."""
    lines = field.split("\n")
    numbered = _NUMBERED.match(field)
    if numbered is not None:
        return _numbered("".join(lines), numbered[2])
    if _NAMED_START.match(field):
        return _named(_joined(lines, _LINE_FULL))
    return _keyed(" ".join(lines))


def _joined(parts: list[str], full: int) -> str:
    """Return parts in one line: where one is full a word may go on, else a space was cut off."""
    return "".join(each if len(each) >= full else f"{each} " for each in parts).strip()


def _numbered(field: str, mark: str) -> Details:
    head, *rest = re.split(rf"{re.escape(mark)}(?=\d\d)", field)
    parts = [(each[:2], each[2:]) for each in rest]
    told: dict[str, str] = {}
    for number, words in parts:
        told.setdefault(number, words)
    said = _keyed(_joined([words for number, words in parts if number in _PURPOSE], _PART_FULL))
    returned = head in _RETURNS or bool(told.get("34", "").strip("0 "))
    return Details(
        text=said.text,
        name=_joined([told.get("32", ""), told.get("33", "")], _PART_FULL) or said.name,
        account=told.get("31", "").strip() or told.get("38", "").strip() or said.account,
        end_to_end_id=said.end_to_end_id,
        kind=" ".join(each for each in (head, told.get("00", "").strip()) if each),
        returned=returned,
    )


def _keyed(text: str) -> Details:
    """Return a text with SEPA's keywords in it taken apart; a keyword counts where it is first."""
    before, *rest = _SEPA.split(text)
    told: dict[str, str] = {}
    for key, words in zip(rest[::2], rest[1::2], strict=True):
        told.setdefault(key, words.strip())
    words = told.get("SVWZ", "")
    return Details(
        text=" ".join(each for each in (before.strip(), words) if each),
        name=told.get("ABWA", ""),
        account=told.get("IBAN", ""),
        end_to_end_id=told.get("EREF", ""),
    )


def _named(field: str) -> Details:
    _, *rest = _NAMED.split(field)
    told: dict[str, str] = {}
    for key, words in zip(rest[::2], rest[1::2], strict=True):
        if words.strip("/ "):
            told.setdefault(key, words.strip("/ "))
    account, name = told.get("IBAN", ""), told.get("NAME", "")
    if "CNTP" in told:
        places = told["CNTP"].split("/")
        account = account or places[0]
        name = name or "".join(places[2:_COUNTERPARTY])
    text = told.get("REMI", "")
    structured = _STRUCTURED.match(text)
    return Details(
        text="" if structured else text.removeprefix("USTD/").strip("/ "),
        name=name.strip(),
        account=account,
        end_to_end_id=told.get("EREF", ""),
        structured_reference=structured[1].strip() if structured else "",
        kind=told.get("TRTP", ""),
        returned="RTRN" in told,
    )
