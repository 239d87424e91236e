"""What is owed and for how long, and statements of account that always add up."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.api.client import Api
from tests.api.shop import DAY, START, USER, Shop, stop_clock, written

HUNDRED = {"description": "Set-up", "unitPrice": Decimal("100.00")}
BUCKETS = ("current", "days1To30", "days31To60", "days61To90", "over90", "total", "writtenOff")


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    return await Shop.open(api)


async def charge(shop: Shop, reference: str = USER, **more: Any) -> str:
    """Charge 100.00, due now; return the invoice's id."""
    made = await shop.api.post("/customers", {"customerReferenceId": reference})
    assert made.status in {201, 409}, made.body
    body = {"customerReferenceId": reference, "lines": [HUNDRED], **more}
    made = await shop.api.post("/invoices", body)
    assert made.status == 201, made.body
    return str(made.data["id"])


async def statement(shop: Shop, query: str = "") -> Any:
    got = await shop.api.get(f"/customers/{USER}/statement?currency=USD&{query}")
    assert got.status == 200, got.body
    moved = sum((one["amount"] for one in got.data["movements"]), Decimal(0))
    assert got.data["opening"] + moved == got.data["closing"]
    running = got.data["opening"]
    for one in got.data["movements"]:
        running += one["amount"]
        assert one["balance"] == running
    return got.data


async def owed(shop: Shop) -> Decimal:
    """What is open on the customer's invoices, less what is on account."""
    listed = await shop.api.get(f"/invoices?customerReferenceId={USER}&limit=200")
    due = sum(
        (one["amountDue"] for one in listed.data if one["status"] not in {"PENDING", "VOID"}),
        Decimal(0),
    )
    return due - await shop.balance()


# --- aging ----------------------------------------------------------------------------------------


async def test_the_buckets_end_where_they_say(shop: Shop):
    dues = {91: "over90", 90: "days61To90", 61: "days61To90", 60: "days31To60", 31: "days31To60",
            30: "days1To30", 1: "days1To30", 0: "current"}  # fmt: skip
    for days in dues:
        await shop.advance_to(START + timedelta(days=91 - days)) if days < 91 else None
        await charge(shop, f"c{days}")
    await charge(shop, "c-next", netTermsDays=30)
    got = (await shop.api.get("/receivables/aging?limit=200")).data
    found = {one["customerReferenceId"]: one for one in got}
    for days, bucket in dues.items():
        assert {name for name in BUCKETS[:5] if found[f"c{days}"][name]} == {bucket}, days
        assert found[f"c{days}"]["total"] == found[f"c{days}"][bucket] == Decimal("100.00")
    assert found["c-next"]["current"] == Decimal("100.00")
    (in_all,) = (await shop.api.get("/receivables")).data
    assert [in_all[name] for name in BUCKETS] == [200, 200, 200, 200, 100, 900, 0]


async def test_days_are_those_of_the_accounts_zone(shop: Shop):
    # 2027-01-01T12:00Z is noon in UTC and already the 2nd in Kiritimati (UTC+14).
    await shop.api.patch("/settings", {"zone": "Pacific/Kiritimati"})
    await charge(shop)
    for by, bucket in (("PT7H59M59S", "current"), ("PT14H", "current"), ("PT1S", "days1To30")):
        await shop.advance(by)
        (one,) = (await shop.api.get("/receivables/aging")).data
        assert one[bucket] == Decimal("100.00"), by


async def test_what_is_paid_voided_or_a_draft_is_not_owed_and_what_is_written_off_stands_apart(
    shop: Shop,
):
    paid, part, void, off = [await charge(shop) for _ in range(4)]
    await charge(shop, isDraft=True)
    await shop.mark_paid(paid)
    await shop.mark_paid(part, {"amount": Decimal("40.00"), "reference": "p"})
    await shop.api.post(f"/invoices/{void}/void", {"reason": "Wrong."})
    await shop.advance("P4D")
    await shop.api.post(f"/invoices/{off}/write-off", {"reason": "Insolvent."})
    (one,) = (await shop.api.get("/receivables/aging")).data
    assert [one[name] for name in BUCKETS] == [0, 60, 0, 0, 0, 60, 100]


async def test_currencies_are_never_added(shop: Shop):
    await charge(shop)
    await charge(shop, currency="EUR")
    await charge(shop, currency="JPY")
    assert [(one["currency"], one["total"]) for one in (await shop.api.get("/receivables")).data] == [
        ("EUR", 100), ("JPY", 100), ("USD", 100),
    ]  # fmt: skip
    page = await shop.api.get("/receivables/aging?limit=2&offset=1")
    assert [one["currency"] for one in page.data] == ["JPY", "USD"]
    assert page.body["pagination"] == {"total": 3, "limit": 2, "offset": 1, "hasMore": False}


# --- statements of account ------------------------------------------------------------------------


async def test_a_statement_adds_up_through_all_that_can_happen(shop: Shop):
    started = await shop.started("pro_monthly")
    first = await statement(shop)
    assert [one["kind"] for one in first["movements"]] == ["INVOICE", "PAYMENT"]
    assert first["closing"] == 0

    void = await charge(shop)
    await shop.mark_paid(void, {"amount": Decimal("30.00"), "reference": "part"})
    await shop.api.post(f"/invoices/{void}/void", {"reason": "Wrong."})
    assert (await statement(shop))["closing"] == await owed(shop) == Decimal("-30.00")
    await shop.api.post(f"/customers/{USER}/balance/payouts", {"amount": 10, "currency": "USD"})
    await shop.advance("P10D")
    middle = await shop.now()
    bounced = await charge(shop)
    paid = await shop.mark_paid(bounced, {"reference": "bounces"})
    assert paid.data["status"] == "PAID"
    payments = (await shop.api.get(f"/payments?customerReferenceId={USER}")).data
    one = next(each for each in payments if each["reference"] == "bounces")
    await shop.api.post(f"/payments/{one['id']}/reverse", {})
    await shop.advance("P15D")
    await shop.cancel(started["subscription"]["id"], "?cancelMode=IMMEDIATE")

    whole = await statement(shop)
    assert {each["kind"] for each in whole["movements"]} == {
        "INVOICE", "INVOICE_VOIDED", "CREDIT_NOTE", "PAYMENT", "PAYMENT_REVERSED", "PAYOUT",
    }  # fmt: skip
    assert whole["closing"] == await owed(shop)
    early = await statement(shop, f"to={written(middle)}")
    late = await statement(shop, f"from={written(middle)}")
    assert early["opening"] == 0
    assert early["closing"] == late["opening"]
    assert late["closing"] == whole["closing"]
    assert early["movements"] + late["movements"] != []
    assert [each["id"] for each in early["movements"] + late["movements"]] == [
        each["id"] for each in whole["movements"]
    ]


async def test_what_bounced_after_it_was_sent_back_is_owed_once(shop: Shop):
    await charge(shop)
    money = {"customerReferenceId": USER, "amount": 160, "currency": "USD", "reference": "b"}
    made = await shop.api.post("/payments", money)
    sent = {"amount": 45, "currency": "USD"}
    assert (await shop.api.post(f"/customers/{USER}/balance/payouts", sent)).status == 201
    assert (await statement(shop))["closing"] == await owed(shop) == Decimal("-15.00")

    assert (await shop.api.post(f"/payments/{made.data['id']}/reverse", {})).status == 200
    whole = await statement(shop)
    assert whole["closing"] == await owed(shop) == Decimal("145.00")
    amounts = {(one["kind"], one["amount"]) for one in whole["movements"]}
    # 15.00 were on account and 100.00 on the invoice; the 45.00 are asked for by another.
    assert {("PAYMENT_REVERSED", Decimal("115.00")), ("INVOICE", Decimal("45.00"))} <= amounts


async def test_what_bounced_when_all_of_it_was_sent_back_moves_nothing_but_its_invoice(shop: Shop):
    await shop.customer()
    money = {"customerReferenceId": USER, "amount": 60, "currency": "USD", "reference": "b"}
    made = await shop.api.post("/payments", money)
    await shop.api.post(f"/customers/{USER}/balance/payouts", {"amount": 60, "currency": "USD"})
    await shop.api.post(f"/payments/{made.data['id']}/reverse", {})
    whole = await statement(shop)
    assert whole["closing"] == await owed(shop) == Decimal("60.00")
    (reversal,) = [one for one in whole["movements"] if one["kind"] == "PAYMENT_REVERSED"]
    assert str(reversal["amount"]) == "0.00"


async def test_a_movement_belongs_to_the_period_that_it_begins(shop: Shop):
    await charge(shop)
    before = await statement(shop, f"to={written(START)}")
    since = await statement(shop, f"from={written(START)}")
    after = await statement(shop, f"from={written(START + timedelta(microseconds=1))}")
    assert [len(one["movements"]) for one in (before, since, after)] == [0, 1, 0]
    assert [one["opening"] for one in (before, since, after)] == [0, 0, 100]


async def test_a_statement_refuses_what_is_no_period_and_knows_nobody_elses_customer(
    shop: Shop, other_api: Api
):
    await charge(shop)
    bad = await shop.api.get(
        f"/customers/{USER}/statement?from={written(START)}&to={written(START - DAY)}"
    )
    assert (bad.status, bad.error["field"]) == (422, "to")
    unknown = await shop.api.get(f"/customers/{USER}/statement?until=2027-01-01T00:00:00Z")
    assert (unknown.status, unknown.error["field"]) == (422, "until")
    assert (await other_api.get(f"/customers/{USER}/statement")).status == 404
    assert (await other_api.get("/receivables/aging")).data == []
    assert (await other_api.get("/receivables")).data == []
