"""Outcomes of money: how invoices, credit notes, payments and balances are written."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Final

from usance.core.invoices import CreditNote, Invoice, Line
from usance.core.outcome import Outcome
from usance.core.payments import Payment
from usance.store import calculations, jsonb
from usance.store.db import Tx
from usance.store.outcome_batch import Entry, many

_INSERT_PAYMENT: Final = """
    INSERT INTO payments (account_id, customer_id, payment_id, currency, amount, method,
                          reference, note, paid_at, recorded_at, reversed_at, reversal_reason)
    SELECT *
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::numeric[], $6::text[],
                  $7::text[], $8::text[], $9::timestamptz[], $10::timestamptz[],
                  $11::timestamptz[], $12::text[])
"""

_UPDATE_PAYMENT: Final = """
    UPDATE payments t
       SET reversed_at = v.reversed_at, reversal_reason = v.reversal_reason
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::text[])
        AS v (account_id, customer_id, payment_id, reversed_at, reversal_reason)
     WHERE t.account_id = v.account_id
       AND t.customer_id = v.customer_id
       AND t.payment_id = v.payment_id
"""

_PUT_BALANCE: Final = """
    INSERT INTO balances (account_id, customer_id, currency, amount)
    SELECT *
      FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::numeric[])
        ON CONFLICT (account_id, customer_id, currency) DO UPDATE SET amount = EXCLUDED.amount
"""

_INSERT_ENTRY: Final = """
    INSERT INTO balance_entries (account_id, customer_id, entry_id, currency, amount, kind,
                                 source_id, at)
    SELECT *
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::numeric[], $6::text[],
                  $7::uuid[], $8::timestamptz[])
"""

_INSERT_INVOICE: Final = """
    INSERT INTO invoices (account_id, customer_id, invoice_id, subscription_id, seq, kind, n,
                          currency, created_at, status, number, subtotal, tax_rate, tax_amount,
                          amount, amount_paid, issued_at, due_at, past_due_at, paid_at,
                          reopened_at, voided_at, void_reason, voided_by_end, written_off_at,
                          write_off_reason, memo, parties, replaced_by, starts_at, ends_at,
                          tax_category, tax_exemption_reason, purchase_denomination, purchase_credits)
    SELECT *
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::int[], $6::text[],
                  $7::int[], $8::text[], $9::timestamptz[], $10::text[], $11::text[],
                  $12::numeric[], $13::numeric[], $14::numeric[], $15::numeric[],
                  $16::numeric[], $17::timestamptz[], $18::timestamptz[], $19::timestamptz[],
                  $20::timestamptz[], $21::timestamptz[], $22::timestamptz[], $23::text[],
                  $24::bool[], $25::timestamptz[], $26::text[], $27::text[], $28::jsonb[],
                  $29::uuid[], $30::timestamptz[], $31::timestamptz[], $32::text[],
                  $33::text[], $34::text[], $35::numeric[])
"""

_UPDATE_INVOICE: Final = """
    UPDATE invoices t
       SET status = v.status, number = v.number, subtotal = v.subtotal, tax_rate = v.tax_rate,
           tax_amount = v.tax_amount, amount = v.amount, amount_paid = v.amount_paid,
           issued_at = v.issued_at, due_at = v.due_at, past_due_at = v.past_due_at,
           paid_at = v.paid_at, reopened_at = v.reopened_at, voided_at = v.voided_at,
           void_reason = v.void_reason, voided_by_end = v.voided_by_end,
           written_off_at = v.written_off_at, write_off_reason = v.write_off_reason,
           memo = v.memo, parties = v.parties, replaced_by = v.replaced_by,
           starts_at = v.starts_at, ends_at = v.ends_at,
           tax_category = v.tax_category, tax_exemption_reason = v.tax_exemption_reason
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::numeric[],
                  $7::numeric[], $8::numeric[], $9::numeric[], $10::numeric[],
                  $11::timestamptz[], $12::timestamptz[], $13::timestamptz[],
                  $14::timestamptz[], $15::timestamptz[], $16::timestamptz[], $17::text[],
                  $18::bool[], $19::timestamptz[], $20::text[], $21::text[], $22::jsonb[],
                  $23::uuid[], $24::timestamptz[], $25::timestamptz[],
                  $26::text[], $27::text[])
        AS v (account_id, customer_id, invoice_id, status, number, subtotal, tax_rate,
              tax_amount, amount, amount_paid, issued_at, due_at, past_due_at, paid_at,
              reopened_at, voided_at, void_reason, voided_by_end, written_off_at,
              write_off_reason, memo, parties, replaced_by, starts_at, ends_at,
              tax_category, tax_exemption_reason)
     WHERE t.account_id = v.account_id
       AND t.customer_id = v.customer_id
       AND t.invoice_id = v.invoice_id
"""

# A draft that is changed gets all its lines anew.
_DELETE_LINES: Final = """
    DELETE FROM invoice_lines t
     USING unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS v (account_id, customer_id, invoice_id)
     WHERE t.account_id = v.account_id
       AND t.customer_id = v.customer_id
       AND t.invoice_id = v.invoice_id
"""

# A subscription's invoice is written with its lines when it is issued: while PENDING none are kept.
_INSERT_LINE: Final = """
    INSERT INTO invoice_lines (account_id, customer_id, invoice_id, position, kind, description,
                               amount, feature_key, quantity, unit_price, starts_at, ends_at,
                               elapsed_us, length_us, calculation)
    SELECT *
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::text[], $6::text[],
                  $7::numeric[], $8::text[], $9::numeric[], $10::numeric[], $11::timestamptz[],
                  $12::timestamptz[], $13::bigint[], $14::bigint[], $15::jsonb[])
        ON CONFLICT (account_id, customer_id, invoice_id, position) DO NOTHING
"""

_INSERT_NOTE: Final = """
    INSERT INTO credit_notes (account_id, customer_id, credit_note_id, subscription_id, seq,
                              kind, n, number, currency, subtotal, tax_rate, tax_amount, amount,
                              invoice_ids, lines, issued_at, parties, tax_category,
                              tax_exemption_reason)
    SELECT v.account_id, v.customer_id, v.credit_note_id, v.subscription_id, v.seq, v.kind, v.n,
           v.number, v.currency, v.subtotal, v.tax_rate, v.tax_amount, v.amount,
           v.invoice_ids::uuid[], v.lines::jsonb, v.issued_at, v.parties, v.tax_category,
           v.tax_exemption_reason
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::int[], $6::text[],
                  $7::int[], $8::text[], $9::text[], $10::numeric[], $11::numeric[],
                  $12::numeric[], $13::numeric[], $14::text[], $15::text[], $16::timestamptz[],
                  $17::jsonb[], $18::text[], $19::text[])
        AS v (account_id, customer_id, credit_note_id, subscription_id, seq, kind, n, number,
              currency, subtotal, tax_rate, tax_amount, amount, invoice_ids, lines, issued_at,
              parties, tax_category, tax_exemption_reason)
"""

_INSERT_APPLICATION: Final = """
    INSERT INTO applications (account_id, customer_id, application_id, invoice_id, source,
                              source_id, amount, applied_at)
    SELECT *
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::uuid[],
                  $7::numeric[], $8::timestamptz[])
"""

_INSERT_SEGMENT: Final = """
    INSERT INTO segments (account_id, customer_id, subscription_id, seq, n, version_id,
                          starts_at, charge, invoice_id, undone_at)
    SELECT *
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::int[], $6::uuid[],
                  $7::timestamptz[], $8::numeric[], $9::uuid[], $10::timestamptz[])
"""

_UPDATE_SEGMENT: Final = """
    UPDATE segments t
       SET starts_at = v.starts_at, charge = v.charge, undone_at = v.undone_at
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::int[], $6::timestamptz[],
                  $7::numeric[], $8::timestamptz[])
        AS v (account_id, customer_id, subscription_id, seq, n, starts_at, charge, undone_at)
     WHERE t.account_id = v.account_id
       AND t.customer_id = v.customer_id
       AND t.subscription_id = v.subscription_id
       AND t.seq = v.seq
       AND t.n = v.n
"""


async def write_payments(tx: Tx, entries: Sequence[Entry]) -> None:
    """Write payments and balances, which bear no number."""
    await many(tx, _INSERT_PAYMENT, entries, lambda o: o.payments.inserted, _payment)
    await many(
        tx,
        _UPDATE_PAYMENT,
        entries,
        lambda o: o.payments.updated,
        lambda p: (p.id, p.reversed_at, p.reversal_reason),
    )
    await many(
        tx, _PUT_BALANCE, entries, lambda o: o.balances.all, lambda b: (b.currency, b.amount)
    )
    await many(
        tx,
        _INSERT_ENTRY,
        entries,
        lambda o: o.balance_entries,
        lambda e: (e.id, e.currency, e.amount, e.kind.value, e.source_id, e.at),
    )


async def write_documents(tx: Tx, entries: Sequence[Entry]) -> None:
    """Write invoices and credit notes with what points at them."""
    await many(tx, _INSERT_INVOICE, entries, lambda o: o.invoices.inserted, _new_invoice)
    await many(
        tx,
        _UPDATE_INVOICE,
        entries,
        lambda o: o.invoices.updated,
        lambda i: (i.id, *_invoice_state(i)),
    )
    await many(
        tx,
        _DELETE_LINES,
        entries,
        lambda o: (one for one in o.invoices.updated if one.is_draft),
        lambda i: (i.id,),
    )
    await many(tx, _INSERT_LINE, entries, _lines, _line)
    await many(tx, _INSERT_NOTE, entries, lambda o: o.credit_notes, _note)
    await many(
        tx,
        _INSERT_APPLICATION,
        entries,
        lambda o: o.applications,
        lambda a: (a.id, a.invoice_id, a.source.value, a.source_id, a.amount, a.applied_at),
    )
    await many(
        tx,
        _INSERT_SEGMENT,
        entries,
        lambda o: o.segments.inserted,
        lambda s: (
            s.subscription_id,
            s.seq,
            s.n,
            s.version_id,
            s.starts_at,
            s.charge,
            s.invoice_id,
            s.undone_at,
        ),
    )
    await many(
        tx,
        _UPDATE_SEGMENT,
        entries,
        lambda o: o.segments.updated,
        lambda s: (s.subscription_id, s.seq, s.n, s.starts_at, s.charge, s.undone_at),
    )


def _lines(outcome: Outcome) -> Iterator[tuple[Invoice, int, Line]]:
    """Yield the lines of new invoices, and of those issued now, each with its place."""
    for invoice in outcome.invoices.all:
        for position, line in enumerate(invoice.lines):
            yield invoice, position, line


def _new_invoice(i: Invoice) -> tuple[object, ...]:
    return (
        i.id,
        i.subscription_id,
        i.seq,
        i.kind.value,
        i.n,
        i.currency,
        i.created_at,
        *_invoice_state(i),
        None if i.purchase is None else i.purchase.denomination,
        None if i.purchase is None else i.purchase.credits,
    )


def _invoice_state(i: Invoice) -> tuple[object, ...]:
    return (
        i.status.value,
        i.number,
        i.subtotal,
        i.tax_rate,
        i.tax_amount,
        i.amount,
        i.amount_paid,
        i.issued_at,
        i.due_at,
        i.past_due_at,
        i.paid_at,
        i.reopened_at,
        i.voided_at,
        i.void_reason,
        i.voided_by_end,
        i.written_off_at,
        i.write_off_reason,
        i.memo,
        i.parties,
        i.replaced_by,
        i.starts_at,
        i.ends_at,
        i.tax_category,
        i.tax_exemption_reason,
    )


def _line(placed: tuple[Invoice, int, Line]) -> tuple[object, ...]:
    invoice, position, line = placed
    return (
        invoice.id,
        position,
        line.kind.value,
        line.description,
        line.amount,
        line.feature_key,
        line.quantity,
        line.unit_price,
        line.starts_at,
        line.ends_at,
        line.elapsed_us,
        line.length_us,
        calculations.stored(line.calculation),
    )


def _payment(p: Payment) -> tuple[object, ...]:
    return (
        p.id,
        p.currency,
        p.amount,
        p.method,
        p.reference,
        p.note,
        p.paid_at,
        p.recorded_at,
        p.reversed_at,
        p.reversal_reason,
    )


def _note(n: CreditNote) -> tuple[object, ...]:
    return (
        n.id,
        n.subscription_id,
        n.seq,
        n.kind.value,
        n.n,
        n.number,
        n.currency,
        n.subtotal,
        n.tax_rate,
        n.tax_amount,
        n.amount,
        "{" + ",".join(map(str, n.invoice_ids)) + "}",  # a list of lists would be one list
        jsonb.encode([_kept_line(line) for line in n.lines]),
        n.issued_at,
        n.parties,
        n.tax_category,
        n.tax_exemption_reason,
    )


def _kept_line(line: Line) -> dict[str, object]:
    how = calculations.stored(line.calculation)
    return {**asdict(replace(line, calculation=None)), "calculation": how}
