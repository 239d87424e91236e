"""Entitlements over HTTP: yes or no and why, what a use would come to, and nothing written."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from tests.api.client import Api, Got
from tests.api.shop import DAY, START, USER, Shop, digest, instant, stop_clock, written

ALWAYS = {
    "customerReferenceId", "featureKey", "isAllowed", "allowed", "subscriptionId", "usage",
    "credit", "asOf",
}  # fmt: skip


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    return await Shop.open(api)


def _why(entitlement: Any) -> str | None:
    """Return why not, after checking that the answer agrees with itself."""
    assert entitlement["isAllowed"] is entitlement["allowed"] is ("reason" not in entitlement)
    if "simulation" in entitlement:
        assert entitlement["simulation"]["wouldExceedLimit"] is not entitlement["isAllowed"]
    if entitlement["isAllowed"]:
        return None
    assert set(entitlement["reason"]) == {"code", "message"}
    assert entitlement["reason"]["message"].endswith(".")
    return str(entitlement["reason"]["code"])


def _quote(weight: object, estimated: object) -> dict[str, object]:
    """Return the quote of a denomination without a price."""
    unpriced = dict.fromkeys(("pricePerCredit", "currency", "estimatedCost"))
    return {"weight": weight, "estimatedCredits": estimated} | unpriced


async def _in_every_way(shop: Shop, feature: str, reference: str = USER) -> str | None:
    """Return why not, asked in all ways, which must agree."""
    simulated = await shop.api.post(
        "/entitlements",
        {"customerReferenceId": reference, "featureKey": feature, "track": {"usageUnits": 1}},
    )
    bare = await shop.api.post(
        "/entitlements", {"customerReferenceId": reference, "featureKey": feature}
    )
    shown = await shop.entitlement(feature, reference)
    assert bare.data == shown
    asked = {name: simulated.data[name] for name in simulated.data if name in shown}
    assert asked == shown
    (why,) = {_why(shown), _why(simulated.data)}
    return why


# --- why not, in order ----------------------------------------------------------------------------


async def test_reasons_come_in_their_order_and_each_goes_when_its_fault_is_mended(shop: Shop):
    """By descending precedence: each step mends the fault of the step before, and only that."""
    limited_credits = {
        "key": "late_feature",
        "limit": {"units": 10, "overage": "BLOCK"},
        "credits": {"denomination": "AI_CREDITS", "weight": 2},
    }
    await shop.customer()
    assert await _in_every_way(shop, "late_feature") == "feature_not_found"

    feature = {"key": "late_feature", "name": "Late", "enabled": False}
    assert (await shop.api.post("/catalog/apply", {"features": [feature]})).status == 200
    assert await _in_every_way(shop, "late_feature") == "feature_disabled"

    await shop.api.patch("/features/late_feature", {"enabled": True})
    assert await _in_every_way(shop, "late_feature") == "no_subscription"

    await shop.started("free")
    assert await _in_every_way(shop, "late_feature") == "feature_not_in_plan"

    document = (await shop.api.get("/catalog")).data
    plan = next(each for each in document["plans"] if each["key"] == "patient_monthly")
    plan = plan | {"features": [limited_credits]}
    assert (await shop.api.post("/catalog/apply", {"plans": [plan]})).status == 200
    made = await shop.subscribe("patient_monthly")
    one = made["subscription"]["id"]
    assert await _in_every_way(shop, "late_feature") == "subscription_inactive"

    await shop.mark_paid(made["invoice"]["id"])
    assert await _in_every_way(shop, "late_feature") == "insufficient_credits"

    grant = {"denomination": "AI_CREDITS", "amount": 100}
    assert (await shop.api.post(f"/credits/{USER}/grants", grant)).status == 201
    assert await _in_every_way(shop, "late_feature") is None

    await shop.use(10, "late_feature")
    assert await _in_every_way(shop, "late_feature") == "usage_limit_reached"

    await shop.advance("P31D")  # the next period, and its invoice is not paid
    assert await _in_every_way(shop, "late_feature") is None
    await shop.advance("P10D")
    assert await _in_every_way(shop, "late_feature") == "payment_past_due"

    await shop.cancel(one, "?cancelMode=IMMEDIATE")
    assert await _in_every_way(shop, "late_feature") == "subscription_cancelled"


async def test_a_limit_is_asked_before_credits(shop: Shop):
    """Both are used up: the limit is the reason."""
    await shop.started("starter_monthly")
    tight = {
        "key": "tight",
        "limit": {"units": 1, "overage": "BLOCK"},
        "credits": {"denomination": "AI_CREDITS", "weight": 1000},
    }
    document = (await shop.api.get("/catalog")).data
    plan = next(each for each in document["plans"] if each["key"] == "free")
    changed = {
        "features": [{"key": "tight", "name": "Tight"}],
        "plans": [plan | {"features": [tight]}],
    }
    assert (await shop.api.post("/catalog/apply", changed)).status == 200
    await shop.subscribe("free")
    assert _why(await shop.check("tight", 1)) == "insufficient_credits"
    assert _why(await shop.check("tight", 2)) == "usage_limit_reached"


async def test_an_expired_one_denies_as_inactive(shop: Shop):
    await shop.subscribe("pro_monthly")
    await shop.advance("P30D")
    assert (await shop.subscription((await shop.api.get("/subscriptions")).data[0]["id"]))[
        "status"
    ] == "EXPIRED"
    assert await _in_every_way(shop, "ai_chat") == "subscription_inactive"


async def test_of_several_subscriptions_one_that_allows_is_enough(shop: Shop):
    ended = await shop.started("pro_monthly")
    await shop.cancel(ended["subscription"]["id"], "?cancelMode=IMMEDIATE")
    assert await _in_every_way(shop, "ai_chat") == "subscription_cancelled"
    await shop.subscribe("pro_yearly")
    assert await _in_every_way(shop, "ai_chat") == "subscription_inactive"
    allowing = await shop.subscribe("free")
    shown = await shop.entitlement("ai_chat")
    assert (shown["isAllowed"], shown["subscriptionId"]) == (True, allowing["subscription"]["id"])


async def test_usage_shows_the_sums_of_all_that_have_it(shop: Shop):
    await shop.started("free")
    await shop.started("starter_monthly")
    await shop.use(1200)  # more than either has room for; the first takes what it can
    usage = (await shop.entitlement("ai_chat"))["usage"]
    assert usage["limit"] == 2000
    assert usage["used"] + usage["remaining"] == 2000


async def test_beyond_a_limit_with_overage_nothing_is_denied(shop: Shop):
    await shop.started("pro_monthly")
    await shop.use(5, "seats")
    assert await _in_every_way(shop, "seats") is None
    simulation = (await shop.check("seats", 3))["simulation"]
    assert simulation == {
        "requestedUsage": 3,
        "projectedUsage": 8,
        "projectedRemaining": 0,
        "projectedOverage": 3,
        "wouldExceedLimit": False,
    }


async def test_a_price_is_never_denied_for_lack_of_credits(shop: Shop):
    await shop.started("enterprise_monthly")
    asked = await shop.check("images", 1_000_000)
    assert _why(asked) is None
    assert asked["creditQuote"] == _quote(2, 2_000_000)


async def test_a_soft_limit_may_be_overdrawn(shop: Shop):
    await shop.started("pro_monthly")
    assert await _in_every_way(shop, "drafts") is None
    await shop.use(100, "drafts")
    shown = await shop.entitlement("drafts")
    assert shown["isAllowed"] is True
    assert shown["credit"] == {
        "denomination": "SOFT",
        "balance": -50,
        "available": -50,
        "hardLimit": False,
    }


# --- what is shown --------------------------------------------------------------------------------


async def test_a_yes_shows_usage_and_what_remains(shop: Shop):
    made = await shop.started("pro_monthly")
    await shop.use(Decimal("100.50"))
    shown = await shop.entitlement("ai_chat")
    assert set(shown) == ALWAYS
    assert shown == {
        "customerReferenceId": USER,
        "featureKey": "ai_chat",
        "isAllowed": True,
        "allowed": True,
        "subscriptionId": made["subscription"]["id"],
        "usage": {
            "used": Decimal("100.5"),
            "limit": 2000,
            "remaining": Decimal("1899.5"),
            "resetsAt": "2027-02-01T12:00:00Z",
        },
        "credit": None,
        "asOf": written(START),
    }


async def test_usage_is_there_for_every_feature_of_the_plan_unlimited_ones_too(shop: Shop):
    await shop.started("pro_monthly")
    for feature in ("api.calls.v2", "images", "drafts", "seats", "ai_chat", "retired"):
        usage = (await shop.entitlement(feature))["usage"]
        assert set(usage) == {"used", "limit", "remaining", "resetsAt"}, feature
        assert (usage["limit"] is None) is (usage["remaining"] is None)


async def test_a_no_shows_the_usage_too(shop: Shop):
    await shop.started("starter_monthly")
    await shop.use(1000)
    shown = await shop.entitlement("ai_chat")
    assert shown["isAllowed"] is False
    assert shown["usage"] == {
        "used": 1000,
        "limit": 1000,
        "remaining": 0,
        "resetsAt": "2027-02-01T12:00:00Z",
    }


async def test_a_burn_shows_the_pool_in_plain_digits(shop: Shop):
    await shop.started("pro_monthly")
    answer = await shop.api.get(f"/entitlements/{USER}/images")
    assert answer.data["credit"] == {
        "denomination": "AI_CREDITS",
        "balance": 1000,
        "available": 1000,
        "hardLimit": True,
    }
    assert b'"balance":1000,' in answer.raw


async def test_the_next_period_starts_from_nothing_at_its_very_instant(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    made = await shop.started("starter_monthly")
    await shop.use(1000)
    ends = instant(made["subscription"]["currentPeriodEnd"])
    stop_clock(monkeypatch, ends - timedelta(microseconds=1))
    assert await _in_every_way(shop, "ai_chat") == "usage_limit_reached"
    stop_clock(monkeypatch, ends)
    shown = await shop.entitlement("ai_chat")
    assert (shown["isAllowed"], shown["usage"]["used"]) == (True, 0)
    assert shown["usage"]["resetsAt"] == "2027-03-01T12:00:00Z"
    stop_clock(monkeypatch, ends + 3 * DAY - timedelta(microseconds=1))
    assert await _in_every_way(shop, "ai_chat") is None
    stop_clock(monkeypatch, ends + 3 * DAY)
    assert await _in_every_way(shop, "ai_chat") == "payment_past_due"


async def test_all_features_of_a_customer_are_listed_by_key(shop: Shop):
    await shop.started("pro_monthly")
    answer = await shop.api.get(f"/entitlements/{USER}")
    keys = [each["featureKey"] for each in answer.data]
    assert keys == sorted(["ai_chat", "api.calls.v2", "drafts", "images", "retired", "seats"])
    assert answer.body["pagination"]["total"] == 6
    for each in answer.data:
        assert each == await shop.entitlement(each["featureKey"])
    page = await shop.api.get(f"/entitlements/{USER}?limit=2&offset=1")
    assert [each["featureKey"] for each in page.data] == keys[1:3]
    await shop.customer("nobody's")
    assert (await shop.api.get("/entitlements/nobody's")).data == []


# --- simulations ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("units", "remaining", "overage", "exceeds"),
    [
        (0, 1500, 0, False),
        (1, 1499, 0, False),
        (1500, 0, 0, False),
        (Decimal("1500.000000000001"), 0, Decimal("0.000000000001"), True),
        (1501, 0, 1, True),
        (10**17, 0, 10**17 - 1500, True),
    ],
)
async def test_a_simulation_is_about_exactly_these_units(
    shop: Shop, units: Decimal, remaining: Decimal, overage: Decimal, *, exceeds: bool
):
    await shop.started("pro_monthly")
    await shop.use(500)
    asked = await shop.check("ai_chat", units)
    assert set(asked) == ALWAYS | {"simulation"} | ({"reason"} if exceeds else set())
    assert asked["simulation"] == {
        "requestedUsage": units,
        "projectedUsage": 500 + units,
        "projectedRemaining": remaining,
        "projectedOverage": overage,
        "wouldExceedLimit": exceeds,
    }
    assert asked["isAllowed"] is not exceeds
    assert _why(asked) == ("usage_limit_reached" if exceeds else None)
    assert asked["usage"]["used"] == 500


async def test_without_a_limit_nothing_remains_or_lies_beyond(shop: Shop):
    await shop.started("pro_monthly")
    assert (await shop.check("api.calls.v2", 7))["simulation"] == {
        "requestedUsage": 7,
        "projectedUsage": 7,
        "projectedRemaining": None,
        "projectedOverage": 0,
        "wouldExceedLimit": False,
    }


async def test_without_access_nothing_remains(shop: Shop):
    await shop.subscribe("pro_monthly")
    simulation = (await shop.check("ai_chat", 1))["simulation"]
    assert (simulation["projectedRemaining"], simulation["wouldExceedLimit"]) == (0, True)


@pytest.mark.parametrize(
    ("units", "more", "weight", "allowed"),
    [
        (500, {}, 2, True),
        (Decimal("500.000000000001"), {}, 2, False),
        (501, {}, 2, False),
        (125, {"model": "big"}, 8, True),
        (126, {"model": "big"}, 8, False),
        (500, {"model": "Big"}, 2, True),  # compared exactly
        (500, {"model": "unheard-of"}, 2, True),
    ],
)
async def test_a_quote_weighs_as_the_charge_will(
    shop: Shop, units: Decimal, more: dict[str, object], weight: int, *, allowed: bool
):
    """1,000 credits, 2 a unit, 8 with the big model: checked and charged by the same weights."""
    await shop.started("pro_monthly")
    asked = await shop.check("images", units, **more)
    assert asked["creditQuote"] == _quote(weight, units * weight)
    assert _why(asked) == (None if allowed else "insufficient_credits")
    receipt = await shop.use(units, "images", costInput=more or None)
    assert receipt["insufficientCredits"] is not allowed


@pytest.mark.parametrize("name", ["track", "usage"])
async def test_track_and_usage_are_one(shop: Shop, name: str):
    await shop.started("pro_monthly")
    body = {
        "customerReferenceId": USER,
        "featureKey": "images",
        name: {
            "eventName": "chat_completion",
            "usageUnits": "5",
            "model": "big",
            "meta": {"a": [1]},
            "unknown": True,
        },
    }
    asked = (await shop.api.post("/entitlements", body)).data
    assert asked["simulation"]["requestedUsage"] == 5
    assert asked["creditQuote"]["estimatedCredits"] == 40


async def test_of_track_and_usage_only_one_is_sent(shop: Shop):
    await shop.started("pro_monthly")
    both = {"track": {"usageUnits": 1}, "usage": {"usageUnits": 2}}
    body = {"customerReferenceId": USER, "featureKey": "ai_chat"}
    answer = await shop.api.post("/entitlements", body | both)
    assert (answer.status, answer.error["field"]) == (422, "usage")
    for empty in ({"track": None}, {"usage": None}, {"track": None, "usage": None}):
        assert "simulation" not in (await shop.api.post("/entitlements", body | empty)).data


async def test_units_are_one_unless_told(shop: Shop):
    await shop.started("pro_monthly")
    body = {"customerReferenceId": USER, "featureKey": "ai_chat", "track": {}}
    asked = await shop.api.post("/entitlements", body)
    assert asked.data["simulation"]["requestedUsage"] == 1


# --- keys and references --------------------------------------------------------------------------


async def test_a_feature_key_may_hold_dots(shop: Shop):
    await shop.started("pro_monthly")
    answer = await shop.api.get(f"/entitlements/{USER}/api.calls.v2")
    assert (answer.data["featureKey"], answer.data["isAllowed"]) == ("api.calls.v2", True)
    escaped = await shop.api.get(f"/entitlements/{USER}/api%2Ecalls%2ev2")
    assert escaped.raw == answer.raw


@pytest.mark.parametrize(
    "key",
    ["a/b", "%", "a b", "ü", "日本", "a?b#c", "...", "ai_chat ", "AI_CHAT", "x" * 255, "a\\b"],
)
async def test_an_unknown_feature_is_a_no_whatever_it_is_called(shop: Shop, key: str):
    await shop.started("pro_monthly")
    answer = await shop.api.get(f"/entitlements/{USER}/{quote(key, safe='')}")
    assert (answer.status, answer.data["featureKey"]) == (200, key)
    assert _why(answer.data) == "feature_not_found"
    body = {"customerReferenceId": USER, "featureKey": key}
    assert (await shop.api.post("/entitlements", body)).data == answer.data


async def test_a_reference_may_hold_anything_too(shop: Shop):
    reference = "a/b ?%#日"
    await shop.started("pro_monthly", reference)
    path = f"/entitlements/{quote(reference, safe='')}"
    shown = await shop.api.get(f"{path}/ai_chat")
    assert (shown.data["customerReferenceId"], shown.data["isAllowed"]) == (reference, True)
    assert len((await shop.api.get(path)).data) == 6


async def test_an_unknown_customer_is_not_found(shop: Shop):
    answers: list[Got] = [
        await shop.api.get("/entitlements/nobody/ai_chat"),
        await shop.api.get("/entitlements/nobody/nothing"),
        await shop.api.get("/entitlements/nobody"),
        await shop.api.get("/entitlements/%00/ai_chat"),
        await shop.api.post(
            "/entitlements", {"customerReferenceId": "nobody", "featureKey": "ai_chat"}
        ),
    ]
    for answer in answers:
        assert (answer.status, answer.error["code"]) == (404, "customer_not_found")


# --- bad questions --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "customerReferenceId"),
        ({"customerReferenceId": USER}, "featureKey"),
        ({"featureKey": "ai_chat"}, "customerReferenceId"),
        ({"customerReferenceId": USER, "featureKey": ""}, "featureKey"),
        ({"customerReferenceId": USER, "featureKey": "x" * 256}, "featureKey"),
        ({"customerReferenceId": USER, "featureKey": "a", "track": []}, "track"),
        ({"customerReferenceId": USER, "featureKey": "a", "track": 5000}, "track"),
        *[
            (
                {"customerReferenceId": USER, "featureKey": "a", "track": {"usageUnits": units}},
                "track.usageUnits",
            )
            for units in (-1, "x", None, True, "1e19", "1e-13", "NaN")
        ],
        (
            {"customerReferenceId": USER, "featureKey": "a", "usage": {"usageUnits": -1}},
            "usage.usageUnits",
        ),
        (
            {"customerReferenceId": USER, "featureKey": "a", "track": {"model": ""}},
            "track.model",
        ),
    ],
    ids=repr,
)
async def test_a_bad_question_is_named(shared_api: Api, body: dict[str, object], field: str):
    answer = await shared_api.post("/entitlements", body)
    assert (answer.status, answer.error["code"]) == (422, "validation_failed")
    assert answer.error["field"] == field


# --- nothing is written ---------------------------------------------------------------------------


async def test_a_check_writes_nothing_at_all(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    """Not even where a boundary has passed that nobody has taken yet: a read answers as if."""
    made = await shop.started("pro_monthly")
    await shop.use(10)
    await shop.subscribe("starter_monthly")
    await shop.change(made["subscription"]["id"], "starter_monthly", "DOWNGRADE")
    ends = instant(made["subscription"]["currentPeriodEnd"])
    for at in (START, ends, ends + 3 * DAY, ends + 40 * DAY):
        stop_clock(monkeypatch, at)
        before = await digest(shop.api)
        for feature in ("ai_chat", "images", "api.calls.v2", "seats", "retired", "nothing"):
            await shop.entitlement(feature)
            await shop.check(feature, 10**6, model="big")
        await shop.api.get(f"/entitlements/{USER}")
        await shop.api.get("/entitlements/nobody/ai_chat")
        await shop.api.post("/entitlements", {"customerReferenceId": USER})
        await shop.api.post(
            "/entitlements", {"customerReferenceId": USER, "featureKey": "ai_chat"}, key="k"
        )
        assert await digest(shop.api) == before
