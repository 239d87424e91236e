"""The worked examples of BILLING.md as a life of one customer, run on the pure core.

A table `| on | done | then |` is one life: on a date something is done, and then the facts hold. The
plans are those of the YAML block before it. Time passes by the same steps as on a test clock.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from tests.corrected import corrected

from usance.actions import costs as pricing
from usance.cli import catalog_file
from usance.core import catalog_document, credits, entitlements, ids
from usance.core import outcome as outcomes
from usance.core.accounts import Account, Mode
from usance.core.catalog import Catalogue, CataloguePlan
from usance.core.costs import Cost, FeatureCost, ModelPrice, Rates, Tokens, costs_of
from usance.core.credits import CreditPrice, Transaction
from usance.core.customers import Customer, Profile
from usance.core.decisions import (
    advance,
    billing,
    cancel,
    change_plan,
    correct,
    publish,
    purchase,
    reconcile,
    record,
    settle,
    void_invoice,
)
from usance.core.decisions import subscribe as subscribing
from usance.core.decisions.cancel import Cancel
from usance.core.decisions.change_plan import ChangePlan, ChangeType
from usance.core.decisions.reconcile import Receipt
from usance.core.decisions.record import Use
from usance.core.decisions.settle import MarkPaid
from usance.core.decisions.subscribe import Subscribe
from usance.core.draft import Draft
from usance.core.entitlements import Question
from usance.core.invoices import OPEN, CreditNote, Invoice, InvoiceStatus
from usance.core.metering import UsageEvent
from usance.core.outcome import Outcome
from usance.core.refusals import Refusal
from usance.core.snapshot import Snapshot
from usance.core.subscriptions import CancelMode, Subscription

FEATURE = "chat"
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
_ACCOUNT = Account(
    id=ids.AccountId(UUID(int=1)),
    name="Worked examples",
    mode=Mode.TEST,
    zone="UTC",
    currency="USD",
    grace_days=3,
    incomplete_days=30,
    tax_rate=Decimal(0),
    clock_offset_us=0,
)
# What BILLING.md says of the price of a credit.
_PRICE = CreditPrice(UUID(int=4), "CREDITS", "USD", Decimal("0.02"), _BEGINNING, _BEGINNING)


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    line: int
    on: datetime
    done: str
    then: str


def plans_of(yaml: str) -> Catalogue:
    """Return the catalogue of a document."""
    empty = Catalogue(features=(), credit_models=(), plans=())
    value = catalog_file.loads(yaml.encode(), "plans.yaml")
    document = catalog_document.parse(value, features=set(), denominations=set())
    seed = UUID(int=2)
    return publish.publish(empty, document, prune=False, at=_BEGINNING, seed=seed).catalogue


class Life:
    """One customer, from nothing."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.plans: dict[str, CataloguePlan] = {each.plan.key: each for each in catalogue.plans}
        customer = Customer(
            account_id=_ACCOUNT.id,
            id=ids.CustomerId(UUID(int=3)),
            reference="worked",
            profile=Profile(),
            created_at=_BEGINNING,
            decided_at=_BEGINNING,
            erased_at=None,
        )
        self.facts = Snapshot(
            _ACCOUNT,
            customer,
            features={each.key: each for each in catalogue.features},
            credit_models={each.denomination: each for each in catalogue.credit_models},
            versions={each.version.id: each.version for each in catalogue.plans},
            credit_prices=(_PRICE,),
        )
        self.now = _BEGINNING
        self.notes: list[CreditNote] = []
        self.events: list[UsageEvent] = []
        self.transactions: list[Transaction] = []
        self.refused: str | None = None
        self.receipt: dict[str, object] = {}
        self._rules: list[FeatureCost] = []
        self._prices: list[ModelPrice] = []
        self._calls = 0

    # Doing ------------------------------------------------------------------------------------------

    def do(self, row: Row) -> None:
        """Let time pass to the row's date, and do what it says."""
        assert row.on >= self.now, "a table goes forward in time"
        self.now, self.refused = row.on, None
        while (step := advance.first_due(self.facts, self.now)) is not None:
            self._keep(advance.perform(self.facts, step, now=step.at))
        for pattern, act in self._actions():
            found = re.fullmatch(pattern, row.done)
            if found:
                try:
                    act(*found.groups())
                except Refusal as refusal:
                    self.refused = refusal.code.value
                return
        raise AssertionError(f"nobody knows how to: {row.done}")

    def _actions(self) -> list[tuple[str, Callable[..., object]]]:
        return [
            (r"time passes", lambda: None),
            (r"subscribe to (\w+)", self._subscribe),
            (r"pay", lambda: self._pay(None)),
            (r"pay ([\d.]+)", self._pay),
            (r"use ([\d.,]+)(?: of ([\w.-]+))?(?: at ([\d.]+))?(?:, as of (.+))?", self._use),
            (r"call ([\w.-]+): ([\d,]+) in, ([\d,]+) out(?:, as of (.+))?", self._call),
            (r"a unit costs ([\d.]+) ([A-Z]{3}) from (.+)", self._unit_costs),
            (r"([\w.-]+) costs ([\d.]+) in, ([\d.]+) out ([A-Z]{3}) from (.+)", self._model_costs),
            (r"([\w.-]+) costs as listed from (.+)", self._as_listed),
            (r"take ([\d.,]+) off the event of (.+)", self._correct),
            (r"upgrade to (\w+)", lambda key: self._change(key, ChangeType.UPGRADE)),
            (r"downgrade to (\w+)", lambda key: self._change(key, ChangeType.DOWNGRADE)),
            (r"undo the change", self._undo_change),
            (r"cancel at the period's end", lambda: self._cancel(CancelMode.END_OF_PERIOD)),
            (r"cancel now", lambda: self._cancel(CancelMode.IMMEDIATE)),
            (r"cancel now without settling", lambda: self._cancel(CancelMode.IMMEDIATE, "no")),
            (r"undo the cancellation", self._undo_cancellation),
            (r"void the newest invoice", self._void),
            (r"the last payment bounces", self._bounce),
            (r"receive ([\d.]+)", self._receive),
            (r"pay out ([\d.]+)", self._pay_out),
            (r"buy ([\d,]+) credits", self._buy),
        ]

    @property
    def subscription(self) -> Subscription:
        """The newest subscription."""
        return max(self.facts.subscriptions.values(), key=lambda s: s.created_at)

    def _seed(self) -> UUID:
        self._calls += 1
        return UUID(int=1000 + self._calls)

    def _keep(self, outcome: Outcome) -> None:
        self.notes += outcome.credit_notes
        self.events += outcome.events
        self.transactions += outcome.transactions
        applied = self.facts.applications + outcome.applications
        self.facts = replace(outcomes.apply(self.facts, outcome), applications=applied)

    def _subscribe(self, key: str) -> None:
        request = Subscribe(self.plans[key], None, {})
        self._keep(subscribing.subscribe(self.facts, request, now=self.now, seed=self._seed()))
        if self.subscription.trial_ends_at is not None:
            trialed = self.facts.trialed | {self.subscription.plan_id}
            self.facts = replace(self.facts, trialed=trialed)

    def _pay(self, amount: str | None) -> None:
        issued = self._invoices()
        invoice = next((i for i in issued if i.status in OPEN), issued[-1])
        request = MarkPaid(invoice.id, amount=None if amount is None else Decimal(amount))
        self._keep(settle.mark_paid(self.facts, request, now=self.now, seed=self._seed()))

    def _use(self, units: str, model: str | None, sent: str | None, at: str | None) -> None:
        cost = Cost(None, None, None)
        if sent is not None:
            cost = Cost(Decimal(sent), _ACCOUNT.currency, None)
        self._record(units, model, None, cost, at)

    def _call(self, model: str, entered: str, answered: str, at: str | None) -> None:
        counts = [int(text.replace(",", "")) for text in (entered, answered)]
        tokens = pricing.named(Tokens(model, None, *counts))
        listed = pricing.listed(tokens, self.now if at is None else instant(at))
        self._record("1", model, tokens, listed, at)

    def _record(
        self, units: str, model: str | None, tokens: Tokens | None, cost: Cost, at: str | None
    ) -> None:
        seed = self._seed()
        use = Use(
            key=str(seed),
            fingerprint=b"",
            name="used",
            feature_key=FEATURE,
            units=Decimal(units.replace(",", "")),
            occurred_at=None if at is None else instant(at),
            model=model,
            cost=cost,
            revenue_amount=None,
            flow_id=None,
            meta=None,
            tokens=tokens,
        )
        draft = Draft(self.facts, now=self.now, seed=seed)
        self.receipt = record.record(draft, use, seed=seed).receipt
        self._keep(draft.outcome())

    def _unit_costs(self, amount: str, currency: str, since: str) -> None:
        since_at = instant(since)
        self._rules.append(
            FeatureCost(self._seed(), FEATURE, Decimal(amount), currency, since_at, self.now)
        )
        self._keep_costs()

    def _model_costs(
        self, model: str, entered: str, answered: str, currency: str, since: str
    ) -> None:
        self._price(model, Rates(Decimal(entered), Decimal(answered)), currency, since)

    def _as_listed(self, model: str, since: str) -> None:
        self._price(model, None, "USD", since)

    def _price(self, model: str, rates: Rates | None, currency: str, since: str) -> None:
        since_at = instant(since)
        self._prices.append(
            ModelPrice(self._seed(), None, model, currency, rates, since_at, self.now)
        )
        self._keep_costs()

    def _keep_costs(self) -> None:
        self.facts = replace(self.facts, costs=costs_of(self._rules, self._prices))

    def _correct(self, units: str, on: str) -> None:
        first = next(one for one in self.events if one.occurred_at == instant(on))
        seed = self._seed()
        use = Use(
            key=str(seed),
            fingerprint=b"",
            name="used",
            feature_key=None,
            units=-Decimal(units.replace(",", "")),
            occurred_at=None,
            model=None,
            cost=Cost(None, None, None),
            revenue_amount=None,
            flow_id=None,
            meta=None,
            corrects=first.key,
        )
        draft = Draft(self.facts, now=self.now, seed=seed)
        stored = corrected(self.events, self.transactions)
        self.receipt = correct.correct(draft, use, stored, seed=seed).receipt
        self._keep(draft.outcome())

    def _change(self, key: str, change: ChangeType) -> None:
        request = ChangePlan(self.subscription.id, self.plans[key], change)
        self._keep(change_plan.change_plan(self.facts, request, now=self.now, seed=self._seed()))

    def _undo_change(self) -> None:
        one = self.subscription.id
        self._keep(change_plan.undo_scheduled(self.facts, one, now=self.now, seed=self._seed()))

    def _cancel(self, mode: CancelMode, settled: str = "yes") -> None:
        request = Cancel(self.subscription.id, mode, settle=settled == "yes")
        self._keep(cancel.cancel(self.facts, request, now=self.now, seed=self._seed()))

    def _undo_cancellation(self) -> None:
        one = self.subscription.id
        self._keep(cancel.undo(self.facts, one, now=self.now, seed=self._seed()))

    def _void(self) -> None:
        newest = [i for i in self._invoices() if i.status in OPEN][-1]
        self._keep(
            void_invoice.void_invoice(
                self.facts, newest.id, "A worked example.", now=self.now, seed=self._seed()
            )
        )

    def _bounce(self) -> None:
        standing = [p for p in self.facts.payments.values() if p.reversed_at is None]
        last = max(standing, key=lambda p: p.recorded_at)
        self._keep(reconcile.reverse(self.facts, last.id, now=self.now, seed=self._seed()))

    def _receive(self, amount: str) -> None:
        receipt = Receipt(Decimal(amount), "USD")
        self._keep(reconcile.receive(self.facts, receipt, now=self.now, seed=self._seed()))

    def _pay_out(self, amount: str) -> None:
        self._keep(
            reconcile.pay_out(self.facts, Decimal(amount), "USD", now=self.now, seed=self._seed())
        )

    def _buy(self, wanted: str) -> None:
        bought = Decimal(wanted.replace(",", ""))
        self._keep(
            purchase.purchase(self.facts, "CREDITS", bought, now=self.now, seed=self._seed())
        )

    # Looking ----------------------------------------------------------------------------------------

    def state(self, fact: str) -> str:
        """Return the fact of the same kind as it really is, in the same words."""
        for pattern, look in self._looks():
            if re.fullmatch(pattern, fact):
                return look()
        raise AssertionError(f"nobody knows this fact: {fact}")

    def _looks(self) -> list[tuple[str, Callable[[], str]]]:
        return [
            (r"[A-Z_]+", lambda: self.subscription.status.value),
            (r"access|no access: \w+", self._access),
            (r"period .*", self._period),
            (r"invoices .*|no invoice", self._issued),
            (r"pending .*|nothing pending", self._pending),
            (r"notes .*|no note", self._notes),
            (r"credits .*", self._credits),
            (r"balance .*", self._balance),
            (r"refused: \w+", lambda: f"refused: {self.refused}"),
            (r"billable .*", lambda: f"billable {_plain(self.receipt['billableUnits'])}"),
            (r"cost .*|no cost", self._cost),
            (r"on \w+|on \w+, \w+ to come", self._plan),
        ]

    def _access(self) -> str:
        denial = entitlements.check(self.facts, Question(FEATURE), self.now).denial
        return "access" if denial is None else f"no access: {denial.value}"

    def _plan(self) -> str:
        key = self.facts.versions[self.subscription.version_id].plan_key
        change = self.facts.changes.get(self.subscription.id)
        if change is None:
            return f"on {key}"
        return f"on {key}, {self.facts.versions[change.version_id].plan_key} to come"

    def _period(self) -> str:
        one = self.subscription
        period = self.facts.periods.get((one.id, one.seq))
        if period is None:
            return "period not begun"
        return f"period {_date(period.starts_at)} to {_date(period.ends_at)}"

    def _invoices(self) -> list[Invoice]:
        issued = [i for i in self.facts.invoices.values() if i.issued_at is not None]
        return sorted(issued, key=lambda i: (i.issued_at or i.created_at, i.created_at))

    def _issued(self) -> str:
        said = ", ".join(f"{i.amount} {i.at(self.now).status}" for i in self._invoices())
        return f"invoices {said}" if said else "no invoice"

    def _pending(self) -> str:
        said = [
            str(billing.accrued(self.facts, i, self.now).amount)
            for i in self.facts.invoices.values()
            if i.status is InvoiceStatus.PENDING
        ]
        return f"pending {', '.join(said)}" if said else "nothing pending"

    def _notes(self) -> str:
        said = ", ".join(str(note.amount) for note in self.notes)
        return f"notes {said}" if said else "no note"

    def _credits(self) -> str:
        left = Decimal(0)
        for pool in self.facts.pools.values():
            left += credits.balance(pool, self.facts.grants.values(), self.now)
        return f"credits {_plain(left)}"

    def _cost(self) -> str:
        amount = self.receipt["costAmount"]
        return (
            "no cost" if amount is None else f"cost {_plain(amount)} {self.receipt['costCurrency']}"
        )

    def _balance(self) -> str:
        left = self.facts.balances.get("USD")
        return f"balance {Decimal('0.00') if left is None else left.amount}"


def instant(text: str) -> datetime:
    """Return the instant of a date, or of a date and a time, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _date(at: datetime) -> str:
    midnight = (at.hour, at.minute, at.second, at.microsecond) == (0, 0, 0, 0)
    return f"{at:%Y-%m-%d}" if midnight else f"{at:%Y-%m-%d %H:%M}"


def _plain(value: object) -> str:
    assert isinstance(value, Decimal), "a quantity is a Decimal"
    return f"{value:,f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:,f}"
