"""The order in which payments, voiding and what goes with them say no.

Each row mends just the fault of the row above it; the last one is not refused.
"""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import pytest
from tests.core.selling import (
    DAY,
    NOBODY,
    NOW,
    SEED,
    SOMETHING,
    invoice,
    only,
    payment,
    plan,
    refusal,
    subscribed,
)

from usance.core.credits import CreditPrice, Transaction, TransactionKind
from usance.core.decisions import purchase, reconcile, reverse_burn, settle, void_invoice
from usance.core.decisions.settle import MarkPaid
from usance.core.ids import CustomerId, InvoiceId, PaymentId, PoolId, TransactionId
from usance.core.invoices import InvoiceKind, InvoiceStatus
from usance.core.payments import Balance
from usance.core.refusals import Code
from usance.core.snapshot import Snapshot

AMOUNT = (Code.VALIDATION_FAILED, "amount")
PAID_AT = (Code.VALIDATION_FAILED, "paidAt")
LATER = NOW + DAY
ID = invoice(InvoiceStatus.DUE).id
UNKNOWN = InvoiceId(SOMETHING)


def owing(
    status: InvoiceStatus, *known: str, kind: InvoiceKind = InvoiceKind.SUBSCRIPTION
) -> Snapshot:
    """A customer with an invoice, and payments of 7.00 that are known by their references."""
    paid = "49.00" if status is InvoiceStatus.PAID else "0.00"
    payments = {
        PaymentId(UUID(int=20 + n)): replace(payment(reference, "7.00"), id=PaymentId(UUID(int=n)))
        for n, reference in enumerate(known)
    }
    one = replace(invoice(status, paid=paid), kind=kind)
    return replace(NOBODY, invoices={ID: one}, payments=payments)


VOID, PENDING, PAID, DUE = (
    owing(InvoiceStatus.VOID, "a"),
    owing(InvoiceStatus.PENDING, "a"),
    owing(InvoiceStatus.PAID, "a"),
    owing(InvoiceStatus.DUE, "a"),
)


@pytest.mark.parametrize(
    ("before", "invoice_id", "amount", "paid_at", "reference", "want"),
    [
        (VOID, UNKNOWN, "-1", LATER, "a", Code.INVOICE_NOT_FOUND),
        (VOID, ID, "-1", LATER, "a", Code.INVOICE_VOID),
        (PENDING, ID, "-1", LATER, "a", Code.INVOICE_PENDING),
        (PAID, ID, "-1", LATER, "a", AMOUNT),
        (PAID, ID, "0", LATER, "a", AMOUNT),
        (PAID, ID, "5.001", LATER, "a", AMOUNT),
        (PAID, ID, "5.00", LATER, "a", PAID_AT),
        (PAID, ID, "5.00", NOW, "a", Code.PAYMENT_REFERENCE_CONFLICT),
        (PAID, ID, "5.00", NOW, None, Code.ALREADY_PAID),
        (PAID, ID, "5.00", NOW, "b", None),
    ],
)
def test_the_order_in_which_marking_paid_is_refused(
    *,
    before: Snapshot,
    invoice_id: InvoiceId,
    amount: str,
    paid_at: datetime,
    reference: str | None,
    want: Code | tuple[Code, str] | None,
):
    request = MarkPaid(invoice_id, Decimal(amount), paid_at, reference=reference)
    assert refusal(lambda: settle.mark_paid(before, request, now=NOW, seed=SEED)) == want


@pytest.mark.parametrize("status", InvoiceStatus)
def test_what_can_be_marked_paid(status: InvoiceStatus):
    said = refusal(
        lambda: settle.mark_paid(
            owing(status), MarkPaid(ID, Decimal("1.00"), reference="b"), now=NOW, seed=SEED
        )
    )
    refused = {
        InvoiceStatus.VOID: Code.INVOICE_VOID,
        InvoiceStatus.PENDING: Code.INVOICE_PENDING,
    }
    assert said == refused.get(status)


@pytest.mark.parametrize(
    ("amount", "currency", "want"),
    [
        (None, "USD", None),
        ("7.00", "USD", None),
        ("7", "USD", None),
        ("7.01", "USD", Code.PAYMENT_REFERENCE_CONFLICT),
        (None, "EUR", Code.PAYMENT_REFERENCE_CONFLICT),
        ("7.00", "EUR", Code.PAYMENT_REFERENCE_CONFLICT),
    ],
)
def test_a_known_reference_is_the_same_payment_or_a_conflict(
    amount: str | None, currency: str, want: Code | None
):
    before = replace(DUE, invoices={ID: invoice(InvoiceStatus.DUE, currency=currency)})
    request = MarkPaid(ID, None if amount is None else Decimal(amount), reference="a")
    assert refusal(lambda: settle.mark_paid(before, request, now=NOW, seed=SEED)) == want
    if want is None:
        assert not settle.mark_paid(before, request, now=NOW, seed=SEED).invoices


# Money without an invoice --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "paid_at", "reference", "want"),
    [
        ("0", LATER, "a", AMOUNT),
        ("5.001", LATER, "a", AMOUNT),
        ("5.00", LATER, "a", PAID_AT),
        ("5.00", NOW, "a", Code.PAYMENT_REFERENCE_CONFLICT),
        ("5.00", NOW, "b", None),
    ],
)
def test_the_order_in_which_money_is_refused(
    amount: str, paid_at: datetime, reference: str, want: Code | tuple[Code, str] | None
):
    request = reconcile.Receipt(Decimal(amount), "USD", paid_at, reference=reference)
    assert refusal(lambda: reconcile.receive(DUE, request, now=NOW, seed=SEED)) == want


@pytest.mark.parametrize(
    ("before", "share", "total", "want"),
    [
        (NOBODY, "0", "5.00", Code.INVOICE_NOT_FOUND),
        (owing(InvoiceStatus.VOID), "0", "5.00", Code.INVOICE_VOID),
        (owing(InvoiceStatus.PENDING), "0", "5.00", Code.INVOICE_PENDING),
        (owing(InvoiceStatus.PAID), "0", "5.00", Code.ALREADY_PAID),
        (DUE, "0", "5.00", (Code.VALIDATION_FAILED, "applications[0].amount")),
        (DUE, "5.001", "5.00", (Code.VALIDATION_FAILED, "applications[0].amount")),
        (DUE, "49.01", "5.00", (Code.VALIDATION_FAILED, "applications[0].amount")),
        (DUE, "49.00", "5.00", (Code.VALIDATION_FAILED, "applications")),
        (DUE, "49.00", "49.00", None),
    ],
)
def test_the_order_in_which_a_payment_of_an_invoice_among_several_is_refused(
    before: Snapshot, share: str, total: str, want: Code | tuple[Code, str] | None
):
    shares = (reconcile.Share(ID, Decimal(share)),)
    request = reconcile.Receipt(Decimal(total), "USD", shares=shares)
    assert refusal(lambda: reconcile.receive(before, request, now=NOW, seed=SEED)) == want


@pytest.mark.parametrize(
    ("amount", "held", "want"),
    [
        ("0", "4.99", AMOUNT),
        ("5.001", "4.99", AMOUNT),
        ("5.00", "4.99", Code.INSUFFICIENT_BALANCE),
        ("5.00", "5.00", None),
    ],
)
def test_the_order_in_which_a_payout_is_refused(
    amount: str, held: str, want: Code | tuple[Code, str] | None
):
    balance = Balance(NOBODY.customer.id, "USD", Decimal(held))
    before = replace(NOBODY, balances={"USD": balance})
    said = refusal(lambda: reconcile.pay_out(before, Decimal(amount), "USD", now=NOW, seed=SEED))
    assert said == want


@pytest.mark.parametrize(
    ("payment_id", "reversed_at", "want"),
    [
        (SOMETHING, NOW, Code.PAYMENT_NOT_FOUND),
        (UUID(int=6), NOW, Code.ALREADY_REVERSED),
        (UUID(int=6), None, None),
    ],
)
def test_the_order_in_which_a_reversal_is_refused(
    payment_id: UUID, reversed_at: datetime | None, want: Code | None
):
    known = replace(payment("a", "7.00"), reversed_at=reversed_at)
    before = replace(NOBODY, payments={known.id: known})
    said = refusal(lambda: reconcile.reverse(before, PaymentId(payment_id), now=NOW, seed=SEED))
    assert said == want


# Voiding -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "invoice_id", "want"),
    [
        (PENDING, UNKNOWN, Code.INVOICE_NOT_FOUND),
        (PENDING, ID, Code.INVOICE_PENDING),
        (PAID, ID, Code.INVOICE_NOT_VOIDABLE),
        (DUE, ID, None),
        (owing(InvoiceStatus.PAST_DUE), ID, None),
        (owing(InvoiceStatus.UNCOLLECTIBLE), ID, None),
        (VOID, ID, None),
        (owing(InvoiceStatus.PENDING, kind=InvoiceKind.ONE_OFF), ID, None),
    ],
)
def test_the_order_in_which_voiding_is_refused(
    before: Snapshot, invoice_id: InvoiceId, want: Code | None
):
    said = refusal(
        lambda: void_invoice.void_invoice(before, invoice_id, "Ours.", now=NOW, seed=SEED)
    )
    assert said == want


def test_a_first_invoice_that_is_voided_cancels_its_subscription():
    before = subscribed(plan(1))
    (first,) = before.invoices
    done = void_invoice.void_invoice(before, first, "Ours.", now=NOW, seed=SEED)
    assert [one.status.value for one in done.subscriptions.updated] == ["CANCELLED"]
    assert only(before).status.value == "INCOMPLETE"


# Buying and giving back credits --------------------------------------------------------------------

PRICE = CreditPrice(SOMETHING, "AI", "USD", Decimal("0.05"), NOW, NOW)
TOO_FEW = "0.09"  # 0.0045, which is 0.00


@pytest.mark.parametrize(
    ("denomination", "wanted", "prices", "want"),
    [
        ("GOLD", "0", (), (Code.VALIDATION_FAILED, "denomination")),
        ("AI", "0", (), (Code.VALIDATION_FAILED, "credits")),
        ("AI", "100", (), Code.NO_PRICE),
        ("AI", "100", (replace(PRICE, effective_from=LATER),), Code.NO_PRICE),
        ("AI", TOO_FEW, (PRICE,), (Code.VALIDATION_FAILED, "credits")),
        ("AI", "100", (PRICE,), None),
    ],
)
def test_the_order_in_which_a_purchase_is_refused(
    denomination: str,
    wanted: str,
    prices: tuple[CreditPrice, ...],
    want: Code | tuple[Code, str] | None,
):
    before = replace(NOBODY, credit_prices=prices)
    said = refusal(
        lambda: purchase.purchase(before, denomination, Decimal(wanted), now=NOW, seed=SEED)
    )
    assert said == want


@pytest.mark.parametrize(
    ("kind", "is_reversed", "want"),
    [
        (TransactionKind.GRANT, True, Code.NOT_REVERSIBLE),
        (TransactionKind.BURN, True, Code.ALREADY_REVERSED),
    ],
)
def test_the_order_in_which_giving_back_is_refused(
    *, kind: TransactionKind, is_reversed: bool, want: Code
):
    one = Transaction(
        id=TransactionId(SOMETHING),
        customer_id=CustomerId(SOMETHING),
        pool_id=PoolId(SOMETHING),
        seq=1,
        kind=kind,
        amount=Decimal(-5),
        balance_after=Decimal(0),
        taken=(),
        at=NOW,
    )
    said = refusal(
        lambda: reverse_burn.reverse_burn(
            NOBODY,
            one,
            is_reversed=is_reversed,
            corrected=Decimal(0),
            reason=None,
            now=NOW,
            seed=SEED,
        )
    )
    assert said == want
