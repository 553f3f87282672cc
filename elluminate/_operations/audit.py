"""Who changed what in the project."""

from __future__ import annotations

import datetime
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager

from elluminate_api.api.audit import list_audit_events
from elluminate_api.models import AuditEvent, AuditObjectKind, PagedAuditEvent
from elluminate_api.types import Request

from elluminate._checks import checked_id, checked_moment, checked_name, known
from elluminate._operations.base import Operations
from elluminate.exceptions import APIError, NotSupportedError

_UNKNOWN = (404, 405, 501)
"""What a server answers that has no such operation: the project is there, and the list may be empty."""

Moment = datetime.datetime | datetime.date | str


class AuditOperations(Operations):
    """Reading the audit log, which the hosted platform does not offer to clients."""

    async def list_audit_events(
        self,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        key_name: str | None = None,
        operation: str | None = None,
        object_kind: AuditObjectKind | str | None = None,
        object_id: int | None = None,
    ) -> list[AuditEvent]:
        """Who changed what in the project in use: the lines of the audit log that fit every argument given.

        Args:
            since: Of this time or later; UTC where no zone is named.
            until: Of before this time.
            key_name: Of keys with exactly this name; "command line" for what the server's own commands did.
            operation: Of this operation of the contract ("delete_experiment"), or command ("keys create"); one that
                does not exist is a ValidationError.
            object_kind: About things of this kind: "experiment", "collection", "api_key" and so on.
            object_id: About things with this id.

        Returns:
            Lines in the order in which they were written.

        Raises:
            PermissionDeniedError: This client's key is no admin.
            NotSupportedError: The server has no audit log: only `elluminate_server` does.
            ValidationError: An argument cannot be used.

        Example:
            >>> for event in client.list_audit_events(object_kind="api_key"):
            ...     print(event.created_at, event.key_name, event.operation, event.object_name)
        """
        lines = await self._lines(since, until, key_name, operation, object_kind, object_id)
        with _supported():
            return await self.session.pages(lines, AuditEvent)

    async def iter_audit_events(
        self,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        key_name: str | None = None,
        operation: str | None = None,
        object_kind: AuditObjectKind | str | None = None,
        object_id: int | None = None,
    ) -> AsyncGenerator[AuditEvent]:
        """The lines of `list_audit_events`, read page by page.

        Args:
            since: Of this time or later; UTC where no zone is named.
            until: Of before this time.
            key_name: Of keys with exactly this name.
            operation: Of this operation of the contract, or command.
            object_kind: About things of this kind.
            object_id: About things with this id.

        Yields:
            Lines in the order in which they were written.

        Raises:
            PermissionDeniedError: This client's key is no admin.
            NotSupportedError: The server has no audit log: only `elluminate_server` does.
            ValidationError: An argument cannot be used.

        Example:
            >>> for event in client.iter_audit_events(operation="delete_experiment"):
            ...     print(event.created_at, event.key_name, event.object_name)
        """
        lines = await self._lines(since, until, key_name, operation, object_kind, object_id)
        with _supported():
            async with aclosing(self.session.iterate(lines, AuditEvent)) as events:
                async for event in events:
                    yield event

    async def _lines(
        self,
        since: Moment | None,
        until: Moment | None,
        key_name: str | None,
        operation: str | None,
        object_kind: AuditObjectKind | str | None,
        object_id: int | None,
    ) -> Callable[[int], Request[PagedAuditEvent]]:
        first, last = checked_moment(since, "since"), checked_moment(until, "until")
        if key_name is not None:
            checked_name(key_name, "API key")
        if operation is not None:
            checked_name(operation, "operation")
        kind = None if object_kind is None else known(AuditObjectKind, object_kind, "object_kind")
        identifier = None if object_id is None else checked_id(object_id, "object_id")
        project = await self.session.project_id()
        return lambda page: list_audit_events.build(
            project,
            page=page,
            since=first,
            until=last,
            key_name=key_name,
            operation=operation,
            object_kind=kind,
            object_id=identifier,
        )


@contextmanager
def _supported() -> Iterator[None]:
    try:
        yield
    except APIError as error:
        if error.status_code in _UNKNOWN:
            raise NotSupportedError(
                f"this server has no audit log that clients can read ({error.message})", error.status_code
            ) from error
        raise
