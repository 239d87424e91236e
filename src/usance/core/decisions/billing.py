"""Billing: the lines that a period's base price comes to, and the invoice around them.

Units: amounts are rounded once, here, on the line; shares of time are microseconds.
Sources: BILLING.md, "Renewing", "Upgrading, downgrading".
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from usance.core import money, parties, proration
from usance.core.calculations import Calculation
from usance.core.catalog import BillingTiming, PlanVersion
from usance.core.decisions import rating
from usance.core.draft import Draft
from usance.core.ids import InvoiceId
from usance.core.invoices import (
    Invoice,
    InvoiceKind,
    InvoiceStatus,
    Line,
    LineKind,
    past_due_at,
    totals,
)
from usance.core.payments import EntryKind, Source
from usance.core.snapshot import Snapshot
from usance.core.subscriptions import Subscription, SubscriptionPeriod
from usance.core.values import replace

ZERO: Final = Decimal(0)


# The base price ------------------------------------------------------------------------------------


def base_line(version: PlanVersion, starts_at: datetime | None, ends_at: datetime | None) -> Line:
    """Return the line of a whole period's base price; the instants are null before a first payment."""
    terms = version.terms
    amount = money.rounded(terms.price, terms.currency)
    return Line(LineKind.BASE, version.plan_name, amount, starts_at=starts_at, ends_at=ends_at)


def trial_line(version: PlanVersion, period: SubscriptionPeriod) -> Line:
    """Return the line of a trial, which says that it costs nothing."""
    amount = money.rounded(ZERO, version.terms.currency)
    told = f"{version.plan_name} (trial)"
    return Line(LineKind.BASE, told, amount, starts_at=period.starts_at, ends_at=period.ends_at)


def arrears_base_lines(draft: Draft, period: SubscriptionPeriod, until: datetime) -> list[Line]:
    """Return the base price of an arrears period up to `until`, a line for each version in force.

    A part costs round(price × share at its end) − round(price × share at its start), so the parts
    of one price sum to it.
    """
    length = period.span.length_us
    lines = []
    for segment, ends_at in rating.parts_of(draft, period, until):
        version = draft.before.versions[segment.version_id]
        start = period.span.elapsed_us(segment.starts_at)
        end = period.span.elapsed_us(ends_at)
        lines.append(
            _part_line(version, start, end, length, starts_at=segment.starts_at, ends_at=ends_at)
        )
    return lines


def _part_line(
    version: PlanVersion,
    start: int,
    end: int,
    length: int,
    *,
    starts_at: datetime,
    ends_at: datetime,
) -> Line:
    """Return the line of a version's part of a period, from `start` to `end` of `length`."""
    if end - start == length:
        return base_line(version, starts_at, ends_at)
    currency = version.terms.currency
    steps = proration.between_steps(
        version.terms.price, start=start, end=end, length=length, currency=currency
    )
    how = Calculation(currency, steps, version.id)
    return Line(
        LineKind.BASE,
        version.plan_name,
        how.amount,
        starts_at=starts_at,
        ends_at=ends_at,
        elapsed_us=end - start,
        length_us=length,
        calculation=how,
    )


# The invoice ---------------------------------------------------------------------------------------


def new_invoice(
    draft: Draft,
    subscription: Subscription,
    *,
    seq: int,
    kind: InvoiceKind,
    n: int,
    lines: Iterable[Line],
    currency: str,
    starts_at: datetime | None,
    ends_at: datetime | None,
) -> Invoice:
    """Put a PENDING invoice with its natural identity into the draft, and return it."""
    lines = tuple(lines)
    tax = draft.before.tax
    sums = totals(lines, tax_rate=tax.rate, currency=currency)
    invoice = Invoice(
        id=InvoiceId(draft.new_id(subscription.id, seq, kind, n)),
        customer_id=subscription.customer_id,
        subscription_id=subscription.id,
        seq=seq,
        kind=kind,
        n=n,
        status=InvoiceStatus.PENDING,
        currency=currency,
        lines=lines,
        subtotal=sums.subtotal,
        tax_rate=tax.rate,
        tax_category=tax.category,
        tax_exemption_reason=tax.exemption_reason,
        tax_amount=sums.tax_amount,
        amount=sums.amount,
        amount_paid=money.rounded(ZERO, currency),
        created_at=draft.now,
        starts_at=starts_at,
        ends_at=ends_at,
    )
    draft.put(invoice)
    return invoice


def with_lines(draft: Draft, invoice: Invoice, lines: Iterable[Line]) -> Invoice:
    """Give a PENDING invoice its lines, its sums, and the tax of this moment."""
    assert invoice.status is InvoiceStatus.PENDING, "an issued invoice never changes"
    lines = tuple(lines)
    tax = draft.before.tax
    sums = totals(lines, tax_rate=tax.rate, currency=invoice.currency)
    invoice = replace(
        invoice,
        lines=lines,
        tax_rate=tax.rate,
        tax_category=tax.category,
        tax_exemption_reason=tax.exemption_reason,
        subtotal=sums.subtotal,
        tax_amount=sums.tax_amount,
        amount=sums.amount,
    )
    draft.put(invoice)
    return invoice


def earliest(lines: Iterable[Line], starts_at: datetime | None) -> datetime | None:
    """Return where the period on a document begins: with its earliest line, else at `starts_at`."""
    return min((line.starts_at for line in lines if line.starts_at is not None), default=starts_at)


def issue(
    draft: Draft, invoice: Invoice, *, grace_days: int, net_terms_days: int, not_before: datetime
) -> Invoice:
    """Issue a PENDING invoice: DUE now, or PAID at once when it asks for nothing.

    It is due `net_terms_days` after it is issued, or after `not_before` if that is later. The
    number is given by the store, last of all.
    """
    assert invoice.status is InvoiceStatus.PENDING, "an invoice is issued once"
    if invoice.subscription_id is not None:
        rating.charged_by(draft, invoice.id, invoice.tax)
    due_at = max(draft.now, not_before) + timedelta(hours=24 * net_terms_days)
    invoice = replace(
        invoice,
        status=InvoiceStatus.DUE,
        issued_at=draft.now,
        due_at=due_at,
        past_due_at=past_due_at(due_at, grace_days),
        parties=parties.of(draft.before.account, draft.before.customer),
    )
    draft.put(invoice)
    draft.notice(
        "invoice.issued",
        invoice.id,
        {"amount": invoice.amount, "currency": invoice.currency, "kind": invoice.kind.value},
    )
    if invoice.amount == 0:
        draft.mark_paid(invoice.id)
    return draft.invoices[invoice.id]


def void(draft: Draft, invoice: Invoice, reason: str, *, by_end: bool = False) -> Invoice:
    """Make an unpaid invoice void; money on it moves to the customer's balance.

    `by_end`: because its subscription is cancelled at once.
    """
    invoice = draft.invoices[invoice.id]
    assert invoice.status not in (InvoiceStatus.PAID, InvoiceStatus.VOID), (
        "only an unpaid one is voided"
    )
    held = invoice.amount_paid
    if held > 0:
        draft.put_money(invoice.id, -held, Source.BALANCE, None)
        draft.move_balance(invoice.currency, held, EntryKind.VOIDED_INVOICE, invoice.id)
    voided = replace(
        draft.invoices[invoice.id],
        status=InvoiceStatus.VOID,
        voided_at=draft.now,
        void_reason=reason,
        voided_by_end=by_end,
    )
    draft.put(voided)
    draft.notice("invoice.voided", invoice.id, {"reason": reason})
    return voided


def accrued(facts: Snapshot, invoice: Invoice, now: datetime) -> Invoice:
    """Return a PENDING invoice as if its period closed now: it has no number and nothing is written."""
    assert invoice.status is InvoiceStatus.PENDING, "an issued invoice is as it stands"
    assert invoice.subscription_id is not None, "a subscription's invoice accrues"
    assert invoice.seq is not None, "a subscription's invoice charges a period"
    draft = Draft(facts, now=now, seed="accrued")
    subscription = draft.subscriptions[invoice.subscription_id]
    period = draft.periods[subscription.id, invoice.seq]
    first = draft.segments[subscription.id, invoice.seq, 0]
    if first.invoice_id == invoice.id:  # a renewal in advance, which waits for the usage before it
        version = draft.before.versions[first.version_id]
        base = [base_line(version, period.starts_at, period.planned_ends_at)]
        period = draft.periods[subscription.id, invoice.seq - 1]
    else:
        base = arrears_base_lines(draft, period, min(now, period.ends_at))
    usage = rating.bill_usage(
        draft, subscription, running=period
    )  # and what is below zero, another day
    return with_lines(draft, invoice, [*base, *usage])


def is_arrears(version: PlanVersion) -> bool:
    """Whether the base price is due after the period."""
    return version.terms.timing is BillingTiming.IN_ARREARS
