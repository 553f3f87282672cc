"""Tell whether the server is ready."""

from __future__ import annotations

from ...models.health import Health
from ...types import Operation, Request

OPERATION: Operation[Health] = Operation(
    id="get_health",
    method="GET",
    path="/healthz",
    status=200,
    success=Health,
    repeatable=True,
)


def build() -> Request[Health]:
    """Tell whether the server is ready.

    Outside `/api/v0` and without credentials, for load balancers and start-up scripts. 200 once the
    database is migrated and runs can be taken; 503 before that and while the server stops.
    """
    return Request(
        OPERATION,
        "/healthz",
    )
