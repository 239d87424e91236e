"""The whole application against the auditor: random lives over HTTP, compared after every step.

    pytest tests/machine/test_api_machine.py     lives that are always the same, and fresh ones
    USANCE_SEED=17 pytest … -k fresh             the life of that seed, at each door

The alphabet is the core machine's: what the core does rightly is asked here of the API, of what the
store keeps and reads back, and of the three doors by which time comes in. A failure is printed as a
story, below the seed that lives it again.
"""

import os
from collections import Counter
from collections.abc import Iterator
from random import Random, SystemRandom
from typing import Any

import pytest
from tests.machine import alphabet, over_http
from tests.machine.directed import DIRECTED
from tests.machine.http_life import HttpLife
from tests.machine.living import Differ
from tests.machine.over_http import Door, World
from tests.machine.test_core_machine import sights

SEED = os.environ.get("USANCE_SEED")
PARTS = 3  # for each door
LIVES = 7  # in each part
STEPS = 36
DIRECTED_FROM = 1_000  # the numbers of directed lives; those of the others are below it, or chance
STEPS_MIN = 200  # in each part; they are 2,000 in all, and 400 of other lives

every_door = pytest.mark.parametrize("door", Door, ids=lambda door: door.name.lower())


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with over_http.opened(database_url) as world:
        yield world


def lived(world: World, door: Door, seed: int) -> HttpLife:
    """A whole life from a seed; at its end everything is cancelled."""
    rng = Random(seed)
    one = alphabet.start(rng)
    life = HttpLife(
        world, door, seed + 1, one.at, one.plans, zone=one.zone, tax=one.tax, soft=one.soft
    )
    try:
        for _ in range(STEPS):
            alphabet.step(life, rng)
        life.leave()
    except Differ as difference:
        raise Differ(f"USANCE_SEED={seed}{difference}") from None
    except Exception as error:
        raise Differ(f"USANCE_SEED={seed}{life.told(repr(error))}") from error
    return life


# What every part has seen: these lives do not pass the doors by.
SOMETIMES = {
    *(f"invoice {status}" for status in ("PAID", "PAST_DUE", "VOID")),
    *(f"kind {kind}" for kind in ("SUBSCRIPTION", "ADJUSTMENT")),
    *(f"subscription {state}" for state in ("TRIALING", "ACTIVE", "PAST_DUE", "CANCELLED")),
    *(f"denied {reason}" for reason in ("payment_past_due", "subscription_cancelled")),
    "allowed",
}
# What chance may not bring to seven lives, the directed ones see at every door.
DIRECTED_SEE = {"kind FINAL", "credit note", "a correction", "a correction in a billed period"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(PARTS))
@every_door
def test_the_api_and_the_auditor_keep_the_same_books(door: Door, part: int, world: World):
    steps, seen = 0, Counter[str]()
    first = (list(Door).index(door) * PARTS + part) * LIVES
    for seed in range(first, first + LIVES):
        life = lived(world, door, seed)
        steps += life.steps
        seen.update(sights(life))
    print(f"{steps} steps", *sorted(seen.items()), sep="\n")  # noqa: T201 - for whoever asks with -s
    assert world.books() == []
    assert steps >= STEPS_MIN
    assert not SOMETIMES - set(seen), "the machine no longer looks there"


@every_door
def test_the_api_and_the_auditor_keep_the_same_books_of_a_fresh_life(door: Door, world: World):
    lived(world, door, SystemRandom().randrange(10**12) if SEED is None else int(SEED))
    assert world.books() == []


@pytest.mark.timeout(300)
@every_door
def test_the_api_and_the_auditor_keep_the_same_books_of_directed_lives(door: Door, world: World):
    lives: list[HttpLife] = []

    def born(*begun: Any, **more: Any) -> HttpLife:
        for before in lives[-1:]:
            before.leave()
        # No number of another life: its account's catalogue may still be known in this process.
        lives.append(HttpLife(world, door, DIRECTED_FROM + len(lives), *begun, **more))
        return lives[-1]

    for live in DIRECTED:
        live(born)
    lives[-1].leave()
    assert world.books() == []
    assert not DIRECTED_SEE - {sight for life in lives for sight in sights(life)}
