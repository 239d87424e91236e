"""One-off invoices: the seller's own lines, drawn up as a draft or issued at once.

Units: amounts are rounded once, on the line; quantities and unit prices are exact.
Sources: BILLING.md, "Paying".
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from usance.core import money
from usance.core.decisions import billing, lifecycle
from usance.core.decisions.erase import refuse_erased
from usance.core.draft import Draft
from usance.core.ids import InvoiceId
from usance.core.invoices import Invoice, InvoiceKind, InvoiceStatus, Line, LineKind, totals
from usance.core.outcome import Outcome
from usance.core.refusals import Code, Refusal, invalid
from usance.core.snapshot import Snapshot
from usance.core.tax import Tax, TaxCategory, of, refuse

ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Item:
    """A line as the seller says it: amount = quantity × unit price; a discount is below zero."""

    description: str
    quantity: Decimal
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class Content:
    """What a one-off invoice says. Nothing of a tax: the customer's, else the account's."""

    items: tuple[Item, ...]
    tax_rate: Decimal | None = None
    memo: str | None = None
    tax_category: TaxCategory | None = None
    tax_exemption_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """When an invoice is to be paid: so many days after it is issued, and how long it may wait then.

    `grace_days` None: the account's.
    """

    net_terms_days: int = 0
    grace_days: int | None = None


def draw_up(
    before: Snapshot,
    content: Content,
    currency: str,
    terms: Terms | None,
    *,
    now: datetime,
    seed: UUID,
) -> Outcome:
    """Make an invoice of the seller's lines: DUE on these terms, or without terms a draft.

    Refusals, in this order: customer_erased, validation_failed (lines: they come to less than nothing;
    then what does not fit of the tax).
    """
    refuse_erased(before.customer)
    lines = _lines(content.items, currency)
    tax = _tax(before, content)
    sums = totals(lines, tax_rate=tax.rate, currency=currency)

    # Nothing can be refused from here on.
    draft = Draft(before, now=now, seed=seed)
    invoice = Invoice(
        id=InvoiceId(draft.new_id("one-off")),
        customer_id=before.customer.id,
        subscription_id=None,
        seq=None,
        kind=InvoiceKind.ONE_OFF,
        n=0,
        status=InvoiceStatus.PENDING,
        currency=currency,
        lines=lines,
        subtotal=sums.subtotal,
        tax_rate=tax.rate,
        tax_category=tax.category,
        tax_exemption_reason=tax.exemption_reason,
        tax_amount=sums.tax_amount,
        amount=sums.amount,
        amount_paid=money.rounded(ZERO, currency),
        created_at=now,
        memo=content.memo,
    )
    draft.put(invoice)
    if terms is not None:
        _issue(draft, invoice, terms)
    lifecycle.conclude(draft)
    return draft.outcome()


def rewrite(
    before: Snapshot, invoice_id: InvoiceId, content: Content, *, now: datetime, seed: UUID
) -> Outcome:
    """Give a draft other lines, another tax and memo.

    Refusals, in this order: invoice_not_found, invoice_void, invoice_pending, invoice_issued,
    validation_failed (lines, then what does not fit of the tax).
    """
    invoice = _draft_invoice(before, invoice_id)
    if not invoice.is_draft:
        raise Refusal(
            Code.INVOICE_ISSUED, "An issued invoice never changes: void it, and draw up another."
        )
    lines = _lines(content.items, invoice.currency)
    tax = _tax(before, content)
    sums = totals(lines, tax_rate=tax.rate, currency=invoice.currency)

    # Nothing can be refused from here on.
    draft = Draft(before, now=now, seed=seed)
    draft.put(
        replace(
            invoice,
            lines=lines,
            tax_rate=tax.rate,
            tax_category=tax.category,
            tax_exemption_reason=tax.exemption_reason,
            subtotal=sums.subtotal,
            tax_amount=sums.tax_amount,
            amount=sums.amount,
            memo=content.memo,
        )
    )
    lifecycle.conclude(draft)
    return draft.outcome()


def issue(
    before: Snapshot, invoice_id: InvoiceId, terms: Terms, *, now: datetime, seed: UUID
) -> Outcome:
    """Issue a draft as it stands. Again: nothing changes.

    Refusals, in this order: invoice_not_found, invoice_void, invoice_pending, validation_failed
    (taxId: the draft is one of reverse charge, and the customer has none any more).
    """
    invoice = _draft_invoice(before, invoice_id)
    if invoice.is_draft:
        tax_id = before.customer.profile.tax_id
        refuse(invoice.tax_rate, invoice.tax_category, invoice.tax_exemption_reason, tax_id)

    # Nothing can be refused from here on.
    draft = Draft(before, now=now, seed=seed)
    if invoice.is_draft:
        _issue(draft, invoice, terms)
        lifecycle.conclude(draft)
    return draft.outcome()


def _draft_invoice(before: Snapshot, invoice_id: InvoiceId) -> Invoice:
    invoice = before.invoices.get(invoice_id)
    if invoice is None:
        raise Refusal(Code.INVOICE_NOT_FOUND, "There is no such invoice.")
    if invoice.status is InvoiceStatus.VOID:
        raise Refusal(Code.INVOICE_VOID, "The draft was given up: draw up another.")
    if invoice.status is InvoiceStatus.PENDING and not invoice.is_draft:
        raise Refusal(
            Code.INVOICE_PENDING, "A subscription's invoice is issued when its period ends."
        )
    return invoice


def _issue(draft: Draft, invoice: Invoice, terms: Terms) -> None:
    own = draft.before.account.grace_days
    billing.issue(
        draft,
        invoice,
        grace_days=own if terms.grace_days is None else terms.grace_days,
        net_terms_days=terms.net_terms_days,
        not_before=draft.now,
    )


def _tax(before: Snapshot, content: Content) -> Tax:
    """Return the tax that was sent, whole, else the customer's."""
    said = content.tax_rate, content.tax_category, content.tax_exemption_reason
    if said == (None, None, None):
        return before.tax
    refuse(*said, before.customer.profile.tax_id)
    rate, category, reason = said
    return before.tax if rate is None else of(rate, category, reason)


def _lines(items: Sequence[Item], currency: str) -> tuple[Line, ...]:
    lines = tuple(
        Line(
            LineKind.OTHER,
            item.description,
            money.rounded(item.quantity * item.unit_price, currency),
            quantity=item.quantity,
            unit_price=item.unit_price,
        )
        for item in items
    )
    if sum((line.amount for line in lines), ZERO) < 0:
        raise invalid("lines", "An invoice never asks for less than nothing.")
    return lines
