"""Reminders: seen, planned, sent once, whatever dies on the way."""

import asyncio
import base64
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.api import client
from tests.api.client import Api
from tests.api.shop import START, USER, Shop, stop_clock
from tests.documents.test_logo import png
from tests.mail.postbox import dies, postbox

from usance import clock
from usance.actions import mailing
from usance.actions import reminders as planning
from usance.app import create_app
from usance.mail.smtp import Unreachable
from usance.settings import MailServer, Settings

NOWHERE = MailServer(host="127.0.0.1", port=1, sender="billing@acme.example", starttls=False)
SENDING = {"enabled": True, "dryRun": False, "sendInTest": True}
JANE = "jane@example.com"


@pytest.fixture
async def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An account whose process has a mail server, and whose rules send."""
    stop_clock(monkeypatch)
    own = await client.opened(api.db, create_app(api.db, Settings(mail=NOWHERE)))
    async with own.client:
        shop = await Shop.open(own)
        await rules(shop)
        yield shop


async def rules(shop: Shop, **more: Any) -> Any:
    changed = await shop.api.patch("/settings", {"reminders": SENDING | more})
    assert changed.status == 200, changed.body
    return changed.data["reminders"]


async def owing(shop: Shop, reference: str = USER, **profile: Any) -> str:
    """Charge a customer with an address 100.00, due now; return the invoice's id."""
    person = {"customerReferenceId": reference, "email": JANE, "name": "Jane", **profile}
    made = await shop.api.post("/customers", person)
    assert made.status in {201, 409}, made.body
    lines = [{"description": "Set-up", "unitPrice": Decimal("100.00")}]
    body = {"customerReferenceId": reference, "lines": lines}
    return str((await shop.api.post("/invoices", body)).data["id"])


async def due(shop: Shop) -> list[Any]:
    got = await shop.api.get("/receivables/reminders?limit=200")
    assert got.status == 200, got.body
    assert got.body["pagination"]["total"] == len(got.data)
    return list(got.data)


async def run(shop: Shop, query: str = "") -> Any:
    got = await shop.api.post(f"/receivables/reminders/run{query}")
    assert got.status == 200, got.body
    return got.data


async def sent(shop: Shop) -> list[tuple[int, str, str | None]]:
    got = await shop.api.get("/receivables/reminders/sent?limit=200")
    return [(one["level"], one["state"], one["reason"]) for one in got.data]


# --- which, when, to whom ----------------------------------------------------------------------------


async def test_what_is_due_is_shown_as_it_would_be_sent(shop: Shop):
    seller = {"legalName": "Acme Ltd", "iban": "DE89370400440532013000"}
    await shop.api.patch("/settings", {"seller": seller})
    invoice = await owing(shop)
    assert await due(shop) == []
    await shop.advance("P3D")
    (one,) = await due(shop)
    number = (await shop.invoice(invoice))["number"]
    assert (one["level"], one["daysOverdue"], one["state"], one["to"]) == (1, 3, "PLANNED", JANE)
    assert (one["number"], one["amountDue"], one["language"]) == (number, 100, "en")
    assert one["subject"] == f"Reminder: invoice {number}"
    for told in ("$100.00", "Jan 1, 2027", "DE89370400440532013000", "Acme Ltd", "Jane"):
        assert told in one["text"], told
        assert told in one["html"], told
    assert await sent(shop) == []


async def test_nobody_is_reminded_without_an_address_against_the_wish_or_after_erasure(shop: Shop):
    await owing(shop, "none", email=None)
    await owing(shop, "phone", email="call Jane")
    await owing(shop, "unwilling", remindersEnabled=False)
    await owing(shop, "erased")
    await shop.api.delete("/customers/erased")
    await shop.advance("P4D")
    assert sorted((one["state"], one["reason"]) for one in await due(shop)) == [
        ("SKIPPED", "NOT_WANTED"), ("SKIPPED", "NOT_WANTED"), ("SKIPPED", "NO_ADDRESS"),
        ("SKIPPED", "NO_ADDRESS"),
    ]  # fmt: skip
    assert await run(shop) == {"dryRun": False, "reminders": [], "skipped": 4, "left": 0}


async def test_those_who_cannot_be_reached_hold_up_nobody(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(planning, "_PAGE", 3)
    for n in range(4):
        await owing(shop, f"none{n}", email=None)
    await shop.advance("PT1S")
    await owing(shop, "jane")
    await shop.advance("P3D")
    assert [one["customerReferenceId"] for one in (await run(shop))["reminders"]] == ["jane"]


async def test_a_run_is_dry_unless_the_rules_or_the_caller_say_otherwise(shop: Shop):
    await owing(shop)
    await shop.advance("P3D")
    shown = await run(shop, "?dryRun=true")
    assert (shown["dryRun"], len(shown["reminders"])) == (True, 1)
    await rules(shop, dryRun=True)
    assert (await run(shop))["dryRun"] is True
    assert await mailing.plan(shop.api.db) == 0
    assert await sent(shop) == []
    assert (await run(shop, "?dryRun=false"))["dryRun"] is False
    assert await sent(shop) == [(1, "PLANNED", None)]
    assert await due(shop) == []


async def test_a_test_account_and_a_process_without_a_server_send_nothing(shop: Shop, api: Api):
    await rules(shop, sendInTest=False)
    refused = await shop.api.post("/receivables/reminders/run?dryRun=false")
    assert (refused.status, refused.error["code"]) == (409, "mail_not_set_up")
    assert await mailing.plan(shop.api.db) == 0
    refused = await api.post("/receivables/reminders/run?dryRun=false")
    assert (refused.status, refused.error["code"]) == (409, "mail_not_set_up")
    assert (await api.post("/receivables/reminders/run")).data["dryRun"] is True


async def test_a_cap_holds_for_a_day_of_the_accounts_zone(shop: Shop):
    await shop.api.patch("/settings", {"zone": "Asia/Tokyo"})  # 12:00 UTC is 21:00 there
    await rules(shop, dailyCap=2)
    for n in range(5):
        await owing(shop, f"c{n}")
    await shop.advance("P3D")
    assert len((await run(shop, "?dryRun=true"))["reminders"]) == 2
    first = await run(shop)
    assert (len(first["reminders"]), first["left"]) == (2, 3)
    for by, planned in (("PT2H59M59S", 0), ("PT1S", 2), ("PT23H59M59S", 0), ("PT1S", 1)):
        await shop.advance(by)
        assert len((await run(shop))["reminders"]) == planned, by


async def test_runs_at_once_plan_once_and_keep_the_cap(shop: Shop):
    await rules(shop, dailyCap=7)
    for n in range(10):
        await owing(shop, f"c{n}")
    await shop.advance("P3D")
    runs = await asyncio.gather(*(run(shop) for _ in range(6)), mailing.plan(shop.api.db))
    assert sum(len(one["reminders"]) for one in runs[:-1]) + runs[-1] == len(await sent(shop)) <= 7
    while (await run(shop))["reminders"]:
        pass
    assert len(await sent(shop)) == 7


async def test_a_repeat_under_its_key_plans_nothing_anew(shop: Shop):
    await owing(shop)
    await shop.advance("P3D")
    first = await shop.api.post("/receivables/reminders/run", key="k")
    again = await shop.api.post("/receivables/reminders/run", key="k")
    assert (first.raw, again.headers["idempotent-replayed"]) == (again.raw, "true")
    assert len(await sent(shop)) == 1


async def test_another_accounts_invoices_are_nobodys_business(shop: Shop, other_api: Api):
    await owing(shop)
    await shop.advance("P3D")
    await run(shop)
    assert (await other_api.get("/receivables/reminders")).data == []
    assert (await other_api.get("/receivables/reminders/sent")).data == []


# --- sent --------------------------------------------------------------------------------------------


async def test_a_reminder_is_sent_with_its_invoice_and_never_again(shop: Shop):
    await rules(shop, bcc=["books@acme.example"], replyTo="help@acme.example")
    invoice = await owing(shop, language="de")
    logo = {"picture": base64.b64encode(png(20, 10)).decode()}
    assert (await shop.api.send("PUT", "/settings/logo", logo)).status == 200
    await shop.advance("P3D")
    async with postbox() as box:
        assert await mailing.plan(shop.api.db) == 1
        assert await mailing.deliver(shop.api.db, box.server) == 1
        assert await mailing.deliver(shop.api.db, box.server) == 0
        assert await mailing.plan(shop.api.db) == 0
    (letter,) = box.letters
    assert box.recipients == [[JANE, "books@acme.example"]]
    assert (letter["To"], letter["Reply-To"]) == (f"Jane <{JANE}>", "help@acme.example")
    assert "Bcc" not in letter
    assert letter["Subject"].startswith("Zahlungserinnerung: Rechnung INV-2027-")
    (pdf,) = letter.iter_attachments()
    printed = await shop.api.get(f"/invoices/{invoice}/pdf")
    assert pdf.get_content() == printed.raw  # in the customer's language, with the logo
    assert await sent(shop) == [(1, "SENT", None)]


async def test_who_was_not_reminded_for_long_gets_one_letter(shop: Shop):
    await owing(shop)
    await shop.advance("P40D")
    async with postbox() as box:
        assert await mailing.plan(shop.api.db) == 1
        assert await mailing.deliver(shop.api.db, box.server) == 1
        assert await mailing.plan(shop.api.db) == 0
    assert await sent(shop) == [(3, "SENT", None)]


async def test_what_waited_until_a_higher_level_is_due_is_not_sent(shop: Shop):
    await owing(shop)
    await shop.advance("P3D")
    assert await mailing.plan(shop.api.db) == 1
    await shop.advance("P8D")  # the server was away
    async with postbox() as box:
        assert await mailing.deliver(shop.api.db, box.server) == 0
        assert await mailing.plan(shop.api.db) == 1
        assert await mailing.deliver(shop.api.db, box.server) == 1
    assert await sent(shop) == [(2, "SENT", None), (1, "SKIPPED", "SUPERSEDED")]


@pytest.mark.parametrize("way", ["paid", "void", "written off"])
async def test_what_is_settled_meanwhile_is_not_reminded_of(shop: Shop, way: str):
    invoice = await owing(shop)
    await shop.advance("P3D")
    await run(shop)
    if way == "paid":
        await shop.mark_paid(invoice)
    elif way == "void":
        await shop.api.post(f"/invoices/{invoice}/void", {"reason": "Wrong."})
    else:
        await shop.api.post(f"/invoices/{invoice}/write-off", {"reason": "Lost."})
    async with postbox() as box:
        assert await mailing.deliver(shop.api.db, box.server) == 0
    assert (box.letters, await sent(shop)) == ([], [(1, "SKIPPED", "SETTLED")])
    await shop.advance("P40D")
    assert await due(shop) == []


async def test_workers_at_once_send_each_reminder_once(shop: Shop):
    for n in range(12):
        await owing(shop, f"c{n}")
    await shop.advance("P3D")
    await run(shop)
    async with postbox() as box:
        taken = await asyncio.gather(*(mailing.deliver(shop.api.db, box.server) for _ in range(4)))
    assert sum(taken) == len(box.letters) == 12
    assert len({letter["Message-ID"] for letter in box.letters}) == 12


async def test_a_server_that_dies_before_its_answer_leaves_what_nobody_knows(shop: Shop):
    """The letter arrived: sent again, the customer would be dunned twice."""
    await owing(shop)
    await shop.advance("P3D")
    await run(shop)
    async with postbox(on_data=[dies]) as box:
        assert await mailing.deliver(shop.api.db, box.server) == 1
        assert await mailing.deliver(shop.api.db, box.server) == 0
    ((level, state, reason),) = await sent(shop)
    assert (level, state, len(box.letters)) == (1, "UNKNOWN", 1)
    assert reason


async def test_a_sender_that_dies_leaves_a_claim_that_is_given_up(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    await owing(shop)
    await shop.advance("P3D")
    await run(shop)
    hanging = asyncio.Event()

    async def hang() -> None:
        hanging.set()
        await asyncio.sleep(60)

    async with postbox(meanwhile=hang) as box:
        task = asyncio.create_task(mailing.deliver(shop.api.db, box.server))
        await hanging.wait()
        assert await sent(shop) == [(1, "SENDING", None)]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with postbox() as box:
        assert await mailing.deliver(shop.api.db, box.server) == 0
        monkeypatch.setattr(clock, "real_now", lambda: START + timedelta(minutes=16))
        await mailing.plan(shop.api.db)
        assert await mailing.deliver(shop.api.db, box.server) == 0
    assert box.letters == []
    assert [one[:2] for one in await sent(shop)] == [(1, "UNKNOWN")]


async def test_what_a_server_does_not_take_now_is_tried_again_and_what_it_never_takes_is_not(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    await owing(shop, "later")
    await shop.advance("P3D")
    await run(shop)
    async with postbox(on_rcpt=["451 Try again"], on_data=["554 No"]) as box:
        assert await mailing.deliver(shop.api.db, box.server) == 1
        assert [one[1] for one in await sent(shop)] == ["FAILED"]
        assert await mailing.deliver(shop.api.db, box.server) == 0
        monkeypatch.setattr(clock, "real_now", lambda: START + timedelta(minutes=2))
        assert await mailing.deliver(shop.api.db, box.server) == 1
        monkeypatch.setattr(clock, "real_now", lambda: START + timedelta(hours=9))
        assert await mailing.deliver(shop.api.db, box.server) == 0
    assert (box.letters, await sent(shop)) == ([], [(1, "FAILED", "554 No")])


async def test_after_six_tries_a_reminder_has_failed(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    await owing(shop)
    await shop.advance("P3D")
    await run(shop)
    at = START
    async with postbox(on_rcpt=["451 Later"] * 9) as box:
        for _ in range(6):
            monkeypatch.setattr(clock, "real_now", lambda at=at: at)
            assert await mailing.deliver(shop.api.db, box.server) == 1
            at += timedelta(hours=2)
        assert await mailing.deliver(shop.api.db, box.server) == 0
    (one,) = (await shop.api.get("/receivables/reminders/sent")).data
    assert (one["state"], one["attempts"], one["nextTryAt"]) == ("FAILED", 6, None)


async def test_without_a_server_nothing_is_claimed(shop: Shop):
    await owing(shop)
    await shop.advance("P3D")
    await run(shop)
    with pytest.raises(Unreachable):
        await mailing.deliver(shop.api.db, NOWHERE)
    assert await sent(shop) == [(1, "PLANNED", None)]
    async with postbox() as box:
        assert await mailing.deliver(shop.api.db, box.server) == 1
    assert await sent(shop) == [(1, "SENT", None)]


async def test_a_copy_that_is_refused_keeps_no_reminder_back(shop: Shop):
    await rules(shop, bcc=["gone@acme.example"])
    await owing(shop)
    await shop.advance("P3D")
    await run(shop)
    async with postbox(on_rcpt=["250 OK", "550 Unknown"]) as box:
        assert await mailing.deliver(shop.api.db, box.server) == 1
    assert box.recipients == [[JANE]]


async def test_an_erased_customers_address_is_in_no_reminder(shop: Shop):
    await owing(shop)
    await shop.advance("P3D")
    await run(shop)
    await shop.api.delete(f"/customers/{USER}")
    (one,) = (await shop.api.get("/receivables/reminders/sent")).data
    assert one["to"] is None
    async with postbox() as box:
        assert await mailing.deliver(shop.api.db, box.server) == 0
    assert [each[1:] for each in await sent(shop)] == [("SKIPPED", "NOT_WANTED")]


# --- rules -------------------------------------------------------------------------------------------


async def test_rules_are_shown_whole_and_replaced_whole(shop: Shop):
    own = {"en": {"subject": "Pay {{ number }}", "body": "{{ customer }}: {{ paymentDetails }}"}}
    told = await rules(shop, daysAfterDue=[1], templates=own)
    assert told == {
        "enabled": True, "dryRun": False, "daysAfterDue": [1], "dailyCap": 100, "sendInTest": True,
        "replyTo": None, "bcc": [], "templates": own,
    }  # fmt: skip
    invoice = await owing(shop)
    await shop.advance("P1D")
    (one,) = await due(shop)
    assert one["subject"] == f"Pay {(await shop.invoice(invoice))['number']}"
    assert one["text"].startswith("Jane: Amount due: $100.00\nReference: RF")
    assert (await rules(shop))["templates"] == {}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"daysAfterDue": [3, 3]}, "reminders.daysAfterDue"),
        ({"daysAfterDue": []}, "reminders.daysAfterDue"),
        ({"daysAfterDue": [-1]}, "reminders.daysAfterDue[0]"),
        ({"dailyCap": -1}, "reminders.dailyCap"),
        ({"replyTo": "a@b.c\r\nBcc: d@e.f"}, "reminders.replyTo"),
        ({"replyTo": "nobody"}, "reminders.replyTo"),
        ({"bcc": ["a@b.c", "x"]}, "reminders.bcc[1]"),
        ({"language": "de"}, "reminders.language"),
        ({"cap": 1}, "reminders.cap"),
        ({"templates": {"xx": {"subject": "a", "body": "b"}}}, "reminders.templates.xx"),
        ({"templates": {"en": {"subject": "a"}}}, "reminders.templates.en.body"),
        (
            {"templates": {"en": {"subject": "a", "body": "{{ 1/0 }}"}}},
            "reminders.templates.en.body",
        ),
    ],
)
async def test_bad_rules_are_named(shop: Shop, change: dict[str, Any], field: str):
    refused = await shop.api.patch("/settings", {"reminders": change})
    assert (refused.status, refused.error["field"]) == (422, field)
