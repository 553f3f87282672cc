"""The ASGI application: the contract's operations as routes, and what lives as long as the server."""

import contextlib
import html
import importlib
import pkgutil
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from elluminate_server import __version__, api, metrics
from elluminate_server.broker import announcing
from elluminate_server.execution import Executor
from elluminate_server.execution.places import sharing_places
from elluminate_server.housekeeping import keeping_house
from elluminate_server.http.access import open_default_project
from elluminate_server.http.contract import PREFIX, ContractOperation, document, operations
from elluminate_server.http.ending import in_hand
from elluminate_server.http.idempotency import Turns
from elluminate_server.http.pipeline import HANDLERS, problem_response, serve
from elluminate_server.http.problems import Problem, Unavailable
from elluminate_server.http.request_ids import RequestIds
from elluminate_server.http.request_spans import answered, request_span
from elluminate_server.http.routing import Resources
from elluminate_server.llm.providers import Models
from elluminate_server.operating.meters import OTHERS, Meters, counting_log_lines
from elluminate_server.pages.codes import LoginCodes
from elluminate_server.reading.kept_results import ResultsKeeper, keeping_results
from elluminate_server.reading.results_so_far import ResultsSoFar
from elluminate_server.settings import Settings
from elluminate_server.store.engine import Store
from elluminate_server.store.migrating import prepare

__all__ = ["create_app"]


def create_app(settings: Settings) -> Starlette:
    """The backend as an ASGI application.

    Its lifespan opens the database (an empty one gets its tables), the models and the executor of tasks.

    Args:
        settings: How the server runs.

    Example:
        >>> app = create_app(Settings(database_url=":memory:", api_key="a-key-for-tests"))
        >>> app.state.settings.page_size
        100
    """
    _load_handlers()
    routes = [*_routes(), Route(metrics.PATH, metrics.metrics)] if settings.metrics else _routes()
    if settings.pages:
        pages = _Pages()
        routes += [Route(path, pages) for path in _PAGES]
    app = Starlette(routes=routes, lifespan=_lifespan, exception_handlers={HTTPException: _refuse})
    app.add_middleware(RequestIds)
    # No path of the contract ends in a slash, and a redirected POST would become a GET.
    app.router.redirect_slashes = False
    app.state.settings = settings
    app.state.in_hand, app.state.is_ending = set(), False
    app.state.turns = Turns()
    app.state.meters = Meters() if settings.metrics else None
    app.state.login_codes = LoginCodes() if settings.pages else None
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    async with contextlib.AsyncExitStack() as stack:
        if app.state.meters is not None:
            stack.enter_context(counting_log_lines(app.state.meters))
        store = await stack.enter_async_context(Store(settings.database_url, secret_key=settings.secret_key))
        await prepare(store, upgrade=settings.upgrade_database)
        await open_default_project(store, settings)
        models = Models(
            settings.model_defaults(),
            reach=settings.reach(),
            max_answer_bytes=settings.llm_max_answer_bytes,
            secret=settings.marks_secret(),
            meters=app.state.meters,
        )
        stack.push_async_callback(models.aclose)
        wake = {}
        if settings.broker_url is not None:
            announcer = await stack.enter_async_context(announcing(store, settings))
            wake = {"on_wake": announcer.wake}
        executor = Executor(store, models, settings, meters=app.state.meters, **wake)
        app.state.store, app.state.models, app.state.executor = store, models, executor
        if settings.shares_work:
            await stack.enter_async_context(sharing_places(store, models, executor.owner))
        stack.push_async_callback(executor.stop)
        await executor.start()
        await stack.enter_async_context(keeping_house(store, settings))
        keeper = await stack.enter_async_context(keeping_results(store))
        app.state.services = {ResultsKeeper: keeper, ResultsSoFar: ResultsSoFar(store)}
        yield


def _load_handlers() -> None:
    for module in pkgutil.iter_modules(api.__path__, f"{api.__name__}."):
        importlib.import_module(module.name)


def _routes() -> list[BaseRoute]:
    by_path: dict[str, dict[str, ContractOperation]] = {}
    for operation in operations().values():
        by_path.setdefault(operation.path, {})[operation.method] = operation
    # A fixed segment wins over a parameter in the same place: /responses/stats is no response id.
    paths = sorted(by_path, key=lambda path: [part.startswith("{") for part in path.split("/")])
    return [
        Resources([Route(path, _Resource(by_path[path])) for path in paths], step=_SUBJECT),
        Route(f"{PREFIX}/openapi.json", _openapi),
        Route(f"{PREFIX}/docs/", _docs),
        Route(f"{PREFIX}/docs", _docs),
    ]


_SUBJECT = f"{PREFIX}/projects/{{project_id}}".count("/")
"""Which step of a path says what it is about, from 0."""

_PAGES = ("/", "/login", "/logout", "/static/{name}", "/projects", "/projects/{rest:path}")
"""Where they are; everything else is the API's."""


class _Pages:
    """The pages, which are imported when somebody first looks at one."""

    def __init__(self) -> None:
        self._dispatcher: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._dispatcher is None:
            from elluminate_server.pages.dispatching import dispatcher

            self._dispatcher = dispatcher()
        await self._dispatcher(scope, receive, send)


class _Resource:
    """One path of the contract with its methods, as an ASGI application."""

    def __init__(self, by_method: dict[str, ContractOperation]) -> None:
        self._by_method = by_method
        if "GET" in by_method:
            self._by_method = {**by_method, "HEAD": by_method["GET"]}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        operation = self._by_method.get(request.method)
        if operation is None:
            allowed = ", ".join(sorted(self._by_method))
            raise HTTPException(
                405, f"{request.method} is not allowed here; {allowed} is.", headers={"Allow": allowed}
            )
        with request_span(operation, request) as span:
            response = await self._answer(operation, request)
            answered(span, response.status_code)
            if isinstance(response, StreamingResponse):
                await response(scope, receive, send)
                return
        # The span is over by now: whoever has the answer may end the export of spans at once.
        await response(scope, receive, send)

    async def _answer(self, operation: ContractOperation, request: Request) -> Response:
        state = request.app.state
        began = time.perf_counter()
        try:
            response = await in_hand(state, serve(operation, request))
        except Unavailable as ending:
            response = problem_response(ending)
        if state.meters is not None:
            took = time.perf_counter() - began
            state.meters.requested(request.method, operation.path, response.status_code, took)
        return response


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker; it is registered for this one
    detail = error.detail
    if error.status_code == 404:
        detail = f"There is nothing at {request.url.path}. The API is under {PREFIX}; see {PREFIX}/docs/."
    problem = Problem(detail, headers=error.headers)
    problem.status = error.status_code
    meters: Meters | None = request.app.state.meters
    if meters is not None:  # methods and paths are whatever a client makes up
        meters.requested(OTHERS, OTHERS, error.status_code, 0.0)
    return problem_response(problem)


async def _openapi(_request: Request) -> Response:
    return Response(msgspec.json.encode(document()), media_type="application/json")


async def _docs(_request: Request) -> Response:
    return HTMLResponse(_docs_page(document()))


def _docs_page(contract: dict[str, Any]) -> str:
    rows = []
    for operation in operations().values():
        built = "" if operation.id in HANDLERS else " <em>(not offered yet)</em>"
        rows.append(
            f'<tr id="{operation.id}"><td><code>{operation.method}</code></td>'
            f"<td><code>{html.escape(operation.path)}</code></td>"
            f"<td>{html.escape(operation.summary)}{built}</td><td><code>{operation.id}</code></td></tr>"
        )
    title = html.escape(f"{contract['info']['title']} {__version__}")
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}: API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
td, th {{ border-bottom: 1px solid #ccc; padding: .3rem .6rem; text-align: left; vertical-align: top; }}
</style></head>
<body><h1>{title}</h1>
<p>Send the API key in <code>X-API-Key</code>. The whole contract, with every schema:
<a href="{PREFIX}/openapi.json">{PREFIX}/openapi.json</a> (OpenAPI {html.escape(contract["openapi"])}).</p>
<table><thead><tr><th>Method</th><th>Path</th><th>What it does</th><th>Operation</th></tr></thead>
<tbody>
{chr(10).join(rows)}
</tbody></table></body></html>
"""
