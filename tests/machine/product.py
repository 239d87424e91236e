"""What a life asks of a product, and by what it knows its answers and its rows."""

from datetime import datetime, timedelta
from fractions import Fraction
from typing import NamedTuple, Protocol

from usance.core.ids import HoldId, InvoiceId, PaymentId, SubscriptionId


class Used(NamedTuple):
    """What a product answers to usage: billable units, credits burnt, and whether it was cut."""

    billable: Fraction
    credits: Fraction
    exceeded: bool
    short: bool


class Settled(NamedTuple):
    """What a product answers to the use of a hold, and whether the hold was over."""

    used: Used
    over: bool


class Bill(NamedTuple):
    """By what an invoice of the product is known; the rest tells it apart in a failure."""

    subscription_id: SubscriptionId | None
    kind: str
    created: datetime
    status: str
    amount: Fraction


class Given(NamedTuple):
    """By what a grant of the product is known, and what is left of it."""

    subscription_id: SubscriptionId | None
    kind: str
    denomination: str
    at: datetime
    expires: datetime | None
    amount: Fraction
    remaining: Fraction


class Product(Protocol):
    """What a customer of a product may ask of it; each says no by a Refusal."""

    calls: int

    def advance(self, to: datetime) -> object:
        """Let time pass until then."""

    def subscribe(self, now: datetime, plan: str, grace: int | None) -> object: ...

    def mark_paid(
        self, now: datetime, invoice: InvoiceId, amount: Fraction | None, reference: str | None
    ) -> PaymentId | None:
        """Return the payment, if this recorded one."""

    def receive(
        self, now: datetime, currency: str, amount: Fraction, reference: str | None
    ) -> PaymentId | None:
        """Return the payment, if this recorded one."""

    def pay_out(self, now: datetime, currency: str, amount: Fraction) -> object: ...

    def reverse(self, now: datetime, payment: PaymentId) -> object: ...

    def void(self, now: datetime, invoice: InvoiceId) -> object: ...

    def change(self, now: datetime, sub: SubscriptionId, plan: str, kind: str) -> object: ...

    def undo_change(self, now: datetime, sub: SubscriptionId) -> object: ...

    def cancel(self, now: datetime, sub: SubscriptionId, mode: str, *, settle: bool) -> object: ...

    def undo_cancel(self, now: datetime, sub: SubscriptionId) -> object: ...

    def use(self, now: datetime, feature: str, units: Fraction, key: str, at: datetime) -> Used: ...

    def reverse_burn(self, now: datetime, key: str) -> object: ...

    def correct(self, now: datetime, of: str, units: Fraction, key: str) -> Used:
        """Take so many units off the event of a key."""

    def take(
        self, now: datetime, feature: str, units: Fraction, life: timedelta, key: str | None
    ) -> HoldId:
        """Return the hold, which a key may name that was made before."""

    def settle(
        self, now: datetime, hold_id: HoldId, units: Fraction, key: str, at: datetime
    ) -> Settled:
        """Record the use of a hold; the hold's id as key is what stands in for none."""

    def release(self, now: datetime, hold_id: HoldId) -> object: ...

    def buy(
        self, now: datetime, denomination: str, amount: Fraction, price: Fraction, currency: str
    ) -> object: ...

    def give(
        self,
        now: datetime,
        denomination: str,
        amount: Fraction,
        *,
        kind: str,
        expires: datetime | None,
        priority: int,
    ) -> object: ...
