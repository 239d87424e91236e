"""A seller's shop for tests: a catalogue, and what its customers do, in a word each.

shop = await Shop.open(api)                 the catalogue below, in this account
one = await shop.started("pro_monthly")     customer `user_456` on it, paid
await shop.advance("P31D")                  the TEST clock, with all that is due until then
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from urllib.parse import quote

import pytest
from tests.api.client import Api, Got

from usance import clock

START = datetime(2027, 1, 1, 12, tzinfo=UTC)  # a 31-day month, and not at midnight
USER = "user_456"
MONTH = {"unit": "MONTH", "count": 1}


def _plan(key: str, amount: str, features: list[Any], **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "name": key.replace("_", " ").title(),
        "price": {"amount": Decimal(amount), "currency": "USD"},
        "interval": MONTH,
        "billingTiming": "IN_ADVANCE",
        "features": features,
    } | more


CHAT = {"key": "ai_chat", "limit": {"units": 1000, "overage": "BLOCK"}}
CALLS = {"key": "api.calls.v2", "price": {"model": "per_unit", "unitPrice": Decimal("0.002")}}
SEATS = {"key": "seats", "limit": {"units": 5, "overage": "ALLOW"}}
IMAGES = {
    "key": "images",
    "credits": {"denomination": "AI_CREDITS", "weight": 2, "models": {"big": 8}},
}
CATALOGUE: dict[str, Any] = {
    "features": [
        {"key": key, "name": key}
        for key in ("ai_chat", "api.calls.v2", "seats", "images", "drafts", "reports")
    ]
    + [{"key": "retired", "name": "Retired", "enabled": False}],
    "creditModels": [
        {"denomination": "AI_CREDITS", "name": "AI credits", "hardLimit": True},
        {"denomination": "SOFT", "name": "Soft credits", "hardLimit": False},
    ],
    "plans": [
        _plan("free", "0", [CHAT]),
        _plan(
            "starter_monthly",
            "30.00",
            [CHAT, IMAGES],
            credits=[{"denomination": "AI_CREDITS", "amount": 100, "rollover": "NONE"}],
        ),
        _plan(
            "pro_monthly",
            "49.00",
            [
                CHAT | {"limit": {"units": 2000, "overage": "BLOCK"}},
                CALLS,
                SEATS,
                IMAGES,
                {"key": "retired"},
                {
                    "key": "drafts",
                    "credits": {"denomination": "SOFT", "weight": Decimal("0.5")},
                },
            ],
            credits=[
                {
                    "denomination": "AI_CREDITS",
                    "amount": 1000,
                    "rollover": "CAPPED",
                    "rolloverCap": 200,
                }
            ],
        ),
        _plan(
            "enterprise_monthly",
            "100.00",
            [
                {"key": "ai_chat"},
                CALLS,
                IMAGES | {"price": {"model": "per_unit", "unitPrice": Decimal("0.10")}},
            ],
            credits=[{"denomination": "AI_CREDITS", "amount": 5000, "rollover": "FULL"}],
        ),
        _plan(
            "payg_monthly",
            "10.00",
            [
                {
                    "key": "ai_chat",
                    "price": {
                        "model": "graduated",
                        "tiers": [
                            {"upTo": 1000, "unitPrice": Decimal("0.02")},
                            {"upTo": "inf", "unitPrice": Decimal("0.01")},
                        ],
                    },
                }
            ],
            billingTiming="IN_ARREARS",
        ),
        _plan("pro_yearly", "490.00", [CHAT], interval={"unit": "YEAR", "count": 1}),
        _plan("pro_euro", "49.00", [CHAT], price={"amount": 49, "currency": "EUR"}),
        _plan("pro_trial", "49.00", [CHAT], trialDays=14),
        _plan("patient_monthly", "49.00", [CHAT], gracePeriodDays=10),
        _plan("next_year", "49.00", [CHAT], status="DRAFT"),
        _plan("last_year", "49.00", [CHAT], status="ARCHIVED"),
        _plan("for_acme", "39.00", [CHAT], customerReferenceId="acme"),
    ],
}


def stop_clock(monkeypatch: pytest.MonkeyPatch, at: datetime = START) -> None:
    """Let real time stand still, so that instants in answers are known to the microsecond."""
    monkeypatch.setattr(clock, "real_now", lambda: at)


def several(*values: object) -> tuple[object, ...]:
    """Return values of different kinds, for a table."""
    return values


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def written(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


class Shop:
    """An account with the catalogue above."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._keys = count(1)

    @classmethod
    async def open(cls, api: Api) -> "Shop":
        applied = await api.post("/catalog/apply", CATALOGUE)
        assert applied.status == 200, applied.body
        return cls(api)

    async def plan_id(self, key: str) -> str:
        return str((await self.api.get(f"/plans/{key}")).data["plan"]["id"])

    async def now(self) -> datetime:
        return instant((await self.api.get("/clock")).data["now"])

    async def customer(self, reference: str = USER, **profile: Any) -> Any:
        made = await self.api.post("/customers", {"customerReferenceId": reference, **profile})
        return made.data

    async def subscribe(self, plan: str, reference: str = USER, **more: Any) -> Any:
        """Return `{subscription, invoice}` of a customer who is there already or not."""
        await self.api.post("/customers", {"customerReferenceId": reference})
        body = {"customerReferenceId": reference, "planKey": plan, **more}
        return (await self.api.post("/subscriptions", body)).data

    async def started(self, plan: str, reference: str = USER, **more: Any) -> Any:
        """Return the same, the first invoice paid, as far as there is something to pay."""
        made = await self.subscribe(plan, reference, **more)
        if made["invoice"]["status"] in {"DUE", "PAST_DUE"}:  # without grace it is overdue at once
            made["invoice"] = (await self.mark_paid(made["invoice"]["id"])).data
        made["subscription"] = await self.subscription(made["subscription"]["id"])
        return made

    async def subscription(self, subscription_id: str) -> Any:
        return (await self.api.get(f"/subscriptions/{subscription_id}")).data

    async def mark_paid(self, invoice_id: str, body: object = None, **more: Any) -> Got:
        return await self.api.post(f"/billing/invoices/{invoice_id}/mark-paid", body, **more)

    async def invoice(self, invoice_id: str) -> Any:
        return (await self.api.get(f"/invoices/{invoice_id}")).data

    async def invoices(self, reference: str = USER) -> list[Any]:
        found = await self.api.get(f"/billing/invoices/{quote(reference, safe='')}?limit=200")
        return list(found.data)

    async def change(self, subscription_id: str, plan: str, kind: str) -> Got:
        body = {"changeToPlanKey": plan, "changeType": kind}
        return await self.api.post(f"/subscriptions/{subscription_id}/plan-change", body)

    async def cancel(self, subscription_id: str, query: str = "") -> Got:
        return await self.api.post(f"/subscriptions/cancellation/{subscription_id}{query}")

    async def advance(self, by: str) -> Any:
        moved = await self.api.post("/clock/advance", {"by": by})
        assert moved.data["done"] is True, moved.body
        return moved.data

    async def advance_to(self, to: datetime) -> Any:
        moved = await self.api.post("/clock/advance", {"to": written(to)})
        assert moved.data["done"] is True, moved.body
        return moved.data

    async def send_event(self, feature: str | None = "ai_chat", **more: Any) -> Got:
        body = {
            "eventIdempotencyKey": f"e{next(self._keys)}",
            "eventName": "used",
            "customerReferenceId": USER,
            "featureKey": feature,
            **more,
        }
        return await self.api.post("/events", body)

    async def use(self, units: object, feature: str | None = "ai_chat", **more: Any) -> Any:
        """Return the receipt of a new event."""
        sent = await self.send_event(feature, usageUnits=units, **more)
        assert sent.status == 201, sent.body
        return sent.data

    async def entitlement(self, feature: str, reference: str = USER) -> Any:
        return (await self.api.get(f"/entitlements/{reference}/{quote(feature, safe='')}")).data

    async def check(self, feature: str, units: object, **more: Any) -> Any:
        """Return the entitlement with a simulation of so many units."""
        body = {
            "customerReferenceId": USER,
            "featureKey": feature,
            "track": {"eventName": "x", "usageUnits": units, **more},
        }
        return (await self.api.post("/entitlements", body)).data

    async def pools(self, reference: str = USER) -> dict[str, Any]:
        found = await self.api.get(f"/credits/{reference}/pools")
        return {each["denomination"]: each for each in found.data}

    async def balance(self, currency: str = "USD", reference: str = USER) -> Decimal:
        customer = (await self.api.get(f"/customers/{reference}")).data
        amounts = {each["currency"]: each["amount"] for each in customer["balances"]}
        return Decimal(amounts.get(currency, 0))


UNKNOWN = "01940000-0000-7000-8000-000000000000"  # an id that nobody has
DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)

_TABLES = """
    SELECT format('SELECT %L AS name, count(*) AS rows, '
                  'coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) AS digest FROM %I t',
                  relname, relname)
      FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
     ORDER BY relname
"""


async def digest(api: Api) -> dict[str, tuple[int, int]]:
    """Return the number of rows of every table, and a digest of what is in them."""
    statement = _statements.get(api.db)
    if statement is None:
        found = await api.db.peek(lambda tx: tx.fetch(_TABLES))
        statement = _statements[api.db] = "\nUNION ALL\n".join(each[0] for each in found)
    rows = await api.db.peek(lambda tx: tx.fetch(statement))
    return {row["name"]: (row["rows"], int(row["digest"])) for row in rows}


_statements: dict[object, str] = {}
