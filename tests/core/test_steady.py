"""How long an answer about access holds: no longer than it is true, over the lives of all stories."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.stories import format as text
from tests.stories.http import START
from tests.stories.pure import Pure
from tests.stories.view import Teller

from usance.core import entitlements
from usance.core.decisions import advance, due
from usance.core.entitlements import Question
from usance.core.snapshot import Snapshot

STORIES = sorted((Path(__file__).parent.parent / "stories").glob("*.story"))
_MICROSECOND = timedelta(microseconds=1)
_FAR = timedelta(days=400)


def moments(path: Path) -> Iterator[tuple[Snapshot, datetime]]:
    """Yield every customer of the story after each of its steps."""
    story = text.read(path)
    driver = Pure(story.setting, START)
    teller = Teller(one.name for one in story.setting.people)
    for step in story.steps:
        driver.move(step.at)
        answer = driver.do(step, teller, driver.view())
        teller.told(driver.view(), answer)
        for facts in driver.facts.values():
            yield facts, step.at


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_an_answer_holds_until_the_instant_that_it_names(path: Path):
    for facts, now in moments(path):
        due_at = due.next_in(facts)
        if due_at is not None and due_at <= now:
            continue
        for key in facts.features:
            for units in (None, Decimal(3)):
                question = Question(key, units)
                answer = entitlements.check(facts, question, now)
                until = entitlements.steady_until(facts, answer)
                assert until is None or until > now
                last = min(at for at in (until, due_at, now + _FAR) if at is not None)
                for at in (now + _MICROSECOND, now + (last - now) / 2, last - _MICROSECOND):
                    if now < at < last:
                        later = entitlements.check(facts, question, at)
                        assert replace(later, as_of=now) == answer, (key, at)


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_the_next_step_is_due_when_it_says(path: Path):
    for facts, now in moments(path):
        due_at = due.next_in(facts)
        if due_at is None:
            assert advance.first_due(facts, now + _FAR) is None
        else:
            assert advance.first_due(facts, due_at - _MICROSECOND) is None
            assert advance.first_due(facts, due_at) is not None
