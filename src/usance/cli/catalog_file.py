"""Catalogue files: YAML or JSON from disk, decoded without losing a digit.

YAML is read by the core schema of YAML 1.2 and not as PyYAML reads it by itself: a number with a
point is a Decimal, `no` is a word and not false, 010 is no octal, a date is a text, and infinity
is the word `inf`, which ends a price's last tier. What the schema does not have (tags, merge keys)
is refused, and so is a key that comes twice, of which PyYAML would drop one without a word.

Units: sizes are bytes of UTF-8; lines and columns count from 1.
Sources: YAML 1.2.2, chapter 10.3; RFC 8259; docs/catalogue.md.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final

import yaml

from usance.core.refusals import Code, Refusal

MOST_BYTES: Final = 5 * 1024 * 1024
MOST_DEPTH: Final = 40
MOST_VALUES: Final = 200_000
"""Values of a file with its aliases written out: nine lines of YAML can otherwise mean a billion."""

_MOST_DIGITS: Final = 1_000

_STRUCTURE: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[-+.\w]+', re.DOTALL)
_ENDLESS: Final = re.compile(r"[-+]?(NaN|Infinity)|.*[eE][-+]?[0-9]{7,}")
_INTEGER: Final = re.compile(r"[-+]?[0-9]+")
_DECIMAL: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Final[dict[str, str | bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), "inf"),
}
_TEXT_TAGS: Final = ("!", "tag:yaml.org,2002:str")


def load(path: Path) -> object:
    """Return the file's value: dicts, lists, str, int, Decimal, bool, None, and never a float.

    Raises a Refusal that names the file, the line and the column. JSON is what is called `.json`.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        problem = f"{path}: cannot be read: {error.strerror}."
        raise Refusal(Code.VALIDATION_FAILED, problem) from error
    return loads(content, str(path))


def loads(content: bytes, name: str) -> object:
    """Return the value of a file's content; `name` says how to read it and stands in refusals."""
    if len(content) > MOST_BYTES:
        limit = MOST_BYTES // (1024 * 1024)
        raise Refusal(Code.VALIDATION_FAILED, f"{name}: is larger than {limit} MiB.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _place(content[: error.start].decode("utf-8-sig"), None)
        raise _at(name, line, column, "is not UTF-8") from error
    return _json(text, name) if name.lower().endswith(".json") else _yaml(text, name)


def _at(name: str, line: int, column: int, problem: str) -> Refusal:
    message = f"{name}: line {line}, column {column}: {problem}."
    return Refusal(Code.VALIDATION_FAILED, message, detail={"line": line, "column": column})


def _place(text: str, position: int | None) -> tuple[int, int]:
    """Return line and column of a position in a text; None: of its end."""
    before = text[:position]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


# JSON.


def _json(text: str, name: str) -> object:
    _check_tokens(text, name)
    try:
        value: object = json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError as error:
        raise _at(name, error.lineno, error.colno, f"is not JSON: {error.msg}") from error
    return value


def _is_readable(number: str) -> bool:
    """Whether a number, or what stands in its place, can be converted, and at a bounded cost."""
    return len(number) <= _MOST_DIGITS and not _ENDLESS.fullmatch(number)


def _check_tokens(text: str, name: str) -> None:
    """Refuse what json would take or crash on: a key that comes twice, depth, NaN, endless digits.

    Of what is not JSON it says nothing: json will.
    """
    open_keys: list[set[str]] = []
    last: re.Match[str] | None = None
    for token in _STRUCTURE.finditer(text):
        match token.group():
            case "{" | "[":
                open_keys.append(set())
                if len(open_keys) > MOST_DEPTH:
                    raise _at(name, *_place(text, token.start()), "is nested too deep")
            case "}" | "]" if open_keys:
                open_keys.pop()
            case ":" if open_keys and last and last.group().startswith('"'):
                key = _unescaped(last.group())
                if key in open_keys[-1]:
                    raise _at(name, *_place(text, last.start()), f"{key} comes twice")
                open_keys[-1].add(key)
            case word if word[0] not in '"{}[],:' and not _is_readable(word):
                raise _at(name, *_place(text, token.start()), "is not a number to be read")
        last = token


def _unescaped(quoted: str) -> str:
    try:
        return str(json.loads(quoted))
    except json.JSONDecodeError:  # its place is reported by the reading of the whole
        return quoted


# YAML.


def _yaml(text: str, name: str) -> object:
    try:
        return _Reader(yaml.parse(text, Loader=yaml.SafeLoader)).read()
    except _Fault as fault:
        raise _at(name, *fault.place, fault.problem) from fault
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise _at(name, line, column, error.problem or "is not YAML") from error
    except yaml.reader.ReaderError as error:
        line, column = _place(text, error.position)
        raise _at(name, line, column, "has a character that YAML does not allow") from error


class _Fault(Exception):  # noqa: N818 - the file's, not ours
    """What is refused in YAML that is well formed, and where."""

    def __init__(self, event: yaml.Event, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        mark = event.start_mark
        self.place = (mark.line + 1, mark.column + 1) if mark else (1, 1)


@dataclass(slots=True)
class _Reader:
    """Builds values from PyYAML's events, instead of PyYAML's own constructors.

    An alias gives the value of its anchor again and counts as many values as that has, so a file
    is as large as it would be with its aliases written out. Inside an anchored value there are
    none: a chain of them would be deeper than any line of the file shows.
    """

    events: Iterator[yaml.Event]
    anchors: dict[str, tuple[object, int]] = field(default_factory=dict)
    count: int = 0
    open_anchors: int = 0
    latest: yaml.Event = field(default_factory=yaml.StreamStartEvent)

    def read(self) -> object:
        """Return the value of the only document; None of an empty file."""
        event = self._next()
        while isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
            event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            return None
        value = self._value(event, 0)
        self._next()  # the document's end
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            raise _Fault(event, "is a second document in one file")
        return value

    def _next(self) -> yaml.Event:
        try:
            self.latest = next(self.events)
        except (ValueError, OverflowError) as error:  # PyYAML does not look at "\\UFFFFFFFF"
            raise _Fault(self.latest, "is followed by an escape of no character") from error
        return self.latest

    def _value(self, event: yaml.Event, depth: int) -> object:
        before = self.count
        self.count += 1
        if depth > MOST_DEPTH:
            raise _Fault(event, "is nested too deep")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        anchor = event.anchor if isinstance(event, yaml.NodeEvent) else None
        self.open_anchors += anchor is not None
        value: object
        match event:
            case yaml.ScalarEvent():
                value = _scalar(event)
            case yaml.SequenceStartEvent():
                value = self._sequence(event, depth)
            case yaml.MappingStartEvent():
                value = self._mapping(event, depth)
            case _:
                msg = f"PyYAML gave {event} where a value begins"
                raise AssertionError(msg)
        if self.count > MOST_VALUES:
            raise _Fault(event, f"brings the file to more than {MOST_VALUES:,} values")
        if anchor is not None:
            self.open_anchors -= 1
            self.anchors[anchor] = value, self.count - before
        return value

    def _alias(self, event: yaml.AliasEvent) -> object:
        if self.open_anchors:
            raise _Fault(event, "is an alias inside an anchored value")
        anchor = event.anchor or ""
        if anchor not in self.anchors:
            raise _Fault(event, f"there is no anchor &{anchor} before this")
        value, size = self.anchors[anchor]
        self.count += size
        if self.count > MOST_VALUES:
            raise _Fault(event, f"brings the file to more than {MOST_VALUES:,} values")
        return value

    def _sequence(self, start: yaml.SequenceStartEvent, depth: int) -> list[object]:
        _refuse_tag(start)
        values: list[object] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            values.append(self._value(event, depth + 1))
        return values

    def _mapping(self, start: yaml.MappingStartEvent, depth: int) -> dict[str, object]:
        _refuse_tag(start)
        values: dict[str, object] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._value(event, depth + 1)
            if not isinstance(key, str):
                raise _Fault(event, "a key must be a text: write it in quotes")
            if key == "<<":
                raise _Fault(event, "merge keys are not read: repeat the fields")
            if key in values:
                raise _Fault(event, f"{key} comes twice")
            values[key] = self._value(self._next(), depth + 1)
        return values


def _refuse_tag(event: yaml.CollectionStartEvent) -> None:
    if event.tag not in (None, "!"):
        raise _Fault(event, f"the tag {event.tag} is not read")


def _scalar(event: yaml.ScalarEvent) -> str | int | Decimal | bool | None:
    """Return a scalar by the core schema; what is quoted or tagged as a text is a text."""
    text: str = event.value
    if event.tag in _TEXT_TAGS:
        return text
    if event.tag is not None:
        raise _Fault(event, f"the tag {event.tag} is not read")
    is_plain = event.implicit[0]
    if not is_plain:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if not _DECIMAL.fullmatch(text):
        return text
    if not _is_readable(text):
        raise _Fault(event, "is not a number to be read")
    return int(text) if _INTEGER.fullmatch(text) else Decimal(text)
