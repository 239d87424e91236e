"""Kept snapshots: what was read about customers for usage, still true while their revisions stand.

Every change of a customer, and of what it owns, counts up the revision in the customer's row, in the
same transaction. So whoever reads or locks that row knows whether a snapshot read before is the one
that would be read now, and need not read it again. What is kept is never trusted without that.

Units: the bound is a number of customers.
Sources: docs/decisions/0008.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, TypeAlias

from usance.core.accounts import Account
from usance.core.customers import Customer
from usance.core.ids import AccountId, CustomerId
from usance.core.snapshot import Snapshot

_Key: TypeAlias = tuple[AccountId, CustomerId]

CUSTOMERS_MAX: Final = 20_000


class Kept:
    """Snapshots of one process, those used last; the rest is read again when it is needed."""

    def __init__(self, most: int = CUSTOMERS_MAX) -> None:
        self._most = most
        self._snapshots: OrderedDict[_Key, Snapshot] = OrderedDict()

    def get(self, account: Account, customer: Customer) -> Snapshot | None:
        """Return the snapshot that would be read now of a customer whose row was just read, or None."""
        key = (account.id, customer.id)
        kept = self._snapshots.get(key)
        if kept is None or kept.customer.revision != customer.revision:
            return None
        if kept.account.catalog_version != account.catalog_version:
            return None
        self._snapshots.move_to_end(key)
        if kept.account == account:
            return kept
        # A setting or the clock is another: that is not the customer's.
        return replace(kept, account=account)

    def put(self, snapshots: Iterable[Snapshot]) -> None:
        """Keep snapshots as of their customers' revisions, once what they show is committed."""
        for snapshot in snapshots:
            key = (snapshot.account.id, snapshot.customer.id)
            kept = self._snapshots.get(key)
            if kept is not None and kept.customer.revision > snapshot.customer.revision:
                continue
            self._snapshots[key] = snapshot
            self._snapshots.move_to_end(key)
        while len(self._snapshots) > self._most:
            self._snapshots.popitem(last=False)
