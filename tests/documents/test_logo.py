"""Which pictures are taken for a logo."""

import struct
import zlib

import pytest

from usance.documents.logo import BYTES_MAX, Format, UnusableLogo, format_of


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int) -> bytes:
    """Return a red picture."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + b"\xd0\x20\x20" * width) * height
    parts = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def _jpeg(width: int, height: int) -> bytes:
    """Return the beginning of a JPEG: a comment, a table whose marker is like a frame's, a frame."""
    comment = b"\xff\xfe\x00\x04hi"
    table = b"\xff\xc4\x00\x03\x00"
    frame = b"\xff\xc2\x00\x0b\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\x00"
    return b"\xff\xd8" + comment + table + frame


def _svg(inside: str, before: str = "") -> bytes:
    return f"{before}<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>{inside}</svg>".encode()


@pytest.mark.parametrize(
    ("logo", "format_"),
    [
        (png(20, 10), Format.PNG),
        (png(4000, 1), Format.PNG),
        (_jpeg(4000, 4000), Format.JPEG),
        (_svg("<rect width='9' height='9'/>"), Format.SVG),
        (_svg("", "<?xml version='1.0'?>\n<!-- drawn by\nhand -->"), Format.SVG),
        (_svg("<style>.a { fill: red }</style><n:use xmlns:n='urn:notes'/>", "\ufeff"), Format.SVG),
        (
            _svg(
                "<defs><linearGradient id='a'><stop/></linearGradient></defs><g><path d='M0 0'/></g>"
            ),
            Format.SVG,
        ),
        (_svg("<g>" * 49 + "</g>" * 49), Format.SVG),
    ],
)
def test_a_picture_is_taken(logo: bytes, format_: Format):
    assert format_of(logo) is format_


@pytest.mark.parametrize(
    ("logo", "why"),
    [
        (b"", "is a PNG"),
        (b"GIF89a", "is a PNG"),
        (b"<html><svg></svg></html>", "is a PNG"),
        (b"x" * (BYTES_MAX + 1), "at most"),
        (png(4001, 1), "pixels"),
        (png(0, 1), "pixels"),
        (b"\x89PNG\r\n\x1a\n", "pixels"),
        (_jpeg(4001, 1), "pixels"),
        (_jpeg(1, 4001), "pixels"),
        (b"\xff\xd8\xff\xe0\x00\x00" * 9, "pixels"),  # segments that never get to a frame
        (b"\xff\xd8\xff\xe0", "pixels"),
        (_svg("<image href='/etc/passwd'/>"), "shapes only"),
        (_svg("<svg:image href='/etc/passwd'/>"), "broken"),
        (_svg("<script>alert(1)</script>"), "shapes only"),
        (_svg("<foreignObject/>"), "shapes only"),
        (_svg("<g id='a'/><use href='#a'/>"), "shapes only"),  # doubled, and doubled again
        (_svg("<text>a font of the machine</text>"), "shapes only"),
        (_svg("<filter><feImage href='x'/></filter>"), "shapes only"),
        (_svg("", "<?xml version='1.0'?>\n<!-- a --><!DOCTYPE svg [<!ENTITY a 'b'>]>"), "is a PNG"),
        (_svg("<!ENTITY a 'b'>"), "broken"),
        (_svg("<rect>"), "broken"),
        (_svg("<g>" * 50 + "</g>" * 50), "deep"),
        (_svg("<g>" * 20_000), "deep"),
        (_svg("<marker id='a'/>"), "no marker"),
        (_svg("<pattern id='a'/>"), "no pattern"),
        (_svg("<mask id='a'/>"), "no mask"),
        (_svg("<clipPath id='a'/>"), "no clipPath"),
        (_svg("<symbol id='a'/>"), "no symbol"),
        (_svg("<s:marker xmlns:s='http://www.w3.org/2000/svg' id='a'/>"), "no marker"),
        (b"<svg><marker/></svg>", "no marker"),
    ],
)
def test_anything_else_is_not(logo: bytes, why: str):
    with pytest.raises(UnusableLogo, match=why):
        format_of(logo)
