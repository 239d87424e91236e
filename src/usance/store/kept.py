"""Kept snapshots: what was read about customers for usage, still true while their revisions stand.

Every change of a customer, and of what it owns, counts up the revision in the customer's row, in the
same transaction. So whoever reads or locks that row knows whether a snapshot read before is the one
that would be read now, and need not read it again. What is kept is never trusted without that.

Units: the bound is a number of customers.
Sources: docs/decisions/0008.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Generic, TypeAlias, TypeVar

from usance.core.accounts import Account
from usance.core.decisions import due
from usance.core.entitlements import Entitlement, Question
from usance.core.ids import AccountId, CustomerId
from usance.core.snapshot import Snapshot
from usance.core.values import replace
from usance.store.customers import Mark

_Key: TypeAlias = tuple[AccountId, CustomerId]

CUSTOMERS_MAX: Final = 20_000
_ANSWERS_MAX: Final = 16

_Shown = TypeVar("_Shown")


@dataclass(slots=True)
class Steady(Generic[_Shown]):
    """An answer that time does not change before `until` (None: never); only its `as_of` moves on.

    `shown` is what a door has made of it, kept for the next time.
    """

    entitlement: Entitlement
    until: datetime | None
    shown: _Shown | None = None


@dataclass(slots=True)
class Standing:
    """A customer's snapshot, when its first step is due (None: never), and answers made from it."""

    facts: Snapshot
    due_at: datetime | None
    answers: dict[Question, Steady[tuple[bytes, bytes]]] = field(default_factory=dict)

    def is_due(self, now: datetime) -> bool:
        """Whether a step of the customer is due at `now`, so that nothing may be decided before."""
        return self.due_at is not None and self.due_at <= now

    def keep(self, question: Question, answer: Steady[tuple[bytes, bytes]]) -> None:
        """Keep an answer; the questions asked are few, and else they begin anew."""
        if len(self.answers) >= _ANSWERS_MAX:
            self.answers.clear()
        self.answers[question] = answer


class Kept:
    """What one process keeps: the customers used last; the rest is read again when it is needed."""

    def __init__(self, most: int = CUSTOMERS_MAX) -> None:
        self._most = most
        self._standings: OrderedDict[_Key, Standing] = OrderedDict()

    def get(self, account: Account, mark: Mark) -> Standing | None:
        """Return what would be read now of a customer whose mark was just read, if it is kept."""
        key = (account.id, mark.id)
        kept = self._standings.get(key)
        if kept is None or kept.facts.customer.revision != mark.revision:
            return None
        if kept.facts.account.catalog_version != account.catalog_version:
            return None
        self._standings.move_to_end(key)
        if kept.facts.account != account:
            # The clock was moved, or a setting is another: that is not the customer's.
            facts = replace(kept.facts, account=account)
            kept = Standing(facts, due.next_in(facts))
            self._standings[key] = kept
        return kept

    def put(self, standings: Iterable[Standing]) -> None:
        """Keep what was read, or what is committed, as of its customer's revision."""
        for standing in standings:
            facts = standing.facts
            key = (facts.account.id, facts.customer.id)
            kept = self._standings.get(key)
            if kept is not None and kept.facts.customer.revision > facts.customer.revision:
                continue
            self._standings[key] = standing
            self._standings.move_to_end(key)
        while len(self._standings) > self._most:
            self._standings.popitem(last=False)
