"""A book of customers whose lives differ, and workers that come to it early, late, or many at once.

    book = await furnished(url, edge, Mode.TEST)
    async with copied(book) as copy, opened(copy, edge) as run:
        await run.live(timedelta(days=40))

The real clock stands at `edge.now`, and the seeds of commands are known: two runs of one script give
the same ids, and differ in nothing but in when somebody took the steps.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import pytest
from tests.api import client
from tests.api.client import Api, Got
from tests.books import check_books
from tests.crash import digests, lives
from tests.stories.http import Edge

from usance import clock, logs
from usance.actions import advance
from usance.app import create_app
from usance.core.accounts import Account, Mode
from usance.settings import Settings
from usance.store import due
from usance.store.db import Db

DAY = timedelta(days=1)
START = datetime(2096, 1, 31, 9, 30, tzinfo=UTC)  # far enough that no real clock is ahead of it
FURNISHED = START + 20 * DAY
HORIZON = START + 415 * DAY + timedelta(hours=3)  # hours before anything is due again
# On which days all ask what they may do, and with what.
_ASKED = ((33, "chat"), (95, "chat"), (130, "images"), (390, "chat"))

_copies = count(1)


class Command(NamedTuple):
    """What somebody does at an instant; its seeds are made of `number`."""

    at: datetime
    number: int
    who: str
    words: tuple[str, ...]


class Answer(NamedTuple):
    """What came of a command, or what somebody may do."""

    command: Command
    status: int
    said: Any

    @property
    def is_allowed(self) -> bool:
        """Whether somebody asked what they may do, and may."""
        return self.command.words[0] == "ask" and self.said["isAllowed"]


@dataclass(frozen=True)
class Book:
    """An account in a database of its own, as it stands at an instant."""

    url: str
    account: Account
    secret: str
    at: datetime


@contextmanager
def held() -> Iterator[Edge]:
    """Hold the real clock, and the seeds of what is done."""
    logs.configure(level="critical")
    edge = Edge()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "real_now", edge.real_now)
        patch.setattr(clock, "seed", edge.seed)
        yield edge


def script(mode: Mode) -> list[Command]:
    """Return all that is done in the book, in order of time."""
    done: list[tuple[datetime, str, tuple[str, ...]]] = []
    for one in lives.told(live=mode is Mode.LIVE):
        done.append((START + one.begins, one.name, ("register",)))
        for line in one.text.split("|"):
            day, *words = line.split()
            whole, _, hours = day.partition(".")
            after = timedelta(days=int(whole), hours=int(hours or 0))
            done.append((START + one.begins + after, one.name, tuple(words)))
        done += [(START + day * DAY, one.name, ("ask", feature)) for day, feature in _ASKED]
    done.sort(key=lambda one: one[0])
    return [Command(at, number, who, words) for number, (at, who, words) in enumerate(done, 1)]


async def furnished(url: str, edge: Edge, mode: Mode) -> Book:
    """Publish what is sold, and live the first days with a worker that is always there."""
    edge.now = START
    db = await Db.open(url, jitter=clock.jitter, size=4)
    api = await client.opened(db, mode=mode)
    book = Book(url, api.account, api.secret, START)
    async with api.client:
        for method, path, body in lives.SHOP:
            got = await api.send(method, path, body)
            assert got.status in {200, 201}, got.body
    await db.close()
    async with opened(book, edge) as run:
        await run.live(timedelta(0), until=FURNISHED)
    return replace(book, at=FURNISHED)


@asynccontextmanager
async def copied(book: Book) -> AsyncIterator[Book]:
    """Open a copy of the book, in a database of its own."""
    name = f"book_{next(_copies)}"
    parts = urlsplit(book.url)
    maintenance = await asyncpg.connect(book.url, database="postgres")
    try:
        template = parts.path.removeprefix("/")
        await maintenance.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield replace(book, url=book.url.replace(f"/{template}?", f"/{name}?"))
        await maintenance.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await maintenance.close()


@asynccontextmanager
async def opened(book: Book, edge: Edge, *, workers: int = 1) -> AsyncIterator["Run"]:
    """Go on with the book where it stands; each worker has connections of its own."""
    async with AsyncExitStack() as stack:
        pools = []
        for _ in range(workers):
            pools.append(await Db.open(book.url, jitter=clock.jitter, size=4))
            stack.push_async_callback(pools[-1].close)
        api = Api(create_app(pools[0], Settings()), pools[0], book.account, book.secret)
        await stack.enter_async_context(api.client)
        edge.now = book.at
        yield Run(api, pools, edge)


class Run:
    """A book that goes on: commands at their instants, and workers in between."""

    def __init__(self, api: Api, pools: Sequence[Db], edge: Edge) -> None:
        self.api = api
        self.pools = pools
        self.edge = edge
        self.answers: list[Answer] = []
        self.visits = 0

    @property
    def db(self) -> Db:
        return self.pools[0]

    async def live(self, late: timedelta, *, until: datetime = HORIZON) -> None:
        """Live the script up to an instant; a step is `late` when the workers come for it."""
        begin = self.edge.now
        todo = deque(
            command
            for command in script(self.api.account.mode)
            if command.at <= until and (command.at > begin or begin == START)
        )
        while True:
            first = await self.first_due(until)
            visit_at = None if first is None else min(first + late, until)
            if todo and (visit_at is None or todo[0].at < visit_at):
                command = todo.popleft()
                self.edge.now = command.at
                await _Caller(self.api, self.edge, command).do(self.answers)
            elif visit_at is not None:
                self.edge.now = max(self.edge.now, visit_at)
                await self.work()
            else:
                break
        self.edge.now = until

    async def work(self) -> None:
        """Take what is due: by one worker in order, by several all at once and each twice."""
        self.visits += 1
        if len(self.pools) == 1:
            while await advance.tick(self.db, 100):
                pass
        else:
            await asyncio.gather(*[_twice(db, 3 + n) for n, db in enumerate(self.pools)])

    async def leave(self) -> None:
        """Let nobody do anything up to the horizon, and then let the workers come."""
        self.edge.now = HORIZON
        await self.work()

    async def start_clock(self) -> None:
        """Let the account's clock tick on from the horizon, for workers in processes of their own."""
        self.edge.now = datetime.now(UTC)
        await self.db.run(
            lambda tx: tx.execute(
                "UPDATE accounts SET clock_offset_us = $1",
                (HORIZON - self.edge.now) // timedelta(microseconds=1),
            )
        )

    async def first_due(self, until: datetime = HORIZON) -> datetime | None:
        """Return when the first step that is not taken yet is due."""
        account_id = self.api.account.id
        first = await self.db.read(lambda tx: due.first_in_account(tx, account_id, until))
        return None if first is None else first[1]

    async def notices(self) -> int:
        """Return how many there are: each step leaves some."""
        count = "SELECT count(*) FROM notices"
        return int(await self.db.peek(lambda tx: tx.fetchval(count)))

    async def books(self) -> dict[str, list[str]]:
        """Return all that is written, once the books are found right and nothing is due."""
        assert await self.wrong(settled=True) == []
        return await self.db.read(digests.written)

    async def wrong(self, *, settled: bool = False) -> list[str]:
        """Return what is wrong in the books; `settled`: what is due and not done is wrong, too."""
        at = self.edge.now if settled else None
        async with self.db.transaction() as tx:
            return await check_books(tx, settled_at=at)


async def _twice(db: Db, limit: int) -> None:
    while any(await asyncio.gather(advance.tick(db, limit), advance.tick(db, limit))):
        pass


# What is done --------------------------------------------------------------------------------------


class _Caller:
    """One command, as the requests that it takes."""

    def __init__(self, api: Api, edge: Edge, command: Command) -> None:
        self.api = api
        self.edge = edge
        self.command = command
        self.who = command.who
        self.sent = 0

    async def do(self, answers: list[Answer]) -> None:
        verb, *words = self.command.words
        for got in await getattr(self, f"_{verb}")(*words):
            said = got.data if verb == "ask" else None
            said = got.error["code"] if got.status >= 400 else said
            answers.append(Answer(self.command, got.status, said))

    async def _send(self, method: str, path: str, body: object = None) -> Got:
        self.sent += 1
        self.edge.fixed = UUID(int=self.command.number << 32 | self.sent)
        try:
            got = await self.api.send(method, path, body)
        finally:
            self.edge.fixed = None
        assert got.status < 500, got.body
        return got

    async def _post(self, path: str, body: object = None) -> list[Got]:
        return [await self._send("POST", path, body)]

    @property
    def _owner(self) -> dict[str, Any]:
        return {"customerReferenceId": self.who}

    async def _register(self) -> list[Got]:
        return await self._post("/customers", self._owner | lives.PROFILES[self.who])

    async def _subscribe(self, plan: str) -> list[Got]:
        return await self._post("/subscriptions", self._owner | {"planKey": plan})

    async def _pay(self, which: str = "all") -> list[Got]:
        unpaid = await self._open()
        return [
            await self._send("POST", f"/billing/invoices/{one}/mark-paid")
            for one in (unpaid if which == "all" else unpaid[-1:])
        ]

    async def _part(self, amount: str) -> list[Got]:
        oldest = (await self._open())[0]
        return await self._post(
            f"/billing/invoices/{oldest}/mark-paid", {"amount": Decimal(amount)}
        )

    async def _void(self) -> list[Got]:
        oldest = (await self._open())[0]
        return await self._post(f"/invoices/{oldest}/void", {"reason": "Forgiven."})

    async def _receive(self, amount: str) -> list[Got]:
        money = {"amount": Decimal(amount), "currency": "USD", "reference": "ahead"}
        return await self._post("/payments", self._owner | money)

    async def _bounce(self) -> list[Got]:
        payments = (await self.api.get(f"/payments?customerReferenceId={self.who}")).data
        return await self._post(f"/payments/{payments[0]['id']}/reverse")

    async def _use(self, feature: str, units: str, days_ago: str = "0") -> list[Got]:
        occurred_at = self.command.at - int(days_ago) * DAY
        event = {
            "eventIdempotencyKey": f"e{self.command.number}",
            "eventName": "used",
            "featureKey": feature,
            "usageUnits": Decimal(units),
            "occurredAt": occurred_at.isoformat(),
        }
        return await self._post("/events", self._owner | event)

    async def _upgrade(self, plan: str) -> list[Got]:
        return await self._change(plan, "UPGRADE")

    async def _downgrade(self, plan: str) -> list[Got]:
        return await self._change(plan, "DOWNGRADE")

    async def _change(self, plan: str, kind: str) -> list[Got]:
        body = {"changeToPlanKey": plan, "changeType": kind}
        return await self._post(f"/subscriptions/{await self._subscription()}/plan-change", body)

    async def _cancel(self, when: str) -> list[Got]:
        query = {"now": "?cancelMode=IMMEDIATE", "end": ""}[when]
        path = f"/subscriptions/cancellation/{await self._subscription()}{query}"
        return await self._post(path)

    async def _uncancel(self) -> list[Got]:
        path = f"/subscriptions/cancellation/{await self._subscription()}/scheduled"
        return [await self._send("DELETE", path)]

    async def _buy(self, credits: str) -> list[Got]:
        bought = {"denomination": "CREDITS", "credits": Decimal(credits)}
        return await self._post("/credits/purchases", self._owner | bought)

    async def _grant(self, amount: str, days: str) -> list[Got]:
        expires_at = (self.command.at + int(days) * DAY).isoformat()
        grant = {"denomination": "CREDITS", "amount": Decimal(amount), "expiresAt": expires_at}
        return await self._post(f"/credits/{self.who}/grants", grant)

    async def _tax(self, rate: str) -> list[Got]:
        return [await self._send("PATCH", f"/customers/{self.who}", {"taxRate": Decimal(rate)})]

    async def _grace(self, days: str) -> list[Got]:
        path = f"/subscriptions/{await self._subscription()}"
        return [await self._send("PATCH", path, {"gracePeriod": int(days)})]

    async def _ask(self, feature: str) -> list[Got]:
        track = {"eventName": "used", "usageUnits": 15}
        body = self._owner | {"featureKey": feature, "track": track}
        return await self._post("/entitlements", body)

    async def _open(self) -> list[str]:
        found = (await self.api.get(f"/billing/invoices/{self.who}?limit=200")).data
        unpaid = [one for one in found if one["status"] in {"DUE", "PAST_DUE"}]
        unpaid.sort(key=lambda one: (one["dueDate"], one["number"]))
        return [one["id"] for one in unpaid]

    async def _subscription(self) -> str:
        """The customer's oldest one."""
        found = (await self.api.get(f"/subscriptions?customerReferenceId={self.who}")).data
        return str(found[-1]["id"])
