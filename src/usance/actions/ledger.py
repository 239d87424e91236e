"""The ledger: lock the customer, read the snapshot, decide, write the outcome. Every command is this.

A command that meets a boundary which time has passed does not step over it: `StepsDue` sends the
caller to take it first.

Sources: BILLING.md, "Five principles".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from usance.actions.commands import Call, StepsDue
from usance.core import outcome as outcomes
from usance.core.accounts import Mode
from usance.core.customers import Customer
from usance.core.decisions import advance
from usance.core.ids import (
    CustomerId,
    InvoiceId,
    PaymentId,
    PoolId,
    SubscriptionId,
    TransactionId,
)
from usance.core.outcome import Outcome
from usance.core.refusals import Code, Refusal
from usance.core.snapshot import Snapshot
from usance.store import customers, due, outcome, snapshot
from usance.store.db import Tx
from usance.store.snapshot import Named

Decision = Callable[[Snapshot, datetime], Outcome]

NOTHING_NAMED: Final = Named()


@dataclass(frozen=True, slots=True)
class Decided:
    """What a command came to: the customer as it stands now, and what was written to get there."""

    after: Snapshot
    outcome: Outcome
    now: datetime


async def decide(
    tx: Tx,
    call: Call,
    customer: Customer,
    decision: Decision,
    named: Named = NOTHING_NAMED,
    *,
    preview: bool = False,
) -> Decided:
    """Decide about a locked customer and write the outcome; a preview writes nothing.

    `now` never runs backwards for a customer: a call that waited for the lock while a later one went
    ahead is decided at that one's instant.
    """
    now = instant(call, customer)
    before = await snapshot.of_customer(tx, call.account, customer, now=now, named=named)
    if advance.first_due(before, now) is not None:
        raise StepsDue(customer.id)
    decided = decision(before, now)
    written = (
        decided if preview else await outcome.write(tx, call.account, customer.id, decided, now=now)
    )
    after = outcomes.apply(before, written)
    if any(one.at(now) != one for one in written.invoices.all):
        # Issued without grace it is past due at once; the answer says so, as the next read does.
        after = advance.brought_to(after, now, own_time=call.account.mode is Mode.TEST)
    return Decided(after, written, now)


def instant(call: Call, customer: Customer) -> datetime:
    """Return the instant at which the call is decided for this customer."""
    return max(call.now, customer.decided_at)


async def settled(tx: Tx, call: Call, customer: Customer) -> datetime:
    """Return the instant of a read about a customer whose due steps are all taken."""
    now = instant(call, customer)
    if await due.is_due(tx, call.account.id, customer.id, now):
        raise StepsDue(customer.id)
    return now


# Finding whom a request is about ---------------------------------------------------------------------


async def customer_of(tx: Tx, call: Call, reference: str) -> Customer:
    """Return the customer of a reference, or refuse: customer_not_found."""
    customer = await customers.by_reference(tx, call.account.id, reference)
    if customer is None:
        raise unknown_customer()
    return customer


async def lock_customer(tx: Tx, call: Call, reference: str) -> Customer:
    """Lock the customer of a reference, or refuse: customer_not_found."""
    customer = await customers.lock(tx, call.account.id, reference)
    if customer is None:
        raise unknown_customer()
    return customer


def unknown_customer() -> Refusal:
    """Return the refusal of a reference that names nobody in this account."""
    return Refusal(Code.CUSTOMER_NOT_FOUND, "There is no customer with this reference.")


async def lock_by_subscription(tx: Tx, call: Call, subscription_id: UUID) -> Customer:
    """Lock the customer who has the subscription, or refuse: subscription_not_found."""
    owner = await customers.by_subscription(tx, call.account.id, SubscriptionId(subscription_id))
    if owner is None:
        raise Refusal(Code.SUBSCRIPTION_NOT_FOUND, "There is no such subscription.")
    return await _locked(tx, call, owner)


async def lock_by_invoice(tx: Tx, call: Call, invoice_id: UUID) -> Customer:
    """Lock the customer who has the invoice, or refuse: invoice_not_found."""
    owner = await customers.by_invoice(tx, call.account.id, InvoiceId(invoice_id))
    if owner is None:
        raise Refusal(Code.INVOICE_NOT_FOUND, "There is no such invoice.")
    return await _locked(tx, call, owner)


async def lock_by_pool(tx: Tx, call: Call, pool_id: UUID) -> Customer:
    """Lock the customer who has the credit pool, or refuse: pool_not_found."""
    owner = await customers.by_pool(tx, call.account.id, PoolId(pool_id))
    if owner is None:
        raise Refusal(Code.POOL_NOT_FOUND, "There is no such credit pool.")
    return await _locked(tx, call, owner)


async def lock_by_payment(tx: Tx, call: Call, payment_id: UUID) -> Customer:
    """Lock the customer who made the payment, or refuse: payment_not_found."""
    owner = await customers.by_payment(tx, call.account.id, PaymentId(payment_id))
    if owner is None:
        raise Refusal(Code.PAYMENT_NOT_FOUND, "There is no such payment.")
    return await _locked(tx, call, owner)


async def lock_by_transaction(tx: Tx, call: Call, transaction_id: UUID) -> Customer:
    """Lock the customer in whose pool credits moved, or refuse: transaction_not_found."""
    owner = await customers.by_transaction(tx, call.account.id, TransactionId(transaction_id))
    if owner is None:
        raise Refusal(Code.TRANSACTION_NOT_FOUND, "There is no such credit transaction.")
    return await _locked(tx, call, owner)


async def references(tx: Tx, call: Call, ids: Sequence[CustomerId]) -> dict[CustomerId, str]:
    """Return the references of customers of the account, by id."""
    found = await customers.by_ids(tx, call.account.id, ids)
    return {customer_id: customer.reference for customer_id, customer in found.items()}


async def _locked(tx: Tx, call: Call, owner: CustomerId) -> Customer:
    customer = await customers.lock_by_id(tx, call.account.id, owner)
    assert customer is not None, "customers are erased, never removed"
    return customer
