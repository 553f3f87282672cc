"""A form that was refused is shown again on its page, with all that was typed: nobody types anything twice."""

import functools
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import compile_path

from elluminate_server.domain.roles import allows
from elluminate_server.http.problems import Problem
from elluminate_server.pages.refilling import refilled
from elluminate_server.pages.sessions import Session
from elluminate_server.pages.visits import PAGES, Page, Visit
from elluminate_server.pages.wording import status_of, told_of

__all__ = ["came_from", "form_again"]


async def form_again(
    request: Request, visitor: Session, fields: FormData, problem: Problem
) -> Response | None:
    """The page that the form stands on, filled; None where there is none.

    Raises:
        Exception: Whatever looking at that page raises: what the form is about may be gone.
    """
    for address in _candidates(request):
        target = urlsplit(address)
        found = _page_at(target.path)
        if found is None:
            continue
        page, ids = found
        if ids.get("project_id") != visitor.principal.project_id or not allows(
            visitor.principal.role, page.role
        ):
            continue
        async with request.app.state.store.read(is_long=page.is_long) as session:
            looking = _request_for(request, target.path, target.query)
            visit = Visit(looking, visitor, ids, FormData(), None, session, is_again=True)
            shown = await page.handler(visit)
        text = refilled(
            bytes(shown.body).decode(),
            request.url.path,
            fields,
            lambda labels, takes_file: told_of(problem, labels, takes_file=takes_file),
        )
        if text is not None:
            return HTMLResponse(text, status_of(problem), _kept(problem))
    return None


def came_from(request: Request) -> str:
    """Where a link back leads: the page that one came from, else the nearest above, else the first of all."""
    for address in _candidates(request):
        path = urlsplit(address).path
        is_here = path == request.url.path and request.method in ("GET", "HEAD")
        if not is_here and _page_at(path) is not None:
            return address
    return "/"


def _candidates(request: Request) -> Iterator[str]:
    """Addresses of pages on which a form may stand, the likeliest first."""
    referer = urlsplit(request.headers.get("referer", ""))
    is_ours = referer.netloc.lower() == request.headers.get("host", "").lower()
    if is_ours and "\\" not in referer.path and referer.path.isprintable() and referer.query.isprintable():
        yield f"{referer.path}?{referer.query}" if referer.query else referer.path
    path = request.url.path
    while path.count("/") > 2:
        if _page_at(path) is not None:
            yield path
        path = path.rpartition("/")[0]


def _page_at(path: str) -> tuple[Page, dict[str, int]] | None:
    for pattern, page in _patterns():
        if found := pattern.match(path):
            ids = {name: int(text) for name, text in found.groupdict().items()}
            return (page, ids) if all(one < 2**53 for one in ids.values()) else None
    return None


@functools.cache
def _patterns() -> list[tuple[re.Pattern[str], Page]]:
    """All pages that are HTML, and what their addresses look like."""
    return [
        (compile_path(one.path)[0], one)
        for one in PAGES
        if one.method == "GET" and not one.path.endswith(".csv")
    ]


def _request_for(request: Request, path: str, query: str) -> Request:
    """A look at another address by the same browser."""
    headers = [one for one in request.scope["headers"] if one[0] != b"hx-request"]
    changed = {
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": headers,
    }
    return Request({**request.scope, **changed})


def _kept(problem: Problem) -> dict[str, str]:
    return {name: value for name, value in problem.headers.items() if name.lower() != "www-authenticate"}
