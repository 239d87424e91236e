"""Many at once through four processes of one `usance serve`: one customer, one pool, nothing lost.

Each process gathers calls into batches of its own and keeps what it last read of the customer, so
here batches of several processes meet on one customer's row.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from tests.api.client import Got, dumped, got
from tests.conftest import FreshDatabase
from tests.crash.server import Server
from tests.races.conftest import selling
from tests.races.seller import Seller, Subscribed, statuses, together

from usance.core.accounts import Mode

PROCESSES = 4
CONNECTIONS = 64
EVENTS = 2_000

pytestmark = pytest.mark.timeout(180)


class Served:
    """A seller's account behind `USANCE_WORKERS=4`, over connections that all four have some of."""

    def __init__(self, seller: Seller, server: Server, http: httpx2.AsyncClient) -> None:
        self.seller = seller
        self.server = server
        self._http = http

    async def post(self, path: str, body: object) -> Got:
        """Return the one answer to a call that is sent once."""
        return got(await self._http.post(f"/api/v1{path}", content=dumped(body)))

    async def post_all(self, calls: Iterable[tuple[str, object]]) -> list[Got]:
        """Send all calls at once, and return their answers, in order."""
        await self.until_all_answer()
        answers = await together(self.post(path, body) for path, body in calls)
        assert len(self.server.answering()) == PROCESSES
        return answers

    async def until_all_answer(self) -> None:
        """Open connections until every process has taken one; a process that begins takes none."""
        async with asyncio.timeout(60):
            while len(self.server.answering()) < PROCESSES:
                asked = [self._http.get("/readyz") for _ in range(CONNECTIONS)]
                assert {answer.status_code for answer in await asyncio.gather(*asked)} == {200}
                if len(self.server.answering()) < PROCESSES:
                    await self._begin_anew()

    async def _begin_anew(self) -> None:
        """Close the connections, so that the next ones are taken by whoever is there by then."""
        kept = self._http
        self._http = _client(self.server, self.seller.doors[0].secret)
        await kept.aclose()

    async def close(self) -> None:
        await self._http.aclose()
        assert await self.server.stop() == 0


def _client(server: Server, secret: str) -> httpx2.AsyncClient:
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    limits = httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    return httpx2.AsyncClient(base_url=server.url, headers=headers, limits=limits, timeout=60)


@pytest.fixture(scope="module")
def url(fresh_database: FreshDatabase) -> Iterator[str]:
    with fresh_database() as url:
        yield url


@pytest.fixture(scope="module")
async def served(url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with selling(url, Mode.TEST) as seller:
        server = Server(tmp_path_factory.mktemp("four"), database_url=url, workers=PROCESSES)
        await server.start()
        served = Served(seller, server, _client(server, seller.doors[0].secret))
        try:
            await served.until_all_answer()
            yield served
        finally:
            await served.close()


def _event(one: Subscribed, key: str, units: object = 1) -> tuple[str, dict[str, Any]]:
    return "/events", {
        "eventIdempotencyKey": key,
        "eventName": "used",
        "customerReferenceId": one.reference,
        "featureKey": "burns",
        "usageUnits": units,
    }


async def _pool(seller: Seller, one: Subscribed) -> list[Decimal]:
    """Return what the customer's pool was granted and has burnt, its overdraft, and its lowest."""
    (row,) = await seller.fetch(
        """
        SELECT p.granted, p.consumed, p.overdraft, min(t.balance_after) AS lowest
          FROM credit_pools p
          JOIN customers c USING (account_id, customer_id)
          JOIN credit_transactions t USING (account_id, pool_id)
         WHERE c.reference = $1
         GROUP BY p.pool_id, p.granted, p.consumed, p.overdraft
        """,
        one.reference,
    )
    return list(row)


async def test_of_640_burns_through_four_processes_exactly_what_the_pool_has_is_burnt(
    served: Served,
):
    one = await served.seller.subscribed("pro")
    answers = await served.post_all(_event(one, f"b{n}") for n in range(640))
    assert statuses(answers) == {201: 640}
    assert sum(got.data["creditsDeducted"] for got in answers) == 100
    assert sum(got.data["insufficientCredits"] for got in answers) == 540
    assert await _pool(served.seller, one) == [100, 100, 0, 0]
    await served.seller.require_right_books(settled=True)


async def test_of_1000_holds_through_four_processes_exactly_what_the_pool_has_is_granted(
    served: Served,
):
    """Then half of those that were granted are settled, half released, each asked for twice."""
    one = await served.seller.subscribed("pro")
    wish = {"customerReferenceId": one.reference, "featureKey": "burns"}
    answers = await served.post_all(
        ("/holds", wish | {"holdKey": f"h{number}"}) for number in range(1000)
    )
    assert statuses(answers) == {201: 100, 402: 900}
    refused = {got.error["code"] for got in answers if got.status == 402}
    assert refused == {"insufficient_credits"}
    held = [got.data["id"] for got in answers if got.status == 201]
    again = await served.post_all(("/holds", wish | {"holdKey": f"h{n}"}) for n in range(1000))
    assert statuses(again) == {200: 100, 402: 900}
    assert [got.data["id"] for got in again if got.status == 200] == held
    settled: list[tuple[str, object]] = [
        (f"/holds/{hold}/settle", {"usageUnits": 1}) for hold in held[::2]
    ]
    released: list[tuple[str, object]] = [(f"/holds/{hold}/release", {}) for hold in held[1::2]]
    assert statuses(await served.post_all(settled * 2)) == {201: 50, 200: 50}
    assert statuses(await served.post_all(released * 2)) == {200: 100}
    (pool,) = (await served.seller.get(f"/credits/{one.reference}/pools")).data
    assert (pool["balance"], pool["available"]) == (50, 50)
    assert await _pool(served.seller, one) == [100, 50, 0, 50]
    await served.seller.require_right_books(settled=True)


async def test_all_events_on_one_customer_and_one_pool_through_four_processes_are_there(
    served: Served,
):
    """Each is sent once, and none is answered with anything but its receipt."""
    seller = served.seller
    one = await seller.subscribed("pro")
    grant = {"denomination": "CREDITS", "amount": 1_000_000}
    await seller.ok("POST", f"/credits/{one.reference}/grants", grant)
    units = [Decimal(number % 9) / 8 for number in range(EVENTS)]
    answers = await served.post_all(
        _event(one, f"e{number}", each) for number, each in enumerate(units)
    )
    assert statuses(answers) == {201: EVENTS}
    assert [got.data["billableUnits"] for got in answers] == units
    assert [got.data["creditsDeducted"] for got in answers] == units
    stored = await seller.fetch(
        """
        SELECT e.key, e.units
          FROM usage_events e
          JOIN customers c USING (account_id, customer_id)
         WHERE c.reference = $1
        """,
        one.reference,
    )
    assert {row["key"]: row["units"] for row in stored} == {
        f"e{number}": each for number, each in enumerate(units)
    }
    assert len(stored) == EVENTS
    used = (await seller.get(f"/entitlements/{one.reference}/burns")).data["usage"]["used"]
    assert used == sum(units)
    assert await _pool(seller, one) == [1_000_100, sum(units), 0, 100]
    await seller.require_right_books(settled=True)
