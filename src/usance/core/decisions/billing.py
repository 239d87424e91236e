"""Billing: the lines that a period's base price and usage come to, and the invoice around them.

Every usage line is what the counter's quantity comes to less what was billed of it before, so a
first bill, a late event and a correction are one calculation.

Units: amounts are rounded once, here, on the line; shares of time are microseconds.
Sources: BILLING.md, "Renewing", "Upgrading, downgrading", "Usage".
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from usance.core import money, pricing, proration
from usance.core.catalog import BillingTiming, FeatureTerms, PlanVersion
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
from usance.core.metering import Counter, CounterKey
from usance.core.payments import EntryKind, Source
from usance.core.pricing import PerUnit
from usance.core.snapshot import Snapshot
from usance.core.subscriptions import Segment, Subscription, SubscriptionPeriod

ZERO: Final = Decimal(0)


# The base price ------------------------------------------------------------------------------------


def base_line(version: PlanVersion, starts_at: datetime | None, ends_at: datetime | None) -> Line:
    """Return the line of a whole period's base price; the instants are null before a first payment."""
    terms = version.terms
    amount = money.rounded(terms.price, terms.currency)
    return Line(LineKind.BASE, version.plan_name, amount, starts_at=starts_at, ends_at=ends_at)


def arrears_base_lines(draft: Draft, period: SubscriptionPeriod, until: datetime) -> list[Line]:
    """Return the base price of an arrears period up to `until`, a line for each version in force.

    A part costs round(price × share at its end) − round(price × share at its start), so the parts
    of one price sum to it.
    """
    length = period.span.length_us
    lines = []
    for segment, ends_at in _parts(draft, period, until):
        version = draft.before.versions[segment.version_id]
        start = period.span.elapsed_us(segment.starts_at)
        end = period.span.elapsed_us(ends_at)
        currency = version.terms.currency
        amount = proration.between(
            version.terms.price, start=start, end=end, length=length, currency=currency
        )
        whole = end - start == length
        lines.append(
            Line(
                LineKind.BASE,
                version.plan_name,
                money.rounded(amount, currency),
                starts_at=segment.starts_at,
                ends_at=ends_at,
                elapsed_us=None if whole else end - start,
                length_us=None if whole else length,
            )
        )
    return lines


def _parts(
    draft: Draft, period: SubscriptionPeriod, until: datetime
) -> list[tuple[Segment, datetime]]:
    """Return the period's segments up to `until`, each with its end."""
    segments = draft.segments_of(period.subscription_id, period.seq)
    ends = [s.starts_at for s in segments[1:]] + [period.ends_at]
    return [
        (segment, min(end, until))
        for segment, end in zip(segments, ends, strict=True)
        if segment.starts_at < until or segment.starts_at == period.starts_at
    ]


# Usage ---------------------------------------------------------------------------------------------


def bill_usage(
    draft: Draft, subscription: Subscription, *, running: SubscriptionPeriod | None
) -> list[Line]:
    """Bill what awaits an invoice, and `running` as if it ended now; mark the counters billed.

    Older periods come first, then the running one. A trial is never billed. Lines of 0.00 are shown
    for priced features that were used.
    """
    awaiting = {
        (c.key.seq, c.key.feature_key)
        for c in draft.counters.values()
        if c.key.subscription_id == subscription.id and c.awaits_invoice
    }
    lines: list[Line] = []
    for seq in sorted({seq for seq, _ in awaiting}):
        period = draft.periods[subscription.id, seq]
        features = {key for its_seq, key in awaiting if its_seq == seq}
        lines += _bill_period(draft, period, until=period.ends_at, only=features)
        if period.billed_at is None:  # it closed without an invoice; what comes now is late
            draft.put(replace(draft.periods[subscription.id, seq], billed_at=draft.now))
    if running is not None:
        lines += _bill_period(draft, running, until=min(draft.now, running.ends_at), only=None)
        draft.put(replace(draft.periods[subscription.id, running.seq], billed_at=draft.now))
    return lines


def has_priced_usage(draft: Draft, period: SubscriptionPeriod) -> bool:
    """Whether some usage of the period has a price; a trial's has none."""
    return not period.is_trial and bool(_priced_features(draft, period))


def leave_for_next_invoice(
    draft: Draft, subscription: Subscription, period: SubscriptionPeriod
) -> None:
    """Keep the usage of a period that closes without an invoice for the one that comes next."""
    if period.is_trial:
        return
    for features in _priced_features(draft, period).values():
        for term, version in features:
            _counter_of(draft, period, term.key, version)
    for counter in list(draft.counters.values()):
        key = counter.key
        if key.subscription_id == subscription.id and key.seq == period.seq:
            draft.put(replace(counter, awaits_invoice=True))


def _bill_period(
    draft: Draft, period: SubscriptionPeriod, *, until: datetime, only: set[str] | None
) -> list[Line]:
    lines: list[Line] = []
    if period.is_trial:
        return lines
    for feature_key, parts in _priced_features(draft, period).items():
        if only is None or feature_key in only:
            lines += _bill_feature(draft, period, parts, until)
    for counter in list(draft.counters.values()):  # a feature without a price has nothing to bill
        key = counter.key
        if (key.subscription_id, key.seq) == (
            period.subscription_id,
            period.seq,
        ) and counter.awaits_invoice:
            draft.put(replace(counter, awaits_invoice=False))
    return lines


def _priced_features(
    draft: Draft, period: SubscriptionPeriod
) -> dict[str, list[tuple[FeatureTerms, PlanVersion]]]:
    """Return, for each feature with a price, its terms in the versions of the period, in order.

    A plan change that was undone is among them: what was used until then was used under its terms.
    """
    features: dict[str, list[tuple[FeatureTerms, PlanVersion]]] = {}
    seen = set()
    own = (period.subscription_id, period.seq)
    segments = [s for key, s in draft.segments.items() if key[:2] == own]
    for segment in sorted(segments, key=lambda s: s.n):
        version = draft.before.versions[segment.version_id]
        if version.id in seen:
            continue
        seen.add(version.id)
        for term in version.terms.features:
            if term.price is not None:
                features.setdefault(term.key, []).append((term, version))
    return features


def _bill_feature(
    draft: Draft,
    period: SubscriptionPeriod,
    parts: Sequence[tuple[FeatureTerms, PlanVersion]],
    until: datetime,
) -> list[Line]:
    """Bill one feature of a period: a line for each version under which there is something to say."""
    lines = []
    before = ZERO
    for term, version in parts:
        rows = _rows(draft, period, term.key, version)
        quantity = sum((row.priced for row in rows), ZERO)
        exact = _charge(draft, period, term, version, before=before, quantity=quantity, until=until)
        before += quantity
        total = money.rounded(exact, version.terms.currency)
        billed = sum((row.billed_amount for row in rows), ZERO)
        billed_units = sum((row.billed_units for row in rows), ZERO)
        late = period.billed_at is not None
        used = any(row.events for row in rows)
        if (total != billed) if late else (used or total > 0):
            lines.append(
                _usage_line(
                    draft,
                    period,
                    term,
                    version,
                    quantity=quantity - billed_units,
                    amount=total - billed,
                    unit_price=_unit_price(term, quantity, exact),
                    until=until,
                )
            )
        _mark_billed(draft, period, term, version, total)
    return lines


def _charge(
    draft: Draft,
    period: SubscriptionPeriod,
    term: FeatureTerms,
    version: PlanVersion,
    *,
    before: Decimal,
    quantity: Decimal,
    until: datetime,
) -> Decimal:
    """Return the exact charge for one version's part of a period, its minimum included."""
    assert term.price is not None, "only priced features are billed"
    in_force = sum(
        period.span.elapsed_us(end) - period.span.elapsed_us(segment.starts_at)
        for segment, end in _parts(draft, period, until)
        if segment.version_id == version.id
    )
    whole = period.span.length_us
    if term.aggregation.kind.adds_up:
        exact = pricing.part(term.price, before, quantity)
    else:
        # The highest or distinct count of a part stands for the part's time only.
        exact = pricing.rate(term.price, quantity)
        exact = exact if in_force == whole else exact * in_force / whole
    return pricing.floor(exact, term.price.minimum, in_force, whole)


def _usage_line(
    draft: Draft,
    period: SubscriptionPeriod,
    term: FeatureTerms,
    version: PlanVersion,
    *,
    quantity: Decimal,
    amount: Decimal,
    unit_price: Decimal | None,
    until: datetime,
) -> Line:
    feature = draft.before.features.get(term.key)
    name = feature.name if feature is not None else term.key
    return Line(
        LineKind.LATE_USAGE if period.billed_at is not None else LineKind.USAGE,
        f"{name} ({version.plan_name})",
        money.rounded(amount, version.terms.currency),
        feature_key=term.key,
        quantity=quantity,
        unit_price=unit_price,
        starts_at=period.starts_at,
        ends_at=until,
    )


def _unit_price(term: FeatureTerms, quantity: Decimal, exact: Decimal) -> Decimal | None:
    """Return the price of each unit, where the charge is that times the quantity and nothing else."""
    assert term.price is not None, "only priced features are billed"
    model = term.price.model
    if isinstance(model, PerUnit) and quantity * model.unit_price == exact:
        return model.unit_price
    return None


def _rows(
    draft: Draft, period: SubscriptionPeriod, feature_key: str, version: PlanVersion
) -> list[Counter]:
    wanted = (period.subscription_id, period.seq, feature_key, version.id)
    rows = [c for c in draft.counters.values() if c.key[:4] == wanted]
    return sorted(rows, key=lambda c: c.key.window)


def _counter_of(
    draft: Draft, period: SubscriptionPeriod, feature_key: str, version: PlanVersion
) -> Counter:
    """Return the first counter of a feature's part of a period, made if it was never used."""
    rows = _rows(draft, period, feature_key, version)
    if rows:
        return rows[0]
    counter = Counter(
        CounterKey(period.subscription_id, period.seq, feature_key, version.id, 0),
        period.customer_id,
    )
    draft.put(counter)
    return counter


def _mark_billed(
    draft: Draft,
    period: SubscriptionPeriod,
    term: FeatureTerms,
    version: PlanVersion,
    total: Decimal,
) -> None:
    """Note on the counters what they have come to; the amount stands on the first of them."""
    if total == 0 and not _rows(draft, period, term.key, version):
        return
    first = _counter_of(draft, period, term.key, version)
    for row in _rows(draft, period, term.key, version):
        amount = total if row.key == first.key else ZERO
        draft.put(replace(row, billed_units=row.priced, billed_amount=amount, awaits_invoice=False))


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
    sums = totals(lines, tax_rate=draft.before.tax_rate, currency=currency)
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
        tax_rate=draft.before.tax_rate,
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
    """Give a PENDING invoice its lines, its sums, and the tax rate of this moment."""
    assert invoice.status is InvoiceStatus.PENDING, "an issued invoice never changes"
    lines = tuple(lines)
    rate = draft.before.tax_rate
    sums = totals(lines, tax_rate=rate, currency=invoice.currency)
    invoice = replace(
        invoice,
        lines=lines,
        tax_rate=rate,
        subtotal=sums.subtotal,
        tax_amount=sums.tax_amount,
        amount=sums.amount,
    )
    draft.put(invoice)
    return invoice


def issue(
    draft: Draft, invoice: Invoice, *, grace_days: int, net_terms_days: int, not_before: datetime
) -> Invoice:
    """Issue a PENDING invoice: DUE now, or PAID at once when it asks for nothing.

    It is due `net_terms_days` after it is issued, or after `not_before` if that is later. The
    number is given by the store, last of all.
    """
    assert invoice.status is InvoiceStatus.PENDING, "an invoice is issued once"
    due_at = max(draft.now, not_before) + timedelta(hours=24 * net_terms_days)
    invoice = replace(
        invoice,
        status=InvoiceStatus.DUE,
        issued_at=draft.now,
        due_at=due_at,
        past_due_at=past_due_at(due_at, grace_days),
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


def void(draft: Draft, invoice: Invoice, reason: str) -> Invoice:
    """Make an unpaid invoice void; money on it moves to the customer's balance."""
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
    usage = bill_usage(draft, subscription, running=period)
    owed = [line for line in usage if line.amount >= 0]  # what is below zero becomes a credit note
    return with_lines(draft, invoice, [*base, *owed])


def is_arrears(version: PlanVersion) -> bool:
    """Whether the base price is due after the period."""
    return version.terms.timing is BillingTiming.IN_ARREARS
