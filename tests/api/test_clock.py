"""The clock of a TEST account: moved forward, with all that is due until then, and never back."""

from datetime import timedelta

import pytest
from tests.api import client
from tests.api.client import Api
from tests.api.shop import DAY, MICROSECOND, START, Shop, digest, several, stop_clock, written


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    return await Shop.open(api)


async def test_it_shows_real_time_until_it_is_moved(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    assert (await shop.api.get("/clock")).data == {"now": written(START), "offsetSeconds": 0}
    stop_clock(monkeypatch, START + timedelta(seconds=7))
    assert await shop.now() == START + timedelta(seconds=7)


async def test_it_ticks_ahead_of_real_time(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    await shop.advance("P1D")
    stop_clock(monkeypatch, START + timedelta(minutes=1))
    shown = (await shop.api.get("/clock")).data
    assert shown == {"now": written(START + DAY + timedelta(minutes=1)), "offsetSeconds": 86_400}


@pytest.mark.parametrize(
    ("by", "seconds"),
    [
        ("P31D", 31 * 86_400),
        ("P2W", 14 * 86_400),
        ("P1W1DT1H1M1S", 8 * 86_400 + 3661),
        ("PT12H", 43_200),
        ("PT90M", 5400),
        ("PT1S", 1),
        ("P0D", 0),
        ("PT0S", 0),
    ],
)
async def test_it_is_moved_by_a_duration(shop: Shop, by: str, seconds: int):
    moved = await shop.api.post("/clock/advance", {"by": by})
    expected = written(START + timedelta(seconds=seconds))
    assert (moved.status, moved.data) == (200, {"now": expected, "steps": 0, "done": True})
    shown = (await shop.api.get("/clock")).data
    assert shown == {"now": expected, "offsetSeconds": seconds}


async def test_it_is_moved_to_an_instant_and_may_stay_where_it_is(shop: Shop):
    to = START + 400 * DAY + MICROSECOND
    assert (await shop.advance_to(to))["now"] == written(to)
    assert (await shop.advance_to(to))["now"] == written(to)
    assert await shop.now() == to


async def test_it_is_never_put_back(shop: Shop):
    await shop.advance("P10D")
    before = await digest(shop.api)
    for to in (START, START + 10 * DAY - MICROSECOND):
        answer = await shop.api.post("/clock/advance", {"to": written(to)})
        assert (answer.status, answer.error["code"]) == (409, "clock_backwards")
    assert await digest(shop.api) == before


async def test_a_live_account_lives_in_real_time(shop: Shop, other_api: Api):
    assert (await other_api.get("/clock")).data["offsetSeconds"] == 0
    before = await digest(shop.api)
    for body in ({"by": "P1D"}, {"to": written(START + DAY)}, {"to": written(START - DAY)}):
        answer = await other_api.post("/clock/advance", body)
        assert (answer.status, answer.error["code"]) == (409, "clock_is_real")
    assert await digest(shop.api) == before


async def test_all_that_is_due_until_then_is_done_before_it_answers(shop: Shop):
    await shop.started("free")
    await shop.subscribe("payg_monthly")
    moved = await shop.advance("P90D")
    assert moved["done"] is True
    assert moved["steps"] >= 4
    ends = [each["periodEnd"] for each in await shop.invoices()]
    assert ends.count("2027-03-01T12:00:00Z") == 2
    # One jump equals many small ones.
    assert (await shop.advance("PT0S"))["steps"] == 0


async def test_one_jump_equals_many_small_ones(shop: Shop):
    other = await client.opened(shop.api.db, shop.api.app)
    async with other.client:
        small = await Shop.open(other)
        for each in (shop, small):
            await each.started("free")
            await each.advance("PT1H")  # at one instant the order of two would be their ids'
            await each.subscribe("payg_monthly")
        await shop.advance("P100D")
        for _ in range(100):
            await small.advance("P1D")
        shown = ("number", "status", "amount", "issuedAt", "dueDate", "pastDueAt", "periodEnd")
        lives = [
            sorted([str(invoice[name]) for name in shown] for invoice in await each.invoices())
            for each in (shop, small)
        ]
        assert lives[0] == lives[1]


async def test_a_clock_is_its_accounts_own(shop: Shop):
    other = await client.opened(shop.api.db, shop.api.app)
    async with other.client:
        await shop.advance("P10D")
        assert (await other.get("/clock")).data["offsetSeconds"] == 0


async def test_the_accounts_clock_decides_everything(shop: Shop):
    await shop.advance("P10D")
    now = written(START + 10 * DAY)
    made = await shop.started("pro_monthly")
    assert made["subscription"]["createdAt"] == made["subscription"]["currentPeriodStart"] == now
    assert made["invoice"]["issuedAt"] == made["invoice"]["paidAt"] == now
    assert (await shop.use(1))["occurredAt"] == now
    assert (await shop.entitlement("ai_chat"))["asOf"] == now


async def test_a_repeat_under_one_key_moves_nothing(shop: Shop):
    first = await shop.api.post("/clock/advance", {"by": "P1D"}, key="k")
    assert first.data["now"] == written(START + DAY)
    for _ in range(3):
        again = await shop.api.post("/clock/advance", {"by": "P1D"}, key="k")
        assert (again.raw, again.headers["idempotent-replayed"]) == (first.raw, "true")
    assert await shop.now() == START + DAY
    other = await shop.api.post("/clock/advance", {"by": "P2D"}, key="k")
    assert (other.status, other.error["code"]) == (409, "idempotency_conflict")
    assert await shop.now() == START + DAY


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "to"),
        ({"to": None, "by": None}, "to"),
        ({"to": written(START + DAY), "by": "P1D"}, "to"),
        ({"until": written(START)}, "until"),
        *[
            ({"to": value}, "to")
            for value in several("", "tomorrow", "2027-02-30T00:00:00Z", 1, [], True)
        ],
        ({"to": "9000-01-01T00:00:00Z"}, "to"),
        *[
            ({"by": value}, "by")
            for value in several(
                "", "P", "PT", "P1", "1D", "-P1D", "P-1D", "P1Y", "P1M", "P1.5D", "p1d"
            )
        ],
        *[({"by": value}, "by") for value in several("P1DT", "PT1D", "P1D ", "P٣D", 1, [], True)],
        *[({"by": value}, "by") for value in several("P999999W", "P9999999D", "PT99999999999S")],
    ],
    ids=repr,
)
async def test_a_bad_move_is_named_and_moves_nothing(
    shop: Shop, body: dict[str, object], field: str
):
    before = await digest(shop.api)
    answer = await shop.api.post("/clock/advance", body)
    assert (answer.status, answer.error["code"]) == (422, "validation_failed")
    assert answer.error["field"] == field
    assert await digest(shop.api) == before
