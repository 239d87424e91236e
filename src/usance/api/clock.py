"""The routes of a TEST account's clock."""

import re
from datetime import datetime, timedelta
from typing import Final

from fastapi import Response
from pydantic import Field

from usance.actions import advance
from usance.api import routes
from usance.api.answers import One, answer, envelope
from usance.api.bodies import Shape, Strict
from usance.api.calls import Command, Reading
from usance.api.fields import Instant, Text255
from usance.api.routes import refuses
from usance.core.refusals import Code, invalid

router: Final = routes.router("Clock")

_DURATION: Final = re.compile(
    r"P(?=.)(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?=.)(?:(\d{1,8})H)?(?:(\d{1,8})M)?(?:(\d{1,10})S)?)?",
    re.ASCII,
)
_LAST: Final = 9000  # the year before which every instant of the clock lies


class ClockShape(Shape):
    """What the account's clock shows; it ticks, `offsetSeconds` ahead of the real one."""

    now: datetime
    offset_seconds: int


class Advance(Strict):
    """Where to move the clock: `to` an instant, or `by` a duration such as P31D or PT12H."""

    to: Instant | None = None
    by: Text255 | None = Field(default=None, examples=["P31D"])


class Advanced(Shape):
    """Where the clock stands, and how many steps were due until then. Not `done`: call again."""

    now: datetime
    steps: int
    done: bool


@router.get("/clock", response_model=One[ClockShape])
async def get_clock(call: Reading) -> Response:
    """Show the account's clock; a LIVE account's is the real one."""
    body = ClockShape(now=call.now, offset_seconds=call.account.clock_offset_us // 1_000_000)
    return Response(envelope(body), media_type="application/json")


@router.post(
    "/clock/advance",
    response_model=One[Advanced],
    responses=refuses(Code.CLOCK_IS_REAL, Code.CLOCK_BACKWARDS),
)
async def advance_clock(body: Advance, call: Command) -> Response:
    """Move a TEST account's clock forward, doing all that is due until then, in order."""
    if (body.to is None) == (body.by is None):
        raise invalid("to", "Say either `to` (an instant) or `by` (a duration).")
    to = body.to if body.to is not None else _later(call.now, body.by or "")
    move = advance.ClockMove(call.db, call.account, to)
    return await answer(call, move.arrive, _advanced, catch_up=move.take_steps)


def _advanced(done: advance.Advanced) -> Advanced:
    return Advanced(now=done.now, steps=done.steps, done=done.done)


def _later(now: datetime, by: str) -> datetime:
    found = _DURATION.fullmatch(by)
    if found is None:
        raise invalid(
            "by", "A duration has weeks, days, hours, minutes and seconds: P1W, P31D, PT12H30M."
        )
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    try:
        to = now + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        raise invalid("by", f"The clock does not reach the year {_LAST}.") from None
    if to.year >= _LAST:
        raise invalid("by", f"The clock does not reach the year {_LAST}.")
    return to
