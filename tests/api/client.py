"""A client of the API for tests: in process, exact, one account each."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx2
import msgspec
from starlette.types import ASGIApp

from usance.actions import accounts
from usance.app import create_app
from usance.core.accounts import Account, Mode
from usance.settings import Settings
from usance.store.db import Db, Tx

PREFIX = "/api/v1"

_ENCODER = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True)
class Got:
    """An answer; numbers of its body are int or Decimal."""

    status: int
    headers: httpx2.Headers
    raw: bytes
    body: Any

    @property
    def data(self) -> Any:
        assert self.body["success"] is True, self.body
        return self.body["data"]

    @property
    def error(self) -> Any:
        assert self.body["success"] is False, self.body
        return self.body["error"]


def got(response: httpx2.Response) -> Got:
    raw = response.content
    body = json.loads(raw, parse_float=Decimal) if raw[:1] in {b"{", b"["} else None
    return Got(response.status_code, response.headers, raw, body)


class Api:
    """One account at the app's door."""

    def __init__(self, app: ASGIApp, db: Db, account: Account, secret: str) -> None:
        self.app = app
        self.db = db
        self.account = account
        self.secret = secret
        self.client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app, raise_app_exceptions=False),
            base_url="http://test",
        )

    async def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Got:
        """Return the answer; `body` is sent as it is if it is bytes, else as JSON."""
        content = body if isinstance(body, bytes) else b"" if body is None else dumped(body)
        sent = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json"}
        if key is not None:
            sent["Idempotency-Key"] = key
        request = self.client.build_request(
            method,
            path if path.startswith(("/api", "http")) else PREFIX + path,
            content=content,
            headers={**sent, **(headers or {})},
        )
        return got(await self.client.send(request))

    async def get(self, path: str, **more: Any) -> Got:
        return await self.send("GET", path, **more)

    async def post(self, path: str, body: object = None, **more: Any) -> Got:
        return await self.send("POST", path, body, **more)

    async def patch(self, path: str, body: object = None, **more: Any) -> Got:
        return await self.send("PATCH", path, body, **more)

    async def delete(self, path: str, **more: Any) -> Got:
        return await self.send("DELETE", path, **more)


def dumped(value: object) -> bytes:
    """Return the value as JSON; decimals as numbers."""
    return _ENCODER.encode(value)


async def opened(db: Db, app: ASGIApp | None = None, *, mode: Mode = Mode.TEST) -> Api:
    """Return a new account at the app's door; at a new app's if none is given."""

    async def make(tx: Tx) -> tuple[Account, accounts.NewKey]:
        account = await accounts.create(tx, accounts.NewAccount(name="Test", mode=mode))
        return account, await accounts.create_key(tx, account, "test")

    account, key = await db.run(make)
    return Api(app or create_app(db, Settings()), db, account, key.secret)
