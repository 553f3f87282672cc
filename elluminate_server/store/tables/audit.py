"""The audit log."""

import datetime

from sqlalchemy import Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from elluminate_server.store.columns import Id, UtcDateTime, utc_now
from elluminate_server.store.tables.base import COUNTED, Base, id_column


class AuditEvent(Base):
    """Who did what to what. It refers to nothing: what it names may be gone, and it stays."""

    __tablename__ = "audit_events"
    __table_args__ = (Index("ix_audit_events_project_id_id", "project_id", "id"), COUNTED)

    id: Mapped[int] = id_column()
    created_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
    project_id: Mapped[int | None] = mapped_column(Id, default=None)
    key_id: Mapped[int | None] = mapped_column(Id, default=None)
    key_name: Mapped[str] = mapped_column(String(255))
    key_role: Mapped[str | None] = mapped_column(String(16), default=None)
    address: Mapped[str | None] = mapped_column(String(64), default=None)
    request_id: Mapped[str | None] = mapped_column(String(128), default=None)
    operation: Mapped[str] = mapped_column(String(64))
    """An operationId of the contract, or a command."""
    method: Mapped[str | None] = mapped_column(String(16), default=None)
    path: Mapped[str | None] = mapped_column(String(255), default=None)
    status: Mapped[int | None] = mapped_column(Integer, default=None)
    object_kind: Mapped[str | None] = mapped_column(String(32), default=None)
    object_id: Mapped[int | None] = mapped_column(Id, default=None)
    object_name: Mapped[str | None] = mapped_column(String(255), default=None)
