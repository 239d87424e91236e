"""Correcting: an earlier event decided again with fewer units, and what that gives back.

A correction is an event of its own, at the instant of the one that it corrects. What it takes off stands
on it below zero, so that a counter is the sum of its events, corrections among them.

Units: units, credits and revenue are exact, never rounded here.
Sources: BILLING.md, "Usage" ("Corrections").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from usance.core import costs, ids, pricing
from usance.core.catalog import AggregationKind
from usance.core.costs import Cost
from usance.core.credits import Transaction, TransactionKind
from usance.core.decisions import granting, record
from usance.core.decisions.record import Billed, Use
from usance.core.decisions.reverse_burn import parts_back
from usance.core.draft import Draft
from usance.core.ids import EventId
from usance.core.metering import LATEST_FUTURE, LATEST_PAST, Correction, CounterKey, UsageEvent
from usance.core.refusals import Refusal, invalid
from usance.core.usage import Match
from usance.core.values import replace

ZERO: Final = Decimal(0)

OF_A_CORRECTION: Final = ("corrects",)
"""What a receipt says more when its event corrects another."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """An event that is to be corrected: what it was, and what it burnt.

    `units_off` is what earlier corrections took off it. `burn` None: it burnt nothing.
    """

    id: EventId
    key: str
    name: str
    feature_key: str | None
    occurred_at: datetime
    recorded_at: datetime
    units: Decimal
    matched: CounterKey | None
    billable: Decimal
    covered: Decimal
    credits: Decimal
    cost_detail: Mapping[str, object] | None
    model: str | None
    units_off: Decimal
    burn: Transaction | None
    is_reversed: bool  # the burn was given back whole


@dataclass(frozen=True, slots=True)
class _Decided:
    """What becomes of an event with some of its units: never more than what became of all."""

    units: Decimal
    billable: Decimal
    covered: Decimal
    credits: Decimal


def correct(
    draft: Draft, use: Use, stored: Mapping[str, Corrected | None], *, seed: UUID
) -> UsageEvent:
    """Take units off an earlier event, and return the correction with its receipt.

    `stored` has the customer's event under the key that is named, if there is one; None: only its key
    is left. One that this draft has recorded is found there.

    Refusals, all validation_failed, in this order: usageUnits (not below zero), correctsEventKey
    (unknown, archived, a correction itself, too long ago, not counted by its sum), eventName,
    featureKey, occurredAt (not the event's), usageUnits (more than is left of the event).
    """
    if use.units >= 0:
        raise invalid("usageUnits", "A correction has units below zero: those that it takes off.")
    event = _named(draft, use, stored)
    found = _match(draft, event)
    if found is not None and found.term.aggregation.kind is not AggregationKind.SUM:
        raise _not_correctable("Only a feature whose units add up (sum) is corrected.")
    _refuse_another(use, event)
    left = event.units - event.units_off
    if left + use.units < 0:
        raise invalid("usageUnits", f"Only {left.normalize():f} units are left of the event.")

    # Nothing can be refused from here on.
    now = draft.now
    was, becomes = _decide(event, left), _decide(event, left + use.units)
    event_id = EventId(ids.derived(now, seed, "event", draft.before.customer.id, use.key))
    returned = _return_credits(draft, event, was, becomes, event_id)
    billed = _book(draft, found, was, becomes, returned)
    cost = _cost(draft, event, use.units)
    correction = UsageEvent(
        id=event_id,
        customer_id=draft.before.customer.id,
        key=use.key,
        fingerprint=use.fingerprint,
        name=event.name,
        feature_key=event.feature_key,
        occurred_at=event.occurred_at,
        recorded_at=now,
        units=use.units,
        matched=event.matched,
        billable=billed.billable if billed else ZERO,
        covered=billed.covered if billed else ZERO,
        credits=-returned,
        cost_amount=cost.amount,
        cost_currency=cost.currency,
        cost_detail=cost.detail,
        revenue_amount=record.revenue(use, billed),
        model=event.model,
        flow_id=use.flow_id,
        meta=use.meta,
        receipt={},
        corrects=Correction(event.id, -use.units, was.credits - becomes.credits),
    )
    notes = _notes(event, found, was.credits - becomes.credits - returned)
    receipt = record.receipt_of(draft, use, correction, billed, notes)
    corrects = {
        "eventId": str(event.id),
        "eventIdempotencyKey": event.key,
        "usageUnits": record.trimmed(becomes.units),
        "billableUnits": record.trimmed(becomes.billable),
        "creditsDeducted": record.trimmed(becomes.credits),
    }
    # What it takes off lacks no credits.
    receipt = {**receipt, "creditShortfall": ZERO, "corrects": corrects}
    correction = replace(correction, receipt=receipt)
    draft.events.append(correction)
    return correction


# Which event ---------------------------------------------------------------------------------------


def _named(draft: Draft, use: Use, stored: Mapping[str, Corrected | None]) -> Corrected:
    """Return the event that is named, as it stands in the draft, or refuse."""
    key = use.corrects
    assert key is not None, "a correction names its event"
    event = _of_draft(draft, key)
    if event is None:
        if key not in stored:
            raise _not_correctable("There is no event with this key.")
        event = stored[key]
    if event is None:
        raise _not_correctable("The event is archived: it cannot be corrected any more.")
    if event.units < 0:
        raise _not_correctable("This is a correction itself: correct the event that it corrects.")
    if event.occurred_at < draft.now - LATEST_PAST:
        raise _not_correctable("An event can be corrected for 35 days after it occurred.")
    off = sum(
        (
            one.corrects.units
            for one in draft.events
            if one.corrects is not None and one.corrects.event_id == event.id
        ),
        ZERO,
    )
    return replace(event, units_off=event.units_off + off) if off else event


def _of_draft(draft: Draft, key: str) -> Corrected | None:
    """Return the event that the draft has recorded under a key, or None."""
    one = next((event for event in draft.events if event.key == key), None)
    if one is None:
        return None
    burns = (
        moved
        for moved in draft.transactions
        if moved.event_id == one.id and moved.kind is TransactionKind.BURN
    )
    return recorded(one, units_off=ZERO, burn=next(burns, None), is_reversed=False)


def recorded(
    event: UsageEvent, *, units_off: Decimal, burn: Transaction | None, is_reversed: bool
) -> Corrected:
    """Return an event that is recorded as one to be corrected."""
    return Corrected(
        id=event.id,
        key=event.key,
        name=event.name,
        feature_key=event.feature_key,
        occurred_at=event.occurred_at,
        recorded_at=event.recorded_at,
        units=event.units,
        matched=event.matched,
        billable=event.billable,
        covered=event.covered,
        credits=event.credits,
        cost_detail=event.cost_detail,
        model=event.model,
        units_off=units_off,
        burn=burn,
        is_reversed=is_reversed,
    )


def _not_correctable(message: str) -> Refusal:
    return invalid("correctsEventKey", message)


def _refuse_another(use: Use, event: Corrected) -> None:
    """Refuse what is said of the event and is not so; what is not said is the event's own."""
    if use.name != event.name:
        raise invalid("eventName", "The event that is corrected has another name.")
    if use.feature_key is not None and use.feature_key != event.feature_key:
        raise invalid("featureKey", "The event that is corrected is of another feature.")
    if use.occurred_at is not None and not _is_when(event, use.occurred_at):
        raise invalid("occurredAt", "A correction happens at the instant of its event.")


def _is_when(event: Corrected, said: datetime) -> bool:
    """Whether it is the event's instant: its own, or one ahead that counted as when it came."""
    if said == event.occurred_at:
        return True
    counted_as_then = event.occurred_at == event.recorded_at
    return counted_as_then and event.recorded_at < said <= event.recorded_at + LATEST_FUTURE


def _match(draft: Draft, event: Corrected) -> Match | None:
    """Return what the event was counted in; None when it was not."""
    key = event.matched
    if key is None:
        return None
    version = draft.before.versions[key.version_id]
    term = version.terms.term(key.feature_key)
    assert term is not None, "an event is counted where the version has its feature"
    period = draft.periods[key.subscription_id, key.seq]
    return Match(draft.subscriptions[key.subscription_id], period, version, term, key.window)


# What it comes to ----------------------------------------------------------------------------------


def _decide(event: Corrected, units: Decimal) -> _Decided:
    """Return what becomes of the event with so many of its units, in the room that it had."""
    billable = min(units, event.billable)
    covered = min(event.covered, billable)
    burnt = event.credits
    if covered < event.covered:
        burnt = burnt * covered / event.covered  # the weight times what is covered: exact
    return _Decided(units, billable, covered, burnt)


def _return_credits(
    draft: Draft, event: Corrected, was: _Decided, becomes: _Decided, event_id: EventId
) -> Decimal:
    """Give back to the same grants what is not burnt any more, and return how much that was.

    Nothing, when the burn has been reversed: it was given back then.
    """
    if event.burn is None or event.is_reversed or was.credits == becomes.credits:
        return ZERO
    parts, owed = parts_back(
        draft,
        event.burn,
        start=event.credits - was.credits,
        end=event.credits - becomes.credits,
    )
    if not parts and owed == 0:
        return ZERO
    moved = granting.move(
        draft,
        event.burn.pool_id,
        TransactionKind.CORRECTION,
        parts,
        overdraft=-owed,
        event_id=event_id,
        reverses=event.burn.id,
    )
    return moved.amount


def _book(
    draft: Draft, found: Match | None, was: _Decided, becomes: _Decided, returned: Decimal
) -> Billed | None:
    """Take the difference off the event's counter; None when the event was not counted."""
    if found is None:
        return None
    row = draft.counters[found.key]
    billable, covered = becomes.billable - was.billable, becomes.covered - was.covered
    revenue = ZERO
    if found.term.price is not None and not found.period.is_trial:
        priced = covered - billable
        after = record.priced_before(draft, found) - priced
        revenue = -pricing.marginal(found.term.price, after, priced)
    record.add(draft, found, row, units=billable, covered=covered)
    return Billed(
        found,
        billable=billable,
        covered=covered,
        burnt=-returned,
        exceeded=False,
        insufficient=False,
        revenue=revenue,
    )


def _cost(draft: Draft, event: Corrected, units: Decimal) -> Cost:
    """Return the cost of the units below zero: what the feature's rule asked for them, else none.

    What was sent, and what tokens cost, does not hang on the units.
    """
    nothing = Cost(None, None, None)
    if event.cost_detail is None or "featureKey" not in event.cost_detail:
        return nothing
    by_rule = costs.of_event(draft.before.costs, event.feature_key, units, None, event.occurred_at)
    return nothing if by_rule is None else by_rule


def _notes(event: Corrected, found: Match | None, kept: Decimal) -> list[str]:
    """Return what is to be said of a correction: when it is credited, or why not."""
    notes = []
    if found is None:
        notes.append("not_counted: the event was not counted, so nothing of it is given back")
    elif found.period.is_trial:
        notes.append("in_trial: nothing in a trial is charged")
    elif found.subscription.is_ended and not found.subscription.settle:
        notes.append("not_charged: the subscription was cancelled without settling its usage")
    elif found.period.billed_at is not None:
        notes.append("late: the period is billed already; the next invoice brings the difference")
    if kept > 0 and event.is_reversed:
        notes.append("reversed: the credits that the event burnt were given back before")
    elif kept > 0:
        notes.append(
            f"not_returned: {kept.normalize():f} credits are not given back, for their grants "
            "have expired or the overdraft was repaid"
        )
    return notes
