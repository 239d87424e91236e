"""The outcome: what a decision wants written, as values, checked before anything is.

`inserted` rows must not exist yet and `updated` ones must: the store writes them as such, so a step
taken twice meets a key and fails instead of writing over what is there.

Sources: BILLING.md, "Natural identities"; the invariants of ARCHITECTURE.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from operator import attrgetter
from typing import Any, Final, Generic, Never, TypeVar
from uuid import UUID

from usance.core.credits import Grant, Pool, Transaction
from usance.core.holds import Hold
from usance.core.ids import CustomerId, SubscriptionId
from usance.core.invoices import CreditNote, Invoice, InvoiceStatus, totals
from usance.core.metering import Counter, UsageEvent
from usance.core.payments import Application, Balance, BalanceEntry, Payment
from usance.core.snapshot import Snapshot
from usance.core.subscriptions import PendingChange, Segment, Subscription, SubscriptionPeriod

Key = TypeVar("Key")
Row = TypeVar("Row")
Row_co = TypeVar("Row_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Changes(Generic[Row_co]):
    """Rows of one kind to write."""

    inserted: tuple[Row_co, ...] = ()
    updated: tuple[Row_co, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.inserted or self.updated)

    @property
    def all(self) -> tuple[Row_co, ...]:
        """Every row, new or changed."""
        return self.inserted + self.updated


NOTHING: Final[Changes[Never]] = Changes()


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that happened, for whoever listens; written with the change itself."""

    id: UUID
    customer_id: CustomerId
    kind: str
    subject_id: UUID
    payload: Mapping[str, object]
    at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that one decision about one customer writes, in one transaction."""

    subscriptions: Changes[Subscription] = NOTHING
    changes: Changes[PendingChange] = NOTHING
    dropped_changes: tuple[SubscriptionId, ...] = ()
    periods: Changes[SubscriptionPeriod] = NOTHING
    segments: Changes[Segment] = NOTHING
    invoices: Changes[Invoice] = NOTHING
    payments: Changes[Payment] = NOTHING
    applications: tuple[Application, ...] = ()
    credit_notes: tuple[CreditNote, ...] = ()
    balances: Changes[Balance] = NOTHING
    balance_entries: tuple[BalanceEntry, ...] = ()
    counters: Changes[Counter] = NOTHING
    counter_values: tuple[tuple[Counter, bytes], ...] = ()
    events: tuple[UsageEvent, ...] = ()
    pools: Changes[Pool] = NOTHING
    grants: Changes[Grant] = NOTHING
    holds: Changes[Hold] = NOTHING
    transactions: tuple[Transaction, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to write: the decision found everything as it was asked to be."""
        return not any(part is not NOTHING and part for part in _parts(self))


_parts: Final = attrgetter(*(one.name for one in fields(Outcome)))


def changes(before: Mapping[Key, Row], after: Mapping[Key, Row]) -> Changes[Row]:
    """Return how one map of rows came from another; rows are never removed by a decision."""
    if after is before:
        return NOTHING
    inserted, updated = [], []
    for key, row in after.items():
        was = before.get(key)
        if was is row:
            continue
        if was is None:
            inserted.append(row)
        elif was != row:
            updated.append(row)
    return Changes(tuple(inserted), tuple(updated))


def check(before: Snapshot, outcome: Outcome) -> Outcome:
    """Return the outcome if it keeps every invariant that one customer's rows can show.

    A failure is our mistake: it raises AssertionError, and nothing is written.
    """
    for invoice in outcome.invoices.all:
        _check_invoice(before, invoice, outcome)
    for note in outcome.credit_notes:
        sums = totals(note.lines, tax_rate=note.tax.rate, currency=note.currency)
        assert note.amount == sums.amount > 0, "a credit note is the positive sum of its lines"
    _check_periods(before, outcome)
    for balance in outcome.balances.all:
        was = before.balances.get(balance.currency)
        moved = sum(
            (e.amount for e in outcome.balance_entries if e.currency == balance.currency),
            Decimal(0),
        )
        assert balance.amount == (was.amount if was else 0) + moved, (
            "a balance is the sum of its entries"
        )
        assert balance.amount >= 0, "a balance is never negative"
    _check_pools(before, outcome)
    return outcome


def _check_invoice(before: Snapshot, invoice: Invoice, outcome: Outcome) -> None:
    if invoice.status is not InvoiceStatus.VOID:
        sums = totals(invoice.lines, tax_rate=invoice.tax.rate, currency=invoice.currency)
        assert invoice.amount == sums.amount, "an invoice is the sum of its lines"
    assert invoice.amount >= 0, "an invoice never asks for less than nothing"
    was = before.invoices.get(invoice.id)
    paid = sum((a.amount for a in outcome.applications if a.invoice_id == invoice.id), Decimal(0))
    assert invoice.amount_paid == (was.amount_paid if was else 0) + paid, "paid = Σ applications"
    if was is None:
        return
    assert was.status is not InvoiceStatus.VOID or invoice.status is InvoiceStatus.VOID, (
        "VOID is final"
    )
    if was.status is not InvoiceStatus.PENDING:
        assert (was.lines, was.amount, was.tax, was.number, was.due_at, was.parties) == (
            invoice.lines,
            invoice.amount,
            invoice.tax,
            invoice.number,
            invoice.due_at,
            invoice.parties,
        ), "an issued invoice never changes"


def _check_periods(before: Snapshot, outcome: Outcome) -> None:
    touched = {period.subscription_id for period in outcome.periods.all}
    merged = {**before.periods, **{(p.subscription_id, p.seq): p for p in outcome.periods.all}}
    for subscription_id in touched:
        own = sorted(
            (p for p in merged.values() if p.subscription_id == subscription_id),
            key=lambda p: p.seq,
        )
        for earlier, later in pairwise(own):
            assert earlier.ends_at <= later.starts_at, "periods never overlap"
    for period in outcome.periods.inserted:
        # Old periods may be left out of what was read, the one before a new one never.
        before_it = (period.subscription_id, period.seq - 1)
        assert period.seq == 0 or before_it in merged, "periods are numbered without a gap"


def _check_pools(before: Snapshot, outcome: Outcome) -> None:
    moved: dict[UUID, Decimal] = {}
    for transaction in outcome.transactions:
        for grant_id, amount in transaction.taken:
            moved[grant_id] = moved.get(grant_id, Decimal(0)) + amount
    for grant in outcome.grants.all:
        was = before.grants.get(grant.id)
        start = was.remaining if was else Decimal(0)
        assert grant.remaining == start + moved.get(grant.id, Decimal(0)), (
            "a grant is the sum of its movements"
        )
        assert 0 <= grant.remaining <= grant.amount, (
            "a grant has between nothing and all of it left"
        )
    for pool in outcome.pools.all:
        assert pool.overdraft >= 0, "an overdraft is what is owed"
        assert not pool.hard_limit or pool.overdraft == 0, "a hard limit is never crossed"


def apply(before: Snapshot, outcome: Outcome) -> Snapshot:
    """Return the snapshot as it would be read after the outcome is written.

    This is the ledger without a database: reads ahead of the worker, previews and pure stories
    stand on it.
    """
    return replace(before, **maps_after(before, outcome))


def maps_after(before: Snapshot, outcome: Outcome) -> dict[str, Any]:
    """Return those maps of the snapshot that the outcome makes other ones, by name."""
    changed: dict[str, Any] = {}
    for name, key in _KEYS.items():
        rows = getattr(outcome, name)
        if rows is not NOTHING:
            changed[name] = {**getattr(before, name), **{key(row): row for row in rows.all}}
    if outcome.dropped_changes:
        pending = changed.get("changes", before.changes)
        dropped = outcome.dropped_changes
        changed["changes"] = {key: row for key, row in pending.items() if key not in dropped}
    if outcome.counter_values:
        counted = {(counter.key, value) for counter, value in outcome.counter_values}
        changed["values"] = before.values | counted
    return changed


# How the rows of each of a snapshot's maps are found in it.
_KEYS: Final[dict[str, Callable[[Any], object]]] = {
    "subscriptions": lambda row: row.id,
    "changes": lambda row: row.subscription_id,
    "periods": lambda row: (row.subscription_id, row.seq),
    "segments": lambda row: (row.subscription_id, row.seq, row.n),
    "invoices": lambda row: row.id,
    "payments": lambda row: row.id,
    "balances": lambda row: row.currency,
    "counters": lambda row: row.key,
    "pools": lambda row: row.id,
    "grants": lambda row: row.id,
    "holds": lambda row: row.id,
}
