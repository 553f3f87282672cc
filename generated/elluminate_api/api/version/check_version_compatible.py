"""Ask whether a client version is supported."""

from __future__ import annotations

from ...models.version_compatible_request import VersionCompatibleRequest
from ...models.version_compatible_response import VersionCompatibleResponse
from ...types import Operation, Request

OPERATION: Operation[VersionCompatibleResponse] = Operation(
    id="check_version_compatible",
    method="POST",
    path="/version/compatible",
    status=200,
    success=VersionCompatibleResponse,
    repeatable=True,
)


def build(
    *,
    body: VersionCompatibleRequest,
) -> Request[VersionCompatibleResponse]:
    """Ask whether a client version is supported.

    The first call of a client, made before it knows a project; it needs credentials like every other
    path. Changes nothing. A client that is not compatible still gets 200, with the version it needs.
    Existing clients fail to start on any answer but a 2xx with JSON here, and tolerate only that the
    server cannot be reached; the request is not repeated.
    """
    return Request(
        OPERATION,
        "/version/compatible",
        body=body,
    )
