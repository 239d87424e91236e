"""Payments: money that came in, where it came to rest, and what a customer has on account.

Units: amounts are Decimals at the currency's scale, positive unless said.
Sources: BILLING.md, "Paying".
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from usance.core.ids import CustomerId, InvoiceId, PaymentId


@dataclass(frozen=True, slots=True)
class Payment:
    """Money received. Its `reference`, where given, identifies it among the customer's payments.

    `paid_at` is for the books; every effect happens at `recorded_at`.
    """

    id: PaymentId
    customer_id: CustomerId
    currency: str
    amount: Decimal
    method: str | None
    reference: str | None
    note: str | None
    paid_at: datetime
    recorded_at: datetime
    reversed_at: datetime | None = None
    reversal_reason: str | None = None


class Source(StrEnum):
    """Where the money on an invoice came from."""

    PAYMENT = "PAYMENT"
    BALANCE = "BALANCE"
    CREDIT_NOTE = "CREDIT_NOTE"


@dataclass(frozen=True, slots=True)
class Application:
    """An amount put onto an invoice, or (negative) taken off it again. Never changed.

    The sum of an invoice's applications is its `amount_paid`. `source_id` is the payment or the
    credit note; None when the customer's balance was spent.
    """

    id: UUID
    customer_id: CustomerId
    invoice_id: InvoiceId
    source: Source
    source_id: UUID | None
    amount: Decimal
    applied_at: datetime


@dataclass(frozen=True, slots=True)
class Balance:
    """What a customer has on account in one currency: never negative, never converted."""

    customer_id: CustomerId
    currency: str
    amount: Decimal


class EntryKind(StrEnum):
    """Why a balance moved. Of SPENT, REOPENED and VOIDED_INVOICE the source is the invoice."""

    OVERPAYMENT = "OVERPAYMENT"
    CREDIT_NOTE = "CREDIT_NOTE"
    VOIDED_INVOICE = "VOIDED_INVOICE"
    SPENT = "SPENT"
    PAYMENT = "PAYMENT"
    PAYOUT = "PAYOUT"  # its source is the credit note that it pays out, if it names one
    REVERSAL = "REVERSAL"  # what a bounced payment had brought it
    REOPENED = "REOPENED"  # … of that, what had been spent and is taken off an invoice again


@dataclass(frozen=True, slots=True)
class BalanceEntry:
    """One movement of a balance, signed. Never changed; their sum is the balance.

    `source_id` is the payment, credit note or invoice that moved it.
    """

    id: UUID
    customer_id: CustomerId
    currency: str
    amount: Decimal
    kind: EntryKind
    source_id: UUID
    at: datetime
