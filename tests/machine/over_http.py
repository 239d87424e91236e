"""The product at its door: the verbs of a life as requests to the whole application.

The application runs in process on a database; only the edge is held, as the stories hold it (see
tests/stories/http.py): the real clock stands still, so that the account's clock shows a life's
instants to the microsecond, and seeds are counted, so that a life has the same ids each time.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import pytest
import uvloop
from tests.api import client
from tests.api.client import Api, Got
from tests.books import check_books
from tests.machine.product import Settled, Used
from tests.machine.sold import exact
from tests.stories.http import START, Edge

from usance import clock, logs
from usance.actions import advance
from usance.app import create_app
from usance.core.ids import GrantId, HoldId, InvoiceId, PaymentId, SubscriptionId
from usance.core.refusals import Code, Refusal
from usance.settings import Settings
from usance.store import terms
from usance.store.db import Db, Tx

T = TypeVar("T")
Row = dict[str, Any]

NAME = "ada"
PAGE = 200
REPEATED = 8  # every eighth command is sent again, as by a client that lost the answer
TURNS = 4  # looks until everything was read again, whether it seems to have moved or not
BATCH = 100


class Door(Enum):
    """Who takes the steps that time has decided."""

    CLOCK = "the account's clock is moved, and takes them on its way"
    WORKER = "time goes on, and the worker takes them"
    NOBODY = "time goes on, and whoever meets one takes it"


class World:
    """The application on a database, and the time that goes on around it."""

    def __init__(self, runner: asyncio.Runner, url: str, edge: Edge) -> None:
        self.runner = runner
        self.url = url
        self.edge = edge
        self.db = self.run(Db.open(url, jitter=clock.jitter, size=2))
        self.app = create_app(self.db, Settings())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def account(self, number: int) -> Api:
        """A new TEST account; its ids are those of this number."""
        self.edge.now, self.edge.drawn = START, number << 64
        return self.run(client.opened(self.db, self.app))

    def books(self) -> list[str]:
        """What is wrong in the books of all accounts, each of them settled."""

        async def check() -> list[str]:
            connection = await asyncpg.connect(self.url)
            try:
                return await check_books(connection, settled_at=self.edge.now)
            finally:
                await connection.close()

        return self.run(check())


@contextmanager
def opened(url: str) -> Iterator[World]:
    """The application on a migrated database."""
    logs.configure(level="warning")
    edge = Edge()
    with (
        pytest.MonkeyPatch.context() as patch,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        patch.setattr(clock, "real_now", edge.real_now)
        patch.setattr(clock, "seed", edge.seed)
        # In another database the accounts of these ids had other catalogues.
        patch.setattr(terms, "_terms", {})
        world = World(runner, url, edge)
        try:
            yield world
        finally:
            world.run(world.db.close())


# What is shown ---------------------------------------------------------------------------------------


@dataclass
class Look:
    """All that the API shows of the customer at one instant; and past periods, as stored."""

    at: datetime
    subscriptions: dict[SubscriptionId, Row] = field(default_factory=dict)  # oldest first
    invoices: dict[InvoiceId, Row] = field(default_factory=dict)  # oldest first
    balances: dict[str, Fraction] = field(default_factory=dict)
    pools: dict[str, Row] = field(default_factory=dict)
    grants: dict[GrantId, Row] = field(default_factory=dict)  # with their `denomination`
    payments: dict[PaymentId, Row] = field(default_factory=dict)
    entitlements: dict[str, Row] = field(default_factory=dict)  # of some features
    notes: list[Row] = field(default_factory=list)
    periods: list[Row] = field(default_factory=list)
    holds: list[Row] = field(default_factory=list)  # one of them, by turns

    def money(self) -> object:
        """Where money lies: no payment moves without a trace in it."""
        bills = [(name, row["status"], row["amountPaid"]) for name, row in self.invoices.items()]
        return self.balances, bills


class HttpShop:
    """One customer of one TEST account, asked over HTTP."""

    def __init__(
        self,
        world: World,
        door: Door,
        number: int,
        at: datetime,
        catalogue: Row,
        *,
        zone: str,
        tax: Fraction,
    ) -> None:
        self.world, self.door, self.at = world, door, START
        self.features: list[str] = [*(one["key"] for one in catalogue["features"]), "unknown"]
        self.api = world.account(number)
        self.calls = 0
        self.seen: Look | None = None  # None: something may have happened since
        self.last = Look(START)
        self.looks = 0
        self.receipt: Row | None = None  # of the newest event
        self.answered: list[Row] = []  # what was answered since the last look, to be found there
        self.paid: list[PaymentId] = []  # all payments, oldest first
        self.events: dict[str, str] = {}
        self.holds: list[HoldId] = []
        self.told: list[Row] = []  # of holds, by the newest command
        self.prices: dict[str, tuple[datetime, Fraction]] = {}
        self.advance(at)
        self._ask("POST", "/catalog/apply", catalogue)
        ada = {"customerReferenceId": NAME, "timeZone": zone, "taxRate": exact(tax)}
        self._ask("POST", "/customers", ada)

    # Time --------------------------------------------------------------------------------------------

    def advance(self, to: datetime) -> None:
        """Let time pass until then; who takes the steps is the door's word."""
        if to <= self.at:
            return
        self.at, self.seen = to, None
        if self.door is Door.CLOCK:
            while not self._send("POST", "/clock/advance", {"to": to.isoformat()}).data["done"]:
                pass  # it stops on a long way, and is to be asked again
            return
        self.world.edge.now = to
        while self.door is Door.WORKER and self.world.run(advance.tick(self.world.db, BATCH)):
            pass

    # Asking ------------------------------------------------------------------------------------------

    def _send(self, method: str, path: str, body: object = None, key: str | None = None) -> Got:
        got = self.world.run(self.api.send(method, path, body, key=key))
        assert got.status < 500, got.body
        return got

    def _ask(self, method: str, path: str, body: Row | None = None) -> Any:
        """A command; some are repeated under their key, and answered as the first time."""
        self.calls, self.seen = self.calls + 1, None
        said = None if body is None else {k: v for k, v in body.items() if v is not None}
        key = f"call {self.calls}"
        got = self._send(method, path, said, key)
        if got.status >= 400:
            raise Refusal(Code(got.error["code"]), got.error["message"])
        if self.calls % REPEATED == 0:
            again = self._send(method, path, said, key)
            assert (again.status, again.raw) == (got.status, got.raw), again.body
            assert again.headers["Idempotent-Replayed"] == "true"
        return got.data

    def _heard(self, answered: Row) -> Row:
        """Keep what a command answered: the next look must show the same."""
        rows = [answered] if "lines" in answered else [*answered.values()]
        self.answered += [row for row in rows if isinstance(row, dict)]
        return answered

    def subscribe(self, now: datetime, plan: str, grace: int | None) -> None:  # noqa: ARG002
        body = {"customerReferenceId": NAME, "planKey": plan, "gracePeriod": grace}
        self._heard(self._ask("POST", "/subscriptions", body))

    def mark_paid(
        self,
        now: datetime,  # noqa: ARG002
        invoice: InvoiceId,
        amount: Fraction | None,
        reference: str | None,
    ) -> PaymentId | None:
        body = {"amount": None if amount is None else exact(amount), "reference": reference}
        said = body if amount is not None or reference is not None else None
        self._heard(self._ask("POST", f"/billing/invoices/{invoice}/mark-paid", said))
        return self._new_payment(self.world.run(self._read_payments()))

    def receive(
        self,
        now: datetime,  # noqa: ARG002
        currency: str,
        amount: Fraction,
        reference: str | None,
    ) -> PaymentId | None:
        money = {"currency": currency, "amount": exact(amount), "reference": reference}
        paid = self._ask("POST", "/payments", {"customerReferenceId": NAME, **money})
        return self._new_payment([PaymentId(UUID(paid["id"]))])

    def _new_payment(self, names: Iterable[PaymentId]) -> PaymentId | None:
        new = next((name for name in names if name not in self.paid), None)
        self.paid += [] if new is None else [new]
        return new

    def pay_out(self, now: datetime, currency: str, amount: Fraction) -> None:  # noqa: ARG002
        body = {"currency": currency, "amount": exact(amount)}
        self._ask("POST", f"/customers/{NAME}/balance/payouts", body)

    def reverse(self, now: datetime, payment: PaymentId) -> None:  # noqa: ARG002
        self._ask("POST", f"/payments/{payment}/reverse")

    def void(self, now: datetime, invoice: InvoiceId) -> None:  # noqa: ARG002
        self._heard(self._ask("POST", f"/invoices/{invoice}/void", {"reason": "Voided."}))

    def change(self, now: datetime, sub: SubscriptionId, plan: str, kind: str) -> None:  # noqa: ARG002
        body = {"changeToPlanKey": plan, "changeType": kind}
        self._heard(self._ask("POST", f"/subscriptions/{sub}/plan-change", body))

    def undo_change(self, now: datetime, sub: SubscriptionId) -> None:  # noqa: ARG002
        self._heard(self._ask("DELETE", f"/subscriptions/{sub}/plan-change/scheduled"))

    def cancel(self, now: datetime, sub: SubscriptionId, mode: str, *, settle: bool) -> None:  # noqa: ARG002
        query = f"cancelMode={mode}" + ("" if settle else "&settle=false")
        self._heard(self._ask("POST", f"/subscriptions/cancellation/{sub}?{query}"))

    def undo_cancel(self, now: datetime, sub: SubscriptionId) -> None:  # noqa: ARG002
        self._heard(self._ask("DELETE", f"/subscriptions/cancellation/{sub}/scheduled"))

    def use(
        self,
        now: datetime,  # noqa: ARG002
        feature: str,
        units: Fraction,
        key: str,
        at: datetime,
    ) -> Used:
        self.calls, self.seen, self.receipt = self.calls + 1, None, None
        body = {
            "customerReferenceId": NAME,
            "eventName": "used",
            "featureKey": feature,
            "usageUnits": exact(units),
            "eventIdempotencyKey": key,
            "occurredAt": at.isoformat(),
        }
        got = self._send("POST", "/events", body)
        if got.status >= 400:
            raise Refusal(Code(got.error["code"]), got.error["message"])
        assert (got.status == 200) == got.data["duplicate"]
        return self._recorded(key, got.data)

    def _recorded(self, key: str, receipt: Row) -> Used:
        """Keep the receipt of an event, which is its first exactly if its key is new."""
        assert receipt["duplicate"] == (key in self.events), receipt
        self.receipt, self.events[key] = receipt, receipt["eventId"]
        return Used(
            fraction(receipt["billableUnits"]),
            fraction(receipt["creditsDeducted"]),
            receipt["usageLimitExceeded"],
            receipt["insufficientCredits"],
        )

    def correct(self, now: datetime, of: str, units: Fraction, key: str) -> Used:  # noqa: ARG002
        """By turns alone, and as the one event of a batch."""
        self.calls, self.seen, self.receipt = self.calls + 1, None, None
        body = {
            "customerReferenceId": NAME,
            "eventName": "used",
            "usageUnits": exact(-units),
            "eventIdempotencyKey": key,
            "correctsEventKey": of,
        }
        if self.calls % 2:
            got = self._send("POST", "/events", body)
            if got.status >= 400:
                raise Refusal(Code(got.error["code"]), got.error["message"])
            receipt = got.data
        else:
            (part,) = self._send("POST", "/events/batch", {"events": [body]}).data
            if "error" in part:
                raise Refusal(Code(part["error"]["code"]), part["error"]["message"])
            receipt = part["receipt"]
        assert receipt["corrects"]["eventIdempotencyKey"] == of
        return self._recorded(key, receipt)

    def take(
        self,
        now: datetime,  # noqa: ARG002
        feature: str,
        units: Fraction,
        life: timedelta,
        key: str | None,
    ) -> HoldId:
        """By turns in the fast lane and, where a key of the request asks for it, on the route."""
        self.calls, self.seen, self.told = self.calls + 1, None, []
        body: Row = {
            "customerReferenceId": NAME,
            "featureKey": feature,
            "usageUnits": exact(units),
            "expiresInSeconds": life // timedelta(seconds=1),
        }
        body |= {} if key is None else {"holdKey": key}
        got = self._send("POST", "/holds", body, None if self.calls % 2 else f"call {self.calls}")
        if got.status >= 400:
            raise Refusal(Code(got.error["code"]), got.error["message"])
        name = HoldId(UUID(got.data["id"]))
        assert (got.status == 200) == (name in self.holds), got.data
        self.holds += [] if name in self.holds else [name]
        self.told = [got.data]
        return name

    def settle(
        self,
        now: datetime,  # noqa: ARG002
        hold_id: HoldId,
        units: Fraction,
        key: str,
        at: datetime,
    ) -> Settled:
        self.receipt, self.told = None, []
        body = {
            "eventName": "used",
            "usageUnits": exact(units),
            "occurredAt": at.isoformat(),
            "eventIdempotencyKey": None if key == str(hold_id) else key,
        }
        receipt = self._ask("POST", f"/holds/{hold_id}/settle", body)
        assert receipt["holdId"] == str(hold_id)
        return Settled(self._recorded(key, receipt), receipt["holdExpired"])

    def release(self, now: datetime, hold_id: HoldId) -> None:  # noqa: ARG002
        self.told = []
        self.told = [self._ask("POST", f"/holds/{hold_id}/release")]

    def reverse_burn(self, now: datetime, key: str) -> None:  # noqa: ARG002
        burn = self.world.run(self._burn_of(self.events[key]))
        self._ask("POST", f"/credits/transactions/{burn}/reverse")

    async def _burn_of(self, event: str) -> UUID | str:
        """The movement by which an event burnt credits; without one, a name of nothing."""
        for pool in (await self.api.get(f"/credits/{NAME}/pools")).data:
            async for one in self._listed(f"/credits/{NAME}/pools/{pool['id']}/transactions"):
                if one["eventId"] == event and one["type"] == "BURN":
                    return str(one["id"])
        return UUID(int=0)

    def buy(
        self, now: datetime, denomination: str, amount: Fraction, price: Fraction, currency: str
    ) -> None:
        pool = {"denomination": denomination}
        if self.prices.get(denomination) != (now, price):
            listed = {**pool, "currency": currency, "pricePerCredit": exact(price)}
            self._ask("POST", "/credits/prices", listed)
            self.prices[denomination] = now, price
        order = {**pool, "customerReferenceId": NAME, "credits": exact(amount)}
        self._heard(self._ask("POST", "/credits/purchases", order))

    def give(
        self,
        now: datetime,  # noqa: ARG002
        denomination: str,
        amount: Fraction,
        *,
        kind: str,
        expires: datetime | None,
        priority: int,
    ) -> None:
        body = {
            "denomination": denomination,
            "amount": exact(amount),
            "type": kind,
            "expiresAt": None if expires is None else expires.isoformat(),
            "priority": priority,
        }
        self._ask("POST", f"/credits/{NAME}/grants", body)

    # Looking -----------------------------------------------------------------------------------------

    def look(self) -> Look:
        """How things stand; read again only if something may have happened."""
        if self.seen is None:
            self.looks += 1
            self.seen = self.world.run(self._read())
        return self.seen

    async def _read(self) -> Look:
        """Read what shows most; the rest when it shows that something moved, else in turn."""
        turn = self.looks % TURNS
        seen, before = Look(self.at), self.last
        # First what is answered without a step being taken: in what follows they are taken.
        seen.entitlements = await self._read_entitlements()
        ada = (await self.api.get(f"/customers/{NAME}")).data
        subscriptions = sorted(ada["subscriptions"], key=lambda s: (s["createdAt"], s["id"]))
        seen.subscriptions = {SubscriptionId(UUID(one["id"])): one for one in subscriptions}
        seen.balances = {one["currency"]: fraction(one["amount"]) for one in ada["balances"]}
        seen.pools = {one["denomination"]: one for one in ada["creditPools"]}
        invoices = [one async for one in self._listed(f"/billing/invoices/{NAME}")]
        invoices.sort(key=lambda i: (i["createdAt"], i["number"] or "~", i["id"]))
        seen.invoices = {InvoiceId(UUID(one["id"])): one for one in invoices}
        seen.grants, seen.payments = before.grants, before.payments
        seen.notes, seen.periods = before.notes, before.periods
        moved = seen.money() != before.money() or len(self.paid) > len(before.payments)
        if turn == 1 or seen.pools != before.pools:
            seen.grants = await self._read_grants(seen.pools)
        if turn == 3 or moved:
            seen.payments, seen.notes = await self._read_payments(), await self._read_notes()
        if self.holds and turn in {0, 2}:
            name = self.holds[self.looks // 2 % len(self.holds)]
            seen.holds = [(await self.api.get(f"/holds/{name}")).data]
        if (seen.at, seen.subscriptions) != (before.at, before.subscriptions):
            seen.periods = await self.world.db.peek(self._read_periods)
        self.last = seen
        return seen

    async def _read_entitlements(self) -> dict[str, Row]:
        """By turns of all features of the customer's plans, and of one that may be of none."""
        path = f"/entitlements/{NAME}"
        if self.looks % 2 == 0:
            return {one["featureKey"]: one for one in (await self.api.get(path)).data}
        asked = self.features[self.looks // 2 % len(self.features)]
        return {asked: (await self.api.get(f"{path}/{asked}")).data}

    async def _read_grants(self, pools: dict[str, Row]) -> dict[GrantId, Row]:
        found = {}
        for name, pool in pools.items():
            async for one in self._listed(f"/credits/{NAME}/pools/{pool['id']}/grants"):
                found[GrantId(UUID(one["id"]))] = {**one, "denomination": name}
        return found

    async def _read_payments(self) -> dict[PaymentId, Row]:
        listed = [one async for one in self._listed(f"/payments?customerReferenceId={NAME}")]
        return {PaymentId(UUID(one["id"])): one for one in listed}

    async def _listed(self, path: str) -> Any:
        """Every row of a list, page by page."""
        offset, more = 0, True
        while more:
            mark = "&" if "?" in path else "?"
            got = await self.api.get(f"{path}{mark}limit={PAGE}&offset={offset}")
            offset, more = offset + PAGE, got.body["pagination"]["hasMore"]
            for one in got.data:
                yield one

    async def _read_notes(self) -> list[Row]:
        return [one async for one in self._listed(f"/credit-notes?customerReferenceId={NAME}")]

    async def _read_periods(self, tx: Tx) -> list[Row]:
        found = await tx.fetch(
            """
            SELECT subscription_id, seq, starts_at, ends_at, is_trial,
                   closed_at IS NOT NULL AS is_closed
              FROM periods
             WHERE account_id = $1
             ORDER BY subscription_id, seq
            """,
            self.api.account.id,
        )
        return [dict(row) for row in found]


def fraction(value: Decimal | int) -> Fraction:
    """An exact number of an answer."""
    assert isinstance(value, Decimal | int), value
    return Fraction(value)
