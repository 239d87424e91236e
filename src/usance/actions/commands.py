"""The frame of every call: one transaction, an answer kept under the caller's key, due steps first.

`run` is for what changes something, `read` for what only looks.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias, TypeVar
from uuid import UUID

from usance.core.accounts import Account
from usance.core.ids import AccountId, CustomerId
from usance.core.refusals import Code, Refusal
from usance.store import idempotency
from usance.store.db import CONSTRAINTS, Db, Tx

T = TypeVar("T")

# A call that still meets a due step after so many rounds is racing with something that moves time.
ROUNDS_MAX: Final = 10

# Broken invariants are our mistakes, and so is what the database does not take: nothing is kept.
OURS: Final = (AssertionError, ArithmeticError, LookupError, ValueError, TypeError)
UNWRITABLE: Final = (*OURS, *CONSTRAINTS)


@dataclass(frozen=True, slots=True)
class Keyed:
    """The caller's Idempotency-Key, bound to what it was sent with; both are SHA-256."""

    identity: bytes  # of method, path, query and key
    fingerprint: bytes  # of the body


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks, and when. Ids of what the call creates are derived from `seed`."""

    account: Account
    now: datetime  # by the account's clock
    seed: UUID
    keyed: Keyed | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the caller; `replayed` if it was given before."""

    status: int
    body: bytes
    replayed: bool


class StepsDue(Exception):  # noqa: N818 - not an error: time has decided something not yet written
    """Raised by work that meets a passed boundary: the steps of this customer come first."""

    def __init__(self, customer_id: CustomerId) -> None:
        super().__init__(customer_id)
        self.customer_id = customer_id


# Performs what is due for the customer at the call's instant, each step its own transaction.
CatchUp: TypeAlias = Callable[[CustomerId], Awaitable[None]]


async def run(
    db: Db,
    call: Call,
    work: Callable[[Tx], Awaitable[T]],
    render: Callable[[T], tuple[int, bytes]],
    catch_up: CatchUp,
) -> Answer:
    """Return the answer to the call: the effect of `work`, kept with it under the caller's key.

    Refused with `idempotency_in_flight` while the same call is at work elsewhere, and with
    `idempotency_conflict` if the key was used with another body. What `work` refuses is not kept,
    so the call may be tried again under its key.
    """
    return await _caught_up(lambda: db.run(lambda tx: _once(tx, call, work, render)), catch_up)


async def kept(db: Db, call: Call) -> Answer | None:
    """Return the answer that the call was given before under its key, or None: before costly work.

    Refused with `idempotency_conflict` if the key was used with another body.
    """
    keyed = call.keyed
    if keyed is None:
        return None
    return await db.run(lambda tx: _kept(tx, call.account.id, keyed))


async def read(db: Db, work: Callable[[Tx], Awaitable[T]], catch_up: CatchUp) -> T:
    """Return what `work` reads at one instant."""
    return await _caught_up(lambda: db.read(work), catch_up)


async def perform(db: Db, work: Callable[[Tx], Awaitable[T]], catch_up: CatchUp) -> T:
    """Return what `work` does in a transaction of its own: a part of a call, of which no answer is kept."""
    return await _caught_up(lambda: db.run(work), catch_up)


async def _caught_up(attempt: Callable[[], Awaitable[T]], catch_up: CatchUp) -> T:
    for _ in range(ROUNDS_MAX):
        try:
            return await attempt()
        except StepsDue as due:
            customer_id = due.customer_id
        await catch_up(customer_id)
    raise steps_still_due()


def steps_still_due() -> Refusal:
    """Return the refusal of a call that met one due step after another."""
    return Refusal(Code.UNAVAILABLE, "The customer's due steps are still being taken.")


async def _kept(tx: Tx, account_id: AccountId, keyed: Keyed) -> Answer | None:
    found = await idempotency.find(tx, account_id, keyed.identity)
    if found is None:
        return None
    if found.fingerprint != keyed.fingerprint:
        raise Refusal(
            Code.IDEMPOTENCY_CONFLICT,
            "This Idempotency-Key was used with another body. Take a new key for a new request.",
        )
    return Answer(found.status, found.body, replayed=True)


async def _once(
    tx: Tx,
    call: Call,
    work: Callable[[Tx], Awaitable[T]],
    render: Callable[[T], tuple[int, bytes]],
) -> Answer:
    keyed = call.keyed
    if keyed is None:
        return Answer(*render(await work(tx)), replayed=False)

    if not await idempotency.claim(tx, call.account.id, keyed.identity):
        raise Refusal(
            Code.IDEMPOTENCY_IN_FLIGHT,
            "A request with this Idempotency-Key is being worked on. Send it again in a moment.",
        )
    before = await _kept(tx, call.account.id, keyed)
    if before is not None:
        return before

    status, body = render(await work(tx))
    await idempotency.keep(
        tx,
        call.account.id,
        keyed.identity,
        idempotency.Kept(keyed.fingerprint, status, body),
        kept_at=call.account.real(call.now),
    )
    return Answer(status, body, replayed=False)
