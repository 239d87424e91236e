"""The slow book: one customer's account, kept by hand from the billing rules alone.

It shares no line with the product. Facts are appended (periods, lines, payments, movements of
credits, usage: see papers.py); what can be derived is derived by scanning them again: statuses,
balances, counters, access. Money and units are exact fractions, rounded only where a line is
written. What time does is done at its own instant, oldest first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction

from tests.machine.papers import (
    DAY,
    LATEST,
    MINOR,
    NEVER,
    ZERO,
    Allocation,
    Anchor,
    Applied,
    Change,
    Document,
    Grant,
    Hold,
    Line,
    Part,
    Payment,
    Period,
    Plan,
    Refused,
    Segment,
    Sub,
    Term,
    Use,
    anchored,
    gross,
    instant,
    rounded,
    share,
    shifted,
    wall,
)

# --- the book ------------------------------------------------------------------------------------


@dataclass
class Book:
    grace_days: int = 3
    expire_days: int = 30
    tax: Fraction = ZERO
    features: frozenset[str] = frozenset()
    soft: frozenset[str] = frozenset()  # denominations without a hard limit
    owed: dict[str, Fraction] = field(default_factory=dict)
    subs: list[Sub] = field(default_factory=list)
    invoices: list[Document] = field(default_factory=list)
    notes: list[Document] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    payouts: list[Payment] = field(default_factory=list)
    spent: list[Applied] = field(default_factory=list)  # out of the balance, oldest first
    grants: list[Grant] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    trialled: list[Plan] = field(default_factory=list)
    numbered: int = 0

    # --- what is derived -------------------------------------------------------------------------

    def balance(self, currency: str) -> Fraction:
        """All that came in, was credited or is asked back, less what lies on invoices or went back."""
        came = sum(
            (p.amount for p in self.payments if p.currency == currency and not p.reversed), ZERO
        )
        given = sum((n.amount for n in self.notes if n.currency == currency), ZERO)
        own = [i for i in self.invoices if i.currency == currency]
        asked = sum((i.amount for i in own if i.kind == "ONE_OFF"), ZERO)
        back = sum((p.amount for p in self.payouts if p.currency == currency), ZERO)
        return came + given + asked - sum((i.paid for i in own), ZERO) - back

    def pool(self, denomination: str, now: datetime) -> Fraction:
        there = sum((g.left(now) for g in self.grants if g.denomination == denomination), ZERO)
        return there - self.owed.get(denomination, ZERO)

    def consumed(self, denomination: str) -> Fraction:
        """What usage has taken of a pool and not been given back, of all time."""
        total = ZERO
        for use in self.uses:
            term = use.plan.term(use.feature) if use.plan else None
            if term and term.burns == denomination:
                total += sum((take for _, take in use.burnt), use.overdrawn) - use.returned
        return total

    def used(self, period: Period, feature: str) -> Fraction:
        """What counts toward a limit: the period's units, whatever the version, and a cut one's."""
        same = period.same
        return sum(
            (u.billable for u in self.uses if u.period in same and u.feature == feature), ZERO
        )

    def open_holds(self, now: datetime) -> list[Hold]:
        return [hold for hold in self.holds if hold.status(now) == "HELD"]

    def held(self, period: Period, feature: str, now: datetime) -> Fraction:
        """What holds keep of a limit: those made in the period, or in one that was cut for it."""
        mine = [hold for hold in self.open_holds(now) if hold.feature == feature]
        return sum((hold.units for hold in mine if hold.period in period.same), ZERO)

    def available(self, denomination: str, now: datetime) -> Fraction:
        """What of a pool no hold keeps; one keeps credits while the period that it was made in runs."""
        there = self.pool(denomination, now)
        for hold in self.open_holds(now):
            running = hold.period.sub.running
            if hold.denomination == denomination and running and hold.period in running.same:
                there -= hold.credits
        return there

    def room(self, period: Period, term: Term, feature: str, now: datetime) -> Fraction | None:
        """What a limit leaves; None: all that may come."""
        if term.limit is None or not term.block:
            return None
        return max(ZERO, term.limit - self.used(period, feature) - self.held(period, feature, now))

    # --- access ----------------------------------------------------------------------------------

    def access(self, feature: str, now: datetime, units: Fraction = Fraction(1)) -> str | None:
        """None when so many units would pass, else the reason of the denial."""
        if feature not in self.features:
            return "feature_not_found"
        if not self.subs:
            return "no_subscription"
        having = [sub for sub in self.subs if sub.plan.term(feature)]
        if not having:
            return "feature_not_in_plan"
        usable = [sub for sub in having if sub.state(now) in ("ACTIVE", "TRIALING")]
        denials = {sub.running: self.denial(sub, feature, now, units) for sub in usable}
        if not usable:
            why = {
                "PAST_DUE": "payment_past_due",
                "INCOMPLETE": "subscription_inactive",
                "CANCELLED": "subscription_cancelled",
                "EXPIRED": "subscription_inactive",
            }
            states = [sub.state(now) for sub in having]
            return next(reason for state, reason in why.items() if state in states)
        if None in denials.values():
            return None
        choice = self.choose(now, feature, units, usable, now)
        return denials[choice[0]] if choice else None

    def denial(self, sub: Sub, feature: str, now: datetime, units: Fraction) -> str | None:
        period, term = sub.running, sub.plan.term(feature)
        if period is None or term is None:
            raise AssertionError("a usable subscription runs")
        room = self.room(period, term, feature, now)
        if room is not None and room < units:
            return "usage_limit_reached"
        if term.burns is None or term.burns in self.soft or term.price:
            return None
        enough = self.available(term.burns, now) >= units * term.weight
        return None if enough else "insufficient_credits"

    # --- time ------------------------------------------------------------------------------------

    def steps(self) -> Iterator[tuple[datetime, int, int, Document | Sub]]:
        """Everything that time will do: instant, rank at one instant, number, whom it concerns."""
        bought = [invoice for invoice in self.invoices if invoice.purchase]
        for n, invoice in enumerate(sorted(bought, key=lambda i: (i.created, i.rank))):
            if invoice.past_due and invoice.open > 0 and not invoice.kept:
                yield invoice.past_due, 0, n, invoice
        for n, sub in enumerate(self.subs):
            period = sub.running
            if sub.ended is not None:
                if sub.settle and not sub.late_done and self.awaits(sub):
                    yield sub.ended + LATEST, 5, n, sub
            elif not sub.started:
                yield sub.created + self.expire_days * DAY, 1, n, sub
            elif period is not None:
                yield period.end, 4, n, sub

    def next_due(self, now: datetime) -> datetime | None:
        """When time next changes something: also grace and credits end. Not of late usage."""
        at = [step[0] for step in self.steps() if step[1] < 5]
        at += [i.past_due for i in self.invoices if i.past_due and i.status(now) == "DUE"]
        at += [g.expires for g in self.grants if g.expires and g.left(now) > 0]
        return min(at, default=None)

    def advance(self, now: datetime) -> None:
        while True:
            step = min(self.steps(), key=lambda one: one[:3], default=None)
            if step is None or step[0] > now:
                return
            at, rank, _, whom = step
            if isinstance(whom, Document):
                self.put_void(whom, at)
            elif rank == 1:
                whom.ended, whom.expired = at, True
                for invoice in whom.invoices:
                    self.put_void(invoice, at)
            elif rank == 5:
                whom.late_done = True
                lines = self.collect(whom, at)
                if lines:
                    self.issue("ADJUSTMENT", whom, lines, at)
            else:
                self.meet_boundary(whom, at)
            self.after(at)

    def after(self, now: datetime) -> None:
        """What every step ends with: the balance is spent, what was paid takes effect."""
        while self.spend(now) or self.effects(now):
            pass

    def spend(self, now: datetime) -> bool:
        queue = [i for i in self.invoices if i.open > 0]
        for invoice in sorted(queue, key=lambda i: (i.due or NEVER, i.number)):
            amount = min(self.balance(invoice.currency), invoice.open)
            if amount > 0:
                self.spent.append(Applied(invoice, None, amount, now))
                invoice.applied.append(self.spent[-1])
                return True
        return False

    def effects(self, now: datetime) -> bool:
        for invoice in self.invoices:
            fresh = invoice.issued and not invoice.voided and not invoice.completed
            if fresh and invoice.open == 0:
                invoice.completed = now
                self.take_effect(invoice, now)
                return True
        for sub in self.subs:
            last = sub.last
            if last and last.closed and sub.ended is None and not sub.blocked(now):
                self.recover(sub, last, now)
                return True
        return False

    def take_effect(self, invoice: Document, now: datetime) -> None:
        """What the first full payment of an invoice brings."""
        if invoice.purchase:
            self.give(Grant("PURCHASED", *invoice.purchase, now))
        sub = invoice.sub
        if sub is None or sub.ended is not None:
            return
        if not sub.started:
            sub.started, sub.anchor = True, anchored(now, sub.zone)
            self.open_period(sub, now, invoice)
        for period in sub.periods:
            overdue = sub.last is period and period.closed  # recovery decides
            if period.base is invoice and not overdue:
                self.grant_base(period, now)

    # --- starting --------------------------------------------------------------------------------

    def subscribe(self, now: datetime, plan: Plan, grace: int | None, zone: str = "UTC") -> Sub:
        self.refuse_second(plan)
        if grace is None:
            grace = plan.grace_days if plan.grace_days is not None else self.grace_days
        sub = Sub(now, zone, plan, grace, anchored(now, zone))
        self.subs.append(sub)
        if plan.trial_days and plan not in self.trialled:
            self.trialled.append(plan)
            sub.started = True
            end = now + plan.trial_days * DAY
            period = Period(sub, 0, now, end, end - now, [Part(now, plan)], trial=True, free=True)
            sub.periods.append(period)
            period.base = self.issue("SUBSCRIPTION", sub, [Line("FEE", ZERO)], now)
        elif plan.advance and plan.price > 0:
            self.issue("SUBSCRIPTION", sub, [Line("FEE", plan.price)], now)
        else:
            sub.started = True
            self.open_period(sub, now)
        self.after(now)
        return sub

    def refuse_second(self, plan: Plan, besides: Sub | None = None) -> None:
        for sub in self.subs:
            if sub.ended is None and sub is not besides and plan in (sub.plan, sub.pending):
                raise Refused("already_subscribed")

    def issue(self, kind: str, sub: Sub, lines: list[Line], now: datetime) -> Document:
        invoice = Document(kind, sub.plan.currency, sub, lines, now, self.tax)
        return self.date(self.keep(invoice), sub.plan.net_days, sub.grace, now)

    def keep(self, invoice: Document) -> Document:
        self.invoices.append(invoice)
        if invoice.sub is not None:
            invoice.sub.invoices.append(invoice)
        return invoice

    def date(self, invoice: Document, net_days: int, grace: int, now: datetime) -> Document:
        self.numbered += 1
        invoice.number = self.numbered
        invoice.issued, invoice.due = now, now + net_days * DAY
        invoice.past_due = invoice.due + grace * DAY
        return invoice

    # --- periods ---------------------------------------------------------------------------------

    def open_period(
        self, sub: Sub, now: datetime, fee: Document | None = None, cut: Period | None = None
    ) -> Period:
        """The next period from `now`; `fee`: the document that already carries its advance fee."""
        plan, last = sub.plan, sub.last
        sub.k += 1
        end = sub.anchor.boundary(plan, sub.k)
        seq = last.seq + 1 if last else 0
        period = Period(sub, seq, now, end, end - now, [Part(now, plan)], follows_cut=cut)
        sub.periods.append(period)
        if not plan.advance:
            self.keep(Document("SUBSCRIPTION", plan.currency, sub, [], now, self.tax, period))
            if cut is None:
                self.grant_base(period, now)
            return period
        if fee is None:
            line = Line("FEE", plan.price, period, None, now, end)
            fee = self.issue("SUBSCRIPTION", sub, [line, *self.collect(sub, now)], now)
            fee.period = period
        elif fee.period is None and cut is None:
            fee.period = period
        for line in (x for x in fee.lines if x.kind == "FEE"):
            line.start, line.end = now, end
        period.segment = Segment(now, end, plan.price, fee, cut.segment if cut else None)
        if cut is None:
            period.base = fee
            if plan.price == 0 and fee.period is period:  # nothing to wait for
                self.grant_base(period, now)
        return period

    def awaits(self, sub: Sub) -> bool:
        return any(p.closed and not p.free and self.usage(p, p.end) for p in sub.periods)

    def collect(self, sub: Sub, now: datetime, running: Period | None = None) -> list[Line]:
        """The usage that no invoice carries yet: of `running` up to now, and of ended periods.

        What an ended period was charged too much for late usage is credited.
        """
        lines, below = [], ZERO
        for period in sub.periods:
            if period.free or not (period.closed or period is running):
                continue
            for line in self.usage(period, min(now, period.end), mark=True):
                below -= min(ZERO, line.amount)
                lines += [line] if line.amount >= 0 else []
            period.billed = True
        if below > 0:
            self.credit(sub, below, now)
        return lines

    def usage(self, period: Period, until: datetime, *, mark: bool = False) -> list[Line]:
        """A line for each priced feature and version, on the period's running total."""
        lines: list[Line] = []
        plans = list(dict.fromkeys(part.plan for part in period.parts))
        spans = list(period.spans(until))
        mine = [u for u in self.uses if u.period is period]
        for feature in dict.fromkeys(name for plan in plans for name, _ in plan.terms):
            before = ZERO
            for plan in plans:
                own = [u for u in mine if u.plan is plan and u.feature == feature]
                units = sum((u.billable - u.covered for u in own), ZERO)
                base, before = before, before + units
                term = plan.term(feature)
                price = term.price if term else None
                if price is None:
                    continue
                exact = price.rate(units)
                if price.model != "volume":
                    exact = price.rate(base + units) - price.rate(base)
                force = sum((stop - start for p, start, stop in spans if p is plan), timedelta())
                whole = share(period.start, period.start + force, period.whole)
                total = rounded(max(exact, price.minimum * whole), plan.currency)
                was = period.charged.get((feature, plan), ZERO)
                amount = period.owed((feature, plan), total) - period.owed((feature, plan), was)
                if amount if period.billed else (own or total):
                    line = Line("USAGE", amount, period, feature)
                    line.use, line.since, line.upto = (feature, plan), was, total
                    lines.append(line)
                if mark:
                    period.charged[feature, plan] = total
        return lines

    def base_lines(self, period: Period, until: datetime) -> list[Line]:
        """The arrears fee: each part's price by its shares of the period."""
        lines = []
        for plan, start, stop in period.spans(until):
            upto = rounded(plan.price * share(period.start, stop, period.whole), plan.currency)
            since = rounded(plan.price * share(period.start, start, period.whole), plan.currency)
            lines.append(Line("BASE", upto - since, period))
        return lines

    def pending_of(self, period: Period) -> Document | None:
        for invoice in period.sub.invoices:
            if invoice.period is period and invoice.issued is None and not invoice.voided:
                return invoice
        return None

    def accrued(self, invoice: Document, now: datetime) -> list[Line]:
        """The lines of a PENDING invoice, as if its period closed now."""
        period = invoice.period
        if period is None or invoice.issued or invoice.voided:
            return invoice.lines
        until = min(now, period.end)
        lines = self.base_lines(period, until)
        for one in period.sub.periods:
            if not one.free and (one.closed or one is period):
                lines += [x for x in self.usage(one, min(until, one.end)) if x.amount >= 0]
        return lines

    def close(self, sub: Sub, period: Period, now: datetime) -> None:
        """The period ends; in arrears its invoice is issued, in advance its usage waits."""
        pending = self.pending_of(period)
        if pending is not None:
            pending.lines = self.base_lines(period, now)
            pending.lines += self.collect(sub, now, period)
            self.date(pending, sub.plan.net_days, sub.grace, now)
        period.closed, period.end = True, now

    def meet_boundary(self, sub: Sub, now: datetime) -> None:
        period = sub.running
        if period is None:
            raise AssertionError("no boundary without a period")
        stuck = sub.blocked(now)
        self.close(sub, period, now)
        if sub.cancel_at is not None:
            self.finish(sub, now, self.collect(sub, now))
            return
        if stuck:
            return
        if period.trial:
            sub.anchor, sub.k = anchored(now, sub.zone), 0
        if sub.pending is not None:
            self.apply_pending(sub, sub.pending, now)
        self.open_period(sub, now)

    def apply_pending(self, sub: Sub, target: Plan, now: datetime) -> None:
        old, day = sub.plan, sub.anchor.day
        if old.advance and not target.advance:
            lines = self.collect(sub, now)
            if any(line.amount for line in lines):
                self.issue("ADJUSTMENT", sub, lines, now)
        sub.plan, sub.pending = target, None
        if old.rhythm != target.rhythm:
            sub.anchor, sub.k = anchored(now, sub.zone), 0
            if {old.unit, target.unit} <= {"MONTH", "YEAR"}:
                sub.anchor = Anchor(now, sub.zone, day)

    def recover(self, sub: Sub, ended: Period, now: datetime) -> None:
        """A new period from now; a fee that was paid late for one without a change is its base."""
        fee, sub.anchor, sub.k = ended.base, anchored(now, sub.zone), 0
        if fee is not None and not ended.trial and not fee.voided and fee.open == 0:
            late = fee.completed and fee.past_due and fee.completed >= fee.past_due
            alone = ended.segment is not None and len(ended.standing) == 1
            if late and alone and not fee.reopened and fee.period is ended:
                period = self.open_period(sub, now, fee)
                if not ended.granted:
                    self.grant_base(period, now)
                period.granted = True
                return
            self.grant_base(ended, now)
        self.open_period(sub, now)

    # --- credits ---------------------------------------------------------------------------------

    def grant_base(self, period: Period, now: datetime) -> None:
        """What a period grants, once. Paid after it ended: what rollover would have kept of it."""
        if period.granted:
            return
        period.granted = True
        running = period.sub.running
        ended = running is None or period not in running.same
        if not ended:
            self.roll(period, now)
        for allocation in period.parts[0].plan.allocations:
            kept = {"FULL": allocation.amount, "CAPPED": min(allocation.cap, allocation.amount)}
            amount = kept.get(allocation.rollover, ZERO) if ended else allocation.amount
            if amount > 0:
                self.plan_grant(period, allocation, amount, now)

    def plan_grant(self, period: Period, of: Allocation, amount: Fraction, now: datetime) -> Grant:
        zone, months = period.sub.zone, of.expires_after_months
        expires = None
        if months is not None:
            local = wall(now, zone)
            expires = instant(shifted(local, "MONTH", months, local.day), zone)
        grant = Grant("PLAN_INCLUDED", of.denomination, amount, now, expires)
        grant.period, grant.policy = period, of
        self.grants.append(self.repay(grant))
        return grant

    def repay(self, grant: Grant) -> Grant:
        """What a soft pool owes is repaid from the next grant."""
        owed = min(self.owed.get(grant.denomination, ZERO), grant.amount)
        grant.moved.append(-owed)
        self.owe(grant.denomination, -owed)
        return grant

    def owe(self, denomination: str, amount: Fraction) -> None:
        self.owed[denomination] = self.owed.get(denomination, ZERO) + amount

    def roll(self, period: Period, now: datetime) -> None:
        """The grants of the subscription's earlier periods, each by the policy it was given with."""
        same = period.same
        old = [g for g in self.grants if g.period and g.period.sub is period.sub]
        old = [g for g in old if g.period and g.period.seq < period.seq and g.period not in same]
        kept: dict[str, Fraction] = {}
        for grant in reversed(in_order(old)):  # the soonest-expiring excess goes first
            policy, left = grant.policy, grant.left(now)
            if policy is None or policy.rollover == "FULL":
                continue
            total = kept.get(grant.denomination, ZERO)
            keep = min(left, max(ZERO, policy.cap - total)) if policy.rollover == "CAPPED" else ZERO
            kept[grant.denomination] = total + keep
            grant.moved.append(keep - left)

    def grant_increase(self, period: Period, old: Plan, new: Plan, now: datetime) -> list[Grant]:
        """What B allocates beyond A, beyond what this period was given and is still promised."""
        made = []
        for allocation in new.allocations:
            name = allocation.denomination
            mine = [g for g in self.grants if g.period in period.same and g.denomination == name]
            had = sum((g.amount - g.clawed for g in mine), ZERO)
            for one in period.same:
                if one.base and not one.base.voided and not one.granted:
                    had += one.parts[0].plan.allocated(name)
            more = allocation.amount - max(old.allocated(name), had)
            if more > 0:
                made.append(self.plan_grant(period, allocation, more, now))
        return made

    def claw(self, grants: list[Grant], now: datetime) -> None:
        for grant in grants:
            grant.clawed += grant.left(now)
            grant.moved.append(-grant.left(now))

    def give(self, grant: Grant) -> None:
        """A grant by hand."""
        self.grants.append(self.repay(grant))

    def buy(
        self, now: datetime, denomination: str, amount: Fraction, price: Fraction, currency: str
    ) -> Document:
        """Order credits at `price` each."""
        line = Line("OTHER", rounded(amount * price, currency))
        if line.amount == 0:
            raise Refused("validation_failed")
        invoice = Document("CREDIT_PURCHASE", currency, None, [line], now, self.tax)
        invoice.purchase = (denomination, amount)
        self.date(self.keep(invoice), 0, self.grace_days, now)
        self.after(now)
        return invoice

    # --- usage -----------------------------------------------------------------------------------

    def use(self, now: datetime, feature: str, units: Fraction, key: str, at: datetime) -> Use:
        """Record usage that happened at `at`, at most 35 days ago."""
        for use in self.uses:
            if use.key == key:
                if (use.feature, use.units, use.at) != (feature, units, at) or use.hold:
                    raise Refused("event_key_conflict")
                return use
        if at < now - LATEST:
            raise Refused("validation_failed")
        if feature not in self.features:
            raise Refused("feature_not_found")
        use = Use(at, key, feature, units)
        choice = self.choose(at, feature, units, self.subs, now)
        self.uses.append(use)
        if choice is None:
            return use
        period, term, room = choice
        billable = units if room is None else min(units, room)
        use.exceeded = billable < units
        use.plan = period.plan_at(at)
        if term.burns:
            self.burn(use, term, billable, now)
        use.period, use.billable = period, billable
        return use

    def choose(
        self, at: datetime, feature: str, units: Fraction, subs: list[Sub], now: datetime
    ) -> tuple[Period, Term, Fraction | None] | None:
        """The oldest subscription with room for all the units, else the one with most room."""
        best: tuple[Period, Term, Fraction] | None = None
        for period in (period for sub in subs for period in sub.periods):
            if not period.start <= at < period.end:
                continue
            term = period.plan_at(at).term(feature)
            if term is None:
                continue
            room = self.room(period, term, feature, now)
            if room is None or room >= units:
                return period, term, room
            if best is None or room > best[2]:
                best = (period, term, room)
        return best

    def burn(self, use: Use, term: Term, billable: Fraction, now: datetime) -> None:
        scale, name = 10**12, term.burns or ""
        most = billable
        if name not in self.soft:
            most = Fraction(max(ZERO, self.available(name, now)) / term.weight * scale // 1, scale)
        use.covered = min(billable, most)
        use.short = use.covered < billable
        need = use.covered * term.weight
        for grant in in_order([g for g in self.grants if g.denomination == name]):
            take = min(need, grant.left(now))
            if take > 0:
                need -= take
                grant.moved.append(-take)
                use.burnt.append((grant, take))
        use.overdrawn = need
        self.owe(name, need)

    def reverse_burn(self, now: datetime, key: str) -> None:
        use = next((u for u in self.uses if u.key == key and (u.burnt or u.overdrawn)), None)
        if use is None:
            raise Refused("transaction_not_found")
        if use.reversed:
            raise Refused("already_reversed")
        burnt = sum((take for _, take in use.burnt), use.overdrawn)
        use.returned += self.give_back(use, burnt - use.withdrawn, now)
        use.reversed = True

    def give_back(self, use: Use, amount: Fraction, now: datetime) -> Fraction:
        """Give back some of what a use took, what it took last first; return what came back."""
        skipped, returned = use.withdrawn, ZERO
        use.withdrawn += amount
        term = use.plan.term(use.feature) if use.plan else None
        name = term.burns if term else None
        if use.reversed or name is None:
            return ZERO
        for grant, take in [(None, use.overdrawn), *reversed(use.burnt)]:
            passed = min(skipped, take)
            part = min(amount, take - passed)
            skipped, amount = skipped - passed, amount - part
            if grant is None:
                part = min(part, self.owed.get(name, ZERO))
                self.owe(name, -part)
            elif grant.expires and grant.expires <= now:
                continue
            else:
                grant.moved.append(part)
            returned += part
        return returned

    # --- paying ----------------------------------------------------------------------------------

    def mark_paid(
        self, now: datetime, invoice: Document, amount: Fraction | None, reference: str | None
    ) -> None:
        status = invoice.status(now)
        if status in ("VOID", "PENDING"):
            raise Refused(f"invoice_{status.lower()}")
        if self.known(reference, amount, invoice.currency):
            return
        if status == "PAID":
            if amount is not None and reference is None:
                raise Refused("already_paid")
            if amount is None:
                return
        amount = invoice.open if amount is None else amount
        payment = Payment(amount, invoice.currency, reference)
        self.payments.append(payment)
        if invoice.open > 0:
            invoice.applied.append(Applied(invoice, payment, min(amount, invoice.open), now))
        self.after(now)

    def known(self, reference: str | None, amount: Fraction | None, currency: str) -> bool:
        for payment in self.payments:
            if reference is not None and payment.reference == reference:
                if payment.reversed:
                    raise Refused("payment_reference_conflict")
                if amount not in (None, payment.amount) or currency != payment.currency:
                    raise Refused("payment_reference_conflict")
                return True
        return False

    def receive(
        self, now: datetime, currency: str, amount: Fraction, reference: str | None
    ) -> None:
        if not self.known(reference, amount, currency):
            self.payments.append(Payment(amount, currency, reference))
            self.after(now)

    def pay_out(self, currency: str, amount: Fraction) -> None:
        if amount > self.balance(currency):
            raise Refused("insufficient_balance")
        self.payouts.append(Payment(amount, currency))

    def reverse(self, now: datetime, payment: Payment) -> None:
        """The money did not come: what it covered opens again, then what the balance paid."""
        if payment.reversed:
            raise Refused("already_reversed")
        payment.reversed = True
        for invoice in self.invoices:
            for one in [a for a in invoice.applied if a.source is payment]:
                self.take_off(one, one.amount)
        order = sorted(self.spent, key=lambda a: (a.at, a.invoice.due or NEVER, a.invoice.number))
        for one in reversed(order):  # newest first; at one instant, against the order of paying
            lacking = -self.balance(payment.currency)
            if lacking > 0 and one.invoice.currency == payment.currency:
                self.take_off(one, min(lacking, one.amount))
        lacking = -self.balance(payment.currency)
        if lacking > 0:  # it was sent back to the customer: asked for
            line = Line("OTHER", lacking)
            invoice = Document("ONE_OFF", payment.currency, None, [line], now, ZERO)
            self.date(self.keep(invoice), 0, self.grace_days, now)
        self.after(now)

    def take_off(self, one: Applied, amount: Fraction) -> None:
        invoice = one.invoice
        if amount > 0 and invoice.open == 0:
            invoice.reopened = True
            invoice.kept = True  # its credits were given: it is owed for good
        one.amount -= amount

    def put_void(self, invoice: Document, now: datetime) -> None:
        """VOID, and the money on it is the customer's again."""
        if invoice.voided is None:
            invoice.voided = now
            for one in invoice.applied:
                one.amount = ZERO

    def void(self, now: datetime, invoice: Document) -> None:
        status, sub = invoice.status(now), invoice.sub
        if status == "VOID":
            return
        if status == "PENDING":
            raise Refused("invoice_pending")
        if status == "PAID":
            raise Refused("invoice_not_voidable")
        if invoice.kind == "ADJUSTMENT" and sub is not None and sub.ended is None:
            self.undo_upgrade(now, sub, invoice)
        self.put_void(invoice, now)
        for line in invoice.lines:
            self.forgive(line)
        if sub is not None and not sub.started and sub.ended is None:
            sub.ended = now
        self.after(now)

    def forgive(self, line: Line) -> None:
        """A line that the seller gives up: what still stands charged of its usage is a gift."""
        if line.use is not None and line.period is not None:
            upto = min(line.upto, line.period.charged[line.use])
            line.period.gifts.append(replace(line, upto=upto))

    def undo_upgrade(self, now: datetime, sub: Sub, invoice: Document) -> None:
        change, period = invoice.change, sub.running
        if change is None or change.period is not period or period.standing[-1] is not change.part:
            raise Refused("invoice_not_voidable")
        sub.plan, change.part.undone = change.old, now
        period.segment = change.segment
        self.claw(change.grants, now)

    def credit(self, sub: Sub, net: Fraction, now: datetime) -> Document:
        """A credit note closes what is open on the subscription's invoices; the rest is balance."""
        note = Document("NOTE", sub.plan.currency, sub, [Line("UNUSED", net)], now, self.tax)
        self.notes.append(note)
        rest = note.amount
        for invoice in sorted(sub.invoices, key=lambda i: (i.created, i.rank)):
            take = min(rest, invoice.open)
            if take > 0:
                rest -= take
                invoice.applied.append(Applied(invoice, note, take, now))
        return note

    # --- changing --------------------------------------------------------------------------------

    def refuse_change(self, now: datetime, sub: Sub, target: Plan) -> None:
        if sub.state(now) not in ("ACTIVE", "TRIALING"):
            raise Refused("subscription_not_active")
        if target.currency != sub.plan.currency:
            raise Refused("currency_mismatch")
        if target is sub.plan:
            raise Refused("same_plan")
        self.refuse_second(target, besides=sub)

    def downgrade(self, now: datetime, sub: Sub, target: Plan) -> None:
        self.refuse_change(now, sub, target)
        sub.pending = target

    def undo_change(self, sub: Sub) -> None:
        sub.pending = None

    def upgrade(self, now: datetime, sub: Sub, target: Plan) -> None:
        self.refuse_change(now, sub, target)
        old, period = sub.plan, sub.running
        if period is None:
            raise AssertionError("an active subscription has a period")
        if old.like(target) and target.price < old.price:
            raise Refused("not_an_upgrade")
        sub.pending = None
        if period.trial or old.like(target):
            self.upgrade_within(now, sub, period, target)
        else:
            self.upgrade_across(now, sub, period, target)
        self.after(now)

    def unused(self, segment: Segment | None, now: datetime) -> Fraction:
        """What was charged for the time that is left, on documents that are not VOID."""
        if segment is None or segment.holder.voided:
            return ZERO
        return segment.unused(now)

    def upgrade_within(self, now: datetime, sub: Sub, period: Period, target: Plan) -> None:
        old, sub.plan = sub.plan, target
        part = Part(now, target)
        period.parts.append(part)
        grants = self.grant_increase(period, old, target, now)
        if period.trial or not target.advance:
            return
        back = self.unused(period.segment, now)
        charge = rounded(target.price * share(now, period.end, period.whole), target.currency)
        lines = [
            Line("UNUSED", -back, period),
            Line("FEE", charge, period, None, now, period.end),
        ]
        document = self.settle_lines(sub, lines, now)
        document.change = Change(period, part, old, period.segment, grants)
        period.segment = Segment(now, period.end, charge, document, period.segment)

    def settle_lines(self, sub: Sub, lines: list[Line], now: datetime) -> Document:
        """An ADJUSTMENT, or below zero a credit note alone."""
        total = sum((line.amount for line in lines), ZERO)
        return (
            self.credit(sub, -total, now)
            if total < 0
            else self.issue("ADJUSTMENT", sub, lines, now)
        )

    def upgrade_across(self, now: datetime, sub: Sub, period: Period, target: Plan) -> None:
        """Another interval or timing: the running period is cut now, one of B begins."""
        old, lines, document = sub.plan, [], None
        if old.advance:
            lines = [Line("UNUSED", -self.unused(period.segment, now), period)]
            lines += self.collect(sub, now, period)
        self.close(sub, period, now)
        sub.plan, sub.anchor, sub.k = target, anchored(now, sub.zone), 0
        if target.advance:
            end = sub.anchor.boundary(target, 1)
            lines.append(Line("FEE", target.price, None, None, now, end))
        if lines:
            document = self.settle_lines(sub, lines, now)
        new = self.open_period(sub, now, document, cut=period)
        new.cut_by = document
        new.granted = True
        if sub.cancel_at is not None:
            sub.cancel_at = new.end
        self.grant_increase(new, old, target, now)

    # --- cancelling ------------------------------------------------------------------------------

    def cancel(self, now: datetime, sub: Sub, mode: str, *, settle: bool = True) -> None:
        if sub.ended is not None:
            return
        period = sub.running
        if mode == "END_OF_PERIOD" and period is not None:
            sub.cancel_at = period.end
            return
        self.cancel_now(now, sub, settle=settle)
        self.after(now)

    def undo_cancel(self, sub: Sub) -> None:
        if sub.ended is not None:
            raise Refused("subscription_ended")
        if sub.cancel_at is None:
            raise Refused("cancellation_not_scheduled")
        sub.cancel_at = None

    def cancel_now(self, now: datetime, sub: Sub, *, settle: bool) -> None:
        period, sub.settle = sub.running, settle
        lines: list[Line] = []
        given_back = self.given_back(sub)
        for invoice in sub.invoices:
            if self.dies(invoice):
                start, gift = given_back.get(id(invoice), (now, ZERO))
                lines += self.carried(invoice, min(now, start))
                lines += [Line("OTHER", gift)] if gift else []
        if period is not None and settle and not sub.plan.advance and not period.trial:
            lines += self.base_lines(period, now)
        if period is not None and not settle:
            period.free = True
        lines += self.collect(sub, now, period)
        for invoice in sub.invoices:
            if self.dies(invoice):
                self.put_void(invoice, now)
        if period is not None:
            segment = period.segment
            while segment and segment.holder.voided:  # the one before it stands again
                segment = segment.before
            back = self.unused(segment, now)
            period.closed, period.end = True, now
            if back > 0:
                self.credit(sub, back, now)
        self.finish(sub, now, lines)

    def dies(self, invoice: Document) -> bool:
        """Whether it becomes VOID when its subscription is cancelled now."""
        return not invoice.voided and (invoice.issued is None or invoice.open > 0)

    def given_back(self, sub: Sub) -> dict[int, tuple[datetime, Fraction]]:
        """By unpaid fee: since when, and how much of it, a plan change gave back that stands."""
        found: dict[int, tuple[datetime, Fraction]] = {}
        for place, period in enumerate(sub.periods):
            newer: tuple[datetime, Document] | None = None
            following = sub.periods[place + 1] if place + 1 < len(sub.periods) else None
            if following and following.follows_cut is period and following.cut_by:
                newer = (following.start, following.cut_by)
            segment = period.segment
            before = period.follows_cut.segment if period.follows_cut else None
            while segment is not None and segment is not before:
                found.pop(id(segment.holder), None)  # a fee serves the newest that it was paid for
                if newer and self.dies(segment.holder) and self.stands(sub, newer[1]):
                    found[id(segment.holder)] = (newer[0], segment.unused(newer[0]))
                newer, segment = (segment.start, segment.holder), segment.before
        return found

    def stands(self, sub: Sub, paper: Document) -> bool:
        """Whether it is still there once the subscription is cancelled."""
        return not paper.voided and not (paper in sub.invoices and self.dies(paper))

    def carried(self, invoice: Document, now: datetime) -> list[Line]:
        """What of an invoice that becomes VOID is owed all the same."""
        lines = [x for x in invoice.lines if x.kind in ("USAGE", "BASE")]
        fee = next((x for x in invoice.lines if x.kind == "FEE"), None)
        if fee is None or fee.start is None or fee.end is None or invoice.paid == 0:
            return lines
        price = sum((x.amount for x in invoice.lines if x.kind in ("FEE", "UNUSED")), ZERO)
        elapsed = share(fee.start, min(now, fee.end), fee.end - fee.start)
        owed = rounded(price * elapsed, invoice.currency)
        least = Fraction(1, 10 ** MINOR[invoice.currency])
        money = rounded(invoice.paid * 100 / (100 + invoice.tax), invoice.currency)
        while gross(money, invoice.tax, invoice.currency) > invoice.paid:
            money -= least
        owed = min(owed, money)
        return [Line("FEE", owed), *lines] if owed > 0 else lines

    def finish(self, sub: Sub, now: datetime, lines: list[Line]) -> None:
        """CANCELLED: plan credits go, what is owed is on a FINAL invoice."""
        sub.ended, sub.pending = now, None
        self.claw([g for g in self.grants if g.period and g.period.sub is sub], now)
        if any(line.amount > 0 for line in lines):
            self.issue("FINAL", sub, lines, now)


def in_order(grants: list[Grant]) -> list[Grant]:
    """Priority, soonest expiry (none last), free before bought, oldest, then as they are named."""
    return sorted(
        grants,
        key=lambda g: (g.priority, g.expires or NEVER, g.kind == "PURCHASED", g.at, g.rank),
    )
