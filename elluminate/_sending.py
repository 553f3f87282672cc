"""Sends a client's requests: by the retry policy, with its credential, to one origin, each within a span."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from attrs import define, field
from elluminate_api.types import UNSET, Operation, Request

from elluminate import _http, _spans
from elluminate._bodies import Body, body_of
from elluminate._retries import exhausted, leaves_open
from elluminate._transport import Transport, Transports
from elluminate.exceptions import (
    APIError,
    NotFoundError,
    RedirectRefusedError,
    TransportError,
    error_from,
)

if TYPE_CHECKING:
    from elluminate._config import Config

logger = logging.getLogger("elluminate")

CONTRACT_LEVEL = "1.5.2"
"""Sent as `SDK-Version`: the level of the wire contract that this client speaks, which a server may refuse."""

_MAX_REDIRECTS = 3


@define
class Link:
    """What a client and its `with_options` copies share.

    Attributes:
        transports: Their connections.
        credential: Who asks.
        release: Gives back what runs in this process for them; None where nothing does.
        lock: Held while that is started or given back.
        keys_honoured: Whether the server has shown that it honours Idempotency-Key. Until then, a POST is not repeated
            after an ambiguous failure: a server that ignores the header would act twice.
        told: Texts that callers were warned of.
    """

    transports: Transports
    credential: _http.Credential
    release: Callable[[], None] | None = None
    lock: threading.Lock = field(factory=threading.Lock)
    keys_honoured: bool = False
    told: set[Hashable] = field(factory=set)


class Sending:
    """Mixin of what sends requests."""

    if TYPE_CHECKING:
        config: Config
        _link: Link
        _request_options: dict[str, Any]

        @property
        def transport(self) -> Transport: ...

    def _span_of(self, request: Request[Any]) -> AbstractContextManager[_spans.Span]:
        """The span of one operation, its repetitions included."""
        operation, base_url = request.operation, self._link.transports.base_url or ""
        return _spans.span(
            "elluminate",
            operation.id,
            "client",
            lambda: {
                "http.request.method": operation.method,
                "url.full": f"{base_url}/{request.path.lstrip('/')}",
                "url.template": operation.path,
                **_spans.server_attributes(base_url),
            },
        )

    async def _send(self, request: Request[Any], span: _spans.Span) -> _http.Response | None:
        """Send a request as often as it needs and may; None where it was done although its answer was lost."""
        retries = self.config.retries
        operation = request.operation
        headers = {"SDK-Version": CONTRACT_LEVEL, "X-Request-ID": uuid.uuid4().hex[:16]}
        if operation.method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())  # one per call: the same on every attempt
        if request.body is not UNSET and operation.media_type != "multipart/form-data":
            headers["Content-Type"] = "application/json"
        span.tell({"elluminate.request_id": headers["X-Request-ID"]})
        span.inject(headers)
        url, body = request.path.lstrip("/"), body_of(request)
        attempt, may_have_acted = 0, False
        while True:
            attempt += 1
            try:
                response = await self._attempt(operation, url, request.query, headers, body)
            except (APIError, TransportError) as error:
                if may_have_acted and operation.method == "DELETE" and isinstance(error, NotFoundError):
                    return None  # the attempt whose answer was lost has deleted it
                may_have_acted = may_have_acted or leaves_open(error)
                repeatable = operation.repeatable or (operation.method == "POST" and self._link.keys_honoured)
                failure = _failure(error)
                if attempt >= retries.max_attempts or not retries.should_retry(error, idempotent=repeatable):
                    span.tell(failure)
                    span.fail(failure["error.type"])
                    raise exhausted(error, attempt) from error.__cause__
                wait = retries.wait_before(attempt, getattr(error, "retry_after", None))
                span.note("repeated", {**failure, "elluminate.wait_seconds": wait})
                span.tell({"http.request.resend_count": attempt})
                logger.info(
                    "%s failed (%s), attempt %d of %d, again in %.1f s",
                    operation.id,
                    type(error).__name__,
                    attempt,
                    retries.max_attempts,
                    wait,
                )
            else:
                span.tell({"http.response.status_code": response.status_code})
                return response
            await self.transport.sleep(wait)

    async def _attempt(
        self,
        operation: Operation[Any],
        url: str,
        query: list[tuple[str, str]],
        headers: dict[str, str],
        body: Body,
    ) -> _http.Response:
        transport, credential = self.transport, self._link.credential
        request = transport.build(
            operation.method,
            url,
            params=query or None,
            headers=headers,
            **body.arguments,
            **self._request_options,
        )
        for _ in range(_MAX_REDIRECTS + 1):
            started = time.perf_counter()
            try:
                with credential.on(request):
                    response = _http.without_circle(await transport.send(request))
            except Exception as error:
                ours = _http.error_of(error, request)
                if ours is None:
                    raise
                raise ours from error
            if logger.isEnabledFor(logging.DEBUG):
                took = (time.perf_counter() - started) * 1000
                logger.debug(
                    "%s %s: %d in %.0f ms (request %s)",
                    *(request.method, request.url, response.status_code, took, headers["X-Request-ID"]),
                )
            if 200 <= response.status_code < 300:
                if "idempotency-key" in response.headers:
                    self._link.keys_honoured = True
                return response
            target = _http.redirect_of(response)
            if target is None:
                raise error_from(credential.without_echo(response))
            request = transport.build(
                operation.method, target, headers=headers, **body.arguments, **self._request_options
            )
        raise RedirectRefusedError(
            f"more than {_MAX_REDIRECTS} redirects, the last to {request.url}; set base_url to where they should lead"
        )


def _failure(error: APIError | TransportError) -> dict[str, Any]:
    """What a span tells of a failed attempt."""
    if isinstance(error, APIError) and error.status_code:
        return {"error.type": str(error.status_code), "http.response.status_code": error.status_code}
    return {"error.type": type(error).__name__}
