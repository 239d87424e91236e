"""The core against the auditor: random lives, everything compared after every step.

    pytest tests/machine/test_core_machine.py                          the lives of every run
    USANCE_SEED=17 pytest tests/machine/test_core_machine.py           others
    USANCE_SOAK_SECONDS=3600 pytest -m soak tests/machine              for as long as asked

A failure is printed as a story: the plans, then each step with its instant, then who said what.
"""

import os
import time
from collections import Counter
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from hypothesis.stateful import run_state_machine_as_test

from tests.machine import alphabet
from tests.machine.life import Differ, Life

RANDOM = st.randoms(use_true_random=False)
STEPS = 50
LIVES = int(os.environ.get("USANCE_MACHINE_LIVES", "420"))
WALKS = int(os.environ.get("USANCE_MACHINE_WALKS", "500"))

counted: Counter[str] = Counter()


class CoreMachine(RuleBasedStateMachine):
    """One customer's life; `Life` compares product and auditor after each rule."""

    life: Life | None = None

    @initialize(rng=RANDOM)
    def begin(self, rng: Random) -> None:
        self.life = alphabet.begin(rng)
        alphabet.subscribe(self.life, rng)


def _rule(operation: alphabet.Operation, name: str) -> object:
    def act(self: CoreMachine, rng: Random) -> None:
        assert self.life is not None
        operation(self.life, rng)
        counted[operation.__name__] += 1

    act.__name__ = name
    return precondition(lambda self: self.life is not None)(rule(rng=RANDOM)(act))


# Hypothesis draws rules evenly, so one that should come often is there several times.
for _operation, _weight in alphabet.OPERATIONS.items():
    for _copy in range((_weight + 1) // 2):
        _name = f"{_operation.__name__}_{_copy}"
        setattr(CoreMachine, _name, _rule(_operation, _name))


@pytest.mark.timeout(300)
def test_the_core_and_the_auditor_keep_the_same_books_under_hypothesis():
    wanted = os.environ.get("USANCE_SEED")
    machine = CoreMachine
    run = settings(
        max_examples=LIVES,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=wanted is None,
        database=None,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    if wanted is not None:
        machine = seed(int(wanted))(machine)
    run_state_machine_as_test(machine, settings=run)
