"""Seeding: one customer that the product wrote, copied a hundred thousand times by plain SQL.

Each row of the customer becomes one INSERT … SELECT that makes this row for every copy. A copy differs
from its original in its ids, its reference and the numbers of its documents, wherever they stand, and
in nothing else; so its books are right if the original's are, and `usance verify` says whether.

An id keeps its instant and 30 of its random bits; the other 44, first and last, come of the copy's
number, scattered: so the copies' ids lie in an index as those that the product derives.
"""

import re
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from bench.servers import Connection

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# The number of a copy, scattered over 44 bits without meeting another: the factor is odd.
_SCATTERED = "lpad(to_hex(n * 6719617132555 % (1::bigint << 44)), 11, '0')"

_TABLES = """
    SELECT t.relname AS name,
           count(*) FILTER (WHERE a.attname = 'customer_id') > 0 AS is_customers,
           array_agg(a.attname::text ORDER BY a.attnum) AS columns,
           array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum) AS types
      FROM pg_class t
      JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE t.relnamespace = 'public'::regnamespace
       AND t.relkind IN ('r', 'p')
       AND NOT t.relispartition
     GROUP BY t.relname
     ORDER BY t.relname
"""

_NUMBERS = """
    SELECT d.series, d.seq, d.number, s.next, substring(d.number FROM '[0-9]+$') AS digits
      FROM document_numbers d
      JOIN number_series s USING (account_id, series)
     WHERE d.customer_id = $1
     ORDER BY d.series, d.seq
"""

_REFERENCES = """
    SELECT conrelid::regclass::text AS source, confrelid::regclass::text AS target
      FROM pg_constraint
     WHERE contype = 'f'
       AND conparentid = 0
       AND conrelid <> confrelid
"""

# What is dropped before many rows are written and made again after, checked whole.
_INDEXES = """
    SELECT x.indexrelid::regclass::text AS name, pg_get_indexdef(x.indexrelid) AS made_by
      FROM pg_index x
      JOIN pg_class t ON t.oid = x.indrelid
     WHERE t.relnamespace = 'public'::regnamespace
       AND NOT t.relispartition
       AND NOT EXISTS (SELECT FROM pg_constraint c
                        WHERE c.conindid = x.indexrelid AND c.contype <> 'f')
     ORDER BY 1
"""

_CONSTRAINTS = """
    SELECT format('%s DROP CONSTRAINT %I', conrelid::regclass, conname) AS dropped_by,
           format('%s ADD CONSTRAINT %I %s', conrelid::regclass, conname,
                  pg_get_constraintdef(oid)) AS made_by
      FROM pg_constraint
     WHERE contype = 'f'
       AND conparentid = 0
       AND connamespace = 'public'::regnamespace
     ORDER BY 1
"""


@dataclass(frozen=True)
class Table:
    """A table that customers own."""

    name: str
    columns: tuple[str, ...]
    types: tuple[str, ...]


async def copy(connection: Connection, customer_id: UUID, copies: int) -> None:
    """Write the customer's rows again for so many other customers of its account."""
    tables = await _customers_tables(connection)
    rows = {t.name: await _rows(connection, t, customer_id) for t in tables}
    rewriting = await _rewriting(connection, tables, rows, customer_id)
    for table in tables:
        for row in rows[table.name]:
            await connection.execute(
                f"INSERT INTO {table.name} ({', '.join(map(_quoted, table.columns))})"
                f" SELECT {', '.join(rewriting.row(table, row))}"
                f"   FROM (SELECT n, substr(bits, 1, 3) AS head, substr(bits, 4) AS tail"
                f"           FROM generate_series(1, {copies}::bigint) n"
                f"          CROSS JOIN LATERAL (SELECT {_SCATTERED} AS bits) b) c"
            )
    for series, used in rewriting.used.items():
        await connection.execute(
            "UPDATE number_series SET next = next + $3 WHERE account_id = $1 AND series = $2",
            rewriting.account_id,
            series,
            used * copies,
        )


@asynccontextmanager
async def in_bulk(connection: Connection) -> AsyncIterator[None]:
    """Do without foreign keys and further indexes; at the end they are made, and hold, again."""
    indexes = await connection.fetch(_INDEXES)
    constraints = await connection.fetch(_CONSTRAINTS)
    for row in constraints:
        await connection.execute(f"ALTER TABLE {row['dropped_by']}")
    for row in indexes:
        await connection.execute(f"DROP INDEX {row['name']}")
    yield
    for row in indexes:
        # Of a table in parts, the index of all parts, not an empty one of the whole.
        await connection.execute(row["made_by"].replace(" ON ONLY ", " ON "))
    for row in constraints:
        await connection.execute(f"ALTER TABLE {row['made_by']}")
    assert await connection.fetch(_INDEXES) == indexes, "all is as it was"
    assert await connection.fetch(_CONSTRAINTS) == constraints, "all is as it was"


async def content(connection: Connection, customer_id: UUID | None = None) -> dict[str, list[str]]:
    """Return the rows of each table but for ids, references, names and numbers, each once.

    `customer_id`: only those of this customer.
    """
    found = {}
    for table in await _customers_tables(connection):
        named = {c for c, kind in zip(table.columns, table.types, strict=True) if kind == "uuid"}
        named |= {"number", "reference", "parties"} | (
            {"seq"} if table.name == "document_numbers" else set()
        )
        rows = await connection.fetch(
            f"SELECT DISTINCT regexp_replace((to_jsonb(t) - $1::text[])::text, $2, '', 'g') AS row"
            f"  FROM {table.name} t"
            f" WHERE $3::uuid IS NULL OR customer_id = $3"
            f" ORDER BY 1",
            sorted(named),
            _UUID,
            customer_id,
        )
        found[table.name] = [row["row"] for row in rows]
    return found


async def _customers_tables(connection: Connection) -> list[Table]:
    """Return the tables that customers own, those that others point at first."""
    found = {
        row["name"]: Table(row["name"], tuple(row["columns"]), tuple(row["types"]))
        for row in await connection.fetch(_TABLES)
        if row["is_customers"]
    }
    needs: dict[str, set[str]] = defaultdict(set)
    for row in await connection.fetch(_REFERENCES):
        if row["source"] in found and row["target"] in found:
            needs[row["source"]].add(row["target"])
    ordered: list[Table] = []
    while found:
        free = [name for name in found if not needs[name] & found.keys()]
        assert free, "tables point at each other"
        ordered += [found.pop(name) for name in free]
    return ordered


async def _rows(
    connection: Connection, table: Table, customer_id: UUID
) -> list[tuple[str | None, ...]]:
    """Return the customer's rows as text, in the order in which they were written."""
    columns = ", ".join(f"{_quoted(column)}::text" for column in table.columns)
    return [
        tuple(row)
        for row in await connection.fetch(
            f"SELECT {columns} FROM {table.name} WHERE customer_id = $1 ORDER BY tableoid, ctid",
            customer_id,
        )
    ]


@dataclass(frozen=True)
class _Rewriting:
    """How the text of a value becomes SQL for that value in each copy `c`."""

    account_id: UUID
    new: dict[str, str]  # the SQL of what stands in the place of an id, a number, the reference
    seqs: dict[tuple[str, str], str]  # of a number's place in its series, by series and place
    used: dict[str, int]  # how many numbers of each series one copy needs
    pattern: re.Pattern[str]

    def row(self, table: Table, row: tuple[str | None, ...]) -> list[str]:
        """Return the SQL of a row's values."""
        values = dict(zip(table.columns, row, strict=True))
        made = [
            f"NULL::{kind}" if text is None else f"({self._text(text)})::{kind}"
            for text, kind in zip(row, table.types, strict=True)
        ]
        if table.name == "document_numbers":
            key = (str(values["series"]), str(values["seq"]))
            made[table.columns.index("seq")] = self.seqs[key]
        return made

    def _text(self, text: str) -> str:
        parts, end = [], 0
        for found in self.pattern.finditer(text):
            parts += [_literal(text[end : found.start()]), self.new[found.group()]]
            end = found.end()
        parts.append(_literal(text[end:]))
        return " || ".join(parts)


async def _rewriting(
    connection: Connection,
    tables: list[Table],
    rows: dict[str, list[tuple[str | None, ...]]],
    customer_id: UUID,
) -> _Rewriting:
    text = "\n".join(value for each in rows.values() for row in each for value in row if value)
    own = set(re.findall(_UUID, text)) - await _shared_ids(connection, tables)
    assert str(customer_id) in own, "there is such a customer"
    assert len(set(map(_kept, own))) == len(own), "two ids would become one"
    new = {one: _copied_id(one) for one in own}
    who = await connection.fetchrow(
        "SELECT account_id, reference FROM customers WHERE customer_id = $1", customer_id
    )
    assert who is not None, "there is such a customer"
    new[who["reference"]] = f"{_literal(who['reference'] + '_')} || c.n"

    numbers = await connection.fetch(_NUMBERS, customer_id)
    used = Counter(row["series"] for row in numbers)
    seqs, place = {}, Counter[str]()
    for row in numbers:
        series = row["series"]
        seq = f"({row['next'] + place[series]} + (c.n - 1) * {used[series]})::bigint"
        seqs[series, str(row["seq"])] = seq
        new[row["number"]] = (
            f"{_literal(row['number'][: -len(row['digits'])])}"
            f" || lpad({seq}::text, greatest(5, length({seq}::text)), '0')"
        )
        place[series] += 1
    longest_first = sorted(new, key=lambda one: (-len(one), one))
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b")
    return _Rewriting(who["account_id"], new, seqs, dict(used), pattern)


async def _shared_ids(connection: Connection, tables: list[Table]) -> set[str]:
    """Return the ids that all customers have in common: of accounts, plans and the like."""
    owned = {table.name for table in tables}
    shared: set[str] = set()
    for row in await connection.fetch(_TABLES):
        for column, kind in zip(row["columns"], row["types"], strict=True):
            if kind == "uuid" and row["name"] not in owned:
                found = await connection.fetch(f"SELECT {_quoted(column)}::text FROM {row['name']}")
                shared |= {each[0] for each in found}
    return shared


def _kept(one: str) -> tuple[str, str]:
    """Return what copies of an id have in common with it: before and after the first new bits."""
    return one[:15], one[18:28]


def _copied_id(one: str) -> str:
    before, after = _kept(one)
    return f"{_literal(before)} || c.head || {_literal(after)} || c.tail"


def _quoted(name: str) -> str:
    return f'"{name}"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
