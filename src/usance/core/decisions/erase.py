"""Erasing: what becomes of a customer's drafts, and what an erased customer is refused.

Sources: BILLING.md, "Paying" ("Erasing").
"""

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from usance.core.customers import Customer
from usance.core.decisions import billing, lifecycle
from usance.core.draft import Draft
from usance.core.outcome import Outcome
from usance.core.refusals import Code, Refusal
from usance.core.snapshot import Snapshot

REASON: Final = "The customer was erased."


def erase(before: Snapshot, *, now: datetime, seed: UUID) -> Outcome:
    """Give up the customer's drafts: nobody is left to send them to."""
    draft = Draft(before, now=now, seed=seed)
    for invoice in before.invoices.values():
        if invoice.is_draft:
            draft.put(replace(invoice, memo=None))
            billing.void(draft, invoice, REASON)
    lifecycle.conclude(draft)
    return draft.outcome()


def refuse_erased(customer: Customer) -> None:
    """Refuse to sell something new to an erased customer, or to write down more of it."""
    if customer.erased_at is not None:
        raise Refusal(
            Code.CUSTOMER_ERASED,
            "The customer was erased: register it anew, under a reference of its own.",
            field="customerReferenceId",
        )
