"""Which payment a debit may take back."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from usance.core.ids import CustomerId, PaymentId
from usance.statements.entries import Entry
from usance.statements.matching import TIE_MAX
from usance.statements.reversals import Back, Received, propose

IBAN = "DE12500105170648489890"


def payment(n: int, amount: str = "119.00", **said) -> Received:
    defaults = {"currency": "EUR", "received_on": date(2026, 1, 10)}
    return Received(
        PaymentId(UUID(int=n)), CustomerId(UUID(int=9)), Decimal(amount), **{**defaults, **said}
    )


def debit(amount: str = "-119.00", **said) -> Entry:
    said = {"currency": "EUR", "reversal": True, **said}
    return Entry(date(2026, 1, 12), date(2026, 1, 12), Decimal(amount), **said)


ONE = payment(1, end_to_end_id="E2E-1", references=("INV-2026-00042",), payer_account=IBAN)


@pytest.mark.parametrize(
    ("said", "score", "whys"),
    [
        ({"end_to_end_id": "E2E-1"}, 90, "end_to_end_id amount"),  # 60 + 30
        ({"text": "Retoure INV 2026-00042"}, 80, "reference amount"),  # 50 + 30
        ({"end_to_end_id": "E2E-1", "payer_account": IBAN}, 100, "end_to_end_id amount payer_account"),
        ({"payer_account": IBAN}, 55, "amount payer_account"),  # 30 + 25
        ({}, 30, "amount"),
        # Nobody says that it takes something back: 40 at most.
        ({"end_to_end_id": "E2E-1", "reversal": False}, 40, "end_to_end_id amount not_said"),
        ({"end_to_end_id": "E2E-1", "reversal": False, "kind": "RÜCKLASTSCHRIFT"}, 90, "end_to_end_id amount"),
        # A fee of the bank is in it: 60, and at most 75.
        ({"end_to_end_id": "E2E-1", "amount": "-122.00"}, 60, "end_to_end_id other_amount"),
    ],
)  # fmt: skip
def test_a_debit_that_takes_a_payment_back(said, score, whys):
    (found,) = propose(debit(**said), [ONE])
    assert found.score == score
    assert {why.value for why, _ in found.reasons} == set(whys.split())
    assert found.amount == Decimal("119.00")


@pytest.mark.parametrize(
    ("entry", "received"),
    [
        (debit("119.00", end_to_end_id="E2E-1"), ONE),  # money that came in
        (debit("-1.00"), ONE),  # another amount, and nothing else
        (debit(currency="USD", end_to_end_id="E2E-1"), ONE),
        (debit(end_to_end_id="E2E-1"), payment(1, received_on=date(2026, 1, 13), end_to_end_id="E2E-1")),
        (debit("-5.00"), payment(1, end_to_end_id="")),  # two absent names are not one
        (debit("-5.00", text="A1"), payment(1, references=("A1",))),  # too short to prove anything
    ],
    ids=["a credit", "an amount", "a currency", "a later day", "no name", "a short number"],
)  # fmt: skip
def test_what_a_debit_does_not_take_back(entry, received):
    assert propose(entry, [received]) == []


def test_two_payments_of_one_amount_are_a_tie_and_come_in_one_order():
    found = propose(debit(payer_account=IBAN), [payment(2, payer_account=IBAN), ONE])
    assert [(each.payment_id.int, each.score) for each in found] == [(1, TIE_MAX), (2, TIE_MAX)]
    assert all(each.reasons[-1][0] is Back.TIE for each in found)
    assert found == propose(debit(payer_account=IBAN), [ONE, payment(2, payer_account=IBAN)])
