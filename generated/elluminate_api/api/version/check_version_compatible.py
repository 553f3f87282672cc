"""Ask whether an SDK version is supported."""

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
)


def build(
    *,
    body: VersionCompatibleRequest,
) -> Request[VersionCompatibleResponse]:
    """Ask whether an SDK version is supported.

    First call of a client, before a project is known, unless the check is switched off. Any non-2xx
    answer makes client construction fail (only transport failures are tolerated). Never retried.
    """
    return Request(
        OPERATION,
        "/version/compatible",
        body=body,
    )
