"""Entries of bank statements: shown with what they became and what they may be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from uuid import UUID

from usance.actions import ledger, proposals
from usance.actions.commands import Call
from usance.actions.proposals import Proposal
from usance.core.ids import CustomerId
from usance.core.refusals import Code, Refusal
from usance.store import statements as stored
from usance.store.db import Tx
from usance.store.statements import Part, Stored

_CHUNK: Final = 2_000  # entries that are compared at one time


class EntryStatus(StrEnum):
    """How an entry stands. What is PROPOSED or UNMATCHED now is found when it is asked for."""

    UNMATCHED = "UNMATCHED"  # something is open, and nothing is proposed
    PROPOSED = "PROPOSED"  # something is open, and it may be known what it is
    APPLIED = "APPLIED"  # nothing is open
    IGNORED = "IGNORED"  # not customers' money


@dataclass(frozen=True, slots=True)
class View:
    """An entry, the payments it became, and what its open part may be."""

    entry: Stored
    parts: tuple[Part, ...]
    proposals: tuple[Proposal, ...]
    references: Mapping[CustomerId, str]

    @property
    def status(self) -> EntryStatus:
        """How the entry stands."""
        return status_of(self.entry, self.proposals)


def status_of(entry: Stored, found: Sequence[Proposal]) -> EntryStatus:
    """Return how an entry stands with these proposals."""
    if entry.ignored_at is not None:
        return EntryStatus.IGNORED
    if entry.open == 0:
        return EntryStatus.APPLIED
    return EntryStatus.PROPOSED if found else EntryStatus.UNMATCHED


# Looking ---------------------------------------------------------------------------------------------


async def get(tx: Tx, call: Call, entry_id: UUID) -> View:
    """Return one entry, or refuse: entry_not_found."""
    (view,) = await views(tx, call, [await found(tx, call, entry_id)])
    return view


async def page(
    tx: Tx,
    call: Call,
    *,
    status: EntryStatus | None,
    statement_id: UUID | None,
    limit: int,
    offset: int,
) -> tuple[list[View], int]:
    """Return a page of entries, those booked last first, and how many there are."""
    if status in (EntryStatus.PROPOSED, EntryStatus.UNMATCHED):
        return await _waiting(tx, call, status, statement_id, limit=limit, offset=offset)
    wanted = stored.Wanted(statement_id)
    if status is EntryStatus.APPLIED:
        wanted = stored.Wanted(statement_id, is_open=False, is_ignored=False)
    if status is EntryStatus.IGNORED:
        wanted = stored.Wanted(statement_id, is_ignored=True)
    listed, total = await stored.page(tx, call.account.id, wanted, limit=limit, offset=offset)
    return await views(tx, call, listed), total


async def _waiting(
    tx: Tx,
    call: Call,
    status: EntryStatus,
    statement_id: UUID | None,
    *,
    limit: int,
    offset: int,
) -> tuple[list[View], int]:
    """Return a page of those with something open that stand so; all of them are compared for it."""
    matcher: proposals.Matcher | None = None
    kept: list[tuple[Stored, list[Proposal]]] = []
    total, last = 0, None
    while True:
        chunk = await stored.waiting(tx, call.account.id, statement_id, last, limit=_CHUNK)
        if not chunk:
            break
        last = chunk[-1]
        if matcher is None:
            known = await proposals.facts(tx, call, _either_sign(chunk[0]))
            matcher = await proposals.in_thread(known.matcher)
        for one, found in await _compared(matcher, chunk):
            if status_of(one, found) is status:
                if offset <= total < offset + limit:
                    kept.append((one, found))
                total += 1
    found_of = {one.id: found for one, found in kept}
    return await _viewed(tx, call, [one for one, _ in kept], found_of), total


def _either_sign(entry: Stored) -> list[stored.Said]:
    """Return a credit and a debit, for which all facts are read."""
    return [replace(entry.said, amount=sign * abs(entry.said.amount)) for sign in (1, -1)]


async def _compared(
    matcher: proposals.Matcher, chunk: Sequence[Stored]
) -> list[tuple[Stored, list[Proposal]]]:
    return await proposals.in_thread(
        lambda: [(one, matcher.proposals(one.said, one.open)) for one in chunk]
    )


async def found(tx: Tx, call: Call, entry_id: UUID) -> Stored:
    """Return one entry, or refuse: entry_not_found."""
    one = await stored.find(tx, call.account.id, entry_id)
    if one is None:
        raise Refusal(Code.ENTRY_NOT_FOUND, "There is no such entry.")
    return one


async def views(tx: Tx, call: Call, listed: Sequence[Stored]) -> list[View]:
    """Return entries as they are shown."""
    return await _viewed(tx, call, listed, await proposals.of_entries(tx, call, listed))


async def _viewed(
    tx: Tx, call: Call, found: Sequence[Stored], proposed: Mapping[UUID, Sequence[Proposal]]
) -> list[View]:
    parts = await stored.parts(tx, call.account.id, [one.id for one in found])
    whose = {part.customer_id for part in parts}
    whose |= {each.customer_id for one in proposed.values() for each in one}
    references = await ledger.references(tx, call, list(whose))
    return [
        View(
            entry=one,
            parts=tuple(part for part in parts if part.entry_id == one.id),
            proposals=tuple(proposed.get(one.id, ())),
            references=references,
        )
        for one in found
    ]
