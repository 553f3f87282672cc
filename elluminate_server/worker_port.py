"""What a worker tells over HTTP where it is asked to: `/metrics`, and `/healthz` to whoever looks whether it lives."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from elluminate_server import __version__, metrics
from elluminate_server.execution import Executor
from elluminate_server.listening import Serving
from elluminate_server.llm.providers import Models
from elluminate_server.operating.meters import Meters
from elluminate_server.settings import Settings
from elluminate_server.store.engine import Store

__all__ = ["telling"]

HEALTH_PATH = "/healthz"


@contextlib.asynccontextmanager
async def telling(
    listener: socket.socket,
    settings: Settings,
    meters: Meters,
    store: Store,
    models: Models,
    executor: Executor,
) -> AsyncIterator[None]:
    """Answer at a port for as long as the block lasts.

    Args:
        listener: The listening socket.
        settings: The worker's settings, whose bounds hold for connections.
        meters: What the worker has counted.
        store: The database.
        models: The models.
        executor: What works.
    """
    app = Starlette(routes=[Route(metrics.PATH, metrics.metrics), Route(HEALTH_PATH, _health)])
    app.state.settings, app.state.meters = settings, meters
    app.state.store, app.state.models, app.state.executor = store, models, executor
    app.state.in_hand, app.state.is_ending = set(), False
    serving, is_ready = Serving(app, listener), asyncio.Event()

    async def ready() -> None:
        is_ready.set()

    async with asyncio.TaskGroup() as group:  # so that the worker ends with its port, should that fail
        group.create_task(serving.until_stopped(ready), name="elluminate-worker-port")
        await is_ready.wait()
        try:
            yield
        finally:
            serving.stop(grace=0)


async def _health(request: Request) -> Response:
    """Whether it takes tasks. A database that is away is waited for, and a new process would not find it either."""
    lives = request.app.state.executor.is_tending
    body = {"status": "ok" if lives else "ended", "version": __version__}
    return Response(msgspec.json.encode(body), 200 if lives else 503, media_type="application/json")
