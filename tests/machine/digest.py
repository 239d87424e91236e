"""A digest of all that the product keeps of a customer, ids mapped to the order of creation."""

from tests.machine.shop import Shop

from usance.core.invoices import Line


def digest(shop: Shop) -> tuple[object, ...]:
    """The business columns, sorted: equal digests, equal books."""
    facts = shop.facts
    subs = {name: n for n, name in enumerate(facts.subscriptions)}
    rows: list[tuple[object, ...]] = []
    for one in facts.subscriptions.values():
        version = facts.versions[one.version_id].plan_key
        instants = (one.created_at, one.cancel_at, one.cancelled_at, one.anchor_at, one.next_due_at)
        rows.append(("subscription", subs[one.id], one.status.value, version, one.seq, *instants))
    for period in facts.periods.values():
        ends = (period.starts_at, period.ends_at, period.closed_at, period.billed_at)
        rows.append(("period", subs[period.subscription_id], period.seq, *ends))
    rows += [
        ("change", subs[c.subscription_id], facts.versions[c.version_id].plan_key)
        for c in facts.changes.values()
    ]
    for invoice in facts.invoices.values():
        whose = subs[invoice.subscription_id] if invoice.subscription_id else None
        money = (invoice.amount, invoice.amount_paid, invoice.tax_amount, _lines(invoice.lines))
        when = (invoice.issued_at, invoice.due_at, invoice.paid_at, invoice.voided_at)
        kind = (invoice.kind.value, invoice.n, invoice.status.value, invoice.number)
        rows.append(("invoice", whose, invoice.seq, *kind, *money, *when))
    rows += [("note", subs[n.subscription_id], n.amount, n.issued_at) for n in shop.notes]
    rows += [("balance", b.currency, b.amount) for b in facts.balances.values()]
    for counter in facts.counters.values():
        key = counter.key
        named = (
            subs[key.subscription_id],
            key.seq,
            key.feature_key,
            facts.versions[key.version_id].plan_key,
        )
        billed = (counter.billed_amount, counter.forgiven)
        rows.append(("counter", *named, counter.units, counter.covered, *billed))
    for hold in facts.holds.values():
        whose = subs[hold.counted.subscription_id]
        kept = (hold.counted.feature_key, hold.units, hold.denomination, hold.credits)
        made = (hold.created_at, hold.expires_at)
        rows.append(("hold", whose, hold.counted.seq, *kept, *made, hold.status.value))
    for pool in facts.pools.values():
        sums = (pool.granted, pool.consumed, pool.expired, pool.clawed, pool.overdraft)
        rows.append(("pool", pool.denomination, *sums))
        for grant in (g for g in facts.grants.values() if g.pool_id == pool.id):
            facts_of = (
                grant.kind.value,
                grant.amount,
                grant.remaining,
                grant.granted_at,
                grant.expires_at,
            )
            rows.append(("grant", pool.denomination, *facts_of))
    return tuple(sorted(rows, key=repr))


def _lines(lines: tuple[Line, ...]) -> tuple[object, ...]:
    return tuple(sorted(((x.kind.value, x.feature_key, x.amount) for x in lines), key=repr))
