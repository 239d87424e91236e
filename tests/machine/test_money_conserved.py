"""Money is conserved: over a life, charged − credited = the value of the time that was covered.

No oracle but arithmetic: each instant is worth the price of the plan in force ÷ the length of its
period. Everything is paid at once, plans change up and down, within a rhythm and across, and the end
comes when it comes. Each line may round by half a minor unit, so a life is allowed one for each.

    pytest tests/machine/test_money_conserved.py                              100,000 lives, always the same
    USANCE_MONEY_LIVES=1000000 pytest tests/machine/test_money_conserved.py   as many as asked
"""

import os
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from random import Random

import pytest
from tests.machine.papers import MINOR, Plan
from tests.machine.shop import Shop

from usance.core.ids import SubscriptionId
from usance.core.invoices import OPEN, InvoiceStatus
from usance.core.refusals import Refusal

LIVES = int(os.environ.get("USANCE_MONEY_LIVES", "100000"))
PARTS = 8  # side by side

RHYTHMS = (("MONTH", 1), ("MONTH", 3), ("WEEK", 1), ("DAY", 30), ("YEAR", 1))
PRICES = ("0", "1", "10", "29.99", "100", "333.333")


@lru_cache(maxsize=1)
def catalogue(seed: int) -> list[Plan]:
    """A few plans of one currency, half of them of one rhythm."""
    rng = Random(seed)
    currency = rng.choice(("USD", "JPY", "KWD"))
    unit = 10 ** MINOR[currency]
    common = (*rng.choice(RHYTHMS), rng.random() < 0.7)
    plans = []
    for n in range(4):
        kind, count, advance = common if n < 2 else (*rng.choice(RHYTHMS), rng.random() < 0.5)
        price = Fraction(int(Fraction(rng.choice(PRICES)) * unit), unit)
        plans.append(Plan(f"p{n}", price, currency, kind, count, advance, rng.choice((0, 0, 0, 9))))
    return plans


class Tally:
    """One subscription, its bills paid as they come, and what its time was worth."""

    def __init__(self, rng: Random, plans: list[Plan]) -> None:
        self.rng, self.plans = rng, plans
        self.now = datetime(2027, rng.randrange(1, 13), rng.randrange(1, 29), tzinfo=UTC)
        self.now += timedelta(microseconds=rng.randrange(3 * 86_400_000_000))
        zone = rng.choice(("UTC", "Europe/Berlin", "America/New_York"))
        self.shop = Shop(self.now, self.plans, features=(), soft=(), denominations=(), zone=zone)
        self.sub: SubscriptionId = self.shop.subscribe(self.now, rng.choice(self.plans).key, None)
        self.pay()

    def pay(self) -> None:
        while bills := [i for i in self.shop.facts.invoices.values() if i.status in OPEN]:
            self.shop.mark_paid(self.now, bills[0].id, None, None)

    def wait(self, until: datetime) -> None:
        """Let time pass to the next thing that it does, and pay; so to the end."""
        while (due := self.shop.facts.subscriptions[self.sub].next_due_at) and due <= until:
            self.now = due
            self.shop.advance(due)
            self.pay()
        self.now = until

    def act(self) -> None:
        self.wait(self.now + self.rng.choice((0, 1, 5, 17, 40)) * self.some_hours())
        target = self.rng.choice(self.plans)
        try:
            self.shop.change(
                self.now, self.sub, target.key, self.rng.choice(("UPGRADE", "UPGRADE", "DOWNGRADE"))
            )
        except Refusal:
            return
        self.pay()

    def some_hours(self) -> timedelta:
        return timedelta(seconds=self.rng.randrange(86_400), microseconds=self.rng.randrange(10**6))

    def end(self) -> None:
        self.wait(self.now + self.rng.choice((0, 3, 20)) * self.some_hours())
        self.shop.cancel(self.now, self.sub, "IMMEDIATE", settle=True)
        self.pay()

    def worth(self) -> Fraction:
        """Σ price of the version in force × the share of its period, for all time that was covered."""
        facts = self.shop.facts
        total = Fraction(0)
        for period in facts.periods.values():
            if period.is_trial:
                continue
            own = [s for s in facts.segments.values() if s.seq == period.seq]
            starts = [s.starts_at for s in own[1:]] + [period.ends_at]
            for segment, stop in zip(own, starts, strict=True):
                price = Fraction(facts.versions[segment.version_id].terms.price)
                whole = period.planned_ends_at - period.starts_at
                one = timedelta(microseconds=1)
                total += price * Fraction((stop - segment.starts_at) // one, whole // one)
        return total

    def check(self) -> None:
        facts = self.shop.facts
        standing = [i for i in facts.invoices.values() if i.status is not InvoiceStatus.VOID]
        assert all(i.status is InvoiceStatus.PAID for i in standing)
        charged = sum((Fraction(i.amount) for i in standing), Fraction(0))
        credited = sum((Fraction(n.amount) for n in self.shop.notes), Fraction(0))
        lines = sum(len(i.lines) for i in standing) + sum(len(n.lines) for n in self.shop.notes)
        currency = self.plans[0].currency
        # One more: a FINAL invoice whose only line came to nothing is not written.
        allowed = Fraction(lines + 1, 10 ** MINOR[currency])
        assert abs(charged - credited - self.worth()) <= allowed, self.story()
        came = sum((Fraction(p.amount) for p in facts.payments.values()), Fraction(0))
        held = facts.balances.get(currency)
        assert came - (Fraction(held.amount) if held else 0) == charged - credited, self.story()

    def story(self) -> str:
        facts = self.shop.facts
        rows = [f"worth {float(self.worth())}"]
        rows += [
            f"{i.kind} {i.status} {i.amount} {i.created_at}: "
            + ", ".join(f"{x.kind} {x.amount}" for x in i.lines)
            for i in facts.invoices.values()
        ]
        rows += [f"credit note {n.amount} {n.issued_at}" for n in self.shop.notes]
        rows += [f"{p.seq}: {p.starts_at} – {p.ends_at}" for p in facts.periods.values()]
        return "\n".join(rows)


def live(seed: int) -> None:
    """A life; five neighbours choose from one catalogue."""
    rng = Random(seed)
    tally = Tally(rng, catalogue(seed // 5))
    for _ in range(rng.randrange(4)):
        tally.act()
    tally.end()
    tally.check()


@pytest.mark.timeout(0)
@pytest.mark.parametrize("part", range(PARTS))
def test_what_is_charged_less_what_is_credited_is_the_value_of_the_time_covered(part: int):
    for seed in range(LIVES * part // PARTS, LIVES * (part + 1) // PARTS):
        live(seed)
