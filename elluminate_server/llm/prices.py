"""What a call to a model costs: by its config's own prices, else by those that its provider publishes, else unknown.

Published prices come with the package `genai-prices` and are as old as it is: nothing is fetched. A provider is known
by its address, so that a model behind a gateway or on a machine of one's own has no price unless its config says one.
What is unknown is None and never 0.
"""

import datetime
import functools
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import anyio
import attrs

from elluminate_server.llm.around import ModelAround
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.types import Answer, Usage

__all__ = ["PricedModel", "price_of_tokens", "priced"]

_TOKENS_PER_PRICE = 1_000_000

_NAMED_BY_ITS_OWNER = "azure"
"""Where a model goes by the name that a customer gave its deployment: only the answer says which one it is."""

AnyUsage = TypeVar("AnyUsage", bound=Usage)


@attrs.frozen
class PricedModel(ModelAround):
    """A model whose answers tell what they cost."""

    async def _around(self, call: Callable[[], Awaitable[Answer]], *, is_object: bool) -> Answer:
        if _may_be_published(self.config) and not _published.cache_info().currsize:
            # Before the call is timed, and beside the event loop: 0.1 s of importing.
            await anyio.to_thread.run_sync(_published)
        return priced(await call(), self.config)


def priced(usage: AnyUsage, config: ModelConfig) -> AnyUsage:
    """What one call used, with its price.

    Args:
        usage: Of one call: prices depend on how long a single prompt is.
        config: Of the model that was asked.
    """
    own_input = _at(config.input_price_per_mtok, usage.input_tokens)
    own_output = _at(config.output_price_per_mtok, usage.output_tokens)
    published = _Cost(None, None)
    if config.input_price_per_mtok is None or config.output_price_per_mtok is None:
        published = _published_cost(config, usage)
    input_cost = published.input if config.input_price_per_mtok is None else own_input
    output_cost = published.output if config.output_price_per_mtok is None else own_output
    if input_cost is None and output_cost is None:  # as they are until somebody tells them
        return usage
    return attrs.evolve(usage, estimated_input_cost_usd=input_cost, estimated_output_cost_usd=output_cost)


def price_of_tokens(cost_usd: float | None, tokens: int | None) -> float | None:
    """What a million tokens came to at a cost, in US dollars; None where that is unknown.

    >>> price_of_tokens(0.003, 1500)
    2.0
    """
    if cost_usd is None or tokens is None:
        return None
    return cost_usd * _TOKENS_PER_PRICE / tokens if tokens else 0.0


class _Cost(NamedTuple):
    """US dollars; None where unknown."""

    input: float | None
    output: float | None


def _at(price_per_mtok: float | None, tokens: int | None) -> float | None:
    return None if price_per_mtok is None or tokens is None else tokens * price_per_mtok / _TOKENS_PER_PRICE


def _may_be_published(config: ModelConfig) -> bool:
    """Whether it is worth looking: models on addresses without a domain are nobody's to price."""
    if None not in (config.input_price_per_mtok, config.output_price_per_mtok) or not config.base_url:
        return False
    parts = urlsplit(config.base_url)
    host = parts.hostname or ""
    return parts.scheme == "https" and not host.replace(".", "").isdecimal() and "." in host


@functools.cache
def _published() -> Any:
    """The published prices; imported when they are first needed."""
    from genai_prices import data_snapshot

    return data_snapshot.get_snapshot()


def _published_cost(config: ModelConfig, usage: Usage) -> _Cost:
    if not _may_be_published(config) or usage.input_tokens is None or usage.output_tokens is None:
        return _Cost(None, None)
    from genai_prices import Usage as Tokens

    tokens = Tokens(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=min(usage.cached_tokens or 0, usage.input_tokens),
    )
    for name in _names_of(config, usage):
        try:
            _, model = _published().find_provider_model(name, None, None, config.base_url)
        except LookupError:
            continue
        prices = model.get_prices(datetime.datetime.now(datetime.UTC))
        if getattr(prices, "requests_kcount", None) is not None:  # of searches, which nobody counts
            break
        found = prices.calc_price(tokens)
        # A price that the model lacks counts there as 0.
        return _Cost(
            None if prices.input_mtok is None else float(found["input_price"]),
            None if prices.output_mtok is None else float(found["output_price"]),
        )
    return _Cost(None, None)


def _names_of(config: ModelConfig, usage: Usage) -> Iterator[str]:
    """By which names the model that answered may be known: by what the endpoint says, or what it was asked for."""
    answered = usage.answered_by_model
    if answered:
        yield answered
    try:
        provider = _published().find_provider(None, None, config.base_url)
    except LookupError:
        return
    # Another model than the one that was asked for has another price.
    if provider.id != _NAMED_BY_ITS_OWNER and (not answered or answered.startswith(config.model)):
        yield config.model
