"""Usage: events recorded, once each, with a receipt that says what became of them.

Events of many customers are recorded in one transaction: the customers are locked, their state is read
unless it is known to be as it was, each event is decided on the state that the one before left, and
everything is written at once.

Sources: BILLING.md, "Usage".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

import structlog

from usance.actions import ledger, standing
from usance.actions.commands import (
    ROUNDS_MAX,
    UNWRITABLE,
    Call,
    CatchUp,
    StepsDue,
    steps_still_due,
)
from usance.actions.standing import Locked
from usance.core.accounts import Account
from usance.core.catalog import AggregationKind
from usance.core.decisions import correct, record
from usance.core.decisions.correct import OF_A_CORRECTION
from usance.core.decisions.hold import OF_A_HOLD
from usance.core.decisions.record import Use
from usance.core.draft import Draft
from usance.core.ids import CustomerId
from usance.core.metering import CounterKey, UsageEvent
from usance.core.refusals import Code, Refusal
from usance.core.snapshot import Snapshot
from usance.core.values import replace
from usance.store import corrections, customers, outcome
from usance.store import usage as stored
from usance.store.customers import Mark
from usance.store.db import Db, Tx
from usance.store.kept import Kept, Standing
from usance.store.outcome_batch import Entry
from usance.store.usage import Known

Receipt: TypeAlias = dict[str, object]

log = structlog.get_logger()


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
    after: list[Standing]


_NOTHING: Final = Recorded({}, is_new=False)


async def report(tx: Tx, call: Call, reference: str, use: Use) -> Recorded:
    """Record one event; the same again gives the first receipt, another under its key is refused."""
    reported = Reported(call.account, reference, use, call.now, call.seed)
    (answer,) = (await record_all(tx, [reported])).answers
    if isinstance(answer, Exception):
        raise answer
    return answer


async def report_together(tx: Tx, reported: Sequence[Reported]) -> list[Recorded | Exception]:
    """Record a batch of events in one transaction, once no step of their customers is due."""
    answers = (await record_all(tx, reported)).answers if reported else []
    for answer in answers:
        if isinstance(answer, StepsDue):
            raise answer
    return answers


async def report_all(
    db: Db, reported: Sequence[Reported], kept: Kept, catch_up: CatchUp
) -> list[Recorded | Exception]:
    """Record a batch of events, in order; of a customer with due steps, once those are taken.

    What fails as a whole is taken in halves, so that an event which cannot be written fails alone.
    """
    answers = await _recorded(db, reported, kept)
    for _ in range(ROUNDS_MAX):
        waiting = {n: one.customer_id for n, one in enumerate(answers) if isinstance(one, StepsDue)}
        if not waiting:
            return answers
        for customer_id in dict.fromkeys(waiting.values()):
            await catch_up(customer_id)
        again = await _recorded(db, [reported[n] for n in waiting], kept)
        for n, answer in zip(waiting, again, strict=True):
            answers[n] = answer
    return [steps_still_due() if isinstance(one, StepsDue) else one for one in answers]


async def _recorded(db: Db, reported: Sequence[Reported], kept: Kept) -> list[Recorded | Exception]:
    try:
        recording = await db.run(lambda tx: record_all(tx, reported, kept))
    except UNWRITABLE:
        if len(reported) == 1:
            log.exception("event_failed")
            told = "Something failed on our side with this event. The others are recorded."
            return [Refusal(Code.INTERNAL_ERROR, told)]
        half = len(reported) // 2
        first = await _recorded(db, reported[:half], kept)
        return first + await _recorded(db, reported[half:], kept)
    kept.put(recording.after)
    return recording.answers


async def record_all(tx: Tx, reported: Sequence[Reported], kept: Kept | None = None) -> Recording:
    """Record events in order, each decided on the state that the one before it left.

    One that fails fails alone. Of a customer with a due step none is recorded: each answer is
    `StepsDue`, for the caller to take that first.
    """
    names = [(one.account.id, one.reference) for one in reported]
    locked = await customers.lock_many(tx, names)
    whose = [locked.get(name) for name in names]
    answers: list[Recorded | Exception] = [
        _NOTHING if mark is not None else ledger.unknown_customer() for mark in whose
    ]
    events = [
        (index, mark, one)
        for index, (mark, one) in enumerate(zip(whose, reported, strict=True))
        if mark is not None
    ]
    if not events:
        return Recording(answers, [])
    known = await stored.known(
        tx, [(one.account.id, mark.id, one.use.key) for _, mark, one in events]
    )
    batches: dict[CustomerId, _Batch] = {}
    for index, mark, one in events:
        if mark.id not in batches:
            batches[mark.id] = _Batch(mark, one.account, max(one.now, mark.decided_at))
        batches[mark.id].add(index, one)
    for batch in batches.values():
        batch.take_known(known, answers)
    fresh = [batch for batch in batches.values() if batch.events]
    standings = await standing.read(tx, [batch.locked for batch in fresh], kept)
    for batch in fresh:
        batch.standing = standings[batch.mark.id]
    await _read_values(tx, fresh)
    await _read_corrected(tx, fresh)
    entries, after = [], []
    for batch in fresh:
        decided = batch.decide(answers)
        if decided is not None:
            entries.append(decided)
            before = standings[batch.mark.id]
            after.append(standing.after(before, batch.locked, decided.outcome))
    if entries:
        await outcome.write_all(tx, entries)
    return Recording(answers, after)


async def _read_values(tx: Tx, batches: Sequence["_Batch"]) -> None:
    """Give each batch the distinct values of its events that are counted already."""
    digests = [
        (batch.account.id, batch.mark.id, digest)
        for batch in batches
        if batch.counts_values
        for _, one in batch.events
        for value in (one.use.meta or {}).values()
        if (digest := record.value_digest(value))
    ]
    values = await stored.values(tx, list(dict.fromkeys(digests)))
    for batch in batches:
        batch.values = values.get(batch.mark.id, frozenset())


async def _read_corrected(tx: Tx, batches: Sequence["_Batch"]) -> None:
    """Give each batch the events that its corrections name."""
    keys = [
        (batch.account.id, batch.mark.id, one.use.corrects)
        for batch in batches
        for _, one in batch.events
        if one.use.corrects is not None
    ]
    if not keys:
        return
    named = await corrections.named(tx, list(dict.fromkeys(keys)))
    for batch in batches:
        batch.named = named.get(batch.mark.id, corrections.NOTHING)


class _Batch:
    """The events of one locked customer, in order, with their places among the answers."""

    def __init__(self, mark: Mark, account: Account, now: datetime) -> None:
        self.mark = mark
        self.account = account
        self.now = now
        self.events: list[tuple[int, Reported]] = []
        self.standing: Standing | None = None
        self.values: frozenset[tuple[CounterKey, bytes]] = frozenset()
        self.named = corrections.NOTHING

    @property
    def locked(self) -> Locked:
        """Whose events these are, and the instant at which they are decided."""
        return Locked(self.account, self.mark, self.now)

    @property
    def facts(self) -> Snapshot:
        """The customer's state before the events."""
        assert self.standing is not None, "the state was read"
        return self.standing.facts

    @property
    def counts_values(self) -> bool:
        """Whether a plan of the customer counts distinct values."""
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
            before = known.get((self.mark.id, one.use.key))
            if before is None:
                fresh.append((index, one))
            else:
                answers[index] = again(before, one.use)
        self.events = fresh

    def decide(self, answers: list[Recorded | Exception]) -> Entry | None:
        """Decide the events, put their answers in place, and return what to write; None: nothing."""
        assert self.standing is not None, "the state was read"
        if self.standing.is_due(self.now):
            for index, _ in self.events:
                answers[index] = StepsDue(self.mark.id)
            return None
        before = replace(self.facts, values=self.values) if self.values else self.facts
        if self.named.grants:
            before = replace(before, grants={**self.named.grants, **before.grants})
        seed = self.events[0][1].seed
        draft = Draft(before, now=self.now, seed=seed)
        seen: dict[str, Known] = {}
        for index, one in self.events:
            earlier = seen.get(one.use.key)
            if earlier is not None:
                answers[index] = again(earlier, one.use)
                continue
            try:
                event = self._decided(draft, one.use, seed)
            except Refusal as refusal:
                answers[index] = refusal
                continue
            seen[one.use.key] = Known(event.fingerprint, event.id, event.receipt)
            answers[index] = Recorded(event.receipt, is_new=True)
        return Entry(self.account, self.mark.id, draft.outcome(), self.now) if seen else None

    def _decided(self, draft: Draft, use: Use, seed: UUID) -> UsageEvent:
        if use.corrects is None:
            return record.record(draft, use, seed=seed)
        return correct.correct(draft, use, self.named.events, seed=seed)


def again(before: Known, use: Use) -> Recorded | Refusal:
    """Return the first receipt of an event that was sent before, or refuse another under its key."""
    if before.fingerprint != use.fingerprint:
        return Refusal(
            Code.EVENT_KEY_CONFLICT,
            "Another event was recorded under this key. An event is sent again as it was, or under a new key.",
            field="eventIdempotencyKey",
            detail={"eventId": str(before.event_id)},
        )
    receipt = before.receipt
    if receipt is None:
        left: Receipt = {
            "eventId": str(before.event_id),
            "eventIdempotencyKey": use.key,
            "duplicate": True,
            "notes": ["archived: the event was recorded; its receipt is not kept here any more"],
        }
        return Recorded(left, is_new=False)
    # In the order of the first answer: what was stored comes back in another.
    names = (*record.RECEIPT, *OF_A_HOLD, *OF_A_CORRECTION)
    again: Receipt = {name: receipt[name] for name in names if name in receipt}
    return Recorded({**again, "duplicate": True}, is_new=False)
