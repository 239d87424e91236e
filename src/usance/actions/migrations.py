"""Migrations: live subscriptions moved to their plan's newest version, shown before they are."""

from dataclasses import dataclass
from typing import Final

from usance.actions import catalog, ledger
from usance.actions.commands import Call
from usance.core.catalog import PlanVersion
from usance.core.decisions import migrate_plan
from usance.core.decisions.migrate_plan import Move
from usance.store import catalog as stored
from usance.store import customers, snapshot
from usance.store.db import Tx
from usance.store.snapshot import Named

# So many customers a call: each is locked until all are done.
_CUSTOMERS_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Shown:
    """What a migration would do to one subscription, and whose it is."""

    move: Move
    newest: PlanVersion
    customer_reference: str


@dataclass(frozen=True, slots=True)
class Scheduled:
    """How many subscriptions move at their next boundary, and how many customers are left."""

    newest: PlanVersion
    subscriptions: int
    customers_left: int


async def preview(
    tx: Tx, call: Call, key_or_id: str, *, limit: int, offset: int
) -> tuple[list[Shown], int]:
    """Return a page of what a migration would do, and how many customers it would touch."""
    newest = (await catalog.plan(tx, call, key_or_id)).version
    ids, total = await stored.behind(tx, call.account.id, newest, limit=limit, offset=offset)
    found = await customers.by_ids(tx, call.account.id, ids)
    snapshots = await snapshot.of_customers(
        tx,
        call.account,
        list(found.values()),
        now=call.now,
        named=Named(versions=(newest.id,)),
    )
    shown = [
        Shown(move, newest, found[customer_id].reference)
        for customer_id in ids
        for move in migrate_plan.preview(snapshots[customer_id], newest, now=call.now)
    ]
    return shown, total


async def schedule(tx: Tx, call: Call, key_or_id: str) -> Scheduled:
    """Schedule the move for up to 500 customers; again, for those that are left."""
    newest = (await catalog.plan(tx, call, key_or_id)).version
    ids, total = await stored.behind(tx, call.account.id, newest, limit=_CUSTOMERS_MAX, offset=0)
    count = 0
    for customer_id in ids:  # in the order of their ids, as every batch locks them
        customer = await customers.lock_by_id(tx, call.account.id, customer_id)
        assert customer is not None, "customers are erased, never removed"
        decided = await ledger.decide(
            tx,
            call,
            customer,
            lambda before, now: migrate_plan.schedule(before, newest, now=now, seed=call.seed),
            Named(versions=(newest.id,)),
        )
        count += len(decided.outcome.changes.all)
    return Scheduled(newest, count, total - len(ids))
