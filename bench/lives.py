"""Lives of customers, as the product itself writes them: each month used, billed and paid.

The seller speaks to the actions, as the API does, with instants of the past. What they write is then
copied for as many customers as a benchmark needs (`seed.py`).
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import count
from typing import TypeVar
from uuid import UUID

from usance.actions import accounts, advance, catalog, customers, invoices, payments, subscriptions
from usance.actions import usage as events
from usance.actions.accounts import NewAccount
from usance.actions.commands import Call
from usance.core.accounts import Account, Mode
from usance.core.costs import Cost
from usance.core.customers import Customer, Profile
from usance.core.decisions.change_plan import ChangeType
from usance.core.decisions.reconcile import Receipt
from usance.core.decisions.record import Use
from usance.core.decisions.settle import MarkPaid
from usance.core.ids import InvoiceId
from usance.core.subscriptions import CancelMode
from usance.store.db import Db, Tx

T = TypeVar("T")

_COST = Cost(Decimal("0.0125"), "USD", {"inputTokens": 2500, "outputTokens": 500})

_OPEN = """
    SELECT invoice_id, amount - amount_paid AS open
      FROM invoices
     WHERE customer_id = $1
       AND status IN ('DUE', 'PAST_DUE')
     ORDER BY created_at, invoice_id
"""


@dataclass
class Seller:
    """An account that sells since the instant `since`."""

    db: Db
    account: Account
    since: datetime
    _seeds: "count[int]" = field(default_factory=lambda: count(1))

    @classmethod
    async def opened(cls, db: Db, catalogue: object, since: datetime) -> "Seller":
        """Return a new account that sells a catalogue."""
        request = NewAccount(name="bench", mode=Mode.TEST)
        seller = cls(db, await db.run(lambda tx: accounts.create(tx, request)), since)
        await seller.done(since, lambda tx, call: catalog.apply(tx, call, catalogue))
        # As it is now: its row carries the catalogue's version.
        seller.account = await db.run(lambda tx: accounts.get(tx, seller.account.id))
        return seller

    async def done(self, now: datetime, work: Callable[[Tx, Call], Awaitable[T]]) -> T:
        """Return what an action comes to."""
        call = Call(self.account, now, UUID(int=next(self._seeds)), None)
        return await self.db.run(lambda tx: work(tx, call))

    async def customer(self, reference: str, profile: Profile | None = None) -> "Buyer":
        """Return a new customer."""
        who = profile or Profile()
        made = await self.done(
            self.since, lambda tx, call: customers.create(tx, call, reference, who)
        )
        return Buyer(self, made, self.since)


@dataclass
class Buyer:
    """A customer, and what it does; all of it happens at `now`, which only goes forward."""

    seller: Seller
    customer: Customer
    now: datetime
    _keys: "count[int]" = field(default_factory=lambda: count(1))

    async def _done(self, work: Callable[[Tx, Call], Awaitable[T]]) -> T:
        return await self.seller.done(self.now, work)

    async def later(self, **by: int) -> None:
        """Let time pass, with all that it makes due."""
        self.now += timedelta(**by)
        await advance.catch_up(self.seller.db, self.seller.account, self.customer.id, self.now)

    async def subscribe(self, plan: str) -> UUID:
        """Return a new subscription, not paid yet."""
        taken = await self._done(
            partial(
                subscriptions.take,
                reference=self.customer.reference,
                plan_id=None,
                plan_key=plan,
                grace_days=3,
                metadata={},
            )
        )
        return taken.view.subscription.id

    async def use(self, feature: str, units: int) -> None:
        """Report an event."""
        key = f"event-{next(self._keys)}"
        sent = Use(
            key=key,
            fingerprint=hashlib.sha256(key.encode()).digest(),
            name="used",
            feature_key=feature,
            units=Decimal(units),
            occurred_at=None,
            model=None,
            cost=_COST,
            revenue_amount=None,
            flow_id=None,
            meta={"team": "blue", "request": key},
        )
        await self._done(lambda tx, call: events.report(tx, call, self.customer.reference, sent))

    async def pay(self, *, parts: int = 1, too_much: Decimal = Decimal(0)) -> None:
        """Pay what is open, each invoice in parts, the last of them with too much."""
        for row in await self.seller.db.read(lambda tx: tx.fetch(_OPEN, self.customer.id)):
            part = (row["open"] / parts).quantize(Decimal(1))
            for n in range(parts):
                rest = row["open"] - part * n if n == parts - 1 else part
                request = MarkPaid(
                    InvoiceId(row["invoice_id"]),
                    amount=rest + (too_much if n == parts - 1 else 0),
                    method="bank_transfer",
                    reference=f"transfer-{next(self._keys)}",
                )
                await self._done(lambda tx, call, r=request: invoices.mark_paid(tx, call, r))  # type: ignore[misc]

    async def send(self, amount: int) -> UUID:
        """Send money that names no invoice; return the payment."""
        receipt = Receipt(Decimal(amount), "USD", reference=f"transfer-{next(self._keys)}")
        reference = self.customer.reference
        sent = await self._done(lambda tx, call: payments.receive(tx, call, reference, receipt))
        return sent.payment.id

    async def bounce(self, payment_id: UUID) -> None:
        """Take a payment back."""
        await self._done(lambda tx, call: payments.reverse(tx, call, payment_id))

    async def upgrade(self, subscription_id: UUID, plan: str) -> None:
        """Change to a larger plan now."""
        await self._done(
            partial(
                subscriptions.change,
                subscription_id=subscription_id,
                plan_id=None,
                plan_key=plan,
                change_type=ChangeType.UPGRADE,
            )
        )

    async def cancel(self, subscription_id: UUID) -> None:
        """End a subscription now; what is unused comes back as a credit note."""
        await self._done(
            partial(
                subscriptions.end,
                subscription_id=subscription_id,
                mode=CancelMode.IMMEDIATE,
                settle=True,
            )
        )


_MONTH = {"unit": "MONTH", "count": 1}
_CHAT = {
    "key": "chat",
    "credits": {"denomination": "CREDITS", "weight": Decimal("0.5")},
    "price": {"model": "per_unit", "unitPrice": Decimal("0.01"), "unitLabel": "messages"},
}
_CALLS = {
    "key": "calls",
    "price": {"model": "per_unit", "unitPrice": Decimal("0.002"), "includedUnits": 1000},
}
_CREDITS = [{"denomination": "CREDITS", "amount": 100, "rollover": "CAPPED", "rolloverCap": 20}]

CATALOGUE = {
    "features": [{"key": "chat", "name": "Chat"}, {"key": "calls", "name": "Calls"}],
    "creditModels": [{"denomination": "CREDITS", "name": "Credits", "hardLimit": True}],
    "plans": [
        {
            "key": key,
            "name": key.title(),
            "price": {"amount": amount, "currency": "USD"},
            "interval": _MONTH,
            "billingTiming": timing,
            "features": [_CHAT, _CALLS],
            "credits": _CREDITS,
        }
        for key, amount, timing in (
            ("small", Decimal("19.00"), "IN_ADVANCE"),
            ("large", Decimal("49.90"), "IN_ADVANCE"),
            ("used", Decimal("5.00"), "IN_ARREARS"),
        )
    ],
}


async def paid(seller: Seller, plan: str) -> Customer:
    """Return a customer who has taken a plan and paid for its first period."""
    buyer = await seller.customer("bench-paid")
    await buyer.subscribe(plan)
    await buyer.pay()
    return buyer.customer


async def steady(seller: Seller) -> Customer:
    """Return a customer who takes a plan in advance, uses it and pays, month by month for a year."""
    buyer = await seller.customer("bench-steady", Profile(tax_rate=Decimal(19)))
    await buyer.subscribe("small")
    await buyer.pay()
    for _ in range(11):
        for _ in range(2):
            await buyer.later(days=10)
            await buyer.use("chat", 90)
            await buyer.use("calls", 700)
        await buyer.later(days=11)
        await buyer.pay()
    return buyer.customer


async def metered(seller: Seller) -> Customer:
    """Return a customer who pays afterwards for what was used, in two parts."""
    buyer = await seller.customer("bench-metered")
    await buyer.subscribe("used")
    for _ in range(12):
        for _ in range(2):
            await buyer.later(days=10)
            await buyer.use("chat", 150)
            await buyer.use("calls", 900)
        await buyer.later(days=11)
        await buyer.pay(parts=2)
    return buyer.customer


async def changing(seller: Seller) -> Customer:
    """Return a customer who upgrades, pays too much, has a payment bounce, and cancels."""
    buyer = await seller.customer("bench-changing", Profile(tax_rate=Decimal("7.7")))
    subscription_id = await buyer.subscribe("small")
    await buyer.pay()
    await buyer.later(days=12)
    await buyer.use("chat", 60)
    await buyer.upgrade(subscription_id, "large")
    await buyer.pay(too_much=Decimal(10))
    for month in range(8):
        await buyer.later(days=31)
        await buyer.use("chat", 80)
        await buyer.pay()
        if month == 5:  # noqa: PLR2004 - any month will do
            await buyer.bounce(await buyer.send(30))
    await buyer.later(days=9)
    await buyer.cancel(subscription_id)
    return buyer.customer


async def owing(seller: Seller) -> Customer:
    """Return a customer who stops paying, and stays overdue."""
    buyer = await seller.customer("bench-owing")
    await buyer.subscribe("small")
    await buyer.pay()
    for _ in range(2):
        await buyer.later(days=31)
        await buyer.pay()
    await buyer.later(days=40)
    return buyer.customer


# A life, and how many of a hundred customers lead it.
LIVES = ((steady, 70), (metered, 18), (changing, 8), (owing, 4))
