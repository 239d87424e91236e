"""What stands on documents: whose rate a credit note has, what a line says, and of which days.

Each life is a story (tests/stories/format.py); it is lived on the core alone, and then looked at.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.stories import format as text
from tests.stories.http import START
from tests.stories.pure import Pure
from tests.stories.view import Teller

from usance.core.decisions import advance
from usance.core.decisions.due import StepKind
from usance.core.invoices import CreditNote, Invoice, InvoiceKind, Line, LineKind
from usance.core.outcome import Outcome
from usance.core.payments import BalanceEntry
from usance.core.snapshot import Snapshot
from usance.core.tax import Tax, TaxCategory, of


class Lived(Pure):
    """A ledger that keeps what it has written."""

    def __init__(self, setting: text.Setting, start: datetime) -> None:
        super().__init__(setting, start)
        self.notes: list[CreditNote] = []
        self.entries: list[BalanceEntry] = []
        self.said: list[str] = []

    def _keep(self, name: str, decided: Outcome) -> Outcome:
        written = super()._keep(name, decided)
        self.notes += written.credit_notes
        self.entries += written.balance_entries
        self.said += [str(note) for e in written.events for note in e.receipt["notes"]]  # type: ignore[attr-defined]
        return written

    @property
    def only(self) -> Snapshot:
        return self.facts["acme"]

    @property
    def invoices(self) -> list[Invoice]:
        """The customer's invoices, in the order of their numbers."""
        return sorted(self.only.invoices.values(), key=lambda i: i.number or "Z")

    def lines(self, number: int) -> tuple[Line, ...]:
        return self.invoices[number - 1].lines


Live = Callable[..., Lived]


@pytest.fixture
def live(tmp_path: Path) -> Live:
    def tell(story: str, *, tax: dict[str, int | Tax] | None = None) -> Lived:
        """Live a story; `tax`: from which day on the customer has which rate, or tax."""
        path = tmp_path / "one.story"
        path.write_text(story)
        read = text.read(path)
        lived = Lived(read.setting, START)
        teller = Teller(one.name for one in read.setting.people)
        for step in read.steps:
            lived.move(step.at)
            for day, said in (tax or {}).items():
                if step.at >= datetime.fromisoformat(day).replace(tzinfo=UTC):
                    set_tax(lived, said if isinstance(said, Tax) else of(Decimal(said), None, None))
            answer = lived.do(step, teller, lived.view())
            teller.told(lived.view(), answer)
        return lived

    return tell


def set_tax(lived: Lived, tax: Tax) -> None:
    customer = lived.only.customer
    profile = replace(
        customer.profile,
        tax_rate=tax.rate,
        tax_category=tax.category,
        tax_exemption_reason=tax.exemption_reason,
    )
    lived.facts["acme"] = replace(lived.only, customer=replace(customer, profile=profile))


def day(said: str) -> datetime:
    return datetime.fromisoformat(said).replace(tzinfo=UTC)


# Late credit notes ---------------------------------------------------------------------------------

# 700 × 0.02 = 14.00; with 400 more 1,100 × 0.01 = 11.00: 3.00 too much.
VOLUME = "plan payg 0.00 USD monthly in_arrears\n  feature calls volume 1000:0.02 inf:0.01\n"


def test_late_usage_is_credited_at_the_rate_of_the_invoice_that_billed_it_and_names_it(live: Live):
    lived = live(
        VOLUME
        + """
2027-04-01  subscribe payg
2027-04-10  use calls 700
2027-05-01  pay #1
2027-05-02  use calls 400 at 2027-04-20
2027-06-01  tick
""",
        tax={"2027-04-01": 19, "2027-05-02": 7},
    )
    (note,) = lived.notes
    assert (note.subtotal, note.tax_rate) == (Decimal("3.00"), Decimal(19))
    assert note.amount == Decimal("3.57")  # 3.00 and 0.57
    assert note.invoice_ids == (lived.invoices[0].id,)
    assert lived.invoices[1].tax_rate == 7


def test_late_usage_of_several_rates_has_a_note_for_each(live: Live):
    lived = live(
        """plan payg 0.00 USD weekly in_arrears
  feature calls volume 1000:0.02 inf:0.01

2027-04-01  subscribe payg
2027-04-02  use calls 700
2027-04-08  pay #1
2027-04-09  use calls 800
2027-04-15  pay #2
2027-04-16  use calls 400 at 2027-04-03
2027-04-16  use calls 300 at 2027-04-10
2027-04-22  tick
""",
        tax={"2027-04-01": 19, "2027-04-09": 7},
    )
    first, second = lived.notes
    assert (first.tax_rate, first.subtotal, first.invoice_ids) == (
        Decimal(19),
        Decimal("3.00"),
        (lived.invoices[0].id,),
    )
    # 800 × 0.02 = 16.00; 1,100 × 0.01 = 11.00.
    assert (second.tax_rate, second.subtotal, second.invoice_ids) == (
        Decimal(7),
        Decimal("5.00"),
        (lived.invoices[1].id,),
    )
    assert (first.seq, first.kind) == (second.seq, second.kind)
    assert first.n != second.n  # (subscription, seq, kind, n) is their identity
    assert first.id != second.id


def test_late_usage_is_credited_in_one_note_for_each_category_of_one_rate(live: Live):
    exempt = Tax(Decimal(0), TaxCategory.EXEMPT, "Small business.")
    lived = live(
        VOLUME.replace("monthly", "weekly")
        + """
2027-04-01  subscribe payg
2027-04-02  use calls 700
2027-04-08  pay #1
2027-04-09  use calls 800
2027-04-15  pay #2
2027-04-16  use calls 400 at 2027-04-03
2027-04-16  use calls 300 at 2027-04-10
2027-04-22  tick
""",
        tax={"2027-04-01": exempt, "2027-04-09": 0},
    )
    first, second = lived.notes
    assert (first.tax, second.tax) == (exempt, Tax(Decimal(0)))
    assert (first.invoice_ids, second.invoice_ids) == (
        (lived.invoices[0].id,),
        (lived.invoices[1].id,),
    )


def test_what_final_took_over_is_credited_at_its_rate(live: Live):
    lived = live(
        VOLUME
        + """
2027-04-01  subscribe payg
2027-04-10  use calls 700
2027-05-01  tick
2027-05-03  cancel now
2027-05-04  use calls 400 at 2027-04-20
2027-06-10  tick
""",
        tax={"2027-04-01": 19, "2027-05-02": 7},
    )
    final = next(i for i in lived.invoices if i.kind is InvoiceKind.FINAL)
    (note,) = lived.notes
    assert (note.tax_rate, note.invoice_ids) == (Decimal(7), (final.id,))
    assert note.amount == Decimal("3.21")  # 3.00 and 0.21


def test_what_a_credit_note_had_charged_is_credited_for_the_base_invoice(live: Live):
    # The cut gives back more than B costs: 100.00 × 20/30 = 66.67, less 14.00 of usage and 1.00.
    lived = live(
        """plan a 100.00 USD 30-daily in_advance
  feature calls volume 1000:0.02 inf:0.01
plan b 1.00 USD yearly in_advance

2027-04-01  subscribe a
2027-04-01  pay #1
2027-04-05  use calls 700
2027-04-11  upgrade b
2027-04-12  use calls 400 at 2027-04-06
2028-04-11  tick
""",
        tax={"2027-04-01": 19, "2027-04-12": 7},
    )
    change, late = lived.notes
    assert change.subtotal == Decimal("51.67")
    assert (late.subtotal, late.tax_rate) == (Decimal("3.00"), Decimal(19))
    assert late.invoice_ids == change.invoice_ids == (lived.invoices[0].id,)


# Lines ---------------------------------------------------------------------------------------------


def test_a_trial_has_an_invoice_that_says_so(live: Live):
    lived = live("plan pro 49.00 USD monthly in_advance trial 14\n\n2027-04-01  subscribe pro\n")
    (line,) = lived.lines(1)
    assert (line.kind, line.description, str(line.amount)) == (
        LineKind.BASE,
        "pro (trial)",
        "0.00",
    )
    assert (line.starts_at, line.ends_at) == (day("2027-04-01"), day("2027-04-15"))


def test_a_share_of_usage_carries_its_time_and_a_minimum_says_so(live: Live):
    lived = live(
        """plan a 0.00 USD 30-daily in_arrears
  feature seats max per_unit 3.00
  feature calls per_unit 0.10 minimum 9.00
plan b 0.00 USD 30-daily in_arrears
  feature seats max per_unit 3.00
  feature calls per_unit 0.10

2027-04-01  subscribe a
2027-04-02  use seats 6
2027-04-02  use calls 5
2027-04-21  upgrade b
2027-04-22  use seats 9
2027-04-22  use calls 7
2027-05-01  tick
"""
    )
    whole = 30 * 86_400_000_000
    shown = {x.description: x for x in lived.lines(1) if x.kind is LineKind.USAGE}
    assert {
        told: (str(x.amount), x.elapsed_us, x.length_us, x.starts_at, x.ends_at)
        for told, x in shown.items()
    } == {
        # 6 × 3.00 × 20/30; 9.00 × 20/30 is more than 0.50; 9 × 3.00 × 10/30
        "seats (a)": ("12.00", whole * 2 // 3, whole, day("2027-04-01"), day("2027-04-21")),
        "calls (a), minimum": ("6.00", whole * 2 // 3, whole, day("2027-04-01"), day("2027-04-21")),
        "seats (b)": ("9.00", whole // 3, whole, day("2027-04-21"), day("2027-05-01")),
        "calls (b)": ("0.70", None, None, day("2027-04-21"), day("2027-05-01")),
    }


def test_units_paid_with_credits_are_said_on_the_line(live: Live):
    lived = live(
        """plan pro 0.00 USD monthly in_arrears
  feature calls per_unit 0.10 burns AI
  credits AI 3000000

2027-04-01  subscribe pro
2027-04-02  use calls 3000000
2027-05-01  tick
"""
    )
    line = lived.lines(1)[-1]
    assert line.description == "calls (pro), 3000000 paid with credits"
    assert (line.quantity, str(line.amount)) == (Decimal(0), "0.00")


def test_late_usage_says_that_it_is_late(live: Live):
    lived = live(
        """plan payg 0.00 USD monthly in_arrears
  feature calls per_unit 0.10

2027-04-01  subscribe payg
2027-04-02  use calls 10
2027-05-01  tick
2027-05-02  use calls 10 at 2027-04-03
2027-06-01  tick
"""
    )
    assert lived.lines(2)[-1].description == "calls (payg), reported late"


def test_a_final_invoice_begins_with_its_earliest_line(live: Live):
    lived = live(
        """plan payg 30.00 USD monthly in_arrears grace 30

2027-04-01  subscribe payg
2027-05-01  tick
2027-05-03  cancel now
"""
    )
    final = next(i for i in lived.invoices if i.kind is InvoiceKind.FINAL)
    assert [line.starts_at for line in final.lines] == [day("2027-04-01"), day("2027-05-01")]
    assert (final.starts_at, final.ends_at) == (day("2027-04-01"), day("2027-05-03"))


def test_a_plan_grant_says_for_which_period_of_which_plan(live: Live):
    lived = live(
        """plan small 0.00 USD monthly in_advance
  credits AI 10 rollover full
plan large 0.00 USD yearly in_advance
  credits AI 30 rollover full
customer acme zone Europe/Berlin

2027-04-01  subscribe small
2027-04-11  upgrade large
"""
    )
    told = [grant.reason for grant in lived.only.grants.values()]
    assert told == [
        "small, period 2027-04-01 to 2027-05-01",
        "large, period 2027-04-11 to 2028-04-11",
    ]


# Balances ------------------------------------------------------------------------------------------


def test_a_reversal_that_finds_the_balance_spent_tells_what_it_took_back(live: Live):
    lived = live(
        """plan pro 49.00 USD monthly in_advance grace 30

2027-04-01  subscribe pro
2027-04-01  pay #1 100.00 ref all
2027-05-01  tick
2027-05-02  reverse all
"""
    )
    first, second = lived.invoices
    assert [(e.kind.value, str(e.amount)) for e in lived.entries] == [
        ("OVERPAYMENT", "51.00"),
        ("SPENT", "-49.00"),
        ("REOPENED", "49.00"),
        ("REVERSAL", "-51.00"),
    ]
    assert lived.entries[2].source_id == second.id
    assert first.amount_paid == second.amount_paid == 0
    assert lived.only.balances["USD"].amount == 0


# Time ----------------------------------------------------------------------------------------------


def test_a_step_that_a_setting_moved_into_the_past_is_taken_no_earlier_than_the_last_decision(
    live: Live,
):
    lived = live(
        """plan pro 49.00 USD monthly in_advance

2027-04-01  subscribe pro
2027-04-01  pay #1
2027-05-20  tick
"""
    )
    decided_at = day("2027-05-15")
    facts = replace(
        lived.only,
        account=replace(lived.only.account, cancel_after_past_due_days=1),
        customer=replace(lived.only.customer, decided_at=decided_at),
    )
    step = advance.first_due(facts, day("2027-05-20"))
    assert step is not None
    assert (step.kind, step.at) == (StepKind.CANCEL_OVERDUE, day("2027-05-05"))
    after = advance.brought_to(facts, day("2027-05-20"), own_time=True)
    (one,) = after.subscriptions.values()
    assert one.cancelled_at == decided_at
    assert [i.voided_at for i in after.invoices.values()] == [None, decided_at]


# Receipts ------------------------------------------------------------------------------------------


def reason(lived: Lived) -> str:
    return lived.said[-1].partition(":")[0]


OVERDUE = """plan pro 49.00 USD weekly in_advance
  feature calls per_unit 0.10

2027-04-01  subscribe pro
2027-04-01  pay #1
2027-04-20  tick
"""


@pytest.mark.parametrize(
    ("then", "want"),
    [
        ("2027-04-20  use calls 1 at 2027-03-31", "before_activation"),
        ("2027-04-20  use calls 1 at 2027-04-16", "in_gap"),  # the second week ended unpaid
        ("2027-04-20  cancel now\n2027-04-21  use calls 1 at 2027-04-16", "in_gap"),
        ("2027-04-20  cancel now\n2027-04-21  use calls 1 at 2027-04-20T12:00", "after_end"),
    ],
)
def test_a_receipt_says_where_in_a_life_it_found_nothing(live: Live, then: str, want: str):
    assert reason(live(f"{OVERDUE}{then}\n")) == want


def test_a_subscription_whose_first_period_is_long_gone_has_started(live: Live):
    lived = live(f"{OVERDUE}2027-04-20  cancel now\n2027-04-21  tick\n")
    kept = {key: period for key, period in lived.only.periods.items() if key[1] > 0}
    lived.facts["acme"] = replace(lived.only, periods=kept)
    step = text.Step(lived.now + timedelta(hours=1), None, "use", ("calls", "1"), 90)
    lived.move(step.at)
    lived.do(step, Teller(["acme"]), lived.view())
    assert reason(lived) == "after_end"


def test_late_usage_of_a_subscription_that_was_not_settled_says_that_it_is_not_charged(live: Live):
    lived = live(
        """plan payg 0.00 USD monthly in_arrears
  feature calls per_unit 0.10

2027-04-01  subscribe payg
2027-05-03  cancel now unsettled
2027-05-04  use calls 10 at 2027-05-02
2027-05-04  use calls 10 at 2027-04-20
2027-07-01  tick
"""
    )
    assert [said.partition(":")[0] for said in lived.said] == ["not_charged", "not_charged"]
    assert sum(invoice.amount for invoice in lived.invoices) == 0
