"""Files of bank statements over HTTP: read whole by a mapping or by themselves, or refused."""

from decimal import Decimal
from typing import Any

import pytest
from tests.api import bank
from tests.api.bank import by_text, counts, credit, do, imported, one_off, send
from tests.api.client import Api
from tests.api.shop import USER, Shop, digest, stop_clock, written
from tests.books import check_books
from tests.statements import render


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    return await Shop.open(api)


@pytest.fixture(autouse=True)
async def _books_are_right(api: Api) -> Any:
    yield
    async with api.db.transaction() as tx:
        assert await check_books(tx) == []


async def test_a_csv_is_read_by_a_mapping_in_the_query(shop: Shop):
    file = b"05.01.2027;10,50;Hello\n06.01.2027;-3,00;Fee\n"
    mapping = (
        '{"columns": {"bookedOn": 1, "amount": 2, "text": 3}, "delimiter": ";", "decimal": ",",'
        ' "dayOrder": "dmy", "currency": "EUR", "account": "DE1", "encoding": "utf-8"}'
    )
    made = await send(shop.api, file, mapping=mapping, fileName="bank.csv")
    assert (made.status, made.data["format"], made.data["fileName"]) == (201, "CSV", "bank.csv")
    found = await bank.entries(shop.api)
    assert (found["Hello"]["amount"], found["Fee"]["amount"]) == (Decimal("10.50"), -3)
    assert found["Hello"]["account"] == "DE1"


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Los_Angeles"])
async def test_days_at_the_ends_of_the_calendar_are_days(shop: Shop, zone: str):
    await shop.api.patch("/settings", {"zone": zone})
    await shop.customer()
    for day in ("0001-01-01", "9999-12-31"):
        made = await send(shop.api, f"Date,Amount,Currency\n{day},5.00,USD\n".encode())
        path = f"/payments/statements/entries?statementId={made.data['id']}"
        (entry,) = (await shop.api.get(path)).data
        part = {"customerReferenceId": USER, "amount": 5}
        assert (await do(shop.api, entry, "accept", {"parts": [part]})).status == 200
        assert entry["bookedOn"] == day
    paid = sorted(each["paidAt"] for each in (await shop.api.get("/payments")).data)
    assert paid[0][:4] in {"1969", "1970"}
    assert paid[1] == written(await shop.now())


@pytest.mark.parametrize(
    ("mapping", "field"),
    [
        ("x", "mapping"),
        ("[]", "mapping"),
        ("null", "mapping"),
        ('{"columns": {"color": 1}}', "mapping.columns.color"),
        ('{"columns": {"text": 0}}', "mapping.columns.text"),
        ('{"columns": {"text": 1, "amount": "Betrag"}}', "mapping.columns"),
        ('{"delimiter": ";;"}', "mapping.delimiter"),
        ('{"decimal": "x"}', "mapping.decimal"),
        ('{"encoding": "ebcdic"}', "mapping.encoding"),
        ('{"dayOrder": "ymd"}', "mapping.dayOrder"),
        ('{"currency": "XXQ"}', "mapping.currency"),
        ('{"more": 1}', "mapping.more"),
        ('{"account": NaN}', "mapping"),
    ],
)
async def test_a_mapping_that_means_nothing_is_refused(shop: Shop, mapping: str, field: str):
    refused = await send(shop.api, b"x", mapping=mapping)
    assert refused.status == 422
    assert refused.error["field"].startswith(field), refused.error


async def test_a_file_that_is_none_is_refused_whole(shop: Shop):
    before = await digest(shop.api)
    good = render.camt053([credit(1, "a"), credit(2, "b")])
    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]>' + good.partition(b"?>")[2]
    latin = good.replace(b">a<", b">\xfc<")
    files = [b"", b"\0" * 100, b"%PDF-1.7", good[:-40], bomb, latin, b"<a/>"]
    for content in [*files, good.replace(b"USD", b"XXQ")]:
        refused = await send(shop.api, content)
        said = (refused.status, refused.error["code"], refused.error["field"])
        assert said == (422, "validation_failed", "file"), content[:60]
    huge = await send(shop.api, b" " * ((20 << 20) + 1))
    assert (huge.status, huge.error["code"]) == (413, "body_too_large")
    refused = await send(shop.api, good, color="1")
    assert (refused.status, refused.error["field"]) == (422, "color")
    assert await digest(shop.api) == before


async def test_entries_of_another_account_are_as_unknown_as_nothing(shop: Shop, other_api: Api):
    invoice = await one_off(shop, 100)
    booked = [credit(100, invoice["number"])]
    made = await imported(shop.api, booked)
    entry = await by_text(shop, invoice["number"])
    theirs = await imported(other_api, booked)  # the same file is another's own
    assert counts(theirs) == {"entries": 1, "unmatched": 1}
    for what, body in (("accept", None), ("undo", None), ("ignore", {"note": "x"})):
        unknown = await do(other_api, entry, what, body)
        assert (unknown.status, unknown.error["code"]) == (404, "entry_not_found")
    assert (await other_api.get(f"/payments/statements/{made['id']}")).status == 404
    found = await other_api.get(f"/payments/statements/entries?statementId={made['id']}")
    assert found.data == []
