"""Periods: every day of the month, every leap year, and every clock change of every zone.

The oracle for clock changes does not know how `datetime` folds: it looks at a zone as a list of
stretches of constant offset and asks each one in turn when its clocks show a time.
"""

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.core.periods import (
    Interval,
    OutOfCalendar,
    Period,
    Unit,
    boundary,
    index_at,
    is_zone,
    microseconds,
    nth,
)

DAY, MICROSECOND = timedelta(days=1), timedelta(microseconds=1)
DAILY, WEEKLY = Interval(Unit.DAY, 1), Interval(Unit.WEEK, 1)
MONTHLY, YEARLY = Interval(Unit.MONTH, 1), Interval(Unit.YEAR, 1)


def utc(text: str) -> datetime:
    """Read an instant; without an offset it is in UTC."""
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


# --- the calendar ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("anchor", "interval", "k", "expected"),
    [
        ("2027-01-31", MONTHLY, 1, "2027-02-28"),
        ("2027-01-31", MONTHLY, 2, "2027-03-31"),  # from the anchor, not from Feb 28
        ("2027-01-31", MONTHLY, 13, "2028-02-29"),
        ("2027-01-31", MONTHLY, 14, "2028-03-31"),
        ("2027-01-31", Interval(Unit.MONTH, 3), 1, "2027-04-30"),
        ("2027-12-31", MONTHLY, 2, "2028-02-29"),
        ("2028-02-29", YEARLY, 1, "2029-02-28"),
        ("2028-02-29", YEARLY, 4, "2032-02-29"),
        ("2096-02-29", YEARLY, 4, "2100-02-28"),  # 2100 is no leap year
        ("2096-02-29", YEARLY, 8, "2104-02-29"),
        ("2028-02-29", Interval(Unit.YEAR, 2), 3, "2034-02-28"),
        ("2027-02-28", DAILY, 1, "2027-03-01"),
        ("2027-02-28", Interval(Unit.DAY, 30), 2, "2027-04-29"),  # 1 + 31 + 28
        ("2027-02-28", Interval(Unit.WEEK, 2), 1, "2027-03-14"),
        ("2027-03-31", MONTHLY, -1, "2027-02-28"),
        ("2027-01-31T23:59:59.999999", MONTHLY, 1, "2027-02-28T23:59:59.999999"),
    ],
)
def test_a_boundary_is_counted_from_the_anchor(anchor, interval, k, expected):
    assert boundary(utc(anchor), "UTC", interval, k) == utc(expected)


def last_day(year: int, month: int) -> int:
    """The month's last day by the school rule."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return {2: 29 if leap else 28, 4: 30, 6: 30, 9: 30, 11: 30}.get(month, 31)


LEAP_YEARS = [*range(2024, 2097, 4), 2104]


@pytest.mark.parametrize("year", [2027, *LEAP_YEARS, 2099, 2100])
def test_every_day_of_a_year_is_an_anchor_for_the_thirteen_months_after_it(year):
    for month in range(1, 13):
        for day in range(1, last_day(year, month) + 1):
            anchor = datetime(year, month, day, 12, 30, 15, 999_999, UTC)
            y, m = year, month
            for k in range(1, 14):
                y, m = (y, m + 1) if m < 12 else (y + 1, 1)
                expected = anchor.replace(year=y, month=m, day=min(day, last_day(y, m)))
                assert boundary(anchor, "UTC", MONTHLY, k) == expected


@pytest.mark.parametrize("day", range(1, 32))
def test_an_anchor_on_each_day_of_the_month_keeps_it_until_2104(day):
    anchor = datetime(2024, 1, day, 8, tzinfo=UTC)
    for k in range(12 * 81):
        year, month = 2024 + k // 12, k % 12 + 1
        at = boundary(anchor, "UTC", MONTHLY, k)
        assert (at.year, at.month, at.day) == (year, month, min(day, last_day(year, month)))


@pytest.mark.parametrize("year", LEAP_YEARS)
def test_a_leap_day_is_an_anchor_for_the_years_after_it(year):
    anchor = datetime(year, 2, 29, tzinfo=UTC)
    for k in range(1, 2105 - year):
        assert boundary(anchor, "UTC", YEARLY, k).day == last_day(year + k, 2)


@pytest.mark.parametrize(
    ("interval", "k", "expected"),
    [
        (MONTHLY, 0, "2027-02-28"),  # the anchor itself
        (MONTHLY, 1, "2027-03-31"),
        (MONTHLY, 2, "2027-04-30"),
        (YEARLY, 1, "2028-02-29"),
        (DAILY, 1, "2027-03-01"),  # days have no day of the month
    ],
)
def test_an_anchor_on_a_cut_day_can_stand_for_a_31st(interval, k, expected):
    assert boundary(utc("2027-02-28"), "UTC", interval, k, day=31) == utc(expected)


def test_a_zone_decides_which_day_of_the_month_the_anchor_is():
    # 23:30 in UTC is already Feb 1 in Berlin, 00:30; in the summer that is 22:30 in UTC.
    anchor = utc("2027-01-31T23:30")
    assert boundary(anchor, "Europe/Berlin", MONTHLY, 1) == utc("2027-02-28T23:30")
    assert boundary(anchor, "Europe/Berlin", MONTHLY, 3) == utc("2027-04-30T22:30")
    assert boundary(anchor, "UTC", MONTHLY, 1) == utc("2027-02-28T23:30")
    assert boundary(anchor, "UTC", MONTHLY, 2) == utc("2027-03-31T23:30")


def test_boundaries_are_the_same_however_the_anchor_is_written_and_always_in_utc():
    anchor = utc("2027-01-31T23:30")
    elsewhere = anchor.astimezone(timezone(timedelta(hours=-11)))
    for k in range(3):
        at = boundary(elsewhere, "Europe/Berlin", MONTHLY, k)
        assert at == boundary(anchor, "Europe/Berlin", MONTHLY, k)
        assert at.tzinfo is UTC


@pytest.mark.parametrize(
    ("interval", "k"),
    [
        (DAILY, 3_000_000),
        (DAILY, 10**18),
        (WEEKLY, 500_000),
        (MONTHLY, 12 * 7973),
        (YEARLY, 7973),
        (YEARLY, 10**18),
        (YEARLY, -2027),
        (DAILY, -(10**6)),
    ],
)
def test_the_calendar_ends_with_the_year_9999(interval, k):
    with pytest.raises(OutOfCalendar, match="9999") as caught:
        boundary(utc("2027-01-31"), "Europe/Berlin", interval, k)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("zone", "anchor"),
    [("America/New_York", "2027-12-31T23:00-05:00"), ("Asia/Tokyo", "2027-12-31T23:00+09:00")],
)
def test_the_last_evening_of_9999_is_an_instant_only_where_it_is_over_in_utc(zone, anchor):
    if zone == "Asia/Tokyo":
        assert boundary(utc(anchor), zone, YEARLY, 7972) == utc("9999-12-31T14:00")
    else:
        with pytest.raises(OutOfCalendar):
            boundary(utc(anchor), zone, YEARLY, 7972)


def test_no_period_is_found_for_an_instant_that_is_past_9999_in_the_zone():
    with pytest.raises(OutOfCalendar):
        index_at(utc("2027-01-31"), "Asia/Tokyo", MONTHLY, utc("9999-12-31T20:00"))


def test_a_naive_anchor_and_an_empty_interval_are_broken_invariants():
    with pytest.raises(AssertionError):
        boundary(datetime(2027, 1, 1), "UTC", DAILY, 1)  # noqa: DTZ001 - naive on purpose
    for count in (0, -1):
        with pytest.raises(AssertionError):
            Interval(Unit.MONTH, count)


def test_an_interval_counts_months_or_days():
    lengths = [(each.months, each.days) for each in (Interval(unit, 2) for unit in Unit)]
    assert lengths == [(None, 2), (None, 14), (2, None), (24, None)]


@pytest.mark.parametrize(
    ("name", "known"),
    [
        *[(name, True) for name in ("UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "GMT")],
        *[(name, False) for name in ("europe/berlin", "Europe", "", "+01:00", "Factory")],
        *[(name, False) for name in ("../etc/passwd", "localtime", "posix/UTC", "right/UTC")],
    ],
)
def test_a_zone_is_a_name_of_the_iana_database(name, known):
    assert is_zone(name) is known


def test_zones_come_from_the_package_and_not_from_the_machine():
    assert zoneinfo.TZPATH == ()


# --- periods --------------------------------------------------------------------------------------


def test_a_period_contains_its_start_and_not_its_end():
    period = Period(utc("2027-01-31"), utc("2027-02-28"))
    assert period.contains(period.starts_at)
    assert not period.contains(period.starts_at - MICROSECOND)
    assert period.contains(period.ends_at - MICROSECOND)
    assert not period.contains(period.ends_at)


def test_what_has_elapsed_of_a_period_lies_between_nothing_and_all():
    period = Period(utc("2027-01-31"), utc("2027-02-28"))
    length = 28 * 86_400_000_000
    assert period.length_us == length
    edges = (period.starts_at, period.ends_at)
    elapsed = [period.elapsed_us(edge + n * MICROSECOND) for edge in edges for n in (-1, 0, 1)]
    assert elapsed == [0, 0, 1, length - 1, length, length]


def test_a_day_on_which_the_clocks_change_has_23_or_25_hours():
    hour = 3_600_000_000
    for day, hours in (("2027-03-28", 23), ("2027-10-31", 25)):
        start = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Berlin"))
        end = start + timedelta(days=1)  # by the wall clock
        assert end - start == timedelta(days=1)  # what Python says
        assert microseconds(start, end) == hours * hour
        assert microseconds(end, start) == -hours * hour
        assert Period(start, end).length_us == hours * hour
        assert nth(start, "Europe/Berlin", DAILY, 0) == Period(start, end)


def test_lengths_are_exact_over_the_whole_calendar():
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert microseconds(first, last) == 3_652_059 * 86_400_000_000 - 1


def test_a_period_that_ends_before_it_starts_is_a_broken_invariant():
    with pytest.raises(AssertionError):
        Period(utc("2027-02-01"), utc("2027-01-31"))


# --- clock changes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "anchor", "interval", "k", "expected"),
    [
        # Put forward at 02:00 to 03:00: 02:30 is not there, 03:00 is the first instant after.
        ("Europe/Berlin", "2027-02-28T02:30+01:00", MONTHLY, 1, "2027-03-28T03:00+02:00"),
        ("Europe/Berlin", "2027-03-27T02:30+01:00", DAILY, 1, "2027-03-28T03:00+02:00"),
        ("Europe/Berlin", "2027-03-27T02:30+01:00", DAILY, 2, "2027-03-29T02:30+02:00"),
        ("Europe/Berlin", "2027-03-27T01:59:59+01:00", DAILY, 1, "2027-03-28T01:59:59+01:00"),
        ("Europe/Berlin", "2027-03-27T02:00:00.5+01:00", DAILY, 1, "2027-03-28T03:00+02:00"),
        ("Europe/Berlin", "2027-03-27T02:59:59.9+01:00", DAILY, 1, "2027-03-28T03:00+02:00"),
        ("America/New_York", "2027-02-14T02:15-05:00", MONTHLY, 1, "2027-03-14T03:00-04:00"),
        # Put forward by half an hour.
        ("Australia/Lord_Howe", "2027-10-02T02:10+10:30", DAILY, 1, "2027-10-03T02:30+11:00"),
        # At midnight: the day begins at 01:00.
        ("Africa/Cairo", "2027-04-29T00:00+02:00", DAILY, 1, "2027-04-30T01:00+03:00"),
        # Put back at 03:00 to 02:00: the first 02:30 counts.
        ("Europe/Berlin", "2027-10-30T02:30+02:00", DAILY, 1, "2027-10-31T02:30+02:00"),
        ("Europe/Berlin", "2027-10-30T02:30+02:00", DAILY, 2, "2027-11-01T02:30+01:00"),
        # An anchor in the second 02:30 stays itself; its boundaries have no second one.
        ("Europe/Berlin", "2027-10-31T02:30+01:00", DAILY, 0, "2027-10-31T02:30+01:00"),
        ("Europe/Berlin", "2027-10-31T02:30+01:00", MONTHLY, 12, "2028-10-31T02:30+01:00"),
        ("Europe/Berlin", "2027-10-31T02:30+01:00", MONTHLY, 60, "2032-10-31T02:30+02:00"),
        ("Europe/Berlin", "2027-10-31T02:30+01:00", MONTHLY, 29, "2030-03-31T03:00+02:00"),
        # Samoa had no Dec 30, 2011.
        ("Pacific/Apia", "2011-12-29T10:30-10:00", DAILY, 1, "2011-12-31T00:00+14:00"),
        ("Pacific/Apia", "2011-12-29T10:30-10:00", DAILY, 2, "2011-12-31T10:30+14:00"),
    ],
)
def test_a_boundary_keeps_the_wall_clock(zone, anchor, interval, k, expected):
    assert boundary(utc(anchor), zone, interval, k) == utc(expected)


FIRST, LAST = utc("2020-01-01"), utc("2036-01-01")
Offsets = tuple[tuple[datetime, timedelta], ...]


def stretches(zone: str) -> Offsets:
    """The offsets of a zone from 2019 to 2036, each with the instant from which it holds."""
    info = ZoneInfo(zone)

    def offset(at: datetime) -> timedelta:
        found = at.astimezone(info).utcoffset()
        assert found is not None
        return found

    at = FIRST - 366 * DAY
    found = [(at, offset(at))]
    while at < LAST:
        # No zone changes twice in a week: bisect the second in which the offset becomes another.
        if offset(at + 7 * DAY) != found[-1][1]:
            low, high = 0, 7 * 86_400
            while high - low > 1:
                middle = (low + high) // 2
                same = offset(at + timedelta(seconds=middle)) == found[-1][1]
                low, high = (middle, high) if same else (low, middle)
            change = at + timedelta(seconds=high)
            found.append((change, offset(change)))
        at += 7 * DAY
    return tuple(found)


def naive_instant(offsets: Offsets, local: datetime) -> datetime:
    """The first instant at which a clock that shows `local`, or has passed it, hangs in the zone."""
    ends = [*(start for start, _ in offsets[1:]), LAST + 366 * DAY]
    for (start, offset), end in zip(offsets, ends, strict=True):
        at = max(start, local.replace(tzinfo=UTC) - offset)
        if at < end:
            return at
    raise AssertionError("beyond the oracle's years")


def changes() -> Iterator[tuple[str, Offsets, datetime, datetime]]:
    """Every clock change from 2020 to 2035: its zone, and the two times that the clocks show then.

    The times between the two do not exist, or exist twice. Zones that are alike in those years
    are represented by one of them.
    """
    zones = {stretches(zone): zone for zone in sorted(zoneinfo.available_timezones())}
    for offsets, zone in zones.items():
        for (_, before), (change, after) in pairwise(offsets):
            if FIRST <= change < LAST:
                low, high = sorted((change + each).replace(tzinfo=None) for each in (before, after))
                yield zone, offsets, low, high


def test_every_clock_change_of_every_zone_is_met_as_the_rule_says():
    count = 0
    for zone, offsets, low, high in changes():
        count += 1
        for local in (low - MICROSECOND, low, low + (high - low) / 2, high - MICROSECOND, high):
            meet_daily(zone, offsets, local)
            meet_monthly(zone, offsets, local)
    assert count > 100


def meet_daily(zone: str, offsets: Offsets, local: datetime) -> None:
    """Hold the daily boundaries around the time `local` against the oracle."""
    anchor = naive_instant(offsets, local - DAY)
    shown = anchor.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
    starts = [boundary(anchor, zone, DAILY, k) for k in range(3)]
    assert starts == [anchor, *(naive_instant(offsets, shown + k * DAY) for k in (1, 2))], zone
    assert starts[0] < starts[1] < starts[2]
    assert index_at(anchor, zone, DAILY, starts[1]) == 1
    assert index_at(anchor, zone, DAILY, starts[1] - MICROSECOND) == 0


def meet_monthly(zone: str, offsets: Offsets, local: datetime) -> None:
    """Hold the boundary at the time `local` against the oracle, from an anchor a year before.

    The anchor lies in January, which has all days: some clocks changed on a Feb 29.
    """
    anchor = naive_instant(offsets, local.replace(year=local.year - 1, month=1))
    shown = anchor.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
    expected = naive_instant(offsets, shown.replace(year=local.year, month=local.month))
    k = 11 + local.month
    starts = [boundary(anchor, zone, MONTHLY, k + n) for n in (-1, 0, 1)]
    assert starts[1] == expected, zone
    assert starts[0] < starts[1] < starts[2]


# --- which period an instant is in ----------------------------------------------------------------

instants = st.datetimes(datetime(2020, 1, 1), datetime(2104, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
intervals = st.builds(Interval, st.sampled_from(Unit), st.integers(1, 40))
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
days = st.none() | st.integers(1, 31)


def test_an_evening_that_comes_twice_belongs_to_the_day_that_has_begun():
    # Newfoundland once put its clocks back at 00:01, to 23:01 of the day before.
    anchor, at = utc("2010-11-06T00:00:30-02:30"), utc("2010-11-06T23:10-03:30")
    assert boundary(anchor, "America/St_Johns", DAILY, 1) == utc("2010-11-07T00:00:30-02:30") < at
    assert index_at(anchor, "America/St_Johns", DAILY, at) == 1


@given(instants, zones, intervals, instants, days)
def test_an_instant_lies_in_the_period_that_is_found_for_it(anchor, zone, interval, at, day):
    k = index_at(anchor, zone, interval, at, day)
    assert nth(anchor, zone, interval, k, day).contains(at)
    assert (k >= 0) == (at >= anchor)


@given(instants, zones, intervals, st.integers(0, 30), days)
def test_a_boundary_belongs_to_the_period_that_starts_there(anchor, zone, interval, k, day):
    at = boundary(anchor, zone, interval, k, day=day)
    assert index_at(anchor, zone, interval, at, day) == k
    assert index_at(anchor, zone, interval, at - MICROSECOND, day) == k - 1


@given(instants, zones, intervals, days)
def test_periods_tile(anchor, zone, interval, day):
    periods = [nth(anchor, zone, interval, k, day) for k in range(12)]
    assert all(a.ends_at == b.starts_at for a, b in pairwise(periods))
    whole = microseconds(periods[0].starts_at, periods[-1].ends_at)
    assert sum(period.length_us for period in periods) == whole
    assert min(period.length_us for period in periods) > 0
