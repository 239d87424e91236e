"""CSV: the tables that banks and payment providers let one download.

The header, the delimiter, the decimal mark and the order of a date's parts are seen from the whole
file. What fits in two ways is refused, with what the mapping has to say. A cell is text: one that a
spreadsheet would compute (`=…`) is no date and no amount.

Sources: docs/statements.md, "CSV".
"""

import contextlib
import csv
import io
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from usance.statements import figures
from usance.statements.columns import Column, DayOrder, Header, Mapping, recognised
from usance.statements.entries import (
    ENTRIES_MAX,
    NOTES_MAX,
    Entry,
    Format,
    Note,
    Statement,
    checked_amount,
    compact,
    known,
    refused,
    shown,
    tidy,
)
from usance.statements.iban import find_iban

_DELIMITERS: Final = (";", ",", "\t", "|")
_HEAD_LINES: Final = 60  # in which the header stands
_CELLS_MAX: Final = 200
_BOOKED: Final = frozenset(
    {
        *("booked", "completed", "complete", "posted", "settled", "cleared", "paid", "available"),
        *("processed", "executed", "gebucht", "umsatz gebucht", "abgeschlossen", "voltooid"),
        *("geboekt", "comptabilise", "termine", "completado", "completato"),
    }
)
_OUT: Final = frozenset({"af", "debit", "d", "dr", "s", "soll", "out", "debet", "lastschrift", "-"})
_IN: Final = frozenset({"bij", "credit", "c", "cr", "h", "haben", "in", "gutschrift", "+"})
# A provider's information that moves nothing on the account.
_MEMO: Final = frozenset({"memo", ""})
_EXCEL_TEXT: Final = re.compile(r'="([^"]*)"')


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    cells: list[str]

    @property
    def where(self) -> str:
        return f"line {self.line}"


@dataclass(frozen=True, slots=True)
class _Table:
    """A file taken apart: its header understood, and what holds for all of its rows."""

    header: Header
    rows: list[_Row]
    order: DayOrder | None
    mark: str
    currency: str
    account: str

    def cell(self, row: _Row, column: Column) -> str:
        places = self.header.places.get(column, ())
        if len(places) < 2:  # noqa: PLR2004 - most columns: one, or none
            return next((row.cells[at] for at in places if at < len(row.cells)), "")
        told = [row.cells[at] for at in places if at < len(row.cells) and row.cells[at]]
        # One bank writes the text of a payment into two columns, and both hold it.
        return " ".join(dict.fromkeys(told))


def read(text: str, mapping: Mapping) -> Statement:
    """Return the entries of a CSV file, or refuse it, naming the line."""
    table, preamble = _table(text, mapping)
    entries: list[Entry] = []
    notes = preamble
    for row in table.rows:
        found = _entry(table, row)
        if isinstance(found, Note):
            notes.append(found)
        else:
            entries.append(found)
        if len(entries) > ENTRIES_MAX:
            raise refused(row.where, f"The file has more than {ENTRIES_MAX:,} entries.")
        if len(notes) > NOTES_MAX:
            what = f"More than {NOTES_MAX:,} rows are no entries: do the columns fit?"
            raise refused(row.where, what)
    return Statement(Format.CSV, tuple(entries), tuple(notes))


# The table -------------------------------------------------------------------------------------------


def _table(text: str, mapping: Mapping) -> tuple[_Table, list[Note]]:
    delimiter, at, header = _header(text, mapping)
    rows = _rows(text, delimiter)
    before, rest = rows[:at], rows[at:] if mapping.is_counted else rows[at + 1 :]
    notes = []
    if before:
        last = before[-1].line
        notes.append(Note(f"lines 1 to {last}", "What stands before the header is no entry."))
    rest = [row for row in rest if any(row.cells)]
    columns = {column: _values(rest, header, column) for column in Column}
    days = columns[Column.BOOKED_ON] + columns[Column.VALUE_ON]
    order = mapping.day_order or figures.day_order(days, day_first=header.day_first)
    return (
        _Table(
            header=header,
            rows=rest,
            order=order,
            mark=mapping.decimal or _decimal_mark(columns),
            currency=header.currency or mapping.currency or "",
            account=mapping.account or _account(before),
        ),
        notes,
    )


def _values(rows: list[_Row], header: Header, column: Column) -> list[str]:
    return [
        row.cells[at]
        for at in header.places.get(column, ())
        for row in rows
        if at < len(row.cells) and row.cells[at]
    ]


def _decimal_mark(columns: dict[Column, list[str]]) -> str:
    """Return the mark that fits all amounts; what is no amount is refused in its row, later."""
    written = []
    for column in (Column.AMOUNT, Column.DEBIT, Column.CREDIT):
        for value in columns[column]:
            found = figures.written(value)
            if found is not None:
                written.append(found.figures)
    mark = figures.decimal_mark(written)
    if mark is None:
        example = shown(next((each for each in written if "," in each or "." in each), ""))
        what = f"Amounts such as {example} may be read in two ways. Say the decimal mark in the mapping."
        raise refused("", what)
    return mark


def _account(before: list[_Row]) -> str:
    """Return the IBAN that stands above the header, if it is one."""
    cells = [cell for row in before for cell in row.cells]
    found = {iban for cell in cells if (iban := find_iban(cell))}
    return found.pop() if len(found) == 1 else ""


def _header(text: str, mapping: Mapping) -> tuple[str, int, Header]:
    """Return the delimiter, the row of the header, and what it means; the row of most known names."""
    if mapping.is_counted:
        places = {column: (int(place) - 1,) for column, place in mapping.columns.items()}
        counted = Header(places, 0, "", day_first=False)
        if not counted.is_usable or min(each for (each,) in places.values()) < 0:
            raise refused("", "The mapping names no column of the day, or none of the amount.")
        return mapping.delimiter or _widest(text), 0, counted
    head = "\n".join(text.split("\n", _HEAD_LINES)[:_HEAD_LINES])
    best: tuple[int, str, int, Header] | None = None
    for delimiter in [mapping.delimiter] if mapping.delimiter else _DELIMITERS:
        for at, row in enumerate(_leniently(head, delimiter)):
            header = recognised(row, mapping)
            known_names = sum(len(each) for each in header.places.values())
            if header.is_usable and (best is None or known_names > best[0]):
                best = (known_names, delimiter, at, header)
    if best is None:
        raise refused("", _no_header(mapping))
    _, delimiter, at, header = best
    missing = [name for column, name in mapping.columns.items() if column not in header.places]
    if missing:
        raise refused("", f"There is no column {shown(str(missing[0]))}, which the mapping names.")
    return delimiter, at, header


def _no_header(mapping: Mapping) -> str:
    if mapping.columns:
        return "No row has the columns of the mapping, with a day and an amount."
    return (
        "The file is no camt.053 and no MT940, and as CSV it has no header with a day and an amount "
        "that is known. Say in a mapping which column is which."
    )


def _widest(text: str) -> str:
    """Return the delimiter of a file without a header: the one that cuts its first line most."""
    first = text.lstrip("\n").partition("\n")[0]
    return max(_DELIMITERS, key=first.count)


def _leniently(head: str, delimiter: str) -> list[list[str]]:
    """Return the first rows; what is broken in them is refused when the whole file is read."""
    rows: list[list[str]] = []
    with contextlib.suppress(csv.Error):
        rows.extend(csv.reader(io.StringIO(head), delimiter=delimiter))
    return [row if len(row) <= _CELLS_MAX else [] for row in rows]


def _rows(text: str, delimiter: str) -> list[_Row]:
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    rows: list[_Row] = []
    try:
        for cells in reader:
            if len(cells) > _CELLS_MAX:
                raise refused(f"line {reader.line_num}", f"A row has more than {_CELLS_MAX} cells.")
            if len(rows) > ENTRIES_MAX + NOTES_MAX:
                what = f"The file has more than {ENTRIES_MAX:,} entries."
                raise refused(f"line {reader.line_num}", what)
            rows.append(_Row(reader.line_num, [_bare(cell) for cell in cells]))
    except csv.Error as wrong:
        raise refused(f"line {reader.line_num}", f"The CSV is broken: {wrong}.") from None
    return rows


def _bare(cell: str) -> str:
    """Return a cell without spaces around it, and without Excel's way to keep a number a text."""
    told = cell.strip()
    excel = _EXCEL_TEXT.fullmatch(told)
    return excel[1].strip() if excel else told


# Rows ------------------------------------------------------------------------------------------------


def _entry(table: _Table, row: _Row) -> Entry | Note:
    """Return what a row says, or a note why it is no entry, or refuse it."""
    booked = table.cell(row, Column.BOOKED_ON)
    status = table.cell(row, Column.STATUS)
    if status and " ".join(figures.words(status)) not in _BOOKED:
        return Note(row.where, f"Not booked: {shown(status)}.")
    written = _written(table, row)
    if written is None or not figures.looks_like_a_day(booked):
        what = "no amount" if written is None else f"no day but {shown(booked)}"
        return Note(row.where, f"The row has {what}: it is no entry.")
    _refuse_width(table, row)
    booked_on = figures.day(booked, table.order, row.where)
    amount, unit = written
    if amount is None:
        return Note(row.where, "Information that moves nothing on the account.")
    if not amount:
        return Note(row.where, "An entry of nothing: information.")
    currency = _currency(table, row, unit)
    return _made(table, row, booked_on, checked_amount(amount, currency, row.where), currency)


def _refuse_width(table: _Table, row: _Row) -> None:
    """Refuse a row that was cut off, or that has a delimiter too many in a text."""
    width = table.header.width
    if width and len(row.cells) < width:
        raise refused(row.where, f"The row has {len(row.cells)} cells, the header {width}.")
    if width and any(row.cells[width:]):
        raise refused(row.where, f"The row has more cells than the header, which has {width}.")


def _made(table: _Table, row: _Row, booked_on: date, amount: Decimal, currency: str) -> Entry:
    valued = table.cell(row, Column.VALUE_ON)
    came = amount > 0
    name = table.cell(row, Column.NAME) or table.cell(
        row, Column.DEBTOR if came else Column.CREDITOR
    )
    other = table.cell(row, Column.OTHER_ACCOUNT) or table.cell(
        row, Column.DEBTOR_ACCOUNT if came else Column.CREDITOR_ACCOUNT
    )
    instructed, code = _instructed(table, row, currency)
    return Entry(
        booked_on=booked_on,
        value_on=figures.day(valued, table.order, row.where) if valued else booked_on,
        amount=amount,
        currency=currency,
        account=compact(table.cell(row, Column.ACCOUNT).lstrip("'")) or compact(table.account),
        payer_name=tidy(name, row.where),
        payer_account=compact(other.lstrip("'")),
        text=tidy(table.cell(row, Column.TEXT), row.where),
        structured_reference=known(compact(table.cell(row, Column.STRUCTURED))),
        end_to_end_id=known(tidy(table.cell(row, Column.END_TO_END), row.where)),
        reference=known(tidy(table.cell(row, Column.REFERENCE), row.where)),
        kind=tidy(table.cell(row, Column.KIND), row.where),
        instructed_amount=instructed,
        instructed_currency=code,
    )


def _written(table: _Table, row: _Row) -> tuple[Decimal | None, str] | None:
    """Return the signed amount of a row and the unit beside it; None without any amount.

    The amount itself is None where the row says that it moves nothing.
    """
    told = table.cell(row, Column.AMOUNT)
    if told:
        found = figures.amount_as_written(told, row.where)
        return _directed(table, row, figures.exact(found, table.mark, row.where)), found.unit
    sides = [
        (sign, figures.amount_as_written(value, row.where))
        for sign, column in ((-1, Column.DEBIT), (1, Column.CREDIT))
        if (value := table.cell(row, column))
    ]
    exact = [
        (sign * abs(figures.exact(found, table.mark, row.where)), found) for sign, found in sides
    ]
    moved = [(amount, found) for amount, found in exact if amount]
    if len(moved) > 1:
        raise refused(row.where, "The row has a debit and a credit.")
    if not exact:
        return None
    amount, found = (moved or exact)[0]
    # A credit that is written with a minus takes one back.
    return (-abs(amount) if amount > 0 and found.negative else amount), found.unit


def _directed(table: _Table, row: _Row, amount: Decimal) -> Decimal | None:
    """Return the amount with the sign that a column of directions gives it."""
    if Column.DIRECTION not in table.header.places:
        return amount
    told = table.cell(row, Column.DIRECTION)
    word = " ".join(figures.words(told)) or told.lower()
    if word in _MEMO:
        return None
    if word not in _OUT | _IN or (word in _IN and amount < 0):
        what = f"{shown(told)} does not say whether {amount} came in or went out."
        raise refused(row.where, what)
    return -abs(amount) if word in _OUT else amount


def _currency(table: _Table, row: _Row, unit: str) -> str:
    told = table.cell(row, Column.CURRENCY).upper() or table.currency.upper()
    beside = unit if len(unit) == 3 else {"€": "EUR", "£": "GBP"}.get(unit, "")  # noqa: PLR2004 - a code
    beside = beside if beside.isascii() and beside.isupper() else ""
    if told and beside and told != beside:
        raise refused(row.where, f"The row is in {shown(told)}, its amount in {beside}.")
    found = told or beside
    if not found:
        raise refused(row.where, "The file does not say its currency. Say it in the mapping.")
    return found


def _instructed(table: _Table, row: _Row, currency: str) -> tuple[Decimal | None, str]:
    """Return what the payer sent in another currency; what cannot be read of it is left out."""
    code = table.cell(row, Column.INSTRUCTED_CURRENCY).upper()
    found = figures.written(table.cell(row, Column.INSTRUCTED))
    if not code or code == currency or found is None:
        return None, ""
    mark = figures.decimal_mark([found.figures])
    if mark is None:
        return None, ""
    return abs(figures.exact(found, mark, row.where)), code
