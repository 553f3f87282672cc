"""A span for each request, where spans are recorded: a part of what its client was doing, if that says so.

By OpenTelemetry's semantic conventions for HTTP servers, but for the name, which is the operation's.
"""

from contextlib import AbstractContextManager

from starlette.requests import Request

from elluminate._spans import Span, span
from elluminate_server.http.contract import ContractOperation
from elluminate_server.operating.context import current_request_id

__all__ = ["answered", "request_span"]


def request_span(operation: ContractOperation, request: Request) -> AbstractContextManager[Span]:
    """The span of one request."""
    return span(
        "elluminate_server",
        operation.id,
        "server",
        lambda: {
            "http.request.method": request.method,
            "http.route": operation.path,
            "url.path": operation.shown_path(request.path_params),
            "url.scheme": request.url.scheme,
            "elluminate.request_id": current_request_id.get(),
        },
        parent=request.headers,
    )


def answered(span: Span, status: int) -> None:
    """Take note of the answer; a fault of ours alone counts as a failure."""
    span.tell({"http.response.status_code": status})
    if status >= 500:
        span.fail(str(status))
