"""An LLM config as the models read it, and as results show it."""

import attrs
import msgspec
from elluminate_api import models

from elluminate_server.llm.model_config import ModelConfig

CONFIG = models.LLMConfig(
    id=7,
    name="Mine",
    description="d",
    llm_model_name="m",
    llm_base_url="https://llm.example/v1",
    api_key="secret-key",
    api_version="2024-10-21",
    max_connections=3,
    inference_type=models.InferenceType.OPENAI,
    max_retries=1,
    timeout=9,
    system_message="s",
    max_tokens=10,
    top_p=0.5,
    temperature=0.1,
    best_of=2,
    top_k=4,
    logprobs=True,
    top_logprobs=5,
    reasoning_effort=models.ReasoningEffort.LOW,
    verbosity=models.Verbosity.HIGH,
    input_price_per_mtok=1.5,
    output_price_per_mtok=2.5,
)


def test_what_the_contract_calls_an_llm_config_comes_back_whole_but_for_the_key() -> None:
    shown = ModelConfig.from_contract(CONFIG).public

    assert shown == msgspec.to_builtins(CONFIG) | {"api_key": None}
    assert "secret-key" not in repr(ModelConfig.from_contract(CONFIG))


def test_a_providers_name_is_told_apart_from_the_protocols_that_all_clients_know() -> None:
    config = attrs.evolve(CONFIG, inference_type=models.InferenceType.CUSTOM_API, provider="anthropic")
    read = ModelConfig.from_contract(config)

    assert read.inference_type == "anthropic"
    assert (read.public["inference_type"], read.public["provider"]) == ("custom_api", "anthropic")
