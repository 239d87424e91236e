"""Fixtures of the API's tests.

async def test_something(api): ...            a fresh database, one TEST account in process
async def test_something(shared_api): ...     one for the whole module: for what changes nothing
async def test_something(served): ...         the same app behind a real uvicorn, for raw bytes
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import pytest
import uvicorn
from tests.api import client
from tests.api.client import Api
from tests.conftest import FreshDatabase

from usance import clock, logs
from usance.core.accounts import Mode
from usance.store.db import Db


@pytest.fixture(scope="session", autouse=True)
def _logs() -> None:
    logs.configure(level="warning")


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Db]:
    db = await Db.open(url, jitter=clock.jitter, size=8)
    try:
        yield db
    finally:
        await db.close()


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Db]:
    async with _opened(database_url) as db:
        yield db


@pytest.fixture
async def api(db: Db) -> AsyncIterator[Api]:
    api = await client.opened(db)
    async with api.client:
        yield api


@pytest.fixture
async def other_api(api: Api) -> AsyncIterator[Api]:
    """Another account at the same door."""
    other = await client.opened(api.db, api.app, mode=Mode.LIVE)
    async with other.client:
        yield other


@pytest.fixture(scope="module")
def shared_url(fresh_database: FreshDatabase) -> Iterator[str]:
    with fresh_database() as url:
        yield url


@pytest.fixture(scope="module")
async def shared_api(shared_url: str) -> AsyncIterator[Api]:
    async with _opened(shared_url) as db:
        api = await client.opened(db)
        async with api.client:
            yield api


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(frozen=True)
class Served:
    """A server on a loopback port, and an account's key."""

    api: Api
    port: int

    async def talk(self, sent: bytes, *, seconds: float = 5) -> bytes:
        """Return all that the server says to these bytes until it closes or says no more."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        said = b""
        try:
            writer.write(sent)
            while True:
                more = await asyncio.wait_for(reader.read(65536), seconds)
                if not more:
                    return said
                said += more
        except (TimeoutError, ConnectionResetError):
            return said
        finally:
            writer.close()


@pytest.fixture
async def served(api: Api) -> AsyncIterator[Served]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(api.app, loop="none", log_config=None, lifespan="off")
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield Served(api, listener.getsockname()[1])
    server.should_exit = True
    await running
