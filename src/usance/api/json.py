"""Exact JSON: what comes in is kept to the last digit, what goes out is never in exponent form.

A number is an int, or a Decimal; never a float. What no client sends by mistake for long (a key
twice, half a surrogate pair, a number of a thousand digits) is refused before it can do harm.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from usance.core.refusals import Code, Refusal, invalid

_DEPTH_MAX: Final = 64
_NUMBER_LENGTH_MAX: Final = 100
_EXPONENT_MAX: Final = 100
_INT_LENGTH_MAX: Final = 18  # fits PostgreSQL's bigint; longer ones are Decimals
_KEY_SHOWN_MAX: Final = 50

# PostgreSQL keeps neither: no text holds the character 0, and UTF-8 has no half of a pair.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
# Stands for a number that is none, or has no place in a ledger, until the tree tells its field.
_NO_NUMBER: Final = Decimal("NaN")

_LONG: Final = 10**_INT_LENGTH_MAX

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_IN_ORDER: Final = msgspec.json.Encoder(decimal_format="number", order="sorted")
# What the encoder writes otherwise than we do: exponents, and what is no number.
_OTHERWISE: Final = (b"E+", b"E-", b"NaN", b"Infinity")


def parse(body: bytes) -> Any:  # noqa: ANN401 - the caller's JSON decides
    """Return what the body says, or refuse it: `malformed_json`, `validation_failed` (the field).

    >>> parse(b'{"amount": 49.00, "count": 3, "share": 1e-7}')
    {'amount': Decimal('49.00'), 'count': 3, 'share': Decimal('1E-7')}
    """
    # A decoder takes longer to make than to read most bodies, so it is kept for the next.
    hooks = _hooks.pop() if _hooks else _Hooks()
    hooks.saw_no_number = False
    try:
        value = hooks.decoder.decode(_text(body))
    except json.JSONDecodeError as error:
        # Not `str(error)`: what was sent is not repeated, and may be personal.
        raise _malformed(
            f"The body is not JSON: {error.msg} (line {error.lineno}, column {error.colno})."
        ) from None
    except UnicodeDecodeError as error:
        raise _malformed(f"The body is not UTF-8 (byte {error.start}).") from None
    except RecursionError:
        raise _too_deep() from None
    finally:
        _hooks.append(hooks)

    if body.count(b"[") + body.count(b"{") > _DEPTH_MAX and _depth(value) > _DEPTH_MAX:
        raise _too_deep()
    # Without an escape no text can hold what UTF-8 cannot: nothing to look for.
    if hooks.saw_no_number or b"\\u" in body:
        for field, problem in _faults(value, ""):
            raise invalid(field or "body", problem)
    return value


def render(value: object) -> bytes:
    """Return the value as JSON: decimals digit for digit, instants in UTC with `Z`.

    >>> render({"amount": Decimal("49.00"), "big": Decimal("1E+2"), "small": Decimal("1E-7")})
    b'{"amount":49.00,"big":100,"small":0.0000001}'
    """
    return _ENCODER.encode(_plain(value))


def render_exact(value: object) -> bytes:
    """Return what `render` does, sooner: for what the core has made, without floats and all in UTC.

    >>> render_exact({"amount": Decimal("49.00"), "small": Decimal("1E-7")})
    b'{"amount":49.00,"small":0.0000001}'
    """
    rendered = _ENCODER.encode(value)
    return render(value) if any(sign in rendered for sign in _OTHERWISE) else rendered


def canonical(value: object) -> bytes:
    """Return the value in one form for all the ways to send it: keys in order, numbers by value.

    >>> canonical({"b": 1, "a": Decimal("1.50")}) == canonical({"a": Decimal("1.5"), "b": Decimal(1)})
    True
    """
    return _IN_ORDER.encode(_by_value(value))


def _by_value(value: object) -> object:
    if isinstance(value, dict):
        return {key: _by_value(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_by_value(child) for child in value]
    if isinstance(value, Decimal) or (type(value) is int and abs(value) >= _LONG):
        number = Decimal(value).normalize()
        # One form whether it came as 100, 100.0 or 1e2.
        whole = number == number.to_integral_value() and abs(number) < _LONG
        return int(number) if whole else number
    return value


class _Hooks:
    """How one body's numbers are read."""

    __slots__ = ("decoder", "saw_no_number")

    def __init__(self) -> None:
        self.saw_no_number = False
        self.decoder = json.JSONDecoder(
            parse_float=self.number,
            parse_int=self.whole,
            parse_constant=self.constant,
            object_pairs_hook=_object,
        )

    def whole(self, text: str) -> int | Decimal:
        return int(text) if len(text) <= _INT_LENGTH_MAX else self.number(text)

    def number(self, text: str) -> Decimal:
        if len(text) <= _NUMBER_LENGTH_MAX:
            try:
                number = Decimal(text)
            except InvalidOperation:  # an exponent of more digits than Decimal counts
                return self.constant(text)
            if abs(number.adjusted()) <= _EXPONENT_MAX:
                return number
        return self.constant(text)

    def constant(self, _text: str) -> Decimal:
        self.saw_no_number = True
        return _NO_NUMBER


_hooks: Final[list[_Hooks]] = []


def _text(body: bytes) -> str:
    text = body.decode()
    if text.startswith("\ufeff"):
        raise json.JSONDecodeError("Unexpected UTF-8 BOM", text, 0)
    return text


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _malformed(f"An object has the key {json.dumps(key[:_KEY_SHOWN_MAX])} twice.")
            seen.add(key)
    return value


def _depth(value: object) -> int:
    depth, level = 0, [value]
    while level and depth <= _DEPTH_MAX:
        level = [
            child
            for each in level
            if isinstance(each, dict | list)
            for child in (each.values() if isinstance(each, dict) else each)
        ]
        depth += 1
    return depth


def _faults(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield where the tree holds what cannot be kept, and why."""
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            yield path, "The text holds the character 0 or half of a surrogate pair."
    elif isinstance(value, dict):
        for key, child in value.items():
            if _UNSTORABLE.search(key):
                yield path, "A key holds the character 0 or half of a surrogate pair."
            yield from _faults(child, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _faults(child, f"{path}[{index}]")
    elif value is _NO_NUMBER:
        yield path, "The number is not finite, or far too long or large."


def _plain(value: object) -> object:
    kind = type(value)
    if kind is str or value is None or kind is bool or kind is int:
        return value
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        assert value.is_finite(), "only numbers are answered"
        return msgspec.Raw(format(value, "f").encode())
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    assert not isinstance(value, float), "no amount is a float"
    return value


def _malformed(message: str) -> Refusal:
    return Refusal(Code.MALFORMED_JSON, message)


def _too_deep() -> Refusal:
    return _malformed(f"The body is nested more than {_DEPTH_MAX} levels deep.")
