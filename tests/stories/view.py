"""What both drivers show of a customer, and the one way in which it is told.

A row names one thing (an invoice, a subscription, a balance, a pool of credits) as it stands; the
right-hand side of a step is the rows that are not as they were before it, after the step's answer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from tests.stories.format import shown


@dataclass(frozen=True)
class LineView:
    kind: str
    description: str
    amount: Decimal
    quantity: Decimal | None
    unit_price: Decimal | None
    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True)
class InvoiceView:
    id: UUID
    customer: str
    number: str | None
    kind: str
    status: str
    subtotal: Decimal
    tax: Decimal
    amount: Decimal
    paid: Decimal
    starts_at: datetime | None
    ends_at: datetime | None
    created_at: datetime
    issued_at: datetime | None
    due_at: datetime | None
    past_due_at: datetime | None
    paid_at: datetime | None
    voided_at: datetime | None
    replaced_by: UUID | None
    lines: tuple[LineView, ...]


@dataclass(frozen=True)
class SubscriptionView:
    id: UUID
    customer: str
    plan: str
    status: str
    is_active: bool
    starts_at: datetime | None
    ends_at: datetime | None
    anchor_at: datetime | None
    cancel_at: datetime | None
    cancelled_at: datetime | None
    then: str | None
    grace_days: int
    created_at: datetime


@dataclass(frozen=True)
class PoolView:
    balance: Decimal
    granted: Decimal
    consumed: Decimal
    expired: Decimal
    clawed: Decimal
    overdraft: Decimal


@dataclass(frozen=True)
class GrantView:
    denomination: str
    granted_at: datetime
    kind: str
    amount: Decimal
    remaining: Decimal
    expires_at: datetime | None


@dataclass(frozen=True)
class View:
    """All customers as they stand. Balances and pools are keyed by (customer, name)."""

    invoices: tuple[InvoiceView, ...] = ()
    subscriptions: tuple[SubscriptionView, ...] = ()
    balances: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    pools: Mapping[tuple[str, str], PoolView] = field(default_factory=dict)


# Answers -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Refused:
    code: str


@dataclass(frozen=True)
class Note:
    """A credit note: what closed invoices, and what went to the balance."""

    number: str
    amount: Decimal
    tax: Decimal
    to_balance: Decimal


@dataclass(frozen=True)
class Receipt:
    plan: str | None
    billable: Decimal
    used: Decimal | None
    limit: Decimal | None
    exceeded: bool
    credits: Decimal
    shortfall: Decimal
    insufficient: bool
    revenue: Decimal | None
    duplicate: bool
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Entitled:
    denial: str | None
    used: Decimal | None
    limit: Decimal | None
    remaining: Decimal | None
    credit: Decimal | None
    projected: Decimal | None
    overage: Decimal | None
    estimated: Decimal | None


@dataclass(frozen=True)
class ShownInvoice:
    id: UUID


@dataclass(frozen=True)
class ShownCredits:
    grants: tuple[GrantView, ...]


Answer = Refused | Note | Receipt | Entitled | ShownInvoice | ShownCredits | None


def receipt_view(receipt: dict[str, object]) -> Receipt:
    """A receipt as both drivers have it."""

    def exact(value: object) -> Decimal:
        assert isinstance(value, Decimal | int), value
        return Decimal(value)

    matched, state = receipt["matched"], receipt["usage"]
    notes, revenue = receipt["notes"], receipt["revenueAmount"]
    assert isinstance(notes, list), notes
    used = limit = None
    if isinstance(state, dict):
        used = exact(state["used"])
        limit = None if state["limit"] is None else exact(state["limit"])
    return Receipt(
        plan=str(matched["planKey"]) if isinstance(matched, dict) else None,
        billable=exact(receipt["billableUnits"]),
        used=used,
        limit=limit,
        exceeded=bool(receipt["usageLimitExceeded"]),
        credits=exact(receipt["creditsDeducted"]),
        shortfall=exact(receipt["creditShortfall"]),
        insufficient=bool(receipt["insufficientCredits"]),
        revenue=None if revenue is None else exact(revenue),
        duplicate=bool(receipt["duplicate"]),
        notes=tuple(str(note).partition(":")[0] for note in notes),
    )


def in_order(grants: list[GrantView]) -> tuple[GrantView, ...]:
    """Grants as they are told: oldest first."""
    return tuple(sorted(grants, key=lambda g: (g.denomination, g.granted_at, g.kind, g.amount)))


# Telling -------------------------------------------------------------------------------------------


class Teller:
    """Tells what changed from view to view. Labels (#1, sub2) are given in order of appearance."""

    def __init__(self, people: Iterable[str]) -> None:
        self.people = list(people)
        self.invoices: list[UUID] = []
        self.subscriptions: list[UUID] = []
        self.rows: dict[object, str] = {}

    def labelled(self, label: str) -> UUID:
        """The invoice called so."""
        return self.invoices[int(label.removeprefix("#")) - 1]

    def subscription(self, view: View, who: str | None) -> SubscriptionView:
        """The one that a step means: the named one, or the customer's newest that is not over."""
        if who is not None and who.startswith("sub"):
            wanted = self.subscriptions[int(who.removeprefix("sub") or 1) - 1]
            return next(one for one in view.subscriptions if one.id == wanted)
        own = [one for one in view.subscriptions if one.customer == self.customer(view, who)]
        return max(own, key=lambda s: (s.cancelled_at is None, s.created_at, s.id))

    def customer(self, view: View, who: str | None) -> str:
        if who is None:
            return self.people[0]
        if who in self.people:
            return who
        return self.subscription(view, who).customer

    def told(self, view: View, answer: Answer) -> list[str]:
        """The answer and what changed since the view before, as rows."""
        new = [one for one in view.invoices if one.id not in self.invoices]
        new.sort(key=lambda i: (i.created_at, i.number is None, i.number or "", i.id))
        self.invoices += [one.id for one in new]
        fresh = [one for one in view.subscriptions if one.id not in self.subscriptions]
        fresh.sort(key=lambda s: (s.created_at, s.id))
        self.subscriptions += [one.id for one in fresh]
        rows = dict(self._rows(view))
        changed = [row for key, row in rows.items() if self.rows.get(key) != row]
        self.rows = rows
        return [*self._answer(view, answer), *changed]

    def _rows(self, view: View) -> Iterable[tuple[object, str]]:
        for invoice in sorted(view.invoices, key=lambda i: self.invoices.index(i.id)):
            yield invoice.id, self._mine(invoice.customer) + self._invoice(invoice)
        for one in sorted(view.subscriptions, key=lambda s: self.subscriptions.index(s.id)):
            yield one.id, self._mine(one.customer) + self._subscription(one)
        for (customer, currency), amount in sorted(view.balances.items()):
            if amount != 0 or (customer, currency) in self.rows:
                yield (customer, currency), f"{self._mine(customer)}balance {amount} {currency}"
        for (customer, name), pool in sorted(view.pools.items()):
            yield (
                (customer, name, "pool"),
                f"{self._mine(customer)}credits {plain(pool.balance)} {name}",
            )

    def _mine(self, customer: str) -> str:
        return "" if customer == self.people[0] else f"{customer}: "

    def _label(self, invoice_id: UUID) -> str:
        return f"#{self.invoices.index(invoice_id) + 1}"

    def _invoice(self, one: InvoiceView, *, accrued: bool = False) -> str:
        words = [self._label(one.id), one.kind]
        if one.status != "PENDING" or accrued:
            words.append(str(one.amount))
        words.append(one.status)
        if one.paid not in {0, one.amount}:
            words.append(f"({one.paid} paid)")
        if one.starts_at is not None:
            words.append(f"{shown(one.starts_at)}..{shown(one.ends_at)}")
        if one.due_at != one.issued_at:
            words.append(f"due {shown(one.due_at)}")
        if one.replaced_by is not None:
            words.append(f"replaced by {self._label(one.replaced_by)}")
        return " ".join(words)

    def _subscription(self, one: SubscriptionView) -> str:
        n = self.subscriptions.index(one.id) + 1
        words = ["sub" if n == 1 else f"sub{n}", one.status, one.plan]
        if one.starts_at is not None:
            words.append(f"{shown(one.starts_at)}..{shown(one.ends_at)}")
        if one.cancel_at is not None and one.cancelled_at is None:
            words.append(f"ends {shown(one.cancel_at)}")
        if one.then is not None:
            words.append(f"then {one.then}")
        return " ".join(words)

    def _answer(  # noqa: PLR0911 - an arm for each kind of answer
        self, view: View, answer: Answer
    ) -> list[str]:
        match answer:
            case None:
                return []
            case Refused():
                return [f"refused: {answer.code}"]
            case Note():
                tax = f" with {answer.tax} tax" if answer.tax else ""
                closed = answer.amount - answer.to_balance
                where = "" if not closed else f", {closed} of it on open invoices"
                return [f"credit note {answer.amount}{tax}{where}"]
            case Receipt():
                return [_receipt(answer)]
            case Entitled():
                return [_entitled(answer)]
            case ShownInvoice():
                return self._whole(next(i for i in view.invoices if i.id == answer.id))
            case ShownCredits():
                return _credits(view, answer)

    def _whole(self, one: InvoiceView) -> list[str]:
        """The invoice, and its lines below it."""
        rows = [self._invoice(one, accrued=True)]
        for line in one.lines:
            words = [f"   {line.kind} {line.description}"]
            if line.quantity is not None:
                words.append(plain(line.quantity))
            if line.unit_price is not None:
                words.append(f"x {plain(line.unit_price)}")
            words.append(f"= {line.amount}")
            if (line.starts_at, line.ends_at) != (one.starts_at, one.ends_at):
                words.append(f"for {shown(line.starts_at)}..{shown(line.ends_at)}")
            rows.append(" ".join(words))
        if one.tax:
            rows.append(f"   {one.subtotal} and {one.tax} tax")
        return rows


def plain(value: Decimal) -> str:
    """A quantity without zeros at its end."""
    return f"{value.normalize():f}" if value else "0"


def _receipt(one: Receipt) -> str:
    if one.plan is None:
        return f"not counted: {', '.join(one.notes)}"
    words = [f"counted {plain(one.billable)}"]  # below zero: taken off
    if one.used is not None:
        words.append(f"used {_of(one.used, one.limit)}")
    if one.exceeded:
        words.append("limit exceeded")
    if one.credits:
        moved = "burnt" if one.credits > 0 else "given back"
        words.append(f"{moved} {plain(abs(one.credits))}")
    if one.insufficient:
        words.append(f"{plain(one.shortfall)} credits short")
    words += one.notes
    if one.duplicate:
        words.append("duplicate")
    return ", ".join(words)


def _entitled(one: Entitled) -> str:
    words = ["allowed" if one.denial is None else f"denied {one.denial}"]
    if one.used is not None:
        words.append(f"used {_of(one.used, one.limit)}")
    if one.projected is not None:
        words.append(f"would be {plain(one.projected)}")
    if one.overage:
        words.append(f"{plain(one.overage)} over")
    if one.estimated is not None:
        words.append(f"would burn {plain(one.estimated)}")
    return ", ".join(words)


def _of(used: Decimal, limit: Decimal | None) -> str:
    return plain(used) if limit is None else f"{plain(used)}/{plain(limit)}"


def _credits(view: View, answer: ShownCredits) -> list[str]:
    rows = [
        f"{name}: granted {plain(one.granted)}, consumed {plain(one.consumed)}, "
        f"expired {plain(one.expired)}, clawed back {plain(one.clawed)}"
        for (_, name), one in sorted(view.pools.items())
    ]
    for one in answer.grants:
        until = "" if one.expires_at is None else f" until {shown(one.expires_at)}"
        rows.append(
            f"   {shown(one.granted_at)} {one.kind} {plain(one.remaining)} of "
            f"{plain(one.amount)} {one.denomination} left{until}"
        )
    return rows
