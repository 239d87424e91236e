"""Server processes that are killed by the hundred, each on a listening socket that outlives it.

    async with Fleet(database_url, tmp_path, processes=4) as fleet:
        slot = fleet.slots[0]
        await slot.http.post("/api/v1/events", …)
        slot.kill()
        await fleet.begin(slot)

A process is what `usance serve` starts with USANCE_WORKERS above 1: `usance http` on a socket that it
inherits, a worker beside it. It is forked from one that has imported the program, so that a new one
serves in a fraction of a second. While a slot has no process, its clients wait in the socket's queue.
"""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import httpx2

# Told a socket's number, it answers with the id of a new process that serves on it. What a process
# reads ends with this one, and so does the process: as `usance http` ends with its parent.
_PROGRAM = """
import os, signal, sys
from usance.cli import serve

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
ours, theirs = os.pipe()
print("ready", flush=True)
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(ours, 0)
        os.close(theirs)
        try:
            serve.http(int(line))
        finally:
            os._exit(1)
    print(pid, flush=True)
os.close(theirs)
try:
    os.wait()
except ChildProcessError:
    pass
"""
_STOP_SECONDS = 30
_ANSWER_SECONDS = 20


class Answers:
    """How many calls were answered, for who waits for more of them."""

    def __init__(self) -> None:
        self._wanted = 0
        self._there = asyncio.Event()

    def note(self) -> None:
        """Note that one more was answered."""
        self._wanted -= 1
        if self._wanted <= 0:
            self._there.set()

    async def until(self, calls: int) -> None:
        """Wait until so many more have been answered."""
        self._wanted = calls
        self._there.clear()
        await self._there.wait()


class Slot:
    """A listening socket, the process that serves on it now, and clients of it."""

    def __init__(self, secret: str) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.listener.setblocking(False)
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        self.http = httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{self.listener.getsockname()[1]}",
            headers=headers,
            timeout=_ANSWER_SECONDS,
        )
        self.pid = 0
        self.under_way = 0
        self.answers = Answers()

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Count a call as under way."""
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1

    def kill(self) -> None:
        """End its process as a power cut would."""
        os.kill(self.pid, signal.SIGKILL)

    async def close(self) -> None:
        await self.http.aclose()
        self.listener.close()


class Fleet:
    """As many processes as there are slots, on one database."""

    def __init__(self, database_url: str, folder: Path, *, secret: str, processes: int) -> None:
        self.slots = [Slot(secret) for _ in range(processes)]
        self._log = folder / "fleet.log"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("USANCE_", "DATABASE_"))}
        self._environment = kept | {"DATABASE_URL": database_url, "USANCE_LOG_FORMAT": "json"}
        self._parent: Process | None = None
        self._turn = asyncio.Lock()

    @property
    def parent(self) -> Process:
        assert self._parent is not None, "it was started"
        return self._parent

    async def __aenter__(self) -> Self:
        sockets = [slot.listener.fileno() for slot in self.slots]
        with self._log.open("ab") as log:
            self._parent = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                _PROGRAM,
                stdin=PIPE,
                stdout=PIPE,
                stderr=log,
                env=self._environment,
                pass_fds=sockets,
                start_new_session=True,
            )
        assert await self._told() == b"ready\n"
        for slot in self.slots:
            await self.begin(slot)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.parent.stdin is not None
        self.parent.stdin.close()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self.parent.wait()  # which waits for all of them
        except TimeoutError:
            for slot in self.slots:
                slot.kill()
            raise AssertionError(f"it did not stop in {_STOP_SECONDS} s:\n{self.log}") from None
        finally:
            for slot in self.slots:
                await slot.close()

    async def begin(self, slot: Slot) -> None:
        """Start a process in the slot."""
        assert self.parent.stdin is not None
        async with self._turn:
            self.parent.stdin.write(b"%d\n" % slot.listener.fileno())
            slot.pid = int(await self._told())

    async def _told(self) -> bytes:
        assert self.parent.stdout is not None
        line = await self.parent.stdout.readline()
        assert line, self.log
        return line

    @property
    def log(self) -> str:
        return self._log.read_text()
