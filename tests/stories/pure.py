"""Stories on the core alone: a ledger that is a dictionary, and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.corrected import corrected
from tests.stories.format import Setting, Step
from tests.stories.view import (
    Answer,
    Entitled,
    GrantView,
    InvoiceView,
    LineView,
    Note,
    PoolView,
    Receipt,
    Refused,
    ShownCredits,
    ShownInvoice,
    SubscriptionView,
    Teller,
    View,
    in_order,
    receipt_view,
)

from usance.core import catalog_document, credits, entitlements, ids, usage
from usance.core import outcome as outcomes
from usance.core.accounts import Account, Mode
from usance.core.catalog import Catalogue, CataloguePlan
from usance.core.costs import Cost
from usance.core.credits import CreditPrice, CreditWeight, Grant, GrantKind, Transaction
from usance.core.customers import Customer, Profile
from usance.core.decisions import (
    advance,
    billing,
    cancel,
    change_plan,
    correct,
    granting,
    lifecycle,
    one_off,
    publish,
    purchase,
    reconcile,
    record,
    settle,
    subscribe,
    void_invoice,
    write_off,
)
from usance.core.decisions.cancel import Cancel
from usance.core.decisions.change_plan import ChangePlan, ChangeType
from usance.core.decisions.record import Use
from usance.core.decisions.settle import MarkPaid
from usance.core.decisions.subscribe import Subscribe
from usance.core.draft import Draft
from usance.core.entitlements import Question
from usance.core.ids import AccountId, CustomerId, GrantId, InvoiceId, SubscriptionId
from usance.core.invoices import CreditNote, Invoice, InvoiceStatus, Line
from usance.core.metering import UsageEvent
from usance.core.outcome import Changes, Outcome
from usance.core.refusals import Code, Refusal
from usance.core.snapshot import Snapshot
from usance.core.subscriptions import CancelMode, Subscription

Decision = Callable[[Snapshot, datetime, UUID], Outcome]


def seed(step: int) -> UUID:
    """The seed of a step's command: over HTTP it is the same, and so are all ids."""
    return UUID(int=step)


class Pure:
    """One account. Its documents are numbered as the store numbers them."""

    def __init__(self, setting: Setting, start: datetime) -> None:
        self.now = start
        self.account = Account(
            id=AccountId(ids.derived(start, "account")),
            name="Test",
            mode=Mode.TEST,
            zone=setting.account.get("zone", "UTC"),
            currency="USD",
            grace_days=setting.account.get("graceDays", 3),
            incomplete_days=setting.account.get("incompleteDays", 30),
            tax_rate=setting.account.get("taxRate", Decimal(0)),
            clock_offset_us=0,
            cancel_after_past_due_days=setting.account.get("cancelAfterPastDueDays"),
            collection_minutes=setting.account.get("collectionMinutes", 0),
            upgrade_requires_payment=setting.account.get("upgradeRequiresPayment", False),
        )
        nothing: frozenset[str] = frozenset()
        document = catalog_document.parse(setting.document, features=nothing, denominations=nothing)
        published = publish.publish(
            Catalogue((), (), ()), document, prune=False, at=start, seed=seed(0)
        )
        self.plans = {one.plan.key: one for one in published.catalogue.plans}
        self.facts = {
            one.name: Snapshot(
                account=self.account,
                customer=Customer(
                    account_id=self.account.id,
                    id=CustomerId(ids.derived(start, seed(n), "customer")),
                    reference=one.name,
                    profile=Profile(zone=one.zone, tax_rate=one.tax),
                    created_at=start,
                    decided_at=start,
                    erased_at=None,
                ),
                features={one.key: one for one in published.catalogue.features},
                credit_models={m.denomination: m for m in published.catalogue.credit_models},
                versions={plan.version.id: plan.version for plan in self.plans.values()},
                credit_prices=tuple(
                    CreditPrice(seed(n), name, currency, price, start, start)
                    for n, (name, price, currency) in enumerate(setting.prices)
                ),
                credit_weights=tuple(
                    CreditWeight(seed(n), feature, model, weight, start, start)
                    for n, (feature, weight, model) in enumerate(setting.weights)
                ),
            )
            for n, one in enumerate(setting.people)
        }
        self.numbered = {"INV": 0, "CN": 0}
        self.events: dict[tuple[str, str], tuple[bytes, UsageEvent]] = {}
        self.transactions: list[Transaction] = []
        self.cancelled: dict[SubscriptionId, Answer] = {}

    def move(self, to: datetime) -> None:
        """Take every step that is due until then, each at its own instant."""
        while True:
            due = [
                (step.order, name, step)
                for name, facts in self.facts.items()
                if (step := advance.first_due(facts, to)) is not None
            ]
            if not due:
                break
            _, name, step = min(due, key=lambda one: one[0])
            self._keep(name, advance.perform(self.facts[name], step, now=step.at))
        self.now = to

    def do(self, step: Step, teller: Teller, view: View) -> Answer:
        """Do the step; `view` is how things stand before it."""
        try:
            return self._do(step, teller, view)
        except Refusal as refusal:
            return Refused(refusal.code)

    def view(self) -> View:
        return View(
            invoices=tuple(
                sorted(
                    (
                        self._invoice(name, invoice)
                        for name, facts in self.facts.items()
                        for invoice in facts.invoices.values()
                    ),
                    key=lambda i: i.id,
                )
            ),
            subscriptions=tuple(
                sorted(
                    (
                        self._subscription(name, one)
                        for name, facts in self.facts.items()
                        for one in facts.subscriptions.values()
                    ),
                    key=lambda s: s.id,
                )
            ),
            balances={
                (name, currency): balance.amount
                for name, facts in self.facts.items()
                for currency, balance in facts.balances.items()
            },
            pools={
                (name, pool.denomination): PoolView(
                    balance=credits.balance(pool, facts.grants.values(), self.now),
                    granted=pool.granted,
                    consumed=pool.consumed,
                    expired=pool.expired,
                    clawed=pool.clawed,
                    overdraft=pool.overdraft,
                )
                for name, facts in self.facts.items()
                for pool in facts.pools.values()
            },
        )

    # The ledger --------------------------------------------------------------------------------------

    def _decide(self, name: str, decision: Decision, step: int) -> Outcome:
        return self._keep(name, decision(self.facts[name], self.now, seed(step)))

    def _keep(self, name: str, decided: Outcome) -> Outcome:
        written = self._with_numbers(decided)
        self.transactions += written.transactions
        after = outcomes.apply(self.facts[name], written)
        trialed = {s.plan_id for s in after.subscriptions.values() if s.trial_ends_at is not None}
        self.facts[name] = replace(
            after,
            trialed=after.trialed | trialed,
            applications=after.applications + written.applications,
        )
        return written

    def _with_numbers(self, decided: Outcome) -> Outcome:
        def named(invoice: Invoice) -> Invoice:
            if invoice.issued_at is None or invoice.number is not None:
                return invoice
            return replace(invoice, number=self._number("INV", invoice.issued_at))

        updated = tuple(named(one) for one in decided.invoices.updated)
        inserted = tuple(named(one) for one in decided.invoices.inserted)
        return replace(
            decided,
            invoices=Changes(inserted=inserted, updated=updated),
            credit_notes=tuple(
                replace(one, number=self._number("CN", one.issued_at))
                for one in decided.credit_notes
            ),
        )

    def _number(self, series: str, issued_at: datetime) -> str:
        self.numbered[series] += 1
        year = issued_at.astimezone(ZoneInfo(self.account.zone)).year
        return f"{series}-{year}-{self.numbered[series]:05}"

    # The steps ---------------------------------------------------------------------------------------

    def _do(  # noqa: PLR0911 - an arm for each kind of step
        self, step: Step, teller: Teller, view: View
    ) -> Answer:
        match step.verb:
            case "tick":
                return None
            case "show":
                return self._show(step, teller, view)
            case "use" | "correct":
                return self._use(step, teller.customer(view, step.who))
            case "check":
                return self._check(step, teller.customer(view, step.who))
            case "pay" | "void" | "write_off" | "redraw" | "issue":
                self._settle(step, teller.labelled(step.words[0]))
                return None
            case "subscribe" | "grant" | "buy" | "receive" | "reverse" | "payout" | "bill":
                name = teller.customer(view, step.who)
                self._decide(
                    name,
                    lambda before, now, one: self._about_customer(step, before, now, one),
                    step.number,
                )
                return None
        return self._change_subscription(
            step, SubscriptionId(teller.subscription(view, step.who).id)
        )

    def _about_customer(  # noqa: PLR0911 - an arm for each kind of step
        self, step: Step, before: Snapshot, now: datetime, one: UUID
    ) -> Outcome:
        match step.verb, *step.words:
            case "subscribe", plan, *_:
                grace = step.option("grace")
                days = None if grace is None else int(grace)
                request = Subscribe(self._plan(plan, "planKey"), days, {})
                return subscribe.subscribe(before, request, now=now, seed=one)
            case "grant", *_:
                return _give(before, step, now, one)
            case "buy", denomination, number:
                return purchase.purchase(before, denomination, Decimal(number), now=now, seed=one)
            case "receive", amount, currency, *_:
                money = reconcile.Receipt(Decimal(amount), currency, reference=step.option("ref"))
                return reconcile.receive(before, money, now=now, seed=one)
            case "reverse", reference:
                payments = [p.id for p in before.payments.values() if p.reference == reference]
                return reconcile.reverse(before, payments[0], now=now, seed=one)
            case "bill", currency, *words:
                terms = None if "draft" in words else _terms(step)
                return one_off.draw_up(before, _content(step), currency, terms, now=now, seed=one)
            case "payout", amount, currency:
                return reconcile.pay_out(before, Decimal(amount), currency, now=now, seed=one)
        raise AssertionError(f"{step.verb}: not a step")

    def _plan(self, key: str, field: str) -> CataloguePlan:
        if key not in self.plans:
            raise Refusal(Code.PLAN_NOT_FOUND, "There is no such plan.", field=field)
        return self.plans[key]

    def _settle(self, step: Step, invoice_id: UUID) -> None:
        one = InvoiceId(invoice_id)
        request = MarkPaid(
            invoice_id=one,
            amount=step.amount(1),
            paid_at=step.instant("dated"),
            reference=step.option("ref"),
        )
        name = next(name for name, facts in self.facts.items() if one in facts.invoices)

        def decision(before: Snapshot, now: datetime, drawn: UUID) -> Outcome:
            match step.verb:
                case "void":
                    return void_invoice.void_invoice(before, one, "A story.", now=now, seed=drawn)
                case "write_off":
                    return write_off.write_off(before, one, "A story.", now=now, seed=drawn)
                case "redraw":
                    return one_off.rewrite(before, one, _content(step), now=now, seed=drawn)
                case "issue":
                    return one_off.issue(before, one, _terms(step), now=now, seed=drawn)
            return settle.mark_paid(before, request, now=now, seed=drawn)

        self._decide(name, decision, step.number)

    def _change_subscription(self, step: Step, one: SubscriptionId) -> Answer:
        name = next(name for name, facts in self.facts.items() if one in facts.subscriptions)
        over = self.facts[name].subscriptions[one].is_ended
        written = self._decide(
            name,
            lambda before, now, drawn: self._changed(step, one, before, now, drawn),
            step.number,
        )
        note = _note(written)
        if step.verb != "cancel":
            return note
        # Cancelling again returns the same result.
        return self.cancelled.setdefault(one, note) if over or note is not None else None

    def _changed(
        self, step: Step, one: SubscriptionId, before: Snapshot, now: datetime, drawn: UUID
    ) -> Outcome:
        match step.verb, step.words[0]:
            case (("upgrade" | "downgrade"), plan):
                request = ChangePlan(
                    one, self._plan(plan, "changeToPlanKey"), ChangeType(step.verb.upper())
                )
                return change_plan.change_plan(before, request, now=now, seed=drawn)
            case "undo", "change":
                return change_plan.undo_scheduled(before, one, now=now, seed=drawn)
            case "undo", "cancel":
                return cancel.undo(before, one, now=now, seed=drawn)
            case "cancel", when:
                mode = {"now": CancelMode.IMMEDIATE, "end": CancelMode.END_OF_PERIOD}[when]
                return cancel.cancel(
                    before,
                    Cancel(one, mode, settle="unsettled" not in step.words),
                    now=now,
                    seed=drawn,
                )
            case "grace", days:
                draft = Draft(before, now=now, seed=drawn)
                draft.put(replace(before.subscriptions[one], grace_days=int(days)))
                lifecycle.conclude(draft)
                return draft.outcome()
        raise AssertionError(f"{step.verb}: not a step")

    def _use(self, step: Step, name: str) -> Answer:
        key = step.option("key") or f"event {step.number}"
        corrects = step.words[0] if step.verb == "correct" else None
        use = Use(
            key=key,
            fingerprint=" ".join((step.verb, *step.words)).encode(),
            name="used",
            feature_key=step.words[0] if corrects is None else None,
            units=Decimal(step.words[1]) * (1 if corrects is None else -1),
            occurred_at=step.instant("at"),
            model=step.option("model"),
            cost=Cost(None, None, None),
            revenue_amount=None,
            flow_id=None,
            meta=step.meta,
            corrects=corrects,
        )
        if (name, key) in self.events:
            fingerprint, known = self.events[name, key]
            if fingerprint != use.fingerprint:
                return Refused(Code.EVENT_KEY_CONFLICT)
            return replace(_receipt(known), duplicate=True)
        draft = Draft(self.facts[name], now=self.now, seed=seed(step.number))
        if corrects is None:
            event = record.record(draft, use, seed=seed(step.number))
        else:
            own = [one for (whose, _), (_, one) in self.events.items() if whose == name]
            stored = corrected(own, self.transactions)
            event = correct.correct(draft, use, stored, seed=seed(step.number))
        self._keep(name, draft.outcome())
        self.events[name, key] = use.fingerprint, event
        return _receipt(event)

    def _check(self, step: Step, name: str) -> Answer:
        facts = advance.brought_to(self.facts[name], self.now, own_time=True)
        question = Question(step.words[0], units=step.amount(1), model=step.option("model"))
        one = entitlements.check(facts, question, self.now)
        return Entitled(
            denial=None if one.denial is None else one.denial.value,
            used=None if one.usage is None else one.usage.used,
            limit=None if one.usage is None else one.usage.limit,
            remaining=None if one.usage is None else one.usage.remaining,
            credit=None if one.credit is None else one.credit.available,
            projected=None if one.simulation is None else one.simulation.projected_usage,
            overage=None if one.simulation is None else one.simulation.projected_overage,
            estimated=None if one.quote is None else one.quote.estimated_credits,
        )

    def _show(self, step: Step, teller: Teller, view: View) -> Answer:
        if step.words[0] != "credits":
            return ShownInvoice(teller.labelled(step.words[0]))
        facts = self.facts[teller.customer(view, step.who)]
        grants = [
            GrantView(
                facts.pools[one.pool_id].denomination,
                one.granted_at,
                one.kind.value,
                one.amount,
                one.remaining,
                one.expires_at,
            )
            for one in facts.grants.values()
        ]
        return ShownCredits(in_order(grants))

    # Showing -----------------------------------------------------------------------------------------

    def _invoice(self, name: str, one: Invoice) -> InvoiceView:
        if one.status is InvoiceStatus.PENDING and not one.is_draft:
            one = billing.accrued(self.facts[name], one, self.now)
        one = one.at(self.now)
        return InvoiceView(
            id=one.id,
            customer=name,
            number=one.number,
            kind=one.kind.value,
            status=one.status.value,
            subtotal=one.subtotal,
            tax=one.tax_amount,
            amount=one.amount,
            paid=one.amount_paid,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            created_at=one.created_at,
            issued_at=one.issued_at,
            due_at=one.due_at,
            past_due_at=one.past_due_at,
            paid_at=one.paid_at,
            voided_at=one.voided_at,
            replaced_by=one.replaced_by,
            lines=tuple(_line(line, one) for line in one.lines),
        )

    def _subscription(self, name: str, one: Subscription) -> SubscriptionView:
        facts = self.facts[name]
        period = facts.periods.get((one.id, one.seq))
        change = facts.changes.get(one.id)
        return SubscriptionView(
            id=one.id,
            customer=name,
            plan=facts.versions[one.version_id].plan_key,
            status=one.status.value,
            is_active=usage.is_usable(facts, one, self.now),
            starts_at=None if period is None else period.starts_at,
            ends_at=None if period is None else period.ends_at,
            anchor_at=one.anchor_at,
            cancel_at=one.cancel_at,
            cancelled_at=one.cancelled_at,
            then=None if change is None else facts.versions[change.version_id].plan_key,
            grace_days=one.grace_days,
            created_at=one.created_at,
        )


def _line(line: Line, invoice: Invoice) -> LineView:
    own = line.starts_at is not None
    return LineView(
        kind=line.kind.value,
        description=line.description,
        amount=line.amount,
        quantity=line.quantity,
        unit_price=line.unit_price,
        starts_at=line.starts_at if own else invoice.starts_at,
        ends_at=line.ends_at if own else invoice.ends_at,
    )


def _note(written: Outcome) -> Answer:
    if not written.credit_notes:
        return None
    one: CreditNote = written.credit_notes[0]
    applied = sum((a.amount for a in written.applications if a.source_id == one.id), Decimal(0))
    assert one.number is not None, "a credit note is numbered"
    return Note(one.number, one.amount, one.tax_amount, one.amount - applied)


def _receipt(event: UsageEvent) -> Receipt:
    return receipt_view(event.receipt)


def _content(step: Step) -> one_off.Content:
    items = (one_off.Item("Work", Decimal(1), each) for each in step.amounts)
    return one_off.Content(tuple(items))


def _terms(step: Step) -> one_off.Terms:
    return one_off.Terms(int(step.option("net") or 0))


def _give(before: Snapshot, step: Step, now: datetime, drawn: UUID) -> Outcome:
    """Give credits by hand, as `actions/credits.py` does."""
    amount = Decimal(step.words[1])
    kinds = [kind for kind in GrantKind if kind.value.lower() in step.words]
    draft = Draft(before, now=now, seed=drawn)
    pool = granting.pool_of(draft, step.words[0])
    grant = Grant(
        id=GrantId(draft.new_id("grant")),
        customer_id=before.customer.id,
        pool_id=pool.id,
        kind=kinds[0] if kinds else GrantKind.PROMOTIONAL,
        amount=amount,
        remaining=amount,
        priority=int(step.option("priority") or 0),
        granted_at=now,
        expires_at=step.instant("expires"),
        reason=None,
    )
    granting.give(draft, grant)
    lifecycle.conclude(draft)
    return draft.outcome()
