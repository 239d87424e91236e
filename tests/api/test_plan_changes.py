"""Plan changes over HTTP: an upgrade now, a downgrade at the period's end, undone or refused."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.api.client import Api
from tests.api.shop import DAY, START, UNKNOWN, USER, Shop, digest, instant, stop_clock, written


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    return await Shop.open(api)


async def _started(shop: Shop, plan: str) -> str:
    return str((await shop.started(plan))["subscription"]["id"])


def _amounts(document: Any) -> list[Decimal]:
    return [line["amount"] for line in document["lines"]]


# --- upgrades -------------------------------------------------------------------------------------


async def test_an_upgrade_is_charged_for_the_time_that_is_left(shop: Shop):
    one = await _started(shop, "starter_monthly")
    await shop.advance_to(START + timedelta(days=15.5))  # half of January
    answer = await shop.change(one, "enterprise_monthly", "UPGRADE")
    assert answer.status == 200
    assert set(answer.data) == {"subscription", "invoice", "creditNote"}
    invoice = answer.data["invoice"]
    assert (invoice["type"], invoice["status"]) == ("ADJUSTMENT", "DUE")
    assert _amounts(invoice) == [Decimal("-15.00"), Decimal("50.00")]
    assert [line["kind"] for line in invoice["lines"]] == ["UNUSED_TIME", "REMAINING_TIME"]
    assert invoice["amount"] == Decimal("35.00")
    assert b'"amount":35.00' in answer.raw
    for line in invoice["lines"]:
        share = line["proration"]
        assert share["numeratorUs"] * 2 == share["denominatorUs"] == 31 * 86_400 * 1_000_000
    assert answer.data["creditNote"] is None
    # Access at once, by the new plan; the period does not move.
    after = answer.data["subscription"]
    assert (after["plan"]["key"], after["isActive"]) == ("enterprise_monthly", True)
    assert after["currentPeriodStart"] == written(START)
    assert after["currentPeriodEnd"] == "2027-02-01T12:00:00Z"
    assert after == await shop.subscription(one)
    assert invoice == await shop.invoice(invoice["id"])
    assert (await shop.mark_paid(invoice["id"])).data["status"] == "PAID"


async def test_two_upgrades_build_on_each_other(shop: Shop):
    """30-day period, A 30.00, B 100.00, 10 days left: 23.33. Five days later C 200.00: 16.67."""
    dearest = {"plans": [await _plan_of(shop, "enterprise_monthly", "dearest", 200)]}
    assert (await shop.api.post("/catalog/apply", dearest)).status == 200
    await shop.advance_to(START + 92 * DAY)  # April has 30 days, and 3 April to 3 May 30 too
    one = await _started(shop, "starter_monthly")
    period = await shop.subscription(one)
    began = instant(period["currentPeriodStart"])
    assert instant(period["currentPeriodEnd"]) - began == 30 * DAY
    await shop.advance_to(began + 20 * DAY)
    first = await shop.change(one, "enterprise_monthly", "UPGRADE")
    assert _amounts(first.data["invoice"]) == [Decimal("-10.00"), Decimal("33.33")]
    await shop.mark_paid(first.data["invoice"]["id"])
    await shop.advance_to(began + 25 * DAY)
    second = await shop.change(one, "dearest", "UPGRADE")
    assert _amounts(second.data["invoice"]) == [Decimal("-16.66"), Decimal("33.33")]
    assert second.data["invoice"]["amount"] == Decimal("16.67")


async def _plan_of(shop: Shop, key: str, new_key: str, amount: int) -> Any:
    document = (await shop.api.get("/catalog")).data
    found = next(plan for plan in document["plans"] if plan["key"] == key)
    return found | {"key": new_key, "price": {"amount": amount, "currency": "USD"}}


async def test_credits_are_given_for_the_increase_and_only_once(shop: Shop):
    one = await _started(shop, "starter_monthly")
    invoice = (await shop.change(one, "pro_monthly", "UPGRADE")).data["invoice"]
    assert (await shop.pools())["AI_CREDITS"]["balance"] == 1000  # 100, and 900 more
    await shop.mark_paid(invoice["id"])
    pool = (await shop.pools())["AI_CREDITS"]
    assert (pool["balance"], pool["totalGranted"]) == (1000, 1000)


async def test_the_new_limits_hold_for_the_whole_periods_usage(shop: Shop):
    one = await _started(shop, "starter_monthly")
    await shop.use(1000)
    assert (await shop.entitlement("ai_chat"))["isAllowed"] is False
    await shop.change(one, "pro_monthly", "UPGRADE")
    usage = (await shop.entitlement("ai_chat"))["usage"]
    assert (usage["used"], usage["limit"], usage["remaining"]) == (1000, 2000, 1000)


async def test_at_the_first_instant_it_is_the_whole_difference(shop: Shop):
    one = await _started(shop, "starter_monthly")
    invoice = (await shop.change(one, "enterprise_monthly", "UPGRADE")).data["invoice"]
    assert _amounts(invoice) == [Decimal("-30.00"), Decimal("100.00")]


async def test_an_upgrade_worth_nothing_is_paid_at_once(shop: Shop):
    one = await _started(shop, "pro_monthly")
    same_price = {"plans": [await _plan_of(shop, "pro_monthly", "pro_plus", 49)]}
    await shop.api.post("/catalog/apply", same_price)
    answer = await shop.change(one, "pro_plus", "UPGRADE")
    assert (answer.data["invoice"]["status"], answer.data["invoice"]["amount"]) == ("PAID", 0)


async def test_to_another_interval_the_period_is_cut_and_one_of_the_new_plan_begins(shop: Shop):
    one = await _started(shop, "starter_monthly")
    await shop.advance_to(START + timedelta(days=15.5))
    answer = await shop.change(one, "pro_yearly", "UPGRADE")
    assert _amounts(answer.data["invoice"])[0] == Decimal("-15.00")
    assert answer.data["invoice"]["amount"] == Decimal("475.00")
    after = answer.data["subscription"]
    assert after["currentPeriodStart"] == after["anchorAt"] == "2027-01-17T00:00:00Z"
    assert after["currentPeriodEnd"] == "2028-01-17T00:00:00Z"
    assert (after["plan"]["interval"], after["plan"]["intervalMonths"]) == ("YEAR", 12)


async def test_below_zero_it_is_a_credit_note_alone_and_never_a_negative_invoice(shop: Shop):
    """From a dear yearly plan into arrears: nothing to pay now, and much to give back."""
    one = await _started(shop, "pro_yearly")
    await shop.advance("PT1S")
    answer = await shop.change(one, "payg_monthly", "UPGRADE")
    note = answer.data["creditNote"]
    assert answer.data["invoice"] is None
    assert set(note) == {
        "id", "number", "invoiceIds", "subtotal", "taxRate", "taxCategory", "taxExemptionReason", "taxAmount", "amount", "currency",
        "appliedToInvoices", "toBalance", "refunded", "refunds", "lines", "issuedAt", "customerReferenceId",
        "subscriptionId", "seller", "customer",
    }  # fmt: skip
    assert (note["amount"], note["toBalance"], note["appliedToInvoices"]) == (490, 490, 0)
    assert (await shop.balance()) == 490
    assert all(each["amount"] >= 0 for each in await shop.invoices())


async def test_in_a_trial_an_upgrade_costs_nothing_and_keeps_the_trials_end(shop: Shop):
    one = str((await shop.subscribe("pro_trial"))["subscription"]["id"])
    answer = await shop.change(one, "enterprise_monthly", "UPGRADE")
    assert (answer.data["invoice"], answer.data["creditNote"]) == (None, None)
    after = answer.data["subscription"]
    assert (after["status"], after["plan"]["key"]) == ("TRIALING", "enterprise_monthly")
    assert after["currentPeriodEnd"] == written(START + 14 * DAY)


async def test_an_upgrade_removes_a_scheduled_downgrade(shop: Shop):
    one = await _started(shop, "pro_monthly")
    await shop.change(one, "starter_monthly", "DOWNGRADE")
    answer = await shop.change(one, "enterprise_monthly", "UPGRADE")
    assert answer.data["subscription"]["scheduledChange"] is None


# --- downgrades -----------------------------------------------------------------------------------


async def test_a_downgrade_waits_for_the_periods_end(shop: Shop):
    one = await _started(shop, "pro_monthly")
    before = await shop.subscription(one)
    answer = await shop.change(one, "starter_monthly", "DOWNGRADE")
    assert (answer.data["invoice"], answer.data["creditNote"]) == (None, None)
    scheduled = answer.data["subscription"]["scheduledChange"]
    assert scheduled["toPlan"]["key"] == "starter_monthly"
    assert scheduled["effectiveAt"] == before["currentPeriodEnd"]
    assert answer.data["subscription"] == before | {"scheduledChange": scheduled}
    assert await shop.subscription(one) == answer.data["subscription"]
    await shop.advance_to(instant(before["currentPeriodEnd"]))
    after = await shop.subscription(one)
    assert (after["plan"]["key"], after["scheduledChange"]) == ("starter_monthly", None)
    assert (await shop.invoices())[0]["amount"] == Decimal("30.00")


async def test_a_newer_downgrade_replaces_the_one_before(shop: Shop):
    one = await _started(shop, "enterprise_monthly")
    await shop.change(one, "pro_monthly", "DOWNGRADE")
    answer = await shop.change(one, "starter_monthly", "DOWNGRADE")
    assert answer.data["subscription"]["scheduledChange"]["toPlan"]["key"] == "starter_monthly"


async def test_a_scheduled_change_can_be_undone_and_need_not_be_there(shop: Shop):
    one = await _started(shop, "pro_monthly")
    before = await shop.subscription(one)
    await shop.change(one, "starter_monthly", "DOWNGRADE")
    for _ in range(2):
        answer = await shop.api.delete(f"/subscriptions/{one}/plan-change/scheduled")
        assert (answer.status, answer.data) == (200, {"subscription": before})
    await shop.advance("P31D")
    assert (await shop.subscription(one))["plan"]["key"] == "pro_monthly"


async def test_the_version_of_this_moment_is_pinned(shop: Shop):
    one = await _started(shop, "pro_monthly")
    await shop.change(one, "starter_monthly", "DOWNGRADE")
    dearer = {"plans": [await _plan_of(shop, "starter_monthly", "starter_monthly", 39)]}
    await shop.api.post("/catalog/apply", dearer)
    await shop.advance("P31D")
    plan = (await shop.subscription(one))["plan"]
    assert (plan["version"], plan["priceAmount"]) == (1, 30)


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({}, 422, "validation_failed", "changeType"),
        ({"changeType": "UPGRADE"}, 422, "validation_failed", "changeToPlanId"),
        ({"changeToPlanKey": "pro_monthly"}, 422, "validation_failed", "changeType"),
        *[
            (
                {"changeToPlanKey": "pro_monthly", "changeType": kind},
                422,
                "validation_failed",
                "changeType",
            )
            for kind in ("upgrade", "", "SIDEGRADE", None, 1, ["UPGRADE"])
        ],
        (
            {"changeToPlanKey": "pro_monthly", "changeToPlanId": UNKNOWN, "changeType": "UPGRADE"},
            422,
            "validation_failed",
            "changeToPlanId",
        ),
        (
            {"changeToPlanId": "pro_monthly", "changeType": "UPGRADE"},
            422,
            "validation_failed",
            "changeToPlanId",
        ),
        ({"changeToPlanId": UNKNOWN, "changeType": "UPGRADE"}, 404, "plan_not_found", None),
        ({"changeToPlanKey": "nothing", "changeType": "UPGRADE"}, 404, "plan_not_found", None),
        ({"changeToPlanKey": "for_acme", "changeType": "UPGRADE"}, 404, "plan_not_found", None),
        ({"changeToPlanKey": "next_year", "changeType": "UPGRADE"}, 422, "plan_not_active", None),
        ({"changeToPlanKey": "last_year", "changeType": "UPGRADE"}, 422, "plan_not_active", None),
        ({"changeToPlanKey": "pro_euro", "changeType": "UPGRADE"}, 422, "currency_mismatch", None),
        ({"changeToPlanKey": "pro_monthly", "changeType": "UPGRADE"}, 409, "same_plan", None),
        ({"changeToPlanKey": "pro_monthly", "changeType": "DOWNGRADE"}, 409, "same_plan", None),
        (
            {"changeToPlanKey": "starter_monthly", "changeType": "UPGRADE"},
            422,
            "not_an_upgrade",
            "changeType",
        ),
    ],
    ids=repr,
)
async def test_what_cannot_be_changed_is_refused_and_leaves_everything(
    shop: Shop, body: dict[str, object], status: int, code: str, field: str | None
):
    one = await _started(shop, "pro_monthly")
    before = await digest(shop.api)
    answer = await shop.api.post(f"/subscriptions/{one}/plan-change", body)
    assert (answer.status, answer.error["code"]) == (status, code)
    if field is not None:
        assert answer.error["field"] == field
    assert await digest(shop.api) == before


async def test_without_a_body_what_is_missing_is_named(shop: Shop):
    one = await _started(shop, "pro_monthly")
    answer = await shop.api.post(f"/subscriptions/{one}/plan-change")
    assert (answer.status, answer.error["field"]) == (422, "changeType")


async def test_only_a_running_one_can_be_changed(shop: Shop):
    """Unpaid and ended ones would gain access by an upgrade."""
    incomplete = (await shop.subscribe("starter_monthly"))["subscription"]["id"]
    ended = (await shop.started("starter_monthly", "b"))["subscription"]["id"]
    await shop.cancel(ended, "?cancelMode=IMMEDIATE")
    overdue = (await shop.started("starter_monthly", "c"))["subscription"]["id"]
    await shop.advance("P31D")
    await shop.advance("P3D")
    before = await digest(shop.api)
    for one in (incomplete, ended, overdue):
        for kind in ("UPGRADE", "DOWNGRADE"):
            answer = await shop.change(one, "pro_monthly", kind)
            assert (answer.status, answer.error["code"]) == (409, "subscription_not_active")
    assert await digest(shop.api) == before


async def test_to_a_plan_that_the_customer_has_already_is_refused(shop: Shop):
    one = await _started(shop, "starter_monthly")
    other = await shop.started("pro_monthly")
    answer = await shop.change(one, "pro_monthly", "UPGRADE")
    assert (answer.status, answer.error["code"]) == (409, "already_subscribed")
    assert answer.error["detail"]["subscriptionId"] == other["subscription"]["id"]


async def test_an_unknown_field_is_ignored(shop: Shop):
    one = await _started(shop, "starter_monthly")
    body = {"changeToPlanKey": "pro_monthly", "changeType": "UPGRADE", "prorate": False}
    assert (await shop.api.post(f"/subscriptions/{one}/plan-change", body)).status == 200


async def test_it_can_be_asked_twice_under_one_key(shop: Shop):
    one = await _started(shop, "starter_monthly")
    body = {"changeToPlanKey": "pro_monthly", "changeType": "UPGRADE"}
    path = f"/subscriptions/{one}/plan-change"
    first = await shop.api.post(path, body, key="k")
    again = await shop.api.post(path, body, key="k")
    assert (first.raw, again.headers["idempotent-replayed"]) == (again.raw, "true")
    assert (await shop.api.post(path, body)).error["code"] == "same_plan"
    adjustments = [each for each in await shop.invoices(USER) if each["type"] == "ADJUSTMENT"]
    assert len(adjustments) == 1


async def test_a_period_may_be_cut_at_its_very_first_instant(shop: Shop):
    one = await _started(shop, "starter_monthly")
    answer = await shop.change(one, "pro_yearly", "UPGRADE")
    assert answer.status == 200, answer.body
    assert _amounts(answer.data["invoice"]) == [Decimal("-30.00"), Decimal("490.00")]
    assert answer.data["subscription"]["currentPeriodEnd"] == "2028-01-01T12:00:00Z"
    assert (await shop.cancel(one, "?cancelMode=IMMEDIATE")).status == 200
