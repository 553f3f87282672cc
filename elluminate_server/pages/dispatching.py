"""What every request for a page goes through, and how it is refused."""

import importlib
import pkgutil
import time
from collections.abc import AsyncGenerator, Iterator
from typing import Any
from urllib.parse import quote

from sqlalchemy.exc import IntegrityError
from starlette.datastructures import FormData
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from elluminate_server import pages
from elluminate_server.domain.roles import allows, with_article
from elluminate_server.domain.shapes import SECRET_FIELDS
from elluminate_server.http.auditing import log_refusal
from elluminate_server.http.ending import in_hand
from elluminate_server.http.pipeline import Overtaken, problem_of, read_body
from elluminate_server.http.problems import BadRequest, Forbidden, NotFound, Problem
from elluminate_server.pages import sessions
from elluminate_server.pages.again import came_from, form_again
from elluminate_server.pages.assets import serve_asset
from elluminate_server.pages.login import enter, leave
from elluminate_server.pages.places import check_host, check_origin
from elluminate_server.pages.rendering import html_response, secured
from elluminate_server.pages.sessions import Session
from elluminate_server.pages.visits import PAGES, Page, Visit
from elluminate_server.pages.wording import status_of, title_of, told

__all__ = ["dispatcher"]

_ATTEMPTS = 3
_LARGEST_ID = 2**53 - 1
_WORTH_SHOWING = 20
"""Characters from which on a text is shown whose form is gone."""
_NEVER_TYPED = {"token", "next", "before", *SECRET_FIELDS}
_MOST_FIELDS = 1 << 20
"""Bytes of a form."""
_MOST_OF_A_FILE = 32 << 20
"""Bytes of a form with a file, which is held in memory."""


def dispatcher() -> ASGIApp:
    """All pages, as one ASGI application below the server's."""
    for module in pkgutil.iter_modules(pages.__path__, f"{pages.__name__}."):
        importlib.import_module(module.name)
    by_path: dict[str, dict[str, Page]] = {}
    for one in PAGES:
        by_path.setdefault(one.path, {})[one.method] = one
    routes = [
        Route("/", _Entrance()),
        Route("/login", _Entrance()),
        Route("/logout", _Entrance()),
        Route("/static/{name}", _Entrance()),
        *(Route(path, _Place(path, by_method)) for path, by_method in by_path.items()),
    ]
    return Router(routes, default=_Place("", {}), redirect_slashes=False)


class _Answering:
    """Whatever happens, an answer in HTML with the headers of a page."""

    path = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        began = time.perf_counter()
        response = secured(await self._safe(request))
        meters = request.app.state.meters
        if meters is not None:
            path = self.path or scope["route"].path
            meters.requested(request.method, path, response.status_code, time.perf_counter() - began)
        await response(scope, receive, send)

    async def _safe(self, request: Request) -> Response:
        try:
            check_host(request, request.app.state.settings)
            return await in_hand(request.app.state, self.answer(request))
        except Exception as error:  # noqa: BLE001 - what is no refusal is logged
            what = f"{request.method} {self.path or request.url.path}"
            return refusal(problem_of(error, what, is_idempotent=request.method != "POST"), request)

    async def answer(self, request: Request) -> Response:
        raise NotImplementedError


class _Entrance(_Answering):
    """What needs no session: getting in and out, style and scripts."""

    async def answer(self, request: Request) -> Response:
        path, method = request.url.path, request.method
        if path.startswith("/static/"):
            found = serve_asset(request.path_params["name"], request.query_params.get("v", ""))
            if found is None:
                raise _nothing(request)
            return found
        if method == "POST" and path in ("/login", "/logout"):
            check_origin(request)
            return await (enter if path == "/login" else leave)(request, await _fields(request))
        if method not in ("GET", "HEAD") or path == "/logout":
            raise _not_allowed("POST" if path == "/logout" else "GET")
        if path == "/login":
            return await enter(request, FormData())
        found_session = await _session_of(request)
        if found_session is None:
            return RedirectResponse("/login", 303)
        return RedirectResponse(f"/projects/{found_session.principal.project_id}/experiments", 303)


class _Place(_Answering):
    """One path with its pages and forms."""

    def __init__(self, path: str, by_method: dict[str, Page]) -> None:
        self.path = path
        self._by_method = by_method

    async def answer(self, request: Request) -> Response:
        if request.method in ("GET", "HEAD"):
            return await self._look(request)
        page = self._by_method.get(request.method)
        if page is None:
            raise _not_allowed(*self._by_method) if self._by_method else _nothing(request)
        check_origin(request)
        visitor = await _session_of(request)
        if visitor is None:
            return to_login(request) if page.takes_file else await _session_over(request)
        path = _ids(request)
        await _check_role(page, request, visitor)
        visitor.principal.require_project(path["project_id"])
        most = _MOST_FIELDS
        if page.takes_file:
            most = min(_MOST_OF_A_FILE, request.app.state.settings.max_body_bytes)
        fields = await _fields(request, most, takes_file=page.takes_file)
        try:
            visitor.check(str(fields.get("token", "")))
            return await _carried_out(page, Visit(request, visitor, path, fields, page.operation))
        except Exception as error:  # noqa: BLE001 - what is no refusal is logged
            problem = problem_of(error, f"POST {self.path}", is_idempotent=False)
            again = await self._form_again(request, visitor, fields, problem)
            return again or refusal(problem, request, fields)
        finally:
            await fields.close()

    async def _form_again(
        self, request: Request, visitor: Session, fields: FormData, problem: Problem
    ) -> Response | None:
        try:
            return await form_again(request, visitor, fields, problem)
        except Exception as error:  # noqa: BLE001 - what was refused first is told
            problem_of(error, f"GET for POST {self.path}", is_idempotent=True)
            return None

    async def _look(self, request: Request) -> Response:
        page = self._by_method.get("GET")
        state = request.app.state
        async with state.store.read(is_long=page is not None and page.is_long) as session:
            visitor = await sessions.find(request, session, state.settings)
            if visitor is None:
                return to_login(request)
            if page is None:
                raise _not_allowed(*self._by_method) if self._by_method else _nothing(request)
            path = _ids(request)
            visitor.principal.require_project(path["project_id"])
            if not allows(visitor.principal.role, page.role):
                raise Forbidden(f"This page takes {with_article(page.role)}'s key.")
            return await page.handler(Visit(request, visitor, path, FormData(), None, session))


async def _carried_out(page: Page, visit: Visit) -> Response:
    """What a form does, again where somebody else changed the same at the same time."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return await page.handler(visit)
        except (IntegrityError, Overtaken):
            if attempt == _ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def refusal(problem: Problem, request: Request, sent: FormData | None = None) -> Response:
    """A page that says what was wrong, and leads back; with what was typed, where no page has its form any more."""
    headers = {name: value for name, value in problem.headers.items() if name.lower() != "www-authenticate"}
    typed = [] if sent is None else list(_typed(sent))
    shown = {"title": title_of(problem), "text": told(problem), "back": came_from(request), "typed": typed}
    response = html_response("refusal.html", shown, status_of(problem))
    response.headers.update(headers)
    return response


def _typed(sent: FormData) -> Iterator[tuple[str, str]]:
    """What took work to type, and where."""
    for name, text in sent.multi_items():
        if isinstance(text, str) and len(text) >= _WORTH_SHOWING and name not in _NEVER_TYPED:
            yield name.removeprefix("field.").replace("_", " "), text


def to_login(request: Request) -> Response:
    """Have somebody without a session get one, and come back."""
    if request.headers.get("hx-request") == "true":
        return Response(status_code=204, headers={"HX-Redirect": "/login"})
    if request.method not in ("GET", "HEAD"):
        return RedirectResponse("/login", 303)
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?next={quote(wanted, safe='')}", 303)


async def _session_over(request: Request) -> Response:
    """A page with what took work to type, since a form without a session changes nothing; else the way to one."""
    login = to_login(request)
    fields = await _fields(request)
    typed = list(_typed(fields))
    await fields.close()
    if not typed or "location" not in login.headers:
        return login
    shown = {
        "title": "Your session has ended",
        "text": "Nothing was stored. Log in, which opens beside this page, and send what you typed once more.",
        "login": f"/login?next={quote(came_from(request), safe='')}",
        "typed": typed,
    }
    return html_response("refusal.html", shown, 401)


async def _session_of(request: Request) -> Session | None:
    async with request.app.state.store.read() as session:
        return await sessions.find(request, session, request.app.state.settings)


async def _check_role(page: Page, request: Request, visitor: Session) -> None:
    operation = page.operation
    if operation is None:
        return
    try:
        visitor.principal.require_role(operation.id, operation.role)
    except Forbidden as error:
        await log_refusal(request.app.state.store, operation, request, visitor.principal, error.status)
        raise


async def _fields(request: Request, most: int = _MOST_FIELDS, *, takes_file: bool = False) -> FormData:
    """What a form has sent, of at most so many bytes.

    Raises:
        BadRequest: It is none.
        TooLarge: It is longer.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != ("multipart/form-data" if takes_file else "application/x-www-form-urlencoded"):
        raise BadRequest("This is not what a form of these pages sends.")
    body = await read_body(request, most)

    async def chunks() -> AsyncGenerator[bytes, None]:
        yield body

    if takes_file:
        parser: Any = MultiPartParser(
            request.headers, chunks(), max_files=1, max_fields=20, max_part_size=len(body) + 1
        )
    else:
        parser = FormParser(request.headers, chunks())
    try:
        fields: FormData = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise BadRequest(f"The form cannot be read: {error}") from None
    if any(isinstance(value, str) and "\0" in value for value in fields.values()):
        raise BadRequest("A field holds a NUL character, which cannot be stored. Leave it out.")
    return fields


def _ids(request: Request) -> dict[str, int]:
    """What stands in the path.

    Raises:
        NotFound: No id is that large.
    """
    ids = {name: int(value) for name, value in request.path_params.items() if name.endswith("_id")}
    for name, value in ids.items():
        if value > _LARGEST_ID:
            raise NotFound(name.removesuffix("_id"), value)
    return ids


def _nothing(request: Request) -> Problem:
    problem = Problem(f"There is nothing at {request.url.path}.")
    problem.status = 404
    return problem


def _not_allowed(*methods: str) -> Problem:
    problem = Problem("This address is for something else.", headers={"Allow": ", ".join(sorted(methods))})
    problem.status = 405
    return problem
