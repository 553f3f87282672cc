"""One request as a handler sees it, and the answer that it makes; how they are used is said in `pipeline`."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any, TypeVar

import attrs
import msgspec
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response

from elluminate_server.http import decoding
from elluminate_server.http.access import Principal
from elluminate_server.http.at_server import AtServer
from elluminate_server.http.auditing import log_effect
from elluminate_server.http.contract import ContractOperation
from elluminate_server.http.idempotency import Idempotency, keep_answer
from elluminate_server.http.problems import (
    BadRequest,
    Problem,
)
from elluminate_server.store.engine import BusyError

__all__ = ["Answer", "Call"]

T = TypeVar("T")


@attrs.frozen
class Answer:
    """A success: its status and its JSON body (empty for 204)."""

    status: int
    body: bytes

    def response(self, headers: Mapping[str, str] | None = None) -> Response:
        """As Starlette sends it."""
        media_type = "application/json" if self.body else None
        return Response(self.body, self.status, headers=dict(headers or {}), media_type=media_type)


@attrs.define
class Call(AtServer):
    """One request, as a handler sees it."""

    operation: ContractOperation
    request: Request
    principal: Principal | None
    path: dict[str, Any]
    query: dict[str, Any]
    body: bytes
    idempotency: Idempotency | None
    is_carried_out: bool = False
    """Whether an earlier request with the same key has had its effect, and has not come to its answer."""
    is_logged: bool = False
    """Whether the audit log has a line of it."""
    _session: AsyncSession | None = None
    _answer: Answer | None = None
    _answered: Any = None
    _repeated: Answer | None = None
    _on_commit: list[Callable[[], object]] = attrs.field(factory=list)

    @property
    def project_id(self) -> int:
        """Project in the path; the key's project for operations without one."""
        if self.principal is None:
            raise RuntimeError(f"{self.operation.id} is public and belongs to no project")
        return self.principal.project_id

    def decode(self, model: type[T]) -> T:
        """The JSON body as a generated request model.

        Raises:
            Problem: The body is no JSON (400), or breaks the contract (422).
        """
        content_type = self.request.headers.get("content-type", "application/json")
        media_type = content_type.partition(";")[0].strip().lower()
        if media_type != "application/json" and not media_type.endswith("+json"):
            raise BadRequest(f"The Content-Type is {media_type!r}; send application/json.")
        return decoding.decode(self.body, model)

    async def form(self) -> FormData:
        """The multipart body's fields.

        Raises:
            BadRequest: The body is no multipart form.
        """
        content_type = self.request.headers.get("content-type", "")
        if content_type.partition(";")[0].strip().lower() != "multipart/form-data":
            raise BadRequest(f"The Content-Type is {content_type!r}; send multipart/form-data.")

        async def chunks() -> AsyncGenerator[bytes, None]:
            yield self.body

        parser = MultiPartParser(
            self.request.headers, chunks(), max_files=1, max_part_size=len(self.body) + 1
        )
        try:
            return await parser.parse()
        except (MultiPartException, KeyError, ValueError) as error:
            raise BadRequest(f"The body is no valid multipart form: {error}") from None

    def read(self) -> contextlib.AbstractAsyncContextManager[AsyncSession]:
        """A session that sees one consistent state.

        The first one of a GET is that in which its key was checked. Each later one, and one that a stream opens
        when the request is answered, is of its own and sees what has changed.
        """
        if self._session is None:
            return self.store.read()
        session, self._session = self._session, None
        return contextlib.nullcontext(session)

    @contextlib.contextmanager
    def sharing(self, session: AsyncSession) -> Iterator[None]:
        """Have the first `read` within this block get the session."""
        self._session = session
        try:
            yield
        finally:
            self._session = None

    @contextlib.asynccontextmanager
    async def write(
        self, *, answers_later: bool = False, is_short: bool = False
    ) -> AsyncIterator[AsyncSession]:
        """The transaction that holds the effect with its line of the audit log, and its answer; see `pipeline`.

        Args:
            answers_later: Whether the answer is read after the commit.
            is_short: See `Store.write`.
        """
        async with self.store.write(is_short=is_short) as session:
            reserved = None
            if self.idempotency is not None:
                reserved = await self.idempotency.reserve(session)
            if self.operation.method == "DELETE":
                await self.log(session)  # while what is deleted has its name
            yield session
            if reserved is not None and not answers_later:
                if self._answer is None:
                    raise RuntimeError(f"{self.operation.id} did not call answer() inside write()")
                await session.flush()
                kept = self._answer if self._repeated is None else self._repeated
                await keep_answer(reserved, kept.status, kept.body)
            if self.operation.method != "DELETE":
                await self.log(session)
        self.is_logged = True
        for callback in self._on_commit:
            callback()

    async def log(self, session: AsyncSession) -> None:
        """Write the request's line of the audit log, if it is one that may change something."""
        if self.operation.changes and self.principal is not None:
            await log_effect(session, self.operation, self.request, self.principal, self.path, self._answered)

    def on_commit(self, callback: Callable[[], object]) -> None:
        """Have the callback called once `write` has committed."""
        self._on_commit.append(callback)

    def answer(self, value: Any = None) -> Answer:
        """The success with this body: a generated model, or anything that JSON has. 204 has none."""
        status = self.operation.status
        self._answer = Answer(status, b"" if status == 204 else msgspec.json.encode(value))
        self._answered = value
        return self._answer

    async def answer_after(self, read: Callable[[AsyncSession], Awaitable[Any]]) -> Answer:
        """The success with the body that `read` finds, once `write(answers_later=True)` has committed.

        Raises:
            BusyError: It cannot be read for the moment; its effect is there, and so it says that it may be.
        """
        try:
            async with self.store.read(is_long=True) as session:
                answer = self.answer(await read(session))
            if self.idempotency is not None:
                await self.idempotency.keep(self.store, answer.status, answer.body)
        except BusyError as error:
            error.may_be_done = True
            raise
        return answer

    def answer_once(self, value: Any, repeated: Problem) -> Answer:
        """The success with a secret in its body: it is not stored, and a repetition gets `repeated` instead."""
        self._repeated = Answer(repeated.status, msgspec.json.encode(repeated.body))
        return self.answer(value)

    def forget_attempt(self) -> None:
        """Forget what a failed attempt has prepared."""
        self._answer = self._answered = self._repeated = None
        self._on_commit.clear()
