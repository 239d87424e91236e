"""camt.053: the statement of ISO 20022, of any version.

Only what is booked becomes an entry. A batch is split into its payments where each says its own
amount and together they make the sum. camt.052 and camt.054 tell of the same bookings, earlier and
in other words: they are refused, as an entry would be read twice.

Sources: docs/statements.md, "camt.053"; ISO 20022, BankToCustomerStatement.
"""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import count
from typing import Final

from usance.statements import tree
from usance.statements.camt_details import Booking, Detail, booking, detail
from usance.statements.entries import (
    ENTRIES_MAX,
    Entry,
    Format,
    Note,
    Statement,
    compact,
    refused,
    shown,
)
from usance.statements.tree import Node

_SPACE: Final = re.compile(r".*\bcamt\.053\.001\.\d\d", re.ASCII)
_STATEMENTS: Final = "BkToCstmrStmt"
# What else a bank sends in the same look.
_OTHERS: Final = {
    "BkToCstmrAcctRpt": "a camt.052, which tells of the day before it is over",
    "BkToCstmrDbtCdtNtfctn": "a camt.054, which tells of single bookings once more",
    "CstmrCdtTrfInitn": "a pain.001, an order to a bank",
    "CstmrDrctDbtInitn": "a pain.008, an order to a bank",
    "CstmrPmtStsRpt": "a pain.002, an answer about an order",
}
_DEPTH_OF_DOCUMENT: Final = 5  # envelopes around it


def read(content: bytes) -> Statement:
    """Return the entries of a camt.053 file, or refuse it, naming the line and the element."""
    root = tree.parse(content, {"TxDtls": _counted(detail), "Ntry": _counted(booking)})
    document = _document(root, _DEPTH_OF_DOCUMENT)
    if document is None:
        raise refused(root.where, "The file is XML, but no camt.053 statement.")
    message = document.children[0] if document.children else document
    if message.name != _STATEMENTS:
        what = _OTHERS.get(message.name, f"no statement: {shown(message.name)}")
        raise refused(message.where, f"The file is {what}. Import the camt.053 of the account.")
    if document.namespace and not _SPACE.fullmatch(document.namespace):
        raise refused(document.where, f"{shown(document.namespace)} is not camt.053.")

    entries: list[Entry] = []
    notes: list[Note] = []
    seen: set[tuple[object, ...]] = set()
    for statement in message.every("Stmt"):
        if _repeated(statement, seen):
            notes.append(Note(statement.where, "The statement stands in the file twice."))
            continue
        for node in statement.every("Ntry"):
            _take(node, _account(statement), entries, notes)
        notes.extend(_unbalanced(statement))
    return Statement(Format.CAMT_053, tuple(entries), tuple(notes))


def _counted(unit: Callable[[Node], object]) -> Callable[[Node], object]:
    """Return the reader of a unit that refuses one more than a file may have."""
    counter = count(1)

    def read_next(node: Node) -> object:
        if next(counter) > ENTRIES_MAX:
            raise refused(node.where, f"The file has more than {ENTRIES_MAX:,} entries.")
        return unit(node)

    return read_next


def _document(node: Node, depth: int) -> Node | None:
    """Return the element Document, which may lie in an envelope."""
    if node.name == "Document":
        return node
    if depth == 0:
        return None
    return next((found for each in node.children if (found := _document(each, depth - 1))), None)


def _account(statement: Node) -> str:
    found = statement.text("Acct/Id/IBAN", "Acct/Id/Othr/Id")
    if not found:
        raise refused(statement.where, "The statement does not say whose account it is of.")
    return compact(found)


def _repeated(statement: Node, seen: set[tuple[object, ...]]) -> bool:
    """Whether the statement has come before in this file; two pages of one are two."""
    key = (
        _account(statement),
        statement.text("Id"),
        statement.text("ElctrncSeqNb", "LglSeqNb"),
        statement.text("StmtPgntn/PgNb", "RptPgntn/PgNb"),
        tuple(each.value for each in statement.every("Ntry")),
    )
    found = bool(key[1] or key[2]) and key in seen
    seen.add(key)
    return found


# Entries ---------------------------------------------------------------------------------------------


def _take(node: Node, account: str, entries: list[Entry], notes: list[Note]) -> None:
    """Add the entries of one Ntry, or the note why there is none."""
    found = node.value
    assert isinstance(found, Booking), "an entry is a unit"
    if found.status != "BOOK":
        text = f"Not booked ({shown(found.status)}): {found.amount} {found.currency}."
        notes.append(Note(node.where, text))
        return
    if not found.amount:
        notes.append(Note(node.where, "An entry of nothing: information."))
        return
    if len(found.details) > 1 and not _splits(found):
        text = f"A batch of {len(found.details)} payments stays one entry: they do not tell amounts that make its sum."
        notes.append(Note(node.where, text))
        entries.append(_entry(found, found.amount, _together(found.details), account))
        return
    if len(found.details) > 1:
        parts = [(each, _signed(found, each)) for each in found.details]
        entries.extend(_entry(found, amount, each, account) for each, amount in parts if amount)
        if not all(amount for _, amount in parts):
            notes.append(Note(node.where, "Payments of nothing in a batch: information."))
        return
    said = found.details[0] if found.details else Detail()
    entries.append(_entry(found, found.amount, said, account))
    if found.told_count > 1:
        text = f"A batch of {found.told_count} payments, of which the file gives the sum alone."
        notes.append(Note(node.where, text))


def _splits(found: Booking) -> bool:
    """Whether the payments of a batch each tell an amount, in its currency, that make its sum."""
    if any(each.amount is None or each.currency != found.currency for each in found.details):
        return False
    return sum((_signed(found, each) for each in found.details), Decimal(0)) == found.amount


def _signed(found: Booking, each: Detail) -> Decimal:
    """Return the amount of one payment of a batch; without a sign of its own it has the batch's."""
    assert each.amount is not None, "asked only of a payment with an amount"
    negative = found.amount < 0 if each.is_debit is None else each.is_debit
    return -each.amount if negative else each.amount


def _together(details: tuple[Detail, ...]) -> Detail:
    """Return what the payments of a batch say, as one text."""
    words = [each for one in details for each in (one.structured_reference, one.text) if each]
    return Detail(text=" ".join(dict.fromkeys(words)))


def _entry(found: Booking, amount: Decimal, said: Detail, account: str) -> Entry:
    reversal = found.reversal or said.returned
    # Of a payment that is taken back the parties are named as they were the first time; and not by
    # every bank, so the one whose account is this very account is never the other side.
    debtor = (amount > 0) != reversal
    name, other = said.debtor if debtor else said.creditor
    if (other and other == account) or not (name or other):
        name, other = said.creditor if debtor else said.debtor
    if other == account:
        name, other = "", ""
    instructed = None if said.instructed_currency == found.currency else said.instructed
    return Entry(
        booked_on=found.booked_on,
        value_on=found.value_on,
        amount=amount,
        currency=found.currency,
        account=account,
        payer_name=name,
        payer_account=other,
        text=said.text or found.text,
        structured_reference=said.structured_reference,
        end_to_end_id=said.end_to_end_id,
        reference=said.reference or found.reference,
        kind=" ".join(each for each in (said.kind or found.kind, said.reason) if each),
        reversal=reversal,
        instructed_amount=instructed,
        instructed_currency="" if instructed is None else said.instructed_currency,
    )


# Balances --------------------------------------------------------------------------------------------


def _unbalanced(statement: Node) -> Iterator[Note]:
    """Yield a note when the booked balances contradict the entries between them."""
    told: dict[str, list[tuple[Decimal, str]]] = {}
    for each in statement.every("Bal"):
        code, amount = each.text("Tp/CdOrPrtry/Cd"), each.first("Amt")
        if amount is not None and re.fullmatch(r"\d{1,18}(\.\d{1,5})?", amount.own, re.ASCII):
            sign = -1 if each.text("CdtDbtInd") == "DBIT" else 1
            told.setdefault(code, []).append((sign * Decimal(amount.own), amount.currency))
    opened, closed = told.get("OPBD", told.get("PRCD", [])), told.get("CLBD", [])
    if len(opened) != 1 or len(closed) != 1 or "ITBD" in told:
        return
    booked = [each.value for each in statement.every("Ntry") if isinstance(each.value, Booking)]
    moved = sum((each.amount for each in booked if each.status == "BOOK"), Decimal(0))
    (before, currency), (after, _) = opened[0], closed[0]
    if before + moved != after and all(each.currency == currency for each in booked):
        text = f"The entries make {moved} {currency}, the balances {after - before}."
        yield Note(statement.where, text)
