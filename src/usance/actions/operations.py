"""Operations: what an operator asks of the books: do they add up, what is set aside, let it go on."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from usance import clock
from usance.core.refusals import Code, Refusal
from usance.store import due, idempotency
from usance.store import verify as books
from usance.store.db import Tx
from usance.store.due import Parked
from usance.store.verify import Finding

# A day more than is promised, so that nobody's clock makes it less.
ANSWERS_KEPT: Final = timedelta(days=8)


async def verify(tx: Tx, *, settled: bool) -> list[Finding]:
    """Return what does not add up; `settled`: also what is due and not done."""
    return await books.verify(tx, settled_at=clock.real_now() if settled else None)


async def forget_answers(tx: Tx) -> int:
    """Delete the answers to keyed requests that are older than 8 days; return how many there were."""
    return await idempotency.forget(tx, kept_before=clock.real_now() - ANSWERS_KEPT)


async def parked(tx: Tx) -> list[Parked]:
    """Return the subscriptions that were set aside because a step failed."""
    return await due.parked(tx)


async def unpark(tx: Tx, subscription_id: UUID) -> None:
    """Let a parked subscription go on, or refuse: subscription_not_found."""
    if not await due.release(tx, subscription_id):
        raise Refusal(Code.SUBSCRIPTION_NOT_FOUND, "No parked subscription has this id.")
