"""Bank statements: files are read, each entry is kept once, and what is sure enough is applied."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final
from uuid import UUID

import structlog

from usance.actions import applying, commands, entries, proposals
from usance.actions.commands import Call, CatchUp
from usance.actions.entries import EntryStatus
from usance.actions.proposals import Proposal
from usance.core import ids
from usance.core.ids import CustomerId, InvoiceId
from usance.core.refusals import Code, Refusal
from usance.statements import columns, reading
from usance.statements.entries import Entry, Statement, identities
from usance.store import customers as stored_customers
from usance.store import statements as stored
from usance.store.db import Db, Tx
from usance.store.statements import Import, Said, Stored

APPLIED_MAX: Final = 200
"""Entries that one import applies: its caller waits for them. The next import goes on."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Read:
    """A file that was read, its entries by their identities, and what is proposed for those that wait.

    `sure`: what is to be applied, as its best proposal reaches the threshold and it never was before.
    """

    sha256: bytes
    file_name: str | None
    statement: Statement
    said: Mapping[str, Said]
    proposed: Mapping[str, Sequence[Proposal]]
    sure: Sequence[tuple[str, Proposal]]


@dataclass(frozen=True, slots=True)
class _Known:
    """Which entries were there before, which of them became payments once, and what is open."""

    entries: Mapping[str, Stored]
    touched: frozenset[UUID]
    facts: proposals.Facts


async def read(
    db: Db, call: Call, content: bytes, *, name: str | None, mapping: columns.Mapping | None
) -> Read:
    """Read a file and compare its entries with what is open now; nothing is written.

    Refused with validation_failed of `file`, naming the place, as a whole.
    """
    sha256, statement, said = await proposals.in_thread(lambda: _parsed(content, name, mapping))

    def compare(known: _Known) -> Mapping[str, Sequence[Proposal]]:
        matcher = known.facts.matcher()
        found: dict[str, Sequence[Proposal]] = {}
        for identity, one in said.items():
            was = known.entries.get(identity)
            if was is None or not was.is_settled:
                # Of many proposals the count needs one, and what is applied is the best.
                found[identity] = matcher.proposals(
                    one, abs(one.amount) if was is None else was.open
                )[:1]
        return found

    async with proposals.turn():
        known = await db.read(lambda tx: _known(tx, call, said))
        proposed = await proposals.in_thread(lambda: compare(known))
    return Read(sha256, name, statement, said, proposed, _sure(call, said, proposed, known))


def _parsed(
    content: bytes, name: str | None, mapping: columns.Mapping | None
) -> tuple[bytes, Statement, dict[str, Said]]:
    statement = reading.read(content, name=name, mapping=mapping)
    pairs = zip(identities(statement.entries), statement.entries, strict=True)
    said = {identity: _said(identity, one) for identity, one in pairs}
    return hashlib.sha256(content).digest(), statement, said


async def _known(tx: Tx, call: Call, said: Mapping[str, Said]) -> _Known:
    known = await stored.by_identities(tx, call.account.id, list(said))
    waiting = [
        one
        for identity, one in said.items()
        if identity not in known or not known[identity].is_settled
    ]
    open_ = [one.id for one in known.values() if not one.is_settled]
    touched = {part.entry_id for part in await stored.parts(tx, call.account.id, open_)}
    return _Known(known, frozenset(touched), await proposals.facts(tx, call, waiting))


def _sure(
    call: Call,
    said: Mapping[str, Said],
    proposed: Mapping[str, Sequence[Proposal]],
    known: _Known,
) -> list[tuple[str, Proposal]]:
    """Return what is to be applied, those first that the bank booked first.

    Of two payments of one invoice it is the earlier: the other one waits for a person.
    """
    threshold = call.account.statement_threshold
    found: list[tuple[str, Proposal]] = []
    taken: set[InvoiceId] = set()
    for identity in sorted(proposed, key=lambda each: (said[each].booked_on, each)):
        was = known.entries.get(identity)
        if was is not None and was.id in known.touched:
            continue  # a person has undone it, or split it
        for best in proposed[identity]:
            invoices = {share.invoice_id for share in best.shares}
            if (
                threshold is not None
                and best.score >= threshold
                and best.payment_id is None
                and not invoices & taken
            ):
                found.append((identity, best))
                taken |= invoices
    return found


# Keeping ---------------------------------------------------------------------------------------------


async def keep(tx: Tx, call: Call, file: Read) -> Import:
    """Keep what was read, each entry once; nothing is applied."""
    account = call.account.id
    made = Import(
        id=ids.derived(call.now, call.seed, "statement"),
        sha256=file.sha256,
        format=file.statement.format.value,
        file_name=file.file_name,
        imported_at=call.now,
        entries=len(file.said),
        known=0,
        applied=0,
        proposed=0,
        unmatched=len(file.said),
        ignored=0,
        is_done=False,
        notes=tuple((note.where, note.text) for note in file.statement.notes),
    )
    await stored.add_import(tx, account, made)
    new = [
        (ids.derived(call.now, call.seed, "entry", identity), one)
        for identity, one in file.said.items()
    ]
    added = await stored.add_entries(tx, account, made.id, new)
    made = replace(made, known=made.entries - added)
    return await count(tx, call, file, made, is_done=not file.sure)


async def count(tx: Tx, call: Call, file: Read, made: Import, *, is_done: bool) -> Import:
    """Count how the entries of an import stand, and return it so.

    Nothing is compared anew: an entry whose best proposal was for an invoice that another entry of the
    file has paid meanwhile counts as unmatched.
    """
    kept = await stored.by_identities(tx, call.account.id, list(file.said))
    paid = {
        share.invoice_id
        for identity, found in file.proposed.items()
        if kept[identity].open == 0
        for best in found
        for share in best.shares
        if share.amount == share.due
    }
    counts: Counter[EntryStatus] = Counter()
    for identity, one in kept.items():
        found = [
            best
            for best in file.proposed.get(identity, ())
            if paid.isdisjoint(share.invoice_id for share in best.shares)
        ]
        counts[entries.status_of(one, found)] += 1
    made = replace(
        made,
        applied=counts[EntryStatus.APPLIED],
        proposed=counts[EntryStatus.PROPOSED],
        unmatched=counts[EntryStatus.UNMATCHED],
        ignored=counts[EntryStatus.IGNORED],
        is_done=is_done,
    )
    await stored.count_import(tx, call.account.id, made)
    return made


# Applying --------------------------------------------------------------------------------------------


async def apply(db: Db, call: Call, file: Read, catch_up: CatchUp) -> tuple[Import, bool]:
    """Keep what was read, then apply what is sure, customer by customer; `count` has the last word.

    Each customer has a transaction of its own, after the steps that are due: none waits for another.
    Return the import, and whether none is left. What is refused stays for a person. Ended in between,
    the entries are kept and some are applied: the same file again goes on.
    """
    made = await db.run(lambda tx: keep(tx, call, file))
    customers: dict[CustomerId, list[tuple[str, Proposal]]] = {}
    for identity, best in file.sure:
        customers.setdefault(best.customer_id, []).append((identity, best))
    room = APPLIED_MAX
    for sure in customers.values():
        work = partial(_apply_of_one, call=call, sure=sure, room=room)
        try:
            applied, is_done = await commands.perform(db, work, catch_up)
        except Refusal as refused:  # the database is away, or busy
            log.warning("statement_not_applied", reason=refused.message)
            return made, False
        except commands.UNWRITABLE:  # of this customer alone: the others go on
            log.exception("statement_not_applied")
            continue
        if not is_done:
            return made, False
        room -= applied
    return made, True


async def _apply_of_one(
    tx: Tx, *, call: Call, sure: Sequence[tuple[str, Proposal]], room: int
) -> tuple[int, bool]:
    """Apply entries of one customer, at most so many; return how many, and whether none is left."""
    account = call.account.id
    kept = await stored.by_identities(tx, account, [identity for identity, _ in sure])
    applied = 0
    for identity, best in sure:
        if applied == room:
            return applied, False
        customer = await stored_customers.lock_by_id(tx, account, best.customer_id)
        assert customer is not None, "customers are erased, never removed"
        # As it is under its lock: another import, or a person, may have been at work on it.
        (entry,) = (await stored.lock(tx, account, [kept[identity].id])).values()
        if entry.is_settled or await stored.parts(tx, account, [entry.id]):
            continue
        try:
            await applying.apply(tx, call, entry, [(customer, applying.allotted(best))])
        except Refusal as refused:
            # What was proposed has changed, or cannot be: it stays for a person. Nothing is written.
            log.info("statement_entry_refused", entry=str(entry.id), code=refused.code.value)
            continue
        applied += 1
    return applied, True


# Looking ---------------------------------------------------------------------------------------------


async def page(tx: Tx, call: Call, *, limit: int, offset: int) -> tuple[list[Import], int]:
    """Return a page of imports, the newest first, and how many there are."""
    return await stored.imports(tx, call.account.id, limit=limit, offset=offset)


async def get(tx: Tx, call: Call, statement_id: UUID) -> Import:
    """Return one import, or refuse: statement_not_found."""
    found = await stored.find_import(tx, call.account.id, statement_id)
    if found is None:
        raise Refusal(Code.STATEMENT_NOT_FOUND, "There is no such import of a statement.")
    return found


def _said(identity: str, one: Entry) -> Said:
    return Said(
        identity=identity,
        booked_on=one.booked_on,
        value_on=one.value_on,
        amount=one.amount,
        currency=one.currency,
        account=one.account,
        payer_name=one.payer_name,
        payer_account=one.payer_account,
        text=one.text,
        structured_reference=one.structured_reference,
        end_to_end_id=one.end_to_end_id,
        reference=one.reference,
        kind=one.kind,
        reversal=one.reversal,
        instructed_amount=one.instructed_amount,
        instructed_currency=one.instructed_currency,
    )
