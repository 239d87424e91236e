"""Which reminder is due, and who can be sent one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from tests.core.selling import CUSTOMER

from usance.core import reminders
from usance.core.customers import Profile
from usance.core.ids import CustomerId, InvoiceId
from usance.core.invoices import Invoice, InvoiceKind, InvoiceStatus
from usance.core.reminders import Skip

DUE = datetime(2027, 1, 1, 23, tzinfo=UTC)
SCHEDULE = (3, 10, 21)


def invoice(status: InvoiceStatus = InvoiceStatus.PAST_DUE, *, paid: str = "0.00") -> Invoice:
    hundred = Decimal("100.00")
    return Invoice(
        id=InvoiceId(CUSTOMER.id),
        customer_id=CustomerId(CUSTOMER.id),
        subscription_id=None,
        seq=None,
        kind=InvoiceKind.ONE_OFF,
        n=0,
        status=status,
        currency="USD",
        lines=(),
        subtotal=hundred,
        tax_rate=Decimal(0),
        tax_amount=Decimal("0.00"),
        amount=hundred,
        amount_paid=Decimal(paid),
        created_at=DUE,
        due_at=DUE,
    )


@pytest.mark.parametrize(
    ("days", "highest", "level"),
    [
        (-1, 0, 0), (0, 0, 0), (2, 0, 0), (3, 0, 1), (9, 0, 1), (10, 0, 2), (21, 0, 3), (400, 0, 3),
        (3, 1, 0), (9, 1, 0), (10, 1, 2), (21, 1, 3), (40, 2, 3), (400, 3, 0),
        (10, 3, 0),  # the schedule was made shorter since
    ],
)  # fmt: skip
def test_a_level_is_due_once_its_days_are_over_and_the_highest_stands_for_those_missed(
    days: int, highest: int, level: int
):
    now = DUE + timedelta(days=days)
    assert reminders.due(invoice(), SCHEDULE, highest, now, "UTC") == level


def test_days_are_those_of_the_accounts_zone():
    """Due on Jan 2 in Tokyo: 3 days later it is Jan 5 there from 15:00 UTC on Jan 4."""
    before = datetime(2027, 1, 4, 14, 59, 59, 999999, tzinfo=UTC)
    assert reminders.due(invoice(), SCHEDULE, 0, before, "Asia/Tokyo") == 0
    assert (
        reminders.due(invoice(), SCHEDULE, 0, before + timedelta(microseconds=1), "Asia/Tokyo") == 1
    )
    assert reminders.due(invoice(), SCHEDULE, 0, before, "UTC") == 1


@pytest.mark.parametrize("status", InvoiceStatus)
def test_only_what_is_issued_and_unpaid_is_reminded_of(status: InvoiceStatus):
    level = reminders.due(invoice(status), SCHEDULE, 0, DUE + timedelta(days=30), "UTC")
    assert bool(level) == (status in {InvoiceStatus.DUE, InvoiceStatus.PAST_DUE})
    nothing_open = invoice(InvoiceStatus.DUE, paid="100.00")
    assert reminders.due(nothing_open, SCHEDULE, 0, DUE + timedelta(days=30), "UTC") == 0


def test_who_is_left_out_or_has_no_address_is_skipped():
    jane = replace(CUSTOMER, profile=Profile(email="jane@example.com"))
    assert reminders.skip(jane) is None
    assert reminders.skip(CUSTOMER) is Skip.NO_ADDRESS
    assert (
        reminders.skip(replace(jane, profile=Profile(email="Jane, phone her"))) is Skip.NO_ADDRESS
    )
    unwilling = replace(jane, profile=replace(jane.profile, reminders_enabled=False))
    assert reminders.skip(unwilling) is Skip.NOT_WANTED
    assert reminders.skip(replace(jane, erased_at=DUE)) is Skip.NOT_WANTED


@pytest.mark.parametrize(
    "text",
    ["", "x", "a@b", "a@b.c\n", "a@b.c\r\nBcc: d@e.f", "a@b.c,d@e.f", "a@b.c d@e.f", "<a@b.c>",
     "a@b..c", ".a@b.c", "a..b@c.d", "a@[127.0.0.1]", '"a b"@c.d', "ü@b.c", "a@b.c>", "a@@b.c",
     "x" * 65 + "@b.c", "a@" + "b" * 64 + ".c", "a@" + "b." * 130 + "c", "a@b.\u2028c", "a@b.c\x00"],
)  # fmt: skip
def test_what_is_no_address_is_not_written_to(text: str):
    assert reminders.address(text) is None
