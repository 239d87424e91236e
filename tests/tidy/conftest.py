"""Fixtures of the tidy tests: one connection to a migrated, empty database for each module."""

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from tests.conftest import FreshDatabase


@pytest.fixture(scope="module")
def migrated_url(fresh_database: FreshDatabase) -> Iterator[str]:
    with fresh_database() as url:
        yield url


@pytest.fixture(scope="module")
async def connection(migrated_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(migrated_url)
    yield connection
    await connection.close()
