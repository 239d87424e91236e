"""A real `usance serve` in processes of its own, on a free port, stopped by its own process id."""

import asyncio
import os
import secrets
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

import httpx2

from usance import clock

_PROGRAM = "from usance.cli import main; main()"
_READY_SECONDS = 30
_STOP_SECONDS = 20


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def bootstrap_key(mode: str = "test") -> str:
    return f"sk_{mode}_{secrets.token_urlsafe(32)}"


class Server:
    """`usance serve`: started, killed, started again, always on the same port and data."""

    def __init__(
        self,
        folder: Path,
        *,
        key: str | None = None,
        database_url: str | None = None,
        workers: int = 1,
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("USANCE_", "DATABASE_"))}
        self._environment = kept | {
            "USANCE_PORT": str(self.port),
            "USANCE_DATA_DIR": str(folder),
            "USANCE_WORKERS": str(workers),
            "USANCE_DEMO": "0",
            "USANCE_LOG_FORMAT": "json",
        }
        if database_url is not None:
            self._environment["DATABASE_URL"] = database_url
        if key is not None:
            self._environment["USANCE_BOOTSTRAP_KEY"] = key

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "it was started"
        return self._process

    @property
    def log(self) -> str:
        return (self.folder / "serve.log").read_text()

    async def start(self) -> float:
        """Start it and return after how many seconds it was ready to serve."""
        with (self.folder / "serve.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
                [sys.executable, "-c", _PROGRAM, "serve"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return await self.until_ready()

    async def until_ready(self) -> float:
        """Return after how many seconds it serves (again)."""
        began = clock.monotonic()
        async with httpx2.AsyncClient() as client:
            while clock.monotonic() - began < _READY_SECONDS:
                assert self.process.poll() is None, self.log
                with suppress(httpx2.TransportError):
                    if (await client.get(f"{self.url}/readyz")).status_code == 200:
                        return clock.monotonic() - began
                await asyncio.sleep(0.01)
        raise AssertionError(f"not ready after {_READY_SECONDS} s:\n{self.log}")

    def kill(self, *, postgres: bool = False) -> None:
        """End it as a power cut would; `postgres`: its database first, in the same instant."""
        if postgres:
            self.kill_postgres()
        self.process.kill()
        self.process.wait()

    def kill_postgres(self) -> None:
        """End the server of its own database, which is a child of its."""
        assert self.postgres_pid in self.descendants()
        os.kill(self.postgres_pid, signal.SIGKILL)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end and return its exit status."""
        if self._process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return await asyncio.to_thread(self.process.wait, _STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"it did not stop in {_STOP_SECONDS} s:\n{self.log}") from None

    @property
    def postgres_pid(self) -> int:
        lines = (self.folder / "postgres" / "postmaster.pid").read_text().splitlines()
        return int(lines[0])

    def descendants(self) -> set[int]:
        """Return the ids of all processes below this one, as the kernel has them."""
        parents: dict[int, int] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    stat = (entry / "stat").read_text().rpartition(")")[2].split()
                    parents[int(entry.name)] = int(stat[1])
        found = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found - {self.process.pid}

    def answering(self) -> set[int]:
        """Return the ids of the processes below this one that a client is connected to now."""
        local = f"0100007F:{self.port:04X}"
        lines = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
        sockets = {f"socket:[{line[9]}]" for line in lines if line[1] == local and line[3] == "01"}
        found = set()
        for pid in self.descendants():
            with suppress(OSError):
                files = Path(f"/proc/{pid}/fd").iterdir()
                open_files = [str(one.readlink()) for one in files]
                found |= {pid} if sockets.intersection(open_files) else set()
        return found


_WORKER = """
import asyncio, sys
from usance import clock, logs
from usance.store.db import Db
from usance.worker import loop

async def work():
    db = await Db.open(sys.argv[1], jitter=clock.jitter, size=4)
    print("ready", flush=True)
    await loop.run(db)

logs.configure(level="error")
asyncio.run(work())
"""


class Worker:
    """A worker in a process of its own, which ends when it is killed."""

    def __init__(self, database_url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _WORKER, database_url],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        assert self._process.stdout is not None, "its output is read"
        self._process.stdout.close()

    async def until_ready(self) -> None:
        """Return once it is about to look for work."""
        assert self._process.stdout is not None, "its output is read"
        line = await asyncio.to_thread(self._process.stdout.readline)
        assert line == b"ready\n", "it did not come up"

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait()
