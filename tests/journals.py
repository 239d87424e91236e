"""Whether the journal of every account is what its books say, asked at the end of a test."""

from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from usance.core.ids import AccountId
from usance.core.journal import Role, postings
from usance.store import journal
from usance.store.db import Db

_EVER = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))
# What each account of the ledger must come to, by customer and currency.
_BOOKS = """
    SELECT c.reference, i.currency, 'receivable' AS role, sum(i.amount - i.amount_paid) AS amount
      FROM invoices i
      JOIN customers c USING (account_id, customer_id)
     WHERE i.account_id = $1 AND i.status IN ('DUE', 'PAST_DUE')
     GROUP BY 1, 2
     UNION ALL
    SELECT c.reference, i.currency, 'badDebt', sum(i.amount - i.amount_paid)
      FROM invoices i
      JOIN customers c USING (account_id, customer_id)
     WHERE i.account_id = $1 AND i.status = 'UNCOLLECTIBLE'
     GROUP BY 1, 2
     UNION ALL
    SELECT c.reference, b.currency, 'customerBalance', -b.amount
      FROM balances b
      JOIN customers c USING (account_id, customer_id)
     WHERE b.account_id = $1
"""
_ASKED = {Role.RECEIVABLE, Role.BAD_DEBT, Role.CUSTOMER_BALANCE}


async def check_journals(db: Db) -> int:
    """Hold that every entry balances and that the accounts agree; return how many entries there are."""
    entries = 0
    for row in await db.read(lambda tx: tx.fetch("SELECT account_id FROM accounts ORDER BY 1")):
        account_id = AccountId(row["account_id"])
        moved: dict[Any, Decimal] = defaultdict(Decimal)
        last = None
        async with db.snapshot() as tx:
            async for one in journal.facts(tx, account_id, *_EVER):
                assert last is None or last <= one.fact.at, "in order"
                last = one.fact.at
                found = postings(one.fact)
                assert len(found) != 1
                assert sum(posting.amount for posting in found) == 0
                entries += bool(found)
                for posting in found:
                    moved[one.customer_reference, one.fact.currency, posting.role] += posting.amount
            books: dict[Any, Decimal] = defaultdict(Decimal)
            for line in await tx.fetch(_BOOKS, account_id):
                books[line["reference"], line["currency"], Role(line["role"])] += line["amount"]
        own = {key: sum_ for key, sum_ in moved.items() if key[2] in _ASKED and sum_}
        told = {key: sum_ for key, sum_ in books.items() if key[2] in _ASKED and sum_}
        assert own == told, account_id
        reclaimed = {key: sum_ for key, sum_ in moved.items() if key[2] is Role.RECLAIMED and sum_}
        assert not reclaimed, "an invoice asks for what was reclaimed"
    return entries
