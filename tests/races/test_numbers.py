"""Many issue at once in one account: numbers are given once each, and without a gap."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from uuid import UUID

import pytest
from tests.api import client
from tests.api.client import Api
from tests.books import check_books

from usance import clock
from usance.actions import invoices
from usance.actions.commands import Call
from usance.core.accounts import Mode
from usance.core.decisions.one_off import Content, Item, Terms
from usance.store.db import Db, Tx

WRITERS, INVOICES = 32, 200
CONTENT = Content((Item("Set-up", Decimal(1), Decimal(0)),))


@pytest.fixture
async def account(database_url: str) -> AsyncIterator[Api]:
    db = await Db.open(database_url, jitter=clock.jitter, size=WRITERS)
    api = await client.opened(db, mode=Mode.LIVE)
    async with api.client:
        yield api
    await db.close()


class CalledOff(Exception):  # noqa: N818 - named by the fact
    """The call ends after its invoice was numbered, and before it is committed."""


async def test_thirty_two_writers_leave_no_gap_and_give_no_number_twice(account: Api):
    """Also where a call fails after it was given its number: the number goes to another."""
    for n in range(WRITERS):
        made = await account.post("/customers", {"customerReferenceId": f"c{n}"})
        assert made.status == 201, made.body

    async def write(writer: int) -> list[str]:
        given = []
        for n in range(INVOICES):
            call = Call(account.account, clock.real_now(), UUID(int=writer << 32 | n), None)

            async def issue(tx: Tx, call: Call = call, *, fails: bool = n % 10 == 9) -> str:
                reference = f"c{writer}"
                made = await invoices.draw_up(
                    tx, call, reference, CONTENT, currency="USD", terms=Terms()
                )
                assert made.invoice.number is not None
                if fails:
                    raise CalledOff
                return made.invoice.number

            try:
                given.append(await account.db.run(issue))
            except CalledOff:
                continue
        return given

    told = await asyncio.gather(*(write(writer) for writer in range(WRITERS)))
    assert {len(given) for given in told} == {INVOICES * 9 // 10}
    year = clock.real_now().year
    want = [f"INV-{year}-{seq:05}" for seq in range(1, WRITERS * INVOICES * 9 // 10 + 1)]
    assert sorted(number for given in told for number in given) == want
    for given in told:
        assert given == sorted(given), "one writer's numbers rise"
    kept = await account.db.peek(lambda tx: tx.fetch("SELECT number FROM invoices ORDER BY number"))
    assert [row["number"] for row in kept] == want
    assert await account.db.peek(lambda tx: check_books(tx, settled_at=clock.real_now())) == []
