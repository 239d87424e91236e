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

ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Item:
    """A line as the seller says it: amount = quantity × unit price; a discount is below zero."""

    description: str
    quantity: Decimal
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class Content:
    """What a one-off invoice says. `tax_rate` None: the customer's, else the account's."""

    items: tuple[Item, ...]
    tax_rate: Decimal | None = None
    memo: str | None = None


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

    Refusals, in this order: customer_erased, validation_failed (lines: they come to less than nothing).
    """
    refuse_erased(before.customer)
    lines = _lines(content.items, currency)
    rate = before.tax_rate if content.tax_rate is None else content.tax_rate
    sums = totals(lines, tax_rate=rate, currency=currency)

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
        tax_rate=rate,
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
    """Give a draft other lines, another rate and memo.

    Refusals, in this order: invoice_not_found, invoice_void, invoice_pending, invoice_issued,
    validation_failed (lines).
    """
    invoice = _draft_invoice(before, invoice_id)
    if not invoice.is_draft:
        raise Refusal(
            Code.INVOICE_ISSUED, "An issued invoice never changes: void it, and draw up another."
        )
    lines = _lines(content.items, invoice.currency)
    rate = before.tax_rate if content.tax_rate is None else content.tax_rate
    sums = totals(lines, tax_rate=rate, currency=invoice.currency)

    # Nothing can be refused from here on.
    draft = Draft(before, now=now, seed=seed)
    draft.put(
        replace(
            invoice,
            lines=lines,
            tax_rate=rate,
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

    Refusals, in this order: invoice_not_found, invoice_void, invoice_pending.
    """
    invoice = _draft_invoice(before, invoice_id)
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
