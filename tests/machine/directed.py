"""Directed lives: corners that chance finds seldom, each told in a few steps and compared like any."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from tests.machine.life import Life
from tests.machine.living import Living
from tests.machine.papers import Allocation, Plan, Price, Term

DAY: Final = timedelta(days=1)
MICROSECOND: Final = timedelta(microseconds=1)
CHAT: Final = (("chat", Term(limit=Fraction(20))),)


# How a life begins: its instant and plans, and `zone`.
Born = Callable[..., Living]


def rich_enough(life: Living) -> Living:
    """Let the balance pay for everything."""
    life.receive(life.plans[0].currency, Fraction(100_000), None)
    return life


def month_ends_kept_through_another_interval(born: Born = Life) -> None:
    monthly = Plan("monthly", Fraction(10))
    quarterly = Plan("quarterly", Fraction(20), count=3)
    yearly = Plan("yearly", Fraction(90), unit="YEAR")
    life = rich_enough(born(datetime(2027, 1, 31, 9, tzinfo=UTC), [monthly, quarterly, yearly]))
    life.subscribe(monthly, None)
    life.downgrade(0, quarterly)
    life.wait(life.now + 40 * DAY)
    life.wait(life.now + 200 * DAY)
    life.downgrade(0, yearly)
    life.wait(life.now + 800 * DAY)
    life.downgrade(0, monthly)
    life.wait(life.now + 800 * DAY)


def half_of_an_odd_amount_is_left(born: Born = Life) -> None:
    for ending in ("cancel", "upgrade"):
        small, large = Plan("small", Fraction(49), "JPY"), Plan("large", Fraction(99), "JPY")
        life = rich_enough(born(datetime(2027, 1, 1, tzinfo=UTC), [small, large]))
        life.subscribe(small, None)
        life.wait(life.now + 31 * DAY / 2)
        if ending == "cancel":
            life.cancel(0, "IMMEDIATE")
        else:
            life.upgrade(0, large)


def an_arrears_period_in_three_parts(born: Born = Life) -> None:
    plans = [Plan(f"p{n}", Fraction(10 + n, 3 - n), advance=False) for n in range(2)]
    plans = [Plan(p.key, Fraction(int(p.price * 100), 100), advance=False) for p in plans]
    last = Plan("last", Fraction(100), advance=False)
    life = born(datetime(2027, 4, 1, tzinfo=UTC), [*plans, last])
    life.subscribe(plans[0], None)
    for target in (plans[1], last):
        life.wait(life.now + 10 * DAY)
        life.upgrade(0, target)
    life.wait(life.now + 15 * DAY)
    life.cancel(0, "IMMEDIATE")


def an_hour_that_the_clocks_skip(born: Born = Life) -> None:
    plan = Plan("monthly", Fraction(10))
    for zone, local in (
        ("Europe/Berlin", datetime(2027, 2, 28, 2, 30)),  # noqa: DTZ001 - a wall clock
        ("Australia/Lord_Howe", datetime(2027, 9, 3, 2, 15)),  # noqa: DTZ001
    ):
        start = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        life = rich_enough(born(start, [plan], zone=zone))
        life.subscribe(plan, None)
        life.wait(start + 100 * DAY)


def usage_of_a_cut_period_counts_toward_the_next_limit(born: Born = Life) -> None:
    monthly = Plan("monthly", Fraction(10), terms=CHAT)
    yearly = Plan("yearly", Fraction(90), unit="YEAR", terms=CHAT)
    life = rich_enough(born(datetime(2027, 1, 1, tzinfo=UTC), [monthly, yearly]))
    life.subscribe(monthly, None)
    life.use("chat", Fraction(15), "one", life.now)
    life.wait(life.now + DAY)
    life.upgrade(0, yearly)
    life.use("chat", Fraction(10), "two", life.now)


def a_late_event_counts_with_what_was_used_before_a_cut_long_ago(born: Born = Life) -> None:
    monthly = Plan("monthly", Fraction(0), terms=CHAT)
    yearly = Plan("yearly", Fraction(0), unit="YEAR", terms=CHAT)
    life = born(datetime(2027, 1, 1, tzinfo=UTC), [monthly, yearly])
    life.subscribe(monthly, None)
    life.use("chat", Fraction(15), "before the cut", life.now)
    life.wait(life.now + DAY)
    life.upgrade(0, yearly)
    life.wait(life.now + 367 * DAY)
    life.use("chat", Fraction(10), "late", life.now - 5 * DAY)


def a_credit_note_closes_its_own_subscription_s_invoices_first(born: Born = Life) -> None:
    other = Plan("other", Fraction(30))
    large = Plan("large", Fraction(300))
    small = Plan("small", Fraction(10), unit="WEEK", count=2)
    life = born(datetime(2027, 1, 1, tzinfo=UTC), [other, large, small])
    life.subscribe(other, 30)
    life.subscribe(large, 30)
    life.pay(0, None, None)
    life.pay(1, None, None)
    life.wait(life.now + 31 * DAY)
    life.upgrade(1, small)  # 10 − 300: a credit note, and the renewal of 300 is open
    life.cancel(1, "IMMEDIATE")


def credits_that_expire_before_their_burn_is_reversed(born: Born = Life) -> None:
    plan = Plan(
        "monthly",
        Fraction(0),
        terms=(("chat", Term(burns="CREDITS", price=Price("per_unit", unit=Fraction(1)))),),
        allocations=(Allocation("CREDITS", Fraction(10), "CAPPED", Fraction(4), 2),),
    )
    life = rich_enough(born(datetime(2027, 1, 31, tzinfo=UTC), [plan]))
    life.give("CREDITS", Fraction(5), "PROMOTIONAL", life.now + 5 * DAY, 0)
    life.subscribe(plan, None)
    life.use("chat", Fraction(7), "one", life.now)
    life.wait(life.now + 6 * DAY)
    life.reverse_burn("one")
    life.wait(life.now + 60 * DAY)


def an_event_is_corrected_bit_by_bit(born: Born = Life) -> None:
    """Cut off, paid with credits of two grants, and with money; billed between its corrections."""
    price = Price("per_unit", unit=Fraction(1))
    plan = Plan(
        "monthly",
        Fraction(0),
        terms=(("chat", Term(limit=Fraction(30), burns="CREDITS", price=price)),),
        allocations=(Allocation("CREDITS", Fraction(10), "FULL"),),
    )
    life = rich_enough(born(datetime(2027, 1, 31, tzinfo=UTC), [plan], tax=Fraction(19)))
    life.give("CREDITS", Fraction(5), "PROMOTIONAL", life.now + 40 * DAY, 0)
    life.give("CREDITS", Fraction(4), "MANUAL", None, 7)
    life.subscribe(plan, None)
    life.use("chat", Fraction(40), "one", life.now)
    life.use("chat", Fraction(3), "two", life.now)
    for n, units in enumerate((5, 7, 6, 40)):  # what is cut off, money too, credits too, too much
        life.correct("one", Fraction(units), f"c{n}")
    life.correct("c0", Fraction(1), "of a correction")
    life.wait(life.now + 29 * DAY)
    life.correct("one", Fraction(7), "in a billed period")
    life.wait(life.now + 6 * DAY)
    life.correct("one", Fraction(1), "the last")
    life.reverse_burn("one")
    life.correct("one", Fraction(1), "reversed")
    life.correct("one", Fraction(1), "reversed")
    life.wait(life.now + MICROSECOND)
    life.correct("two", Fraction(3), "too late")
    life.wait(life.now + 40 * DAY)


def usage_on_a_void_invoice_is_forgiven(born: Born = Life) -> None:
    """From its first unit, in the middle, on top, and cut by a credit note; and then FINAL, void too."""
    price = Price("per_unit", unit=Fraction(1))
    plan = Plan(
        "weekly",
        Fraction(7),
        unit="WEEK",
        advance=False,
        grace_days=60,
        terms=(("chat", Term(price=price)),),
    )
    life = born(datetime(2027, 1, 4, tzinfo=UTC), [plan], tax=Fraction(19))
    used = life.now + DAY
    life.subscribe(plan, None)
    life.wait(used)
    life.use("chat", Fraction(10), "one", used)
    life.wait(life.now + 6 * DAY)
    life.void(0)
    life.use("chat", Fraction(2), "late", used)
    life.wait(life.now + 7 * DAY)
    life.pay(1, None, None)
    life.correct("one", Fraction(3), "c0")  # 9: the 2 go back
    life.wait(life.now + 7 * DAY)
    life.correct("one", Fraction(1), "c1")
    life.use("chat", Fraction(6), "later", used)  # 14: of the 5 more than 9, 4 are not forgiven
    life.wait(life.now + 7 * DAY)
    life.correct("later", Fraction(1), "c2")
    life.wait(life.now + 7 * DAY)
    life.void(3)  # the 4 without the 1 that was given back
    life.correct("one", Fraction(2), "c3")
    life.use("chat", Fraction(4), "again", used)
    life.wait(life.now + DAY)
    life.use("chat", Fraction(5), "running", life.now)
    life.cancel(0, "IMMEDIATE")
    for n in range(len(life.invoices)):
        life.void(n)
    life.use("chat", Fraction(9), "after the end", life.now - DAY)
    life.wait(life.now + 36 * DAY)


def late_usage_on_a_void_invoice_is_forgiven(born: Born = Life) -> None:
    """What was billed before it is paid: of that something goes back once the late use is all gone."""
    used = (("chat", Term(price=Price("per_unit", unit=Fraction(1)))),)
    plan = Plan("weekly", Fraction(7), unit="WEEK", advance=False, grace_days=60, terms=used)
    life = born(datetime(2027, 1, 4, tzinfo=UTC), [plan])
    life.subscribe(plan, None)
    life.use("chat", Fraction(10), "one", life.now)
    life.wait(life.now + 7 * DAY)
    life.pay(0, None, None)
    life.use("chat", Fraction(2), "late", life.now - DAY)
    life.wait(life.now + 7 * DAY)
    life.void(1)
    life.correct("late", Fraction(1), "c0")
    life.wait(life.now + 7 * DAY)
    life.correct("one", Fraction(2), "c1")
    life.wait(life.now + 7 * DAY)


def an_overdraft_is_corrected_when_some_of_it_is_repaid(born: Born = Life) -> None:
    plan = Plan("monthly", Fraction(0), terms=(("api", Term(burns="TOKENS", weight=Fraction(3))),))
    life = born(datetime(2027, 1, 1, tzinfo=UTC), [plan], soft=frozenset({"TOKENS"}))
    life.give("TOKENS", Fraction(10), "MANUAL", None, 0)
    life.subscribe(plan, None)
    life.use("api", Fraction(10), "one", life.now)
    life.correct("one", Fraction(2), "c0")
    life.give("TOKENS", Fraction(9), "MANUAL", None, 0)
    life.correct("one", Fraction(5), "c1")
    life.cancel(0, "IMMEDIATE")
    life.correct("one", Fraction(3), "c2")
    life.wait(life.now + 40 * DAY)


def an_upgrade_asked_for_again_after_it_was_undone(born: Born = Life) -> None:
    small = Plan("small", Fraction(10), allocations=(Allocation("CREDITS", Fraction(10)),))
    large = Plan(
        "large",
        Fraction(30),
        terms=(("chat", Term(burns="CREDITS", price=Price("per_unit", unit=Fraction(1)))),),
        allocations=(Allocation("CREDITS", Fraction(100)),),
    )
    life = born(datetime(2027, 1, 1, tzinfo=UTC), [small, large])
    life.subscribe(small, None)
    life.pay(0, None, None)
    life.upgrade(0, large)
    life.use("chat", Fraction(120), "one", life.now)
    life.reverse_burn("one")
    life.use("chat", Fraction(30), "two", life.now)
    life.wait(life.now + DAY)
    life.void(1)
    life.use("chat", Fraction(5), "three", life.now)
    life.upgrade(0, large)
    life.wait(life.now + 40 * DAY)


def units_and_credits_to_the_last_decimal(born: Born = Life) -> None:
    least = Fraction(1, 10**12)
    plan = Plan(
        "monthly",
        Fraction(0),
        "KWD",
        terms=(
            ("chat", Term(limit=5 + least)),
            ("api", Term(burns="CREDITS", weight=Fraction(1, 4))),
            ("seats", Term(price=Price("per_unit", unit=least * 7))),
        ),
        allocations=(Allocation("CREDITS", 10 + least, "CAPPED", 4 + least),),
    )
    life = born(datetime(2027, 1, 31, tzinfo=UTC), [plan])
    life.give("CREDITS", Fraction(1, 2), "MANUAL", None, -1)
    life.subscribe(plan, None)
    for n, units in enumerate((least, 3 + least, Fraction(2), 10**6 + least)):
        for feature in ("chat", "api", "seats"):
            life.use(feature, units, f"{feature} {n}", life.now)
    life.reverse_burn("api 1")
    life.give("CREDITS", 7 + least, "MANUAL", None, 0)
    life.wait(life.now + 40 * DAY)
    life.buy("CREDITS", 3 + least, Fraction(5) + least, "KWD")
    life.pay(len(life.invoices) - 1, None, None)


def a_period_is_cancelled_and_not_settled(born: Born = Life) -> None:
    used = (("chat", Term(price=Price("per_unit", unit=Fraction(1)))),)
    life = born(datetime(2027, 1, 1, tzinfo=UTC), [Plan("monthly", Fraction(10), terms=used)])
    for n in (0, 1):
        life.subscribe(life.plans[0], None)
        life.pay(len(life.invoices) - 1, None, None)
        life.use("chat", Fraction(5), f"used {n}", life.now)
        life.cancel(n, "IMMEDIATE", n == 0)


# What only the API had wrong ---------------------------------------------------------------------------


def access_and_usage_long_after_the_end(born: Born = Life) -> None:
    plan = Plan("monthly", Fraction(0), terms=CHAT)
    life = born(datetime(2027, 1, 1, tzinfo=UTC), [plan])
    life.subscribe(plan, None)
    life.cancel(0, "IMMEDIATE")
    for days in (30, 10, 400):
        life.wait(life.now + days * DAY)
        life.use("chat", Fraction(1), f"after {days}", life.now)


def usage_in_a_gap_after_many_periods(born: Born = Life) -> None:
    plan = Plan("monthly", Fraction(10), terms=CHAT)
    life = born(datetime(2027, 1, 1, tzinfo=UTC), [plan])
    life.subscribe(plan, None)
    life.pay(0, None, None)
    for n in (1, 2, 3):
        life.wait(life.now + 31 * DAY)
        life.pay(n, None, None)
    life.wait(life.now + 80 * DAY)
    life.use("chat", Fraction(1), "in the gap", life.now)


def a_payment_of_an_invoice_that_becomes_void(born: Born = Life) -> None:
    plan = Plan("monthly", Fraction(10))
    life = born(datetime(2027, 1, 1, tzinfo=UTC), [plan])
    life.subscribe(plan, None)
    life.pay(0, Fraction(4), "deposit")
    life.void(0)
    life.reverse(0)


def what_is_issued_without_grace_is_past_due_at_once(born: Born = Life) -> None:
    used = (("chat", Term(price=Price("per_unit", unit=Fraction(1)))),)
    small = Plan("small", Fraction(10), terms=used)
    large = Plan("large", Fraction(30), terms=used)
    life = born(datetime(2027, 1, 1, tzinfo=UTC), [small, large])
    life.subscribe(small, 0)
    life.pay(0, Fraction(4), None)
    life.pay(0, None, None)
    life.upgrade(0, large)
    life.pay(1, None, None)
    life.use("chat", Fraction(500), "used", life.now)
    life.cancel(0, "IMMEDIATE")


def a_fee_that_began_a_later_period_bounces_and_is_paid_again(born: Born = Life) -> None:
    credits_kept = (Allocation("CREDITS", Fraction(30), "FULL"),)
    plan = Plan("monthly", Fraction(10), grace_days=0, allocations=credits_kept)
    life = born(datetime(2027, 1, 1, tzinfo=UTC), [plan])
    life.subscribe(plan, None)
    life.pay(0, None, None)
    life.wait(life.now + 80 * DAY)
    for n in (1, 2, 3, 4):
        life.pay(n, None, None)
        life.wait(life.now + 31 * DAY)
    life.wait(life.now + 60 * DAY)
    life.reverse(1)
    life.pay(1, None, None)


def a_fee_that_began_a_later_period_was_given_back_and_bounces(born: Born = Life) -> None:
    advance = Plan("advance", Fraction(10), grace_days=0)
    arrears = Plan("arrears", Fraction(10), advance=False, grace_days=40)
    life = born(datetime(2027, 1, 1, tzinfo=UTC), [advance, arrears])
    life.subscribe(advance, None)
    life.pay(0, None, None)
    life.wait(life.now + 80 * DAY)
    life.pay(1, None, None)
    life.wait(life.now + 10 * DAY)
    life.upgrade(0, arrears)
    life.wait(life.now + 100 * DAY)
    life.reverse(1)
    life.cancel(0, "IMMEDIATE")


def a_fee_was_given_back_long_before_it_bounces(born: Born = Life) -> None:
    advance = Plan("advance", Fraction(10))
    arrears = Plan("arrears", Fraction(10), advance=False)
    life = born(datetime(2027, 1, 1, tzinfo=UTC), [advance, arrears])
    life.subscribe(advance, None)
    life.pay(0, None, None)
    life.receive("USD", Fraction(1000), None)
    life.wait(life.now + 10 * DAY)
    life.upgrade(0, arrears)
    life.wait(life.now + 200 * DAY)
    life.pay_out("USD", life.book.balance("USD"))
    life.reverse(0)
    life.cancel(0, "IMMEDIATE")


# Holds -------------------------------------------------------------------------------------------------


def holds_to_their_last_microsecond(born: Born = Life) -> None:
    """Settled for less, just as much, more, and too late; released; and asked for again."""
    plan = Plan("monthly", Fraction(0), terms=CHAT)
    life = born(datetime(2027, 1, 1, tzinfo=UTC), [plan])
    life.subscribe(plan, None)
    hour = DAY / 24
    for n in range(4):
        life.take("chat", Fraction(5), hour, f"h{n}")
    life.take("chat", Fraction(1), hour, None)  # all of the limit is held
    life.take("chat", Fraction(5), hour, "h0")
    life.take("chat", Fraction(4), hour, "h0")
    life.use("chat", Fraction(1), "cut off", life.now)
    life.settle(0, Fraction(3), None, life.now)
    life.settle(0, Fraction(3), None, life.now)
    life.settle(0, Fraction(3), "another", life.now)
    life.settle(1, Fraction(5), "exactly", life.now)
    life.use("chat", Fraction(1), "of what was given back", life.now)
    life.settle(2, Fraction(9), None, life.now)
    life.release(2)
    life.wait(life.now + hour - MICROSECOND)
    life.take("chat", Fraction(1), DAY, "none is left")
    life.wait(life.now + MICROSECOND)
    life.release(3)
    life.take("chat", Fraction(5), DAY, "what is over is free")
    life.settle(3, Fraction(2), None, life.now)
    life.release(4)
    life.release(4)
    life.settle(4, Fraction(2), None, life.now)


def holds_that_outlive_their_period(born: Born = Life) -> None:
    """At a boundary what they keep is free; cut by a plan change, the period goes on."""
    terms = (*CHAT, ("api", Term(burns="CREDITS", weight=Fraction(3))))
    granted = (Allocation("CREDITS", Fraction(30), "FULL"),)
    monthly = Plan("monthly", Fraction(10), terms=terms, allocations=granted)
    weekly = Plan("weekly", Fraction(10), unit="WEEK", terms=terms, allocations=granted)
    life = rich_enough(born(datetime(2027, 1, 1, tzinfo=UTC), [monthly, weekly]))
    life.subscribe(monthly, None)
    life.wait(datetime(2027, 1, 31, 12, tzinfo=UTC))
    life.take("chat", Fraction(20), DAY, None)
    life.take("api", Fraction(10), DAY, None)
    life.take("api", Fraction(1), DAY, None)
    life.wait(datetime(2027, 2, 1, tzinfo=UTC))
    life.use("api", Fraction(15), "beside", life.now)
    life.settle(1, Fraction(10), None, life.now)
    life.settle(0, Fraction(20), None, life.now - DAY)
    life.take("chat", Fraction(20), DAY, None)
    life.take("api", Fraction(1), DAY, None)
    life.upgrade(0, weekly)
    life.take("chat", Fraction(1), DAY, None)
    life.cancel(0, "IMMEDIATE")
    life.settle(2, Fraction(1), None, life.now)


def holds_of_credits_that_are_few(born: Born = Life) -> None:
    """With a price beside, a hold keeps what is there; what expires meanwhile is gone; soft ones keep all."""
    price = Price("per_unit", unit=Fraction(1))
    terms = (
        ("chat", Term(burns="CREDITS", weight=Fraction(3), price=price)),
        ("api", Term(burns="CREDITS")),
        ("seats", Term(burns="TOKENS", weight=Fraction(1, 4))),
    )
    plan = Plan("monthly", Fraction(0), terms=terms)
    life = born(datetime(2027, 1, 1, tzinfo=UTC), [plan], soft=frozenset({"TOKENS"}))
    life.subscribe(plan, None)
    life.take("seats", Fraction(10), DAY, None)
    life.give("CREDITS", Fraction(10), "MANUAL", None, 0)
    life.give("CREDITS", Fraction(5), "PROMOTIONAL", life.now + DAY / 2, 0)
    life.give("TOKENS", Fraction(1), "MANUAL", None, 0)
    life.take("chat", Fraction(40), DAY, None)
    life.take("chat", Fraction(1), DAY, None)  # nothing is left to be kept for it but money
    life.take("api", Fraction(1), DAY, None)
    life.use("chat", Fraction(2), "with money alone", life.now)
    life.wait(life.now + DAY / 2)
    life.settle(1, Fraction(3), None, life.now)
    life.take("api", Fraction(1), DAY, None)
    life.settle(3, Fraction(2), None, life.now)
    life.settle(0, Fraction(12), None, life.now)


DIRECTED: Final[tuple[Callable[..., None], ...]] = (
    month_ends_kept_through_another_interval,
    half_of_an_odd_amount_is_left,
    an_arrears_period_in_three_parts,
    an_hour_that_the_clocks_skip,
    usage_of_a_cut_period_counts_toward_the_next_limit,
    a_late_event_counts_with_what_was_used_before_a_cut_long_ago,
    a_credit_note_closes_its_own_subscription_s_invoices_first,
    credits_that_expire_before_their_burn_is_reversed,
    an_event_is_corrected_bit_by_bit,
    usage_on_a_void_invoice_is_forgiven,
    late_usage_on_a_void_invoice_is_forgiven,
    an_overdraft_is_corrected_when_some_of_it_is_repaid,
    an_upgrade_asked_for_again_after_it_was_undone,
    units_and_credits_to_the_last_decimal,
    a_period_is_cancelled_and_not_settled,
    access_and_usage_long_after_the_end,
    usage_in_a_gap_after_many_periods,
    a_payment_of_an_invoice_that_becomes_void,
    what_is_issued_without_grace_is_past_due_at_once,
    a_fee_that_began_a_later_period_bounces_and_is_paid_again,
    a_fee_that_began_a_later_period_was_given_back_and_bounces,
    a_fee_was_given_back_long_before_it_bounces,
    holds_to_their_last_microsecond,
    holds_that_outlive_their_period,
    holds_of_credits_that_are_few,
)
