"""A seller whose account is reached through several pools at once, as through several servers."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any, TypeVar

from tests.api.client import Api, Got
from tests.books import check_books

from usance import clock
from usance.core.accounts import Account
from usance.store.db import Db, Tx

T = TypeVar("T")

MONTH = {"unit": "MONTH", "count": 1}
DAY = {"unit": "DAY", "count": 1}

CHAT: dict[str, Any] = {
    "key": "chat",
    "price": {"model": "per_unit", "unitPrice": Decimal("0.01")},
}


def _plan(key: str, amount: object, features: list[Any], **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "name": key,
        "price": {"amount": amount, "currency": "USD"},
        "interval": MONTH,
        "billingTiming": "IN_ADVANCE",
        "features": features,
    } | more


CATALOGUE: dict[str, Any] = {
    "features": [{"key": key, "name": key} for key in ("chat", "burns", "limited")],
    "creditModels": [{"denomination": "CREDITS", "name": "Credits", "hardLimit": True}],
    "plans": [
        _plan("free", 0, [{"key": "limited", "limit": {"units": 100, "overage": "BLOCK"}}]),
        _plan("basic", 30, [CHAT]),
        _plan(
            "pro",
            49,
            [CHAT, {"key": "burns", "credits": {"denomination": "CREDITS", "weight": 1}}],
            credits=[{"denomination": "CREDITS", "amount": 100, "rollover": "NONE"}],
        ),
        _plan("enterprise", 100, [CHAT]),
        _plan("payg", 10, [CHAT], billingTiming="IN_ARREARS"),
        _plan("daily", 0, [CHAT], interval=DAY),
        _plan("daily_payg", 1, [CHAT], interval=DAY, billingTiming="IN_ARREARS"),
    ],
}


class Seller:
    """An account with the catalogue above, and as many doors to it as there are pools."""

    def __init__(self, doors: list[Api]) -> None:
        self.doors = doors
        self._turns = count()
        self._names = count(1)

    @property
    def door(self) -> Api:
        """The next door, so that calls in parallel come through all of them."""
        return self.doors[next(self._turns) % len(self.doors)]

    @property
    def db(self) -> Db:
        return self.doors[0].db

    @property
    def account(self) -> Account:
        return self.doors[0].account

    async def subscribed(self, plan: str, *, paid: bool = True) -> "Subscribed":
        """Return a new customer's subscription to the plan; `paid`: its first invoice is."""
        reference = f"c{next(self._names)}"
        made = await self.door.post("/customers", {"customerReferenceId": reference})
        assert made.status == 201, made.body
        body = {"customerReferenceId": reference, "planKey": plan}
        data = (await self.door.post("/subscriptions", body)).data
        if paid and data["invoice"]["status"] == "DUE":
            await self.ok("POST", f"/billing/invoices/{data['invoice']['id']}/mark-paid")
        return Subscribed(reference, data["subscription"]["id"], data["invoice"]["id"])

    async def send(self, method: str, path: str, body: object = None, **more: Any) -> Got:
        """Return the answer, sent again (through another door) while nobody can take the call."""
        return await patiently(lambda: self.door.send(method, path, body, **more))

    async def get(self, path: str) -> Got:
        return await self.send("GET", path)

    async def post(self, path: str, body: object = None, **more: Any) -> Got:
        return await self.send("POST", path, body, **more)

    async def ok(self, method: str, path: str, body: object = None, **more: Any) -> Any:
        """Return the data of a call that has to succeed."""
        got = await self.send(method, path, body, **more)
        assert got.status in {200, 201}, got.body
        return got.data

    async def fetch(self, query: str, *arguments: object) -> list[Any]:
        return list(await self.db.peek(lambda tx: tx.fetch(query, *arguments)))

    async def value(self, query: str, *arguments: object) -> Any:
        return await self.db.peek(lambda tx: tx.fetchval(query, *arguments))

    async def execute(self, query: str, *arguments: object) -> None:
        await self.db.run(lambda tx: tx.execute(query, *arguments))

    async def tamper(self, query: str, *arguments: object) -> None:
        """Execute what the database refuses: a change of what was issued."""

        async def unguarded(tx: Tx) -> None:
            await tx.execute("SET LOCAL session_replication_role = replica")
            await tx.execute(query, *arguments)

        await self.db.run(unguarded)

    async def let_pass(self, time: timedelta) -> None:
        """Move the TEST clock as if the time had passed while nobody was at work."""
        await self.execute(
            "UPDATE accounts SET clock_offset_us = clock_offset_us + $1 WHERE account_id = $2",
            time // timedelta(microseconds=1),
            self.account.id,
        )

    async def require_right_books(self, *, settled: bool = False) -> None:
        at = clock.real_now() if settled else None
        assert await self.db.peek(lambda tx: check_books(tx, settled_at=at)) == []


class Subscribed:
    """A customer with one subscription and its first invoice."""

    def __init__(self, reference: str, subscription_id: str, invoice_id: str) -> None:
        self.reference = reference
        self.id = subscription_id
        self.invoice_id = invoice_id

    @property
    def mark_paid(self) -> str:
        return f"/billing/invoices/{self.invoice_id}/mark-paid"


async def patiently(send: Callable[[], Awaitable[Got]], seconds: float = 30) -> Got:
    """Return the answer, sending again while the server is too busy to take the call."""
    until = clock.monotonic() + seconds
    while True:
        got = await send()
        if got.status != 503 or clock.monotonic() > until:
            return got
        await asyncio.sleep(0.05)


async def together(calls: Iterable[Awaitable[T]]) -> list[T]:
    """Return what calls come to that are all under way at once, in their order."""
    return list(await asyncio.gather(*calls))


def statuses(answers: Iterable[Got]) -> dict[int, int]:
    """Return how often each status was answered."""
    counts: dict[int, int] = {}
    for got in answers:
        counts[got.status] = counts.get(got.status, 0) + 1
    return counts
