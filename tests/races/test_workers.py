"""Two, four, eight workers at once, each doing everything twice, write what one alone does."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest
from tests.conftest import FreshDatabase
from tests.crash import digests
from tests.crash.book import DAY, START, Book, copied, furnished, held, opened
from tests.crash.digests import Rows
from tests.crash.server import Worker
from tests.stories.http import Edge

from usance.core.accounts import Mode

pytestmark = pytest.mark.timeout(180)

LATE = 40 * DAY  # so that there is much to do at once
UNTIL = START + 165 * DAY + DAY / 8
PROCESSES = 4


class Furnished(NamedTuple):
    """A book, the clock of its account, and what a worker alone makes of it."""

    book: Book
    edge: Edge
    lived: Rows  # with what the customers do meanwhile
    left: Rows  # when nobody does anything for four hundred days


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    with held() as edge:
        yield edge


@pytest.fixture(scope="module")
def url(fresh_database: FreshDatabase) -> Iterator[str]:
    with fresh_database() as url:
        yield url


@pytest.fixture(scope="module")
async def furnished_book(url: str, edge: Edge) -> Furnished:
    book = await furnished(url, edge, Mode.TEST)
    async with copied(book) as copy, opened(copy, edge) as run:
        await run.live(LATE, until=UNTIL)
        lived = await run.books()
    async with copied(book) as copy, opened(copy, edge) as run:
        await run.leave()
        left = await run.books()
    return Furnished(book, edge, lived, left)


@pytest.mark.parametrize("workers", [2, 4, 8])
async def test_workers_at_once_write_what_one_alone_does(furnished_book: Furnished, workers: int):
    """Batches of different sizes, every tick twice at the same time, and customers in between."""
    book, edge, lived, _ = furnished_book
    async with copied(book) as copy, opened(copy, edge, workers=workers) as run:
        await run.live(LATE, until=UNTIL)
        assert digests.differences(lived, await run.books()) == []


async def test_workers_in_processes_of_their_own_write_what_one_alone_does(
    furnished_book: Furnished,
):
    book, edge, _, left = furnished_book
    async with copied(book) as copy, opened(copy, edge) as run:
        with ExitStack() as stack:
            workers = [stack.enter_context(Worker(copy.url)) for _ in range(PROCESSES)]
            await asyncio.gather(*[worker.until_ready() for worker in workers])
            await run.start_clock()
            async with asyncio.timeout(60):
                while await run.first_due() is not None:  # noqa: ASYNC110 - they tell nobody
                    await asyncio.sleep(0.02)
        assert digests.differences(left, await run.books()) == []
