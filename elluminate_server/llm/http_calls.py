"""HTTP calls to one address: a POST over pooled connections, and what became of it.

aiohttp sends and parses. It is kept from everything that a model endpoint is not to have its way with: it follows no
redirects, keeps no cookies, sends no credentials that it finds in files, and reads answers up to a bound that holds
for what they unpack to, too.
"""

import asyncio
import io
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from elluminate_server.llm.attempts import Kind, kind_of_status
from elluminate_server.llm.network_environment import proxy_for, tls_context
from elluminate_server.llm.reach import AddressRefusedError, Reach
from elluminate_server.llm.shortages import shortage_of
from elluminate_server.llm.types import MAX_MODEL_ANSWER_BYTES

if TYPE_CHECKING:
    import aiohttp

__all__ = ["Calls", "HttpAnswer", "HttpCalls", "HttpFailure"]

LONGEST_REASON = 300
_MOST_HEAD_BYTES = 64 * 1024
"""Bounds one line of an answer's head: some gateways send long ones."""

_IDLE_SECONDS = 4.0
"""How long a connection is kept for a next call: less than the 5 seconds after which many servers close it."""

_LARGE_BODY = 1024 * 1024
"""A larger body is sent in pieces, so that others are served meanwhile."""

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "Content-Type": "application/json",
    "User-Agent": "elluminate-open",
}


@attrs.frozen
class HttpAnswer:
    """An answer of any status.

    Attributes:
        status: Its status.
        headers: Its headers; their names may be written in any case.
        body: The bytes of its body, unpacked.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


@attrs.frozen
class HttpFailure:
    """Why there was no answer.

    Attributes:
        reason: What happened, as the rest of a sentence that begins with the endpoint.
        advice: What to do about it, as a sentence.
        kind: What it is about.
        shortage: What this process lacks, as a key of `SHORTAGES`, when that is why.
        is_out_of_reach: Whether this server does not ask such a place.
    """

    reason: str
    advice: str
    kind: Kind = Kind.PASSING
    shortage: int | None = None
    is_out_of_reach: bool = False


class Calls(Protocol):
    """What sends the calls to an endpoint: `HttpCalls`, or what stands in its place."""

    async def prepare(self) -> None: ...

    async def post(
        self, url: str, body: bytes, *, headers: Mapping[str, str], seconds: float
    ) -> HttpAnswer | HttpFailure: ...

    async def aclose(self) -> None: ...


class HttpCalls:
    """Calls to the addresses of one endpoint.

    Connections are pooled for each event loop that calls are made in, and as many as there are calls at a time: who
    calls keeps the bound. The environment is read when a pool is made.

    Args:
        base_url: What every address begins with.
        reach: Which places are asked.
        max_answer_bytes: Most bytes of an answer that are read, packed and unpacked.
    """

    def __init__(
        self, base_url: str, *, reach: Reach, max_answer_bytes: int = MAX_MODEL_ANSWER_BYTES
    ) -> None:
        self._base_url = base_url
        self._reach = reach
        self._refused = _refused_as_written(reach, base_url)
        self._max_answer_bytes = max_answer_bytes
        self._pools: dict[asyncio.AbstractEventLoop, _Pool] = {}

    async def prepare(self) -> None:
        """Import what sends, read the certificates and make the pool of the running event loop, when not done yet.

        Raises:
            ModelError: The environment names a proxy or certificates that cannot be used.
        """
        loop = asyncio.get_running_loop()
        if loop not in self._pools:
            for ended in [known for known in self._pools if known.is_closed()]:
                await self._pools.pop(ended).session.close()
            self._pools[loop] = _Pool.make(self._base_url, self._reach)

    async def post(
        self, url: str, body: bytes, *, headers: Mapping[str, str], seconds: float
    ) -> HttpAnswer | HttpFailure:
        """Send a JSON body and read the answer. Call `prepare` before.

        Args:
            url: The address, quoted.
            body: The JSON.
            headers: Headers beside those that tell of the content.
            seconds: Seconds until the last byte.

        Raises:
            TimeoutError: It was not there by then.
        """
        import aiohttp

        if self._refused is not None:
            return self._refused
        pool = self._pools[asyncio.get_running_loop()]
        try:
            async with asyncio.timeout(seconds):
                async with pool.session.post(
                    url,
                    data=body if len(body) <= _LARGE_BODY else io.BytesIO(body),
                    headers={**pool.headers, **headers},
                    allow_redirects=False,
                    **pool.proxy,
                ) as answer:
                    content = await _read(answer, self._max_answer_bytes)
                    encodings = answer.headers.get("Content-Encoding")
                    if encodings is not None:
                        content = _unpacked(content, encodings, self._max_answer_bytes)
                    return HttpAnswer(answer.status, answer.headers, content)
        except TimeoutError:
            raise
        except _TooLargeError:
            return HttpFailure(
                f"answered with more than {self._max_answer_bytes} bytes",
                "Ask for less, or raise ELLUMINATE_LLM_MAX_ANSWER_BYTES.",
                Kind.FINAL,
            )
        except (aiohttp.ClientError, _UnreadableError, OSError, MemoryError) as error:
            # An exception of aiohttp holds the request with its key, so that only its words leave this place.
            return attrs.evolve(_failure_of(error), shortage=shortage_of(error))

    async def aclose(self) -> None:
        """Close every pool, each in its own event loop."""
        pools, self._pools = self._pools, {}
        here = asyncio.get_running_loop()
        for loop, pool in pools.items():
            if loop is here or loop.is_closed():
                await pool.session.close()
            elif loop.is_running():
                closing = asyncio.run_coroutine_threadsafe(pool.session.close(), loop)
                await asyncio.wrap_future(closing)


@attrs.frozen
class _Pool:
    """The connections of one event loop.

    Attributes:
        session: What sends.
        headers: What every call has.
        proxy: The proxy that all of them go through, as arguments.
    """

    session: "aiohttp.ClientSession"
    headers: Mapping[str, str] = attrs.field(repr=False)
    proxy: Mapping[str, Any] = attrs.field(repr=False)

    @classmethod
    def make(cls, base_url: str, reach: Reach) -> "_Pool":
        # Resolving a name takes the first two; a first call would otherwise import them within its time.
        import concurrent.futures.thread  # noqa: F401
        import encodings.idna  # noqa: F401

        import aiohttp

        from elluminate_server.llm.guarded_connections import guarded

        is_encrypted = base_url.lower().startswith("https:")
        proxy = proxy_for(base_url)
        needs_tls = is_encrypted or (proxy is not None and proxy.url.startswith("https:"))
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                keepalive_timeout=_IDLE_SECONDS,
                ssl=tls_context() if needs_tls else True,
                # Where a proxy is, the operator says; where a name leads to from there, only the proxy knows.
                **({} if proxy is not None or reach.names(base_url) else guarded(reach)),
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(),
            auto_decompress=False,
            max_line_size=_MOST_HEAD_BYTES,
            max_field_size=_MOST_HEAD_BYTES,
        )
        if proxy is None:
            return cls(session, _HEADERS, {})
        if is_encrypted:
            # A proxy that opens a tunnel is told who asks when it is asked for one, and sees nothing else.
            tunnel = {"User-Agent": _HEADERS["User-Agent"], **proxy.headers}
            return cls(session, _HEADERS, {"proxy": proxy.url, "proxy_headers": tunnel})
        return cls(session, {**_HEADERS, **proxy.headers}, {"proxy": proxy.url})


class _TooLargeError(Exception):
    """More bytes than are read."""


class _UnreadableError(Exception):
    """A body is not packed as its head says."""


async def _read(answer: "aiohttp.ClientResponse", most_bytes: int) -> bytes:
    if (answer.content_length or 0) > most_bytes:
        raise _TooLargeError
    chunks = []
    size = 0
    async for chunk in answer.content.iter_any():
        size += len(chunk)
        if size > most_bytes:
            raise _TooLargeError
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _unpacked(body: bytes, encodings: str, most_bytes: int) -> bytes:
    for encoding in reversed([name.strip().lower() for name in encodings.split(",")]):
        match encoding:
            case "" | "identity":
                continue
            case "gzip" | "x-gzip":
                body = _inflated(body, 16 + zlib.MAX_WBITS, most_bytes)
            case "deflate":
                # Meant is zlib's format (RFC 9110, section 8.4.1.2); some servers leave out its head.
                has_head = (
                    len(body) >= 2 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
                )
                body = _inflated(body, zlib.MAX_WBITS if has_head else -zlib.MAX_WBITS, most_bytes)
            case _:
                raise _UnreadableError(f"the content encoding {encoding[:40]!r}, which was not asked for")
    return body


def _inflated(packed: bytes, window_bits: int, most_bytes: int) -> bytes:
    whole = bytearray()
    while packed:
        reader = zlib.decompressobj(window_bits)
        try:
            whole += reader.decompress(packed, most_bytes - len(whole) + 1)
        except zlib.error as error:
            raise _UnreadableError(f"a body that cannot be unpacked: {error}") from None
        if len(whole) > most_bytes:
            raise _TooLargeError
        if not reader.eof:
            raise _UnreadableError("a packed body that breaks off")
        # Packed files may follow each other, and zeros the last one.
        packed = reader.unused_data.lstrip(b"\0")
    return bytes(whole)


def _refused_as_written(reach: Reach, base_url: str) -> HttpFailure | None:
    try:
        reach.check_written(base_url)
    except AddressRefusedError as error:
        return _out_of_reach(error)
    return None


def _out_of_reach(error: AddressRefusedError) -> HttpFailure:
    return HttpFailure(error.refused, error.way_out, Kind.HOPELESS, is_out_of_reach=True)


def _failure_of(error: Exception) -> HttpFailure:
    import aiohttp

    refused = getattr(error, "os_error", error)
    if isinstance(refused, AddressRefusedError):
        return _out_of_reach(refused)
    match error:
        case _UnreadableError():
            return HttpFailure(f"answered with {error}", "Check what stands between.")
        case aiohttp.ClientConnectorCertificateError():
            return HttpFailure(
                f"has a certificate that is not trusted: {_in_one_line(error.certificate_error)}",
                "Set SSL_CERT_FILE to the certificates of whoever issued it.",
                Kind.HOPELESS,
            )
        case aiohttp.ClientProxyConnectionError():
            return HttpFailure(
                f"is behind a proxy that could not be reached: {_in_one_line(error.os_error)}",
                "Check HTTP_PROXY, HTTPS_PROXY and NO_PROXY.",
                Kind.OUTAGE,
            )
        case aiohttp.ClientHttpProxyError():
            return HttpFailure(
                f"is behind a proxy that answered {error.status}: {_in_one_line(error.message)}",
                "Check HTTP_PROXY, HTTPS_PROXY and NO_PROXY.",
                kind_of_status(error.status),
            )
        case aiohttp.ClientConnectorError():
            return HttpFailure(
                f"could not be reached: {_in_one_line(error.os_error)}",
                "Check its address, and that it is up.",
                Kind.OUTAGE,
            )
        case aiohttp.InvalidURL():
            return HttpFailure(
                f"has an address that cannot be asked: {_in_one_line(error)}",
                "Check the base URL.",
                Kind.HOPELESS,
            )
        case aiohttp.ClientResponseError():
            return HttpFailure(
                f"answered with something that is not HTTP: {_in_one_line(error.message)}",
                "Check that its address is one of an HTTP server, and its port.",
            )
        case aiohttp.ClientPayloadError():
            return HttpFailure(
                f"broke off its answer: {_in_one_line(error)}",
                "Check what stands between, and that it is up.",
            )
    return HttpFailure(
        f"closed the connection before it answered: {_in_one_line(error)}", "Check that it is up."
    )


def _in_one_line(reason: object) -> str:
    """The words of a reason, which may quote what an endpoint sent."""
    text = " ".join(str(reason).split())
    return text if len(text) <= LONGEST_REASON else text[:LONGEST_REASON] + "…"
