"""Costs of model calls, by hand and against the package's own arithmetic; never a float, no network."""

import json
import socket
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from genai_prices import Usage
from genai_prices.data import providers
from genai_prices.types import ModelPrice, TieredPrices

from usance.api import json as exact_json
from usance.costs import Priced, Reason, Unpriced, price, tokens
from usance.store import jsonb

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)


def call(
    model: str,
    provider: str | None = None,
    *,
    tokens_in: int = 0,
    out: int = 0,
    cached: int = 0,
    reasoning: int = 0,
    at: datetime = AT,
) -> Priced | Unpriced:
    return price(
        model,
        provider,
        input_tokens=tokens_in,
        output_tokens=out,
        cached_input_tokens=cached,
        reasoning_tokens=reasoning,
        at=at,
    )


def cost(*args: Any, **said: Any) -> Decimal:
    found = call(*args, **said)
    assert isinstance(found, Priced), found
    assert type(found.amount) is Decimal
    return found.amount


# By hand: prices per million tokens as OpenAI and Anthropic published them.


@pytest.mark.parametrize(
    ("said", "amount"),
    [
        # gpt-4o: 2.50 in, 1.25 cached, 10.00 out.
        (("gpt-4o", 1_000_000, 0, 0, 0), "2.5"),
        (("gpt-4o", 0, 1_000_000, 0, 0), "10"),
        (("gpt-4o", 1_000_000, 0, 1_000_000, 0), "1.25"),
        # 600 × 2.50 + 400 × 1.25 + 200 × 10.00 = 1,500 + 500 + 2,000 millionths.
        (("gpt-4o", 1_000, 200, 400, 0), "0.004"),
        # Reasoning is part of what is answered, at the same price: 150 of the 200.
        (("gpt-4o", 1_000, 200, 400, 150), "0.004"),
        # gpt-4o-mini: 0.15 in, 0.075 cached, 0.60 out. One token in: 15 hundred-millionths.
        (("gpt-4o-mini", 1, 0, 0, 0), "0.00000015"),
        # 12,345 × 0.15 − 345 × 0.075 + 678 × 0.60 = 1,851.75 − 25.875 + 406.8 millionths.
        (("gpt-4o-mini", 12_345, 678, 345, 0), "0.002232675"),
        # claude-sonnet-4-5: 3.00 in, 0.30 cached, 15.00 out.
        (("claude-sonnet-4-5", 1_000, 500, 0, 0), "0.0105"),
        (("claude-sonnet-4-5", 1_000, 500, 1_000, 0), "0.0078"),
        # … and beyond 200,000 tokens in all of them cost 6.00 in, 22.50 out.
        (("claude-sonnet-4-5", 200_000, 1_000, 0, 0), "0.615"),
        (("claude-sonnet-4-5", 200_001, 1_000, 0, 0), "1.222506"),
        (("gpt-4o", 0, 0, 0, 0), "0"),
    ],
)
def test_a_call_costs_its_tokens_at_their_prices(said: tuple[Any, ...], amount: str):
    model, tokens_in, out, cached, reasoning = said
    found = cost(model, tokens_in=tokens_in, out=out, cached=cached, reasoning=reasoning)
    assert found == Decimal(amount)


def test_a_large_call_loses_no_digit():
    # 10^15 + 1 tokens at 0.15 a million: 150,000,000.00000015, and more digits than a float has.
    assert cost("gpt-4o-mini", tokens_in=10**15 + 1) == Decimal("150000000.00000015")


def test_a_price_is_that_of_its_day():
    # o3 came at 10.00 in and 40.00 out, and became cheaper on 2025-06-10: 2.00 and 8.00.
    before = datetime(2025, 6, 9, 23, 59, 59, 999999, tzinfo=UTC)
    assert cost("o3", tokens_in=1_000_000, out=1_000_000, at=before) == 50
    assert (
        cost("o3", tokens_in=1_000_000, out=1_000_000, at=datetime(2025, 6, 10, tzinfo=UTC)) == 10
    )
    # The day is that of UTC, wherever the instant was written.
    tokyo = timezone(timedelta(hours=9))
    assert cost("o3", out=1_000_000, at=datetime(2025, 6, 10, 8, 59, tzinfo=tokyo)) == 40
    assert cost("o3", out=1_000_000, at=datetime(2025, 6, 10, 9, 0, tzinfo=tokyo)) == 8


def test_what_it_was_priced_by_is_told():
    found = call("o3", "openai", tokens_in=1_000, cached=400, out=10)
    assert isinstance(found, Priced)
    assert (found.provider, found.model, found.currency) == ("openai", "o3", "USD")
    assert found.since == date(2025, 6, 10)
    assert found.unit_prices["since"] == "2025-06-10"
    assert str(found.unit_prices["source"]).startswith("genai-prices ")
    # 600 × 2.00 + 400 × 0.50 + 10 × 8.00 = 1,200 + 200 + 80 millionths.
    assert [(p.unit, p.quantity, p.unit_price, p.per, p.amount) for p in found.parts] == [
        ("input_tokens", 600, 2, 1_000_000, Decimal("0.0012")),
        ("cached_input_tokens", 400, Decimal("0.5"), 1_000_000, Decimal("0.0002")),
        ("output_tokens", 10, 8, 1_000_000, Decimal("0.00008")),
    ]
    assert found.amount == sum(part.amount for part in found.parts) == Decimal("0.00148")


def test_unit_prices_can_be_kept_and_answered_as_they_are():
    found = call("gpt-4o", tokens_in=1_000, out=1)
    assert isinstance(found, Priced)
    kept = jsonb.decode(jsonb.encode(found.unit_prices))
    assert kept == found.unit_prices
    assert json.loads(exact_json.render(found.unit_prices), parse_float=Decimal) == kept
    assert kept["parts"][0]["unitPrice"] == Decimal("2.5")
    assert kept["since"] is None


@pytest.mark.parametrize("name", ["GPT-4o", "gpt-4o", "gpt-4o-2024-08-06"])
@pytest.mark.parametrize("provider", [None, "openai", "OpenAI", "azure"])
def test_a_model_is_known_by_its_names_and_providers(name: str, provider: str | None):
    assert cost(name, provider, out=1_000_000) == 10


@pytest.mark.parametrize(
    ("model", "provider", "reason"),
    [
        ("gpt-99", None, Reason.UNKNOWN_MODEL),
        ("gpt-99", "openai", Reason.UNKNOWN_MODEL),
        ("my-gpt-4o", None, Reason.UNKNOWN_MODEL),
        ("gpt-4o-of-ours", "openai", Reason.UNKNOWN_MODEL),
        ("", None, Reason.UNKNOWN_MODEL),
        ("x" * 255, None, Reason.UNKNOWN_MODEL),
        ("漢\n", None, Reason.UNKNOWN_MODEL),
        ("gpt-4o", "nobody", Reason.UNKNOWN_PROVIDER),
        ("gpt-4o", "", Reason.UNKNOWN_PROVIDER),
        ("claude-sonnet-4-5", "openai", Reason.UNKNOWN_MODEL),
    ],
)
def test_what_is_not_known_is_not_priced(model: str, provider: str | None, reason: Reason):
    assert call(model, provider, tokens_in=1) == Unpriced(reason)


def test_a_kind_of_token_without_a_price_is_not_priced():
    # An embedding is paid by what goes in; what would come out has no price.
    assert cost("text-embedding-3-small", "openai", tokens_in=1_000_000) == Decimal("0.02")
    assert call("text-embedding-3-small", "openai", tokens_in=1, out=1) == Unpriced(Reason.NO_PRICE)


def test_a_model_that_is_not_paid_by_the_token_is_not_priced():
    for offered in providers:
        for model in offered.models:
            listed = model.prices
            if isinstance(listed, ModelPrice) and not {"input_mtok", "output_mtok"} & {
                name for name, value in vars(listed).items() if value is not None
            }:
                assert tokens._covers(listed, 0, 0) is False
                assert tokens._covers(listed, 1, 1) is False


def test_parts_that_are_more_than_their_whole_are_not_priced():
    assert call("gpt-4o", tokens_in=10, cached=11) == Unpriced(Reason.CACHED_BEYOND_INPUT)
    assert call("gpt-4o", out=10, reasoning=11) == Unpriced(Reason.REASONING_BEYOND_OUTPUT)


def test_negative_tokens_and_instants_without_a_zone_never_come_here():
    with pytest.raises(AssertionError):
        call("gpt-4o", tokens_in=-1)
    with pytest.raises(AssertionError):
        call("gpt-4o", at=datetime(2026, 1, 1))  # noqa: DTZ001


def test_our_arithmetic_is_the_packages_for_every_model():
    usages = [(1_000, 200, 400, 50), (300_000, 200, 400, 50), (1_000_001, 1, 0, 1), (7, 0, 0, 0)]
    compared = 0
    for offered in providers:
        for model in offered.models:
            for at in (datetime(2024, 1, 1, tzinfo=UTC), datetime(2026, 11, 1, 18, tzinfo=UTC)):
                entry = tokens._entry(model, at)
                assert entry is not None
                for used in usages:
                    if not tokens._covers(entry.prices, used[0], used[1]):
                        continue
                    usage = Usage(
                        input_tokens=used[0],
                        output_tokens=used[1],
                        cache_read_tokens=used[2],
                        output_reasoning_tokens=used[3],
                    )
                    theirs = model.calc_price(usage, offered, genai_request_timestamp=at)
                    ours = sum((p.amount for p in tokens._parts(entry.prices, *used)), Decimal(0))
                    assert ours == theirs.total_price, (offered.id, model.id, used)
                    compared += 1
    assert compared > 5_000


def test_every_price_in_the_package_is_a_decimal():
    for offered in providers:
        for model in offered.models:
            listed = model.prices
            for prices in (
                [listed] if isinstance(listed, ModelPrice) else [e.prices for e in listed]
            ):
                for value in vars(prices).values():
                    found = (
                        [value.base, *(tier.price for tier in value.tiers)]
                        if isinstance(value, TieredPrices)
                        else [value]
                    )
                    assert all(each is None or type(each) is Decimal for each in found)


def test_what_is_remembered_of_names_has_an_end():
    for index in range(5_000):
        call(f"model-{index}", tokens_in=1)
    info = tokens._find.cache_info()
    assert info.maxsize is not None
    assert info.currsize <= info.maxsize


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_args: object, **_more: object) -> None:
        raise AssertionError("no cost asks the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    tokens._find.cache_clear()
    assert cost("gpt-4o", out=1_000_000) == 10


def test_the_prices_are_only_read_when_something_is_priced():
    code = "import sys, usance.costs; sys.exit('genai_prices' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
