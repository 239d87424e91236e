"""Operations: what an operator asks of the books, and what a server does for itself by the hour.

Do the books add up, what is set aside, let it go on, make counters again from their events; forget old
answers, make tables for the months to come.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from usance import clock
from usance.actions import accounts
from usance.core.ids import AccountId, CustomerId
from usance.core.refusals import Code, Refusal
from usance.store import counters, customers, due, idempotency, partitions
from usance.store import verify as books
from usance.store.counters import Difference
from usance.store.db import Db, Tx
from usance.store.due import Parked
from usance.store.partitions import Archived, Made
from usance.store.verify import Finding

# A day more than is promised, so that nobody's clock makes it less.
ANSWERS_KEPT: Final = timedelta(days=8)

VERIFY_CONNECTIONS: Final = 2
"""How many `verify` takes: more would each need memory for whole tables, and a processor."""


async def verify(db: Db, *, settled: bool) -> list[Finding]:
    """Return what does not add up; `settled`: also what is due and not done."""
    settled_at = clock.real_now() if settled else None
    return await books.verify_abreast(db, VERIFY_CONNECTIONS, settled_at=settled_at)


async def archived(tx: Tx) -> Sequence[Archived]:
    """Return the months whose events were archived: nothing that sums events can be checked there."""
    return await partitions.archived(tx)


async def rebuild_counters(db: Db, account_id: UUID | None = None) -> list[Difference]:
    """Make counters again from their events, those that differ; return what differed.

    Each customer's in one transaction, under the customer's lock, as a revision of what they own. What
    cannot be made again is returned with the reason and left as it is. `account_id`: only that
    account's, or refuse: not_found.
    """
    whose = None if account_id is None else AccountId(account_id)
    if whose is not None:
        await db.read(lambda tx: accounts.get(tx, whose))
    found = await db.read(lambda tx: counters.differences(tx, whose))
    told = [one for one in found if one.why_left is not None]
    wrong = [(one.account_id, one.customer_id) for one in found if one.why_left is None]
    for account, customer in dict.fromkeys(wrong):
        told += await db.run(partial(_rebuild, account_id=account, customer_id=customer))
    return told


async def _rebuild(tx: Tx, *, account_id: AccountId, customer_id: CustomerId) -> list[Difference]:
    if await customers.lock_by_id(tx, account_id, customer_id) is None:
        return []
    found = await counters.differences_of(tx, account_id, customer_id)
    wrong = [one for one in found if one.why_left is None]
    if wrong:
        await counters.put(tx, account_id, customer_id, wrong)
        await customers.touch(tx, account_id, [customer_id])
    return wrong


async def prepare_months(db: Db) -> list[tuple[datetime, Made]]:
    """Make tables for the events of months to come; return the months that had none, and what came of it."""
    now = clock.real_now()
    wanted = await db.run(lambda tx: partitions.missing(tx, now=now))
    return [(month, await db.run(partial(partitions.create, month=month))) for month in wanted]


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
