"""Logos: which pictures are taken, and how big.

Units: bytes, and pixels of the picture's own.
Sources: PNG (third edition), 11.2.1, for the header; ITU-T T.81, B.2.2, for JPEG frames.
"""

import re
from enum import StrEnum
from typing import Final, NoReturn
from xml.parsers import expat

BYTES_MAX: Final = 200_000
SIDE_MAX: Final = 4_000  # pixels: a picture of few bytes can unpack to gigabytes
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8\xff"
# Start of frame, without DHT, JPG and DAC, which stand between them.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# What draws by itself. All else could fetch, run, or multiply: a marker in a marker, six deep, is a gigabyte.
_SHAPES: Final = frozenset(
    [
        "svg",
        "g",
        "defs",
        "title",
        "desc",
        "metadata",
        "style",
        "path",
        "rect",
        "circle",
        "ellipse",
        "line",
        "polyline",
        "polygon",
        "linearGradient",
        "radialGradient",
        "stop",
    ]
)
_SVG_NAMESPACE: Final = "http://www.w3.org/2000/svg"
_DEPTH_MAX: Final = 50


class Format(StrEnum):
    """What a logo can be."""

    PNG = "png"
    JPEG = "jpg"
    SVG = "svg"


class UnusableLogo(ValueError):  # noqa: N818 - named by the fact, like a refusal
    """The picture is too big, broken, or none of the formats taken."""


def format_of(logo: bytes) -> Format:
    """Return the format, or raise `UnusableLogo`: too many bytes, unknown, too many pixels.

    >>> format_of(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    <Format.SVG: 'svg'>
    """
    if len(logo) > BYTES_MAX:
        raise UnusableLogo(f"A logo has at most {BYTES_MAX} bytes.")
    if logo.startswith(_PNG):
        _fits(_png_size(logo))
        return Format.PNG
    if logo.startswith(_JPEG):
        _fits(_jpeg_size(logo))
        return Format.JPEG
    if re.match(
        rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>)?\s*(?:<!--.*?-->\s*)*<svg\b", logo, re.DOTALL
    ):
        _has_shapes_only(logo)
        return Format.SVG
    raise UnusableLogo("A logo is a PNG, a JPEG or an SVG.")


def _has_shapes_only(logo: bytes) -> None:
    """Raise `UnusableLogo` for an SVG with anything but shapes and gradients, not too deep.

    What is of other namespaces, drawing programs' own notes, is drawn by nobody.
    """
    depth = 0

    def refuse(name: str) -> NoReturn:
        raise UnusableLogo(f"An SVG logo has shapes only, no {name}.")

    def begin(name: str, _attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        namespace, _, local = name.rpartition(" ")
        if namespace in ("", _SVG_NAMESPACE) and local not in _SHAPES:
            refuse(local)
        if depth > _DEPTH_MAX:
            raise UnusableLogo(f"An SVG logo is at most {_DEPTH_MAX} elements deep.")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.StartDoctypeDeclHandler = lambda *_: refuse("document type")
    parser.EntityDeclHandler = lambda *_: refuse("entity")
    try:
        parser.Parse(logo, True)
    except expat.ExpatError as error:
        raise UnusableLogo(f"The SVG is broken: {error}.") from error


def _fits(size: tuple[int, int]) -> None:
    if not all(0 < side <= SIDE_MAX for side in size):
        raise UnusableLogo(f"A logo has 1 to {SIDE_MAX} pixels a side.")


def _png_size(logo: bytes) -> tuple[int, int]:
    return int.from_bytes(logo[16:20]), int.from_bytes(logo[20:24])


def _jpeg_size(logo: bytes) -> tuple[int, int]:
    """Return width and height of the first frame; nothing when there is none."""
    at = 2
    while at + 9 <= len(logo) and logo[at] == 0xFF:  # noqa: PLR2004 - how a marker starts
        if logo[at + 1] in _FRAMES:
            return int.from_bytes(logo[at + 7 : at + 9]), int.from_bytes(logo[at + 5 : at + 7])
        at += 2 + int.from_bytes(logo[at + 2 : at + 4])
    return 0, 0
