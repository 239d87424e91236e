"""The papers of the slow book: its calendar, its prices, and the facts that it writes down.

See auditor.py. Money and units are exact fractions; instants are UTC.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

DAY = timedelta(hours=24)
LATEST = 35 * DAY
ZERO = Fraction(0)
MINOR = {"USD": 2, "JPY": 0, "KWD": 3}
NEVER = datetime.max.replace(tzinfo=UTC)


class Refused(Exception):  # noqa: N818 - the trade's word
    """The rules say no; the book is unchanged."""


# --- calendar ------------------------------------------------------------------------------------


def instant(local: datetime, zone: str) -> datetime:
    """The first instant at which the wall clock shows `local`, or the first valid one after."""
    place = ZoneInfo(zone)
    early = local.replace(tzinfo=place, fold=0).astimezone(UTC)
    if early.astimezone(place).replace(tzinfo=None) == local:
        return early
    lo, hi = local.replace(tzinfo=place, fold=1).astimezone(UTC), early
    before = lo.astimezone(place).utcoffset()
    while hi - lo > timedelta(microseconds=1):
        middle = lo + (hi - lo) // 2
        if middle.astimezone(place).utcoffset() == before:
            lo = middle
        else:
            hi = middle
    return hi


def shifted(local: datetime, unit: str, amount: int, day: int) -> datetime:
    """`local` and `amount` units later, on `day` of the month or the month's last."""
    if unit in ("DAY", "WEEK"):
        return local + timedelta(days=amount * (7 if unit == "WEEK" else 1))
    months = local.year * 12 + local.month - 1 + amount * (12 if unit == "YEAR" else 1)
    year, month = divmod(months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return datetime.combine(date(year, month + 1, min(day, last)), local.time())


def wall(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


@dataclass(frozen=True)
class Anchor:
    """Where boundaries are counted from; `day` outlives a change between months and years."""

    at: datetime
    zone: str
    day: int

    def boundary(self, plan: Plan, k: int) -> datetime:
        local = wall(self.at, self.zone)
        return instant(shifted(local, plan.unit, k * plan.count, self.day), self.zone)


def anchored(at: datetime, zone: str) -> Anchor:
    return Anchor(at, zone, wall(at, zone).day)


def share(start: datetime, end: datetime, whole: timedelta) -> Fraction:
    one = timedelta(microseconds=1)
    return Fraction((end - start) // one, whole // one)


# --- money and prices ----------------------------------------------------------------------------


def rounded(amount: Fraction, currency: str) -> Fraction:
    """Half away from zero, to the currency's minor unit."""
    unit = 10 ** MINOR[currency]
    scaled = abs(amount) * unit
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Fraction(whole if amount >= 0 else -whole, unit)


def gross(net: Fraction, tax: Fraction, currency: str) -> Fraction:
    return net + rounded(net * tax / 100, currency)


@dataclass(frozen=True)
class Price:
    model: str  # per_unit, graduated, volume, package
    unit: Fraction = ZERO  # of a unit, or of a block
    block: Fraction = Fraction(1)
    tiers: tuple[tuple[Fraction | None, Fraction, Fraction], ...] = ()  # up to, unit, flat
    included: Fraction = ZERO
    minimum: Fraction = ZERO

    def rate(self, units: Fraction) -> Fraction:
        q = max(ZERO, units - self.included)
        if q == 0:
            return ZERO
        if self.model == "per_unit":
            return q * self.unit
        if self.model == "package":
            return self.unit * -(-q // self.block)
        if self.model == "volume":
            return next(
                q * unit + flat for top, unit, flat in self.tiers if top is None or q <= top
            )
        total, low = ZERO, ZERO
        for top, unit, flat in self.tiers:
            if q > low:
                total += flat + unit * ((q if top is None else min(q, top)) - low)
            low = top if top is not None else q
        return total


@dataclass(frozen=True)
class Term:
    """What a version says about a feature."""

    price: Price | None = None
    limit: Fraction | None = None
    block: bool = True
    burns: str | None = None  # a denomination
    weight: Fraction = Fraction(1)


@dataclass(frozen=True)
class Allocation:
    denomination: str
    amount: Fraction
    rollover: str = "NONE"  # NONE, FULL, CAPPED
    cap: Fraction = ZERO
    expires_after_months: int | None = None


@dataclass(frozen=True, eq=False)
class Plan:
    key: str
    price: Fraction
    currency: str = "USD"
    unit: str = "MONTH"
    count: int = 1
    advance: bool = True
    trial_days: int = 0
    grace_days: int | None = None
    net_days: int = 0
    terms: tuple[tuple[str, Term], ...] = ()
    allocations: tuple[Allocation, ...] = ()

    def term(self, feature: str) -> Term | None:
        return next((term for name, term in self.terms if name == feature), None)

    def allocated(self, denomination: str) -> Fraction:
        return sum((a.amount for a in self.allocations if a.denomination == denomination), ZERO)

    def like(self, other: Plan) -> bool:
        """Whether both have the same interval and timing."""
        return self.rhythm == other.rhythm and self.advance == other.advance

    @property
    def rhythm(self) -> tuple[str, int]:
        return (self.unit, self.count)


# --- facts ---------------------------------------------------------------------------------------


@dataclass
class Line:
    kind: str  # BASE, FEE (in advance), UNUSED, USAGE, OTHER
    amount: Fraction
    period: Period | None = None
    feature: str | None = None
    start: datetime | None = None  # of an advance fee: the time that it buys
    end: datetime | None = None
    use: tuple[str, Plan] | None = None  # of usage: what is counted, and what all of it came to
    since: Fraction = ZERO  # before
    upto: Fraction = ZERO  # with this line


@dataclass(eq=False)
class Document:
    """An invoice, or a credit note (a positive amount)."""

    kind: str
    currency: str
    sub: Sub | None
    lines: list[Line]
    created: datetime
    tax: Fraction  # percent
    period: Period | None = None
    issued: datetime | None = None  # None: PENDING
    due: datetime | None = None
    past_due: datetime | None = None
    voided: datetime | None = None
    completed: datetime | None = None  # first fully paid
    reopened: bool = False
    kept: bool = False  # a purchase that was paid once: it is owed, and not called off
    purchase: tuple[str, Fraction] | None = None
    number: int = 0
    rank: int = 0  # among those created at one instant
    change: Change | None = None
    applied: list[Applied] = field(default_factory=list)

    @property
    def net(self) -> Fraction:
        return sum((line.amount for line in self.lines), ZERO)

    @property
    def amount(self) -> Fraction:
        return gross(self.net, self.tax, self.currency)

    @property
    def paid(self) -> Fraction:
        return sum((one.amount for one in self.applied), ZERO)

    @property
    def open(self) -> Fraction:
        return ZERO if self.issued is None or self.voided else self.amount - self.paid

    def status(self, now: datetime) -> str:
        if self.voided:
            return "VOID"
        if self.past_due is None:
            return "PENDING"
        if self.open == 0:
            return "PAID"
        return "PAST_DUE" if self.past_due <= now else "DUE"


@dataclass(eq=False)
class Payment:
    amount: Fraction
    currency: str
    reference: str | None = None
    reversed: bool = False


@dataclass(eq=False)
class Applied:
    """Money on an invoice, out of a payment, a credit note or (None) the balance."""

    invoice: Document
    source: Payment | Document | None
    amount: Fraction
    at: datetime


@dataclass(eq=False)
class Segment:
    start: datetime
    end: datetime
    charge: Fraction
    holder: Document  # the document with the line; VOID: nothing was charged
    before: Segment | None = None

    def unused(self, at: datetime) -> Fraction:
        part = share(self.start, min(at, self.end), self.end - self.start)
        return self.charge - rounded(self.charge * part, self.holder.currency)


@dataclass(eq=False)
class Part:
    """A version in force from `start` on; undone, it was in force until then."""

    start: datetime
    plan: Plan
    undone: datetime | None = None


@dataclass(eq=False)
class Period:
    sub: Sub
    seq: int
    start: datetime
    end: datetime
    whole: timedelta  # its length when it was opened
    parts: list[Part]
    trial: bool = False
    base: Document | None = None  # the invoice whose payment brings the credits
    granted: bool = False
    segment: Segment | None = None
    closed: bool = False
    billed: bool = False
    free: bool = False  # its usage is never asked for
    charged: dict[tuple[str, Plan], Fraction] = field(default_factory=dict)
    gifts: list[Line] = field(default_factory=list)  # of invoices that the seller voided
    follows_cut: Period | None = None
    cut_by: Document | None = None  # the document of the change that cut the one before

    def plan_at(self, at: datetime) -> Plan:
        return [
            part.plan
            for part in self.parts
            if part.start <= at and not (part.undone and part.undone <= at)
        ][-1]

    def owed(self, use: tuple[str, Plan], total: Fraction) -> Fraction:
        """What is to be paid of a use that came to so much: all but what was given as a gift."""
        own = [line for line in self.gifts if line.use == use]
        ends = {ZERO, total, *(end for line in own for end in (line.since, line.upto))}
        marks = sorted(end for end in ends if end <= total)
        return sum(
            (
                high - low
                for low, high in pairwise(marks)
                if not any(line.since <= low and high <= line.upto for line in own)
            ),
            ZERO,
        )

    @property
    def standing(self) -> list[Part]:
        return [part for part in self.parts if not part.undone]

    def spans(self, until: datetime) -> Iterator[tuple[Plan, datetime, datetime]]:
        """Which version was in force from when to when; an undone one never was."""
        parts = self.standing
        for n, part in enumerate(parts):
            stop = parts[n + 1].start if n + 1 < len(parts) else self.end
            if part.start < until or part.start == self.start:
                yield part.plan, part.start, min(stop, until)

    @property
    def same(self) -> list[Period]:
        """This period and those that plan changes cut before it: one, for limits and credits."""
        return [self, *(self.follows_cut.same if self.follows_cut else [])]


@dataclass(eq=False)
class Change:
    """An UPGRADE that did not cut: what undoing it must give back."""

    period: Period
    part: Part
    old: Plan
    segment: Segment | None
    grants: list[Grant]


@dataclass(eq=False)
class Sub:
    created: datetime
    zone: str
    plan: Plan
    grace: int
    anchor: Anchor
    k: int = 0
    rank: int = 0  # among those created at one instant
    periods: list[Period] = field(default_factory=list)
    invoices: list[Document] = field(default_factory=list)
    started: bool = False
    cancel_at: datetime | None = None
    pending: Plan | None = None
    ended: datetime | None = None
    expired: bool = False
    settle: bool = True
    late_done: bool = False

    @property
    def last(self) -> Period | None:
        return self.periods[-1] if self.periods else None

    @property
    def running(self) -> Period | None:
        last = self.last
        return last if last and not last.closed and self.ended is None else None

    def blocked(self, now: datetime) -> bool:
        kinds = ("SUBSCRIPTION", "ADJUSTMENT")
        return any(i.kind in kinds and i.status(now) == "PAST_DUE" for i in self.invoices)

    def state(self, now: datetime) -> str:
        if self.ended is not None:
            return "EXPIRED" if self.expired else "CANCELLED"
        if not self.started:
            return "INCOMPLETE"
        if self.blocked(now):
            return "PAST_DUE"
        return "TRIALING" if self.running and self.running.trial else "ACTIVE"


@dataclass(eq=False)
class Grant:
    kind: str  # PLAN_INCLUDED, PURCHASED, PROMOTIONAL, MANUAL
    denomination: str
    amount: Fraction
    at: datetime
    expires: datetime | None = None
    priority: int = 0
    rank: int = 0  # among those equal in everything else
    period: Period | None = None
    policy: Allocation | None = None
    moved: list[Fraction] = field(default_factory=list)
    clawed: Fraction = ZERO  # of what moved, what was taken back

    def left(self, now: datetime) -> Fraction:
        gone = self.expires is not None and self.expires <= now
        return ZERO if gone else self.amount + sum(self.moved, ZERO)


@dataclass(eq=False)
class Use:
    at: datetime
    key: str
    feature: str
    units: Fraction
    period: Period | None = None
    plan: Plan | None = None
    billable: Fraction = ZERO
    covered: Fraction = ZERO
    exceeded: bool = False
    short: bool = False
    burnt: list[tuple[Grant, Fraction]] = field(default_factory=list)
    overdrawn: Fraction = ZERO
    returned: Fraction = ZERO
    reversed: bool = False
    corrects: Use | None = None  # of which it takes units off: its own are below zero
    withdrawn: Fraction = ZERO  # of its credits, what corrections no longer burn, or a reversal
    unburnt: Fraction = ZERO  # of a correction: what its use no longer burns
    hold: Hold | None = None  # that it settled
    hold_over: bool = False  # which was not open any more


@dataclass(eq=False)
class Hold:
    """Units and credits set aside in a period, for one use."""

    key: str | None
    feature: str
    units: Fraction
    period: Period
    denomination: str | None
    credits: Fraction
    at: datetime
    expires: datetime
    closed: str | None = None  # SETTLED or RELEASED

    def status(self, now: datetime) -> str:
        return self.closed or ("HELD" if now < self.expires else "EXPIRED")
