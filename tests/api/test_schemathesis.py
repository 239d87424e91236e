"""The document against the app: calls generated from it, good and bad, answered as it says.

Schemathesis makes the calls and judges the answers: statuses, media types, headers, and every field
of every answer by its schema; and that what the document forbids is refused. Real ids are mixed into
the paths and bodies, so that the calls reach further than a 404.
"""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, settings
from tests.api import client
from tests.api.client import PREFIX
from tests.api.operations import DOCUMENT, OPERATIONS, opened
from tests.api.shop import Shop

from usance import clock
from usance.store.db import Db

EXAMPLES = 10  # of each operation
NAMES = {
    "customerReferenceId", "plan", "featureKey", "subscriptionId", "invoiceId", "poolId",
    "transactionId", "paymentId", "priceId", "weightId", "denomination", "planId",
    "changeToPlanId", "costId", "modelPriceId",
}  # fmt: skip

CONFIG = schemathesis.Config.from_dict(
    {
        "checks": {
            # A schema cannot say that a reference exists, that an instant lies ahead, that one of
            # two fields is sent: what it allows may still be refused, as documented.
            "positive_data_acceptance": {"enabled": False},
        },
        "generation": {"deterministic": True, "database": "none"},
    }
)
schema = schemathesis.openapi.from_dict(deepcopy(DOCUMENT), config=CONFIG)


@dataclass
class Door:
    """A server on a loopback port, in a thread of its own, and an account with one of everything."""

    url: str = ""
    secret: str = ""
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    session: requests.Session = field(default_factory=requests.Session)


async def _serve(
    database_url: str, door: Door, ready: threading.Event, stop: asyncio.Event
) -> None:
    db = await Db.open(database_url, jitter=clock.jitter, size=4)
    api = await client.opened(db)
    world = await opened(await Shop.open(api))
    for op in OPERATIONS:
        door.known[f"{op.method} {PREFIX}{op.path}"] = await world.known(op)
    listener = socket.create_server(("127.0.0.1", 0))
    # asyncio sets it only where the socket names its protocol; without it an answer takes 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(api.app, loop="none", log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server._serve([listener]))
    while not server.started:  # noqa: ASYNC110 - it tells in no other way
        await asyncio.sleep(0.01)
    door.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    door.secret = api.secret
    ready.set()
    await stop.wait()
    server.should_exit = True
    await serving
    await api.client.aclose()
    await db.close()


@pytest.fixture(scope="module")
def door(shared_url: str) -> Iterator[Door]:
    door, ready = Door(), threading.Event()
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            loop.run_until_complete(_serve(shared_url, door, ready, stop))
        except BaseException as error:  # noqa: BLE001 - told below, in the test's thread
            failed.append(error)
        finally:
            ready.set()
            loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait(30)
    assert not failed, failed
    with door.session:
        yield door
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(stop.set)
    thread.join(10)


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_call_is_answered_as_documented(case: Any, door: Door):
    if case.meta is not None and case.meta.generation.mode.is_positive:
        _name_what_is_there(case, door.known.get(case.operation.label, {}))
    case.call_and_validate(
        base_url=door.url,
        session=door.session,
        headers={"Authorization": f"Bearer {door.secret}"},
    )


def _name_what_is_there(case: Any, known: dict[str, Any]) -> None:
    """Put the ids of real things where a call names things."""
    for values in (case.path_parameters, case.body):
        if isinstance(values, dict):
            for name in NAMES & set(values) & set(known):
                values[name] = known[name]
