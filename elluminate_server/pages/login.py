"""Getting in, with an API key or a one-time code, and out."""

import logging
from typing import Any

from starlette.datastructures import FormData, Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from elluminate_server.http.access import KeyEnded, Principal, authenticate
from elluminate_server.http.auditing import address_in
from elluminate_server.http.notes import write_note
from elluminate_server.http.problems import Unauthorized
from elluminate_server.operating.context import current_request_id
from elluminate_server.pages import sessions
from elluminate_server.pages.codes import LoginCodes
from elluminate_server.pages.rendering import html_response
from elluminate_server.settings import Settings
from elluminate_server.store.audit_log import add_line
from elluminate_server.store.engine import BusyError, Store

__all__ = ["enter", "leave"]

_logger = logging.getLogger("elluminate_server.access")

_WRONG_KEY = "This key opens nothing here. It may be mistyped, revoked, or expired."
_WRONG_CODE = (
    "This link was used, or is older than a minute. Log in with an API key, or start the server again."
)


async def enter(request: Request, fields: FormData) -> Response:
    """The form that asks for a key; who sends one, or has a code in the address, gets a session."""
    state = request.app.state
    store: Store = state.store
    settings: Settings = state.settings
    wanted = str(fields.get("next", "") or request.query_params.get("next", ""))
    next_path = wanted if _is_here(wanted) else "/"
    if request.method == "POST":
        key = str(fields.get("key", "")).strip()
        try:
            principal = await _known(key, store, settings)
        except KeyEnded as ended:
            await _log(request, ended.principal, 401)
            return _form(next_path, _WRONG_KEY, 401)
        except Unauthorized:
            _logger.info("Nobody was let in: an API key is not known here.")
            return _form(next_path, _WRONG_KEY, 401)
    elif "code" in request.query_params and request.method == "GET":  # a HEAD uses no code up
        codes: LoginCodes = state.login_codes
        found = codes.take(request.query_params["code"])
        if found is None:
            return _form(next_path, _WRONG_CODE, 401)
        principal = found
    else:
        return _form(next_path, None, 200)
    response = RedirectResponse(next_path, 303)
    async with store.read() as session:
        await sessions.begin(request, response, session, settings, principal)
    await _log(request, principal, 303)
    return response


async def leave(request: Request, fields: FormData) -> Response:
    """End the session of this browser.

    Raises:
        Forbidden: The form is not of that session.
    """
    state = request.app.state
    async with state.store.read() as session:
        found = await sessions.find(request, session, state.settings)
    if found is not None:
        found.check(str(fields.get("token", "")))
    response = RedirectResponse("/login", 303)
    sessions.end(request, response)
    return response


async def _known(key: str, store: Store, settings: Settings) -> Principal:
    """Whose key it is.

    Raises:
        Unauthorized: Nobody's.
    """
    try:
        headers = Headers({"x-api-key": key})
    except UnicodeEncodeError:
        raise Unauthorized("This API key is not known here.") from None
    async with store.read() as session:
        return await authenticate(headers, session, store, settings)


def _form(next_path: str, wrong: str | None, status: int) -> Response:
    return html_response("login.html", {"next_path": next_path, "wrong": wrong}, status)


def _is_here(path: str) -> bool:
    """Whether a path leads to a page of ours, not to another site."""
    return path.startswith("/projects/") and "\\" not in path and path.isprintable()


async def _log(request: Request, principal: Principal, status: int) -> None:
    line: dict[str, Any] = {
        "project_id": principal.project_id,
        "key_id": principal.key_id,
        "key_name": principal.key_name,
        "key_role": principal.role,
        "address": None if request.client is None else address_in(request.client.host),
        "request_id": current_request_id.get(),
        "operation": "login",
        "method": request.method,
        "path": "/login",
        "status": status,
        "object_kind": None,
        "object_id": None,
        "object_name": None,
    }
    store: Store = request.app.state.store

    async def write() -> None:
        try:
            async with store.write() as session:
                await add_line(session, line, finds_name=False)
        except BusyError as error:
            _logger.warning("The audit log lacks a login: %s", error)

    await write_note((id(store), "login", object()), write)
