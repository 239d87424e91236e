"""Invoices: listed, shown, marked paid."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from usance.actions import ledger
from usance.actions.commands import Call
from usance.core.decisions import billing, one_off, settle
from usance.core.decisions import write_off as writing_off
from usance.core.decisions.one_off import Content, Terms
from usance.core.decisions.settle import MarkPaid
from usance.core.decisions.void_invoice import void_invoice
from usance.core.ids import CustomerId, InvoiceId
from usance.core.invoices import Invoice, InvoiceKind, InvoiceStatus
from usance.core.refusals import Code, Refusal
from usance.store import customers as stored_customers
from usance.store import invoices as stored
from usance.store import snapshot
from usance.store.db import Tx
from usance.store.snapshot import Named


@dataclass(frozen=True, slots=True)
class Shown:
    """An invoice as time has it, and whose it is."""

    invoice: Invoice
    customer_reference: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which invoices are to be listed; None asks for nothing."""

    reference: str | None = None  # the customer's
    subscription_id: UUID | None = None
    kind: InvoiceKind | None = None
    status: InvoiceStatus | None = None


async def mark_paid(tx: Tx, call: Call, request: MarkPaid) -> Shown:
    """Record a payment of an invoice, and all that it brings."""
    customer = await ledger.lock_by_invoice(tx, call, request.invoice_id)
    named = Named(
        invoices=(request.invoice_id,),
        references=() if request.reference is None else (request.reference,),
        subscriptions=await stored.subscription_of(tx, call.account.id, request.invoice_id),
    )
    decided = await ledger.decide(
        tx,
        call,
        customer,
        lambda before, now: settle.mark_paid(before, request, now=now, seed=call.seed),
        named,
    )
    return Shown(decided.after.invoices[request.invoice_id], customer.reference)


async def void(tx: Tx, call: Call, invoice_id: UUID, reason: str) -> Shown:
    """Void an unpaid invoice, with what that undoes; again: nothing changes."""
    one = InvoiceId(invoice_id)
    customer = await ledger.lock_by_invoice(tx, call, one)
    named = Named(
        invoices=(one, *await stored.charging_the_same(tx, call.account.id, one)),
        subscriptions=await stored.subscription_of(tx, call.account.id, one),
    )
    decided = await ledger.decide(
        tx,
        call,
        customer,
        lambda before, now: void_invoice(before, one, reason, now=now, seed=call.seed),
        named,
    )
    return Shown(decided.after.invoices[one], customer.reference)


async def draw_up(
    tx: Tx,
    call: Call,
    reference: str,
    content: Content,
    *,
    currency: str | None,
    terms: Terms | None,
) -> Shown:
    """Make a one-off invoice, issued on these terms; without terms a draft."""
    customer = await ledger.lock_customer(tx, call, reference)
    money = call.account.currency if currency is None else currency
    decided = await ledger.decide(
        tx,
        call,
        customer,
        lambda before, now: one_off.draw_up(before, content, money, terms, now=now, seed=call.seed),
    )
    (invoice,) = decided.outcome.invoices.inserted
    return Shown(decided.after.invoices[invoice.id], customer.reference)


async def rewrite(tx: Tx, call: Call, invoice_id: UUID, content: Content) -> Shown:
    """Give a draft other lines."""
    one = InvoiceId(invoice_id)
    return await _decided(
        tx,
        call,
        one,
        lambda before, now: one_off.rewrite(before, one, content, now=now, seed=call.seed),
    )


async def issue(tx: Tx, call: Call, invoice_id: UUID, terms: Terms) -> Shown:
    """Issue a draft; again: nothing changes."""
    one = InvoiceId(invoice_id)
    return await _decided(
        tx,
        call,
        one,
        lambda before, now: one_off.issue(before, one, terms, now=now, seed=call.seed),
    )


async def write_off(tx: Tx, call: Call, invoice_id: UUID, reason: str) -> Shown:
    """Give an overdue invoice up; again: nothing changes."""
    one = InvoiceId(invoice_id)
    return await _decided(
        tx,
        call,
        one,
        lambda before, now: writing_off.write_off(before, one, reason, now=now, seed=call.seed),
    )


async def _decided(tx: Tx, call: Call, one: InvoiceId, decision: ledger.Decision) -> Shown:
    """Decide about an invoice, and return it as it stands then."""
    customer = await ledger.lock_by_invoice(tx, call, one)
    subscriptions = await stored.subscription_of(tx, call.account.id, one)
    named = Named(invoices=(one,), subscriptions=subscriptions)
    decided = await ledger.decide(tx, call, customer, decision, named)
    return Shown(decided.after.invoices[one], customer.reference)


def _accrues(invoice: Invoice) -> bool:
    return invoice.status is InvoiceStatus.PENDING and not invoice.is_draft


async def get(tx: Tx, call: Call, invoice_id: UUID) -> Shown:
    """Return one invoice, or refuse: invoice_not_found."""
    invoice = await stored.find(tx, call.account.id, InvoiceId(invoice_id))
    if invoice is None:
        raise Refusal(Code.INVOICE_NOT_FOUND, "There is no such invoice.")
    owner = invoice.customer_id
    customer = (await stored_customers.by_ids(tx, call.account.id, [owner]))[owner]
    now = await ledger.settled(tx, call, customer)
    return (await _shown(tx, call, [invoice], now))[0]


async def page(
    tx: Tx, call: Call, wanted: Wanted, *, limit: int, offset: int
) -> tuple[list[Shown], int]:
    """Return a page of the wanted invoices, the newest first, and how many there are."""
    customer_id, now = None, call.now
    if wanted.reference is not None:
        customer = await ledger.customer_of(tx, call, wanted.reference)
        now = await ledger.settled(tx, call, customer)
        customer_id = customer.id
    found, total = await stored.page(
        tx,
        call.account.id,
        customer_id=customer_id,
        subscription_id=wanted.subscription_id,
        kind=None if wanted.kind is None else wanted.kind.value,
        status=None if wanted.status is None else wanted.status.value,
        now=now,
        limit=limit,
        offset=offset,
    )
    return await _shown(tx, call, found, now), total


async def _shown(tx: Tx, call: Call, found: list[Invoice], now: datetime) -> list[Shown]:
    """Return invoices as time has them at `now`: PENDING ones as if their periods closed now."""
    owners = await stored_customers.by_ids(tx, call.account.id, [i.customer_id for i in found])
    pending: set[CustomerId] = {i.customer_id for i in found if _accrues(i)}
    facts = {}
    if pending:
        facts = await snapshot.of_customers(
            tx, call.account, [owners[one] for one in pending], now=now, named=Named()
        )
    shown = []
    for invoice in found:
        if _accrues(invoice):
            invoice = billing.accrued(facts[invoice.customer_id], invoice, now)  # noqa: PLW2901
        shown.append(Shown(invoice.at(now), owners[invoice.customer_id].reference))
    return shown
