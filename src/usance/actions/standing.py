"""Standings: the state of many locked customers, as it is kept if that is still true, else as read.

Sources: docs/decisions/0008.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from usance.core import outcome as outcomes
from usance.core.accounts import Account
from usance.core.decisions import due
from usance.core.ids import AccountId, CustomerId
from usance.core.outcome import Outcome
from usance.core.values import replace
from usance.store import customers, snapshot
from usance.store.customers import Mark
from usance.store.db import Tx
from usance.store.kept import Kept, Standing
from usance.store.snapshot import Named


@dataclass(frozen=True, slots=True)
class Locked:
    """A customer whose row is locked, and the instant at which it is decided."""

    account: Account
    mark: Mark
    now: datetime


async def read(tx: Tx, who: Sequence[Locked], kept: Kept | None) -> dict[CustomerId, Standing]:
    """Return the standings of customers, for usage alone: no step may be taken from them."""
    found: dict[CustomerId, Standing] = {}
    missing: dict[AccountId, list[Locked]] = defaultdict(list)
    for one in who:
        known = None if kept is None else kept.get(one.account, one.mark)
        if known is None:
            missing[one.account.id].append(one)
        else:
            found[one.mark.id] = known
    for account_id, own in missing.items():
        rows = await customers.by_ids(tx, account_id, [one.mark.id for one in own])
        facts = await snapshot.of_customers(
            tx,
            own[0].account,
            list(rows.values()),
            now=min(one.now for one in own),
            named=Named(usage_only=True),
        )
        found |= {owner: Standing(each, due.next_in(each)) for owner, each in facts.items()}
    return found


def after(standing: Standing, one: Locked, outcome: Outcome) -> Standing:
    """Return the standing once the outcome is committed: at the customer's next revision."""
    before = standing.facts
    maps = outcomes.maps_after(before, outcome)
    holds = maps.get("holds", before.holds)
    if holds:
        maps["holds"] = {key: hold for key, hold in holds.items() if hold.is_open(one.now)}
    revision = one.mark.revision + 1
    maps["customer"] = replace(before.customer, decided_at=one.now, revision=revision)
    maps["values"] = frozenset()
    stands = replace(before, **maps)
    # Usage moves no boundary; what it burnt may leave another grant to expire first.
    moved = outcome.subscriptions or outcome.pools
    return Standing(stands, due.next_in(stands) if moved else standing.due_at)
