from __future__ import annotations

import datetime

from attrs import define

from ..models.api_key_role import ApiKeyRole
from ..models.audit_object_kind import AuditObjectKind
from ..types import one_line


@define(kw_only=True, repr=False)
class AuditEvent:
    """A line of the audit log.

    Attributes:
        id: Id of the line. Later lines have higher ones.
        created_at: When it was written.
        operation: The operationId, or the server's command, for example `keys create`.
        key_name: Name of the key. `command line` for a command, and `server process` for the key of a
            server's own process.
        object_kind: Kind of the thing. Null where a command is about none.
        object_id: Id of the thing. Null where there is none, or there are several.
        object_name: The name that it had: after a change the new one. Null for what has no name, and where
            nothing was done.
        key_role: What the key might do. Null for a command.
        status: HTTP status of the answer. Null for a command, which is in the log when it was done.
        project_id: Id of the key's project. Null for a command that is about a whole database.
        key_id: Id of the key that asked. Null for a command, and for the key of a server's own process,
            which is not stored.
        address: From which address the request came, as the server sees it. Null for a command.
        request_id: Id of the request. Null for a command.
        method: HTTP method. Null for a command.
        path: Path of the request, without its query. Null for a command.
    """

    id: int
    created_at: datetime.datetime
    operation: str
    key_name: str
    object_kind: AuditObjectKind | None = None
    object_id: int | None = None
    object_name: str | None = None
    key_role: ApiKeyRole | None = None
    status: int | None = None
    project_id: int | None = None
    key_id: int | None = None
    address: str | None = None
    request_id: str | None = None
    method: str | None = None
    path: str | None = None

    __repr__ = one_line
