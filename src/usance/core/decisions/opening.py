"""Opening: how a subscription's period is opened, charged and closed.

Units: instants are UTC; amounts are Decimals at the currency's scale.
Sources: BILLING.md, "Calendar", "Renewing".
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from usance.core import periods
from usance.core.catalog import PlanVersion
from usance.core.decisions import billing, crediting, rating
from usance.core.draft import Draft
from usance.core.ids import InvoiceId, SubscriptionId
from usance.core.invoices import Invoice, InvoiceKind, InvoiceStatus
from usance.core.subscriptions import Segment, Subscription, SubscriptionPeriod
from usance.core.values import replace

ZERO: Final = Decimal(0)


def open_period(
    draft: Draft,
    subscription: Subscription,
    version: PlanVersion,
    starts_at: datetime,
    *,
    usage_from_seq: int | None,
) -> SubscriptionPeriod:
    """Open the subscription's next period at `starts_at`; its end is counted from the anchor."""
    assert subscription.anchor_at is not None, "a period is counted from an anchor"
    seq = subscription.seq + 1
    ends_at = periods.boundary(
        subscription.anchor_at,
        subscription.zone,
        version.terms.interval,
        seq + 1 - subscription.anchor_seq,
        day=subscription.anchor_day,
    )
    period = SubscriptionPeriod(
        subscription_id=subscription.id,
        customer_id=subscription.customer_id,
        seq=seq,
        starts_at=starts_at,
        ends_at=ends_at,
        planned_ends_at=ends_at,
        is_trial=False,
        usage_from_seq=seq if usage_from_seq is None else usage_from_seq,
        anchor_at=subscription.anchor_at,
        anchor_day=subscription.anchor_day,
    )
    draft.put(period)
    draft.put(replace(subscription, seq=seq))
    return period


def add_segment(
    draft: Draft,
    period: SubscriptionPeriod,
    n: int,
    version: PlanVersion,
    *,
    starts_at: datetime,
    charge: Decimal = ZERO,
    invoice_id: InvoiceId | None = None,
) -> None:
    """Note that a version is in force from `starts_at`, and what was charged for it in advance."""
    draft.put(
        Segment(
            subscription_id=period.subscription_id,
            customer_id=period.customer_id,
            seq=period.seq,
            n=n,
            version_id=version.id,
            starts_at=starts_at,
            charge=charge,
            invoice_id=invoice_id,
        )
    )


def open_invoice(
    draft: Draft, subscription: Subscription, version: PlanVersion, period: SubscriptionPeriod
) -> Invoice:
    """Open a period's PENDING invoice; its lines come when it is issued."""
    return billing.new_invoice(
        draft,
        subscription,
        seq=period.seq,
        kind=InvoiceKind.SUBSCRIPTION,
        n=0,
        lines=(),
        currency=version.terms.currency,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
    )


def issue_arrears(
    draft: Draft, subscription: Subscription, period: SubscriptionPeriod, until: datetime
) -> None:
    """Issue the PENDING invoice of an arrears period that ends at `until`: base price and usage."""
    invoice = pending_invoice(draft, subscription.id, period.seq)
    assert invoice is not None, "an arrears period has a PENDING invoice"
    base = billing.arrears_base_lines(draft, period, until)
    usage = rating.bill_usage(draft, subscription, running=period)
    crediting.credit_late(draft, subscription, crediting.Occasion.ARREARS, seq=period.seq)
    invoice = billing.with_lines(draft, replace(invoice, ends_at=until), [*base, *usage])
    issue(draft, subscription, invoice, not_before=until)


def issue_advance(
    draft: Draft,
    subscription: Subscription,
    invoice: Invoice,
    *,
    closing: SubscriptionPeriod | None,
) -> None:
    """Issue a renewal in advance: its base price, the usage of `closing` and what awaits an invoice."""
    assert invoice.seq is not None, "a subscription's invoice charges a period"
    period = draft.periods[subscription.id, invoice.seq]
    sold = draft.before.versions[draft.segments[subscription.id, invoice.seq, 0].version_id]
    base = billing.base_line(sold, period.starts_at, period.planned_ends_at)
    usage = rating.bill_usage(draft, subscription, running=closing)
    crediting.credit_late(draft, subscription, crediting.Occasion.PERIOD, seq=invoice.seq)
    invoice = billing.with_lines(draft, invoice, [base, *usage])
    issue(draft, replace(subscription, version_id=sold.id), invoice, not_before=draft.now)


def pending_invoice(draft: Draft, subscription_id: SubscriptionId, seq: int) -> Invoice | None:
    """Return the PENDING invoice of a period in arrears, if it has one.

    A PENDING invoice in advance, which the period's first segment names, waits for the usage before.
    """
    first = draft.segments.get((subscription_id, seq, 0))
    return next(
        (
            i
            for i in draft.invoices.values()
            if i.subscription_id == subscription_id
            and i.seq == seq
            and i.status is InvoiceStatus.PENDING
            and (first is None or first.invoice_id != i.id)
        ),
        None,
    )


def issue(
    draft: Draft, subscription: Subscription, invoice: Invoice, *, not_before: datetime
) -> Invoice:
    """Issue an invoice of the subscription with its grace and its version's net terms."""
    return billing.issue(
        draft,
        invoice,
        grace_days=subscription.grace_days,
        net_terms_days=draft.version(subscription).terms.net_terms_days,
        not_before=not_before,
    )


def close(
    draft: Draft, period: SubscriptionPeriod, at: datetime, *, collect_at: datetime | None = None
) -> None:
    """Close a period at `at`, its boundary or the instant at which it was cut.

    With `collect_at` its usage is still collected until then.
    """
    current = draft.periods[period.subscription_id, period.seq]
    draft.put(replace(current, ends_at=at, closed_at=draft.now, collect_at=collect_at))


def collect_at(draft: Draft, period: SubscriptionPeriod) -> datetime | None:
    """Return when the usage of a period that ends now is billed; None: at its boundary.

    Only a period with a price on usage has something to collect.
    """
    minutes = draft.before.account.collection_minutes
    if minutes == 0 or not rating.has_priced_usage(draft, period):
        return None
    return period.ends_at + timedelta(minutes=minutes)


def collecting(draft: Draft, subscription_id: SubscriptionId) -> list[SubscriptionPeriod]:
    """Return the subscription's ended periods whose usage is still to be billed, oldest first."""
    own = [p for (its, _), p in draft.periods.items() if its == subscription_id]
    return sorted((p for p in own if p.is_collecting), key=lambda p: p.seq)


def as_sold_in(
    draft: Draft, subscription: Subscription, period: SubscriptionPeriod
) -> Subscription:
    """Return the subscription on the version that was in force when a period ended.

    What it charged is due by that version's terms, whatever the subscription has changed to since.
    """
    version = draft.before.versions[draft.segments_of(subscription.id, period.seq)[-1].version_id]
    return replace(subscription, plan_id=version.plan_id, version_id=version.id)


def trial_end(now: datetime, days: int) -> datetime:
    """Return the end of a trial of so many days of 24 hours."""
    return now + timedelta(hours=24 * days)
