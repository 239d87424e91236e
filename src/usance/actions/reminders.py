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
from usance.core.ids import CustomerId
from usance.core.invoices import Invoice
from usance.core.refusals import Code, Refusal
from usance.core.reminders import Rules, Skip
from usance.documents.paper import Language
from usance.mail import reminding
from usance.mail.reminding import Facts, Said
from usance.store import accounts, customers, invoices
from usance.store import reminders as stored
from usance.store.db import Tx
from usance.store.reminders import Found, Name, Place, Reminder

# A run looks at so many invoices, more only as long as it has found too few to remind of; and it plans
# so many reminders: it is one short transaction.
_LOOKED_AT_MAX: Final = 5_000
_PAGE: Final = 1_000
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


@dataclass(frozen=True, slots=True)
class _Unsaid:
    """A reminder that is due, before its words."""

    invoice: Invoice
    customer: Customer
    level: int


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Invoices to be reminded of, and who is left out; None: some that are due were not looked at."""

    named: Sequence[Found]
    skipped: int | None


async def preview(tx: Tx, call: Call, *, limit: int, offset: int) -> tuple[list[Due], int]:
    """Return a page of the reminders that are due now, as they would be sent, and how many there are."""
    account = call.account
    days = reminders.rules(account.reminders).days
    named = await stored.due(
        tx, account.id, call.now, account.zone, days, limit=limit, offset=offset
    )
    total = await stored.count_due(tx, account.id, call.now, account.zone, days)
    found = await _due(tx, account, named, call.now)
    return [_told(account, one, call.now) for one in found], total


async def run(tx: Tx, call: Call, *, dry_run: bool | None, can_send: bool) -> Planned:
    """Plan what is due and fits into the day's cap; a worker sends it. `dry_run` None: the account's rule.

    A customer whom somebody else is at work on is left for the next run. Refused: mail_not_set_up (no
    server of the process, or a TEST account that is not to send).
    """
    rules = reminders.rules(call.account.reminders)
    is_dry = rules.dry_run if dry_run is None else dry_run
    if not is_dry:
        _refuse_silence(call.account, rules, can_send=can_send)
    room = await _room(tx, call.account, rules, call.now)
    wanted = await _wanted(tx, call, room, look_at=_LOOKED_AT_MAX)
    first = wanted.named[:room]
    if is_dry:
        found = await _due(tx, call.account, first, call.now)
    else:
        found = await _plan(tx, call, first, is_asked=dry_run is not None)
    return Planned(
        dry_run=is_dry,
        reminders=[_told(call.account, one, call.now) for one in found],
        skipped=wanted.skipped or 0,
        left=len(wanted.named) - len(found),
    )


async def plan(tx: Tx, call: Call) -> int:
    """Plan what an account sends by itself and what fits into its day's cap; return how many."""
    rules = reminders.rules(call.account.reminders)
    if not rules.by_itself or not may_send(call.account, rules):
        return 0
    room = await _room(tx, call.account, rules, call.now)
    if room == 0:
        return 0
    wanted = await _wanted(tx, call, room, look_at=0)
    return len(await _plan(tx, call, wanted.named[:room], is_asked=False, is_by_itself=True))


async def _wanted(tx: Tx, call: Call, room: int, *, look_at: int) -> _Wanted:
    """Look at what is due, page by page, until there is enough for the room and `look_at` were seen.

    So those who cannot be reached, however many, hold up nobody.
    """
    account = call.account
    asked = (account.id, call.now, account.zone, reminders.rules(account.reminders).days)
    named: list[Found] = []
    seen = 0
    after: Place | None = None
    while seen == 0 or len(named) < room or seen < look_at:
        found = await stored.due(tx, *asked, limit=_PAGE, reachable=True, after=after)
        whose = await customers.by_ids(tx, account.id, list({one.customer_id for one in found}))
        named += [one for one in found if reminders.skip(whose[one.customer_id]) is None]
        seen += len(found)
        if len(found) < _PAGE:
            return _Wanted(named, await stored.count_due(tx, *asked) - len(named))
        after = (found[-1].due_at, found[-1].invoice_id)
    return _Wanted(named, None)


async def _plan(
    tx: Tx, call: Call, wanted: Sequence[Found], *, is_asked: bool, is_by_itself: bool = False
) -> list[_Unsaid]:
    """Write down what is still due once its customers are locked, then the account: for its cap.

    Nothing, if the account's rules came to say so meanwhile. `is_asked`: the caller said to send.
    """
    ids = list({one.customer_id for one in wanted})
    locked = {one.id: one for one in await customers.lock_free(tx, call.account.id, ids)}
    account = await accounts.lock(tx, call.account.id)
    rules = reminders.rules(account.reminders)
    if not may_send(account, rules) or (rules.dry_run and not is_asked):
        return []
    if is_by_itself and not rules.by_itself:
        return []
    room = await _room(tx, account, rules, call.now)
    # A second reading, under the locks: what was paid or planned meanwhile is seen.
    held = [one for one in wanted if one.customer_id in locked]
    found = await _due(tx, account, held, call.now, locked=locked)
    sendable = [one for one in found if reminders.skip(one.customer) is None][:room]
    named = []
    for one in sendable:
        assert one.customer.profile.email is not None, "who has no address is skipped"
        name = Name(account.id, one.customer.id, one.invoice.id, one.level)
        named.append((name, one.customer.profile.email))
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
    named: Sequence[Found],
    now: datetime,
    *,
    locked: Mapping[CustomerId, Customer] | None = None,
) -> list[_Unsaid]:
    """Return those of the invoices that are due a reminder, in the order given."""
    rules = reminders.rules(account.reminders)
    ids = [one.invoice_id for one in named]
    found = {one.id: one for one in await invoices.by_ids(tx, account.id, ids)}
    highest = await stored.highest(
        tx, account.id, [(one.customer_id, one.invoice_id) for one in named]
    )
    if locked is None:
        owners = list({one.customer_id for one in named})
        locked = await customers.by_ids(tx, account.id, owners)
    due = []
    for invoice_id in ids:
        invoice = found[invoice_id]
        level = reminders.due(invoice, rules.days, highest.get(invoice_id, 0), now, account.zone)
        if level:
            due.append(_Unsaid(invoice, locked[invoice.customer_id], level))
    return due


def _told(account: Account, one: _Unsaid, now: datetime) -> Due:
    language = papers.language_of(one.customer, account)
    return Due(
        one.invoice,
        one.customer,
        one.level,
        _days(account, one.invoice, now),
        reminders.skip(one.customer),
        language,
        words(account, one.customer, one.invoice, one.level, now),
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
