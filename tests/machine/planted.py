"""Planted bugs: each a small wrong rule in the core, to be found by the machine within its budget.

A bug is a name, the sentence that it breaks, and a patch that is undone afterwards. Most are mistakes
that a billing system somewhere has shipped.
"""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from usance.core import (
    credits,
    draft,
    entitlements,
    invoices,
    money,
    periods,
    pricing,
    proration,
    usage,
    windows,
)
from usance.core.decisions import (
    advance,
    billing,
    cancel,
    change_plan,
    correct,
    crediting,
    due,
    granting,
    hold,
    lifecycle,
    opening,
    purchase,
    rating,
    reconcile,
    record,
    reverse_burn,
    settle,
    subscribe,
    upgrading,
    void_invoice,
)


@dataclass(frozen=True)
class Planted:
    """`old` and `new` are source text of one function of the core, where it is defined."""

    name: str
    where: ModuleType
    function: str
    old: str
    new: str


@contextmanager
def planted(bug: Planted) -> Iterator[None]:
    """Run with the bug in place: the function's text changed, compiled again in its module."""
    found = getattr(bug.where, bug.function)
    text = SOURCES[bug.where, bug.function]
    assert text.count(bug.old) >= 1, f"{bug.name}: {bug.function} no longer says {bug.old!r}"
    space: dict[str, Any] = {}
    code = compile(text.replace(bug.old, bug.new, 1), f"<{bug.name}>", "exec")
    exec(code, bug.where.__dict__, space)  # the module's own names; the result is set below alone
    holders = [m for m in MODULES if m.__dict__.get(bug.function) is found]
    for holder in holders:
        setattr(holder, bug.function, space[bug.function])
    try:
        yield
    finally:
        for holder in holders:
            setattr(holder, bug.function, found)


MODULES = [
    advance,
    billing,
    cancel,
    change_plan,
    correct,
    crediting,
    credits,
    draft,
    due,
    entitlements,
    granting,
    hold,
    invoices,
    lifecycle,
    money,
    opening,
    periods,
    pricing,
    proration,
    purchase,
    rating,
    reconcile,
    record,
    reverse_burn,
    settle,
    subscribe,
    upgrading,
    usage,
    void_invoice,
    windows,
]

BUGS = (
    Planted(
        "counts a boundary from the period before, not from the anchor",
        opening,
        "open_period",
        "        subscription.anchor_at,\n        subscription.zone,\n        version.terms.interval,\n"
        "        seq + 1 - subscription.anchor_seq,\n",
        "        starts_at,\n        subscription.zone,\n        version.terms.interval,\n        1,\n",
    ),
    Planted("takes a step only after its instant", due, "first", "step.at <= now", "step.at < now"),
    Planted(
        "rounds usage to whole units per event",
        record,
        "add",
        "units=row.units + units,",
        "units=row.units + units.quantize(Decimal(1)),",
    ),
    Planted(
        "skips rollover at a grant",
        granting,
        "grant_period",
        "roll_over(draft, subscription.id, before=(period.usage_from_seq, 0))",
        "pass",
    ),
    Planted(
        "grants a period twice", granting, "was_granted", "return any(", "return False and any("
    ),
    Planted(
        "claws back bought credits",
        granting,
        "_plan_grants",
        "grant.subscription_id == subscription_id and",
        "grant.subscription_id in (subscription_id, None) and",
    ),
    Planted(
        "spends the balance on the newest invoice first",
        lifecycle,
        "_open_invoices",
        "return sorted(still,",
        "return sorted(still, reverse=True,",
    ),
    Planted(
        "rounds half to even", money, "rounded", "decimal.ROUND_HALF_UP", "decimal.ROUND_HALF_EVEN"
    ),
    Planted(
        "cuts a share instead of rounding it",
        money,
        "share",
        "2 * abs(minor.numerator) + minor.denominator",
        "2 * abs(minor.numerator)",
    ),
    Planted(
        "moves the period whenever access comes back",
        lifecycle,
        "refresh",
        "if draft.running_period(subscription) is None:",
        "if True:",
    ),
    Planted(
        "charges a fee that was paid late a second time",
        lifecycle,
        "_re_anchor",
        "carried = _late_base(draft, subscription, ended)",
        "carried = None",
    ),
    Planted(
        "mints credits by going up and down",
        granting,
        "grant_increase",
        "had = max(floor, given + promised.get(name, ZERO))",
        "had = floor",
    ),
    Planted(
        "counts credits as given that were taken back",
        granting,
        "_given",
        "grant.amount - grant.clawed",
        "grant.amount",
    ),
    Planted(
        "gives a day more of grace",
        invoices,
        "past_due_at",
        "24 * grace_days",
        "24 * (grace_days + 1)",
    ),
    Planted(
        "keeps more than the cap",
        credits,
        "kept",
        "min(max(ZERO, grant.rollover_cap - total), grant.remaining)",
        "grant.remaining",
    ),
    Planted("spends what expires last first", credits, "spending_order", "        expiry,\n", ""),
    Planted(
        "spends bought credits before free ones",
        credits,
        "spending_order",
        "grant.kind is GrantKind.PURCHASED",
        "grant.kind is not GrantKind.PURCHASED",
    ),
    Planted(
        "covers more units than there are credits",
        credits,
        "coverable",
        "rounding=ROUND_DOWN",
        'rounding="ROUND_UP"',
    ),
    Planted(
        "enters a tier one unit early",
        pricing,
        "breakdown",
        "billable <= t.up_to",
        "billable < t.up_to",
    ),
    Planted(
        "enters a graduated tier with nothing in it",
        pricing,
        "_graduated",
        "if quantity <= lower:",
        "if quantity < lower:",
    ),
    Planted(
        "charges a block that was not started",
        pricing,
        "breakdown",
        "whole + 1 if rest else whole",
        "whole + 1",
    ),
    Planted(
        "forgets the included units",
        pricing,
        "breakdown",
        "quantity - price.included_units",
        "quantity",
    ),
    Planted(
        "asks for a whole minimum of a part",
        pricing,
        "floor",
        "EXACT.divide(minimum * numerator, Decimal(denominator))",
        "minimum",
    ),
    Planted(
        "rounds unused time by itself",
        proration,
        "unused_steps",
        "used = share(charge, elapsed, length, currency)",
        "used = charge - share(charge, length - elapsed, length, currency)",
    ),
    Planted(
        "rounds a part by itself",
        proration,
        "between_steps",
        "until_start = share(price, start, length, currency)",
        "until_start = until_end - share(price, end - start, length, currency)",
    ),
    Planted(
        "credits what a void invoice had charged",
        upgrading,
        "standing_charge",
        "return ZERO if",
        "return segment.charge if",
    ),
    Planted(
        "charges a trial", rating, "_bill_period", "if period.is_trial:", "if not period.parts:"
    ),
    Planted(
        "gives a trial every time",
        subscribe,
        "subscribe",
        "version.plan_id not in before.trialed",
        "version.plan_id",
    ),
    Planted(
        "resets usage when a change cuts the period",
        usage,
        "used",
        "found.period.usage_from_seq <= key.seq",
        "found.period.seq <= key.seq",
    ),
    Planted(
        "bills late usage together with what was billed",
        rating,
        "_mark_billed",
        "billed_amount=amount",
        "billed_amount=ZERO",
    ),
    Planted(
        "cancels one period late",
        advance,
        "_boundary",
        "subscription.cancel_at <= boundary",
        "subscription.cancel_at < boundary",
    ),
    Planted(
        "opens periods while past due",
        advance,
        "_boundary",
        "if subscription.status is SubscriptionStatus.PAST_DUE:",
        "if not boundary:",
    ),
    Planted(
        "forgets the usage of a period that ended past due",
        advance,
        "_boundary",
        "rating.leave_for_next_invoice(draft, subscription, period)",
        "pass",
    ),
    Planted(
        "puts a credit note on the balance at once",
        crediting,
        "apply_note",
        "if left == 0:",
        "if note:",
    ),
    Planted(
        "gives back what was forgiven",
        rating,
        "_charge",
        "if not forgiven:",
        "if forgiven:",
    ),
    Planted(
        "forgives what was charged on top, and not the void invoice's own",
        rating,
        "forgive",
        "charge.billed_before, standing",
        "ZERO, standing - charge.billed_before",
    ),
    Planted(
        "forgives what a credit note has given back",
        rating,
        "forgive",
        "min(charge.rounded, sum((row.billed_amount for row in rows), ZERO))",
        "charge.rounded",
    ),
    Planted(
        "keeps the money of a void invoice",
        billing,
        "void",
        "draft.move_balance(invoice.currency, held,",
        "draft.move_balance(invoice.currency, held - held,",
    ),
    Planted(
        "loses what was paid too much",
        settle,
        "mark_paid",
        "amount - onto_invoice,",
        "amount - amount,",
    ),
    Planted(
        "grants bought credits again when they are paid again",
        lifecycle,
        "_grant_bought",
        "if invoice.reopened_at is not None:",
        "if not bought:",
    ),
    Planted(
        "gives back credits that have expired",
        reverse_burn,
        "parts_back",
        "(expires_at is None or draft.now < expires_at)",
        "True",
    ),
    Planted(
        "gives back first what was spent first",
        reverse_burn,
        "parts_back",
        "in reversed(took):",
        "in took:",
    ),
    Planted(
        "gives back again what corrections gave back",
        reverse_burn,
        "reverse_burn",
        "start=corrected,",
        "start=ZERO,",
    ),
    Planted(
        "takes units off what was billed before what was cut off",
        correct,
        "_decide",
        "min(units, event.billable)",
        "max(ZERO, event.billable - event.units + units)",
    ),
    Planted(
        "takes more off an event than it was",
        correct,
        "correct",
        "left = event.units - event.units_off",
        "left = event.units",
    ),
    Planted(
        "gives credits back before the money of units that they did not cover",
        correct,
        "_decide",
        "covered = min(event.covered, billable)",
        "covered = max(ZERO, event.covered - event.billable + billable)",
    ),
    Planted(
        "forgets the day of the month between months and years",
        advance,
        "_kept_day",
        "if old.terms.interval.months is None or",
        "if old is not new or",
    ),
    Planted(
        "cuts every month at 28",
        periods,
        "_later",
        "monthrange(year, month + 1)[1]",
        "28",
    ),
    Planted(
        "takes an hour that the clocks skip as it stands",
        periods,
        "_first_instant",
        "if _wall_clock(late, zone) == local:",
        "if late:",
    ),
    Planted(
        "refuses an upgrade at the same price",
        change_plan,
        "_is_cheaper",
        "new.terms.price < old.terms.price",
        "new.terms.price <= old.terms.price",
    ),
    Planted(
        "sells a plan twice when a change to it is pending",
        subscribe,
        "refuse_second",
        "(pending is None or pending.plan_id != plan_id)",
        "plan_id",
    ),
    Planted(
        "charges an elapsed fee beyond the money that was paid on it",
        cancel,
        "_elapsed_fee",
        "beyond = used - _net_of(invoice.amount_paid, invoice)",
        "beyond = used - fee",
    ),
    Planted("charges usage that was forgiven", cancel, "_running_lines", " or not settle:", ":"),
    Planted("forgets units that are held", usage, "used", "held += hold.units", "held += ZERO"),
    Planted(
        "keeps units held for ever",
        usage,
        "used",
        "if hold.is_open(now) and",
        'if hold.status.value == "HELD" and',
    ),
    Planted(
        "burns credits that are held",
        record,
        "_burn",
        "balance -= usage.credits_held(draft, pool.denomination, draft.now)",
        "balance -= ZERO",
    ),
    Planted(
        "allows what is held",
        entitlements,
        "_verdict",
        "balance -= usage.credits_held(facts, found.term.burn.denomination, now)",
        "balance -= ZERO",
    ),
    Planted(
        "holds the same credits twice",
        hold,
        "_credits",
        "max(ZERO, balance - held)",
        "max(ZERO, balance)",
    ),
    Planted(
        "holds credits beyond the period",
        usage,
        "credits_held",
        "return period.usage_from_seq <= hold.counted.seq",
        "return hold.counted.seq >= 0",
    ),
    Planted(
        "keeps what is held from the very event it is held for",
        hold,
        "settle",
        "    draft.put_hold(closed)\n",
        "",
    ),
    Planted(
        "lets a hold that is over be released",
        hold,
        "release",
        "if hold.is_open(now):",
        "if hold:",
    ),
    Planted("ignores net terms", billing, "issue", "24 * net_terms_days", "0 * net_terms_days"),
    Planted(
        "waits a day longer for a first payment",
        subscribe,
        "_await_payment",
        "24 * days",
        "24 * (days + 1)",
    ),
)

# Read at once: an editor may change the files while the tests run.
SOURCES = {
    (bug.where, bug.function): inspect.getsource(getattr(bug.where, bug.function)) for bug in BUGS
}
