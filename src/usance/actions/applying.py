"""Applying entries of bank statements: accepted, undone, ignored, each once.

Locks are taken in one order: customers by id, then entries by id. Nothing is compared while they are
held: what comes back says how the entry stands, and not what the open part of it may be.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from usance.actions import entries, ledger, proposals
from usance.actions.commands import Call
from usance.actions.entries import Kept
from usance.actions.proposals import Proposal
from usance.core import ids, money
from usance.core.customers import Customer
from usance.core.decisions import reconcile, transfer
from usance.core.decisions.reconcile import Receipt, Share
from usance.core.ids import CustomerId, InvoiceId, PaymentId
from usance.core.refusals import Code, Refusal, invalid
from usance.statements.reversals import Back
from usance.store import customers as stored_customers
from usance.store import invoices as stored_invoices
from usance.store import payments as stored_payments
from usance.store import statements as stored
from usance.store.db import Db, Tx
from usance.store.snapshot import Named
from usance.store.statements import Part, Stored

METHOD: Final = "BANK_TRANSFER"
_BY_HAND: Final = (
    "A payment is taken back whole, by a debit of its amount: reverse by hand what has bounced, and "
    "ignore the entry."
)
# Characters of an identity: 96 bits, which no two entries of a customer share, on a statement of account.
_SHOWN: Final = 24
_FIRST_DAY: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Told:
    """A part of an entry as the seller says it: for an invoice, or (None) for the balance."""

    customer_reference: str
    amount: Decimal
    invoice_id: InvoiceId | None = None


@dataclass(frozen=True, slots=True)
class Allotment:
    """What of an entry is one customer's. `shown`: what was due when this was proposed."""

    customer_id: CustomerId
    amount: Decimal
    shares: tuple[Share, ...]
    shown: Mapping[InvoiceId, Decimal]
    fields: Mapping[InvoiceId, str]


# Accepting -------------------------------------------------------------------------------------------


async def chosen(db: Db, call: Call, entry_id: UUID, proposal_id: str | None) -> Proposal:
    """Return the proposal of that id, or the best one.

    Refusals, in this order: entry_not_found, entry_settled, proposal_changed, validation_failed
    (proposalId: its payment has another amount than the debit), no_proposal.
    """

    async def read(tx: Tx) -> tuple[Stored, proposals.Facts]:
        entry = await entries.found(tx, call, entry_id)
        if entry.is_settled:
            raise _settled(entry)
        return entry, await proposals.facts(tx, call, [entry.said])

    async with proposals.turn():
        entry, known = await db.read(read)
        found = (await proposals.of_entries(known, [entry]))[entry.id]
    if proposal_id is not None:
        named = next((one for one in found if one.id == proposal_id), None)
        if named is None:
            raise transfer.proposal_changed()
        if not named.is_exact:
            raise invalid("proposalId", f"{_other_amount(named)} {_BY_HAND}")
        return named
    if not found:
        raise Refusal(Code.NO_PROPOSAL, "Nothing is proposed for the entry: say what it pays.")
    if found[0].is_tied:
        raise Refusal(Code.NO_PROPOSAL, "Several proposals are equally good: say which one.")
    if not found[0].is_exact:
        raise Refusal(Code.NO_PROPOSAL, f"{_other_amount(found[0])} {_BY_HAND}")
    return found[0]


def _other_amount(proposal: Proposal) -> str:
    """Return the words that name both amounts of a debit and a payment that differ."""
    return next(one.text for one in proposal.reasons if one.code == Back.OTHER_AMOUNT.value)


async def accept(
    tx: Tx, call: Call, entry_id: UUID, proposal: Proposal, seen: Decimal | None
) -> Kept:
    """Apply an entry as it was proposed. `seen`: what was open on it, if the caller says so.

    Refusals, in this order: entry_not_found, entry_settled, proposal_changed; of a debit those of
    `take_back`.
    """
    if proposal.payment_id is not None:
        return await take_back(tx, call, entry_id, proposal.payment_id, seen)
    allotment = allotted(proposal)
    locked = await _lock_customers(tx, call, [proposal.customer_id])
    entry = await _locked(tx, call, entry_id)
    _refuse_settled(entry, seen)
    if allotment.amount != entry.open:
        raise transfer.proposal_changed()
    entry = await apply(tx, call, entry, [(locked[proposal.customer_id], allotment)])
    return await _kept(tx, call, entry)


async def accept_parts(
    tx: Tx, call: Call, entry_id: UUID, told: Sequence[Told], seen: Decimal | None
) -> Kept:
    """Apply an entry as the seller says it; what is left of it stays open. `seen`: as of `accept`.

    Refusals, in this order: entry_not_found, validation_failed (a debit; an amount; an invoice named
    twice), customer_not_found, entry_settled, proposal_changed (another amount is open than was
    seen), validation_failed (parts: more than is open); then those of `transfer.take_in`.
    """
    entry = await entries.found(tx, call, entry_id)
    _refuse_parts(entry, told)
    by_reference: dict[str, list[int]] = {}
    for place, part in enumerate(told):
        by_reference.setdefault(part.customer_reference, []).append(place)
    wanted: dict[CustomerId, Allotment] = {}
    asked: list[CustomerId] = []
    for reference, places in by_reference.items():
        customer = await stored_customers.by_reference(tx, call.account.id, reference)
        if customer is None:
            raise _unknown_customer(places)
        wanted[customer.id] = _allotment(customer.id, told, places)
        asked.append(customer.id)
    locked = await _lock_customers(tx, call, list(wanted))
    for (reference, places), customer_id in zip(by_reference.items(), asked, strict=True):
        if locked[customer_id].reference != reference:  # another has it, or nobody, since the look
            raise _unknown_customer(places)
    entry = await _locked(tx, call, entry_id)
    _refuse_settled(entry, seen)
    total = sum((part.amount for part in told), Decimal(0))
    if total > entry.open:
        left = f"{entry.open} {entry.said.currency}"
        raise invalid("parts", f"Together they are {total}, and {left} is open on the entry.")
    pairs = [(locked[customer_id], one) for customer_id, one in wanted.items()]
    entry = await apply(tx, call, entry, pairs)
    return await _kept(tx, call, entry)


def _unknown_customer(places: Sequence[int]) -> Refusal:
    return Refusal(
        Code.CUSTOMER_NOT_FOUND,
        "There is no customer with this reference.",
        field=f"parts[{places[0]}].customerReferenceId",
    )


def _refuse_parts(entry: Stored, told: Sequence[Told]) -> None:
    said = entry.said
    if said.amount < 0:
        raise invalid("parts", "A debit pays nothing: say which payment it takes back.")
    named: set[InvoiceId] = set()
    for place, part in enumerate(told):
        if part.amount <= 0 or not money.is_whole(part.amount, said.currency):
            decimals = money.exponent(said.currency)
            text = f"An amount is more than nothing; {said.currency} has {decimals} decimals."
            raise invalid(f"parts[{place}].amount", text)
        if part.invoice_id in named:
            raise invalid(f"parts[{place}].invoiceId", "Name each invoice once.")
        if part.invoice_id is not None:
            named.add(part.invoice_id)


def _allotment(customer_id: CustomerId, told: Sequence[Told], places: Sequence[int]) -> Allotment:
    shares, fields, amount = [], {}, Decimal(0)
    for place in places:
        part = told[place]
        amount += part.amount
        if part.invoice_id is not None:
            shares.append(Share(part.invoice_id, part.amount))
            fields[part.invoice_id] = f"parts[{place}].invoiceId"
    return Allotment(customer_id, amount, tuple(shares), {}, fields)


def allotted(proposal: Proposal) -> Allotment:
    """Return a proposal as what is applied; in another currency it names invoices and puts nothing on."""
    shares = [Share(each.invoice_id, each.amount) for each in proposal.shares if each.amount > 0]
    amount = proposal.rest + sum((each.amount for each in shares), Decimal(0))
    shown = {each.invoice_id: each.due for each in proposal.shares}
    return Allotment(proposal.customer_id, amount, tuple(shares), shown, {})


async def apply(
    tx: Tx, call: Call, entry: Stored, allotments: Sequence[tuple[Customer, Allotment]]
) -> Stored:
    """Make payments of a locked entry, of locked customers; return the entry as it stands then.

    Refused: those of `transfer.take_in`, of one customer before anything of that one is written.
    """
    wanted = sum((one.amount for _, one in allotments), Decimal(0))
    assert not entry.is_settled, "what is settled is refused before"
    assert wanted <= entry.open, "more than is open is refused before"
    before = len(await stored.parts(tx, call.account.id, [entry.id]))
    for n, (customer, allotment) in enumerate(allotments, start=before + 1):
        payment_id = await _pay(tx, call, entry, (customer, allotment), n)
        await stored.add_part(tx, call.account.id, customer.id, payment_id, entry.id)
    left = money.rounded(entry.open - wanted, entry.said.currency)
    entry = replace(entry, open=left)
    await stored.write(tx, call.account.id, entry)
    return entry


def _refuse_settled(entry: Stored, seen: Decimal | None) -> None:
    """Refuse a locked entry of which nothing is open, or not what the caller has seen to be."""
    if entry.is_settled:
        raise _settled(entry)
    if seen is not None and seen != entry.open:
        raise Refusal(
            Code.PROPOSAL_CHANGED,
            f"{entry.open} {entry.said.currency} is open on the entry by now: look at it again.",
            field="amountOpen",
            detail={"amountOpen": entry.open},
        )


def _settled(entry: Stored) -> Refusal:
    left = f"{entry.open} {entry.said.currency} is open on the entry."
    told = left if entry.ignored_at is None else "The entry is ignored: undo that first."
    return Refusal(Code.ENTRY_SETTLED, told, detail={"amountOpen": entry.open})


def _reference(entry: Stored, n: int) -> str:
    """Return what a part's payment is known by: the entry's identity, as far as people may be shown it."""
    return f"bank-{entry.said.identity[:_SHOWN]}-{n}"


async def _pay(
    tx: Tx, call: Call, entry: Stored, whose: tuple[Customer, Allotment], n: int
) -> PaymentId:
    customer, allotment = whose
    # The reference is the entry's and the part's: what is booked once is not booked again.
    request = Receipt(
        amount=allotment.amount,
        currency=entry.said.currency,
        paid_at=_booked_at(call, customer, entry),
        method=METHOD,
        reference=_reference(entry, n),
        shares=allotment.shares,
    )
    invoices = tuple({share.invoice_id for share in allotment.shares} | set(allotment.shown))
    named = Named(
        references=(_reference(entry, n),),
        invoices=invoices,
        subscriptions=await stored_invoices.subscriptions_of(tx, call.account.id, invoices),
    )
    decided = await ledger.decide(
        tx,
        call,
        customer,
        lambda before, now: transfer.take_in(
            before,
            request,
            shown=allotment.shown,
            fields=allotment.fields,
            now=now,
            seed=_seed(call, now, entry, n),
        ),
        named,
    )
    (payment,) = decided.outcome.payments.inserted
    return payment.id


def _seed(call: Call, now: datetime, entry: Stored, n: int) -> UUID:
    """Return the seed of one of several decisions of a call: what each creates has ids of its own."""
    return ids.derived(now, call.seed, entry.id, n)


def _booked_at(call: Call, customer: Customer, entry: Stored) -> datetime:
    """Return when the money came, for the books: the day's beginning at the seller's, never later than now."""
    zone = ZoneInfo(call.account.zone)
    # The calendar's first day has no beginning east of Greenwich.
    at = datetime.combine(max(entry.said.booked_on, _FIRST_DAY), time(), zone)
    return min(at, ledger.instant(call, customer))


# Taking back ----------------------------------------------------------------------------------------


async def take_back(
    tx: Tx, call: Call, entry_id: UUID, payment_id: UUID, seen: Decimal | None
) -> Kept:
    """Reverse the payment that a debit took back: of just its amount. `seen`: as of `accept`.

    Refusals, in this order: entry_not_found, validation_failed (paymentId: a credit),
    payment_not_found, entry_settled, proposal_changed (another amount is open than was seen),
    currency_mismatch, validation_failed (paymentId: another amount), already_reversed.
    """
    one = PaymentId(payment_id)
    if (await entries.found(tx, call, entry_id)).said.amount > 0:
        raise invalid("paymentId", "Money that came in takes no payment back.")
    customer = await ledger.lock_by_payment(tx, call, payment_id)
    entry = await _locked(tx, call, entry_id)
    _refuse_settled(entry, seen)
    payment = await stored_payments.find(tx, call.account.id, one)
    assert payment is not None, "its customer was found by it"
    said = entry.said
    if payment.currency != said.currency:
        text = f"The payment is in {payment.currency}: no money is converted."
        raise Refusal(Code.CURRENCY_MISMATCH, text, field="paymentId")
    if payment.amount != -said.amount:
        text = f"{payment.amount} {payment.currency} was paid, and {-said.amount} goes out."
        raise invalid("paymentId", f"{text} {_BY_HAND}")
    reason = f"Taken back by the bank on {said.booked_on}: {_called(entry)}"
    await _reverse(tx, call, customer, one, reason=reason, seed_of=entry)
    entry = replace(entry, open=Decimal(0), takes_back=one)
    await stored.write(tx, call.account.id, entry)
    return await _kept(tx, call, entry)


def _called(entry: Stored) -> str:
    said = entry.said
    return next(
        (text for text in (said.reference, said.end_to_end_id, said.text) if text), said.identity
    )[:200]


async def _reverse(
    tx: Tx, call: Call, customer: Customer, payment_id: PaymentId, *, reason: str, seed_of: Stored
) -> None:
    account = call.account.id
    named = Named(
        payments=(payment_id,),
        subscriptions=await stored_payments.subscriptions_paid(
            tx, account, customer.id, payment_id
        ),
    )
    await ledger.decide(
        tx,
        call,
        customer,
        lambda before, now: reconcile.reverse(
            before,
            payment_id,
            now=now,
            seed=ids.derived(now, call.seed, seed_of.id, payment_id),
            reason=reason,
        ),
        named,
    )


# Undoing, ignoring ----------------------------------------------------------------------------------


async def undo(tx: Tx, call: Call, entry_id: UUID) -> Kept:
    """Take back what an entry did: its payments are reversed, and its money is open again.

    A payment that the bank has taken back stays so. An ignored entry is looked at again. Again:
    nothing changes. Refusals: entry_not_found, not_reversible (a debit that took a payment back).
    """
    found = await entries.found(tx, call, entry_id)
    parts = await _undoable(tx, call, found)
    locked = await _lock_customers(tx, call, [part.customer_id for part in parts])
    entry = await _locked(tx, call, entry_id)
    parts = await _undoable(tx, call, entry)
    if entry.takes_back is not None:
        raise Refusal(
            Code.NOT_REVERSIBLE,
            "The payment was reversed, and a reversal stays: record the money anew.",
        )
    if any(part.customer_id not in locked for part in parts):
        raise transfer.proposal_changed()  # another one was at work on it
    back = Decimal(0)
    for part in parts:
        customer = locked[part.customer_id]
        if part.reversed_at is None:
            reason = "The entry of the bank statement was undone."
            await _reverse(tx, call, customer, part.payment_id, reason=reason, seed_of=entry)
        at = ledger.instant(call, customer)
        await stored.undo_part(tx, call.account.id, part, undone_at=at)
        back += part.amount
    left = money.rounded(entry.open + back, entry.said.currency)
    entry = replace(entry, open=left, ignored_at=None, ignored_note=None)
    await stored.write(tx, call.account.id, entry)
    return await _kept(tx, call, entry)


async def _undoable(tx: Tx, call: Call, entry: Stored) -> list[Part]:
    parts = await stored.parts(tx, call.account.id, [entry.id])
    return [part for part in parts if part.undone_at is None and part.taken_back_by is None]


async def ignore(tx: Tx, call: Call, entry_id: UUID, note: str) -> Kept:
    """Set aside what is open of an entry: it is not customers' money. Again: with the new note.

    Refusals, in this order: entry_not_found, entry_settled (nothing is open).
    """
    await entries.found(tx, call, entry_id)
    entry = await _locked(tx, call, entry_id)
    if entry.open == 0:
        raise Refusal(Code.ENTRY_SETTLED, "Nothing is open on the entry.")
    at = entry.ignored_at or call.now
    entry = replace(entry, ignored_at=at, ignored_note=note)
    await stored.write(tx, call.account.id, entry)
    return await _kept(tx, call, entry)


async def _kept(tx: Tx, call: Call, entry: Stored) -> Kept:
    (one,) = await entries.kept(tx, call, [entry])
    return one


async def _lock_customers(
    tx: Tx, call: Call, whose: Sequence[CustomerId]
) -> dict[CustomerId, Customer]:
    """Lock customers in the order of their ids."""
    locked = {}
    for customer_id in sorted(set(whose)):
        customer = await stored_customers.lock_by_id(tx, call.account.id, customer_id)
        assert customer is not None, "customers are erased, never removed"
        locked[customer_id] = customer
    return locked


async def _locked(tx: Tx, call: Call, entry_id: UUID) -> Stored:
    return (await stored.lock(tx, call.account.id, [entry_id]))[entry_id]
