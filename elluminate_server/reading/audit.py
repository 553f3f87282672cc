"""Lines of the audit log: those that were asked for, and as the contract shows them."""

import datetime
from typing import Any

from elluminate_api import models
from sqlalchemy import Select, select

from elluminate_server.store.tables import AuditEvent

__all__ = ["audit_lines", "present_audit_line"]


def audit_lines(
    *, since: datetime.datetime | None = None, until: datetime.datetime | None = None, **equal: Any
) -> Select[AuditEvent]:
    """A query of the lines that fit everything given, without an order.

    Args:
        since: Of this time or later.
        until: Of before this time.
        equal: Columns of `AuditEvent` and their values; None for any.
    """
    query = select(AuditEvent)
    if since is not None:
        query = query.where(AuditEvent.created_at >= since)
    if until is not None:
        query = query.where(AuditEvent.created_at < until)
    given = {name: value for name, value in equal.items() if value is not None}
    return query.where(*(getattr(AuditEvent, name) == value for name, value in given.items()))


def present_audit_line(row: AuditEvent) -> models.AuditEvent:
    """A line as the contract shows it."""
    return models.AuditEvent(
        id=row.id,
        created_at=row.created_at,
        operation=row.operation,
        status=row.status,
        project_id=row.project_id,
        key_id=row.key_id,
        key_name=row.key_name,
        key_role=None if row.key_role is None else models.ApiKeyRole(row.key_role),
        address=row.address,
        request_id=row.request_id,
        method=row.method,
        path=row.path,
        object_kind=None if row.object_kind is None else models.AuditObjectKind(row.object_kind),
        object_id=row.object_id,
        object_name=row.object_name,
    )
