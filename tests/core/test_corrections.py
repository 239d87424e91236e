"""Corrections in the core: what is refused in which order, and what an event with fewer units comes to."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.selling import CUSTOMER, NOBODY, NOW, only, plan, refusal, subscribed
from tests.corrected import corrected, credits_off

from usance.core import outcome as outcomes
from usance.core import pricing
from usance.core.catalog import (
    EVERYTHING_ADDED,
    Aggregation,
    AggregationKind,
    Burn,
    CataloguePlan,
    CreditModel,
    Feature,
    FeatureTerms,
    Limit,
    Overage,
)
from usance.core.costs import Cost, FeatureCost, costs_of
from usance.core.credits import Grant, GrantKind, Transaction, TransactionKind
from usance.core.decisions import correct, granting, record
from usance.core.decisions.correct import Corrected
from usance.core.decisions.record import Use
from usance.core.decisions.reverse_burn import parts_back, reverse_burn
from usance.core.draft import Draft
from usance.core.ids import FeatureId, GrantId
from usance.core.metering import UsageEvent
from usance.core.refusals import Code
from usance.core.snapshot import Snapshot

D = Decimal
MICROSECOND = timedelta(microseconds=1)
EARLIER = NOW - timedelta(hours=1)

FEATURES = ("calls", "visits")
PER_UNIT = pricing.Price(pricing.PerUnit(D("0.1")), D(0), None, None)


def selling(
    *, weight: Decimal | None = None, limit: int | None = None, hard: bool = True
) -> tuple[Snapshot, CataloguePlan]:
    """Somebody without a subscription, and a plan: calls at 0.10, after credits; visits are counted."""
    calls = FeatureTerms(
        key="calls",
        limit=None if limit is None else Limit(D(limit), Overage.BLOCK, None),
        price=PER_UNIT,
        aggregation=EVERYTHING_ADDED,
        burn=None if weight is None else Burn("AI", weight, ()),
    )
    visits = FeatureTerms(
        key="visits",
        limit=None,
        price=PER_UNIT,
        aggregation=Aggregation(AggregationKind.COUNT, None, ()),
        burn=None,
    )
    sold = plan(1, price="0.00")
    terms = replace(sold.version.terms, features=(calls, visits))
    sold = replace(sold, version=replace(sold.version, terms=terms))
    before = replace(
        NOBODY,
        features={
            key: Feature(FeatureId(UUID(int=n)), key, key, "", enabled=True)
            for n, key in enumerate(FEATURES)
        },
        credit_models={"AI": CreditModel("AI", "AI", hard_limit=hard)},
    )
    return before, sold


@dataclass
class Ledger:
    """A subscribed customer, as a snapshot that goes on, and all that was recorded."""

    facts: Snapshot
    now: datetime = NOW
    events: list[UsageEvent] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    seeds: int = 0

    def grant(self, amount: str, expires_at: datetime | None = None) -> GrantId:
        draft = self._draft()
        pool = granting.pool_of(draft, "AI")
        grant = Grant(
            id=GrantId(draft.new_id("grant")),
            customer_id=CUSTOMER.id,
            pool_id=pool.id,
            kind=GrantKind.MANUAL,
            amount=D(amount),
            remaining=D(amount),
            priority=0,
            granted_at=self.now,
            expires_at=expires_at,
        )
        granting.give(draft, grant)
        self._keep(draft)
        return grant.id

    def use(self, units: str, key: str = "e", feature: str | None = "calls") -> UsageEvent:
        draft = self._draft()
        event = record.record(draft, said(units, key, feature=feature), seed=_seed(draft))
        self._keep(draft)
        return event

    def correct(self, units: str, of: str = "e", key: str | None = None) -> UsageEvent:
        key = key or f"c{len(self.events)}"
        draft = self._draft()
        event = correct.correct(
            draft, said(units, key, corrects=of), self.stored(), seed=_seed(draft)
        )
        self._keep(draft)
        return event

    def reverse(self) -> Decimal:
        """Reverse the one burn; return what came back."""
        (burn,) = [one for one in self.transactions if one.kind is TransactionKind.BURN]
        outcome = reverse_burn(
            self.facts,
            burn,
            is_reversed=False,
            corrected=credits_off(self.events, burn),
            reason=None,
            now=self.now,
            seed=self._next_seed(),
        )
        self.facts = outcomes.apply(self.facts, outcome)
        self.transactions += outcome.transactions
        return outcome.transactions[0].amount

    def stored(self) -> dict[str, Corrected | None]:
        return dict(corrected(self.events, self.transactions))

    def left(self) -> list[object]:
        """What the grants have left, in the order in which they were given."""
        return [grant.remaining for grant in self.facts.grants.values()]

    def counted(self) -> tuple[object, ...]:
        (row,) = self.facts.counters.values()
        return row.units, row.covered, row.events

    def _draft(self) -> Draft:
        return Draft(self.facts, now=self.now, seed=self._next_seed())

    def _next_seed(self) -> UUID:
        self.seeds += 1
        return UUID(int=self.seeds)

    def _keep(self, draft: Draft) -> None:
        outcome = draft.outcome()
        self.facts = outcomes.apply(self.facts, outcome)
        self.events += outcome.events
        self.transactions += outcome.transactions


def _seed(draft: Draft) -> UUID:
    assert isinstance(draft.seed, UUID)
    return draft.seed


def said(
    units: str,
    key: str,
    *,
    feature: str | None = None,
    corrects: str | None = None,
    name: str = "used",
    at: datetime | None = None,
) -> Use:
    return Use(
        key=key,
        fingerprint=b"",
        name=name,
        feature_key=feature,
        units=D(units),
        occurred_at=at,
        model=None,
        cost=Cost(None, None, None),
        revenue_amount=None,
        flow_id=None,
        meta=None,
        corrects=corrects,
    )


def ledger(
    *, weight: str | None = None, limit: int | None = None, hard: bool = True, credits: str = "0"
) -> Ledger:
    before, sold = selling(weight=None if weight is None else D(weight), limit=limit, hard=hard)
    one = Ledger(subscribed(sold, before))
    if D(credits):
        one.grant(credits)
    return one


# What an event comes to ----------------------------------------------------------------------------

# Of an event of 12 units: the limit, the credits there at 2 a unit; then the units that are taken off
# one after the other, and of each what it takes off: billable, covered, credits, revenue.
TABLE: list[tuple[int | None, str, list[tuple[str, str, str, str, str]]]] = [
    (None, "0", [("5", "5", "0", "0", "0.5"), ("7", "7", "0", "0", "0.7")]),
    (10, "0", [("2", "0", "0", "0", "0"), ("1", "1", "0", "0", "0.1")]),
    (10, "0", [("3", "1", "0", "0", "0.1")]),
    (0, "0", [("12", "0", "0", "0", "0")]),
    # 16 credits cover 8 units, 4 are money: it goes first.
    (None, "16", [("3", "3", "0", "0", "0.3"), ("2", "2", "1", "2", "0.1"), ("7", "7", "7", "14", "0")]),
    # 10 of 12 within the limit, 8 of them covered.
    (10, "16", [("2", "0", "0", "0", "0"), ("2", "2", "0", "0", "0.2"), ("8", "8", "8", "16", "0")]),
    # 5 credits cover 2.5 units.
    (None, "5", [("9.75", "9.75", "0.25", "0.5", "0.95"), ("2.25", "2.25", "2.25", "4.5", "0")]),
    (None, "100", [("0.000000000001", "0.000000000001", "0.000000000001", "0.000000000002", "0")]),
]  # fmt: skip


@pytest.mark.parametrize(("limit", "credits", "steps"), TABLE)
def test_an_event_is_decided_again_in_the_room_that_it_had(
    limit: int | None, credits: str, steps: Sequence[tuple[str, str, str, str, str]]
):
    one = ledger(weight="2", limit=limit, credits=credits)
    event = one.use("12")
    for off, *wanted in steps:
        taken = one.correct(f"-{off}")
        revenue = taken.revenue_amount
        assert revenue is not None
        assert [-taken.billable, -taken.covered, -taken.credits, -revenue] == [*map(D, wanted)]
        assert (taken.matched, taken.occurred_at) == (event.matched, event.occurred_at)
    sums = [sum(getattr(e, name) for e in one.events) for name in ("billable", "covered")]
    assert one.counted() == (*sums, len(one.events))


def test_of_a_weight_of_nothing_units_are_covered_and_nothing_comes_back():
    one = ledger(weight="0", credits="3")
    one.use("5")
    taken = one.correct("-2")
    assert [taken.billable, taken.covered, taken.credits] == [D(-2), D(-2), D(0)]
    assert one.counted() == (3, 3, 2)
    assert [t.kind for t in one.transactions] == [TransactionKind.GRANT]


def test_what_is_taken_off_a_soft_pool_is_owed_no_more_and_then_comes_back():
    """30 burnt: 20 that were there, and 10 that are owed."""
    one = ledger(weight="3", hard=False, credits="20")
    one.use("10")
    (pool,) = one.facts.pools.values()
    assert pool.overdraft == 10
    for off, owed, left in (("2", 4, 0), ("2", 0, 2), ("6", 0, 20)):
        one.correct(f"-{off}")
        (pool,) = one.facts.pools.values()
        assert pool.overdraft == owed
        assert one.left() == [left]


def test_it_comes_back_from_the_last_grant_on_and_what_has_expired_stays():
    one = ledger(weight="1")
    soon = one.grant("4", NOW + timedelta(days=2))
    later = one.grant("4", NOW + timedelta(days=3))
    last = one.grant("4")
    one.use("10")
    assert one.left() == [0, 0, 2]
    one.correct("-3")
    assert one.left() == [0, 1, 4]
    one.now = NOW + timedelta(days=2)
    kept = one.correct("-4")
    assert one.left() == [0, 4, 4]
    assert kept.credits == -3
    assert kept.corrects is not None
    assert kept.corrects.credits == 4
    assert one.correct("-3").credits == 0
    moved = [t for t in one.transactions if t.kind is TransactionKind.CORRECTION]
    assert [t.taken for t in moved] == [((later, D(1)), (last, D(2))), ((later, D(3)),)]
    assert soon not in {grant for t in moved for grant, _ in t.taken}


def test_a_cost_rule_takes_back_what_it_asked_for_and_nothing_else():
    rule = FeatureCost(UUID(int=1), "calls", D("0.003"), "EUR", EARLIER, EARLIER)
    one = ledger()
    one.facts = replace(one.facts, costs=costs_of([rule], []))
    assert one.use("10").cost_amount == D("0.03")
    taken = one.correct("-4")
    assert (taken.cost_amount, taken.cost_currency) == (D("-0.012"), "EUR")

    sent = replace(said("10", "sent", feature="calls"), cost=Cost(D(7), "USD", None))
    draft = one._draft()
    record.record(draft, sent, seed=_seed(draft))
    one._keep(draft)
    taken = one.correct("-4", of="sent")
    assert (taken.cost_amount, taken.cost_currency, taken.cost_detail) == (None, None, None)


# Any order comes to the same -------------------------------------------------------------------------

UNITS = st.integers(0, 60).map(lambda n: D(n) / 4)


@given(
    units=UNITS,
    weight=st.sampled_from([None, "0", "0.25", "3"]),
    limit=st.sampled_from([None, 0, 7]),
    grants=st.lists(st.integers(1, 9).map(str), max_size=3),
    hard=st.booleans(),
    cuts=st.lists(UNITS, max_size=5),
    reversed_after=st.none() | st.integers(0, 5),
)
def test_in_whatever_parts_it_comes_to_what_fewer_units_would_have_come_to(
    *,
    units: Decimal,
    weight: str | None,
    limit: int | None,
    grants: list[str],
    hard: bool,
    cuts: list[Decimal],
    reversed_after: int | None,
):
    def begun() -> Ledger:
        one = ledger(weight=weight, limit=limit, hard=hard)
        for amount in grants:
            one.grant(amount)
        return one

    one, left = begun(), units
    one.use(str(units))
    for n, off in enumerate(cuts):
        burns = [t for t in one.transactions if t.kind is TransactionKind.BURN]
        if n == reversed_after and burns:
            one.reverse()
        if 0 < off <= left:
            one.correct(f"-{off}")
            left -= off
    other = begun()
    other.use(str(left))
    assert one.counted()[:2] == other.counted()[:2]
    revenue = sum(event.revenue_amount or D(0) for event in one.events)
    assert revenue == other.events[0].revenue_amount
    was_reversed = any(t.kind is TransactionKind.REVERSAL for t in one.transactions)
    if was_reversed:
        assert one.left() == begun().left()
        assert all(pool.overdraft == 0 for pool in one.facts.pools.values())
        return
    assert one.left() == other.left()
    # A burn of nothing makes a pool, too.
    owed = [sum((p.overdraft for p in each.facts.pools.values()), D(0)) for each in (one, other)]
    assert owed[0] == owed[1]


def test_parts_of_a_burn_are_its_whole():
    one = ledger(weight="1", hard=False)
    for amount in ("3", "4"):
        one.grant(amount)
    one.use("10")
    (burn,) = [t for t in one.transactions if t.kind is TransactionKind.BURN]
    draft = Draft(one.facts, now=NOW, seed=UUID(int=77))
    first, second = burn.taken[0][0], burn.taken[1][0]
    edges = [D(0), D(2), D(5), D(8), D(10)]
    parts = [parts_back(draft, burn, start=start, end=end) for start, end in pairwise(edges)]
    assert parts == [
        ([], D(2)),
        ([(second, D(2))], D(1)),
        ([(first, D(1)), (second, D(2))], D(0)),
        ([(first, D(2))], D(0)),
    ]


# What is refused -----------------------------------------------------------------------------------

KEY = (Code.VALIDATION_FAILED, "correctsEventKey")
UNITS_FIELD = (Code.VALIDATION_FAILED, "usageUnits")


@pytest.fixture
def used() -> Ledger:
    """One event of 10, taken down to 6; one of a count; all of an hour ago."""
    one = ledger()
    one.use("10")
    one.use("1", "counted", "visits")
    one.correct("-4", key="first")
    return one


def asked(used: Ledger, use: Use, *, now: datetime = NOW) -> object:
    draft = Draft(used.facts, now=now, seed=UUID(int=99))
    stored = used.stored() | {"archived": None}
    return refusal(lambda: correct.correct(draft, use, stored, seed=UUID(int=99)))


OVER = NOW + timedelta(days=35, microseconds=1)


@pytest.mark.parametrize(
    ("use", "now", "want"),
    [
        (said("0", "k", corrects="nobody's", name="x"), OVER, UNITS_FIELD),
        (said("-9", "k", corrects="nobody's", name="x"), OVER, KEY),
        (said("-9", "k", corrects="archived", name="x"), OVER, KEY),
        (said("-9", "k", corrects="first", name="x"), OVER, KEY),
        (said("-9", "k", corrects="e", name="x"), OVER, KEY),
        (said("-9", "k", corrects="counted", name="x"), NOW, KEY),
        (said("-9", "k", corrects="e", name="x", feature="visits"), NOW, "eventName"),
        (said("-9", "k", corrects="e", feature="visits", at=EARLIER), NOW, "featureKey"),
        (said("-9", "k", corrects="e", feature="calls", at=EARLIER), NOW, "occurredAt"),
        (said("-9", "k", corrects="e", at=NOW + timedelta(minutes=6)), NOW, "occurredAt"),
        (said("-6.000000000001", "k", corrects="e", feature="calls", at=NOW), NOW, UNITS_FIELD),
        (said("-6", "k", corrects="e", feature="calls", at=NOW), OVER - MICROSECOND, None),
        (said("-6", "k", corrects="e", at=NOW + timedelta(minutes=5)), NOW, None),
    ],
)
def test_the_order_in_which_a_correction_is_refused(
    used: Ledger, use: Use, now: datetime, want: object
):
    if isinstance(want, str) and not isinstance(want, Code):
        want = (Code.VALIDATION_FAILED, want)
    assert asked(used, use, now=now) == want


def test_what_is_refused_leaves_the_draft_as_it_was(used: Ledger):
    draft = Draft(used.facts, now=NOW, seed=UUID(int=99))
    use = said("-7", "k", corrects="e")
    assert refusal(lambda: correct.correct(draft, use, used.stored(), seed=UUID(int=99)))
    assert draft.outcome().is_nothing


def test_an_event_of_the_same_draft_is_corrected_with_what_was_taken_off_it_there():
    one = ledger(weight="2", credits="10")
    draft = Draft(one.facts, now=NOW, seed=UUID(int=50))
    record.record(draft, said("8", "e", feature="calls"), seed=UUID(int=50))
    for n, units in enumerate(("-3", "-2")):
        correct.correct(draft, said(units, f"c{n}", corrects="e"), {}, seed=UUID(int=50))
    late = said("-4", "k", corrects="e")
    assert refusal(lambda: correct.correct(draft, late, {}, seed=UUID(int=50))) == UNITS_FIELD
    one._keep(draft)
    assert one.left() == [4]
    assert one.counted() == (3, 3, 3)
    assert only(one.facts).seq == 0
