"""Models behind an OpenAI-compatible chat completions endpoint, Azure OpenAI included.

The wire format is that of OpenAI's API reference, "Create chat completion". The `openai` package does the
sending and the retrying; it is imported by the first call that needs it, because importing it takes longer
than starting the server. Answers are decoded here and not there, because the package lets through whatever an
endpoint sends.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import anyio

from elluminate_server.domain.messages import response_text, text_of
from elluminate_server.llm.completion import read_completion
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

if TYPE_CHECKING:
    import openai

__all__ = ["DEFAULT_MAX_RETRIES", "DEFAULT_TIMEOUT", "Endpoint", "OpenAICompatibleModel"]

T = TypeVar("T")

DEFAULT_TIMEOUT = 120.0
"""Seconds one attempt may take when the config does not say."""
DEFAULT_MAX_RETRIES = 2
"""Further attempts when the config does not say."""
LONGEST_BACKOFF = 60.0
"""Seconds between two attempts at most; the `openai` package honours a `Retry-After` up to here."""
LONGEST_PROVIDER_MESSAGE = 500

_SENT_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "user-agent",
        # The package reads this one back from the request, to know that the raw response is wanted.
        "x-stainless-raw-response",
    }
)


class Endpoint:
    """One address and one key: a connection pool that is made when first used.

    Only the key given here is ever sent, and only to this address: the `openai` package would otherwise add
    keys, organizations, projects and headers that it finds in `OPENAI_*` variables, and redirects are not
    followed.

    Args:
        base_url: Address without the trailing slash.
        api_key: Its key; None sends none.
        api_version: Azure OpenAI API version; None for every other endpoint.

    Raises:
        ModelError: The address is not an HTTP address, or the key cannot be put into a header.
    """

    def __init__(self, *, base_url: str, api_key: str | None, api_version: str | None = None) -> None:
        _check_address(base_url)
        if api_key is not None and (not api_key.isascii() or not api_key.isprintable() or " " in api_key):
            raise ModelError(
                f"The API key for {base_url} cannot be sent: it holds blanks, line breaks or characters that "
                "are not ASCII. Copy it again."
            )
        self._base_url = base_url
        self._api_key = api_key
        self._api_version = api_version
        self._client: openai.AsyncOpenAI | None = None
        self.takes_response_formats = True
        """Turned off once the endpoint has refused a JSON schema and then answered without one."""

    def __repr__(self) -> str:
        return f"Endpoint(base_url={self._base_url!r}, api_version={self._api_version!r})"

    async def complete(
        self, request: Mapping[str, Any], *, attempt_seconds: float, max_retries: int
    ) -> bytes:
        """Send one chat completion request and return the answer's body.

        Args:
            request: The request's JSON.
            attempt_seconds: Seconds one attempt may take.
            max_retries: Further attempts after a connection failure, a time-out, 408, 409, 429 or 5xx.

        Raises:
            ModelError: There was no answer, or one with an error status.
        """
        import openai

        client = self._connected().with_options(timeout=attempt_seconds, max_retries=max_retries)
        # The package's timeout is between two bytes: an endpoint that sends one a minute is not bound by it.
        # One timeout more than attempts, so that the package's own, more exact error comes first.
        deadline = attempt_seconds * (max_retries + 2) + LONGEST_BACKOFF * max_retries
        try:
            with anyio.fail_after(deadline):
                answer = await client.chat.completions.with_raw_response.create(
                    messages=[], model=request["model"], extra_body=dict(request)
                )
        except TimeoutError:
            failure = ModelError(
                f"The model endpoint {self._base_url} had not answered completely after {deadline:g} s.",
                retryable=True,
            )
        except openai.APITimeoutError:
            failure = ModelError(
                f"The model endpoint {self._base_url} did not answer within {attempt_seconds:g} s "
                f"({max_retries + 1} attempts). Raise the LLM config's timeout, or ask for less.",
                retryable=True,
            )
        except openai.APIStatusError as error:
            failure = self._status_failure(error.status_code, error.body, error.message)
        except openai.APIConnectionError as error:
            reason = self._redacted(str(error.__cause__ or error.message))
            failure = ModelError(
                f"The model endpoint {self._base_url} could not be reached: {reason}. Check its address, "
                "and that it is up.",
                retryable=True,
            )
        except openai.OpenAIError as error:
            failure = ModelError(f"The model endpoint {self._base_url} failed: {self._redacted(str(error))}")
        else:
            return answer.content
        # Raised out here, so that the package's own exception, with the request and its key, is not attached.
        raise failure

    async def aclose(self) -> None:
        """Close the connection pool."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.close()

    def _connected(self) -> "openai.AsyncOpenAI":
        if self._client is None:
            import openai

            # A key has to be given to the package; the hook then puts in the real one, or none.
            http_client = openai.DefaultAsyncHttpxClient(
                follow_redirects=False, event_hooks={"request": [self._authorize]}
            )
            if self._api_version:
                self._client = openai.AsyncAzureOpenAI(
                    azure_endpoint=self._base_url.removesuffix("/openai"),
                    api_version=self._api_version,
                    api_key="set by hook",
                    http_client=http_client,
                )
            else:
                self._client = openai.AsyncOpenAI(
                    base_url=self._base_url, api_key="set by hook", http_client=http_client
                )
        return self._client

    async def _authorize(self, request: Any) -> None:
        headers = request.headers
        for name in list(headers):
            if name.lower() not in _SENT_HEADERS:
                del headers[name]
        if self._api_key is not None:
            if self._api_version:
                headers["api-key"] = self._api_key
            else:
                headers["Authorization"] = f"Bearer {self._api_key}"

    def _status_failure(self, status: int, body: object, message: str) -> ModelError:
        said = message
        if isinstance(body, Mapping):
            said = str(body.get("message") or body.get("detail") or message)
        said = self._redacted(said)
        if len(said) > LONGEST_PROVIDER_MESSAGE:
            said = said[:LONGEST_PROVIDER_MESSAGE] + "…"
        return ModelError(
            f"The model endpoint {self._base_url} answered {status}: {said}{_ADVICE.get(status, '')}",
            retryable=status in (408, 409, 429) or status >= 500,
            status=status,
        )

    def _redacted(self, text: str) -> str:
        return text.replace(self._api_key, "[key]") if self._api_key else text


def _check_address(base_url: str) -> None:
    try:
        address = urlsplit(base_url)
    except ValueError as error:
        raise ModelError(f"{base_url!r} is not the address of an endpoint: {error}.") from None
    if address.username is not None or address.query or address.fragment:
        raise ModelError(
            "The base URL of an endpoint holds no user name, password, query or fragment: put the key into "
            "the LLM config's api_key, and leave only the address in its base URL."
        )
    if address.scheme not in ("http", "https") or not address.hostname:
        raise ModelError(
            f"{base_url!r} is not the address of an endpoint: a base URL starts with http:// or https://, "
            "for example https://llm.example/v1."
        )


_ADVICE = {
    401: " (Check the LLM config's API key.)",
    403: " (The API key may not use this model.)",
    404: " (Check the LLM config's base URL and model name.)",
    429: " (Lower max_connections, or raise max_retries.)",
}


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
        return Verdict(
            rating=rating,
            reasoning=reasoning,
            duration_seconds=usage.duration_seconds,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            reasoning_tokens=usage.reasoning_tokens,
            cached_tokens=usage.cached_tokens,
        )

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
        return UserTurn(
            text=text,
            ends=ends,
            duration_seconds=answer.duration_seconds,
            input_tokens=answer.input_tokens,
            output_tokens=answer.output_tokens,
            reasoning_tokens=answer.reasoning_tokens,
            cached_tokens=answer.cached_tokens,
        )

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
