"""Granting: credits given, kept, expired, burnt and taken back, each as one movement of a pool.

Units: credits are exact Decimals.
Sources: BILLING.md, "Credits".
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final, assert_never

from usance.core import credits, periods, windows
from usance.core.catalog import Allocation, PlanVersion, Rollover
from usance.core.credits import Grant, GrantKind, Pool, Transaction, TransactionKind
from usance.core.draft import Draft
from usance.core.ids import EventId, GrantId, PoolId, SubscriptionId, TransactionId
from usance.core.invoices import InvoiceStatus
from usance.core.periods import Interval, Unit
from usance.core.subscriptions import Subscription, SubscriptionPeriod
from usance.core.values import replace

ZERO: Final = Decimal(0)

PLAN_PRIORITY: Final = 0
"""Where plan grants stand in the spending order; a seller may put others before or after."""


def pool_of(draft: Draft, denomination: str) -> Pool:
    """Return the customer's pool of a denomination, made if there is none."""
    for pool in draft.pools.values():
        if pool.denomination == denomination:
            return pool
    pool = Pool(
        id=PoolId(draft.new_id("pool", draft.before.customer.id, denomination)),
        customer_id=draft.before.customer.id,
        denomination=denomination,
        hard_limit=draft.before.credit_models[denomination].hard_limit,
        created_at=draft.now,
    )
    draft.put(pool)
    return pool


def grants_in(draft: Draft, pool_id: PoolId) -> list[Grant]:
    """Return the pool's grants that the snapshot holds."""
    return [g for g in draft.grants.values() if g.pool_id == pool_id]


def move(
    draft: Draft,
    pool_id: PoolId,
    kind: TransactionKind,
    taken: Iterable[tuple[GrantId, Decimal]],
    *,
    overdraft: Decimal = ZERO,
    event_id: EventId | None = None,
    reverses: TransactionId | None = None,
    reason: str | None = None,
) -> Transaction:
    """Book one movement: signed parts of grants, and `overdraft` more (or, negative, less) owed."""
    taken = tuple((grant_id, amount) for grant_id, amount in taken if amount != 0)
    amount = sum((part for _, part in taken), ZERO) - overdraft
    pool = draft.pools[pool_id]
    before = credits.balance(pool, grants_in(draft, pool_id), draft.at)
    draft.put(_counted(replace(pool, overdraft=pool.overdraft + overdraft), kind, amount))
    transaction = Transaction(
        id=TransactionId(draft.new_id("transaction", pool_id, pool.transactions + 1)),
        customer_id=pool.customer_id,
        pool_id=pool_id,
        seq=pool.transactions + 1,
        kind=kind,
        amount=amount,
        # An expired grant was no part of the balance any more: writing it off changes nothing.
        balance_after=before if kind is TransactionKind.EXPIRY else before + amount,
        taken=taken,
        at=draft.now,
        event_id=event_id,
        reverses=reverses,
        reason=reason,
    )
    draft.move_pool(transaction)
    return transaction


def _counted(pool: Pool, kind: TransactionKind, amount: Decimal) -> Pool:
    """Return the pool with its totals of all time moved by `amount`."""
    match kind:
        case TransactionKind.GRANT:
            return replace(pool, granted=pool.granted + amount)
        case TransactionKind.BURN | TransactionKind.REVERSAL | TransactionKind.CORRECTION:
            return replace(pool, consumed=pool.consumed - amount)
        case TransactionKind.EXPIRY | TransactionKind.ROLLOVER:
            return replace(pool, expired=pool.expired - amount)
        case TransactionKind.CLAWBACK:
            return replace(pool, clawed=pool.clawed - amount)


def give(draft: Draft, grant: Grant) -> Grant:
    """Give a grant: what the pool owes is repaid from it first."""
    repaid = min(draft.pools[grant.pool_id].overdraft, grant.amount)
    draft.put(replace(grant, remaining=ZERO))
    move(
        draft,
        grant.pool_id,
        TransactionKind.GRANT,
        [(grant.id, grant.amount - repaid)],
        overdraft=-repaid,
        reason=grant.reason,
    )
    return draft.grants[grant.id]


def burn(draft: Draft, pool: Pool, wanted: Decimal, event_id: EventId) -> Transaction:
    """Burn credits in spending order; a soft pool owes what its grants do not reach."""
    parts = credits.take(grants_in(draft, pool.id), wanted, draft.at)
    short = wanted - sum((amount for _, amount in parts), ZERO)
    assert short == 0 or not pool.hard_limit, "a hard limit is never crossed"
    taken = [(grant.id, -amount) for grant, amount in parts]
    return move(draft, pool.id, TransactionKind.BURN, taken, overdraft=short, event_id=event_id)


# A plan's credits ----------------------------------------------------------------------------------


def grant_period(draft: Draft, subscription: Subscription, version: PlanVersion, seq: int) -> None:
    """Give what a version grants for a period, once, after rollover of what was left before.

    Asked again for the same period it does nothing: the grant's identity tells that it was given.
    Windows (`every: MONTH`) that passed before the base price was paid are made up for, in order.
    """
    if was_granted(draft, subscription.id, seq):
        return
    period = draft.periods[subscription.id, seq]
    roll_over(draft, subscription.id, before=(period.usage_from_seq, 0))
    reason = _reason(version, subscription, period)
    for allocation in version.terms.credits:
        amount = allocation.amount
        grant_plan(draft, subscription, allocation, amount, seq=seq, n=0, window=0, reason=reason)
        for window in range(1, windows.at(subscription, period, allocation.every, draft.at) + 1):
            grant_window(draft, subscription, allocation, seq, window)


def grant_window(
    draft: Draft, subscription: Subscription, allocation: Allocation, seq: int, window: int
) -> None:
    """Give an allocation's credits for a later window of a period, after rollover in its pool."""
    roll_over(draft, subscription.id, before=(seq, window), denomination=allocation.denomination)
    period = draft.periods[subscription.id, seq]
    grant_plan(
        draft,
        subscription,
        allocation,
        allocation.amount,
        seq=seq,
        n=0,
        window=window,
        reason=_reason(draft.version(subscription), subscription, period),
    )


def next_window(
    draft: Draft, subscription: Subscription, period: SubscriptionPeriod, allocation: Allocation
) -> tuple[int, datetime] | None:
    """Return the next window of a running period that an allocation is given for, and when.

    None when there is none: no `every`, the period ends first, or its base price is not paid.
    """
    if allocation.every is None or period.is_trial or not _is_paid(draft, period):
        return None
    in_force = draft.segments_of(period.subscription_id, period.seq)[-1]
    last = windows.at(subscription, period, allocation.every, in_force.starts_at)
    for grant in draft.grants.values():
        mine = (grant.subscription_id, grant.seq) == (subscription.id, period.seq)
        if mine and draft.pools[grant.pool_id].denomination == allocation.denomination:
            assert grant.window is not None, "a plan's grant has its window"
            last = max(last, grant.window)
    at = windows.start(subscription, period, allocation.every, last + 1)
    return (last + 1, at) if at < period.ends_at else None


def _is_paid(draft: Draft, period: SubscriptionPeriod) -> bool:
    """Whether a period's base price is paid, or there was none to pay ahead."""
    first = draft.segments.get((period.subscription_id, period.seq, 0))
    if first is None or first.invoice_id is None:
        return first is not None
    invoice = draft.invoices.get(first.invoice_id)
    return invoice is not None and invoice.status is InvoiceStatus.PAID


def was_granted(draft: Draft, subscription_id: SubscriptionId, seq: int) -> bool:
    """Whether a period has been given its plan credits."""
    return any(
        g.subscription_id == subscription_id and g.seq == seq and g.n == 0
        for g in draft.grants.values()
    )


def grant_past_period(
    draft: Draft, subscription: Subscription, version: PlanVersion, seq: int
) -> None:
    """Give the credits of a period that was paid after it ended: what rollover would have kept."""
    if was_granted(draft, subscription.id, seq):
        return
    reason = _reason(version, subscription, draft.periods[subscription.id, seq])
    for allocation in version.terms.credits:
        match allocation.rollover:
            case Rollover.NONE:
                amount = ZERO
            case Rollover.FULL:
                amount = allocation.amount
            case Rollover.CAPPED:
                assert allocation.rollover_cap is not None, "a capped allocation has a cap"
                amount = min(allocation.amount, allocation.rollover_cap)
            case _:
                assert_never(allocation.rollover)
        grant_plan(draft, subscription, allocation, amount, seq=seq, n=0, window=0, reason=reason)


def grant_plan(
    draft: Draft,
    subscription: Subscription,
    allocation: Allocation,
    amount: Decimal,
    *,
    seq: int,
    n: int,
    window: int,
    reason: str,
) -> None:
    """Give one plan grant of `amount`, if there is anything to give."""
    if amount <= 0:
        return
    pool = pool_of(draft, allocation.denomination)
    give(
        draft,
        Grant(
            id=GrantId(draft.new_id("grant", subscription.id, seq, pool.id, window, n)),
            customer_id=subscription.customer_id,
            pool_id=pool.id,
            kind=GrantKind.PLAN_INCLUDED,
            amount=amount,
            remaining=amount,
            priority=PLAN_PRIORITY,
            granted_at=draft.at,
            expires_at=_expiry(draft.at, subscription.zone, allocation.expires_after_months),
            subscription_id=subscription.id,
            seq=seq,
            n=n,
            window=window,
            rollover=allocation.rollover,
            rollover_cap=allocation.rollover_cap,
            reason=reason,
        ),
    )


def _reason(version: PlanVersion, subscription: Subscription, period: SubscriptionPeriod) -> str:
    """Return what a plan grant is for: the plan, and the period's days in the subscription's zone."""
    start = periods.local_date(period.starts_at, subscription.zone)
    end = periods.local_date(period.planned_ends_at, subscription.zone)
    return f"{version.plan_name}, period {start} to {end}"


def _expiry(now: datetime, zone: str, months: int | None) -> datetime | None:
    if months is None:
        return None
    return periods.boundary(now, zone, Interval(Unit.MONTH, months), 1)


def roll_over(
    draft: Draft,
    subscription_id: SubscriptionId,
    *,
    before: tuple[int, int],
    denomination: str | None = None,
) -> None:
    """Take what the plan grants of before a (period, window) do not keep, each by its own policy.

    What an upgrade brought within it, ahead of its unpaid base price, is no rest of an earlier one.
    `denomination` None: in every pool.
    """
    for pool_id, plan_grants in _plan_grants(draft, subscription_id).items():
        if denomination not in {None, draft.pools[pool_id].denomination}:
            continue
        own = [g for g in plan_grants if _place(g) < before]
        keeping = credits.kept(own, draft.at)
        excess = [
            (g.id, keeping.get(g.id, ZERO) - g.remaining) for g in own if g.usable_at(draft.at)
        ]
        if any(amount != 0 for _, amount in excess):
            move(draft, pool_id, TransactionKind.ROLLOVER, excess)


def _place(grant: Grant) -> tuple[int, int]:
    assert grant.seq is not None, "a plan's grant belongs to a period"
    assert grant.window is not None, "a plan's grant has its window"
    return grant.seq, grant.window


def claw_back(draft: Draft, subscription_id: SubscriptionId) -> None:
    """Take what is left of a subscription's plan grants; bought and promotional ones stay."""
    for pool_id, own in _plan_grants(draft, subscription_id).items():
        left = [(g.id, -g.remaining) for g in own if g.usable_at(draft.at)]
        if left:
            move(draft, pool_id, TransactionKind.CLAWBACK, left)


def expire(draft: Draft, pool_id: PoolId) -> None:
    """Write off what is left in the pool's grants that have expired; reads ignored it already."""
    gone = [
        (g.id, -g.remaining)
        for g in grants_in(draft, pool_id)
        if g.remaining > 0 and g.expires_at is not None and g.expires_at <= draft.at
    ]
    if gone:
        move(draft, pool_id, TransactionKind.EXPIRY, gone)


def grant_increase(
    draft: Draft,
    subscription: Subscription,
    old: PlanVersion,
    new: PlanVersion,
    *,
    seq: int,
    n: int,
    promised: Mapping[str, Decimal],
) -> None:
    """Give what an upgrade adds to the credits of the running period.

    Per denomination: max(0, the new allocation − what the period was already given or promised, at
    least the old allocation), so that going up and down mints nothing.
    """
    period = draft.periods[subscription.id, subscription.seq]
    for allocation in new.terms.credits:
        name = allocation.denomination
        window = windows.at(subscription, period, allocation.every, draft.at)
        before = old.terms.allocation(name)
        floor = before.amount if before is not None else ZERO
        given = _given(draft, subscription, period, name, window)
        had = max(floor, given + promised.get(name, ZERO))
        grant_plan(
            draft,
            subscription,
            allocation,
            allocation.amount - had,
            seq=seq,
            n=n,
            window=window,
            reason=_reason(new, subscription, period),
        )


def _given(
    draft: Draft,
    subscription: Subscription,
    period: SubscriptionPeriod,
    denomination: str,
    window: int,
) -> Decimal:
    """Return what plans granted in a window of a period and did not take back, cut periods included."""
    total = ZERO
    for grant in draft.grants.values():
        if grant.subscription_id != subscription.id or grant.seq is None:
            continue
        in_period = period.usage_from_seq <= grant.seq <= period.seq and grant.window == window
        if in_period and draft.pools[grant.pool_id].denomination == denomination:
            total += grant.amount - grant.clawed
    return total


def _plan_grants(draft: Draft, subscription_id: SubscriptionId) -> dict[PoolId, list[Grant]]:
    pools: dict[PoolId, list[Grant]] = {}
    for grant in draft.grants.values():
        if grant.subscription_id == subscription_id and grant.remaining > 0:
            pools.setdefault(grant.pool_id, []).append(grant)
    return pools
