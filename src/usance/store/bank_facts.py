"""Bank facts: what the entries of a statement are compared with, of the whole account.

Units: amounts are exact, at the currency's scale; days are those of the account's zone.
Sources: docs/statements.md, "How a score comes about", "Money that goes back".
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from usance.core.ids import AccountId, CustomerId, InvoiceId, PaymentId
from usance.store.db import Tx


@dataclass(frozen=True, slots=True)
class Owed:
    """An open invoice, and by which names and accounts its customer may pay."""

    id: InvoiceId
    customer_id: CustomerId
    customer_reference: str
    number: str
    amount_due: Decimal
    currency: str
    due_on: date
    names: tuple[str, ...]
    accounts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment that stands, and by what a debit may call it."""

    id: PaymentId
    customer_id: CustomerId
    customer_reference: str
    amount: Decimal
    currency: str
    received_on: date
    end_to_end_id: str
    payer_account: str
    numbers: tuple[str, ...]  # of the invoices it lies on


_OWED: Final = """
    SELECT i.invoice_id AS id, i.customer_id, i.number, i.amount - i.amount_paid AS amount_due,
           i.currency, (i.due_at AT TIME ZONE $2)::date AS due_on, c.reference, c.name, c.first_name,
           c.last_name
      FROM invoices i
      JOIN customers c USING (account_id, customer_id)
     WHERE i.account_id = $1
       AND i.status IN ('DUE', 'PAST_DUE', 'UNCOLLECTIBLE')
       AND i.amount > i.amount_paid
     ORDER BY i.due_at, i.invoice_id
"""

_ACCOUNTS: Final = """
    SELECT DISTINCT customer_id, e.payer_account
      FROM statement_parts s
      JOIN unnest($2::uuid[]) AS v (customer_id) USING (customer_id)
      JOIN statement_entries e USING (account_id, entry_id)
     WHERE s.account_id = $1
       AND s.undone_at IS NULL
       AND e.payer_account <> ''
     ORDER BY customer_id, e.payer_account
"""

_PAID: Final = """
    SELECT p.payment_id AS id, p.customer_id, c.reference AS customer_reference, p.amount, p.currency,
           coalesce(e.booked_on, (p.paid_at AT TIME ZONE $2)::date) AS received_on,
           coalesce(e.end_to_end_id, '') AS end_to_end_id,
           coalesce(e.payer_account, '') AS payer_account,
           coalesce((SELECT array_agg(DISTINCT i.number ORDER BY i.number)
                       FROM applications a
                       JOIN invoices i USING (account_id, customer_id, invoice_id)
                      WHERE a.account_id = p.account_id
                        AND a.source_id = p.payment_id
                        AND i.number IS NOT NULL), '{}') AS numbers
      FROM payments p
      JOIN customers c USING (account_id, customer_id)
      LEFT JOIN statement_parts s USING (account_id, customer_id, payment_id)
      LEFT JOIN statement_entries e USING (account_id, entry_id)
     WHERE p.account_id = $1
       AND p.reversed_at IS NULL
       AND p.recorded_at >= $3
     ORDER BY p.recorded_at DESC, p.payment_id DESC
     LIMIT $4
"""


async def owed(tx: Tx, account_id: AccountId, zone: str) -> list[Owed]:
    """Return all open invoices of the account, those due first first."""
    found = await tx.fetch(_OWED, account_id, zone)
    customers = list({row["customer_id"] for row in found})
    accounts: dict[CustomerId, list[str]] = {}
    for row in await tx.fetch(_ACCOUNTS, account_id, customers) if customers else []:
        accounts.setdefault(row["customer_id"], []).append(row["payer_account"])
    return [
        Owed(
            id=row["id"],
            customer_id=row["customer_id"],
            customer_reference=row["reference"],
            number=row["number"],
            amount_due=row["amount_due"],
            currency=row["currency"],
            due_on=row["due_on"],
            names=_names(row["name"], row["first_name"], row["last_name"]),
            accounts=tuple(accounts.get(row["customer_id"], ())),
        )
        for row in found
    ]


async def paid(
    tx: Tx, account_id: AccountId, zone: str, *, since: datetime, limit: int
) -> list[Paid]:
    """Return the payments that stand, the newest first, at most so many."""
    found = await tx.fetch(_PAID, account_id, zone, since, limit)
    return [Paid(**{**dict(row), "numbers": tuple(row["numbers"])}) for row in found]


def _names(name: str | None, first: str | None, last: str | None) -> tuple[str, ...]:
    person = " ".join(each for each in (first, last) if each)
    return tuple(each for each in (name, person) if each)
