"""A clock killed on its way arrives at the same books as one that nobody disturbed."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest
from tests.api.client import dumped, got
from tests.books import check_books
from tests.crash.server import Server, bootstrap_key

from usance import clock
from usance.store import embedded

DAYS = 400
KILLS = 3
CUSTOMERS = 4  # for each plan

_PRICE = {"model": "per_unit", "unitPrice": Decimal("0.013")}
_CREDITS = {"denomination": "CREDITS", "amount": 100, "rollover": "CAPPED", "rolloverCap": 30}


def _plan(key: str, amount: int, unit: str = "MONTH", **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "name": key,
        "price": {"amount": amount, "currency": "USD"},
        "interval": {"unit": unit, "count": 1},
        "billingTiming": "IN_ADVANCE",
        "features": [{"key": "chat", "price": _PRICE}],
    } | more


CATALOGUE = {
    "features": [{"key": "chat", "name": "Chat"}],
    "creditModels": [{"denomination": "CREDITS", "name": "Credits", "hardLimit": True}],
    "plans": [
        _plan("free", 0, "WEEK", credits=[_CREDITS]),
        _plan("payg", 0, "WEEK", billingTiming="IN_ARREARS"),
        _plan("pro", 49, credits=[_CREDITS]),
        _plan("small", 10),
    ],
}

# What real time or the caller's key leaves behind, and no step.
_LEFT_OUT = {"idempotency_keys", "schema_migrations", "accounts", "api_keys"}


class _Caller:
    def __init__(self, server: Server, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._http = httpx2.AsyncClient(
            base_url=f"{server.url}/api/v1", headers=headers, timeout=60
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def call(self, method: str, path: str, body: object = None, key: str = "") -> Any:
        content = b"" if body is None else dumped(body)
        headers = {"Idempotency-Key": key} if key else {}
        answer = got(await self._http.request(method, path, content=content, headers=headers))
        assert answer.status in {200, 201}, answer.body
        return answer.data


@asynccontextmanager
async def _served(server: Server, key: str) -> AsyncIterator[_Caller]:
    await server.start()
    caller = _Caller(server, key)
    try:
        yield caller
    finally:
        await caller.close()
        await server.stop()


async def _furnish(caller: _Caller) -> None:
    """Make customers in every state that time has something to say about."""
    await caller.call("POST", "/catalog/apply", CATALOGUE)
    for plan in ("free", "payg", "pro", "small"):
        for number in range(CUSTOMERS):
            customer = {"customerReferenceId": f"{plan}{number}"}
            await caller.call("POST", "/customers", customer)
            body = customer | {"planKey": plan}
            made = await caller.call("POST", "/subscriptions", body)
            subscription, invoice = made["subscription"]["id"], made["invoice"]
            if invoice["status"] == "DUE" and number < CUSTOMERS - 1:  # the last one expires
                await caller.call("POST", f"/billing/invoices/{invoice['id']}/mark-paid")
            if number == 1:  # who never pays for it, and so is past due one day
                event = customer | {
                    "eventIdempotencyKey": "e",
                    "eventName": "used",
                    "featureKey": "chat",
                    "usageUnits": Decimal("12.5"),
                }
                await caller.call("POST", "/events", event)
            if plan == "pro" and number == 0:
                # A year of renewals, paid from what is on account.
                money = customer | {"amount": 500, "currency": "USD", "reference": "ahead"}
                await caller.call("POST", "/payments", money)
                change = {"changeToPlanKey": "small", "changeType": "DOWNGRADE"}
                await caller.call("POST", f"/subscriptions/{subscription}/plan-change", change)
            if plan == "free" and number == 0:
                await caller.call("POST", f"/subscriptions/cancellation/{subscription}")


async def _digest(folder: Path) -> dict[str, tuple[int, str]]:
    """Return how many rows each table has, and a digest of all that is in them."""
    dsn = embedded.running_dsn(folder)
    assert dsn is not None, "its database runs"
    connection = await asyncpg.connect(dsn)
    try:
        assert await check_books(connection, settled_at=clock.real_now()) == []
        tables = await connection.fetch("""
            SELECT relname FROM pg_class
             WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
               AND NOT relispartition
             ORDER BY relname
        """)
        found = {}
        for row in tables:
            name = row["relname"]
            if name not in _LEFT_OUT:
                found[name] = tuple(
                    *await connection.fetch(
                        "SELECT count(*), md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), ''))"
                        f' FROM "{name}" t'
                    )
                )
        return found
    finally:
        await connection.close()


@pytest.mark.timeout(120)
async def test_a_clock_killed_on_its_way_arrives_at_the_same_books(
    tmp_path: Path, bin_dir: Path | None
):
    key = bootstrap_key()
    first = tmp_path / "undisturbed"
    embedded.start(first, bin_dir=bin_dir).stop()
    server = Server(first, key=key)
    async with _served(server, key) as caller:
        await _furnish(caller)
        now = datetime.fromisoformat((await caller.call("GET", "/clock"))["now"])
    to = {"to": (now + timedelta(days=DAYS, hours=12)).isoformat()}
    second = tmp_path / "disturbed"
    shutil.copytree(first, second, ignore=shutil.ignore_patterns("run", "*.lock"))

    async with _served(server, key) as caller:
        began = clock.monotonic()
        moved = await caller.call("POST", "/clock/advance", to, key="a")
        seconds = clock.monotonic() - began
        assert moved["done"] is True
        steps = moved["steps"]
        wanted = await _digest(first)
    assert wanted["periods"][0] > CUSTOMERS * DAYS // 7, "there was much to do"

    disturbed = Server(second, key=key)
    met = 0
    for number in range(KILLS):
        await disturbed.start()
        caller = _Caller(disturbed, key)
        call = asyncio.create_task(caller.call("POST", "/clock/advance", to, key="a"))
        await asyncio.wait({call}, timeout=seconds / (KILLS + 2))
        disturbed.kill(postgres=number % 2 == 1)
        with suppress(httpx2.TransportError):
            await call
            met -= 1
        met += 1
        await caller.close()
    async with _served(disturbed, key) as caller:
        moved = await caller.call("POST", "/clock/advance", to, key="a")
        assert moved["done"] is True
        assert moved["steps"] < steps, "what the killed ones did stays done"
        assert await caller.call("POST", "/clock/advance", to, key="a") == moved
        assert await _digest(second) == wanted
    assert met >= KILLS - 1, "the kills met the call under way"
