"""Erasure: free text about a customer, taken out of what the law lets nobody delete.

Documents that were issued keep what is printed on them, their parties and memos too; so do payments
their references, which are identities, and entries of bank statements, which are the bank's record. What events said (`meta`) stays, for counters are made of it.

Sources: BILLING.md, "Paying" ("Erasing").
"""

from typing import Final

from usance.core.ids import AccountId, CustomerId
from usance.store.db import Tx

# A reason must be there where something was written off.
_INVOICES: Final = """
    UPDATE invoices
       SET memo = CASE WHEN number IS NULL THEN NULL ELSE memo END,
           void_reason = CASE WHEN void_reason IS NOT NULL THEN $3 END,
           write_off_reason = CASE WHEN write_off_reason IS NOT NULL THEN $3 END
     WHERE account_id = $1
       AND customer_id = $2
       AND (number IS NULL OR void_reason IS NOT NULL OR write_off_reason IS NOT NULL)
"""

_LINES: Final = """
    UPDATE invoice_lines l
       SET description = $3
      FROM invoices i
     WHERE i.account_id = $1
       AND i.customer_id = $2
       AND i.number IS NULL
       AND l.account_id = i.account_id
       AND l.customer_id = i.customer_id
       AND l.invoice_id = i.invoice_id
"""

_PAYMENTS: Final = """
    UPDATE payments
       SET note = NULL, reversal_reason = NULL
     WHERE account_id = $1
       AND customer_id = $2
       AND (note IS NOT NULL OR reversal_reason IS NOT NULL)
"""

_GRANTS: Final = """
    UPDATE credit_grants
       SET reason = NULL
     WHERE account_id = $1
       AND customer_id = $2
       AND kind <> 'PLAN_INCLUDED'
       AND reason IS NOT NULL
"""

_TRANSACTIONS: Final = """
    UPDATE credit_transactions
       SET reason = NULL
     WHERE account_id = $1
       AND customer_id = $2
       AND reason IS NOT NULL
"""

_SUBSCRIPTIONS: Final = """
    UPDATE subscriptions
       SET metadata = '{}'
     WHERE account_id = $1
       AND customer_id = $2
       AND metadata <> '{}'
"""

_NOTICES: Final = """
    UPDATE notices
       SET payload = payload - 'reason'
     WHERE account_id = $1
       AND customer_id = $2
       AND payload ? 'reason'
"""

_REMINDERS: Final = """
    UPDATE reminders
       SET recipient = NULL, reason = CASE WHEN state = 'SKIPPED' THEN reason END
     WHERE account_id = $1
       AND customer_id = $2
"""

# A plan for this customer alone would be the next one's who takes the reference.
_CATALOGUE: Final = """
    UPDATE accounts a
       SET catalog_version = catalog_version + 1
     WHERE a.account_id = $1
       AND EXISTS (SELECT
                     FROM plans p
                    WHERE p.account_id = a.account_id
                      AND p.customer_reference = $2)
    RETURNING true
"""

_PLANS: Final = """
    UPDATE plans
       SET customer_reference = $3
     WHERE account_id = $1
       AND customer_reference = $2
"""

_ERASED: Final = "Erased."


async def forget(tx: Tx, account_id: AccountId, customer_id: CustomerId) -> None:
    """Take free text out of what a locked customer leaves behind."""
    await tx.execute(_INVOICES, account_id, customer_id, _ERASED)
    await tx.execute(_LINES, account_id, customer_id, _ERASED)
    for statement in (_PAYMENTS, _GRANTS, _TRANSACTIONS, _SUBSCRIPTIONS, _NOTICES, _REMINDERS):
        await tx.execute(statement, account_id, customer_id)


async def rename_plans(tx: Tx, account_id: AccountId, old: str, new: str) -> None:
    """Let plans that one customer alone may see follow it to its new reference."""
    if await tx.fetchval(_CATALOGUE, account_id, old):
        await tx.execute(_PLANS, account_id, old, new)
