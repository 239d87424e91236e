"""Every SQL statement of the store: it fits the schema, and a list has one order."""

import ast
import importlib
import re
from dataclasses import dataclass
from functools import cache

import asyncpg
import pytest
from tests.tidy.sources import called, every

_STATEMENT = re.compile(r"\s*(?:--[^\n]*\n\s*)*(SELECT|INSERT|UPDATE|DELETE|WITH|MERGE)\b")
_FETCHING = {"fetch", "fetchrow", "fetchval", "execute", "executemany", "many"}

# What cannot be prepared, or is not SQL of ours, by the name of its constant.
NOT_PREPARED = {"migrate._CREATE": "makes the table that it is about"}

# Lists whose last column is no key by itself, each with what makes their order one.
ORDERED_BY_MORE: dict[str, str] = {
    "reminders._DUE": "invoices behind a filter: their ids tell them apart",
    "receivables._ENTRIES": "of several tables: `rank` tells which, and the id is one of its own",
}


@dataclass(frozen=True)
class Statement:
    name: str  # "invoices._LIST"
    text: str

    def __str__(self) -> str:
        return self.name


@cache
def _statements() -> tuple[Statement, ...]:
    """Return the constants of the store's modules that are whole statements."""
    found = []
    for source in every("store"):
        if "embedded" in source.name or source.name.endswith("__main__.py"):
            continue
        module = importlib.import_module(source.module)
        short = source.module.removeprefix("usance.store.")
        for name, value in sorted(vars(module).items()):
            own = any(
                isinstance(node, ast.Assign | ast.AnnAssign)
                and name in {t.id for t in _targets(node) if isinstance(t, ast.Name)}
                for node in source.tree.body
            )
            if own and isinstance(value, str) and _STATEMENT.match(value):
                found.append(Statement(f"{short}.{name}", value))
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and called(node).rpartition(".")[2] in _FETCHING:
                for argument in node.args[:2]:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        name = f"{short}:{node.lineno}"
                        found.append(Statement(name, argument.value))
    return tuple(found)


def _targets(node: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return [node.target] if isinstance(node, ast.AnnAssign) else node.targets


def test_the_statements_are_found():
    names = {statement.name for statement in _statements()}
    assert len(names) > 80
    assert {"snapshot._INVOICES", "customers._LOCK", "catalog._PLANS", "due._PARK"} <= names


@pytest.mark.parametrize("statement", _statements(), ids=str)
async def test_a_statement_fits_the_schema(connection: asyncpg.Connection, statement: Statement):
    if statement.name in NOT_PREPARED:
        return
    await connection.prepare(statement.text)


def test_no_statement_asks_for_the_time():
    """Times are arguments, so that what is decided can be decided again."""
    for statement in _statements():
        assert not re.search(r"\bnow\s*\(|CURRENT_(DATE|TIME)|_timestamp\s*\(", statement.text), (
            statement.name
        )


# --- lists ----------------------------------------------------------------------------------------

_UNIQUE_KEYS = """
    SELECT t.relname AS table,
           (SELECT array_agg(a.attname::text)
              FROM unnest(x.indkey::int2[]) AS k (number)
              JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number) AS columns
      FROM pg_index x
      JOIN pg_class t ON t.oid = x.indrelid
     WHERE x.indisunique
       AND t.relnamespace = 'public'::regnamespace
       AND NOT t.relispartition
"""

# Ids that are never used twice, so that one tells the account and the customer as well.
_IDS_OF_A_CUSTOMER = {
    "subscription_id", "invoice_id", "payment_id", "pool_id", "grant_id", "credit_note_id",
    "transaction_id", "event_id", "application_id", "entry_id", "notice_id", "hold_id",
}  # fmt: skip
_IDS_OF_AN_ACCOUNT = {
    "customer_id", "plan_id", "version_id", "feature_id", "key_id", "price_id", "weight_id",
    "cost_id", "model_price_id",
}  # fmt: skip


def _lists() -> list[Statement]:
    """Return the statements that are fetched for many rows."""
    fetched = set()
    for source in every("store"):
        short = source.module.removeprefix("usance.store.")
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and called(node).endswith(".fetch") and node.args:
                named = called(node.args[0])
                fetched.add(f"{short}.{named}" if "." not in named else named)
    return [
        statement
        for statement in _statements()
        if statement.name in fetched and statement.text.lstrip().startswith(("SELECT", "WITH"))
    ]


def test_the_lists_are_found():
    names = {statement.name for statement in _lists()}
    assert len(names) > 30
    assert "subscriptions._LIST" in names


@pytest.mark.parametrize("statement", _lists(), ids=str)
async def test_a_list_has_one_order(connection: asyncpg.Connection, statement: Statement):
    """Rows that are equal to the order come as they like, and a page then shows one twice."""
    if "FOR UPDATE SKIP LOCKED" in statement.text and "ORDER BY" not in statement.text:
        pytest.fail("locks are taken in the order of ids")
    order = _order(statement.text)
    assert order, "no ORDER BY"
    if statement.name in ORDERED_BY_MORE:
        return
    table = re.search(r"\bFROM\s+(\w+)", _outside(statement.text))
    assert table is not None, "selects from a table"
    known = set(order) | _fixed(statement.text)
    if known & _IDS_OF_A_CUSTOMER:
        known |= {"customer_id", "account_id"}
    if known & _IDS_OF_AN_ACCOUNT:
        known.add("account_id")
    grouped = re.search(r"GROUP BY\s+([\w\s.,\"]+?)(?:ORDER|HAVING|LIMIT|$)", statement.text)
    distinct = re.search(r"SELECT DISTINCT\s+([\w\s.,]+?)\s+FROM", statement.text)
    if grouped or distinct:
        columns = _names((grouped or distinct)[1].split(","))  # type: ignore[index]
        assert columns <= known, f"ordered by {order}, not all of {columns}"
        return
    keys = [
        set(row["columns"])
        for row in await connection.fetch(_UNIQUE_KEYS)
        if row["table"] == table[1]
    ]
    assert any(key <= known for key in keys), f"ordered by {order}, no key of {table[1]}"


def _outside(text: str) -> str:
    """Return the statement without what stands in parentheses."""
    previous = ""
    while previous != text:
        previous, text = text, re.sub(r"\([^()]*\)", "", text)
    return text


def _order(text: str) -> list[str]:
    found = re.findall(
        r"ORDER BY\s+(.+?)(?:\bLIMIT\b|\bOFFSET\b|\bFOR\b|$)", _outside(text), re.DOTALL
    )
    return sorted(_names(found[-1].split(","))) if found else []


def _fixed(text: str) -> set[str]:
    """Return the columns that are equal to one argument in every row."""
    return set(re.findall(r"(?:\w+\.)?\"?(\w+)\"?\s*=\s*\$\d+(?!\])", text))


def _names(parts: list[str]) -> set[str]:
    found = set()
    for part in parts:
        match = re.match(r'\s*(?:\w+\.)?"?(\w+)"?', part)
        if match:
            found.add(match[1])
    return found
