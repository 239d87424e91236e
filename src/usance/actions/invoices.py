"""Invoices: listed, shown, marked paid."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from usance.actions import ledger
from usance.actions.commands import Call
from usance.core.decisions import billing, settle
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
    customer = await ledger.lock_by_invoice(tx, call, invoice_id)
    named = Named(
        invoices=(one,),
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
    pending: set[CustomerId] = {i.customer_id for i in found if i.status is InvoiceStatus.PENDING}
    facts = {}
    if pending:
        facts = await snapshot.of_customers(
            tx, call.account, [owners[one] for one in pending], now=now, named=Named()
        )
    shown = []
    for invoice in found:
        if invoice.status is InvoiceStatus.PENDING:
            invoice = billing.accrued(facts[invoice.customer_id], invoice, now)  # noqa: PLW2901
        shown.append(Shown(invoice.at(now), owners[invoice.customer_id].reference))
    return shown
