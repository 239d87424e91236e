"""Killed under load: what was acknowledged is there, once; what was not is there once or not at all."""

import asyncio
import statistics
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import httpx2
import pytest
from tests.api.client import Got, dumped, got
from tests.books import check_books
from tests.crash.server import Server, bootstrap_key

from usance import clock
from usance.store import embedded

ROUNDS = 10
LOAD_SECONDS = 0.6
SENDERS = 6
BUYERS = 2
MONTH = {"unit": "MONTH", "count": 1}
CATALOGUE = {
    "features": [{"key": "chat", "name": "Chat"}],
    "creditModels": [{"denomination": "CREDITS", "name": "Credits", "hardLimit": True}],
    "plans": [
        {
            "key": "pro",
            "name": "Pro",
            "price": {"amount": 49, "currency": "USD"},
            "interval": MONTH,
            "billingTiming": "IN_ADVANCE",
            "features": [{"key": "chat", "credits": {"denomination": "CREDITS", "weight": 1}}],
            "credits": [{"denomination": "CREDITS", "amount": 100_000, "rollover": "NONE"}],
        }
    ],
}


class Client:
    """Sends each call again, through every outage, until it is answered 2xx."""

    def __init__(self, server: Server, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._http = httpx2.AsyncClient(
            base_url=f"{server.url}/api/v1", headers=headers, timeout=10
        )
        self.sent_again = 0

    async def close(self) -> None:
        await self._http.aclose()

    async def until_done(self, path: str, body: object = None, *, key: str | None = None) -> Got:
        headers = {} if key is None else {"Idempotency-Key": key}
        content = b"" if body is None else dumped(body)
        while True:
            with suppress(httpx2.TransportError):
                answer = got(await self._http.post(path, content=content, headers=headers))
                if answer.status in {200, 201}:
                    return answer
                # Told to wait: the server ends or begins, or the first try is still at work.
                assert answer.status in {409, 503}, answer.body
                assert answer.status == 503 or answer.error["code"] == "idempotency_in_flight"
            self.sent_again += 1
            await asyncio.sleep(0.02)


class Load:
    """Customers who use and buy, and a memory of all that was acknowledged to them."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.acknowledged: dict[str, list[int]] = {}  # customer → units of its events, in order
        self.paid: list[str] = []  # invoices
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        for number in range(SENDERS):
            await self._buy(f"user{number}")
        self._tasks = [asyncio.create_task(self._use(f"user{n}")) for n in range(SENDERS)]
        self._tasks += [asyncio.create_task(self._keep_buying(n)) for n in range(BUYERS)]

    async def end(self) -> None:
        self._stop.set()
        await asyncio.gather(*self._tasks)

    def require_no_failure(self) -> None:
        for task in self._tasks:
            if task.done():
                task.result()

    async def _use(self, reference: str) -> None:
        mine = self.acknowledged.setdefault(reference, [])
        while not self._stop.is_set():
            units = len(mine) % 7
            event = {
                "eventIdempotencyKey": f"e{len(mine)}",
                "eventName": "used",
                "customerReferenceId": reference,
                "featureKey": "chat",
                "usageUnits": units,
            }
            await self.client.until_done("/events", event)
            mine.append(units)

    async def _keep_buying(self, number: int) -> None:
        bought = 0
        while not self._stop.is_set():
            await self._buy(f"buyer{number}-{bought}")
            bought += 1

    async def _buy(self, reference: str) -> None:
        customer = {"customerReferenceId": reference}
        await self.client.until_done("/customers", customer, key=f"{reference} made")
        body = customer | {"planKey": "pro"}
        made = await self.client.until_done("/subscriptions", body, key=f"{reference} subscribed")
        path = f"/billing/invoices/{made.data['invoice']['id']}/mark-paid"
        paid = await self.client.until_done(path, {"amount": 49}, key=f"{reference} paid")
        assert paid.data["status"] == "PAID"
        self.paid.append(made.data["invoice"]["id"])


@asynccontextmanager
async def _connected(server: Server) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    dsn = embedded.running_dsn(server.folder)
    assert dsn is not None, "its database runs"
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def _require_all_acknowledged(server: Server, load: Load, *, nothing_else: bool) -> None:
    """Whatever was acknowledged before now is there, once; `nothing_else`: and no more than that."""
    known = {reference: list(units) for reference, units in load.acknowledged.items()}
    paid = list(load.paid)
    async with _connected(server) as connection:
        rows = await connection.fetch("""
            SELECT c.reference, e.key, e.units
              FROM usage_events e
              JOIN customers c USING (account_id, customer_id)
        """)
        marked = await connection.fetch("SELECT invoice_id FROM invoices WHERE status = 'PAID'")
        payments = await connection.fetch(
            "SELECT invoice_id, count(*) AS n FROM applications GROUP BY invoice_id"
        )
    stored = {(row["reference"], row["key"]): int(row["units"]) for row in rows}
    assert len(stored) == len(rows), "no event is there twice"
    wanted = {
        (reference, f"e{number}"): units
        for reference, mine in known.items()
        for number, units in enumerate(mine)
    }
    assert wanted.items() <= stored.items()
    assert set(paid) <= {str(row["invoice_id"]) for row in marked}
    assert {row["n"] for row in payments} <= {1}
    if nothing_else:
        assert wanted == stored
        assert set(paid) == {str(row["invoice_id"]) for row in marked}


@pytest.fixture
def folder(tmp_path: Path, bin_dir: Path | None) -> Path:
    """A data folder made by the chosen PostgreSQL, which `usance serve` then goes on with."""
    embedded.start(tmp_path / "data", bin_dir=bin_dir).stop()
    return tmp_path / "data"


@pytest.mark.timeout(180)
async def test_nothing_acknowledged_is_lost_or_doubled_by_kills_under_load(
    folder: Path, record_property: Callable[[str, object], None]
):
    """Ten rounds: the server is killed; in every other one its PostgreSQL too, in the same instant."""
    key = bootstrap_key()
    server = Server(folder, key=key)
    client = Client(server, key)
    starts = [await server.start()]
    try:
        await client.until_done("/catalog/apply", CATALOGUE)
        load = Load(client)
        await load.begin()
        for number in range(ROUNDS):
            await asyncio.sleep(LOAD_SECONDS)
            server.kill(postgres=number % 2 == 1)
            starts.append(await server.start())
            load.require_no_failure()
            await _require_all_acknowledged(server, load, nothing_else=False)
        await load.end()
        await _require_all_acknowledged(server, load, nothing_else=True)
        async with _connected(server) as connection:
            assert await check_books(connection, settled_at=clock.real_now()) == []
            burnt = await connection.fetchval("SELECT sum(consumed) FROM credit_pools")
            units = await connection.fetchval("SELECT sum(units) FROM counters")
        sent = sum(sum(mine) for mine in load.acknowledged.values())
        assert burnt == units == sent
        assert client.sent_again > ROUNDS, "the kills met calls under way"
        assert min(map(len, load.acknowledged.values())) > ROUNDS
        assert len(load.paid) > SENDERS + ROUNDS
        record_property("load", _told(starts, load, client))
        # After a kill as after an orderly end; on a busy machine both take longer.
        assert statistics.median(starts[1:]) < max(3, 3 * starts[0])
    finally:
        await client.close()
        assert await server.stop() == 0


def _told(starts: list[float], load: Load, client: Client) -> str:
    events = sum(map(len, load.acknowledged.values()))
    times = ", ".join(f"{one:.2f}" for one in starts)
    return (
        f"{events} events, {len(load.paid)} payments, {client.sent_again} tries again; up: {times}"
    )


@pytest.mark.timeout(60)
async def test_a_killed_postgres_alone_comes_back_under_its_server(folder: Path):
    """The API goes on answering, and the load never sees anything worse than a wait."""
    key = bootstrap_key()
    server = Server(folder, key=key)
    client = Client(server, key)
    await server.start()
    try:
        await client.until_done("/catalog/apply", CATALOGUE)
        load = Load(client)
        await load.begin()
        for _ in range(3):
            await asyncio.sleep(LOAD_SECONDS)
            server.kill_postgres()
            await asyncio.sleep(0.2)
            assert await server.until_ready() < 5
        await asyncio.sleep(LOAD_SECONDS)
        await load.end()
        await _require_all_acknowledged(server, load, nothing_else=True)
        async with _connected(server) as connection:
            assert await check_books(connection, settled_at=clock.real_now()) == []
    finally:
        await client.close()
        assert await server.stop() == 0
