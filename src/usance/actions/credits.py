"""Credits: pools and what moved in them, and grants given by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from usance.actions import dated, ledger
from usance.actions.commands import Call
from usance.core import credits, money, usage
from usance.core.credits import CreditPrice, CreditWeight, Grant, GrantKind, Pool, Transaction
from usance.core.customers import Customer
from usance.core.decisions import granting, lifecycle, purchase
from usance.core.decisions.erase import refuse_erased
from usance.core.decisions.reverse_burn import reverse_burn
from usance.core.draft import Draft
from usance.core.ids import GrantId, PoolId, TransactionId, derived
from usance.core.invoices import Invoice
from usance.core.outcome import Outcome
from usance.core.refusals import Code, Refusal, invalid
from usance.core.snapshot import Snapshot
from usance.store import catalog, corrections, snapshot, terms
from usance.store import credits as stored
from usance.store.db import Tx
from usance.store.snapshot import Named


@dataclass(frozen=True, slots=True)
class PoolView:
    """A pool with what it holds at the instant of the question."""

    pool: Pool
    balance: Decimal
    available: Decimal


@dataclass(frozen=True, slots=True)
class NewGrant:
    """Credits to give by hand."""

    denomination: str
    amount: Decimal
    kind: GrantKind
    priority: int
    expires_at: datetime | None
    reason: str | None


async def pools(
    tx: Tx, call: Call, reference: str, *, limit: int, offset: int
) -> tuple[list[PoolView], int]:
    """Return a page of the customer's pools, by denomination, and how many there are."""
    customer = await ledger.customer_of(tx, call, reference)
    now = await ledger.settled(tx, call, customer)
    found, total = await stored.pools(tx, call.account.id, customer.id, limit=limit, offset=offset)
    usable = await stored.usable(tx, call.account.id, customer.id, now)
    facts = await _usage(tx, call, customer, now)
    return [_view(pool, usable, facts, now) for pool in found], total


async def pool(tx: Tx, call: Call, reference: str, pool_id: UUID) -> PoolView:
    """Return one pool of the customer, or refuse: pool_not_found."""
    customer = await ledger.customer_of(tx, call, reference)
    now = await ledger.settled(tx, call, customer)
    found = await stored.pool(tx, call.account.id, customer.id, PoolId(pool_id))
    if found is None:
        raise Refusal(Code.POOL_NOT_FOUND, "There is no such credit pool.")
    usable = await stored.usable(tx, call.account.id, customer.id, now)
    return _view(found, usable, await _usage(tx, call, customer, now), now)


async def grants(
    tx: Tx, call: Call, reference: str, pool_id: UUID, *, limit: int, offset: int
) -> tuple[list[Grant], int]:
    """Return a page of a pool's grants, the newest first, and how many there are."""
    shown = await pool(tx, call, reference, pool_id)
    one = shown.pool
    return await stored.grants(
        tx, call.account.id, one.customer_id, one.id, limit=limit, offset=offset
    )


async def transactions(
    tx: Tx, call: Call, reference: str, pool_id: UUID, *, limit: int, offset: int
) -> tuple[list[Transaction], int]:
    """Return a page of a pool's movements, the newest first, and how many there are."""
    shown = await pool(tx, call, reference, pool_id)
    one = shown.pool
    return await stored.transactions(
        tx, call.account.id, one.customer_id, one.id, limit=limit, offset=offset
    )


async def give(tx: Tx, call: Call, reference: str, request: NewGrant) -> Grant:
    """Give credits by hand; the pool is made when there is none.

    Refusals: customer_not_found, customer_erased, validation_failed (denomination, amount, expiresAt).
    """
    customer = await ledger.lock_customer(tx, call, reference)
    given: list[GrantId] = []

    def decision(before: Snapshot, now: datetime) -> Outcome:
        refuse_erased(before.customer)
        if request.denomination not in before.credit_models:
            raise invalid("denomination", "There is no such credit model.")
        if request.amount <= 0 or not money.is_exact(request.amount):
            raise invalid("amount", "A grant is more than nothing.")
        if request.expires_at is not None and request.expires_at <= now:
            raise invalid("expiresAt", "A grant expires after now.")
        draft = Draft(before, now=now, seed=call.seed)
        target = granting.pool_of(draft, request.denomination)
        grant = Grant(
            id=GrantId(draft.new_id("grant")),
            customer_id=customer.id,
            pool_id=target.id,
            kind=request.kind,
            amount=request.amount,
            remaining=request.amount,
            priority=request.priority,
            granted_at=now,
            expires_at=request.expires_at,
            reason=request.reason,
        )
        granting.give(draft, grant)
        given.append(grant.id)
        lifecycle.conclude(draft)
        return draft.outcome()

    decided = await ledger.decide(tx, call, customer, decision)
    return decided.after.grants[given[-1]]


async def buy(
    tx: Tx, call: Call, reference: str, denomination: str, wanted: Decimal
) -> tuple[Invoice, str]:
    """Order credits: the invoice at the price in force, and whose it is."""
    customer = await ledger.lock_customer(tx, call, reference)
    decided = await ledger.decide(
        tx,
        call,
        customer,
        lambda before, now: purchase.purchase(
            before, denomination, wanted, now=now, seed=call.seed
        ),
    )
    invoice = next(i for i in decided.outcome.invoices.inserted if i.purchase is not None)
    return invoice, customer.reference


async def reverse(tx: Tx, call: Call, transaction_id: UUID, reason: str | None) -> Transaction:
    """Give back what a burn took and corrections have not given back, once.

    Refusals: transaction_not_found, not_reversible, already_reversed.
    """
    customer = await ledger.lock_by_transaction(tx, call, transaction_id)
    burn, is_reversed = await stored.transaction(
        tx, call.account.id, customer.id, TransactionId(transaction_id)
    )
    corrected = Decimal(0)
    if burn.event_id is not None:
        corrected = await corrections.credits_off(tx, call.account.id, customer.id, burn.event_id)
    decided = await ledger.decide(
        tx,
        call,
        customer,
        lambda before, now: reverse_burn(
            before,
            burn,
            is_reversed=is_reversed,
            corrected=corrected,
            reason=reason,
            now=now,
            seed=call.seed,
        ),
        Named(grants=tuple(grant_id for grant_id, _ in burn.taken)),
    )
    return next(t for t in decided.outcome.transactions if t.reverses == burn.id)


# Prices and weights ----------------------------------------------------------------------------------


async def prices(tx: Tx, call: Call) -> tuple[CreditPrice, ...]:
    """Return all prices of credits, past and to come."""
    return await terms.credit_prices(tx, call.account.id)


async def weights(tx: Tx, call: Call) -> tuple[CreditWeight, ...]:
    """Return all weights of features, past and to come."""
    return await terms.credit_weights(tx, call.account.id)


async def publish_price(
    tx: Tx,
    call: Call,
    *,
    denomination: str,
    currency: str,
    price_per_credit: Decimal,
    effective_from: datetime | None,
) -> CreditPrice:
    """Publish a price from an instant on, now or later. Refuses an instant that is taken or past."""
    await catalog.lock(tx, call.account.id)
    if denomination not in await catalog.credit_models(tx, call.account.id):
        raise invalid("denomination", "There is no such credit model.")
    price = CreditPrice(
        id=derived(call.now, call.seed, "price"),
        denomination=denomination,
        currency=currency,
        price_per_credit=price_per_credit,
        effective_from=dated.effective(effective_from, call.now),
        published_at=call.now,
    )
    if not await terms.add_price(tx, call.account.id, price):
        raise dated.taken()
    return price


async def publish_weight(
    tx: Tx,
    call: Call,
    *,
    feature_key: str,
    model: str | None,
    weight: Decimal,
    effective_from: datetime | None,
) -> CreditWeight:
    """Publish a weight from an instant on, now or later. Refuses an instant that is taken or past."""
    await catalog.lock(tx, call.account.id)
    if feature_key not in await catalog.features(tx, call.account.id):
        raise invalid("featureKey", "There is no such feature.")
    entry = CreditWeight(
        id=derived(call.now, call.seed, "weight"),
        feature_key=feature_key,
        model=model,
        weight=weight,
        effective_from=dated.effective(effective_from, call.now),
        published_at=call.now,
    )
    if not await terms.add_weight(tx, call.account.id, entry):
        raise dated.taken()
    return entry


async def withdraw_price(tx: Tx, call: Call, price_id: UUID) -> CreditPrice:
    """Delete a price that lies ahead. Refusals: not_found, already_effective."""
    await catalog.lock(tx, call.account.id)
    found = next((p for p in await prices(tx, call) if p.id == price_id), None)
    if found is None:
        raise Refusal(Code.NOT_FOUND, "There is no such price.")
    if not await terms.drop_price(tx, call.account.id, price_id, call.now):
        raise dated.in_force()
    return found


async def withdraw_weight(tx: Tx, call: Call, weight_id: UUID) -> CreditWeight:
    """Delete a weight that lies ahead. Refusals: not_found, already_effective."""
    await catalog.lock(tx, call.account.id)
    found = next((w for w in await weights(tx, call) if w.id == weight_id), None)
    if found is None:
        raise Refusal(Code.NOT_FOUND, "There is no such weight.")
    if not await terms.drop_weight(tx, call.account.id, weight_id, call.now):
        raise dated.in_force()
    return found


async def _usage(tx: Tx, call: Call, customer: Customer, now: datetime) -> Snapshot:
    """Return the customer as a check sees it: what holds set aside depends on periods."""
    usage_only = Named(usage_only=True)
    return await snapshot.of_customer(tx, call.account, customer, now=now, named=usage_only)


def _view(found: Pool, grants_left: Sequence[Grant], facts: Snapshot, now: datetime) -> PoolView:
    balance = credits.balance(found, grants_left, now)
    available = balance - usage.credits_held(facts, found.denomination, now)
    return PoolView(found, balance, max(Decimal(0), available) if found.hard_limit else available)
