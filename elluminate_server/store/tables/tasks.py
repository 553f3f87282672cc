"""Background tasks: their work, their log, and who has read it."""

import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from elluminate_server.store.columns import Id, Json, UtcDateTime
from elluminate_server.store.states import PENDING, ItemState, TaskKind
from elluminate_server.store.tables.base import (
    COUNTED,
    Base,
    created_at_column,
    id_column,
    reference,
    updated_at_column,
)


class Task(Base):
    """Background task; `status` is the contract's `TaskStatus`."""

    __tablename__ = "tasks"
    __table_args__ = (Index("ix_tasks_status_lease", "status", "lease_expires_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    """UUID, hexadecimal."""
    project_id: Mapped[int] = reference("projects", cascade=True)
    experiment_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("experiments.id", ondelete="SET NULL"), index=True, default=None
    )
    kind: Mapped[TaskKind] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(16), default="PENDING")
    error_msg: Mapped[str | None] = mapped_column(Text, default=None)
    payload: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    """How many processes have taken it since anything was done, the one that has it included."""
    lease_owner: Mapped[str | None] = mapped_column(String(64), default=None)
    lease_expires_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime, default=None)
    is_open: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Whether other processes may work on it beside the one that holds it."""
    ended_by: Mapped[str | None] = mapped_column(Text, default=None)
    """Why nothing more is begun of it, while what is under way is still brought to its end."""
    created_at: Mapped[datetime.datetime] = created_at_column()
    started_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime, default=None)
    finished_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime, default=None)


IS_FLAWED = text("(error IS NOT NULL OR rating_errors IS NOT NULL)")
"""Of work items: no answer came of them, or not every verdict."""


class Share(Base):
    """What one process has of a task: the items that it holds, until a moment."""

    __tablename__ = "task_shares"

    task_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True
    )
    owner: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    has_progressed: Mapped[bool] = mapped_column(Boolean, default=False)
    """Whether the process has got anything of the task done."""


class CallPlaces(Base):
    """How many calls one process may have under way at a time at an endpoint, or for one of its bounds."""

    __tablename__ = "call_places"

    resource: Mapped[str] = mapped_column(String(64), primary_key=True)
    """A digest of the endpoint with its key, or of that and the bound."""
    owner: Mapped[str] = mapped_column(String(64), primary_key=True)
    places: Mapped[int] = mapped_column(Integer)
    wanted: Mapped[int] = mapped_column(Integer)
    most: Mapped[int] = mapped_column(Integer)
    """Of all processes together."""
    paused_until: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime, default=None)
    """Before then the endpoint has asked to be left alone."""
    expires_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)


IS_FREE = text("holder IS NULL AND state <> 'done'")
"""Of work items: nobody has them, and they are to be done."""
IS_HELD = text("holder IS NOT NULL")


class WorkItem(Base):
    """One piece of a task: an answer to produce and to rate. Unique, so that nothing is done twice."""

    __tablename__ = "work_items"
    __table_args__ = (
        UniqueConstraint("task_id", "entry_id", "epoch", "ordinal"),
        Index("ix_work_items_task_state", "task_id", "state"),
        # Read with every result, and almost empty.
        Index(
            "ix_work_items_not_judged",
            "response_id",
            sqlite_where=text("rating_errors IS NOT NULL"),
            postgresql_where=text("rating_errors IS NOT NULL"),
        ),
        # Counted with every look at a run.
        Index("ix_work_items_flawed", "task_id", sqlite_where=IS_FLAWED, postgresql_where=IS_FLAWED),
        # Claimed from, in this order.
        Index(
            "ix_work_items_free",
            "task_id",
            "attempts",
            "id",
            sqlite_where=IS_FREE,
            postgresql_where=IS_FREE,
        ),
        Index("ix_work_items_held", "holder", sqlite_where=IS_HELD, postgresql_where=IS_HELD),
        COUNTED,
    )

    id: Mapped[int] = id_column()
    task_id: Mapped[str] = mapped_column(String(32), ForeignKey("tasks.id", ondelete="CASCADE"))
    entry_id: Mapped[int] = reference("entries", cascade=True)
    epoch: Mapped[int] = mapped_column(Integer, default=1)
    ordinal: Mapped[int] = mapped_column(Integer, default=0)
    """Tells apart several pieces for the same row and epoch: the place in a batch, or of the persona in its group."""
    persona_version_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("persona_versions.id"), index=True, default=None
    )
    """Who talks with the model; NULL outside multi-turn experiments."""
    state: Mapped[ItemState] = mapped_column(String(16), default=PENDING)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    """How many processes have died over it since anything came of it; of one that is done it says nothing."""
    holder: Mapped[str | None] = mapped_column(String(64), default=None)
    """The process that works on it, which has a share in the task."""
    error: Mapped[str | None] = mapped_column(Text, default=None)
    rating_errors: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    """Criterion id (decimal string) to the reason why it could not be judged."""
    payload: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    response_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("responses.id", ondelete="SET NULL"), index=True, default=None
    )


class LogLine(Base):
    """Line of a task's log; the id is the cursor."""

    __tablename__ = "log_lines"
    __table_args__ = (Index("ix_log_lines_task_cursor", "task_id", "id"), COUNTED)

    id: Mapped[int] = id_column()
    task_id: Mapped[str] = mapped_column(String(32), ForeignKey("tasks.id", ondelete="CASCADE"))
    line: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime.datetime] = created_at_column()


class LogCursor(Base):
    """How far one waiter (`connection_uuid`) has read the log of one task."""

    __tablename__ = "log_cursors"

    connection_uuid: Mapped[str] = mapped_column(String(36), primary_key=True)
    task_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True
    )
    last_line_id: Mapped[int] = mapped_column(Id, default=0)
    updated_at: Mapped[datetime.datetime] = updated_at_column()
