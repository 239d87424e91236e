"""The outcome: what a decision wants written, as values, checked before anything is.

`inserted` rows must not exist yet and `updated` ones must: the store writes them as such, so a step
taken twice meets a key and fails instead of writing over what is there.

Sources: BILLING.md, "Natural identities"; the invariants of ARCHITECTURE.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Final, Generic, TypeVar
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


@dataclass(frozen=True, slots=True)
class Changes(Generic[Row]):
    """Rows of one kind to write."""

    inserted: tuple[Row, ...] = ()
    updated: tuple[Row, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.inserted or self.updated)

    @property
    def all(self) -> tuple[Row, ...]:
        """Every row, new or changed."""
        return self.inserted + self.updated


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

    subscriptions: Changes[Subscription] = field(default_factory=Changes)
    changes: Changes[PendingChange] = field(default_factory=Changes)
    dropped_changes: tuple[SubscriptionId, ...] = ()
    periods: Changes[SubscriptionPeriod] = field(default_factory=Changes)
    segments: Changes[Segment] = field(default_factory=Changes)
    invoices: Changes[Invoice] = field(default_factory=Changes)
    payments: Changes[Payment] = field(default_factory=Changes)
    applications: tuple[Application, ...] = ()
    credit_notes: tuple[CreditNote, ...] = ()
    balances: Changes[Balance] = field(default_factory=Changes)
    balance_entries: tuple[BalanceEntry, ...] = ()
    counters: Changes[Counter] = field(default_factory=Changes)
    counter_values: tuple[tuple[Counter, bytes], ...] = ()
    events: tuple[UsageEvent, ...] = ()
    pools: Changes[Pool] = field(default_factory=Changes)
    grants: Changes[Grant] = field(default_factory=Changes)
    holds: Changes[Hold] = field(default_factory=Changes)
    transactions: tuple[Transaction, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to write: the decision found everything as it was asked to be."""
        return not any(getattr(self, name) for name in _PARTS)


_PARTS: Final = tuple(one.name for one in fields(Outcome))


def changes(before: Mapping[Key, Row], after: Mapping[Key, Row]) -> Changes[Row]:
    """Return how one map of rows came from another; rows are never removed by a decision."""
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
        sums = totals(note.lines, tax_rate=note.tax_rate, currency=note.currency)
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
        sums = totals(invoice.lines, tax_rate=invoice.tax_rate, currency=invoice.currency)
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
        assert (was.lines, was.amount, was.number, was.due_at) == (
            invoice.lines,
            invoice.amount,
            invoice.number,
            invoice.due_at,
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
    pending = {**before.changes, **{c.subscription_id: c for c in outcome.changes.all}}
    for subscription_id in outcome.dropped_changes:
        pending.pop(subscription_id, None)
    return replace(
        before,
        subscriptions=_applied(before.subscriptions, outcome.subscriptions, lambda s: s.id),
        changes=pending,
        periods=_applied(before.periods, outcome.periods, lambda p: (p.subscription_id, p.seq)),
        segments=_applied(
            before.segments, outcome.segments, lambda s: (s.subscription_id, s.seq, s.n)
        ),
        invoices=_applied(before.invoices, outcome.invoices, lambda i: i.id),
        payments=_applied(before.payments, outcome.payments, lambda p: p.id),
        balances=_applied(before.balances, outcome.balances, lambda b: b.currency),
        counters=_applied(before.counters, outcome.counters, lambda c: c.key),
        pools=_applied(before.pools, outcome.pools, lambda p: p.id),
        values=before.values | {(c.key, value) for c, value in outcome.counter_values},
        grants=_applied(before.grants, outcome.grants, lambda g: g.id),
        holds=_applied(before.holds, outcome.holds, lambda h: h.id),
    )


def _applied(
    before: Mapping[Key, Row], changed: Changes[Row], key: Callable[[Row], Key]
) -> Mapping[Key, Row]:
    """Return the rows with those that changed; the same map when none did."""
    return {**before, **{key(row): row for row in changed.all}} if changed else before
