"""The text of a statement file, whatever it was encoded in.

Sources: docs/statements.md, "Encodings".
"""

import codecs
import re
from typing import Final

from usance.statements.entries import refused

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What no text has: control characters, and the two that are no characters at all.
_NO_TEXT: Final = re.compile("[\x00-\x08\x0e-\x1b\x1d-\x1f\x7f\ufffe\uffff]")
_SEQUENCE_BYTES_MAX: Final = 4  # of one character in UTF-8
_NUL_SHARE: Final = 3  # every second byte of Latin text in UTF-16 is NUL; a third is enough to tell

ENCODINGS: Final = ("utf-8", "utf-16", "windows-1252", "iso-8859-1", "iso-8859-15", "cp850")
"""What a seller may say a file is encoded in."""


def decoded(content: bytes, encoding: str | None = None) -> str:
    """Return the text of a file, lines ended by line feeds; refuse what is no text.

    The byte order mark decides, then UTF-16 by its NULs, then UTF-8. What is no UTF-8 is
    Windows-1252, or the code page 850 of older German programs; a file that is UTF-8 but for a
    few bytes is broken, and guessing would spoil every name in it.
    """
    text = _told(content, encoding) if encoding is not None else _guessed(content)
    found = _NO_TEXT.search(text)
    if found is not None:
        line = text.count("\n", 0, found.start()) + 1
        raise refused(f"line {line}", f"There is a character that no text has: {found[0]!r}.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _told(content: bytes, encoding: str) -> str:
    if encoding not in ENCODINGS:
        raise refused("", f"The encoding is one of {', '.join(ENCODINGS)}.")
    for mark, name in _MARKS:
        if content.startswith(mark) and name.startswith(encoding):
            return _strictly(content.removeprefix(mark), name)
    return _strictly(content, "utf-16-le" if encoding == "utf-16" else encoding)


def _guessed(content: bytes) -> str:
    for mark, name in _MARKS:
        if content.startswith(mark):
            return _strictly(content.removeprefix(mark), name)
    head = content[:1000]
    for first, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if head[first::2].count(0) * _NUL_SHARE > len(head):
            return _strictly(content, name)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as wrong:
        _refuse_broken(content, wrong)
    for name in ("windows-1252", "cp850"):
        try:
            return content.decode(name)
        except UnicodeDecodeError:
            continue
    raise AssertionError("code page 850 has a character for every byte")


def _refuse_broken(content: bytes, wrong: UnicodeDecodeError) -> None:
    """Refuse what was meant to be UTF-8: more of it is right than is wrong, or it was cut off."""
    # One mark for each byte or cut-off sequence that is no UTF-8.
    forgiven = content.decode("utf-8", "replace")
    bad = forgiven.count("\ufffd")
    good = sum(not each.isascii() for each in forgiven) - bad
    cut = wrong.end == len(content) and content[wrong.start] >= 0xC2  # noqa: PLR2004 - of a sequence
    cut = cut and 0 < len(content) - wrong.start < _SEQUENCE_BYTES_MAX
    if good > bad or (good and cut):
        line = content.count(b"\n", 0, wrong.start) + 1
        raise refused(f"line {line}", f"The byte {content[wrong.start]:#04x} is not UTF-8.")


def _strictly(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as wrong:
        line = content.count(b"\n", 0, wrong.start) + 1
        what = f"The file is not {encoding.upper()}: {wrong.reason}."
        raise refused(f"line {line}", what) from None
