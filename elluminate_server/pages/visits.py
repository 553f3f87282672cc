"""One request as a page sees it, and what it answers with; how they are registered."""

import contextlib
import datetime
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

import attrs
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from elluminate_server.domain.roles import ADMIN, EDITOR, READER, allows
from elluminate_server.http import decoding
from elluminate_server.http.access import Principal
from elluminate_server.http.at_server import AtServer
from elluminate_server.http.auditing import log_effect
from elluminate_server.http.contract import ContractOperation, operations
from elluminate_server.http.problems import BadRequest, NotFound, quoted
from elluminate_server.pages.rendering import html_response, shortened
from elluminate_server.pages.sessions import Session

__all__ = ["PAGES", "Page", "Visit", "form", "page"]

T = TypeVar("T")
D = TypeVar("D")

_MOST_TOLD = 500
"""Characters of what could be chosen, in a notice."""

_MOST_NOTICES = 5
"""Notices in words; of the others, how many there are."""


@attrs.define
class Visit(AtServer):
    """One request, as a page sees it.

    Attributes:
        request: The request.
        of: The browser's session.
        path: What stands in the path.
        fields: What a form has sent; empty for a page.
        made: What a form has made, for its line of the audit log; None where the path names what it is done to.
        unread: What the address says and cannot be read, in words: the page shows it, rather than act as if nobody
            had asked for it.
        known: Names of parameters that the page has looked for.
        is_again: Whether a form that was sent from the page is shown again with what was typed, because it was refused.
    """

    request: Request
    of: Session
    path: Mapping[str, int]
    fields: FormData
    operation: ContractOperation | None = None
    _session: AsyncSession | None = None
    made: Any = None
    unread: dict[str, None] = attrs.field(factory=dict)
    known: set[str] = attrs.field(factory=set)
    is_again: bool = False

    @property
    def principal(self) -> Principal:
        """Whose key it is."""
        return self.of.principal

    @property
    def project_id(self) -> int:
        """The project in the path, which the key opens."""
        return self.principal.project_id

    @property
    def session(self) -> AsyncSession:
        """Where a page reads: one consistent state, that in which its key was looked up."""
        if self._session is None:
            raise RuntimeError("a form reads in its transaction")
        return self._session

    @property
    def is_partial(self) -> bool:
        """Whether a script asks for the moving part of a page alone."""
        return self.request.headers.get("hx-request") == "true"

    def asked(self, name: str, default: str = "") -> str:
        """A parameter of the address, without blanks around it; what is absent counts as empty.

        Of several values the last one counts, and the page says so.
        """
        given = self.asked_all(name)
        for text in given[:-1]:
            if text != given[-1]:
                self.leave_out(name, "It is given more than once, and the last one counts.", text)
        return given[-1] if given else default

    def asked_all(self, name: str) -> list[str]:
        """A parameter that may be given several times: what it says, without what is empty."""
        self.known.add(name)
        return [text for text in map(str.strip, self.request.query_params.getlist(name)) if text]

    def asked_number(self, name: str, default: int) -> int:
        """A parameter that is a number from 1 on; the default where it is none, or none is given."""
        text = self.asked(name)
        if not text:
            return default
        if text.isascii() and text.isdigit() and len(text) < 16 and int(text) > 0:
            return int(text)
        self.leave_out(name, "It has to be a whole number from 1 on.")
        return default

    def asked_choice(self, name: str, allowed: Collection[T], default: D) -> T | D:
        """A parameter that is one of some values; the default where it is none of them, or not given."""
        text = self.asked(name)
        found = self._choices(name, allowed, [text] if text else [])
        return found[0] if found else default

    def asked_choices(self, name: str, allowed: Collection[T]) -> list[T]:
        """A parameter that may be given several times; those of its values that are allowed."""
        return self._choices(name, allowed, self.asked_all(name))

    def _choices(self, name: str, allowed: Collection[T], given: Iterable[str]) -> list[T]:
        by_text = {str(one): one for one in allowed}
        found = []
        for text in given:
            if text in by_text:
                found.append(by_text[text])
            else:
                among = shortened(", ".join(by_text) or "nothing", _MOST_TOLD)
                self.leave_out(name, f"It has to be one of {among}.", text)
        return found

    def asked_day(self, name: str) -> datetime.date | None:
        """A parameter that is a day; None where it is none, or none is given."""
        text = self.asked(name)
        try:
            return datetime.date.fromisoformat(text) if text else None
        except ValueError:
            self.leave_out(name, "It has to be a day, like 2026-01-31.")
            return None

    def leave_out(self, name: str, wanted: str, text: str | None = None) -> None:
        """Have the page say that a parameter does not count, and what it would take."""
        text = self.asked(name) if text is None else text
        self.known.add(name)
        self.unread[f"{shortened(name)}={quoted(text)} in the address does not count here. {wanted}"] = None

    @property
    def notices(self) -> list[str]:
        """What of the address does not count here, in words; of many, how many more there are."""
        unknown = [one for one in self.request.query_params.multi_items() if one[0] not in self.known]
        said = [
            *self.unread,
            *(
                f"{shortened(name)}={quoted(text)} in the address means nothing here."
                for name, text in unknown
            ),
        ]
        more = len(said) - _MOST_NOTICES
        return said if more <= 0 else [*said[:_MOST_NOTICES], f"And {more} more."]

    def field(self, name: str) -> str:
        """What a form has in a field, empty where it has none."""
        value = self.fields.get(name, "")
        return value if isinstance(value, str) else ""

    def text(self, name: str) -> str:
        """A text of several lines in a form's field: browsers send their ends as CR LF."""
        return self.field(name).replace("\r\n", "\n")

    async def file(self, name: str) -> bytes:
        """The content of a form's file.

        Raises:
            BadRequest: There is none.
        """
        found = self.fields.get(name)
        if not isinstance(found, UploadFile) or not found.filename:
            raise BadRequest("No file was chosen: choose one, and send the form again.")
        await found.seek(0)
        return await found.read()

    def wanted(self, model: type[T], **values: Any) -> T:
        """What a form asks for, held to the same bounds as a request of the API.

        Raises:
            Invalid: A value breaks them.
        """
        return decoding.convert(values, model)

    def number(self, name: str) -> int:
        """An id in a form's field.

        Raises:
            NotFound: It is none.
        """
        text = self.field(name)
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            raise NotFound(name.removesuffix("_id").replace("_", " "), repr(text[:40]))
        return int(text)

    @contextlib.asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """The transaction of a form, which holds its line of the audit log, too."""
        if self.operation is None:
            raise RuntimeError("a page changes nothing")
        deletes = self.operation.method == "DELETE"
        async with self.store.write() as session:
            if deletes:
                await self._log(session, self.operation)  # while what is deleted has its name
            yield session
            if not deletes:
                await self._log(session, self.operation)

    async def _log(self, session: AsyncSession, operation: ContractOperation) -> None:
        await log_effect(session, operation, self.request, self.principal, self.path, self.made)

    def show(self, template: str, /, **values: Any) -> Response:
        """A template, filled; it knows who looks, and where."""
        role = self.principal.role
        may = {"may_edit": allows(role, EDITOR), "is_admin": allows(role, ADMIN)}
        return html_response(template, {**values, "visit": self, "notices": self.notices, **may})

    def go_on(self, path: str, **query: Any) -> Response:
        """What a form answers: see there."""
        return RedirectResponse(_with_query(path, query.items()), 303)

    def go_back(self, otherwise: str) -> Response:
        """What a form answers that may stand on several pages: see the one that it names, if that is one of ours."""
        path = self.field("next")
        is_ours = path.startswith(f"/projects/{self.project_id}/") and "\\" not in path and path.isprintable()
        return RedirectResponse(path if is_ours else otherwise, 303)

    @property
    def here(self) -> str:
        """The address of this page, for a form that comes back to it."""
        return self.address()

    def address(self, **changed: Any) -> str:
        """The address of this page with other parameters; those that are empty are left out."""
        kept = [one for one in self.request.query_params.multi_items() if one[0] not in changed]
        return _with_query(self.request.url.path, [*kept, *changed.items()])

    def response_address(self, response_id: int, carried: Mapping[str, Any]) -> str:
        """Where an answer is shown, within a filter."""
        return _with_query(f"/projects/{self.project_id}/responses/{response_id}", carried.items())


def _with_query(path: str, given: Iterable[tuple[str, Any]]) -> str:
    """An address with parameters, without those that are empty."""
    query = urlencode([(name, value) for name, value in given if value not in (None, "")], doseq=True)
    return f"{path}?{query}" if query else path


Handler = Callable[[Visit], Awaitable[Response]]


@attrs.frozen
class Page:
    """What is at a path.

    Attributes:
        path: For Starlette's routes.
        method: GET or POST.
        handler: What answers.
        role: What it takes, of `domain.roles`.
        operation: The operation of the contract that a form carries out; None for a page.
        takes_file: Whether a form has a file.
        is_long: Whether it reads so much that it is read beside the event loop; see `Store.read`.
    """

    path: str
    method: str
    handler: Handler
    role: str = READER
    operation: ContractOperation | None = None
    takes_file: bool = False
    is_long: bool = False


PAGES: list[Page] = []
"""All that there are, in the order in which paths are tried."""


def page(path: str, *, role: str = READER, is_long: bool = False) -> Callable[[Handler], Handler]:
    """Register a page.

    Args:
        path: Where it is.
        role: Who sees it, of `domain.roles`.
        is_long: Whether it counts or sorts all answers of an experiment, for which nobody else should wait.
    """

    def register(handler: Handler) -> Handler:
        PAGES.append(Page(path, "GET", handler, role, is_long=is_long))
        return handler

    return register


def form(path: str, *, does: str, takes_file: bool = False) -> Callable[[Handler], Handler]:
    """Register a form.

    Args:
        path: Where it is sent.
        does: The operation of the contract that it carries out, which says what role it takes.
        takes_file: Whether it has a file; then it is sent as multipart/form-data.
    """
    operation = operations()[does]

    def register(handler: Handler) -> Handler:
        PAGES.append(Page(path, "POST", handler, operation.role, operation, takes_file))
        return handler

    return register
