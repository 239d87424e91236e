"""Reading a decoded document: every value knows its path, and refuses itself by that path.

A decoder gives dicts, lists, str, int, Decimal, bool and None. A float is a bug of the decoder and
raises TypeError: a float has already lost the digits that a price is made of.

Units: numbers become Decimals with at most 12 decimals and 18 digits before them.
Sources: BILLING.md, "Catalogue document".
"""

import json
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeVar

from usance.core.money import EXACT, exponent, is_exact, is_whole
from usance.core.refusals import Refusal, invalid

Choice = TypeVar("Choice", bound=StrEnum)

NAME_LENGTH: Final = 255
TEXT_LENGTH: Final = 2_000

_DECIMALS: Final = 12
_TOO_LONG: Final = "must have at most 12 decimals, and 18 digits before them"
# A number may be written longer than it is (49.000000). Beyond these sizes nobody reads on: what
# an attacker writes must cost no more than its length.
_DIGITS_WRITTEN: Final = 64
_BITS_WRITTEN: Final = 256

_KEY: Final = re.compile(r"[A-Za-z0-9_.:-]{1,255}")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,64}(\.[0-9]{1,64})?([eE][+-]?[0-9]{1,6})?")
_PLAIN_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands. The methods return what they name, or raise a Refusal."""

    path: str
    value: object

    def refuse(self, problem: str) -> Refusal:
        """Return the refusal of this value: `problem` goes on after its path ("must be …")."""
        return invalid(self.path, f"{self.path or 'The document'} {problem}.")

    def child(self, name: str) -> str:
        """Return the path of a field of this value, in quotes when it is not a plain word."""
        if _PLAIN_WORD.fullmatch(name):
            return f"{self.path}.{name}" if self.path else name
        return f"{self.path}[{json.dumps(name[:NAME_LENGTH])}]"

    def pairs(self) -> dict[str, "Node"]:
        """Return an object's values by their names, which may be any texts."""
        if not isinstance(self.value, dict):
            raise self.refuse("must be an object")
        for name in self.value:
            if not isinstance(name, str):
                raise self.refuse(f"must have texts as keys: write {name} in quotes")
        return {name: Node(self.child(name), value) for name, value in self.value.items()}

    def fields(self, *known: str) -> "Fields":
        """Return an object's values; any field that is not `known` is refused by its path."""
        pairs = self.pairs()
        for name, node in pairs.items():
            if name not in known:
                raise node.refuse(f"is not a field; there are {', '.join(known)}")
        present = {name: node for name, node in pairs.items() if node.value is not None}
        return Fields(self, present)

    def items(self) -> list["Node"]:
        """Return a list's values."""
        if not isinstance(self.value, list):
            raise self.refuse("must be a list")
        return [Node(f"{self.path}[{i}]", value) for i, value in enumerate(self.value)]

    def key(self) -> str:
        """Return a key: 1 to 255 letters, digits and `_ - . :`, and not dots alone.

        A URL of `..` names the folder above, so such a key could not be asked for.
        """
        if not isinstance(self.value, str) or not _KEY.fullmatch(self.value):
            raise self.refuse("must be 1 to 255 of A-Z, a-z, 0-9 and _ - . :")
        if not self.value.strip("."):
            raise self.refuse("must not consist of dots")
        return self.value

    def name(self) -> str:
        """Return a text of 1 to 255 characters on one line, without control characters."""
        text = self._characters(NAME_LENGTH, allowed="")
        if not text.strip():
            raise self.refuse("must not be empty")
        return text

    def text(self) -> str:
        """Return a text of at most 2,000 characters; line breaks and tabs are allowed in it."""
        return self._characters(TEXT_LENGTH, allowed="\n\r\t")

    def _characters(self, length: int, *, allowed: str) -> str:
        if not isinstance(self.value, str):
            raise self.refuse("must be a text")
        if len(self.value) > length:
            raise self.refuse(f"must have at most {length:,} characters")
        for character in self.value:
            # Cs: half of a surrogate pair, which has no UTF-8 and which PostgreSQL cannot store.
            if unicodedata.category(character) in ("Cc", "Cs") and character not in allowed:
                raise self.refuse("must not contain control characters or broken Unicode")
        return self.value

    def flag(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            raise self.refuse("must be true or false")
        return self.value

    def choice(self, choices: type[Choice]) -> Choice:
        """Return one of the values of an enum, written exactly so."""
        for choice in choices:
            if self.value == choice.value:
                return choice
        raise self.refuse(f"must be one of {', '.join(choice.value for choice in choices)}")

    def number(self) -> Decimal:
        """Return a finite number, exact to the digit; a text that is one is taken too."""
        number = self._decimal()
        if not number.is_finite():
            raise self.refuse("must be a finite number")
        if len(number.as_tuple().digits) > _DIGITS_WRITTEN or not is_exact(number):
            raise self.refuse(_TOO_LONG)
        return _written_out(number)

    def quantity(self) -> Decimal:
        """Return a number of at least zero."""
        number = self.number()
        if number < 0:
            raise self.refuse("must not be negative")
        return number

    def positive(self) -> Decimal:
        """Return a number above zero."""
        number = self.number()
        if number <= 0:
            raise self.refuse("must be more than zero")
        return number

    def money(self, currency: str) -> Decimal:
        """Return an amount of at least zero, in whole minor units of its currency."""
        amount = self.quantity()
        if not is_whole(amount, currency):
            raise self.refuse(f"must have at most {exponent(currency)} decimals in {currency}")
        return amount

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`; `3.0` is one."""
        number = self.number()
        if number != number.to_integral_value() or not low <= number <= high:
            raise self.refuse(f"must be a whole number from {low} to {high:,}")
        return int(number)

    def _decimal(self) -> Decimal:
        match self.value:
            case bool():
                raise self.refuse("must be a number")
            case float():
                msg = f"{self.path}: a decoder gave a float"
                raise TypeError(msg)
            case int() if self.value.bit_length() > _BITS_WRITTEN:
                raise self.refuse(_TOO_LONG)
            case int():
                return Decimal(self.value)
            case Decimal():
                return self.value
            case str() if _NUMBER.fullmatch(self.value):
                return Decimal(self.value)
            case _:
                raise self.refuse("must be a number")


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one object. A field that is null counts as one that is not there."""

    node: Node
    present: dict[str, Node]

    def __getitem__(self, name: str) -> Node:
        """Return a field that must be there."""
        if name not in self.present:
            raise Node(self.node.child(name), None).refuse("is required")
        return self.present[name]

    def get(self, name: str) -> Node | None:
        """Return a field that may be absent."""
        return self.present.get(name)

    def items(self, name: str) -> list[Node]:
        """Return the values of a list that may be absent."""
        node = self.present.get(name)
        return node.items() if node else []

    def whole(self, name: str, low: int, high: int) -> int:
        """Return a whole number, 0 when it is absent."""
        node = self.present.get(name)
        return node.whole(low, high) if node else 0


def _written_out(number: Decimal) -> Decimal:
    """Return an exact number as a person writes it: 1E+3 as 1000, -0 as 0, at most 12 decimals."""
    _, _, power = number.as_tuple()
    assert isinstance(power, int), "a finite number has a power of ten"
    decimals = min(max(-power, 0), _DECIMALS)
    return EXACT.plus(number.quantize(Decimal(1).scaleb(-decimals), context=EXACT))
