"""What the machine found (tests/machine): each bug once more, as the shortest life that shows it.

`Life` keeps the customer twice and compares after each step; the numbers here say it in words.
"""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from tests.machine.life import Life
from tests.machine.papers import Allocation, Plan, Price, Term

DAY = timedelta(days=1)
START = datetime(2027, 1, 1, tzinfo=UTC)
PER_UNIT = Price("per_unit", unit=Fraction(1))


def ten_credits(rollover: str) -> tuple[Allocation, ...]:
    return (Allocation("CREDITS", Fraction(10), rollover, Fraction(4)),)


def statuses(life: Life) -> list[str]:
    return [i.at(life.now).status.value for i in life.shop.facts.invoices.values()]


def granted(life: Life) -> list[int]:
    return [int(g.amount) for g in life.shop.facts.grants.values()]


def test_a_period_that_a_plan_change_cuts_is_due_by_the_net_terms_it_was_sold_with():
    old = Plan("payg", Fraction(31), advance=False, net_days=14)
    new = Plan("yearly", Fraction(300), unit="YEAR")
    life = Life(START, [old, new])
    life.subscribe(old, None)
    life.wait(START + 10 * DAY)
    life.upgrade(0, new)
    due = {i.kind.value: i.due_at for i in life.shop.facts.invoices.values()}
    assert due == {"SUBSCRIPTION": life.now + 14 * DAY, "ADJUSTMENT": life.now}


def test_money_left_on_a_first_invoice_whose_payment_bounced_pays_for_the_elapsed_share():
    plan = Plan("month", Fraction(31))
    life = Life(START, [plan])
    life.subscribe(plan, 30)
    life.pay(0, Fraction(10), None)
    life.pay(0, None, None)
    life.reverse(1)
    life.wait(START + 5 * DAY)
    life.cancel(0, "IMMEDIATE")
    # 5 of 31 days are 5.00; 5.00 of the 10.00 go back to the balance.
    final = list(life.shop.facts.invoices.values())[-1]
    assert (final.kind.value, final.status.value) == ("FINAL", "PAID")
    assert final.amount == 5
    assert life.shop.facts.balances["USD"].amount == 5


def test_a_bounced_payment_reopens_first_what_the_balance_paid_last():
    plans = [Plan(f"p{n}", Fraction(10), net_days=n) for n in range(4)]
    life = Life(START, plans)
    for plan in plans:
        life.subscribe(plan, None)
    life.receive("USD", Fraction(40), None)  # pays all four at one instant, by their due instants
    life.receive("USD", Fraction(5), None)
    life.reverse(0)
    assert statuses(life) == ["DUE", "DUE", "DUE", "DUE"]
    assert [int(i.amount_paid) for i in life.shop.facts.invoices.values()] == [5, 0, 0, 0]

    life = Life(START, plans)
    for plan in plans:
        life.subscribe(plan, None)
    life.receive("USD", Fraction(25), None)
    life.receive("USD", Fraction(15), None)
    life.wait(START + DAY)
    life.reverse(1)
    assert [int(i.amount_paid) for i in life.shop.facts.invoices.values()] == [10, 10, 5, 0]


def test_a_late_fee_that_became_the_next_period_s_gives_no_credits_when_it_is_paid_again():
    plan = Plan("month", Fraction(10), terms=(("chat", Term(burns="CREDITS")),))
    plan = Plan("month", Fraction(10), terms=plan.terms, allocations=ten_credits("FULL"))
    life = Life(START, [plan])
    life.subscribe(plan, None)
    life.pay(0, None, None)
    life.wait(START + 80 * DAY)  # the renewal of Feb 1 is overdue, and its period over
    life.pay(1, None, None)
    assert granted(life) == [10, 10]
    life.reverse(1)
    life.pay(1, None, None)
    assert granted(life) == [10, 10]


def test_credits_that_were_given_are_not_promised_as_well_once_their_payment_bounced():
    small = Plan("small", Fraction(10), allocations=ten_credits("NONE"))
    large = Plan("large", Fraction(20), allocations=(Allocation("CREDITS", Fraction(100), "NONE"),))
    life = Life(START, [small, large])
    life.subscribe(small, 30)
    life.pay(0, None, None)
    life.reverse(0)
    life.upgrade(0, large)
    assert granted(life) == [10, 90]  # not 80: the first ten are here, and none will come again


def test_a_period_that_was_paid_in_time_but_ended_overdue_still_brings_what_rollover_keeps():
    # Feb is paid within its 40 days of grace, but only when January's bounced payment had
    # already taken the access, and Feb had ended.
    plan = Plan("month", Fraction(10), allocations=ten_credits("FULL"))
    life = Life(START, [plan])
    life.subscribe(plan, 40)
    life.pay(0, None, None)
    life.wait(START + 31 * DAY)
    life.wait(START + 45 * DAY)
    life.reverse(0)
    life.wait(START + 60 * DAY)
    assert statuses(life) == ["PAST_DUE", "DUE"]
    life.pay(1, None, None)
    assert granted(life) == [10]
    life.pay(0, None, None)
    assert granted(life) == [10, 10]
    assert statuses(life) == ["PAID", "PAID", "DUE"]


def test_the_balance_pays_what_one_step_issues_in_the_order_of_its_issue():
    old = Plan("payg", Fraction(0), advance=False, terms=(("chat", Term(price=PER_UNIT)),))
    new = Plan("yearly", Fraction(300), unit="YEAR")
    for n in range(6):  # the ids, and so their order, are others each time
        life = Life(START + n * DAY, [old, new])
        life.receive("USD", Fraction(5), None)
        life.subscribe(old, None)
        life.use("chat", Fraction(10), "one", life.now)
        life.upgrade(0, new)
        paid = {i.kind.value: i.amount_paid for i in life.shop.facts.invoices.values()}
        assert paid == {"SUBSCRIPTION": 5, "ADJUSTMENT": 0}  # the older period's first
