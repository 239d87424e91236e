"""Reminders of unpaid invoices: seen, planned, and listed. What is planned is sent by `actions/mailing.py`.

Sources: BILLING.md, "Receivables" ("Reminders").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from usance import clock
from usance.actions import papers
from usance.actions.commands import Call
from usance.core import parties, reminders
from usance.core.accounts import Account, Mode
from usance.core.customers import Customer
from usance.core.ids import CustomerId, InvoiceId
from usance.core.invoices import Invoice
from usance.core.refusals import Code, Refusal
from usance.core.reminders import Rules, Skip
from usance.documents.paper import Language
from usance.mail import reminding
from usance.mail.reminding import Facts, Said
from usance.store import accounts, customers, invoices
from usance.store import reminders as stored
from usance.store.db import Tx
from usance.store.reminders import Name, Reminder

# A run looks at so many invoices, and plans so many reminders: it is one short transaction.
_LOOKED_AT_MAX: Final = 5_000
_PLANNED_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Due:
    """A reminder that would be sent now; or `skip` says why it would not."""

    invoice: Invoice
    customer: Customer
    level: int
    days_overdue: int
    skip: Skip | None
    language: Language
    said: Said


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run came to: the reminders of a dry run are planned nowhere."""

    dry_run: bool
    reminders: Sequence[Due]
    skipped: int
    left: int  # beyond the day's cap, or what one run plans


async def preview(tx: Tx, call: Call, *, limit: int, offset: int) -> tuple[list[Due], int]:
    """Return a page of the reminders that are due now, as they would be sent, and how many there are."""
    account = call.account
    days = reminders.rules(account.reminders).days
    named = await stored.due(
        tx, account.id, call.now, account.zone, days, limit=limit, offset=offset
    )
    total = await stored.count_due(tx, account.id, call.now, account.zone, days)
    return await _due(tx, account, named, call.now), total


async def run(tx: Tx, call: Call, *, dry_run: bool | None, can_send: bool) -> Planned:
    """Plan what is due and fits into the day's cap; a worker sends it. `dry_run` None: the account's rule.

    A customer whom somebody else is at work on is left for the next run. Refused: mail_not_set_up (no
    server of the process, or a TEST account that is not to send).
    """
    rules = reminders.rules(call.account.reminders)
    is_dry = rules.dry_run if dry_run is None else dry_run
    if not is_dry:
        _refuse_silence(call.account, rules, can_send=can_send)
    asked = (call.account.id, call.now, call.account.zone, rules.days)
    named = await stored.due(tx, *asked, limit=_LOOKED_AT_MAX, reachable=True)
    whose = await customers.by_ids(tx, call.account.id, list({owner for owner, _ in named}))
    wanted = [(owner, one) for owner, one in named if reminders.skip(whose[owner]) is None]
    skipped = 0
    if len(named) < _LOOKED_AT_MAX:  # else it is not known how many lie beyond
        skipped = await stored.count_due(tx, *asked) - len(wanted)
    if is_dry:
        room = await _room(tx, call.account, rules, call.now)
        return Planned(
            dry_run=True,
            reminders=await _due(tx, call.account, wanted[:room], call.now),
            skipped=skipped,
            left=max(0, len(wanted) - room),
        )
    planned = await _plan(tx, call, wanted[:_PLANNED_MAX])
    return Planned(False, planned, skipped, len(wanted) - len(planned))


async def _plan(tx: Tx, call: Call, wanted: Sequence[tuple[CustomerId, InvoiceId]]) -> list[Due]:
    """Write down what is still due once its customers are locked, then the account: for its cap."""
    locked = {
        one.id: one
        for one in await customers.lock_free(
            tx, call.account.id, list({owner for owner, _ in wanted})
        )
    }
    account = await accounts.lock(tx, call.account.id)
    room = await _room(tx, account, reminders.rules(account.reminders), call.now)
    # A second reading, under the locks: what was paid or planned meanwhile is seen.
    found = await _due(
        tx, account, [pair for pair in wanted if pair[0] in locked], call.now, locked=locked
    )
    sendable = [one for one in found if one.skip is None][:room]
    named = []
    for one in sendable:
        recipient = reminders.address(one.customer.profile.email)
        assert recipient is not None, "who has no address is skipped"
        name = Name(account.id, one.customer.id, one.invoice.id, one.level)
        named.append((name, recipient))
    await stored.plan(tx, named, now=call.now, real=clock.real_now())
    return sendable


async def page(tx: Tx, call: Call, *, limit: int, offset: int) -> tuple[list[Reminder], int]:
    """Return a page of the reminders that were planned, the newest first, and how many there are."""
    return await stored.page(tx, call.account.id, limit=limit, offset=offset)


def _refuse_silence(account: Account, rules: Rules, *, can_send: bool) -> None:
    if not can_send:
        raise Refusal(
            Code.MAIL_NOT_SET_UP, "No mail server is set up: see USANCE_SMTP_URL. Nothing was sent."
        )
    if not may_send(account, rules):
        raise Refusal(
            Code.MAIL_NOT_SET_UP,
            "A TEST account sends no e-mail unless `reminders.sendInTest` is set. Nothing was sent.",
        )


def may_send(account: Account, rules: Rules) -> bool:
    """Whether an account sends real e-mail: a TEST account only if it says so."""
    return account.mode is Mode.LIVE or rules.in_test


async def _room(tx: Tx, account: Account, rules: Rules, now: datetime) -> int:
    """Return how many more may be planned today, in the account's zone."""
    zone = ZoneInfo(account.zone)
    midnight = datetime.combine(now.astimezone(zone).date(), time.min, tzinfo=zone)
    planned = await stored.planned_since(tx, account.id, midnight)
    return max(0, min(_PLANNED_MAX, rules.daily_cap - planned))


async def _due(
    tx: Tx,
    account: Account,
    named: Sequence[tuple[CustomerId, InvoiceId]],
    now: datetime,
    *,
    locked: Mapping[CustomerId, Customer] | None = None,
) -> list[Due]:
    """Return those of the invoices that are due a reminder, in the order given, with their words."""
    rules = reminders.rules(account.reminders)
    ids = [one for _, one in named]
    found = {one.id: one for one in await invoices.by_ids(tx, account.id, ids)}
    highest = await stored.highest(tx, account.id, named)
    if locked is None:
        locked = await customers.by_ids(tx, account.id, list({owner for owner, _ in named}))
    told = []
    for invoice_id in ids:
        invoice = found[invoice_id]
        level = reminders.due(invoice, rules.days, highest.get(invoice_id, 0), now, account.zone)
        if level:
            told.append(_told(account, locked[invoice.customer_id], invoice, level, now))
    return told


def _told(account: Account, customer: Customer, invoice: Invoice, level: int, now: datetime) -> Due:
    language = papers.language_of(customer, account)
    return Due(
        invoice,
        customer,
        level,
        _days(account, invoice, now),
        reminders.skip(customer),
        language,
        words(account, customer, invoice, level, now),
    )


def words(
    account: Account, customer: Customer, invoice: Invoice, level: int, now: datetime
) -> Said:
    """Return what a reminder of an issued invoice says."""
    language = papers.language_of(customer, account)
    own = reminders.rules(account.reminders).templates.get(language.value)
    return reminding.say(_facts(account, customer, invoice, level, now), language, own)


def _facts(
    account: Account, customer: Customer, invoice: Invoice, level: int, now: datetime
) -> Facts:
    assert invoice.number is not None, "an issued invoice has its number"
    assert invoice.due_at is not None, "an issued invoice is due"
    said = parties.of(account, customer)  # as both are now: this is no part of the document
    return Facts(
        seller=seller_name(account),
        customer=papers.customer_name(said["customer"]),
        number=invoice.number,
        level=level,
        amount_due=invoice.amount_due,
        currency=invoice.currency,
        due_on=invoice.due_at.astimezone(ZoneInfo(account.zone)).date(),
        days_overdue=_days(account, invoice, now),
        payment=papers.payment(said["seller"], invoice.number),
    )


def seller_name(account: Account) -> str:
    """Return what the seller is called in letters."""
    return str(account.seller.get("legalName") or account.name)


def _days(account: Account, invoice: Invoice, now: datetime) -> int:
    assert invoice.due_at is not None, "an issued invoice is due"
    return reminders.days_overdue(invoice.due_at, now, account.zone)
