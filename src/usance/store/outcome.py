"""The outcome: the only writer of what decisions decided.

New rows are inserted as new and changed ones updated as they stand, so a step that was taken
already meets a key and fails as a whole. Every statement takes the rows of many customers, so that
renewals gathered in a batch cost one round trip a table. Document numbers are given after all that
needs none, since their series is the one row that all customers of an account share.

Sources: BILLING.md, "Five principles", "Numbers".
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from usance.core import numbers
from usance.core.accounts import Account
from usance.core.ids import AccountId, CustomerId
from usance.core.invoices import CreditNote, Invoice
from usance.core.outcome import Changes, Outcome
from usance.core.values import replace
from usance.store import holds, outcome_money, outcome_subscriptions, outcome_usage
from usance.store.db import Tx
from usance.store.outcome_batch import Entry, many

_INSERT_NOTICE: Final = """
    INSERT INTO notices (account_id, customer_id, notice_id, kind, subject_id, payload, at)
    SELECT *
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::jsonb[],
                  $7::timestamptz[])
"""

_DECIDED: Final = """
    UPDATE customers t
       SET decided_at = greatest(t.decided_at, v.decided_at), revision = t.revision + 1
      FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[])
        AS v (account_id, customer_id, decided_at)
     WHERE t.account_id = v.account_id
       AND t.customer_id = v.customer_id
"""

_TAKE_NUMBERS: Final = """
    INSERT INTO number_series (account_id, series, next)
    VALUES ($1, $2, 1 + $3)
        ON CONFLICT (account_id, series) DO UPDATE SET next = number_series.next + $3
    RETURNING next - $3
"""

_INSERT_NUMBER: Final = """
    INSERT INTO document_numbers (account_id, series, seq, number, customer_id, document_id)
    SELECT *
      FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::uuid[], $6::uuid[])
"""


async def write(
    tx: Tx, account: Account, customer_id: CustomerId, outcome: Outcome, *, now: datetime
) -> Outcome:
    """Write an outcome of a locked customer and return it with its documents numbered."""
    (written,) = await write_all(tx, [Entry(account, customer_id, outcome, now)])
    return written


async def write_all(tx: Tx, entries: Sequence[Entry]) -> list[Outcome]:
    """Write the outcomes of locked customers, each once, and return them numbered, in order."""
    deciding = [entry for entry in entries if not entry.outcome.is_nothing]
    if not deciding:
        return [entry.outcome for entry in entries]
    await tx.execute(
        _DECIDED,
        [entry.account.id for entry in deciding],
        [entry.customer_id for entry in deciding],
        [entry.now for entry in deciding],
    )
    await outcome_subscriptions.write(tx, entries)
    await outcome_usage.write_credits(tx, entries)
    await outcome_money.write_payments(tx, entries)
    await many(
        tx,
        _INSERT_NOTICE,
        entries,
        lambda o: o.notices,
        lambda n: (n.id, n.kind, n.subject_id, dict(n.payload), n.at),
    )
    entries = await _numbered(tx, entries)
    await outcome_money.write_documents(tx, entries)
    await outcome_usage.write_usage(tx, entries)
    await holds.write(tx, entries)
    return [entry.outcome for entry in entries]


# Numbers -------------------------------------------------------------------------------------------


async def _numbered(tx: Tx, entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries with a number on each document that was issued and has none."""
    if not any(entry.outcome.invoices or entry.outcome.credit_notes for entry in entries):
        return list(entries)
    by_account: dict[AccountId, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_account[entry.account.id].append(entry)
    invoices: dict[object, str] = {}
    notes: dict[object, str] = {}
    # In the order of the accounts' ids, so that two batches wait for each other and never in a ring.
    for account_id in sorted(by_account):
        own = by_account[account_id]
        account = own[0].account
        issued = [
            invoice
            for entry in own
            # A cut period's own invoice, which was PENDING, before what its change makes new.
            for invoice in (*entry.outcome.invoices.updated, *entry.outcome.invoices.inserted)
            if invoice.issued_at is not None and invoice.number is None
        ]
        pattern = account.invoice_number_format
        invoices |= await _take_numbers(tx, account, "INVOICE", pattern, issued)
        given = [note for entry in own for note in entry.outcome.credit_notes]
        pattern = account.credit_note_number_format
        notes |= await _take_numbers(tx, account, "CREDIT_NOTE", pattern, given)

    def named(invoice: Invoice) -> Invoice:
        number = invoices.get(invoice.id)
        return invoice if number is None else replace(invoice, number=number)

    def numbered(outcome: Outcome) -> Outcome:
        return replace(
            outcome,
            invoices=Changes(
                inserted=tuple(named(i) for i in outcome.invoices.inserted),
                updated=tuple(named(i) for i in outcome.invoices.updated),
            ),
            credit_notes=tuple(replace(n, number=notes[n.id]) for n in outcome.credit_notes),
        )

    return [replace(entry, outcome=numbered(entry.outcome)) for entry in entries]


async def _take_numbers(
    tx: Tx, account: Account, series: str, pattern: str, documents: Sequence[Invoice | CreditNote]
) -> dict[object, str]:
    """Return the next numbers of a series, one for each document, by its id."""
    if not documents:
        return {}
    first = await tx.fetchval(_TAKE_NUMBERS, account.id, series, len(documents))
    taken: dict[object, str] = {}
    rows = []
    for seq, document in enumerate(documents, start=first):
        assert document.issued_at is not None, "a number is given when a document is issued"
        issued_at = document.issued_at.astimezone(ZoneInfo(account.zone))
        number = taken[document.id] = numbers.formatted(pattern, seq, issued_at)
        rows.append((account.id, series, seq, number, document.customer_id, document.id))
    await tx.execute(_INSERT_NUMBER, *map(list, zip(*rows, strict=True)))
    return taken
