"""Entitlements: whether a customer may use a feature, answered from facts, writing nothing.

Checks of many customers are answered together. What was read of a customer before is asked again only
if the customer has changed since.

Sources: BILLING.md, "Entitlements".
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from usance.actions import ledger
from usance.actions.commands import Call, StepsDue
from usance.core import entitlements
from usance.core.accounts import Account, Mode
from usance.core.decisions import advance, due
from usance.core.entitlements import Entitlement, Question
from usance.core.ids import AccountId, CustomerId
from usance.core.snapshot import Snapshot
from usance.store import customers, snapshot
from usance.store.db import Db, Tx
from usance.store.kept import Kept, Standing, Steady
from usance.store.snapshot import Named


@dataclass(frozen=True, slots=True)
class Answered:
    """An entitlement as of an instant, and whose it is.

    `steady` is where the door may keep what it made of the answer, until time changes it.
    """

    entitlement: Entitlement
    customer_reference: str
    as_of: datetime
    steady: Steady[tuple[bytes, bytes]] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about a customer. `now` is the call's instant by the account's clock."""

    account: Account
    reference: str
    question: Question
    now: datetime


async def check(tx: Tx, call: Call, reference: str, question: Question) -> Answered:
    """Answer one question; an unknown customer is refused, an unknown feature is a no."""
    facts, now = await _facts(tx, call, reference)
    return Answered(entitlements.check(facts, question, now), facts.customer.reference, now)


async def every(tx: Tx, call: Call, reference: str) -> list[Answered]:
    """Answer for every feature of the customer's plans, by key."""
    facts, now = await _facts(tx, call, reference)
    return [
        Answered(entitlements.check(facts, Question(key), now), facts.customer.reference, now)
        for key in entitlements.features_of(facts)
    ]


async def check_all(db: Db, asked: Sequence[Asked], kept: Kept) -> list[Answered | Exception]:
    """Answer questions in order; one about an unknown customer is refused alone.

    One statement reads the customers' rows as they are now; what is kept is true if their revisions
    still stand there.
    """
    names = [(one.account.id, one.reference) for one in asked]
    found = await db.peek(lambda tx: customers.marks(tx, names))
    standings: dict[tuple[AccountId, str], Standing] = {}
    missing: dict[AccountId, list[tuple[CustomerId, Asked]]] = defaultdict(list)
    for name, one in zip(names, asked, strict=True):
        mark = found.get(name)
        if mark is None or name in standings:
            continue
        known = kept.get(one.account, mark)
        if known is not None:
            standings[name] = known
        else:
            missing[one.account.id].append((mark.id, one))
    for own in missing.values():
        account = own[0][1].account
        for read in await _read(db, account, {owner for owner, _ in own}, own[0][1].now):
            standing = Standing(read, due.next_in(read))
            standings[account.id, read.customer.reference] = standing
            kept.put([standing])
    return [_answered(standings.get(name), one) for name, one in zip(names, asked, strict=True)]


async def _read(
    db: Db, account: Account, who: Collection[CustomerId], now: datetime
) -> list[Snapshot]:
    """Return the snapshots of customers as of one instant, rows and all that they own."""

    async def work(tx: Tx) -> list[Snapshot]:
        rows = await customers.by_ids(tx, account.id, list(who))
        usage_only = Named(usage_only=True)
        found = await snapshot.of_customers(
            tx, account, list(rows.values()), now=now, named=usage_only
        )
        return list(found.values())

    return await db.read(work)


def _answered(standing: Standing | None, one: Asked) -> Answered | Exception:
    if standing is None:
        return ledger.unknown_customer()
    facts = standing.facts
    now = max(one.now, facts.customer.decided_at)
    if standing.is_due(now):
        return StepsDue(facts.customer.id)
    steady = standing.answers.get(one.question)
    holds = steady is not None and steady.entitlement.as_of <= now
    if steady is None or not holds or (steady.until is not None and steady.until <= now):
        entitlement = entitlements.check(facts, one.question, now)
        steady = Steady(entitlement, entitlements.steady_until(facts, entitlement))
        if one.question.feature_key in facts.features:  # what else is asked about has no end
            standing.keep(one.question, steady)
    return Answered(steady.entitlement, facts.customer.reference, now, steady)


async def _facts(tx: Tx, call: Call, reference: str) -> tuple[Snapshot, datetime]:
    """Return the customer's facts as if every step that is due had been taken."""
    customer = await ledger.customer_of(tx, call, reference)
    now = ledger.instant(call, customer)
    usage_only = Named(usage_only=True)
    facts = await snapshot.of_customer(tx, call.account, customer, now=now, named=usage_only)
    if advance.first_due(facts, now) is None:
        return facts, now
    facts = await snapshot.of_customer(tx, call.account, customer, now=now)
    return advance.brought_to(facts, now, own_time=call.account.mode is Mode.TEST), now
