"""Standings: the state of many locked customers, as it is kept if that is still true, else as read.

Sources: docs/decisions/0008.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from usance.core import outcome as outcomes
from usance.core.accounts import Account
from usance.core.customers import Customer
from usance.core.decisions import due
from usance.core.ids import AccountId, CustomerId
from usance.core.outcome import Outcome
from usance.store import snapshot
from usance.store.db import Tx
from usance.store.kept import Kept, Standing
from usance.store.snapshot import Named


@dataclass(frozen=True, slots=True)
class Locked:
    """A customer whose row is locked, and the instant at which it is decided."""

    account: Account
    customer: Customer
    now: datetime


async def read(tx: Tx, who: Sequence[Locked], kept: Kept | None) -> dict[CustomerId, Standing]:
    """Return the standings of customers, for usage alone: no step may be taken from them."""
    found: dict[CustomerId, Standing] = {}
    missing: dict[AccountId, list[Locked]] = defaultdict(list)
    for one in who:
        known = None if kept is None else kept.get(one.account, one.customer)
        if known is None:
            missing[one.account.id].append(one)
        else:
            found[one.customer.id] = known
    for own in missing.values():
        facts = await snapshot.of_customers(
            tx,
            own[0].account,
            [one.customer for one in own],
            now=min(one.now for one in own),
            named=Named(usage_only=True),
        )
        found |= {owner: Standing(each, due.next_in(each)) for owner, each in facts.items()}
    return found


def after(standing: Standing, one: Locked, outcome: Outcome) -> Standing:
    """Return the standing once the outcome is committed: at the customer's next revision."""
    customer = replace(one.customer, decided_at=one.now, revision=one.customer.revision + 1)
    stands = outcomes.apply(standing.facts, outcome)
    holds = {key: hold for key, hold in stands.holds.items() if hold.is_open(one.now)}
    stands = replace(stands, customer=customer, holds=holds, values=frozenset())
    # Usage moves no boundary; what it burnt may leave another grant to expire first.
    moved = outcome.subscriptions or outcome.pools
    return Standing(stands, due.next_in(stands) if moved else standing.due_at)
