"""Mailing: planned reminders are handed to a mail server, each of them once.

A reminder is claimed in a transaction of its own before anything is sent, and closed in another
afterwards. Between the two lies the world: a sender that dies there leaves a claim, and after some
minutes nobody knows its end (UNKNOWN). It is not sent again by itself: a customer is not dunned twice.

Sources: BILLING.md, "Receivables" ("Reminders").
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from usance import clock
from usance.actions import papers, reminders
from usance.actions.commands import Call
from usance.actions.papers import Style
from usance.core import parties
from usance.core import reminders as rules_of
from usance.core.accounts import Account
from usance.core.customers import Customer
from usance.core.invoices import Invoice, InvoiceStatus
from usance.core.reminders import ReminderState, Skip
from usance.mail import message, smtp
from usance.mail.message import Letter
from usance.mail.smtp import Fate, Session, Told
from usance.settings import MailServer
from usance.store import accounts, customers, invoices
from usance.store import reminders as stored
from usance.store.db import Db, Tx
from usance.store.reminders import Name

_BATCH: Final = 50
_TRIES_MAX: Final = 6
_RETRY_FIRST: Final = timedelta(minutes=2)
_LOST_AFTER: Final = timedelta(minutes=15)  # longer than any server is waited for
_LOST: Final = "Its sender was not heard of again."

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A reminder that nobody else will send."""

    name: Name
    attempts: int
    account: Account
    customer: Customer
    invoice: Invoice
    recipient: str
    logo: bytes | None
    now: datetime


async def plan(db: Db) -> int:
    """Plan what is due in the accounts that remind by themselves; return how many were planned.

    Claims that are too old are given up, too.
    """
    before = clock.real_now() - _LOST_AFTER
    await db.run(lambda tx: stored.lose(tx, before, _LOST))
    planned = 0
    for account_id in await db.read(stored.reminding):
        account = await db.read(partial(accounts.by_id, account_id=account_id))
        assert account is not None, "accounts are never removed"
        if not reminders.may_send(account, rules_of.rules(account.reminders)):
            continue
        call = Call(account, account.now(clock.real_now()), clock.seed(), None)
        work = partial(reminders.run, call=call, dry_run=None, can_send=True)
        run = await db.run(work)
        planned += 0 if run.dry_run else len(run.reminders)
    return planned


async def deliver(db: Db, server: MailServer) -> int:
    """Send what waits, a bounded number over one connection; return how many were taken up.

    Raises `smtp.Unreachable` where there is something to send and nobody to take it: then nothing was
    claimed.
    """
    real = clock.real_now()
    waiting = await db.read(lambda tx: stored.waiting(tx, real, _BATCH))
    if not waiting:
        return 0
    taken = 0
    async with smtp.session(server) as session:
        for name in waiting:
            if not session.is_open:
                break
            claimed = await db.run(partial(_claim, name=name))
            if claimed is None:
                continue
            taken += 1
            told = await _send(session, server, claimed)
            await db.run(partial(_close, claimed=claimed, told=told))
    return taken


async def _claim(tx: Tx, name: Name) -> _Claimed | None:
    """Claim a reminder that is still to be sent; None: another has it, or there is no reason any more."""
    locked = await customers.lock_free(tx, name.account_id, [name.customer_id])
    if not locked:
        return None
    (customer,) = locked
    account = await accounts.by_id(tx, name.account_id)
    (invoice,) = await invoices.by_ids(tx, name.account_id, [name.invoice_id])
    assert account is not None, "accounts are never removed"
    real = clock.real_now()
    skip = _skip(account, customer, invoice, name.level, account.now(real))
    if skip is not None:
        await stored.close(tx, name, ReminderState.SKIPPED, reason=skip.value)
        return None
    recipient = rules_of.address(customer.profile.email)
    assert recipient is not None, "who has no address is skipped"
    attempts = await stored.claim(tx, name, recipient, real=real)
    if attempts is None:
        return None
    logo = await accounts.logo(tx, account.id)
    picture = None if logo is None else logo[1]
    now = account.now(real)
    return _Claimed(name, attempts, account, customer, invoice, recipient, picture, now)


def _skip(
    account: Account, customer: Customer, invoice: Invoice, level: int, now: datetime
) -> Skip | None:
    """Return why a planned reminder is not sent any more, or None."""
    days = rules_of.rules(account.reminders).days
    highest_due = rules_of.due(invoice, days, 0, now, account.zone)
    if highest_due == 0 and invoice.status not in (InvoiceStatus.DUE, InvoiceStatus.PAST_DUE):
        return Skip.SETTLED
    return Skip.SUPERSEDED if highest_due > level else rules_of.skip(customer)


async def _send(session: Session, server: MailServer, claimed: _Claimed) -> Told:
    rules = rules_of.rules(claimed.account.reminders)
    letter = await _letter(server, claimed)
    told = await session.send(claimed.recipient, rules.bcc, message.written(letter))
    # Without the address and what the server said of it: both are personal.
    log.info(
        "reminder", invoice=str(claimed.invoice.id), level=claimed.name.level, fate=told.fate.name
    )
    return told


async def _letter(server: MailServer, claimed: _Claimed) -> Letter:
    account, customer, invoice = claimed.account, claimed.customer, claimed.invoice
    said = reminders.words(account, customer, invoice, claimed.name.level, claimed.now)
    language = papers.language_of(customer, account)
    paper = papers.of_invoice(
        invoice, invoice.parties or parties.of(account, customer), account, Style(language)
    )
    content = await asyncio.to_thread(papers.printed, replace(paper, logo=claimed.logo))
    own = account.seller.get("email")
    reply_to = rules_of.rules(account.reminders).reply_to or rules_of.address(
        None if own is None else str(own)
    )
    return Letter(
        id=f"{invoice.id}.{claimed.name.level}",
        sender=server.sender,
        sender_name=reminders.seller_name(account),
        recipient=claimed.recipient,
        recipient_name=papers.customer_name(parties.of(account, customer)["customer"]),
        reply_to=reply_to,
        subject=said.subject,
        text=said.text,
        html=said.html,
        attachment=(f"{papers.file_name(invoice.number)}.pdf", content),
        at=clock.real_now(),
    )


async def _close(tx: Tx, claimed: _Claimed, told: Told) -> None:
    real = clock.real_now()
    match told.fate:
        case Fate.TAKEN:
            await stored.close(tx, claimed.name, ReminderState.SENT, sent_at=real)
        case Fate.UNKNOWN:
            await stored.close(tx, claimed.name, ReminderState.UNKNOWN, reason=told.reason)
        case Fate.NEVER:
            await stored.close(tx, claimed.name, ReminderState.FAILED, reason=told.reason)
        case Fate.LATER:
            wait = _RETRY_FIRST * 2 ** (claimed.attempts - 1)
            again = None if claimed.attempts >= _TRIES_MAX else real + wait
            await stored.close(
                tx, claimed.name, ReminderState.FAILED, reason=told.reason, next_try_at=again
            )
