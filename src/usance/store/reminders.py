"""Reminders: invoices that are due one, and those that were planned, on their way and after it.

Units: `now` and `planned_at` are by the account's clock; `real`, `claimed_at`, `next_try_at` and
`sent_at` are real instants, for a mail server knows no other.
Sources: BILLING.md, "Receivables" ("Reminders").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

import asyncpg

from usance.core.ids import AccountId, CustomerId, InvoiceId
from usance.core.reminders import ReminderState, Skip
from usance.store.db import Tx

# A level counts unless it was skipped, or failed for good to an address that is the customer's no more.
_COUNTS: Final = """
                          r.state <> 'SKIPPED'
                          AND (r.state <> 'FAILED'
                               OR r.next_try_at IS NOT NULL
                               OR r.recipient IS NOT DISTINCT FROM c.email)
"""

# What core/reminders.py decides, asked of all invoices at once. $4: the days of the levels.
_DUE_FILTER: Final = f"""
      FROM (SELECT i.account_id, i.customer_id, i.invoice_id, i.due_at,
                   ($2::timestamptz AT TIME ZONE $3)::date - (i.due_at AT TIME ZONE $3)::date AS days
              FROM invoices i
             WHERE i.account_id = $1
               AND i.status IN ('DUE', 'PAST_DUE')
               AND i.amount > i.amount_paid) i
     WHERE (SELECT count(*) FROM unnest($4::int[]) AS d WHERE d <= i.days)
           > coalesce((SELECT max(r.level)
                         FROM reminders r
                         JOIN customers c USING (account_id, customer_id)
                        WHERE r.account_id = i.account_id
                          AND r.customer_id = i.customer_id
                          AND r.invoice_id = i.invoice_id
                          AND {_COUNTS}), 0)
"""

# $7: only of customers who want it and have what may be an address. $8, $9: where the page before ended.
_DUE: Final = f"""
    SELECT i.customer_id, i.invoice_id, i.due_at
    {_DUE_FILTER}
       AND (NOT $7 OR EXISTS (SELECT
                                FROM customers c
                               WHERE c.account_id = i.account_id
                                 AND c.customer_id = i.customer_id
                                 AND c.email LIKE '%_@_%._%'
                                 AND c.reminders_enabled
                                 AND c.erased_at IS NULL))
       AND ($8::timestamptz IS NULL OR (i.due_at, i.invoice_id) > ($8, $9::uuid))
     ORDER BY i.due_at, i.invoice_id
     LIMIT $5 OFFSET $6
"""

_DUE_COUNT: Final = f"""
    SELECT count(*)
    {_DUE_FILTER}
"""

_HIGHEST: Final = f"""
    SELECT r.invoice_id, max(r.level) AS level
      FROM reminders r
      JOIN customers c USING (account_id, customer_id)
     WHERE r.account_id = $1
       AND r.customer_id = ANY($2)
       AND r.invoice_id = ANY($3)
       AND {_COUNTS}
     GROUP BY r.invoice_id
     ORDER BY r.invoice_id
"""

_PLANNED_SINCE: Final = """
    SELECT count(*)
      FROM reminders
     WHERE account_id = $1
       AND planned_at >= $2
"""

_PLAN: Final = """
    INSERT INTO reminders (account_id, customer_id, invoice_id, level, state, recipient, planned_at,
                           next_try_at)
    SELECT $1, p.customer_id, p.invoice_id, p.level, 'PLANNED', p.recipient, $6, $7
      FROM unnest($2::uuid[], $3::uuid[], $4::int[], $5::text[])
        AS p (customer_id, invoice_id, level, recipient)
        ON CONFLICT (account_id, customer_id, invoice_id, level) DO UPDATE
       SET state = 'PLANNED', reason = NULL, recipient = excluded.recipient, attempts = 0,
           planned_at = excluded.planned_at, next_try_at = excluded.next_try_at, claimed_at = NULL
     WHERE reminders.state IN ('SKIPPED', 'FAILED')
       AND reminders.next_try_at IS NULL
"""

_WAITING: Final = """
    SELECT account_id, customer_id, invoice_id, level
      FROM reminders
     WHERE next_try_at <= $1
     ORDER BY next_try_at, account_id, customer_id, invoice_id, level
     LIMIT $2
"""

_POSTPONE: Final = """
    UPDATE reminders
       SET next_try_at = $5
     WHERE account_id = $1
       AND customer_id = $2
       AND invoice_id = $3
       AND level = $4
       AND next_try_at IS NOT NULL
"""

# Whoever comes second finds no next time.
_CLAIM: Final = """
    UPDATE reminders
       SET state = 'SENDING', attempts = attempts + 1, claimed_at = $5, next_try_at = NULL,
           reason = NULL, recipient = $6
     WHERE account_id = $1
       AND customer_id = $2
       AND invoice_id = $3
       AND level = $4
       AND next_try_at IS NOT NULL
    RETURNING attempts
"""

# What a server says may name whom it is about: it is not kept of one who was erased meanwhile. One
# that was stopped meanwhile (its reason says so) is not tried again.
_CLOSE: Final = """
    UPDATE reminders
       SET state = CASE WHEN $7::timestamptz IS NOT NULL AND reason = $10 THEN 'SKIPPED' ELSE $5 END,
           reason = CASE WHEN $7 IS NOT NULL AND reason = $10 THEN $10
                         WHEN recipient IS NOT NULL THEN $6 END,
           next_try_at = CASE WHEN reason IS DISTINCT FROM $10 THEN $7 END,
           sent_at = $8, attempts = attempts - $9
     WHERE account_id = $1
       AND customer_id = $2
       AND invoice_id = $3
       AND level = $4
       AND state = 'SENDING'
"""

# Only what waits: one that somebody has claimed is on its way.
_SKIP: Final = """
    UPDATE reminders
       SET state = 'SKIPPED', reason = $5, next_try_at = NULL
     WHERE account_id = $1
       AND customer_id = $2
       AND invoice_id = $3
       AND level = $4
       AND next_try_at IS NOT NULL
"""

# One on its way keeps its state, and what is to become of it should it not arrive.
_STOP: Final = """
    UPDATE reminders
       SET state = CASE WHEN state = 'SENDING' THEN state ELSE 'SKIPPED' END, reason = $2,
           next_try_at = NULL
     WHERE account_id = $1
       AND (next_try_at IS NOT NULL OR state = 'SENDING')
"""

_LOSE: Final = """
    UPDATE reminders
       SET state = 'UNKNOWN', reason = $2
     WHERE state = 'SENDING'
       AND claimed_at < $1
"""

_LIST: Final = """
    SELECT r.customer_id, r.invoice_id, r.level, r.state, r.reason, r.recipient, r.attempts,
           r.planned_at, r.next_try_at, r.sent_at, i.number, c.reference
      FROM reminders r
      JOIN invoices i USING (account_id, customer_id, invoice_id)
      JOIN customers c USING (account_id, customer_id)
     WHERE r.account_id = $1
     ORDER BY r.planned_at DESC, r.invoice_id DESC, r.level DESC
     LIMIT $2 OFFSET $3
"""

_COUNT: Final = """
    SELECT count(*)
      FROM reminders
     WHERE account_id = $1
"""

_REMINDING: Final = """
    SELECT account_id
      FROM accounts
     WHERE (reminders->>'enabled')::boolean
       AND NOT (reminders->>'dryRun')::boolean
     ORDER BY account_id
"""


Place: TypeAlias = tuple[datetime, InvoiceId]
"""Where a list of what is due ended: when the last one was due for payment, and its id."""


@dataclass(frozen=True, slots=True)
class Found:
    """An invoice that is due a reminder."""

    customer_id: CustomerId
    invoice_id: InvoiceId
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Name:
    """Which reminder it is: its natural identity."""

    account_id: AccountId
    customer_id: CustomerId
    invoice_id: InvoiceId
    level: int


@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder that was planned, and what became of it."""

    customer_id: CustomerId
    invoice_id: InvoiceId
    level: int
    state: ReminderState
    reason: str | None
    recipient: str | None
    attempts: int
    planned_at: datetime
    next_try_at: datetime | None
    sent_at: datetime | None
    number: str
    reference: str


async def due(
    tx: Tx,
    account_id: AccountId,
    now: datetime,
    zone: str,
    days: Sequence[int],
    *,
    limit: int,
    offset: int = 0,
    reachable: bool = False,
    after: Place | None = None,
) -> list[Found]:
    """Return invoices that are due a reminder, those that were due for payment first.

    `reachable`: without those of customers who are left out or whose `email` is clearly no address.
    `after`: those behind this place.
    """
    at, last = after if after is not None else (None, None)
    found = await tx.fetch(
        _DUE, account_id, now, zone, list(days), limit, offset, reachable, at, last
    )
    return [
        Found(CustomerId(row["customer_id"]), InvoiceId(row["invoice_id"]), row["due_at"])
        for row in found
    ]


async def count_due(
    tx: Tx, account_id: AccountId, now: datetime, zone: str, days: Sequence[int]
) -> int:
    """Return how many invoices are due a reminder."""
    return int(await tx.fetchval(_DUE_COUNT, account_id, now, zone, list(days)))


async def highest(
    tx: Tx, account_id: AccountId, named: Sequence[tuple[CustomerId, InvoiceId]]
) -> Mapping[InvoiceId, int]:
    """Return the highest level of invoices that counts as sent; those without one are left out.

    Not what was skipped, nor what failed for good to an address that is the customer's no more.
    """
    owners, ids = [one for one, _ in named], [one for _, one in named]
    found = await tx.fetch(_HIGHEST, account_id, owners, ids)
    return {InvoiceId(row["invoice_id"]): row["level"] for row in found}


async def planned_since(tx: Tx, account_id: AccountId, since: datetime) -> int:
    """Return how many reminders were planned from an instant on."""
    return int(await tx.fetchval(_PLANNED_SINCE, account_id, since))


async def plan(tx: Tx, named: Sequence[tuple[Name, str]], *, now: datetime, real: datetime) -> None:
    """Write reminders that are to be sent, each with the customer's `email`; `highest` knows them not.

    One that was planned before, and does not count, begins anew.
    """
    if not named:
        return
    await tx.execute(
        _PLAN,
        named[0][0].account_id,
        [name.customer_id for name, _ in named],
        [name.invoice_id for name, _ in named],
        [name.level for name, _ in named],
        [recipient for _, recipient in named],
        now,
        real,
    )


async def waiting(tx: Tx, real: datetime, limit: int) -> list[Name]:
    """Return reminders that are to be sent now, the longest waiting first."""
    return [_name(row) for row in await tx.fetch(_WAITING, real, limit)]


async def postpone(tx: Tx, name: Name, until: datetime) -> None:
    """Let a reminder that waits wait longer."""
    key = (name.account_id, name.customer_id, name.invoice_id, name.level)
    await tx.execute(_POSTPONE, *key, until)


async def claim(tx: Tx, name: Name, recipient: str, *, real: datetime) -> int | None:
    """Write down that a reminder is about to be sent, to whose `email`; return the how manieth try it is.

    None: somebody else has it, or it is over.
    """
    found = await tx.fetchval(
        _CLAIM, name.account_id, name.customer_id, name.invoice_id, name.level, real, recipient
    )
    return None if found is None else int(found)


async def close(
    tx: Tx,
    name: Name,
    state: ReminderState,
    *,
    reason: str | None = None,
    next_try_at: datetime | None = None,
    sent_at: datetime | None = None,
    is_try: bool = True,
) -> None:
    """Write what became of a claimed reminder. `is_try`: whether it counts as a try."""
    key = (name.account_id, name.customer_id, name.invoice_id, name.level)
    uncounted = 0 if is_try else 1
    await tx.execute(
        _CLOSE, *key, state.value, reason, next_try_at, sent_at, uncounted, Skip.STOPPED.value
    )


async def skip(tx: Tx, name: Name, reason: Skip) -> None:
    """Write that a reminder that waits is not sent; nothing, if somebody has claimed it."""
    key = (name.account_id, name.customer_id, name.invoice_id, name.level)
    await tx.execute(_SKIP, *key, reason.value)


async def stop(tx: Tx, account_id: AccountId) -> None:
    """Skip all reminders of a locked account that wait, and try none again that is on its way."""
    await tx.execute(_STOP, account_id, Skip.STOPPED.value)


async def lose(tx: Tx, claimed_before: datetime, reason: str) -> None:
    """Give up on reminders whose sender has not been heard of since: nobody knows their end."""
    await tx.execute(_LOSE, claimed_before, reason)


async def page(
    tx: Tx, account_id: AccountId, *, limit: int, offset: int
) -> tuple[list[Reminder], int]:
    """Return a page of the reminders that were planned, the newest first, and how many there are."""
    found = await tx.fetch(_LIST, account_id, limit, offset)
    return [_reminder(row) for row in found], int(await tx.fetchval(_COUNT, account_id))


async def reminding(tx: Tx) -> list[AccountId]:
    """Return the accounts whose reminders are sent without being asked for."""
    return [AccountId(row["account_id"]) for row in await tx.fetch(_REMINDING)]


def _name(row: asyncpg.Record) -> Name:
    return Name(
        AccountId(row["account_id"]),
        CustomerId(row["customer_id"]),
        InvoiceId(row["invoice_id"]),
        row["level"],
    )


def _reminder(row: asyncpg.Record) -> Reminder:
    return Reminder(**{**dict(row), "state": ReminderState(row["state"])})
