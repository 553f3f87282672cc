"""What calls cost: by the config, by the provider's published prices, or unknown, and never 0 for want of a price."""

import subprocess
import sys
from typing import Any

import attrs
import pytest

from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.offline import OFFLINE_CONFIG, OfflineModel
from elluminate_server.llm.prices import price_of_tokens, priced
from elluminate_server.llm.providers import Models
from elluminate_server.llm.types import ModelError, Usage
from tests.support.model_server import ModelServer, completion
from tests.unit.llm.openai_calls import USER, ask, config

pytestmark = pytest.mark.anyio

OPENAI, ANTHROPIC = "https://api.openai.com/v1", "https://api.anthropic.com"
AZURE = "https://some-resource.openai.azure.com"
MILLION = Usage(input_tokens=1_000_000, output_tokens=1_000_000)


def cost(
    model: str, base_url: str | None, usage: Usage = MILLION, **fields: Any
) -> tuple[float | None, float | None]:
    used = priced(usage, ModelConfig(config_name="c", model=model, base_url=base_url, **fields))
    return used.estimated_input_cost_usd, used.estimated_output_cost_usd


@pytest.mark.parametrize(
    ("model", "base_url", "answered_by", "expected"),
    [
        pytest.param("gpt-4o-mini", OPENAI, None, (0.15, 0.6), id="openai"),
        pytest.param("gpt-4o-mini", OPENAI, "gpt-4o-mini-2024-07-18", (0.15, 0.6), id="dated"),
        pytest.param("gpt-4o-mini", OPENAI, "gpt-4o-2024-08-06", (2.5, 10.0), id="another-one-answered"),
        pytest.param("gpt-4o-mini", OPENAI, "none-that-is-known", (None, None), id="unknown-one-answered"),
        pytest.param("gpt-4o-minister", OPENAI, None, (None, None), id="unknown-at-openai"),
        pytest.param("ft:gpt-4o-mini:acme", OPENAI, None, (None, None), id="fine-tuned"),
        pytest.param("text-embedding-3-small", OPENAI, None, (0.02, None), id="no-price-of-answers"),
        pytest.param(
            "sonar-pro", "https://api.perplexity.ai", None, (None, None), id="with-a-price-of-searches"
        ),
        pytest.param("claude-3-5-haiku-latest", ANTHROPIC, None, (0.8, 4.0), id="claude"),
        pytest.param("claude-3-5-haiku-latest", OPENAI, None, (None, None), id="claude-elsewhere"),
        pytest.param("prod", AZURE, "gpt-4o-mini-2024-07-18", (0.15, 0.6), id="azure-that-says-it"),
        pytest.param("prod", AZURE, None, (None, None), id="azure-deployment"),
        pytest.param("gpt-4o", AZURE, None, (None, None), id="azure-deployment-that-is-called-like-a-model"),
        pytest.param("gpt-4o-mini", "http://127.0.0.1:8000/v1", None, (None, None), id="loopback"),
        pytest.param("gpt-4o-mini", "https://10.0.0.7/v1", None, (None, None), id="self-hosted"),
        pytest.param("gpt-4o-mini", "https://llm.company.example/v1", None, (None, None), id="gateway"),
        pytest.param("gpt-4o-mini", None, None, (None, None), id="no-address"),
    ],
)
def test_published_prices_are_those_of_the_model_that_answered_at_its_provider(
    model: str, base_url: str | None, answered_by: str | None, expected: tuple[float | None, float | None]
) -> None:
    usage = attrs.evolve(MILLION, answered_by_model=answered_by)
    assert cost(model, base_url, usage) == pytest.approx(expected)


def test_cached_tokens_and_long_prompts_have_prices_of_their_own() -> None:
    cached = attrs.evolve(MILLION, cached_tokens=400_000)
    assert cost("gpt-4o-mini", OPENAI, cached)[0] == pytest.approx(0.6 * 0.15 + 0.4 * 0.075)
    short = Usage(input_tokens=100_000, output_tokens=0)
    long = Usage(input_tokens=400_000, output_tokens=0)
    assert cost("claude-sonnet-4-5", ANTHROPIC, short)[0] == pytest.approx(0.3)
    assert cost("claude-sonnet-4-5", ANTHROPIC, long)[0] == pytest.approx(2.4)
    # A provider that counts more cached tokens than tokens.
    assert cost("gpt-4o-mini", OPENAI, attrs.evolve(MILLION, cached_tokens=2_000_000))[0] == pytest.approx(
        0.075
    )


@pytest.mark.parametrize("base_url", [OPENAI, "http://127.0.0.1:8000/v1"])
def test_prices_of_the_config_go_before_published_ones(base_url: str) -> None:
    found = cost("gpt-4o-mini", base_url, input_price_per_mtok=3.0, output_price_per_mtok=0.0)
    assert found == (3.0, 0.0)


def test_a_config_with_one_price_has_the_other_published() -> None:
    assert cost("gpt-4o-mini", OPENAI, output_price_per_mtok=9.0) == pytest.approx((0.15, 9.0))
    assert cost("gpt-4o-mini", None, output_price_per_mtok=9.0) == (None, 9.0)


def test_without_tokens_no_cost_is_known() -> None:
    assert cost("gpt-4o-mini", OPENAI, Usage()) == (None, None)
    assert cost("m", None, Usage(), input_price_per_mtok=1.0, output_price_per_mtok=1.0) == (None, None)


def test_calls_together_have_a_price_when_each_has_one() -> None:
    one = priced(Usage(input_tokens=1_000_000, output_tokens=0), OFFLINE_CONFIG)
    other = attrs.evolve(one, estimated_input_cost_usd=2.0)
    assert one.plus(other).estimated_cost_usd == 2.0
    assert one.plus(Usage(duration_seconds=1.0)).estimated_cost_usd is None
    assert Usage().plus(other).estimated_cost_usd == 2.0
    assert [share.estimated_cost_usd for share in other.split(4)] == [0.5] * 4


async def test_a_refusal_costs_nothing_and_a_time_out_nobody_knows_what() -> None:
    own = {"input_price_per_mtok": 2.0, "output_price_per_mtok": 8.0, "max_retries": 0}
    with ModelServer() as server:
        server.fail(1, status=400)
        with pytest.raises(ModelError) as refused:
            await ask(config(server, **own), lambda model: model.answer(USER))
        with server.held(), pytest.raises(ModelError) as late:
            await ask(config(server, **own, timeout=0.05), lambda model: model.answer(USER))
    assert (refused.value.usage.estimated_cost_usd, late.value.usage.estimated_cost_usd) == (0.0, None)


def test_what_tokens_came_to_gives_their_cost_again() -> None:
    assert price_of_tokens(0.012, 4000) == pytest.approx(3.0)
    assert (price_of_tokens(0.0, 0), price_of_tokens(None, 4), price_of_tokens(0.1, None)) == (
        0.0,
        None,
        None,
    )


async def test_every_answer_of_an_endpoint_tells_its_price() -> None:
    with ModelServer() as server:
        server.reply(completion("The moon.", input_tokens=2000, output_tokens=500))
        own = {"input_price_per_mtok": 2.0, "output_price_per_mtok": 8.0}
        answer = await ask(config(server, **own), lambda model: model.answer(USER))
        unknown = await ask(config(server), lambda model: model.answer(USER))
    assert answer.estimated_cost_usd == pytest.approx(0.004 + 0.004)
    assert answer.metadata(ModelConfig(config_name="c", model="m"))[
        "estimated_input_cost_usd"
    ] == pytest.approx(0.004)
    assert unknown.estimated_cost_usd is None


async def test_the_offline_model_is_known_to_cost_nothing() -> None:
    answer = await OfflineModel().answer(USER)
    assert (answer.estimated_input_cost_usd, answer.estimated_output_cost_usd) == (0.0, 0.0)
    assert Models().model_for(None).config.input_price_per_mtok == 0.0


def test_the_price_list_is_loaded_when_a_provider_with_published_prices_is_asked_first() -> None:
    program = (
        "import sys\n"
        "from elluminate_server.llm.model_config import ModelConfig\n"
        "from elluminate_server.llm.prices import priced\n"
        "from elluminate_server.llm.types import Usage\n"
        "usage = Usage(input_tokens=1, output_tokens=1)\n"
        "for base_url in (None, 'http://127.0.0.1/v1', 'https://10.0.0.7/v1'):\n"
        "    priced(usage, ModelConfig(config_name='c', model='gpt-4o', base_url=base_url))\n"
        "assert 'genai_prices' not in sys.modules\n"
        "priced(usage, ModelConfig(config_name='c', model='gpt-4o', base_url='https://api.openai.com/v1'))\n"
        "assert 'genai_prices' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
