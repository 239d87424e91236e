"""The routes of invoices."""

from datetime import datetime
from typing import Annotated, Final, TypeAlias
from uuid import UUID

from fastapi import Path, Query, Response

from usance.actions import invoices
from usance.actions.invoices import Shown
from usance.api import routes
from usance.api.answers import Many, One, answer, listing, show
from usance.api.bodies import Lenient, Shape, Strict
from usance.api.calls import Command, Reading
from usance.api.fields import (
    CustomerInPath,
    Id,
    Instant,
    LongText,
    Number,
    PathId,
    Positive,
    Reference,
    Text255,
)
from usance.api.lines import LineShape, lines_shown
from usance.api.pages import KNOWN_QUERY, Paging
from usance.api.routes import refuses
from usance.core.decisions.settle import MarkPaid
from usance.core.ids import InvoiceId
from usance.core.invoices import Invoice, InvoiceKind, InvoiceStatus
from usance.core.refusals import Code

router: Final = routes.router("Invoices")

InvoiceInPath: TypeAlias = Annotated[PathId, Path(alias="invoiceId")]


class PaymentOfInvoice(Lenient):
    """What is known of the payment; all of it may be left out, and so may the body."""

    amount: Positive | None = None
    paid_at: Instant | None = None
    method: Text255 | None = None
    reference: Text255 | None = None
    note: LongText | None = None


class Voiding(Strict):
    """Why an invoice is void; the reason stays on it."""

    reason: LongText


class InvoiceShape(Shape):
    """An invoice as it stands now; a PENDING one as if its period closed now."""

    id: UUID
    number: str | None
    type: InvoiceKind
    status: InvoiceStatus
    subtotal: Number
    tax_rate: Number
    tax_amount: Number
    amount: Number
    amount_paid: Number
    amount_due: Number
    currency: str
    issued_at: datetime | None
    due_date: datetime | None
    past_due_at: datetime | None
    paid_at: datetime | None
    voided_at: datetime | None
    void_reason: str | None
    replaced_by_invoice_id: UUID | None
    period_start: datetime | None
    period_end: datetime | None
    subscription_id: UUID | None
    customer_reference_id: str
    payment_reference: str | None
    lines: list[LineShape]
    created_at: datetime


@router.get(
    "/billing/invoices/{customerReferenceId}",
    response_model=Many[InvoiceShape],
    responses=refuses(Code.CUSTOMER_NOT_FOUND),
)
async def list_customer_invoices(
    reference: CustomerInPath,
    call: Reading,
    page: Paging,
    status: Annotated[InvoiceStatus | None, Query()] = None,
) -> Response:
    """List a customer's invoices, the newest first."""
    return await listing(
        call,
        page,
        lambda tx: invoices.page(
            tx,
            call,
            invoices.Wanted(reference, status=status),
            limit=page.limit,
            offset=page.offset,
        ),
        _shown,
    )


@router.post(
    "/billing/invoices/{invoiceId}/mark-paid",
    response_model=One[InvoiceShape],
    responses=refuses(
        Code.INVOICE_NOT_FOUND,
        Code.INVOICE_VOID,
        Code.INVOICE_PENDING,
        Code.PAYMENT_REFERENCE_CONFLICT,
        Code.ALREADY_PAID,
    ),
)
async def mark_paid(
    invoice_id: InvoiceInPath, call: Command, body: PaymentOfInvoice | None = None
) -> Response:
    """Record a payment: by default all that is open, now.

    A whole payment activates what waits for it and grants its credits, once. What comes on top goes
    to the customer's balance. The same `reference` again is the same payment.
    """
    said = body or PaymentOfInvoice()
    request = MarkPaid(
        invoice_id=InvoiceId(invoice_id),
        amount=said.amount,
        paid_at=said.paid_at,
        method=said.method,
        reference=said.reference,
        note=said.note,
    )
    return await answer(call, lambda tx: invoices.mark_paid(tx, call, request), _shown)


@router.post(
    "/invoices/{invoiceId}/void",
    response_model=One[InvoiceShape],
    responses=refuses(Code.INVOICE_NOT_FOUND, Code.INVOICE_PENDING, Code.INVOICE_NOT_VOIDABLE),
)
async def void_invoice(invoice_id: InvoiceInPath, body: Voiding, call: Command) -> Response:
    """Void an unpaid invoice: a renewal is forgiven, an unpaid upgrade undone, a start called off.

    Money on it moves to the customer's balance.
    """
    return await answer(call, lambda tx: invoices.void(tx, call, invoice_id, body.reason), _shown)


@router.get(
    "/invoices",
    response_model=Many[InvoiceShape],
    responses=refuses(Code.CUSTOMER_NOT_FOUND),
    dependencies=[KNOWN_QUERY],
)
async def list_invoices(
    call: Reading,
    page: Paging,
    *,
    status: Annotated[InvoiceStatus | None, Query()] = None,
    kind: Annotated[InvoiceKind | None, Query(alias="type")] = None,
    reference: Annotated[Reference | None, Query(alias="customerReferenceId")] = None,
    subscription_id: Annotated[Id | None, Query(alias="subscriptionId")] = None,
) -> Response:
    """List the account's invoices, the newest first."""
    if reference is None:
        await call.settle_account()
    wanted = invoices.Wanted(reference, subscription_id, kind, status)
    return await listing(
        call,
        page,
        lambda tx: invoices.page(tx, call, wanted, limit=page.limit, offset=page.offset),
        _shown,
    )


@router.get(
    "/invoices/{invoiceId}",
    response_model=One[InvoiceShape],
    responses=refuses(Code.INVOICE_NOT_FOUND),
)
async def get_invoice(invoice_id: InvoiceInPath, call: Reading) -> Response:
    """Show an invoice."""
    return await show(call, lambda tx: invoices.get(tx, call, invoice_id), _shown)


def _shown(shown: Shown) -> InvoiceShape:
    return invoice_shown(shown.invoice, shown.customer_reference)


def invoice_shown(invoice: Invoice, customer_reference: str) -> InvoiceShape:
    """Return the invoice as it is answered."""
    return InvoiceShape(
        id=invoice.id,
        number=invoice.number,
        type=invoice.kind,
        status=invoice.status,
        subtotal=invoice.subtotal,
        tax_rate=invoice.tax_rate,
        tax_amount=invoice.tax_amount,
        amount=invoice.amount,
        amount_paid=invoice.amount_paid,
        amount_due=invoice.amount_due,
        currency=invoice.currency,
        issued_at=invoice.issued_at,
        due_date=invoice.due_at,
        past_due_at=invoice.past_due_at,
        paid_at=invoice.paid_at,
        voided_at=invoice.voided_at,
        void_reason=invoice.void_reason,
        replaced_by_invoice_id=invoice.replaced_by,
        period_start=invoice.starts_at,
        period_end=invoice.ends_at,
        subscription_id=invoice.subscription_id,
        customer_reference_id=customer_reference,
        payment_reference=invoice.number,
        lines=lines_shown(invoice.id, invoice.lines, (invoice.starts_at, invoice.ends_at)),
        created_at=invoice.created_at,
    )
