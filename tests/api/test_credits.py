"""Credits over HTTP: pools, what was given and what moved in them, credits given by hand."""

from decimal import Decimal
from uuid import UUID

import pytest
from tests.api.client import Api
from tests.api.shop import DAY, START, UNKNOWN, USER, Shop, digest, several, stop_clock, written

GRANT = {"denomination": "AI_CREDITS", "amount": 100}
POOL = {
    "id", "denomination", "balance", "available", "totalGranted", "totalConsumed", "totalExpired",
    "totalClawedBack", "overdraft", "hardLimit", "status", "createdAt",
}  # fmt: skip


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    return await Shop.open(api)


async def _give(shop: Shop, **more: object):
    return await shop.api.post(f"/credits/{USER}/grants", GRANT | more)


# --- pools ----------------------------------------------------------------------------------------


async def test_a_pool_says_what_it_holds_and_how_that_came(shop: Shop):
    await shop.started("starter_monthly")
    await shop.use(5, "images")
    answer = await shop.api.get(f"/credits/{USER}/pools")
    (pool,) = answer.data
    assert set(pool) == POOL
    assert pool == {
        "id": pool["id"],
        "denomination": "AI_CREDITS",
        "balance": 90,
        "available": 90,
        "totalGranted": 100,
        "totalConsumed": 10,
        "totalExpired": 0,
        "totalClawedBack": 0,
        "overdraft": 0,
        "hardLimit": True,
        "status": "ACTIVE",
        "createdAt": written(START),
    }
    assert b'"balance":90,' in answer.raw
    one = await shop.api.get(f"/credits/{USER}/pools/{pool['id']}")
    assert one.data == pool
    customer = (await shop.api.get(f"/customers/{USER}")).data
    assert customer["creditPools"] == [pool]


async def test_a_customer_without_credits_has_no_pool(shop: Shop):
    await shop.customer()
    answer = await shop.api.get(f"/credits/{USER}/pools")
    assert (answer.data, answer.body["pagination"]["total"]) == ([], 0)


async def test_pools_are_listed_by_denomination_and_page(shop: Shop):
    await shop.customer()
    await _give(shop, denomination="SOFT")
    await _give(shop)
    answer = await shop.api.get(f"/credits/{USER}/pools")
    assert [pool["denomination"] for pool in answer.data] == ["AI_CREDITS", "SOFT"]
    page = await shop.api.get(f"/credits/{USER}/pools?limit=1&offset=1")
    assert [pool["denomination"] for pool in page.data] == ["SOFT"]
    assert page.body["pagination"] == {"total": 2, "limit": 1, "offset": 1, "hasMore": False}


async def test_an_empty_pool_is_depleted(shop: Shop):
    await shop.started("starter_monthly")
    await shop.use(50, "images")
    pool = (await shop.pools())["AI_CREDITS"]
    assert (pool["balance"], pool["status"]) == (0, "DEPLETED")


# --- movements ------------------------------------------------------------------------------------


async def test_movements_are_listed_the_newest_first_and_sum_to_the_balance(shop: Shop):
    await shop.started("starter_monthly")
    receipt = await shop.use(Decimal("0.25"), "images")
    pool = (await shop.pools())["AI_CREDITS"]
    path = f"/credits/{USER}/pools/{pool['id']}"
    burn, grant = (await shop.api.get(f"{path}/transactions")).data
    (given,) = (await shop.api.get(f"{path}/grants")).data
    assert (burn["type"], burn["amount"], burn["balanceAfter"]) == (
        "BURN",
        Decimal("-0.5"),
        Decimal("99.5"),
    )
    assert burn["eventId"] == receipt["eventId"]
    assert burn["grants"] == [{"grantId": given["id"], "amount": Decimal("-0.5")}]
    assert (grant["type"], grant["amount"], grant["balanceAfter"]) == ("GRANT", 100, 100)
    assert (grant["sequence"], burn["sequence"]) == (1, 2)
    assert grant["amount"] + burn["amount"] == pool["balance"] == given["remaining"]
    page = await shop.api.get(f"{path}/transactions?limit=1&offset=1")
    assert (page.data, page.body["pagination"]["total"]) == ([grant], 2)


async def test_a_plan_grant_carries_its_rollover(shop: Shop):
    made = await shop.started("pro_monthly")
    pool = (await shop.pools())["AI_CREDITS"]
    (grant,) = (await shop.api.get(f"/credits/{USER}/pools/{pool['id']}/grants")).data
    assert grant == {
        "id": grant["id"],
        "type": "PLAN_INCLUDED",
        "amount": 1000,
        "remaining": 1000,
        "priority": 0,
        "grantedAt": written(START),
        "expiresAt": None,
        "reason": "Pro Monthly, period 2027-01-01 to 2027-02-01",
        "subscriptionId": made["subscription"]["id"],
        "rolloverPolicy": "CAPPED",
        "rolloverCap": 200,
    }


async def test_rollover_comes_with_the_paid_renewal(shop: Shop):
    """1,000 a month, 300 left, capped at 200: 1,200."""
    await shop.started("pro_monthly")
    await shop.use(350, "images")
    await shop.advance("P31D")
    assert (await shop.pools())["AI_CREDITS"]["balance"] == 300
    await shop.mark_paid((await shop.invoices())[0]["id"])
    pool = (await shop.pools())["AI_CREDITS"]
    assert (pool["balance"], pool["totalGranted"], pool["totalExpired"]) == (1200, 2000, 100)


async def test_spending_goes_by_priority_then_expiry_then_free_before_bought(shop: Shop):
    await shop.started("pro_monthly")
    document = (await shop.api.get("/catalog")).data
    assert document["creditModels"][0]["denomination"] == "AI_CREDITS"
    order = [
        {"amount": 1, "priority": -5, "reason": "1"},
        {"amount": 1, "expiresAt": written(START + 5 * DAY), "reason": "2"},
        {"amount": 1, "expiresAt": written(START + 6 * DAY), "reason": "3"},
        {"amount": 1, "type": "PURCHASED", "priority": 1, "reason": "4"},
    ]
    for grant in reversed(order):
        assert (await _give(shop, **grant)).status == 201
    await shop.use(Decimal("1.5"), "images")
    pool = (await shop.pools())["AI_CREDITS"]
    grants = (await shop.api.get(f"/credits/{USER}/pools/{pool['id']}/grants")).data
    left = {grant["reason"][:3]: grant["remaining"] for grant in grants}
    assert left == {"1": 0, "2": 0, "3": 0, "4": 1, "Pro": 1000}


async def test_an_expired_grant_is_gone_at_its_very_instant(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    await shop.customer()
    ends = START + DAY
    await _give(shop, expiresAt=written(ends))
    await _give(shop, amount=1)
    stop_clock(monkeypatch, ends - (DAY / 86_400_000_000))
    assert (await shop.pools())["AI_CREDITS"]["balance"] == 101
    stop_clock(monkeypatch, ends)
    pool = (await shop.pools())["AI_CREDITS"]
    assert (pool["balance"], pool["totalExpired"]) == (1, 100)


# --- by hand --------------------------------------------------------------------------------------


async def test_credits_given_by_hand_make_the_pool(shop: Shop):
    await shop.customer()
    given = await _give(shop)
    assert given.status == 201
    assert UUID(given.data["id"]).version == 7
    assert given.data == {
        "id": given.data["id"],
        "type": "PROMOTIONAL",
        "amount": 100,
        "remaining": 100,
        "priority": 0,
        "grantedAt": written(START),
        "expiresAt": None,
        "reason": None,
        "subscriptionId": None,
        "rolloverPolicy": None,
        "rolloverCap": None,
    }
    assert (await shop.pools())["AI_CREDITS"]["balance"] == 100


@pytest.mark.parametrize("kind", ["PROMOTIONAL", "MANUAL", "PURCHASED"])
async def test_all_that_can_be_said_of_a_grant_is_kept(shop: Shop, kind: str):
    await shop.customer()
    said = {
        "type": kind,
        "amount": Decimal("0.000000000001"),
        "priority": -7,
        "expiresAt": written(START + DAY),
        "reason": "for your\npatience",
    }
    given = await _give(shop, **said)
    assert given.status == 201
    assert {name: given.data[name] for name in said} == said
    pool = (await shop.pools())["AI_CREDITS"]
    assert (await shop.api.get(f"/credits/{USER}/pools/{pool['id']}/grants")).data == [given.data]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        *[
            ({"denomination": value}, "denomination")
            for value in several("", "nothing", None, 1, "x" * 256)
        ],
        *[
            ({"amount": value}, "amount")
            for value in several(0, -1, "0", "-0.5", "x", None, True, "NaN", 10**18, "1e-13", [])
        ],
        *[
            ({"type": value}, "type")
            for value in several("PLAN_INCLUDED", "promotional", "", None, 1)
        ],
        *[
            ({"priority": value}, "priority")
            for value in several(Decimal("0.5"), "1", None, 1_000_001)
        ],
        ({"expiresAt": written(START)}, "expiresAt"),
        *[
            ({"expiresAt": value}, "expiresAt")
            for value in several("", "2030", "2027-02-30T00:00:00Z", 1)
        ],
        *[({"reason": value}, "reason") for value in several("", "x" * 2001, "a\x00", 1)],
    ],
    ids=repr,
)
async def test_a_bad_grant_is_named_and_nothing_is_given(
    shop: Shop, changed: dict[str, object], field: str
):
    await shop.customer()
    before = await digest(shop.api)
    answer = await _give(shop, **changed)
    assert (answer.status, answer.error["code"]) == (422, "validation_failed")
    assert answer.error["field"] == field
    assert await digest(shop.api) == before


async def test_a_grant_under_one_key_is_given_once(shop: Shop):
    await shop.customer()
    answers = [await shop.api.post(f"/credits/{USER}/grants", GRANT, key="k") for _ in range(3)]
    assert len({answer.raw for answer in answers}) == 1
    assert (await shop.pools())["AI_CREDITS"]["balance"] == 100


# --- an unknown one -------------------------------------------------------------------------------


@pytest.mark.parametrize("pool", [UNKNOWN, "x", "%00", "0" * 32])
@pytest.mark.parametrize("what", ["", "/grants", "/transactions"])
async def test_an_unknown_pool_is_not_found_well_formed_or_not(shop: Shop, pool: str, what: str):
    await shop.customer()
    answer = await shop.api.get(f"/credits/{USER}/pools/{pool}{what}")
    assert (answer.status, answer.error["code"]) == (404, "pool_not_found")
    assert answer.error["message"] == "There is no such credit pool."


async def test_another_customers_pool_is_unknown(shop: Shop):
    await shop.customer()
    await shop.started("starter_monthly", "b")
    pool = (await shop.pools("b"))["AI_CREDITS"]["id"]
    for what in ("", "/grants", "/transactions"):
        answer = await shop.api.get(f"/credits/{USER}/pools/{pool}{what}")
        assert (answer.status, answer.error["code"]) == (404, "pool_not_found")


async def test_an_unknown_customer_has_neither_pools_nor_grants(shop: Shop):
    for answer in (
        await shop.api.get("/credits/nobody/pools"),
        await shop.api.get(f"/credits/nobody/pools/{UNKNOWN}"),
        await shop.api.post("/credits/nobody/grants", GRANT),
    ):
        assert (answer.status, answer.error["code"]) == (404, "customer_not_found")
