"""Proposals: what entries of bank statements may pay or take back, compared with all that is open.

Reading is the store's and takes a moment; comparing is arithmetic for a thread of its own, with no
connection and no lock held. What is read waits in memory for the thread, so few read at one time.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

from usance.actions.commands import Call
from usance.core import references
from usance.core.ids import CustomerId, InvoiceId, PaymentId
from usance.statements import matching, reversals
from usance.statements.entries import Entry
from usance.statements.matching import Candidate, Why
from usance.statements.reversals import Back, Received
from usance.store import bank_facts
from usance.store.db import Tx
from usance.store.statements import Said, Stored

T = TypeVar("T")

# How long a transfer or a direct debit may come back: thirteen months.
_BACK_DAYS: Final = 400
_PAID_MAX: Final = 20_000

# One file or list at a time is compared in a process: memory is bounded, and others are answered.
_THREAD: Final = ThreadPoolExecutor(1, "statements")
# While one is compared, the next is read.
_TURNS_MAX: Final = 2
_TURNS: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Reason:
    """What speaks for a proposal or limits it."""

    code: str
    text: str
    points: int


@dataclass(frozen=True, slots=True)
class Share:
    """What of an entry is proposed for an invoice, with what was due on it then."""

    invoice_id: InvoiceId
    number: str
    amount: Decimal
    due: Decimal


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an entry may be: money of one customer, for invoices or the balance; or a payment taken back."""

    customer_id: CustomerId
    customer_reference: str
    score: int
    reasons: tuple[Reason, ...]
    shares: tuple[Share, ...]
    rest: Decimal  # for the balance
    payment_id: PaymentId | None = None
    is_tied: bool = False  # another is equally good
    is_exact: bool = True  # False: the payment has another amount than the debit

    @property
    def id(self) -> str:
        """Tell it from all others: what is another proposal has another id."""
        parts = [f"{each.invoice_id} {each.amount} {each.due}" for each in self.shares]
        said = [str(self.customer_id), str(self.payment_id), str(self.rest), *parts]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()[:32]


class Matcher:
    """What entries are compared with. It is made and asked in the thread."""

    def __init__(self, owed: Sequence[bank_facts.Owed], paid: Sequence[bank_facts.Paid]) -> None:
        self._owed = {each.id: each for each in owed}
        self._paid = {each.id: each for each in paid}
        self._book = matching.Book(_candidate(each) for each in owed)
        self._payments = reversals.Payments(_received(each) for each in paid)

    def proposals(self, said: Said, left: Decimal) -> list[Proposal]:
        """Return what the open part of an entry may be, best first."""
        if left == 0:
            return []
        if said.amount < 0:
            found = reversals.propose(as_entry(said, said.amount), self._payments)
            return [_taking_back(each, self._paid[each.payment_id]) for each in found]
        return [self._paying(each) for each in matching.propose(as_entry(said, left), self._book)]

    def _paying(self, found: matching.Proposal) -> Proposal:
        shares = []
        for part in found.parts:
            owed = self._owed[part.invoice_id]
            shares.append(Share(part.invoice_id, owed.number, part.amount, owed.amount_due))
        return Proposal(
            customer_id=found.customer_id,
            customer_reference=self._owed[found.parts[0].invoice_id].customer_reference,
            score=found.score,
            reasons=tuple(Reason(each.why.value, each.text, each.points) for each in found.reasons),
            shares=tuple(shares),
            rest=found.rest,
            is_tied=any(each.why is Why.TIE for each in found.reasons),
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """What was read to compare entries with."""

    owed: Sequence[bank_facts.Owed]
    paid: Sequence[bank_facts.Paid]

    def matcher(self) -> Matcher:
        """Return what compares; making it takes a moment, too."""
        return Matcher(self.owed, self.paid)


async def facts(tx: Tx, call: Call, said: Iterable[Said]) -> Facts:
    """Read what entries are compared with: open invoices for credits, payments for debits."""
    signs = {one.amount > 0 for one in said}
    account = call.account
    owed: Sequence[bank_facts.Owed] = ()
    paid: Sequence[bank_facts.Paid] = ()
    if True in signs:
        owed = await bank_facts.owed(tx, account.id, account.zone)
    if False in signs:
        since = call.now - timedelta(days=_BACK_DAYS)
        paid = await bank_facts.paid(tx, account.id, account.zone, since=since, limit=_PAID_MAX)
    return Facts(owed, paid)


async def in_thread(work: Callable[[], T]) -> T:
    """Return what the work comes to, done where it keeps nobody waiting."""
    return await asyncio.get_running_loop().run_in_executor(_THREAD, work)


@asynccontextmanager
async def turn() -> AsyncIterator[None]:
    """Wait for one's turn to read facts and compare; to be taken before a connection, never with one."""
    loop = asyncio.get_running_loop()
    async with _TURNS.setdefault(loop, asyncio.Semaphore(_TURNS_MAX)):
        yield


async def of_entries(known: Facts, entries: Iterable[Stored]) -> Mapping[UUID, Sequence[Proposal]]:
    """Return the proposals for those of the entries that wait, by the entry's id."""
    open_ = waiting(entries)
    if not open_:
        return {}

    def compare() -> Mapping[UUID, Sequence[Proposal]]:
        matcher = known.matcher()
        return {one.id: matcher.proposals(one.said, one.open) for one in open_}

    return await in_thread(compare)


def waiting(entries: Iterable[Stored]) -> list[Stored]:
    """Return those of the entries that something may be proposed for."""
    return [one for one in entries if not one.is_settled]


def as_entry(said: Said, amount: Decimal) -> Entry:
    """Return an entry as it is compared: of so much of its amount."""
    return Entry(
        booked_on=said.booked_on,
        value_on=said.value_on,
        amount=amount,
        currency=said.currency,
        account=said.account,
        payer_name=said.payer_name,
        payer_account=said.payer_account,
        text=said.text,
        structured_reference=said.structured_reference,
        end_to_end_id=said.end_to_end_id,
        reference=said.reference,
        kind=said.kind,
        reversal=said.reversal,
        instructed_amount=said.instructed_amount,
        instructed_currency=said.instructed_currency,
    )


def _candidate(owed: bank_facts.Owed) -> Candidate:
    return Candidate(
        id=owed.id,
        customer_id=owed.customer_id,
        number=owed.number,
        reference=references.make(owed.number),
        amount_due=owed.amount_due,
        currency=owed.currency,
        names=owed.names,
        accounts=owed.accounts,
        due_on=owed.due_on,
    )


def _received(paid: bank_facts.Paid) -> Received:
    names = [name for number in paid.numbers for name in (number, references.make(number))]
    return Received(
        id=paid.id,
        customer_id=paid.customer_id,
        amount=paid.amount,
        currency=paid.currency,
        received_on=paid.received_on,
        end_to_end_id=paid.end_to_end_id,
        references=tuple(names),
        payer_account=paid.payer_account,
    )


def _taking_back(found: reversals.Reversal, paid: bank_facts.Paid) -> Proposal:
    return Proposal(
        customer_id=found.customer_id,
        customer_reference=paid.customer_reference,
        score=found.score,
        reasons=tuple(
            Reason(why.value, text, reversals.POINTS.get(why, 0)) for why, text in found.reasons
        ),
        shares=(),
        rest=Decimal(0),
        payment_id=found.payment_id,
        is_tied=any(why is Back.TIE for why, _ in found.reasons),
        is_exact=all(why is not Back.OTHER_AMOUNT for why, _ in found.reasons),
    )
