"""Voiding by the seller: renewals and usage are forgiven, an unpaid upgrade undone, a first one called off.

Sources: BILLING.md, "Paying".
"""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from usance.core.credits import TransactionKind
from usance.core.decisions import billing, granting, lifecycle, rating, upgrading
from usance.core.draft import Draft
from usance.core.ids import InvoiceId
from usance.core.invoices import OPEN, Invoice, InvoiceKind, InvoiceStatus, LineKind
from usance.core.outcome import Outcome
from usance.core.refusals import Code, Refusal
from usance.core.snapshot import Snapshot
from usance.core.subscriptions import Segment, Subscription, SubscriptionStatus

ZERO: Final = Decimal(0)


def void_invoice(
    before: Snapshot, invoice_id: InvoiceId, reason: str, *, now: datetime, seed: UUID
) -> Outcome:
    """Void an unpaid invoice; money on it moves to the customer's balance. Again: nothing changes.

    A draft is given up: it never gets a number. The usage that it charged is forgiven.

    Refusals, in this order: invoice_not_found, invoice_pending, invoice_not_voidable (paid, or an
    adjustment that is not the running period's newest plan change).
    """
    invoice = before.invoices.get(invoice_id)
    if invoice is None:
        raise Refusal(Code.INVOICE_NOT_FOUND, "There is no such invoice.")
    draft = Draft(before, now=now, seed=seed)
    if invoice.status is InvoiceStatus.VOID:
        return draft.outcome()
    if invoice.status is InvoiceStatus.PENDING and not invoice.is_draft:
        raise Refusal(
            Code.INVOICE_PENDING, "The invoice is not issued yet: cancel its subscription."
        )
    if invoice.status not in OPEN and not invoice.is_draft:
        raise Refusal(Code.INVOICE_NOT_VOIDABLE, "The invoice is paid: reverse its payment.")
    subscription = (
        before.subscriptions.get(invoice.subscription_id) if invoice.subscription_id else None
    )
    awaited = upgrading.awaiting(draft, invoice)
    undone = None if awaited is not None else _plan_change(draft, subscription, invoice)

    # Nothing can be refused from here on.
    if awaited is None and subscription is not None:
        # What it charges and gives back was reckoned with the invoice that is void now.
        upgrading.lapse(draft, subscription.id, "Another invoice was voided.")
    billing.void(draft, invoice, reason)
    rating.forgive(draft, invoice)
    if awaited is not None:
        draft.drop_change(awaited.subscription_id)
        draft.notice("subscription.change_undone", awaited.subscription_id, {})
    if subscription is not None and undone is not None:
        _undo(draft, subscription, undone)
    if subscription is not None and subscription.status is SubscriptionStatus.INCOMPLETE:
        lifecycle.end(draft, subscription, at=now, status=SubscriptionStatus.CANCELLED)
    lifecycle.conclude(draft)
    return draft.outcome()


def _plan_change(
    draft: Draft, subscription: Subscription | None, invoice: Invoice
) -> Segment | None:
    """Return the plan change that an adjustment charged, which its voiding undoes; or refuse."""
    if invoice.kind is not InvoiceKind.ADJUSTMENT or subscription is None or subscription.is_ended:
        return None
    period = draft.running_period(subscription)
    segments = [] if period is None else draft.segments_of(subscription.id, period.seq)
    newest = segments[-1] if segments else None
    if newest is None or newest.n == 0 or newest.invoice_id != invoice.id:
        raise Refusal(
            Code.INVOICE_NOT_VOIDABLE,
            "Only the adjustment of the running period's newest plan change can be voided.",
        )
    asked = sum((x.amount for x in invoice.lines if x.kind is LineKind.REMAINING_TIME), ZERO)
    if newest.charge != asked:
        raise Refusal(
            Code.INVOICE_NOT_VOIDABLE,
            "The plan change waited for its payment, and what was charged for the wait is credited.",
        )
    return newest


def _undo(draft: Draft, subscription: Subscription, segment: Segment) -> None:
    """Return to the version before a plan change, and take back the credits that it had added."""
    draft.put(replace(segment, undone_at=draft.now))
    before = draft.segments_of(subscription.id, segment.seq)[-1]
    version = draft.before.versions[before.version_id]
    draft.put(
        replace(
            draft.subscriptions[subscription.id], plan_id=version.plan_id, version_id=version.id
        )
    )
    for grant in list(draft.grants.values()):
        identity = (grant.subscription_id, grant.seq, grant.n)
        if identity == (subscription.id, segment.seq, segment.n) and grant.usable_at(draft.now):
            granting.move(
                draft, grant.pool_id, TransactionKind.CLAWBACK, [(grant.id, -grant.remaining)]
            )
    draft.notice("subscription.change_undone", subscription.id, {"planKey": version.plan_key})
