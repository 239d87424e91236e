"""Loads and what they take: wrk, pgbench, servers on free ports, and the CPU of process trees."""

import asyncio
import json
import os
import shutil
import socket
import statistics
import sys
import tempfile
import urllib.request
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError

ROOT = Path(__file__).resolve().parents[1]
PGBENCH_CLIENTS = 16
_START_SECONDS_MAX = 60
_STOP_SECONDS_MAX = 20
_ANSWER_SECONDS_MAX = 30

_SCRIPT = """
local customers, shuffled, prefix = {customers}, {shuffled}, "{prefix}"
local n = 0
wrk.headers["Authorization"] = "Bearer {secret}"
wrk.headers["Content-Type"] = "application/json"
local function who()
  n = n + 1
  return "bench_" .. (shuffled and math.random(customers) or n % customers + 1)
end
local function event()
  local reference = who()
  return '{{"eventIdempotencyKey":"' .. prefix .. n .. '","eventName":"used","customerReferenceId":"'
    .. reference .. '","featureKey":"{feature}","usageUnits":1,"costAmount":0.0042,"meta":{{"team":"blue"}}}}'
end
{request}
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\n{{"requests":%d,"us":%d,"failed":%d,"p50":%d,"p99":%d}}\\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""

EVENT = """
function request() return wrk.format("POST", "/api/v1/events", nil, event()) end
"""
CHECK = """
function request() return wrk.format("GET", "/api/v1/entitlements/" .. who() .. "/{feature}") end
"""
NOTHING = """
function request() return wrk.format("GET", "/") end
"""
BATCH = """
function request()
  local events = {{}}
  for i = 1, {batch} do events[i] = event() end
  return wrk.format("POST", "/api/v1/events/batch", nil,
    '{{"events":[' .. table.concat(events, ",") .. ']}}')
end
"""


class Missing(SystemExit):
    """A program that the benchmark needs is not there; the message says where it comes from."""


@dataclass(frozen=True)
class Load:
    """What a run came to: requests (or transactions, or events) a second, and what one took."""

    rate: float
    requests: int = 0
    p50_ms: float | None = None
    p99_ms: float | None = None
    cpu_us: float | None = None  # of the server's and PostgreSQL's processes, for each request
    database_us: float | None = None  # of it PostgreSQL's


@dataclass(frozen=True)
class Traffic:
    """What wrk sends: `request` is one of the texts above."""

    request: str
    secret: str = ""
    customers: int = 1
    feature: str = ""
    shuffled: bool = False  # customers at random, not in turn
    batch: int = 1  # events in a request
    connections: int = 64
    seconds_min: int = 1  # a request that takes long needs a run that is longer


@dataclass(frozen=True)
class Served:
    """A server under load; `pid` is the root of its processes."""

    url: str
    pid: int


def middle(loads: Sequence[Load]) -> Load:
    """Return the medians of several runs of one load."""

    def of(pick: Callable[[Load], float | None]) -> float | None:
        found = [value for value in map(pick, loads) if value is not None]
        return statistics.median(found) if found else None

    return Load(
        rate=statistics.median(load.rate for load in loads),
        requests=sum(load.requests for load in loads),
        p50_ms=of(lambda load: load.p50_ms),
        p99_ms=of(lambda load: load.p99_ms),
        cpu_us=of(lambda load: load.cpu_us),
        database_us=of(lambda load: load.database_us),
    )


# wrk -------------------------------------------------------------------------------------------------


class Wrk:
    """wrk, its scripts in a folder; the keys of events differ from run to run."""

    def __init__(self, folder: Path) -> None:
        found = shutil.which("wrk")
        if found is None:
            raise Missing("wrk, which makes the load, is missing. Debian, Ubuntu: apt install wrk")
        self._program = found
        self._folder = folder
        self._runs = 0

    async def run(self, served: Served, traffic: Traffic, *, seconds: int, database: int) -> Load:
        """Return what the server answered. Raises SystemExit when any answer was an error.

        `database` is the root of the processes of its PostgreSQL, whose CPU counts too.
        """
        self._runs += 1
        seconds = max(seconds, traffic.seconds_min)
        script = self._folder / f"load-{self._runs}.lua"
        facts = {
            "customers": traffic.customers,
            "shuffled": str(traffic.shuffled).lower(),
            "prefix": f"run-{self._runs}-",
            "secret": traffic.secret,
            "feature": traffic.feature,
            "batch": traffic.batch,
        }
        request = traffic.request.format(**facts)
        script.write_text(_SCRIPT.format(**facts, request=request))
        before = cpu_seconds(served.pid), cpu_seconds(database)
        said = await _output(
            self._program,
            "-t1",
            f"-c{traffic.connections}",
            f"-d{seconds}s",
            f"--timeout={_ANSWER_SECONDS_MAX}s",
            "-s",
            str(script),
            served.url,
        )
        after = cpu_seconds(served.pid), cpu_seconds(database)
        found = json.loads(said.strip().splitlines()[-1])
        if found["failed"] or not found["requests"]:
            raise SystemExit(f"not all was answered well, or nothing was:\n{request}\n{said}")
        events = found["requests"] * traffic.batch
        own_us, database_us = (
            (late - early) * 1_000_000 / events for early, late in zip(before, after, strict=True)
        )
        return Load(
            rate=events / (found["us"] / 1_000_000),
            requests=found["requests"],
            p50_ms=found["p50"] / 1_000,
            p99_ms=found["p99"] / 1_000,
            cpu_us=own_us + database_us,
            database_us=database_us,
        )


# pgbench ---------------------------------------------------------------------------------------------


async def pgbench(
    program: str, dsn: str, script: str, *, seconds: int, facts: Mapping[str, object]
) -> Load:
    """Return how many transactions a second a script comes to, on 16 connections."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        named = [part for name, value in facts.items() for part in ("-D", f"{name}={value}")]
        said = await _output(
            program,
            *("-n", "-M", "prepared", "-j", "2", "-c", str(PGBENCH_CLIENTS), "-T", str(seconds)),
            *("-f", file.name, *named, dsn),
        )
    for line in said.splitlines():
        if line.startswith("tps"):
            return Load(rate=float(line.split()[2]))
    raise SystemExit(f"pgbench said no rate:\n{said}")


async def _output(*command: str) -> str:
    child = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, complained = await child.communicate()
    if child.returncode:
        raise SystemExit(f"{command[0]} failed:\n{said.decode()}\n{complained.decode()}")
    return said.decode()


# Servers ---------------------------------------------------------------------------------------------


@asynccontextmanager
async def usance(folder: Path, dsn: str, *, workers: int = 1) -> AsyncIterator[Served]:
    """Run `usance serve` on a database."""
    program = "from usance.cli import main; main()"
    arguments = (sys.executable, "-c", program, "serve", "--port")
    facts = {"DATABASE_URL": dsn, "USANCE_WORKERS": str(workers), "USANCE_DEMO": "0"}
    async with _served(folder, arguments, facts, ready="/readyz") as served:
        yield served


@asynccontextmanager
async def module(folder: Path, name: str, dsn: str, *, ready: str) -> AsyncIterator[Served]:
    """Run one of the reference servers."""
    arguments = (sys.executable, "-m", name)
    async with _served(folder, arguments, {"DATABASE_URL": dsn}, ready=ready) as served:
        yield served


@asynccontextmanager
async def _served(
    folder: Path, arguments: Sequence[str], facts: Mapping[str, str], *, ready: str
) -> AsyncIterator[Served]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    kept = {n: v for n, v in os.environ.items() if not n.startswith("USANCE_")}
    log = folder / f"server-{port}.log"
    with log.open("wb") as output:
        child = await asyncio.create_subprocess_exec(
            *arguments,
            str(port),
            cwd=ROOT,
            env={**kept, **facts, "USANCE_HOST": "127.0.0.1", "USANCE_LOG_LEVEL": "warning"},
            stdout=output,
            stderr=output,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(_START_SECONDS_MAX * 10):
            if await asyncio.to_thread(status, url + ready):
                break
            if child.returncode is not None:
                raise SystemExit(f"{arguments[-2:]} ended:\n{log.read_text()}")
            await asyncio.sleep(0.1)
        else:
            raise SystemExit(f"{arguments[-2:]} did not start:\n{log.read_text()}")
        yield Served(url, child.pid)
    finally:
        with suppress(ProcessLookupError):
            child.terminate()
        try:
            await asyncio.wait_for(child.wait(), _STOP_SECONDS_MAX)
        except TimeoutError:
            child.kill()
            await child.wait()


def status(url: str, body: bytes | None = None, *, secret: str = "") -> int:
    """Return the status that a request is answered with; 0 when nobody listens."""
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code
    except (URLError, OSError):
        return 0


# CPU -------------------------------------------------------------------------------------------------


def cpu_seconds(root: int) -> float:
    """Return the CPU time, user and system, that a process tree took: children that ended included."""
    children: dict[int, list[int]] = defaultdict(list)
    ticks: dict[int, int] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = file.read_text()
        except OSError:  # it ended meanwhile
            continue
        pid = int(file.parent.name)
        fields = text.rpartition(")")[2].split()  # the name before may hold anything
        children[int(fields[1])].append(pid)
        ticks[pid] = sum(map(int, fields[11:15]))  # utime, stime, cutime, cstime
    total, left = 0, [root]
    while left:
        pid = left.pop()
        total += ticks.get(pid, 0)
        left += children[pid]
    return total / os.sysconf("SC_CLK_TCK")
