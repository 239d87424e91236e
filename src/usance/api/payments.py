"""The routes of payments."""

from datetime import datetime
from typing import Annotated, Final, TypeAlias
from uuid import UUID

from fastapi import Path, Query, Response
from pydantic import Field

from usance.actions import payments
from usance.actions.payments import View
from usance.api import routes
from usance.api.answers import Many, One, answer, listed, listing, show
from usance.api.bodies import Lenient, Shape
from usance.api.calls import Command, Reading
from usance.api.fields import (
    Currency,
    CustomerInPath,
    ExactNumber,
    Id,
    Instant,
    LongText,
    Number,
    PathId,
    Positive,
    Reference,
    Text255,
)
from usance.api.pages import Paging
from usance.api.routes import refuses
from usance.core import money
from usance.core.decisions.reconcile import Receipt, Share
from usance.core.ids import InvoiceId
from usance.core.payments import Balance, BalanceEntry, EntryKind
from usance.core.refusals import Code

router: Final = routes.router("Payments")

PaymentInPath: TypeAlias = Annotated[PathId, Path(alias="paymentId")]


class NewApplication(Lenient):
    """What of a payment is for one invoice: at most what is open on it."""

    invoice_id: Id
    amount: Positive


class NewPayment(Lenient):
    """Money that came in. What `applications` leave of it goes to the balance."""

    customer_reference_id: Reference
    amount: ExactNumber
    currency: Currency
    paid_at: Instant | None = None
    method: Text255 | None = None
    reference: Text255 | None = None
    note: LongText | None = None
    applications: Annotated[list[NewApplication], Field(max_length=100)] = Field(default=[])


class Payout(Lenient):
    """Money that was sent back to the customer, for a credit note if it names one."""

    amount: ExactNumber
    currency: Currency
    credit_note_id: Id | None = None


class Applied(Shape):
    """What of a payment lies on an invoice."""

    invoice_id: UUID
    amount: Number


class PaymentShape(Shape):
    """A payment, and where its money lies."""

    id: UUID
    customer_reference_id: str
    amount: Number
    currency: str
    method: str | None
    reference: str | None
    note: str | None
    paid_at: datetime
    recorded_at: datetime
    applications: list[Applied]
    to_balance: Number
    reversed_at: datetime | None
    reversal_reason: str | None


class BalanceShape(Shape):
    """What the customer has on account in one currency."""

    currency: str
    amount: Number


class EntryShape(Shape):
    """A movement of a balance, signed; `sourceId` is the payment, credit note or invoice that made it."""

    id: UUID
    currency: str
    amount: Number
    kind: EntryKind
    source_id: UUID
    at: datetime


@router.post(
    "/payments",
    status_code=201,
    response_model=One[PaymentShape],
    responses=refuses(
        Code.CUSTOMER_NOT_FOUND,
        Code.PAYMENT_REFERENCE_CONFLICT,
        Code.INVOICE_NOT_FOUND,
        Code.CURRENCY_MISMATCH,
        Code.INVOICE_VOID,
        Code.INVOICE_PENDING,
        Code.ALREADY_PAID,
    ),
)
async def receive_payment(body: NewPayment, call: Command) -> Response:
    """Record money: for the invoices in `applications`; the rest goes to the balance.

    The balance is spent at once on what is open. The same `reference` again is the same payment, and
    answered with 200.
    """
    request = Receipt(
        amount=body.amount,
        currency=body.currency,
        paid_at=body.paid_at,
        method=body.method,
        reference=body.reference,
        note=body.note,
        shares=tuple(Share(InvoiceId(one.invoice_id), one.amount) for one in body.applications),
    )
    return await answer(
        call,
        lambda tx: payments.receive(tx, call, body.customer_reference_id, request),
        _shown,
        status=lambda view: 200 if view.is_repeat else 201,
    )


@router.get(
    "/payments",
    response_model=Many[PaymentShape],
    responses=refuses(Code.CUSTOMER_NOT_FOUND),
)
async def list_payments(
    call: Reading,
    page: Paging,
    reference: Annotated[Reference | None, Query(alias="customerReferenceId")] = None,
) -> Response:
    """List payments, the newest first."""
    return await listing(
        call,
        page,
        lambda tx: payments.page(
            tx, call, reference=reference, limit=page.limit, offset=page.offset
        ),
        _shown,
    )


@router.get(
    "/payments/{paymentId}",
    response_model=One[PaymentShape],
    responses=refuses(Code.PAYMENT_NOT_FOUND),
)
async def get_payment(payment_id: PaymentInPath, call: Reading) -> Response:
    """Show a payment."""
    return await show(call, lambda tx: payments.get(tx, call, payment_id), _shown)


@router.post(
    "/payments/{paymentId}/reverse",
    response_model=One[PaymentShape],
    responses=refuses(Code.PAYMENT_NOT_FOUND, Code.ALREADY_REVERSED),
)
async def reverse_payment(payment_id: PaymentInPath, call: Command) -> Response:
    """Take back a payment that bounced: all that it covered opens again."""
    return await answer(call, lambda tx: payments.reverse(tx, call, payment_id), _shown)


@router.get(
    "/customers/{customerReferenceId}/balance",
    response_model=Many[BalanceShape],
    responses=refuses(Code.CUSTOMER_NOT_FOUND),
)
async def list_balances(reference: CustomerInPath, call: Reading, page: Paging) -> Response:
    """List what a customer has on account, by currency."""
    return await listed(call, page, lambda tx: payments.balances(tx, call, reference), _balance)


@router.get(
    "/customers/{customerReferenceId}/balance/entries",
    response_model=Many[EntryShape],
    responses=refuses(Code.CUSTOMER_NOT_FOUND),
)
async def list_balance_entries(
    reference: CustomerInPath,
    call: Reading,
    page: Paging,
    currency: Annotated[Currency | None, Query()] = None,
) -> Response:
    """List what has moved a customer's balance, the newest first."""
    return await listing(
        call,
        page,
        lambda tx: payments.entries(
            tx, call, reference, currency=currency, limit=page.limit, offset=page.offset
        ),
        _entry,
    )


@router.post(
    "/customers/{customerReferenceId}/balance/payouts",
    status_code=201,
    response_model=One[BalanceShape],
    responses=refuses(
        Code.CUSTOMER_NOT_FOUND,
        Code.CREDIT_NOTE_NOT_FOUND,
        Code.CURRENCY_MISMATCH,
        Code.INSUFFICIENT_BALANCE,
    ),
)
async def pay_out(reference: CustomerInPath, body: Payout, call: Command) -> Response:
    """Record money of the balance that was sent back to the customer.

    With `creditNoteId` it pays out that credit note: at most what the note brought to the balance, less
    what was sent back for it before.
    """
    return await answer(
        call,
        lambda tx: payments.pay_out(
            tx, call, reference, body.amount, body.currency, note_id=body.credit_note_id
        ),
        _balance,
        status=201,
    )


def _shown(view: View) -> PaymentShape:
    one = view.payment
    return PaymentShape(
        id=one.id,
        customer_reference_id=view.customer_reference,
        amount=one.amount,
        currency=one.currency,
        method=one.method,
        reference=one.reference,
        note=one.note,
        paid_at=one.paid_at,
        recorded_at=one.recorded_at,
        applications=[
            Applied(invoice_id=each.invoice_id, amount=money.rounded(each.amount, one.currency))
            for each in view.applications
        ],
        to_balance=view.to_balance,
        reversed_at=one.reversed_at,
        reversal_reason=one.reversal_reason,
    )


def _balance(balance: Balance) -> BalanceShape:
    return BalanceShape(currency=balance.currency, amount=balance.amount)


def _entry(entry: BalanceEntry) -> EntryShape:
    return EntryShape(
        id=entry.id,
        currency=entry.currency,
        amount=money.rounded(entry.amount, entry.currency),
        kind=entry.kind,
        source_id=entry.source_id,
        at=entry.at,
    )
