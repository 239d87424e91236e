"""Payments: money received without an invoice, listed, reversed, and sent back."""

from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from usance.actions import ledger
from usance.actions.commands import Call
from usance.core import money
from usance.core.customers import Customer
from usance.core.decisions import reconcile
from usance.core.decisions.reconcile import Receipt, Refundable
from usance.core.ids import CreditNoteId, PaymentId
from usance.core.payments import Application, Balance, BalanceEntry, Payment
from usance.core.refusals import Code, Refusal
from usance.store import invoices as stored_invoices
from usance.store import payments as stored
from usance.store.db import Tx
from usance.store.snapshot import Named


@dataclass(frozen=True, slots=True)
class View:
    """A payment, whose it is, and where its money lies: on invoices, and the rest on the balance."""

    payment: Payment
    customer_reference: str
    applications: tuple[Application, ...]
    is_repeat: bool = False  # it was on the books already

    @property
    def to_balance(self) -> Decimal:
        """What of it went to the balance."""
        lies = sum((one.amount for one in self.applications), Decimal(0))
        left = Decimal(0) if self.payment.reversed_at is not None else self.payment.amount - lies
        return money.rounded(left, self.payment.currency)


async def receive(tx: Tx, call: Call, reference: str, request: Receipt) -> View:
    """Book money, for the invoices that it names; the same reference again is the same payment."""
    customer = await ledger.lock_customer(tx, call, reference)
    invoices = tuple(share.invoice_id for share in request.shares)
    known: tuple[PaymentId, ...] = ()
    if request.reference is not None and invoices:
        known = await stored.known_by(tx, call.account.id, customer.id, request.reference)
    named = Named(
        references=() if request.reference is None else (request.reference,),
        invoices=invoices,
        payments=known,
        subscriptions=await stored_invoices.subscriptions_of(tx, call.account.id, invoices),
    )
    decided = await ledger.decide(
        tx,
        call,
        customer,
        lambda before, now: reconcile.receive(before, request, now=now, seed=call.seed),
        named,
    )
    made = decided.outcome.payments.inserted
    payment = made[0] if made else _known(tuple(decided.after.payments.values()), request)
    (view,) = await _views(tx, call, [payment])
    return replace(view, is_repeat=not made)


def _known(payments: tuple[Payment, ...], request: Receipt) -> Payment:
    return next(one for one in payments if one.reference == request.reference)


async def reverse(tx: Tx, call: Call, payment_id: UUID) -> View:
    """Take back a payment that bounced, or refuse: payment_not_found, already_reversed."""
    one = PaymentId(payment_id)
    customer = await ledger.lock_by_payment(tx, call, payment_id)
    named = Named(
        payments=(one,),
        subscriptions=await stored.subscriptions_paid(tx, call.account.id, customer.id, one),
    )
    decided = await ledger.decide(
        tx,
        call,
        customer,
        lambda before, now: reconcile.reverse(before, one, now=now, seed=call.seed),
        named,
    )
    return (await _views(tx, call, [decided.after.payments[one]]))[0]


async def pay_out(
    tx: Tx, call: Call, reference: str, amount: Decimal, currency: str, *, note_id: UUID | None
) -> Balance:
    """Take money off the balance that was sent back, for a credit note if one is named.

    Refusals, in this order: customer_not_found, credit_note_not_found; then those of the decision.
    """
    customer = await ledger.lock_customer(tx, call, reference)
    note = None if note_id is None else await _refundable(tx, call, customer, note_id)
    decided = await ledger.decide(
        tx,
        call,
        customer,
        lambda before, now: reconcile.pay_out(
            before, amount, currency, now=now, seed=call.seed, note=note
        ),
    )
    return decided.after.balances[currency]


async def _refundable(tx: Tx, call: Call, customer: Customer, note_id: UUID) -> Refundable:
    """Return what may be sent back for a credit note of a locked customer."""
    note = await stored_invoices.find_note(tx, call.account.id, CreditNoteId(note_id))
    if note is None or note.customer_id != customer.id:
        raise Refusal(
            Code.CREDIT_NOTE_NOT_FOUND,
            "The customer has no such credit note.",
            field="creditNoteId",
        )
    applied = await stored_invoices.applied(tx, call.account.id, [note])
    refunds = await stored_invoices.refunds(tx, call.account.id, [note])
    left = note.amount - applied.get(note.id, Decimal(0))
    left += sum((one.amount for one in refunds.get(note.id, ())), Decimal(0))
    return Refundable(note.id, note.number or "", note.currency, left)


async def balances(tx: Tx, call: Call, reference: str) -> list[Balance]:
    """Return what the customer has on account, by currency."""
    customer = await ledger.customer_of(tx, call, reference)
    await ledger.settled(tx, call, customer)
    return await stored_invoices.balances(tx, call.account.id, customer.id)


async def entries(
    tx: Tx, call: Call, reference: str, *, currency: str | None, limit: int, offset: int
) -> tuple[list[BalanceEntry], int]:
    """Return a page of what moved the customer's balance, the newest first, and how many there are."""
    customer = await ledger.customer_of(tx, call, reference)
    await ledger.settled(tx, call, customer)
    return await stored.entries(
        tx, call.account.id, customer.id, currency=currency, limit=limit, offset=offset
    )


async def page(
    tx: Tx, call: Call, *, reference: str | None, limit: int, offset: int
) -> tuple[list[View], int]:
    """Return a page of payments, the newest first, and how many there are."""
    customer_id = None
    if reference is not None:
        customer_id = (await ledger.customer_of(tx, call, reference)).id
    found, total = await stored.page(
        tx, call.account.id, customer_id=customer_id, limit=limit, offset=offset
    )
    return await _views(tx, call, found), total


async def get(tx: Tx, call: Call, payment_id: UUID) -> View:
    """Return one payment, or refuse: payment_not_found."""
    found = await stored.find(tx, call.account.id, PaymentId(payment_id))
    if found is None:
        raise Refusal(Code.PAYMENT_NOT_FOUND, "There is no such payment.")
    return (await _views(tx, call, [found]))[0]


async def _views(tx: Tx, call: Call, found: list[Payment]) -> list[View]:
    owners = await ledger.references(tx, call, [one.customer_id for one in found])
    applied = await stored.applications(tx, call.account.id, [one.id for one in found])
    return [
        View(one, owners[one.customer_id], tuple(a for a in applied if a.source_id == one.id))
        for one in found
    ]
