"""Models behind Anthropic's Messages API."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from elluminate_server.llm.answers import mapping
from elluminate_server.llm.anthropic_messages import as_blocks, as_tool, as_tool_choice, read_message
from elluminate_server.llm.concessions import ask_with_concessions, concessions_for, config_as_sent
from elluminate_server.llm.endpoint import Endpoint, Received, Terms
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.response_formats import Form, ask_in_steps
from elluminate_server.llm.types import Answer, ModelError, ObjectShape

__all__ = ["AnthropicModel"]

API_VERSION = "2023-06-01"
"""Sent where the LLM config names no other one."""

DEFAULT_MAX_TOKENS = 4096
"""The API wants a limit; every model takes this one."""

LEAST_BUDGET = 1024
"""The least thinking that the API takes, in tokens."""

_BUDGETS = {"minimal": LEAST_BUDGET, "low": 4096, "medium": 8192, "high": 16384}
"""Reasoning efforts as tokens of thinking, for models that are told so."""

_EFFORTS = {"minimal": "low"}
"""Reasoning efforts that the API calls by another name, for models that find out by themselves how long to think."""

_UNKNOWN = ("best_of", "logprobs", "top_logprobs", "verbosity")

_BUDGET = "thinks within a budget"
"""What a model has shown that refuses to be told an effort."""

_WORDS_OF_THINKING = ("thinking", "effort", "output_config")
"""In the messages of such a refusal."""

_NO_NAME = re.compile(r"[^a-zA-Z0-9_-]")


class AnthropicModel:
    """A Claude model, asked as its config says.

    Raises:
        ModelError: The config sets what the API does not have.
    """

    def __init__(self, config: ModelConfig, endpoint: Endpoint) -> None:
        unknown = [name for name in _UNKNOWN if getattr(config, name)]
        if unknown:
            raise ModelError(
                f"LLM config {config.config_name!r} sets {', '.join(unknown)}, which Anthropic's API does not have. "
                "Make one without it."
            )
        self._config = config
        self._endpoint = endpoint
        self._terms = Terms.of(config)
        root = "" if (config.base_url or "").rstrip("/").endswith("/v1") else "/v1"
        self._target = f"{root}/messages"
        self._concessions = concessions_for(config)
        self._headers = {"anthropic-version": config.api_version or API_VERSION}

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
            ModelError: The API failed, its answer is not a message, or something cannot be sent to it.
        """
        request = self._request(messages)
        if tools:
            request["tools"] = [as_tool(tool) for tool in tools]
            if tool_choice is not None:
                request["tool_choice"] = as_tool_choice(tool_choice)
        if preferred_shape is not None:
            response_format = preferred_shape.response_format()
        steps: list[Form | None] = [*self._steps(response_format, has_tools=bool(tools))]
        if preferred_shape is not None:
            steps.append(None)
        if not steps:
            return await self._ask(request, {})

        async def ask(step: Mapping[str, Any] | None, final_statuses: Collection[int]) -> Answer:
            return await self._ask(request, step or {}, final_statuses)

        return await ask_in_steps(self._endpoint.format_support(self._config.model), steps, ask)

    def _steps(self, response_format: Mapping[str, Any] | None, *, has_tools: bool) -> list[Form]:
        """What to add to a request so that its answer has a form, the best way first; nothing for no form."""
        kind = mapping(response_format).get("type")
        if kind in (None, "text"):
            return []
        named = mapping(mapping(response_format).get("json_schema"))
        schema = named.get("schema") or {"type": "object"}
        steps: list[Form] = []
        if kind == "json_schema":
            steps.append(Form({"output_config": {"format": {"type": "json_schema", "schema": schema}}}))
        # A tool cannot be called for its form where the model may call others, or thinks first.
        if not has_tools and self._config.reasoning_effort is None:
            name = _NO_NAME.sub("_", str(named.get("name") or "answer"))[:64]
            tool = {"name": name, "description": "Gives the answer its form.", "input_schema": schema}
            steps.append(Form({"tools": [tool], "tool_choice": {"type": "tool", "name": name}}))
        if not steps:
            raise ModelError(
                f"Anthropic's API takes no response format {kind!r} together with tools or thinking. Give a "
                "JSON schema."
            )
        return steps

    def _request(self, messages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        config = self._config
        system, turns = as_blocks(messages)
        system = "\n\n".join(filter(None, [config.system_message, system]))
        options = {
            "system": system or None,
            "temperature": config.sent_temperature,
            "top_p": config.top_p,
            "top_k": config.top_k,
        }
        given = {name: value for name, value in options.items() if value is not None}
        return {
            "model": config.model,
            "max_tokens": config.max_tokens or DEFAULT_MAX_TOKENS,
            "messages": turns,
            **given,
        }

    async def _ask(
        self, request: Mapping[str, Any], form: Mapping[str, Any], final_statuses: Collection[int] = ()
    ) -> Answer:
        if self._config.reasoning_effort is None:
            form_tool = mapping(form.get("tool_choice")).get("name")
            return await self._send({**request, **form}, final_statuses, form_tool)
        shown = self._endpoint.shown_by(self._config.model)
        if _BUDGET not in shown:
            try:
                return await self._send(self._thinking_freely(request, form), final_statuses)
            except ModelError as error:
                if error.status != 400 or not any(word in str(error) for word in _WORDS_OF_THINKING):
                    raise
                shown.add(_BUDGET)
        return await self._send(self._thinking_within(request, form), final_statuses)

    def _thinking_freely(self, request: Mapping[str, Any], form: Mapping[str, Any]) -> dict[str, Any]:
        effort = self._config.reasoning_effort or ""
        output = {"effort": _EFFORTS.get(effort, effort), **mapping(form.get("output_config"))}
        return {**request, **form, "thinking": {"type": "adaptive"}, "output_config": output}

    def _thinking_within(self, request: Mapping[str, Any], form: Mapping[str, Any]) -> dict[str, Any]:
        """The request of a model that wants to be told how long to think: at most half of what it may write."""
        budget = _BUDGETS.get(self._config.reasoning_effort or "", LEAST_BUDGET)
        most = self._config.max_tokens
        if most is None:
            most = budget + DEFAULT_MAX_TOKENS
        elif most <= LEAST_BUDGET:
            raise ModelError(
                f"LLM config {self._config.config_name!r} has max_tokens {most}, and its model needs more than "
                f"{LEAST_BUDGET} to think and answer. Raise it, or leave out reasoning_effort."
            )
        else:
            budget = max(LEAST_BUDGET, min(budget, most // 2))
        thinking = {"type": "enabled", "budget_tokens": budget}
        return {**request, **form, "max_tokens": most, "thinking": thinking}

    async def _send(
        self, request: Mapping[str, Any], final_statuses: Collection[int], form_tool: str | None = None
    ) -> Answer:
        async def send(asked: Mapping[str, Any]) -> Received:
            return await self._endpoint.ask_as(
                self._terms, self._target, asked, final_statuses=final_statuses, headers=self._headers
            )

        shown = self._endpoint.shown_by(self._config.model)
        received = await ask_with_concessions(shown, request, self._concessions, send, Received.after_waiting)
        return self._endpoint.read(
            received,
            lambda body: read_message(
                body,
                model=self._config.model,
                form_tool=form_tool,
                duration_seconds=received.duration_seconds,
                waited_seconds=received.waited_seconds,
            ),
        )
