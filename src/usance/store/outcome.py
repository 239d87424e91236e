"""The outcome: the only writer of what a decision decided.

New rows are inserted as new and changed ones updated as they stand, so a step that was taken
already meets a key and fails as a whole. Document numbers are given last but for the rows that
carry them, since their series is the one row that all customers of an account share.

Sources: BILLING.md, "Five principles", "Numbers".
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from usance.core.accounts import Account
from usance.core.ids import AccountId, CustomerId
from usance.core.invoices import CreditNote, Invoice
from usance.core.outcome import Changes, Outcome
from usance.store.db import Tx

T = TypeVar("T")

_INSERT_SUBSCRIPTION: Final = """
    INSERT INTO subscriptions (account_id, customer_id, subscription_id, plan_id, version_id, status,
                               zone, grace_days, anchor_at, anchor_seq, anchor_day, seq, expires_at,
                               trial_ends_at, cancel_mode, cancel_at, cancelled_at, settle,
                               next_due_at, parked_at, parked_reason, parked_count, metadata,
                               created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
            $20, $21, $22, $23, $24)
"""

_UPDATE_SUBSCRIPTION: Final = """
    UPDATE subscriptions
       SET plan_id = $4, version_id = $5, status = $6, zone = $7, grace_days = $8, anchor_at = $9,
           anchor_seq = $10, anchor_day = $11, seq = $12, expires_at = $13, trial_ends_at = $14,
           cancel_mode = $15, cancel_at = $16, cancelled_at = $17, settle = $18, next_due_at = $19,
           parked_at = $20, parked_reason = $21, parked_count = $22, metadata = $23
     WHERE account_id = $1
       AND customer_id = $2
       AND subscription_id = $3
       AND created_at = $24
"""

_PUT_CHANGE: Final = """
    INSERT INTO pending_changes (account_id, customer_id, subscription_id, version_id, plan_id,
                                 requested_at)
    VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (account_id, customer_id, subscription_id)
        DO UPDATE SET version_id = EXCLUDED.version_id, plan_id = EXCLUDED.plan_id,
                      requested_at = EXCLUDED.requested_at
"""

_DROP_CHANGE: Final = """
    DELETE FROM pending_changes
     WHERE account_id = $1
       AND customer_id = $2
       AND subscription_id = $3
"""

_INSERT_PERIOD: Final = """
    INSERT INTO periods (account_id, customer_id, subscription_id, seq, starts_at, ends_at,
                         planned_ends_at, is_trial, usage_from_seq, closed_at, billed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""

_UPDATE_PERIOD: Final = """
    UPDATE periods
       SET ends_at = $5, closed_at = $6, billed_at = $7
     WHERE account_id = $1
       AND customer_id = $2
       AND subscription_id = $3
       AND seq = $4
"""

_INSERT_SEGMENT: Final = """
    INSERT INTO segments (account_id, customer_id, subscription_id, seq, n, version_id, starts_at,
                          charge, invoice_id, undone_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""

_UPDATE_SEGMENT: Final = """
    UPDATE segments
       SET undone_at = $6
     WHERE account_id = $1
       AND customer_id = $2
       AND subscription_id = $3
       AND seq = $4
       AND n = $5
"""

_INSERT_INVOICE: Final = """
    INSERT INTO invoices (account_id, customer_id, invoice_id, subscription_id, seq, kind, n,
                          currency, created_at, status, number, subtotal, tax_rate, tax_amount,
                          amount, amount_paid, issued_at, due_at, past_due_at, paid_at, reopened_at,
                          voided_at, void_reason, replaced_by, starts_at, ends_at,
                          purchase_denomination, purchase_credits)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
            $20, $21, $22, $23, $24, $25, $26, $27, $28)
"""

_UPDATE_INVOICE: Final = """
    UPDATE invoices
       SET status = $4, number = $5, subtotal = $6, tax_rate = $7, tax_amount = $8, amount = $9,
           amount_paid = $10, issued_at = $11, due_at = $12, past_due_at = $13, paid_at = $14,
           reopened_at = $15, voided_at = $16, void_reason = $17, replaced_by = $18, starts_at = $19,
           ends_at = $20
     WHERE account_id = $1
       AND customer_id = $2
       AND invoice_id = $3
"""

# Only a PENDING invoice gets lines anew, and none of those is kept: it is written when it is issued.
_INSERT_LINE: Final = """
    INSERT INTO invoice_lines (account_id, customer_id, invoice_id, position, kind, description,
                               amount, feature_key, quantity, unit_price, starts_at, ends_at,
                               elapsed_us, length_us)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        ON CONFLICT (account_id, customer_id, invoice_id, position) DO NOTHING
"""

_INSERT_PAYMENT: Final = """
    INSERT INTO payments (account_id, customer_id, payment_id, currency, amount, method, reference,
                          note, paid_at, recorded_at, reversed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""

_UPDATE_PAYMENT: Final = """
    UPDATE payments
       SET reversed_at = $4
     WHERE account_id = $1
       AND customer_id = $2
       AND payment_id = $3
"""

_INSERT_NOTE: Final = """
    INSERT INTO credit_notes (account_id, customer_id, credit_note_id, subscription_id, seq, kind, n,
                              number, currency, subtotal, tax_rate, tax_amount, amount, invoice_ids,
                              lines, issued_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
"""

_INSERT_APPLICATION: Final = """
    INSERT INTO applications (account_id, customer_id, application_id, invoice_id, source, source_id,
                              amount, applied_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

_PUT_BALANCE: Final = """
    INSERT INTO balances (account_id, customer_id, currency, amount)
    VALUES ($1, $2, $3, $4)
        ON CONFLICT (account_id, customer_id, currency) DO UPDATE SET amount = EXCLUDED.amount
"""

_INSERT_ENTRY: Final = """
    INSERT INTO balance_entries (account_id, customer_id, entry_id, currency, amount, kind,
                                 source_id, at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

_PUT_COUNTER: Final = """
    INSERT INTO counters (account_id, customer_id, subscription_id, seq, feature_key, version_id,
                          "window", units, covered, events, billed_units, billed_amount,
                          awaits_invoice)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        ON CONFLICT (account_id, customer_id, subscription_id, seq, feature_key, version_id, "window")
        DO UPDATE SET units = EXCLUDED.units, covered = EXCLUDED.covered, events = EXCLUDED.events,
                      billed_units = EXCLUDED.billed_units, billed_amount = EXCLUDED.billed_amount,
                      awaits_invoice = EXCLUDED.awaits_invoice
"""

_INSERT_COUNTER_VALUE: Final = """
    INSERT INTO counter_values (account_id, customer_id, subscription_id, seq, feature_key,
                                version_id, "window", value)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

_INSERT_EVENT_KEY: Final = """
    INSERT INTO event_keys (account_id, customer_id, key, event_id, recorded_at, fingerprint)
    VALUES ($1, $2, $3, $4, $5, $6)
"""

_INSERT_EVENT: Final = """
    INSERT INTO usage_events (account_id, customer_id, event_id, recorded_at, occurred_at, key, name,
                              feature_key, subscription_id, seq, version_id, "window", units,
                              billable, covered, credits, cost_amount, cost_currency, cost_detail,
                              revenue_amount, model, flow_id, meta, receipt)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
            $20, $21, $22, $23, $24)
"""

_INSERT_POOL: Final = """
    INSERT INTO credit_pools (account_id, customer_id, pool_id, overdraft, granted, consumed, expired,
                              clawed, transactions, next_due_at, denomination, hard_limit, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""

_UPDATE_POOL: Final = """
    UPDATE credit_pools
       SET overdraft = $4, granted = $5, consumed = $6, expired = $7, clawed = $8,
           transactions = $9, next_due_at = $10
     WHERE account_id = $1
       AND customer_id = $2
       AND pool_id = $3
"""

_INSERT_GRANT: Final = """
    INSERT INTO credit_grants (account_id, customer_id, grant_id, remaining, pool_id, kind, amount,
                               priority, granted_at, expires_at, reason, subscription_id, seq, n,
                               "window", rollover, rollover_cap)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
"""

_UPDATE_GRANT: Final = """
    UPDATE credit_grants
       SET remaining = $4
     WHERE account_id = $1
       AND customer_id = $2
       AND grant_id = $3
"""

_INSERT_TRANSACTION: Final = """
    INSERT INTO credit_transactions (account_id, customer_id, pool_id, seq, transaction_id, kind,
                                     amount, balance_after, taken, event_id, reverses, reason, at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""

_INSERT_NOTICE: Final = """
    INSERT INTO notices (account_id, customer_id, notice_id, kind, subject_id, payload, at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

_DECIDED: Final = """
    UPDATE customers
       SET decided_at = $3
     WHERE account_id = $1
       AND customer_id = $2
       AND decided_at < $3
"""

_TAKE_NUMBERS: Final = """
    INSERT INTO number_series (account_id, series, next)
    VALUES ($1, $2, 1 + $3)
        ON CONFLICT (account_id, series) DO UPDATE SET next = number_series.next + $3
    RETURNING next - $3
"""

_INSERT_NUMBER: Final = """
    INSERT INTO document_numbers (account_id, series, seq, number, customer_id, document_id)
    VALUES ($1, $2, $3, $4, $5, $6)
"""


async def write(
    tx: Tx, account: Account, customer_id: CustomerId, outcome: Outcome, *, now: datetime
) -> Outcome:
    """Write an outcome of a locked customer and return it with its documents numbered."""
    of = (account.id, customer_id)
    await tx.execute(_DECIDED, *of, now)
    await _write_subscriptions(tx, of, outcome)
    await _write_credits(tx, of, outcome)
    await _many(tx, _INSERT_PAYMENT, of, outcome.payments.inserted, _payment)
    await _many(tx, _UPDATE_PAYMENT, of, outcome.payments.updated, lambda p: (p.id, p.reversed_at))
    await _many(tx, _PUT_BALANCE, of, outcome.balances.all, lambda b: (b.currency, b.amount))
    await _many(
        tx,
        _INSERT_ENTRY,
        of,
        outcome.balance_entries,
        lambda e: (e.id, e.currency, e.amount, e.kind.value, e.source_id, e.at),
    )
    await _many(
        tx,
        _INSERT_NOTICE,
        of,
        outcome.notices,
        lambda n: (n.id, n.kind, n.subject_id, dict(n.payload), n.at),
    )
    outcome = await _numbered(tx, account, outcome)
    await _write_documents(tx, of, outcome)
    await _write_usage(tx, of, outcome)
    return outcome


Of = tuple[AccountId, CustomerId]


async def _many(
    tx: Tx,
    statement: str,
    of: Of,
    values: Iterable[T],
    columns: Callable[[T], tuple[object, ...]],
) -> None:
    """Run a statement once for each value, in one round trip; nothing for none."""
    arguments = [(*of, *columns(value)) for value in values]
    if arguments:
        await tx.executemany(statement, arguments)


async def _write_subscriptions(tx: Tx, of: Of, outcome: Outcome) -> None:
    await _many(tx, _INSERT_SUBSCRIPTION, of, outcome.subscriptions.inserted, _subscription)
    await _many(tx, _UPDATE_SUBSCRIPTION, of, outcome.subscriptions.updated, _subscription)
    await _many(tx, _DROP_CHANGE, of, outcome.dropped_changes, lambda one: (one,))
    await _many(
        tx,
        _PUT_CHANGE,
        of,
        outcome.changes.all,
        lambda c: (c.subscription_id, c.version_id, c.plan_id, c.requested_at),
    )
    await _many(
        tx,
        _INSERT_PERIOD,
        of,
        outcome.periods.inserted,
        lambda p: (
            p.subscription_id,
            p.seq,
            p.starts_at,
            p.ends_at,
            p.planned_ends_at,
            p.is_trial,
            p.usage_from_seq,
            p.closed_at,
            p.billed_at,
        ),
    )
    await _many(
        tx,
        _UPDATE_PERIOD,
        of,
        outcome.periods.updated,
        lambda p: (p.subscription_id, p.seq, p.ends_at, p.closed_at, p.billed_at),
    )


async def _write_documents(tx: Tx, of: Of, outcome: Outcome) -> None:
    """Write invoices and credit notes with what points at them."""
    await _many(tx, _INSERT_INVOICE, of, outcome.invoices.inserted, _new_invoice)
    await _many(
        tx, _UPDATE_INVOICE, of, outcome.invoices.updated, lambda i: (i.id, *_invoice_state(i))
    )
    lines = [(i, n, line) for i in outcome.invoices.all for n, line in enumerate(i.lines)]
    await _many(tx, _INSERT_LINE, of, lines, _line)
    await _many(tx, _INSERT_NOTE, of, outcome.credit_notes, _note)
    await _many(
        tx,
        _INSERT_APPLICATION,
        of,
        outcome.applications,
        lambda a: (a.id, a.invoice_id, a.source.value, a.source_id, a.amount, a.applied_at),
    )
    await _many(
        tx,
        _INSERT_SEGMENT,
        of,
        outcome.segments.inserted,
        lambda s: (
            s.subscription_id,
            s.seq,
            s.n,
            s.version_id,
            s.starts_at,
            s.charge,
            s.invoice_id,
            s.undone_at,
        ),
    )
    await _many(
        tx,
        _UPDATE_SEGMENT,
        of,
        outcome.segments.updated,
        lambda s: (s.subscription_id, s.seq, s.n, s.undone_at),
    )


async def _write_credits(tx: Tx, of: Of, outcome: Outcome) -> None:
    await _many(
        tx,
        _INSERT_POOL,
        of,
        outcome.pools.inserted,
        lambda p: (*_pool_state(p), p.denomination, p.hard_limit, p.created_at),
    )
    await _many(tx, _UPDATE_POOL, of, outcome.pools.updated, _pool_state)
    await _many(
        tx,
        _INSERT_GRANT,
        of,
        outcome.grants.inserted,
        lambda g: (
            g.id,
            g.remaining,
            g.pool_id,
            g.kind.value,
            g.amount,
            g.priority,
            g.granted_at,
            g.expires_at,
            g.reason,
            g.subscription_id,
            g.seq,
            g.n,
            g.window,
            None if g.rollover is None else g.rollover.value,
            g.rollover_cap,
        ),
    )
    await _many(tx, _UPDATE_GRANT, of, outcome.grants.updated, lambda g: (g.id, g.remaining))
    await _many(
        tx,
        _INSERT_TRANSACTION,
        of,
        outcome.transactions,
        lambda t: (
            t.pool_id,
            t.seq,
            t.id,
            t.kind.value,
            t.amount,
            t.balance_after,
            [[str(grant_id), amount] for grant_id, amount in t.taken],
            t.event_id,
            t.reverses,
            t.reason,
            t.at,
        ),
    )


async def _write_usage(tx: Tx, of: Of, outcome: Outcome) -> None:
    await _many(
        tx,
        _PUT_COUNTER,
        of,
        outcome.counters.all,
        lambda c: (
            *c.key,
            c.units,
            c.covered,
            c.events,
            c.billed_units,
            c.billed_amount,
            c.awaits_invoice,
        ),
    )
    await _many(
        tx, _INSERT_COUNTER_VALUE, of, outcome.counter_values, lambda pair: (*pair[0].key, pair[1])
    )
    await _many(
        tx,
        _INSERT_EVENT_KEY,
        of,
        outcome.events,
        lambda e: (e.key, e.id, e.recorded_at, e.fingerprint),
    )
    await _many(tx, _INSERT_EVENT, of, outcome.events, _event)


# Numbers -------------------------------------------------------------------------------------------


async def _numbered(tx: Tx, account: Account, outcome: Outcome) -> Outcome:
    """Return the outcome with a number on each document that was issued and has none."""
    issued = [i for i in outcome.invoices.all if i.issued_at is not None and i.number is None]
    invoices = await _take_numbers(tx, account, "INVOICE", "INV", issued)
    notes = await _take_numbers(tx, account, "CREDIT_NOTE", "CN", outcome.credit_notes)
    if not invoices and not notes:
        return outcome

    def named(invoice: Invoice) -> Invoice:
        number = invoices.get(invoice.id)
        return invoice if number is None else replace(invoice, number=number)

    return replace(
        outcome,
        invoices=Changes(
            tuple(named(i) for i in outcome.invoices.inserted),
            tuple(named(i) for i in outcome.invoices.updated),
        ),
        credit_notes=tuple(replace(n, number=notes[n.id]) for n in outcome.credit_notes),
    )


async def _take_numbers(
    tx: Tx, account: Account, series: str, prefix: str, documents: Sequence[Invoice | CreditNote]
) -> dict[object, str]:
    """Return the next numbers of a series, one for each document, by its id."""
    if not documents:
        return {}
    first = await tx.fetchval(_TAKE_NUMBERS, account.id, series, len(documents))
    numbers: dict[object, str] = {}
    rows = []
    for seq, document in enumerate(documents, start=first):
        assert document.issued_at is not None, "a number is given when a document is issued"
        year = document.issued_at.astimezone(ZoneInfo(account.zone)).year
        numbers[document.id] = f"{prefix}-{year}-{seq:05}"
        rows.append(
            (account.id, series, seq, numbers[document.id], document.customer_id, document.id)
        )
    await tx.executemany(_INSERT_NUMBER, rows)
    return numbers


# Columns, in the order of the statements ------------------------------------------------------------


def _subscription(s: Any) -> tuple[object, ...]:  # noqa: ANN401 - typed where it is called
    return (
        s.id,
        s.plan_id,
        s.version_id,
        s.status.value,
        s.zone,
        s.grace_days,
        s.anchor_at,
        s.anchor_seq,
        s.anchor_day,
        s.seq,
        s.expires_at,
        s.trial_ends_at,
        None if s.cancel_mode is None else s.cancel_mode.value,
        s.cancel_at,
        s.cancelled_at,
        s.settle,
        s.next_due_at,
        s.parked_at,
        s.parked_reason,
        s.parked_count,
        dict(s.metadata),
        s.created_at,
    )


def _new_invoice(i: Invoice) -> tuple[object, ...]:
    return (
        i.id,
        i.subscription_id,
        i.seq,
        i.kind.value,
        i.n,
        i.currency,
        i.created_at,
        *_invoice_state(i),
        None if i.purchase is None else i.purchase.denomination,
        None if i.purchase is None else i.purchase.credits,
    )


def _invoice_state(i: Invoice) -> tuple[object, ...]:
    return (
        i.status.value,
        i.number,
        i.subtotal,
        i.tax_rate,
        i.tax_amount,
        i.amount,
        i.amount_paid,
        i.issued_at,
        i.due_at,
        i.past_due_at,
        i.paid_at,
        i.reopened_at,
        i.voided_at,
        i.void_reason,
        i.replaced_by,
        i.starts_at,
        i.ends_at,
    )


def _line(placed: Any) -> tuple[object, ...]:  # noqa: ANN401 - (invoice, position, line)
    invoice, position, line = placed
    return (
        invoice.id,
        position,
        line.kind.value,
        line.description,
        line.amount,
        line.feature_key,
        line.quantity,
        line.unit_price,
        line.starts_at,
        line.ends_at,
        line.elapsed_us,
        line.length_us,
    )


def _payment(p: Any) -> tuple[object, ...]:  # noqa: ANN401 - typed where it is called
    return (
        p.id,
        p.currency,
        p.amount,
        p.method,
        p.reference,
        p.note,
        p.paid_at,
        p.recorded_at,
        p.reversed_at,
    )


def _note(n: CreditNote) -> tuple[object, ...]:
    return (
        n.id,
        n.subscription_id,
        n.seq,
        n.kind.value,
        n.n,
        n.number,
        n.currency,
        n.subtotal,
        n.tax_rate,
        n.tax_amount,
        n.amount,
        list(n.invoice_ids),
        [asdict(line) for line in n.lines],
        n.issued_at,
    )


def _pool_state(p: Any) -> tuple[object, ...]:  # noqa: ANN401 - typed where it is called
    return (
        p.id,
        p.overdraft,
        p.granted,
        p.consumed,
        p.expired,
        p.clawed,
        p.transactions,
        p.next_due_at,
    )


def _event(e: Any) -> tuple[object, ...]:  # noqa: ANN401 - typed where it is called
    matched = e.matched
    return (
        e.id,
        e.recorded_at,
        e.occurred_at,
        e.key,
        e.name,
        e.feature_key,
        None if matched is None else matched.subscription_id,
        None if matched is None else matched.seq,
        None if matched is None else matched.version_id,
        None if matched is None else matched.window,
        e.units,
        e.billable,
        e.covered,
        e.credits,
        e.cost_amount,
        e.cost_currency,
        e.cost_detail,
        e.revenue_amount,
        e.model,
        e.flow_id,
        e.meta,
        e.receipt,
    )
