"""Periods: where a subscription's periods begin and end, by the calendar of its zone.

A boundary is counted from the anchor, never from the boundary before it: Jan 31, Feb 28, Mar 31.
It keeps the anchor's wall clock; where that clock does not show the time (it was put forward), the
boundary is the first instant after; where it shows it twice, the first of the two.

Units: instants are aware datetimes, returned in UTC; lengths are whole microseconds.

Sources: BILLING.md, "Calendar"; the IANA time zone database, from the package `tzdata`.
"""

import zoneinfo
from calendar import monthrange
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Final, TypeAlias, assert_never
from zoneinfo import ZoneInfo

# Boundaries must not depend on the machine: without this the operating system's copy of the
# database, of whatever age, goes before the package's, and two workers could disagree.
zoneinfo.reset_tzpath(to=())

Zone: TypeAlias = str

_MICROSECOND: Final = timedelta(microseconds=1)


class OutOfCalendar(ValueError):  # noqa: N818 - named by the fact, like a refusal
    """An instant before the year 1 or after the year 9999."""

    def __init__(self) -> None:
        super().__init__(f"The calendar ends with the year {MAXYEAR}.")


class Unit(StrEnum):
    """What an interval counts."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    YEAR = "YEAR"


@dataclass(frozen=True, slots=True)
class Interval:
    """A number of calendar units, such as three months."""

    unit: Unit
    count: int

    def __post_init__(self) -> None:
        """Hold that time goes on."""
        assert self.count >= 1, "an interval has a length"

    @property
    def months(self) -> int | None:
        """The interval in months, or None if it counts days.

        >>> [Interval(unit, 2).months for unit in Unit]
        [None, None, 2, 24]
        """
        match self.unit:
            case Unit.DAY | Unit.WEEK:
                return None
            case Unit.MONTH:
                return self.count
            case Unit.YEAR:
                return 12 * self.count
            case _:
                assert_never(self.unit)

    @property
    def days(self) -> int | None:
        """The interval in days by the calendar, or None if it counts months."""
        match self.unit:
            case Unit.DAY:
                return self.count
            case Unit.WEEK:
                return 7 * self.count
            case Unit.MONTH | Unit.YEAR:
                return None
            case _:
                assert_never(self.unit)


@dataclass(frozen=True, slots=True)
class Period:
    """The instants from `starts_at` to just before `ends_at`, which belongs to what follows."""

    starts_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        """Hold that a period does not end before it starts."""
        assert self.length_us >= 0, "a period ends after it starts"

    @property
    def length_us(self) -> int:
        """The length in microseconds."""
        return microseconds(self.starts_at, self.ends_at)

    def contains(self, at: datetime) -> bool:
        """Return whether the instant lies in the period."""
        return 0 <= microseconds(self.starts_at, at) < self.length_us

    def elapsed_us(self, at: datetime) -> int:
        """Return how much of the period is over at the instant: from 0 to its whole length."""
        return min(max(microseconds(self.starts_at, at), 0), self.length_us)


def is_zone(zone: str) -> bool:
    """Return whether the name is one of the IANA database's.

    >>> [is_zone(name) for name in ("Europe/Berlin", "UTC", "europe/berlin", "CEST", "../UTC")]
    [True, True, False, False, False]
    """
    return zone in _zones()


def local_day(at: datetime, zone: Zone) -> int:
    """Return the day of the month that the zone's calendar shows at the instant."""
    return local_date(at, zone).day


def local_date(at: datetime, zone: Zone) -> date:
    """Return the date that the zone's calendar shows at the instant."""
    return _wall_clock(at, ZoneInfo(zone)).date()


def microseconds(start: datetime, end: datetime) -> int:
    """Return the time that really passes between two instants, exactly; negative if end is first.

    Through UTC, since Python subtracts the wall clocks of two datetimes of one zone and so forgets
    the hour that was put forward or back in between.
    """
    return (_utc(end) - _utc(start)) // _MICROSECOND


def boundary(
    anchor: datetime, zone: Zone, interval: Interval, k: int, *, day: int | None = None
) -> datetime:
    """Return the instant at which period `k` starts, and period `k - 1` ends, in UTC.

    Boundary 0 is the anchor. `day` is the day of the month to which months and years count, if it
    is not the anchor's own: an anchor on Feb 28 may stand for a 31st. Raises `OutOfCalendar`.

    >>> monthly, anchor = Interval(Unit.MONTH, 1), datetime(2027, 1, 31, 9, tzinfo=UTC)
    >>> [f"{boundary(anchor, 'UTC', monthly, k):%b %d}" for k in range(4)]
    ['Jan 31', 'Feb 28', 'Mar 31', 'Apr 30']
    >>> f"{boundary(anchor, 'Europe/Berlin', monthly, 3):%b %d %H:%M}"  # 10:00, now in summer
    'Apr 30 08:00'
    """
    if k == 0:
        return _utc(anchor)
    try:
        local = _wall_clock(_utc(anchor), ZoneInfo(zone))
        return _first_instant(_later(local, interval, k, day or local.day), ZoneInfo(zone))
    except OverflowError:
        raise OutOfCalendar from None


def nth(anchor: datetime, zone: Zone, interval: Interval, k: int, day: int | None = None) -> Period:
    """Return period `k` of the count that starts at the anchor. Raises `OutOfCalendar`."""
    return Period(
        boundary(anchor, zone, interval, k, day=day),
        boundary(anchor, zone, interval, k + 1, day=day),
    )


def index_at(
    anchor: datetime, zone: Zone, interval: Interval, at: datetime, day: int | None = None
) -> int:
    """Return the `k` of the period that contains the instant; negative before the anchor.

    >>> anchor, at = datetime(2027, 1, 31, tzinfo=UTC), datetime(2028, 2, 29, tzinfo=UTC)
    >>> index_at(anchor, "UTC", Interval(Unit.MONTH, 1), at)
    13
    """
    # By the calendar alone; the day of the month, the hour or a clock change can move it by one.
    start, end = (_wall_clock(_utc(each), ZoneInfo(zone)) for each in (anchor, at))
    if interval.months:
        k = (12 * (end.year - start.year) + end.month - start.month) // interval.months
    else:
        assert interval.days, "an interval counts months or days"
        k = (end.date() - start.date()).days // interval.days

    at = _utc(at)
    while boundary(anchor, zone, interval, k, day=day) > at:
        k -= 1
    while boundary(anchor, zone, interval, k + 1, day=day) <= at:
        k += 1
    return k


def _later(local: datetime, interval: Interval, k: int, day: int) -> datetime:
    """Return the wall clock `k` intervals later, its day cut to the month's last."""
    if interval.days:
        return local + timedelta(days=k * interval.days)
    assert interval.months, "an interval counts months or days"
    year, month = divmod(12 * local.year + local.month - 1 + k * interval.months, 12)
    if not MINYEAR <= year <= MAXYEAR:
        raise OutOfCalendar
    return local.replace(year=year, month=month + 1, day=min(day, monthrange(year, month + 1)[1]))


def _first_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant, in UTC, at which the zone's clocks show `local` or have passed it."""
    late = local.replace(tzinfo=zone).astimezone(UTC)
    if _wall_clock(late, zone) == local:
        return late
    # The clocks skip it: with the offset before the change it is too late, with the offset after
    # too early (PEP 495). They change on a whole second in between.
    early = local.replace(tzinfo=zone, fold=1).astimezone(UTC).replace(microsecond=0)
    low, high = 0, microseconds(early, late) // 1_000_000
    while high - low > 1:
        middle = (low + high) // 2
        if _wall_clock(early + timedelta(seconds=middle), zone) < local:
            low = middle
        else:
            high = middle
    return early + timedelta(seconds=high)


def _wall_clock(at: datetime, zone: ZoneInfo) -> datetime:
    # `fold` must go: an anchor in the second of two hours asks for no other second hour.
    try:
        return at.astimezone(zone).replace(tzinfo=None, fold=0)
    except OverflowError:
        raise OutOfCalendar from None


def _utc(at: datetime) -> datetime:
    assert at.tzinfo is not None, "an instant has a zone"
    return at.astimezone(UTC)


@cache
def _zones() -> frozenset[str]:
    # `Factory` is the database's word for a machine whose zone nobody has set.
    return frozenset(zoneinfo.available_timezones() - {"Factory"})
