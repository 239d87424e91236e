"""Migrating: subscriptions on an older version of a plan move to its newest, at their next boundary.

A version is never changed under a customer: the move is asked for, shown before, and takes effect
like a scheduled plan change.

Sources: BILLING.md, "Catalogue", "Upgrading, downgrading".
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from usance.core import outcome as outcomes
from usance.core.catalog import PlanVersion
from usance.core.decisions import advance, lifecycle
from usance.core.draft import Draft
from usance.core.ids import SubscriptionId
from usance.core.invoices import InvoiceKind
from usance.core.outcome import Outcome
from usance.core.snapshot import Snapshot
from usance.core.subscriptions import PendingChange, Subscription


@dataclass(frozen=True, slots=True)
class Move:
    """What a migration would do to a subscription: its first invoice under either version.

    The amounts are as of now, usage so far included; None where no invoice is in sight.
    """

    subscription: Subscription
    old: PlanVersion
    before: Decimal | None
    after: Decimal | None


def candidates(before: Snapshot, newest: PlanVersion) -> list[Subscription]:
    """Return the customer's subscriptions that a migration would touch.

    One with a pending change is left to it, and nothing moves to another currency.
    """
    return [
        one
        for one in before.subscriptions.values()
        if one.plan_id == newest.plan_id
        and one.version_id != newest.id
        and before.versions[one.version_id].terms.currency == newest.terms.currency
        and not one.is_ended
        and one.id not in before.changes
    ]


def schedule(before: Snapshot, newest: PlanVersion, *, now: datetime, seed: UUID) -> Outcome:
    """Schedule the move of the customer's subscriptions to the newest version; nothing is refused."""
    draft = Draft(before, now=now, seed=seed)
    for one in candidates(before, newest):
        draft.put(_change(one, newest, now))
        draft.notice(
            "subscription.change_scheduled",
            one.id,
            {"planKey": newest.plan_key, "version": newest.number},
        )
    lifecycle.conclude(draft)
    return draft.outcome()


def preview(before: Snapshot, newest: PlanVersion, *, now: datetime) -> list[Move]:
    """Return what scheduling would come to, by taking the next boundary both ways; nothing is kept."""
    # Shown is what the boundary comes to, so nothing waits for usage that may still be told.
    before = replace(before, account=replace(before.account, collection_minutes=0))
    moves = []
    for one in candidates(before, newest):
        moved = replace(before, changes={**before.changes, one.id: _change(one, newest, now)})
        old = before.versions[one.version_id]
        moves.append(Move(one, old, _next_invoice(before, one), _next_invoice(moved, one)))
    return moves


def _change(one: Subscription, newest: PlanVersion, now: datetime) -> PendingChange:
    return PendingChange(
        subscription_id=one.id,
        customer_id=one.customer_id,
        plan_id=newest.plan_id,
        version_id=newest.id,
        requested_at=now,
    )


def _next_invoice(facts: Snapshot, one: Subscription) -> Decimal | None:
    """Return the amount of the invoice that charges the period after the running one."""
    for _ in range(
        2
    ):  # in arrears the period that opens at the boundary is charged at the next one
        running = facts.periods.get((one.id, facts.subscriptions[one.id].seq))
        if running is None or running.closed_at is not None:
            return None
        facts = _taken(facts, one.id, running.ends_at)
        for invoice in facts.invoices.values():
            charges = (invoice.subscription_id, invoice.seq) == (one.id, one.seq + 1)
            if (
                charges
                and invoice.kind is InvoiceKind.SUBSCRIPTION
                and invoice.issued_at is not None
            ):
                return invoice.amount
    return None


def _taken(facts: Snapshot, subscription_id: SubscriptionId, until: datetime) -> Snapshot:
    """Return the facts with the subscription's boundary at `until` taken, and nothing else."""
    step = advance.boundary_of(facts, subscription_id)
    assert step is not None, "a running period ends"
    return outcomes.apply(facts, advance.perform(facts, step, now=until))
