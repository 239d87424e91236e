"""Customers over HTTP: registered, looked up, changed, listed, erased."""

import asyncio
import re
from decimal import Decimal
from urllib.parse import quote
from uuid import UUID

import pytest
from tests.api.client import Api, got
from tests.api.conftest import Served

ALL = {
    "customerReferenceId": "user_456",
    "email": "jane@example.com",
    "firstName": "Jane",
    "lastName": "Smith",
    "name": "Jane Smith & Söhne",
    "phoneNumber": "+49 30 1",
    "billingAddress": {"line1": "1 Main St", "city": "Berlin", "country": "DE"},
    "taxId": "DE123",
    "taxRate": Decimal("19.5"),
    "taxCategory": "REDUCED",
    "taxExemptionReason": None,
    "buyerReference": "04011000-12345-34",
    "electronicAddress": {"scheme": "0204", "value": "04011000-12345-34"},
    "timeZone": "Europe/Berlin",
    "language": "de",
    "metadata": {"tier": "gold", "seats": 3, "share": Decimal("0.10"), "tags": ["a", {"b": None}]},
}
EMPTY = dict.fromkeys(ALL) | {"metadata": {}}


# --- registering --------------------------------------------------------------------------------


async def test_what_is_said_is_kept_and_shown(api: Api):
    made = await api.post("/customers", ALL)
    assert made.status == 201
    assert UUID(made.data["id"]).version == 7
    assert {name: made.data[name] for name in ALL} == ALL
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", made.data["createdAt"])
    assert made.data["erasedAt"] is None
    shown = await api.get("/customers/user_456")
    hanging: dict[str, list[object]] = {"subscriptions": [], "creditPools": [], "balances": []}
    assert shown.data == made.data | hanging


async def test_the_seeds_first_call_works(api: Api):
    """Its sample e-mail is not an address."""
    body = {
        "customerReferenceId": "user_456",
        "email": "[email protected]",
        "firstName": "Jane",
        "lastName": "Smith",
    }
    made = await api.post("/customers", body)
    assert (made.status, made.data["email"]) == (201, "[email protected]")


async def test_nothing_is_required(api: Api):
    made = await api.post("/customers", {})
    assert {name: made.data[name] for name in ALL} == EMPTY | {
        "customerReferenceId": made.data["customerReferenceId"]
    }
    assert re.fullmatch(r"cus_[0-9A-Za-z]{15,22}", made.data["customerReferenceId"])
    assert (await api.post("/customers", dict.fromkeys(ALL))).status == 201


async def test_unknown_fields_are_ignored(api: Api):
    made = await api.post("/customers", {"customerReferenceId": "a", "externalSync": True})
    assert made.status == 201
    assert "externalSync" not in made.data
    # Names are camelCase; the snake_case of our own code is as unknown as anything.
    made = await api.post("/customers", {"first_name": "Jane"})
    assert made.data["firstName"] is None


async def test_a_reference_names_one_customer(api: Api):
    first = await api.post("/customers", {"customerReferenceId": "a"})
    again = await api.post("/customers", {"customerReferenceId": "a", "name": "other"})
    assert (again.status, again.error["code"]) == (409, "customer_exists")
    assert again.error["field"] == "customerReferenceId"
    assert (await api.get("/customers/a")).data["id"] == first.data["id"]
    # Compared exactly, to the letter.
    assert (await api.post("/customers", {"customerReferenceId": "A"})).status == 201
    assert (await api.post("/customers", {"customerReferenceId": "a "})).status == 201


async def test_of_many_at_once_one_gets_the_reference(api: Api):
    calls = [api.post("/customers", {"customerReferenceId": "a"}) for _ in range(20)]
    statuses = [answer.status for answer in await asyncio.gather(*calls)]
    assert sorted(statuses) == [201] + [409] * 19


REFERENCES = [
    "a/b",
    "/",
    "//",
    "a//b",
    "%",
    "%2F",
    "a%20b",
    "ü",
    "日本",
    "🦊",
    "a b",
    " ",
    "a?b=c",
    "a#b",
    "a&b=c;d",
    "a+b",
    "...",
    "a.b.c",
    "../..",
    "./x",
    "a:b@c",
    "jane@example.com",
    "a\\b",
    'a"b',
    "{x}",
    "'; DROP TABLE customers; --",
    "\u202eabc",
    "e\u0301",
    "subscriptions",
    "x" * 255,
    "日" * 255,
]


@pytest.mark.parametrize("reference", REFERENCES, ids=lambda each: ascii(each)[:30])
async def test_any_reference_can_be_reached_by_its_path(shared_api: Api, reference: str):
    path = f"/customers/{quote(reference, safe='')}"
    assert (await shared_api.get(path)).status == 404
    assert (await shared_api.post("/customers", {"customerReferenceId": reference})).status == 201
    shown = await shared_api.get(path)
    assert (shown.status, shown.data["customerReferenceId"]) == (200, reference)
    changed = await shared_api.patch(path, {"name": "x"})
    assert (changed.status, changed.data["customerReferenceId"]) == (200, reference)
    assert (await shared_api.delete(path)).status == 200
    assert (await shared_api.get(path)).status == 404


async def test_any_reference_can_be_reached_on_a_real_server(served: Served):
    for reference in REFERENCES:
        await served.api.post("/customers", {"customerReferenceId": reference})
        head = f"GET /api/v1/client/customers/{quote(reference, safe='')} HTTP/1.1\r\n"
        said = await served.talk(
            f"{head}Host: x\r\nConnection: close\r\nX-API-Key: {served.api.secret}\r\n\r\n".encode()
        )
        assert said.startswith(b"HTTP/1.1 200 "), reference
        served_body = said.partition(b"\r\n\r\n")[2]
        assert reference.encode() in served_body or "\\" in reference or '"' in reference


# --- refusing -----------------------------------------------------------------------------------

TEXTS = [
    "email", "firstName", "lastName", "name", "phoneNumber", "taxId", "buyerReference",
    "customerReferenceId",
]  # fmt: skip
NO_TEXT = [1, Decimal("1.5"), True, [], ["a"], {}, {"a": 1}]
BAD_TEXTS = ["", "x" * 256, "a\x00b", "a\nb", "\x7f", "\x85", "a\x1b[0m"]
NO_NUMBER = ["", "x", "1,5", " 1", "0x1", "1e", "1_000", "٣", "NaN", "Infinity", True, [], {}]
BAD = [
    *[(name, value) for name in TEXTS for value in [*NO_TEXT, *BAD_TEXTS]],
    ("customerReferenceId", "."),
    ("customerReferenceId", ".."),
    *[("taxRate", value) for value in NO_NUMBER],
    *[("taxRate", value) for value in (-1, Decimal("-0.01"), 101, Decimal("100.01"), 10**18)],
    *[("taxRate", value) for value in ("1e-13", "0.0000000000001", "1e400", "1e-400", 10**40)],
    *[
        ("timeZone", value)
        for value in ["", "Berlin", "europe/berlin", "+02:00", "../UTC", *NO_TEXT]
    ],
    *[("metadata", value) for value in ["x", 1, [], True, {"": 1}, {"x" * 101: 1}, {"a\x01": 1}]],
    ("metadata", {str(number): number for number in range(51)}),
    ("metadata", {"a": "x" * 16_384}),
    *[("billingAddress", value) for value in ["x", 1, [], True]],
    ("billingAddress", {str(number): "x" for number in range(21)}),
]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize(("name", "value"), BAD, ids=lambda each: repr(each)[:24])
async def test_a_bad_field_is_named(shared_api: Api, method: str, name: str, value: object):
    path = "/customers" if method == "POST" else "/customers/anyone"
    answer = await shared_api.send(method, path, {name: value})
    assert (answer.status, answer.error["code"]) == (422, "validation_failed")
    assert answer.error["field"] == name
    assert answer.error["message"].endswith(".")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (rb'{"email": "\u0000"}', "email"),
        (rb'{"email": "\ud800"}', "email"),
        (rb'{"email": "\udc00\ud800"}', "email"),
        (rb'{"metadata": {"a": {"b": ["x", "\ud83d"]}}}', "metadata.a.b[1]"),
        (rb'{"metadata": {"a": {"\u0000": 1}}}', "metadata.a"),
        (rb'{"\ud800": 1}', "body"),
        (rb'{"unknown": "\ud800"}', "unknown"),
        (b'{"taxRate": NaN}', "taxRate"),
        (b'{"taxRate": Infinity}', "taxRate"),
        (b'{"taxRate": -Infinity}', "taxRate"),
        (b'{"taxRate": 1e400}', "taxRate"),
        (b'{"taxRate": 1e99999999999999999999999}', "taxRate"),
        (b'{"taxRate": 1e-999999999}', "taxRate"),
        (b'{"taxRate": 1' + b"0" * 5000 + b"}", "taxRate"),
        (b'{"taxRate": 0.' + b"0" * 5000 + b"1}", "taxRate"),
        (b'{"metadata": {"n": 1e101}}', "metadata.n"),
        (b'{"metadata": {"n": NaN}}', "metadata.n"),
        (b'{"billingAddress": {"city": ""}}', "billingAddress.city"),
        (b'{"billingAddress": {"city": 1}}', "billingAddress.city"),
        (b'{"billingAddress": {"city": null}}', "billingAddress.city"),
    ],
    ids=lambda each: repr(each)[:40],
)
async def test_what_no_database_can_keep_is_named(shared_api: Api, body: bytes, field: str):
    answer = await shared_api.post("/customers", body)
    assert (answer.status, answer.error["code"]) == (422, "validation_failed")
    assert answer.error["field"] == field


async def test_all_faults_are_told(shared_api: Api):
    answer = await shared_api.post("/customers", {"email": "", "taxRate": "x", "name": 1})
    faults = answer.error["detail"]["errors"]
    assert {fault["field"] for fault in faults} == {"email", "taxRate", "name"}
    assert answer.error["field"] == faults[0]["field"]


async def test_a_surrogate_pair_is_one_character(api: Api):
    made = await api.post("/customers", rb'{"name": "\ud83e\udd8a"}')
    assert made.data["name"] == "🦊"


# --- changing -----------------------------------------------------------------------------------


async def test_a_change_touches_what_it_names(api: Api):
    made = await api.post("/customers", ALL)
    changed = await api.patch("/customers/user_456", {"email": "new", "taxId": None})
    assert changed.status == 200
    assert changed.data == made.data | {"email": "new", "taxId": None}
    shown = (await api.get("/customers/user_456")).data
    assert {name: shown[name] for name in changed.data} == changed.data


async def test_null_clears_every_field(api: Api):
    await api.post("/customers", ALL)
    change = {name: None for name in ALL if name != "customerReferenceId"}
    changed = await api.patch("/customers/user_456", change)
    assert {name: changed.data[name] for name in ALL} == EMPTY | {"customerReferenceId": "user_456"}


async def test_an_empty_change_changes_nothing(api: Api):
    made = await api.post("/customers", ALL)
    for body in ({}, b"", {"unknown": 1}):
        assert (await api.patch("/customers/user_456", body)).data == made.data


async def test_metadata_is_replaced_as_a_whole(api: Api):
    await api.post("/customers", ALL)
    changed = await api.patch("/customers/user_456", {"metadata": {"a": 1}})
    assert changed.data["metadata"] == {"a": 1}


async def test_a_customer_keeps_its_reference(api: Api):
    await api.post("/customers", {"customerReferenceId": "a"})
    answer = await api.patch("/customers/a", {"customerReferenceId": "b"})
    assert (answer.status, answer.error["field"]) == (422, "customerReferenceId")
    same = await api.patch("/customers/a", {"customerReferenceId": "a", "name": "x"})
    assert (same.status, same.data["name"]) == (200, "x")


async def test_changes_at_once_are_all_kept(api: Api):
    await api.post("/customers", {"customerReferenceId": "a"})
    names = ["email", "firstName", "lastName", "name", "phoneNumber", "taxId"]
    await asyncio.gather(*[api.patch("/customers/a", {name: name}) for name in names])
    shown = (await api.get("/customers/a")).data
    assert [shown[name] for name in names] == names


# --- an unknown one -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["nobody", "%00", "%0A", "a%00b", "%7f", "x" * 300, "%F0%9F%A6%8A", "%zz", "%", "%25"]
)
async def test_an_unknown_reference_is_not_found_well_formed_or_not(shared_api: Api, path: str):
    for method in ("GET", "PATCH", "DELETE"):
        answer = await shared_api.send(method, f"/customers/{path}")
        assert (answer.status, answer.error["code"]) == (404, "customer_not_found")
        assert answer.error["message"] == "There is no customer with this reference."


# --- listing ------------------------------------------------------------------------------------


async def test_the_newest_come_first_page_by_page(api: Api):
    for number in range(5):
        await api.post("/customers", {"customerReferenceId": f"c{number}"})

    async def page(query: str) -> tuple[list[str], dict[str, object]]:
        answer = await api.get(f"/customers{query}")
        found = [each["customerReferenceId"] for each in answer.data]
        return found, answer.body["pagination"]

    def said(limit: int, offset: int, *, more: bool) -> dict[str, object]:
        return {"total": 5, "limit": limit, "offset": offset, "hasMore": more}

    assert await page("") == (["c4", "c3", "c2", "c1", "c0"], said(50, 0, more=False))
    assert await page("?limit=2") == (["c4", "c3"], said(2, 0, more=True))
    assert await page("?limit=2&offset=2") == (["c2", "c1"], said(2, 2, more=True))
    assert await page("?limit=2&offset=3") == (["c1", "c0"], said(2, 3, more=False))
    assert await page("?limit=2&offset=9") == ([], said(2, 9, more=False))


async def test_a_list_can_be_of_one_email(api: Api):
    await api.post("/customers", {"customerReferenceId": "a", "email": "x@y"})
    await api.post("/customers", {"customerReferenceId": "b", "email": "z"})
    answer = await api.get("/customers?email=x%40y")
    assert [each["customerReferenceId"] for each in answer.data] == ["a"]
    assert answer.body["pagination"]["total"] == 1


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=x",
        "limit=1.5",
        "limit=",
        "limit=9" + "9" * 30,
        "offset=-1",
        "offset=x",
        "offset=1000001",
        "offset=" + "9" * 30,
        "email=",
        "email=%00",
        "email=" + "x" * 256,
    ],
)
async def test_a_bad_query_is_named(shared_api: Api, query: str):
    answer = await shared_api.get(f"/customers?{query}")
    assert (answer.status, answer.error["field"]) == (422, query.partition("=")[0])


# --- documented ------------------------------------------------------------------------------------


async def test_every_operation_answers_as_documented(api: Api):
    """The success of each route has the properties that its document requires, and no other."""
    document = got(await api.client.get("/openapi.json")).body
    schemas = document["components"]["schemas"]
    made = await api.post("/customers", ALL)
    assert set(made.data) == set(schemas["CustomerShape"]["properties"])
    assert set(schemas["CustomerShape"]["required"]) == set(made.data)
    shown = await api.get("/customers/user_456")
    assert set(shown.data) == set(schemas["CustomerDetail"]["properties"])
