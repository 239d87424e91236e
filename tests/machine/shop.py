"""The product in a dictionary: the pure core as the actions drive it, without a database.

Every step that time decides is taken at its own instant, as on a test clock; then the command is
decided. Documents are numbered, applications and burns remembered, as the store does.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from tests.corrected import corrected, credits_off
from tests.machine import papers
from tests.machine.product import Settled, Used
from tests.machine.sold import exact, plan_of

from usance.core import entitlements, ids
from usance.core import outcome as outcomes
from usance.core.accounts import Account, Mode
from usance.core.catalog import (
    CreditModel,
    Feature,
)
from usance.core.costs import Cost
from usance.core.credits import CreditPrice, Grant, GrantKind, Transaction, TransactionKind
from usance.core.customers import Customer, Profile
from usance.core.decisions import (
    advance,
    cancel,
    change_plan,
    correct,
    granting,
    hold,
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
from usance.core.entitlements import Entitlement, Question
from usance.core.ids import (
    AccountId,
    CustomerId,
    FeatureId,
    GrantId,
    HoldId,
    InvoiceId,
    PaymentId,
    SubscriptionId,
)
from usance.core.invoices import CreditNote, Invoice
from usance.core.metering import UsageEvent
from usance.core.outcome import Changes, Outcome
from usance.core.payments import Application
from usance.core.refusals import Code, Refusal
from usance.core.snapshot import Snapshot
from usance.core.subscriptions import CancelMode

Decision = Callable[[Snapshot, datetime, UUID], Outcome]


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
        use = _use(feature, units, key, at, "")
        known = self._known(use)
        if known is not None:
            return _used(known)
        made: list[UsageEvent] = []

        def decision(before: Snapshot, at: datetime, seed: UUID) -> Outcome:
            draft = Draft(before, now=at, seed=seed)
            made.append(record.record(draft, use, seed=seed))
            return draft.outcome()

        self._remember(use, made, self.decide(now, decision))
        return _used(made[0])

    def _known(self, use: record.Use) -> UsageEvent | None:
        """The event that is there under the key; another one under it is refused."""
        fingerprint, known = self.events.get(use.key, (b"", None))
        if known is not None and fingerprint != use.fingerprint:
            raise Refusal(Code.EVENT_KEY_CONFLICT, "Another event has this key.")
        return known

    def _remember(self, use: record.Use, made: list[UsageEvent], written: Outcome) -> None:
        self.events[use.key] = use.fingerprint, made[0]
        for one in written.transactions:
            if one.kind is TransactionKind.BURN:
                self.burns[use.key] = one

    def correct(self, now: datetime, of: str, units: Fraction, key: str) -> Used:
        use = replace(_use(None, -units, key, None, of), corrects=of)
        known = self._known(use)
        if known is not None:
            return _used(known)
        stored = corrected((event for _, event in self.events.values()), self.transactions)
        made: list[UsageEvent] = []

        def decision(before: Snapshot, at: datetime, seed: UUID) -> Outcome:
            draft = Draft(before, now=at, seed=seed)
            made.append(correct.correct(draft, use, stored, seed=seed))
            return draft.outcome()

        self._remember(use, made, self.decide(now, decision))
        return _used(made[0])

    def take(
        self, now: datetime, feature: str, units: Fraction, life: timedelta, key: str | None
    ) -> HoldId:
        fingerprint = f"{feature} {units} {life}".encode()
        request = hold.Take(key, fingerprint, feature, exact(units), None, life)
        made: list[HoldId] = []

        def decision(before: Snapshot, at: datetime, seed: UUID) -> Outcome:
            draft = Draft(before, now=at, seed=seed)
            made.append(hold.take(draft, request, seed=seed).id)
            return draft.outcome()

        self.decide(now, decision)
        return made[0]

    def settle(
        self, now: datetime, hold_id: HoldId, units: Fraction, key: str, at: datetime
    ) -> Settled:
        feature = self.facts.holds[hold_id].counted.feature_key
        use = _use(feature, units, key, at, str(hold_id))
        known = self._known(use)
        if known is not None:
            return _settled(known)
        made: list[UsageEvent] = []

        def decision(before: Snapshot, at: datetime, seed: UUID) -> Outcome:
            outcome, event = hold.settle(before, hold_id, use, now=at, seed=seed)
            made.append(event)
            return outcome

        self._remember(use, made, self.decide(now, decision))
        return _settled(made[0])

    def release(self, now: datetime, hold_id: HoldId) -> None:
        self.decide(now, lambda before, at, seed: hold.release(before, hold_id, now=at, seed=seed))

    def reverse_burn(self, now: datetime, key: str) -> None:
        burn = self.burns.get(key)
        if burn is None:
            raise Refusal(Code.TRANSACTION_NOT_FOUND, "Nothing was burnt.")
        corrected = credits_off((event for _, event in self.events.values()), burn)
        self.decide(
            now,
            lambda before, at, seed: reverse_burn.reverse_burn(
                before,
                burn,
                is_reversed=key in self.reversed,
                corrected=corrected,
                reason=None,
                now=at,
                seed=seed,
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

    def asked(self, feature: str, now: datetime) -> Entitlement:
        """What is said to who asks for one more unit."""
        return entitlements.check(self.facts, Question(feature), now)


def _use(
    feature: str | None, units: Fraction, key: str, at: datetime | None, of: str
) -> record.Use:
    """An event as sent; `of` is what it settles or corrects."""
    return record.Use(
        key=key,
        fingerprint=f"{feature} {units} {at} {of}".encode(),
        name="used",
        feature_key=feature,
        units=exact(units),
        occurred_at=at,
        model=None,
        cost=Cost(None, None, None),
        revenue_amount=None,
        flow_id=None,
        meta=None,
    )


def _used(event: UsageEvent) -> Used:
    receipt = event.receipt
    flags = receipt["usageLimitExceeded"] is True, receipt["insufficientCredits"] is True
    return Used(Fraction(event.billable), Fraction(event.credits), *flags)


def _settled(event: UsageEvent) -> Settled:
    return Settled(_used(event), event.receipt["holdExpired"] is True)
