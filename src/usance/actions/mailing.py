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
from usance.actions import advance, papers, reminders
from usance.actions.commands import OURS, UNWRITABLE, Call
from usance.actions.papers import Style
from usance.core import parties
from usance.core import reminders as rules_of
from usance.core.accounts import Account
from usance.core.customers import Customer
from usance.core.ids import AccountId
from usance.core.invoices import Invoice
from usance.core.refusals import Refusal
from usance.core.reminders import ReminderState, Skip
from usance.mail import message, smtp
from usance.mail.message import Letter
from usance.mail.smtp import Fate, Session, Told
from usance.settings import MailServer
from usance.store import accounts, customers, due, invoices
from usance.store import reminders as stored
from usance.store.db import Db, Tx
from usance.store.reminders import Name

_BATCH: Final = 50
_TRIES_MAX: Final = 6
_RETRY_FIRST: Final = timedelta(minutes=2)
_LOST_AFTER: Final = timedelta(minutes=15)  # longer than any server is waited for
_WAIT: Final = timedelta(minutes=15)  # for steps that cannot be taken
# What the typesetter (RuntimeError), the file system and the memory have against a letter, or we.
_UNMADE: Final = (*OURS, RuntimeError, OSError, MemoryError)
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

    Claims that are too old are given up, too. An account that cannot be planned for holds up no other.
    """
    before = clock.real_now() - _LOST_AFTER
    await db.run(lambda tx: stored.lose(tx, before, _LOST))
    planned = 0
    for account_id in await db.read(stored.reminding):
        try:
            planned += await _plan(db, account_id)
        except (Refusal, *UNWRITABLE):
            log.exception("reminders_not_planned", account=str(account_id))
    return planned


async def _plan(db: Db, account_id: AccountId) -> int:
    account = await db.read(partial(accounts.by_id, account_id=account_id))
    assert account is not None, "accounts are never removed"
    if not reminders.may_send(account, rules_of.rules(account.reminders)):
        return 0
    now = account.now(clock.real_now())
    await advance.settle_account(db, account, now)
    call = Call(account, now, clock.seed(), None)
    return await db.run(partial(reminders.plan, call=call))


async def deliver(db: Db, server: MailServer) -> int:
    """Send what waits, a bounded number over one connection; return how many were taken up.

    Raises `smtp.Unreachable` where there is something to send and nobody to take it: then nothing was
    claimed, or what was is put back.
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
            if not await _caught_up(db, name):
                continue
            claimed = await db.run(partial(_claim, name=name))
            if claimed is None:
                continue
            taken += 1
            told = await _send(session, server, claimed)
            await db.run(partial(_close, claimed=claimed, told=told))
            if told.fate is Fate.BACK:
                raise smtp.Unreachable(told.reason)
    return taken


async def _caught_up(db: Db, name: Name) -> bool:
    """Take the customer's due steps, for they may void what is to be reminded of; False if one cannot be."""
    account = await db.read(partial(accounts.by_id, account_id=name.account_id))
    assert account is not None, "accounts are never removed"
    real = clock.real_now()
    now = account.now(real)
    if not await db.peek(lambda tx: due.is_due(tx, account.id, name.customer_id, now)):
        return True
    try:
        await advance.catch_up(db, account, name.customer_id, now)
    except (Refusal, *UNWRITABLE):
        log.exception("reminder_waits", invoice=str(name.invoice_id), level=name.level)
        await db.run(partial(stored.postpone, name=name, until=real + _WAIT))
        return False
    return True


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
    if await due.is_due(tx, account.id, customer.id, account.now(real)):
        return None  # became due since the others were taken: the next time
    skip = _skip(account, customer, invoice, name.level, account.now(real))
    if skip is not None:
        await stored.skip(tx, name, skip)
        return None
    email = customer.profile.email
    recipient = rules_of.address(email)
    assert email is not None, "who has no address is skipped"
    assert recipient is not None, "who has no address is skipped"
    attempts = await stored.claim(tx, name, email, real=real)
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
    rules = rules_of.rules(account.reminders)
    moot = rules_of.moot(invoice, level, rules, now, account.zone)
    if moot is None and not reminders.may_send(account, rules):
        moot = Skip.STOPPED
    return moot or rules_of.skip(customer)


async def _send(session: Session, server: MailServer, claimed: _Claimed) -> Told:
    rules = rules_of.rules(claimed.account.reminders)
    try:
        content = message.written(await _letter(server, claimed))
    except _UNMADE as error:
        log.exception("letter_not_made", invoice=str(claimed.invoice.id))
        return Told(Fate.LATER, f"The letter could not be made: {type(error).__name__}.")
    told = await session.send(claimed.recipient, rules.bcc, content)
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
        case Fate.BACK:
            await stored.close(
                tx, claimed.name, ReminderState.FAILED, reason=told.reason, next_try_at=real,
                is_try=False,
            )  # fmt: skip
        case Fate.LATER:
            wait = _RETRY_FIRST * 2 ** (claimed.attempts - 1)
            again = None if claimed.attempts >= _TRIES_MAX else real + wait
            await stored.close(
                tx, claimed.name, ReminderState.FAILED, reason=told.reason, next_try_at=again
            )
