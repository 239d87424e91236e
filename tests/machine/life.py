"""A life of the core alone: what it decides is compared with the auditor's books after each step."""

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction

from tests.machine import papers
from tests.machine.living import POOLS, Differ, Living, features_of
from tests.machine.papers import Document, Plan, Sub
from tests.machine.product import Bill, Given
from tests.machine.shop import Shop

from usance.core import credits, usage
from usance.core.credits import Grant
from usance.core.decisions import billing, due
from usance.core.decisions.due import StepKind
from usance.core.draft import Draft
from usance.core.ids import GrantId, InvoiceId, SubscriptionId
from usance.core.invoices import Invoice, InvoiceStatus, Line
from usance.core.subscriptions import Subscription

FAR = papers.NEVER
KINDS = {
    "BASE": "FEE",
    "REMAINING_TIME": "FEE",
    "ELAPSED_TIME": "FEE",
    "UNUSED_TIME": "UNUSED",
    "LATE_USAGE": "USAGE",
    "USAGE": "USAGE",
    "OTHER": "OTHER",
    "REVERSED_PAYMENT": "OTHER",
}


class Life(Living):
    """The product is a `Shop`: the core's decisions on a snapshot that is kept in memory."""

    shop: Shop

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
        shop = Shop(
            at,
            plans,
            features=features_of(plans),
            soft=soft,
            denominations=POOLS,
            zone=zone,
            tax=tax,
        )
        super().__init__(at, plans, shop, zone=zone, tax=tax, soft=soft)
        self.comparing = compare
        self._seen_invoices: dict[InvoiceId, tuple[object, ...]] = {}

    def known_subscriptions(self) -> Mapping[SubscriptionId, Subscription]:
        return self.shop.facts.subscriptions

    def known_invoices(self) -> Mapping[InvoiceId, Invoice]:
        return self.shop.facts.invoices

    def known_grants(self) -> Mapping[GrantId, Grant]:
        return self.shop.facts.grants

    def bill(self, row: Invoice) -> Bill:
        kind, status = row.kind.value, row.status.value
        return Bill(row.subscription_id, kind, row.created_at, status, Fraction(row.amount))

    def given(self, row: Grant) -> Given:
        pool = self.shop.facts.pools[row.pool_id].denomination
        amounts = Fraction(row.amount), Fraction(row.remaining)
        when = row.granted_at, row.expires_at
        return Given(row.subscription_id, row.kind.value, pool, *when, *amounts)

    def compare(self) -> None:
        """Everything that the two say about the customer now."""
        self.catch_up()
        if len(self.shop.facts.grants) != len(self.book.grants):
            raise Differ(self.told(f"grants: {self.told_grants()}"))
        if not self.comparing:
            return
        for n, (sub, name) in enumerate(self.subs):
            self._compare_subscription(n, sub, name)
        for document, its in self.invoices:
            self._compare_invoice(document, its)
        self._compare_money()
        self._compare_credits()
        for feature in [*self.features, "unknown"]:
            self._compare_access(feature)
        self._compare_holds()
        first = due_next(self.shop)
        self.same("next due", first, self.book.next_due(self.now))

    def _compare_access(self, feature: str) -> None:
        found, theirs = self.shop.asked(feature, self.now), self.book.access(feature, self.now)
        ours = None if found.denial is None else found.denial.value
        self.same(f"access to {feature}", ours, theirs)
        self.answers.add(theirs)
        state = found.usage
        shown = None if state is None else (state.used, state.limit, state.remaining)
        self.same(
            f"usage of {feature} (used, limit, remaining)",
            shown and tuple(None if one is None else Fraction(one) for one in shown),
            self.book.shown(feature, self.now),
        )

    def _compare_holds(self) -> None:
        names = dict(self.subs)
        for n, (hold, name) in enumerate(self.holds):
            row = self.shop.facts.holds[name]
            self.same(
                f"hold {n}",
                (
                    row.status_at(self.now).value,
                    row.counted.subscription_id,
                    row.counted.seq,
                    row.counted.feature_key,
                    Fraction(row.units),
                    row.denomination,
                    Fraction(row.credits),
                    (row.created_at, row.expires_at),
                ),
                (
                    hold.status(self.now),
                    names[hold.period.sub],
                    hold.period.seq,
                    hold.feature,
                    hold.units,
                    hold.denomination,
                    hold.credits,
                    (hold.at, hold.expires),
                ),
            )

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
                lines_of(document, lines),
            ),
        )
        if not pending and row.status is not InvoiceStatus.VOID:
            self.same(f"{self.label(document)} amount", Fraction(row.amount), document.amount)

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
        self.tell_apart(lambda name: Fraction(facts.grants[name].remaining))
        for grant, name in self.grants:
            row = facts.grants[name]
            ours = (Fraction(row.remaining), row.expires_at, row.priority)
            theirs = (grant.left(self.now), grant.expires, grant.priority)
            self.same(f"grant {grant.kind} {grant.amount} of {grant.at}", ours, theirs)
        for pool in facts.pools.values():
            which, book = pool.denomination, self.book
            left = credits.balance(pool, facts.grants.values(), self.now)
            held = usage.credits_held(facts, which, self.now)
            given = sum((g.amount for g in book.grants if g.denomination == which), papers.ZERO)
            self.same(
                f"pool {which} (balance, available, granted, consumed)",
                tuple(Fraction(one) for one in (left, left - held, pool.granted, pool.consumed)),
                (
                    book.pool(which, self.now),
                    book.available(which, self.now),
                    given,
                    book.consumed(which),
                ),
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


def lines_of(document: Document, lines: list[papers.Line]) -> list[tuple[str, str, Fraction]]:
    """The auditor's lines as the product has them: a FINAL invoice leaves out what is nothing."""
    return sorted(
        ("FEE" if line.kind == "BASE" else line.kind, line.feature or "", line.amount)
        for line in lines
        if document.kind != "FINAL" or line.amount
    )
