"""The slow book's corrections: a use decided again with fewer units. See auditor.py."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

from tests.machine.papers import LATEST, ZERO, Refused, Use
from tests.machine.reserve import Reserve


class Corrections(Reserve):
    """A book in which units may be taken off an earlier use."""

    def correct(self, now: datetime, of: str, units: Fraction, key: str) -> Use:
        """Take units off the use of that key: what it lacks is written below zero beside it."""
        for use in self.uses:
            if use.key == key:
                if use.corrects is None or (use.corrects.key, use.units) != (of, -units):
                    raise Refused("event_key_conflict")
                return use
        first = next((use for use in self.uses if use.key == of), None)
        if units <= 0 or first is None or first.corrects or first.at < now - LATEST:
            raise Refused("validation_failed")
        earlier = [use for use in self.uses if use.corrects is first]
        left = first.units + sum((use.units for use in earlier), ZERO)
        if units > left:
            raise Refused("validation_failed")
        was, becomes = self.fate(first, left), self.fate(first, left - units)
        use = Use(first.at, key, first.feature, -units)
        use.corrects, use.period, use.plan = first, first.period, first.plan
        use.billable, use.covered = becomes[0] - was[0], becomes[1] - was[1]
        term = first.plan.term(first.feature) if first.plan else None
        if term and term.burns:
            use.unburnt = -use.covered * term.weight
            use.returned = self.give_back(first, use.unburnt, now)
        self.uses.append(use)
        return use

    def fate(self, use: Use, units: Fraction) -> tuple[Fraction, Fraction]:
        """What would be billed and covered of so many units, in the room and with the credits it had."""
        billable = min(units, use.billable)
        return billable, min(use.covered, billable)
