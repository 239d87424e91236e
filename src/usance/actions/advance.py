"""Advancing: taking the steps that time has decided, one transaction each, and parking what fails.

Three doors lead here: the worker, a command that meets a passed boundary, and a test clock.

Sources: BILLING.md, "Renewing".
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from usance import clock
from usance.actions.commands import StepsDue
from usance.core.accounts import Account, Mode
from usance.core.decisions import advance
from usance.core.decisions.due import StepKind
from usance.core.ids import CustomerId, SubscriptionId
from usance.core.refusals import Code, Refusal
from usance.store import accounts, customers, due, outcome, snapshot
from usance.store.db import Db, Tx

# A runaway clock must not bill a customer a year in a minute: the 16th invoice of one subscription
# within 24 hours waits for an operator.
INVOICES_A_DAY_MAX: Final = 15
_RETRY_FIRST: Final = timedelta(minutes=1)
_RETRY_LAST: Final = timedelta(days=1)
_CLOCK_SECONDS_MAX: Final = 30.0

log = structlog.get_logger()


class _Failed(Exception):  # noqa: N818 - carries which subscription's step failed
    def __init__(self, subscription_id: SubscriptionId | None, count: int) -> None:
        super().__init__()
        self.subscription_id = subscription_id
        self.count = count


async def step(db: Db, account: Account, customer_id: CustomerId, now: datetime) -> bool:
    """Take the customer's first step that is due at `now`; False when none is.

    A step that fails is rolled back and its subscription parked; that counts as taken.
    """
    try:
        return await db.run(lambda tx: _step(tx, account, customer_id, now))
    except _Failed as failed:
        if failed.subscription_id is None:
            raise
        await _park(db, account, customer_id, failed, now)
        return True


async def catch_up(db: Db, account: Account, customer_id: CustomerId, now: datetime) -> int:
    """Take all of the customer's steps that are due at `now`, in order; return how many."""
    taken = 0
    while await step(db, account, customer_id, now):
        taken += 1
    return taken


async def _step(tx: Tx, account: Account, customer_id: CustomerId, now: datetime) -> bool:
    customer = await customers.lock_by_id(tx, account.id, customer_id)
    assert customer is not None, "customers are erased, never removed"
    now = max(now, customer.decided_at)
    await due.unpark_due(tx, account.id, customer_id, now)
    before = await snapshot.of_customer(tx, account, customer, now=now)
    first = advance.first_due(before, now)
    if first is None:
        return False
    at = first.at if account.mode is Mode.TEST else now
    subscription = before.subscriptions.get(SubscriptionId(first.subject_id))
    if first.kind is StepKind.BOUNDARY and subscription is not None:
        made = await due.invoices_within_a_day(tx, account.id, customer_id, subscription.id, at)
        if made >= INVOICES_A_DAY_MAX:
            reason = f"Safety stop: {made} invoices within 24 hours."
            await due.park(
                tx, account.id, customer_id, subscription.id, now=now, reason=reason, retry_at=None
            )
            return True
    try:
        decided = advance.perform(before, first, now=at)
        await outcome.write(tx, account, customer_id, decided, now=at)
    except (AssertionError, ArithmeticError, LookupError, ValueError) as error:
        # A broken invariant is our mistake: nothing of the step is kept, and the others go on.
        log.exception("step_failed", step=first.kind.name, subject=str(first.subject_id))
        count = 0 if subscription is None else subscription.parked_count
        invoice = before.invoices.get(first.subject_id)  # type: ignore[call-overload] # any id
        owner = (
            subscription.id
            if subscription is not None
            else getattr(invoice, "subscription_id", None)
        )
        raise _Failed(owner, count) from error
    return True


async def _park(
    db: Db, account: Account, customer_id: CustomerId, failed: _Failed, now: datetime
) -> None:
    subscription_id = failed.subscription_id
    assert subscription_id is not None, "only a subscription is parked"
    wait = min(_RETRY_FIRST * 2 ** min(failed.count, 20), _RETRY_LAST)
    cause = failed.__cause__

    async def work(tx: Tx) -> None:
        await customers.lock_by_id(tx, account.id, customer_id)
        await due.park(
            tx,
            account.id,
            customer_id,
            subscription_id,
            now=now,
            reason=f"{type(cause).__name__}: {cause}",
            retry_at=now + wait,
        )

    await db.run(work)


# The worker's tick -----------------------------------------------------------------------------------


async def tick(db: Db, limit: int) -> int:
    """Take one step each of up to `limit` customers that have one due; return how many were taken."""
    real = clock.real_now()
    found = await db.read(lambda tx: due.waiting(tx, real, limit))
    taken = 0
    for account_id, customer_id in found:
        account = await db.read(partial(accounts.by_id, account_id=account_id))
        if account is None:
            continue
        taken += await catch_up(db, account, customer_id, account.now(clock.real_now()))
    return taken


# The test clock ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Advanced:
    """Where a test clock stands, how many steps were taken, and whether it has arrived."""

    now: datetime
    steps: int
    done: bool


class ClockMove:
    """A TEST account's clock on its way to an instant: steps first, in order, then the clock itself.

    `arrive` is the work of a command, and `take_steps` how it catches up; so the answer is kept under
    the caller's key together with the clock's new place, and a repeat moves nothing.
    """

    def __init__(self, db: Db, account: Account, to: datetime) -> None:
        """Refuse what cannot be: clock_is_real (a LIVE account), clock_backwards."""
        if account.mode is not Mode.TEST:
            raise Refusal(
                Code.CLOCK_IS_REAL, "A LIVE account lives in real time: its clock cannot be moved."
            )
        if to < account.now(clock.real_now()):
            raise Refusal(Code.CLOCK_BACKWARDS, "A clock is never put back.", field="to")
        self._db, self._account, self._to = db, account, to
        self._started = clock.monotonic()
        self._steps = 0
        self._reached = account.now(clock.real_now())

    async def arrive(self, tx: Tx) -> Advanced:
        """Set the clock once nothing is due before; after 30 seconds, as far as the steps came."""
        first = await due.first_in_account(tx, self._account.id, self._to)
        if first is not None and not self._is_late():
            raise StepsDue(first[0])
        now = await _set_clock(tx, self._account, self._to if first is None else self._reached)
        return Advanced(now, self._steps, done=first is None)

    async def take_steps(self, _customer_id: CustomerId) -> None:
        """Take every step of the account that is due until then, by its instant."""
        while not self._is_late():
            first = await self._db.read(
                lambda tx: due.first_in_account(tx, self._account.id, self._to)
            )
            if first is None:
                return
            customer_id, at = first
            self._steps += await step(self._db, self._account, customer_id, at)
            self._reached = max(self._reached, at)

    def _is_late(self) -> bool:
        return clock.monotonic() - self._started > _CLOCK_SECONDS_MAX


async def _set_clock(tx: Tx, account: Account, reached: datetime) -> datetime:
    real = clock.real_now()
    current = await accounts.lock(tx, account.id)
    offset_us = max(current.clock_offset_us, (reached - real) // timedelta(microseconds=1))
    await accounts.set_clock_offset(tx, account.id, offset_us)
    return real + timedelta(microseconds=offset_us)
