"""Holds: taken before a use, settled by its event or released after it.

Sources: BILLING.md, "Holds".
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from usance.actions import ledger, standing
from usance.actions.commands import Call, StepsDue
from usance.actions.standing import Locked
from usance.actions.usage import Receipt, Recorded, again
from usance.core.accounts import Account
from usance.core.customers import Customer
from usance.core.decisions import hold as holding
from usance.core.decisions import record
from usance.core.decisions.hold import Take
from usance.core.decisions.record import Use
from usance.core.draft import Draft
from usance.core.holds import Hold
from usance.core.ids import CustomerId, HoldId
from usance.core.outcome import Outcome
from usance.core.refusals import Code, Refusal
from usance.core.snapshot import Snapshot
from usance.core.values import replace
from usance.store import customers, outcome
from usance.store import holds as stored
from usance.store import usage as stored_usage
from usance.store.db import Tx
from usance.store.kept import Kept, Standing
from usance.store.outcome_batch import Entry
from usance.store.snapshot import Named

_USAGE = Named(usage_only=True)


@dataclass(frozen=True, slots=True)
class Held:
    """A hold as of an instant, whose it is, and whether this call made it."""

    hold: Hold
    customer_reference: str
    now: datetime
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """A hold that is asked for, and whose. `now` is the call's instant by the account's clock."""

    account: Account
    reference: str
    take: Take
    now: datetime
    seed: UUID


@dataclass(frozen=True, slots=True)
class Holding:
    """What became of the holds of a batch, in order, and the customers' state once it is committed."""

    answers: list[Held | Exception]
    after: list[Standing]


async def take(tx: Tx, call: Call, reference: str, request: Take) -> Held:
    """Set units and credits aside; the same key again gives the same hold."""
    wanted = Wanted(call.account, reference, request, call.now, call.seed)
    (answer,) = (await take_all(tx, [wanted])).answers
    if isinstance(answer, Exception):
        raise answer
    return answer


async def take_all(tx: Tx, wanted: Sequence[Wanted], kept: Kept | None = None) -> Holding:
    """Set aside what is asked for, in order, each decided on what the one before left.

    One that is refused fails alone. Of a customer with a due step none is made: each answer is
    `StepsDue`, for the caller to take that first.
    """
    names = [(one.account.id, one.reference) for one in wanted]
    locked = await customers.lock_many(tx, names)
    answers: list[Held | Exception] = [ledger.unknown_customer()] * len(wanted)
    asked: dict[CustomerId, list[int]] = defaultdict(list)
    who: dict[CustomerId, Locked] = {}
    for index, (name, one) in enumerate(zip(names, wanted, strict=True)):
        mark = locked.get(name)
        if mark is not None:
            asked[mark.id].append(index)
            before = who.get(mark.id)
            since = mark.decided_at if before is None else before.now
            who[mark.id] = Locked(one.account, mark, max(since, one.now))
    if not who:
        return Holding(answers, [])
    standings = await standing.read(tx, list(who.values()), kept)
    keys = [
        (own.account.id, owner, key)
        for owner, own in who.items()
        for index in asked[owner]
        if (key := wanted[index].take.key) is not None
    ]
    known = await stored.of_keys(tx, keys)
    entries, after = [], []
    for owner, own in who.items():
        stands = standings[owner]
        if stands.is_due(own.now):
            for index in asked[owner]:
                answers[index] = StepsDue(owner)
            continue
        facts = _with(stands.facts, known.get(owner, []))
        draft = Draft(facts, now=own.now, seed=wanted[asked[owner][0]].seed)
        for index in asked[owner]:
            answers[index] = _taken(draft, wanted[index])
        decided = draft.outcome()
        if not decided.is_nothing:
            entries.append(Entry(own.account, owner, decided, own.now))
            after.append(standing.after(stands, own, decided))
    if entries:
        await outcome.write_all(tx, entries)
    return Holding(answers, after)


def _taken(draft: Draft, wanted: Wanted) -> Held | Refusal:
    before = len(draft.holds)
    try:
        hold = holding.take(draft, wanted.take, seed=wanted.seed)
    except Refusal as refusal:
        return refusal
    return Held(hold, wanted.reference, draft.now, is_new=len(draft.holds) > before)


async def settle(tx: Tx, call: Call, hold_id: UUID, use_of: Callable[[Hold], Use]) -> Recorded:
    """Record the event of a hold, once: the same again gives the first receipt."""
    hold, customer = await _locked(tx, call, hold_id)
    use = use_of(hold)
    known = await stored_usage.known(tx, [(call.account.id, customer.id, use.key)])
    before_it = known.get((customer.id, use.key))
    if before_it is not None:
        answer = again(before_it, use)
        if isinstance(answer, Refusal):
            raise answer
        return answer
    digests = [
        (call.account.id, customer.id, digest)
        for value in (use.meta or {}).values()
        if (digest := record.value_digest(value))
    ]
    values = await stored_usage.values(tx, list(dict.fromkeys(digests)))
    receipts: list[Receipt] = []

    def decision(before: Snapshot, now: datetime) -> Outcome:
        counted = values.get(customer.id, frozenset())
        facts = replace(_with(before, [hold]), values=counted)
        outcome, event = holding.settle(facts, hold.id, use, now=now, seed=call.seed)
        receipts.append(event.receipt)
        return outcome

    await ledger.decide(tx, call, customer, decision, _USAGE)
    return Recorded(receipts[-1], is_new=True)


async def release(tx: Tx, call: Call, hold_id: UUID) -> Held:
    """Give back what a hold sets aside; one that is over stays as it is."""
    hold, customer = await _locked(tx, call, hold_id)
    decided = await ledger.decide(
        tx,
        call,
        customer,
        lambda before, now: holding.release(
            _with(before, [hold]), hold.id, now=now, seed=call.seed
        ),
        _USAGE,
    )
    after = next((one for one in decided.outcome.holds.updated), hold)
    return Held(after, customer.reference, decided.now)


async def get(tx: Tx, call: Call, hold_id: UUID) -> Held:
    """Return a hold as time has it, or refuse: hold_not_found."""
    hold = await stored.find(tx, call.account.id, HoldId(hold_id))
    if hold is None:
        raise _unknown()
    owner = (await customers.by_ids(tx, call.account.id, [hold.customer_id]))[hold.customer_id]
    return Held(hold, owner.reference, ledger.instant(call, owner))


async def _locked(tx: Tx, call: Call, hold_id: UUID) -> tuple[Hold, Customer]:
    """Lock the customer whose hold it is, and return both as they are under the lock."""
    found = await stored.find(tx, call.account.id, HoldId(hold_id))
    if found is None:
        raise _unknown()
    customer = await customers.lock_by_id(tx, call.account.id, found.customer_id)
    assert customer is not None, "customers are erased, never removed"
    hold = await stored.find(tx, call.account.id, found.id)
    assert hold is not None, "holds are never removed"
    return hold, customer


def _with(before: Snapshot, known: list[Hold]) -> Snapshot:
    """Return the snapshot with holds that are named, whatever became of them."""
    return replace(before, holds={**before.holds, **{hold.id: hold for hold in known}})


def _unknown() -> Refusal:
    return Refusal(Code.HOLD_NOT_FOUND, "There is no such hold.")
