"""A small seller's January: who its 40 customers are, what it sells them, and the words for what happens.

What is owed is known here from the arithmetic alone: prices, taxes and what was paid, by hand. The product
is asked only to be compared with it.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.api.shop import Shop
from tests.statements import render

from usance.statements.entries import Entry

CURRENCIES = ("EUR", "USD", "JPY")
SELLER = {
    "legalName": "Kontor & Söhne GmbH",
    "address": {
        "line1": "Speicherstr. 4",
        "postalCode": "20457",
        "city": "Hamburg",
        "country": "DE",
    },
    "vatId": "DE123456788",
    "email": "billing@kontor.example",
    "iban": "DE89370400440532013000",
    "bic": "COBADEFFXXX",
    "bankName": "Commerzbank",
    "terms": "Payable without deduction.",
    "footer": "Amtsgericht Hamburg HRB 4711",
}
MONTH = {"unit": "MONTH", "count": 1}


def _plan(key: str, price: int, currency: str, **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "name": key.split("_", maxsplit=1)[0].title(),
        "price": {"amount": price, "currency": currency},
        "interval": MONTH,
        "billingTiming": "IN_ADVANCE",
        "netTermsDays": 14,
        "gracePeriodDays": 7,
        "features": [{"key": "calls"}],
        **more,
    }


CATALOGUE = {
    "features": [{"key": "calls", "name": "Calls"}],
    "plans": [
        _plan("team_eur", 49, "EUR"),
        _plan("scale_eur", 149, "EUR"),
        _plan("team_usd", 59, "USD"),
        _plan("team_jpy", 6800, "JPY"),
        _plan(
            "meter_eur",
            10,
            "EUR",
            billingTiming="IN_ARREARS",
            features=[
                {"key": "calls", "price": {"model": "per_unit", "unitPrice": Decimal("0.02")}}
            ],
        ),
    ],
}

# name: how many, currency, tax rate, plan. e15 to e20 pay by use; u11 and u12 are billed for work only.
GERMANS = [f"e{n:02}" for n in range(1, 15)]
METERED = [f"e{n:02}" for n in range(15, 21)]
AMERICANS = [f"u{n:02}" for n in range(1, 13)]
JAPANESE = [f"j{n:02}" for n in range(1, 9)]
EVERYONE = GERMANS + METERED + AMERICANS + JAPANESE
CURRENCY_OF = {"e": "EUR", "u": "USD", "j": "JPY"}
TAX_OF = {"e": 19, "u": 0, "j": 10}
FIRST = {"e": Decimal("58.31"), "u": Decimal("59.00"), "j": Decimal(7480)}  # with tax
NO_ADDRESS = "u12"


def on(day: int, month: int = 1) -> datetime:
    """Noon UTC."""
    return datetime(2027, month, day, 12, tzinfo=UTC)


@dataclass
class Books:
    """What should be: for each invoice what is open, for each customer what is on the balance."""

    open: dict[str, Decimal] = field(default_factory=dict)
    owner: dict[str, str] = field(default_factory=dict)
    due: dict[str, datetime] = field(default_factory=dict)
    balance: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    given_up: set[str] = field(default_factory=set)

    def issued(self, who: str, invoice: Any, amount: Decimal, due: datetime) -> None:
        """An invoice was issued: it asks for this amount, by then."""
        assert (invoice["amount"], invoice["currency"]) == (amount, CURRENCY_OF[who[0]]), invoice
        self.open[invoice["id"]] = amount
        self.owner[invoice["id"]] = who
        self.due[invoice["id"]] = due

    def paid(self, invoice: Any, amount: Decimal) -> None:
        """Money came for an invoice; what it does not ask for is put on the balance."""
        one = invoice["id"]
        taken = min(amount, self.open[one])
        self.open[one] -= taken
        self.balance[self.owner[one]] += amount - taken

    def of(self, who: str) -> Decimal:
        """What a customer owes, less what is on its balance."""
        own = (amount for one, amount in self.open.items() if self.owner[one] == who)
        return sum(own, Decimal(0)) - self.balance[who]

    def aged(self, at: datetime) -> dict[tuple[str, str], Decimal]:
        """What is owed, without what was given up, by currency and by how long it is overdue."""
        sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for one, amount in self.open.items():
            if one in self.given_up:
                continue
            days = (at - self.due[one]).days
            bucket = "current" if days < 1 else "days1To30"
            sums[CURRENCY_OF[self.owner[one][0]], bucket] += amount
        return {key: amount for key, amount in sums.items() if amount}


async def opened(shop: Shop) -> None:
    """Set the seller up, publish what is sold, and register the customers."""
    said = {
        "seller": SELLER,
        "zone": "Europe/Berlin",
        "currency": "EUR",
        "invoiceNumberFormat": "RE-{year}-{seq:05}",
        "creditNoteNumberFormat": "GS-{year}-{seq:05}",
        "statementThreshold": 80,
        "reminders": {"daysAfterDue": [3, 10, 21]},
    }
    changed = await shop.api.patch("/settings", said)
    assert changed.status == 200, changed.body
    applied = await shop.api.post("/catalog/apply", CATALOGUE)
    assert applied.status == 200, applied.body
    for who in EVERYONE:
        made = await shop.api.post("/customers", {
            "customerReferenceId": who,
            "name": f"Kunde {who} GmbH",
            "email": "by post, please" if who == NO_ADDRESS else f"billing@{who}.example",
            "taxRate": TAX_OF[who[0]],
            "billingAddress": {"line1": "Am Markt 1", "city": "Bremen", "country": "DE"},
        })  # fmt: skip
        assert made.status == 201, made.body


def transfer(day: int, who: str, amount: object, text: str, **more: Any) -> Entry:
    """What the bank books on a day of January: money that came from a customer."""
    booked = on(day).date()
    return Entry(
        booked_on=booked,
        value_on=booked,
        amount=Decimal(str(amount)),
        currency=CURRENCY_OF[who[0]],
        account=render.ACCOUNT,
        text=text,
        reference=f"{day:02}-{who}-{amount}",
        payer_name=f"Kunde {who} GmbH",
        **more,
    )
