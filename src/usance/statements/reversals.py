"""Reversals: which payment a debit may take back.

A returned direct debit, a bounced transfer and a card dispute come as debits that name the payment,
or only have its amount. The points are those of `matching`: the payer's own name of the payment 60, a
reference or number in its text 50, the amount 30, the account 25. An ordinary debit, of which the bank
does not say that it takes something back, gets no more than 40.

Sources: docs/statements.md, "Money that goes back".
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from usance.core import references
from usance.core.ids import CustomerId, PaymentId
from usance.statements.entries import Entry, compact
from usance.statements.matching import PROPOSALS_MAX, TIE_MAX

_RETURN_WORDS: Final = ("ruck", "rueck", "rück", "retour", "storno", "return", "chargeback", "reversal",
                        "unpaid", "bounced", "impaye", "impayé", "insoluto", "devolucion")  # fmt: skip


class Back(StrEnum):
    """What speaks for a reversal, or limits it. A closed list."""

    END_TO_END = "end_to_end_id"
    REFERENCE = "reference"
    AMOUNT = "amount"
    PAYER_ACCOUNT = "payer_account"
    OTHER_AMOUNT = "other_amount"  # limits the score: a bank's fee may be in it
    NOT_SAID = "not_said"  # the bank does not call it a reversal: limits the score
    TIE = "tie"  # limits the score


POINTS: Final = {
    Back.END_TO_END: 60,
    Back.REFERENCE: 50,
    Back.AMOUNT: 30,
    Back.PAYER_ACCOUNT: 25,
}
_LIMITS: Final = {Back.OTHER_AMOUNT: 75, Back.NOT_SAID: TIE_MAX, Back.TIE: TIE_MAX}


@dataclass(frozen=True, slots=True)
class Received:
    """A payment that was recorded, with what the entry said by which it came."""

    id: PaymentId
    customer_id: CustomerId
    amount: Decimal
    currency: str
    received_on: date
    end_to_end_id: str = ""
    references: tuple[str, ...] = ()  # references and numbers of the invoices it paid
    payer_account: str = ""


@dataclass(frozen=True, slots=True)
class Reversal:
    """A payment that a debit may take back. `amount` is what is taken, without a sign."""

    payment_id: PaymentId
    customer_id: CustomerId
    score: int
    reasons: tuple[tuple[Back, str], ...]
    amount: Decimal


class Payments:
    """Payments, found by what a debit may say of them; made once for many entries."""

    def __init__(self, received: Iterable[Received]) -> None:
        self._amounts: dict[tuple[str, Decimal], list[Received]] = defaultdict(list)
        self._accounts: dict[str, list[Received]] = defaultdict(list)
        self._names: dict[str, list[Received]] = defaultdict(list)
        self._end_to_end: dict[str, list[Received]] = defaultdict(list)
        for each in received:
            self._amounts[each.currency, each.amount].append(each)
            if each.end_to_end_id:
                self._end_to_end[each.end_to_end_id].append(each)
            if each.payer_account:
                self._accounts[compact(each.payer_account)].append(each)
            for reference in each.references:
                self._names[references.normalised(reference)].append(each)
        self._lengths = sorted({len(each) for each in self._names})

    def likely(self, entry: Entry) -> list[Received]:
        """Return those for which something may speak, each once.

        Of many with the amount and nothing else a few are enough to see that there are several.
        """
        found = list(self._end_to_end.get(entry.end_to_end_id, []))
        said = _said(entry)
        for length in self._lengths:
            for start in range(len(said) - length + 1):
                found += self._names.get(said[start : start + length], [])
        found += self._accounts.get(compact(entry.payer_account), [])
        found += self._amounts.get((entry.currency, -entry.amount), [])[: PROPOSALS_MAX + 1]
        return list(dict.fromkeys(found))


def propose(entry: Entry, received: Payments | Iterable[Received]) -> list[Reversal]:
    """Return the payments that a debit may take back, best first, at most 20; none for a credit.

    A payment in another currency, of a later day, or of less than the debit by itself, is none.
    """
    if entry.amount > 0:
        return []
    if isinstance(received, Payments):
        received = received.likely(entry)
    found = [
        _reversal(entry, each, reasons)
        for each in received
        if each.currency == entry.currency
        and each.received_on <= max(entry.booked_on, entry.value_on)
        and (reasons := _reasons(entry, each))
    ]
    found.sort(key=lambda each: (-each.score, str(each.payment_id)))
    equal = [each for each in found if each.score == found[0].score]
    if len(equal) > 1:
        text = f"{len(equal)} payments fit equally well."
        tied = [_limited(each, Back.TIE, text) for each in equal]
        found = sorted([*tied, *found[len(equal) :]], key=lambda each: -each.score)
    return found[:PROPOSALS_MAX]


def is_said(entry: Entry) -> bool:
    """Return whether the bank says, in a code or in words, that an entry takes another back."""
    words = f"{entry.kind} {entry.text}".casefold()
    return entry.reversal or any(each in words for each in _RETURN_WORDS)


def _reasons(entry: Entry, each: Received) -> list[tuple[Back, str]]:
    """Return what speaks for a payment; nothing at all if neither its name nor its amount does."""
    found = []
    said = _said(entry)
    if each.end_to_end_id and each.end_to_end_id == entry.end_to_end_id:
        found.append((Back.END_TO_END, f"The payment was called {each.end_to_end_id}, as this is."))
    elif any(_is_told(one, said) for one in each.references):
        found.append((Back.REFERENCE, "The entry names what the payment was for."))
    if each.amount == -entry.amount:
        found.append((Back.AMOUNT, f"{each.amount} {each.currency} was paid, and goes back."))
    elif found:
        text = f"{each.amount} {each.currency} was paid, and {-entry.amount} goes out."
        found.append((Back.OTHER_AMOUNT, text))
    if not found:
        return []
    if each.payer_account and compact(each.payer_account) == compact(entry.payer_account):
        found.append((Back.PAYER_ACCOUNT, "It goes to the account that the payment came from."))
    if not is_said(entry):
        found.append((Back.NOT_SAID, "The bank does not call this a reversal."))
    return found


def _said(entry: Entry) -> str:
    """Return the letters and digits of what an entry says of the payment."""
    text = f"{entry.structured_reference} {entry.text} {entry.end_to_end_id}"
    return references.normalised(text)


def _is_told(reference: str, said: str) -> bool:
    bare = references.normalised(reference)
    return len(bare) > 5 and bare in said  # noqa: PLR2004 - shorter ones stand in any text


def _reversal(entry: Entry, each: Received, reasons: list[tuple[Back, str]]) -> Reversal:
    amount = min(each.amount, -entry.amount)
    return Reversal(each.id, each.customer_id, _score(reasons), tuple(reasons), amount)


def _limited(each: Reversal, why: Back, text: str) -> Reversal:
    reasons = [*each.reasons, (why, text)]
    return Reversal(each.payment_id, each.customer_id, _score(reasons), tuple(reasons), each.amount)


def _score(reasons: Iterable[tuple[Back, str]]) -> int:
    whys = [why for why, _ in reasons]
    limit = min((_LIMITS.get(why, 100) for why in whys), default=100)
    return min(sum(POINTS.get(why, 0) for why in whys), limit, 100)
