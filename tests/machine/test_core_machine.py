"""The core against the auditor: random lives, everything compared after every step.

    pytest tests/machine/test_core_machine.py                    the lives of every run, always the same
    USANCE_SEED=17 pytest tests/machine/test_core_machine.py     others
    USANCE_SOAK_SECONDS=3600 pytest -s -m soak tests/machine     for as long as asked, ever fresh ones

A failure is printed as a story: the plans, then each step with its instant, then who said what.
"""

import os
import time
from collections import Counter
from collections.abc import Callable
from random import Random, SystemRandom

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.machine import alphabet
from tests.machine.directed import DIRECTED
from tests.machine.life import Life
from tests.machine.living import Differ, Living

SEED = os.environ.get("USANCE_SEED")
SOAK_SECONDS = float(os.environ.get("USANCE_SOAK_SECONDS", "0"))
LIVES = 180  # under Hypothesis, which makes a failing one short
WALKS = 350  # plain, three times as fast
STEPS = 50

RANDOM = st.randoms(use_true_random=False)


class CoreMachine(RuleBasedStateMachine):
    """One customer's life; `Life` compares product and auditor in each rule."""

    life: Life | None = None

    @initialize(rng=RANDOM)
    def begin(self, rng: Random) -> None:
        self.life = alphabet.begin(rng)
        alphabet.subscribe(self.life, rng)


def _rule(operation: alphabet.Operation, name: str) -> object:
    def act(self: CoreMachine, rng: Random) -> None:
        assert self.life is not None
        operation(self.life, rng)

    act.__name__ = name
    return precondition(lambda self: self.life is not None)(rule(rng=RANDOM)(act))


# Hypothesis draws rules evenly, so one that should come often is there several times.
for _operation, _weight in alphabet.OPERATIONS.items():
    for _copy in range((_weight + 1) // 2):
        _name = f"{_operation.__name__}_{_copy}"
        setattr(CoreMachine, _name, _rule(_operation, _name))


@pytest.mark.timeout(600)
def test_the_core_and_the_auditor_keep_the_same_books_under_hypothesis():
    run = settings(
        max_examples=LIVES,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=SEED is None,
        database=None,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    machine = CoreMachine if SEED is None else seed(int(SEED))(CoreMachine)
    run_state_machine_as_test(machine, settings=run)


@pytest.mark.parametrize("live", DIRECTED, ids=lambda live: live.__name__)
def test_the_core_and_the_auditor_keep_the_same_books_of(live: Callable[[], None]):
    live()


# What a machine that looks everywhere has seen; a word that is missing means that it does not.
SOMETIMES = {
    *(f"invoice {status}" for status in ("PENDING", "DUE", "PAID", "PAST_DUE", "VOID")),
    *(
        f"kind {kind}"
        for kind in ("SUBSCRIPTION", "ADJUSTMENT", "FINAL", "CREDIT_PURCHASE", "ONE_OFF")
    ),
    *(
        f"subscription {state}"
        for state in ("INCOMPLETE", "TRIALING", "ACTIVE", "PAST_DUE", "CANCELLED", "EXPIRED")
    ),
    *(
        f"denied {reason}"
        for reason in (
            "feature_not_found",
            "feature_not_in_plan",
            "no_subscription",
            "subscription_inactive",
            "payment_past_due",
            "subscription_cancelled",
            "usage_limit_reached",
            "insufficient_credits",
        )
    ),
    "allowed",
    "credit note",
    "a payment reopened an invoice",
    "a fee paid late began a period",
    "a plan change cut a period",
    "a plan change was undone",
    "usage was clipped",
    "credits ran short",
    "credits expired",
    "an overdraft",
    "a correction",
    "a correction in a billed period",
    "a correction of what was cut off",
    "a correction gave credits back",
    "credits that a correction could not give back",
    "a correction and a reversal of one event",
    "late usage",
    *(f"hold {status}" for status in ("HELD", "SETTLED", "RELEASED", "EXPIRED")),
    "a hold kept credits",
    "less was used than was held",
    "more was used than was held",
    "a hold was over before its use",
    "a hold outlived its period",
}


@pytest.mark.timeout(600)
def test_the_core_and_the_auditor_keep_the_same_books_in_plain_walks():
    steps, seen = 0, Counter[str]()
    first = int(SEED or 0) * 1_000_000
    for one in range(first, first + WALKS):
        life = alphabet.walk(one, STEPS)
        steps += life.steps
        seen.update(sights(life))
    print(f"{steps} steps", *sorted(seen.items()), sep="\n")  # noqa: T201 - for whoever asks with -s
    assert not SOMETIMES - set(seen), "the machine no longer looks there"


def sights(life: Living) -> set[str]:
    """What there is to see at a life's end, and what was denied on its way."""
    book, now = life.book, life.now
    periods = [period for sub in book.subs for period in sub.periods]
    seen = {f"denied {reason}" if reason else "allowed" for reason in life.answers}
    seen |= {f"subscription {state}" for state in life.states}
    seen |= {f"invoice {invoice.status(now)}" for invoice in book.invoices}
    seen |= {f"kind {invoice.kind}" for invoice in book.invoices}
    facts = {
        "credit note": bool(book.notes),
        "a payment reopened an invoice": any(i.reopened for i in book.invoices),
        "a fee paid late began a period": any(
            p.base and p.base.period is not p for p in periods if not p.trial
        ),
        "a plan change cut a period": any(p.follows_cut for p in periods),
        "a plan change was undone": any(part.undone for p in periods for part in p.parts),
        "usage was clipped": any(use.exceeded for use in book.uses),
        "credits ran short": any(use.short for use in book.uses),
        "credits expired": any(g.expires and g.expires <= now for g in book.grants),
        "an overdraft": any(use.overdrawn for use in book.uses),
        "a correction": any(use.corrects for use in book.uses),
        "a correction in a billed period": any(
            use.corrects and use.billable and use.period and use.period.billed for use in book.uses
        ),
        "a correction of what was cut off": any(
            use.corrects and use.period and not use.billable for use in book.uses
        ),
        "a correction gave credits back": any(use.corrects and use.returned for use in book.uses),
        "credits that a correction could not give back": any(
            use.returned < use.unburnt for use in book.uses
        ),
        "a correction and a reversal of one event": any(
            use.corrects and use.corrects.reversed and use.unburnt for use in book.uses
        ),
        "late usage": any(use.period and use.period.billed for use in book.uses),
        "a hold kept credits": any(hold.credits for hold in book.holds),
        "less was used than was held": any(u.hold and u.units < u.hold.units for u in book.uses),
        "more was used than was held": any(u.hold and u.units > u.hold.units for u in book.uses),
        "a hold was over before its use": any(use.hold_over for use in book.uses),
        "a hold outlived its period": any(h.period.end < h.expires for h in book.holds),
    }
    seen |= {f"hold {hold.status(now)}" for hold in book.holds}
    return seen | {name for name, is_so in facts.items() if is_so}


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.skipif(not SOAK_SECONDS, reason="USANCE_SOAK_SECONDS says for how long")
def test_the_core_and_the_auditor_keep_the_same_books_for_as_long_as_asked():
    began, steps, lives = time.monotonic(), 0, 0
    first = int(SEED) if SEED is not None else SystemRandom().randrange(10**12)
    told = began
    while time.monotonic() - began < SOAK_SECONDS:
        try:
            steps += alphabet.walk(first + lives, 20 + (first + lives) % 80).steps
        except Differ as difference:
            pytest.fail(f"seed {first + lives}, {20 + (first + lives) % 80} steps\n{difference}")
        lives += 1
        if time.monotonic() - told > 60:
            told = time.monotonic()
            print(f"{lives} lives, {steps} steps")  # noqa: T201 - a soak says that it lives
    print(f"{lives} lives, {steps} steps from seed {first}, no difference")  # noqa: T201
