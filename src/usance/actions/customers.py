"""Customers: registered, looked up, changed, listed and erased."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from usance.actions import credits, ledger, subscriptions
from usance.actions.commands import Call
from usance.actions.credits import PoolView
from usance.actions.subscriptions import View
from usance.core import tax
from usance.core.customers import Customer, Profile
from usance.core.decisions import erase as erasing
from usance.core.ids import CustomerId, derived
from usance.core.payments import Balance
from usance.core.refusals import Code, Refusal
from usance.store import customers, erasure, invoices
from usance.store.db import Tx

_POOLS_MAX: Final = 200
_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Detail:
    """A customer with what hangs on it, as shown by itself."""

    customer: Customer
    subscriptions: Sequence[View]
    credit_pools: Sequence[PoolView]
    balances: Sequence[Balance]


async def create(tx: Tx, call: Call, reference: str | None, profile: Profile) -> Customer:
    """Return a new customer; its reference is made here when the caller has none.

    Refusals, in this order: validation_failed (what does not fit of the tax), customer_exists.
    """
    _refuse_tax(profile)
    customer = Customer(
        account_id=call.account.id,
        id=CustomerId(derived(call.now, call.seed, "customer")),
        reference=reference or _opaque("cus", call),
        profile=profile,
        created_at=call.now,
        decided_at=call.now,
        erased_at=None,
    )
    if not await customers.add(tx, customer):
        raise Refusal(
            Code.CUSTOMER_EXISTS,
            "A customer with this reference exists already.",
            field="customerReferenceId",
        )
    return customer


async def detail(tx: Tx, call: Call, reference: str) -> Detail:
    """Return the customer with its subscriptions, credits and balances."""
    customer = await ledger.customer_of(tx, call, reference)
    pools, _ = await credits.pools(tx, call, reference, limit=_POOLS_MAX, offset=0)
    return Detail(
        customer,
        subscriptions=await subscriptions.of_customer(tx, call, reference),
        credit_pools=pools,
        balances=await invoices.balances(tx, call.account.id, customer.id),
    )


async def page(
    tx: Tx, call: Call, *, email: str | None, limit: int, offset: int
) -> tuple[Sequence[Customer], int]:
    """Return a page of the customers, the newest first, and how many there are."""
    return await customers.newest(tx, call.account.id, email=email, limit=limit, offset=offset)


async def update(
    tx: Tx, call: Call, reference: str, change: Callable[[Profile], Profile]
) -> Customer:
    """Return the customer with its profile changed; what was due before went by the old one.

    Refusals, in this order: customer_not_found, customer_erased, validation_failed (what does not
    fit of the tax).
    """
    customer = await ledger.lock_customer(tx, call, reference)
    erasing.refuse_erased(customer)
    await ledger.settled(tx, call, customer)
    after = replace(customer, profile=change(customer.profile))
    _refuse_tax(after.profile)
    await customers.write(tx, after)
    return after


async def erase(tx: Tx, call: Call, reference: str) -> Customer:
    """Return the customer without anything personal; its invoices stay, its drafts are given up.

    Its reference, which may be personal too, becomes an opaque one and is free for another.
    """
    customer = await ledger.lock_customer(tx, call, reference)
    # A subscription that time has ended is no longer open, whether that is written yet or not.
    now = await ledger.settled(tx, call, customer)
    if await customers.has_open_subscription(tx, call.account.id, customer.id):
        raise Refusal(
            Code.CUSTOMER_HAS_SUBSCRIPTIONS,
            "The customer has a subscription that has not ended. Cancel it first.",
        )
    if customer.erased_at is not None:
        return customer
    held = [b for b in await invoices.balances(tx, call.account.id, customer.id) if b.amount > 0]
    if held:
        told = ", ".join(f"{one.amount} {one.currency}" for one in held)
        raise Refusal(
            Code.CUSTOMER_HAS_BALANCE,
            f"The customer has {told} on account. Send it back and record the payout first.",
            detail={"balances": [{"currency": b.currency, "amount": b.amount} for b in held]},
        )

    # Nothing can be refused from here on.
    await ledger.decide(
        tx, call, customer, lambda before, at: erasing.erase(before, now=at, seed=call.seed)
    )
    await erasure.forget(tx, call.account.id, customer.id)
    erased = replace(customer, reference=_opaque("erased", call), profile=Profile(), erased_at=now)
    await customers.rename(tx, call.account.id, reference, erased.reference)
    await erasure.rename_plans(tx, call.account.id, reference, erased.reference)
    await customers.write(tx, erased)
    return erased


def _refuse_tax(profile: Profile) -> None:
    tax.refuse(profile.tax_rate, profile.tax_category, profile.tax_exemption_reason, profile.tax_id)


def _opaque(kind: str, call: Call) -> str:
    """Return a reference that nobody can guess and that tells nothing."""
    number, digits = derived(call.now, call.seed, kind).int, ""
    while number:
        number, digit = divmod(number, len(_BASE62))
        digits = _BASE62[digit] + digits
    return f"{kind}_{digits}"
