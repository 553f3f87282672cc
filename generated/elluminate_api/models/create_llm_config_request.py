from __future__ import annotations

from typing import Annotated, Any

from attrs import define, field
from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset

from ..models.inference_type import InferenceType
from ..models.reasoning_effort import ReasoningEffort
from ..models.verbosity import Verbosity
from ..types import one_line


@define(kw_only=True, repr=False)
class CreateLLMConfigRequest:
    """An LLM config to create.

    Attributes:
        name: Name, unique in the project. 1 to 255 characters, not only blanks.
        llm_model_name: Name of the model at its provider. 1 to 255 characters.
        api_key: Key of the provider, at most 4096 characters. Stored, never shown again.
        description: What the config is for. At most 10000 characters.
        llm_base_url: Address of the provider's API, at most 2048 characters. Null means the provider's usual one.
        api_version: Version of the provider's API, where it has several. At most 100 characters.
        max_connections: Most calls at the same time, of all runs together, 1 to 1000. An endpoint that takes fewer
            is given fewer.
        inference_type: Protocol of the provider.
        provider: Provider whose own protocol is to be spoken, instead of the one that inference_type names:
            anthropic, or any_llm, where llm_model_name is provider and model ("mistral:mistral-small-
            latest"). At most 32 characters.
        max_retries: Repetitions of a failed call, 0 to 100. Refusals for load and outages count as none: a run
            waits for their end. Null means the server's default.
        timeout: Longest wait for an answer, 1 to 36000 seconds, from when the call is sent. Null means the
            server's default.
        system_message: System message that is put before every prompt. At most 1000000 characters.
        max_tokens: Longest answer, in tokens. Null means the provider's default.
        top_p: Share of the probability mass that tokens are drawn from, 0 to 1.
        temperature: Randomness, 0 to 2. Not together with reasoning_effort.
        best_of: Number of candidates that the provider picks from, 1 to 100.
        top_k: Number of most likely tokens that are drawn from.
        logprobs: Whether the provider returns log probabilities.
        top_logprobs: Number of alternatives per token with log probabilities, 0 to 20.
        reasoning_effort: How much the model may think. Not together with temperature.
        verbosity: How long answers should be.
        custom_api_config: Request template, for the custom_api protocol. elluminate_server reads body (the JSON that
            is sent, with placeholders such as {{prompt}}), headers, path (what follows the base URL)
            and response (JSON paths of the answer's parts: text, and what else is told).
        custom_response_parser: How the answer is found in the provider's response, for the custom_api protocol.
            elluminate_server takes a JSON path, $.output.text for example, and runs no code. At most
            100000 characters.
        input_price_per_mtok: Price of a million input tokens, in US dollars, 0 to 1000000. Null means the one that the
            provider publishes, if any.
        output_price_per_mtok: Price of a million output tokens, in US dollars, 0 to 1000000. Null means the one that the
            provider publishes, if any.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
    llm_model_name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
    api_key: Annotated[str, Meta(max_length=4096)] = field(repr=False)
    description: Annotated[str, Meta(max_length=10000)] = ""
    llm_base_url: Annotated[str, Meta(max_length=2048)] | None = None
    api_version: Annotated[str, Meta(max_length=100)] | None = None
    max_connections: Annotated[int, Meta(ge=1, le=1000)] = 10
    inference_type: InferenceType = InferenceType.OPENAI
    provider: Annotated[str, Meta(max_length=32)] | None | Unset = UNSET
    max_retries: Annotated[int, Meta(ge=0, le=100)] | None = None
    timeout: Annotated[int, Meta(ge=1, le=36000)] | None = None
    system_message: Annotated[str, Meta(max_length=1000000)] | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=2147483647)] | None = None
    top_p: Annotated[float, Meta(ge=0.0, le=1.0)] | None = None
    temperature: Annotated[float, Meta(ge=0.0, le=2.0)] | None = None
    best_of: Annotated[int, Meta(ge=1, le=100)] | None = None
    top_k: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    reasoning_effort: ReasoningEffort | None = None
    verbosity: Verbosity | None = None
    custom_api_config: dict[str, Any] | None = None
    custom_response_parser: Annotated[str, Meta(max_length=100000)] | None = None
    input_price_per_mtok: Annotated[float, Meta(ge=0.0, le=1000000.0)] | None = None
    output_price_per_mtok: Annotated[float, Meta(ge=0.0, le=1000000.0)] | None = None

    __repr__ = one_line
