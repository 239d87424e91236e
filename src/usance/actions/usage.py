"""Usage: events recorded, once each, with a receipt that says what became of them.

Events of many customers are recorded in one transaction: the customers are locked, their state is read
unless it is known to be as it was, each event is decided on the state that the one before left, and
everything is written at once.

Sources: BILLING.md, "Usage".
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

from usance.actions import ledger
from usance.actions.commands import Call, StepsDue
from usance.core import outcome as outcomes
from usance.core.accounts import Account
from usance.core.catalog import AggregationKind
from usance.core.customers import Customer
from usance.core.decisions import advance, record
from usance.core.decisions.record import Use
from usance.core.draft import Draft
from usance.core.ids import AccountId, CustomerId
from usance.core.metering import CounterKey
from usance.core.refusals import Code, Refusal
from usance.core.snapshot import Snapshot
from usance.store import customers, outcome, snapshot
from usance.store import usage as stored
from usance.store.db import Tx
from usance.store.kept import Kept
from usance.store.outcome_batch import Entry
from usance.store.snapshot import Named
from usance.store.usage import Known

Receipt: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True)
class Reported:
    """An event, and whose it is said to be. `now` is the call's instant by the account's clock.

    Ids of what is recorded are derived from `seed`, which no two calls share.
    """

    account: Account
    reference: str
    use: Use
    now: datetime
    seed: UUID


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one event: a receipt, new or the first one again."""

    receipt: Receipt
    is_new: bool


@dataclass(frozen=True, slots=True)
class Recording:
    """What became of the events of a batch, in order, and the customers' state after it.

    `after` is true once the transaction is committed, and not before.
    """

    answers: list[Recorded | Exception]
    after: list[Snapshot]


_NOTHING: Final = Recorded({}, is_new=False)


async def report(tx: Tx, call: Call, reference: str, use: Use) -> Recorded:
    """Record one event; the same again gives the first receipt, another under its key is refused."""
    reported = Reported(call.account, reference, use, call.now, call.seed)
    (answer,) = (await record_all(tx, [reported])).answers
    if isinstance(answer, Exception):
        raise answer
    return answer


async def record_all(tx: Tx, reported: Sequence[Reported], kept: Kept | None = None) -> Recording:
    """Record events in order, each decided on the state that the one before it left.

    One that fails fails alone. Of a customer with a due step none is recorded: each answer is
    `StepsDue`, for the caller to take that first.
    """
    names = [(one.account.id, one.reference) for one in reported]
    locked = await customers.lock_many(tx, names)
    whose = [locked.get(name) for name in names]
    answers: list[Recorded | Exception] = [
        _NOTHING if customer is not None else ledger.unknown_customer() for customer in whose
    ]
    events = [
        (index, customer, one)
        for index, (customer, one) in enumerate(zip(whose, reported, strict=True))
        if customer is not None
    ]
    if not events:
        return Recording(answers, [])
    known = await stored.known(
        tx, [(one.account.id, customer.id, one.use.key) for _, customer, one in events]
    )
    batches: dict[CustomerId, _Batch] = {}
    for index, customer, one in events:
        if customer.id not in batches:
            batches[customer.id] = _Batch(customer, one.account, max(one.now, customer.decided_at))
        batches[customer.id].add(index, one)
    for batch in batches.values():
        batch.take_known(known, answers)
    fresh = [batch for batch in batches.values() if batch.events]
    await _read(tx, fresh, kept)
    await _read_values(tx, fresh)
    entries, after = [], []
    for batch in fresh:
        decided = batch.decide(answers)
        if decided is not None:
            entries.append(decided)
            after.append(batch.after(decided))
    if entries:
        await outcome.write_all(tx, entries)
    return Recording(answers, after)


async def _read(tx: Tx, batches: Sequence["_Batch"], kept: Kept | None) -> None:
    """Give each batch its customer's state: as it is kept, if that is still true, else as read."""
    missing: dict[AccountId, list[_Batch]] = defaultdict(list)
    for batch in batches:
        batch.facts = None if kept is None else kept.get(batch.account, batch.customer)
        if batch.facts is None:
            missing[batch.account.id].append(batch)
    for own in missing.values():
        facts = await snapshot.of_customers(
            tx,
            own[0].account,
            [batch.customer for batch in own],
            now=min(batch.now for batch in own),
            named=Named(usage_only=True),
        )
        for batch in own:
            batch.facts = facts[batch.customer.id]


async def _read_values(tx: Tx, batches: Sequence["_Batch"]) -> None:
    """Give each batch the distinct values of its events that are counted already."""
    digests = [
        (batch.account.id, batch.customer.id, digest)
        for batch in batches
        if batch.counts_values
        for _, one in batch.events
        for value in (one.use.meta or {}).values()
        if (digest := record.value_digest(value))
    ]
    values = await stored.values(tx, list(dict.fromkeys(digests)))
    for batch in batches:
        batch.values = values.get(batch.customer.id, frozenset())


class _Batch:
    """The events of one locked customer, in order, with their places among the answers."""

    def __init__(self, customer: Customer, account: Account, now: datetime) -> None:
        self.customer = customer
        self.account = account
        self.now = now
        self.events: list[tuple[int, Reported]] = []
        self.facts: Snapshot | None = None
        self.values: frozenset[tuple[CounterKey, bytes]] = frozenset()

    @property
    def counts_values(self) -> bool:
        """Whether a plan of the customer counts distinct values."""
        assert self.facts is not None, "the state was read"
        return any(
            term.aggregation.kind is AggregationKind.UNIQUE
            for version in self.facts.versions.values()
            for term in version.terms.features
        )

    def add(self, index: int, one: Reported) -> None:
        """Add the event whose answer belongs at the index."""
        self.events.append((index, one))
        self.now = max(self.now, one.now)

    def take_known(
        self,
        known: Mapping[tuple[CustomerId, str], Known],
        answers: list[Recorded | Exception],
    ) -> None:
        """Answer what was recorded before: nothing else is asked of it, so no time can refuse it."""
        fresh = []
        for index, one in self.events:
            before = known.get((self.customer.id, one.use.key))
            if before is None:
                fresh.append((index, one))
            else:
                answers[index] = _again(before, one.use)
        self.events = fresh

    def decide(self, answers: list[Recorded | Exception]) -> Entry | None:
        """Decide the events, put their answers in place, and return what to write; None: nothing."""
        assert self.facts is not None, "the state was read"
        if advance.first_due(self.facts, self.now) is not None:
            for index, _ in self.events:
                answers[index] = StepsDue(self.customer.id)
            return None
        before = replace(self.facts, values=self.values) if self.values else self.facts
        seed = self.events[0][1].seed
        draft = Draft(before, now=self.now, seed=seed)
        seen: dict[str, Known] = {}
        for index, one in self.events:
            earlier = seen.get(one.use.key)
            if earlier is not None:
                answers[index] = _again(earlier, one.use)
                continue
            try:
                event = record.record(draft, one.use, seed=seed)
            except Refusal as refusal:
                answers[index] = refusal
                continue
            seen[one.use.key] = Known(event.fingerprint, event.receipt)
            answers[index] = Recorded(event.receipt, is_new=True)
        return Entry(self.account, self.customer.id, draft.outcome(), self.now) if seen else None

    def after(self, entry: Entry) -> Snapshot:
        """Return the state once the entry is written: at the customer's next revision."""
        assert self.facts is not None, "the state was read"
        customer = replace(self.customer, decided_at=entry.now, revision=self.customer.revision + 1)
        stands = outcomes.apply(self.facts, entry.outcome)
        return replace(stands, customer=customer, values=frozenset())


def _again(before: Known, use: Use) -> Recorded | Refusal:
    """Return the first receipt of an event that was sent before, or refuse another under its key."""
    if before.fingerprint != use.fingerprint:
        return Refusal(
            Code.EVENT_KEY_CONFLICT,
            "Another event was recorded under this key. An event is sent again as it was, or under a new key.",
            field="eventIdempotencyKey",
            detail={"eventId": before.receipt["eventId"]},
        )
    # In the order of the first answer: what was stored comes back in another.
    receipt = before.receipt
    again: Receipt = {name: receipt[name] for name in record.RECEIPT if name in receipt}
    return Recorded({**again, "duplicate": True}, is_new=False)
