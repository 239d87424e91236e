"""Invoices explained over HTTP: prices, steps, counters, and the events behind a line."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests import explained
from tests.api.client import Api
from tests.api.shop import DAY, START, UNKNOWN, USER, Shop, stop_clock, written

from usance.store import explanations
from usance.store.db import Db

TIERS = [
    {"upTo": 1000, "unitPrice": Decimal("0.02"), "flatFee": 1},
    {"upTo": 10000, "unitPrice": Decimal("0.01")},
    {"upTo": "inf", "unitPrice": Decimal("0.005")},
]
CALLS = {"key": "calls", "price": {"model": "graduated", "tiers": TIERS, "includedUnits": 100}}


def plan(key: str, amount: int, *features: Any, **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "name": key.title(),
        "price": {"amount": amount, "currency": "USD"},
        "interval": {"unit": "DAY", "count": 30},
        "billingTiming": "IN_ADVANCE",
        "features": list(features),
    } | more


CATALOGUE = {
    "features": [{"key": key, "name": key.title()} for key in ("calls", "burns")],
    "creditModels": [{"denomination": "HARD", "name": "Hard", "hardLimit": True}],
    "plans": [
        plan("small", 30, CALLS),
        plan("large", 100, CALLS | {"price": {"model": "per_unit", "unitPrice": Decimal("0.001")}}),
        plan(
            "floor",
            0,
            CALLS | {"price": {"model": "per_unit", "unitPrice": 1, "minimum": 10}},
            {
                "key": "burns",
                "credits": {"denomination": "HARD", "weight": 2},
                "price": {"model": "per_unit", "unitPrice": Decimal("0.1")},
            },
            credits=[{"denomination": "HARD", "amount": 20, "rollover": "NONE"}],
        ),
    ],
}


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch)
    assert (await api.post("/catalog/apply", CATALOGUE)).status == 200
    return Shop(api)


async def explain(shop: Shop, invoice_id: str, kind: str = "invoices") -> Any:
    got = await shop.api.get(f"/{kind}/{invoice_id}/explain")
    assert got.status == 200, got.body
    explained.check_document(got.data)
    return got.data


async def events(shop: Shop, invoice: Any, line: Any, query: str = "") -> Any:
    got = await shop.api.get(f"/invoices/{invoice['id']}/lines/{line['id']}/events{query}")
    assert got.status == 200, got.body
    return got


def steps(line: Any, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(step[n] for n in ("kind", *names)) for step in line["calculation"]["steps"]]


async def test_a_line_of_usage_shows_its_tiers_and_its_events(shop: Shop):
    made = await shop.started("small")
    for units in (600, Decimal("700.5"), 0, 9000):
        await shop.use(units, "calls")
        await shop.advance("PT1H")
    await shop.advance("P30D")
    renewal = (await shop.invoices())[0]
    base, usage = (await explain(shop, renewal["id"]))["lines"]

    assert steps(base, "amount") == [("PRICE", 30)]
    assert (base["plan"]["key"], base["plan"]["version"], base["usage"]) == ("small", 1, None)
    assert usage["pricing"]["model"] == "graduated"
    # 10,300.5 units, of which 100 are included: 1,000 × 0.02 + 1 + 9,000 × 0.01 + 200.5 × 0.005
    assert steps(usage, "quantity", "above", "upTo", "flatFee", "amount") == [
        ("INCLUDED", 100, None, None, None, 0),
        ("UNITS", 1000, 0, 1000, 1, 21),
        ("UNITS", 9000, 1000, 10000, None, 90),
        ("UNITS", Decimal("200.5"), 10000, None, None, Decimal("1.0025")),
    ]
    how = usage["calculation"]
    assert (how["exactAmount"], how["roundedAmount"]) == (Decimal("112.0025"), Decimal("112.00"))
    assert usage["usage"]["events"] == 4
    assert usage["usage"]["archivedMonths"] == []
    (counter,) = usage["usage"]["counters"]
    assert (counter["units"], counter["billedAmount"]) == (Decimal("10300.5"), 112)

    told = await events(shop, renewal, usage)
    assert told.body["pagination"]["total"] == 4
    assert [(e["usedBefore"], e["billableUnits"], e["usedAfter"]) for e in told.data] == [
        (0, 600, 600),
        (600, Decimal("700.5"), Decimal("1300.5")),
        (Decimal("1300.5"), 0, Decimal("1300.5")),
        (Decimal("1300.5"), 9000, Decimal("10300.5")),
    ]
    assert sum(e["revenueAmount"] for e in told.data) == how["exactAmount"]
    assert [e["occurredAt"] for e in told.data][1] == written(START + timedelta(hours=1))
    pages = [(await events(shop, renewal, usage, f"?limit=3&offset={n}")).data for n in (0, 3, 6)]
    assert [*pages[0], *pages[1]] == told.data
    assert pages[2] == []
    assert (await events(shop, renewal, base)).data == []
    assert made["invoice"]["id"] != renewal["id"]


async def test_events_of_one_batch_come_in_the_order_in_which_they_were_counted(shop: Shop):
    await shop.started("small")
    sent = [
        {
            "eventIdempotencyKey": f"batch {n}",
            "eventName": "used",
            "customerReferenceId": USER,
            "featureKey": "calls",
            "usageUnits": n,
        }
        for n in range(1, 41)
    ]
    assert (await shop.api.post("/events/batch", {"events": sent})).status == 200
    await shop.advance("P30D")
    renewal = (await shop.invoices())[0]
    told = await events(shop, renewal, renewal["lines"][1])
    assert [e["billableUnits"] for e in told.data] == list(range(1, 41))
    assert [e["usedBefore"] for e in told.data] == [n * (n - 1) // 2 for n in range(1, 41)]


async def test_an_upgrade_shows_what_is_given_back_and_what_the_units_before_had_filled(
    shop: Shop,
):
    made = await shop.started("small")
    await shop.use(600, "calls")
    await shop.advance("P20D")
    changed = await shop.change(made["subscription"]["id"], "large", "UPGRADE")
    unused, remaining = (await explain(shop, changed.data["invoice"]["id"]))["lines"]
    assert steps(unused, "amount") == [("CHARGED", 30), ("CHARGED", -20)]
    assert (unused["calculation"]["isCredit"], unused["amount"]) == (True, -10)
    assert unused["plan"]["key"] == "small"
    assert steps(remaining, "unitPrice", "amount") == [("PRICE", 100, Decimal("33.33"))]
    assert remaining["calculation"]["steps"][0]["share"]["numeratorUs"] == 10 * 86_400_000_000
    assert remaining["plan"]["key"] == "large"

    await shop.mark_paid(changed.data["invoice"]["id"])
    await shop.use(1000, "calls")
    await shop.advance("P10D")
    _, first, second = (await explain(shop, (await shop.invoices())[0]["id"]))["lines"]
    assert (first["plan"]["key"], second["plan"]["key"]) == ("small", "large")
    # On large nothing is included: 1,600 units, less the 600 that the period had.
    assert steps(second, "quantity", "amount") == [
        ("UNITS", 1600, Decimal("1.600")),
        ("EARLIER_UNITS", 600, Decimal("-0.600")),
    ]
    assert second["usage"]["unitsBefore"] == 600


async def test_late_usage_shows_what_was_billed_before_and_a_correction_its_credit_note(shop: Shop):
    await shop.started("small")
    await shop.use(200, "calls", eventIdempotencyKey="first")
    await shop.advance("P30D")
    late = written(START + 2 * DAY)
    await shop.use(50, "calls", occurredAt=late)
    await shop.mark_paid((await shop.invoices())[0]["id"])
    await shop.advance("P30D")
    second = (await shop.invoices())[0]
    _, line = (await explain(shop, second["id"]))["lines"]
    how = line["calculation"]
    # rate(250) = 150 × 0.02 + 1 = 4.00, of which 100 × 0.02 + 1 = 3.00 was billed.
    assert (line["kind"], how["roundedAmount"], how["billedBefore"]) == ("LATE_USAGE", 4, 3)
    assert (line["usage"]["units"], line["usage"]["billedUnits"], line["amount"]) == (250, 200, 1)
    assert [e["billableUnits"] for e in (await events(shop, second, line)).data] == [200, 50]
    first = (await explain(shop, (await shop.invoices())[1]["id"]))["lines"][1]
    told = await events(shop, (await shop.invoices())[1], first)
    assert [e["billableUnits"] for e in told.data] == [200], "what came later is not of it"
    assert first["usage"]["counters"][0]["units"] == 250, "as it stands now"


async def test_a_correction_s_credit_note_is_explained(shop: Shop):
    await shop.started("small")
    await shop.use(200, "calls", eventIdempotencyKey="first")
    await shop.advance("P30D")
    for invoice in await shop.invoices():
        await shop.mark_paid(invoice["id"])
    await shop.use(-80, "calls", eventIdempotencyKey="off", correctsEventKey="first")
    await shop.advance("P30D")
    (note,) = (await shop.api.get("/credit-notes")).data
    (line,) = (await explain(shop, note["id"], "credit-notes"))["lines"]
    how = line["calculation"]
    # rate(120) = 20 × 0.02 + 1 = 1.40; 3.00 was billed.
    assert (how["roundedAmount"], how["billedBefore"], how["isCredit"]) == (
        Decimal("1.40"),
        3,
        True,
    )
    assert line["amount"] == Decimal("1.60")
    assert line["usage"]["events"] == 2


async def test_a_minimum_and_credits_are_shown_while_the_invoice_still_accrues(shop: Shop):
    made = await shop.started("floor")
    await shop.use(3, "calls")
    await shop.use(25, "burns")
    await shop.advance("P30D")
    _, calls, burns = (await explain(shop, (await shop.invoices())[0]["id"]))["lines"]
    assert calls["calculation"]["minimum"]["decides"] is True
    assert (calls["calculation"]["exactAmount"], steps(calls, "amount")) == (10, [("UNITS", 3)])
    # 20 credits cover 10 units at 2; 15 are left at 0.10.
    assert (burns["usage"]["units"], burns["usage"]["coveredUnits"], burns["amount"]) == (
        25,
        10,
        Decimal("1.50"),
    )
    (event,) = (await events(shop, (await shop.invoices())[0], burns)).data
    assert (event["creditsDeducted"], event["coveredUnits"]) == (20, 10)
    assert made["subscription"]["status"] == "ACTIVE"


async def test_a_pending_invoice_is_explained_as_if_its_period_closed_now(api: Api):
    shop = await Shop.open(api)
    made = await shop.started("payg_monthly")
    await shop.use(1500)
    lines = (await explain(shop, made["invoice"]["id"]))["lines"]
    pending = await shop.invoice(made["invoice"]["id"])
    assert [line["kind"] for line in lines] == ["BASE", "USAGE"]
    assert lines[1]["amount"] == pending["lines"][1]["amount"] == 25
    (event,) = (await events(shop, pending, lines[1])).data
    assert event["usedAfter"] == 1500


async def test_a_first_invoice_a_purchase_and_one_of_the_seller_s_own_lines_are_explained(
    shop: Shop,
):
    first = (await shop.subscribe("small"))["invoice"]
    (line,) = (await explain(shop, first["id"]))["lines"]
    assert (line["plan"]["key"], line["amount"]) == ("small", 30)
    own = {"description": "Consulting", "quantity": Decimal("2.5"), "unitPrice": Decimal("120.01")}
    made = await shop.api.post("/invoices", {"customerReferenceId": USER, "lines": [own]})
    (line,) = (await explain(shop, made.data["id"]))["lines"]
    assert (line["plan"], steps(line, "amount")) == (None, [("UNITS", Decimal("300.025"))])


async def test_what_is_not_there_is_not_explained(shop: Shop, other_api: Api):
    made = await shop.started("small")
    path = f"/invoices/{made['invoice']['id']}"
    line = made["invoice"]["lines"][0]["id"]
    for asked, code in (
        (f"/invoices/{UNKNOWN}/explain", "invoice_not_found"),
        ("/invoices/x/explain", "invoice_not_found"),
        (f"/credit-notes/{UNKNOWN}/explain", "credit_note_not_found"),
        (f"/invoices/{UNKNOWN}/lines/{line}/events", "invoice_not_found"),
        (f"{path}/lines/{UNKNOWN}/events", "line_not_found"),
    ):
        got = await shop.api.get(asked)
        assert (got.status, got.error["code"]) == (404, code), asked
    for asked in (f"{path}/explain", f"{path}/lines/{line}/events"):
        got = await other_api.get(asked)
        assert (got.status, got.error["code"]) == (404, "invoice_not_found")


async def test_the_events_of_a_line_are_read_by_the_index_of_their_customer(shop: Shop, db: Db):
    """Of the months in question alone, and a page of them: not all that the customer has sent."""
    await shop.started("small")
    for _ in range(3):
        await shop.use(1, "calls")
    (counter,) = await db.peek(
        lambda tx: tx.fetch("SELECT *, now() AS at FROM counters WHERE events = 3")
    )
    owner, part = counter["account_id"], counter["subscription_id"]
    args = (owner, counter["customer_id"], START, START + 40 * DAY, part, 0, "calls")

    async def plan(tx: Any) -> str:
        await tx.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        statement = f"EXPLAIN (ANALYZE) {explanations._EVENTS}"
        rows = await tx.fetch(statement, *args, counter["version_id"], 2, 0)
        return "\n".join(row[0] for row in rows)

    told = await db.run(plan)  # in a transaction, for which its settings hold
    assert "Index Scan Backward" in told, told
    assert "recorded_at >= " in told.split("Index Cond:")[1].split("\n")[0], told
    # Only those of one instant are sorted: not all that the customer has sent.
    assert "Incremental Sort" in told, told
    assert re.search(r"Presorted Key: \S*recorded_at\n", told), told
