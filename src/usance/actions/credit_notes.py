"""Credit notes: listed, with where their money went."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from usance.actions import ledger
from usance.actions.commands import Call
from usance.core.ids import CreditNoteId
from usance.core.invoices import CreditNote
from usance.core.payments import BalanceEntry
from usance.core.refusals import Code, Refusal
from usance.store import invoices as stored
from usance.store.db import Tx


@dataclass(frozen=True, slots=True)
class View:
    """A credit note, whose it is, and what of it went to the balance: the rest closed invoices."""

    note: CreditNote
    customer_reference: str
    to_balance: Decimal
    refunds: Sequence[BalanceEntry] = ()  # what was sent back for it, below zero


async def page(
    tx: Tx, call: Call, *, reference: str | None, limit: int, offset: int
) -> tuple[list[View], int]:
    """Return a page of credit notes, the newest first, and how many there are."""
    customer_id = None
    if reference is not None:
        customer = await ledger.customer_of(tx, call, reference)
        await ledger.settled(tx, call, customer)
        customer_id = customer.id
    found, total = await stored.notes_page(
        tx, call.account.id, customer_id=customer_id, limit=limit, offset=offset
    )
    owners = await ledger.references(tx, call, [one.customer_id for one in found])
    applied = await stored.applied(tx, call.account.id, found)
    refunds = await stored.refunds(tx, call.account.id, found)
    return [
        View(
            one,
            owners[one.customer_id],
            one.amount - applied.get(one.id, Decimal(0)),
            refunds.get(one.id, ()),
        )
        for one in found
    ], total


async def get(tx: Tx, call: Call, note_id: UUID) -> View:
    """Return one credit note, or refuse: credit_note_not_found."""
    found = await stored.find_note(tx, call.account.id, CreditNoteId(note_id))
    if found is None:
        raise Refusal(Code.CREDIT_NOTE_NOT_FOUND, "There is no such credit note.")
    owners = await ledger.references(tx, call, [found.customer_id])
    applied = await stored.applied(tx, call.account.id, [found])
    to_balance = found.amount - applied.get(found.id, Decimal(0))
    refunds = await stored.refunds(tx, call.account.id, [found])
    return View(found, owners[found.customer_id], to_balance, refunds.get(found.id, ()))
