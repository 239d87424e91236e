"""Logos: which pictures are taken, and how big.

Units: bytes, and pixels of the picture's own.
Sources: PNG (third edition), 11.2.1, for the header; ITU-T T.81, B.2.2, for JPEG frames.
"""

import re
from enum import StrEnum
from typing import Final

BYTES_MAX: Final = 200_000
SIDE_MAX: Final = 4_000  # pixels: a picture of few bytes can unpack to gigabytes
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8\xff"
# Start of frame, without DHT, JPG and DAC, which stand between them.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# What an SVG could fetch, run or multiply. A logo needs none of it.
_ACTIVE: Final = re.compile(
    rb"<!(?:DOCTYPE|ENTITY)|<\s*(?:[\w-]+:)?(?:script|image|feImage|foreignObject|use|filter|text)\b",
    re.IGNORECASE,
)


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
        if found := _ACTIVE.search(logo):
            raise UnusableLogo(f"An SVG logo has shapes only, no {found[0].decode()}.")
        return Format.SVG
    raise UnusableLogo("A logo is a PNG, a JPEG or an SVG.")


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
