"""Reminders: which one an unpaid invoice is due, by the days since it was to be paid.

Nothing is kept of what lies ahead: a reminder follows from the invoice, the account's rules, and those
that were planned before.

Units: days are of the calendar in the account's zone.
Sources: BILLING.md, "Receivables" ("Reminders").
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from usance.core.customers import Customer
from usance.core.invoices import Invoice, InvoiceStatus

_REMINDED: Final = frozenset({InvoiceStatus.DUE, InvoiceStatus.PAST_DUE})
# One mailbox as the world writes them; what is longer, quoted or has a comment is not guessed at.
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[^\s@.,;:<>()\[\]\\\"\x00-\x1f\x7f]+(?:\.[^\s@.,;:<>()\[\]\\\"\x00-\x1f\x7f]+)+"
)
# The domain once it is ASCII: IDNA makes signs of mail ("<", "@", a space) of what only looks like them.
_PLAIN_DOMAIN: Final = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_ADDRESS_LENGTH_MAX: Final = 254
_LOCAL_LENGTH_MAX: Final = 64


class ReminderState(StrEnum):
    """Where a reminder stands. What is PLANNED is sent by a worker."""

    PLANNED = "PLANNED"  # → SENDING, SKIPPED
    SENDING = "SENDING"  # claimed, written down before anything is sent → SENT, FAILED, UNKNOWN
    SENT = "SENT"  # the server took it
    FAILED = (
        "FAILED"  # the server did not; tried again while there is a next time → SENDING, SKIPPED
    )
    UNKNOWN = "UNKNOWN"  # whether the server took it nobody can tell: not sent again by itself
    SKIPPED = "SKIPPED"  # there was no reason any more, or nobody to send it to


class Skip(StrEnum):
    """Why a reminder is not sent."""

    NO_ADDRESS = "NO_ADDRESS"  # the customer's `email` is none, or no address
    NOT_WANTED = "NOT_WANTED"  # the customer is left out, or erased
    SUPERSEDED = "SUPERSEDED"  # it waited until a higher level was due
    SETTLED = "SETTLED"  # paid, voided or written off meanwhile
    NOT_DUE = "NOT_DUE"  # by rules that changed meanwhile, its level is not due yet
    STOPPED = "STOPPED"  # the account was told not to send, while it was planned


@dataclass(frozen=True, slots=True)
class Template:
    """The seller's own words for every level, with `{{ names }}` in them."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Rules:
    """How an account reminds. `days` rise: one for each level; a level is sent once."""

    enabled: bool = False
    dry_run: bool = True  # nothing is sent by itself
    days: tuple[int, ...] = (3, 10, 21)
    daily_cap: int = 100
    in_test: bool = False  # a TEST account sends real e-mail
    reply_to: str | None = None
    bcc: tuple[str, ...] = ()
    templates: Mapping[str, Template] = field(default_factory=dict)  # by language

    @property
    def by_itself(self) -> bool:
        """Whether reminders are sent without being asked for."""
        return self.enabled and not self.dry_run


def rules(said: Mapping[str, Any]) -> Rules:
    """Return an account's rules as it has set them; what it did not say is the default."""
    usual = Rules()
    return Rules(
        enabled=said.get("enabled", usual.enabled),
        dry_run=said.get("dryRun", usual.dry_run),
        days=tuple(said.get("daysAfterDue", usual.days)),
        daily_cap=said.get("dailyCap", usual.daily_cap),
        in_test=said.get("sendInTest", usual.in_test),
        reply_to=said.get("replyTo"),
        bcc=tuple(said.get("bcc", ())),
        templates={
            language: Template(one["subject"], one["body"])
            for language, one in said.get("templates", {}).items()
        },
    )


def days_overdue(due_at: datetime, now: datetime, zone: str) -> int:
    """Return the days from the day on which it was due to today; below zero before.

    >>> from datetime import UTC
    >>> late = datetime(2027, 1, 1, 23, tzinfo=UTC), datetime(2027, 1, 2, 1, tzinfo=UTC)
    >>> days_overdue(*late, "UTC"), days_overdue(*late, "Asia/Tokyo")
    (1, 0)
    """
    here = ZoneInfo(zone)
    return (now.astimezone(here).date() - due_at.astimezone(here).date()).days


def level_at(days: int, schedule: tuple[int, ...]) -> int:
    """Return the highest level that so many days have reached; 0: none.

    >>> [level_at(days, (3, 10, 21)) for days in (2, 3, 9, 10, 400)]
    [0, 1, 1, 2, 3]
    """
    return sum(1 for each in schedule if each <= days)


def due(invoice: Invoice, schedule: tuple[int, ...], highest: int, now: datetime, zone: str) -> int:
    """Return the level of the reminder that an invoice is due now, or 0.

    `highest` is the highest level that counts as sent (0: none; `store.reminders.highest` says which
    do). Levels that were missed are not made up for: the highest stands for them.
    """
    if invoice.status not in _REMINDED or invoice.amount_due <= 0 or invoice.due_at is None:
        return 0
    level = level_at(days_overdue(invoice.due_at, now, zone), schedule)
    return level if level > highest else 0


def skip(customer: Customer) -> Skip | None:
    """Return why a customer is sent no reminder, or None."""
    if customer.erased_at is not None or not customer.profile.reminders_enabled:
        return Skip.NOT_WANTED
    return None if address(customer.profile.email) is not None else Skip.NO_ADDRESS


def moot(invoice: Invoice, level: int, rules: Rules, now: datetime, zone: str) -> Skip | None:
    """Return why a reminder that was planned is not sent any more, whoever gets it; or None."""
    if invoice.status not in _REMINDED or invoice.amount_due <= 0:
        return Skip.SETTLED
    current = due(invoice, rules.days, 0, now, zone)
    if current == level:
        return None
    return Skip.SUPERSEDED if current > level else Skip.NOT_DUE


def address(text: str | None) -> str | None:
    r"""Return the address that a text is, its domain in ASCII; None if it is none.

    >>> [address(each) for each in ("jane@example.com", "jane@bücher.example", "Jane", "a@x\uff1cy.com")]
    ['jane@example.com', 'jane@xn--bcher-kva.example', None, None]
    """
    if text is None or _ADDRESS.fullmatch(text) is None:
        return None
    local, _, domain = text.rpartition("@")
    try:
        plain = domain.encode("idna").decode()
    except UnicodeError:
        return None
    found = f"{local}@{plain}"
    if _PLAIN_DOMAIN.fullmatch(plain) is None:
        return None
    fits = len(found) <= _ADDRESS_LENGTH_MAX and len(local) <= _LOCAL_LENGTH_MAX
    return found if fits else None
