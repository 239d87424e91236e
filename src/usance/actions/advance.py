"""Advancing: taking the steps that time has decided, one transaction each, and parking what fails.

Three doors lead here: the worker, a command that meets a passed boundary, and a test clock.

Sources: BILLING.md, "Renewing".
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from usance import clock
from usance.actions.commands import OURS, UNWRITABLE, StepsDue
from usance.core.accounts import Account, Mode
from usance.core.customers import Customer
from usance.core.decisions import advance
from usance.core.decisions.due import Step, StepKind
from usance.core.ids import AccountId, CustomerId, InvoiceId, SubscriptionId
from usance.core.refusals import Code, Refusal
from usance.core.snapshot import Snapshot
from usance.core.subscriptions import Subscription
from usance.store import accounts, customers, due, outcome, snapshot
from usance.store.db import Db, Tx
from usance.store.outcome_batch import Entry
from usance.store.snapshot import Named

# A runaway clock must not bill a customer a year in a minute: the 16th invoice of one subscription
# within 24 hours waits for an operator.
INVOICES_A_DAY_MAX: Final = 15
_RETRY_FIRST: Final = timedelta(minutes=1)
_RETRY_LAST: Final = timedelta(days=1)
_CLOCK_SECONDS_MAX: Final = 30.0
_LIST_SECONDS_MAX: Final = 1.0
# So many customers share a transaction, and so many transactions are under way at a time.
_TOGETHER: Final = 100
_LANES: Final = 3

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Failure:
    """A step that could not be taken, and the subscription that is set aside for it."""

    customer_id: CustomerId
    subscription: Subscription | None
    error: Exception


async def step(db: Db, account: Account, customer_id: CustomerId, now: datetime) -> bool:
    """Take the customer's first step that is due at `now`, waiting for its lock; False when none is.

    A step that fails, or that the database does not take, is rolled back and its subscription parked;
    that counts as taken.
    """

    async def work(tx: Tx) -> tuple[int, list[_Failure]]:
        customer = await customers.lock_by_id(tx, account.id, customer_id)
        assert customer is not None, "customers are erased, never removed"
        return await _steps(tx, account, [customer], now)

    try:
        taken, failures = await db.run(work)
    except UNWRITABLE as error:
        failure = await _unwritten(db, account, customer_id, now, error)
        if failure is None:
            return True  # somebody else met it too, and has set it aside meanwhile
        taken, failures = 0, [failure]
    for failure in failures:
        await _park(db, account, failure, now)
    return bool(taken or failures)


async def catch_up(db: Db, account: Account, customer_id: CustomerId, now: datetime) -> int:
    """Take all of the customer's steps that are due at `now`, in order; return how many."""
    taken = 0
    while await step(db, account, customer_id, now):
        taken += 1
    return taken


async def _steps(
    tx: Tx, account: Account, locked: Sequence[Customer], now: datetime
) -> tuple[int, list[_Failure]]:
    """Take the first due step of each locked customer: one snapshot, one decision each, one outcome.

    Return how many were taken, and what failed; of those nothing is written.
    """
    ids = [customer.id for customer in locked]
    await due.unpark_due(tx, account.id, ids, now)
    instants = {customer.id: max(now, customer.decided_at) for customer in locked}
    latest = max(instants.values())
    snapshots = await snapshot.of_customers(tx, account, locked, now=latest, named=Named())
    firsts: dict[CustomerId, Step] = {}
    outdated: list[CustomerId] = []
    for customer_id in ids:
        first = advance.first_due(snapshots[customer_id], instants[customer_id])
        if first is None:
            outdated.append(customer_id)
        else:
            firsts[customer_id] = first
    # What a step is about: its own instant, but not before what was last decided about the customer,
    # for a setting may have moved it into the past. On a TEST clock it is performed then, too.
    decided = {customer.id: customer.decided_at for customer in locked}
    own = {
        customer_id: max(first.at, decided[customer_id]) for customer_id, first in firsts.items()
    }
    at = own if account.mode is Mode.TEST else instants
    runaway = await _stop_runaways(tx, account, firsts, at, now)
    entries = [
        Entry(
            account,
            customer_id,
            advance.rescheduled(snapshots[customer_id], now=instants[customer_id]),
            instants[customer_id],
        )
        for customer_id in outdated
    ]
    failures: list[_Failure] = []
    for customer_id, first in firsts.items():
        if customer_id in runaway:
            continue
        before = snapshots[customer_id]
        await asyncio.sleep(0)  # a batch takes milliseconds: others' answers go between
        try:
            taken = advance.perform(before, first, now=at[customer_id])
        except OURS as error:
            log.exception("step_failed", step=first.kind.name, subject=str(first.subject_id))
            failures.append(_Failure(customer_id, _owner(before, first), error))
            continue
        # A late step leaves the next one its own instant: kept is what it was about.
        entries.append(Entry(account, customer_id, taken, own[customer_id]))
    if entries:
        await outcome.write_all(tx, entries)
    return len(entries) - len(outdated) + len(runaway), failures


async def _stop_runaways(
    tx: Tx,
    account: Account,
    firsts: Mapping[CustomerId, Step],
    at: Mapping[CustomerId, datetime],
    now: datetime,
) -> set[CustomerId]:
    """Park the subscriptions that were invoiced too often within a day, until an operator's word."""
    renewing = [
        (customer_id, SubscriptionId(first.subject_id), at[customer_id])
        for customer_id, first in firsts.items()
        if first.kind is StepKind.BOUNDARY
    ]
    made = await due.invoices_within_a_day(tx, account.id, renewing)
    stopped = set()
    for customer_id, subscription_id, _ in renewing:
        count = made.get(subscription_id, 0)
        if count >= INVOICES_A_DAY_MAX:
            reason = f"Safety stop: {count} invoices within 24 hours."
            log.error("safety_stop", subscription=str(subscription_id), invoices=count)
            await due.park(
                tx, account.id, customer_id, subscription_id, now=now, reason=reason, retry_at=None
            )
            stopped.add(customer_id)
    return stopped


def _owner(before: Snapshot, first: Step) -> Subscription | None:
    """Return the subscription that a step is about, whatever its subject is."""
    own = before.subscriptions.get(SubscriptionId(first.subject_id))
    if own is not None:
        return own
    invoice = before.invoices.get(InvoiceId(first.subject_id))
    if invoice is None or invoice.subscription_id is None:
        return None
    return before.subscriptions.get(invoice.subscription_id)


async def _park(db: Db, account: Account, failure: _Failure, now: datetime) -> None:
    """Set the subscription aside with its reason; without one the failure is the caller's."""
    subscription = failure.subscription
    if subscription is None:
        raise failure.error
    wait = min(_RETRY_FIRST * 2 ** min(subscription.parked_count, 20), _RETRY_LAST)

    async def work(tx: Tx) -> None:
        await customers.lock_by_id(tx, account.id, failure.customer_id)
        await due.park(
            tx,
            account.id,
            failure.customer_id,
            subscription.id,
            now=now,
            reason=f"{type(failure.error).__name__}: {failure.error}",
            retry_at=now + wait,
        )

    await db.run(work)


# The worker's tick -----------------------------------------------------------------------------------


async def tick(db: Db, limit: int) -> int:
    """Take one step each of up to `limit` customers that have one due; return how many were taken.

    They are gathered: one transaction for a batch. When one of a batch cannot be written, each is
    taken alone, so that the others go on.
    """
    real = clock.real_now()
    by_account: dict[AccountId, list[CustomerId]] = defaultdict(list)
    for account_id, customer_id in await db.read(lambda tx: due.waiting(tx, real, limit)):
        by_account[account_id].append(customer_id)
    batches: list[tuple[Account, list[CustomerId]]] = []
    for account_id, ids in by_account.items():
        account = await db.read(partial(accounts.by_id, account_id=account_id))
        assert account is not None, "accounts are never removed"
        batches += [(account, ids[at : at + _TOGETHER]) for at in range(0, len(ids), _TOGETHER)]
    waiting = iter(batches)

    async def lane() -> int:
        return sum([await _gathered(db, account, ids) for account, ids in waiting])

    # While one batch is at the database, another is decided.
    return sum(await asyncio.gather(*(lane() for _ in range(_LANES))))


async def _gathered(db: Db, account: Account, ids: list[CustomerId]) -> int:
    now = account.now(clock.real_now())

    async def work(tx: Tx) -> tuple[int, list[_Failure]]:
        locked = await customers.lock_free(tx, account.id, ids)
        return await _steps(tx, account, locked, now) if locked else (0, [])

    try:
        taken, failures = await db.run(work)
    except UNWRITABLE:
        log.exception("batch_failed", customers=len(ids))
        return sum([await _alone(db, account, customer_id, now) for customer_id in ids])
    for failure in failures:
        if failure.subscription is not None:  # else there is nothing to set aside: tried next time
            await _park(db, account, failure, now)
            taken += 1
    return taken


async def _alone(db: Db, account: Account, customer_id: CustomerId, now: datetime) -> int:
    """Take a customer's step by itself; one that cannot be set aside fails no others."""
    try:
        return int(await step(db, account, customer_id, now))
    except UNWRITABLE:
        log.exception("step_failed", customer=str(customer_id))
        return 0


async def _unwritten(
    db: Db, account: Account, customer_id: CustomerId, now: datetime, error: Exception
) -> _Failure | None:
    """Return whose step it was that the database did not take; None if nothing is due any more."""
    facts = await db.read(lambda tx: _facts(tx, account, customer_id, now))
    first = advance.first_due(facts, now)
    return None if first is None else _Failure(customer_id, _owner(facts, first), error)


async def _facts(tx: Tx, account: Account, customer_id: CustomerId, now: datetime) -> Snapshot:
    """Return the customer as a step sees it: what was parked until now is taken up again."""
    found = await customers.by_ids(tx, account.id, [customer_id])
    facts = await snapshot.of_customer(tx, account, found[customer_id], now=now)
    retried = {
        one.id: replace(one, parked_at=None)
        for one in facts.subscriptions.values()
        if one.parked_at is not None and one.next_due_at is not None and one.next_due_at <= now
    }
    return replace(facts, subscriptions={**facts.subscriptions, **retried})


async def settle_account(db: Db, account: Account, now: datetime) -> None:
    """Take what is due in the account, for up to a second, so that a list shows what time has decided.

    Usually nothing is: the worker was there before.
    """
    started = clock.monotonic()
    while clock.monotonic() - started < _LIST_SECONDS_MAX:
        first = await db.read(lambda tx: due.first_in_account(tx, account.id, now))
        if first is None:
            return
        await catch_up(db, account, first[0], now)


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
        """Refuse a LIVE account: clock_is_real."""
        if account.mode is not Mode.TEST:
            raise Refusal(
                Code.CLOCK_IS_REAL, "A LIVE account lives in real time: its clock cannot be moved."
            )
        self._db, self._account, self._to = db, account, to
        self._started = clock.monotonic()
        self._steps = 0
        self._from = self._reached = account.now(clock.real_now())

    async def arrive(self, tx: Tx) -> Advanced:
        """Set the clock once nothing is due before; after 30 seconds, as far as the steps came.

        Refused here, where a repeat has met its kept answer already: clock_backwards.
        """
        if self._to < self._from:
            raise Refusal(Code.CLOCK_BACKWARDS, "A clock is never put back.", field="to")
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
