"""A seller's bank for tests: what it books, written as a file and imported over HTTP."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from tests.api.client import Api, Got
from tests.api.shop import USER, Shop
from tests.statements import render

from usance.statements.entries import Entry

DAY = date(2027, 1, 5)


def credit(amount: object, text: str, **more: Any) -> Entry:
    """Money that came in, in USD unless said."""
    entry = Entry(
        booked_on=DAY,
        value_on=DAY,
        amount=Decimal(str(amount)),
        currency="USD",
        account=render.ACCOUNT,
        text=text,
        reference=more.pop("reference", f"B-{text}"),
    )
    return replace(entry, **more)


def debit(amount: object, text: str, **more: Any) -> Entry:
    return credit(-Decimal(str(amount)), text, **more)


async def send(api: Api, content: bytes, *, key: str | None = None, **query: str) -> Got:
    path = f"/payments/statements?{urlencode(query)}" if query else "/payments/statements"
    kind = {"Content-Type": "application/octet-stream"}
    return await api.send("POST", path, content, key=key, headers=kind)


async def imported(api: Api, entries: Sequence[Entry]) -> Any:
    """Import entries as a camt.053 file; return what the answer says."""
    made = await send(api, render.camt053(entries))
    assert made.status == 201, made.body
    return made.data


async def entries(api: Api, query: str = "limit=200") -> dict[str, Any]:
    """Return the entries by their texts."""
    found = await api.get(f"/payments/statements/entries?{query}")
    assert found.status == 200, found.body
    return {each["text"]: each for each in found.data}


async def do(api: Api, entry: Any, what: str, body: object = None, **more: Any) -> Got:
    return await api.post(f"/payments/statements/entries/{entry['id']}/{what}", body, **more)


def counts(made: Any) -> dict[str, int]:
    names = ("entries", "known", "applied", "proposed", "unmatched", "ignored")
    return {name: made[name] for name in names if made[name]}


async def one_off(shop: Shop, amount: object, reference: str = USER, **more: Any) -> Any:
    await shop.api.post(
        "/customers", {"customerReferenceId": reference, "name": f"{reference} Ltd"}
    )
    lines = [{"description": "Set-up", "unitPrice": amount}]
    body = {"customerReferenceId": reference, "lines": lines, **more}
    return (await shop.api.post("/invoices", body)).data


async def by_text(shop: Shop, text: str) -> Any:
    return (await entries(shop.api))[text]
