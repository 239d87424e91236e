"""The product in a dictionary: the pure core as the actions drive it, without a database.

Every step that time decides is taken at its own instant, as on a test clock; then the command is
decided. Documents are numbered, applications and burns remembered, as the store does.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from uuid import UUID

from tests.machine import papers
from tests.machine.product import Used

from usance.core import entitlements, ids, pricing
from usance.core import outcome as outcomes
from usance.core.accounts import Account, Mode
from usance.core.catalog import (
    EVERYTHING_ADDED,
    Allocation,
    BillingTiming,
    Burn,
    CataloguePlan,
    CreditModel,
    Feature,
    FeatureTerms,
    Limit,
    Overage,
    Plan,
    PlanStatus,
    PlanVersion,
    Rollover,
    Terms,
)
from usance.core.credits import CreditPrice, Grant, GrantKind, Transaction, TransactionKind
from usance.core.customers import Customer, Profile
from usance.core.decisions import (
    advance,
    cancel,
    change_plan,
    granting,
    lifecycle,
    purchase,
    reconcile,
    record,
    reverse_burn,
    settle,
    subscribe,
    void_invoice,
)
from usance.core.draft import Draft
from usance.core.entitlements import Question
from usance.core.ids import (
    AccountId,
    CustomerId,
    FeatureId,
    GrantId,
    InvoiceId,
    PaymentId,
    PlanId,
    SubscriptionId,
    VersionId,
)
from usance.core.invoices import CreditNote, Invoice
from usance.core.metering import UsageEvent
from usance.core.outcome import Changes, Outcome
from usance.core.payments import Application
from usance.core.periods import Interval, Unit
from usance.core.refusals import Code, Refusal
from usance.core.snapshot import Snapshot
from usance.core.subscriptions import CancelMode

Decision = Callable[[Snapshot, datetime, UUID], Outcome]


def exact(value: Fraction) -> Decimal:
    """The decimal that a fraction is; the machine's prices and quantities all are."""
    found = Decimal(value.numerator) / Decimal(value.denominator)
    assert Fraction(found) == value, "a decimal fraction"
    return found


def price_of(price: papers.Price | None) -> pricing.Price | None:
    if price is None:
        return None
    tiers = tuple(
        pricing.Tier(None if top is None else exact(top), exact(unit), exact(flat))
        for top, unit, flat in price.tiers
    )
    model: pricing.Model
    match price.model:
        case "per_unit":
            model = pricing.PerUnit(exact(price.unit))
        case "graduated":
            model = pricing.Graduated(tiers)
        case "volume":
            model = pricing.Volume(tiers)
        case _:
            model = pricing.Package(exact(price.block), exact(price.unit))
    minimum = exact(price.minimum) if price.minimum else None
    return pricing.Price(model, exact(price.included), minimum, None)


def term_of(key: str, term: papers.Term) -> FeatureTerms:
    overage = Overage.BLOCK if term.block else Overage.ALLOW
    return FeatureTerms(
        key=key,
        limit=None if term.limit is None else Limit(exact(term.limit), overage, None),
        price=price_of(term.price),
        aggregation=EVERYTHING_ADDED,
        burn=None if term.burns is None else Burn(term.burns, exact(term.weight), ()),
    )


# When plans were published: before anybody lives.
PUBLISHED = datetime(2020, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=100)
def plan_of(plan: papers.Plan) -> CataloguePlan:
    """The auditor's plan as the product sells it."""
    plan_id = PlanId(ids.derived(PUBLISHED, "plan", plan.key))
    terms = Terms(
        price=exact(plan.price),
        currency=plan.currency,
        interval=Interval(Unit(plan.unit), plan.count),
        timing=BillingTiming.IN_ADVANCE if plan.advance else BillingTiming.IN_ARREARS,
        grace_days=plan.grace_days,
        net_terms_days=plan.net_days,
        trial_days=plan.trial_days,
        features=tuple(term_of(key, term) for key, term in plan.terms),
        credits=tuple(
            Allocation(
                denomination=one.denomination,
                amount=exact(one.amount),
                rollover=Rollover(one.rollover),
                rollover_cap=exact(one.cap) if one.rollover == "CAPPED" else None,
                expires_after_months=one.expires_after_months,
                every=None,
            )
            for one in plan.allocations
        ),
        metadata=(),
    )
    version = PlanVersion(
        VersionId(ids.derived(PUBLISHED, "version", plan.key)),
        plan_id,
        plan.key,
        plan.key,
        1,
        terms,
    )
    sold = Plan(plan_id, plan.key, plan.key, "", PlanStatus.ACTIVE, None)
    return CataloguePlan(sold, version)


class Shop:
    """One customer of one account."""

    def __init__(
        self,
        at: datetime,
        plans: Iterable[papers.Plan],
        *,
        features: Iterable[str],
        soft: Iterable[str],
        denominations: Iterable[str],
        zone: str = "UTC",
        tax: Fraction = Fraction(0),
        name: str = "ada",
    ) -> None:
        self.plans = {plan.key: plan_of(plan) for plan in plans}
        self.name = name
        account = Account(
            id=AccountId(ids.derived(at, "account")),
            name="Test",
            mode=Mode.TEST,
            zone="UTC",
            currency="USD",
            grace_days=3,
            incomplete_days=30,
            tax_rate=Decimal(0),
            clock_offset_us=0,
        )
        customer = Customer(
            account_id=account.id,
            id=CustomerId(ids.derived(at, "customer", name)),
            reference=name,
            profile=Profile(zone=zone, tax_rate=exact(tax)),
            created_at=at,
            decided_at=at,
            erased_at=None,
        )
        self.facts = Snapshot(
            account=account,
            customer=customer,
            features={
                key: Feature(FeatureId(ids.derived(at, key)), key, key, "", enabled=True)
                for key in features
            },
            credit_models={
                name: CreditModel(name, name, name not in soft) for name in denominations
            },
            versions={one.version.id: one.version for one in self.plans.values()},
        )
        self.numbered = 0
        self.calls = 0
        self.applications: list[Application] = []
        self.notes: list[CreditNote] = []
        self.burns: dict[str, Transaction] = {}
        self.reversed: set[str] = set()
        self.events: dict[str, tuple[bytes, UsageEvent]] = {}
        self.transactions: list[Transaction] = []

    # The ledger --------------------------------------------------------------------------------------

    def advance(self, to: datetime) -> int:
        """Take every step that is due until then, each at its own instant; return how many."""
        taken = 0
        while (step := advance.first_due(self.facts, to)) is not None:
            self.keep(advance.perform(self.facts, step, now=step.at))
            taken += 1
        return taken

    def decide(self, now: datetime, decision: Decision) -> Outcome:
        self.calls += 1
        seed = UUID(int=(self.facts.customer.id.int >> 64 << 64) + self.calls)
        return self.keep(decision(self.facts, now, seed))

    def keep(self, decided: Outcome) -> Outcome:
        """Write an outcome as the store does: documents numbered, what a reader needs remembered."""
        numbers = {}
        for invoice in (*decided.invoices.updated, *decided.invoices.inserted):
            if invoice.issued_at is not None and invoice.number is None:
                self.numbered += 1
                numbers[invoice.id] = f"INV-{self.numbered:09}"

        def named(rows: tuple[Invoice, ...]) -> tuple[Invoice, ...]:
            return tuple(
                replace(one, number=numbers[one.id]) if one.id in numbers else one for one in rows
            )

        written = replace(
            decided,
            invoices=Changes(named(decided.invoices.inserted), named(decided.invoices.updated)),
        )
        after = outcomes.apply(self.facts, written)
        self.applications += written.applications
        self.notes += written.credit_notes
        self.transactions += written.transactions
        trialed = {s.plan_id for s in written.subscriptions.inserted if s.trial_ends_at is not None}
        self.facts = replace(
            after, applications=tuple(self.applications), trialed=after.trialed | trialed
        )
        return written

    # Commands ----------------------------------------------------------------------------------------

    def subscribe(self, now: datetime, plan: str, grace: int | None) -> SubscriptionId:
        request = subscribe.Subscribe(self.plans[plan], grace, {})
        written = self.decide(
            now, lambda before, at, seed: subscribe.subscribe(before, request, now=at, seed=seed)
        )
        return written.subscriptions.inserted[0].id

    def mark_paid(
        self, now: datetime, invoice: InvoiceId, amount: Fraction | None, reference: str | None
    ) -> PaymentId | None:
        request = settle.MarkPaid(
            invoice, None if amount is None else exact(amount), reference=reference
        )
        written = self.decide(
            now, lambda before, at, seed: settle.mark_paid(before, request, now=at, seed=seed)
        )
        return next((p.id for p in written.payments.inserted), None)

    def receive(
        self, now: datetime, currency: str, amount: Fraction, reference: str | None
    ) -> PaymentId | None:
        request = reconcile.Receipt(exact(amount), currency, reference=reference)
        written = self.decide(
            now, lambda before, at, seed: reconcile.receive(before, request, now=at, seed=seed)
        )
        return next((p.id for p in written.payments.inserted), None)

    def pay_out(self, now: datetime, currency: str, amount: Fraction) -> None:
        self.decide(
            now,
            lambda before, at, seed: reconcile.pay_out(
                before, exact(amount), currency, now=at, seed=seed
            ),
        )

    def reverse(self, now: datetime, payment: PaymentId) -> None:
        self.decide(
            now, lambda before, at, seed: reconcile.reverse(before, payment, now=at, seed=seed)
        )

    def void(self, now: datetime, invoice: InvoiceId) -> None:
        self.decide(
            now,
            lambda before, at, seed: void_invoice.void_invoice(
                before, invoice, "Voided.", now=at, seed=seed
            ),
        )

    def change(self, now: datetime, sub: SubscriptionId, plan: str, kind: str) -> None:
        request = change_plan.ChangePlan(sub, self.plans[plan], change_plan.ChangeType(kind))
        self.decide(
            now,
            lambda before, at, seed: change_plan.change_plan(before, request, now=at, seed=seed),
        )

    def undo_change(self, now: datetime, sub: SubscriptionId) -> None:
        self.decide(
            now, lambda before, at, seed: change_plan.undo_scheduled(before, sub, now=at, seed=seed)
        )

    def cancel(self, now: datetime, sub: SubscriptionId, mode: str, *, settle: bool) -> None:
        request = cancel.Cancel(sub, CancelMode(mode), settle=settle)
        self.decide(now, lambda before, at, seed: cancel.cancel(before, request, now=at, seed=seed))

    def undo_cancel(self, now: datetime, sub: SubscriptionId) -> None:
        self.decide(now, lambda before, at, seed: cancel.undo(before, sub, now=at, seed=seed))

    def use(self, now: datetime, feature: str, units: Fraction, key: str, at: datetime) -> Used:
        use = record.Use(
            key=key,
            fingerprint=f"{feature} {units} {at}".encode(),
            name="used",
            feature_key=feature,
            units=exact(units),
            occurred_at=at,
            model=None,
            cost=record.Cost(None, None, None),
            revenue_amount=None,
            flow_id=None,
            meta=None,
        )
        if key in self.events:
            fingerprint, known = self.events[key]
            if fingerprint != use.fingerprint:
                raise Refusal(Code.EVENT_KEY_CONFLICT, "Another event has this key.")
            return _used(known)
        made: list[UsageEvent] = []

        def decision(before: Snapshot, at: datetime, seed: UUID) -> Outcome:
            draft = Draft(before, now=at, seed=seed)
            made.append(record.record(draft, use, seed=seed))
            return draft.outcome()

        written = self.decide(now, decision)
        self.events[key] = use.fingerprint, made[0]
        for one in written.transactions:
            if one.kind is TransactionKind.BURN:
                self.burns[key] = one
        return _used(made[0])

    def reverse_burn(self, now: datetime, key: str) -> None:
        burn = self.burns.get(key)
        if burn is None:
            raise Refusal(Code.TRANSACTION_NOT_FOUND, "Nothing was burnt.")
        self.decide(
            now,
            lambda before, at, seed: reverse_burn.reverse_burn(
                before, burn, is_reversed=key in self.reversed, reason=None, now=at, seed=seed
            ),
        )
        self.reversed.add(key)

    def buy(
        self, now: datetime, denomination: str, amount: Fraction, price: Fraction, currency: str
    ) -> None:
        listed = CreditPrice(
            id=ids.derived(now, "price", self.calls),
            denomination=denomination,
            currency=currency,
            price_per_credit=exact(price),
            effective_from=now,
            published_at=now,
        )
        self.facts = replace(self.facts, credit_prices=(listed,))
        self.decide(
            now,
            lambda before, at, seed: purchase.purchase(
                before, denomination, exact(amount), now=at, seed=seed
            ),
        )

    def give(
        self,
        now: datetime,
        denomination: str,
        amount: Fraction,
        *,
        kind: str,
        expires: datetime | None,
        priority: int,
    ) -> None:
        def decision(before: Snapshot, at: datetime, seed: UUID) -> Outcome:
            draft = Draft(before, now=at, seed=seed)
            pool = granting.pool_of(draft, denomination)
            granting.give(
                draft,
                Grant(
                    id=GrantId(draft.new_id("grant")),
                    customer_id=before.customer.id,
                    pool_id=pool.id,
                    kind=GrantKind(kind),
                    amount=exact(amount),
                    remaining=exact(amount),
                    priority=priority,
                    granted_at=at,
                    expires_at=expires,
                ),
            )
            lifecycle.conclude(draft)
            return draft.outcome()

        self.decide(now, decision)

    def access(self, feature: str, now: datetime) -> str | None:
        """None when one more unit would pass, else the code of the denial."""
        found = entitlements.check(self.facts, Question(feature), now)
        return None if found.denial is None else found.denial.value


def _used(event: UsageEvent) -> Used:
    receipt = event.receipt
    flags = receipt["usageLimitExceeded"] is True, receipt["insufficientCredits"] is True
    return Used(Fraction(event.billable), Fraction(event.credits), *flags)
