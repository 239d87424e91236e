"""Every story, on the core alone and over HTTP: both come to what is written, and to the same."""

from pathlib import Path

import pytest
from tests import explained
from tests.api import client
from tests.api.client import Api
from tests.stories import format as text
from tests.stories.format import Story
from tests.stories.http import START, Edge, Http
from tests.stories.pure import Pure
from tests.stories.view import Teller

STORIES = sorted(Path(__file__).parent.glob("*.story"))

every_story = pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)


def tell(story: Story, driver: Pure) -> list[list[str]]:
    """Live the story, and return what changed in each step."""
    teller = Teller(one.name for one in story.setting.people)
    told = []
    for step in story.steps:
        driver.move(step.at)
        answer = driver.do(step, teller, driver.view())
        told.append(teller.told(driver.view(), answer))
    return told


@every_story
def test_the_core_comes_to_what_is_written(path: Path, pytestconfig: pytest.Config):
    story = text.read(path)
    told = text.write(story, tell(story, Pure(story.setting, START)))
    if pytestconfig.getoption("--rewrite-stories"):
        path.write_text(told)
    assert told == story.text


@every_story
@pytest.mark.parametrize("clock", ["moved", "ticking"])
async def test_http_comes_to_the_same(path: Path, clock: str, door: Api, edge: Edge):
    """Whether the account's clock is moved, or nobody takes a step but who meets it."""
    story = text.read(path)
    edge.now = START
    api = await client.opened(door.db, door.app)
    async with api.client:
        http = Http(api, edge, story.setting, ticking=clock == "ticking")
        await http.open()
        pure = Pure(story.setting, START)
        teller = Teller(one.name for one in story.setting.people)
        told = []
        for step in story.steps:
            pure.move(step.at)
            await http.move(step.at)
            before = pure.view()
            expected = pure.do(step, teller, before)
            answer = await http.do(step, teller, before)
            assert answer == expected, step
            view = await http.view()
            assert view == pure.view(), step
            told.append(teller.told(view, answer))
        for document in await http.explained():
            explained.check_document(document)
    assert text.write(story, told) == story.text


def test_the_stories_are_there():
    assert len(STORIES) >= 40
