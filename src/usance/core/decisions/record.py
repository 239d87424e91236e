"""Recording: one usage event, decided on the state that the event before it left.

The fact is always kept; what is billed, clipped, burnt or matched to nothing is said in the receipt.

Units: units, credits and revenue are exact, never rounded here.
Sources: BILLING.md, "Usage", "Credits".
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, assert_never
from uuid import UUID

from usance.core import costs, credits, ids, pricing, usage
from usance.core.catalog import AggregationKind, Scalar
from usance.core.costs import Cost, Tokens
from usance.core.decisions import due, granting
from usance.core.decisions.erase import refuse_erased
from usance.core.draft import Draft
from usance.core.ids import EventId
from usance.core.metering import LATEST_FUTURE, LATEST_PAST, Counter, UsageEvent
from usance.core.pricing import Volume
from usance.core.refusals import Code, Refusal, invalid
from usance.core.subscriptions import Subscription
from usance.core.usage import Match
from usance.core.values import replace

ZERO: Final = Decimal(0)

RECEIPT: Final = (
    "eventId",
    "eventIdempotencyKey",
    "duplicate",
    "matched",
    "billableUnits",
    "usage",
    "usageLimitExceeded",
    "creditsDeducted",
    "remainingBalance",
    "insufficientCredits",
    "creditShortfall",
    "costAmount",
    "costCurrency",
    "revenueAmount",
    "occurredAt",
    "notes",
)
"""What a receipt says, in its order."""


@dataclass(frozen=True, slots=True)
class Use:
    """A usage event as sent. `fingerprint` is of its content, defaults not filled in.

    `cost` is what was sent, else the `tokens` at the price that is listed for their model.
    """

    key: str
    fingerprint: bytes
    name: str
    feature_key: str | None
    units: Decimal
    occurred_at: datetime | None
    model: str | None
    cost: Cost
    revenue_amount: Decimal | None
    flow_id: str | None
    meta: dict[str, object] | None
    tokens: Tokens | None = None  # none were told
    corrects: str | None = None  # the key of the event of which it takes units off


@dataclass(frozen=True, slots=True)
class Billed:
    """What becomes of an event's units."""

    match: Match
    billable: Decimal
    covered: Decimal
    burnt: Decimal
    exceeded: bool
    insufficient: bool
    revenue: Decimal


def record(draft: Draft, use: Use, *, seed: UUID) -> UsageEvent:
    """Record an event that is not known yet, and return it with its receipt.

    Refusals, in this order: customer_erased, validation_failed (usageUnits, occurredAt),
    feature_not_found.
    """
    now = draft.now
    refuse_erased(draft.before.customer)
    if use.units < 0:
        raise invalid("usageUnits", "Only a correction has units below zero.")
    occurred_at = use.occurred_at if use.occurred_at is not None else now
    if occurred_at < now - LATEST_PAST:
        raise invalid("occurredAt", "An event may have occurred at most 35 days ago.")
    if occurred_at > now + LATEST_FUTURE:
        raise invalid("occurredAt", "An event may lie at most 5 minutes ahead of now.")
    if use.feature_key is not None and use.feature_key not in draft.before.features:
        raise Refusal(Code.FEATURE_NOT_FOUND, "There is no such feature.", field="featureKey")

    # Nothing can be refused from here on.
    occurred_at = min(occurred_at, now)
    event_id = EventId(ids.derived(now, seed, "event", draft.before.customer.id, use.key))
    billed, notes = _bill(draft, use, occurred_at, event_id)
    cost = _cost(draft, use, occurred_at)
    if cost.note is not None:
        notes.append(cost.note)
    event = UsageEvent(
        id=event_id,
        customer_id=draft.before.customer.id,
        key=use.key,
        fingerprint=use.fingerprint,
        name=use.name,
        feature_key=use.feature_key,
        occurred_at=occurred_at,
        recorded_at=now,
        units=use.units,
        matched=billed.match.key if billed else None,
        billable=billed.billable if billed else ZERO,
        covered=billed.covered if billed else ZERO,
        credits=billed.burnt if billed else ZERO,
        cost_amount=cost.amount,
        cost_currency=cost.currency,
        cost_detail=cost.detail,
        revenue_amount=revenue(use, billed),
        model=use.model,
        flow_id=use.flow_id,
        meta=use.meta,
        receipt={},
    )
    event = replace(event, receipt=receipt_of(draft, use, event, billed, notes))
    draft.events.append(event)
    return event


def _cost(draft: Draft, use: Use, at: datetime) -> Cost:
    """Return what was sent, else what the seller's own prices say, else what the list says."""
    if use.cost.is_given:
        return use.cost
    own = costs.of_event(draft.before.costs, use.feature_key, use.units, use.tokens, at)
    return use.cost if own is None else own


def revenue(use: Use, billed: Billed | None) -> Decimal | None:
    """Return what was sent, else what the event added to its line; None: it was not counted."""
    if use.revenue_amount is not None:
        return use.revenue_amount
    return billed.revenue if billed is not None else None


# Matching ------------------------------------------------------------------------------------------


def _bill(
    draft: Draft, use: Use, at: datetime, event_id: EventId
) -> tuple[Billed | None, list[str]]:
    """Return what becomes of the units, or None and a note that says why nothing does."""
    if use.feature_key is None:
        return None, ["no_feature: the event names no feature; it is kept for cost alone"]
    subscriptions = usage.in_order(draft.subscriptions.values())
    versions = draft.before.versions
    matches = [
        found
        for one in subscriptions
        if (found := usage.match(draft, versions, one, use.feature_key, at)) is not None
    ]
    if not matches:
        return None, [_why_unmatched(draft, list(draft.subscriptions.values()), at)]
    counted = [found for found in matches if passes(found.term.aggregation.filter, use.meta)]
    if not counted:
        return None, ["filtered: the plan's filter on event properties leaves this event out"]
    found = usage.choose(draft, counted, use.units, draft.now)
    assert found is not None, "one of several is chosen"
    return _count(draft, found, use, event_id, at), _notes(found)


def _notes(found: Match) -> list[str]:
    """Return what is to be said of an event that was counted: why, or when, it is charged."""
    if found.period.is_trial:
        return ["in_trial: nothing in a trial is charged"]
    if found.subscription.is_ended and not found.subscription.settle:
        return ["not_charged: the subscription was cancelled without settling its usage"]
    if found.period.billed_at is not None:
        return ["late: the period is billed already; this goes onto the next invoice"]
    return []


def _why_unmatched(draft: Draft, subscriptions: list[Subscription], at: datetime) -> str:
    if not subscriptions:
        return "no_subscription: the customer has no subscription"
    if any(usage.period_at(draft, one, at) for one in subscriptions):
        return "feature_not_in_plan: no plan of the customer has this feature then"
    started = [one for one in subscriptions if _has_started(draft, one, at)]
    if not started:
        return "before_activation: no subscription of the customer had started"
    if all(one.cancelled_at is not None and one.cancelled_at <= at for one in started):
        return "after_end: the customer's subscriptions had ended"
    return "in_gap: no period of a subscription contains this instant"


def _has_started(draft: Draft, subscription: Subscription, at: datetime) -> bool:
    """Whether the first period had begun; one that the snapshot left out lies before any event."""
    if subscription.seq < 0:
        return False
    first = draft.periods.get((subscription.id, 0))
    return first is None or first.starts_at <= at


def passes(wanted: tuple[tuple[str, Scalar], ...], meta: Mapping[str, object] | None) -> bool:
    """Whether an event's properties have every value that a filter asks for."""
    return all(_same((meta or {}).get(name), value) for name, value in wanted)


def _same(have: object, want: Scalar) -> bool:
    if isinstance(have, bool) or isinstance(want, bool):
        return have is want
    if isinstance(have, int):
        have = Decimal(have)
    return type(have) is type(want) and have == want


# Counting ------------------------------------------------------------------------------------------


def _count(draft: Draft, found: Match, use: Use, event_id: EventId, at: datetime) -> Billed:
    """Add the event to its counter, and burn what credits cover of it."""
    row = draft.counters.get(found.key) or Counter(found.key, found.subscription.customer_id)
    kind = found.term.aggregation.kind
    match kind:
        case AggregationKind.SUM:
            asked = use.units
        case AggregationKind.COUNT:
            asked = Decimal(1)
        case AggregationKind.MAX:
            asked = max(ZERO, _highest(found, use) - row.units)
        case AggregationKind.UNIQUE:
            asked = _new_value(draft, found, use, row)
        case _:
            assert_never(kind)
    left = usage.room(draft, found, draft.now)
    billable = asked if left is None else min(asked, left)
    covered, burnt, insufficient = _burn(draft, found, use, billable, event_id=event_id, at=at)
    before = priced_before(draft, found)
    added = ZERO
    if found.term.price is not None and not found.period.is_trial:
        added = pricing.marginal(found.term.price, before, billable - covered)
    add(draft, found, row, units=billable, covered=covered)
    return Billed(found, billable, covered, burnt, billable < asked, insufficient, added)


def add(draft: Draft, found: Match, row: Counter, *, units: Decimal, covered: Decimal) -> None:
    """Add an event's units to its counter; those of a correction are below zero."""
    # Late for the bill; of a trial there is none.
    closed = found.period.closed_at is not None and not found.period.is_collecting
    late = closed and not found.period.is_trial
    draft.put(
        replace(
            row,
            units=row.units + units,
            covered=row.covered + covered,
            events=row.events + 1,
            awaits_invoice=row.awaits_invoice or late,
        )
    )
    if late:
        subscription = draft.subscriptions[found.subscription.id]
        draft.put(replace(subscription, next_due_at=due.next_due_at(draft, subscription)))


def _highest(found: Match, use: Use) -> Decimal:
    """Return the value that a `max` looks at: a property of the event, else its units."""
    name = found.term.aggregation.property
    value = (use.meta or {}).get(name) if name is not None else use.units
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return ZERO
    return Decimal(value)


def _new_value(draft: Draft, found: Match, use: Use, row: Counter) -> Decimal:
    """Return 1 for a value of the property that the period has not had yet, else 0."""
    digest = value_digest((use.meta or {}).get(found.term.aggregation.property or ""))
    if digest is None or (found.key, digest) in draft.before.values:
        return ZERO
    if any(one.key == found.key and value == digest for one, value in draft.counter_values):
        return ZERO
    draft.counter_values.append((row, digest))
    return Decimal(1)


def value_digest(value: object) -> bytes | None:
    """Return what a distinct value is remembered by; None when the event does not have it."""
    if value is None:
        return None
    text = f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
    kind = "number" if isinstance(value, int | Decimal) and not isinstance(value, bool) else "text"
    return hashlib.sha256(f"{kind}:{text}".encode()).digest()


def _weight(draft: Draft, found: Match, use: Use, at: datetime) -> Decimal:
    """Return the credits that one unit of the event burns, as of when it occurred."""
    assert found.term.burn is not None, "only a burn has a weight"
    table = draft.before.credit_weights
    return credits.weight_of(found.term.burn, found.term.key, use.model, table, at)


def _burn(
    draft: Draft, found: Match, use: Use, billable: Decimal, *, event_id: EventId, at: datetime
) -> tuple[Decimal, Decimal, bool]:
    """Burn credits for the units; return the covered units, the credits, and if there were too few."""
    rule = found.term.burn
    if rule is None or billable == 0:
        return ZERO, ZERO, False
    weight = _weight(draft, found, use, at)
    pool = next((p for p in draft.pools.values() if p.denomination == rule.denomination), None)
    if pool is None:
        if draft.before.credit_models[rule.denomination].hard_limit:
            return (billable, ZERO, False) if weight == 0 else (ZERO, ZERO, True)
        pool = granting.pool_of(draft, rule.denomination)
    covered = billable
    if pool.hard_limit:
        balance = credits.balance(pool, granting.grants_in(draft, pool.id), draft.now)
        # What others hold is not there to be burnt.
        balance -= usage.credits_held(draft, pool.denomination, draft.now)
        covered = credits.coverable(billable, weight, balance)
    wanted = covered * weight
    if wanted > 0:
        granting.burn(draft, pool, wanted, event_id)
    return covered, wanted, covered < billable


def priced_before(draft: Draft, found: Match) -> Decimal:
    """Return the priced units that stand before this event's on its line's price."""
    price = found.term.price
    alone = (
        price is None or isinstance(price.model, Volume) or not found.term.aggregation.kind.adds_up
    )
    total = ZERO
    for counter in draft.counters.values():
        key = counter.key
        same = (key.subscription_id, key.seq, key.feature_key) == found.key[:3]
        if same and (not alone or key.version_id == found.version.id):
            total += counter.priced
    return total


# The receipt ---------------------------------------------------------------------------------------


def receipt_of(
    draft: Draft, use: Use, event: UsageEvent, billed: Billed | None, notes: list[str]
) -> dict[str, object]:
    """Return the answer to the event, JSON-ready, as it is given now and to every repeat."""
    receipt: dict[str, object] = {
        "eventId": str(event.id),
        "eventIdempotencyKey": use.key,
        "duplicate": False,
        "matched": None,
        "billableUnits": event.billable,
        "usage": None,
        "usageLimitExceeded": False,
        "creditsDeducted": event.credits,
        "remainingBalance": None,
        "insufficientCredits": False,
        "creditShortfall": ZERO,
        "costAmount": event.cost_amount,
        "costCurrency": event.cost_currency,
        "revenueAmount": event.revenue_amount,
        "occurredAt": event.occurred_at,
        "notes": notes,
    }
    if billed is None:
        return _plain(receipt)
    found = billed.match
    state = usage.used(draft, found, draft.now)
    receipt["matched"] = {
        "subscriptionId": str(found.subscription.id),
        "planKey": found.version.plan_key,
        "periodStart": found.period.starts_at,
    }
    receipt["usage"] = {"used": state.used, "limit": state.limit, "remaining": state.remaining}
    receipt["usageLimitExceeded"] = billed.exceeded
    receipt["insufficientCredits"] = billed.insufficient
    rule = found.term.burn
    if rule is not None:
        weight = _weight(draft, found, use, event.occurred_at)
        receipt["creditShortfall"] = (billed.billable - billed.covered) * weight
        pool = next((p for p in draft.pools.values() if p.denomination == rule.denomination), None)
        receipt["remainingBalance"] = (
            ZERO
            if pool is None
            else credits.balance(pool, granting.grants_in(draft, pool.id), draft.now)
        )
    return _plain(receipt)


def _plain(receipt: dict[str, object]) -> dict[str, object]:
    """Return the receipt with its quantities free of zeros that arithmetic left at their ends."""
    state = receipt["usage"]
    if isinstance(state, dict):
        receipt["usage"] = {name: trimmed(value) for name, value in state.items()}
    return {name: trimmed(value) for name, value in receipt.items()}


def trimmed(value: object) -> object:
    """Return a quantity without zeros at its end, and anything else as it is."""
    if isinstance(value, Decimal):
        whole = int(value)  # and no exponent: 100, not 1E+2
        return Decimal(whole) if value == whole else value.normalize()
    return value
