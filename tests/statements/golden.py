"""Statement files of many banks, and each as a text that a person can check against the file."""

from pathlib import Path

from usance.statements.entries import Entry, Statement

FILES = Path(__file__).parent / "files"


def told(statement: Statement) -> str:
    """Return a statement as text: an entry in lines of its own, what is empty left out."""
    lines = [f"{statement.format}"]
    for entry in statement.entries:
        lines += ["", *_lines(entry)]
    lines += ["", *(f"note  {note.where}: {note.text}" for note in statement.notes)]
    return "\n".join(lines).rstrip() + "\n"


def _lines(entry: Entry) -> list[str]:
    days = f"{entry.booked_on}"
    if entry.value_on != entry.booked_on:
        days += f" (value {entry.value_on})"
    back = " takes an earlier entry back" if entry.reversal else ""
    instructed = (
        entry.instructed_amount and f"{entry.instructed_amount} {entry.instructed_currency}"
    )
    said = {
        "account": entry.account,
        "payer": entry.payer_name,
        "from": entry.payer_account,
        "text": entry.text,
        "structured": entry.structured_reference,
        "end to end": entry.end_to_end_id,
        "reference": entry.reference,
        "kind": entry.kind,
        "instructed": instructed,
    }
    head = f"{entry.amount:+} {entry.currency} on {days}{back}"
    return [head, *(f"  {name}: {value}" for name, value in said.items() if value)]
