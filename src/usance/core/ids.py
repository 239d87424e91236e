"""Ids: UUIDs of version 7, derived and never drawn, so that the core stays deterministic.

An id is a function of an instant and of what the thing is. A command draws one random *seed* (in
`usance.clock`) and derives the ids of all it creates from it; a step that time alone decides
derives them from the subscription and the period, so a worker, a read and a second worker all
name the same invoice alike.

Sources: RFC 9562 for the layout; BILLING.md, "Natural identities".
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import NewType
from uuid import UUID

AccountId = NewType("AccountId", UUID)
CustomerId = NewType("CustomerId", UUID)
FeatureId = NewType("FeatureId", UUID)
PlanId = NewType("PlanId", UUID)
VersionId = NewType("VersionId", UUID)
SubscriptionId = NewType("SubscriptionId", UUID)
InvoiceId = NewType("InvoiceId", UUID)
PaymentId = NewType("PaymentId", UUID)
CreditNoteId = NewType("CreditNoteId", UUID)
PoolId = NewType("PoolId", UUID)
GrantId = NewType("GrantId", UUID)
TransactionId = NewType("TransactionId", UUID)
EventId = NewType("EventId", UUID)
HoldId = NewType("HoldId", UUID)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def derived(at: datetime, seed: UUID | str, *names: object) -> UUID:
    """Return the UUIDv7 of the thing called `names` under `seed`, stamped with the instant `at`.

    The same arguments always give the same id; other names give other ids.

    >>> at = datetime(2027, 1, 31, tzinfo=UTC)
    >>> derived(at, "s", "invoice", 0) == derived(at, "s", "invoice", 0)
    True
    >>> derived(at, "s", "invoice", 0).version
    7
    """
    milliseconds = (at - _EPOCH) // _MILLISECOND
    assert 0 <= milliseconds < 1 << 48, "an id's instant lies between 1970 and 10889"
    digest = hashlib.sha256("\x1f".join([str(seed), *map(str, names)]).encode()).digest()
    tail = int.from_bytes(digest[:10], "big")
    high = tail >> 68 & 0xFFF
    low = tail & ((1 << 62) - 1)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)


def of_millisecond(one: UUID) -> tuple[UUID, UUID]:
    """Return the first and the last id that can bear the instant of this one, to the millisecond.

    >>> first, last = of_millisecond(derived(datetime(2027, 1, 31, tzinfo=UTC), "s", "event"))
    >>> first < derived(datetime(2027, 1, 31, tzinfo=UTC), "s", "transaction") < last
    True
    """
    milliseconds = one.int >> 80
    return UUID(int=milliseconds << 80), UUID(int=(milliseconds + 1 << 80) - 1)


def of_part(whole: UUID, position: int) -> UUID:
    """Return the id of a numbered part of a document: of version 7, with the document's instant.

    >>> of_part(UUID(int=0), 1) == of_part(UUID(int=0), 1) != of_part(UUID(int=0), 2)
    True
    """
    digest = hashlib.sha256(f"{whole}\x1f{position}".encode()).digest()
    tail = int.from_bytes(digest[:10], "big")
    low = tail & ((1 << 62) - 1)
    return UUID(
        int=whole.int >> 80 << 80 | 0x7 << 76 | (tail >> 68 & 0xFFF) << 64 | 0b10 << 62 | low
    )
