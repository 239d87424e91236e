"""Rows: how each customer-owned table's rows become the core's values.

Statements name their columns as the values name their fields, so a row is read once, here.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from usance.core.catalog import Rollover
from usance.core.credits import Grant, GrantKind, Pool, Transaction, TransactionKind
from usance.core.ids import GrantId
from usance.core.invoices import (
    CreditNote,
    Invoice,
    InvoiceKind,
    InvoiceStatus,
    Line,
    LineKind,
    NoteKind,
    Purchase,
)
from usance.core.metering import Counter, CounterKey, Stretch
from usance.core.payments import Application, Balance, BalanceEntry, EntryKind, Payment, Source
from usance.core.subscriptions import (
    CancelMode,
    PendingChange,
    Segment,
    Subscription,
    SubscriptionPeriod,
    SubscriptionStatus,
)
from usance.core.tax import Tax, TaxCategory
from usance.store import calculations


def subscription(row: asyncpg.Record) -> Subscription:
    """Return a subscription."""
    fields = dict(row)
    fields["status"] = SubscriptionStatus(fields["status"])
    if fields["cancel_mode"] is not None:
        fields["cancel_mode"] = CancelMode(fields["cancel_mode"])
    return Subscription(**fields)


def change(row: asyncpg.Record) -> PendingChange:
    """Return a pending change."""
    return PendingChange(**dict(row))


def period(row: asyncpg.Record) -> SubscriptionPeriod:
    """Return a period."""
    return SubscriptionPeriod(**dict(row))


def segment(row: asyncpg.Record) -> Segment:
    """Return a segment."""
    return Segment(**dict(row))


def invoice(row: asyncpg.Record, lines: tuple[Line, ...]) -> Invoice:
    """Return an invoice with its lines."""
    fields = dict(row)
    fields["kind"] = InvoiceKind(fields["kind"])
    fields["status"] = InvoiceStatus(fields["status"])
    fields["tax_category"] = tax_category(fields["tax_category"])
    denomination = fields.pop("purchase_denomination")
    bought = fields.pop("purchase_credits")
    fields["purchase"] = None if denomination is None else Purchase(denomination, bought)
    return Invoice(lines=lines, **fields)


def line(row: asyncpg.Record) -> Line:
    """Return an invoice's line; the columns that place it on its invoice are left aside."""
    fields = {name: value for name, value in row.items() if name not in {"invoice_id", "position"}}
    fields["kind"] = LineKind(fields["kind"])
    fields["calculation"] = calculations.read(fields["calculation"])
    return Line(**fields)


def payment(row: asyncpg.Record) -> Payment:
    """Return a payment."""
    return Payment(**dict(row))


def application(row: asyncpg.Record) -> Application:
    """Return an application of money to an invoice."""
    fields = dict(row)
    fields["source"] = Source(fields["source"])
    return Application(**fields)


def credit_note(row: asyncpg.Record) -> CreditNote:
    """Return a credit note; its lines are stored with it."""
    fields = dict(row)
    fields["kind"] = NoteKind(fields["kind"])
    fields["tax_category"] = tax_category(fields["tax_category"])
    fields["invoice_ids"] = tuple(fields["invoice_ids"])
    fields["lines"] = tuple(_stored_line(one) for one in fields["lines"])
    return CreditNote(**fields)


def _stored_line(stored: dict[str, Any]) -> Line:
    fields: dict[str, object] = dict(stored)
    fields["kind"] = LineKind(str(fields["kind"]))
    for name in ("starts_at", "ends_at"):
        if fields[name] is not None:
            fields[name] = datetime.fromisoformat(str(fields[name]))
    for name in ("amount", "quantity", "unit_price"):
        if isinstance(fields[name], int):
            fields[name] = Decimal(str(fields[name]))
    fields["calculation"] = calculations.read(stored["calculation"])
    return Line(**fields)  # type: ignore[arg-type] # written by store/outcome_money.py from a Line


def balance(row: asyncpg.Record) -> Balance:
    """Return a balance."""
    return Balance(**dict(row))


def balance_entry(row: asyncpg.Record) -> BalanceEntry:
    """Return a movement of a balance."""
    fields = dict(row)
    fields["kind"] = EntryKind(fields["kind"])
    return BalanceEntry(**fields)


def counter(row: asyncpg.Record) -> Counter:
    """Return a counter."""
    return Counter(
        key=CounterKey(
            row["subscription_id"], row["seq"], row["feature_key"], row["version_id"], row["window"]
        ),
        customer_id=row["customer_id"],
        units=row["units"],
        covered=row["covered"],
        events=row["events"],
        billed_units=row["billed_units"],
        billed_amount=row["billed_amount"],
        awaits_invoice=row["awaits_invoice"],
        billed_by=row["billed_by"],
        billed_tax=_billed_tax(row),
        forgiven=_stretches(row["forgiven"]),
    )


def tax_category(stored: str | None) -> TaxCategory | None:
    """Return the category of a tax, where one was said."""
    return None if stored is None else TaxCategory(stored)


def _stretches(bounds: Sequence[Decimal]) -> tuple[Stretch, ...]:
    return tuple(zip(bounds[::2], bounds[1::2], strict=True))


def _billed_tax(row: asyncpg.Record) -> Tax | None:
    rate = row["billed_tax_rate"]
    if rate is None:
        return None
    category = tax_category(row["billed_tax_category"])
    return Tax(rate, category, row["billed_tax_exemption_reason"])


def pool(row: asyncpg.Record) -> Pool:
    """Return a credit pool."""
    return Pool(**dict(row))


def grant(row: asyncpg.Record) -> Grant:
    """Return a grant of credits."""
    fields = dict(row)
    fields["kind"] = GrantKind(fields["kind"])
    if fields["rollover"] is not None:
        fields["rollover"] = Rollover(fields["rollover"])
    return Grant(**fields)


def transaction(row: asyncpg.Record) -> Transaction:
    """Return a movement of a pool; whether it was reversed since is no part of it."""
    fields = {name: value for name, value in row.items() if name != "is_reversed"}
    fields["kind"] = TransactionKind(fields["kind"])
    fields["taken"] = tuple(
        (GrantId(UUID(grant_id)), Decimal(amount)) for grant_id, amount in fields["taken"]
    )
    return Transaction(**fields)
