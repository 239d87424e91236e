"""Writing off: the seller gives up an overdue invoice, and may still be paid.

Sources: BILLING.md, "States", "Paying".
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from usance.core.decisions import lifecycle
from usance.core.draft import Draft
from usance.core.ids import InvoiceId
from usance.core.invoices import InvoiceStatus
from usance.core.outcome import Outcome
from usance.core.refusals import Code, Refusal
from usance.core.snapshot import Snapshot


def write_off(
    before: Snapshot, invoice_id: InvoiceId, reason: str, *, now: datetime, seed: UUID
) -> Outcome:
    """Make an overdue invoice UNCOLLECTIBLE: it ends access as before. Again: nothing changes.

    Refusals, in this order: invoice_not_found, invoice_void, invoice_pending, invoice_not_overdue.
    """
    invoice = before.invoices.get(invoice_id)
    if invoice is None:
        raise Refusal(Code.INVOICE_NOT_FOUND, "There is no such invoice.")
    draft = Draft(before, now=now, seed=seed)
    match invoice.status:
        case InvoiceStatus.UNCOLLECTIBLE:
            return draft.outcome()
        case InvoiceStatus.VOID:
            raise Refusal(Code.INVOICE_VOID, "The invoice is void and asks for nothing.")
        case InvoiceStatus.PENDING:
            raise Refusal(Code.INVOICE_PENDING, "The invoice is not issued yet: nothing is owed.")
        case InvoiceStatus.DUE | InvoiceStatus.PAID:
            raise Refusal(
                Code.INVOICE_NOT_OVERDUE, "Only what is PAST_DUE is written off. Void it instead."
            )
        case InvoiceStatus.PAST_DUE:
            pass

    # Nothing can be refused from here on.
    status = InvoiceStatus.UNCOLLECTIBLE
    draft.put(replace(invoice, status=status, written_off_at=now, write_off_reason=reason))
    left = {"amountDue": invoice.amount_due, "currency": invoice.currency, "reason": reason}
    draft.notice("invoice.written_off", invoice.id, left)
    lifecycle.conclude(draft)
    return draft.outcome()
