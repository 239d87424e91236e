"""Entitlements: whether a customer may use a feature now, why not, and what a use would come to.

A check is a function of stored facts and `now`; it writes nothing.

Units: units and credits are exact; None as limit or remaining means without end.
Sources: BILLING.md, "Entitlements".
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from usance.core import credits, usage
from usance.core.catalog import Burn, Overage
from usance.core.credits import CreditPrice, Pool
from usance.core.ids import SubscriptionId
from usance.core.snapshot import Snapshot
from usance.core.subscriptions import ENDED, Subscription, SubscriptionStatus
from usance.core.usage import Match, Used

ZERO: Final = Decimal(0)


class Denial(StrEnum):
    """Why a use is not allowed, in the order in which it is asked."""

    FEATURE_NOT_FOUND = "feature_not_found"
    FEATURE_DISABLED = "feature_disabled"
    NO_SUBSCRIPTION = "no_subscription"
    FEATURE_NOT_IN_PLAN = "feature_not_in_plan"
    SUBSCRIPTION_INACTIVE = "subscription_inactive"
    PAYMENT_PAST_DUE = "payment_past_due"
    SUBSCRIPTION_CANCELLED = "subscription_cancelled"
    USAGE_LIMIT_REACHED = "usage_limit_reached"
    INSUFFICIENT_CREDITS = "insufficient_credits"


MESSAGES: Final = {
    Denial.FEATURE_NOT_FOUND: "There is no such feature.",
    Denial.FEATURE_DISABLED: "The feature is switched off.",
    Denial.NO_SUBSCRIPTION: "The customer has no subscription.",
    Denial.FEATURE_NOT_IN_PLAN: "No plan of the customer has this feature.",
    Denial.SUBSCRIPTION_INACTIVE: "The subscription is not active: its first invoice is not paid.",
    Denial.PAYMENT_PAST_DUE: "An invoice is past due: access returns when it is paid.",
    Denial.SUBSCRIPTION_CANCELLED: "The subscription has ended.",
    Denial.USAGE_LIMIT_REACHED: "The usage limit of this period is reached.",
    Denial.INSUFFICIENT_CREDITS: "There are not enough credits.",
}


@dataclass(frozen=True, slots=True)
class Question:
    """One more unit (`units` None), or exactly so many, on a model that may weigh differently."""

    feature_key: str
    units: Decimal | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class CreditState:
    """A pool as a check shows it."""

    denomination: str
    balance: Decimal
    available: Decimal
    hard_limit: bool


@dataclass(frozen=True, slots=True)
class Simulation:
    """What the asked units would do to the limit. Nothing is recorded."""

    requested: Decimal
    projected_usage: Decimal
    projected_remaining: Decimal | None
    projected_overage: Decimal
    would_exceed_limit: bool


@dataclass(frozen=True, slots=True)
class CreditQuote:
    """What the asked units would burn."""

    weight: Decimal
    estimated_credits: Decimal
    price: CreditPrice | None  # in force now; None: these credits are not sold

    @property
    def estimated_cost(self) -> Decimal | None:
        """What the credits would cost to buy, exact and not rounded."""
        return None if self.price is None else self.price.price_per_credit * self.estimated_credits


@dataclass(frozen=True, slots=True)
class Entitlement:
    """The answer. `denial` None: allowed. `usage` sums the subscriptions that have the feature."""

    feature_key: str
    denial: Denial | None
    subscription_id: SubscriptionId | None
    usage: Used | None
    credit: CreditState | None
    simulation: Simulation | None
    quote: CreditQuote | None
    as_of: datetime

    @property
    def is_allowed(self) -> bool:
        """Whether the use asked for may go ahead."""
        return self.denial is None


def check(facts: Snapshot, question: Question, now: datetime) -> Entitlement:
    """Answer a question about a customer; `facts` are as time has them at `now`."""
    feature = facts.features.get(question.feature_key)
    if feature is None:
        return _denied(facts, question, Denial.FEATURE_NOT_FOUND, [], now)
    subscriptions = usage.in_order(facts.subscriptions.values())
    having = [one for one in subscriptions if _has(facts, one, question.feature_key)]
    usable = [
        found
        for one in having
        if usage.is_usable(facts, one, now)
        and (found := usage.match(facts, facts.versions, one, question.feature_key, now))
        is not None
    ]
    if not feature.enabled:
        return _denied(facts, question, Denial.FEATURE_DISABLED, having, now)
    if not subscriptions:
        return _denied(facts, question, Denial.NO_SUBSCRIPTION, having, now)
    if not having:
        return _denied(facts, question, Denial.FEATURE_NOT_IN_PLAN, having, now)
    if not usable:
        return _denied(facts, question, _unusable(having), having, now)
    units = question.units if question.units is not None else Decimal(1)
    return _of_usable(facts, question, usable, units, now)


def steady_until(facts: Snapshot, answer: Entitlement) -> datetime | None:
    """Return the first instant after the answer's at which time alone may change it; None: never.

    Until then a check of the same question on the same facts gives the same answer, but for `as_of`.
    Steps that are due are not its business: no check is answered before they are taken.
    """
    instants = [answer.usage.resets_at if answer.usage is not None else None]
    for one in facts.subscriptions.values():
        instants += [one.cancel_at, one.expires_at, one.trial_ends_at]
    for period in facts.periods.values():
        instants += [period.starts_at, period.ends_at]
    for segment in facts.segments.values():
        instants += [segment.starts_at, segment.undone_at]
    instants += [invoice.past_due_at for invoice in facts.invoices.values()]
    instants += [grant.expires_at for grant in facts.grants.values()]
    instants += [hold.expires_at for hold in facts.holds.values()]
    instants += [price.effective_from for price in facts.credit_prices]
    instants += [weight.effective_from for weight in facts.credit_weights]
    return min((at for at in instants if at is not None and at > answer.as_of), default=None)


def features_of(facts: Snapshot) -> list[str]:
    """Return the keys of the features that the customer's open subscriptions have, in order."""
    keys = {
        term.key
        for one in facts.subscriptions.values()
        if not one.is_ended and one.version_id in facts.versions
        for term in facts.versions[one.version_id].terms.features
    }
    return sorted(keys & set(facts.features))


def _has(facts: Snapshot, subscription: Subscription, feature_key: str) -> bool:
    version = facts.versions.get(subscription.version_id)
    return version is not None and version.terms.term(feature_key) is not None


def _unusable(having: list[Subscription]) -> Denial:
    """Return the reason of the subscription that is closest to giving access."""
    statuses = {one.status for one in having}
    if statuses - ENDED - {SubscriptionStatus.INCOMPLETE}:
        overdue = SubscriptionStatus.PAST_DUE in statuses
        return Denial.PAYMENT_PAST_DUE if overdue else Denial.SUBSCRIPTION_CANCELLED
    if SubscriptionStatus.INCOMPLETE in statuses:
        return Denial.SUBSCRIPTION_INACTIVE
    if SubscriptionStatus.CANCELLED in statuses:
        return Denial.SUBSCRIPTION_CANCELLED
    return Denial.SUBSCRIPTION_INACTIVE


def _denied(
    facts: Snapshot,
    question: Question,
    denial: Denial,
    having: list[Subscription],
    now: datetime,
) -> Entitlement:
    """Return a no that is not about quantities; usage is shown, and without access nothing remains."""
    state = _shown_usage(facts, question, having, now)
    simulation = None
    if question.units is not None:
        used = state.used if state is not None else ZERO
        limit = state.limit if state is not None else None
        projected = used + question.units
        simulation = Simulation(
            requested=question.units,
            projected_usage=projected,
            projected_remaining=ZERO,
            projected_overage=ZERO if limit is None else max(ZERO, projected - limit),
            would_exceed_limit=True,
        )
    return Entitlement(
        feature_key=question.feature_key,
        denial=denial,
        subscription_id=having[0].id if having else None,
        usage=state,
        credit=_credit_of(facts, question, having, now),
        simulation=simulation,
        quote=_quote_of(facts, question, having, now),
        as_of=now,
    )


def _shown_usage(
    facts: Snapshot, question: Question, having: list[Subscription], now: datetime
) -> Used | None:
    """Return the usage of the plans that have the feature, with or without access to it."""
    live = [one for one in having if not one.is_ended]
    if not live:
        return None
    states = []
    for one in live:
        found = usage.match(facts, facts.versions, one, question.feature_key, now)
        if found is not None:
            states.append(usage.used(facts, found, now))
            continue
        term = facts.versions[one.version_id].terms.term(question.feature_key)
        assert term is not None, "only those that have the feature are asked"
        states.append(Used(ZERO, term.limit.units if term.limit is not None else None, None))
    return _total(states)


def _credit_of(
    facts: Snapshot, question: Question, having: list[Subscription], now: datetime
) -> CreditState | None:
    """Return the pool that the feature burns from, with or without access to it."""
    for one in having:
        term = facts.versions[one.version_id].terms.term(question.feature_key)
        if term is not None and term.burn is not None:
            return _credit(facts, term.burn, now)
    return None


def _of_usable(
    facts: Snapshot, question: Question, usable: list[Match], units: Decimal, now: datetime
) -> Entitlement:
    verdicts = [(found, _verdict(facts, found, question, units, now)) for found in usable]
    allowing = next((found for found, denial in verdicts if denial is None), None)
    chosen = allowing or usage.choose(facts, usable, units, now) or usable[0]
    denial = next(denial for found, denial in verdicts if found is chosen)
    state = _total([usage.used(facts, found, now) for found in usable])
    simulation = None
    if question.units is not None:
        projected = state.used + units
        taken = projected + state.held
        over = ZERO if state.limit is None else max(ZERO, taken - state.limit)
        simulation = Simulation(
            requested=units,
            projected_usage=projected,
            projected_remaining=None if state.limit is None else max(ZERO, state.limit - taken),
            projected_overage=over,
            would_exceed_limit=denial is not None,
        )
    _, weight = _pool_and_weight(facts, chosen, question, now)
    burn = chosen.term.burn
    return Entitlement(
        feature_key=question.feature_key,
        denial=denial,
        subscription_id=chosen.subscription.id,
        usage=state,
        credit=None if burn is None else _credit(facts, burn, now),
        simulation=simulation,
        quote=None
        if burn is None or question.units is None
        else CreditQuote(weight, units * weight, facts.price_of(burn.denomination, now)),
        as_of=now,
    )


def _verdict(
    facts: Snapshot, found: Match, question: Question, units: Decimal, now: datetime
) -> Denial | None:
    """Return why this subscription does not take the units, or None."""
    limit = found.term.limit
    asked = units if found.term.aggregation.kind.adds_up else ZERO
    if limit is not None and limit.overage is Overage.BLOCK:
        left = usage.used(facts, found, now).remaining
        assert left is not None, "a limit leaves something or nothing"
        # A limit on the highest or distinct values only checks: used up, it denies.
        if left < asked or (not found.term.aggregation.kind.adds_up and left <= 0):
            return Denial.USAGE_LIMIT_REACHED
    if found.term.burn is None or found.term.price is not None:
        return None
    pool, weight = _pool_and_weight(facts, found, question, now)
    hard = pool.hard_limit if pool is not None else _is_hard(facts, found)
    if not hard or weight == 0:
        return None
    balance = credits.balance(pool, facts.grants.values(), now) if pool is not None else ZERO
    balance -= usage.credits_held(facts, found.term.burn.denomination, now)
    return Denial.INSUFFICIENT_CREDITS if balance < units * weight else None


def _is_hard(facts: Snapshot, found: Match) -> bool:
    assert found.term.burn is not None, "only a burn has a denomination"
    return facts.credit_models[found.term.burn.denomination].hard_limit


def _pool_and_weight(
    facts: Snapshot, found: Match, question: Question, now: datetime
) -> tuple[Pool | None, Decimal]:
    rule = found.term.burn
    if rule is None:
        return None, ZERO
    pool = next((p for p in facts.pools.values() if p.denomination == rule.denomination), None)
    weight = credits.weight_of(rule, found.term.key, question.model, facts.credit_weights, now)
    return pool, weight


def _quote_of(
    facts: Snapshot, question: Question, having: list[Subscription], now: datetime
) -> CreditQuote | None:
    """Return what the asked units would burn, with or without access."""
    if question.units is None:
        return None
    for one in having:
        term = facts.versions[one.version_id].terms.term(question.feature_key)
        if term is not None and term.burn is not None:
            table = facts.credit_weights
            weight = credits.weight_of(term.burn, term.key, question.model, table, now)
            price = facts.price_of(term.burn.denomination, now)
            return CreditQuote(weight, question.units * weight, price)
    return None


def _credit(facts: Snapshot, rule: Burn, now: datetime) -> CreditState:
    pool = next((p for p in facts.pools.values() if p.denomination == rule.denomination), None)
    balance = credits.balance(pool, facts.grants.values(), now) if pool is not None else ZERO
    hard = facts.credit_models[rule.denomination].hard_limit if pool is None else pool.hard_limit
    available = balance - usage.credits_held(facts, rule.denomination, now)
    available = max(ZERO, available) if hard else available
    return CreditState(rule.denomination, balance, available, hard)


def _total(states: list[Used]) -> Used:
    """Return the sums; one without a limit makes all unlimited."""
    limits = [state.limit for state in states]
    resets = [state.resets_at for state in states if state.resets_at is not None]
    return Used(
        used=sum((state.used for state in states), ZERO),
        limit=None if None in limits else sum((one for one in limits if one is not None), ZERO),
        resets_at=min(resets, default=None),
        held=sum((state.held for state in states), ZERO),
    )
