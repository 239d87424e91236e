"""A customer and what is sold, as values: for the tables of decisions.

before = customer(paid(pro))                      one who subscribed to it and paid
refusal(lambda: cancel.undo(before, ...))         (code, field), or None if nothing is refused
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from usance.core import ids
from usance.core import outcome as outcomes
from usance.core.accounts import Account, Mode
from usance.core.catalog import (
    BillingTiming,
    CataloguePlan,
    CreditModel,
    Feature,
    Plan,
    PlanStatus,
    PlanVersion,
    Terms,
)
from usance.core.customers import Customer, Profile
from usance.core.decisions import subscribe
from usance.core.decisions.subscribe import Subscribe
from usance.core.ids import (
    AccountId,
    CustomerId,
    FeatureId,
    InvoiceId,
    PlanId,
    SubscriptionId,
    VersionId,
)
from usance.core.invoices import Invoice, InvoiceKind, InvoiceStatus, Line, LineKind
from usance.core.outcome import Outcome
from usance.core.payments import Payment
from usance.core.periods import Interval, Unit
from usance.core.refusals import Code, Refusal
from usance.core.snapshot import Snapshot
from usance.core.subscriptions import PendingChange, Subscription

NOW = datetime(2027, 4, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SEED = UUID(int=1000)  # of what a test decides
SOMETHING = UUID(int=999)

ACCOUNT = Account(
    id=AccountId(UUID(int=2)),
    name="Test",
    mode=Mode.TEST,
    zone="UTC",
    currency="USD",
    grace_days=3,
    incomplete_days=30,
    tax_rate=Decimal(0),
    clock_offset_us=0,
)
CUSTOMER = Customer(
    account_id=ACCOUNT.id,
    id=CustomerId(UUID(int=3)),
    reference="acme",
    profile=Profile(),
    created_at=NOW,
    decided_at=NOW,
    erased_at=None,
)
NOBODY = Snapshot(
    account=ACCOUNT,
    customer=CUSTOMER,
    features={"calls": Feature(FeatureId(UUID(int=4)), "calls", "Calls", "", enabled=True)},
    credit_models={"AI": CreditModel("AI", "AI", hard_limit=True)},
)


def plan(
    number: int,
    *,
    price: str = "10.00",
    currency: str = "USD",
    status: PlanStatus = PlanStatus.ACTIVE,
    only: str | None = None,
    unit: Unit = Unit.MONTH,
) -> CataloguePlan:
    """A plan in advance; `only`: the one customer who may see it."""
    terms = Terms(
        price=Decimal(price),
        currency=currency,
        interval=Interval(unit, 1),
        timing=BillingTiming.IN_ADVANCE,
        grace_days=None,
        net_terms_days=0,
        trial_days=0,
        features=(),
        credits=(),
        metadata=(),
    )
    plan_id = PlanId(UUID(int=100 + number))
    # The version says what is sold, so another price is another version of the same plan.
    version_id = VersionId(ids.derived(NOW, "version", number, price, currency))
    return CataloguePlan(
        Plan(plan_id, f"plan {number}", f"Plan {number}", "", status, only),
        PlanVersion(version_id, plan_id, f"plan {number}", f"Plan {number}", 1, terms),
    )


def subscribed(to: CataloguePlan, before: Snapshot = NOBODY, *, seed: int = 1) -> Snapshot:
    """The customer with one more subscription; to a plan for nothing it is ACTIVE at once."""
    sold = replace(to, plan=replace(to.plan, status=PlanStatus.ACTIVE, customer_reference=None))
    before = knowing(sold, before)
    request = Subscribe(sold, None, {})
    return outcomes.apply(
        before, subscribe.subscribe(before, request, now=NOW, seed=UUID(int=seed))
    )


def knowing(sold: CataloguePlan, before: Snapshot) -> Snapshot:
    """The snapshot with the version of a plan, as it is read when a request names it."""
    return replace(before, versions={**before.versions, sold.version.id: sold.version})


def only(before: Snapshot) -> Subscription:
    """The customer's one subscription."""
    (one,) = before.subscriptions.values()
    return one


def with_subscription(before: Snapshot, one: Subscription, **more: object) -> Snapshot:
    changed = replace(one, **more)  # type: ignore[arg-type] # a test's own fields
    return replace(before, subscriptions={**before.subscriptions, one.id: changed})


def pending(one: Subscription, to: CataloguePlan) -> dict[SubscriptionId, PendingChange]:
    return {one.id: PendingChange(one.id, one.customer_id, to.plan.id, to.version.id, NOW)}


def invoice(status: InvoiceStatus, *, paid: str = "0.00", currency: str = "USD") -> Invoice:
    """An invoice of 49.00 that belongs to no subscription."""
    issued = None if status is InvoiceStatus.PENDING else NOW
    return Invoice(
        id=InvoiceId(UUID(int=5)),
        customer_id=CUSTOMER.id,
        subscription_id=None,
        seq=None,
        kind=InvoiceKind.ONE_OFF,
        n=0,
        status=status,
        currency=currency,
        lines=(Line(LineKind.OTHER, "Something", Decimal("49.00")),),
        subtotal=Decimal("49.00"),
        tax_rate=Decimal(0),
        tax_amount=Decimal("0.00"),
        amount=Decimal("49.00"),
        amount_paid=Decimal(paid),
        created_at=NOW,
        issued_at=issued,
        due_at=issued,
        past_due_at=None if issued is None else issued + 3 * DAY,
    )


def payment(reference: str, amount: str, currency: str = "USD") -> Payment:
    from_before = NOW - DAY
    return Payment(
        id=UUID(int=6),  # type: ignore[arg-type] # any id
        customer_id=CUSTOMER.id,
        currency=currency,
        amount=Decimal(amount),
        method=None,
        reference=reference,
        note=None,
        paid_at=from_before,
        recorded_at=from_before,
    )


def refusal(decide: Callable[[], Outcome | object]) -> Code | tuple[Code, str] | None:
    """What a decision is refused with: a code (with the field of a bad one), or None."""
    try:
        decide()
    except Refusal as refused:
        named = refused.code is Code.VALIDATION_FAILED
        return (refused.code, refused.field or "no field") if named else refused.code
    return None
