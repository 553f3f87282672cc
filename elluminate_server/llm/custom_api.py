"""Models behind an API of somebody's own: any service that takes JSON by POST and gives a text back."""

from collections.abc import Mapping, Sequence
from typing import Any

from elluminate_server.domain.json_paths import JsonPath, NothingThereError, described
from elluminate_server.domain.messages import text_of
from elluminate_server.llm.answers import ASSISTANT_KEYS, check_finish, kept_word, token_count, unreadable
from elluminate_server.llm.custom_api_config import SAMPLING, CustomApi, fill
from elluminate_server.llm.endpoint import Endpoint, Terms
from elluminate_server.llm.json_bodies import read_json
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.openai_compatible import sendable, without_nulls
from elluminate_server.llm.types import Answer, ModelError, ObjectShape

__all__ = ["CustomApiModel", "prompt_text"]

_SYSTEM = ("system", "developer")


class CustomApiModel:
    """A model that is asked, and whose answer is read, as its config's `custom_api_config` says.

    Raises:
        ModelError: That cannot be used.
    """

    def __init__(self, config: ModelConfig, endpoint: Endpoint) -> None:
        self._config = config
        self._terms = Terms.of(config)
        self._api = CustomApi.of(config)
        self._target = self._api.target(config)
        self._headers = self._api.sent_headers(config)
        values = self._headers.values()
        # A service may tell a token without the word before it.
        self._endpoint = endpoint.hiding({*values, *(word for value in values for word in value.split())})

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
        preferred_shape: ObjectShape | None = None,
    ) -> Answer:
        """Answer messages; see `Model.answer`.

        Raises:
            ModelError: The service failed, its answer has no text where it should be, or its template has no place for
                what has to be asked.
        """
        self._need("tools", tools)
        self._need("response_format", response_format)
        if preferred_shape is not None:
            response_format = preferred_shape.response_format()
        body = fill(self._api.body, self._values(messages, tools, tool_choice, response_format))
        received = await self._endpoint.ask_as(self._terms, self._target, body, headers=self._headers)
        return self._read(received.body, received.duration_seconds, received.waited_seconds)

    def _need(self, name: str, given: Any) -> None:
        if given and name not in self._api.uses:
            raise ModelError(
                f"LLM config {self._config.config_name!r} has no {{{{{name}}}}} in its custom_api_config.body, and the "
                f"prompt template asks for it. Add the placeholder, or take a template without {name}."
            )

    def _values(
        self,
        messages: Sequence[Mapping[str, Any]],
        tools: Sequence[Mapping[str, Any]] | None,
        tool_choice: str | Mapping[str, Any] | None,
        response_format: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        config = self._config
        said = [dict(sendable(message)) for message in messages]
        if config.system_message:
            said.insert(0, {"role": "system", "content": config.system_message})
        system = "\n\n".join(text_of(message) for message in said if message.get("role") in _SYSTEM)
        others = [message for message in said if message.get("role") not in _SYSTEM]
        if "messages" not in self._api.uses:
            self._refuse_what_is_no_text(said)
        return {
            "prompt": prompt_text(others if "system" in self._api.uses and others else said),
            "messages": said,
            "system": system or None,
            "model": config.model,
            "api_key": config.api_key or None,
            "tools": [without_nulls(tool) for tool in tools] if tools else None,
            "tool_choice": tool_choice if tools else None,
            "response_format": response_format,
            **{name: getattr(config, name) for name in SAMPLING},
            "temperature": config.sent_temperature,
        }

    def _refuse_what_is_no_text(self, messages: Sequence[Mapping[str, Any]]) -> None:
        for message in messages:
            content = message.get("content")
            kinds = (
                [part.get("type") for part in content if isinstance(part, Mapping)]
                if isinstance(content, list)
                else []
            )
            lost = next((kind for kind in kinds if kind != "text"), None)
            if lost is not None:
                raise ModelError(
                    f"A part of the type {lost!r} does not fit into {{{{prompt}}}}, which is text: LLM config "
                    f"{self._config.config_name!r} needs {{{{messages}}}} in its custom_api_config.body."
                )

    def _read(self, body: bytes, duration_seconds: float, waited_seconds: float) -> Answer:
        try:
            said = read_json(body)
        except (ValueError, RecursionError) as error:
            raise self._unreadable(f"not JSON: {error}", body) from None
        paths = self._api.paths
        failure = _maybe(paths.get("error"), said)
        if failure:
            words = failure if isinstance(failure, str) else described(failure)
            raise ModelError(
                f"The API of {self._config.model!r} answered with an error: {self._endpoint.redacted(words)}"
            )
        try:
            texts = paths["text"].find(said)
        except NothingThereError as error:
            raise self._unreadable(f"not as custom_api_config.response says: {error}", body) from None
        wrong = next((text for text in texts if not isinstance(text, str)), None) if texts != [None] else None
        if wrong is not None or None in texts[1:]:
            found = f"{paths['text'].text} is {described(wrong)} and no text"
            raise self._unreadable(f"not as custom_api_config.response says: {found}", body)
        message = {"role": "assistant", **dict.fromkeys(ASSISTANT_KEYS)}
        message["content"] = None if texts == [None] else "".join(texts)
        answer = Answer(
            messages=[message],
            duration_seconds=duration_seconds,
            waited_seconds=waited_seconds,
            input_tokens=token_count(_maybe(paths.get("input_tokens"), said)),
            output_tokens=token_count(_maybe(paths.get("output_tokens"), said)),
            reasoning_tokens=token_count(_maybe(paths.get("reasoning_tokens"), said)),
            cached_tokens=token_count(_maybe(paths.get("cached_tokens"), said)),
            finish_reason=kept_word(_maybe(paths.get("finish_reason"), said)),
            answered_by_model=kept_word(_maybe(paths.get("model"), said)),
        )
        check_finish(answer, message, self._config.model)
        return answer

    def _unreadable(self, what: str, body: bytes) -> ModelError:
        hidden = self._endpoint.redacted(body.decode("utf-8", errors="replace")).encode()
        return unreadable(self._config.model, what, hidden, "Correct the LLM config's custom_api_config.")


def prompt_text(messages: Sequence[Mapping[str, Any]]) -> str:
    """A conversation as one text: what is said, and where there is more than one turn, by whom.

    >>> prompt_text([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}])
    'User: Hi\\n\\nAssistant: Yes?'
    """
    if len(messages) == 1:
        return text_of(messages[0])
    return "\n\n".join(f"{str(message.get('role')).capitalize()}: {text_of(message)}" for message in messages)


def _maybe(path: JsonPath | None, said: Any) -> Any:
    """What is at a path that an answer need not have."""
    try:
        return None if path is None else path.find(said)[0]
    except NothingThereError:
        return None
