"""Reversing a burn: credits go back to the grants that they came from, once.

Units: credits are exact Decimals.
Sources: BILLING.md, "Credits", "Usage" ("Corrections").
"""

from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from usance.core.credits import Transaction, TransactionKind
from usance.core.decisions import granting, lifecycle
from usance.core.draft import Draft
from usance.core.ids import GrantId
from usance.core.outcome import Outcome
from usance.core.refusals import Code, Refusal
from usance.core.snapshot import Snapshot

ZERO: Final = Decimal(0)


def reverse_burn(
    before: Snapshot,
    burn: Transaction,
    *,
    is_reversed: bool,
    corrected: Decimal,
    reason: str | None,
    now: datetime,
    seed: UUID,
) -> Outcome:
    """Give back what a burn took, and owe less where it was overdrawn.

    What corrections of its event have taken off it, `corrected` credits, is not given back again.
    Refusals, in this order: not_reversible (not a burn), already_reversed.
    """
    if burn.kind is not TransactionKind.BURN:
        raise Refusal(Code.NOT_REVERSIBLE, f"Only a BURN can be reversed, not a {burn.kind.value}.")
    if is_reversed:
        raise Refusal(Code.ALREADY_REVERSED, "The transaction has been reversed already.")

    # Nothing can be refused from here on.
    draft = Draft(before, now=now, seed=seed)
    back, owed = parts_back(draft, burn, start=corrected, end=-burn.amount)
    granting.move(
        draft,
        burn.pool_id,
        TransactionKind.REVERSAL,
        back,
        overdraft=-owed,
        reverses=burn.id,
        reason=reason,
    )
    lifecycle.conclude(draft)
    return draft.outcome()


def parts_back(
    draft: Draft, burn: Transaction, *, start: Decimal, end: Decimal
) -> tuple[list[tuple[GrantId, Decimal]], Decimal]:
    """Return what goes back to which grant, and what is owed less, of a part of a burn.

    The part goes from `start` to `end` credits, counted from what was taken last: a burn of less would
    have owed less, then have taken less of the last grant, and so on. A grant that has expired since
    stays expired, and what was owed and is repaid stays repaid: that is not given back.
    """
    took = [(grant_id, -amount) for grant_id, amount in burn.taken]
    overdrawn = -burn.amount - sum((amount for _, amount in took), ZERO)
    owed = max(ZERO, min(end, overdrawn) - start)
    back: list[tuple[GrantId, Decimal]] = []
    reached = overdrawn
    for grant_id, amount in reversed(took):
        part = min(end, reached + amount) - max(start, reached)
        reached += amount
        expires_at = draft.grants[grant_id].expires_at
        if part > 0 and (expires_at is None or draft.now < expires_at):
            back.append((grant_id, part))
    return back[::-1], min(owed, draft.pools[burn.pool_id].overdraft)
