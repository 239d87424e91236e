"""The catalogue in the database: any catalogue comes back as it was written, in its order."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from tests.core.catalogues import DOCUMENTS

from usance import clock
from usance.actions import accounts
from usance.core.accounts import Account, Mode
from usance.core.catalog import Catalogue
from usance.core.catalog_document import Document, document_of, parse
from usance.core.decisions.publish import publish
from usance.store import catalog
from usance.store.db import Db, Tx

AT = datetime(2027, 1, 31, tzinfo=UTC)
SEED = UUID(int=7)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Db]:
    db = await Db.open(database_url, jitter=clock.jitter, size=4)
    yield db
    await db.close()


async def new_account(db: Db) -> Account:
    request = accounts.NewAccount(name="Test", mode=Mode.TEST)
    return await db.run(lambda tx: accounts.create(tx, request))


async def publish_to(db: Db, account: Account, document: Document, at: datetime = AT) -> Catalogue:
    async def work(tx: Tx) -> Catalogue:
        await catalog.lock(tx, account.id)
        current = await catalog.catalogue(tx, account.id)
        changes = publish(current, document, prune=False, at=at, seed=SEED)
        await catalog.write(tx, account.id, changes, at=at)
        return changes.catalogue

    return await db.run(work)


async def stored(db: Db, account: Account) -> Catalogue:
    return await db.read(lambda tx: catalog.catalogue(tx, account.id))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(document=DOCUMENTS)
def test_any_catalogue_comes_back_as_it_was_written(database_url: str, document: Document):
    async def check() -> None:
        db = await Db.open(database_url, jitter=clock.jitter, size=1)
        try:
            account = await new_account(db)
            decided = await publish_to(db, account, document)
            assert await stored(db, account) == decided
            # Not from what this process remembers.
            catalog._parsed.clear()
            assert await stored(db, account) == decided
            again = document_of(await stored(db, account))
            assert publish(await stored(db, account), again, prune=False, at=AT, seed=SEED).is_empty
        finally:
            await db.close()

    asyncio.run(check())


def read(amount: str, keys: str = "zabc") -> Document:
    value = {
        "features": [{"key": key, "name": key} for key in keys],
        "plans": [
            {
                "key": f"plan_{key}",
                "name": key,
                "price": {"amount": Decimal(amount), "currency": "USD"},
                "interval": {"unit": "MONTH"},
                "billingTiming": "IN_ADVANCE",
                "features": [{"key": key}],
            }
            for key in keys
        ],
    }
    return parse(value, features=set(), denominations=set())


async def test_a_later_document_comes_after_an_earlier_one(db: Db):
    account = await new_account(db)
    await publish_to(db, account, read("1", "dc"))
    await publish_to(db, account, read("1", "dba"), AT + timedelta(seconds=1))
    found = await stored(db, account)
    assert [each.plan.key for each in found.plans] == ["plan_d", "plan_c", "plan_b", "plan_a"]
    assert [each.key for each in found.features] == list("dcba")


async def test_a_plan_is_read_by_key_by_id_and_by_both(db: Db):
    account, other = await new_account(db), await new_account(db)
    await publish_to(db, account, read("1"))

    async def look(tx: Tx) -> None:
        (by_key,) = await catalog.plans(tx, account.id, key="plan_a")
        one = by_key.plan.id
        assert await catalog.plans(tx, account.id, plan_id=one) == (by_key,)
        assert await catalog.plans(tx, account.id, key="plan_a", plan_id=one) == (by_key,)
        assert await catalog.plans(tx, account.id, key="plan_b", plan_id=one) == ()
        assert await catalog.plans(tx, other.id, plan_id=one) == ()
        assert len(await catalog.plans(tx, account.id)) == 4

    await db.read(look)


async def test_the_newest_version_is_sold_and_the_older_are_kept(db: Db):
    account = await new_account(db)
    for day in range(3):
        await publish_to(db, account, read(f"{day}.00", "a"), AT + timedelta(days=day))
    (sold,) = (await stored(db, account)).plans
    assert (sold.version.number, sold.version.terms.price) == (3, Decimal(2))

    async def look(tx: Tx) -> None:
        found, total = await catalog.history(tx, account.id, sold.plan.id, limit=2, offset=0)
        assert [(one.version.number, one.published_at) for one in found] == [
            (3, AT + timedelta(days=2)),
            (2, AT + timedelta(days=1)),
        ]
        assert total == 3
        assert await catalog.subscribed(tx, account.id, [sold.plan.id]) == {}

    await db.read(look)


async def test_whoever_waits_for_the_lock_reads_what_was_written_before(db: Db):
    account = await new_account(db)
    held, order = asyncio.Event(), []

    async def first(tx: Tx) -> None:
        await catalog.lock(tx, account.id)
        held.set()
        await asyncio.sleep(0.1)
        changes = publish(Catalogue((), (), ()), read("1"), prune=False, at=AT, seed=SEED)
        await catalog.write(tx, account.id, changes, at=AT)
        order.append("first")

    async def second(tx: Tx) -> Catalogue:
        await held.wait()
        await catalog.lock(tx, account.id)
        order.append("second")
        return await catalog.catalogue(tx, account.id)

    _, seen = await asyncio.gather(db.run(first), db.run(second))
    assert order == ["first", "second"]
    assert len(seen.plans) == 4


async def test_the_lock_holds_up_nobody_who_only_names_the_account(db: Db):
    account = await new_account(db)

    async def locked(tx: Tx) -> None:
        await catalog.lock(tx, account.id)
        # A foreign key to the account's row: FOR UPDATE would make this wait for ever.
        await asyncio.wait_for(db.run(lambda other: accounts.create_key(other, account, "k")), 5)

    await db.run(locked)


async def test_a_feature_is_written_without_touching_another(db: Db):
    account = await new_account(db)
    await publish_to(db, account, read("1", "ab"))

    async def work(tx: Tx) -> None:
        feature = (await catalog.features(tx, account.id))["a"]
        await catalog.write_feature(tx, account.id, replace(feature, name="A", enabled=False))

    await db.run(work)
    a, b = (await stored(db, account)).features
    assert (a.name, a.enabled, b.name, b.enabled) == ("A", False, "b", True)
