"""Each planted bug is found by the machine within its budget: so the machine can be believed.

A survivor fails the build. Then either the machine does not look there, and is taught to, or the rule
has no effect, and should not be in the code.
"""

from collections.abc import Callable
from functools import partial

import pytest
from tests.machine import alphabet
from tests.machine.directed import DIRECTED
from tests.machine.living import Differ
from tests.machine.planted import BUGS, Planted, planted

LIVES = 400
STEPS = 40


@pytest.mark.timeout(120)
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_the_machine_finds_a_core_that(bug: Planted):
    lives: list[Callable[[], object]] = [*DIRECTED]
    lives += [partial(alphabet.walk, 1_000_000 + n, STEPS) for n in range(LIVES)]
    for live in lives:
        with planted(bug):
            noticed = _is_noticed(live)
        if noticed:
            assert not _is_noticed(live), "without the bug there is nothing to notice"
            return
    pytest.fail(f"A core that {bug.name} lived {LIVES} lives without being noticed.")


def _is_noticed(live: Callable[[], object]) -> bool:
    try:
        live()
    except Differ:
        return True
    return False


def test_what_was_planted_is_dug_out_again():
    for bug in BUGS:
        with planted(bug):
            pass
    for life in range(3):
        alphabet.walk(life, STEPS)


def test_there_are_bugs_enough_to_be_believed():
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 25
