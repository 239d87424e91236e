"""What a ledger in memory knows of the events that are to be corrected, as the store reads it."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from usance.core.credits import Transaction, TransactionKind
from usance.core.decisions import correct
from usance.core.decisions.correct import Corrected
from usance.core.metering import UsageEvent


def corrected(
    events: Iterable[UsageEvent], transactions: Iterable[Transaction]
) -> Mapping[str, Corrected]:
    """All events by key, with their burns and what was taken off them."""
    events, transactions = list(events), list(transactions)
    burns = {
        one.event_id: one
        for one in transactions
        if one.event_id is not None and one.kind is TransactionKind.BURN
    }
    reversed_ = {one.reverses for one in transactions if one.kind is TransactionKind.REVERSAL}
    off: dict[object, Decimal] = {}
    for event in events:
        if event.corrects is not None:
            of = event.corrects.event_id
            off[of] = off.get(of, Decimal(0)) + event.corrects.units
    found = {}
    for event in events:
        burn = burns.get(event.id)
        found[event.key] = correct.recorded(
            event,
            units_off=off.get(event.id, Decimal(0)),
            burn=burn,
            is_reversed=burn is not None and burn.id in reversed_,
        )
    return found


def credits_off(events: Iterable[UsageEvent], burn: Transaction) -> Decimal:
    """What corrections have taken off a burn."""
    return sum(
        (
            event.corrects.credits
            for event in events
            if event.corrects is not None and event.corrects.event_id == burn.event_id
        ),
        Decimal(0),
    )
