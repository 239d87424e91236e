"""The price of one call of a model: its tokens, each kind at the price of that day.

Prices are those that the installed `genai-prices` carries: nothing is fetched. What it does not
know is not priced; no price is taken from a model that is only similar.

Units: tokens are whole; prices are USD per so many units (`per`); amounts are USD, exact.
Sources: BILLING.md, "Usage" ("Cost"); the package `genai-prices`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from enum import StrEnum
from functools import cache, lru_cache
from importlib import metadata
from typing import TYPE_CHECKING, Final, TypeAlias

from usance.core import costs
from usance.core.costs import Part, Rates, Tokens
from usance.core.money import EXACT

if TYPE_CHECKING:
    from genai_prices.types import ConditionalPrice, ModelInfo, ModelPrice, Provider

JsonObject: TypeAlias = dict[str, object]

CURRENCY: Final = "USD"
_PACKAGE: Final = "genai-prices"
_THOUSAND: Final = 1_000
# Names come from outside: what is kept of them must have an end.
_LOOKUPS_KEPT: Final = 4_096


class Reason(StrEnum):
    """Why a call has no price."""

    UNKNOWN_PROVIDER = "unknown_provider"
    UNKNOWN_MODEL = "unknown_model"
    NO_PRICE = "no_price"  # the model is known, and what these tokens cost is not
    CACHED_BEYOND_INPUT = "cached_beyond_input"
    REASONING_BEYOND_OUTPUT = "reasoning_beyond_output"


@dataclass(frozen=True, slots=True)
class Unpriced:
    """A call whose cost is not known."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Priced:
    """What a call has cost, and how: the amount is the sum of its parts.

    `since` is the day from which the price holds; None: it has no known beginning.
    """

    amount: Decimal
    currency: str
    provider: str
    model: str
    since: date | None
    parts: tuple[Part, ...]

    @property
    def unit_prices(self) -> JsonObject:
        """What is stored with the event, ready for an encoder that keeps Decimals."""
        since = None if self.since is None else self.since.isoformat()
        named: JsonObject = {"provider": self.provider, "model": self.model}
        return {**named, **costs.detail(self.currency, since, _source(), self.parts)}


def price(
    model: str,
    provider: str | None,
    *,
    input_tokens: int,
    output_tokens: int,
    cached_input_tokens: int,
    reasoning_tokens: int,
    at: datetime,
) -> Priced | Unpriced:
    """Return what one call of a model cost at the instant `at`, or why that is not known.

    `input_tokens` counts the cached ones too, and `output_tokens` those of reasoning, as OpenAI
    counts them. A kind without a price of its own costs what its whole costs. Without a provider
    it is the one that the model's name belongs to.
    """
    counts = (input_tokens, output_tokens, cached_input_tokens, reasoning_tokens)
    assert min(counts) >= 0, "tokens are refused before, if they are negative"
    assert at.tzinfo is not None, "an instant has a zone"
    if cached_input_tokens > input_tokens:
        return Unpriced(Reason.CACHED_BEYOND_INPUT)
    if reasoning_tokens > output_tokens:
        return Unpriced(Reason.REASONING_BEYOND_OUTPUT)
    found = _find(model.lower(), None if provider is None else provider.lower())
    if isinstance(found, Reason):
        return Unpriced(found)

    entry = _entry(found.model, at)
    if entry is None or not _covers(entry.prices, input_tokens, output_tokens):
        return Unpriced(Reason.NO_PRICE)
    with localcontext(EXACT):
        parts = tuple(_parts(entry.prices, *counts))
        amount = sum((part.amount for part in parts), Decimal(0))
    return Priced(amount, CURRENCY, found.provider.id, found.model.id, _since(entry), parts)


def _covers(prices: "ModelPrice", entered: int, answered: int) -> bool:
    """Whether the model is paid by the token, and by those that there are."""
    if prices.input_mtok is None and prices.output_mtok is None:
        return False
    return not (entered and prices.input_mtok is None) and not (
        answered and prices.output_mtok is None
    )


def _parts(
    prices: "ModelPrice", entered: int, answered: int, cached: int, reasoned: int
) -> Iterator[Part]:
    """Yield the kinds of unit of a call that there are, each at its own price."""
    rates = Rates(
        input_price=_of_tier(prices.input_mtok, entered),
        output_price=_of_tier(prices.output_mtok, entered),
        cached_input_price=_of_tier(prices.cache_read_mtok, entered),
        reasoning_price=_of_tier(prices.output_reasoning_mtok, entered),
        request_price=_of_tier(prices.requests_kcount, entered),
        requests_per=_THOUSAND,
    )
    return costs.parts(rates, Tokens("", None, entered, answered, cached, reasoned))


def _of_tier(listed: object, entered: int) -> Decimal | None:
    """Return the price in the tier that all input tokens together reach: it holds for every token."""
    if listed is None or isinstance(listed, Decimal):
        return listed
    from genai_prices.types import TieredPrices  # noqa: PLC0415 - see `_providers`

    assert isinstance(listed, TieredPrices), (
        "prices are decimals, written as such, or tiers of them"
    )
    reached = [tier.price for tier in listed.tiers if entered > tier.start]
    return reached[-1] if reached else listed.base


# Finding the price -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Found:
    provider: "Provider"
    model: "ModelInfo"


def provider_of(model: str) -> str | None:
    """Return who the model's name belongs to, or None: as it is found for a call without a provider."""
    found = _offering(model.lower(), None)
    return None if found is None else found.id


@lru_cache(maxsize=_LOOKUPS_KEPT)
def _find(model: str, provider: str | None) -> _Found | Reason:
    """Return who offers the model; names are compared without regard to case.

    Not the package's own lookup, which remembers every name that it was ever asked for.
    """
    offering = _offering(model, provider)
    if offering is None:
        return Reason.UNKNOWN_MODEL if provider is None else Reason.UNKNOWN_PROVIDER
    known = offering.find_model(model, all_providers=_providers())
    return Reason.UNKNOWN_MODEL if known is None else _Found(offering, known)


@lru_cache(maxsize=_LOOKUPS_KEPT)
def _offering(model: str, provider: str | None) -> "Provider | None":
    from genai_prices.data_snapshot import find_provider_by_id  # noqa: PLC0415 - see `_providers`

    providers = _providers()
    if provider is not None:
        return find_provider_by_id(providers, provider)
    return next(
        (one for one in providers if one.model_match and one.model_match.is_match(model)), None
    )


def _entry(model: "ModelInfo", at: datetime) -> "ConditionalPrice | None":
    """Return the entry of the model's prices that holds at an instant: the last that applies."""
    from genai_prices.types import ConditionalPrice, ModelPrice  # noqa: PLC0415 - see `_providers`

    if isinstance(model.prices, ModelPrice):
        return ConditionalPrice(prices=model.prices)
    instant = at.astimezone(UTC)
    return next(
        (
            entry
            for entry in reversed(model.prices)
            if entry.constraint is None or entry.constraint.active(instant)
        ),
        None,
    )


def _since(entry: "ConditionalPrice") -> date | None:
    return getattr(entry.constraint, "start_date", None)


@cache
def _providers() -> "list[Provider]":
    """Return all that the package knows; read at the first call: no other command needs it."""
    from genai_prices.data import providers  # noqa: PLC0415

    return providers


@cache
def _source() -> str:
    return f"{_PACKAGE} {metadata.version(_PACKAGE)}"
