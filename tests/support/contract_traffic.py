"""Every request that the SDK sends in a test, and every answer it gets, held against openapi.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
from attrs import define, field
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.validation.request.validators import V31RequestParametersValidator
from werkzeug.datastructures import Headers, ImmutableMultiDict

from elluminate._transport import AsyncTransport, BlockingTransport

_CONTRACT = Path(__file__).resolve().parents[2] / "openapi.yaml"
_CONTRACT_HOST = "https://app.elluminate.de"  # the default of the contract's server variable


@cache
def contract() -> OpenAPI:
    """The contract, parsed once per process."""
    return OpenAPI.from_file_path(str(_CONTRACT))


class _Sent:
    """A request of the HTTP library as openapi-core reads one."""

    def __init__(self, request: httpx.Request) -> None:
        self._request = request
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(request.url.params.multi_items()),
            header=Headers(list(request.headers.items())),
            cookie=ImmutableMultiDict(),
        )
        self.host_url = _CONTRACT_HOST
        self.path = request.url.path
        self.method = request.method.lower()
        self.content_type = request.headers.get("content-type", "application/json")
        self.body: bytes | None = request.read() or None  # multipart bodies are streams until read


class _Answered:
    """An answer of the HTTP library as openapi-core reads one."""

    def __init__(self, response: httpx.Response) -> None:
        self.status_code = response.status_code
        self.headers = Headers(list(response.headers.items()))
        self.content_type = response.headers.get("content-type", "application/json").lower()
        self.data: bytes | None = response.content or None


@define
class Traffic:
    """What was sent and answered.

    Attributes:
        exchanges: Method, path and status of each, in order.
        violations: What breaks the contract, in words; empty when nothing does.
    """

    exchanges: list[tuple[str, str, int]] = field(factory=list)
    violations: list[str] = field(factory=list)

    def check(self, request: httpx.Request, response: httpx.Response) -> None:
        """Note one exchange and hold it against the contract."""
        self.exchanges.append((request.method, request.url.path, response.status_code))
        sent, answered = _Sent(request), _Answered(response)
        where = f"{request.method} {request.url.path} ({response.status_code})"
        # A request that the server refuses may well break the contract: refusing it is then the server's job.
        if response.is_success:
            self.violations += [f"{where}: request: {_reasons(error)}" for error in _request_errors(sent)]
        self.violations += [
            f"{where}: answer: {_reasons(e)}" for e in contract().iter_response_errors(sent, answered)
        ]


def _request_errors(sent: _Sent) -> Iterator[Exception]:
    if sent.content_type.startswith("multipart/"):
        # The validator knows no binary parts in OpenAPI 3.1; what is in the file, the server's tests check.
        return V31RequestParametersValidator(contract().spec).iter_errors(sent)
    return contract().iter_request_errors(sent)


def _reasons(error: Any) -> str:
    details = getattr(error.__cause__, "schema_errors", None) or getattr(error, "schema_errors", None) or []
    return f"{error} {error.__cause__ or ''} " + "; ".join(
        f"{'.'.join(map(str, detail.absolute_path))}: {detail.message[:200]}" for detail in details
    )


@contextmanager
def checked_traffic() -> Iterator[Traffic]:
    """Hold everything that clients of this process send and get against the contract."""
    traffic = Traffic()
    send_async, send_blocking = AsyncTransport.send, BlockingTransport.send

    async def asynchronous(self: AsyncTransport, request: httpx.Request) -> httpx.Response:
        response = await send_async(self, request)
        traffic.check(request, response)
        return response

    async def blocking(self: BlockingTransport, request: httpx.Request) -> httpx.Response:
        response = await send_blocking(self, request)
        traffic.check(request, response)
        return response

    with (
        patch.object(AsyncTransport, "send", asynchronous),
        patch.object(BlockingTransport, "send", blocking),
    ):
        yield traffic
