"""Entries of bank statements: shown with what they became and, compared with what is open, what they may be."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Final
from uuid import UUID

from usance.actions import ledger, proposals
from usance.actions.commands import Call
from usance.actions.proposals import Proposal
from usance.core.ids import CustomerId
from usance.core.refusals import Code, Refusal
from usance.store import statements as stored
from usance.store.db import Db, Tx
from usance.store.statements import Part, Stored

_CHUNK: Final = 2_000  # entries that are compared at one time


class EntryStatus(StrEnum):
    """How an entry stands. What is PROPOSED or UNMATCHED now is found when it is asked for."""

    UNMATCHED = "UNMATCHED"  # something is open, and nothing is proposed
    PROPOSED = "PROPOSED"  # something is open, and it may be known what it is
    APPLIED = "APPLIED"  # nothing is open
    IGNORED = "IGNORED"  # not customers' money


class Standing(StrEnum):
    """How an entry stands as far as it is written down: what is OPEN may be known or not."""

    OPEN = "OPEN"  # something is open
    APPLIED = "APPLIED"  # nothing is open
    IGNORED = "IGNORED"  # not customers' money


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry and the payments it became, as they are written down: nothing is compared for it."""

    entry: Stored
    parts: tuple[Part, ...]
    references: Mapping[CustomerId, str]  # of those who paid the parts

    @property
    def standing(self) -> Standing:
        """How the entry stands."""
        if self.entry.ignored_at is not None:
            return Standing.IGNORED
        return Standing.APPLIED if self.entry.open == 0 else Standing.OPEN


@dataclass(frozen=True, slots=True)
class View:
    """An entry with what its open part may be."""

    kept: Kept
    proposals: tuple[Proposal, ...]

    @property
    def status(self) -> EntryStatus:
        """How the entry stands."""
        return status_of(self.kept.entry, self.proposals)


def status_of(entry: Stored, found: Sequence[Proposal]) -> EntryStatus:
    """Return how an entry stands with these proposals."""
    if entry.ignored_at is not None:
        return EntryStatus.IGNORED
    if entry.open == 0:
        return EntryStatus.APPLIED
    return EntryStatus.PROPOSED if found else EntryStatus.UNMATCHED


# Looking ---------------------------------------------------------------------------------------------


async def get(db: Db, call: Call, entry_id: UUID) -> View:
    """Return one entry, or refuse: entry_not_found."""

    async def read(tx: Tx) -> tuple[list[Stored], int]:
        return [await found(tx, call, entry_id)], 1

    ((view,), _) = await _seen(db, call, read)
    return view


async def page(
    db: Db,
    call: Call,
    *,
    status: EntryStatus | None,
    statement_id: UUID | None,
    limit: int,
    offset: int,
) -> tuple[list[View], int]:
    """Return a page of entries, those booked last first, and how many there are."""
    if status in (EntryStatus.PROPOSED, EntryStatus.UNMATCHED):
        return await _waiting(db, call, status, statement_id, limit=limit, offset=offset)
    wanted = stored.Wanted(statement_id)
    if status is EntryStatus.APPLIED:
        wanted = stored.Wanted(statement_id, is_open=False, is_ignored=False)
    if status is EntryStatus.IGNORED:
        wanted = stored.Wanted(statement_id, is_ignored=True)
    return await _seen(
        db,
        call,
        lambda tx: stored.page(tx, call.account.id, wanted, limit=limit, offset=offset),
    )


async def _seen(
    db: Db, call: Call, listed: Callable[[Tx], Awaitable[tuple[list[Stored], int]]]
) -> tuple[list[View], int]:
    """Return entries with what they may be, read at one instant and compared after it."""

    async def read(tx: Tx) -> tuple[list[Kept], int, proposals.Facts]:
        chosen, total = await listed(tx)
        open_ = [one.said for one in proposals.waiting(chosen)]
        return await kept(tx, call, chosen), total, await proposals.facts(tx, call, open_)

    async with proposals.turn():
        those, total, known = await db.read(read)
        proposed = await proposals.of_entries(known, [each.entry for each in those])
    return [View(each, tuple(proposed.get(each.entry.id, ()))) for each in those], total


async def _waiting(
    db: Db,
    call: Call,
    status: EntryStatus,
    statement_id: UUID | None,
    *,
    limit: int,
    offset: int,
) -> tuple[list[View], int]:
    """Return a page of those with something open that stand so; all of them are compared for it.

    They are read some at a time: what is settled meanwhile may still be counted.
    """
    matcher: proposals.Matcher | None = None
    chosen: dict[UUID, tuple[Stored, list[Proposal]]] = {}
    total, last = 0, None
    async with proposals.turn():
        while True:
            chunk = await db.read(
                partial(
                    stored.waiting,
                    account_id=call.account.id,
                    statement_id=statement_id,
                    after=last,
                    limit=_CHUNK,
                )
            )
            if not chunk:
                break
            last = chunk[-1]
            if matcher is None:
                said = _either_sign(last)
                known = await db.read(partial(proposals.facts, call=call, said=said))
                matcher = await proposals.in_thread(known.matcher)
            for one, found_ in await _compared(matcher, chunk):
                if status_of(one, found_) is status:
                    if offset <= total < offset + limit:
                        chosen[one.id] = (one, found_)
                    total += 1
    listed = [one for one, _ in chosen.values()]
    those = await db.read(lambda tx: kept(tx, call, listed))
    return [View(each, tuple(chosen[each.entry.id][1])) for each in those], total


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


async def kept(tx: Tx, call: Call, listed: Sequence[Stored]) -> list[Kept]:
    """Return entries with the payments they became."""
    parts = await stored.parts(tx, call.account.id, [one.id for one in listed])
    references = await ledger.references(tx, call, list({part.customer_id for part in parts}))
    return [
        Kept(
            entry=one,
            parts=tuple(part for part in parts if part.entry_id == one.id),
            references=references,
        )
        for one in listed
    ]
