"""Which invoices an entry may pay: each table says the points beside the score."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.core import references
from usance.core.ids import CustomerId, InvoiceId
from usance.statements import evidence, matching
from usance.statements.entries import Entry
from usance.statements.matching import (
    THRESHOLD_LOWEST,
    THRESHOLD_USUAL,
    TIE_MAX,
    Book,
    Candidate,
    Proposal,
    Why,
    propose,
)

DAY = date(2026, 2, 1)
IBAN, OTHER_IBAN = "DE12500105170648489890", "NL08INGB0000001234"
ALPHA, BETA = CustomerId(UUID(int=1)), CustomerId(UUID(int=2))


def invoice(n: int, due: str, customer: CustomerId = ALPHA, *, currency: str = "EUR", **said):
    number = said.pop("number", f"INV-2026-{n:05}")
    known = {
        ALPHA: {"names": ("Alpha GmbH",), "accounts": (IBAN,)},
        BETA: {"names": ("Beta Ltd.",), "accounts": (OTHER_IBAN,)},
    }
    return Candidate(
        id=InvoiceId(UUID(int=100 + n)),
        customer_id=customer,
        number=number,
        reference=references.make(number),
        amount_due=Decimal(due),
        currency=currency,
        due_on=said.pop("due_on", date(2026, 1, 1) + timedelta(days=n)),
        **{**known.get(customer, {}), **said},
    )


def entry(amount: str, text: str = "", **said) -> Entry:
    said = {"currency": "EUR", **said}
    return Entry(booked_on=DAY, value_on=DAY, amount=Decimal(amount), text=text, **said)


def paid(proposal: Proposal) -> dict[int, str]:
    """Return what is laid onto which invoice, by its number."""
    return {part.invoice_id.int - 100: f"{part.amount:f}" for part in proposal.parts}


def best(entry: Entry, candidates: Sequence[Candidate]) -> tuple[int, dict[int, str], set[str]]:
    found = propose(entry, candidates)[0]
    return found.score, paid(found), {each.why.value for each in found.reasons}


ONE = (invoice(1, "119.00"),)
RF = references.make("INV-2026-00001")


@pytest.mark.parametrize(
    ("said", "score", "whys"),
    [
        # 60 + 30
        ({"structured_reference": RF}, 90, "reference amount"),
        ({"text": references.printed(RF).lower()}, 90, "reference amount"),
        # 60 + 30 + 25 is more than all
        (
            {"structured_reference": RF, "payer_account": IBAN},
            100,
            "reference amount payer_account",
        ),
        # 50 + 30, however it is written
        ({"text": "Rechnung INV-2026-00001"}, 80, "number amount"),
        ({"text": "inv 2026/00001, danke"}, 80, "number amount"),
        ({"text": "RgNr:INV-2026- 00001vom 3.1."}, 80, "number amount"),
        ({"end_to_end_id": "INV202600001"}, 80, "number amount"),
        ({"structured_reference": "INV-2026-00001"}, 80, "number amount"),
        # 50 + 30 + 15
        ({"text": "INV-2026-00001", "payer_name": "ALPHA"}, 95, "number amount payer_name"),
        # 50 + 30 − 20: whoever pays here has paid for no one else
        # 25 + 30
        ({"text": "Rechnung 2026-00001"}, 55, "number_weak amount"),
        # 30; 30 + 15; 30 + 25
        ({}, 30, "amount"),
        ({"payer_name": "alpha g.m.b.h."}, 45, "amount payer_name"),
        ({"payer_account": "DE12 5001 0517 0648 4898 90"}, 55, "amount payer_account"),
        # The bank takes a debit of ours back: 20 at most.
        ({"structured_reference": RF, "reversal": True}, 20, "reference amount reversal"),
    ],
)
def test_one_invoice_that_is_paid_to_the_cent(said, score, whys):
    assert best(entry("119.00", **said), ONE) == (score, {1: "119.00"}, set(whys.split()))


@pytest.mark.parametrize(
    ("amount", "said", "score", "parts", "rest"),
    [
        ("100.00", {"structured_reference": RF}, 70, {1: "100.00"}, "0.00"),  # 60 + 10
        ("120.00", {"structured_reference": RF}, 65, {1: "119.00"}, "1.00"),  # 60 + 5
        # 60 + 10 + 25, and at most 75
        ("100.00", {"structured_reference": RF, "payer_account": IBAN}, 75, {1: "100.00"}, "0.00"),
        ("0.01", {"text": "INV-2026-00001"}, 60, {1: "0.01"}, "0.00"),  # 50 + 10
    ],
)
def test_less_or_more_than_due_is_for_a_person(amount, said, score, parts, rest):
    (found,) = propose(entry(amount, **said), ONE)
    assert (found.score, paid(found), found.rest) == (score, parts, Decimal(rest))
    assert found.score < THRESHOLD_USUAL


@pytest.mark.parametrize(
    "text",
    [
        "INV-2026-000012",  # another one, of which the number is the beginning
        "INV-2026-0000",
        "9INV-2026-000019",
        "RF99INV202600001",  # check digits that are wrong: which invoice was meant is not known
        references.make("INV-2026-00002"),
        "",
    ],
)
def test_what_is_no_number_of_it_is_not_taken_for_it(text):
    assert propose(entry("7.00", text=text), ONE) == []


def test_a_reference_with_a_typing_mistake_pays_no_other_invoice():
    """RF…00001 was meant; a slip made the number of the second invoice of it."""
    slipped = RF[:-1] + "2"
    two = (*ONE, invoice(2, "119.00", BETA))
    assert {each.score for each in propose(entry("119.00", slipped), two)} == {30}
    assert all(
        {reason.why for reason in each.reasons} == {Why.AMOUNT, Why.TIE}
        for each in propose(entry("119.00", slipped), two)
    )


def test_two_invoices_of_one_amount_are_no_match_but_two_guesses():
    two = (*ONE, invoice(2, "119.00"))
    found = propose(entry("119.00", payer_account=IBAN), two)
    assert [(each.score, paid(each)) for each in found] == [
        (40, {1: "119.00"}),
        (40, {2: "119.00"}),
    ]
    assert all(Why.TIE in {reason.why for reason in each.reasons} for each in found)
    assert TIE_MAX < THRESHOLD_LOWEST


def test_a_payer_decides_between_two_customers():
    two = (*ONE, invoice(2, "119.00", BETA))
    found = propose(entry("119.00", payer_account=OTHER_IBAN), two)
    # 30 + 25, and 30 − 20: the account is known to be Beta's.
    assert [(each.score, each.customer_id) for each in found] == [(55, BETA), (10, ALPHA)]


@pytest.mark.parametrize(
    ("amount", "text", "score", "parts", "rest"),
    [
        # 50 + 30: the sum of both is due
        ("219.00", "INV-2026-00001 und INV-2026-00002", 80, {1: "119.00", 2: "100.00"}, "0"),
        ("219.00", f"{RF}, {references.make('INV-2026-00002')}", 90, {1: "119.00", 2: "100.00"}, "0"),
        # 50 + 10: the one that was due first is paid first
        ("200.00", "INV-2026-00002, INV-2026-00001", 60, {1: "119.00", 2: "81.00"}, "0"),
        # 50 + 5
        ("300.00", "INV-2026-00001 INV-2026-00002", 55, {1: "119.00", 2: "100.00"}, "81.00"),
        # Both are named, and one is paid: 50 + 30
        ("100.00", "INV-2026-00001 INV-2026-00002", 80, {2: "100.00"}, "0"),
    ],
)  # fmt: skip
def test_one_payment_of_several_invoices(amount, text, score, parts, rest):
    found = propose(entry(amount, text), (*ONE, invoice(2, "100.00"), invoice(3, "50.00")))[0]
    assert (found.score, paid(found), found.rest) == (score, parts, Decimal(rest))


def test_open_amounts_that_make_the_sum_are_found_by_the_payer():
    three = (*ONE, invoice(2, "100.00"), invoice(3, "50.00"))
    # 30 + 25 and 30 + 15
    assert best(entry("169.00", payer_account=IBAN), three)[:2] == (55, {1: "119.00", 3: "50.00"})
    assert best(entry("269.00", payer_name="Alpha"), three)[0] == 45
    assert propose(entry("169.00"), three) == []
    assert propose(entry("170.00", payer_account=IBAN), three) == []


def test_two_sums_of_the_same_amount_are_a_tie():
    four = [invoice(n, due) for n, due in enumerate(("60.00", "40.00", "70.00", "30.00"), 1)]
    assert [each.score for each in propose(entry("100.00", payer_account=IBAN), four)] == [40, 40]


def test_invoices_of_two_customers_are_never_paid_by_one_entry():
    two = (*ONE, invoice(2, "100.00", BETA))
    found = propose(entry("219.00", "INV-2026-00001 INV-2026-00002"), two)
    assert {each.score for each in found} == {40}
    assert all(len(each.parts) == 1 for each in found)


def test_another_currency_is_never_compared_by_amount():
    (found,) = propose(entry("119.00", "INV-2026-00001", currency="USD"), ONE)
    assert (found.score, found.rest, paid(found)) == (40, Decimal("119.00"), {1: "0"})
    assert {each.why for each in found.reasons} == {Why.NUMBER, Why.CURRENCY}
    assert propose(entry("119.00", currency="USD", payer_account=IBAN), ONE) == []


@pytest.mark.parametrize(
    ("number", "text", "whys"),
    [
        ("7", "Rechnung 7", None),
        ("2026/03/07", "vom 07.03. 2026/03/07", "number_weak amount"),  # it may be a day
        ("4711", "Rechnung 4711", "number_weak amount"),
        ("471108", "Rechnung 471108", "number amount"),
        ("471108", "Rechnung 4711089", "amount"),
        ("A-1", "A-1", "amount"),
        ("INV-2026-00001", "XINV-2026-00001", "number_weak amount"),
    ],
)
def test_a_plain_number_proves_little(number, text, whys):
    one = (invoice(1, "119.00", number=number),)
    assert best(entry("119.00", text), one)[2] == set((whys or "amount").split())


def test_a_debit_pays_nothing():
    assert propose(entry("-119.00", RF), ONE) == []


def test_thousands_of_invoices_of_one_amount_give_twenty_guesses_and_the_payers_first():
    alike = [
        invoice(n, "9.00", BETA, names=(), accounts=(), due_on=date(2026, 1, 1))
        for n in range(100, 3_100)
    ]
    own = invoice(28, "9.00", ALPHA, due_on=date(2027, 1, 1))
    found = propose(entry("9.00", payer_account=IBAN), [*alike, own])
    assert len(found) == 20
    assert (found[0].score, found[0].customer_id) == (55, ALPHA)


@pytest.mark.parametrize("count", [2, 30, 1_200])
def test_those_of_the_payers_name_come_first_however_many_they_are(count):
    """Looked up by each of a few customers, and of thousands among what is due: the same comes out."""
    strangers = [
        invoice(n, "9.00", BETA, names=(), accounts=(), due_on=date(2026, 1, 1))
        for n in range(1, 1_000)
    ]
    kims = [
        invoice(
            n, "9.00", CustomerId(UUID(int=n)), names=("Kim",), accounts=(), due_on=date(2027, 1, 1)
        )
        for n in range(2_000, 2_000 + count)
    ]
    found = propose(entry("9.00", payer_name="Kim"), [*strangers, *kims])
    firsts = [each.parts[0].invoice_id for each in found]
    shown = min(count, 20)
    assert firsts[:shown] == [each.id for each in kims[:shown]]
    assert len(found) == 20


AMOUNTS = st.integers(1, 50).map(lambda n: f"{n}.00")
CANDIDATES = st.lists(
    st.tuples(AMOUNTS, st.sampled_from([ALPHA, BETA]), st.sampled_from(["EUR", "USD"])), max_size=15
).map(
    lambda told: [
        invoice(n, due, customer, currency=currency)
        for n, (due, customer, currency) in enumerate(told, 1)
    ]
)
TEXTS = st.sampled_from(["", "INV-2026-00001", "INV-2026-00001 2026-00002", RF, "00003", "Alpha"])


@given(
    CANDIDATES,
    AMOUNTS,
    TEXTS,
    st.sampled_from(["", IBAN, OTHER_IBAN]),
    st.sampled_from(["", "Alpha", "Beta"]),
    st.randoms(),
)
def test_what_holds_for_every_proposal(candidates, amount, text, account, name, chance):  # noqa: PLR0917 - drawn
    said = entry(amount, text, payer_account=account, payer_name=name)
    found = propose(said, candidates)
    shuffled = list(candidates)
    chance.shuffle(shuffled)
    assert propose(said, Book(shuffled)) == found, "the order of candidates decides nothing"
    due = {each.id: each for each in candidates}
    for each in found:
        assert 0 <= each.score <= 100
        assert sum(part.amount for part in each.parts) + each.rest == said.amount
        assert each.rest >= 0
        assert all(due[part.invoice_id].customer_id == each.customer_id for part in each.parts)
        assert all(part.amount <= due[part.invoice_id].amount_due for part in each.parts)
        assert all(
            part.amount == 0 or due[part.invoice_id].currency == said.currency
            for part in each.parts
        )
    scores = [each.score for each in found]
    assert scores == sorted(scores, reverse=True)
    if len(scores) > 1 and scores[0] == scores[1]:
        assert scores[0] <= TIE_MAX, "what is equally good is applied by nobody"
    if scores and scores[0] >= THRESHOLD_USUAL:
        assert {Why.NUMBER, Why.REFERENCE} & {reason.why for reason in found[0].reasons}


@given(st.lists(st.integers(1, 30), max_size=12), st.integers(1, 200))
def test_sums_are_those_that_all_subsets_make(owed, amount):
    """Against every subset, one by one; of more than three sets three are enough."""
    invoices = [invoice(n, f"{due}.00") for n, due in enumerate(owed, 1)]
    count = sum(
        1
        for chosen in range(1 << len(owed))
        if chosen.bit_count() > 1
        and sum(due for n, due in enumerate(owed) if chosen >> n & 1) == amount
    )
    found = evidence.sums(invoices, Decimal(amount))
    assert len(found) == min(count, 3)
    assert all(sum(each.amount_due for each in chosen) == amount for chosen in found)
    assert len({tuple(each.id for each in chosen) for chosen in found}) == len(found)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Müller & Söhne GmbH", "MUELLER UND SOEHNE", True),
        ("Doe, Jane", "Jane Doe", True),
        ("Łódź Sp. z o.o.", "LODZ SP. Z O.O.", True),
        ("Société Générale S.A.", "SOCIETE GENERALE SA", True),
        ("Alpha GmbH", "Beta GmbH", False),
        ("GmbH", "AG", True),  # nothing is left to tell them by: no key, no match
    ],
)
def test_names_are_compared_by_the_words_that_tell_them_apart(one, other, same):
    assert (evidence.name_key(one) == evidence.name_key(other)) is same


def test_a_name_of_nothing_matches_nobody():
    assert evidence.name_key("GmbH & Co. KG") == ""
    nameless = (invoice(1, "119.00", names=("GmbH",), accounts=("",)),)
    assert best(entry("119.00", payer_name="AG"), nameless)[2] == {"amount"}


def test_the_table_in_the_module_has_the_points():
    told = matching.__doc__ or ""
    for points in (60, 50, 25, 30, 10, 5, 15):
        assert f"| {points} |" in told
    assert set(matching._POINTS.values()) == {60, 50, 25, 30, 10, 5, 15, -20}
