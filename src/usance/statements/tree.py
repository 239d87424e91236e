"""XML without what makes XML dangerous: no DTD, no entities, bounded depth and size.

Elements are kept as long as somebody needs them: a *unit*, such as one entry, is turned into a
value when it ends, and its elements are dropped.

Sources: docs/statements.md, "Bad files".
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final
from xml.parsers import expat

from usance.statements.entries import TEXT_MAX, refused, shown

DEPTH_MAX: Final = 40
ELEMENTS_MAX: Final = 2_000_000
LIVE_MAX: Final = 400_000
"""Elements that are kept at one time."""

_ENCODINGS: Final = frozenset(
    {"utf-8", "utf-16", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252"}
)
_DECLARED: Final = re.compile(
    rb"""\A(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']"""
)


class Node:
    """One element: its name without the namespace, its text, and what it holds."""

    __slots__ = ("children", "currency", "line", "name", "namespace", "pieces", "value")

    def __init__(self, namespace: str, name: str, currency: str, line: int) -> None:
        self.namespace = namespace
        self.name = name
        self.currency = currency  # the attribute Ccy, the only one that is needed
        self.line = line
        self.pieces: list[str] = []
        self.children: list[Node] = []
        self.value: object = None  # what the unit was turned into, if it is one

    @property
    def where(self) -> str:
        return f"line {self.line}, {self.name}"

    def every(self, path: str) -> Iterator["Node"]:
        """Yield the elements below this one on a path such as `Refs/EndToEndId`, in order."""
        name, _, rest = path.partition("/")
        for child in self.children:
            if child.name == name:
                if rest:
                    yield from child.every(rest)
                else:
                    yield child

    def first(self, *paths: str) -> "Node | None":
        """Return the first element on the first of the paths on which there is one."""
        return next((found for path in paths for found in self.every(path)), None)

    def text(self, *paths: str) -> str:
        """Return the text of the first element on the paths that has one; "" if none has."""
        return next(
            (told for path in paths for found in self.every(path) if (told := found.own)), ""
        )

    @property
    def own(self) -> str:
        """Its own text, without spaces at the ends."""
        return "".join(self.pieces).strip()


class _Reader:
    """The state of one pass over a file."""

    def __init__(self, units: Mapping[str, Callable[[Node], object]]) -> None:
        self.units = units
        self.path: list[Node] = [Node("", "", "", 0)]
        self.live = [0]  # elements kept when each element of the path was opened
        self.elements = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.parser.EntityDeclHandler = self.entity
        self.parser.StartElementHandler = self.opened
        self.parser.EndElementHandler = self.closed
        self.parser.CharacterDataHandler = self.said

    @property
    def line(self) -> int:
        return self.parser.CurrentLineNumber

    def doctype(self, *_: object) -> None:
        raise refused(f"line {self.line}", "A document type is refused: a statement has none.")

    def entity(self, *_: object) -> None:
        raise refused(f"line {self.line}", "An entity is refused: a statement declares none.")

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        node = Node(namespace, local, attributes.get("Ccy", ""), self.line)
        self.elements += 1
        kept = self.live[-1] + 1
        if len(self.path) > DEPTH_MAX:
            raise refused(node.where, f"Elements lie more than {DEPTH_MAX} deep.")
        if self.elements > ELEMENTS_MAX or kept > LIVE_MAX:
            raise refused(node.where, "The file has too many elements.")
        self.path[-1].children.append(node)
        self.path.append(node)
        self.live[-1] = kept
        self.live.append(kept)

    def closed(self, _: str) -> None:
        node = self.path.pop()
        below = self.live.pop()
        if node.children:
            node.pieces.clear()  # the line breaks between its elements
        unit = self.units.get(node.name)
        if unit is not None:
            node.value = unit(node)
            node.children = []
        else:
            self.live[-1] = below

    def said(self, text: str) -> None:
        node = self.path[-1]
        node.pieces.append(text)
        if len(text) > TEXT_MAX or len(node.pieces) > TEXT_MAX:
            raise refused(node.where, f"A text has more than {TEXT_MAX:,} characters.")


def parse(content: bytes, units: Mapping[str, Callable[[Node], object]]) -> Node:
    """Return the root element of an XML file; its units have become values from the inside out.

    Refuses, naming the line: what is not well-formed or cut off, any document type or entity, an
    encoding that no bank uses, elements too deep or too many.
    """
    declared = _DECLARED.match(content)
    if declared is not None:
        encoding = declared[1].decode("ascii", "replace")
        if encoding.lower() not in _ENCODINGS:
            raise refused("line 1", f"The encoding {shown(encoding)} is not one that is read.")
    reader = _Reader(units)
    try:
        reader.parser.Parse(content, True)
    except expat.ExpatError as wrong:
        raise refused(f"line {wrong.lineno}", f"The XML is broken: {wrong}.") from None
    (root,) = reader.path[0].children
    return root
