"""Entitlements: whether a customer may use a feature, answered from facts, writing nothing."""

from dataclasses import dataclass
from datetime import datetime

from usance.actions import ledger
from usance.actions.commands import Call
from usance.core import entitlements
from usance.core.accounts import Mode
from usance.core.decisions import advance
from usance.core.entitlements import Entitlement, Question
from usance.core.snapshot import Snapshot
from usance.store import snapshot
from usance.store.db import Tx
from usance.store.snapshot import Named


@dataclass(frozen=True, slots=True)
class Answered:
    """An entitlement, and whose it is."""

    entitlement: Entitlement
    customer_reference: str


async def check(tx: Tx, call: Call, reference: str, question: Question) -> Answered:
    """Answer one question; an unknown customer is refused, an unknown feature is a no."""
    facts, now = await _facts(tx, call, reference)
    return Answered(entitlements.check(facts, question, now), facts.customer.reference)


async def every(tx: Tx, call: Call, reference: str) -> list[Answered]:
    """Answer for every feature of the customer's plans, by key."""
    facts, now = await _facts(tx, call, reference)
    return [
        Answered(entitlements.check(facts, Question(key), now), facts.customer.reference)
        for key in entitlements.features_of(facts)
    ]


async def _facts(tx: Tx, call: Call, reference: str) -> tuple[Snapshot, datetime]:
    """Return the customer's facts as if every step that is due had been taken."""
    customer = await ledger.customer_of(tx, call, reference)
    now = ledger.instant(call, customer)
    usage_only = Named(usage_only=True)
    facts = await snapshot.of_customer(tx, call.account, customer, now=now, named=usage_only)
    if advance.first_due(facts, now) is None:
        return facts, now
    facts = await snapshot.of_customer(tx, call.account, customer, now=now)
    return advance.brought_to(facts, now, own_time=call.account.mode is Mode.TEST), now
