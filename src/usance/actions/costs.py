"""Costs: what an event cost the seller, from the tokens that a model took."""

from datetime import datetime

from usance import costs
from usance.core.decisions.record import Cost


def of_tokens(
    model: str,
    provider: str | None,
    *,
    input_tokens: int,
    output_tokens: int,
    cached_input_tokens: int,
    reasoning_tokens: int,
    at: datetime,
) -> Cost:
    """Return the cost at the prices of the event's own time; an unknown model is said, not guessed."""
    priced = costs.price(
        model,
        provider,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_input_tokens=cached_input_tokens,
        reasoning_tokens=reasoning_tokens,
        at=at,
    )
    match priced:
        case costs.Priced():
            return Cost(priced.amount, priced.currency, dict(priced.unit_prices))
        case costs.Unpriced():
            return Cost(None, None, None, f"unknown_model: {priced.reason}")
