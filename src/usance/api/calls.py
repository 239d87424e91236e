"""Calls: what the frame of `actions/commands.py` needs to know of an HTTP request.

A route takes `call: Command` if it changes something, `call: Reading` if it only looks.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Self, TypeAlias

from fastapi import Depends, Request

from usance import clock
from usance.actions import advance
from usance.actions.commands import Call
from usance.api import idempotency
from usance.core.ids import CustomerId
from usance.store.db import Db


@dataclass(frozen=True, slots=True)
class HttpCall(Call):
    """A call with what carries it out."""

    db: Db

    def at_present(self) -> Self:
        """Return the call as of now: after work that took long, nothing is to be recorded in the past."""
        return replace(self, now=self.account.now(clock.real_now()))

    async def catch_up(self, customer_id: CustomerId) -> None:
        """Perform the customer's steps that are due at the call's instant."""
        await advance.catch_up(self.db, self.account, customer_id, self.now)

    async def settle_account(self) -> None:
        """Perform what is due in the account, before a list of all that is in it."""
        await advance.settle_account(self.db, self.account, self.now)


def command(request: Request) -> HttpCall:
    """Return the call of a request that changes something, with its Idempotency-Key."""
    return _call(request, is_keyed=True)


def reading(request: Request) -> HttpCall:
    """Return the call of a request that only looks."""
    return _call(request, is_keyed=False)


def _call(request: Request, *, is_keyed: bool) -> HttpCall:
    account = request.state.account
    return HttpCall(
        account=account,
        now=account.now(clock.real_now()),
        seed=clock.seed(),
        keyed=idempotency.keyed(request, request.state.raw_body) if is_keyed else None,
        db=request.app.state.db,
    )


Command: TypeAlias = Annotated[HttpCall, Depends(command)]
Reading: TypeAlias = Annotated[HttpCall, Depends(reading)]
