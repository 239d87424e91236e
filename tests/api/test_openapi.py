"""The OpenAPI document is valid, says one thing in one way, and needs nobody outside.

That it is true (the statuses, the fields) is proved where the answers are: `test_bad_input.py`
compares the statuses that each operation gives, `test_schemathesis.py` the shapes.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from schemathesis.specs.openapi import definitions
from tests.api.client import Api, got
from tests.api.operations import DOCUMENT, OPERATIONS, Operation

from usance.api.errors import STATUSES
from usance.core.refusals import Code

ERROR = {"$ref": "#/components/schemas/ErrorAnswer"}


def _within(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, value
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _within(child, f"{path}/{name}")
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _within(child, f"{path}/{index}")


# --- the document ---------------------------------------------------------------------------------


def test_it_is_valid_openapi():
    assert DOCUMENT["openapi"].startswith("3.1.")
    errors = [
        f"{error.instance_path}: {error.message}"
        for error in definitions.OPENAPI_31_VALIDATOR.iter_errors(DOCUMENT)
    ]
    assert errors == []


async def test_it_is_served_as_it_is(shared_api: Api):
    response = await shared_api.client.get("/openapi.json")
    assert got(response).body == DOCUMENT
    assert response.headers["content-type"] == "application/json"


def test_every_reference_leads_somewhere_and_every_schema_is_used():
    used = set()
    for path, value in _within(DOCUMENT):
        if path.endswith("/$ref"):
            found: Any = DOCUMENT
            for name in value.removeprefix("#/").split("/"):
                assert name in found, f"{path}: {value}"
                found = found[name]
            used.add(value.rpartition("/")[2])
    assert used == set(DOCUMENT["components"]["schemas"])


def test_no_bound_is_a_float():
    assert [path for path, value in _within(DOCUMENT) if isinstance(value, float)] == []


def test_what_is_written_beside_a_type_is_a_word_of_json_schema():
    """`ge`, `gt`, `le`, `lt`, `max_length` are pydantic's words, and tell a client nothing."""
    foreign = {"ge", "gt", "le", "lt", "min_length", "max_length", "multiple_of", "strict"}
    found = [path for path, value in _within(DOCUMENT) if isinstance(value, dict)]
    assert found
    for path, value in _within(DOCUMENT["components"]["schemas"]):
        if isinstance(value, dict) and ("type" in value or "anyOf" in value):
            assert not foreign & set(value), path


def test_names_are_camel_case():
    for path, value in _within(DOCUMENT["components"]["schemas"]):
        if path.endswith("/properties"):
            for name in value:
                assert re.fullmatch(r"[a-z]+([A-Z][a-z]*|[0-9]+)*", name), f"{path}/{name}"
    for op in OPERATIONS:
        for each in [*op.parameters("path"), *op.parameters("query")]:
            assert re.fullmatch(r"[a-z]+([A-Z][a-z]*)*", each["name"]), f"{op}: {each['name']}"


def test_every_operation_has_its_own_id_and_a_sentence():
    ids = [op.spec["operationId"] for op in OPERATIONS]
    assert len(set(ids)) == len(ids)
    for op in OPERATIONS:
        assert op.spec["description"].rstrip().endswith("."), op
        assert op.spec["tags"], op


# --- each operation -------------------------------------------------------------------------------


@pytest.mark.parametrize("op", OPERATIONS, ids=str)
def test_every_error_is_of_the_one_shape_and_names_its_codes(op: Operation):
    assert {401, 500, 503} <= op.statuses
    assert len([status for status in op.statuses if status < 300]) in {1, 2}
    for status, response in op.spec["responses"].items():
        if status.startswith("2"):
            continue
        assert response["content"]["application/json"]["schema"] == ERROR
        codes = re.findall(r"`(\w+)`", response["description"])
        assert codes, f"{op} {status} names no code"
        assert {STATUSES[Code(code)] for code in codes} == {int(status)}
        assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("op", OPERATIONS, ids=str)
def test_every_operation_needs_a_key_in_either_header(op: Operation):
    assert op.spec["security"] == [{"bearer": []}, {"apiKey": []}]
    assert "X-Request-Id" in [each["name"] for each in op.parameters("header")]
    for response in op.spec["responses"].values():
        assert "X-Request-Id" in response["headers"]


def test_the_ways_to_send_a_key_are_told():
    schemes = DOCUMENT["components"]["securitySchemes"]
    assert schemes["bearer"]["scheme"] == "bearer"
    assert (schemes["apiKey"]["in"], schemes["apiKey"]["name"]) == ("header", "X-API-Key")


def test_the_codes_of_an_error_are_the_closed_list():
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["Code"]["enum"] == [code.value for code in Code]
    assert set(schemas["ErrorBody"]["required"]) == {"code", "message", "requestId"}
    assert schemas["ErrorAnswer"]["properties"]["success"]["const"] is False


@pytest.mark.parametrize("op", [op for op in OPERATIONS if op.body is not None], ids=str)
def test_a_body_that_may_be_left_out_is_documented_so(op: Operation):
    assert op.body is not None
    needs = bool(op.body.get("required"))
    assert op.spec["requestBody"].get("required", False) is needs


def test_health_needs_no_key():
    for path in ("/healthz", "/readyz"):
        assert "security" not in DOCUMENT["paths"][path]["get"]


# --- the pages ------------------------------------------------------------------------------------


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in {"src", "href", "action"}]


async def test_the_docs_refer_to_nothing_outside(shared_api: Api):
    page = await shared_api.client.get("/docs")
    assert page.status_code == 200
    links = _Links()
    links.feed(page.text)
    assert links.found
    for link in links.found:
        assert link.startswith(("/docs/", "data:")), link
    assert "//" not in page.text.replace("<!", "")
    for link in links.found:
        if link.startswith("/"):
            asset = await shared_api.client.get(link)
            assert asset.status_code == 200, link
            if link.endswith(".css"):
                urls = re.findall(r"url\(\s*['\"]?([^'\")]{0,40})", asset.text)
                assert all(url.startswith("data:") for url in urls)
                assert "@import" not in asset.text
            if link.endswith("start.js"):
                assert "http" not in asset.text
                assert 'url: "/openapi.json"' in asset.text
                assert "validatorUrl: null" in asset.text


async def test_the_page_could_not_reach_outside_if_it_wanted_to(shared_api: Api):
    policy = (await shared_api.client.get("/docs")).headers["content-security-policy"]
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    for rule in ("script-src", "connect-src", "style-src", "img-src"):
        assert set(rules[rule].split()) <= {"'self'", "'unsafe-inline'", "data:"}
    assert "'unsafe-inline'" not in rules["script-src"]
