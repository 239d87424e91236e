"""Tables: drawn for a terminal, tab-separated for a program."""

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table


def show(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print the rows under their columns to standard output."""
    console = Console(highlight=False)
    if not console.is_terminal:
        for row in rows:
            print(*row, sep="\t")
        return
    table = Table(box=box.SIMPLE_HEAD)
    for column in columns:
        # Ids are there to be copied: a narrow terminal cuts the words instead.
        table.add_column(column, no_wrap=column == "Id", min_width=36 if column == "Id" else None)
    for row in rows:
        table.add_row(*row)
    console.print(table)
