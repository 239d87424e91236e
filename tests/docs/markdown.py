"""The project's Markdown, taken apart by line: fences, tables, headings, links."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@dataclass(frozen=True)
class Fence:
    """A fenced block. `line` is the number of its first line of text."""

    page: Path
    line: int
    language: str
    text: str
    section: str


def read(name: str) -> str:
    """Return a page by its path in the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def fences(page: Path) -> Iterator[Fence]:
    """Yield the fenced blocks of a page, each with the heading that it stands under."""
    section, language, start, lines = "", None, 0, [""]
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        opened = re.fullmatch(r"```(\w*)", line)
        if opened and language is None:
            language, start, lines = opened[1], number + 1, []
        elif opened and language is not None:
            yield Fence(page, start, language, "\n".join(lines) + "\n", section)
            language = None
        elif language is not None:
            lines.append(line)
        elif line.startswith("#"):
            section = line.lstrip("# ")
    assert language is None, f"{page}: a fence is not closed"


def code(page: Path) -> str:
    """Return what of a page is code: its fenced blocks, and what stands in backticks."""
    text = page.read_text(encoding="utf-8")
    outside = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    spans = re.findall(r"`([^`\n]+)`", outside)
    return "\n".join([*spans, *(fence.text for fence in fences(page))])


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def headings(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as a forge makes them."""
    found = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in found}


def links(page: Path) -> list[str]:
    """Return the targets of a page's links."""
    return re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", re.sub(r"`[^`\n]+`", "", prose(page)))
