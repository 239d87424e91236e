"""What holds for every request, whatever it asks."""

import asyncio
import re

import pytest
from tests.api.client import Api, got
from tests.api.conftest import Served

from usance.api.errors import STATUSES
from usance.core.refusals import Code

KEYS = {"code", "message", "requestId"}


def test_every_code_has_a_status():
    assert set(STATUSES) == set(Code)
    assert all(400 <= status <= 503 for status in STATUSES.values())


async def test_an_unknown_route_is_not_found(shared_api: Api):
    for path in ("/nothing", "/customers/a/b/c", "//customers", "/api/v1", "/api/v2/customers"):
        answer = await shared_api.get(path)
        assert (answer.status, answer.error["code"]) == (404, "not_found"), path
        assert set(answer.error) == KEYS


async def test_a_path_that_is_not_utf8_is_not_found(shared_api: Api):
    answer = await shared_api.get("/customers/%ff%fe")
    assert (answer.status, answer.error["code"]) == (404, "not_found")


async def test_a_wrong_method_is_told_the_right_ones(shared_api: Api):
    answer = await shared_api.send("PUT", "/customers/x")
    assert (answer.status, answer.error["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, PATCH, DELETE, HEAD, OPTIONS"
    answer = await shared_api.send("DELETE", "/customers")
    assert answer.headers["allow"] == "GET, POST, HEAD, OPTIONS"


async def test_options_names_the_methods(shared_api: Api):
    answer = await shared_api.send("OPTIONS", "/customers")
    assert (answer.status, answer.raw) == (204, b"")
    assert answer.headers["allow"] == "GET, POST, HEAD, OPTIONS"


async def test_head_is_get_without_the_body(shared_api: Api):
    head, get = await shared_api.send("HEAD", "/customers"), await shared_api.get("/customers")
    assert (head.status, head.raw) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"] == str(len(get.raw))


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nothing",
        b'{"email": "a",}',
        b'{"email": "a"} x',
        b'{"email": "\xff"}',
        b"\xef\xbb\xbf{}",
        b'{"email": "tab\there"}',
        b'{"email": "a", "email": "b"}',
        b'{"metadata": {"k": 1, "k": 1}}',
        b"   ",
        b'{"metadata": ' + b"[" * 65 + b"]" * 65 + b"}",
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b"01",
        b"+1",
        b"{'email': 'a'}",
    ],
    ids=lambda body: repr(body[:24]),
)
async def test_malformed_json_is_refused(shared_api: Api, body: bytes):
    answer = await shared_api.post("/customers", body)
    assert (answer.status, answer.error["code"]) == (400, "malformed_json")


async def test_what_was_sent_is_not_repeated_in_an_error(shared_api: Api):
    answer = await shared_api.post("/customers", b'{"email": "jane@example.com" oops}')
    assert answer.status == 400
    assert b"jane" not in answer.raw


async def test_nesting_up_to_the_bound_is_kept(api: Api):
    deep = b"[" * 62 + b"]" * 62
    answer = await api.post(
        "/customers", b'{"customerReferenceId": "deep", "metadata": {"d": ' + deep + b"}}"
    )
    assert answer.status == 201
    assert (await api.get("/customers/deep")).data["metadata"] == answer.data["metadata"]


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"1", b"null", b"true"])
async def test_a_body_that_is_no_object_is_invalid(shared_api: Api, body: bytes):
    answer = await shared_api.post("/customers", body)
    assert (answer.status, answer.error["field"]) == (422, "body")


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
async def test_an_empty_body_is_no_body_whatever_its_type(api: Api, content_type: str):
    answer = await api.post("/customers", b"", headers={"Content-Type": content_type})
    assert answer.status == 201
    assert re.fullmatch(r"cus_\w{15,22}", answer.data["customerReferenceId"])


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/json; charset=latin-1",
        "json",
        "",
    ],
)
async def test_another_media_type_is_refused(shared_api: Api, content_type: str):
    answer = await shared_api.post("/customers", b"{}", headers={"Content-Type": content_type})
    assert (answer.status, answer.error["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json;charset=UTF-8", "Application/JSON"])
async def test_json_may_be_spelt_in_several_ways(api: Api, content_type: str):
    answer = await api.post("/customers", b"{}", headers={"Content-Type": content_type})
    assert answer.status == 201


async def test_a_failure_of_ours_tells_nothing(
    shared_api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async def fail(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(type(shared_api.db), "read", fail)
    answer = await shared_api.get("/customers")
    assert (answer.status, answer.error["code"]) == (500, "internal_error")
    assert b"secret" not in answer.raw
    assert answer.error["requestId"] == answer.headers["x-request-id"]
    assert answer.error["requestId"] in caplog.text


async def test_every_answer_names_its_request(shared_api: Api):
    answers = [
        await shared_api.get("/customers"),
        await shared_api.get("/nothing"),
        await shared_api.get("/customers", headers={"Authorization": "x"}),
        await shared_api.send("PUT", "/customers"),
        await shared_api.post("/customers", b"{"),
        await shared_api.post("/customers", b"{}", headers={"Content-Type": "text/plain"}),
        await shared_api.post("/customers", b"x" * ((1 << 20) + 1)),
        await shared_api.get("/customers?limit=x"),
        await shared_api.send("OPTIONS", "/customers"),
    ]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == len(ids)
    for answer in answers:
        if answer.status >= 400:
            assert answer.error["requestId"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [("req-1.A:b_2", True), ("a" * 128, True), ("a" * 129, False), ("a b", False), ("", False)],
)
async def test_a_sane_request_id_is_kept(shared_api: Api, *, given: str, is_kept: bool):
    answer = await shared_api.get("/customers", headers={"X-Request-Id": given})
    assert (answer.headers["x-request-id"] == given) is is_kept


async def test_answers_are_not_cached_or_sniffed(shared_api: Api):
    answer = await shared_api.get("/customers")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"] == "application/json"


async def test_both_prefixes_are_one_api(api: Api):
    await api.post("/api/v1/client/customers", {"customerReferenceId": "a"})
    assert (await api.get("/api/v1/customers/a")).raw == (
        await api.get("/api/v1/client/customers/a")
    ).raw
    assert (await api.get("/api/v1/client")).status == 404
    assert (await api.get("/api/v1/client/client/customers/a")).status == 404


async def test_the_paths_of_the_document_do_not_come_twice(shared_api: Api):
    paths = got(await shared_api.client.get("/openapi.json")).body["paths"]
    assert "/api/v1/customers" in paths
    assert not [path for path in paths if "/client/" in path]


# --- raw bytes ------------------------------------------------------------------------------------


def _request(served: Served, head: str, body: bytes = b"") -> bytes:
    lines = [
        head,
        "Host: x",
        f"X-API-Key: {served.api.secret}",
        "Content-Type: application/json",
    ]
    return "\r\n".join(lines).encode() + body


async def test_a_body_announced_too_large_is_refused_before_it_is_read(served: Served):
    said = await served.talk(
        _request(
            served, "POST /api/v1/customers HTTP/1.1", b"\r\nContent-Length: 10000000000\r\n\r\n"
        )
    )
    assert said.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"body_too_large"' in said
    assert b"x-request-id: " in said.lower()


@pytest.mark.parametrize("path", ["customers", "events", "holds", "entitlements"])
async def test_a_chunked_body_is_cut_at_the_limit(served: Served, path: str):
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    said = await served.talk(
        _request(
            served,
            f"POST /api/v1/{path} HTTP/1.1",
            b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 17,
        )
    )
    assert said.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"body_too_large"' in said


async def test_a_chunked_body_below_the_limit_is_taken(served: Served):
    said = await served.talk(
        _request(
            served,
            "POST /api/v1/customers HTTP/1.1",
            b"\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            b'1e\r\n{"customerReferenceId": "chunk\r\n3\r\ns"}\r\n0\r\n\r\n',
        )
    )
    assert said.startswith(b"HTTP/1.1 201 ")
    assert (await served.api.get("/customers/chunks")).status == 200


async def test_a_batch_may_be_larger(served: Served):
    """The route is not there yet or takes no such body; but 413 is not its answer."""
    body = b" " * (2 << 20)
    head = f"\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    path = "POST /api/v1/client/events/batch HTTP/1.1"
    said = await served.talk(_request(served, path, head + body))
    assert not said.startswith(b"HTTP/1.1 413 ")
    body = b" " * ((5 << 20) + 1)
    head = f"\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    said = await served.talk(_request(served, path, head))
    assert said.startswith(b"HTTP/1.1 413 ")


async def test_a_client_that_goes_away_leaves_the_server_well(
    served: Served, caplog: pytest.LogCaptureFixture
):
    for _ in range(20):
        _, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(
            _request(served, "POST /api/v1/customers HTTP/1.1", b"\r\nContent-Length: 9\r\n\r\n{")
        )
        await writer.drain()
        writer.close()
    said = await served.talk(
        _request(served, "GET /api/v1/customers HTTP/1.1", b"\r\nConnection: close\r\n\r\n")
    )
    assert said.startswith(b"HTTP/1.1 200 ")
    assert "request failed" not in caplog.text  # it was none of ours


async def test_a_slash_in_a_segment_is_not_a_separator_on_a_real_server(served: Served):
    await served.api.post("/customers", {"customerReferenceId": "a/b?c#d e"})
    said = await served.talk(
        _request(
            served,
            "GET /api/v1/customers/a%2Fb%3Fc%23d%20e HTTP/1.1",
            b"\r\nConnection: close\r\n\r\n",
        )
    )
    assert said.startswith(b"HTTP/1.1 200 ")
    assert b'"customerReferenceId":"a/b?c#d e"' in said
