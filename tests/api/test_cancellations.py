"""Cancellations over HTTP: at the period's end, now, undone, repeated."""

from datetime import timedelta
from decimal import Decimal

import pytest
from tests.api.client import Api
from tests.api.shop import DAY, START, USER, Shop, digest, instant, stop_clock, written

HALF = START + timedelta(days=15.5)  # of January's period


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    return await Shop.open(api)


async def _started(shop: Shop, plan: str = "pro_monthly") -> str:
    return str((await shop.started(plan))["subscription"]["id"])


# --- at the end of the period ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "query", ["", "?cancelMode=END_OF_PERIOD", "?cancelMode=END_OF_PERIOD&x=1"]
)
async def test_it_runs_to_the_end_of_its_period_and_not_beyond(shop: Shop, query: str):
    one = await _started(shop)
    before = await shop.subscription(one)
    answer = await shop.cancel(one, query)
    assert answer.status == 200
    assert set(answer.data) == {"subscription", "finalInvoice", "creditNote", "voidedInvoiceIds"}
    assert answer.data["voidedInvoiceIds"] == []
    assert (answer.data["finalInvoice"], answer.data["creditNote"]) == (None, None)
    scheduled = {"cancelMode": "END_OF_PERIOD", "cancelAt": before["currentPeriodEnd"]}
    assert answer.data["subscription"] == before | scheduled
    assert (await shop.entitlement("ai_chat"))["isAllowed"] is True
    await shop.advance_to(instant(before["currentPeriodEnd"]))
    after = await shop.subscription(one)
    assert (after["status"], after["isActive"]) == ("CANCELLED", False)
    assert after["cancelledAt"] == before["currentPeriodEnd"]
    assert (await shop.entitlement("ai_chat"))["reason"]["code"] == "subscription_cancelled"
    assert [each["status"] for each in await shop.invoices()] == ["PAID"]  # and no renewal
    assert (await shop.pools())["AI_CREDITS"]["balance"] == 0


async def test_access_ends_at_that_instant_worker_or_no_worker(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    one = await _started(shop)
    ends = instant((await shop.cancel(one)).data["subscription"]["cancelAt"])
    stop_clock(monkeypatch, ends - timedelta(microseconds=1))
    assert (await shop.entitlement("ai_chat"))["isAllowed"] is True
    stop_clock(monkeypatch, ends)
    assert (await shop.entitlement("ai_chat"))["isAllowed"] is False
    assert (await shop.subscription(one))["isActive"] is False


async def test_the_seeds_call_has_json_headers_and_no_body(shop: Shop):
    one = await _started(shop)
    for body in (None, b"", b"{}", b'{"reason": "price"}', b"not even json"):
        answer = await shop.api.post(
            f"/subscriptions/cancellation/{one}?cancelMode=END_OF_PERIOD", body
        )
        assert answer.status == 200


async def test_in_arrears_what_was_used_is_billed_at_the_end(shop: Shop):
    made = await shop.subscribe("payg_monthly")
    await shop.use(100)
    await shop.cancel(made["subscription"]["id"])
    await shop.advance("P31D")
    invoice = await shop.invoice(made["invoice"]["id"])
    assert (invoice["status"], invoice["amount"]) == ("DUE", Decimal("12.00"))


async def test_again_is_the_same_result(shop: Shop):
    one = await _started(shop)
    first = await shop.cancel(one)
    await shop.advance("P1D")
    assert (await shop.cancel(one)).data == first.data
    await shop.advance("P31D")
    over = await shop.cancel(one)
    assert (over.status, over.data["subscription"]["status"]) == (200, "CANCELLED")
    assert (await shop.cancel(one, "?cancelMode=IMMEDIATE")).data == over.data


async def test_a_scheduled_change_stays_and_lives_on(shop: Shop):
    one = await _started(shop)
    await shop.change(one, "starter_monthly", "DOWNGRADE")
    cancelled = await shop.cancel(one)
    assert cancelled.data["subscription"]["scheduledChange"]["toPlan"]["key"] == "starter_monthly"
    await shop.api.delete(f"/subscriptions/cancellation/{one}/scheduled")
    await shop.advance("P31D")
    assert (await shop.subscription(one))["plan"]["key"] == "starter_monthly"


# --- undone ---------------------------------------------------------------------------------------


async def test_it_can_be_taken_back_while_it_lies_ahead(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    one = await _started(shop)
    before = await shop.subscription(one)
    ends = instant((await shop.cancel(one)).data["subscription"]["cancelAt"])
    stop_clock(monkeypatch, ends - timedelta(microseconds=1))
    answer = await shop.api.delete(f"/subscriptions/cancellation/{one}/scheduled")
    assert (answer.status, answer.data) == (200, {"subscription": before})
    stop_clock(monkeypatch, ends)
    assert (await shop.subscription(one))["isActive"] is True


async def test_what_is_not_scheduled_cannot_be_taken_back(shop: Shop):
    one = await _started(shop)
    before = await digest(shop.api)
    answer = await shop.api.delete(f"/subscriptions/cancellation/{one}/scheduled")
    assert (answer.status, answer.error["code"]) == (409, "cancellation_not_scheduled")
    assert await digest(shop.api) == before


async def test_what_has_ended_cannot_be_taken_back(shop: Shop):
    at_end, at_once = await _started(shop), await _started(shop, "pro_yearly")
    await shop.cancel(at_once, "?cancelMode=IMMEDIATE")
    await shop.cancel(at_end)
    await shop.advance("P31D")
    for one in (at_end, at_once):
        answer = await shop.api.delete(f"/subscriptions/cancellation/{one}/scheduled")
        assert (answer.status, answer.error["code"]) == (409, "subscription_ended")


# --- now ------------------------------------------------------------------------------------------


async def test_at_once_access_ends_and_the_unused_part_is_given_back(shop: Shop):
    one = await _started(shop, "starter_monthly")
    await shop.advance_to(HALF)
    answer = await shop.cancel(one, "?cancelMode=IMMEDIATE")
    after = answer.data["subscription"]
    assert (after["status"], after["isActive"], after["cancelMode"]) == (
        "CANCELLED",
        False,
        "IMMEDIATE",
    )
    assert after["cancelAt"] == after["cancelledAt"] == after["currentPeriodEnd"] == written(HALF)
    note = answer.data["creditNote"]
    assert (note["amount"], note["toBalance"], note["currency"]) == (15, 15, "USD")
    assert answer.data["finalInvoice"] is None
    assert await shop.balance() == 15
    assert (await shop.entitlement("ai_chat"))["reason"]["code"] == "subscription_cancelled"


async def test_at_once_plan_credits_go_and_bought_or_given_ones_stay(shop: Shop):
    one = await _started(shop, "starter_monthly")
    for kind, amount in (("PROMOTIONAL", 7), ("PURCHASED", 11), ("MANUAL", 13)):
        body = {"denomination": "AI_CREDITS", "amount": amount, "type": kind}
        assert (await shop.api.post(f"/credits/{USER}/grants", body)).status == 201
    await shop.cancel(one, "?cancelMode=IMMEDIATE")
    pool = (await shop.pools())["AI_CREDITS"]
    assert (pool["balance"], pool["totalClawedBack"]) == (31, 100)


async def test_an_unpaid_first_invoice_is_void_and_nothing_is_given_back(shop: Shop):
    made = await shop.subscribe("pro_monthly")
    answer = await shop.cancel(made["subscription"]["id"])  # without a period: at once
    assert answer.data["subscription"]["status"] == "CANCELLED"
    assert answer.data["voidedInvoiceIds"] == [made["invoice"]["id"]]
    assert (answer.data["finalInvoice"], answer.data["creditNote"]) == (None, None)
    assert (await shop.invoice(made["invoice"]["id"]))["status"] == "VOID"


async def test_money_on_a_void_invoice_goes_to_the_balance_and_pays_what_elapsed(shop: Shop):
    """Renewal of 49.00, 40.00 of it paid, cancelled half-way: FINAL 24.50, 15.50 left."""
    one = await _started(shop)
    await shop.advance("P31D")
    renewal = (await shop.invoices())[0]
    assert (await shop.mark_paid(renewal["id"], {"amount": 40})).data["amountDue"] == 9
    period = await shop.subscription(one)
    begins, ends = instant(period["currentPeriodStart"]), instant(period["currentPeriodEnd"])
    # Grace is three days; half of February lies beyond it, so the part paid must be before.
    await shop.api.patch(f"/subscriptions/{one}", {"gracePeriod": 30})
    assert ends - begins == 28 * DAY
    await shop.advance_to(begins + 2 * DAY)
    answer = await shop.cancel(one, "?cancelMode=IMMEDIATE")
    assert answer.data["voidedInvoiceIds"] == [renewal["id"]]
    final = answer.data["finalInvoice"]
    assert (final["type"], final["status"]) == ("FINAL", "PAID")
    assert final["amount"] == Decimal("3.50")  # 49.00 × 2/28
    assert await shop.balance() == Decimal("36.50")
    assert (await shop.invoice(renewal["id"]))["replacedByInvoiceId"] == final["id"]


async def test_an_unpaid_renewal_leaves_nothing_to_give_back_or_pay(shop: Shop):
    one = await _started(shop)
    await shop.advance("P31D")
    answer = await shop.cancel(one, "?cancelMode=IMMEDIATE")
    assert (answer.data["finalInvoice"], answer.data["creditNote"]) == (None, None)
    assert len(answer.data["voidedInvoiceIds"]) == 1


async def test_only_what_the_cancellation_voided_is_named(shop: Shop):
    """Not what the seller voided at the same instant, nor its own FINAL, voided later."""
    made = await shop.subscribe("payg_monthly")
    one = made["subscription"]["id"]
    await shop.use(100)
    await shop.advance("P31D")
    issued = (await shop.invoices())[1]
    await shop.use(10)
    void = await shop.api.post(f"/invoices/{issued['id']}/void", {"reason": "As agreed."})
    answer = await shop.cancel(one, "?cancelMode=IMMEDIATE")
    (voided,) = answer.data["voidedInvoiceIds"]
    assert (void.status, voided != issued["id"]) == (200, True)
    final = answer.data["finalInvoice"]["id"]
    void = await shop.api.post(f"/invoices/{final}/void", {"reason": "A gift."})
    assert void.data["status"] == "VOID"
    again = await shop.cancel(one, "?cancelMode=IMMEDIATE")
    assert again.data["voidedInvoiceIds"] == [voided]


async def test_what_a_late_step_voided_is_named(other_api: Api, monkeypatch: pytest.MonkeyPatch):
    """The end is decided at its own instant; the invoice is void when somebody takes the step."""
    stop_clock(monkeypatch)
    shop = await Shop.open(other_api)  # LIVE: nobody moves its clock
    settings = await shop.api.patch("/settings", {"cancelAfterPastDueDays": 5})
    assert settings.status == 200
    one = await _started(shop)
    at = instant((await shop.subscription(one))["currentPeriodEnd"]) + 20 * DAY
    stop_clock(monkeypatch, at)
    renewal = (await shop.invoices())[0]
    stop_clock(monkeypatch, at + 30 * DAY)
    assert (await shop.subscription(one))["status"] == "CANCELLED"
    answer = await shop.cancel(one, "?cancelMode=IMMEDIATE")
    assert answer.data["voidedInvoiceIds"] == [renewal["id"]]


async def test_in_arrears_what_elapsed_and_what_was_used_is_on_the_final_invoice(shop: Shop):
    made = await shop.subscribe("payg_monthly")
    await shop.use(100)
    await shop.advance_to(HALF)
    answer = await shop.cancel(made["subscription"]["id"], "?cancelMode=IMMEDIATE")
    final = answer.data["finalInvoice"]
    assert [line["amount"] for line in final["lines"]] == [Decimal("5.00"), Decimal("2.00")]
    assert (final["type"], final["status"]) == ("FINAL", "DUE")
    assert answer.data["voidedInvoiceIds"] == [made["invoice"]["id"]]


async def test_without_settling_the_running_period_is_forgiven(shop: Shop):
    made = await shop.subscribe("payg_monthly")
    await shop.use(100)
    await shop.advance_to(HALF)
    query = "?cancelMode=IMMEDIATE&settle=false"
    answer = await shop.cancel(made["subscription"]["id"], query)
    assert answer.data["finalInvoice"] is None
    assert answer.data["subscription"]["status"] == "CANCELLED"


async def test_at_once_again_is_the_same_result(shop: Shop):
    made = await shop.subscribe("payg_monthly")
    await shop.use(100)
    await shop.advance_to(HALF)
    first = await shop.cancel(made["subscription"]["id"], "?cancelMode=IMMEDIATE")
    for query in ("?cancelMode=IMMEDIATE", "", "?cancelMode=IMMEDIATE&settle=false"):
        assert (await shop.cancel(made["subscription"]["id"], query)).data == first.data
    assert (await shop.invoices())[0]["id"] == first.data["finalInvoice"]["id"]


async def test_a_scheduled_end_can_be_brought_forward(shop: Shop):
    one = await _started(shop)
    await shop.cancel(one)
    answer = await shop.cancel(one, "?cancelMode=IMMEDIATE")
    assert answer.data["subscription"]["cancelAt"] == written(START)
    assert answer.data["creditNote"]["amount"] == 49


async def test_an_immediate_end_drops_a_scheduled_change(shop: Shop):
    one = await _started(shop)
    await shop.change(one, "starter_monthly", "DOWNGRADE")
    answer = await shop.cancel(one, "?cancelMode=IMMEDIATE")
    assert answer.data["subscription"]["scheduledChange"] is None


async def test_in_a_trial_nothing_is_owed(shop: Shop):
    one = str((await shop.subscribe("pro_trial"))["subscription"]["id"])
    answer = await shop.cancel(one, "?cancelMode=IMMEDIATE")
    assert (answer.data["finalInvoice"], answer.data["creditNote"]) == (None, None)
    assert answer.data["subscription"]["status"] == "CANCELLED"


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "field"),
    [
        *[(f"cancelMode={mode}", "cancelMode") for mode in ("immediate", "", "NOW", "1", "%00")],
        *[(f"settle={value}", "settle") for value in ("", "maybe", "2", "%00")],
    ],
)
async def test_a_bad_query_is_named_and_nothing_ends(shop: Shop, query: str, field: str):
    one = await _started(shop)
    before = await digest(shop.api)
    answer = await shop.cancel(one, f"?{query}")
    assert (answer.status, answer.error["field"]) == (422, field)
    assert await digest(shop.api) == before
