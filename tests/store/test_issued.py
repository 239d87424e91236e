"""What was issued never changes: the database refuses it, whoever writes."""

import re
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from tests.api import client
from tests.api.shop import Shop
from tests.conftest import FreshDatabase

from usance import clock
from usance.store.db import Db


@pytest.fixture(scope="module")
def url(fresh_database: FreshDatabase) -> Iterator[str]:
    with fresh_database() as url:
        yield url


@pytest.fixture(scope="module")
async def books(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A paid, an open and a voided invoice, a draft, one that accrues, and a credit note."""
    db = await Db.open(url, jitter=clock.jitter, size=2)
    api = await client.opened(db)
    async with api.client:
        shop = await Shop.open(api)
        paid = await shop.started("pro_monthly")
        await shop.cancel(paid["subscription"]["id"], "?cancelMode=IMMEDIATE")
        await shop.subscribe("payg_monthly", "accrues")
        await shop.subscribe("pro_monthly", "open")
        await shop.customer("own")
        lines = [{"description": "Set-up", "unitPrice": Decimal(100)}]
        made: Any = None
        for draft in (True, False, False):
            body = {"customerReferenceId": "own", "lines": lines, "isDraft": draft}
            made = await api.post("/invoices", body)
            assert made.status == 201, made.body
        void = await api.post(f"/invoices/{made.data['id']}/void", {"reason": "Twice."})
        assert void.status == 200, void.body
    await db.close()
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


REFUSED = [
    "UPDATE invoices SET subtotal = subtotal + 1, amount = amount + 1 WHERE number IS NOT NULL",
    "UPDATE invoices SET amount = 0, subtotal = 0, amount_paid = 0, tax_amount = 0 WHERE status = 'DUE'",
    "UPDATE invoices SET tax_rate = 7 WHERE number IS NOT NULL",
    "UPDATE invoices SET tax_category = 'ZERO' WHERE number IS NOT NULL",
    "UPDATE invoices SET tax_category = 'EXEMPT', tax_exemption_reason = 'x' WHERE number IS NOT NULL",
    "UPDATE invoices SET currency = 'EUR' WHERE number IS NOT NULL",
    "UPDATE invoices SET number = number || 'x' WHERE number IS NOT NULL",
    "UPDATE invoices SET number = NULL, parties = NULL, issued_at = NULL WHERE number IS NOT NULL",
    "UPDATE invoices SET parties = jsonb_set(parties, '{seller,name}', '\"X\"') WHERE parties IS NOT NULL",
    "UPDATE invoices SET due_at = due_at + interval '1 day' WHERE number IS NOT NULL",
    "UPDATE invoices SET past_due_at = past_due_at + interval '1 day' WHERE number IS NOT NULL",
    "UPDATE invoices SET issued_at = issued_at - interval '1 day' WHERE number IS NOT NULL",
    "UPDATE invoices SET memo = 'Thanks' WHERE number IS NOT NULL AND kind = 'ONE_OFF'",
    "UPDATE invoices SET kind = 'FINAL' WHERE kind = 'SUBSCRIPTION' AND number IS NOT NULL",
    "UPDATE invoices SET starts_at = starts_at - interval '1 day' WHERE starts_at IS NOT NULL",
    "UPDATE invoices SET status = 'DUE', voided_at = NULL WHERE status = 'VOID'",
    "DELETE FROM invoices WHERE status = 'VOID'",
    "UPDATE invoice_lines SET amount = amount + 1",
    "UPDATE invoice_lines SET description = 'X'",
    "DELETE FROM invoice_lines",
    "UPDATE credit_notes SET subtotal = subtotal + 1, amount = amount + 1",
    "UPDATE credit_notes SET lines = '[]'",
    "DELETE FROM credit_notes",
    "UPDATE document_numbers SET number = number || 'x'",
    "DELETE FROM document_numbers",
]
TAKEN = {
    "UPDATE invoices SET written_off_at = issued_at, write_off_reason = 'x' WHERE status = 'DUE'": 2,
    "UPDATE invoices SET starts_at = issued_at, ends_at = due_at WHERE starts_at IS NULL AND status = 'DUE'": 2,
    "UPDATE invoices SET subtotal = 1, amount = 1 WHERE number IS NULL": 2,
    "UPDATE invoice_lines SET amount = 1 FROM invoices i"
    " WHERE i.invoice_id = invoice_lines.invoice_id AND i.number IS NULL": 1,
}


@pytest.mark.parametrize("statement", REFUSED)
async def test_a_change_of_what_was_issued_is_refused(books: asyncpg.Connection, statement: str):
    with pytest.raises(asyncpg.CheckViolationError, match="what was issued never changes"):
        await books.execute(statement)


@pytest.mark.parametrize("statement", TAKEN)
async def test_what_happens_to_it_and_what_is_not_issued_yet_is_taken(
    books: asyncpg.Connection, statement: str
):
    within = books.transaction()
    await within.start()
    told = await books.execute(statement)
    await within.rollback()
    assert told == f"UPDATE {TAKEN[statement]}"


# What is noted on an issued invoice; a first invoice's period, too, once.
NOTED = {
    "status", "amount_paid", "paid_at", "reopened_at", "voided_at", "void_reason", "voided_by_end",
    "written_off_at", "write_off_reason", "replaced_by",
}  # fmt: skip


async def test_every_column_of_an_invoice_is_kept_or_noted(books: asyncpg.Connection):
    """A column that is added is compared by the trigger, or named above."""
    trigger = await books.fetchval(
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'invoices_issued'"
    )
    columns = await books.fetch(
        """
        SELECT attname FROM pg_attribute
         WHERE attrelid = 'invoices'::regclass AND attnum > 0 AND NOT attisdropped
        """
    )
    named = set(re.findall(r"old\.(\w+)", trigger.lower()))
    assert {row["attname"] for row in columns} - named == NOTED - named
    assert named & NOTED == {"status"}  # VOID is final
