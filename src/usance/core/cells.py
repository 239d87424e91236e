"""Cells: text in files that a spreadsheet opens, which must not take it for a formula.

Sources: OWASP, "CSV Injection".
"""

from typing import Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def text(value: str | None) -> str:
    """Return a text as a cell: with an apostrophe before it, if it would be a formula.

    >>> text("=HYPERLINK(A1)"), text("RF18 5390"), text(None)
    ("'=HYPERLINK(A1)", 'RF18 5390', '')
    """
    if value is None:
        return ""
    return f"'{value}" if value.startswith(_FORMULA) else value
