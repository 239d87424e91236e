"""The routes of receivables: what is owed and for how long, and statements of account."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Response

from usance.actions import receivables
from usance.actions.receivables import Statement
from usance.api import routes
from usance.api.answers import Many, One, listed, listing, show
from usance.api.bodies import Shape
from usance.api.calls import Reading
from usance.api.fields import Currency, CustomerInPath, Instant, Number
from usance.api.pages import KNOWN_QUERY, Paging
from usance.api.routes import refuses
from usance.core import money
from usance.core.refusals import Code
from usance.store.receivables import Aged, MovementKind

router: Final = routes.router("Receivables")


class OwedShape(Shape):
    """What is open in a currency, by the days since it was due. What was written off is not in `total`."""

    currency: str
    current: Number
    days_1_to_30: Number
    days_31_to_60: Number
    days_61_to_90: Number
    over_90: Number
    total: Number
    written_off: Number


class OwedByCustomerShape(OwedShape):
    """The same of one customer."""

    customer_reference_id: str


class MovementShape(Shape):
    """A movement: positive, more is owed. `balance` is what is owed after it."""

    at: datetime
    kind: MovementKind
    id: UUID
    number: str | None
    reference: str | None
    amount: Number
    balance: Number


class StatementShape(Shape):
    """A customer's account over a time: opening + Σ amounts = closing. Below zero is the customer's."""

    customer_reference_id: str
    currency: str
    since: datetime | None
    until: datetime
    opening: Number
    movements: list[MovementShape]
    closing: Number


@router.get("/receivables", response_model=Many[OwedShape], dependencies=[KNOWN_QUERY])
async def sum_receivables(call: Reading, page: Paging) -> Response:
    """Show what all customers owe, for each currency, by how long it is overdue."""
    await call.settle_account()
    return await listed(call, page, lambda tx: receivables.in_all(tx, call), _owed)


@router.get(
    "/receivables/aging", response_model=Many[OwedByCustomerShape], dependencies=[KNOWN_QUERY]
)
async def age_receivables(call: Reading, page: Paging) -> Response:
    """List what each customer owes: by currency, the most first."""
    await call.settle_account()
    return await listing(
        call,
        page,
        lambda tx: receivables.aging(tx, call, limit=page.limit, offset=page.offset),
        _owed_by,
    )


@router.get(
    "/customers/{customerReferenceId}/statement",
    response_model=One[StatementShape],
    responses=refuses(Code.CUSTOMER_NOT_FOUND),
    dependencies=[KNOWN_QUERY],
)
async def state_account(
    reference: CustomerInPath,
    call: Reading,
    currency: Annotated[Currency | None, Query(description="Null: the account's.")] = None,
    since: Annotated[Instant | None, Query(alias="from", description="This instant on.")] = None,
    until: Annotated[Instant | None, Query(alias="to", description="Before it; null: now.")] = None,
) -> Response:
    """Show a customer's account: what was owed, what came, and what is owed."""
    return await show(
        call,
        lambda tx: receivables.statement(tx, call, reference, currency, since=since, until=until),
        _statement,
    )


def _owed(one: Aged) -> OwedShape:
    return OwedShape(**_sums(one))


def _owed_by(one: Aged) -> OwedByCustomerShape:
    assert one.reference is not None, "what a customer owes has its name"
    return OwedByCustomerShape(customer_reference_id=one.reference, **_sums(one))


def _sums(one: Aged) -> dict[str, Any]:
    names = [name for name in OwedShape.model_fields if name != "currency"]
    sums = {name: money.rounded(getattr(one, name), one.currency) for name in names}
    return {"currency": one.currency, **sums}


def _statement(one: Statement) -> StatementShape:
    movements, balance = [], one.opening
    for each in one.movements:
        balance += each.amount
        movements.append(
            MovementShape(
                at=each.at,
                kind=each.kind,
                id=each.id,
                number=each.number,
                reference=each.reference,
                amount=money.rounded(each.amount, one.currency),
                balance=balance,
            )
        )
    return StatementShape(
        customer_reference_id=one.customer_reference,
        currency=one.currency,
        since=one.since,
        until=one.until,
        opening=one.opening,
        movements=movements,
        closing=money.rounded(one.closing, one.currency),
    )
