"""Previews: what would come of it is what comes of it, and looking changes nothing."""

from decimal import Decimal
from typing import Any

import pytest
from tests.api.client import Api
from tests.api.shop import USER, Shop, digest, stop_clock

# What a preview cannot know: ids are drawn, and numbers given, when it is done.
UNKNOWN_YET = {"id", "number", "paymentReference", "invoiceIds", "replacedByInvoiceId"}


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    return await Shop.open(api)


def known(value: Any) -> Any:
    """Return an answer without what a preview cannot know."""
    if isinstance(value, dict):
        return {key: known(each) for key, each in value.items() if key not in UNKNOWN_YET}
    return [known(each) for each in value] if isinstance(value, list) else value


async def in_state(shop: Shop, state: str) -> str:
    """Bring a subscription into a state, and return its id."""
    plan, _, what = state.partition(", ")
    await shop.customer(taxRate=19)
    if what == "unpaid":
        return str((await shop.subscribe(plan))["subscription"]["id"])
    one = str((await shop.started(plan))["subscription"]["id"])
    match what:
        case "used":
            await shop.use(1200, "api.calls.v2" if plan == "pro_monthly" else "ai_chat")
            await shop.advance("P12DT5H")
        case "rich":
            money = {"customerReferenceId": USER, "amount": Decimal("20.00"), "currency": "USD"}
            assert (await shop.api.post("/payments", money)).status == 201
        case "overdue":
            await shop.advance("P34D")
        case "renewed, unpaid":
            await shop.advance("P32D")
            await shop.use(7, "ai_chat")
        case "leaving":
            await shop.cancel(one)
            await shop.advance("P3D")
        case "changing":
            body = {"changeToPlanKey": "free", "changeType": "DOWNGRADE"}
            assert (await shop.api.post(f"/subscriptions/{one}/plan-change", body)).status == 200
    return one


STATES = [
    "starter_monthly, used",
    "pro_monthly, used",
    "pro_monthly, rich",
    "pro_monthly, overdue",
    "pro_monthly, renewed, unpaid",
    "pro_monthly, leaving",
    "pro_monthly, changing",
    "payg_monthly, used",
    "payg_monthly, renewed, unpaid",
    "pro_trial, used",
    "pro_monthly, unpaid",
    "pro_yearly, used",
]

COMMANDS = {
    "upgrade": ("/plan-change", {"changeToPlanKey": "enterprise_monthly", "changeType": "UPGRADE"}),
    "downgrade": ("/plan-change", {"changeToPlanKey": "free", "changeType": "DOWNGRADE"}),
    "to arrears": ("/plan-change", {"changeToPlanKey": "payg_monthly", "changeType": "UPGRADE"}),
    "cancel": ("cancelMode=END_OF_PERIOD", None),
    "cancel now": ("cancelMode=IMMEDIATE", None),
    "cancel unsettled": ("cancelMode=IMMEDIATE&settle=false", None),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("state", STATES)
async def test_a_preview_is_what_happens_then(shop: Shop, state: str, command: str):
    one = await in_state(shop, state)
    what, body = COMMANDS[command]
    if body is None:
        path = f"/subscriptions/cancellation/{one}?{what}"
        previewed = f"{path}&preview=true"
    else:
        path = f"/subscriptions/{one}{what}"
        previewed = f"{path}?preview=true"
    await shop.api.get(f"/subscriptions/{one}")  # what is due is taken
    before = await digest(shop.api)

    foreseen = await shop.api.post(previewed, body)
    again = await shop.api.post(previewed, body)
    assert await digest(shop.api) == before

    happened = await shop.api.post(path, body)
    assert (foreseen.status, again.status) == (happened.status, happened.status)
    if happened.status != 200:
        assert foreseen.error["code"] == happened.error["code"]
        return
    assert known(foreseen.data) == known(again.data) == known(happened.data)
    assert await digest(shop.api) != before or happened.data == foreseen.data


async def test_a_previewed_end_tells_only_of_its_own_subscription(shop: Shop):
    await shop.customer()
    first = (await shop.started("payg_monthly"))["subscription"]["id"]
    await shop.use(500, "ai_chat")
    owed = (await shop.cancel(first, "?cancelMode=IMMEDIATE")).data["finalInvoice"]
    assert owed["status"] == "DUE"
    one = (await shop.started("pro_monthly"))["subscription"]["id"]
    await shop.advance("P1D")

    # What it gives back pays the other's FINAL invoice.
    now = f"/subscriptions/cancellation/{one}?cancelMode=IMMEDIATE"
    foreseen = await shop.api.post(f"{now}&preview=true")
    happened = await shop.api.post(now)
    assert (await shop.invoice(owed["id"]))["status"] == "PAID"
    assert happened.data["finalInvoice"] is None
    assert known(foreseen.data) == known(happened.data)


async def corrected(shop: Shop) -> str:
    """Return a subscription in its second month, which has 40.00 of the first one's usage to give back."""
    await shop.customer()
    one = str((await shop.started("pro_monthly"))["subscription"]["id"])
    await shop.send_event("api.calls.v2", usageUnits=50_000, eventIdempotencyKey="much")
    await shop.advance("P31D")
    (due,) = [each for each in await shop.invoices() if each["status"] == "DUE"]
    await shop.mark_paid(due["id"])
    less = await shop.send_event("api.calls.v2", usageUnits=-20_000, correctsEventKey="much")
    assert less.status == 201
    await shop.advance("P1D")
    return one


@pytest.mark.parametrize("note", [Decimal("47.25"), None])
async def test_a_previewed_end_tells_of_its_own_credit_note(shop: Shop, note: Decimal | None):
    one = await corrected(shop)
    if note is None:  # nothing is left of the running period
        await shop.advance("P26DT23H59M59S")
    now = f"/subscriptions/cancellation/{one}?cancelMode=IMMEDIATE"
    foreseen = await shop.api.post(f"{now}&preview=true")
    happened = await shop.api.post(now)
    assert Decimal("40.00") in {
        each["amount"] for each in (await shop.api.get("/credit-notes")).data
    }
    said = happened.data["creditNote"]
    assert (None if said is None else said["amount"]) == note
    assert known(foreseen.data) == known(happened.data)


async def test_a_plan_change_answers_with_its_own_credit_note(shop: Shop):
    one = await corrected(shop)
    changed = await shop.change(one, "payg_monthly", "UPGRADE")  # which cuts the period
    assert [line["kind"] for line in changed.data["creditNote"]["lines"]] == ["UNUSED_TIME"]
    assert changed.data["creditNote"]["amount"] == Decimal("47.25")


@pytest.mark.parametrize("state", STATES)
async def test_the_next_invoice_is_the_one_that_comes(shop: Shop, state: str):
    one = await in_state(shop, state)
    await shop.api.get(f"/subscriptions/{one}")
    before = await digest(shop.api)
    foreseen = (await shop.api.get(f"/subscriptions/{one}/invoice-preview")).data["invoice"]
    assert await digest(shop.api) == before

    seen = {each["id"] for each in await _issued(shop, one)}
    await shop.advance("P400D" if "yearly" in state else "P62D")
    came = [each for each in await _issued(shop, one) if each["id"] not in seen]
    if foreseen is None:
        assert came == []
        return
    assert foreseen["number"] is None
    first = min(came, key=lambda each: (each["issuedAt"], each["number"]))
    status = {"status", "pastDueAt"}  # it is overdue meanwhile
    want = {name: value for name, value in known(first).items() if name not in status}
    assert {name: value for name, value in known(foreseen).items() if name not in status} == want
    assert foreseen["id"] == first["id"]


async def _issued(shop: Shop, one: str) -> list[dict[str, Any]]:
    listed = await shop.api.get(f"/invoices?subscriptionId={one}&limit=100")
    return [each for each in listed.data if each["issuedAt"] is not None]


async def test_a_foreign_subscription_has_no_next_invoice(shop: Shop, other_api: Api):
    one = await in_state(shop, "pro_monthly, used")
    refused = await other_api.get(f"/subscriptions/{one}/invoice-preview")
    assert (refused.status, refused.error["code"]) == (404, "subscription_not_found")


# --- what is far ahead ------------------------------------------------------------------------------

DAILY = {
    "key": "daily",
    "name": "Daily",
    "price": {"amount": 0, "currency": "USD"},
    "interval": {"unit": "DAY", "count": 1},
    "billingTiming": "IN_ADVANCE",
    "features": [{"key": "ai_chat"}],
}
LONG = DAILY | {"key": "long", "name": "Long", "interval": {"unit": "YEAR", "count": 4}}


async def _beside_daily_ones(shop: Shop, plan: str) -> str:
    plans = [DAILY, LONG]
    assert (await shop.api.post("/catalog/apply", {"plans": plans})).status == 200
    await shop.subscribe("daily")
    return str((await shop.started(plan))["subscription"]["id"])


async def test_what_others_do_until_then_is_seen_through(shop: Shop):
    """A year away, with 365 renewals of another subscription before it."""
    one = await _beside_daily_ones(shop, "pro_yearly")
    foreseen = (await shop.api.get(f"/subscriptions/{one}/invoice-preview")).data["invoice"]
    assert (foreseen["amount"], foreseen["periodStart"][:4]) == (490, "2028")


async def test_what_is_too_far_ahead_is_refused_and_not_denied(shop: Shop):
    """1,461 renewals of another subscription come before it: that is no reason to say that none comes."""
    one = await _beside_daily_ones(shop, "long")
    refused = await shop.api.get(f"/subscriptions/{one}/invoice-preview")
    assert (refused.status, refused.error["code"]) == (409, "too_far_ahead")


async def test_what_never_comes_is_not_too_far_ahead(shop: Shop):
    """Held while it is PAST_DUE, beside one that renews every day, for ever."""
    one = await _beside_daily_ones(shop, "pro_monthly")
    await shop.advance("P35D")
    assert (await shop.subscription(one))["status"] == "PAST_DUE"
    await shop.advance("P30D")
    foreseen = await shop.api.get(f"/subscriptions/{one}/invoice-preview")
    assert (foreseen.status, foreseen.data["invoice"]) == (200, None)
