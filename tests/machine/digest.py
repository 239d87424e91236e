"""A digest of all that the product keeps of a customer, ids mapped to the order of creation."""

from tests.machine.shop import Shop
from usance.core import credits
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
    for change in facts.changes.values():
        rows.append(
            ("change", subs[change.subscription_id], facts.versions[change.version_id].plan_key)
        )
    for invoice in facts.invoices.values():
        whose = subs[invoice.subscription_id] if invoice.subscription_id else None
        money = (invoice.amount, invoice.amount_paid, invoice.tax_amount, _lines(invoice.lines))
        when = (invoice.issued_at, invoice.due_at, invoice.paid_at, invoice.voided_at)
        kind = (invoice.kind.value, invoice.n, invoice.status.value, invoice.number)
        rows.append(("invoice", whose, invoice.seq, *kind, *money, *when))
    for note in shop.notes:
        rows.append(("note", subs[note.subscription_id], note.amount, note.issued_at))
    for balance in facts.balances.values():
        rows.append(("balance", balance.currency, balance.amount))
    for counter in facts.counters.values():
        key = counter.key
        named = (
            subs[key.subscription_id],
            key.seq,
            key.feature_key,
            facts.versions[key.version_id].plan_key,
        )
        rows.append(("counter", *named, counter.units, counter.covered, counter.billed_amount))
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


def balances(shop: Shop) -> dict[str, object]:
    """What each pool holds, by denomination."""
    grants = shop.facts.grants.values()
    latest = max((g.granted_at for g in grants), default=shop.facts.customer.created_at)
    return {p.denomination: credits.balance(p, grants, latest) for p in shop.facts.pools.values()}
