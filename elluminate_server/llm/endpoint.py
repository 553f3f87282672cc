"""One address of chat completions and one key: sending, trying again, and failures in words.

The `openai` package does the sending; it is imported by the first call that needs it, because importing it takes longer
than starting the server. It is imported before the call's clock starts.
"""

import time
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio
import attrs

from elluminate_server.llm.attempts import is_passing, pause_before
from elluminate_server.llm.response_formats import FormatSupport
from elluminate_server.llm.shortages import SHORTAGES, ShortageError, shortage_of
from elluminate_server.llm.types import ModelError, Usage

if TYPE_CHECKING:
    import openai

__all__ = ["Endpoint", "Received"]

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
        self._formats: dict[str, FormatSupport] = {}

    def __repr__(self) -> str:
        return f"Endpoint(base_url={self._base_url!r}, api_version={self._api_version!r})"

    def format_support(self, model: str) -> FormatSupport:
        """What this model has shown to take here."""
        return self._formats.setdefault(model, FormatSupport())

    async def complete(
        self,
        request: Mapping[str, Any],
        *,
        attempt_seconds: float,
        max_retries: int,
        final_statuses: Collection[int] = (),
    ) -> Received:
        """Send one chat completion request and return the answer's body.

        Args:
            request: The request's JSON.
            attempt_seconds: Seconds one attempt may take, from sending to the last byte.
            max_retries: Further attempts after a connection failure, a time-out, 408, 409, 429 or 5xx.
            final_statuses: Statuses of these that are not tried again all the same.

        Raises:
            ModelError: There was no answer, or one with an error status. Its `usage` has the times.
            ShortageError: This process lacks what the call takes.
        """
        client = self._connected()
        asked = time.perf_counter()
        attempt = 0
        while True:
            attempt += 1
            started = time.perf_counter()
            outcome = await self._attempt(client, request, attempt_seconds, attempt)
            duration, waited = time.perf_counter() - started, started - asked
            if isinstance(outcome, bytes):
                return Received(outcome, duration, waited)
            if isinstance(outcome, ShortageError):
                raise outcome
            failure = outcome.error
            failure.usage = Usage(duration_seconds=duration, waited_seconds=waited)
            pause = pause_before(attempt, outcome.headers)
            is_final = not failure.retryable or failure.status in final_statuses
            if attempt > max_retries or is_final or pause is None:
                # Raised out here, so that the package's exception, with the request and its key, is not attached.
                raise failure
            await anyio.sleep(pause)

    async def _attempt(
        self, client: "openai.AsyncOpenAI", request: Mapping[str, Any], seconds: float, number: int
    ) -> bytes | _Failed | ShortageError:
        import openai

        try:
            # The package's timeout is between two bytes: an endpoint that sends one a minute is not bound by it.
            with anyio.fail_after(seconds):
                answer = await client.chat.completions.with_raw_response.create(
                    messages=[], model=request["model"], extra_body=dict(request)
                )
        except (TimeoutError, openai.APITimeoutError):
            failure = ModelError(
                f"The model endpoint {self._base_url} did not answer within {seconds:g} s "
                f"({number} attempts). Raise the LLM config's timeout, or ask for less.",
                retryable=True,
            )
        except openai.APIStatusError as error:
            failure = self._status_failure(error.status_code, error.body, error.message)
            return _Failed(failure, {name.lower(): value for name, value in error.response.headers.items()})
        except openai.APIConnectionError as error:
            lacking = shortage_of(error)
            if lacking is not None:
                return self._shortage(lacking)
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
        return _Failed(failure)

    async def aclose(self) -> None:
        """Close the connection pool."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.close()

    def _connected(self) -> "openai.AsyncOpenAI":
        try:
            return self._connect()
        except (OSError, MemoryError) as error:  # modules and certificates are files, too
            lacking = shortage_of(error)
            if lacking is None:
                raise
            raise self._shortage(lacking) from error

    def _shortage(self, number: int) -> ShortageError:
        return ShortageError(
            number, f"The model endpoint {self._base_url} was not asked by this server: {SHORTAGES[number]}"
        )

    def _connect(self) -> "openai.AsyncOpenAI":
        if self._client is None:
            import openai

            # A key has to be given to the package; the hook then puts in the real one, or none.
            http_client = openai.DefaultAsyncHttpxClient(
                follow_redirects=False, event_hooks={"request": [self._authorize]}
            )
            if self._api_version:
                self._client = openai.AsyncAzureOpenAI(
                    azure_endpoint=self._base_url.removesuffix("/openai"),
                    max_retries=0,
                    timeout=None,
                    api_version=self._api_version,
                    api_key="set by hook",
                    http_client=http_client,
                )
            else:
                self._client = openai.AsyncOpenAI(
                    base_url=self._base_url,
                    api_key="set by hook",
                    max_retries=0,
                    timeout=None,
                    http_client=http_client,
                )
            _ = self._client.chat.completions.with_raw_response  # imported when first read
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
            retryable=is_passing(status),
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
