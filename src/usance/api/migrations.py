"""The routes of migrations: live subscriptions moved to their plan's newest version."""

from typing import Annotated, Final, TypeAlias
from uuid import UUID

from fastapi import Path, Response

from usance.actions import migrations
from usance.api import routes
from usance.api.answers import Many, One, answer, listing
from usance.api.bodies import Shape
from usance.api.calls import Command, Reading
from usance.api.fields import Number, PathReference
from usance.api.pages import Paging
from usance.api.routes import refuses
from usance.core.refusals import Code

router: Final = routes.router("Plans")

PlanInPath: TypeAlias = Annotated[PathReference, Path(alias="key")]


class MoveShape(Shape):
    """What a migration would do to a subscription: its next invoice under either version."""

    subscription_id: UUID
    customer_reference_id: str
    from_version: int
    to_version: int
    currency: str
    next_invoice_before: Number | None
    next_invoice_after: Number | None


class ScheduledShape(Shape):
    """How many subscriptions move at their next boundary. `customersLeft`: call again for them."""

    to_version: int
    subscriptions: int
    customers_left: int


@router.get(
    "/plans/{key}/migrations",
    response_model=Many[MoveShape],
    responses=refuses(Code.PLAN_NOT_FOUND),
)
async def preview_migration(key: PlanInPath, call: Reading, page: Paging) -> Response:
    """Show what moving all subscriptions to the newest version would do; pages are of customers."""
    return await listing(
        call,
        page,
        lambda tx: migrations.preview(tx, call, key, limit=page.limit, offset=page.offset),
        _move,
    )


@router.post(
    "/plans/{key}/migrations",
    response_model=One[ScheduledShape],
    responses=refuses(Code.PLAN_NOT_FOUND),
)
async def run_migration(key: PlanInPath, call: Command) -> Response:
    """Move subscriptions on older versions to the newest, each at its next boundary.

    A subscription with a pending plan change is left to it. Up to 500 customers a call.
    """
    return await answer(call, lambda tx: migrations.schedule(tx, call, key), _scheduled)


def _move(shown: migrations.Shown) -> MoveShape:
    move = shown.move
    return MoveShape(
        subscription_id=move.subscription.id,
        customer_reference_id=shown.customer_reference,
        from_version=move.old.number,
        to_version=shown.newest.number,
        currency=shown.newest.terms.currency,
        next_invoice_before=move.before,
        next_invoice_after=move.after,
    )


def _scheduled(done: migrations.Scheduled) -> ScheduledShape:
    return ScheduledShape(
        to_version=done.newest.number,
        subscriptions=done.subscriptions,
        customers_left=done.customers_left,
    )
