"""Refunds recorded against credit notes, over HTTP."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from tests.api.client import Api, Got
from tests.api.shop import UNKNOWN, USER, Shop, digest, stop_clock, written
from tests.books import check_books


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    return await Shop.open(api)


async def credited(shop: Shop, reference: str = USER) -> Any:
    """A credit note of 49.00, all of it on the balance."""
    made = await shop.started("pro_monthly", reference)
    ended = await shop.cancel(made["subscription"]["id"], "?cancelMode=IMMEDIATE")
    return ended.data["creditNote"]


async def pay_out(shop: Shop, amount: object, note: str | None, currency: str = "USD") -> Got:
    body = {"amount": amount, "currency": currency, "creditNoteId": note}
    return await shop.api.post(f"/customers/{USER}/balance/payouts", body)


async def test_a_refund_stands_on_its_credit_note_and_in_the_statement(shop: Shop):
    note = await credited(shop)
    assert (note["refunded"], note["refunds"]) == (0, [])
    await pay_out(shop, 20, note["id"])
    await shop.advance("PT1S")
    left = await pay_out(shop, "9.5", note["id"])
    assert left.data == {"currency": "USD", "amount": Decimal("19.50")}
    now = (await shop.api.get(f"/credit-notes/{note['id']}")).data
    assert (now["toBalance"], now["refunded"]) == (49, Decimal("29.50"))
    assert [each["amount"] for each in now["refunds"]] == [20, Decimal("9.50")]
    assert now["refunds"][1]["at"] == written(await shop.now())
    assert (await shop.api.get("/credit-notes")).data == [now]
    told = (await shop.api.get(f"/customers/{USER}/statement")).data["movements"]
    sent = [(each["number"], each["amount"]) for each in told if each["kind"] == "PAYOUT"]
    assert sent == [(note["number"], 20), (note["number"], Decimal("9.50"))]
    entries = (await shop.api.get(f"/customers/{USER}/balance/entries")).data
    sources = {each["sourceId"] for each in entries if each["kind"] == "PAYOUT"}
    assert sources == {note["id"]}
    async with shop.api.db.transaction() as tx:
        assert await check_books(tx) == []


async def test_no_more_is_refunded_than_the_note_brought(shop: Shop):
    note = await credited(shop)
    body = {"customerReferenceId": USER, "amount": 500, "currency": "USD"}
    await shop.api.post("/payments", body)  # there is enough on the balance
    await pay_out(shop, 40, note["id"])
    before = await digest(shop.api)
    refused = await pay_out(shop, "9.01", note["id"])
    said = (refused.status, refused.error["code"], refused.error["field"])
    assert said == (409, "insufficient_balance", "amount")
    assert refused.error["detail"] == {"creditNoteId": note["id"], "left": 9}
    assert "9.00 USD is left" in refused.error["message"]
    euro = await pay_out(shop, 1, note["id"], "EUR")
    assert (euro.status, euro.error["code"]) == (422, "currency_mismatch")
    assert await digest(shop.api) == before
    answers = await asyncio.gather(*(pay_out(shop, 5, note["id"]) for _ in range(4)))
    assert sorted(each.status for each in answers) == [201, 409, 409, 409]
    assert (await pay_out(shop, 400, None)).status == 201  # what names no note is not the note's
    assert (await shop.api.get(f"/credit-notes/{note['id']}")).data["refunded"] == 45


async def test_what_the_balance_has_spent_meanwhile_is_not_refunded(shop: Shop):
    note = await credited(shop)
    lines = [{"description": "Set-up", "unitPrice": 30}]
    await shop.api.post("/invoices", {"customerReferenceId": USER, "lines": lines})
    refused = await pay_out(shop, 20, note["id"])
    assert (refused.status, refused.error["detail"]) == (409, {"balance": 19})
    assert (await pay_out(shop, 19, note["id"])).status == 201


async def test_a_note_of_somebody_else_is_not_found(shop: Shop):
    note = await credited(shop, "other")
    await credited(shop)
    for each in (note["id"], UNKNOWN):
        refused = await pay_out(shop, 1, each)
        said = (refused.status, refused.error["code"], refused.error["field"])
        assert said == (404, "credit_note_not_found", "creditNoteId")
