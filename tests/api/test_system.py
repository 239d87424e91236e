"""What answers without a key: health, the document, and the page that shows it."""

import re

import pytest
from tests.api.client import Api, Got, got

from usance.store.db import Db


async def _page(api: Api, path: str) -> Got:
    return got(await api.client.get(path))


async def test_health_is_told_without_a_key(shared_api: Api):
    for path in ("/healthz", "/readyz"):
        answer = await _page(shared_api, path)
        assert (answer.status, answer.body) == (200, {"status": "ok"})
        assert "x-request-id" in answer.headers


async def test_without_its_database_a_process_lives_but_is_not_ready(
    shared_api: Api, monkeypatch: pytest.MonkeyPatch
):
    async def silent(_: Db) -> bool:
        return False

    monkeypatch.setattr(Db, "ping", silent)
    answer = await _page(shared_api, "/readyz")
    assert (answer.status, answer.error["code"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert (await _page(shared_api, "/healthz")).status == 200


async def test_the_document_is_openapi_3_1_with_both_ways_to_show_a_key(shared_api: Api):
    document = (await _page(shared_api, "/openapi.json")).body
    assert document["openapi"] == "3.1.0"
    schemes = document["components"]["securitySchemes"]
    assert {scheme["type"] for scheme in schemes.values()} == {"http", "apiKey"}
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    names = [operation["operationId"] for *_, operation in operations]
    assert len(set(names)) == len(names)
    for path, method, operation in operations:
        if not path.startswith("/api/"):
            continue
        headers = {each["name"] for each in operation["parameters"] if each["in"] == "header"}
        assert "X-Request-Id" in headers
        assert {"401", "500", "503"} <= set(operation["responses"]), (method, path)
        assert operation["security"] == [{"bearer": []}, {"apiKey": []}]
        assert operation["description"].endswith("."), (method, path)
        for status, response in operation["responses"].items():
            assert "X-Request-Id" in response["headers"]
            if int(status) >= 400:
                schema = response["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorAnswer"}
        assert method == "get" or "413" in operation["responses"] or path.endswith("/events")


async def test_the_document_may_be_read_by_those_who_have_no_body_to_send(shared_api: Api):
    document = (await _page(shared_api, "/openapi.json")).body
    bodies = {
        operation["operationId"]: operation["requestBody"]["required"]
        for methods in document["paths"].values()
        for operation in methods.values()
        if "requestBody" in operation
    }
    assert bodies["createCustomer"] is False
    assert bodies["createSubscription"] is True


async def test_the_documentation_asks_nobody_outside(shared_api: Api):
    page = await _page(shared_api, "/docs")
    assert page.status == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert b"//" not in page.raw.replace(b"<!doctype", b"")  # no address but this server's
    assert b"<script>" not in page.raw  # which the policy would not run

    assets = re.findall(rb'(?:src|href)="(/[^"]+)"', page.raw)
    assert assets == [b"/docs/swagger-ui.css", b"/docs/swagger-ui-bundle.js", b"/docs/start.js"]
    for asset in assets:
        answer = await _page(shared_api, asset.decode())
        assert (answer.status, len(answer.raw) > 100) == (200, True)
        kind = "text/css" if asset.endswith(b".css") else "text/javascript"
        assert answer.headers["content-type"].startswith((kind, "application/javascript"))
    assert b'"/openapi.json"' in (await _page(shared_api, "/docs/start.js")).raw


async def test_nothing_but_the_assets_is_served_from_their_folder(shared_api: Api):
    for path in ("/docs/redoc.standalone.js", "/docs/../core.py", "/docs/%2e%2e/core.py", "/docs/"):
        assert (await _page(shared_api, path)).status == 404
