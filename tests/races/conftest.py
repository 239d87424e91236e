"""Fixtures of the races.

async def test_something(seller): ...      a TEST account behind three pools of one database
async def test_something(live): ...        the same with a LIVE account
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from tests.api import client
from tests.api.client import Api
from tests.races.seller import CATALOGUE, Seller

from usance import clock, logs
from usance.app import create_app
from usance.core.accounts import Mode
from usance.settings import Settings
from usance.store.db import Db

_DOORS = 3
_POOL_SIZE = 8


@pytest.fixture(scope="session", autouse=True)
def _logs() -> None:
    logs.configure(level="critical")  # what fails here is meant to


@asynccontextmanager
async def selling(url: str, mode: Mode) -> AsyncIterator[Seller]:
    async with AsyncExitStack() as stack:
        doors: list[Api] = []
        for _ in range(_DOORS):
            db = await Db.open(url, jitter=clock.jitter, size=_POOL_SIZE)
            stack.push_async_callback(db.close)
            if doors:
                first = doors[0]
                door = Api(create_app(db, Settings()), db, first.account, first.secret)
            else:
                door = await client.opened(db, mode=mode)
            await stack.enter_async_context(door.client)
            doors.append(door)
        seller = Seller(doors)
        await seller.ok("POST", "/catalog/apply", CATALOGUE)
        yield seller


@pytest.fixture
async def seller(database_url: str) -> AsyncIterator[Seller]:
    async with selling(database_url, Mode.TEST) as seller:
        yield seller


@pytest.fixture
async def live(database_url: str) -> AsyncIterator[Seller]:
    async with selling(database_url, Mode.LIVE) as seller:
        yield seller
