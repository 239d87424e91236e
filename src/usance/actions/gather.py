"""Gathering: concurrent calls share the round trips of one batch.

There are no timers: while one batch is at the database the next one collects, and a lone call is not
delayed. What fails for one call is that call's own; when a batch fails as a whole, each is tried alone.

Units: bounds are numbers of calls.
Sources: docs/architecture: "the hot path".
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from usance.core.refusals import Code, Refusal

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

BATCH_MAX: Final = 128
WAITING_MAX: Final = 4_096


class Gather(Generic[Asked, Answer]):
    """A queue of calls, and up to `lanes` batches of them under way at a time.

    `work` answers a batch in order; an exception in an answer's place is raised to its caller.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer | Exception]]],
        *,
        lanes: int,
        batch_max: int = BATCH_MAX,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self._work = work
        self._lanes = lanes
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._waiting: deque[tuple[Asked, asyncio.Future[Answer]]] = deque()
        self._flying = (
            0  # counted down before a flight is done, so that no call waits for one that is over
        )
        self._flights: set[asyncio.Task[None]] = set()

    async def ask(self, asked: Asked) -> Answer:
        """Return the answer to one call. Refused with `unavailable` when too many are waiting."""
        if len(self._waiting) >= self._waiting_max:
            raise Refusal(Code.UNAVAILABLE, "Too many calls are waiting. Send it again shortly.")
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        if self._flying < self._lanes:
            self._flying += 1
            flight = asyncio.create_task(self._fly())
            self._flights.add(flight)
            flight.add_done_callback(self._flights.discard)
        return await answer

    async def _fly(self) -> None:
        """Take batches until nothing waits."""
        try:
            await self._take_batches()
        finally:
            self._flying -= 1

    async def _take_batches(self) -> None:
        while self._waiting:
            size = min(len(self._waiting), self._batch_max)
            batch = [self._waiting.popleft() for _ in range(size)]
            # Whoever has gone away meanwhile asks for nothing any more.
            batch = [(asked, answer) for asked, answer in batch if not answer.done()]
            answers = await self._answered([asked for asked, _ in batch])
            for (_, waiting), answer in zip(batch, answers, strict=True):
                if waiting.done():
                    continue
                if isinstance(answer, Exception):
                    waiting.set_exception(answer)
                else:
                    waiting.set_result(answer)

    async def _answered(self, batch: list[Asked]) -> Sequence[Answer | Exception]:
        if not batch:
            return []
        try:
            return await self._work(batch)
        except Exception as error:  # noqa: BLE001 - whose call it was is found by taking each alone
            away = isinstance(error, Refusal) and error.code is Code.UNAVAILABLE
            if (
                away or len(batch) == 1
            ):  # the database is away, or busy: that is so for each of them
                return [error] * len(batch)
            alone = [await self._answered([asked]) for asked in batch]
            return [answer for (answer,) in alone]
