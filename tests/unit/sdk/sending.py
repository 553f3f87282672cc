"""One request of any method, sent through a started client of either world."""

from __future__ import annotations

from typing import Any

from elluminate_api.types import Operation, Request

from elluminate._transport import run_blocking
from tests.unit.sdk.conftest import WiredWorld


def request_of(method: str, *, marked: bool = False) -> Request[None]:
    """A request of this method as the generated builders make it; `marked` by the contract as repeatable, or not."""
    return Request(
        Operation(
            id=f"{method.lower()}_thing",
            method=method,
            path="/things",
            status=200,
            success=None,
            repeatable=marked or method in ("GET", "PUT", "DELETE"),
        ),
        "/things",
    )


def send(world: WiredWorld, request: Request[None], **settings: Any) -> Any:
    """Send one request through a client that has started."""
    client = world.client(**settings)

    async def started() -> None:
        await client.session.start()
        await client.session.call(request)

    run = world.run if world.is_async else run_blocking  # the session asks which of the two it is in
    return run(started())
