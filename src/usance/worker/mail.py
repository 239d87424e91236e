"""The mail worker: plans reminders by the minute, and sends what waits, beside all else.

It runs only where a mail server is set up. A server that is away holds up nothing else: it is asked
again after a pause that grows.

Sources: BILLING.md, "Receivables" ("Reminders").
"""

import asyncio
from contextlib import suppress
from typing import Final

import structlog

from usance import clock
from usance.actions import mailing
from usance.mail.smtp import Unreachable
from usance.settings import MailServer
from usance.store.db import Db

_PLAN_SECONDS: Final = 60.0
_IDLE_SECONDS: Final = 1.0
_FAILED_SECONDS: Final = 5.0
_FAILED_SECONDS_MAX: Final = 300.0

log = structlog.get_logger()


async def run(db: Db, server: MailServer, stop: asyncio.Event | None = None) -> None:
    """Work until `stop` is set (or the task is cancelled); what fails is tried again later."""
    stop = stop if stop is not None else asyncio.Event()
    planned_at = clock.monotonic() - _PLAN_SECONDS
    failed = 0
    while not stop.is_set():
        try:
            if clock.monotonic() - planned_at >= _PLAN_SECONDS:
                planned_at = clock.monotonic()
                await mailing.plan(db)
            taken = await mailing.deliver(db, server)
            failed = 0
            pause = 0.0 if taken else _IDLE_SECONDS
        except Unreachable as problem:
            log.warning("mail_server_unreachable", reason=str(problem))
            failed += 1
            pause = _pause(failed)
        except Exception:
            log.exception("mail_failed")
            failed += 1
            pause = _pause(failed)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)


def _pause(failed: int) -> float:
    return min(_FAILED_SECONDS * float(1 << min(failed - 1, 10)), _FAILED_SECONDS_MAX)
