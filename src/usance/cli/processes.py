"""Several processes that answer HTTP on one listening socket, kept running until told to stop."""

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress
from typing import Final

from usance import logs

_RESTART_SECONDS: Final = 1
_STOP_SECONDS: Final = 15
_PROGRAM: Final = "from usance.cli import main; main()"

_log: Final = logs.get(__name__)


async def run(count: int, listener: socket.socket, dsn: str, stop: asyncio.Event) -> None:
    """Keep `count` children running on the socket and the database, until told to stop."""
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(_keep(number, listener, dsn, stop))


async def _keep(number: int, listener: socket.socket, dsn: str, stop: asyncio.Event) -> None:
    while not stop.is_set():
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _PROGRAM,
            "http",
            str(listener.fileno()),
            pass_fds=[listener.fileno()],
            env={**os.environ, "DATABASE_URL": dsn},
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C reaches this process, which tells them
        )
        ended = asyncio.create_task(child.wait())
        told = asyncio.create_task(stop.wait())
        await asyncio.wait({ended, told}, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if not ended.done():
            child.send_signal(signal.SIGTERM)
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(ended), _STOP_SECONDS)
        if not ended.done():
            child.kill()
        await ended
        if not stop.is_set():
            _log.error("a process that answers HTTP ended", number=number, status=child.returncode)
            await asyncio.sleep(_RESTART_SECONDS)
