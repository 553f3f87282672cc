"""The one module that imports the HTTP library: clients, answers, and its failures as ours."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar
from urllib.request import getproxies

import httpx
from attrs import define, frozen

from elluminate._config import Config
from elluminate.exceptions import (
    ConfigurationError,
    ConnectionFailedError,
    RedirectRefusedError,
    RequestTimeoutError,
    TransportError,
)

Response = httpx.Response
Request = httpx.Request
Failure = httpx.HTTPError
OwnBlocking: TypeAlias = httpx.Client
OwnAsync: TypeAlias = httpx.AsyncClient

C = TypeVar("C", httpx.Client, httpx.AsyncClient)

MAX_CONNECTIONS = 100
"""Enough for many concurrent calls to one server; further calls wait for a free connection."""

ENOUGH_CONNECTIONS = 16
"""As many keep a quick server busy; more are opened for one that takes its time."""

PATIENCE_SECONDS = 0.02
"""Without any answer for so long, a server takes its time."""

KEEP_SECONDS = 30.0
"""How long a connection that is not used is kept."""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Names of this machine."""

_CONNECT_SECONDS = 15.0
# No call waits for its pool, which is its own; with a client of the caller's, it waits for other calls.
_POOL_SECONDS = 3_600.0


@define
class LentBlocking:
    """A blocking HTTP client of the caller's: used with its own settings, and never closed."""

    client: httpx.Client
    base_url: str

    def build_request(self, method: str, url: str, **content: Any) -> Request:
        """As the HTTP library's, `url` relative to the API."""
        return self.client.build_request(method, absolute(self.base_url, url), **content)

    def send(self, request: Request) -> Response:
        """As the HTTP library's; redirects are ours to judge."""
        return self.client.send(request, follow_redirects=False)

    def close(self) -> None:
        """Leave it open: who made it closes it."""


@define
class LentAsync:
    """An asynchronous HTTP client of the caller's: used with its own settings, and never closed."""

    client: httpx.AsyncClient
    base_url: str

    @property
    def is_closed(self) -> bool:
        """Whether the caller has closed it."""
        return self.client.is_closed

    def build_request(self, method: str, url: str, **content: Any) -> Request:
        """As the HTTP library's, `url` relative to the API."""
        return self.client.build_request(method, absolute(self.base_url, url), **content)

    async def send(self, request: Request) -> Response:
        """As the HTTP library's; redirects are ours to judge."""
        return await self.client.send(request, follow_redirects=False)

    async def aclose(self) -> None:
        """Leave it open: who made it closes it."""


Blocking: TypeAlias = httpx.Client | LentBlocking
Async: TypeAlias = httpx.AsyncClient | LentAsync


def absolute(base_url: str, url: str) -> str:
    """A URL relative to the API, put together here: it takes the HTTP library twice as long."""
    return url if "://" in url else f"{base_url}/{url}"


def server_of(base_url: str) -> str:
    """What a URL names, spelt in one way, so that two spellings of one server are equal."""
    url = httpx.URL(base_url)
    host = "localhost" if url.host in _LOOPBACK else url.host
    return f"{url.scheme}://{host}:{url.port}{url.path.rstrip('/')}"


def open_blocking(config: Config, base_url: str, surroundings: Surroundings) -> Blocking:
    """A blocking HTTP client with the project's policy, or the caller's own; else as :func:`open_async`."""
    if config.http_client is None:
        return _open(httpx.Client, config, base_url, surroundings)
    return LentBlocking(checked_http_client(config.http_client, httpx.Client), base_url)


def open_async(config: Config, base_url: str, surroundings: Surroundings) -> Async:
    """An asynchronous HTTP client with the project's policy, for the running event loop, or the caller's own.

    One of ours has a single connection; see :func:`open_beside`.

    Args:
        config: What the user chose.
        base_url: Where the API is.
        surroundings: What :func:`surroundings_of` found.
    """
    if config.http_client is None:
        return _open(httpx.AsyncClient, config, base_url, surroundings)
    return LentAsync(checked_http_client(config.http_client, httpx.AsyncClient), base_url)


def open_beside(first: C, config: Config, base_url: str, surroundings: Surroundings) -> C:
    """Another connection for the requests that `first` builds; they share their cookies."""
    return _open(type(first), config, base_url, surroundings, cookies=first.cookies.jar)


@frozen
class Surroundings:
    """What the machine says about connections: read once, for a hundred of them it would take 30 ms.

    Attributes:
        tls: The certificates that the HTTP library trusts; none where there is no TLS: to read them takes 20 ms.
        proxies: Whether there may be proxies to use.
    """

    tls: ssl.SSLContext
    proxies: bool


def surroundings_of(config: Config, base_url: str) -> Surroundings:
    """What holds for the connections of a client."""
    trusted = not config.is_local and config.proxy != ""
    if base_url.lower().startswith("http://"):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        tls = httpx.create_ssl_context(trust_env=trusted)
    return Surroundings(tls, trusted and bool(config.proxy or getproxies()))


def checked_http_client(given: Any, kind: type[C]) -> C:
    """A caller's HTTP client, of the kind that the call needs.

    Raises:
        ConfigurationError: It is of another kind.
    """
    if not isinstance(given, kind):
        raise ConfigurationError(
            f"this call needs http_client=… to be an httpx.{kind.__name__}, and it is a {type(given).__name__}: Client "
            "and blocking calls take an httpx.Client, AsyncClient and awaited calls an httpx.AsyncClient"
        )
    return given


def timeouts(seconds: float) -> httpx.Timeout:
    """How long connecting, reading and writing may take, and waiting for a free connection."""
    return httpx.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS), pool=_POOL_SECONDS)


class Credential:
    """The headers that say who asks: on a request only while it is under way, and shown by nothing.

    So neither the HTTP library's exceptions, which hold their request, nor a traceback that shows the
    variables of its frames, gives them away.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = dict(headers)

    @contextmanager
    def on(self, request: Request) -> Iterator[None]:
        """Put the credential on a request, and take it off when that is over."""
        request.headers.update(self._headers)
        try:
            yield
        finally:
            for name in self._headers:
                request.headers.pop(name, None)

    def without_echo(self, response: Response) -> Response:
        """The answer without the credential, which some error pages repeat."""
        from elluminate_server.domain.redaction import redacted  # only those who are refused pay for it

        # Bytes as text of as many characters, whatever the encoding of the page is.
        content, encoding = response.content, "latin-1"
        request_id = told = response.headers.get("x-request-id", "")
        for value in self._headers.values():
            secret = value.removeprefix("Bearer ").encode().decode(encoding)
            content = redacted(content.decode(encoding), secret, "[redacted]").encode(encoding)
            request_id = redacted(request_id, secret, "[redacted]")
        if content == response.content and request_id == told:
            return response
        kept = {
            name: response.headers[name]
            for name in ("content-type", "retry-after", "location")
            if name in response.headers
        }
        kept["x-request-id"] = request_id
        return httpx.Response(response.status_code, headers=kept, content=content, request=response.request)


def _open(kind: type[C], config: Config, base_url: str, surroundings: Surroundings, **more: Any) -> C:
    arguments: dict[str, Any] = {
        "verify": surroundings.tls,
        "base_url": base_url,
        "timeout": timeouts(config.timeout),
        "limits": httpx.Limits(
            max_connections=1,
            max_keepalive_connections=1,
            keepalive_expiry=KEEP_SECONDS,
        ),
        # Redirects are the transport's to judge: a credential must not travel to another origin.
        "follow_redirects": False,
        **more,
    }
    if not surroundings.proxies:
        arguments["trust_env"] = False
    elif config.proxy is not None:
        arguments["proxy"] = config.proxy
    try:
        httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise ConfigurationError(f"base_url {config.base_url!r} is not a URL: {error}") from None
    try:
        return kind(**arguments)
    except (ValueError, httpx.InvalidURL, ImportError) as error:  # ImportError: SOCKS needs one package more
        raise ConfigurationError(
            f"the proxy cannot be used: {error}; check proxy=… and the environment's proxy settings"
        ) from None


def error_of(error: Exception, request: Request) -> TransportError | None:
    """A failure of the HTTP library as ours, None for anything that is not one."""
    where = f"{request.method} {request.url}"
    reason = str(error) or type(error).__name__
    request_id = request.headers.get("x-request-id")
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return ConnectionFailedError(f"could not connect in time: {where}")
    if isinstance(error, httpx.TimeoutException):
        return RequestTimeoutError(
            f"no answer in time: {where}; raise timeout=… if the server needs longer", request_id
        )
    if isinstance(error, httpx.ConnectError | httpx.ProxyError):
        return ConnectionFailedError(
            f"could not connect: {where} ({reason}); is the base URL right and the server running?"
        )
    if isinstance(error, httpx.HTTPError):
        return TransportError(f"the connection broke: {where} ({reason})", request_id)
    return None


def without_circle(response: Response) -> Response:
    """The same answer, which was read whole, so that it goes with the last reference to it.

    Its stream refers back to it, so that its bytes would stay until the garbage collector comes.
    """
    response.stream = httpx.ByteStream(response.content)
    return response


def redirect_of(response: Response) -> str | None:
    """Where a redirect leads, if the request may follow: same origin, method and body unchanged.

    Raises:
        RedirectRefusedError: It leads to another origin, or would turn the request into a GET.
    """
    location = response.headers.get("location")
    if response.status_code not in (301, 302, 303, 307, 308) or not location:
        return None
    here = response.request.url
    there = here.join(location)
    if (there.scheme, there.host, there.port) != (here.scheme, here.host, here.port):
        raise RedirectRefusedError(
            f"{here.scheme}://{here.netloc.decode()} redirects to {there.scheme}://{there.netloc.decode()}, where "
            "the credentials are not sent; set base_url to the server that is meant"
        )
    if response.request.method not in ("GET", "HEAD") and response.status_code not in (307, 308):
        raise RedirectRefusedError(
            f"{response.request.method} {here} was redirected with {response.status_code}, which would turn it "
            f"into a GET of {there}; set base_url so that no redirect is needed"
        )
    return str(there)
