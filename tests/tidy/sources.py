"""The product's own sources, parsed."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import usance

ROOT = Path(usance.__file__).parent


@dataclass(frozen=True)
class Source:
    """A module of the product."""

    name: str  # "core/money.py"
    path: Path
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        return self.text.count("\n")

    @property
    def module(self) -> str:
        """The name that it is imported by."""
        parts = ["usance", *Path(self.name).with_suffix("").parts]
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


@cache
def every(folder: str = "") -> tuple[Source, ...]:
    """Return the modules below a folder of the package, by name."""
    found = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found.append(Source(path.relative_to(ROOT).as_posix(), path, text, ast.parse(text)))
    return tuple(found)


def called(node: ast.AST) -> str:
    """Return the dotted name of what is called: `datetime.now`; "" if it is no plain name."""
    if isinstance(node, ast.Call):
        return called(node.func)
    if isinstance(node, ast.Attribute):
        before = called(node.value)
        return f"{before}.{node.attr}" if before else ""
    return node.id if isinstance(node, ast.Name) else ""
