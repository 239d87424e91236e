"""The routes of buying credits: prices, weights, purchases and reversals."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Path, Response
from pydantic import Field

from usance.actions import credits
from usance.api import routes
from usance.api.answers import Many, One, answer, listed
from usance.api.bodies import Lenient, Shape, Strict
from usance.api.calls import Command, Reading
from usance.api.credits import TransactionShape, transaction_shown
from usance.api.fields import (
    Currency,
    ExactNumber,
    Instant,
    LongText,
    Number,
    PathId,
    Reference,
    Text255,
)
from usance.api.invoices import InvoiceShape, invoice_shown
from usance.api.lines import trimmed
from usance.api.pages import Paging
from usance.api.routes import refuses
from usance.core.credits import CreditPrice, CreditWeight
from usance.core.invoices import Invoice
from usance.core.refusals import Code

router: Final = routes.router("Credits")


class Order(Lenient):
    """Credits to buy, at the price in force."""

    customer_reference_id: Reference
    denomination: Text255
    credits: Annotated[ExactNumber, Field(gt=0)]


class Ordered(Shape):
    """The invoice; paid, it brings the credits."""

    invoice: InvoiceShape


class Reversal(Lenient):
    """Why; it may be left out, and so may the body."""

    reason: LongText | None = None


class NewPrice(Strict):
    """What one credit costs, from now or a later instant on."""

    denomination: Text255
    currency: Currency
    price_per_credit: Annotated[ExactNumber, Field(gt=0)]
    effective_from: Instant | None = None


class NewWeight(Strict):
    """What one unit of a feature burns, from now or a later instant on; `model` null: on every one."""

    feature_key: Reference
    model: Text255 | None = None
    weight: Annotated[ExactNumber, Field(gt=0)]
    effective_from: Instant | None = None


class PriceShape(Shape):
    """A price of credits."""

    id: UUID
    denomination: str
    currency: str
    price_per_credit: Number
    effective_from: datetime
    published_at: datetime


class WeightShape(Shape):
    """A weight of a feature."""

    id: UUID
    feature_key: str
    model: str | None
    weight: Number
    effective_from: datetime
    published_at: datetime


@router.post(
    "/credits/purchases",
    status_code=201,
    response_model=One[Ordered],
    responses=refuses(Code.CUSTOMER_NOT_FOUND, Code.CUSTOMER_ERASED, Code.NO_PRICE),
)
async def buy_credits(body: Order, call: Command) -> Response:
    """Order credits: an invoice DUE now; unpaid when its grace is over it becomes VOID."""
    return await answer(
        call,
        lambda tx: credits.buy(
            tx, call, body.customer_reference_id, body.denomination, body.credits
        ),
        _ordered,
        status=201,
    )


@router.post(
    "/credits/transactions/{transactionId}/reverse",
    response_model=One[TransactionShape],
    responses=refuses(Code.TRANSACTION_NOT_FOUND, Code.NOT_REVERSIBLE, Code.ALREADY_REVERSED),
)
async def reverse_transaction(
    transaction_id: Annotated[PathId, Path(alias="transactionId")],
    call: Command,
    body: Reversal | None = None,
) -> Response:
    """Give back what a burn took, to the grants that it came from, once."""
    reason = None if body is None else body.reason
    return await answer(
        call, lambda tx: credits.reverse(tx, call, transaction_id, reason), transaction_shown
    )


@router.get("/credits/prices", response_model=Many[PriceShape])
async def list_prices(call: Reading, page: Paging) -> Response:
    """List the prices of credits, past and to come, by denomination and instant."""
    return await listed(call, page, lambda tx: credits.prices(tx, call), _price)


@router.post("/credits/prices", status_code=201, response_model=One[PriceShape])
async def publish_price(body: NewPrice, call: Command) -> Response:
    """Publish a price of credits; once in force it stays on the books."""
    return await answer(
        call,
        lambda tx: credits.publish_price(
            tx,
            call,
            denomination=body.denomination,
            currency=body.currency,
            price_per_credit=body.price_per_credit,
            effective_from=body.effective_from,
        ),
        _price,
        status=201,
    )


@router.delete(
    "/credits/prices/{priceId}",
    response_model=One[PriceShape],
    responses=refuses(Code.NOT_FOUND, Code.ALREADY_EFFECTIVE),
)
async def withdraw_price(
    price_id: Annotated[PathId, Path(alias="priceId")], call: Command
) -> Response:
    """Delete a price that lies ahead."""
    return await answer(call, lambda tx: credits.withdraw_price(tx, call, price_id), _price)


@router.get("/credits/weights", response_model=Many[WeightShape])
async def list_weights(call: Reading, page: Paging) -> Response:
    """List the weights of features, past and to come, by feature, model and instant."""
    return await listed(call, page, lambda tx: credits.weights(tx, call), _weight)


@router.post("/credits/weights", status_code=201, response_model=One[WeightShape])
async def publish_weight(body: NewWeight, call: Command) -> Response:
    """Publish a weight; once in force it stays on the books. A plan's own weights go before it."""
    return await answer(
        call,
        lambda tx: credits.publish_weight(
            tx,
            call,
            feature_key=body.feature_key,
            model=body.model,
            weight=body.weight,
            effective_from=body.effective_from,
        ),
        _weight,
        status=201,
    )


@router.delete(
    "/credits/weights/{weightId}",
    response_model=One[WeightShape],
    responses=refuses(Code.NOT_FOUND, Code.ALREADY_EFFECTIVE),
)
async def withdraw_weight(
    weight_id: Annotated[PathId, Path(alias="weightId")], call: Command
) -> Response:
    """Delete a weight that lies ahead."""
    return await answer(call, lambda tx: credits.withdraw_weight(tx, call, weight_id), _weight)


def _ordered(result: tuple[Invoice, str]) -> Ordered:
    return Ordered(invoice=invoice_shown(*result))


def _price(price: CreditPrice) -> PriceShape:
    return PriceShape(
        id=price.id,
        denomination=price.denomination,
        currency=price.currency,
        price_per_credit=trimmed(price.price_per_credit),
        effective_from=price.effective_from,
        published_at=price.published_at,
    )


def _weight(weight: CreditWeight) -> WeightShape:
    return WeightShape(
        id=weight.id,
        feature_key=weight.feature_key,
        model=weight.model,
        weight=trimmed(weight.weight),
        effective_from=weight.effective_from,
        published_at=weight.published_at,
    )
