"""Reversing a burn: credits go back to the grants that they came from, once.

Sources: BILLING.md, "Credits".
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from usance.core.credits import Transaction, TransactionKind
from usance.core.decisions import granting, lifecycle
from usance.core.draft import Draft
from usance.core.outcome import Outcome
from usance.core.refusals import Code, Refusal
from usance.core.snapshot import Snapshot


def reverse_burn(
    before: Snapshot,
    burn: Transaction,
    *,
    is_reversed: bool,
    reason: str | None,
    now: datetime,
    seed: UUID,
) -> Outcome:
    """Give back what a burn took, and owe less where it was overdrawn.

    A grant that has expired since stays expired: its part is not given back. Refusals, in this
    order: not_reversible (not a burn), already_reversed.
    """
    if burn.kind is not TransactionKind.BURN:
        raise Refusal(Code.NOT_REVERSIBLE, f"Only a BURN can be reversed, not a {burn.kind.value}.")
    if is_reversed:
        raise Refusal(Code.ALREADY_REVERSED, "The transaction has been reversed already.")

    # Nothing can be refused from here on.
    draft = Draft(before, now=now, seed=seed)
    back = []
    for grant_id, amount in burn.taken:
        grant = draft.grants[grant_id]
        if grant.expires_at is None or now < grant.expires_at:
            back.append((grant_id, -amount))
    owed = -burn.amount - sum((-amount for _, amount in burn.taken), Decimal(0))
    granting.move(
        draft,
        burn.pool_id,
        TransactionKind.REVERSAL,
        back,
        overdraft=-min(owed, draft.pools[burn.pool_id].overdraft),
        reverses=burn.id,
        reason=reason,
    )
    lifecycle.conclude(draft)
    return draft.outcome()
