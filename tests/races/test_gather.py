"""Gathering alone, without a database: whose answer is whose, and what happens when it is too much."""

import asyncio
from collections.abc import Sequence

import pytest

from usance.actions.gather import Gather
from usance.core.refusals import Code, Refusal


class Desk:
    """Answers a number with its double, one batch at a time, when it is let."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.batches: list[list[int]] = []

    async def work(self, batch: Sequence[int]) -> Sequence[int | Exception]:
        self.batches.append(list(batch))
        await self.open.wait()
        if 13 in batch:
            raise ValueError("a batch with a 13 in it cannot be written")
        return [Refusal(Code.NOT_FOUND, str(n)) if n == 7 else 2 * n for n in batch]


async def test_everyone_gets_their_own_answer_and_those_who_wait_share_a_batch():
    desk = Desk()
    gather: Gather[int, int] = Gather(desk.work, lanes=1, batch_max=10)
    answers = await asyncio.gather(*(gather.ask(n) for n in range(20, 45)))
    assert answers == [2 * n for n in range(20, 45)]
    assert [len(batch) for batch in desk.batches] == [10, 10, 5]
    assert await gather.ask(3) == 6  # a lone call waits for nobody
    assert desk.batches[-1] == [3]


async def test_what_comes_while_a_batch_is_away_is_the_next_batch():
    desk = Desk()
    desk.open.clear()
    gather: Gather[int, int] = Gather(desk.work, lanes=1)
    first = asyncio.create_task(gather.ask(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.create_task(gather.ask(n)) for n in (2, 3)]
    await asyncio.sleep(0)
    assert desk.batches == [[1]]
    desk.open.set()
    assert await asyncio.gather(first, *others) == [2, 4, 6]
    assert desk.batches == [[1], [2, 3]]


async def test_an_answer_that_is_an_error_is_only_its_own():
    gather: Gather[int, int] = Gather(Desk().work, lanes=2)
    answers = await asyncio.gather(*(gather.ask(n) for n in (6, 7, 8)), return_exceptions=True)
    assert (answers[0], answers[2]) == (12, 16)
    assert isinstance(answers[1], Refusal)


async def test_a_batch_that_fails_is_taken_one_by_one_so_that_only_the_guilty_fails():
    gather: Gather[int, int] = Gather(Desk().work, lanes=1)
    answers = await asyncio.gather(*(gather.ask(n) for n in (12, 13, 14)), return_exceptions=True)
    assert (answers[0], answers[2]) == (24, 28)
    assert isinstance(answers[1], ValueError)


async def test_too_many_waiting_are_told_to_come_again():
    desk = Desk()
    desk.open.clear()
    gather: Gather[int, int] = Gather(desk.work, lanes=1, batch_max=1, waiting_max=2)
    accepted = [asyncio.create_task(gather.ask(1))]
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # the first one is at the desk
    accepted += [asyncio.create_task(gather.ask(n)) for n in (2, 3)]
    await asyncio.sleep(0)
    with pytest.raises(Refusal) as refused:
        await gather.ask(4)
    assert refused.value.code is Code.UNAVAILABLE
    desk.open.set()
    assert await asyncio.gather(*accepted) == [2, 4, 6]


async def test_a_call_that_comes_as_the_last_batch_lands_is_not_left_waiting():
    """A flight that is over in the same turn of the loop takes nobody with it."""
    gather: Gather[int, int] = Gather(Desk().work, lanes=2)

    async def asks_again() -> int:
        await gather.ask(1)
        return await gather.ask(2)

    answers = await asyncio.wait_for(asyncio.gather(asks_again(), asks_again(), asks_again()), 5)
    assert list(answers) == [4, 4, 4]


async def test_a_refusal_of_a_whole_batch_is_everybodys_only_when_the_database_is_away():
    async def work(batch: Sequence[int]) -> Sequence[int | Exception]:
        if 5 in batch:
            raise Refusal(Code.VALIDATION_FAILED, "five")
        return batch

    gather: Gather[int, int] = Gather(work, lanes=1)
    answers = await asyncio.gather(*(gather.ask(n) for n in (4, 5, 6)), return_exceptions=True)
    assert (answers[0], answers[2]) == (4, 6)
    assert isinstance(answers[1], Refusal)


async def test_who_goes_away_is_not_asked_for_and_holds_up_nobody():
    desk = Desk()
    desk.open.clear()
    gather: Gather[int, int] = Gather(desk.work, lanes=1)
    at_desk = asyncio.create_task(gather.ask(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gone, stays = asyncio.create_task(gather.ask(2)), asyncio.create_task(gather.ask(3))
    await asyncio.sleep(0)
    gone.cancel()
    at_desk.cancel()  # its answer comes when nobody waits for it any more
    await asyncio.sleep(0)
    desk.open.set()
    assert await stays == 6
    assert desk.batches == [[1], [3]]
