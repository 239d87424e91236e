"""The slow book's holds: what is set aside, and the use that settles it. See auditor.py."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

from tests.machine.auditor import Book
from tests.machine.papers import ZERO, Hold, Refused, Sub, Term, Use

ACTIVE = ("ACTIVE", "TRIALING")


class Reserve(Book):
    """A book in which something may be set aside."""

    def shown(
        self, feature: str, now: datetime
    ) -> tuple[Fraction, Fraction | None, Fraction | None] | None:
        """What is used, the limit and what remains: of those who may use it, or else of all; summed."""
        having = [sub for sub in self.subs if sub.ended is None and sub.plan.term(feature)]
        usable = [sub for sub in having if sub.state(now) in ACTIVE]
        if not having:
            return None
        used, held, limit = ZERO, ZERO, ZERO
        unlimited = False
        for sub in usable or having:
            term = sub.plan.term(feature)
            if term is None or term.limit is None:
                unlimited = True
            else:
                limit += term.limit
            if sub.running is not None:
                used += self.used(sub.running, feature)
                held += self.held(sub.running, feature, now)
        if unlimited:
            return used, None, None
        return used, limit, max(ZERO, limit - used - held)

    def take(
        self, now: datetime, feature: str, units: Fraction, life: timedelta, key: str | None
    ) -> Hold:
        """Set units aside where a check of them would allow them, and the credits that they burn."""
        for hold in self.holds:
            if key is not None and hold.key == key:
                if (hold.feature, hold.units, hold.expires - hold.at) != (feature, units, life):
                    raise Refused("hold_key_conflict")
                return hold
        reason = self.access(feature, now, units)
        if reason is not None:
            raise Refused(reason)
        sub = next(sub for sub in self.subs if self.allows(sub, feature, now, units))
        period, term = sub.running, sub.plan.term(feature)
        if period is None or term is None:
            raise AssertionError("what is allowed has a period")
        kept = self.credits_for(term, units, now)
        hold = Hold(key, feature, units, period, term.burns, kept, now, now + life)
        self.holds.append(hold)
        return hold

    def allows(self, sub: Sub, feature: str, now: datetime, units: Fraction) -> bool:
        if sub.state(now) not in ACTIVE or sub.plan.term(feature) is None:
            return False
        return self.denial(sub, feature, now, units) is None

    def credits_for(self, term: Term, units: Fraction, now: datetime) -> Fraction:
        """The credits that units would burn; where too few are there, those."""
        if term.burns is None:
            return ZERO
        if term.burns not in self.soft:
            scale = 10**12
            there = max(ZERO, self.available(term.burns, now))
            units = min(units, Fraction(there / term.weight * scale // 1, scale))
        return units * term.weight

    def settle(self, now: datetime, hold: Hold, units: Fraction, key: str, at: datetime) -> Use:
        """The use that a hold was made for: it finds free what was kept for it."""
        for use in self.uses:
            if use.key == key:
                if (use.hold, use.units, use.at) != (hold, units, at):
                    raise Refused("event_key_conflict")
                return use
        if hold.closed == "SETTLED":
            raise Refused("hold_settled")
        before, over = hold.closed, hold.status(now) != "HELD"
        hold.closed = "SETTLED"
        try:
            use = self.use(now, hold.feature, units, key, at)
        except Refused:
            hold.closed = before
            raise
        use.hold, use.hold_over = hold, over
        return use

    def release(self, now: datetime, hold: Hold) -> None:
        """Give back what is kept; what is over stays as it is."""
        if hold.closed == "SETTLED":
            raise Refused("hold_settled")
        if hold.status(now) == "HELD":
            hold.closed = "RELEASED"
