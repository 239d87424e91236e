"""Ratios: measured values beside what they are measured against, as a table and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

_PIPE_WIDTH = 160  # characters


@dataclass(frozen=True)
class Row:
    """A value, what it is compared with, and the bounds of the ratio (without a baseline: of itself)."""

    name: str
    value: float
    unit: str
    against: str = ""
    baseline: float | None = None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def ratio(self) -> float | None:
        """The value by its baseline, where there is one."""
        return None if self.baseline is None else self.value / self.baseline

    @property
    def holds(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.at_least is None and self.at_most is None:
            return None
        found = self.value if self.ratio is None else self.ratio
        return (self.at_least is None or found >= self.at_least) and (
            self.at_most is None or found <= self.at_most
        )

    @property
    def target(self) -> str:
        """The target in words."""
        sign = "" if self.baseline is None else "×"
        parts = [(">=", self.at_least), ("<=", self.at_most)]
        return ", ".join(f"{word} {bound:g}{sign}" for word, bound in parts if bound is not None)


def show(title: str, rows: Sequence[Row], notes: Sequence[str]) -> None:
    """Print the rows as a table, and what is to be said of them."""
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for heading in ("value", "unit", "against", "baseline", "ratio", "target", ""):
        table.add_column(heading, justify="left" if heading in {"unit", "against"} else "right")
    for row in rows:
        table.add_row(
            row.name,
            _figure(row.value),
            row.unit,
            row.against,
            "" if row.baseline is None else _figure(row.baseline),
            "" if row.ratio is None else f"{row.ratio:.2f}",
            row.target,
            {True: "[green]ok[/]", False: "[red]not[/]", None: ""}[row.holds],
        )
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH  # it has none of its own, and would be taken for a narrow one
    console.print(table)
    for note in notes:
        console.print(note, soft_wrap=True)


def write(file: Path, facts: object, rows: Sequence[Row], notes: Sequence[str]) -> None:
    """Write the rows, with what was set, as JSON."""
    found = [
        {
            "name": row.name,
            "value": row.value,
            "unit": row.unit,
            "against": row.against or None,
            "baseline": row.baseline,
            "ratio": row.ratio,
            "target": row.target or None,
            "holds": row.holds,
        }
        for row in rows
    ]
    text = json.dumps({"settings": facts, "rows": found, "notes": list(notes)}, indent=2)
    file.write_text(text + "\n")


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"  # noqa: PLR2004
