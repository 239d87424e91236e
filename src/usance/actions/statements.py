"""Bank statements: files are read, each entry is kept once, and what is sure enough is applied."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from usance.actions import applying, entries, proposals
from usance.actions.commands import Call
from usance.actions.entries import EntryStatus
from usance.actions.proposals import Proposal
from usance.core import ids
from usance.core.refusals import Code, Refusal
from usance.statements import columns, reading
from usance.statements.entries import Entry, Statement, identities
from usance.store import customers as stored_customers
from usance.store import statements as stored
from usance.store.db import Db, Tx
from usance.store.statements import Import, Said, Stored

APPLIED_MAX: Final = 200
"""Entries that one import applies: their customers wait for it. The next import goes on."""


@dataclass(frozen=True, slots=True)
class Read:
    """A file that was read, its entries by their identities, and what is proposed for those that wait."""

    sha256: bytes
    file_name: str | None
    statement: Statement
    said: Mapping[str, Said]
    proposed: Mapping[str, Sequence[Proposal]]


async def read(
    db: Db, call: Call, content: bytes, *, name: str | None, mapping: columns.Mapping | None
) -> Read:
    """Read a file and compare its entries with what is open now; nothing is written.

    Refused with validation_failed of `file`, naming the place, as a whole.
    """
    sha256, statement, said = await proposals.in_thread(lambda: _parsed(content, name, mapping))
    known, facts = await db.read(lambda tx: _known(tx, call, said))

    def compare() -> Mapping[str, Sequence[Proposal]]:
        matcher = facts.matcher()
        found: dict[str, Sequence[Proposal]] = {}
        for identity, one in said.items():
            was = known.get(identity)
            if was is None or not was.is_settled:
                # Of many proposals the count needs one, and what is applied is the best.
                found[identity] = matcher.proposals(
                    one, abs(one.amount) if was is None else was.open
                )[:1]
        return found

    return Read(sha256, name, statement, said, await proposals.in_thread(compare))


def _parsed(
    content: bytes, name: str | None, mapping: columns.Mapping | None
) -> tuple[bytes, Statement, dict[str, Said]]:
    statement = reading.read(content, name=name, mapping=mapping)
    pairs = zip(identities(statement.entries), statement.entries, strict=True)
    said = {identity: _said(identity, one) for identity, one in pairs}
    return hashlib.sha256(content).digest(), statement, said


async def _known(
    tx: Tx, call: Call, said: Mapping[str, Said]
) -> tuple[dict[str, Stored], proposals.Facts]:
    known = await stored.by_identities(tx, call.account.id, list(said))
    waiting = [
        one
        for identity, one in said.items()
        if identity not in known or not known[identity].is_settled
    ]
    return known, await proposals.facts(tx, call, waiting)


async def keep(tx: Tx, call: Call, file: Read) -> Import:
    """Keep what was read: each entry once, and applied where its best proposal reaches the threshold.

    Only what was never applied before is applied by itself: what a person has undone stays undone.
    """
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
    kept = await stored.by_identities(tx, account, list(file.said))
    is_done = await _apply(tx, call, file, kept)
    kept = await stored.by_identities(tx, account, list(file.said))
    counts = Counter(
        entries.status_of(one, file.proposed.get(identity, ())) for identity, one in kept.items()
    )
    made = replace(
        made,
        known=made.entries - added,
        applied=counts[EntryStatus.APPLIED],
        proposed=counts[EntryStatus.PROPOSED],
        unmatched=counts[EntryStatus.UNMATCHED],
        ignored=counts[EntryStatus.IGNORED],
        is_done=is_done,
    )
    await stored.count_import(tx, account, made)
    return made


async def _apply(tx: Tx, call: Call, file: Read, kept: Mapping[str, Stored]) -> bool:
    """Apply entries whose best proposal is sure enough for the seller; return whether none is left."""
    sure = [
        (one, found[0])
        for identity, one in kept.items()
        if (found := file.proposed.get(identity))
        and _is_sure(call, found[0])
        and not one.is_settled
    ]
    touched = {
        part.entry_id
        for part in await stored.parts(tx, call.account.id, [one.id for one, _ in sure])
    }
    sure = [(one, best) for one, best in sure if one.id not in touched]
    # Those that the bank booked first first: of two payments of one invoice it takes the earlier.
    sure.sort(key=lambda pair: (pair[0].said.booked_on, pair[0].said.identity))
    now, later = sure[:APPLIED_MAX], sure[APPLIED_MAX:]
    locked = {}
    for customer_id in sorted({best.customer_id for _, best in now}):
        customer = await stored_customers.lock_by_id(tx, call.account.id, customer_id)
        assert customer is not None, "customers are erased, never removed"
        locked[customer_id] = customer
    await stored.lock(tx, call.account.id, sorted(one.id for one, _ in now))
    for one, best in now:
        # As it is under its lock: another import may have been at work on it.
        (entry,) = (await stored.lock(tx, call.account.id, [one.id])).values()
        if entry.is_settled or await stored.parts(tx, call.account.id, [one.id]):
            continue
        try:
            allotment = applying.allotted(best)
            await applying.apply(tx, call, entry, [(locked[best.customer_id], allotment)])
        except Refusal as refused:
            # An earlier entry has paid its invoices: it stays for a person, with other proposals.
            if refused.code is not Code.PROPOSAL_CHANGED:
                raise
    return not later


def _is_sure(call: Call, best: Proposal) -> bool:
    threshold = call.account.statement_threshold
    return threshold is not None and best.score >= threshold and best.payment_id is None


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
