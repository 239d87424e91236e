"""The journal: debits equal credits, and its accounts are what the books say, at any time."""

import csv
import io
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.api.client import Api
from tests.api.shop import START, USER, Shop, stop_clock, written

HUNDRED = {"description": "Set-up", "unitPrice": Decimal("100.00")}
SECOND = timedelta(seconds=1)

Rows = list[dict[str, str]]


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    return await Shop.open(api)


async def journal(api: Api, query: str = "") -> Rows:
    """The rows of the journal; each entry of it balances in its currency."""
    got = await api.get(f"/receivables/journal{query}")
    assert got.status == 200, got.body
    assert got.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(got.raw.decode(), newline="")))
    sums: dict[Any, Decimal] = defaultdict(Decimal)
    postings: dict[Any, int] = defaultdict(int)
    for row in rows:
        assert bool(row["debit"]) != bool(row["credit"]), row
        entry = (row["entry"], row["kind"], row["at"], row["currency"])
        sums[entry] += amount(row)
        postings[entry] += 1
    assert not any(sums.values()), sums
    assert all(count >= 2 for count in postings.values()), postings
    return rows


def amount(row: dict[str, str]) -> Decimal:
    return Decimal(row["debit"] or 0) - Decimal(row["credit"] or 0)


def sums(rows: Rows, *by: str) -> dict[Any, Decimal]:
    found: dict[Any, Decimal] = defaultdict(Decimal)
    for row in rows:
        found[tuple(row[name] for name in by)] += amount(row)
    return {key: total for key, total in found.items() if total}


async def agree(api: Api) -> Rows:
    """The accounts of the journal are what is owed, written off and on account, customer by customer."""
    rows = await journal(api)
    moved = sums(rows, "account", "customer", "currency")
    expected: dict[Any, Decimal] = {}
    for one in (await api.get("/receivables/aging?limit=200")).data:
        whose = one["customerReferenceId"], one["currency"]
        expected["1200", *whose] = Decimal(one["total"])
        expected["6800", *whose] = Decimal(one["writtenOff"])
    for customer in (await api.get("/customers?limit=200")).data:
        name = customer["customerReferenceId"]
        for one in (await api.get(f"/customers/{name}")).data["balances"]:
            expected["2100", name, one["currency"]] = -Decimal(one["amount"])
        currencies = {key[2] for key in moved if key[1] == name}
        for currency in currencies:
            told = await api.get(f"/customers/{name}/statement?currency={currency}")
            owed = sum(moved.get((a, name, currency), Decimal(0)) for a in ("1200", "6800", "2100"))
            assert told.data["closing"] == owed, name
    asked = {"1200", "6800", "2100", "1290"}
    assert {k: v for k, v in moved.items() if k[0] in asked} == {
        k: v for k, v in expected.items() if v
    }
    return rows


async def charge(shop: Shop, reference: str = USER, **more: Any) -> str:
    """Charge 100.00, due now; return the invoice's id."""
    await shop.api.post("/customers", {"customerReferenceId": reference})
    body = {"customerReferenceId": reference, "lines": [HUNDRED], **more}
    made = await shop.api.post("/invoices", body)
    assert made.status == 201, made.body
    return str(made.data["id"])


async def test_each_fact_is_an_entry_on_its_accounts(shop: Shop):
    await shop.customer(taxRate=10)
    made = await shop.subscribe("pro_monthly")
    await shop.advance("PT1H")
    await shop.mark_paid(made["invoice"]["id"], {"amount": 60, "reference": "=1+1"})
    await shop.advance("PT1H")
    await shop.api.post(f"/customers/{USER}/balance/payouts", {"amount": 6, "currency": "USD"})
    rows = await agree(shop.api)
    assert [
        (row["kind"], row["account"], row["accountName"], row["debit"], row["credit"])
        for row in rows
    ] == [
        ("INVOICE", "1200", "Receivables", "53.90", ""),
        ("INVOICE", "2200", "Tax", "", "4.90"),
        ("INVOICE", "4000", "Revenue, subscriptions", "", "49.00"),
        ("PAYMENT", "1000", "Bank", "60.00", ""),
        ("PAYMENT", "1200", "Receivables", "", "53.90"),
        ("PAYMENT", "2100", "Customers' balances", "", "6.10"),
        ("PAYOUT", "1000", "Bank", "", "6.00"),
        ("PAYOUT", "2100", "Customers' balances", "6.00", ""),
    ]
    assert (rows[0]["date"], rows[0]["at"]) == ("2027-01-01", "2027-01-01T12:00:00Z")
    assert (rows[0]["document"], rows[0]["customer"]) == ("INV-2027-00001", USER)
    assert rows[3]["reference"] == "'=1+1"


async def test_the_journal_adds_up_through_all_that_can_happen(shop: Shop):
    started = await shop.started("enterprise_monthly")
    await shop.use(1000, "api.calls.v2")
    await agree(shop.api)
    await charge(shop, currency="JPY")
    await charge(shop, "other")
    await shop.api.post("/credits/prices", {
        "denomination": "AI_CREDITS", "currency": "USD", "pricePerCredit": Decimal("0.01"),
    })  # fmt: skip
    bought = {"customerReferenceId": USER, "denomination": "AI_CREDITS", "credits": 500}
    purchase = await shop.api.post("/credits/purchases", bought)
    assert purchase.status == 201, purchase.body
    void = await charge(shop)
    await shop.mark_paid(void, {"amount": Decimal("30.00"), "reference": "part"})
    await shop.advance("PT1S")
    await shop.api.post(f"/invoices/{void}/void", {"reason": "Wrong."})
    await agree(shop.api)
    await shop.advance("P31D")
    await agree(shop.api)
    for each in await shop.invoices():
        if each["status"] in {"DUE", "PAST_DUE"} and each["type"] == "SUBSCRIPTION":
            await shop.mark_paid(each["id"], {"reference": f"pays {each['number']}"})
    bounced = next(
        each for each in (await shop.api.get(f"/payments?customerReferenceId={USER}&limit=50")).data
        if (each["reference"] or "").startswith("pays")
    )  # fmt: skip
    await shop.advance("PT1S")
    await shop.api.post(f"/payments/{bounced['id']}/reverse", {})
    await agree(shop.api)
    await shop.api.post("/payments", {
        "customerReferenceId": USER, "amount": 500, "currency": "USD", "reference": "much",
    })  # fmt: skip
    await shop.advance("P5D")
    await shop.cancel(started["subscription"]["id"], "?cancelMode=IMMEDIATE")
    rows = await agree(shop.api)
    assert {row["kind"] for row in rows} >= {
        "INVOICE", "INVOICE_VOIDED", "CREDIT_NOTE", "PAYMENT", "PAYMENT_REVERSED", "BALANCE_SPENT",
        "BALANCE_RETURNED",
    }  # fmt: skip
    assert {row["account"] for row in rows} >= {"4000", "4100", "4300", "4400"}


async def test_what_bounced_after_it_was_sent_back_is_no_revenue(shop: Shop):
    await shop.customer()
    money = {"customerReferenceId": USER, "amount": 60, "currency": "USD", "reference": "b"}
    made = await shop.api.post("/payments", money)
    await shop.api.post(f"/customers/{USER}/balance/payouts", {"amount": 45, "currency": "USD"})
    await shop.api.post(f"/payments/{made.data['id']}/reverse", {})
    rows = await agree(shop.api)
    assert sums(rows, "account") == {("1000",): Decimal(-45), ("1200",): Decimal(45)}


async def test_a_refund_names_its_credit_note(shop: Shop):
    made = await shop.started("pro_monthly")
    ended = await shop.cancel(made["subscription"]["id"], "?cancelMode=IMMEDIATE")
    note = ended.data["creditNote"]
    sent = {"amount": 20, "currency": "USD", "creditNoteId": note["id"]}
    assert (await shop.api.post(f"/customers/{USER}/balance/payouts", sent)).status == 201
    paid_out = [row for row in await agree(shop.api) if row["kind"] == "PAYOUT"]
    assert {row["document"] for row in paid_out} == {note["number"]}
    assert sums(paid_out, "account") == {("1000",): Decimal(-20), ("2100",): Decimal(20)}


async def test_what_is_written_off_is_bad_debt_until_it_is_paid(shop: Shop):
    """Written off with 40.00 paid, 25.00 paid later, then all; bounced, written off again, void."""
    invoice = await charge(shop, gracePeriod=0)
    await shop.advance("PT1S")
    await shop.mark_paid(invoice, {"amount": 40, "reference": "1"})
    await shop.advance("PT1S")
    await shop.api.post(f"/invoices/{invoice}/write-off", {"reason": "Lost."})
    first = await shop.now()
    rows = await agree(shop.api)
    assert sums(rows, "account")["6800",] == Decimal(60)
    for reference, paid, left in (("2", 25, 35), ("3", 35, 0)):
        await shop.advance("PT1S")
        await shop.mark_paid(invoice, {"amount": paid, "reference": reference})
        rows = await agree(shop.api)
        assert sums(rows, "account").get(("6800",), 0) == left
    payments = (await shop.api.get(f"/payments?customerReferenceId={USER}")).data
    await shop.advance("PT1S")
    await shop.api.post(f"/payments/{payments[0]['id']}/reverse", {})
    assert (await shop.invoice(invoice))["status"] == "PAST_DUE"
    rows = await agree(shop.api)
    assert sums(rows, "account")["1200",] == Decimal(35)
    await shop.advance("PT1S")
    await shop.api.post(f"/invoices/{invoice}/write-off", {"reason": "Lost again."})
    await agree(shop.api)
    await shop.advance("PT1S")
    await shop.api.post(f"/payments/{payments[1]['id']}/reverse", {})
    rows = await agree(shop.api)
    assert sums(rows, "account")["6800",] == Decimal(60)
    await shop.advance("PT1S")
    await shop.api.post(f"/invoices/{invoice}/void", {"reason": "Never mind."})
    rows = await agree(shop.api)
    assert sums(rows, "account") == {("1000",): Decimal(40), ("2100",): Decimal(-40)}
    # What was told of that time before is told of it now.
    early = await journal(shop.api, f"?to={written(first + SECOND / 2)}")
    assert sums(early, "account")["6800",] == Decimal(60)


async def test_parts_of_the_journal_make_the_whole(shop: Shop):
    await charge(shop)
    await shop.advance("P1D")
    middle = await shop.now()
    await charge(shop)
    await shop.advance("P1D")
    whole = await journal(shop.api)
    early = await journal(shop.api, f"?to={written(middle)}")
    late = await journal(shop.api, f"?from={written(middle)}")
    assert early + late == whole == await journal(shop.api)
    assert (len(early), len(late)) == (2, 2)
    bad = await shop.api.get(f"/receivables/journal?from={written(middle)}&to={written(START)}")
    assert (bad.status, bad.error["field"]) == (422, "to")


async def test_accounts_are_the_sellers_and_days_are_of_its_zone(shop: Shop, other_api: Api):
    await shop.api.patch("/settings", {"zone": "Pacific/Kiritimati"})
    chart = {"receivable": "=cmd|' /C calc'!A0", "oneOff": "8400"}
    changed = await shop.api.patch("/settings", {"ledgerAccounts": chart})
    assert changed.data["ledgerAccounts"] == {
        "bank": "1000", "receivable": chart["receivable"], "reclaimed": "1290",
        "customerBalance": "2100", "tax": "2200", "subscriptions": "4000", "usage": "4100",
        "credits": "4200", "adjustments": "4300", "oneOff": "8400", "badDebt": "6800",
    }  # fmt: skip
    await charge(shop, "-1")
    rows = await journal(shop.api)
    assert [row["account"] for row in rows] == ["'" + chart["receivable"], "8400"]
    assert {row["customer"] for row in rows} == {"'-1"}
    assert {row["date"] for row in rows} == {"2027-01-02"}
    assert await journal(other_api) == []
    refused = await shop.api.patch("/settings", {"ledgerAccounts": {"cash": "1"}})
    assert (refused.status, refused.error["field"]) == (422, "ledgerAccounts.cash")
