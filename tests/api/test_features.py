"""Features over HTTP: listed, shown, renamed, switched off and on."""

import pytest
from tests.api.catalogue_documents import document, plan
from tests.api.client import Api

KEYS = ("chat", "chat.gpt-4.1", "api:calls", "...x", "a_b-c")


@pytest.fixture
async def with_features(api: Api) -> Api:
    features = [{"key": key, "name": f"Feature {key}", "description": "It."} for key in KEYS]
    assert (await api.post("/catalog/apply", {"features": features})).status == 200
    return api


async def test_features_are_listed_in_the_order_of_their_document(with_features: Api):
    answer = await with_features.get("/features")
    assert [each["key"] for each in answer.data] == list(KEYS)
    assert set(answer.data[0]) == {"id", "key", "name", "description", "enabled"}
    assert answer.body["pagination"] == {"total": 5, "limit": 50, "offset": 0, "hasMore": False}
    page = await with_features.get("/features?limit=2&offset=1")
    assert page.data == answer.data[1:3]
    assert page.body["pagination"]["hasMore"] is True
    assert (await with_features.get("/features?offset=9")).data == []


@pytest.mark.parametrize("path", ["chat.gpt-4.1", "chat%2Egpt%2D4%2E1"])
async def test_a_key_may_hold_dots(with_features: Api, path: str):
    answer = await with_features.get(f"/features/{path}")
    assert answer.data["key"] == "chat.gpt-4.1"
    assert answer.data["name"] == "Feature chat.gpt-4.1"


async def test_an_unknown_feature_is_not_found(with_features: Api):
    for path in ("nope", "chat%2Fgpt", "CHAT", "chat%00", "x" * 300):
        for answer in (
            await with_features.get(f"/features/{path}"),
            await with_features.patch(f"/features/{path}", {"enabled": False}),
        ):
            assert (answer.status, answer.error["code"]) == (404, "feature_not_found"), path


async def test_a_feature_is_switched_off_and_on(with_features: Api):
    before = (await with_features.get("/features/chat")).data
    off = await with_features.patch("/features/chat", {"enabled": False})
    assert off.data == {**before, "enabled": False}
    assert (await with_features.get("/features/chat")).data == off.data
    assert (await with_features.patch("/features/chat", {"enabled": True})).data == before


async def test_a_feature_is_renamed_and_described(with_features: Api):
    answer = await with_features.patch(
        "/features/chat.gpt-4.1", {"name": "漢字", "description": "two\nlines"}
    )
    assert (answer.data["name"], answer.data["description"]) == ("漢字", "two\nlines")
    assert (await with_features.patch("/features/chat", {"description": ""})).data[
        "description"
    ] == ""


async def test_an_empty_change_changes_nothing(with_features: Api):
    before = (await with_features.get("/features/chat")).data
    assert (await with_features.patch("/features/chat", {})).data == before
    assert (await with_features.patch("/features/chat")).data == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"name": None}, "name"),
        ({"name": 5}, "name"),
        ({"description": None}, "description"),
        ({"description": "x" * 2001}, "description"),
        ({"description": "bell\x07"}, "description"),
        ({"enabled": None}, "enabled"),
        ({"enabled": "false"}, "enabled"),
        ({"enabled": 0}, "enabled"),
        ({"key": "other"}, "key"),
        ({"enable": False}, "enable"),
        ([], "body"),
    ],
)
async def test_a_bad_change_is_refused_by_its_field(with_features: Api, body: object, field: str):
    before = (await with_features.get("/features")).data
    answer = await with_features.patch("/features/chat", body)
    assert (answer.status, answer.error["code"]) == (422, "validation_failed")
    assert answer.error["field"] == field
    assert (await with_features.get("/features")).data == before


async def test_a_change_is_kept_under_its_key(with_features: Api):
    first = await with_features.patch("/features/chat", {"name": "One"}, key="k")
    await with_features.patch("/features/chat", {"name": "Two"})
    again = await with_features.patch("/features/chat", {"name": "One"}, key="k")
    assert again.raw == first.raw
    assert again.headers["idempotent-replayed"] == "true"
    assert (await with_features.get("/features/chat")).data["name"] == "Two"


async def test_a_feature_that_is_off_stays_off_when_a_document_does_not_speak_of_it(api: Api):
    sent = document(plan(features=[{"key": "chat"}]))
    await api.post("/catalog/apply", sent)
    await api.patch("/features/chat", {"enabled": False})
    assert (await api.post("/catalog/apply", sent)).data["changed"] is False
    assert (await api.get("/features/chat")).data["enabled"] is False


async def test_another_accounts_features_are_not_seen(with_features: Api, other_api: Api):
    assert (await other_api.get("/features")).data == []
    answer = await other_api.get("/features/chat")
    assert (answer.status, answer.error["code"]) == (404, "feature_not_found")
    answer = await other_api.patch("/features/chat", {"enabled": False})
    assert (answer.status, answer.error["code"]) == (404, "feature_not_found")
    assert (await with_features.get("/features/chat")).data["enabled"] is True
