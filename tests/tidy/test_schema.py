"""The catalogue of the migrated database: what its tables, keys and checks must be like."""

import re
from decimal import Decimal
from typing import Any

import asyncpg

# A customer's rows live together, so that the tables can be distributed by customer. These are of
# the account as a whole, each for its reason.
ACCOUNT_WIDE = {
    "schema_migrations": "of the database, not of an account",
    "accounts": "the account itself",
    "account_logos": "of the account itself",
    "api_keys": "found by their hash before anything is known of the caller",
    "number_series": "one gapless series for all customers",
    "document_numbers": "a number names one document of the account; the customer is a hint",
    "statements": "a file is of the seller's bank account, not of a customer",
    "statement_entries": "money is nobody's until it is applied",
    "idempotency_keys": "a call may be about no customer, or about one that it makes",
    "features": "catalogue",
    "credit_models": "catalogue",
    "credit_prices": "catalogue",
    "credit_weights": "catalogue",
    "feature_costs": "catalogue",
    "model_prices": "catalogue",
    "plans": "catalogue",
    "plan_versions": "catalogue",
    "customer_references": "a reference names one customer of the account, whichever it is",
}

# Owned by a customer, and without a foreign key to it.
NO_PARENT = {
    "usage_events": "the hottest table; its key, event_keys, is checked in the same transaction",
    "notices": "an outbox: what it tells of may be of any kind",
}

Connection = asyncpg.Connection


_TABLES = """
    SELECT c.relname AS name, array_agg(a.attname::text) AS columns
      FROM pg_class c
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = 'public'::regnamespace
       AND c.relkind IN ('r', 'p')
       AND NOT c.relispartition
     GROUP BY c.relname
     ORDER BY c.relname
"""


async def _tables(connection: Connection) -> dict[str, set[str]]:
    return {row["name"]: set(row["columns"]) for row in await connection.fetch(_TABLES)}


async def _owned(connection: Connection) -> dict[str, set[str]]:
    tables = await _tables(connection)
    return {name: columns for name, columns in tables.items() if name not in ACCOUNT_WIDE}


async def test_every_table_is_a_customer_s_or_is_the_account_s_for_a_reason(connection: Connection):
    tables = await _tables(connection)
    assert set(ACCOUNT_WIDE) <= set(tables), "an exception for a table that is gone"
    for name, columns in (await _owned(connection)).items():
        assert {"account_id", "customer_id"} <= columns, name


# Keys ---------------------------------------------------------------------------------------------

_UNIQUE = """
    SELECT t.relname AS table, i.relname AS name, x.indnullsnotdistinct AS nulls_are_one,
           coalesce(pg_get_expr(x.indpred, x.indrelid), '') AS predicate,
           (SELECT array_agg(a.attname::text ORDER BY k.place)
              FROM unnest(x.indkey::int2[]) WITH ORDINALITY AS k (number, place)
              JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number) AS columns,
           (SELECT coalesce(array_agg(a.attname::text), '{}')
              FROM unnest(x.indkey::int2[]) AS k (number)
              JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number
             WHERE NOT a.attnotnull) AS nullable,
           x.indnatts = (SELECT count(*) FROM unnest(x.indkey::int2[]) k WHERE k <> 0) AS is_plain
      FROM pg_index x
      JOIN pg_class i ON i.oid = x.indexrelid
      JOIN pg_class t ON t.oid = x.indrelid
     WHERE x.indisunique
       AND t.relnamespace = 'public'::regnamespace
       AND NOT t.relispartition
     ORDER BY t.relname, i.relname
"""


async def test_a_customer_s_keys_include_the_customer(connection: Connection):
    owned = await _owned(connection)
    primary = await connection.fetch(
        "SELECT conrelid::regclass::text AS table FROM pg_constraint WHERE contype = 'p'"
    )
    assert set(owned) <= {row["table"] for row in primary}, "a table without a primary key"
    for row in await connection.fetch(_UNIQUE):
        if row["table"] in owned:
            assert row["columns"][:2] == ["account_id", "customer_id"], row["name"]
        elif (
            row["table"] not in {"accounts", "schema_migrations"} and row["name"] != "api_keys_hash"
        ):
            assert row["columns"][0] == "account_id", row["name"]


async def test_a_unique_key_has_no_column_that_may_be_null(connection: Connection):
    """Two nulls are different to a unique index, so it would let the same thing in twice."""
    checks = await _checks(connection)
    for row in await connection.fetch(_UNIQUE):
        assert row["is_plain"], f"{row['name']}: an expression hides what may be null"
        if row["nulls_are_one"]:
            continue
        never = set(re.findall(r'\(?"?(\w+)"? IS NOT NULL', row["predicate"]))
        never = _null_together(checks.get(row["table"], []), never)
        assert set(row["nullable"]) <= never, row["name"]


def _null_together(checks: list[str], never: set[str]) -> set[str]:
    """Return the columns that are not null where these are not, by CHECKs of the same row."""
    pairs = [
        pair
        for check in checks
        for pair in re.findall(r'\("?(\w+)"? IS NULL\) = \("?(\w+)"? IS NULL\)', check)
    ]
    known = set(never)
    while more := {b for pair in pairs for a, b in (pair, pair[::-1]) if a in known} - known:
        known |= more
    return known


_FOREIGN = """
    SELECT c.conname AS name, c.conrelid::regclass::text AS "from", c.confrelid::regclass::text AS "to",
           (SELECT array_agg(a.attname::text ORDER BY k.place)
              FROM unnest(c.conkey) WITH ORDINALITY AS k (number, place)
              JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number) AS columns,
           (SELECT array_agg(a.attname::text ORDER BY k.place)
              FROM unnest(c.confkey) WITH ORDINALITY AS k (number, place)
              JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.number) AS targets
      FROM pg_constraint c
     WHERE c.contype = 'f'
       AND c.conparentid = 0
"""


async def test_a_foreign_key_stays_within_the_account_and_the_customer(connection: Connection):
    owned = await _owned(connection)
    for row in await connection.fetch(_FOREIGN):
        assert ("account_id", "account_id") in zip(row["columns"], row["targets"], strict=True), (
            row["name"]
        )
        if row["from"] in owned and row["to"] in owned:
            assert row["columns"][:2] == row["targets"][:2] == ["account_id", "customer_id"], row[
                "name"
            ]


async def test_a_customer_s_row_names_a_customer_that_is_there(connection: Connection):
    """By a foreign key to customers, or to a table that has one."""
    owned = await _owned(connection)
    parents: dict[str, set[str]] = {name: set() for name in owned}
    for row in await connection.fetch(_FOREIGN):
        if row["from"] in owned:
            parents[row["from"]].add(row["to"])
    reached = {"customers"}
    while more := {name for name, to in parents.items() if to & reached} - reached:
        reached |= more
    assert set(owned) - reached == set(NO_PARENT)


# Columns ------------------------------------------------------------------------------------------

_COLUMNS = """
    SELECT c.relname AS table, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type,
           a.attnotnull AS is_needed
      FROM pg_class c
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = 'public'::regnamespace
       AND c.relkind IN ('r', 'p')
       AND NOT c.relispartition
     ORDER BY c.relname, a.attnum
"""


async def test_types_are_exact(connection: Connection):
    """No float, no instant without its zone, and no numeric that rounds what it is given."""
    for row in await connection.fetch(_COLUMNS):
        where = f"{row['table']}.{row['column']} {row['type']}"
        assert row["type"] not in {"real", "double precision", "money", "json"}, where
        assert "without time zone" not in row["type"], where
        assert not row["type"].startswith("numeric("), where
        assert not row["type"].startswith("character"), where


async def _checks(connection: Connection) -> dict[str, list[str]]:
    rows = await connection.fetch("""
        SELECT conrelid::regclass::text AS table, pg_get_constraintdef(oid) AS text
          FROM pg_constraint
         WHERE contype = 'c' AND connamespace = 'public'::regnamespace
    """)
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["table"], []).append(row["text"])
    return found


async def test_no_amount_is_ever_nan(connection: Connection):
    """NaN passes `>= 0`, so each CHECK is tried with it, as PostgreSQL itself evaluates it.

    The other columns of the row are NULL, with which a CHECK that names them is not violated; so a
    column counts as safe if one of its CHECKs is false by itself, or relates it to a safe one.
    """
    checks = await _checks(connection)
    rows = await connection.fetch(_COLUMNS)
    numerics = [(row["table"], row["column"]) for row in rows if row["type"] == "numeric"]
    assert len(numerics) > 30
    types = {(row["table"], row["column"]): row["type"] for row in rows}
    for table, column in numerics:
        safe = [
            await _refuses_nan(connection, types, (table, column), check)
            for check in checks.get(table, [])
            if re.search(rf"\b{column}\b", check)
        ]
        assert any(safe), f"{table}.{column} takes NaN"


async def _refuses_nan(
    connection: Connection,
    types: dict[tuple[str, str], str],
    of: tuple[str, str],
    check: str,
) -> bool:
    """Whether the CHECK is false for NaN, whatever finite numbers its other columns have."""
    table, column = of
    expression = check.removeprefix("CHECK ")
    named = [
        name
        for of, name in types
        if of == table and re.search(rf'(?<!\')\b"?{name}"?\b', expression)
    ]
    for other in ("0", "1", "-1", "100", "NULL"):
        values = ", ".join(
            f'{"$1::numeric" if name == column else _literal(types[table, name], other)} AS "{name}"'
            for name in named
        )
        allowed = await connection.fetchval(
            f"SELECT {expression} FROM (SELECT {values}) r", Decimal("NaN")
        )
        if allowed is True or (allowed is None and other != "NULL"):
            return False
    return True


def _literal(kind: str, number: str) -> str:
    return f"{number}::{kind}" if kind in {"numeric", "integer", "bigint"} else f"NULL::{kind}"


# They refuse, and decide nothing: docs/decisions/0011-issued-documents-by-triggers.md.
TRIGGERS = {
    "invoices_issued": "refuse_change",
    "invoices_kept": "refuse_change",
    "invoice_lines_issued": "refuse_change_of_issued_line",
    "credit_notes_issued": "refuse_change",
    "document_numbers_given": "refuse_change",
}


async def test_no_trigger_and_no_function_decides(connection: Connection):
    """A rule lives in the core, where it is read and tested; the database holds what it comes to."""
    triggers = """
        SELECT t.tgname, p.proname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
         WHERE NOT t.tgisinternal
    """
    assert {row[0]: row[1] for row in await connection.fetch(triggers)} == TRIGGERS
    functions = "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    found = {row["proname"]: row["prosrc"] for row in await connection.fetch(functions)}
    assert set(found) == set(TRIGGERS.values())
    assert not any(re.search(r"NEW\.|INSERT|UPDATE |:=", text) for text in found.values())
    extensions = "SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'"
    assert await connection.fetch(extensions) == []


async def test_no_column_takes_the_time_from_sql(connection: Connection):
    defaults: list[Any] = await connection.fetch("""
        SELECT adrelid::regclass::text AS table, pg_get_expr(adbin, adrelid) AS text FROM pg_attrdef
    """)
    for row in defaults:
        assert not re.search(r"now\(|CURRENT_|timestamp|random|nextval", row["text"]), dict(row)
