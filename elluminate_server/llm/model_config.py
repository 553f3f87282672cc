"""A model, where it is, and how it is asked: LLM configs as the models read them, and as the contract shows them."""

import functools
from collections.abc import Mapping
from typing import Any, Self

import attrs

__all__ = ["MAX_CONNECTIONS", "ModelConfig", "protocol_of"]

MAX_CONNECTIONS = 32
"""Most calls at a time unless somebody says otherwise; an endpoint that takes fewer shows it."""

_SAMPLING = ("temperature", "reasoning_effort", "verbosity", "top_p", "max_tokens")


@attrs.frozen(kw_only=True)
class ModelConfig:
    """A model, where it is, and how it is asked: the contract's `LLMConfig` as the models read it.

    Attributes:
        config_name: Name of the LLM config; for messages and results.
        config_id: Id of the stored LLM config; None for one that is not stored.
        model: The provider's name of the model.
        base_url: OpenAI-compatible endpoint, for example `https://llm.example/v1`; None for the server's
            default.
        api_key: Key for that endpoint.
        api_version: Azure OpenAI API version; when set, the endpoint is spoken to as Azure OpenAI.
        inference_type: `openai`, `botario`, `custom_api`, or the name of a provider.
        timeout: Seconds one attempt may take; None for 120, from when it is sent.
        max_retries: Further attempts after a failure that may pass; None for 5.
        system_message: System message put before every prompt.
        max_tokens: Most tokens of an answer.
        top_p: 0 to 1.
        temperature: 0 to 2; not together with `reasoning_effort`.
        top_k: Sent as given to endpoints that know it.
        best_of: Sent as given to endpoints that know it.
        logprobs: Whether log probabilities are asked for.
        top_logprobs: How many alternatives with log probabilities are asked for.
        reasoning_effort: `minimal`, `low`, `medium` or `high`.
        verbosity: `low`, `medium` or `high`.
        max_connections: Most calls at a time, 32 unless given.
        input_price_per_mtok: US dollars per million input tokens.
        output_price_per_mtok: US dollars per million output tokens.
        custom_api_config: What is sent to an API of somebody's own, and where its answer stands; may hold secrets.
        custom_response_parser: The path of the answer's text there, where the former does not say it.
        preferred_temperature: Temperature where none is set, for models that take one; not in the contract.
    """

    config_name: str
    model: str
    base_url: str | None = None
    api_key: str | None = attrs.field(default=None, repr=False)
    config_id: int | None = None
    description: str = ""
    api_version: str | None = None
    inference_type: str = "openai"
    timeout: float | None = None
    max_retries: int | None = None
    system_message: str | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    temperature: float | None = None
    top_k: int | None = None
    best_of: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    reasoning_effort: str | None = None
    verbosity: str | None = None
    max_connections: int = MAX_CONNECTIONS
    input_price_per_mtok: float | None = None
    output_price_per_mtok: float | None = None
    custom_api_config: Mapping[str, Any] | None = attrs.field(default=None, repr=False)
    custom_response_parser: str | None = attrs.field(default=None, repr=False)
    preferred_temperature: float | None = None

    def with_overrides(self, generation_params: Mapping[str, Any] | None) -> Self:
        """The config with an experiment's sampling overrides (the contract's `GenerationParams`) on top.

        Unset and null overrides keep the config's value. Temperature and reasoning effort exclude each other,
        so that overriding one drops the other.
        """
        if not generation_params:
            return self
        changes = {
            name: generation_params[name] for name in _SAMPLING if generation_params.get(name) is not None
        }
        if "reasoning_effort" in changes:
            changes.setdefault("temperature", None)
        elif "temperature" in changes:
            changes["reasoning_effort"] = None
        if generation_params.get("max_connections") is not None:
            changes["max_connections"] = generation_params["max_connections"]
        return attrs.evolve(self, **changes)

    @property
    def sent_temperature(self) -> float | None:
        """The temperature that is asked for, as far as the model takes one."""
        return self.preferred_temperature if self.temperature is None else self.temperature

    @functools.cached_property
    def with_sent_temperature(self) -> Self:
        """The config with the temperature that is asked for, where the model takes one."""
        return (
            self
            if self.preferred_temperature is None
            else attrs.evolve(self, temperature=self.sent_temperature)
        )

    @classmethod
    def from_contract(cls, config: Any) -> Self:
        """The config out of whatever has the attributes of the contract's `LLMConfig`, or of its table."""
        values = {name: getattr(config, _CONTRACT_NAMES.get(name, name)) for name in _names(cls)}
        return cls(
            **values | {"inference_type": getattr(config, "provider", None) or values["inference_type"]}
        )

    @functools.cached_property
    def public(self) -> Mapping[str, Any]:
        """The contract's `LLMConfig` for generation metadata: everything but the key. It goes with every result."""
        fields = {_CONTRACT_NAMES.get(name, name): getattr(self, name) for name in _names(type(self))}
        return (
            fields
            | protocol_of(self.inference_type)
            | {
                "api_key": None,
                "timeout": None if self.timeout is None else int(self.timeout),
                "custom_api_config": None,
                "custom_response_parser": None,
            }
        )


def protocol_of(inference_type: str) -> dict[str, str | None]:
    """How the contract tells an inference type: a provider's own protocol has no word that existing clients know.

    >>> protocol_of("anthropic")
    {'inference_type': 'custom_api', 'provider': 'anthropic'}
    """
    if inference_type in _INFERENCE_TYPES:
        return {"inference_type": inference_type, "provider": None}
    return {"inference_type": "custom_api", "provider": inference_type}


_INFERENCE_TYPES = frozenset({"openai", "botario", "custom_api"})

_CONTRACT_NAMES = {
    "config_id": "id",
    "config_name": "name",
    "model": "llm_model_name",
    "base_url": "llm_base_url",
}
"""Fields of `ModelConfig` that the contract's `LLMConfig` calls by another name."""


def _names(kind: type[ModelConfig]) -> list[str]:
    return [field.name for field in attrs.fields(kind) if field.name != "preferred_temperature"]
