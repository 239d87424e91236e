"""Bank statements: imports, their entries, and which payments those became.

Units: amounts are in the entry's currency, at its scale; absent text is empty.
Sources: docs/statements.md, "What an entry is".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import asyncpg

from usance.core.ids import AccountId, CustomerId, PaymentId
from usance.store.db import Tx

_CHUNK: Final = 5_000  # rows of one statement


@dataclass(frozen=True, slots=True)
class Import:
    """A file that was read. The counts are of all its entries, as they stood after the import."""

    id: UUID
    sha256: bytes
    format: str
    file_name: str | None
    imported_at: datetime
    entries: int
    known: int  # that were there before
    applied: int
    proposed: int
    unmatched: int
    ignored: int
    is_done: bool  # no entry that reaches the threshold is left
    notes: tuple[tuple[str, str], ...]  # where, and what


@dataclass(frozen=True, slots=True)
class Said:
    """What a bank said of an entry, with its identity."""

    identity: str
    booked_on: date
    value_on: date
    amount: Decimal
    currency: str
    account: str
    payer_name: str
    payer_account: str
    text: str
    structured_reference: str
    end_to_end_id: str
    reference: str
    kind: str
    reversal: bool
    instructed_amount: Decimal | None
    instructed_currency: str


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry as it stands. `open`: what of it is not applied, without a sign."""

    id: UUID
    statement_id: UUID
    said: Said
    open: Decimal
    ignored_at: datetime | None
    ignored_note: str | None
    takes_back: UUID | None  # the payment that a debit took back

    @property
    def is_settled(self) -> bool:
        """Whether nothing of it waits for anybody."""
        return self.open == 0 or self.ignored_at is not None


@dataclass(frozen=True, slots=True)
class Part:
    """A payment that an entry became. Undone: its money is the entry's again."""

    entry_id: UUID
    customer_id: CustomerId
    payment_id: PaymentId
    amount: Decimal
    recorded_at: datetime
    reversed_at: datetime | None
    undone_at: datetime | None
    taken_back_by: UUID | None  # the debit that took it back


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are to be listed; None asks for nothing. `after`: a place in the order."""

    statement_id: UUID | None = None
    is_open: bool | None = None
    is_ignored: bool | None = None


_IMPORT_COLUMNS: Final = """
           statement_id AS id, sha256, format, file_name, imported_at, entries, known, applied,
           proposed, unmatched, ignored, is_done, notes
"""

_INSERT_IMPORT: Final = """
    INSERT INTO statements (account_id, statement_id, sha256, format, file_name, imported_at,
                            entries, known, applied, proposed, unmatched, ignored, is_done, notes)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
"""

_COUNT_IMPORT: Final = """
    UPDATE statements
       SET known = $3, applied = $4, proposed = $5, unmatched = $6, ignored = $7, is_done = $8
     WHERE account_id = $1
       AND statement_id = $2
"""

_IMPORTS: Final = f"""
    SELECT {_IMPORT_COLUMNS}
      FROM statements
     WHERE account_id = $1
     ORDER BY imported_at DESC, statement_id DESC
     LIMIT $2 OFFSET $3
"""

_IMPORTS_COUNT: Final = """
    SELECT count(*)
      FROM statements
     WHERE account_id = $1
"""

_IMPORT: Final = f"""
    SELECT {_IMPORT_COLUMNS}
      FROM statements
     WHERE account_id = $1
       AND statement_id = $2
"""

_ENTRY_COLUMNS: Final = """
           entry_id, statement_id, identity, booked_on, value_on, amount, currency, account,
           payer_name, payer_account, text, structured_reference, end_to_end_id, reference, kind,
           reversal, instructed_amount, instructed_currency, open, ignored_at, ignored_note,
           takes_back
"""

# Two imports of one entry at once: the second waits for the first, and finds it there.
_INSERT_ENTRIES: Final = """
    INSERT INTO statement_entries (account_id, statement_id, entry_id, identity, booked_on,
                                   value_on, amount, currency, account, payer_name, payer_account,
                                   text, structured_reference, end_to_end_id, reference, kind,
                                   reversal, instructed_amount, instructed_currency, open)
    SELECT $1, $2, v.*, abs(v.amount)
      FROM unnest($3::uuid[], $4::text[], $5::date[], $6::date[], $7::numeric[], $8::text[],
                  $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
                  $15::text[], $16::text[], $17::boolean[], $18::numeric[], $19::text[])
        AS v (entry_id, identity, booked_on, value_on, amount, currency, account, payer_name,
              payer_account, text, structured_reference, end_to_end_id, reference, kind, reversal,
              instructed_amount, instructed_currency)
     ORDER BY v.identity
        ON CONFLICT (account_id, identity) DO NOTHING
"""

# Joined, and not `= ANY`: of a table without statistics that was once compared with each of a chunk, row
# by row, and the first import of 100,000 entries took minutes.
_BY_IDENTITIES: Final = f"""
    SELECT {_ENTRY_COLUMNS}
      FROM statement_entries e
      JOIN unnest($2::text[]) AS v (identity) USING (identity)
     WHERE e.account_id = $1
     ORDER BY booked_on DESC, entry_id DESC
"""

_LIST: Final = f"""
    SELECT {_ENTRY_COLUMNS}
      FROM statement_entries
     WHERE account_id = $1
       AND ($2::uuid IS NULL OR statement_id = $2)
       AND ($3::boolean IS NULL OR (open > 0) = $3)
       AND ($4::boolean IS NULL OR (ignored_at IS NOT NULL) = $4)
     ORDER BY booked_on DESC, entry_id DESC
     LIMIT $5 OFFSET $6
"""

_LIST_COUNT: Final = """
    SELECT count(*)
      FROM statement_entries
     WHERE account_id = $1
       AND ($2::uuid IS NULL OR statement_id = $2)
       AND ($3::boolean IS NULL OR (open > 0) = $3)
       AND ($4::boolean IS NULL OR (ignored_at IS NOT NULL) = $4)
"""

# Those that wait, from a place in their order on: a page of what they come to is found by matching.
_WAITING: Final = f"""
    SELECT {_ENTRY_COLUMNS}
      FROM statement_entries
     WHERE account_id = $1
       AND ($2::uuid IS NULL OR statement_id = $2)
       AND open > 0
       AND ignored_at IS NULL
       AND ($3::date IS NULL OR (booked_on, entry_id) < ($3, $4::uuid))
     ORDER BY booked_on DESC, entry_id DESC
     LIMIT $5
"""

_ONE: Final = f"""
    SELECT {_ENTRY_COLUMNS}
      FROM statement_entries
     WHERE account_id = $1
       AND entry_id = $2
"""

_LOCK: Final = f"""
    SELECT {_ENTRY_COLUMNS}
      FROM statement_entries
     WHERE account_id = $1
       AND entry_id = ANY($2)
     ORDER BY entry_id
       FOR UPDATE
"""

_WRITE: Final = """
    UPDATE statement_entries
       SET open = $3, ignored_at = $4, ignored_note = $5, takes_back = $6
     WHERE account_id = $1
       AND entry_id = $2
"""

_PARTS: Final = """
    SELECT s.entry_id, s.customer_id, s.payment_id, p.amount, p.recorded_at, p.reversed_at,
           s.undone_at, b.entry_id AS taken_back_by
      FROM statement_parts s
      JOIN unnest($2::uuid[]) AS v (id) ON v.id = s.entry_id
      JOIN payments p USING (account_id, customer_id, payment_id)
      LEFT JOIN statement_entries b
        ON b.account_id = s.account_id AND b.takes_back = s.payment_id
     WHERE s.account_id = $1
     ORDER BY p.recorded_at, s.payment_id
"""

_INSERT_PART: Final = """
    INSERT INTO statement_parts (account_id, customer_id, payment_id, entry_id)
    VALUES ($1, $2, $3, $4)
"""

_UNDO_PART: Final = """
    UPDATE statement_parts
       SET undone_at = $4
     WHERE account_id = $1
       AND customer_id = $2
       AND payment_id = $3
"""


async def add_import(tx: Tx, account_id: AccountId, made: Import) -> None:
    """Write down that a file was read."""
    await tx.execute(
        _INSERT_IMPORT,
        account_id,
        made.id,
        made.sha256,
        made.format,
        made.file_name,
        made.imported_at,
        made.entries,
        made.known,
        made.applied,
        made.proposed,
        made.unmatched,
        made.ignored,
        made.is_done,
        [list(note) for note in made.notes],
    )


async def count_import(tx: Tx, account_id: AccountId, made: Import) -> None:
    """Write down how the entries of an import stand."""
    await tx.execute(
        _COUNT_IMPORT,
        account_id,
        made.id,
        made.known,
        made.applied,
        made.proposed,
        made.unmatched,
        made.ignored,
        made.is_done,
    )


async def imports(
    tx: Tx, account_id: AccountId, *, limit: int, offset: int
) -> tuple[list[Import], int]:
    """Return a page of imports, the newest first, and how many there are."""
    found = await tx.fetch(_IMPORTS, account_id, limit, offset)
    return [_import(row) for row in found], int(await tx.fetchval(_IMPORTS_COUNT, account_id))


async def find_import(tx: Tx, account_id: AccountId, statement_id: UUID) -> Import | None:
    """Return one import of the account, or None."""
    row = await tx.fetchrow(_IMPORT, account_id, statement_id)
    return None if row is None else _import(row)


async def add_entries(
    tx: Tx, account_id: AccountId, statement_id: UUID, entries: Iterable[tuple[UUID, Said]]
) -> int:
    """Write the entries that are not there yet, and return how many those are."""
    # In one order, so that two imports of the same entries wait for each other and never in a ring.
    ordered = sorted(entries, key=lambda pair: pair[1].identity)
    names = [one.name for one in fields(Said)]
    added = 0
    for start in range(0, len(ordered), _CHUNK):
        chunk = ordered[start : start + _CHUNK]
        columns = [[getattr(said, name) for _, said in chunk] for name in names]
        ids = [entry_id for entry_id, _ in chunk]
        tag = await tx.execute(_INSERT_ENTRIES, account_id, statement_id, ids, *columns)
        added += int(tag.rpartition(" ")[2])
    return added


async def by_identities(
    tx: Tx, account_id: AccountId, identities: Sequence[str]
) -> dict[str, Stored]:
    """Return those entries that are known, by their identities."""
    found: dict[str, Stored] = {}
    for start in range(0, len(identities), _CHUNK):
        chunk = list(identities[start : start + _CHUNK])
        for row in await tx.fetch(_BY_IDENTITIES, account_id, chunk):
            found[row["identity"]] = _stored(row)
    return found


async def page(
    tx: Tx, account_id: AccountId, wanted: Wanted, *, limit: int, offset: int
) -> tuple[list[Stored], int]:
    """Return a page of entries, those booked last first, and how many there are."""
    asked = (account_id, wanted.statement_id, wanted.is_open, wanted.is_ignored)
    found = await tx.fetch(_LIST, *asked, limit, offset)
    return [_stored(row) for row in found], int(await tx.fetchval(_LIST_COUNT, *asked))


async def waiting(
    tx: Tx, account_id: AccountId, statement_id: UUID | None, after: Stored | None, *, limit: int
) -> list[Stored]:
    """Return entries with something open, in the order of a page, behind that one."""
    place = (None, None) if after is None else (after.said.booked_on, after.id)
    found = await tx.fetch(_WAITING, account_id, statement_id, *place, limit)
    return [_stored(row) for row in found]


async def find(tx: Tx, account_id: AccountId, entry_id: UUID) -> Stored | None:
    """Return one entry of the account, or None."""
    row = await tx.fetchrow(_ONE, account_id, entry_id)
    return None if row is None else _stored(row)


async def lock(tx: Tx, account_id: AccountId, entries: Sequence[UUID]) -> dict[UUID, Stored]:
    """Lock entries, after all customers that are to be locked, and return them as they are then."""
    found = [_stored(row) for row in await tx.fetch(_LOCK, account_id, list(entries))]
    return {one.id: one for one in found}


async def write(tx: Tx, account_id: AccountId, entry: Stored) -> None:
    """Write how a locked entry stands."""
    await tx.execute(
        _WRITE,
        account_id,
        entry.id,
        entry.open,
        entry.ignored_at,
        entry.ignored_note,
        entry.takes_back,
    )


async def parts(tx: Tx, account_id: AccountId, entries: Sequence[UUID]) -> list[Part]:
    """Return the payments that entries became, undone ones too, in the order of their recording."""
    return [Part(**dict(row)) for row in await tx.fetch(_PARTS, account_id, list(entries))]


async def add_part(
    tx: Tx, account_id: AccountId, customer_id: CustomerId, payment_id: PaymentId, entry_id: UUID
) -> None:
    """Say which entry a payment came from."""
    await tx.execute(_INSERT_PART, account_id, customer_id, payment_id, entry_id)


async def undo_part(tx: Tx, account_id: AccountId, part: Part, *, undone_at: datetime) -> None:
    """Say that a payment's money is its entry's again."""
    await tx.execute(_UNDO_PART, account_id, part.customer_id, part.payment_id, undone_at)


def _import(row: asyncpg.Record) -> Import:
    told: dict[str, Any] = dict(row)
    told["notes"] = tuple((where, text) for where, text in told["notes"])
    return Import(**told)


def _stored(row: asyncpg.Record) -> Stored:
    told: dict[str, Any] = dict(row)
    said = Said(**{one.name: told.pop(one.name) for one in fields(Said)})
    return Stored(id=told.pop("entry_id"), said=said, **told)
