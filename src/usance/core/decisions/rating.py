"""Rating: the lines that a period's usage comes to, and what the counters remember of them.

Every usage line is what the counter's quantity comes to less what was billed of it before, so a
first bill, a late event and a correction are one calculation, which stays with the line. What of it
stood on an invoice that the seller voided is forgiven: neither charged again nor given back.

Units: amounts are rounded once, here, on the line; shares of time are microseconds.
Sources: BILLING.md, "Upgrading, downgrading", "Usage", "Paying", "Explaining".
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from usance.core import calculations, money
from usance.core.calculations import Calculation, Metered, Minimum, Share
from usance.core.catalog import FeatureTerms, PlanVersion
from usance.core.draft import Draft
from usance.core.ids import InvoiceId
from usance.core.invoices import Invoice, InvoiceStatus, Line, LineKind, Refund
from usance.core.metering import Counter, CounterKey, Stretch, forgiven_of, with_stretch
from usance.core.pricing import PerUnit
from usance.core.subscriptions import Segment, Subscription, SubscriptionPeriod
from usance.core.tax import Tax
from usance.core.values import replace

ZERO: Final = Decimal(0)


def parts_of(
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


def bill_usage(
    draft: Draft, subscription: Subscription, *, running: SubscriptionPeriod | None
) -> list[Line]:
    """Bill what awaits an invoice, and `running` as if it ended now; mark the counters billed.

    Older periods come first, then the running one. A trial is never billed. Lines of 0.00 are shown
    for priced features that were used. What was billed too high before is no line: it is left in the
    draft's refunds, for a credit note (`crediting.credit_late`).
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
        lines += _bill_period(draft, running, until=min(draft.at, running.ends_at), only=None)
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
            if term.price is not None:
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
    Terms without a price are, where another version has one: what was used under them fills its tiers.
    """
    features: dict[str, list[tuple[FeatureTerms, PlanVersion]]] = {}
    seen = set()
    own = (period.subscription_id, period.seq)
    segments = [s for key, s in draft.segments.items() if key[:2] == own]
    for segment in sorted(segments, key=lambda s: s.n):
        version = draft.before.versions[segment.version_id]
        # Undone at once, or still waited for: in force only for what was used at that very instant.
        at_once = segment.undone_at is not None and segment.undone_at <= segment.starts_at
        if version.id in seen or (at_once and not _has_counter(draft, period, version)):
            continue
        seen.add(version.id)
        for term in version.terms.features:
            features.setdefault(term.key, []).append((term, version))
    return {
        key: parts
        for key, parts in features.items()
        if any(term.price is not None for term, _ in parts)
    }


def _has_counter(draft: Draft, period: SubscriptionPeriod, version: PlanVersion) -> bool:
    own = (period.subscription_id, period.seq, version.id)
    keys = (counter.key for counter in draft.counters.values())
    return any((key.subscription_id, key.seq, key.version_id) == own for key in keys)


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
        if term.price is None:
            before += quantity
            continue
        charge = _charge(draft, period, term, version, rows, before=before, until=until)
        before += quantity
        total = charge.rounded
        late = period.billed_at is not None
        used = any(row.events for row in rows)
        if (charge.amount != 0) if late else (used or total > 0):
            line = _usage_line(draft, period, term, version, charge, until=until)
            if charge.amount < 0:
                draft.refunds.append(_refund(draft, rows, line))
            else:
                lines.append(line)
        _mark_billed(draft, period, term, version, charge)
    return lines


def _refund(draft: Draft, rows: Sequence[Counter], line: Line) -> Refund:
    """Return a line below zero with what had charged the usage."""
    for row in rows:
        if row.billed_tax is not None:
            return Refund(line, row.billed_by, row.billed_tax)
    return Refund(line, None, draft.before.tax)


def _charge(
    draft: Draft,
    period: SubscriptionPeriod,
    term: FeatureTerms,
    version: PlanVersion,
    rows: Sequence[Counter],
    *,
    before: Decimal,
    until: datetime,
) -> Calculation:
    """Return how one version's part of a period is charged, its minimum included."""
    assert term.price is not None, "only priced features are billed"
    in_force = sum(
        period.span.elapsed_us(end) - period.span.elapsed_us(segment.starts_at)
        for segment, end in parts_of(draft, period, until)
        if segment.version_id == version.id
    )
    share = Share(in_force, period.span.length_us)
    units = sum((row.units for row in rows), ZERO)
    covered = sum((row.covered for row in rows), ZERO)
    adds_up = term.aggregation.kind.adds_up
    # The highest or distinct count of a part stands by itself, and for the part's time only.
    counted_before = before if adds_up else ZERO
    minimum = term.price.minimum
    charge = Calculation(
        currency=version.terms.currency,
        steps=calculations.metered_steps(
            term.price, before=counted_before, quantity=units - covered
        ),
        version_id=version.id,
        metered=Metered(
            seq=period.seq,
            counted_at=draft.now,
            events=sum(row.events for row in rows),
            units=units,
            covered=covered,
            before=counted_before,
            billed_units=sum((row.billed_units for row in rows), ZERO),
        ),
        share=None if adds_up or share.part_us == share.whole_us else share,
        minimum=None if minimum is None else Minimum(minimum, share),
        billed_before=sum((row.billed_amount for row in rows), ZERO),
    )
    forgiven = _forgiven(rows)
    if not forgiven:
        return charge
    before_it = forgiven_of(forgiven, charge.billed_before)
    return replace(charge, forgiven=forgiven_of(forgiven, charge.rounded) - before_it)


def _forgiven(rows: Sequence[Counter]) -> tuple[Stretch, ...]:
    """Return what the seller forgave of a feature's part of a period."""
    found: tuple[Stretch, ...] = ()
    for row in rows:
        for start, end in row.forgiven:
            found = with_stretch(found, start, end)
    return found


def _usage_line(
    draft: Draft,
    period: SubscriptionPeriod,
    term: FeatureTerms,
    version: PlanVersion,
    charge: Calculation,
    *,
    until: datetime,
) -> Line:
    used = charge.metered
    assert used is not None, "usage is metered"
    feature = draft.before.features.get(term.key)
    told = [f"{feature.name if feature is not None else term.key} ({version.plan_name})"]
    late = period.billed_at is not None
    if charge.is_minimum:
        told.append("minimum")
    if used.covered > 0 and not late:
        told.append(f"{used.covered.normalize():f} paid with credits")
    if late:
        told.append("reported late")
    if charge.forgiven:
        told.append(f"{money.rounded(abs(charge.forgiven), charge.currency):f} forgiven")
    starts_at, ends_at = _own_part(draft, period, version, until)
    share = _share_of(charge)
    return Line(
        LineKind.LATE_USAGE if late else LineKind.USAGE,
        ", ".join(told),
        charge.amount,
        feature_key=term.key,
        quantity=used.units - used.covered - used.billed_units,
        unit_price=_unit_price(term, used.units - used.covered, charge),
        starts_at=starts_at,
        ends_at=ends_at,
        elapsed_us=None if share is None else share.part_us,
        length_us=None if share is None else share.whole_us,
        calculation=charge,
    )


def _share_of(charge: Calculation) -> Share | None:
    """Return the share of the period's time that a charge stands for; None: all of it."""
    share = charge.share
    if share is None and charge.is_minimum and charge.minimum is not None:
        share = charge.minimum.share
    return None if share is None or share.part_us == share.whole_us else share


def _own_part(
    draft: Draft, period: SubscriptionPeriod, version: PlanVersion, until: datetime
) -> tuple[datetime, datetime]:
    """Return from when to when a version was in force in a period; undone, until it was undone."""
    spans = [
        (segment.starts_at, end)
        for segment, end in parts_of(draft, period, until)
        if segment.version_id == version.id
    ]
    if not spans:
        own = (period.subscription_id, period.seq)
        spans = [
            (s.starts_at, s.undone_at or until)
            for key, s in draft.segments.items()
            if key[:2] == own and s.version_id == version.id
        ]
    return min(start for start, _ in spans), max(end for _, end in spans)


def _unit_price(term: FeatureTerms, quantity: Decimal, charge: Calculation) -> Decimal | None:
    """Return the price of each unit, where the charge is that times the quantity and nothing else."""
    assert term.price is not None, "only priced features are billed"
    model = term.price.model
    if not isinstance(model, PerUnit) or charge.forgiven:
        return None
    return model.unit_price if quantity * model.unit_price == charge.exact else None


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
    charge: Calculation,
) -> None:
    """Note on the counters what they have come to; the amount stands on the first of them."""
    total = charge.rounded
    if total == 0 and not _rows(draft, period, term.key, version):
        return
    first = _counter_of(draft, period, term.key, version)
    if charge.amount > 0:
        draft.charged.append(first.key)
    rows = _rows(draft, period, term.key, version)
    forgiven = _forgiven(rows)
    for row in rows:
        own = row.key == first.key
        amount = total if own else ZERO
        draft.put(
            replace(
                row,
                billed_units=row.priced,
                billed_amount=amount,
                forgiven=forgiven if own else (),
                awaits_invoice=False,
            )
        )


def charged_by(draft: Draft, invoice_id: InvoiceId | None, tax: Tax) -> None:
    """Note on the counters that were just charged which document did it, and at which tax."""
    for key in draft.charged:
        for row in [c for c in draft.counters.values() if c.key[:4] == key[:4]]:
            draft.put(replace(row, billed_by=invoice_id, billed_tax=tax))
    draft.charged.clear()


def forgive(draft: Draft, invoice: Invoice) -> None:
    """Forgive the usage that an invoice charged, which its seller has just voided.

    What a credit note has given back of it since is charged no more, and not forgiven. What stays to
    be given back is then that of the invoice that charged the same usage before.
    """
    for line in invoice.lines:
        if line.calculation is None or line.calculation.metered is None or line.amount <= 0:
            continue
        charge, part = line.calculation, _part_of(invoice, line)
        rows = sorted(
            (row for key, row in draft.counters.items() if key[:4] == part),
            key=lambda row: row.key.window,
        )
        assert rows, "the counters of what is forgiven are read with the invoice"
        standing = min(charge.rounded, sum((row.billed_amount for row in rows), ZERO))
        forgiven = with_stretch(_forgiven(rows), charge.billed_before, standing)
        earlier = _charged_earlier(draft, part)
        for place, row in enumerate(rows):
            put = replace(row, forgiven=forgiven if place == 0 else ())
            if row.billed_by == invoice.id and earlier is not None:
                put = replace(put, billed_by=earlier.id, billed_tax=earlier.tax)
            draft.put(put)


def _part_of(invoice: Invoice, line: Line) -> tuple[object, ...] | None:
    """Return the counters that a line charges, by their key without the window; None: it charges none."""
    charge = line.calculation
    if charge is None or charge.metered is None:
        return None
    return (invoice.subscription_id, charge.metered.seq, line.feature_key, charge.version_id)


def _charged_earlier(draft: Draft, part: tuple[object, ...] | None) -> Invoice | None:
    """Return the newest invoice that stands and charges these counters, or None."""
    standing = [
        (one.issued_at, one.id, one)
        for one in draft.invoices.values()
        if one.issued_at is not None
        and one.status is not InvoiceStatus.VOID
        and any(line.amount > 0 and _part_of(one, line) == part for line in one.lines)
    ]
    return max(standing, key=lambda found: found[:2])[2] if standing else None
