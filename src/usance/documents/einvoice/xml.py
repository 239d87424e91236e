"""XML: elements as values, written without anything that a reader could stumble over.

Empty elements are left out, and so is what XML 1.0 cannot hold.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

_UNFIT: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INDENT: Final = "  "


@dataclass(frozen=True, slots=True)
class Element:
    """An element with text or with elements in it."""

    name: str
    content: "str | tuple[Element, ...]" = ()
    attributes: tuple[tuple[str, str], ...] = ()


def leaf(name: str, text: str | None, **attributes: str) -> Element | None:
    """Return an element with text, or None where there is none."""
    said = _UNFIT.sub("\N{REPLACEMENT CHARACTER}", text or "").strip()
    return Element(name, said, tuple(attributes.items())) if said else None


def group(name: str, *children: Element | None) -> Element | None:
    """Return an element of those elements that are there, or None where none is."""
    there = tuple(child for child in children if child is not None)
    return Element(name, there) if there else None


def render(root: Element, namespaces: Mapping[str, str]) -> bytes:
    """Return the document in UTF-8; the same elements give the same bytes."""
    declared = tuple((f"xmlns:{p}" if p else "xmlns", uri) for p, uri in namespaces.items())
    root = Element(root.name, root.content, (*declared, *root.attributes))
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', *_lines(root, "")]
    return ("\n".join(lines) + "\n").encode()


def _lines(one: Element, indent: str) -> Iterator[str]:
    attributes = "".join(f" {name}={quoteattr(value)}" for name, value in one.attributes)
    if isinstance(one.content, str):
        # A bare carriage return would be read as a line feed.
        text = escape(one.content, {"\r": "&#13;"})
        yield f"{indent}<{one.name}{attributes}>{text}</{one.name}>"
    elif not one.content:
        yield f"{indent}<{one.name}{attributes}/>"
    else:
        yield f"{indent}<{one.name}{attributes}>"
        for child in one.content:
            yield from _lines(child, indent + _INDENT)
        yield f"{indent}</{one.name}>"
