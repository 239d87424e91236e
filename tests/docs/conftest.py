"""A real server for what the documents say: `usance serve` on a free port, with data of its own."""

import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

_KEY = "sk_test_" + "documents0123456789" * 2
_SECONDS = 60
# What would lead the server, or a script, to another machine's settings.
_OURS = ("DATABASE_URL", "USANCE_")


@dataclass(frozen=True)
class Server:
    """A running server and the key of its TEST account."""

    url: str
    key: str

    @property
    def environment(self) -> dict[str, str]:
        """What a reader's shell holds."""
        return {**_environment(), "USANCE_API": f"{self.url}/api/v1", "USANCE_KEY": self.key}


@pytest.fixture
def server() -> Iterator[Server]:
    """A server with the demo catalogue and nobody in it."""
    with tempfile.TemporaryDirectory(prefix="usance-docs-") as folder:
        own = {"USANCE_DATA_DIR": folder, "USANCE_PORT": "0", "USANCE_BOOTSTRAP_KEY": _KEY}
        process = subprocess.Popen(
            [Path(sys.executable).with_name("usance"), "serve"],
            env={**_environment(), **own},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        said: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        reader = threading.Thread(target=_read, args=(process, said))
        reader.start()
        try:
            yield Server(_url(said), _KEY)
        finally:
            process.terminate()
            process.wait(_SECONDS)
            reader.join(_SECONDS)
            assert process.stdout is not None, "its output is piped"
            process.stdout.close()


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}


def _read(process: subprocess.Popen[str], said: "queue.SimpleQueue[str | None]") -> None:
    """Read what the server says to its end, so that it never waits for a reader."""
    assert process.stdout is not None, "its output is piped"
    for line in process.stdout:
        said.put(line)
    said.put(None)


def _url(said: "queue.SimpleQueue[str | None]") -> str:
    """Return where the server says that it is."""
    lines: list[str] = []
    while (line := said.get(timeout=_SECONDS)) is not None:
        lines.append(line)
        found = re.search(r"running on (http://\S+)", line)
        if found:
            return found[1]
    raise AssertionError("The server ended: " + "".join(lines))
