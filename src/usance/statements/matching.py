"""Matching: which open invoices an entry may pay, how sure that is, and why.

A proposal is never applied here. Its score, 0 to 100, is the sum of what speaks for it:

| what | points |
|---|---|
| the creditor reference of the invoice, with right check digits | 60 |
| the number of the invoice, whole, in the text or as the reference | 50 |
| a number too short or too plain to be sure, or its digits alone | 25 |
| the amount is what is due, or the sum of it | 30 |
| less is paid than due, of an invoice that is named | 10 |
| more is paid than due, of an invoice that is named | 5 |
| the payer's account is one from which the customer has paid | 25 |
| the payer's name is one of the customer's | 15 |
| the payer's account is known as another customer's | −20 |

and then at most: 75 where another amount is paid than due; 40 where two proposals are equally good, where
the entry names invoices of several customers, or where it is in another currency (no amount is compared);
20 where the bank takes back a debit. Below `THRESHOLD_LOWEST` nothing is to be applied by itself.

Units: amounts are in the entry's currency, major unit, exact.
Sources: docs/statements.md, "How a score comes about".
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from heapq import merge
from itertools import islice
from typing import Final

from usance.core import references
from usance.core.ids import CustomerId, InvoiceId
from usance.core.money import EXACT
from usance.statements import evidence
from usance.statements.entries import Entry, compact

THRESHOLD_LOWEST: Final = 50
"""The lowest threshold that a seller may set: above what a tie, or another currency, can reach."""
THRESHOLD_USUAL: Final = 80
"""An invoice that is named and paid to the cent reaches it; an amount alone never does."""

PROPOSALS_MAX: Final = 20
TIE_MAX: Final = 40
_OTHER_AMOUNT_MAX: Final = 75
_REVERSAL_MAX: Final = 20
_SUM_INVOICES_MAX: Final = 12
"""Open invoices of a customer of which sums are tried: the oldest ones; 4,096 sums at most."""
_PAYERS_MAX: Final = 1_000
"""Customers of one name whose invoices are looked up each by each; of more, the invoices are gone through."""


class Why(StrEnum):
    """What speaks for a proposal, or limits it. A closed list."""

    REFERENCE = "reference"
    NUMBER = "number"
    NUMBER_WEAK = "number_weak"
    AMOUNT = "amount"
    SUM = "sum"
    PARTIAL = "partial"
    OVERPAID = "overpaid"
    PAYER_ACCOUNT = "payer_account"
    PAYER_NAME = "payer_name"
    OTHER_PAYER = "other_payer"  # lowers the score
    CURRENCY = "currency"  # limits the score, as all below
    SEVERAL_CUSTOMERS = "several_customers"
    TIE = "tie"
    REVERSAL = "reversal"


_POINTS: Final = {
    Why.REFERENCE: 60,
    Why.NUMBER: 50,
    Why.NUMBER_WEAK: 25,
    Why.AMOUNT: 30,
    Why.SUM: 30,
    Why.PARTIAL: 10,
    Why.OVERPAID: 5,
    Why.PAYER_ACCOUNT: 25,
    Why.PAYER_NAME: 15,
    Why.OTHER_PAYER: -20,
}
_LIMITS: Final = {
    Why.PARTIAL: _OTHER_AMOUNT_MAX,
    Why.OVERPAID: _OTHER_AMOUNT_MAX,
    Why.CURRENCY: TIE_MAX,
    Why.SEVERAL_CUSTOMERS: TIE_MAX,
    Why.TIE: TIE_MAX,
    Why.REVERSAL: _REVERSAL_MAX,
}
_NAMED: Final = {Why.REFERENCE, Why.NUMBER, Why.NUMBER_WEAK}


@dataclass(frozen=True, slots=True)
class Candidate:
    """An open invoice, and what is known of who pays it."""

    id: InvoiceId
    customer_id: CustomerId
    number: str
    reference: str  # of ISO 11649, without spaces
    amount_due: Decimal
    currency: str
    names: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()  # from which the customer has paid before
    due_on: date | None = None

    def __post_init__(self) -> None:
        assert self.amount_due > 0, "an open invoice is owed something"


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason with its words. `points` is what it adds; 0 where it only limits."""

    why: Why
    text: str
    points: int


@dataclass(frozen=True, slots=True)
class Part:
    """What of the entry goes onto one invoice."""

    invoice_id: InvoiceId
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one entry may pay: invoices of one customer. `rest` is left over, for the balance.

    In another currency than the entry's there are no amounts: parts are of nothing, `rest` is all.
    """

    customer_id: CustomerId
    score: int
    reasons: tuple[Reason, ...]
    parts: tuple[Part, ...]
    rest: Decimal


class Book:
    """Open invoices, found by what an entry may say of them; made once for many entries."""

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self.all = sorted(candidates, key=_order)
        self.numbers = evidence.Numbers((each.number, each) for each in self.all)
        self.references: dict[str, list[Candidate]] = {}
        self.amounts: dict[tuple[str, Decimal], list[Candidate]] = {}
        self.customers: dict[CustomerId, list[Candidate]] = {}
        self.owed: dict[tuple[CustomerId, str, Decimal], list[Candidate]] = {}
        self.owners: dict[str, set[CustomerId]] = {}
        self.words: dict[str, set[CustomerId]] = {}
        for each in self.all:
            self.references.setdefault(references.normalised(each.reference), []).append(each)
            self.amounts.setdefault((each.currency, each.amount_due), []).append(each)
            self.customers.setdefault(each.customer_id, []).append(each)
            key = (each.customer_id, each.currency, each.amount_due)
            self.owed.setdefault(key, []).append(each)
            for account in each.accounts:
                self.owners.setdefault(compact(account), set()).add(each.customer_id)
            for name in each.names:
                word = evidence.name_key(name)
                if word:
                    self.words.setdefault(word, set()).add(each.customer_id)


def propose(entry: Entry, candidates: Book | Iterable[Candidate]) -> list[Proposal]:
    """Return what an entry may pay, best first, at most 20; nothing for a debit.

    The same entry and invoices give the same proposals, in the same order.
    """
    if entry.amount < 0:
        return []
    book = candidates if isinstance(candidates, Book) else Book(candidates)
    named = _named(entry, book)
    groups = _groups(named)
    several = {group[0][0].customer_id for group in groups if len(group) > 1}
    found = [_for_named(entry, book, group) for group in groups]
    # Of several that are named, one alone is meant only if just that one is paid.
    found = [
        proposal
        for group, proposal in zip(groups, found, strict=True)
        if len(group) > 1 or group[0][0].customer_id not in several or _is_certain(proposal)
    ]
    if not any(_is_certain(each) for each in found):
        found += _by_amount(entry, book, {each for each, _ in named})
        found += _by_sum(entry, book)
    if len({each.customer_id for each, why in named if why is not Why.NUMBER_WEAK}) > 1:
        text = "The entry names invoices of several customers."
        found = [_with(each, Why.SEVERAL_CUSTOMERS, text) for each in found]
    if entry.reversal:
        text = "The bank says that this takes an earlier debit back."
        found = [_with(each, Why.REVERSAL, text) for each in found]
    return _ranked(_unique(found))[:PROPOSALS_MAX]


# Invoices that are named -------------------------------------------------------------------------------

Named = tuple[Candidate, Why]


def _named(entry: Entry, book: Book) -> list[Named]:
    """Return the invoices that an entry names, each by the best of what names it."""
    told: dict[InvoiceId, Named] = {}
    structured = references.normalised(entry.structured_reference)
    found = [structured, *references.find(entry.text), *references.find(entry.end_to_end_id)]
    for reference in found:
        for each in book.references.get(reference, []) if reference else []:
            told.setdefault(each.id, (each, Why.REFERENCE))
    for text in (entry.structured_reference, entry.text, entry.end_to_end_id):
        for each in book.numbers.whole(text):
            told.setdefault(each.id, (each, Why.NUMBER))
    if not told:
        for text in (entry.structured_reference, entry.text, entry.end_to_end_id):
            for each in book.numbers.weak(text):
                told.setdefault(each.id, (each, Why.NUMBER_WEAK))
    return sorted(told.values(), key=lambda pair: _order(pair[0]))


def _groups(named: Sequence[Named]) -> list[list[Named]]:
    """Return what may be paid together: all that is surely named of a customer, and each alone."""
    groups: list[list[Named]] = []
    customers = dict.fromkeys((each.customer_id, each.currency) for each, _ in named)
    for customer, currency in customers:
        sure: list[Named] = [
            (each, why)
            for each, why in named
            if (each.customer_id, each.currency) == (customer, currency)
            and why is not Why.NUMBER_WEAK
        ]
        if len(sure) > 1:
            groups.append(sure)
    return groups + [[each] for each in named]


def _for_named(entry: Entry, book: Book, group: Sequence[Named]) -> Proposal:
    """Return the proposal to pay invoices that an entry names."""
    weakest = min((why for _, why in group), key=_POINTS.__getitem__)
    invoices = [each for each, _ in group]
    numbers = ", ".join(each.number for each in invoices)
    words = {
        Why.REFERENCE: f"The entry has the creditor reference of {numbers}.",
        Why.NUMBER: f"The entry names {numbers}.",
        Why.NUMBER_WEAK: f"The entry has digits that may mean {numbers}.",
    }
    reasons = [_reason(weakest, words[weakest])]
    due = _sum(each.amount_due for each in invoices)
    if invoices[0].currency != entry.currency:
        text = f"Paid in {entry.currency}, due in {invoices[0].currency}: amounts are not compared."
        reasons.append(_reason(Why.CURRENCY, text))
        parts = tuple(Part(each.id, Decimal(0)) for each in invoices)
        return _made(entry, book, invoices, reasons, parts)
    if due == entry.amount:
        why = Why.SUM if len(invoices) > 1 else Why.AMOUNT
        reasons.append(_reason(why, f"{entry.amount} {entry.currency} is what is due."))
    elif entry.amount < due:
        text = f"{entry.amount} of {due} {entry.currency} is paid."
        reasons.append(_reason(Why.PARTIAL, text))
    else:
        text = f"{entry.amount - due} {entry.currency} more than due is paid."
        reasons.append(_reason(Why.OVERPAID, text))
    return _made(entry, book, invoices, reasons, _allotted(entry.amount, invoices))


def _allotted(amount: Decimal, invoices: Sequence[Candidate]) -> tuple[Part, ...]:
    """Return the amount laid onto invoices, the one due first first, none beyond what is due."""
    parts = []
    for each in invoices:
        part = min(each.amount_due, amount)
        if part:
            parts.append(Part(each.id, part))
        amount -= part
    return tuple(parts)


# Invoices that are not named ---------------------------------------------------------------------------


def _by_amount(entry: Entry, book: Book, named: set[Candidate]) -> list[Proposal]:
    """Return the invoices of which exactly the amount is due, and that are not named anyway."""
    found = book.amounts.get((entry.currency, entry.amount), [])
    # Enough to see that there is more than one: a seller of one plan has thousands alike. The
    # payer's own come first, and would be lost among them.
    likely = _payers_own(entry, book, named)
    text = f"{entry.amount} {entry.currency} is what is due."
    return [
        _made(entry, book, [each], [_reason(Why.AMOUNT, text)], _allotted(entry.amount, [each]))
        for each in dict.fromkeys([*likely, *found[:PROPOSALS_MAX]])
        if each not in named
    ]


def _payers_own(entry: Entry, book: Book, named: set[Candidate]) -> list[Candidate]:
    """Return what the payer owes of just the amount, as many as are shown and one more of each kind.

    Of those who paid from the account, and of those of the name, each are equally likely.
    """
    by_account = _owners(entry, book)
    own: list[Candidate] = []
    for payers in (by_account, _namesakes(entry, book) - by_account):
        owed = (each for each in _of_amount(entry, book, payers) if each not in named)
        own += islice(owed, PROPOSALS_MAX + 1)
    return own


def _of_amount(entry: Entry, book: Book, payers: set[CustomerId]) -> Iterator[Candidate]:
    """Yield what customers owe of just the amount, in the order of the book."""
    if len(payers) > _PAYERS_MAX:
        for each in book.amounts.get((entry.currency, entry.amount), []):
            if each.customer_id in payers:
                yield each
        return
    owed = [book.owed.get((each, entry.currency, entry.amount), []) for each in payers]
    yield from merge(*owed, key=_order)


def _by_sum(entry: Entry, book: Book) -> list[Proposal]:
    """Return sets of open invoices of the payer whose sum is the amount."""
    found = []
    for customer in sorted(_payers(entry, book)):
        owed = (each for each in book.customers[customer] if each.currency == entry.currency)
        oldest = list(islice(owed, _SUM_INVOICES_MAX))
        for chosen in evidence.sums(oldest, entry.amount):
            numbers = ", ".join(each.number for each in chosen)
            reasons = [_reason(Why.SUM, f"The sum of {numbers} is due.")]
            found.append(_made(entry, book, chosen, reasons, _allotted(entry.amount, chosen)))
    return found


def _payers(entry: Entry, book: Book) -> set[CustomerId]:
    """Return the customers whose account or name the payer has."""
    return _owners(entry, book) | _namesakes(entry, book)


def _owners(entry: Entry, book: Book) -> set[CustomerId]:
    account = compact(entry.payer_account)
    return book.owners.get(account, set()) if account else set()


def _namesakes(entry: Entry, book: Book) -> set[CustomerId]:
    key = evidence.name_key(entry.payer_name)
    return book.words.get(key, set()) if key else set()


# Scores ------------------------------------------------------------------------------------------------


def _made(
    entry: Entry,
    book: Book,
    invoices: Sequence[Candidate],
    reasons: Sequence[Reason],
    parts: tuple[Part, ...],
) -> Proposal:
    """Return a proposal with what the payer adds to its reasons, and its score."""
    customer = invoices[0].customer_id
    assert all(each.customer_id == customer for each in invoices), "a proposal is of one customer"
    said = [*reasons, *_of_payer(entry, book, customer)]
    rest = entry.amount - _sum(part.amount for part in parts)
    assert rest >= 0, "no more is laid onto invoices than was paid"
    return Proposal(customer, _score(said), tuple(said), parts, rest)


def _of_payer(entry: Entry, book: Book, customer: CustomerId) -> list[Reason]:
    """Return what the payer says for a customer, or against one."""
    owners = _owners(entry, book)
    if customer in owners:
        return [_reason(Why.PAYER_ACCOUNT, "The customer has paid from this account before.")]
    found = []
    if customer in _namesakes(entry, book):
        found.append(_reason(Why.PAYER_NAME, f"{entry.payer_name} is a name of the customer."))
    if owners:
        found.append(
            _reason(Why.OTHER_PAYER, "Another customer has paid from this account before.")
        )
    return found


def _reason(why: Why, text: str) -> Reason:
    return Reason(why, text, _POINTS.get(why, 0))


def _score(reasons: Sequence[Reason]) -> int:
    points = sum(each.points for each in reasons)
    limit = min((_LIMITS.get(each.why, 100) for each in reasons), default=100)
    return max(0, min(points, limit, 100))


def _with(proposal: Proposal, why: Why, text: str) -> Proposal:
    reasons = (*proposal.reasons, _reason(why, text))
    return replace(proposal, reasons=reasons, score=_score(reasons))


def _is_certain(proposal: Proposal) -> bool:
    """Whether an invoice is named and paid to the cent: others of the amount are no rivals then."""
    whys = {each.why for each in proposal.reasons}
    named = bool(whys & (_NAMED - {Why.NUMBER_WEAK}))
    return named and bool(whys & {Why.AMOUNT, Why.SUM})


def _unique(proposals: Sequence[Proposal]) -> list[Proposal]:
    """Return one proposal for each set of parts, the best."""
    best: dict[tuple[Part, ...], Proposal] = {}
    for each in proposals:
        known = best.get(each.parts)
        if known is None or each.score > known.score:
            best[each.parts] = each
    return list(best.values())


def _ranked(proposals: Sequence[Proposal]) -> list[Proposal]:
    """Return proposals best first. Where the best are equally good, none of them is any more."""
    ranked = sorted(proposals, key=lambda each: -each.score)  # stable: those due first stay first
    equal = [each for each in ranked if each.score == ranked[0].score]
    if len(equal) > 1:
        text = f"{len(equal)} proposals are equally good."
        tied = [_with(each, Why.TIE, text) for each in equal]
        ranked = sorted([*tied, *ranked[len(equal) :]], key=lambda each: -each.score)
    return ranked


def _order(each: Candidate) -> tuple[date, str, str]:
    return each.due_on or date.max, each.number, str(each.id)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for each in amounts:
        total = EXACT.add(total, each)
    return total
