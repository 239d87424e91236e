"""The worker: takes what time has decided, a bounded batch a tick, until it is told to stop.

Any number of workers may run: each step locks its customer, and a step taken is no longer due. What
a worker is late with is never wrong meanwhile, since reads and commands go by time themselves.

Sources: BILLING.md, "Renewing".
"""

import asyncio
from typing import Final

import structlog

from usance import clock
from usance.actions import advance, operations
from usance.store.db import Db

_BATCH: Final = 1_000
_TIDY_SECONDS: Final = 3600.0
_IDLE_SECONDS: Final = 0.5
_FAILED_SECONDS: Final = 5.0

log = structlog.get_logger()


async def run(db: Db, stop: asyncio.Event | None = None) -> None:
    """Work until `stop` is set (or the task is cancelled); a failing tick is tried again later."""
    stop = stop if stop is not None else asyncio.Event()
    tidied_at = clock.monotonic() - _TIDY_SECONDS
    while not stop.is_set():
        try:
            taken = await advance.tick(db, _BATCH)
            if clock.monotonic() - tidied_at >= _TIDY_SECONDS:
                await _tidy(db)
                tidied_at = clock.monotonic()
            pause = 0.0 if taken else _IDLE_SECONDS
        except Exception:
            log.exception("tick_failed")
            pause = _FAILED_SECONDS
        await _wait(stop, pause)


async def _tidy(db: Db) -> None:
    await db.run(operations.forget_answers)
    for month, made in await operations.prepare_months(db):
        log.info("month_prepared", month=f"{month:%Y-%m}", made=made.value)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
