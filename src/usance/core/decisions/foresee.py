"""Foreseeing: the invoice that a subscription gets next, by taking the steps that lead to it.

They are the steps that time will take, on a copy: what comes out is what will be written, if nothing
else happens until then.

Sources: BILLING.md, "Previews".
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from usance.core import outcome as outcomes
from usance.core.decisions import advance, due
from usance.core.draft import Draft
from usance.core.ids import SubscriptionId
from usance.core.invoices import Invoice
from usance.core.outcome import Outcome
from usance.core.refusals import Code, Refusal
from usance.core.snapshot import Snapshot

# Past the longest period there is no other boundary to wait for.
_AHEAD_MAX: Final = timedelta(days=20 * 366)
_STEPS_MAX: Final = 1_000


class _TooFar(Exception):  # noqa: N818 - named by the fact
    """The walk came to its last step, and to no invoice."""


def next_invoice(before: Snapshot, subscription_id: SubscriptionId) -> Invoice | None:
    """Return the invoice that is issued next for the subscription; None: none will be, as things are.

    Every step of the customer is taken until then, each at its own instant: so grants, money on
    account and what is overdue are as they will be.

    Refuses: too_far_ahead (one comes, and more than 1,000 steps of the customer before it).
    """
    try:
        return _walk(before, subscription_id)
    except _TooFar:
        pass
    try:  # whether one comes at all, the subscription's own steps tell
        if _walk(_alone(before, subscription_id), subscription_id) is None:
            return None
    except _TooFar:
        pass
    raise Refusal(
        Code.TOO_FAR_AHEAD,
        f"More than {_STEPS_MAX:,} steps of the customer come before it: ask again nearer to it.",
    )


def _walk(before: Snapshot, subscription_id: SubscriptionId) -> Invoice | None:
    until = before.customer.decided_at + _AHEAD_MAX
    facts = before
    for _ in range(_STEPS_MAX):
        step = due.first(Draft(facts, now=facts.customer.decided_at, seed=""), until)
        if step is None:
            return None
        outcome = advance.perform(facts, step, now=max(step.at, before.customer.decided_at))
        facts = outcomes.apply(facts, outcome)
        issued = _issued(before, outcome, subscription_id)
        if issued is not None:
            return facts.invoices[issued.id]
    raise _TooFar


def _alone(before: Snapshot, subscription_id: SubscriptionId) -> Snapshot:
    """Return the snapshot as if the customer's other subscriptions took no steps."""
    others = {
        one.id: replace(one, parked_at=before.customer.decided_at)
        for one in before.subscriptions.values()
        if one.id != subscription_id
    }
    return replace(before, subscriptions={**before.subscriptions, **others})


def _issued(before: Snapshot, outcome: Outcome, subscription_id: SubscriptionId) -> Invoice | None:
    for invoice in outcome.invoices.all:
        was = before.invoices.get(invoice.id)
        is_new = was is None or was.issued_at is None
        if invoice.subscription_id == subscription_id and invoice.issued_at is not None and is_new:
            return invoice
    return None
