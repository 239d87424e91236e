"""Due: what time alone will change about a customer, and when.

The stored `next_due_at` is the first of these instants, so that a worker finds the row without
knowing why. At one instant the order is: past due, expiries, then the boundary.

Units: instants are UTC.
Sources: BILLING.md, "Five principles".
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import NamedTuple
from uuid import UUID

from usance.core.decisions import granting
from usance.core.draft import Draft
from usance.core.invoices import OVERDUE, InvoiceStatus
from usance.core.metering import LATEST_PAST
from usance.core.snapshot import Snapshot
from usance.core.subscriptions import Subscription, SubscriptionStatus


class StepKind(IntEnum):
    """What a step does; the value is its place among the steps of one instant."""

    PAST_DUE = 0  # an invoice's grace is over
    EXPIRE_CREDITS = 1
    EXPIRE_INCOMPLETE = 2  # a subscription that was never paid is given up
    CANCEL_OVERDUE = 3  # a subscription was overdue for too long
    GRANT = 4  # a window of a long period brings its credits
    COLLECT = 5  # the usage of an ended period is billed, which waited for late reports
    BOUNDARY = 6  # a period ends
    LATE_USAGE = 7  # usage that came after a subscription's end is billed


class _Order(NamedTuple):
    at: datetime
    kind: StepKind
    created_at: datetime
    subject_id: UUID


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that time does: to the subscription, invoice or pool `subject_id`, at `at`."""

    at: datetime
    kind: StepKind
    subject_id: UUID
    created_at: datetime  # of the subject, to order the steps of one instant

    @property
    def order(self) -> _Order:
        """The sort key among a customer's steps."""
        return _Order(self.at, self.kind, self.created_at, self.subject_id)


def first(draft: Draft, now: datetime) -> Step | None:
    """Return the customer's first step that is due at `now`; None when nothing is."""
    due = [step for step in _all(draft) if step.at <= now]
    return min(due, key=lambda step: step.order, default=None)


def next_in(facts: Snapshot) -> datetime | None:
    """Return when the customer's next step is due; None: never, if nothing else happens."""
    draft = Draft(facts, now=facts.customer.decided_at, seed="")
    return min((step.at for step in _all(draft)), default=None)


def _all(draft: Draft) -> list[Step]:
    """Return every step that time alone will take, whenever it is due."""
    steps = [
        step
        for sub in draft.subscriptions.values()
        if sub.parked_at is None
        for step in _steps(draft, sub)
    ]
    steps += [
        Step(pool.next_due_at, StepKind.EXPIRE_CREDITS, pool.id, pool.created_at)
        for pool in draft.pools.values()
        if pool.next_due_at is not None
    ]
    steps += [
        Step(invoice.past_due_at, StepKind.PAST_DUE, invoice.id, invoice.created_at)
        for invoice in draft.invoices.values()
        if invoice.subscription_id is None
        and invoice.status is InvoiceStatus.DUE
        and invoice.past_due_at is not None
    ]
    return steps


def next_due_at(draft: Draft, subscription: Subscription) -> datetime | None:
    """Return the earliest instant at which time alone changes the subscription; None: never."""
    return min((step.at for step in _steps(draft, subscription)), default=None)


def _steps(draft: Draft, subscription: Subscription) -> list[Step]:
    steps = [
        Step(invoice.past_due_at, StepKind.PAST_DUE, invoice.id, invoice.created_at)
        for invoice in draft.invoices_of(subscription.id)
        if invoice.status is InvoiceStatus.DUE and invoice.past_due_at is not None
    ]
    own = (subscription.id, subscription.created_at)
    steps += [
        Step(period.collect_at, StepKind.COLLECT, *own)
        for (its, _), period in draft.periods.items()
        if its == subscription.id and period.is_collecting and period.collect_at is not None
    ]
    if subscription.is_ended:
        late_at = _late_at(draft, subscription)
        return steps if late_at is None else [*steps, Step(late_at, StepKind.LATE_USAGE, *own)]
    if subscription.status is SubscriptionStatus.INCOMPLETE and subscription.expires_at is not None:
        steps.append(Step(subscription.expires_at, StepKind.EXPIRE_INCOMPLETE, *own))
    overdue_at = _cancel_overdue_at(draft, subscription)
    if overdue_at is not None:
        steps.append(Step(overdue_at, StepKind.CANCEL_OVERDUE, *own))
    period = draft.running_period(subscription)
    if period is not None:
        steps.append(Step(period.ends_at, StepKind.BOUNDARY, *own))
        for allocation in draft.version(subscription).terms.credits:
            window = granting.next_window(draft, subscription, period, allocation)
            if window is not None:
                steps.append(Step(window[1], StepKind.GRANT, *own))
    return steps


def _cancel_overdue_at(draft: Draft, subscription: Subscription) -> datetime | None:
    """Return when an overdue subscription ends by the account's setting; None: not by itself."""
    days = draft.before.account.cancel_after_past_due_days
    if days is None or subscription.status is not SubscriptionStatus.PAST_DUE:
        return None
    since = [
        invoice.past_due_at
        for invoice in draft.invoices_of(subscription.id)
        if invoice.ends_access and invoice.status in OVERDUE and invoice.past_due_at is not None
    ]
    return min(since) + timedelta(hours=24 * days) if since else None


def _late_at(draft: Draft, subscription: Subscription) -> datetime | None:
    """Return when usage that came after the end is billed: once no more of it can come."""
    awaits = any(
        c.awaits_invoice and c.key.subscription_id == subscription.id
        for c in draft.counters.values()
    )
    if not awaits or not subscription.settle or subscription.cancelled_at is None:
        return None
    return subscription.cancelled_at + LATEST_PAST
