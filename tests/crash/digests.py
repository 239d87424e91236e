"""What is compared of two books: all that is written, or all that time has decided.

`written` is every row; on a TEST account it is the same however late a step was performed. `decided`
leaves out when things were written down, which on a LIVE account is later when a worker is late.
"""

from collections import Counter
from datetime import datetime
from typing import Any, Final, NamedTuple

Rows = dict[str, list[str]]

# Kept elsewhere, or about the calls and not about what they did.
_LEFT_OUT: Final = {"accounts", "api_keys", "document_numbers", "idempotency_keys"} | {
    "schema_migrations"
}
# When, and how often, a customer was looked at, and in which order customers got their numbers.
_COLUMNS_LEFT_OUT: Final = ["decided_at", "revision", "number"]

_TABLES: Final = """
    SELECT relname
      FROM pg_class
     WHERE relnamespace = 'public'::regnamespace
       AND relkind IN ('r', 'p')
       AND NOT relispartition
     ORDER BY relname
"""
_NUMBERED: Final = """
    SELECT customer_id, series, document_id,
           row_number() OVER (PARTITION BY customer_id, series ORDER BY seq) AS place
      FROM document_numbers
     ORDER BY customer_id, series, place
"""


async def written(tx: Any) -> Rows:
    """Return every row of the ledger as text, by table.

    Document numbers are left out of them: those of one customer come in the order of its documents,
    and which customer's comes first is the workers' affair.
    """
    books = {}
    for table in await tx.fetch(_TABLES):
        name = table["relname"]
        if name not in _LEFT_OUT:
            rows = await tx.fetch(
                r"SELECT regexp_replace((to_jsonb(t) - $1::text[])::text, '(INV|CN)-\d+-\d+', '\1')"
                f' AS row FROM "{name}" t',
                _COLUMNS_LEFT_OUT,
            )
            books[name] = sorted(row["row"] for row in rows)
    books["document_numbers"] = [str(dict(row)) for row in await tx.fetch(_NUMBERED)]
    return books


# A LIVE account --------------------------------------------------------------------------------------

# By customer. Ids that steps made carry the instant at which they were performed: identities stand
# for them. Subscriptions, purchases and events were made by commands. When an issued invoice is due,
# and past due, is asked by `dues`.
_DECIDED: Final = {
    "subscription": """
        SELECT o.customer_id, o.subscription_id, o.version_id, o.status, o.seq, o.anchor_at,
               o.anchor_day, o.trial_ends_at, o.expires_at, o.cancel_mode, o.cancel_at,
               o.cancelled_at
          FROM subscriptions o
    """,
    "period": """
        SELECT o.customer_id, o.subscription_id, o.seq, o.starts_at, o.ends_at, o.planned_ends_at,
               o.is_trial, o.usage_from_seq, o.anchor_at, o.closed_at IS NULL AS open,
               o.billed_at IS NULL AS unbilled
          FROM periods o
    """,
    "segment": """
        SELECT o.customer_id, o.subscription_id, o.seq, o.n, o.version_id, o.starts_at, o.charge
          FROM segments o
    """,
    "invoice": """
        SELECT o.customer_id, o.subscription_id, o.seq, o.kind, o.n,
               CASE WHEN o.status IN ('DUE', 'PAST_DUE') THEN 'ISSUED' ELSE o.status END AS status,
               o.subtotal, o.tax_rate, o.amount, o.amount_paid, o.starts_at, o.ends_at,
               o.purchase_credits
          FROM invoices o
    """,
    "line": """
        SELECT o.customer_id, i.subscription_id, i.seq, i.kind, i.n, o.position, o.kind AS line,
               o.description, o.quantity, o.unit_price, o.amount, o.starts_at, o.ends_at,
               o.elapsed_us, o.length_us
          FROM invoice_lines o
          JOIN invoices i USING (customer_id, invoice_id)
    """,
    "credit note": """
        SELECT o.customer_id, o.subscription_id, o.seq, o.kind, o.n, o.amount,
               (SELECT jsonb_agg(line #- '{calculation,metered,counted_at}')
                  FROM jsonb_array_elements(o.lines) AS line) AS lines
          FROM credit_notes o
    """,
    "application": "SELECT o.customer_id, o.source, o.amount FROM applications o",
    "balance": "SELECT o.customer_id, o.currency, o.amount FROM balances o",
    "balance entry": "SELECT o.customer_id, o.kind, o.amount FROM balance_entries o",
    "pool": """
        SELECT o.customer_id, o.denomination, o.granted, o.consumed, o.expired, o.clawed,
               o.next_due_at
          FROM credit_pools o
    """,
    "grant": """
        SELECT o.customer_id, o.subscription_id, o.seq, o.n, o."window", o.kind, o.amount,
               o.remaining, o.clawed, o.granted_at, o.expires_at, o.rollover
          FROM credit_grants o
    """,
    "movement": """
        SELECT o.customer_id, o.seq, o.kind, o.amount, o.balance_after
          FROM credit_transactions o
    """,
    "counter": """
        SELECT o.customer_id, o.subscription_id, o.seq, o.feature_key, o."window", o.units,
               o.covered, o.billed_units, o.billed_amount, o.awaits_invoice, o.forgiven
          FROM counters o
    """,
    "event": """
        SELECT o.customer_id, o.key, o.subscription_id, o.seq, o.billable, o.covered, o.credits
          FROM usage_events o
    """,
    "notice": """
        SELECT o.customer_id, o.kind, o.payload
          FROM notices o
         WHERE o.kind <> 'invoice.past_due'
    """,
}
_REFERENCES: Final = "SELECT customer_id, reference FROM customers"


async def decided(tx: Any) -> Rows:
    """Return what time and the customers have decided, as text, by customer."""
    names = {row["customer_id"]: row["reference"] for row in await tx.fetch(_REFERENCES)}
    found: Rows = {name: [] for name in names.values()}
    for what, query in _DECIDED.items():
        for row in await tx.fetch(query):
            customer_id, *facts = row.values()
            found[names[customer_id]].append(f"{what}: {' '.join(map(_plain, facts))}")
    return {name: sorted(rows) for name, rows in found.items()}


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


class Due(NamedTuple):
    """When an issued invoice asks for its money, and whether it had to wait for it."""

    who: str
    kind: str
    issued_at: datetime
    due_at: datetime
    past_due_at: datetime
    was_past_due: bool


_DUE: Final = """
    SELECT c.reference, coalesce(i.subscription_id, i.invoice_id) AS of, i.kind, i.n, i.seq,
           i.starts_at, i.issued_at, i.due_at, i.past_due_at,
           EXISTS (SELECT FROM notices n
                    WHERE n.customer_id = i.customer_id
                      AND n.subject_id = i.invoice_id
                      AND n.kind = 'invoice.past_due') AS was_past_due
      FROM invoices i
      JOIN customers c USING (customer_id)
     WHERE i.issued_at IS NOT NULL
"""


async def dues(tx: Any) -> dict[tuple[object, ...], Due]:
    """Return when the issued invoices are due, by what they charge."""
    return {
        tuple(row[name] for name in ("of", "kind", "n", "seq", "starts_at")): Due(
            row["reference"],
            row["kind"],
            row["issued_at"],
            row["due_at"],
            row["past_due_at"],
            row["was_past_due"],
        )
        for row in await tx.fetch(_DUE)
    }


# Comparing -------------------------------------------------------------------------------------------


def differences(ours: Rows, theirs: Rows) -> list[str]:
    """Return the rows that are in one of the books only, a few of each kind."""
    assert ours.keys() == theirs.keys()
    found = []
    for name in ours:
        mine, others = Counter(ours[name]), Counter(theirs[name])
        found += [f"- {name}: {row}" for row in sorted((mine - others).elements())[:5]]
        found += [f"+ {name}: {row}" for row in sorted((others - mine).elements())[:5]]
    return found
