"""A statement file of any known format, read whole or refused.

Sources: docs/statements.md, "Files".
"""

import re
from typing import Final

from usance.statements import camt053, csv, mt940
from usance.statements.columns import Mapping
from usance.statements.entries import BYTES_MAX, Statement, refused
from usance.statements.text import decoded

# How files begin that are often taken for statements, and what to do instead.
_OTHERS: Final = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook. Unpack it, or save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook. Save the sheet as CSV"),
    (b"%PDF", "a PDF. Ask the bank for camt.053, MT940 or CSV"),
    (b"\x1f\x8b", "compressed. Unpack it first"),
    (b"OFXHEADER", "OFX. Ask the bank for camt.053, MT940 or CSV"),
    (b"!Type:", "QIF. Ask the bank for camt.053, MT940 or CSV"),
)
_XML: Final = re.compile(rb"\s*<")
_MARKS: Final = re.compile(rb"\A(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?")
_MT940: Final = re.compile(r"^(?:\{4:\s*)?:20:|^:(?:60[FM]?|61):", re.MULTILINE)


def read(content: bytes, *, name: str | None, mapping: Mapping | None) -> Statement:
    """Return the entries of a statement file; its format is seen from the content.

    A mapping says how to read a CSV file; the other formats need none. `name` is what the file is
    called where it comes from, for messages about the whole of it.

    Refuses with validation_failed of `file`, naming the line or element: what is empty, has more
    than 20 MiB or 100,000 entries, is broken or cut off, or is none of the formats.
    """
    if not content.strip():
        raise refused(name or "", "The file is empty.")
    if len(content) > BYTES_MAX:
        raise refused(name or "", f"The file has more than {BYTES_MAX >> 20} MiB.")
    for start, what in _OTHERS:
        if content.startswith(start):
            raise refused(name or "", f"The file is {what}.")
    if _XML.match(_ascii(content)):
        return camt053.read(content)
    mapping = mapping or Mapping()
    text = decoded(content, mapping.encoding)
    return mt940.read(text) if _MT940.search(text) else csv.read(text, mapping)


def _ascii(content: bytes) -> bytes:
    """Return the first bytes without a byte order mark, and without the NULs of UTF-16."""
    return _MARKS.sub(b"", content[:1000], count=1).replace(b"\0", b"")
