"""Relations that need no oracle: what may be changed about a life without changing its books."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from tests.machine import alphabet
from tests.machine.digest import digest
from tests.machine.life import Life
from tests.machine.living import Step
from tests.machine.papers import MINOR, Allocation, Plan, Price, Term

from usance.core.decisions import advance
from usance.core.entitlements import Question, check

LIVES = 25
STEPS = 40


def lived(seed: int) -> tuple[Life, list[Step]]:
    life = alphabet.walk(seed, STEPS, compare=False)
    return life, life.script


def again(
    like: Life,
    script: Iterable[Step],
    *,
    plans: list[Plan] | None = None,
    between: Callable[[Life], None] = lambda _: None,
) -> Life:
    """Live the steps of a script anew."""
    first = Life(
        like.shop.facts.customer.created_at,
        like.plans if plans is None else plans,
        zone=like.zone,
        tax=like.book.tax,
        soft=like.book.soft,
        compare=False,
    )
    for step in script:
        between(first)
        take(first, step)
    return first


def take(life: Life, step: Step) -> None:
    at, name, arguments, life.shop.calls = step
    life.now = max(life.now, at)
    getattr(life, name)(*arguments)


@pytest.mark.parametrize("seed", range(LIVES))
def test_the_same_steps_make_the_same_books(seed):
    life, script = lived(seed)
    assert digest(again(life, script).shop) == digest(life.shop)


@pytest.mark.parametrize("seed", range(LIVES))
def test_one_jump_of_the_clock_equals_many(seed):
    life, script = lived(seed)
    rng = Random(seed)

    def split(steps: list[Step]) -> Iterable[Step]:
        now = life.shop.facts.customer.created_at
        for at, name, arguments, call in steps:
            while name == "wait" and now < at:
                now = min(at, now + timedelta(hours=rng.choice((7, 24, 240, 2400))))
                yield now, "wait", (now,), call
            now = at
            yield at, name, arguments, call

    assert digest(again(life, split(script)).shop) == digest(life.shop)


REPEATABLE = {
    "wait",
    "subscribe",
    "upgrade",
    "undo_change",
    "cancel",
    "undo_cancel",
    "void",
    "use",
    "correct",
    "reverse",
    "reverse_burn",
    "settle",
    "release",
}


@pytest.mark.parametrize("seed", range(LIVES))
def test_a_request_that_comes_twice_changes_nothing(seed):
    # Money without a reference is money each time; over HTTP its repeat has the same key.
    life, script = lived(seed)
    doubled = []
    for step in script:
        _, name, arguments, _ = step
        doubled.append(step)
        named = name in ("pay", "receive") and arguments[2] is not None
        named = named or (name == "take" and arguments[3] is not None)
        if name in REPEATABLE or named or (name == "pay" and arguments[1] is None):
            doubled.append(step)
    assert digest(again(life, doubled).shop) == digest(life.shop)


@pytest.mark.parametrize("seed", range(LIVES))
def test_reads_change_nothing(seed):
    life, script = lived(seed)

    def read(one: Life) -> None:
        for feature in one.features:
            later = one.now + timedelta(days=45)
            ahead = advance.brought_to(one.shop.facts, later, own_time=True)
            check(ahead, Question(feature, units=Decimal(5)), later)
            check(one.shop.facts, Question(feature), one.now)

    assert digest(again(life, script, between=read).shop) == digest(life.shop)


@pytest.mark.parametrize("seed", range(8))
def test_customers_side_by_side_live_as_they_would_alone(seed):
    (one, first), (other, second) = lived(seed), lived(seed + 500)
    mine = again(one, [])
    yours = again(other, [])
    rng = Random(seed)
    queues = [(mine, list(first)), (yours, list(second))]
    while any(steps for _, steps in queues):
        life, steps = rng.choice([queue for queue in queues if queue[1]])
        take(life, steps.pop(0))
    assert (digest(mine.shop), digest(yours.shop)) == (digest(one.shop), digest(other.shop))


def independent(life: Life, one: Step, other: Step) -> bool:
    """Whether two steps of one instant have nothing to do with each other."""
    if one[0] != other[0]:
        return False

    def plain_use(step: Step) -> bool:
        terms = [t for plan in life.plans for key, t in plan.terms if key == step[2][0]]
        return step[1] == "use" and not any(term.burns for term in terms)

    if one[1] == other[1] == "use":
        return plain_use(one) and plain_use(other) and one[2][0] != other[2][0]
    if one[1] == other[1] == "give":
        return bool(one[2][0] != other[2][0])
    names = {one[1], other[1]}
    if names <= {"give", "downgrade"}:
        return len(names) > 1
    return "give" in names and (plain_use(one) or plain_use(other))


def test_independent_steps_may_change_places():
    swapped = 0
    for seed in range(LIVES * 6):
        life, script = lived(seed)
        steps = list(script)
        before = swapped
        n = 0
        while n + 1 < len(steps):
            if independent(life, steps[n], steps[n + 1]):
                steps[n], steps[n + 1] = steps[n + 1], steps[n]
                swapped += 1
                n += 1
            n += 1
        if swapped > before:
            assert digest(again(life, steps).shop) == digest(life.shop)
    assert swapped > 0


def scaled(plan: Plan, k: int) -> Plan:
    def price(one: Price) -> Price:
        tiers = tuple((top, unit * k, flat * k) for top, unit, flat in one.tiers)
        return replace(one, unit=one.unit * k, tiers=tiers, minimum=one.minimum * k)

    terms = tuple(
        (key, replace(term, price=price(term.price) if term.price else None))
        for key, term in plan.terms
    )
    return replace(plan, price=plan.price * k, terms=terms)


@pytest.mark.parametrize("seed", range(LIVES))
def test_prices_times_a_hundred_make_invoices_times_a_hundred(seed):
    life, script = lived(seed)
    moneyless = [
        (at, name, arguments if name != "pay" else (arguments[0], None, None), call)
        for at, name, arguments, call in script
        if name in ("wait", "subscribe", "pay", "downgrade", "use", "cancel")
    ]
    large = [scaled(plan, 100) for plan in life.plans]
    by_key = {plan.key: plan for plan in large}

    def with_large(step: Step) -> Step:
        at, name, arguments, call = step
        swap = tuple(by_key[x.key] if isinstance(x, Plan) else x for x in arguments)
        return at, name, swap, call

    start = life.shop.facts.customer.created_at
    small_life = Life(start, life.plans, zone=life.zone, compare=False)
    large_life = Life(start, large, zone=life.zone, compare=False)
    for step in moneyless:
        for one, its in ((small_life, step), (large_life, with_large(step))):
            made = len(one.invoices) if its[1] == "pay" else len(one.subs)
            named = its[1] in ("pay", "cancel", "downgrade")
            if not named or its[2][0] < made:  # else what was left out has made it
                take(one, its)
    assert len(small_life.invoices) == len(large_life.invoices)
    for (small, _), (big, _) in zip(small_life.invoices, large_life.invoices, strict=True):
        half = Fraction(1, 2 * 10 ** MINOR[small.currency])
        rounding = len(small.lines) * half * 101 + half * 2
        assert abs(small.amount * 100 - big.amount) <= rounding


@pytest.mark.parametrize("paid", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_an_upgrade_cancelled_at_its_own_instant_costs_nothing(seed, paid):
    rng = Random(seed)
    currency = rng.choice(("USD", "JPY", "KWD"))
    plans = [
        Plan("a", Fraction(rng.choice((10, 30, 49))), currency),
        Plan("b", Fraction(rng.choice((60, 100, 333))), currency),
    ]
    start = datetime(2027, 1, rng.randrange(1, 32), tzinfo=UTC)
    part = timedelta(seconds=rng.randrange(1, 27 * 86_400))

    def kept(*, upgraded: bool) -> Fraction:
        """What the seller keeps of the customer's money in the end."""
        life = Life(start, plans)
        life.subscribe(plans[0], None)
        life.pay(0, None, None)
        life.wait(start + part)
        if upgraded:
            life.upgrade(0, plans[1])
            if paid:
                life.pay(1, None, None)
        life.cancel(0, "IMMEDIATE")
        came = sum((payment.amount for payment, _ in life.payments), Fraction(0))
        return came - life.book.balance(currency)

    assert kept(upgraded=True) == kept(upgraded=False)


def rich() -> Life:
    """An account with something of everything, and usage in it."""
    tiered = Price("graduated", tiers=alphabet.TIERS, minimum=Fraction(4))
    shared = (
        ("chat", Term(price=tiered, limit=Fraction(500))),
        ("api", Term(burns="CREDITS", weight=Fraction(1, 4))),
    )
    kinds: list[dict[str, Any]] = [
        {"unit": "MONTH", "advance": True},
        {"unit": "MONTH", "advance": False, "trial_days": 14},
        {"unit": "WEEK", "count": 2, "advance": True, "grace_days": 40},
        {"unit": "YEAR", "advance": False},
        {"unit": "DAY", "count": 30, "advance": False, "net_days": 14},
    ]
    policies = ("NONE", "FULL", "CAPPED", "FULL", "CAPPED")
    plans = [
        Plan(
            f"p{n}",
            Fraction(10 + n),
            terms=shared,
            allocations=(Allocation("CREDITS", Fraction(100), policy, Fraction(20), n or None),),
            **kind,
        )
        for n, (kind, policy) in enumerate(zip(kinds, policies, strict=True))
    ]
    life = Life(
        datetime(2027, 1, 31, 2, 30, tzinfo=UTC), plans, zone="Europe/Berlin", compare=False
    )
    for n, plan in enumerate(plans):
        life.subscribe(plan, None)
        life.use("chat", Fraction(120), f"c{n}", life.now)
        life.use("api", Fraction(50), f"a{n}", life.now)
    life.pay(0, None, None)
    life.receive("USD", Fraction(5000), None)
    life.cancel(4, "END_OF_PERIOD")
    return life


@pytest.mark.parametrize("hours", [24, 1])
def test_400_days_in_one_call_equal_400_of_a_day_and_9600_of_an_hour(hours):
    whole, parts = rich(), rich()
    end = whole.now + timedelta(days=400)
    whole.shop.advance(end)
    at = parts.now
    while at < end:
        at += timedelta(hours=hours)
        parts.shop.advance(at)
    assert digest(parts.shop) == digest(whole.shop)
    assert len(whole.shop.facts.invoices) > 40
