"""Foreseeing: the invoice that a subscription gets next, by taking the steps that lead to it.

They are the steps that time will take, on a copy: what comes out is what will be written, if nothing
else happens until then.

Sources: BILLING.md, "Previews".
"""

from datetime import timedelta
from typing import Final

from usance.core import outcome as outcomes
from usance.core.decisions import advance, due
from usance.core.draft import Draft
from usance.core.ids import SubscriptionId
from usance.core.invoices import Invoice
from usance.core.outcome import Outcome
from usance.core.snapshot import Snapshot

# Past the longest period there is no other boundary to wait for.
_AHEAD_MAX: Final = timedelta(days=20 * 366)
_STEPS_MAX: Final = 1_000


def next_invoice(before: Snapshot, subscription_id: SubscriptionId) -> Invoice | None:
    """Return the invoice that is issued next for the subscription; None: none will be, as things are.

    Every step of the customer is taken until then, each at its own instant: so grants, money on
    account and what is overdue are as they will be.
    """
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
    return None


def _issued(before: Snapshot, outcome: Outcome, subscription_id: SubscriptionId) -> Invoice | None:
    for invoice in outcome.invoices.all:
        was = before.invoices.get(invoice.id)
        is_new = was is None or was.issued_at is None
        if invoice.subscription_id == subscription_id and invoice.issued_at is not None and is_new:
            return invoice
    return None
