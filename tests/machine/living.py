"""A life: one customer's steps, told to a product and to the auditor, and which papers are which.

What the product is, and how the two are compared after a step, is for each kind of life to say: the
core alone in life.py, the whole application in http_life.py.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from tests.machine import papers
from tests.machine.correcting import Corrections
from tests.machine.papers import Document, Plan, Refused, Sub, Term
from tests.machine.product import Bill, Given, Product, Settled, Used

from usance.core.ids import GrantId, HoldId, InvoiceId, PaymentId, SubscriptionId
from usance.core.refusals import Refusal

PLAIN = ("per_unit", "package")
POOLS = ("CREDITS", "TOKENS")

# When, what, of what, and the number of the call, from which its ids come.
Step = tuple[datetime, str, tuple[Any, ...], int]


class Differ(AssertionError):  # noqa: N818 - a difference, not an error
    """The product and the auditor do not say the same."""


class Living(ABC):
    """Steps are told in words; a failure prints them as a story."""

    def __init__(
        self,
        at: datetime,
        plans: list[Plan],
        shop: Product,
        *,
        zone: str,
        tax: Fraction,
        soft: frozenset[str],
    ) -> None:
        self.now = at
        self.zone = zone
        self.plans = plans
        self.features = features_of(plans)
        self.pools = list(POOLS)
        self.book = Corrections(tax=tax, features=frozenset(self.features), soft=soft)
        self.shop = shop
        self.subs: list[tuple[Sub, SubscriptionId]] = []
        self.invoices: list[tuple[Document, InvoiceId]] = []
        self.payments: list[tuple[papers.Payment, PaymentId]] = []
        self.grants: list[tuple[papers.Grant, GrantId]] = []
        self.keys: list[tuple[str, Fraction, str, datetime]] = []
        self.corrections: list[tuple[str, Fraction, str]] = []
        self.holds: list[tuple[papers.Hold, HoldId]] = []
        self.settled: list[tuple[int, Fraction, str | None, datetime]] = []
        self.steps = 0
        self.refused = 0
        self.script: list[Step] = []
        self.story = [f"zone {zone}, tax {tax}, soft {sorted(soft)}"]
        self.story += [f"plan {told(plan)}" for plan in plans]
        self.answers: set[str | None] = set()
        self.states: set[str] = set()

    # What the product has ----------------------------------------------------------------------------

    @abstractmethod
    def known_subscriptions(self) -> Mapping[SubscriptionId, Any]:
        """All subscriptions that the product has, oldest first."""

    @abstractmethod
    def known_invoices(self) -> Mapping[InvoiceId, Any]:
        """All invoices that the product has, oldest first."""

    @abstractmethod
    def known_grants(self) -> Mapping[GrantId, Any]:
        """All grants that the product has."""

    @abstractmethod
    def bill(self, row: Any) -> Bill:
        """By what one of its invoices is known."""

    @abstractmethod
    def given(self, row: Any) -> Given:
        """By what one of its grants is known."""

    @abstractmethod
    def compare(self) -> None:
        """Everything that the two say about the customer now."""

    # Steps -------------------------------------------------------------------------------------------

    def wrote(self, name: str, *arguments: Any) -> None:
        """Keep a step as it can be lived again."""
        self.script.append((self.now, name, arguments, self.shop.calls))

    def both(
        self, words: str, shop: Callable[[], Any], book: Callable[[], Any]
    ) -> tuple[Any, Any] | None:
        """Take a step on both sides; None when both refuse it."""
        self.steps += 1
        self.story.append(f"{self.now:%Y-%m-%d %H:%M:%S.%f}  {words}")
        self.catch_up()
        ours = theirs = None
        refusal: str | None = None
        try:
            ours = shop()
        except Refusal as error:
            refusal = error.code.value
        except Exception as error:
            raise Differ(self.told(f"the product broke: {error!r}")) from error
        told: str | None = None
        try:
            theirs = book()
        except Refused as error:
            told = str(error)
        if refusal != told:
            raise Differ(self.told(f"refusal: product {refusal}, auditor {told}"))
        self.refused += refusal is not None
        self.compare()
        return None if refusal is not None else (ours, theirs)

    def catch_up(self) -> None:
        self.pass_time()
        self.pair()

    def pass_time(self) -> None:
        """Both come to now."""
        try:
            self.shop.advance(self.now)
        except Exception as error:
            raise Differ(self.told(f"the product broke: {error!r}")) from error
        self.book.advance(self.now)

    def wait(self, until: datetime) -> None:
        """Time passes."""
        self.now = max(self.now, until)
        self.wrote("wait", self.now)
        self.both("wait", lambda: None, lambda: None)

    def subscribe(self, plan: Plan, grace: int | None) -> None:
        self.wrote("subscribe", plan, grace)
        done = self.both(
            f"subscribe {plan.key} grace={grace}",
            lambda: self.shop.subscribe(self.now, plan.key, grace),
            lambda: self.book.subscribe(self.now, plan, grace, self.zone),
        )
        if done is not None:
            self.pair()

    def pay(self, n: int, amount: Fraction | None, reference: str | None) -> None:
        self.wrote("pay", n, amount, reference)
        invoice, name = self.invoices[n]
        done = self.both(
            f"pay {self.label(invoice)} amount={amount} reference={reference}",
            lambda: self.shop.mark_paid(self.now, name, amount, reference),
            lambda: self.book.mark_paid(self.now, invoice, amount, reference),
        )
        self._pair_payment(done)

    def receive(self, currency: str, amount: Fraction, reference: str | None) -> None:
        self.wrote("receive", currency, amount, reference)
        done = self.both(
            f"receive {currency} {amount} reference={reference}",
            lambda: self.shop.receive(self.now, currency, amount, reference),
            lambda: self.book.receive(self.now, currency, amount, reference),
        )
        self._pair_payment(done)

    def _pair_payment(self, done: tuple[Any, Any] | None) -> None:
        if done is not None and done[0] is not None:
            self.payments.append((self.book.payments[-1], done[0]))
        if len(self.payments) != len(self.book.payments):
            raise Differ(self.told("one of them did not record the payment"))

    def pay_out(self, currency: str, amount: Fraction) -> None:
        self.wrote("pay_out", currency, amount)
        self.both(
            f"pay out {currency} {amount}",
            lambda: self.shop.pay_out(self.now, currency, amount),
            lambda: self.book.pay_out(currency, amount),
        )

    def reverse(self, n: int) -> None:
        self.wrote("reverse", n)
        payment, name = self.payments[n]
        self.both(
            f"payment {n} of {payment.amount} bounces",
            lambda: self.shop.reverse(self.now, name),
            lambda: self.book.reverse(self.now, payment),
        )

    def void(self, n: int) -> None:
        self.wrote("void", n)
        invoice, name = self.invoices[n]
        self.both(
            f"void {self.label(invoice)}",
            lambda: self.shop.void(self.now, name),
            lambda: self.book.void(self.now, invoice),
        )

    def upgrade(self, n: int, plan: Plan) -> None:
        self.wrote("upgrade", n, plan)
        sub, name = self.subs[n]
        self.both(
            f"upgrade subscription {n} to {plan.key}",
            lambda: self.shop.change(self.now, name, plan.key, "UPGRADE"),
            lambda: self.book.upgrade(self.now, sub, plan),
        )

    def downgrade(self, n: int, plan: Plan) -> None:
        self.wrote("downgrade", n, plan)
        sub, name = self.subs[n]
        self.both(
            f"downgrade subscription {n} to {plan.key}",
            lambda: self.shop.change(self.now, name, plan.key, "DOWNGRADE"),
            lambda: self.book.downgrade(self.now, sub, plan),
        )

    def undo_change(self, n: int) -> None:
        self.wrote("undo_change", n)
        sub, name = self.subs[n]
        self.both(
            f"undo the change of subscription {n}",
            lambda: self.shop.undo_change(self.now, name),
            lambda: self.book.undo_change(sub),
        )

    def cancel(self, n: int, mode: str, settle: bool = True) -> None:  # noqa: FBT001, FBT002
        self.wrote("cancel", n, mode, settle)
        sub, name = self.subs[n]
        self.both(
            f"cancel subscription {n} {mode} settle={settle}",
            lambda: self.shop.cancel(self.now, name, mode, settle=settle),
            lambda: self.book.cancel(self.now, sub, mode, settle=settle),
        )

    def undo_cancel(self, n: int) -> None:
        self.wrote("undo_cancel", n)
        sub, name = self.subs[n]
        self.both(
            f"undo the cancellation of subscription {n}",
            lambda: self.shop.undo_cancel(self.now, name),
            lambda: self.book.undo_cancel(sub),
        )

    def use(self, feature: str, units: Fraction, key: str, at: datetime) -> None:
        self.wrote("use", feature, units, key, at)
        done = self.both(
            f"use {feature} {units} key={key} at {at}",
            lambda: self.shop.use(self.now, feature, units, key, at),
            lambda: self.book.use(self.now, feature, units, key, at),
        )
        if done is None:
            return
        ours, use = done
        self.keys.append((feature, units, key, at))
        burnt = sum((take for _, take in use.burnt), use.overdrawn)
        self.same("receipt", ours, Used(use.billable, burnt, use.exceeded, use.short))

    def correct(self, of: str, units: Fraction, key: str) -> None:
        self.wrote("correct", of, units, key)
        done = self.both(
            f"take {units} off {of} key={key}",
            lambda: self.shop.correct(self.now, of, units, key),
            lambda: self.book.correct(self.now, of, units, key),
        )
        if done is None:
            return
        ours, use = done
        self.corrections.append((of, units, key))
        theirs = Used(use.billable, -use.returned, exceeded=False, short=False)
        self.same("receipt", ours, theirs)

    def take(self, feature: str, units: Fraction, life: timedelta, key: str | None) -> None:
        self.wrote("take", feature, units, life, key)
        done = self.both(
            f"hold {feature} {units} for {life} key={key}",
            lambda: self.shop.take(self.now, feature, units, life, key),
            lambda: self.book.take(self.now, feature, units, life, key),
        )
        if done is None:
            return
        name, hold = done
        known = {id(one): its for one, its in self.holds}
        if id(hold) not in known:
            self.holds.append((hold, name))
        self.same("the hold of a key", name, known.get(id(hold), name))

    def settle(self, n: int, units: Fraction, key: str | None, at: datetime) -> None:
        """Without a key the hold's own id is the event's."""
        self.wrote("settle", n, units, key, at)
        hold, name = self.holds[n]
        used_key = str(name) if key is None else key
        done = self.both(
            f"settle hold {n} with {units} key={key} at {at}",
            lambda: self.shop.settle(self.now, name, units, used_key, at),
            lambda: self.book.settle(self.now, hold, units, used_key, at),
        )
        if done is None:
            return
        ours, use = done
        self.settled.append((n, units, key, at))
        self.keys.append((hold.feature, units, used_key, at))
        burnt = sum((take for _, take in use.burnt), use.overdrawn)
        used = Used(use.billable, burnt, use.exceeded, use.short)
        self.same("receipt", ours, Settled(used, use.hold_over))

    def release(self, n: int) -> None:
        self.wrote("release", n)
        hold, name = self.holds[n]
        self.both(
            f"release hold {n}",
            lambda: self.shop.release(self.now, name),
            lambda: self.book.release(self.now, hold),
        )

    def reverse_burn(self, key: str) -> None:
        self.wrote("reverse_burn", key)
        self.both(
            f"reverse the burn of {key}",
            lambda: self.shop.reverse_burn(self.now, key),
            lambda: self.book.reverse_burn(self.now, key),
        )

    def buy(self, pool: str, amount: Fraction, price: Fraction, currency: str) -> None:
        self.wrote("buy", pool, amount, price, currency)
        self.both(
            f"buy {amount} {pool} at {price} {currency}",
            lambda: self.shop.buy(self.now, pool, amount, price, currency),
            lambda: self.book.buy(self.now, pool, amount, price, currency),
        )

    def give(
        self, pool: str, amount: Fraction, kind: str, expires: datetime | None, priority: int
    ) -> None:
        self.wrote("give", pool, amount, kind, expires, priority)
        grant = papers.Grant(kind, pool, amount, self.now, expires, priority)
        self.both(
            f"give {amount} {pool} {kind} expires={expires} priority={priority}",
            lambda: self.shop.give(
                self.now, pool, amount, kind=kind, expires=expires, priority=priority
            ),
            lambda: self.book.give(grant),
        )

    # Pairing -----------------------------------------------------------------------------------------

    def label(self, invoice: Document) -> str:
        where = [n for n, (sub, _) in enumerate(self.subs) if sub is invoice.sub]
        number = self.book.invoices.index(invoice)
        return f"invoice {number} ({invoice.kind} of subscription {where}, {invoice.amount})"

    def told(self, difference: str) -> str:
        return "\n".join(["", *self.story, f"=> {difference}"])

    def same(self, what: str, ours: object, theirs: object) -> None:
        if ours != theirs:
            raise Differ(
                self.told(f"{what}:\n   product {plain(ours)}\n   auditor {plain(theirs)}")
            )

    def pair(self) -> None:
        """Tell which of the auditor's papers is which of the product's rows."""
        subscriptions, book = self.known_subscriptions(), self.book
        if len(subscriptions) > len(self.subs):
            sub = next(s for s in book.subs if s.rank == 0)
            name = next(i for i in subscriptions if i not in {n for _, n in self.subs})
            self.subs.append((sub, name))
            sub.rank = name.int
            book.subs.sort(key=lambda s: (s.created, s.rank))
        invoices = self.known_invoices()
        if len(invoices) != len(book.invoices):
            raise Differ(self.told(f"invoices: {self._told_invoices()}"))
        if len(invoices) > len(self.invoices):
            self._pair_invoices()
        if len(self.known_grants()) > len(self.grants):
            self._pair_grants()

    def _pair_invoices(self) -> None:
        names = dict(self.subs)
        known = {name for _, name in self.invoices}
        bills = {
            name: self.bill(row) for name, row in self.known_invoices().items() if name not in known
        }
        for document in self.book.invoices[len(self.invoices) :]:
            whose = names.get(document.sub) if document.sub else None
            wanted = (whose, document.kind, document.created)
            found = [name for name, bill in bills.items() if bill[:3] == wanted]
            if not found:
                raise Differ(self.told(f"invoices: {self._told_invoices()}"))
            del bills[found[0]]
            document.rank = found[0].int
            self.invoices.append((document, found[0]))

    def _pair_grants(self) -> None:
        known = {name for _, name in self.grants}
        taken = {id(grant) for grant, _ in self.grants}
        new = [g for g in self.book.grants if id(g) not in taken]
        for name, row in self.known_grants().items():
            if name in known:
                continue
            given = self.given(row)
            found = [grant for grant in new if self._known_by(grant) == given[:-1]]
            if not found:
                raise Differ(self.told(f"grants: {self.told_grants()}"))
            # Made in one step and alike, they are told apart by what is left of them.
            found.sort(key=lambda g: g.left(self.now) != given.remaining)
            new.remove(found[0])
            found[0].rank = name.int
            self.grants.append((found[0], name))
        if new:
            raise Differ(self.told(f"grants: {self.told_grants()}"))

    def tell_apart(self, left: Callable[[GrantId], Fraction]) -> None:
        """Name alike grants by what is left of them: made at one instant, any may be spent first."""
        alike: dict[tuple[object, ...], list[int]] = {}
        for place, (grant, _) in enumerate(self.grants):
            alike.setdefault((*self._known_by(grant), grant.priority), []).append(place)
        for places in alike.values():
            names = [self.grants[place][1] for place in places]
            ours = [left(name) for name in names]
            theirs = [self.grants[place][0].left(self.now) for place in places]
            if ours == theirs or sorted(ours) != sorted(theirs):
                continue
            for place, there in zip(places, theirs, strict=True):
                name = names.pop(ours.index(there))
                ours.remove(there)
                grant = self.grants[place][0]
                grant.rank = name.int
                self.grants[place] = (grant, name)

    def _known_by(self, grant: papers.Grant) -> tuple[object, ...]:
        whose = dict(self.subs)[grant.period.sub] if grant.period else None
        return whose, grant.kind, grant.denomination, grant.at, grant.expires, grant.amount

    def _told_invoices(self) -> str:
        bills = [self.bill(row) for row in self.known_invoices().values()]
        ours = [(b.kind, b.status, plain(b.amount), f"{b.created:%Y-%m-%d}") for b in bills]
        theirs = [
            (i.kind, i.status(self.now), plain(i.amount), f"{i.created:%Y-%m-%d}")
            for i in self.book.invoices
        ]
        return f"\n   product {ours}\n   auditor {theirs}"

    def told_grants(self) -> str:
        given = [self.given(row) for row in self.known_grants().values()]
        ours = [(g.kind, plain(g.amount), f"{g.at:%Y-%m-%d}") for g in given]
        theirs = [(g.kind, plain(g.amount), f"{g.at:%Y-%m-%d}") for g in self.book.grants]
        return f"\n   product {ours}\n   auditor {theirs}"


def features_of(plans: list[Plan]) -> list[str]:
    """The features that plans speak of, in their order."""
    return list(dict.fromkeys(key for plan in plans for key, _ in plan.terms))


def plain(value: object) -> object:
    """A value as a reader likes it."""
    if isinstance(value, Fraction):
        return str(float(value)) if value.denominator > 1 else str(value.numerator)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S.%f}"
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def told(plan: Plan) -> str:
    """A plan in a few lines."""
    parts = [
        plan.key,
        f"{plain(plan.price)} {plan.currency}",
        f"{plan.count} {plan.unit}",
        "advance" if plan.advance else "arrears",
        f"trial={plan.trial_days} grace={plan.grace_days} net={plan.net_days}",
    ]
    parts += [f"\n    {key}: {fields(term)}" for key, term in plan.terms]
    parts += [f"\n    {fields(one)}" for one in plan.allocations]
    return " ".join(parts)


def fields(one: Term | papers.Allocation | papers.Price) -> str:
    """What is said, without what is not."""
    said = []
    for name in one.__dataclass_fields__:
        value = getattr(one, name)
        if isinstance(value, papers.Price):
            value = f"({fields(value)})"
        flat = isinstance(one, papers.Price) and one.model in PLAIN
        if value not in (None, 0, ()) and not (name == "tiers" and flat):
            said.append(f"{name}={plain(value)}")
    return " ".join(said)
