"""Models behind an OpenAI-compatible chat completions endpoint, Azure OpenAI included.

The wire format is that of OpenAI's API reference, "Create chat completion"; Azure's differs in where it is asked and
in how it reads the key.
"""

from collections.abc import Awaitable, Collection, Mapping, Sequence
from typing import Any
from urllib.parse import quote, quote_plus

from elluminate_server.llm.completion import read_completion
from elluminate_server.llm.concessions import (
    Concession,
    ask_with_concessions,
    concessions_for,
    config_as_sent,
)
from elluminate_server.llm.endpoint import Endpoint, Received, Terms
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.response_formats import ask_in_steps, steps_of
from elluminate_server.llm.types import Answer, ModelError, ObjectShape

__all__ = ["OpenAICompatibleModel", "sendable", "without_nulls"]


class OpenAICompatibleModel:
    """A model at an endpoint, asked as its config says.

    Raises:
        ModelError: The model's name cannot stand in an address where it has to.
    """

    def __init__(self, config: ModelConfig, endpoint: Endpoint) -> None:
        self._config = config
        self._endpoint = endpoint
        self._terms = Terms.of(config)
        self._target = _target_of(config)
        self._concessions = concessions_for(config, _OWN_NAME)

    @property
    def config(self) -> ModelConfig:
        """The config it is asked with."""
        return config_as_sent(self._config, self._endpoint.shown_by(self._config.model))

    async def answer(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: Mapping[str, Any] | None = None,
        preferred_shape: ObjectShape | None = None,
    ) -> Answer:
        """Answer messages; see `Model.answer`.

        Raises:
            ModelError: The endpoint failed, or its answer is not a chat completion.
        """
        request = self._request(messages)
        if tools:
            request["tools"] = [without_nulls(tool) for tool in tools]
            if tool_choice is not None:
                request["tool_choice"] = (
                    tool_choice if isinstance(tool_choice, str) else without_nulls(tool_choice)
                )
        if preferred_shape is not None:
            support = self._endpoint.format_support(self._config.model)

            async def ask(form: Mapping[str, Any] | None, final_statuses: Collection[int]) -> Answer:
                asked = request if form is None else {**request, "response_format": form}
                return await self._ask(asked, final_statuses)

            return await ask_in_steps(support, steps_of(preferred_shape), ask)
        if response_format is not None:
            request["response_format"] = response_format
        return await self._ask(request)

    def _request(self, messages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        config = self._config
        sent = [sendable(message) for message in messages]
        if config.system_message:
            sent.insert(0, {"role": "system", "content": config.system_message})
        # OpenAI's reasoning models refuse `max_tokens`; most compatible endpoints know nothing else.
        limit = _OWN_LIMIT if config.reasoning_effort is not None else "max_tokens"
        options = {
            limit: config.max_tokens,
            "temperature": config.sent_temperature,
            "top_p": config.top_p,
            "top_k": config.top_k,
            "best_of": config.best_of,
            "logprobs": config.logprobs,
            "top_logprobs": config.top_logprobs,
            "reasoning_effort": config.reasoning_effort,
            "verbosity": config.verbosity,
        }
        given = {name: value for name, value in options.items() if value is not None}
        return {"model": config.model, "messages": sent, **given}

    async def _ask(self, request: Mapping[str, Any], final_statuses: Collection[int] = ()) -> Answer:
        def send(asked: Mapping[str, Any]) -> Awaitable[Received]:
            return self._endpoint.ask_as(self._terms, self._target, asked, final_statuses=final_statuses)

        shown = self._endpoint.shown_by(self._config.model)
        received = await ask_with_concessions(shown, request, self._concessions, send, Received.after_waiting)
        return self._endpoint.read(
            received,
            lambda body: read_completion(
                body,
                model=self._config.model,
                duration_seconds=received.duration_seconds,
                waited_seconds=received.waited_seconds,
            ),
        )


_OWN_LIMIT = "max_completion_tokens"
"""What reasoning models call the limit of tokens, and what they name when they refuse `max_tokens`."""

_OWN_NAME = Concession("max_tokens", _OWN_LIMIT, instead=_OWN_LIMIT)


def _target_of(config: ModelConfig) -> str:
    if not config.api_version:
        return "/chat/completions"
    if config.model in (".", ".."):
        raise ModelError(f"An Azure deployment cannot be called {config.model!r}.")
    root = "" if (config.base_url or "").rstrip("/").endswith("/openai") else "/openai"
    deployment = quote(config.model, safe="!$&'()*+,;=:@")
    return f"{root}/deployments/{deployment}/chat/completions?api-version={quote_plus(config.api_version)}"


def sendable(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message without the unset keys and empty lists of stored messages, which endpoints refuse."""
    return {
        key: value
        for key, value in message.items()
        if key in ("role", "content")
        or (value is not None and not (key in ("tool_calls", "annotations") and value == []))
    }


def without_nulls(value: Mapping[str, Any]) -> dict[str, Any]:
    """A tool or tool choice without its unset keys; a JSON schema inside stays as it is."""
    return {
        key: {name: item for name, item in part.items() if item is not None} if key == "function" else part
        for key, part in value.items()
        if part is not None
    }
