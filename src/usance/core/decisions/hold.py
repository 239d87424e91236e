"""Holding: setting units and credits aside, giving them back, and the event that settles them.

Units: units of the feature and credits, exact.
Sources: BILLING.md, "Holds".
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from usance.core import credits, entitlements, ids, usage
from usance.core.decisions import granting, record
from usance.core.decisions.record import Use
from usance.core.draft import Draft
from usance.core.entitlements import MESSAGES, Denial, Question
from usance.core.holds import Hold, HoldStatus
from usance.core.ids import HoldId
from usance.core.metering import UsageEvent
from usance.core.outcome import Outcome
from usance.core.refusals import Code, Refusal, invalid
from usance.core.snapshot import Snapshot
from usance.core.usage import Match
from usance.core.values import replace

ZERO: Final = Decimal(0)

OF_A_HOLD: Final = ("holdId", "holdExpired")
"""What a receipt says more when its event settles a hold."""


@dataclass(frozen=True, slots=True)
class Take:
    """What a caller asks to set aside. `key` None: the hold's id stands in."""

    key: str | None
    fingerprint: bytes
    feature_key: str
    units: Decimal
    model: str | None
    life: timedelta


def take(draft: Draft, request: Take, *, seed: UUID) -> Hold:
    """Set the units aside, with the credits that they would burn; the same again is the same hold.

    Several in one draft are each decided on what the one before left.

    Refusals, in this order: hold_key_conflict, then as a check of these units denies them (the code is
    the denial's), validation_failed (a feature whose highest or distinct values count).
    """
    now = draft.now
    known = next((one for one in draft.holds.values() if one.key == request.key), None)
    if known is not None:
        if known.fingerprint != request.fingerprint:
            raise Refusal(
                Code.HOLD_KEY_CONFLICT,
                "Another hold was made under this key.",
                field="holdKey",
                detail={"holdId": known.id},
            )
        return known
    before = _as_drafted(draft)
    question = Question(request.feature_key, request.units, request.model)
    answer = entitlements.check(before, question, now)
    if answer.denial is not None:
        raise Refusal(_code(answer.denial), MESSAGES[answer.denial], field=_field(answer.denial))
    assert answer.subscription_id is not None, "what is allowed is allowed by a subscription"
    subscription = before.subscriptions[answer.subscription_id]
    found = usage.match(before, before.versions, subscription, request.feature_key, now)
    assert found is not None, "what is allowed has a period"
    if not found.term.aggregation.kind.adds_up:
        raise invalid(
            "featureKey",
            "Of this feature the highest or distinct values count: nothing can be held.",
        )

    # Nothing can be refused from here on.
    hold_id = HoldId(ids.derived(now, seed, "hold", before.customer.id))
    denomination, reserved = _credits(draft, found, request)
    hold = Hold(
        id=hold_id,
        customer_id=before.customer.id,
        key=request.key if request.key is not None else str(hold_id),
        fingerprint=request.fingerprint,
        counted=found.key,
        units=request.units,
        model=request.model,
        denomination=denomination,
        credits=reserved,
        created_at=now,
        expires_at=now + request.life,
    )
    draft.put_hold(hold)
    return hold


def _as_drafted(draft: Draft) -> Snapshot:
    """Return the customer as a check sees it, with what the draft has changed for it so far."""
    return replace(
        draft.before,
        counters=draft.counters,
        pools=draft.pools,
        grants=draft.grants,
        holds=draft.holds,
    )


def _code(denial: Denial) -> Code:
    """Return the code under which a hold is refused: the check's own."""
    return {
        Denial.FEATURE_NOT_FOUND: Code.FEATURE_NOT_FOUND,
        Denial.FEATURE_DISABLED: Code.FEATURE_DISABLED,
        Denial.NO_SUBSCRIPTION: Code.NO_SUBSCRIPTION,
        Denial.FEATURE_NOT_IN_PLAN: Code.FEATURE_NOT_IN_PLAN,
        Denial.SUBSCRIPTION_INACTIVE: Code.SUBSCRIPTION_INACTIVE,
        Denial.PAYMENT_PAST_DUE: Code.PAYMENT_PAST_DUE,
        Denial.SUBSCRIPTION_CANCELLED: Code.SUBSCRIPTION_CANCELLED,
        Denial.USAGE_LIMIT_REACHED: Code.USAGE_LIMIT_REACHED,
        Denial.INSUFFICIENT_CREDITS: Code.INSUFFICIENT_CREDITS,
    }[denial]


def _field(denial: Denial) -> str | None:
    return "featureKey" if denial is Denial.FEATURE_NOT_FOUND else None


def _credits(draft: Draft, found: Match, request: Take) -> tuple[str | None, Decimal]:
    """Return the credits to set aside: what is available of those that the units would burn."""
    rule = found.term.burn
    if rule is None:
        return None, ZERO
    table = draft.before.credit_weights
    weight = credits.weight_of(rule, found.term.key, request.model, table, draft.now)
    pool = next((p for p in draft.pools.values() if p.denomination == rule.denomination), None)
    if pool is None:
        hard = draft.before.credit_models[rule.denomination].hard_limit
        return rule.denomination, ZERO if hard else request.units * weight
    if not pool.hard_limit:
        return rule.denomination, request.units * weight
    balance = credits.balance(pool, granting.grants_in(draft, pool.id), draft.now)
    held = usage.credits_held(draft, rule.denomination, draft.now)
    covered = credits.coverable(request.units, weight, max(ZERO, balance - held))
    return rule.denomination, covered * weight


def release(before: Snapshot, hold_id: HoldId, *, now: datetime, seed: UUID) -> Outcome:
    """Give back what a hold sets aside; one that is over stays as it is.

    Refusals: hold_not_found, hold_settled.
    """
    hold = _named(before, hold_id)
    if hold.status is HoldStatus.SETTLED:
        raise Refusal(Code.HOLD_SETTLED, "The hold is settled: its event is recorded.")

    # Nothing can be refused from here on.
    draft = Draft(before, now=now, seed=seed)
    if hold.is_open(now):
        draft.put_hold(replace(hold, status=HoldStatus.RELEASED, closed_at=now))
    return draft.outcome()


def settle(
    before: Snapshot, hold_id: HoldId, use: Use, *, now: datetime, seed: UUID
) -> tuple[Outcome, UsageEvent]:
    """Record the event that a hold was made for; what it does not use is available again.

    The hold's own reservation is free for its event, and for nobody else before. One that has expired
    or was released reserves nothing, and its receipt says so. Refusals: hold_not_found, hold_settled,
    then those of an event.
    """
    hold = _named(before, hold_id)
    if hold.status is HoldStatus.SETTLED:
        raise Refusal(
            Code.HOLD_SETTLED,
            "The hold is settled by another event.",
            detail={"eventId": hold.event_id},
        )
    draft = Draft(before, now=now, seed=seed)
    was_open = hold.is_open(now)
    closed = replace(hold, status=HoldStatus.SETTLED, closed_at=now)
    draft.put_hold(closed)
    event = record.record(draft, use, seed=seed)
    draft.put_hold(replace(closed, event_id=event.id))
    draft.events[-1] = event = replace(
        event, receipt={**event.receipt, "holdId": str(hold.id), "holdExpired": not was_open}
    )
    return draft.outcome(), event


def _named(before: Snapshot, hold_id: HoldId) -> Hold:
    hold = before.holds.get(hold_id)
    if hold is None:
        raise Refusal(Code.HOLD_NOT_FOUND, "There is no such hold.")
    return hold
