"""Running `usance` as an operator does: a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = [sys.executable, "-c", "from usance.cli import main; main()"]


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    """Return the environment without the operator's own settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name != "DATABASE_URL" and not name.startswith("USANCE_")
    }
    return kept | {"USANCE_DATA_DIR": str(data_dir), "COLUMNS": "80"} | more


def usance(
    *arguments: str, env: dict[str, str], seconds: float = 60
) -> subprocess.CompletedProcess[str]:
    """Return what the command printed, and how it ended."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
