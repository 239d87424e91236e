"""A month of a small B2B seller, played to the end: every total is known beforehand, and is what comes out.

40 customers in three currencies: invoices, work billed by hand, statements of three banks imported twice, an
upgrade, a cancellation with its credit note and refund, a bounced transfer, reminders, one given up.
"""

import csv
import io
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pypdfium2  # type: ignore[import-untyped]
import pytest
from tests.api import bank
from tests.api.client import Api
from tests.api.month import (
    AMERICANS,
    CURRENCIES,
    CURRENCY_OF,
    EVERYONE,
    FIRST,
    GERMANS,
    JAPANESE,
    METERED,
    NO_ADDRESS,
    Books,
    on,
    opened,
    transfer,
)
from tests.api.shop import Shop, stop_clock
from tests.books import check_books
from tests.statements import render

Invoices = dict[str, Any]


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stop_clock(monkeypatch, on(1))
    return Shop(api)


async def test_a_month_of_a_small_seller(shop: Shop):
    books = Books()
    await opened(shop)
    first, work = await _january_1(shop, books)
    await shop.advance_to(on(8))
    await _january_8(shop, books, first, work)
    await shop.advance_to(on(13))
    await _january_13(shop, books, first)
    await shop.advance_to(on(16))
    await _upgrade(shop, books, first)
    await shop.advance_to(on(20))
    await _cancellation(shop, first)
    await shop.advance_to(on(26))
    await _reminders(shop, books, first, work)
    await shop.advance_to(on(30))
    await _given_up(shop, books, work)
    await shop.advance_to(on(1, month=2))
    await _never_begun(shop, books, first)
    await _metered(shop, books)

    await _aging(shop, books)
    await _accounts(shop, books)
    await _journal(shop, books)
    await _printed(shop, first)
    async with shop.api.db.transaction() as tx:
        assert await check_books(tx) == []


# --- January 1: invoices --------------------------------------------------------------------------------


async def _january_1(shop: Shop, books: Books) -> tuple[Invoices, Invoices]:
    """Everyone subscribes; some are billed for work: 49.00 + 19 %, 59.00, 6800 + 10 %, by January 15."""
    first: Invoices = {}
    for who in [*GERMANS, *AMERICANS[:10], *JAPANESE]:
        made = await shop.subscribe(f"team_{CURRENCY_OF[who[0]].lower()}", who)
        first[who] = made["invoice"]
        books.issued(who, first[who], FIRST[who[0]], on(15))
    for who in METERED:
        made = await shop.subscribe("meter_eur", who)
        assert made["invoice"]["status"] == "PENDING"
        await shop.use(250 * int(who[1:]), "calls", customerReferenceId=who)
    work: Invoices = {}
    # 100.00 + 19 %; 10.5 hours at 110.00, less 50.00 = 1105.00 without tax.
    setup = [{"description": "Set-up", "unitPrice": 100}]
    hours = [
        {"description": "Consulting", "quantity": Decimal("10.5"), "unitPrice": 110},
        {"description": "As agreed", "unitPrice": -50},
    ]
    for who, lines, amount, days, due in (
        ("e05", setup, "119.00", 10, on(11)),
        ("e10", setup, "119.00", 10, on(11)),
        ("u11", hours, "1105.00", 10, on(11)),
        ("u12", hours, "1105.00", 10, on(11)),
        ("j08", [setup[0] | {"unitPrice": 20_000}], "22000", 45, on(15, month=2)),
    ):
        body = {
            "customerReferenceId": who,
            "currency": CURRENCY_OF[who[0]],
            "lines": lines,
            "netTermsDays": days,
        }
        made = await shop.api.post("/invoices", body)
        assert made.status == 201, made.body
        work[who] = made.data
        books.issued(who, made.data, Decimal(amount), due)
    numbers = sorted(one["number"] for one in (*first.values(), *work.values()))
    assert numbers == [f"RE-2027-{n:05}" for n in range(1, 38)]
    return first, work


# --- January 8: what three banks say --------------------------------------------------------------------


async def _january_8(shop: Shop, books: Books, first: Invoices, work: Invoices) -> None:
    void = await shop.api.post(f"/invoices/{work['e10']['id']}/void", {"reason": "Not wanted."})
    assert void.status == 200, void.body
    books.open[work["e10"]["id"]] = Decimal(0)

    made = await _twice(shop, render.camt053(_euros(first, work)))
    # By themselves: e01 and e07 by reference, e02 by number, both of e05, each to the cent. Proposed were e03,
    # e04, e06; by its amount alone e05's work, for the void one of e10, until it was paid in the same file.
    assert made == {"entries": 11, "applied": 4, "proposed": 3, "unmatched": 4}, made
    for who in ("e01", "e02", "e07"):
        books.paid(first[who], FIRST["e"])
    books.paid(first["e05"], FIRST["e"])
    books.paid(work["e05"], Decimal("119.00"))
    await _by_hand(shop, books, first)

    dollars = [
        transfer(7, who, FIRST["u"], f"Invoice {first[who]['number']}") for who in AMERICANS[:8]
    ]
    made = await _twice(shop, render.as_csv(dollars))
    assert made == {"entries": 8, "applied": 8}, made
    yen = [
        transfer(7, who, FIRST["j"], f"{first[who]['number']} {first[who]['paymentReference']}")
        for who in JAPANESE[:6]
    ]
    made = await _twice(shop, render.mt940(yen))
    assert made == {"entries": 6, "applied": 6}, made
    for who in (*AMERICANS[:8], *JAPANESE[:6]):
        books.paid(first[who], FIRST[who[0]])
    await _open_as_expected(shop, books)


def _euros(first: Invoices, work: Invoices) -> list[Any]:
    """Exact, joint, partial, over- and foreign payments; for a void invoice; from nobody known."""

    def by_reference(who: str, amount: str, **more: Any) -> Any:
        reference = first[who]["paymentReference"]
        return transfer(7, who, amount, f"{who}", structured_reference=reference, **more)

    both = f"{first['e05']['number']} {work['e05']['number']}"
    foreign = {"instructed_amount": Decimal("55.10"), "instructed_currency": "CHF"}
    return [
        by_reference("e01", "58.31"),
        transfer(7, "e02", "58.31", f"Rechnung {first['e02']['number']} vielen Dank"),
        by_reference("e03", "30.00"),
        by_reference("e04", "60.00"),
        transfer(7, "e05", "177.31", both),
        transfer(7, "e06", "58.31", "Januar"),
        by_reference("e07", "58.31", **foreign),
        transfer(7, "e08", "116.62", "e08 und e09"),
        transfer(8, "e10", "119.00", f"Zahlung {work['e10']['number']}"),
        transfer(8, "e99", "12.34", "Zinsen"),
        transfer(8, "e98", "-4.90", "Kontofuehrung"),
    ]


async def _twice(shop: Shop, content: bytes) -> dict[str, int]:
    """Import a file, and once more: the second time nothing is new. Return what the first one counted."""
    made = await bank.send(shop.api, content)
    assert made.status == 201, made.body
    again = await bank.send(shop.api, content)
    assert again.status == 201, again.body
    assert again.data["known"] == again.data["entries"] == made.data["entries"]
    assert made.data["known"] == 0
    return bank.counts(made.data)


async def _by_hand(shop: Shop, books: Books, first: Invoices) -> None:
    """What no threshold applies: a part, too much, no reference, one for two customers, a void invoice."""
    entries = await bank.entries(shop.api)

    async def accept(text: str, *parts: tuple[str, str, str | None]) -> None:
        body = [
            {"customerReferenceId": who, "amount": Decimal(amount)}
            | ({} if name is None else {"invoiceId": first[name]["id"]})
            for who, amount, name in parts
        ]
        done = await bank.do(shop.api, entries[text], "accept", {"parts": body} if parts else None)
        assert done.status == 200, done.body
        assert (done.data["status"], done.data["amountOpen"]) == ("APPLIED", 0), done.data

    await accept("e03")
    books.paid(first["e03"], Decimal("30.00"))
    await accept("e04")
    books.paid(first["e04"], Decimal("60.00"))  # 1.69 too much
    await accept("Januar", ("e06", "58.31", "e06"))
    books.paid(first["e06"], FIRST["e"])
    await accept("e08 und e09", ("e08", "58.31", "e08"), ("e09", "58.31", "e09"))
    books.paid(first["e08"], FIRST["e"])
    books.paid(first["e09"], FIRST["e"])
    # The invoice is void: the money pays what else is open, 58.31, and the rest is on the balance.
    void = next(text for text in entries if text.startswith("Zahlung"))
    await accept(void, ("e10", "119.00", None))
    books.paid(first["e10"], Decimal("119.00"))
    for text in ("Zinsen", "Kontofuehrung"):
        done = await bank.do(shop.api, entries[text], "ignore", {"note": "The bank's own."})
        assert done.data["status"] == "IGNORED", done.body
    left = await bank.entries(shop.api, "status=UNMATCHED&limit=200")
    assert left == {}


# --- January 13: a longer file, with what came since ----------------------------------------------------


async def _january_13(shop: Shop, books: Books, first: Invoices) -> None:
    """e03 pays the rest, 28.31, by its number alone, and e02's transfer comes back."""
    number = first["e03"]["number"]
    news = [
        transfer(12, "e03", "28.31", f"Rest von {number}"),
        transfer(12, "e02", "-58.31", f"Rueckgabe Rechnung {first['e02']['number']} vielen Dank", reversal=True),
    ]  # fmt: skip
    made = await bank.imported(shop.api, news)
    assert made["entries"] == 2
    entries = await bank.entries(shop.api)
    rest = entries[f"Rest von {number}"]
    if rest["status"] != "APPLIED":
        assert (await bank.do(shop.api, rest, "accept")).status == 200
    books.paid(first["e03"], Decimal("28.31"))
    back = next(each for text, each in entries.items() if text.startswith("Rueckgabe"))
    listed = await shop.api.get("/payments?customerReferenceId=e02")
    (payment,) = listed.data
    done = await bank.do(shop.api, back, "accept", {"paymentId": payment["id"]})
    assert done.status == 200, done.body
    books.open[first["e02"]["id"]] = FIRST["e"]
    await _open_as_expected(shop, books)


# --- January 16 and 20: plans change, one ends ----------------------------------------------------------


async def _upgrade(shop: Shop, books: Books, first: Invoices) -> None:
    """e01 goes from 49.00 to 149.00, 8 of 31 days in: −36.35 + 110.55 = 74.20, with 19 % 88.30.

    49.00 × 8/31 = 12.645… → 12.65, so 36.35 are unused; 149.00 × 23/31 = 110.548… → 110.55.
    """
    made = await shop.change(first["e01"]["subscriptionId"], "scale_eur", "UPGRADE")
    assert made.status == 200, made.body
    books.issued("e01", made.data["invoice"], Decimal("88.30"), on(30))


async def _cancellation(shop: Shop, first: Invoices) -> None:
    """u01 ends, 12 of 31 days in: 59.00 − round(59.00 × 12/31 = 22.838…) = 36.16 are given back, and sent back."""
    done = await shop.cancel(first["u01"]["subscriptionId"], "?cancelMode=IMMEDIATE")
    assert done.status == 200, done.body
    note = done.data["creditNote"]
    assert (note["number"], note["amount"], note["toBalance"]) == (
        "GS-2027-00001",
        Decimal("36.16"),
        Decimal("36.16"),
    )
    body = {"amount": Decimal("36.16"), "currency": "USD", "creditNoteId": note["id"]}
    sent = await shop.api.post("/customers/u01/balance/payouts", body)
    assert sent.status == 201, sent.body
    more = await shop.api.post("/customers/u01/balance/payouts", body)
    assert more.status in {409, 422}, more.body


# --- January 26 to February 1 ---------------------------------------------------------------------------


async def _reminders(shop: Shop, books: Books, first: Invoices, work: Invoices) -> None:
    """In a dry run, who was to pay by January 15 or 11 and has not is reminded: 11 or 15 days are level 2."""
    due = await shop.api.get("/receivables/reminders?limit=200")
    assert due.status == 200, due.body
    unpaid = {one for one, amount in books.open.items() if amount and books.due[one] < on(26)}
    expected = {first[who]["id"] for who in ("e02", *GERMANS[10:], *AMERICANS[8:10], *JAPANESE[6:])}
    expected |= {work["u11"]["id"], work["u12"]["id"]}
    assert unpaid == expected
    assert {one["invoiceId"] for one in due.data} == unpaid
    assert {one["level"] for one in due.data} == {2}
    for one in due.data:
        assert one["amountDue"] == books.open[one["invoiceId"]]
        assert one["number"] in one["text"], one
        reachable = one["customerReferenceId"] != NO_ADDRESS
        assert (one["state"] == "PLANNED") == reachable, one
    ran = await shop.api.post("/receivables/reminders/run?dryRun=true")
    assert ran.data["dryRun"] is True
    assert (await shop.api.get("/receivables/reminders/sent")).data == []


async def _given_up(shop: Shop, books: Books, work: Invoices) -> None:
    one = work["u12"]["id"]
    done = await shop.api.post(f"/invoices/{one}/write-off", {"reason": "Insolvent."})
    assert (done.status, done.data["status"]) == (200, "UNCOLLECTIBLE"), done.body
    books.given_up.add(one)


async def _never_begun(shop: Shop, books: Books, first: Invoices) -> None:
    """Who has not paid the first invoice within 30 days has no subscription, and owes nothing."""
    for who in (*GERMANS[10:], *AMERICANS[8:10], *JAPANESE[6:]):
        one = await shop.invoice(first[who]["id"])
        subscription = await shop.subscription(one["subscriptionId"])
        assert (one["status"], subscription["status"]) == ("VOID", "EXPIRED"), who
        books.open[one["id"]] = Decimal(0)


async def _metered(shop: Shop, books: Books) -> None:
    """The arrears of January, at its end: 10.00 and 0.02 a call, with 19 %, due 14 days later."""
    listed = await shop.api.get("/invoices?limit=200&status=DUE")
    issued = {one["customerReferenceId"]: one for one in listed.data if one["type"] != "ONE_OFF"}
    for who in METERED:
        # Used were 250 × the customer's number, on January 1: 250 × 15 × 0.02 = 75.00 and so on.
        usage = Decimal(250 * int(who[1:])) * Decimal("0.02")
        subtotal = 10 + usage
        tax = (subtotal * 19 / 100).quantize(Decimal("0.01"))
        books.issued(who, issued[who], subtotal + tax, on(15, month=2))


# --- What it all comes to -------------------------------------------------------------------------------


async def _open_as_expected(shop: Shop, books: Books) -> None:
    found = {
        one["id"]: one["amountDue"]
        for offset in (0, 200)
        for one in (await shop.api.get(f"/invoices?limit=200&offset={offset}")).data
        if one["status"] not in {"PENDING", "VOID"}
    }
    assert {k: v for k, v in found.items() if v} == {k: v for k, v in books.open.items() if v}
    for who in EVERYONE:
        assert await shop.balance(CURRENCY_OF[who[0]], who) == books.balance[who], who


async def _aging(shop: Shop, books: Books) -> None:
    at = await shop.now()
    expected = books.aged(at)
    sums = {one["currency"]: one for one in (await shop.api.get("/receivables")).data}
    assert set(sums) == set(CURRENCIES)
    for currency, one in sums.items():
        for bucket in ("current", "days1To30", "days31To60", "days61To90", "over90"):
            assert one[bucket] == expected.get((currency, bucket), 0), (currency, bucket)
    given_up = sum((books.open[one] for one in books.given_up), Decimal(0))
    assert sums["USD"]["writtenOff"] == given_up == Decimal("1105.00")
    by_customer: dict[str, Decimal] = defaultdict(Decimal)
    for one in (await shop.api.get("/receivables/aging?limit=200")).data:
        by_customer[one["currency"]] += one["total"]
    assert by_customer == {currency: one["total"] for currency, one in sums.items()}


async def _accounts(shop: Shop, books: Books) -> None:
    """Each statement of account adds up, and closes with what the customer owes."""
    await _open_as_expected(shop, books)
    until = urlencode({"to": (await shop.now() + timedelta(seconds=1)).isoformat()})
    for who in EVERYONE:
        query = f"currency={CURRENCY_OF[who[0]]}&{until}"
        one = (await shop.api.get(f"/customers/{who}/statement?{query}")).data
        assert one["opening"] == 0
        assert sum((each["amount"] for each in one["movements"]), Decimal(0)) == one["closing"]
        assert one["closing"] == books.of(who), who


async def _journal(shop: Shop, books: Books) -> None:
    """Debits are credits, in each currency, and the customers' accounts are what they owe."""
    got = await shop.api.get("/receivables/journal")
    assert got.status == 200, got.body
    rows = list(csv.DictReader(io.StringIO(got.raw.decode(), newline="")))
    sums: dict[Any, Decimal] = defaultdict(Decimal)
    customers: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        amount = Decimal(row["debit"] or 0) - Decimal(row["credit"] or 0)
        sums[row["currency"], row["entry"]] += amount
        if row["account"] in {"1200", "2100"}:  # receivable, customer balance
            customers[row["customer"]] += amount
    assert {currency for currency, _ in sums} == set(CURRENCIES)
    assert not any(sums.values())
    for who in EVERYONE:
        lost = sum(
            (books.open[one] for one in books.given_up if books.owner[one] == who), Decimal(0)
        )
        assert customers[who] == books.of(who) - lost, who


async def _printed(shop: Shop, first: Invoices) -> None:
    """The first invoices say their sums as they are written in four languages."""
    for who, language, total in (
        ("e11", "de", "58,31"),
        ("u09", "en", "59.00"),
        ("e12", "fr", "58,31"),
        ("j07", "ja", "7,480"),
    ):
        got = await shop.api.get(f"/invoices/{first[who]['id']}/pdf?language={language}")
        assert got.status == 200, got.body
        document = pypdfium2.PdfDocument(got.raw)
        text = document[0].get_textpage().get_text_bounded()
        for said in (total, first[who]["number"], "Kontor & Söhne GmbH"):
            assert said in text, (language, said)
