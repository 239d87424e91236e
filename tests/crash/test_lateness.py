"""Workers that were stopped, or killed, leave the books that a punctual one leaves.

On a TEST account each step is performed at its own instant: nothing at all may differ. On a LIVE one
it is performed when somebody comes: what was issued late is due late, and nothing else may differ.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from secrets import randbelow

import pytest
from tests.conftest import FreshDatabase
from tests.crash import digests
from tests.crash.book import DAY, Answer, Book, Run, copied, furnished, held, opened
from tests.crash.digests import Due, Rows
from tests.crash.server import Worker
from tests.stories.http import Edge

from usance.core.accounts import Mode

NEVER_LATE = timedelta(0)
LATE = [timedelta(hours=1), 3 * DAY, 40 * DAY, 400 * DAY]
ENDS_ACCESS = {"SUBSCRIPTION", "ADJUSTMENT"}
KILLED_AT_WORK_MIN = 3
LONGEST_SECONDS = 0.4  # that a killed worker worked

pytestmark = pytest.mark.timeout(180)

every_lateness = pytest.mark.parametrize("late", LATE, ids=["1 h", "3 d", "40 d", "400 d"])


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    with held() as edge:
        yield edge


@dataclass(frozen=True)
class Outcome:
    """What a book came to."""

    written: Rows
    decided: Rows
    dues: dict[tuple[object, ...], Due]
    answers: list[Answer]
    visits: int


async def _lived(book: Book, edge: Edge, late: timedelta) -> Outcome:
    async with copied(book) as copy, opened(copy, edge) as run:
        await run.live(late)
        written = await run.books()
        decided = await run.db.read(digests.decided)
        dues = await run.db.read(digests.dues)
        return Outcome(written, decided, dues, run.answers, run.visits)


class Shelf:
    """The furnished books, and what a worker that is never late makes of them."""

    def __init__(self, urls: dict[Mode, str], edge: Edge) -> None:
        self._urls = urls
        self._edge = edge
        self._books: dict[Mode, Book] = {}
        self._on_time: dict[Mode, Outcome] = {}

    async def book(self, mode: Mode) -> Book:
        if mode not in self._books:
            self._books[mode] = await furnished(self._urls[mode], self._edge, mode)
        return self._books[mode]

    async def on_time(self, mode: Mode) -> Outcome:
        if mode not in self._on_time:
            self._on_time[mode] = await _lived(await self.book(mode), self._edge, NEVER_LATE)
        return self._on_time[mode]


@pytest.fixture(scope="module")
def shelf(fresh_database: FreshDatabase, edge: Edge) -> Iterator[Shelf]:
    with fresh_database() as test, fresh_database() as live:
        yield Shelf({Mode.TEST: test, Mode.LIVE: live}, edge)


# --- stopped -----------------------------------------------------------------------------------------


async def test_the_book_has_lives_of_all_kinds(shelf: Shelf):
    for mode in Mode:
        rows = (await shelf.on_time(mode)).written
        for column, values in {
            ("subscriptions", "status"): {"ACTIVE", "CANCELLED", "EXPIRED"},
            ("invoices", "status"): {"PAID", "PAST_DUE", "PENDING", "VOID"},
            ("invoices", "kind"): {"SUBSCRIPTION", "ADJUSTMENT", "FINAL", "CREDIT_PURCHASE"},
            ("credit_transactions", "kind"): {"GRANT", "BURN", "EXPIRY", "ROLLOVER", "CLAWBACK"},
            ("notices", "kind"): {
                "subscription.recovered",
                "subscription.trial_ended",
                "subscription.plan_changed",
                "subscription.past_due",
                "credit_note.issued",
                "payment.reversed",
            },
        }.items():
            table, name = column
            for value in values:
                assert any(f'"{name}": "{value}"' in row for row in rows[table]), (column, value)
        assert len(rows["customers"]) >= 30


@every_lateness
async def test_on_a_test_account_nothing_at_all_is_different(
    shelf: Shelf, edge: Edge, late: timedelta
):
    """Neither the books, nor what anybody was answered while the worker was away."""
    on_time = await shelf.on_time(Mode.TEST)
    outcome = await _lived(await shelf.book(Mode.TEST), edge, late)
    assert digests.differences(on_time.written, outcome.written) == []
    assert outcome.answers == on_time.answers
    assert outcome.visits < on_time.visits


@every_lateness
async def test_on_a_live_account_only_what_was_issued_late_is_different(
    shelf: Shelf, edge: Edge, late: timedelta
):
    """Whoever was not overdue, or not by an invoice that was issued late, has the same books."""
    on_time = await shelf.on_time(Mode.LIVE)
    outcome = await _lived(await shelf.book(Mode.LIVE), edge, late)
    given_time = {
        due.who
        for key, due in on_time.dues.items()
        if due.was_past_due and due.kind in ENDS_ACCESS and outcome.dues.get(key) != due
    }
    assert len(given_time) < 12
    for who in on_time.decided.keys() - given_time:
        ours, theirs = {who: on_time.decided[who]}, {who: outcome.decided[who]}
        assert digests.differences(ours, theirs) == []
    _require_time_given(on_time, outcome, late)


def _require_time_given(on_time: Outcome, outcome: Outcome, late: timedelta) -> None:
    """A late worker never asks for money earlier, and never takes access."""
    shared = on_time.dues.keys() & outcome.dues.keys()
    assert len(shared) > 150
    delayed = 0
    for key in shared:
        punctual, belated = on_time.dues[key], outcome.dues[key]
        delay = belated.issued_at - punctual.issued_at
        assert delay >= NEVER_LATE, key
        if punctual.kind == "SUBSCRIPTION":  # others follow something that was late already
            assert delay <= late, key
        assert belated.due_at >= punctual.due_at, key
        assert belated.past_due_at - punctual.past_due_at == delay, key
        delayed += delay > NEVER_LATE
    assert delayed > 50
    may, may_when_late = (
        {answer.command for answer in one.answers if answer.is_allowed}
        for one in (on_time, outcome)
    )
    assert len(may) > 70
    assert may <= may_when_late


# --- killed ------------------------------------------------------------------------------------------


async def test_workers_killed_at_work_leave_the_same_books(
    shelf: Shelf, edge: Edge, record_property: Callable[[str, object], None]
):
    """Four hundred days behind, killed at random points, started again until nothing is due."""
    book = await shelf.book(Mode.TEST)
    async with copied(book) as copy, opened(copy, edge) as run:
        await run.leave()
        wanted = await run.books()
    seed = randbelow(1_000_000)
    record_property("seed", seed)
    chance = Random(seed)
    killed_at_work = 0
    async with copied(book) as copy, opened(copy, edge) as run:
        await run.start_clock()
        while await run.first_due() is not None:
            before = await run.notices()
            with Worker(copy.url) as worker:
                await _until_it_has_worked(run, before)
                await asyncio.sleep(chance.uniform(0, LONGEST_SECONDS))
                worker.kill()
            killed_at_work += await run.first_due() is not None
            assert await run.wrong() == []
        assert digests.differences(wanted, await run.books()) == []
    assert killed_at_work >= KILLED_AT_WORK_MIN


async def _until_it_has_worked(run: Run, before: int) -> None:
    """Wait for more notices than there were before: a step leaves some."""
    async with asyncio.timeout(30):
        while await run.notices() == before:  # noqa: ASYNC110 - the worker tells nobody
            await asyncio.sleep(0.005)
