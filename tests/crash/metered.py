"""Users of one account who send events and take holds, and what was acknowledged to them.

Each call is sent until it is answered 2xx, under its own key and through one process after another,
as by a client whose answers get lost. At the end all that was sent is acknowledged, so what the
database holds is compared with it row by row.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from typing import Any

import asyncpg
import httpx2
from tests.api.client import Api, Got, dumped, got
from tests.books import check_books
from tests.crash.fleet import Answers, Fleet
from tests.crash.test_kills import CATALOGUE

from usance import clock

SENDERS = 12
HOLDERS = 4
CUSTOMERS = 5  # shared by all of them, so that processes meet on a customer's row
HELD = 3
USED = 2
OUTCOMES = ("SETTLED", "RELEASED", "HELD")
_PAUSE_SECONDS = 0.02


async def sell(api: Api) -> None:
    """Put the catalogue on sale, and sell to every customer."""
    assert (await api.post("/catalog/apply", CATALOGUE)).status == 200
    for number in range(CUSTOMERS):
        customer = {"customerReferenceId": f"c{number}"}
        assert (await api.post("/customers", customer)).status == 201
        made = await api.post("/subscriptions", customer | {"planKey": "pro"})
        paid = f"/billing/invoices/{made.data['invoice']['id']}/mark-paid"
        assert (await api.post(paid)).data["status"] == "PAID"


class Users:
    """Those who call, until they are told to stop."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.events: dict[tuple[str, str], Decimal] = {}  # (customer, key) → units
        self.holds: dict[tuple[str, str], tuple[str, str]] = {}  # (customer, key) → id, status
        self.sent_again = 0
        self.answers = Answers()  # of all processes
        self._turns = count()
        self._stopped = False

    def all(self) -> Iterator[Any]:
        """Return what they do, each for itself."""
        for number in range(SENDERS):
            yield self._send_events(number, f"c{number % CUSTOMERS}")
        for number in range(HOLDERS):
            yield self._take_holds(number, f"c{number % CUSTOMERS}")

    def stop(self) -> None:
        """Let each finish what it is at."""
        self._stopped = True

    @property
    def under_way(self) -> int:
        """How many calls wait for an answer."""
        return sum(slot.under_way for slot in self.fleet.slots)

    async def _until_done(self, path: str, body: object = None) -> Got:
        content = b"" if body is None else dumped(body)
        while True:
            slot = self.fleet.slots[next(self._turns) % len(self.fleet.slots)]
            try:
                with slot.calling():
                    answer = got(await slot.http.post(f"/api/v1{path}", content=content))
            except httpx2.TransportError:
                self.sent_again += 1
                continue
            if answer.status in {200, 201}:
                slot.answers.note()
                self.answers.note()
                return answer
            assert answer.status == 503, answer.body
            self.sent_again += 1
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _send_events(self, number: int, reference: str) -> None:
        for turn in count():
            if self._stopped:
                return
            units = Decimal(turn % 7) / 4
            key = f"e{number}-{turn}"
            event = {
                "eventIdempotencyKey": key,
                "eventName": "used",
                "customerReferenceId": reference,
                "featureKey": "chat",
                "usageUnits": units,
            }
            answer = await self._until_done("/events", event)
            assert answer.data["billableUnits"] == units
            self.events[reference, key] = units

    async def _take_holds(self, number: int, reference: str) -> None:
        """Take one after another: the first is settled, the next released, the third is kept."""
        for turn in count():
            if self._stopped:
                return
            key = f"h{number}-{turn}"
            wish = {
                "customerReferenceId": reference,
                "featureKey": "chat",
                "usageUnits": HELD,
                "holdKey": key,
                "expiresInSeconds": 86_400,
            }
            hold = (await self._until_done("/holds", wish)).data["id"]
            self.holds[reference, key] = hold, "HELD"
            outcome = OUTCOMES[turn % len(OUTCOMES)]
            if outcome == "SETTLED":
                await self._until_done(f"/holds/{hold}/settle", {"usageUnits": USED})
                self.events[reference, hold] = Decimal(USED)
            elif outcome == "RELEASED":
                await self._until_done(f"/holds/{hold}/release")
            self.holds[reference, key] = hold, outcome

    async def require_all_once(self, dsn: str) -> None:
        """Everything that was acknowledged is there, once, and nothing else; and the books are right."""
        connection = await asyncpg.connect(dsn)
        try:
            events = await connection.fetch("""
                SELECT c.reference, e.key, e.units
                  FROM usage_events e
                  JOIN customers c USING (account_id, customer_id)
            """)
            holds = await connection.fetch("""
                SELECT c.reference, h.key, h.hold_id::text AS id, h.status
                  FROM holds h
                  JOIN customers c USING (account_id, customer_id)
            """)
            counted = await connection.fetch("""
                SELECT c.reference, sum(n.units) AS units, sum(n.events) AS events
                  FROM counters n
                  JOIN customers c USING (account_id, customer_id)
                 GROUP BY c.reference
            """)
            burnt = await connection.fetch("""
                SELECT c.reference, p.consumed
                  FROM credit_pools p
                  JOIN customers c USING (account_id, customer_id)
            """)
            wrong = await check_books(connection, settled_at=clock.real_now())
        finally:
            await connection.close()
        stored = Counter((row["reference"], row["key"]) for row in events)
        assert stored == Counter(self.events.keys())
        assert {(row["reference"], row["key"]): row["units"] for row in events} == self.events
        assert len(holds) == len(self.holds)
        kept = {(row["reference"], row["key"]): (row["id"], row["status"]) for row in holds}
        assert kept == self.holds
        sums: dict[str, Decimal] = {}
        for (reference, _), units in self.events.items():
            sums[reference] = sums.get(reference, Decimal(0)) + units
        assert {row["reference"]: row["units"] for row in counted} == sums
        assert sum(row["events"] for row in counted) == len(self.events)
        assert {row["reference"]: row["consumed"] for row in burnt} == sums
        assert wrong == []
