"""Fixtures of the stories: the application in process, on a database that all of them share."""

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from tests.api import client
from tests.api.client import Api
from tests.books import check_books
from tests.conftest import FreshDatabase
from tests.journals import check_journals
from tests.stories.http import Edge

from usance import clock, logs
from usance.store import verify
from usance.store.db import Db


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    """Time and randomness as the application gets them."""
    held = Edge()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "real_now", held.real_now)
        patch.setattr(clock, "seed", held.seed)
        yield held


@pytest.fixture(scope="module")
def stories_url(fresh_database: FreshDatabase) -> Iterator[str]:
    with fresh_database() as url:
        yield url


@pytest.fixture(scope="module")
async def door(stories_url: str, edge: Edge) -> AsyncIterator[Api]:  # noqa: ARG001 - time first
    """The application, with an account of its own; every story opens another."""
    logs.configure(level="warning")
    db = await Db.open(stories_url, jitter=clock.jitter, size=4)
    api = await client.opened(db)
    async with api.client:
        yield api
    found = await db.run(lambda tx: verify.verify(tx, settled_at=None))
    await check_journals(db)
    await db.close()
    connection = await asyncpg.connect(stories_url)
    wrong = await check_books(connection)  # of all the stories together
    await connection.close()
    assert (found, wrong) == ([], [])
