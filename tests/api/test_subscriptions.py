"""Subscriptions over HTTP: taken, looked up, listed, changed."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from tests.api.client import Api
from tests.api.shop import (
    DAY,
    START,
    UNKNOWN,
    USER,
    Shop,
    digest,
    instant,
    several,
    stop_clock,
    written,
)


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    return await Shop.open(api)


async def _take(shop: Shop, **body: object):
    return await shop.api.post("/subscriptions", body)


# --- taking -------------------------------------------------------------------------------------


async def test_in_advance_it_waits_for_its_first_payment(shop: Shop):
    await shop.customer()
    plan_id = await shop.plan_id("pro_monthly")
    made = await _take(shop, customerReferenceId=USER, planId=plan_id, gracePeriod=3)
    assert made.status == 201
    subscription, invoice = made.data["subscription"], made.data["invoice"]
    assert UUID(subscription["id"]).version == 7
    assert subscription == {
        "id": subscription["id"],
        "status": "INCOMPLETE",
        "isActive": False,
        "customerReferenceId": USER,
        "plan": {
            "id": plan_id,
            "key": "pro_monthly",
            "name": "Pro Monthly",
            "version": 1,
            "priceAmount": Decimal("49.00"),
            "currency": "USD",
            "interval": "MONTH",
            "intervalCount": 1,
            "intervalMonths": 1,
        },
        "billingTiming": "IN_ADVANCE",
        "gracePeriodDays": 3,
        "currentPeriodStart": None,
        "currentPeriodEnd": None,
        "anchorAt": None,
        "trialEndsAt": None,
        "cancelMode": None,
        "cancelAt": None,
        "cancelledAt": None,
        "scheduledChange": None,
        "metadata": {},
        "createdAt": written(START),
    }
    assert (invoice["status"], invoice["type"]) == ("DUE", "SUBSCRIPTION")
    assert b'"priceAmount":49.00' in made.raw
    assert b'"amount":49.00' in made.raw
    assert (invoice["periodStart"], invoice["periodEnd"]) == (None, None)
    assert invoice["subscriptionId"] == subscription["id"]


async def test_the_first_payment_starts_its_period(shop: Shop):
    made = await shop.subscribe("pro_monthly")
    await shop.advance("P9D")  # nobody pays for days without access
    paid = await shop.mark_paid(made["invoice"]["id"])
    assert paid.data["status"] == "PAID"
    shown = await shop.subscription(made["subscription"]["id"])
    began = START + 9 * DAY
    assert (shown["status"], shown["isActive"]) == ("ACTIVE", True)
    assert shown["anchorAt"] == shown["currentPeriodStart"] == written(began)
    assert shown["currentPeriodEnd"] == "2027-02-10T12:00:00Z"
    assert paid.data["periodStart"] == shown["currentPeriodStart"]
    assert paid.data["periodEnd"] == shown["currentPeriodEnd"]


async def test_free_is_active_at_once_with_a_zero_invoice(shop: Shop):
    made = await shop.subscribe("free")
    assert made["subscription"]["status"] == "ACTIVE"
    assert made["subscription"]["isActive"] is True
    assert made["subscription"]["currentPeriodEnd"] == "2027-02-01T12:00:00Z"
    assert (made["invoice"]["status"], made["invoice"]["amount"]) == ("PAID", 0)
    assert made["invoice"]["number"] is not None


async def test_in_arrears_it_is_active_at_once_with_a_pending_invoice(shop: Shop):
    made = await shop.subscribe("payg_monthly")
    assert (made["subscription"]["status"], made["subscription"]["isActive"]) == ("ACTIVE", True)
    assert (made["invoice"]["status"], made["invoice"]["number"]) == ("PENDING", None)
    assert made["invoice"]["periodEnd"] == made["subscription"]["currentPeriodEnd"]


async def test_a_trial_gives_access_and_owes_nothing(shop: Shop):
    made = await shop.subscribe("pro_trial")
    subscription = made["subscription"]
    assert (subscription["status"], subscription["isActive"]) == ("TRIALING", True)
    assert subscription["trialEndsAt"] == written(START + 14 * DAY)
    assert subscription["trialEndsAt"] == subscription["currentPeriodEnd"]
    assert (made["invoice"]["status"], made["invoice"]["amount"]) == ("PAID", 0)
    await shop.advance("P14D")
    after = await shop.subscription(subscription["id"])
    assert (after["status"], after["isActive"]) == ("ACTIVE", True)
    assert after["anchorAt"] == subscription["trialEndsAt"]
    assert [each["status"] for each in await shop.invoices()] == ["DUE", "PAID"]


async def test_a_plan_is_named_by_its_key_or_its_id(shop: Shop):
    await shop.customer("a")
    await shop.customer("b")
    by_key = await _take(shop, customerReferenceId="a", planKey="free")
    by_id = await _take(shop, customerReferenceId="b", planId=await shop.plan_id("free"))
    capitals = (await shop.plan_id("starter_monthly")).upper()
    again = await _take(shop, customerReferenceId="b", planId=capitals)
    assert {by_key.status, by_id.status, again.status} == {201}
    assert by_key.data["subscription"]["plan"] == by_id.data["subscription"]["plan"]


async def test_an_older_version_is_not_sold_any_more(shop: Shop):
    dearer = {
        "plans": [
            {
                "key": "free",
                "name": "Free",
                "price": {"amount": 5, "currency": "USD"},
                "interval": {"unit": "MONTH"},
                "billingTiming": "IN_ADVANCE",
            }
        ]
    }
    old = await shop.subscribe("free", "early")
    assert (await shop.api.post("/catalog/apply", dearer)).status == 200
    new = await shop.subscribe("free", "late")
    assert new["subscription"]["plan"]["version"] == 2
    assert new["invoice"]["amount"] == 5
    kept = await shop.subscription(old["subscription"]["id"])
    assert (kept["plan"]["version"], kept["plan"]["priceAmount"]) == (1, 0)


@pytest.mark.parametrize("days", [0, 1, 365])
async def test_grace_is_honoured_to_the_microsecond(shop: Shop, days: int):
    made = await shop.subscribe("pro_monthly", gracePeriod=days)
    assert made["subscription"]["gracePeriodDays"] == days
    assert made["invoice"]["dueDate"] == written(START)
    assert made["invoice"]["pastDueAt"] == written(START + timedelta(days=days))


async def test_without_a_word_grace_is_the_plans_else_three_days(shop: Shop):
    assert (await shop.subscribe("pro_monthly"))["subscription"]["gracePeriodDays"] == 3
    patient = await shop.subscribe("patient_monthly", gracePeriod=None)
    assert patient["subscription"]["gracePeriodDays"] == 10
    assert (await shop.subscribe("free", "b", gracePeriod=0))["subscription"][
        "gracePeriodDays"
    ] == 0


async def test_metadata_is_kept_to_the_digit(shop: Shop):
    metadata = {"seat": Decimal("1.10"), "tags": ["a", {"b": None}], "ü": "日"}
    made = await shop.subscribe("free", metadata=metadata)
    assert made["subscription"]["metadata"] == metadata
    assert (await shop.subscription(made["subscription"]["id"]))["metadata"] == metadata


async def test_several_plans_at_once_are_several_subscriptions(shop: Shop):
    for plan in ("free", "pro_monthly", "payg_monthly", "pro_euro"):
        await shop.subscribe(plan)
    assert (await shop.api.get("/subscriptions")).body["pagination"]["total"] == 4


async def test_a_plan_of_one_customers_own_is_sold_to_nobody_else(shop: Shop):
    assert (await shop.subscribe("for_acme", "acme"))["invoice"]["amount"] == 39
    await shop.customer()
    answer = await _take(shop, customerReferenceId=USER, planKey="for_acme")
    unknown = await _take(shop, customerReferenceId=USER, planKey="nothing")
    assert answer.status == unknown.status == 404
    assert answer.error["code"] == unknown.error["code"] == "plan_not_found"


# --- refusing -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"planKey": "free"}, 422, "validation_failed", "customerReferenceId"),
        ({"customerReferenceId": USER}, 422, "validation_failed", "planId"),
        (
            {"customerReferenceId": USER, "planKey": "free", "planId": UNKNOWN},
            422,
            "validation_failed",
            "planId",
        ),
        ({"customerReferenceId": USER, "planId": "free"}, 422, "validation_failed", "planId"),
        ({"customerReferenceId": "nobody", "planKey": "free"}, 404, "customer_not_found", None),
        ({"customerReferenceId": USER, "planKey": "nothing"}, 404, "plan_not_found", "planKey"),
        (
            {"customerReferenceId": USER, "planId": UNKNOWN},
            404,
            "plan_not_found",
            "planId",
        ),
        ({"customerReferenceId": USER, "planKey": "next_year"}, 422, "plan_not_active", None),
        ({"customerReferenceId": USER, "planKey": "last_year"}, 422, "plan_not_active", None),
        (
            {"customerReferenceId": USER, "planKey": "free", "gracePeriod": -1},
            422,
            "validation_failed",
            "gracePeriod",
        ),
        (
            {"customerReferenceId": USER, "planKey": "free", "gracePeriod": 366},
            422,
            "validation_failed",
            "gracePeriod",
        ),
        (
            {"customerReferenceId": USER, "planKey": "free", "gracePeriod": Decimal("1.5")},
            422,
            "validation_failed",
            "gracePeriod",
        ),
    ],
)
async def test_what_cannot_be_taken_is_refused_and_leaves_nothing(
    shop: Shop, body: dict[str, object], status: int, code: str, field: str | None
):
    await shop.customer()
    before = await digest(shop.api)
    answer = await shop.api.post("/subscriptions", body)
    assert (answer.status, answer.error["code"]) == (status, code)
    if field is not None:
        assert answer.error["field"] == field
    assert await digest(shop.api) == before


async def test_a_second_open_one_to_the_same_plan_is_refused_and_named(shop: Shop):
    first = await shop.subscribe("pro_monthly")
    again = await _take(shop, customerReferenceId=USER, planKey="pro_monthly")
    assert (again.status, again.error["code"]) == (409, "already_subscribed")
    assert again.error["detail"]["subscriptionId"] == first["subscription"]["id"]
    assert again.error["detail"]["invoiceId"] == first["invoice"]["id"]
    # The plan that a scheduled change leads to counts too.
    other = await shop.started("enterprise_monthly", "b")
    await shop.change(other["subscription"]["id"], "pro_monthly", "DOWNGRADE")
    pending = await _take(shop, customerReferenceId="b", planKey="pro_monthly")
    assert (pending.status, pending.error["code"]) == (409, "already_subscribed")


async def test_after_its_end_the_plan_may_be_taken_again(shop: Shop):
    first = await shop.subscribe("pro_monthly")
    await shop.cancel(first["subscription"]["id"])
    again = await _take(shop, customerReferenceId=USER, planKey="pro_monthly")
    assert again.status == 201
    assert again.data["subscription"]["id"] != first["subscription"]["id"]


async def test_never_paid_it_expires_after_thirty_days_and_its_invoice_is_void(shop: Shop):
    made = await shop.subscribe("pro_monthly")
    await shop.advance("P29DT23H")
    assert (await shop.subscription(made["subscription"]["id"]))["status"] == "INCOMPLETE"
    assert (await shop.invoice(made["invoice"]["id"]))["status"] == "PAST_DUE"
    await shop.advance("PT1H")
    assert (await shop.subscription(made["subscription"]["id"]))["status"] == "EXPIRED"
    assert (await shop.invoice(made["invoice"]["id"]))["status"] == "VOID"


# --- looking up ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", [UNKNOWN, "x", "%00", "0" * 32, "cancellation", "x" * 300, "%F0%9F%A6%8A"]
)
async def test_an_unknown_one_is_not_found_well_formed_or_not(shared_api: Api, path: str):
    answers = [
        await shared_api.get(f"/subscriptions/{path}"),
        await shared_api.patch(f"/subscriptions/{path}", {"gracePeriod": 1}),
        await shared_api.delete(f"/subscriptions/{path}/plan-change/scheduled"),
        await shared_api.post(f"/subscriptions/cancellation/{path}"),
        await shared_api.delete(f"/subscriptions/cancellation/{path}/scheduled"),
    ]
    for answer in answers:
        assert (answer.status, answer.error["code"]) == (404, "subscription_not_found")
        assert answer.error["message"] == "There is no such subscription."


async def test_a_customer_shows_its_subscriptions_the_live_ones_first(shop: Shop):
    ended = (await shop.started("pro_euro"))["subscription"]["id"]
    await shop.cancel(ended, "?cancelMode=IMMEDIATE")
    await shop.advance("PT1S")
    incomplete = (await shop.subscribe("enterprise_monthly"))["subscription"]["id"]
    await shop.advance("PT1S")
    older = (await shop.subscribe("free"))["subscription"]["id"]
    await shop.advance("PT1S")
    newer = (await shop.started("pro_trial"))["subscription"]["id"]
    shown = (await shop.api.get(f"/customers/{USER}")).data["subscriptions"]
    assert [each["id"] for each in shown] == [newer, older, incomplete, ended]
    assert [each["status"] for each in shown] == ["TRIALING", "ACTIVE", "INCOMPLETE", "CANCELLED"]
    assert shown[1] == await shop.subscription(older)


async def test_a_list_is_the_newest_first_and_can_be_filtered(shop: Shop):
    ids = {}
    for reference, plan in (("a", "free"), ("a", "pro_monthly"), ("b", "free"), ("b", "pro_trial")):
        ids[reference, plan] = (await shop.subscribe(plan, reference))["subscription"]["id"]
        await shop.advance("PT1S")

    async def found(query: str) -> list[str]:
        answer = await shop.api.get(f"/subscriptions{query}")
        assert answer.body["pagination"]["total"] == len(answer.data)
        return [each["id"] for each in answer.data]

    newest = list(reversed(ids.values()))
    assert await found("") == newest
    assert await found("?customerReferenceId=a") == [ids["a", "pro_monthly"], ids["a", "free"]]
    assert await found("?status=INCOMPLETE") == [ids["a", "pro_monthly"]]
    assert await found("?plan=free") == [ids["b", "free"], ids["a", "free"]]
    assert await found(f"?plan={await shop.plan_id('free')}") == [
        ids["b", "free"],
        ids["a", "free"],
    ]
    assert await found("?plan=nothing") == []
    assert await found("?customerReferenceId=b&status=TRIALING") == [ids["b", "pro_trial"]]
    page = await shop.api.get("/subscriptions?limit=2&offset=1")
    assert [each["id"] for each in page.data] == newest[1:3]
    assert page.body["pagination"] == {"total": 4, "limit": 2, "offset": 1, "hasMore": True}
    assert (await shop.api.get("/subscriptions?customerReferenceId=c")).status == 404
    for query in ("status=active", "status=", "plan=", "customerReferenceId=", "limit=0"):
        answer = await shop.api.get(f"/subscriptions?{query}")
        assert (answer.status, answer.error["field"]) == (422, query.partition("=")[0])


async def test_a_status_is_that_of_now_without_a_worker(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    """No worker runs here, and nobody has looked since: time alone decides."""
    one = (await shop.started("pro_monthly"))["subscription"]
    past_due = instant(one["currentPeriodEnd"]) + 3 * DAY

    async def said() -> list[object]:
        filtered = (await shop.api.get("/subscriptions?status=PAST_DUE")).data
        of_all = (await shop.api.get("/subscriptions")).data[0]
        of_one = (await shop.api.get(f"/subscriptions?customerReferenceId={USER}")).data[0]
        shown = await shop.subscription(one["id"])
        detail = (await shop.api.get(f"/customers/{USER}")).data["subscriptions"][0]
        return [each["status"] for each in (of_all, of_one, shown, detail)] + [len(filtered)]

    stop_clock(monkeypatch, past_due - timedelta(microseconds=1))
    assert await said() == ["ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE", 0]
    stop_clock(monkeypatch, past_due)
    assert await said() == ["PAST_DUE", "PAST_DUE", "PAST_DUE", "PAST_DUE", 1]


# --- changing -----------------------------------------------------------------------------------


async def test_grace_and_metadata_can_be_changed(shop: Shop):
    made = await shop.started("pro_monthly", metadata={"a": 1})
    path = f"/subscriptions/{made['subscription']['id']}"
    before = await shop.subscription(made["subscription"]["id"])
    changed = await shop.api.patch(path, {"gracePeriod": 7})
    assert changed.status == 200
    assert changed.data == before | {"gracePeriodDays": 7}
    changed = await shop.api.patch(path, {"metadata": {"b": 2}})
    assert changed.data == before | {"gracePeriodDays": 7, "metadata": {"b": 2}}
    for body in ({}, b"", {"gracePeriod": None, "metadata": None}, {"status": "CANCELLED"}):
        assert (await shop.api.patch(path, body)).data == changed.data
    assert await shop.subscription(made["subscription"]["id"]) == changed.data


async def test_a_new_grace_holds_for_invoices_issued_from_now_on(shop: Shop):
    made = await shop.subscribe("pro_monthly")
    one = made["subscription"]["id"]
    await shop.api.patch(f"/subscriptions/{one}", {"gracePeriod": 20})
    assert (await shop.invoice(made["invoice"]["id"]))["pastDueAt"] == written(START + 3 * DAY)
    await shop.mark_paid(made["invoice"]["id"])
    await shop.advance("P31D")
    newest = (await shop.invoices())[0]
    assert instant(newest["pastDueAt"]) - instant(newest["dueDate"]) == 20 * DAY


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[
            ("gracePeriod", value)
            for value in several(-1, 366, "3", True, Decimal("1.5"), [], {}, 10**30)
        ],
        *[("metadata", value) for value in several("x", 1, [], True, {"": 1}, {"a\n": 1})],
    ],
)
async def test_a_bad_change_is_named_and_changes_nothing(shop: Shop, field: str, value: object):
    made = await shop.subscribe("free")
    before = await digest(shop.api)
    answer = await shop.api.patch(f"/subscriptions/{made['subscription']['id']}", {field: value})
    assert (answer.status, answer.error["field"]) == (422, field)
    assert await digest(shop.api) == before
