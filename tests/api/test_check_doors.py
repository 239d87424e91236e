"""A check by either door: in the fast lane, and on the ordinary route. It writes nothing at all."""

import pytest
from starlette.types import Receive, Scope, Send
from tests.api.client import Api
from tests.api.shop import USER, Shop, digest

from usance.api.edge import Edge
from usance.api.hot import Hot
from usance.app import routed
from usance.settings import Settings
from usance.store.db import Tx
from usance.store.kept import Kept


async def _nobody(scope: Scope, _receive: Receive, _send: Send) -> None:
    raise AssertionError(f"{scope['path']} was not answered in the fast lane")


def _door(api: Api, *, fast: bool) -> Api:
    """Return the account at a door of one lane alone."""
    app = Hot(_nobody, api.db, Kept()) if fast else routed(api.db, Settings())
    return Api(Edge(app), api.db, api.account, api.secret)


async def _touched(api: Api) -> dict[str, int]:
    """Return a digest of where every row lies, who wrote it, and who has locked it."""
    tables = await api.db.peek(
        lambda tx: tx.fetch(
            "SELECT relname AS name FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace ORDER BY relname"
        )
    )
    found = {}
    for (name,) in tables:

        async def ask(tx: Tx, name: str = name) -> int:
            return int(
                await tx.fetchval(
                    "SELECT coalesce(sum(hashtextextended(concat_ws(' ', ctid, xmin, xmax), 0)"
                    f"::numeric), 0) FROM {name}"
                )
            )

        found[name] = await api.db.peek(ask)
    return found


@pytest.mark.parametrize("fast", [True, False], ids=["fast lane", "ordinary route"])
async def test_a_check_touches_no_row(api: Api, *, fast: bool):
    """Nothing is stored, and no row is even locked; with a hold, and of nobody, and under a key."""
    shop = await Shop.open(api)
    await shop.started("pro_monthly")
    await shop.use(10)
    hold = {"customerReferenceId": USER, "featureKey": "images", "usageUnits": 3}
    assert (await api.post("/holds", hold)).status == 201
    body = {"customerReferenceId": USER, "featureKey": "images", "track": {"usageUnits": 7}}
    door = _door(api, fast=fast)
    async with door.client:
        before, touched = await digest(api), await _touched(api)
        assert before["holds"][0] == before["usage_events"][0] == 1
        for _ in range(2):  # once read, and once kept
            for feature in ("ai_chat", "images", "retired", "nothing"):
                assert (await door.get(f"/entitlements/{USER}/{feature}")).status == 200
            answers = [await door.post("/entitlements", body, key=key) for key in (None, "k")]
            assert [answer.status for answer in answers] == [200, 200]
            assert (await door.get("/entitlements/nobody/ai_chat")).status == 404
        assert await digest(api) == before
        assert await _touched(api) == touched
