"""Mailing: what was planned is stopped, put back or tried again, and no level is used up by it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from tests.api import client
from tests.api.client import Api
from tests.api.shop import START, USER, Shop, stop_clock
from tests.api.test_reminders import JANE, NOWHERE, due, owing, rules, run, sent
from tests.mail.postbox import dies, postbox

from usance import clock
from usance.actions import mailing
from usance.actions import reminders as planning
from usance.app import create_app
from usance.mail.smtp import Unreachable
from usance.settings import Settings

# The fullwidth "<" and "@": IDNA makes the plain ones of them.
LOOKALIKES = ["jane@x\uff1cy.com", "jane@x\uff20y.com", "jane@x_y.com", "jane@x\uff0cy.com"]


@asynccontextmanager
async def opened(api: Api) -> AsyncIterator[Shop]:
    own = await client.opened(api.db, create_app(api.db, Settings(mail=NOWHERE)))
    async with own.client:
        shop = await Shop.open(own)
        await rules(shop)
        yield shop


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Any:
    stop_clock(monkeypatch)
    async with opened(api) as shop:
        yield shop


async def one_planned(shop: Shop, **profile: Any) -> str:
    """Plan the first reminder of an invoice; return the invoice's id."""
    invoice = await owing(shop, **profile)
    await shop.advance("P3D")
    assert len((await run(shop, "?dryRun=false"))["reminders"]) == 1
    return invoice


async def sends(shop: Shop, letters: int) -> None:
    """Send what waits, and expect so many letters."""
    async with postbox() as box:
        assert await mailing.deliver(shop.api.db, box.server) == letters
    assert len(box.letters) == letters


def real(monkeypatch: pytest.MonkeyPatch, later: timedelta) -> None:
    monkeypatch.setattr(clock, "real_now", lambda: START + later)


# --- stopped -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [{"enabled": False}, {"dryRun": True}, {"sendInTest": False}])
@pytest.mark.parametrize("asked", [False, True])
async def test_what_was_planned_is_stopped_and_comes_when_it_may_again(
    shop: Shop, stop: dict[str, Any], *, asked: bool
):
    if asked:  # by hand, where nothing goes by itself
        await rules(shop, enabled=False)
    await one_planned(shop)
    await rules(shop, **stop)
    await sends(shop, 0)
    assert await sent(shop) == [(1, "SKIPPED", "STOPPED")]
    assert await mailing.plan(shop.api.db) == 0
    await rules(shop)
    assert [one["level"] for one in await due(shop)] == [1]
    assert await mailing.plan(shop.api.db) == 1
    await sends(shop, 1)
    assert await sent(shop) == [(1, "SENT", None)]


async def test_what_was_asked_for_goes_although_nothing_goes_by_itself(shop: Shop):
    await rules(shop, enabled=False)
    await one_planned(shop)
    await sends(shop, 1)


async def test_what_is_to_be_tried_again_is_stopped_too(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    await one_planned(shop)
    async with postbox(on_rcpt=["451 Later"]) as box:
        assert await mailing.deliver(shop.api.db, box.server) == 1
    await rules(shop, enabled=False)
    real(monkeypatch, timedelta(minutes=2))
    await sends(shop, 0)
    assert await sent(shop) == [(1, "SKIPPED", "STOPPED")]


@pytest.mark.parametrize(
    ("answer", "ends"), [("451 Later", ("SKIPPED", "STOPPED")), ("250 OK", ("SENT", None))]
)
async def test_what_is_stopped_on_its_way_is_not_tried_again(
    shop: Shop, answer: str, ends: tuple[str, str | None]
):
    await one_planned(shop)

    async def stop() -> None:
        await rules(shop, enabled=False)

    async with postbox(meanwhile=stop, on_data=[answer]) as box:
        assert await mailing.deliver(shop.api.db, box.server) == 1
    assert await sent(shop) == [(1, *ends)]
    (one,) = (await shop.api.get("/receivables/reminders/sent")).data
    assert one["nextTryAt"] is None


async def test_a_level_that_is_not_due_by_new_rules_waits_until_it_is(shop: Shop):
    await one_planned(shop)
    await rules(shop, daysAfterDue=[5])
    await sends(shop, 0)
    assert await sent(shop) == [(1, "SKIPPED", "NOT_DUE")]
    await shop.advance("P2D")
    assert await mailing.plan(shop.api.db) == 1
    await sends(shop, 1)


@pytest.mark.parametrize("is_planned", [True, False])
async def test_what_time_has_voided_is_not_reminded_of(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, *, is_planned: bool
):
    """The worker has not written yet that the subscription, never paid, has expired."""
    await rules(shop, daysAfterDue=[3])
    await shop.customer(USER, email=JANE)
    await shop.subscribe("pro_monthly")
    if is_planned:
        real(monkeypatch, timedelta(days=4))
        assert await mailing.plan(shop.api.db) == 1
    real(monkeypatch, timedelta(days=31))
    if not is_planned:
        assert await mailing.plan(shop.api.db) == 0
    await sends(shop, 0)
    assert await sent(shop) == ([(1, "SKIPPED", "SETTLED")] if is_planned else [])
    (invoice,) = await shop.invoices()
    assert invoice["status"] == "VOID"


# --- refused, lost, put back -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "refusing",
    [
        {"on_mail": ["550 Sender refused"]},
        {"on_mail": ["452 4.5.3 Quota"]},
        {"on_rcpt": ["530 Log in"]},
        {"on_start": ["530 Log in"]},
    ],
)
async def test_a_refusal_of_the_sender_is_no_try_and_ends_the_batch(
    shop: Shop, refusing: dict[str, Any]
):
    await owing(shop, "a")
    await owing(shop, "b")
    await shop.advance("P3D")
    await run(shop)
    async with postbox(**refusing) as box:
        with pytest.raises(Unreachable):
            await mailing.deliver(shop.api.db, box.server)
        assert sorted(one[1] for one in await sent(shop)) == ["FAILED", "PLANNED"]
        got = (await shop.api.get("/receivables/reminders/sent")).data
        assert [one["attempts"] for one in got] == [0, 0]
        assert await mailing.deliver(shop.api.db, box.server) == 2
    assert [one[1:] for one in await sent(shop)] == [("SENT", None)] * 2


@pytest.mark.parametrize(
    "failing",
    [
        {"on_rcpt": ["250 OK", "421 Bye"]},  # of the copy: and it hangs up
        {"on_start": [dies]},
        {"on_start": ["554 No valid recipients"]},
        {"on_rcpt": ["552 Too many recipients"]},
        {"on_rcpt": ["421 Bye"]},
    ],
)
async def test_what_the_server_never_had_is_tried_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, failing: dict[str, Any]
):
    await rules(shop, bcc=["books@acme.example"])
    await one_planned(shop)
    async with postbox(**failing) as box:
        assert await mailing.deliver(shop.api.db, box.server) == 1
        (one,) = (await shop.api.get("/receivables/reminders/sent")).data
        assert (one["state"], one["attempts"]) == ("FAILED", 1)
        assert one["nextTryAt"] is not None
        real(monkeypatch, timedelta(minutes=2))
        assert await mailing.deliver(shop.api.db, box.server) == 1
    assert len(box.letters) == 1
    assert await sent(shop) == [(1, "SENT", None)]


async def test_an_answer_that_says_nothing_leaves_what_nobody_knows(shop: Shop):
    await one_planned(shop)
    async with postbox(on_data=["xyz"]) as box:
        assert await mailing.deliver(shop.api.db, box.server) == 1
    assert [one[1] for one in await sent(shop)] == ["UNKNOWN"]


async def test_what_failed_comes_again_when_the_address_is_another(shop: Shop):
    await one_planned(shop)
    async with postbox(on_rcpt=["550 Unknown"]) as box:
        assert await mailing.deliver(shop.api.db, box.server) == 1
    assert await sent(shop) == [(1, "FAILED", "550 Unknown")]
    assert (await mailing.plan(shop.api.db), await due(shop)) == (0, [])
    await shop.api.patch(f"/customers/{USER}", {"email": "jane@b\u00fccher.example"})
    assert await mailing.plan(shop.api.db) == 1
    async with postbox(on_rcpt=["550 Unknown"]) as box:
        assert await mailing.deliver(shop.api.db, box.server) == 1
    assert await mailing.plan(shop.api.db) == 0  # whatever IDNA makes of it, it is the same address
    await shop.api.patch(f"/customers/{USER}", {"email": "joan@example.com"})
    assert await mailing.plan(shop.api.db) == 1
    async with postbox() as box:
        assert await mailing.deliver(shop.api.db, box.server) == 1
    assert box.letters[0]["To"] == "Jane <joan@example.com>"
    assert (await sent(shop), await mailing.plan(shop.api.db)) == ([(1, "SENT", None)], 0)


async def test_after_a_failure_the_next_level_comes(shop: Shop):
    await one_planned(shop)
    async with postbox(on_rcpt=["550 Unknown"]) as box:
        assert await mailing.deliver(shop.api.db, box.server) == 1
    await shop.advance("P7D")
    assert await mailing.plan(shop.api.db) == 1
    assert [one[:2] for one in await sent(shop)] == [(2, "PLANNED"), (1, "FAILED")]


async def test_who_is_out_of_reach_for_a_while_is_reminded_afterwards(shop: Shop):
    await one_planned(shop)
    await shop.api.patch(f"/customers/{USER}", {"remindersEnabled": False})
    await sends(shop, 0)
    assert await sent(shop) == [(1, "SKIPPED", "NOT_WANTED")]
    assert await mailing.plan(shop.api.db) == 0
    await shop.api.patch(f"/customers/{USER}", {"remindersEnabled": True})
    assert await mailing.plan(shop.api.db) == 1
    await sends(shop, 1)


async def test_a_letter_that_cannot_be_made_is_tried_again_and_holds_up_nobody(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    await owing(shop, "a", language="de")
    await owing(shop, "b")
    await shop.advance("P3D")
    await written(shop.api, '{"templates": {"de": {"subject": "x", "body": "{{ 1/0 }}"}}}')
    assert await mailing.plan(shop.api.db) == 2  # which says nothing yet
    async with postbox() as box:
        assert await mailing.deliver(shop.api.db, box.server) == 2
    assert len(box.letters) == 1
    told = (await shop.api.get("/receivables/reminders/sent")).data
    one, other = sorted(told, key=lambda one: one["state"])
    assert (one["state"], other["state"]) == ("FAILED", "SENT")
    assert one["reason"] == "The letter could not be made: ZeroDivisionError."
    await rules(shop)
    real(monkeypatch, timedelta(minutes=2))
    await sends(shop, 1)


async def written(api: Api, more: str) -> None:
    """Write rules that no door lets in."""
    statement = "UPDATE accounts SET reminders = reminders || $2::text::jsonb WHERE account_id = $1"
    await api.db.run(lambda tx: tx.execute(statement, api.account.id, more))


# --- at once -----------------------------------------------------------------------------------------


async def test_a_second_sender_does_not_overwrite_what_the_first_has_claimed(shop: Shop):
    """It saw the reminder wait, then its server kept it waiting; meanwhile it was claimed, and paid."""
    invoice = await one_planned(shop)
    greeted, go_on, claimed, finish = (asyncio.Event() for _ in range(4))

    async def slow() -> None:
        greeted.set()
        await go_on.wait()

    async def hang() -> None:
        claimed.set()
        await finish.wait()

    async with postbox(before=slow) as late, postbox(meanwhile=hang) as box:
        second = asyncio.create_task(mailing.deliver(shop.api.db, late.server))
        await greeted.wait()
        first = asyncio.create_task(mailing.deliver(shop.api.db, box.server))
        await claimed.wait()
        await shop.mark_paid(invoice)
        go_on.set()
        assert await second == 0
        assert await sent(shop) == [(1, "SENDING", None)]
        finish.set()
        assert await first == 1
    assert (late.letters, len(box.letters)) == ([], 1)
    assert await sent(shop) == [(1, "SENT", None)]


async def test_what_a_server_says_of_who_was_erased_meanwhile_is_not_kept(shop: Shop):
    await one_planned(shop)

    async def erase() -> None:
        assert (await shop.api.delete(f"/customers/{USER}")).status == 200

    async with postbox(meanwhile=erase, on_data=[f"554 No {JANE}"]) as box:
        assert await mailing.deliver(shop.api.db, box.server) == 1
    (one,) = (await shop.api.get("/receivables/reminders/sent")).data
    assert (one["state"], one["reason"], one["to"]) == ("FAILED", None, None)


async def test_settings_lock_customers_before_their_account(shop: Shop):
    """As planning does: in the other order the two would wait for each other."""
    await shop.started("pro_monthly")
    await shop.advance("P40D")
    lock = "SELECT FROM customers WHERE account_id = $1 FOR UPDATE"
    waits = (
        "SELECT count(*) FROM pg_locks WHERE locktype IN ('transactionid', 'tuple') AND NOT granted"
    )
    async with shop.api.db.transaction() as tx:
        await tx.fetch(lock, shop.api.account.id)
        body = {"cancelAfterPastDueDays": 60}
        changing = asyncio.create_task(shop.api.patch("/settings", body))
        async with asyncio.timeout(10):
            while not await shop.api.db.peek(lambda other: other.fetchval(waits)):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        try:
            await tx.fetch(
                "SELECT FROM accounts WHERE account_id = $1 FOR UPDATE NOWAIT", shop.api.account.id
            )
        except asyncpg.LockNotAvailableError:
            pytest.fail("the account is locked before the customers")
    assert (await changing).status == 200


# --- planning ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("email", LOOKALIKES)
async def test_what_becomes_no_address_is_none(shop: Shop, email: str):
    await owing(shop, email=email)
    await shop.advance("P3D")
    assert [one["reason"] for one in await due(shop)] == ["NO_ADDRESS"]
    refused = await shop.api.patch("/settings", {"reminders": {"replyTo": email}})
    assert (refused.status, refused.error["field"]) == (422, "reminders.replyTo")


async def test_texts_that_are_no_addresses_hold_up_nobody(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(planning, "_PAGE", 2)
    monkeypatch.setattr(planning, "_LOOKED_AT_MAX", 2)
    for n in range(5):
        await owing(shop, f"none{n}", email=f"call@me.now, or{n}@me.then")
    await shop.advance("PT1S")
    await owing(shop, "jane")
    await shop.advance("PT1S")
    await owing(shop, "joan")
    await shop.advance("P3D")
    await rules(shop, dailyCap=1)
    told = await run(shop)
    assert [one["customerReferenceId"] for one in told["reminders"]] == ["jane"]
    await rules(shop, dailyCap=2)
    assert await mailing.plan(shop.api.db) == 1


async def test_an_account_that_cannot_be_planned_for_holds_up_no_other(shop: Shop, api: Api):
    async with opened(api) as other:
        for one in (shop, other):
            await owing(one)
            await one.advance("P3D")
        first, second = sorted((shop, other), key=lambda one: one.api.account.id)
        await written(first.api, '{"daysAfterDue": ["soon"]}')
        assert await mailing.plan(api.db) == 1
        assert await sent(second) == [(1, "PLANNED", None)]


async def test_a_cap_that_is_reached_locks_nobody(shop: Shop):
    """Even with the account locked by another, there is nothing to wait for."""
    await one_planned(shop)
    await rules(shop, dailyCap=1)
    await owing(shop, "joan")
    await shop.advance("PT1H")
    lock = "SELECT FROM accounts WHERE account_id = $1 FOR UPDATE"
    async with shop.api.db.transaction() as tx:
        await tx.fetch(lock, shop.api.account.id)
        async with asyncio.timeout(10):
            assert await mailing.plan(shop.api.db) == 0
