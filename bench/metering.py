"""Metering: how fast events are recorded and checks answered, as ratios to baselines of the same run.

Beside the product stand, on the same machine at the same time: an empty endpoint under the same web
server, pgbench with one transaction for an event and with one read of a row, the product's own SQL
issued bare, and the field's habit. Each is measured in turn, several rounds; medians count.

    python -m bench.metering                  about ten minutes
    python -m bench.metering --quick          one short round of everything, on less data
    python -m bench.metering --rows 10000000  also with as many events stored; takes 15 GB of disk
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import asyncpg
import uvloop

from bench import bare, batched, loads, ratios, scene, servers
from bench.loads import Load, Served, Traffic, Wrk
from bench.ratios import Row
from bench.scene import CREDITED, METERED, Scene
from bench.servers import Server
from usance import clock
from usance.actions import advance
from usance.core.ids import CustomerId
from usance.store.db import Db, Tx

CUSTOMERS = 64
BATCH = 500
BATCH_CONNECTIONS = 2
EVENTS_EACH = 100  # on record of each customer before: the fewer, the faster the habit's sums
FEW = 100
BILLED_FEW = 1_000
BILLINGS = 15
ROWS_CUSTOMERS = 1_000

T = TypeVar("T")


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    seconds: int = 5
    rounds: int = 3
    many: int = 100_000  # customers
    billed: int = 1_000_000  # events of the larger period
    batches: int = 300  # of 64 events, issued bare
    rows: int = 0  # events stored for "flat"; 0: not measured

    @classmethod
    def quick(cls, seconds: int | None, rows: int) -> "Plan":
        """Return the least that shows that everything works."""
        return cls(seconds or 1, 1, many=2_000, billed=20_000, batches=20, rows=rows)


class Bench:
    """One run: what was measured, and what is said of it."""

    def __init__(
        self, plan: Plan, server: Server, folder: Path, scenes: Mapping[str, Scene]
    ) -> None:
        self.plan = plan
        self.server = server
        self.folder = folder
        self.scenes = scenes
        self.wrk = Wrk(folder)
        self.rows: list[Row] = []
        self.notes: list[str] = []

    # Measuring --------------------------------------------------------------------------------------

    async def rounds(
        self, measures: Mapping[str, Callable[[], Awaitable[Load]]]
    ) -> dict[str, Load]:
        """Measure everything once in each round, so that all meet the same machine."""
        taken: dict[str, list[Load]] = {name: [] for name in measures}
        for number in range(1, self.plan.rounds + 1):
            for name, measure in measures.items():
                load = await measure()
                taken[name].append(load)
                print(f"{number}/{self.plan.rounds}  {name:<44} {load.rate:>10,.0f} /s", flush=True)
        return {name: loads.middle(found) for name, found in taken.items()}

    def load(self, served: Served, traffic: Traffic) -> Callable[[], Awaitable[Load]]:
        """Return the measure of a server under wrk, with its and PostgreSQL's CPU."""
        seconds, database = self.plan.seconds, self.server.pid
        return lambda: self.wrk.run(served, traffic, seconds=seconds, database=database)

    def recorded(self, served: Served, traffic: Traffic, dsn: str) -> Callable[[], Awaitable[Load]]:
        """Return the same for events, each of which must then be on record, once."""
        measure = self.load(served, traffic)

        async def measured() -> Load:
            before = await _counted(dsn)
            load = await measure()
            await asyncio.sleep(1)  # those under way when wrk left are recorded too
            found = await _counted(dsn) - before
            answered = load.requests * traffic.batch
            if not answered <= found <= answered + traffic.connections * traffic.batch:
                raise SystemExit(f"{answered} events were acknowledged, {found} are on record")
            return load

        return measured

    async def warm(self, served: Served, *traffic: Traffic) -> None:
        """Let a server meet the load once before it is measured."""
        for one in traffic:
            await self.wrk.run(served, one, seconds=1, database=self.server.pid)

    # Stages -----------------------------------------------------------------------------------------

    async def hot_path(self) -> None:
        """Measure events and checks beside all baselines."""
        spread, plan = self.scenes["spread"], self.plan
        event = Traffic(loads.EVENT, spread.secret, CUSTOMERS, METERED)
        check = Traffic(loads.CHECK, spread.secret, CUSTOMERS, METERED)
        credited = Traffic(loads.EVENT, spread.secret, CUSTOMERS, CREDITED)
        one = Traffic(loads.EVENT, spread.secret, 1, CREDITED)
        async with AsyncExitStack() as stack:
            enter = stack.enter_async_context
            dsn, other, empty_dsn = [
                await enter(scene.copied(self.server.dsn, "spread", name))
                for name in ("product", "habit", "pgbench")
            ]
            async with scene.copied(self.server.dsn, "spread", "recorded") as at:
                script = await batched.recorded(at, spread, batches=plan.batches, size=CUSTOMERS)
            await _with(empty_dsn, bare.prepare)
            product = await enter(loads.usance(self.folder, dsn))
            two = await enter(loads.usance(self.folder, dsn, workers=2))
            empty = await enter(loads.module(self.folder, "bench.empty", dsn, ready="/"))
            habit = await enter(loads.module(self.folder, "bench.habit", other, ready="/docs"))
            for served in (product, two, habit):
                await self.warm(served, event, check)
            await self.warm(product, credited)

            async def replayed() -> Load:
                async with scene.copied(self.server.dsn, "spread", "replayed") as at:
                    return Load(rate=await batched.replay(at, script))

            def pgbench(text: str) -> Callable[[], Awaitable[Load]]:
                facts = {"customers": CUSTOMERS, "account": spread.account.id}
                program = self.server.program("pgbench")
                return lambda: loads.pgbench(
                    program, empty_dsn, text, seconds=plan.seconds, facts=facts
                )

            measures = {
                "empty endpoint": self.load(empty, Traffic(loads.NOTHING)),
                "pgbench, an event": pgbench(bare.RECORD),
                "pgbench, a read": pgbench(bare.READ),
                "the same SQL bare": replayed,
                "habit, POST /events": self.load(habit, event),
                "habit, GET /entitlements": self.load(habit, check),
                "POST /events": self.recorded(product, event, dsn),
                "GET /entitlements": self.load(product, check),
                "POST /events, burning credits": self.recorded(product, credited, dsn),
                "POST /events, one customer, one pool": self.recorded(product, one, dsn),
                "POST /events, 2 processes": self.recorded(two, event, dsn),
                "GET /entitlements, 2 processes": self.load(two, check),
            }
            many = Traffic(
                loads.BATCH,
                spread.secret,
                CUSTOMERS,
                METERED,
                batch=BATCH,
                connections=BATCH_CONNECTIONS,
                seconds_min=5,
            )
            path = f"{product.url}/api/v1/events/batch"
            code = await asyncio.to_thread(
                loads.status, path, b'{"events":[]}', secret=spread.secret
            )
            if code in {404, 405}:
                self.notes.append("POST /events/batch is not there: not measured.")
            else:
                measures[f"POST /events/batch of {BATCH}"] = self.recorded(product, many, dsn)
            self._hot_rows(await self.rounds(measures))

    def _hot_rows(self, found: Mapping[str, Load]) -> None:
        def ratio(name: str, against: str, at_least: float | None = None) -> None:
            base, own = found[against].rate, found[name].rate
            self.rows.append(Row(name, own, "/s", against, base, at_least=at_least))

        def took(name: str, at_most_us: float, at_most_ms: float | None = None) -> None:
            load = found[name]
            assert load.p50_ms is not None, "wrk says it"
            assert load.p99_ms is not None, "wrk says it"
            assert load.cpu_us is not None, "it was measured"
            assert load.database_us is not None, "it was measured"
            self.rows.append(Row(f"{name}, p50", load.p50_ms, "ms"))
            self.rows.append(Row(f"{name}, p99", load.p99_ms, "ms", at_most=at_most_ms))
            self.rows.append(Row(f"{name}, CPU", load.cpu_us, "µs", at_most=at_most_us))
            self.rows.append(Row(f"{name}, of it PostgreSQL", load.database_us, "µs"))

        events, checks = "POST /events", "GET /entitlements"
        ratio(events, "pgbench, an event", 4)
        ratio(events, "the same SQL bare", 0.7)
        ratio(events, "habit, POST /events", 10)
        took(events, 80)
        ratio(checks, "empty endpoint", 0.5)
        ratio(checks, "pgbench, a read", 3)
        ratio(checks, "habit, GET /entitlements", 15)
        took(checks, 30, 10)
        ratio("POST /events, one customer, one pool", "POST /events, burning credits", 1)
        ratio("POST /events, burning credits", events)
        ratio("POST /events, 2 processes", events)
        ratio("GET /entitlements, 2 processes", checks)
        batch = f"POST /events/batch of {BATCH}"
        if batch in found:
            self.rows.append(Row(batch, found[batch].rate, "events/s", at_least=40_000))

    async def compared(
        self,
        less: str,
        more: str,
        words: str,
        against: str,
        *,
        customers: int | None,
        bounds: tuple[float, float | None],
    ) -> None:
        """Measure events and checks of two databases that differ in how much there is already.

        `customers` are how many of each are under load; None: all, at random.
        """
        async with AsyncExitStack() as stack:
            measures: dict[str, Callable[[], Awaitable[Load]]] = {}
            for name in (less, more):
                of = self.scenes[name]
                dsn = await stack.enter_async_context(
                    scene.copied(self.server.dsn, name, f"{name}_loaded")
                )
                served = await stack.enter_async_context(loads.usance(self.folder, dsn))
                count, shuffled = customers or of.customers, customers is None
                event = Traffic(loads.EVENT, of.secret, count, METERED, shuffled=shuffled)
                check = Traffic(loads.CHECK, of.secret, count, METERED, shuffled=shuffled)
                await self.warm(served, event, check)
                measures[f"POST /events, {name}"] = self.recorded(served, event, dsn)
                measures[f"GET /entitlements, {name}"] = self.load(served, check)
            found = await self.rounds(measures)
        for what in ("POST /events", "GET /entitlements"):
            base, own = found[f"{what}, {less}"].rate, found[f"{what}, {more}"].rate
            low, high = bounds
            self.rows.append(
                Row(f"{what}, {words}", own, "/s", against, base, at_least=low, at_most=high)
            )

    async def billing(self) -> None:
        """Bill a period with few events and one with many: the same step, undone each time."""
        of = self.scenes["billing"]
        dsn = self.server.named("billing")
        connection = await asyncpg.connect(dsn)
        few, many = await scene.ids(connection)
        ends_at = await scene.period_end(connection, few)
        await connection.close()
        db = await _Undoing.open(dsn, jitter=clock.jitter, size=1)
        took: dict[object, list[float]] = {few: [], many: []}
        try:
            for number in range(BILLINGS + 1):
                for customer_id in (few, many):
                    started = time.perf_counter()
                    billed = await advance.step(db, of.account, CustomerId(customer_id), ends_at)
                    if number:  # the first prepares the statements
                        took[customer_id].append(time.perf_counter() - started)
                    assert billed, "the period's end is due"
        finally:
            await db.close()
        base, own = (statistics.median(took[one]) * 1_000 for one in (few, many))
        words = f"Billing a period with {self.plan.billed:,} events"
        against = f"with {BILLED_FEW:,}"
        self.rows.append(Row(words, own, "ms", against, base, at_least=0.9, at_most=1.1))


class _Undone(Exception):  # noqa: N818 - named by the fact
    pass


class _Undoing(Db):
    """A database in which nothing that `run` does stays."""

    async def run(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        done: list[T] = []
        with suppress(_Undone):
            async with self.transaction() as tx:
                done.append(await work(tx))
                raise _Undone
        return done[0]


async def _with(dsn: str, work: Callable[[servers.Connection], Awaitable[T]]) -> T:
    connection = await asyncpg.connect(dsn)
    try:
        return await work(connection)
    finally:
        await connection.close()


async def _counted(dsn: str) -> int:
    found = await _with(dsn, lambda one: one.fetchval("SELECT sum(events)::bigint FROM counters"))
    return int(found)


# Seeding -----------------------------------------------------------------------------------------------


async def _scenes(server: Server, plan: Plan) -> dict[str, Scene]:
    wanted: dict[str, tuple[int, tuple[int, ...]]] = {
        "spread": (CUSTOMERS, (EVENTS_EACH,)),
        "few": (FEW, (0,)),
        "many": (plan.many, (0,)),
        "billing": (2, (BILLED_FEW, plan.billed)),
    }
    if plan.rows:
        wanted["without"] = (ROWS_CUSTOMERS, (0,))
        wanted["stored"] = (ROWS_CUSTOMERS, (plan.rows // ROWS_CUSTOMERS,))
    return {name: await _seeded(server, name, *what) for name, what in wanted.items()}


async def _seeded(server: Server, name: str, customers: int, events: Sequence[int]) -> Scene:
    """Make a database that stays."""
    print(f"making {name}: {customers:,} customers", flush=True)
    create = f"CREATE DATABASE {name} TEMPLATE usance STRATEGY file_copy"
    await _with(server.named("postgres"), lambda one: one.execute(create))
    dsn = server.named(name)

    async def work(connection: servers.Connection) -> Scene:
        made = await scene.build(connection, dsn, name, customers=customers, events=events)
        await servers.rest(connection)
        return made

    return await _with(dsn, work)


# Running -----------------------------------------------------------------------------------------------


async def run(plan: Plan, file: Path | None) -> None:
    """Measure, print the table, and write it to a file if one is named."""
    with servers.temporary() as name:
        folder = Path(name)
        Wrk(folder)  # says at once if it is missing
        async with servers.postgres(folder / "data", servers.SEEDING) as server:
            scenes = await _scenes(server, plan)
        async with servers.postgres(folder / "data") as server:
            bench = Bench(plan, server, folder, scenes)
            await bench.hot_path()
            await bench.compared(
                "few",
                "many",
                f"{plan.many:,} customers",
                f"{FEW:,} customers",
                customers=None,
                bounds=(0.85, 1.15),
            )
            if plan.rows:
                await bench.compared(
                    "without",
                    "stored",
                    f"{plan.rows:,} events stored",
                    "none stored",
                    customers=CUSTOMERS,
                    bounds=(0.85, None),
                )
            else:
                bench.notes.append("Not measured: with 10^7 events stored (--rows 10000000).")
            await bench.billing()
            facts = {**asdict(plan), "postgres": server.version}
    ratios.show(f"Metering, PostgreSQL {facts['postgres']}", bench.rows, bench.notes)
    if file is not None:
        ratios.write(file, facts, bench.rows, bench.notes)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.metering", description="Measure the hot path.")
    parser.add_argument("--seconds", type=int, help="of each run of a load; 5")
    parser.add_argument("--quick", action="store_true", help="one short round, on less data")
    parser.add_argument(
        "--rows", type=int, default=0, help="events stored for the flat rows; 0: none"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table there too")
    asked = parser.parse_args()
    plan = (
        Plan.quick(asked.seconds, asked.rows)
        if asked.quick
        else Plan(seconds=asked.seconds or Plan.seconds, rows=asked.rows)
    )
    uvloop.run(run(plan, asked.json))


if __name__ == "__main__":
    main()
