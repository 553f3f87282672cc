"""One address of a provider and one key: asking, trying again, and failures in words."""

import time
from collections.abc import Collection, Mapping
from typing import Any

import anyio
import attrs

from elluminate_server.domain.redaction import redacted
from elluminate_server.llm.addresses import check_address
from elluminate_server.llm.attempts import is_passing, pause_before
from elluminate_server.llm.http_calls import HttpAnswer, HttpCalls, HttpFailure
from elluminate_server.llm.json_bodies import read_json, storable_text, write_json
from elluminate_server.llm.key_headers import KeyHeaders, bearer, fits_a_header
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.response_formats import FormatSupport
from elluminate_server.llm.shortages import SHORTAGES, ShortageError, shortage_of
from elluminate_server.llm.types import MAX_MODEL_ANSWER_BYTES, ModelError, Usage

__all__ = ["Endpoint", "Received"]

LONGEST_PROVIDER_MESSAGE = 500

DEFAULT_TIMEOUT = 120.0
"""Seconds one attempt may take when the config does not say."""
DEFAULT_MAX_RETRIES = 2
"""Further attempts when the config does not say."""


@attrs.frozen
class Received:
    """The body of an answer.

    Attributes:
        body: Its bytes.
        duration_seconds: From the beginning of the last attempt to the last byte.
        waited_seconds: Earlier attempts, and the pauses after them.
    """

    body: bytes
    duration_seconds: float
    waited_seconds: float


@attrs.frozen
class _Failed:
    """An attempt without a usable answer: the failure in words, and the headers of what was answered."""

    error: ModelError
    headers: Mapping[str, str] = attrs.field(factory=dict)


class Endpoint:
    """One address and one key, and the connections to it.

    Only the key given here is ever sent, and only to this address.

    Args:
        base_url: Address without the trailing slash.
        api_key: Its key; None sends none.
        key_headers: Where the provider reads the key.
        max_answer_bytes: Most bytes of an answer that are read.

    Raises:
        ModelError: The address cannot be asked, or the key cannot be put into a header.
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str | None,
        key_headers: KeyHeaders = bearer,
        max_answer_bytes: int = MAX_MODEL_ANSWER_BYTES,
    ) -> None:
        check_address(base_url)
        if api_key is not None and not fits_a_header(api_key):
            raise ModelError(
                f"The API key for {base_url} cannot be sent: it holds blanks, line breaks or characters that "
                "are not ASCII. Copy it again."
            )
        self._base_url = base_url
        self._api_key = api_key
        self._key_headers = {} if api_key is None else key_headers(api_key)
        self._calls = HttpCalls(base_url, max_answer_bytes=max_answer_bytes)
        self._formats: dict[str, FormatSupport] = {}
        self._shown: dict[str, set[str]] = {}

    def __repr__(self) -> str:
        return f"Endpoint(base_url={self._base_url!r})"

    def format_support(self, model: str) -> FormatSupport:
        """What this model has shown to take here."""
        return self._formats.setdefault(model, FormatSupport())

    def shown_by(self, model: str) -> set[str]:
        """What else this model has shown here, in words of its provider's own."""
        return self._shown.setdefault(model, set())

    async def ask_as(
        self,
        config: ModelConfig,
        target: str,
        request: Mapping[str, Any],
        *,
        final_statuses: Collection[int] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Received:
        """Send one request with the patience of an LLM config; see `ask`."""
        return await self.ask(
            target,
            request,
            attempt_seconds=DEFAULT_TIMEOUT if config.timeout is None else config.timeout,
            max_retries=DEFAULT_MAX_RETRIES if config.max_retries is None else config.max_retries,
            final_statuses=final_statuses,
            headers=headers,
        )

    async def ask(
        self,
        target: str,
        request: Mapping[str, Any],
        *,
        attempt_seconds: float,
        max_retries: int,
        final_statuses: Collection[int] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Received:
        """Send one request and return the answer's body.

        Args:
            target: What follows the base URL, quoted: a path, and a query if there is one.
            request: The request's JSON.
            attempt_seconds: Seconds one attempt may take, from sending to the last byte.
            max_retries: Further attempts after a connection failure, a time-out, 408, 409, 429 or 5xx.
            final_statuses: Statuses of these that are not tried again all the same.
            headers: Headers that the provider wants beside the key.

        Raises:
            ModelError: There was no answer, or one with an error status. Its `usage` has the times.
            ShortageError: This process lacks what the call takes.
        """
        await self._prepare()
        try:
            body = write_json(request)
        except ValueError as error:
            raise ModelError(f"The request to {self._base_url} cannot be sent as JSON: {error}.") from None
        sent_headers = {**self._key_headers, **(headers or {})}
        asked = time.perf_counter()
        attempt = 0
        while True:
            attempt += 1
            started = time.perf_counter()
            try:
                outcome = await self._calls.post(
                    self._base_url + target, body, headers=sent_headers, seconds=attempt_seconds
                )
            except TimeoutError:
                outcome = HttpFailure(
                    f"did not answer within {attempt_seconds:g} s ({attempt} attempts)",
                    "Raise the LLM config's timeout, or ask for less.",
                )
            duration, waited = time.perf_counter() - started, started - asked
            if isinstance(outcome, HttpAnswer) and 200 <= outcome.status < 300:
                return Received(outcome.body, duration, waited)
            if isinstance(outcome, HttpFailure) and outcome.shortage is not None:
                raise self._shortage(outcome.shortage)
            failed = self._failed(outcome)
            failed.error.usage = Usage(duration_seconds=duration, waited_seconds=waited)
            pause = pause_before(attempt, failed.headers)
            is_final = not failed.error.retryable or failed.error.status in final_statuses
            if attempt > max_retries or is_final or pause is None:
                raise failed.error
            await anyio.sleep(pause)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._calls.aclose()

    async def _prepare(self) -> None:
        try:
            await self._calls.prepare()
        except (OSError, MemoryError) as error:  # modules and certificates are files, too
            lacking = shortage_of(error)
            if lacking is None:
                raise
            raise self._shortage(lacking) from error

    def _shortage(self, number: int) -> ShortageError:
        return ShortageError(
            number, f"The model endpoint {self._base_url} was not asked by this server: {SHORTAGES[number]}"
        )

    def _failed(self, outcome: HttpAnswer | HttpFailure) -> _Failed:
        if isinstance(outcome, HttpFailure):
            said = self._redacted(storable_text(outcome.reason))
            return _Failed(
                ModelError(
                    f"The model endpoint {self._base_url} {said}. {outcome.advice}",
                    retryable=outcome.is_passing,
                )
            )
        said = self._redacted(_said_in(outcome.body)) or "nothing"
        if len(said) > LONGEST_PROVIDER_MESSAGE:
            said = said[:LONGEST_PROVIDER_MESSAGE] + "…"
        status = outcome.status
        advice = _ADVICE.get(status, _REDIRECT_ADVICE if 300 <= status < 400 else "")
        return _Failed(
            ModelError(
                f"The model endpoint {self._base_url} answered {status}: {said}{advice}",
                retryable=is_passing(status),
                status=status,
            ),
            outcome.headers,
        )

    def _redacted(self, text: str) -> str:
        return redacted(text, self._api_key, "[key]")


def _said_in(body: bytes) -> str:
    """The provider's own words in the body of an error."""
    try:
        said = read_json(body)
    except (ValueError, RecursionError):
        return storable_text(body.decode("utf-8", errors="replace").strip())
    error = said.get("error", said) if isinstance(said, Mapping) else said
    if isinstance(error, str):
        return error
    if isinstance(error, Mapping):
        for key in ("message", "detail"):
            if error.get(key):
                return f"{error[key]}{_parameter(error)}"
    return storable_text(body.decode("utf-8", errors="replace").strip())


def _parameter(error: Mapping[str, Any]) -> str:
    """The parameter that was refused, where the message does not name it."""
    name = error.get("param")
    if not isinstance(name, str) or not name or name in str(error.get("message")):
        return ""
    return f" (parameter {name!r})"


_ADVICE = {
    401: " (Check the LLM config's API key.)",
    403: " (The API key may not use this model.)",
    404: " (Check the LLM config's base URL and model name.)",
    429: " (Lower max_connections, or raise max_retries.)",
}
_REDIRECT_ADVICE = " (Redirects are not followed: give the address that it leads to as the base URL.)"
