"""What benchmarks tell: a table for people, JSON for whoever compares."""

import json
import os
import platform
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

Row: TypeAlias = dict[str, object]


def peak_mb(pid: int | str = "self") -> int:
    """Return the most memory that a process has held, in MB, shared pages counted in; 0: it is gone."""
    return _status_kb(pid, "VmHWM") // 1024


def private_mb(pid: int) -> int:
    """Return the memory that a process holds for itself, in MB; 0: it is gone."""
    return _status_kb(pid, "RssAnon") // 1024


def _status_kb(pid: int | str, field: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{field}:")), 0)


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def median_of(rows: Sequence[Row], name: str) -> float:
    return median([float(str(row[name])) for row in rows])


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return the rows under their columns; numbers stand to the right."""
    text = [[_shown(value) for value in row] for row in rows]
    widths = [max(map(len, each)) for each in zip(columns, *text, strict=True)]
    numeric = [all(isinstance(row[n], int | float) for row in rows) for n in range(len(columns))]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(cells, widths, numeric, strict=True)
        ).rstrip()

    return "\n".join([line(list(columns)), *map(line, text)])


def machine(version: str) -> Row:
    """Return where it was measured."""
    return {
        "processors": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "postgresql": version,
    }


def write(path: Path | None, result: Row) -> None:
    """Write the result as JSON, if a file is named."""
    if path is not None:
        path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}" if abs(value) < 100 else f"{value:,.0f}"  # noqa: PLR2004
    return f"{value:,}" if isinstance(value, int) else str(value)
