"""The snapshot: the only reader for a decision.

The customers' rows are locked first, in the order of their ids, and all else is read in later
statements: a join that locks would show rows as they were before the wait. Every statement takes
many customers, so that one round trip serves a batch.

Sources: docs/architecture: "lock the customer first"; BILLING.md, "Five principles".
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from usance.core.accounts import Account
from usance.core.credits import Grant, Pool
from usance.core.customers import Customer
from usance.core.holds import Hold
from usance.core.ids import (
    AccountId,
    CustomerId,
    GrantId,
    InvoiceId,
    PaymentId,
    SubscriptionId,
    VersionId,
)
from usance.core.invoices import Invoice, Line
from usance.core.metering import LATEST_PAST, Counter, CounterKey
from usance.core.payments import Application, Balance, Payment
from usance.core.snapshot import Snapshot
from usance.core.subscriptions import PendingChange, Segment, Subscription, SubscriptionPeriod
from usance.store import catalog, customers, holds, rows, terms
from usance.store.db import Tx

# What an event may still reach back to, and a day for good measure.
_REACH: Final = LATEST_PAST + timedelta(days=1)

_SUBSCRIPTIONS: Final = """
    SELECT subscription_id AS id, customer_id, plan_id, version_id, status, zone, grace_days,
           created_at, metadata, anchor_at, anchor_seq, anchor_day, seq, expires_at, trial_ends_at,
           cancel_mode, cancel_at, cancelled_at, settle, next_due_at, parked_at, parked_reason,
           parked_count
      FROM subscriptions
     WHERE account_id = $1
       AND customer_id = ANY($2)
     ORDER BY created_at, subscription_id
"""

# The plan that was tried is the one that the trial began on, whatever it was changed to.
_TRIALED: Final = """
    SELECT DISTINCT g.customer_id, v.plan_id
      FROM segments g
      JOIN periods p USING (account_id, customer_id, subscription_id, seq)
      JOIN plan_versions v USING (account_id, version_id)
     WHERE g.account_id = $1
       AND g.customer_id = ANY($2)
       AND g.seq = 0
       AND g.n = 0
       AND p.is_trial
     ORDER BY g.customer_id, v.plan_id
"""

_CHANGES: Final = """
    SELECT subscription_id, customer_id, plan_id, version_id, requested_at, invoice_id
      FROM pending_changes
     WHERE account_id = $1
       AND customer_id = ANY($2)
     ORDER BY subscription_id
"""

# The running period and the one before, those that an event can still reach, with those that a plan
# change cut before them; those whose usage awaits an invoice, and those of unpaid invoices: also a later one, of which a fee paid late became the base;
# and the one after, which tells whether a plan change gave back some of the fee.
_PERIODS: Final = """
      WITH reached AS MATERIALIZED (
        SELECT s.subscription_id, min(r.usage_from_seq) AS seq
          FROM subscriptions s
          JOIN periods r USING (account_id, customer_id, subscription_id)
         WHERE s.account_id = $1
           AND s.customer_id = ANY($2)
           AND s.subscription_id = ANY($3)
           AND (r.seq >= s.seq - 1 OR r.ends_at > $4)
         GROUP BY s.subscription_id)
    SELECT p.subscription_id, p.customer_id, p.seq, p.starts_at, p.ends_at, p.planned_ends_at,
           p.is_trial, p.usage_from_seq, p.anchor_at, p.anchor_day, p.closed_at, p.billed_at,
           p.collect_at
      FROM periods p
      JOIN reached s USING (subscription_id)
     WHERE p.account_id = $1
       AND p.customer_id = ANY($2)
       AND p.subscription_id = ANY($3)
       AND (p.seq >= s.seq
            OR (p.collect_at IS NOT NULL AND p.billed_at IS NULL)
            OR EXISTS (SELECT FROM counters c
                        WHERE c.account_id = p.account_id
                          AND c.customer_id = p.customer_id
                          AND c.subscription_id = p.subscription_id
                          AND c.seq = p.seq
                          AND c.awaits_invoice)
            OR EXISTS (SELECT FROM invoices i
                        WHERE i.account_id = p.account_id
                          AND i.customer_id = p.customer_id
                          AND i.subscription_id = p.subscription_id
                          AND i.seq = p.seq
                          AND i.status IN ('PENDING', 'DUE', 'PAST_DUE', 'UNCOLLECTIBLE'))
            OR (p.subscription_id, p.seq) IN
               (SELECT g.subscription_id, g.seq + nearby.n
                  FROM invoices i
                  JOIN segments g USING (account_id, customer_id, subscription_id, invoice_id)
                 CROSS JOIN (VALUES (0), (1)) AS nearby (n)
                 WHERE i.account_id = $1
                   AND i.customer_id = ANY($2)
                   AND i.status IN ('PENDING', 'DUE', 'PAST_DUE', 'UNCOLLECTIBLE')
                   AND g.seq >= i.seq))
     ORDER BY p.subscription_id, p.seq
"""

_SEGMENTS: Final = """
    SELECT g.subscription_id, g.customer_id, g.seq, g.n, g.version_id, g.starts_at, g.charge,
           g.invoice_id, g.undone_at
      FROM segments g
      JOIN unnest($3::uuid[], $4::int[]) AS p (subscription_id, seq) USING (subscription_id, seq)
     WHERE g.account_id = $1
       AND g.customer_id = ANY($2)
     ORDER BY g.subscription_id, g.seq, g.n
"""

INVOICE_COLUMNS: Final = """
           invoice_id AS id, customer_id, subscription_id, seq, kind, n, status, currency, subtotal,
           tax_rate, tax_category, tax_exemption_reason, tax_amount, amount, amount_paid,
           created_at, number, issued_at, due_at, past_due_at, paid_at, reopened_at, voided_at, void_reason, voided_by_end,
           written_off_at, write_off_reason, memo, parties, replaced_by, purchase_denomination,
           purchase_credits, starts_at, ends_at
"""

_INVOICES: Final = f"""
    SELECT {INVOICE_COLUMNS}
      FROM invoices
     WHERE account_id = $1
       AND customer_id = ANY($2)
       AND (status IN ('PENDING', 'DUE', 'PAST_DUE', 'UNCOLLECTIBLE') OR invoice_id = ANY($3))
     ORDER BY created_at, invoice_id
"""

_LINES: Final = """
    SELECT invoice_id, position, kind, description, amount, feature_key, quantity, unit_price,
           starts_at, ends_at, elapsed_us, length_us, calculation
      FROM invoice_lines
     WHERE account_id = $1
       AND customer_id = ANY($2)
       AND invoice_id = ANY($3)
     ORDER BY invoice_id, position
"""

_PAYMENTS: Final = """
    SELECT payment_id AS id, customer_id, currency, amount, method, reference, note, paid_at,
           recorded_at, reversed_at, reversal_reason
      FROM payments
     WHERE account_id = $1
       AND customer_id = ANY($2)
       AND (reference = ANY($3) OR payment_id = ANY($4))
     ORDER BY payment_id
"""

_APPLICATIONS: Final = """
    SELECT application_id AS id, customer_id, invoice_id, source, source_id, amount, applied_at
      FROM applications
     WHERE account_id = $1
       AND customer_id = ANY($2)
       AND (source_id = ANY($3) OR source = 'BALANCE')
     ORDER BY applied_at, application_id
"""

_BALANCES: Final = """
    SELECT customer_id, currency, amount
      FROM balances
     WHERE account_id = $1
       AND customer_id = ANY($2)
     ORDER BY customer_id, currency
"""

_COUNTERS: Final = """
    SELECT c.subscription_id, c.seq, c.feature_key, c.version_id, c."window", c.customer_id,
           c.units, c.covered, c.events, c.billed_units, c.billed_amount, c.awaits_invoice,
           c.billed_by, c.billed_tax_rate, c.billed_tax_category, c.billed_tax_exemption_reason,
           c.forgiven
      FROM counters c
      JOIN unnest($3::uuid[], $4::int[]) AS p (subscription_id, seq) USING (subscription_id, seq)
     WHERE c.account_id = $1
       AND c.customer_id = ANY($2)
     ORDER BY c.subscription_id, c.seq, c.feature_key, c.version_id, c."window"
"""

POOL_COLUMNS: Final = """
           pool_id AS id, customer_id, denomination, hard_limit, created_at, overdraft, granted,
           consumed, expired, clawed, transactions, next_due_at
"""

_POOLS: Final = f"""
    SELECT {POOL_COLUMNS}
      FROM credit_pools
     WHERE account_id = $1
       AND customer_id = ANY($2)
     ORDER BY pool_id
"""

GRANT_COLUMNS: Final = """
           grant_id AS id, customer_id, pool_id, kind, amount, remaining, priority, granted_at,
           expires_at, reason, subscription_id, seq, n, "window", rollover, rollover_cap, clawed
"""

# What has something left, and what the running periods were given, spent or not.
_GRANTS: Final = f"""
    SELECT {GRANT_COLUMNS}
      FROM credit_grants g
     WHERE account_id = $1
       AND customer_id = ANY($2)
       AND (remaining > 0
            OR grant_id = ANY($5)
            OR EXISTS (SELECT FROM unnest($3::uuid[], $4::int[]) AS p (subscription_id, seq)
                        WHERE p.subscription_id = g.subscription_id
                          AND p.seq = g.seq))
     ORDER BY grant_id
"""


@dataclass(frozen=True, slots=True)
class Named:
    """What a request names beyond what is live: it is read too, whatever its state."""

    subscriptions: tuple[SubscriptionId, ...] = ()
    invoices: tuple[InvoiceId, ...] = ()
    references: tuple[str, ...] = ()  # of payments
    payments: tuple[PaymentId, ...] = ()  # with all that they, and the balance, have paid
    versions: tuple[VersionId, ...] = ()
    grants: tuple[GrantId, ...] = ()
    # A check or an event looks at no lines of invoices, balances, pending changes and past trials:
    # they are left out, and no step may be taken from such a snapshot.
    usage_only: bool = False


@dataclass(slots=True)
class _Parts:
    """The rows of one customer, as they come in."""

    subscriptions: dict[SubscriptionId, Subscription] = field(default_factory=dict)
    changes: dict[SubscriptionId, PendingChange] = field(default_factory=dict)
    periods: dict[tuple[SubscriptionId, int], SubscriptionPeriod] = field(default_factory=dict)
    segments: dict[tuple[SubscriptionId, int, int], Segment] = field(default_factory=dict)
    invoices: dict[InvoiceId, Invoice] = field(default_factory=dict)
    payments: list[Payment] = field(default_factory=list)
    balances: dict[str, Balance] = field(default_factory=dict)
    counters: dict[CounterKey, Counter] = field(default_factory=dict)
    pools: list[Pool] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    applications: list[Application] = field(default_factory=list)
    trialed: set[object] = field(default_factory=set)


async def of_customer(
    tx: Tx, account: Account, customer: Customer, *, now: datetime, named: Named = Named()
) -> Snapshot:
    """Return the snapshot of one customer, who is locked if the decision will be written."""
    snapshots = await of_customers(tx, account, [customer], now=now, named=named)
    return snapshots[customer.id]


async def of_customers(
    tx: Tx,
    account: Account,
    who: Sequence[Customer],
    *,
    now: datetime,
    named: Named,
) -> dict[CustomerId, Snapshot]:
    """Return the snapshots of customers of one account."""
    ids = [customer.id for customer in who]
    parts: dict[CustomerId, _Parts] = defaultdict(_Parts)
    await _read_subscriptions(tx, account.id, ids, parts, now=now, named=named)
    spans = [key for one in parts.values() for key in one.periods]
    keys = ([subscription_id for subscription_id, _ in spans], [seq for _, seq in spans])
    await _read_money(tx, account.id, ids, parts, named=named)
    await _read_usage(tx, account.id, ids, parts, keys, now=now, named=named)
    known = await terms.terms(tx, account)
    versions = await catalog.versions(
        tx, account.id, {*_versions_of(parts.values()), *named.versions}
    )
    return {
        customer.id: Snapshot(
            account=account,
            customer=customer,
            features=known.features,
            credit_models=known.credit_models,
            credit_prices=known.credit_prices,
            credit_weights=known.credit_weights,
            costs=known.costs,
            versions=versions,
            subscriptions=parts[customer.id].subscriptions,
            changes=parts[customer.id].changes,
            periods=parts[customer.id].periods,
            segments=parts[customer.id].segments,
            invoices=parts[customer.id].invoices,
            payments={one.id: one for one in parts[customer.id].payments},
            balances=parts[customer.id].balances,
            counters=parts[customer.id].counters,
            pools={one.id: one for one in parts[customer.id].pools},
            grants={one.id: one for one in parts[customer.id].grants},
            holds={one.id: one for one in parts[customer.id].holds},
            applications=tuple(parts[customer.id].applications),
            trialed=frozenset(parts[customer.id].trialed),  # type: ignore[arg-type] # plan ids
        )
        for customer in who
    }


def _versions_of(parts: Iterable[_Parts]) -> set[VersionId]:
    found: set[VersionId] = set()
    for one in parts:
        found.update(s.version_id for s in one.subscriptions.values())
        found.update(s.version_id for s in one.segments.values())
        found.update(c.version_id for c in one.changes.values())
    return found


async def _read_subscriptions(
    tx: Tx,
    account_id: AccountId,
    ids: list[CustomerId],
    parts: dict[CustomerId, _Parts],
    *,
    now: datetime,
    named: Named,
) -> None:
    reach = now - _REACH
    # Those that ended long ago still say why there is no access; nothing else of them is asked.
    mine = []
    for row in await tx.fetch(_SUBSCRIPTIONS, account_id, ids):
        subscription = rows.subscription(row)
        parts[subscription.customer_id].subscriptions[subscription.id] = subscription
        if subscription.id in named.subscriptions or _is_within(subscription, reach):
            mine.append(subscription.id)
    if not named.usage_only:
        for row in await tx.fetch(_TRIALED, account_id, ids):
            parts[row["customer_id"]].trialed.add(row["plan_id"])
        for row in await tx.fetch(_CHANGES, account_id, ids):
            change = rows.change(row)
            parts[change.customer_id].changes[change.subscription_id] = change
    for row in await tx.fetch(_PERIODS, account_id, ids, mine, reach):
        period = rows.period(row)
        parts[period.customer_id].periods[period.subscription_id, period.seq] = period
    spans = [key for one in parts.values() for key in one.periods]
    of_subscription, seqs = [one for one, _ in spans], [seq for _, seq in spans]
    for row in await tx.fetch(_SEGMENTS, account_id, ids, of_subscription, seqs):
        segment = rows.segment(row)
        own = parts[segment.customer_id].segments
        own[segment.subscription_id, segment.seq, segment.n] = segment


def _is_within(subscription: Subscription, reach: datetime) -> bool:
    """Whether usage or time can still change the subscription."""
    if not subscription.is_ended or subscription.next_due_at is not None:
        return True
    return subscription.cancelled_at is not None and subscription.cancelled_at > reach


async def _read_money(
    tx: Tx,
    account_id: AccountId,
    ids: list[CustomerId],
    parts: dict[CustomerId, _Parts],
    *,
    named: Named,
) -> None:
    charged = {
        s.invoice_id for one in parts.values() for s in one.segments.values() if s.invoice_id
    }
    wanted = [*charged, *named.invoices]
    if named.payments:
        for row in await tx.fetch(_APPLICATIONS, account_id, ids, list(named.payments)):
            parts[row["customer_id"]].applications.append(rows.application(row))
        wanted += [a.invoice_id for one in parts.values() for a in one.applications]
    found = await tx.fetch(_INVOICES, account_id, ids, wanted)
    lines: dict[InvoiceId, list[Line]] = defaultdict(list)
    if not named.usage_only:
        for row in await tx.fetch(_LINES, account_id, ids, [row["id"] for row in found]):
            lines[row["invoice_id"]].append(rows.line(row))
    for row in found:
        invoice = rows.invoice(row, tuple(lines[row["id"]]))
        parts[invoice.customer_id].invoices[invoice.id] = invoice
    if named.references or named.payments:
        references, payments = list(named.references), list(named.payments)
        for row in await tx.fetch(_PAYMENTS, account_id, ids, references, payments):
            parts[row["customer_id"]].payments.append(rows.payment(row))
    if not named.usage_only:
        for row in await tx.fetch(_BALANCES, account_id, ids):
            parts[row["customer_id"]].balances[row["currency"]] = rows.balance(row)


async def _read_usage(
    tx: Tx,
    account_id: AccountId,
    ids: list[CustomerId],
    parts: dict[CustomerId, _Parts],
    keys: tuple[list[SubscriptionId], list[int]],
    *,
    now: datetime,
    named: Named,
) -> None:
    # Also those that a named invoice charges, however long its period is over.
    counted = {*zip(*keys, strict=True)}
    for one in parts.values():
        for invoice_id in named.invoices:
            if (invoice := one.invoices.get(invoice_id)) is not None:
                counted.update(invoice.charged_periods)
    of_subscription, seqs = [one for one, _ in counted], [seq for _, seq in counted]
    for row in await tx.fetch(_COUNTERS, account_id, ids, of_subscription, seqs):
        counter = rows.counter(row)
        parts[counter.customer_id].counters[counter.key] = counter
    for row in await tx.fetch(_POOLS, account_id, ids):
        parts[row["customer_id"]].pools.append(rows.pool(row))
    for row in await tx.fetch(_GRANTS, account_id, ids, *keys, list(named.grants)):
        parts[row["customer_id"]].grants.append(rows.grant(row))
    for hold in await holds.open_of(tx, account_id, ids, now):
        parts[hold.customer_id].holds.append(hold)


async def locked(
    tx: Tx, account: Account, reference: str, *, now: datetime, named: Named = Named()
) -> Snapshot | None:
    """Lock the customer of this reference and return its snapshot, or None."""
    customer = await customers.lock(tx, account.id, reference)
    if customer is None:
        return None
    return await of_customer(tx, account, customer, now=now, named=named)
