"""PDF: a paper, typeset.

The same paper gives the same bytes, on every machine: only the fonts of this package are used, and
the file's date is the document's own. Nothing is fetched or read but the template and the fonts.

Sources: ISO 32000; docs/decisions/0009-documents-by-typst.md.
"""

import json
import re
import threading
from dataclasses import replace
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import typst

from usance.documents import layout
from usance.documents.logo import Format, UnusableLogo, format_of
from usance.documents.paper import Kind, Mark, Paper, Party

_HERE: Final = Path(__file__).parent
# Lines. What typst keeps of a document to be faster the next time is about 0.1 MB a line.
_LONG: Final = 200
_NOT_A_PICTURE: Final = re.compile(r"failed to (decode|parse|load)\b", re.IGNORECASE)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOTHING: Final = Decimal(0)
# What a logo is tried on.
_BLANK: Final = Paper(
    kind=Kind.INVOICE,
    number=None,
    issued_on=None,
    seller=Party("Seller"),
    customer=Party("Customer"),
    lines=(),
    currency="USD",
    subtotal=_NOTHING,
    taxes=(),
    total=_NOTHING,
    paid=_NOTHING,
    due=_NOTHING,
    mark=Mark.DRAFT,
)
_ATTACHING: Final = (
    b'#let attached = "%s"\n'
    b'#pdf.attach(attached, read(attached, encoding: none), relationship: "alternative", '
    b'mime-type: "text/xml", description: "The invoice for programs")\n'
)
_NOT_SHOWN: Final = re.compile(r'the text `"([^`]*)"` could not be displayed')
_ESCAPED: Final = re.compile(r"\\u\{([0-9a-f]{1,6})\}")
_SQUARE: Final = "\N{WHITE SQUARE}"


def render(paper: Paper, *, attached: tuple[str, bytes] | None = None) -> bytes:
    """Return the document as PDF, or raise `UnusableLogo`.

    With a file of text `attached` (its name and bytes) it is PDF/A-3b and carries it. There a
    character that no font has is a white square: PDF/A allows none that cannot be shown.

    Safe to call from several threads: each has a compiler of its own, and typst runs without the
    interpreter's lock.
    """
    logo = None if paper.logo is None else format_of(paper.logo)
    sheet, pictures = layout.sheet(paper, logo=logo)
    files = {"main.typ": _template(), "sheet.json": json.dumps(sheet).encode(), **pictures}
    if attached is not None:
        name, data = attached
        files |= {"main.typ": _ATTACHING % name.encode() + _template(), name: data}
    if paper.logo is not None:
        files["logo.json"] = _numbers(paper.logo)
    issued_on = paper.issued_on
    issued = _EPOCH if issued_on is None else datetime.combine(issued_on, time(), UTC)
    try:
        pdf = _compiled(files, issued) if attached is None else _archived(files, issued)
    except typst.TypstError as error:
        # The one thing in a paper that typst reads and can refuse; all else is strings. PDF/A takes
        # fewer pictures than PDF.
        if logo is not None and (attached is not None or _NOT_A_PICTURE.match(error.message)):
            raise UnusableLogo("The logo's picture is broken.") from error
        raise
    finally:
        if len(paper.lines) > _LONG:
            _forget()
    return pdf


def try_logo(picture: bytes) -> Format:
    """Return the format of a picture that can be printed, or raise `UnusableLogo`."""
    kind = format_of(picture)
    try:
        render(replace(_BLANK, logo=picture))
    except typst.TypstError as error:
        raise UnusableLogo("The logo's picture cannot be printed.") from error
    return kind


def _archived(files: dict[str, bytes], issued: datetime) -> bytes:
    """Return the document as PDF/A-3b; what no font can show is replaced where typst names it."""
    while True:
        try:
            return _compiled(files, issued, archive=True)
        except typst.TypstError as error:
            named = "".join(_plain(one) for one in _NOT_SHOWN.findall(error.diagnostic))
            unfit = str.maketrans(dict.fromkeys(named, _SQUARE))
            sheet = json.loads(files["sheet.json"])
            replaced = json.dumps(_replaced(sheet, unfit)).encode()
            if replaced == files["sheet.json"]:
                raise
            files = files | {"sheet.json": replaced}


def _plain(named: str) -> str:
    """Return characters as they are, which typst shows as Rust writes them."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), named)


def _replaced(value: object, unfit: dict[int, str]) -> object:
    match value:
        case str():
            return value.translate(unfit)
        case list():
            return [_replaced(one, unfit) for one in value]
        case dict():
            return {name: _replaced(one, unfit) for name, one in value.items()}
        case _:
            return value


def _compiled(files: dict[str, bytes], issued: datetime, *, archive: bool = False) -> bytes:
    # The binding's stub lacks the files as a dictionary, of which its manual tells.
    pdf = _compiler().compile(
        input=files,  # type: ignore[type-var]
        format="pdf",
        timestamp=issued,
        pdf_standards="a-3b" if archive else None,
    )
    assert isinstance(pdf, bytes), "without a file to write to, the document is returned"
    return pdf


@lru_cache(maxsize=16)
def _numbers(picture: bytes) -> bytes:
    return str(list(picture)).encode()


@cache
def _template() -> bytes:
    return (_HERE / "document.typ").read_bytes()


@cache
def _fonts() -> typst.Fonts:
    """Return the fonts of this package and no others: neither the machine's nor typst's own."""
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(_HERE / "fonts")],
    )


def _forget() -> None:
    """Make typst drop what it keeps of the documents before: it does when ten more were made.

    Without it, ten invoices of 1,000 lines in a row leave a process of 1.4 GB behind.
    """
    for _ in range(11):
        _compiled({"main.typ": b""}, _EPOCH)


# A compiler is for one thread at a time.
_local = threading.local()


def _compiler() -> typst.Compiler:
    """Return this thread's compiler. Its root holds nothing but fonts: there is nothing to read."""
    compiler: typst.Compiler | None = getattr(_local, "compiler", None)
    if compiler is None:
        compiler = typst.Compiler(root=str(_HERE / "fonts"), font_paths=_fonts())
        _local.compiler = compiler
    return compiler
