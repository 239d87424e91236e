"""The routes of invoices."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

from fastapi import Path, Query, Response
from pydantic import Field

from usance.actions import invoices
from usance.actions.invoices import Shown
from usance.api import routes
from usance.api.answers import Many, One, answer, listing, show
from usance.api.bodies import Lenient, Shape, Strict
from usance.api.calls import Command, Reading
from usance.api.fields import (
    Choice,
    Currency,
    CustomerInPath,
    ExactNumber,
    Id,
    Instant,
    LongText,
    Number,
    PathId,
    Percent,
    Positive,
    Reference,
    Text255,
)
from usance.api.lines import LineShape, lines_shown
from usance.api.pages import KNOWN_QUERY, Paging
from usance.api.routes import refuses
from usance.core import references
from usance.core.decisions.one_off import Content, Item, Terms
from usance.core.decisions.settle import MarkPaid
from usance.core.ids import InvoiceId
from usance.core.invoices import Invoice, InvoiceKind, InvoiceStatus
from usance.core.refusals import Code, invalid
from usance.core.tax import TaxCategory

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


class WritingOff(Strict):
    """Why an invoice is given up; the reason stays on it."""

    reason: LongText


class NewLine(Strict):
    """A line: its amount is quantity × unit price, rounded once. A discount is below zero."""

    description: Annotated[LongText, Field(max_length=500)]
    quantity: Positive = Decimal(1)
    unit_price: ExactNumber


class DraftContent(Strict):
    """What a one-off invoice says. Without `taxRate` the tax is the customer's, else the account's."""

    lines: Annotated[list[NewLine], Field(min_length=1, max_length=200)]
    tax_rate: Percent | None = None
    tax_category: Choice[TaxCategory] | None = None
    tax_exemption_reason: LongText | None = None
    memo: LongText | None = None

    @property
    def content(self) -> Content:
        """What is decided about."""
        items = [Item(one.description, one.quantity, one.unit_price) for one in self.lines]
        return Content(
            tuple(items), self.tax_rate, self.memo, self.tax_category, self.tax_exemption_reason
        )


class NewInvoice(DraftContent):
    """A one-off invoice: issued now, or kept as a draft. Without `currency` it is the account's.

    When a draft is to be paid is said when it is issued.
    """

    customer_reference_id: Reference
    currency: Currency | None = None
    is_draft: bool = False
    net_terms_days: Annotated[int, Field(ge=0, le=365)] = 0
    grace_period: Annotated[int | None, Field(ge=0, le=365)] = Field(
        default=None, description="Days; null: the account's."
    )


class Issuing(Strict):
    """When a draft that is issued now is to be paid."""

    net_terms_days: Annotated[int, Field(ge=0, le=365)] = 0
    grace_period: Annotated[int | None, Field(ge=0, le=365)] = Field(
        default=None, description="Days; null: the account's."
    )


class InvoiceShape(Shape):
    """An invoice as it stands now; a PENDING one as if its period closed now."""

    id: UUID
    number: str | None
    type: InvoiceKind
    status: InvoiceStatus
    subtotal: Number
    tax_rate: Number
    tax_category: TaxCategory | None
    tax_exemption_reason: str | None
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
    written_off_at: datetime | None
    write_off_reason: str | None
    memo: str | None
    replaced_by_invoice_id: UUID | None
    period_start: datetime | None
    period_end: datetime | None
    subscription_id: UUID | None
    customer_reference_id: str
    payment_reference: str | None
    lines: list[LineShape]
    seller: Mapping[str, Any] | None
    customer: Mapping[str, Any] | None
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


@router.post(
    "/invoices/{invoiceId}/write-off",
    response_model=One[InvoiceShape],
    responses=refuses(
        Code.INVOICE_NOT_FOUND,
        Code.INVOICE_VOID,
        Code.INVOICE_PENDING,
        Code.INVOICE_NOT_OVERDUE,
    ),
)
async def write_off_invoice(invoice_id: InvoiceInPath, body: WritingOff, call: Command) -> Response:
    """Give up an overdue invoice: UNCOLLECTIBLE. It can still be paid. Again: the same result."""
    return await answer(
        call, lambda tx: invoices.write_off(tx, call, invoice_id, body.reason), _shown
    )


@router.post(
    "/invoices",
    status_code=201,
    response_model=One[InvoiceShape],
    responses=refuses(Code.CUSTOMER_NOT_FOUND, Code.CUSTOMER_ERASED),
)
async def create_invoice(body: NewInvoice, call: Command) -> Response:
    """Charge a customer for something of your own: a one-off invoice, issued now or kept as a draft."""
    terms = Terms(body.net_terms_days, body.grace_period)
    if body.is_draft and terms != Terms():
        field = "netTermsDays" if body.net_terms_days else "gracePeriod"
        raise invalid(field, "A draft is due only once it is issued: say this when you issue it.")
    return await answer(
        call,
        lambda tx: invoices.draw_up(
            tx,
            call,
            body.customer_reference_id,
            body.content,
            currency=body.currency,
            terms=None if body.is_draft else terms,
        ),
        _shown,
        status=201,
    )


@router.put(
    "/invoices/{invoiceId}",
    response_model=One[InvoiceShape],
    responses=refuses(
        Code.INVOICE_NOT_FOUND, Code.INVOICE_VOID, Code.INVOICE_PENDING, Code.INVOICE_ISSUED
    ),
)
async def rewrite_draft(invoice_id: InvoiceInPath, body: DraftContent, call: Command) -> Response:
    """Give a draft other lines. To give it up, void it."""
    return await answer(
        call, lambda tx: invoices.rewrite(tx, call, invoice_id, body.content), _shown
    )


@router.post(
    "/invoices/{invoiceId}/issue",
    response_model=One[InvoiceShape],
    responses=refuses(Code.INVOICE_NOT_FOUND, Code.INVOICE_VOID, Code.INVOICE_PENDING),
)
async def issue_draft(
    invoice_id: InvoiceInPath, call: Command, body: Issuing | None = None
) -> Response:
    """Issue a draft: it gets its number, and never changes again. Again: the same result."""
    said = body or Issuing()
    terms = Terms(said.net_terms_days, said.grace_period)
    return await answer(call, lambda tx: invoices.issue(tx, call, invoice_id, terms), _shown)


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
        tax_category=invoice.tax_category,
        tax_exemption_reason=invoice.tax_exemption_reason,
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
        written_off_at=invoice.written_off_at,
        write_off_reason=invoice.write_off_reason,
        memo=invoice.memo,
        replaced_by_invoice_id=invoice.replaced_by,
        period_start=invoice.starts_at,
        period_end=invoice.ends_at,
        subscription_id=invoice.subscription_id,
        customer_reference_id=customer_reference,
        payment_reference=None if invoice.number is None else references.make(invoice.number),
        lines=lines_shown(invoice.id, invoice.lines, (invoice.starts_at, invoice.ends_at)),
        seller=None if invoice.parties is None else invoice.parties["seller"],
        customer=None if invoice.parties is None else invoice.parties["customer"],
        created_at=invoice.created_at,
    )
