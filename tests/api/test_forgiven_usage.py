"""Usage on an invoice that the seller voids is forgiven: neither charged again nor given back."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from tests.api.client import Api
from tests.api.shop import DAY, START, USER, Shop, stop_clock, written
from tests.books import check_books

PLANS: dict[str, Any] = {
    "features": [{"key": "calls", "name": "Calls"}],
    "plans": [
        {
            "key": "all",
            "name": "All",
            "price": {"amount": 20, "currency": "USD"},
            "interval": {"unit": "MONTH", "count": 1},
            "billingTiming": "IN_ADVANCE",
            "features": [{"key": "calls", "price": {"model": "per_unit", "unitPrice": 1}}],
        }
    ],
}


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    assert (await api.post("/catalog/apply", PLANS)).status == 200
    shop = Shop(api)
    await shop.started("all", gracePeriod=365)
    return shop


async def void(shop: Shop, invoice: Any) -> Any:
    answer = await shop.api.post(f"/invoices/{invoice['id']}/void", {"reason": "A mistake."})
    assert answer.status == 200, answer.body
    return answer.data


async def notes(shop: Shop) -> list[Any]:
    return list((await shop.api.get(f"/credit-notes?customerReferenceId={USER}")).data)


async def counter(shop: Shop, invoice: Any) -> Any:
    """The counter behind an invoice's line of usage, as it stands now."""
    explained = (await shop.api.get(f"/invoices/{invoice['id']}/explain")).data
    (used,) = [line["usage"] for line in explained["lines"] if line["usage"] is not None]
    return used["counters"][0]


async def test_a_correction_of_forgiven_usage_gives_no_money_back(shop: Shop):
    await shop.use(10, "calls", eventIdempotencyKey="a")
    await shop.advance_to(START + 31 * DAY)
    second = (await shop.invoices())[0]
    assert second["amount"] == 30
    await void(shop, second)
    await void(shop, second)
    assert (await counter(shop, second))["forgivenAmount"] == 10
    await shop.use(-4, "calls", eventIdempotencyKey="off", correctsEventKey="a")
    await shop.advance("P31D")
    assert await notes(shop) == []
    assert await shop.balance() == 0
    assert [each["amount"] for each in await shop.invoices()] == [20, 30, 20]


async def test_late_usage_that_is_forgiven_leaves_what_was_paid_before_it(shop: Shop):
    await shop.advance_to(START + 20 * DAY)
    await shop.use(10, "calls", eventIdempotencyKey="a")
    await shop.advance_to(START + 31 * DAY)
    second = (await shop.invoices())[0]
    await shop.mark_paid(second["id"])
    await shop.use(2, "calls", eventIdempotencyKey="b", occurredAt=written(START + 28 * DAY))
    await shop.advance("P28D")
    third = (await shop.invoices())[0]
    assert third["subtotal"] == 22
    await void(shop, third)
    await shop.use(-2, "calls", eventIdempotencyKey="c", correctsEventKey="b")
    await shop.advance("P31D")
    assert await notes(shop) == []
    assert await shop.balance() == 0
    assert (await counter(shop, second))["billedAmount"] == 10
    assert (await counter(shop, second))["forgivenAmount"] == 0, "it lies beyond"


async def test_a_note_after_a_voiding_names_who_billed_before_it(shop: Shop):
    await shop.api.patch(f"/customers/{USER}", {"taxRate": 7, "taxCategory": "REDUCED"})
    await shop.advance_to(START + 29 * DAY)
    await shop.use(10, "calls", eventIdempotencyKey="a")
    await shop.advance_to(START + 31 * DAY)
    second = (await shop.invoices())[0]
    await shop.mark_paid(second["id"])
    await shop.use(2, "calls", eventIdempotencyKey="b", occurredAt=written(START + 28 * DAY))
    await shop.api.patch(f"/customers/{USER}", {"taxRate": 19, "taxCategory": "STANDARD"})
    await shop.advance("P28D")
    await void(shop, (await shop.invoices())[0])
    await shop.use(-5, "calls", eventIdempotencyKey="c", correctsEventKey="a")
    await shop.advance("P31D")
    (note,) = await notes(shop)
    # 12 become 7: of the 5, 2 were forgiven, and the 3 that were paid go back at their 7 %.
    assert (note["subtotal"], note["taxRate"], note["amount"]) == (3, 7, Decimal("3.21"))
    assert note["invoiceIds"] == [second["id"]]
    explained = (await shop.api.get(f"/credit-notes/{note['id']}/explain")).data
    (line,) = explained["lines"]
    assert line["description"] == "Calls (All), reported late, 2.00 forgiven"
    how = line["calculation"]
    assert [how[key] for key in ("roundedAmount", "billedBefore", "forgiven", "amount")] == [
        7,
        12,
        -2,
        3,
    ]


async def test_usage_of_a_period_long_ago_is_forgiven_too(shop: Shop):
    await shop.use(10, "calls")
    await shop.advance_to(START + 31 * DAY)
    second = (await shop.invoices())[0]
    await shop.advance("P150D")
    await void(shop, second)
    assert (await counter(shop, second))["forgivenAmount"] == 10


async def test_a_correction_and_a_voiding_at_once_leave_right_books(shop: Shop):
    await shop.use(10, "calls", eventIdempotencyKey="a")
    await shop.advance_to(START + 31 * DAY)
    second = (await shop.invoices())[0]
    await asyncio.gather(
        void(shop, second),
        shop.use(-4, "calls", eventIdempotencyKey="off", correctsEventKey="a"),
        void(shop, second),
    )
    await shop.advance("P31D")
    assert await notes(shop) == []
    assert await shop.balance() == 0
    assert await shop.api.db.run(check_books) == []
