"""A worker by itself, so that its memory can be told from that of who measures it.

    python -m bench.worker DSN        takes all that is due, and prints what that took as JSON

The first batches are not timed: a worker starts once, and then runs for months.
"""

import json
import sys
import time

import uvloop

from bench import report
from usance import clock
from usance.actions import advance
from usance.store.db import Db
from usance.worker import loop

BATCH = loop._BATCH  # noqa: SLF001 - as many as the worker takes
WARM_UP = 2 * BATCH


async def main(dsn: str) -> None:
    db = await Db.open(dsn, jitter=clock.jitter)
    warm = 0
    while warm < WARM_UP:
        warm += await advance.tick(db, BATCH)
    before_mb = report.peak_mb()
    taken = 0
    started, used = time.perf_counter(), time.process_time()
    while made := await advance.tick(db, BATCH):
        taken += made
    seconds, cpu = time.perf_counter() - started, time.process_time() - used
    await db.close()
    told = {
        "taken": taken,
        "seconds": seconds,
        "worker_cpu_seconds": cpu,
        "memory_before_mb": before_mb,
        "memory_mb": report.peak_mb(),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
