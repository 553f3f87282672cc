"""List who changed what."""

from __future__ import annotations

import datetime
from urllib.parse import quote

from ...models.audit_object_kind import AuditObjectKind
from ...models.paged_audit_event import PagedAuditEvent
from ...types import UNSET, Operation, Request, Unset, encode_query

OPERATION: Operation[PagedAuditEvent] = Operation(
    id="list_audit_events",
    method="GET",
    path="/projects/{project_id}/audit",
    status=200,
    success=PagedAuditEvent,
    repeatable=True,
)


def build(
    project_id: int,
    *,
    page: int | None | Unset = UNSET,
    since: datetime.datetime | None | Unset = UNSET,
    until: datetime.datetime | None | Unset = UNSET,
    key_name: str | None | Unset = UNSET,
    operation: str | None | Unset = UNSET,
    object_kind: AuditObjectKind | None | Unset = UNSET,
    object_id: int | None | Unset = UNSET,
) -> Request[PagedAuditEvent]:
    """List who changed what.

    A line for every request of the project's keys that changed something, written together with the
    change, and
    for every one that takes more than a reader and was refused with 403, or with 401 because its key
    had ended:
    reading this log is such a request, and has a line when it is refused and none when it is allowed.
    The server's
    own commands write lines, too. A request that is repeated with its Idempotency-Key has one. No line
    holds what a request sent.

    In the order in which they were written, paged. Filters narrow together.

    Args:
        object_kind: Kinds of things that are changed. An entry is a row of a collection.
    """
    return Request(
        OPERATION,
        f"/projects/{quote(str(project_id), safe='')}/audit",
        query=encode_query(
            {
                "page": page,
                "since": since,
                "until": until,
                "key_name": key_name,
                "operation": operation,
                "object_kind": object_kind,
                "object_id": object_id,
            }
        ),
    )
