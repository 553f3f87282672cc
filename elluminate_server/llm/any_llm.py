"""Models of every provider that the package `any-llm-sdk` knows (extra `providers`), asked through it.

Its calls stand where HTTP calls do (`llm.http_calls.Calls`), so that the gate, attempts, time limits and words about
failures are those of every endpoint. The bound on an answer's bytes, proxies, certificates, and which addresses are
connected to (on this machine, too) are the packages' own. So a server that asks public addresses alone does not ask in
this way (`Models`).
"""

import asyncio
import importlib
import importlib.util
import inspect
import json
from collections.abc import Mapping
from typing import Any

import anyio

from elluminate_server.llm.attempts import Kind
from elluminate_server.llm.http_calls import HttpAnswer, HttpFailure
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.types import ModelError

__all__ = ["AnyLlmCalls", "address_of"]

_STATUSES = {
    "MissingApiKeyError": 401,
    "AuthenticationError": 401,
    "InsufficientFundsError": 402,
    "ModelNotFoundError": 404,
    "UnsupportedProviderError": 404,
    "RateLimitError": 429,
    "GatewayTimeoutError": 504,
    "UpstreamProviderError": 502,
    "InvalidRequestError": 400,
    "ContentFilterError": 400,
    "ContextLengthExceededError": 400,
    "UnsupportedParameterError": 400,
}
"""Its errors as statuses, where it does not tell one."""

_NOT_CONNECTED = ("APIConnectionError", "ConnectError", "ConnectTimeout", "ConnectionError", "ReadError")
"""Names of errors of the providers' packages, and of those they are raised from, that mean that nothing answers."""


class AnyLlmCalls:
    """Calls to a provider's models through `any-llm-sdk`, with one client for each event loop.

    Args:
        config: Whose provider, key and base URL are used.

    Raises:
        ModelError: The package is not installed, or the config lacks what it needs.
    """

    def __init__(self, config: ModelConfig) -> None:
        if importlib.util.find_spec("any_llm") is None:
            raise ModelError(
                f"LLM config {config.config_name!r} has the provider 'any_llm', which needs a package that is not "
                "installed where the backend runs: pip install 'elluminate-open[providers]'"
            )
        if not config.api_key:
            raise ModelError(
                f"LLM config {config.config_name!r} has no api_key. The provider's package would take one out of this "
                "server's environment: give its key, or any text where it needs none."
            )
        self._config = config
        self._provider, _ = _parts_of(config)
        self._clients: dict[asyncio.AbstractEventLoop, Any] = {}

    async def prepare(self) -> None:
        """Import the package, beside the event loop, and make the client of this one, when not done yet.

        Raises:
            ModelError: The provider is unknown, or its own package is not installed.
        """
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            self._clients = {
                known: client for known, client in self._clients.items() if not known.is_closed()
            }
            self._clients[loop] = await anyio.to_thread.run_sync(self._client)

    def _client(self) -> Any:
        any_llm = importlib.import_module("any_llm")
        given = {
            "api_key": self._config.api_key,
            "api_base": self._config.base_url,
            "unified_exceptions": True,
        }
        try:
            try:
                # Asking again is the gate's business, as far as the provider's package leaves it.
                return any_llm.AnyLLM.create(self._provider, max_retries=0, **given)
            except any_llm.exceptions.UnsupportedParameterError:
                return any_llm.AnyLLM.create(self._provider, **given)
        except ImportError as error:
            raise ModelError(
                f"The package of the provider {self._provider!r} is not installed where the backend runs: "
                f"pip install 'any-llm-sdk[{self._provider}]' ({error})",
                is_hopeless=True,
            ) from None
        except any_llm.exceptions.AnyLLMError as error:
            raise ModelError(
                f"The provider {self._provider!r} cannot be used through any-llm-sdk: {error}",
                is_hopeless=True,
            ) from None

    async def post(
        self, url: str, body: bytes, *, headers: Mapping[str, str], seconds: float
    ) -> HttpAnswer | HttpFailure:
        """Have a chat completion made; see `HttpCalls.post`. Address and headers are the package's business."""
        request = json.loads(body)
        request["model"] = _parts_of(self._config)[1]
        client = self._clients[asyncio.get_running_loop()]
        async with asyncio.timeout(seconds):
            try:
                completion = await client.acompletion(**request)
            except TimeoutError:
                raise
            except Exception as error:  # noqa: BLE001 - each provider's package has its own
                return _outcome_of(error)
        return HttpAnswer(200, {}, completion.model_dump_json().encode())

    async def aclose(self) -> None:
        """Close the connections of the running event loop's client, as far as its package lets them be closed."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        self._clients.clear()
        close = getattr(getattr(client, "client", None), "close", None)
        closing = close() if callable(close) else None
        if inspect.isawaitable(closing):
            await closing


def address_of(config: ModelConfig) -> str:
    """What the endpoint is called.

    Raises:
        ModelError: The model's name lacks its provider.
    """
    provider, _ = _parts_of(config)
    return f"any-llm:{provider}" + (f" ({config.base_url})" if config.base_url else "")


def _parts_of(config: ModelConfig) -> tuple[str, str]:
    provider, colon, model = config.model.partition(":")
    if not colon or not provider.replace("_", "").isalnum() or not model:
        raise ModelError(
            f"LLM config {config.config_name!r} has the provider 'any_llm', so that llm_model_name must say provider "
            f"and model, like 'mistral:mistral-small-latest', not {config.model[:80]!r}."
        )
    return provider, model


def _outcome_of(error: Exception) -> HttpAnswer | HttpFailure:
    """What failed, as any other endpoint would have said it."""
    status = getattr(error, "status_code", None) or _STATUSES.get(type(error).__name__)
    if isinstance(status, int) and status >= 400:
        told = {name: getattr(error, name, None) for name in ("code", "param")}
        body = {"error": {"message": str(error), "type": getattr(error, "error_type", None), **told}}
        after = getattr(error, "retry_after", None)
        return HttpAnswer(
            status, {} if after is None else {"retry-after": str(after)}, json.dumps(body).encode()
        )
    names = {type(cause).__name__ for cause in _causes_of(error)}
    is_away = bool(names & set(_NOT_CONNECTED))
    return HttpFailure(
        f"could not be asked ({type(error).__name__}: {error})",
        "Check the LLM config's base URL and the network."
        if is_away
        else "Check the LLM config and its model.",
        Kind.OUTAGE if is_away else Kind.PASSING,
    )


def _causes_of(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = getattr(error, "original_exception", None) or error.__cause__ or error.__context__
    return found
