"""The routes of costs: what a unit of a feature, and a model's tokens, cost the seller by date."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Path, Query, Response
from pydantic import Field

from usance.actions import costs
from usance.api import routes
from usance.api.answers import Many, One, answer, listed
from usance.api.bodies import Shape, Strict
from usance.api.calls import Command, Reading
from usance.api.fields import Currency, Instant, NotNegative, Number, PathId, Reference, Text255
from usance.api.lines import plain
from usance.api.pages import KNOWN_QUERY, Paging
from usance.api.routes import refuses
from usance.core.costs import FeatureCost, ModelPrice, Rates
from usance.core.refusals import Code

router: Final = routes.router("Costs")

_UNPRICED: Final = Rates(None, None)


class NewFeatureCost(Strict):
    """What one unit of a feature costs you, from now or a later instant on."""

    feature_key: Reference
    cost_per_unit: NotNegative | None = Field(description="Null: the rule ends, and tokens count.")
    currency: Currency
    effective_from: Instant | None = None


class FeatureCostShape(Shape):
    """The cost rule of a feature. `costPerUnit` null: from then on it has none."""

    id: UUID
    feature_key: str
    cost_per_unit: Number | None
    currency: str
    effective_from: datetime
    published_at: datetime


class NewModelPrice(Strict):
    """What a model costs you, from now or a later instant on; `provider` null: whoever offers it.

    Cached input and reasoning without a price of their own cost what input and output cost. Without
    any price, your own ends and the listed one holds again.
    """

    provider: Text255 | None = None
    model: Text255
    currency: Currency
    input_per_million: NotNegative | None
    output_per_million: NotNegative | None
    cached_input_per_million: NotNegative | None = None
    reasoning_per_million: NotNegative | None = None
    per_request: NotNegative | None = None
    effective_from: Instant | None = None


class ModelPriceShape(Shape):
    """A price of a model; its names are in small letters."""

    id: UUID
    provider: str | None
    model: str
    currency: str
    input_per_million: Number | None
    output_per_million: Number | None
    cached_input_per_million: Number | None
    reasoning_per_million: Number | None
    per_request: Number | None
    effective_from: datetime
    published_at: datetime


@router.get("/costs/features", response_model=Many[FeatureCostShape], dependencies=[KNOWN_QUERY])
async def list_feature_costs(
    call: Reading,
    page: Paging,
    feature_key: Annotated[Reference | None, Query(alias="featureKey")] = None,
) -> Response:
    """List the cost rules of features, or of one, past and to come, by feature and instant."""
    return await listed(call, page, lambda tx: costs.features(tx, call, feature_key), _feature)


@router.post("/costs/features", status_code=201, response_model=One[FeatureCostShape])
async def publish_feature_cost(body: NewFeatureCost, call: Command) -> Response:
    """Publish the cost rule of a feature; once in force it stays on the books.

    An event costs its units, billed or not, at the rule of its own instant; a cost that is sent wins.
    """
    return await answer(
        call,
        lambda tx: costs.publish_feature(
            tx,
            call,
            feature_key=body.feature_key,
            cost_per_unit=body.cost_per_unit,
            currency=body.currency,
            effective_from=body.effective_from,
        ),
        _feature,
        status=201,
    )


@router.delete(
    "/costs/features/{costId}",
    response_model=One[FeatureCostShape],
    responses=refuses(Code.NOT_FOUND, Code.ALREADY_EFFECTIVE),
)
async def withdraw_feature_cost(
    cost_id: Annotated[PathId, Path(alias="costId")], call: Command
) -> Response:
    """Delete a cost rule that lies ahead."""
    return await answer(call, lambda tx: costs.withdraw_feature(tx, call, cost_id), _feature)


@router.get("/costs/models", response_model=Many[ModelPriceShape], dependencies=[KNOWN_QUERY])
async def list_model_prices(
    call: Reading, page: Paging, model: Annotated[Text255 | None, Query()] = None
) -> Response:
    """List your own prices of models, or of one, past and to come, by model, provider and instant."""
    return await listed(call, page, lambda tx: costs.models(tx, call, model), _model)


@router.post("/costs/models", status_code=201, response_model=One[ModelPriceShape])
async def publish_model_price(body: NewModelPrice, call: Command) -> Response:
    """Publish your own price of a model; once in force it stays on the books.

    It goes before the listed price for events from its instant on. Names are compared without regard
    to case.
    """
    new = costs.NewModelPrice(
        provider=body.provider,
        model=body.model,
        currency=body.currency,
        input_price=body.input_per_million,
        output_price=body.output_per_million,
        cached_input_price=body.cached_input_per_million,
        reasoning_price=body.reasoning_per_million,
        request_price=body.per_request,
        effective_from=body.effective_from,
    )
    return await answer(call, lambda tx: costs.publish_model(tx, call, new), _model, status=201)


@router.delete(
    "/costs/models/{modelPriceId}",
    response_model=One[ModelPriceShape],
    responses=refuses(Code.NOT_FOUND, Code.ALREADY_EFFECTIVE),
)
async def withdraw_model_price(
    price_id: Annotated[PathId, Path(alias="modelPriceId")], call: Command
) -> Response:
    """Delete a price of a model that lies ahead."""
    return await answer(call, lambda tx: costs.withdraw_model(tx, call, price_id), _model)


def _feature(cost: FeatureCost) -> FeatureCostShape:
    return FeatureCostShape(
        id=cost.id,
        feature_key=cost.feature_key,
        cost_per_unit=plain(cost.cost_per_unit),
        currency=cost.currency,
        effective_from=cost.effective_from,
        published_at=cost.published_at,
    )


def _model(price: ModelPrice) -> ModelPriceShape:
    rates = price.rates or _UNPRICED
    return ModelPriceShape(
        id=price.id,
        provider=price.provider,
        model=price.model,
        currency=price.currency,
        input_per_million=plain(rates.input_price),
        output_per_million=plain(rates.output_price),
        cached_input_per_million=plain(rates.cached_input_price),
        reasoning_per_million=plain(rates.reasoning_price),
        per_request=plain(rates.request_price),
        effective_from=price.effective_from,
        published_at=price.published_at,
    )
