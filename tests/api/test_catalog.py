"""The catalogue document over HTTP: compared, applied once and again, refused by its path."""

import asyncio
from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest
from tests.api.catalogue_documents import DEMO, document, plan
from tests.api.client import Api, Got, dumped, got
from tests.core import test_catalog as core
from tests.core.catalogues import GOOD, spoilt

from usance.api import catalog_schema
from usance.store import catalog
from usance.store.db import Tx

NOTHING = {"changed": False, "features": [], "creditModels": [], "plans": []}


def created(word: str, name: str) -> dict[str, Any]:
    return {word: name, "kinds": ["CREATED"], "differences": []}


async def tables(api: Api) -> list[Any]:
    """All rows of the catalogue."""

    async def work(tx: Tx) -> list[Any]:
        names = ("features", "credit_models", "plans", "plan_versions")
        return [await tx.fetch(f"SELECT * FROM {name} ORDER BY 1, 2") for name in names]

    return await api.db.read(work)


# What it answers -------------------------------------------------------------------------------------


async def test_a_new_document_creates_all_that_it_names(api: Api):
    answer = await api.post("/catalog/apply", GOOD)
    assert answer.status == 200
    assert answer.data == {
        "changed": True,
        "features": [created("key", "chat"), created("key", "seats")],
        "creditModels": [created("denomination", "CREDITS")],
        "plans": [
            {
                **created("key", "pro"),
                "versionBefore": None,
                "versionAfter": 1,
                "staying": [],
            }
        ],
    }


async def test_a_plan_answers_what_apply_will_and_writes_nothing(api: Api):
    before = await tables(api)
    planned = await api.post("/catalog/plan", DEMO)
    assert await tables(api) == before
    assert planned.data == (await api.post("/catalog/apply", DEMO)).data
    assert (await api.post("/catalog/plan", DEMO)).data == NOTHING


async def test_applying_twice_changes_nothing(api: Api):
    await api.post("/catalog/apply", DEMO)
    before = await tables(api)
    again = await api.post("/catalog/apply", DEMO)
    assert again.data == NOTHING
    assert await tables(api) == before


async def test_what_is_shown_can_be_applied(api: Api, other_api: Api):
    for sent in (GOOD, DEMO):
        await api.post("/catalog/apply", sent)
    shown = await api.get("/catalog")
    assert (await api.post("/catalog/apply", shown.data)).data == NOTHING
    await other_api.post("/catalog/apply", shown.data)
    assert (await other_api.get("/catalog")).raw == shown.raw


async def test_an_empty_catalogue_is_an_empty_document(api: Api):
    empty: Any = {"features": [], "creditModels": [], "plans": []}
    assert (await api.get("/catalog")).data == empty
    for body in (None, {}, empty, {"plans": None}):
        assert (await api.post("/catalog/apply", body)).data == NOTHING


async def test_new_terms_are_a_new_version_and_tell_their_differences(api: Api):
    feature = {"key": "chat", "limit": {"units": 10}}
    await api.post("/catalog/apply", document(plan(features=[feature], metadata={"a": 1})))
    feature = {
        "key": "chat",
        "limit": {"units": 20},
        "price": {"model": "per_unit", "unitPrice": 1},
    }
    sent = document(plan(price={"amount": 59, "currency": "USD"}, features=[feature]))
    answer = await api.post("/catalog/apply", sent)
    (change,) = answer.data["plans"]
    assert (change["kinds"], change["versionBefore"], change["versionAfter"]) == (
        ["VERSIONED"],
        1,
        2,
    )
    assert [(one["path"], one["before"], one["after"]) for one in change["differences"]] == [
        ("features[chat].limit.units", 10, 20),
        ("features[chat].price.includedUnits", None, 0),
        ("features[chat].price.model", None, "per_unit"),
        ("features[chat].price.unitPrice", None, 1),
        ("metadata.a", 1, None),
        ("price.amount", Decimal("49.00"), Decimal("59.00")),
    ]
    assert b'"before":49.00,"after":59.00' in answer.raw


async def test_words_are_updated_in_place(api: Api):
    models: Any = [{"denomination": "C", "name": "Credits"}]
    await api.post("/catalog/apply", document(plan(), creditModels=models))
    models = [{"denomination": "C", "name": "Coins", "hardLimit": False}]
    sent = document(
        plan(
            name="Professional", description="More", status="ARCHIVED", customerReferenceId="acme"
        ),
        features=[{"key": "chat", "name": "Talk", "enabled": False}],
        creditModels=models,
    )
    answer = await api.post("/catalog/apply", sent)
    assert answer.data["features"][0]["differences"] == [
        {"path": "name", "before": "Chat", "after": "Talk"},
        {"path": "enabled", "before": True, "after": False},
    ]
    assert answer.data["creditModels"][0]["differences"] == [
        {"path": "name", "before": "Credits", "after": "Coins"},
        {"path": "hardLimit", "before": True, "after": False},
    ]
    (change,) = answer.data["plans"]
    assert change["kinds"] == ["UPDATED", "ARCHIVED"]
    assert change["versionBefore"] == change["versionAfter"] == 1
    assert [one["path"] for one in change["differences"]] == [
        "name",
        "description",
        "status",
        "customerReferenceId",
    ]
    shown = (await api.get("/catalog")).data
    assert shown["creditModels"] == models
    assert shown["plans"][0]["customerReferenceId"] == "acme"
    assert shown["plans"][0]["status"] == "ARCHIVED"


async def test_subscriptions_that_stay_on_older_versions_are_counted(api: Api):
    def costing(amount: int) -> dict[str, Any]:
        return document(plan(price={"amount": amount, "currency": "USD"}), plan("other"))

    async def subscribe(reference: str) -> str:
        await api.post("/customers", {"customerReferenceId": reference})
        sent = {"customerReferenceId": reference, "planKey": "pro"}
        return str((await api.post("/subscriptions", sent)).data["subscription"]["id"])

    await api.post("/catalog/apply", costing(0))
    await subscribe("a")
    await api.post("/catalog/apply", costing(1))
    for reference in ("b", "c"):
        await subscribe(reference)
    ended = await subscribe("d")
    await api.post(f"/subscriptions/cancellation/{ended}?cancelMode=IMMEDIATE")
    for path in ("/catalog/plan", "/catalog/apply"):
        (change,) = (await api.post(path, costing(2))).data["plans"]
        assert change["staying"] == [
            {"version": 1, "liveSubscriptions": 1},
            {"version": 2, "liveSubscriptions": 2},
        ]
    kept = (await api.get("/customers/a")).data["subscriptions"][0]["plan"]
    assert (kept["version"], kept["priceAmount"]) == (1, Decimal("0.00"))


async def test_what_is_not_named_is_left_alone_unless_pruned(api: Api):
    await api.post("/catalog/apply", document(plan("a"), plan("b")))
    assert (await api.post("/catalog/apply", document(plan("a")))).data == NOTHING
    pruned = await api.post("/catalog/apply", document(plan("a"), prune=True))
    assert [(one["key"], one["kinds"]) for one in pruned.data["plans"]] == [("b", ["ARCHIVED"])]
    assert [one["plan"]["key"] for one in (await api.get("/plans")).data] == ["a"]
    assert (await api.post("/catalog/apply", document(plan("a"), prune=True))).data == NOTHING
    (back,) = (await api.post("/catalog/apply", document(plan("b")))).data["plans"]
    assert (back["kinds"], back["versionAfter"]) == (["ACTIVATED"], 1)


async def test_plans_may_name_what_the_account_has_already(api: Api):
    await api.post("/catalog/apply", document())
    answer = await api.post("/catalog/apply", {"plans": [plan(features=[{"key": "chat"}])]})
    assert answer.status == 200


async def test_a_plan_that_was_sold_cannot_become_a_draft(api: Api):
    await api.post("/catalog/apply", document(plan()))
    for path in ("/catalog/plan", "/catalog/apply"):
        answer = await api.post(path, document(plan(status="DRAFT")))
        assert (answer.status, answer.error["field"]) == (422, "plans[0].status")


# Refusals --------------------------------------------------------------------------------------------


def _faults() -> list[Any]:
    """The table of the core, as far as JSON can say it."""
    function = core.test_what_a_document_may_not_say_is_refused_by_its_path
    table: list[Any] = next(m for m in function.pytestmark if m.name == "parametrize").args[1]
    found = []
    for index, (path, value, field) in enumerate(table):
        try:
            sent = dumped(spoilt(path, value))
        except UnicodeEncodeError:  # half of a surrogate pair
            continue
        if b"NaN" in sent or b"Infinity" in sent:
            continue
        if isinstance(value, dict) and not all(isinstance(name, str) for name in value):
            continue
        found.append(pytest.param(sent, field, id=f"{index} {field}"))
    return found


@pytest.mark.parametrize(("sent", "field"), _faults())
async def test_a_fault_is_refused_by_its_path(shared_api: Api, sent: bytes, field: str):
    for path in ("/catalog/plan", "/catalog/apply"):
        answer = await shared_api.post(path, sent)
        assert (answer.status, answer.error["code"]) == (422, "validation_failed")
        assert answer.error["field"] == field
    assert (await shared_api.get("/catalog")).data["plans"] == []


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999999", b"1" * 200])
async def test_what_is_no_number_is_refused_by_its_path(shared_api: Api, number: bytes):
    sent = dumped(document(plan())).replace(b"49.00", number)
    answer = await shared_api.post("/catalog/apply", sent)
    assert (answer.status, answer.error["field"]) == (422, "plans[0].price.amount")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"[]", 422, "validation_failed"),
        (b'"text"', 422, "validation_failed"),
        (b"{", 400, "malformed_json"),
        (b'{"plans": [], "plans": []}', 400, "malformed_json"),
        (b"{" + b" " * (1 << 20) + b"}", 413, "body_too_large"),
    ],
)
async def test_what_is_no_document_is_refused(shared_api: Api, body: bytes, status: int, code: str):
    for path in ("/catalog/plan", "/catalog/apply"):
        answer = await shared_api.post(path, body)
        assert (answer.status, answer.error["code"]) == (status, code)


async def test_nothing_of_a_refused_document_is_kept(api: Api):
    sent = document(plan("good"), plan("bad", features=[{"key": "nope"}]))
    answer = await api.post("/catalog/apply", sent, key="k")
    assert (answer.status, answer.error["field"]) == (422, "plans[1].features[0].key")
    assert (await api.get("/catalog")).data == {"features": [], "creditModels": [], "plans": []}
    # A refusal is not kept under the key.
    assert (await api.post("/catalog/apply", document(plan("good")), key="k")).status == 200


# At once ---------------------------------------------------------------------------------------------


async def test_two_at_once_are_done_one_after_the_other(api: Api):
    answers = await asyncio.gather(*(api.post("/catalog/apply", DEMO) for _ in range(6)))
    assert [answer.status for answer in answers] == [200] * 6
    assert sorted(answer.data["changed"] for answer in answers) == [False] * 5 + [True]


async def test_versions_count_on_when_several_publish_at_once(api: Api):
    await api.post("/catalog/apply", document(plan()))
    prices = [{"amount": amount, "currency": "USD"} for amount in range(50, 58)]
    answers = await asyncio.gather(
        *(api.post("/catalog/apply", document(plan(price=price))) for price in prices)
    )
    numbers = sorted(answer.data["plans"][0]["versionAfter"] for answer in answers)
    assert numbers == list(range(2, 10))
    listed = (await api.get("/plans/pro/versions")).data
    assert [one["plan"]["version"] for one in listed] == list(range(9, 0, -1))


async def test_a_switch_thrown_during_an_apply_is_not_lost(api: Api):
    await api.post("/catalog/apply", document(plan()))

    async def applying(tx: Tx) -> asyncio.Task[Got]:
        await catalog.lock(tx, api.account.id)
        switching = asyncio.create_task(api.patch("/features/chat", {"enabled": False}))
        await asyncio.sleep(0.2)
        assert not switching.done()
        await tx.execute("UPDATE features SET name = 'Talk'")
        return switching

    shown = (await (await api.db.run(applying))).data
    assert (shown["name"], shown["enabled"]) == ("Talk", False)
    assert (await api.get("/features/chat")).data == shown


async def test_an_apply_is_kept_under_its_key(api: Api):
    first = await api.post("/catalog/apply", document(plan()), key="k")
    again = await api.post("/catalog/apply", document(plan()), key="k")
    assert again.raw == first.raw
    assert again.data["changed"] is True
    other = await api.post("/catalog/apply", document(plan("b")), key="k")
    assert (other.status, other.error["code"]) == (409, "idempotency_conflict")


async def test_another_account_keeps_its_own_catalogue(api: Api, other_api: Api):
    await api.post("/catalog/apply", document(plan()))
    assert (await other_api.get("/catalog")).data["plans"] == []
    # It cannot name what is not its own.
    answer = await other_api.post("/catalog/apply", {"plans": [plan(features=[{"key": "chat"}])]})
    assert answer.error["field"] == "plans[0].features[0].key"
    await other_api.post("/catalog/apply", {"prune": True})
    assert len((await api.get("/plans")).data) == 1


# The documentation -----------------------------------------------------------------------------------


async def test_the_documented_schema_fits_what_is_sent_and_shown(api: Api):
    validator = jsonschema_rs.validator_for(catalog_schema.DOCUMENT)
    for sent in (GOOD, DEMO):
        assert validator.is_valid(_floats(sent))
        await api.post("/catalog/apply", sent)
    assert validator.is_valid(_floats((await api.get("/catalog")).data))
    assert not validator.is_valid({"plan": []})
    terms = jsonschema_rs.validator_for(catalog_schema.TERMS)
    for edition in (await api.get("/plans/pro/versions")).data:
        assert terms.is_valid(_floats(edition["terms"]))


async def test_the_document_is_named_in_the_documentation(shared_api: Api):
    answer = got(await shared_api.client.get("/openapi.json")).body
    schema = answer["components"]["schemas"]["CatalogueDocument"]
    assert set(schema["properties"]) == {"features", "creditModels", "plans", "prune"}
    for path in ("/api/v1/catalog/plan", "/api/v1/catalog/apply"):
        operation = answer["paths"][path]["post"]
        sent = operation["requestBody"]["content"]["application/json"]["schema"]
        assert sent == {"$ref": "#/components/schemas/CatalogueDocument"}
        assert {"200", "400", "401", "413", "415", "422"} <= set(operation["responses"])
    keyed = [
        each["name"] for each in answer["paths"]["/api/v1/catalog/apply"]["post"]["parameters"]
    ]
    assert "Idempotency-Key" in keyed


def _floats(value: Any) -> Any:
    """The value for a validator that knows no decimals."""
    match value:
        case dict():
            return {name: _floats(each) for name, each in value.items()}
        case list():
            return [_floats(each) for each in value]
        case Decimal():
            return float(value)
        case _:
            return value
