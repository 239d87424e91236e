"""`usance parked`, `usance unpark`: subscriptions set aside because a step failed."""

from typing import Annotated
from uuid import UUID

import typer

from usance.actions import operations
from usance.cli import database, tables


def parked() -> None:
    """List the subscriptions that a failed step has set aside, with the reason."""
    tables.show(
        ("Id", "Customer", "Since", "Failures", "Next try", "Reason"),
        [
            (
                str(one.subscription_id),
                one.customer_reference,
                one.parked_at.isoformat(timespec="seconds"),
                str(one.failures),
                "on your word"
                if one.retry_at is None
                else one.retry_at.isoformat(timespec="seconds"),
                one.reason,
            )
            for one in database.run(operations.parked)
        ],
    )


def unpark(
    subscription_id: Annotated[UUID, typer.Argument(help="As `usance parked` lists it.")],
) -> None:
    """Let a parked subscription go on: its missed steps are taken in order."""
    database.run(lambda tx: operations.unpark(tx, subscription_id))
    print(f"{subscription_id} goes on.")
