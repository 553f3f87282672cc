from __future__ import annotations

from typing import Annotated, Any

from attrs import define, field
from msgspec import Meta

from ..models.inference_type import InferenceType
from ..models.reasoning_effort import ReasoningEffort
from ..models.verbosity import Verbosity
from ..types import one_line


@define(kw_only=True, repr=False)
class LLMConfig:
    """How a model is called. Also part of the metadata of responses, where it says which model answered
    and may have no id.

    Attributes:
        id: Id of the config. Null in metadata for a config that is not stored.
        name: Name, unique in the project.
        description: What the config is for. Never null; may be empty.
        llm_model_name: Name of the model at its provider.
        llm_base_url: Address of the provider's API. Null means the provider's usual one.
        api_key: Key of the provider. Masked in answers, null where there is none.
        api_version: Version of the provider's API, where it has several.
        max_connections: Most calls at the same time, of all runs together. An endpoint that takes fewer is given
            fewer. Never null.
        inference_type: Protocol of the provider. Never null.
        provider: Provider whose own protocol is spoken, where inference_type has no word for it: anthropic,
            or any_llm for those that the package any-llm-sdk knows. Then inference_type is custom_api,
            which is all that existing clients know of it. Null for every other one.
        max_retries: Repetitions of a failed call. Refusals for load and outages count as none: a run waits for
            their end. Null means the server's default.
        timeout: Longest wait for an answer, in seconds, from when the call is sent. Null means the server's
            default.
        system_message: System message that is put before every prompt.
        max_tokens: Longest answer, in tokens. Null means the provider's default.
        top_p: Share of the probability mass that tokens are drawn from, 0 to 1.
        temperature: Randomness, 0 to 2. Not together with reasoning_effort.
        best_of: Number of candidates that the provider picks from.
        top_k: Number of most likely tokens that are drawn from.
        logprobs: Whether the provider returns log probabilities.
        top_logprobs: Number of alternatives per token with log probabilities.
        reasoning_effort: How much the model may think. Not together with temperature.
        verbosity: How long answers should be.
        custom_api_config: Request template, for the custom_api protocol. elluminate_server masks the values of its
            headers, as it masks api_key.
        custom_response_parser: How the answer is found in the provider's response, for the custom_api protocol.
        input_price_per_mtok: Price of a million input tokens, in US dollars. Null means the one that the provider
            publishes, if any.
        output_price_per_mtok: Price of a million output tokens, in US dollars. Null means the one that the provider
            publishes, if any.
    """

    id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    name: str | None = None
    description: str = ""
    llm_model_name: str | None = None
    llm_base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    api_version: str | None = None
    max_connections: int = 10
    inference_type: InferenceType = InferenceType.OPENAI
    provider: str | None = None
    max_retries: int | None = None
    timeout: int | None = None
    system_message: str | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    temperature: float | None = None
    best_of: int | None = None
    top_k: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    reasoning_effort: ReasoningEffort | None = None
    verbosity: Verbosity | None = None
    custom_api_config: dict[str, Any] | None = None
    custom_response_parser: str | None = None
    input_price_per_mtok: float | None = None
    output_price_per_mtok: float | None = None

    __repr__ = one_line
