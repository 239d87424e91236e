"""Invoices: what a customer owes and why, line by line, and the credit notes that correct them.

An invoice is changed only while PENDING. Once issued it keeps its lines and amounts for ever; what
is learnt later becomes another document.

Units: amounts are Decimals at the currency's scale (`49.00`); shares of time are microseconds.
Sources: BILLING.md, "States", "Paying".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from usance.core import money
from usance.core.calculations import Calculation
from usance.core.ids import CreditNoteId, CustomerId, InvoiceId, SubscriptionId
from usance.core.tax import Tax, TaxCategory
from usance.core.values import replace


class InvoiceKind(StrEnum):
    """Why an invoice exists. Only SUBSCRIPTION and ADJUSTMENT invoices can end access."""

    SUBSCRIPTION = "SUBSCRIPTION"  # a period's own
    ADJUSTMENT = "ADJUSTMENT"  # a plan change, or usage outside a period's own invoice
    FINAL = "FINAL"  # what is left to charge when a subscription ends
    CREDIT_PURCHASE = "CREDIT_PURCHASE"
    ONE_OFF = "ONE_OFF"


class InvoiceStatus(StrEnum):
    """Where an invoice stands. PAID is left only when a payment is reversed."""

    PENDING = "PENDING"  # accruing, or a draft; no number → DUE, PAID (zero), VOID
    DUE = "DUE"  # issued → PAID, VOID; → PAST_DUE at past_due_at
    PAST_DUE = "PAST_DUE"  # ends access → PAID, VOID, UNCOLLECTIBLE
    UNCOLLECTIBLE = "UNCOLLECTIBLE"  # written off, ends access → PAID, VOID
    PAID = "PAID"
    VOID = "VOID"  # final


OPEN = frozenset({InvoiceStatus.DUE, InvoiceStatus.PAST_DUE, InvoiceStatus.UNCOLLECTIBLE})
"""Issued and not settled: money is owed."""

OVERDUE = frozenset({InvoiceStatus.PAST_DUE, InvoiceStatus.UNCOLLECTIBLE})

_ENDS_ACCESS = frozenset({InvoiceKind.SUBSCRIPTION, InvoiceKind.ADJUSTMENT})


class LineKind(StrEnum):
    """What a line charges or gives back."""

    BASE = "BASE"
    USAGE = "USAGE"
    LATE_USAGE = "LATE_USAGE"
    UNUSED_TIME = "UNUSED_TIME"
    REMAINING_TIME = "REMAINING_TIME"
    ELAPSED_TIME = "ELAPSED_TIME"
    REVERSED_PAYMENT = "REVERSED_PAYMENT"  # what had bounced and was paid out before: no revenue
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Purchase:
    """What a CREDIT_PURCHASE invoice brings when it is paid."""

    denomination: str
    credits: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """One amount on a document, rounded once.

    `unit_price` is there when one price holds for the whole quantity. `elapsed_us` of `length_us`
    is the share of a period's time that the amount stands for, where it was prorated. `calculation`
    is how the amount came about; None: it is a price, or the quantity times the unit price.
    """

    kind: LineKind
    description: str
    amount: Decimal
    feature_key: str | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    elapsed_us: int | None = None
    length_us: int | None = None
    calculation: Calculation | None = None

    def credited(self) -> "Line":
        """Return the line of a credit note that gives this one back; of a charge, that is below zero."""
        how = None if self.calculation is None else self.calculation.credited()
        return replace(self, amount=-self.amount, calculation=how)


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice with its lines.

    (subscription_id, seq, kind, n) is its natural identity; `seq` is the period that it charges.
    `number` is given when it is issued. `starts_at`, `ends_at` are null on a first invoice in
    advance until the payment that starts the period.
    """

    id: InvoiceId
    customer_id: CustomerId
    subscription_id: SubscriptionId | None
    seq: int | None
    kind: InvoiceKind
    n: int
    status: InvoiceStatus
    currency: str
    lines: tuple[Line, ...]
    subtotal: Decimal
    tax_rate: Decimal
    tax_amount: Decimal
    amount: Decimal
    amount_paid: Decimal
    created_at: datetime
    number: str | None = None
    issued_at: datetime | None = None
    due_at: datetime | None = None
    past_due_at: datetime | None = None
    paid_at: datetime | None = None
    reopened_at: datetime | None = None  # the payment that had settled it was reversed
    voided_at: datetime | None = None
    void_reason: str | None = None
    voided_by_end: bool = False  # it was void because its subscription was cancelled at once
    written_off_at: datetime | None = None  # it may have been paid since
    write_off_reason: str | None = None
    memo: str | None = None  # what a ONE_OFF says above its lines
    parties: Mapping[str, Mapping[str, object]] | None = None  # as it was issued: core/parties.py
    replaced_by: InvoiceId | None = None
    purchase: Purchase | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    tax_category: TaxCategory | None = None
    tax_exemption_reason: str | None = None

    @property
    def tax(self) -> Tax:
        """Its tax, as a credit note takes it over."""
        return Tax(self.tax_rate, self.tax_category, self.tax_exemption_reason)

    @property
    def charged_periods(self) -> set[tuple[SubscriptionId, int]]:
        """The periods whose usage its lines charge."""
        if self.subscription_id is None:
            return set()
        used = [line.calculation.metered for line in self.lines if line.calculation is not None]
        return {(self.subscription_id, metered.seq) for metered in used if metered is not None}

    @property
    def is_draft(self) -> bool:
        """Whether the seller may still change it: a ONE_OFF that is not issued."""
        return self.kind is InvoiceKind.ONE_OFF and self.status is InvoiceStatus.PENDING

    @property
    def amount_due(self) -> Decimal:
        """What is still to be paid; nothing once the invoice is void."""
        if self.status is InvoiceStatus.VOID:
            return self.amount - self.amount
        return self.amount - self.amount_paid

    @property
    def ends_access(self) -> bool:
        """Whether access ends when this invoice is overdue (its kind decides)."""
        return self.kind in _ENDS_ACCESS

    def at(self, now: datetime) -> "Invoice":
        """Return the invoice with the status that time gives it at `now`."""
        overdue = self.past_due_at is not None and self.past_due_at <= now
        if self.status is InvoiceStatus.DUE and overdue:
            return replace(self, status=InvoiceStatus.PAST_DUE)
        return self

    def blocks_at(self, now: datetime) -> bool:
        """Whether this invoice, as time has it at `now`, takes its subscription's access away."""
        if not self.ends_access or self.status not in OPEN:
            return False
        return self.status in OVERDUE or (self.past_due_at is not None and self.past_due_at <= now)


@dataclass(frozen=True, slots=True)
class Refund:
    """A late line below zero: usage that was billed too high, by which invoice, at which tax.

    `invoice_id` None: what charged it is no invoice, or is not known.
    """

    line: Line
    invoice_id: InvoiceId | None
    tax: Tax


class NoteKind(StrEnum):
    """Why money is given back."""

    PLAN_CHANGE = "PLAN_CHANGE"
    CANCELLATION = "CANCELLATION"
    LATE_USAGE = "LATE_USAGE"


@dataclass(frozen=True, slots=True)
class CreditNote:
    """Money given back for something charged: positive, never changed, with a number of its own.

    (subscription_id, seq, kind, n) is its identity, `n` counting the notes of the period.
    """

    id: CreditNoteId
    customer_id: CustomerId
    subscription_id: SubscriptionId
    seq: int
    kind: NoteKind
    n: int
    currency: str
    lines: tuple[Line, ...]
    subtotal: Decimal
    tax_rate: Decimal
    tax_amount: Decimal
    amount: Decimal
    invoice_ids: tuple[InvoiceId, ...]
    issued_at: datetime
    parties: Mapping[str, Mapping[str, object]]
    number: str | None = None
    tax_category: TaxCategory | None = None
    tax_exemption_reason: str | None = None

    @property
    def tax(self) -> Tax:
        """Its tax: that of the invoice that it corrects."""
        return Tax(self.tax_rate, self.tax_category, self.tax_exemption_reason)


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums at the foot of a document."""

    subtotal: Decimal
    tax_amount: Decimal
    amount: Decimal


def totals(lines: Iterable[Line], *, tax_rate: Decimal, currency: str) -> Totals:
    """Return the sums of lines under a tax rate in percent; the tax is rounded once.

    >>> line = Line(LineKind.BASE, "Pro", Decimal("49.00"))
    >>> totals([line], tax_rate=Decimal(19), currency="USD").amount
    Decimal('58.31')
    """
    subtotal = money.rounded(sum((line.amount for line in lines), Decimal(0)), currency)
    tax_amount = money.rounded(subtotal * tax_rate / 100, currency)
    return Totals(subtotal, tax_amount, subtotal + tax_amount)


def past_due_at(due_at: datetime, grace_days: int) -> datetime:
    """Return the instant at which grace is over: `grace_days` × 24 hours after the invoice is due."""
    return due_at + timedelta(hours=24 * grace_days)
