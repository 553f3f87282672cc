"""Models behind an OpenAI-compatible chat completions endpoint, Azure OpenAI included.

The wire format is that of OpenAI's API reference, "Create chat completion". Answers are decoded here and not by
the `openai` package, because the package lets through whatever an endpoint sends.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from elluminate_server.domain.messages import response_text, text_of
from elluminate_server.llm.completion import read_completion
from elluminate_server.llm.endpoint import Endpoint
from elluminate_server.llm.judging import (
    CRITERIA_FORMAT,
    VERDICT_FORMAT,
    UnreadableAnswerError,
    ask_again,
    criteria_messages,
    judge_messages,
    parse_criteria,
    parse_row,
    parse_verdict,
    row_format,
    row_messages,
)
from elluminate_server.llm.simulated_user import read_turn, user_messages
from elluminate_server.llm.types import (
    Answer,
    JudgeCase,
    ModelConfig,
    ModelError,
    RatingMode,
    Usage,
    UserCase,
    UserTurn,
    Verdict,
)

__all__ = ["DEFAULT_MAX_RETRIES", "DEFAULT_TIMEOUT", "OpenAICompatibleModel"]

T = TypeVar("T")

DEFAULT_TIMEOUT = 120.0
"""Seconds one attempt may take when the config does not say."""
DEFAULT_MAX_RETRIES = 2
"""Further attempts when the config does not say."""


class OpenAICompatibleModel:
    """A model at an endpoint, asked as its config says."""

    def __init__(self, config: ModelConfig, endpoint: Endpoint) -> None:
        self._config = config
        self._endpoint = endpoint

    @property
    def config(self) -> ModelConfig:
        """The config it is asked with."""
        return self._config

    async def answer(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Answer a rendered prompt.

        Raises:
            ModelError: The endpoint failed, or its answer is not a chat completion.
        """
        request = self._request(messages)
        if tools:
            request["tools"] = [_without_nulls(tool) for tool in tools]
            if tool_choice is not None:
                request["tool_choice"] = (
                    tool_choice if isinstance(tool_choice, str) else _without_nulls(tool_choice)
                )
        if response_format is not None:
            request["response_format"] = response_format
        return await self._ask(request)

    async def judge(self, case: JudgeCase, mode: RatingMode) -> Verdict:
        """Judge one response for one criterion.

        Raises:
            ModelError: The endpoint failed, or gave no readable verdict twice.
        """
        (rating, reasoning), usage = await self._structured(
            judge_messages(case, mode), VERDICT_FORMAT, parse_verdict
        )
        return Verdict(rating=rating, reasoning=reasoning, **usage.measures())

    async def play_user(self, case: UserCase) -> UserTurn:
        """What a simulated user says next.

        Raises:
            ModelError: The endpoint failed, or the user said nothing without ending.
        """
        answer = await self._ask(self._request(user_messages(case)))
        text, ends = read_turn(response_text(answer.messages))
        if not text and not ends:
            raise ModelError(
                f"Model {self._config.model!r}, playing {case.name!r}, said nothing and did not end.",
                retryable=True,
            )
        return UserTurn(text=text, ends=ends, **answer.measures())

    async def propose_criteria(self, template_messages: Sequence[Mapping[str, Any]]) -> list[str]:
        """Yes/no questions that fit a template.

        Raises:
            ModelError: The endpoint failed, or gave no readable proposal twice.
        """
        criteria, _ = await self._structured(
            criteria_messages(template_messages),
            CRITERIA_FORMAT,
            lambda answer: parse_criteria(answer, template_messages),
        )
        return criteria

    async def propose_row(
        self,
        template_messages: Sequence[Mapping[str, Any]],
        placeholders: Sequence[str],
        existing_rows: Sequence[Mapping[str, Any]],
    ) -> dict[str, str]:
        """A new test case for a template.

        Raises:
            ModelError: There is no placeholder to fill, the endpoint failed, or gave no readable proposal
            twice.
        """
        if not placeholders:
            raise ModelError("The template has no placeholders, so there is no row to propose for it.")
        row, _ = await self._structured(
            row_messages(template_messages, placeholders, existing_rows),
            row_format(placeholders),
            lambda answer: parse_row(answer, placeholders, existing_rows),
        )
        return row

    async def _structured(
        self,
        messages: Sequence[Mapping[str, Any]],
        response_format: Mapping[str, Any],
        parse: Callable[[str], T],
    ) -> tuple[T, Usage]:
        """Ask for JSON; once more, with the schema stated, when the answer cannot be read."""
        answer = await self._ask_for_json(messages, response_format)
        text = text_of(answer.messages[0])
        try:
            return parse(text), answer
        except UnreadableAnswerError as error:
            again = ask_again(messages, text, str(error), response_format)
        second = await self._ask_for_json(again, response_format)
        usage = answer.plus(second)
        try:
            return parse(text_of(second.messages[0])), usage
        except UnreadableAnswerError as error:
            raise ModelError(
                f"The model {self._config.model!r} was asked twice and gave nothing usable: in its last "
                f"answer, {error}."
            ) from None

    async def _ask_for_json(
        self, messages: Sequence[Mapping[str, Any]], response_format: Mapping[str, Any]
    ) -> Answer:
        request = self._request(messages)
        if not self._endpoint.takes_response_formats:
            return await self._ask(request)
        try:
            return await self._ask({**request, "response_format": response_format})
        except ModelError as error:
            if error.status not in (400, 422):
                raise
        # Some compatible endpoints refuse JSON schemas. The prompt states the shape too, so ask without one;
        # when something else was wrong, this attempt says so.
        answer = await self._ask(request)
        self._endpoint.takes_response_formats = False
        return answer

    def _request(self, messages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        config = self._config
        sent = [_sendable(message) for message in messages]
        if config.system_message:
            sent.insert(0, {"role": "system", "content": config.system_message})
        # OpenAI's reasoning models refuse `max_tokens`; most compatible endpoints know nothing else.
        limit = "max_completion_tokens" if config.reasoning_effort is not None else "max_tokens"
        options = {
            limit: config.max_tokens,
            "temperature": config.temperature,
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

    async def _ask(self, request: Mapping[str, Any]) -> Answer:
        config = self._config
        started = time.perf_counter()
        body = await self._endpoint.complete(
            request,
            attempt_seconds=DEFAULT_TIMEOUT if config.timeout is None else config.timeout,
            max_retries=DEFAULT_MAX_RETRIES if config.max_retries is None else config.max_retries,
        )
        return read_completion(body, model=config.model, duration_seconds=time.perf_counter() - started)


def _sendable(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message without the unset keys and empty lists of stored messages, which endpoints refuse."""
    return {
        key: value
        for key, value in message.items()
        if key in ("role", "content")
        or (value is not None and not (key in ("tool_calls", "annotations") and value == []))
    }


def _without_nulls(value: Mapping[str, Any]) -> dict[str, Any]:
    """A tool or tool choice without its unset keys; a JSON schema inside stays as it is."""
    return {
        key: {name: item for name, item in part.items() if item is not None} if key == "function" else part
        for key, part in value.items()
        if part is not None
    }
