"""Batches: rows of many outcomes written by one statement, whoever they belong to.

Units: an entry is one customer's outcome, decided at its `now`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from usance.core.accounts import Account
from usance.core.ids import CustomerId
from usance.core.outcome import Outcome
from usance.store.db import Tx

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be written about one locked customer."""

    account: Account
    customer_id: CustomerId
    outcome: Outcome
    now: datetime


async def many(
    tx: Tx,
    statement: str,
    entries: Sequence[Entry],
    select: Callable[[Outcome], Iterable[T]],
    columns: Callable[[T], tuple[object, ...]],
) -> None:
    """Run a statement that takes a list for each column, for the rows selected of every entry.

    The first two columns are the account's and the customer's ids. Without rows nothing is sent.
    """
    rows = [
        (entry.account.id, entry.customer_id, *columns(value))
        for entry in entries
        for value in select(entry.outcome)
    ]
    if rows:
        await tx.execute(statement, *map(list, zip(*rows, strict=True)))
