"""The draft: a decision's working copy of its snapshot, turned into an outcome at the end.

It belongs to one call of one decision and is the only mutable thing in the core. Rows are replaced,
never changed, so the snapshot stays what it was.

Units: `now` is the instant of the decision and `at` the one that it is about, UTC. They differ for a
step that is taken late: what is written down carries `now`, what time has decided goes by `at`.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from usance.core import credits, ids, money
from usance.core.catalog import PlanVersion
from usance.core.credits import Grant, Pool, Transaction, TransactionKind
from usance.core.holds import Hold
from usance.core.ids import CreditNoteId, InvoiceId, SubscriptionId
from usance.core.invoices import CreditNote, Invoice, InvoiceStatus, Refund
from usance.core.metering import Counter, CounterKey, UsageEvent
from usance.core.outcome import Notice, Outcome, changes, check
from usance.core.payments import Application, Balance, BalanceEntry, EntryKind, Payment, Source
from usance.core.snapshot import Snapshot
from usance.core.subscriptions import PendingChange, Segment, Subscription, SubscriptionPeriod
from usance.core.values import replace

Key = TypeVar("Key")
Row = TypeVar("Row")


class Draft:
    """A working copy. Read its maps freely; write through `put` and the methods that keep sums."""

    def __init__(self, before: Snapshot, *, now: datetime, seed: UUID | str) -> None:
        """Begin with the snapshot; what is decided is decided as of `now` (but see `as_of`)."""
        self.before = before
        self.now = now
        self.at = now
        self.seed = seed
        # The snapshot's own maps; each is copied when it is first written to.
        self.subscriptions = before.subscriptions
        self.changes = before.changes
        self.periods = before.periods
        self.segments = before.segments
        self.invoices = before.invoices
        self.payments = before.payments
        self.balances = before.balances
        self.counters = before.counters
        self.pools = before.pools
        self.grants = before.grants
        self.holds = before.holds
        self.applications: list[Application] = []
        self.balance_entries: list[BalanceEntry] = []
        self.credit_notes: list[CreditNote] = []
        self.transactions: list[Transaction] = []
        self.events: list[UsageEvent] = []
        self.counter_values: list[tuple[Counter, bytes]] = []
        self.notices: list[Notice] = []
        self.newly_paid: list[InvoiceId] = []  # whose effects are still to be taken, in order
        self.charged: list[CounterKey] = []  # counters whose charge no document bears yet
        self.refunds: list[Refund] = []  # late usage below zero, not on a credit note yet
        self._made = 0

    def as_of(self, at: datetime) -> "Draft":
        """Return the draft, for a decision about an earlier instant that is only written down now."""
        self.at = at
        return self

    # Ids and names ------------------------------------------------------------------------------

    def new_id(self, *names: object) -> UUID:
        """Return the id of the thing called so under this decision's seed."""
        return ids.derived(self.now, self.seed, *names)

    def next_id(self, kind: str) -> UUID:
        """Return an id for another thing of a kind that has no natural name."""
        self._made += 1
        return self.new_id(kind, self._made)

    def version(self, subscription: Subscription) -> PlanVersion:
        """Return the version that a subscription is on."""
        return self.before.versions[subscription.version_id]

    # Rows ---------------------------------------------------------------------------------------

    def put(
        self,
        row: Subscription
        | PendingChange
        | SubscriptionPeriod
        | Segment
        | Invoice
        | Payment
        | Counter
        | Pool
        | Grant,
    ) -> None:
        """Insert the row, or replace the one with its identity."""
        was = self.before
        match row:
            case Subscription():
                self.subscriptions = _with(was.subscriptions, self.subscriptions, row.id, row)
            case PendingChange():
                self.changes = _with(was.changes, self.changes, row.subscription_id, row)
            case SubscriptionPeriod():
                self.periods = _with(was.periods, self.periods, (row.subscription_id, row.seq), row)
            case Segment():
                self.segments = _with(
                    was.segments, self.segments, (row.subscription_id, row.seq, row.n), row
                )
            case Invoice():
                self.invoices = _with(was.invoices, self.invoices, row.id, row)
            case Payment():
                self.payments = _with(was.payments, self.payments, row.id, row)
            case Counter():
                self.counters = _with(was.counters, self.counters, row.key, row)
            case Pool():
                self.pools = _with(was.pools, self.pools, row.id, row)
            case Grant():
                self.grants = _with(was.grants, self.grants, row.id, row)

    def put_hold(self, hold: Hold) -> None:
        """Insert the hold, or replace it."""
        self.holds = _with(self.before.holds, self.holds, hold.id, hold)

    def drop_change(self, subscription_id: SubscriptionId) -> PendingChange | None:
        """Remove what a subscription was to change into, and return it; None: nothing."""
        kept = dict(self.changes)
        change = kept.pop(subscription_id, None)
        self.changes = kept
        return change

    def running_period(self, subscription: Subscription) -> SubscriptionPeriod | None:
        """Return the subscription's newest period if its boundary was not taken yet."""
        period = self.periods.get((subscription.id, subscription.seq))
        return period if period is not None and period.closed_at is None else None

    def segments_of(self, subscription_id: SubscriptionId, seq: int) -> list[Segment]:
        """Return a period's segments in order, without those of undone plan changes."""
        own = [
            s
            for (sub, its_seq, _), s in self.segments.items()
            if sub == subscription_id and its_seq == seq and s.undone_at is None
        ]
        return sorted(own, key=lambda s: s.n)

    def invoices_of(self, subscription_id: SubscriptionId) -> list[Invoice]:
        """Return the subscription's invoices that the snapshot holds, oldest first."""
        own = [i for i in self.invoices.values() if i.subscription_id == subscription_id]
        return sorted(own, key=lambda i: (i.created_at, i.id))

    # Sums that must be kept ---------------------------------------------------------------------

    def move_balance(
        self, currency: str, amount: Decimal, kind: EntryKind, source_id: UUID
    ) -> None:
        """Add a signed amount to the customer's balance, and the entry that tells why."""
        if amount == 0:
            return
        customer_id = self.before.customer.id
        amount = money.rounded(amount, currency)
        was = self.balances.get(currency)
        total = money.rounded((was.amount if was else Decimal(0)) + amount, currency)
        balance = Balance(customer_id, currency, total)
        self.balances = _with(self.before.balances, self.balances, currency, balance)
        self.balance_entries.append(
            BalanceEntry(
                self.next_id("entry"), customer_id, currency, amount, kind, source_id, self.now
            )
        )

    def put_money(
        self, invoice_id: InvoiceId, amount: Decimal, source: Source, source_id: UUID | None
    ) -> None:
        """Put an amount onto an open invoice (negative: take it off); whole, the invoice is PAID."""
        invoice = self.invoices[invoice_id]
        amount = money.rounded(amount, invoice.currency)
        self.applications.append(
            Application(
                id=self.next_id("application"),
                customer_id=invoice.customer_id,
                invoice_id=invoice_id,
                source=source,
                source_id=source_id,
                amount=amount,
                applied_at=self.now,
            )
        )
        paid = invoice.amount_paid + amount
        assert 0 <= paid <= invoice.amount, "an invoice takes no more than it asks for"
        self.put(replace(invoice, amount_paid=paid))
        if amount > 0 and paid == invoice.amount:
            self.mark_paid(invoice_id)

    def mark_paid(self, invoice_id: InvoiceId) -> None:
        """Make a fully covered invoice PAID; its effects are taken when the decision concludes."""
        invoice = self.invoices[invoice_id]
        assert invoice.amount_due == 0, "only a covered invoice is paid"
        self.put(replace(invoice, status=InvoiceStatus.PAID, paid_at=self.now))
        self.newly_paid.append(invoice_id)
        self.notice(
            "invoice.paid", invoice_id, {"amount": invoice.amount, "currency": invoice.currency}
        )

    def move_pool(self, transaction: Transaction) -> None:
        """Book a movement: its parts on the grants, its number and balance on the pool."""
        for grant_id, amount in transaction.taken:
            grant = self.grants[grant_id]
            clawed = -amount if transaction.kind is TransactionKind.CLAWBACK else Decimal(0)
            remaining = grant.remaining + amount
            self.put(replace(grant, remaining=remaining, clawed=grant.clawed + clawed))
        pool = self.pools[transaction.pool_id]
        due = credits.next_expiry(g for g in self.grants.values() if g.pool_id == pool.id)
        self.put(replace(pool, transactions=transaction.seq, next_due_at=due))
        self.transactions.append(transaction)

    def add_note(self, note: CreditNote) -> CreditNoteId:
        """Add a credit note; where its money goes is the caller's business."""
        self.credit_notes.append(note)
        self.notice(
            "credit_note.issued", note.id, {"amount": note.amount, "currency": note.currency}
        )
        return note.id

    def notice(self, kind: str, subject_id: UUID, payload: dict[str, object]) -> None:
        """Tell what happened."""
        customer_id = self.before.customer.id
        self.notices.append(
            Notice(self.next_id("notice"), customer_id, kind, subject_id, payload, self.now)
        )

    # The end ------------------------------------------------------------------------------------

    def outcome(self) -> Outcome:
        """Return what to write, checked."""
        before = self.before
        assert not self.newly_paid, "a payment's effects were left out"
        assert not self.charged, "what was charged is on a document"
        assert not self.refunds, "what was charged too much is given back"
        dropped = tuple(key for key in before.changes if key not in self.changes)
        return check(
            before,
            Outcome(
                subscriptions=changes(before.subscriptions, self.subscriptions),
                changes=changes(before.changes, self.changes),
                dropped_changes=dropped,
                periods=changes(before.periods, self.periods),
                segments=changes(before.segments, self.segments),
                invoices=changes(before.invoices, self.invoices),
                payments=changes(before.payments, self.payments),
                applications=tuple(self.applications),
                credit_notes=tuple(self.credit_notes),
                balances=changes(before.balances, self.balances),
                balance_entries=tuple(self.balance_entries),
                counters=changes(before.counters, self.counters),
                counter_values=tuple(self.counter_values),
                events=tuple(self.events),
                pools=changes(before.pools, self.pools),
                grants=changes(before.grants, self.grants),
                holds=changes(before.holds, self.holds),
                transactions=tuple(self.transactions),
                notices=tuple(self.notices),
            ),
        )


def _with(
    before: Mapping[Key, Row], current: Mapping[Key, Row], key: Key, row: Row
) -> dict[Key, Row]:
    """Return the map with the row in it: a copy the first time, so the snapshot stays what it was."""
    rows = dict(before) if current is before else current
    assert isinstance(rows, dict), "what is not the snapshot's own is a copy"
    rows[key] = row
    return rows
