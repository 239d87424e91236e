"""`usance serve`: database, API and worker in one process tree, until Ctrl-C.

With USANCE_WORKERS above 1 this process keeps the database and as many children (`usance http`),
which share its listening socket.
"""

import asyncio
import errno
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer
import uvicorn
import uvloop

from usance import clock, logs, settings
from usance.actions import accounts
from usance.app import create_app
from usance.cli import catalog, database, processes, welcome
from usance.core.accounts import Mode
from usance.settings import Settings
from usance.store.db import Db, Tx
from usance.worker import loop as worker
from usance.worker import mail

_POOL_SIZE: Final = 16
_GRACE_SECONDS: Final = 10  # for answers under way when told to stop
_BACKLOG: Final = 2048
# What runs beside the API, in each process that answers it, until it is cancelled.
_JOBS: Final[tuple[Callable[[Db], Coroutine[None, None, None]], ...]] = (worker.run,)

_log: Final = logs.get(__name__)


class CannotListen(Exception):  # noqa: N818 - named by the fact, like a refusal
    """The address cannot be listened on; the message says why and what to do."""


def serve(
    host: Annotated[str | None, typer.Option(help="USANCE_HOST; 127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="USANCE_PORT; 8080")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="USANCE_DATA_DIR; ~/.usance")] = None,
) -> None:
    """Start Usance; Ctrl-C stops it."""
    config = settings.from_environment(os.environ)
    config = replace(
        config,
        host=host if host is not None else config.host,
        port=port if port is not None else config.port,
        data_dir=data_dir.expanduser().absolute() if data_dir is not None else config.data_dir,
    )
    logs.configure(level=config.log_level, json=config.log_json)
    with _listening(config.host, config.port) as listener:
        uvloop.run(_serve(config, listener))


def http(fd: int) -> None:
    """Answer HTTP on an inherited socket: what `usance serve` starts when it has several workers."""
    config = settings.from_environment(os.environ)
    assert config.database_url is not None, "the parent names its database"
    logs.configure(level=config.log_level, json=config.log_json)

    async def work(dsn: str) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        # The parent never writes: the end of our input is the end of the parent.
        loop.add_reader(sys.stdin.fileno(), stop.set)
        with socket.socket(fileno=fd) as listener:
            await _answer(dsn, config, listener, stop)

    uvloop.run(work(config.database_url))


async def _serve(config: Settings, listener: socket.socket) -> None:
    stop = asyncio.Event()
    async with database.owned(config) as opened:
        await _prepare(opened, config, listener)
        keeper = asyncio.create_task(database.keep_alive(opened, config))
        keeper.add_done_callback(lambda _: stop.set())
        if config.workers == 1:
            await _answer(opened.dsn, config, listener, stop)
        else:
            _stop_on_signals(stop)
            await processes.run(config.workers, listener, opened.dsn, stop)
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper  # it ended by itself only to say that PostgreSQL cannot be started
    welcome.goodbye()


async def _prepare(opened: database.Opened, config: Settings, listener: socket.socket) -> None:
    """Make the accounts of a first start and say where everything is."""
    db = await Db.open(opened.dsn, jitter=clock.jitter, size=1)
    try:
        if config.bootstrap_key is not None:
            secret = config.bootstrap_key
            await db.run(lambda tx: _bootstrap(tx, config, secret))
        first = await db.run(lambda tx: _first_start(tx, config))
    finally:
        await db.close()
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - told, not bound
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    welcome.hello(url, opened.description, first)


async def _bootstrap(tx: Tx, config: Settings, secret: str) -> None:
    """Make the account of a given key; a TEST one begins with the demo catalogue."""
    account = await accounts.bootstrap(tx, secret)
    if account is not None and account.mode is Mode.TEST and config.demo:
        await catalog.apply_demo(tx, account)


async def _first_start(tx: Tx, config: Settings) -> accounts.NewKey | None:
    made = await accounts.first_start(tx)
    if made is None:
        return None
    account, key = made
    if config.demo:
        await catalog.apply_demo(tx, account)
    return key


async def _answer(dsn: str, config: Settings, listener: socket.socket, stop: asyncio.Event) -> None:
    """Answer HTTP, and do what time makes due, until told to stop."""
    db = await Db.open(dsn, jitter=clock.jitter, size=_POOL_SIZE)
    server = _Server(
        uvicorn.Config(
            create_app(db, config),
            loop="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )
    _stop_on_signals(stop)
    beside = [asyncio.create_task(server.stop_when(stop))]
    beside += [asyncio.create_task(job(db)) for job in _JOBS]
    if config.mail is not None:
        beside.append(asyncio.create_task(mail.run(db, config.mail)))
    try:
        await server.serve(sockets=[listener])
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await db.close()


class _Server(uvicorn.Server):
    """Uvicorn, stopped by us: its own way raises the signal again before we have cleaned up."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield

    async def stop_when(self, stop: asyncio.Event) -> None:
        """Stop taking requests and finish those under way."""
        await stop.wait()
        self.should_exit = True


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """Listen before anything else is started, so that a port in use is the first thing told."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        raise CannotListen(_why_not(host, port, error)) from error
    with listener:
        listener.setblocking(False)
        yield listener


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is in use. Stop what uses it (maybe another Usance), or choose "
            f"another port: USANCE_PORT={port + 1} or --port {port + 1}."
        )
    if error.errno == errno.EACCES:
        return (
            f"Port {port} may not be used without rights. Choose one above 1023 with USANCE_PORT."
        )
    return (
        f"Cannot listen on {host}, port {port}: {error.strerror}. See USANCE_HOST and USANCE_PORT."
    )
