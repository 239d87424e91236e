"""A life: one customer, kept twice, by the product and by the auditor, and compared after each step."""

from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from typing import Any

from tests.machine import papers
from tests.machine.auditor import Book
from tests.machine.papers import Document, Plan, Refused, Sub, Term
from tests.machine.shop import Shop

from usance.core import credits
from usance.core.decisions import billing, due
from usance.core.decisions.due import StepKind
from usance.core.draft import Draft
from usance.core.ids import GrantId, InvoiceId, PaymentId, SubscriptionId
from usance.core.invoices import Invoice, InvoiceStatus, Line
from usance.core.refusals import Refusal

FAR = papers.NEVER
KINDS = {
    "BASE": "FEE",
    "REMAINING_TIME": "FEE",
    "ELAPSED_TIME": "FEE",
    "UNUSED_TIME": "UNUSED",
    "LATE_USAGE": "USAGE",
    "USAGE": "USAGE",
    "OTHER": "OTHER",
}


PLAIN = ("per_unit", "package")


# When, what, of what, and the number of the call, from which its ids come.
Step = tuple[datetime, str, tuple[Any, ...], int]


class Differ(AssertionError):  # noqa: N818 - a difference, not an error
    """The product and the auditor do not say the same."""


class Life:
    """Steps are told in words; a failure prints them as a story."""

    def __init__(
        self,
        at: datetime,
        plans: list[Plan],
        *,
        zone: str = "UTC",
        tax: Fraction = papers.ZERO,
        soft: frozenset[str] = frozenset(),
        compare: bool = True,
    ) -> None:
        self.now = at
        self.zone = zone
        self.plans = plans
        self.features = list(dict.fromkeys(key for plan in plans for key, _ in plan.terms))
        self.pools = ["CREDITS", "TOKENS"]
        self.book = Book(tax=tax, features=frozenset(self.features), soft=soft)
        self.shop = Shop(
            at,
            plans,
            features=self.features,
            soft=soft,
            denominations=self.pools,
            zone=zone,
            tax=tax,
        )
        self.subs: list[tuple[Sub, SubscriptionId]] = []
        self.invoices: list[tuple[Document, InvoiceId]] = []
        self.payments: list[tuple[papers.Payment, PaymentId]] = []
        self.grants: list[tuple[papers.Grant, GrantId]] = []
        self.keys: list[tuple[str, Fraction, str, datetime]] = []
        self.comparing = compare
        self.steps = 0
        self.refused = 0
        self.script: list[Step] = []
        self.story = [f"zone {zone}, tax {tax}, soft {sorted(soft)}"]
        self.story += [f"plan {told(plan)}" for plan in plans]
        self.answers: set[str | None] = set()
        self.states: set[str] = set()
        self._seen_invoices: dict[InvoiceId, tuple[object, ...]] = {}
        self._identities: set[tuple[object, ...]] = set()

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
        try:
            self.shop.advance(self.now)
        except Exception as error:
            raise Differ(self.told(f"the product broke: {error!r}")) from error
        self.book.advance(self.now)
        self.pair()

    def wait(self, until: datetime) -> None:
        """Time passes."""
        self.now = max(self.now, until)
        self.wrote(
            "wait",
            self.now,
        )
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
        event, use = done
        self.keys.append((feature, units, key, at))
        ours = (
            Fraction(event.billable),
            Fraction(event.covered),
            event.receipt["usageLimitExceeded"],
            event.receipt["insufficientCredits"],
        )
        self.same("receipt", ours, (use.billable, use.covered, use.exceeded, use.short))

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

    # Comparing ---------------------------------------------------------------------------------------

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
        facts, book = self.shop.facts, self.book
        if len(facts.subscriptions) > len(self.subs):
            sub = next(s for s in book.subs if s.rank == 0)
            name = next(i for i in facts.subscriptions if i not in {n for _, n in self.subs})
            self.subs.append((sub, name))
            sub.rank = name.int
            book.subs.sort(key=lambda s: (s.created, s.rank))
        if len(facts.invoices) != len(book.invoices):
            raise Differ(self.told(f"invoices: {self._invoices()}"))
        if len(facts.invoices) > len(self.invoices):
            self._pair_invoices()
        if len(facts.grants) > len(self.grants):
            self._pair_grants()

    def _pair_invoices(self) -> None:
        names = dict(self.subs)
        known = len(self.invoices)
        theirs = list(self.shop.facts.invoices.values())[known:]
        for document in self.book.invoices[known:]:
            name = names.get(document.sub) if document.sub else None
            found = [
                i
                for i in theirs
                if (i.subscription_id, i.kind.value, i.created_at)
                == (name, document.kind, document.created)
            ]
            if not found:
                raise Differ(self.told(f"invoices: {self._invoices()}"))
            theirs.remove(found[0])
            document.rank = found[0].id.int
            self.invoices.append((document, found[0].id))

    def _pair_grants(self) -> None:
        known = {name for _, name in self.grants}
        taken = {id(grant) for grant, _ in self.grants}
        new = [g for g in self.book.grants if id(g) not in taken]
        for row in self.shop.facts.grants.values():
            if row.id in known:
                continue
            pool = self.shop.facts.pools[row.pool_id].denomination
            wanted = (row.kind.value, pool, row.granted_at, row.expires_at)
            found = [g for g in new if (g.kind, g.denomination, g.at, g.expires) == wanted]
            found = [g for g in found if g.amount == row.amount]
            if not found:
                raise Differ(self.told(f"grants: {self._grants()}"))
            # Made in one step and alike, they are told apart by what is left of them.
            found.sort(key=lambda g: g.left(self.now) != row.remaining)
            new.remove(found[0])
            found[0].rank = row.id.int
            self.grants.append((found[0], row.id))
        if new:
            raise Differ(self.told(f"grants: {self._grants()}"))

    def _invoices(self) -> str:
        ours = [
            (i.kind.value, str(i.status), str(i.amount), f"{i.created_at:%Y-%m-%d}")
            for i in self.shop.facts.invoices.values()
        ]
        theirs = [
            (i.kind, i.status(self.now), plain(i.amount), f"{i.created:%Y-%m-%d}")
            for i in self.book.invoices
        ]
        return f"\n   product {ours}\n   auditor {theirs}"

    def _grants(self) -> str:
        ours = [
            (g.kind.value, str(g.amount), f"{g.granted_at:%Y-%m-%d}")
            for g in self.shop.facts.grants.values()
        ]
        theirs = [(g.kind, plain(g.amount), f"{g.at:%Y-%m-%d}") for g in self.book.grants]
        return f"\n   product {ours}\n   auditor {theirs}"

    def compare(self) -> None:
        """Everything that the two say about the customer now."""
        self.catch_up()
        if len(self.shop.facts.grants) != len(self.book.grants):
            raise Differ(self.told(f"grants: {self._grants()}"))
        if not self.comparing:
            return
        for n, (sub, name) in enumerate(self.subs):
            self._compare_subscription(n, sub, name)
        for document, its in self.invoices:
            self._compare_invoice(document, its)
        self._compare_money()
        self._compare_credits()
        for feature in [*self.features, "unknown"]:
            ours, theirs = self.shop.access(feature, self.now), self.book.access(feature, self.now)
            self.same(f"access to {feature}", ours, theirs)
            self.answers.add(theirs)
        first = due_next(self.shop)
        self.same("next due", first, self.book.next_due(self.now))

    def _compare_subscription(self, n: int, sub: Sub, name: SubscriptionId) -> None:
        facts = self.shop.facts
        row = facts.subscriptions[name]
        change = facts.changes.get(name)
        self.states.add(row.status.value)
        period = facts.periods.get((name, row.seq))
        last = sub.last
        self.same(
            f"subscription {n}",
            (
                row.status.value,
                facts.versions[row.version_id].plan_key,
                None if change is None else facts.versions[change.version_id].plan_key,
                None if row.is_ended else row.cancel_at,
                row.cancelled_at,
                period and (period.seq, period.starts_at, period.ends_at, period.is_trial),
                period and period.closed_at is not None,
            ),
            (
                sub.state(self.now),
                sub.plan.key,
                sub.pending and sub.pending.key,
                None if sub.ended else sub.cancel_at,
                sub.ended,
                last and (last.seq, last.start, last.end, last.trial),
                last and last.closed,
            ),
        )

    def _compare_invoice(self, document: Document, name: InvoiceId) -> None:
        row = self.shop.facts.invoices[name]
        seen = (row, document.open, document.voided, document.status(self.now))
        if self._seen_invoices.get(name) == seen and row.status is not InvoiceStatus.PENDING:
            return
        self._seen_invoices[name] = seen
        if row.status is InvoiceStatus.PENDING:
            row = billing.accrued(self.shop.facts, row, self.now)
        pending = row.status is InvoiceStatus.PENDING
        lines = self.book.accrued(document, self.now) if pending else document.lines
        self.same(
            self.label(document),
            (
                row.at(self.now).status.value,
                Fraction(row.amount_paid),
                row.issued_at,
                row.due_at,
                row.past_due_at,
                row.voided_at,
                _lines(row),
            ),
            (
                document.status(self.now),
                document.paid,
                document.issued,
                document.due,
                document.past_due,
                document.voided,
                _papers(document, lines),
            ),
        )
        if not pending and row.status is not InvoiceStatus.VOID:
            self.same(f"{self.label(document)} amount", Fraction(row.amount), document.amount)
        key = (row.subscription_id, row.seq, row.kind, row.n, row.id)
        self._identities.add(key)

    def _compare_money(self) -> None:
        facts = self.shop.facts
        for currency in dict.fromkeys(plan.currency for plan in self.plans):
            row = facts.balances.get(currency)
            ours = Fraction(row.amount) if row else papers.ZERO
            self.same(f"balance {currency}", ours, self.book.balance(currency))
        names = {name: n for n, (_, name) in enumerate(self.subs)}
        papers_of = {sub: n for n, (sub, _) in enumerate(self.subs)}
        self.same(
            "credit notes",
            sorted(
                (n.issued_at, names[n.subscription_id], Fraction(n.amount)) for n in self.shop.notes
            ),
            sorted((n.created, papers_of[n.sub], n.amount) for n in self.book.notes if n.sub),
        )

    def _compare_credits(self) -> None:
        facts = self.shop.facts
        for grant, name in self.grants:
            row = facts.grants[name]
            ours = (Fraction(row.remaining), row.expires_at, row.priority)
            theirs = (grant.left(self.now), grant.expires, grant.priority)
            self.same(f"grant {grant.kind} {grant.amount} of {grant.at}", ours, theirs)
        for pool in facts.pools.values():
            which, book = pool.denomination, self.book
            left = credits.balance(pool, facts.grants.values(), self.now)
            given = sum((g.amount for g in book.grants if g.denomination == which), papers.ZERO)
            self.same(
                f"pool {which} (balance, granted, consumed)",
                (Fraction(left), Fraction(pool.granted), Fraction(pool.consumed)),
                (book.pool(which, self.now), given, book.consumed(which)),
            )


def due_next(shop: Shop) -> datetime | None:
    """When the product's next step is due; late usage after an end may come to nothing."""
    facts = shop.facts
    draft = Draft(facts, now=FAR, seed="")
    at = []
    for sub in facts.subscriptions.values():
        assert sub.next_due_at == due.next_due_at(draft, sub), "the stored due instant is stale"
        at += [s.at for s in due._steps(draft, sub) if s.kind is not StepKind.LATE_USAGE]
    at += [pool.next_due_at for pool in facts.pools.values() if pool.next_due_at]
    at += [
        invoice.past_due_at
        for invoice in facts.invoices.values()
        if invoice.subscription_id is None
        and invoice.status is InvoiceStatus.DUE
        and invoice.past_due_at
    ]
    return min(at, default=None)


def _lines(row: Invoice) -> list[tuple[str, str, Fraction]]:
    return sorted(
        (KINDS[line.kind.value], line.feature_key or "", Fraction(line.amount))
        for line in row.lines
        if not _left_out(row.kind.value, line)
    )


def _left_out(kind: str, line: Line) -> bool:
    return kind == "FINAL" and line.amount == 0


def _papers(document: Document, lines: list[papers.Line]) -> list[tuple[str, str, Fraction]]:
    return sorted(
        ("FEE" if line.kind == "BASE" else line.kind, line.feature or "", line.amount)
        for line in lines
        if document.kind != "FINAL" or line.amount
    )


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
