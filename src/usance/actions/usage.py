"""Usage: events recorded, once each, with a receipt that says what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from usance.actions import ledger
from usance.actions.commands import Call
from usance.core.decisions import record
from usance.core.decisions.record import Use
from usance.core.draft import Draft
from usance.core.outcome import Outcome
from usance.core.refusals import Code, Refusal
from usance.core.snapshot import Snapshot
from usance.store import usage as stored
from usance.store.db import Tx
from usance.store.snapshot import Named

Receipt = dict[str, object]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one event: a receipt (new, or the first one again), or a refusal."""

    receipt: Receipt | None
    refusal: Refusal | None
    is_new: bool


async def report(tx: Tx, call: Call, reference: str, use: Use) -> Recorded:
    """Record one event; the same again gives the first receipt, another under its key is refused."""
    (recorded,) = await report_all(tx, call, reference, [use])
    if recorded.refusal is not None:
        raise recorded.refusal
    return recorded


async def report_all(tx: Tx, call: Call, reference: str, uses: Sequence[Use]) -> list[Recorded]:
    """Record events of one customer in order, each decided on the state that the one before left.

    One that is refused fails alone: the others are recorded.
    """
    customer = await ledger.lock_customer(tx, call, reference)
    known = await stored.known(tx, call.account.id, customer.id, [use.key for use in uses])
    seen: dict[str, tuple[bytes, Receipt]] = {
        key: (one.fingerprint, one.receipt) for key, one in known.items()
    }
    results: list[Recorded] = []
    if all(use.key in seen for use in uses):
        return [_again(seen, use) for use in uses]
    digests = [d for use in uses for d in _digests(use)]
    values = await stored.values(tx, call.account.id, customer.id, digests)

    def decision(before: Snapshot, now: datetime) -> Outcome:
        draft = Draft(replace(before, values=values), now=now, seed=call.seed)
        results.extend([_record(draft, seen, use, call) for use in uses])
        return draft.outcome()

    await ledger.decide(tx, call, customer, decision, Named(usage_only=True))
    return results


def _record(draft: Draft, seen: dict[str, tuple[bytes, Receipt]], use: Use, call: Call) -> Recorded:
    if use.key in seen:
        return _again(seen, use)
    try:
        event = record.record(draft, use, seed=call.seed)
    except Refusal as refusal:
        return Recorded(None, refusal, is_new=False)
    seen[use.key] = (event.fingerprint, event.receipt)
    return Recorded(event.receipt, None, is_new=True)


def _again(seen: dict[str, tuple[bytes, Receipt]], use: Use) -> Recorded:
    fingerprint, receipt = seen[use.key]
    if fingerprint != use.fingerprint:
        refusal = Refusal(
            Code.EVENT_KEY_CONFLICT,
            "Another event was recorded under this key. An event is sent again as it was, or under a new key.",
            field="eventIdempotencyKey",
            detail={"eventId": receipt["eventId"]},
        )
        return Recorded(None, refusal, is_new=False)
    # In the order of the first answer: what was stored comes back in another.
    again: Receipt = {name: receipt[name] for name in record.RECEIPT if name in receipt}
    return Recorded({**again, "duplicate": True}, None, is_new=False)


def _digests(use: Use) -> list[bytes]:
    """Return what the event's properties are remembered by, for counters of distinct values."""
    return [d for value in (use.meta or {}).values() if (d := record.value_digest(value))]
