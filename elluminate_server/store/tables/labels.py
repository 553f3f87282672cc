"""What people say of responses, and what judges said before they were asked again."""

import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from elluminate_server.store.columns import Id, Json, UtcDateTime
from elluminate_server.store.tables.base import COUNTED, Base, created_at_column, id_column, reference

_COUNTS = text("superseded_at IS NULL")


class Label(Base):
    """What a key said of a response by a criterion; never changed but for `superseded_at`."""

    __tablename__ = "labels"
    __table_args__ = (
        Index(
            "uq_labels_of_key",
            "response_id",
            "criterion_id",
            "labeller",
            unique=True,
            sqlite_where=_COUNTS,
            postgresql_where=_COUNTS,
        ),
        CheckConstraint("value IN ('YES', 'NO', 'UNSURE')", name="value"),
        COUNTED,
    )

    id: Mapped[int] = id_column()
    experiment_id: Mapped[int] = reference("experiments", cascade=True)
    """That of the response, by which labels are listed."""
    response_id: Mapped[int] = reference("responses", cascade=True)
    criterion_id: Mapped[int] = reference("criteria")
    labeller: Mapped[int] = mapped_column(Id)
    """The key's id; 0 for the key of a server inside a process, which is not stored."""
    key_name: Mapped[str] = mapped_column(String(255))
    value: Mapped[str] = mapped_column(String(6))
    reason: Mapped[str | None] = mapped_column(Text, default=None)
    created_at: Mapped[datetime.datetime] = created_at_column()
    superseded_at: Mapped[datetime.datetime | None] = mapped_column(UtcDateTime, default=None)
    """When the key replaced or withdrew it."""


class EarlierRating(Base):
    """A verdict that a later one has replaced; written by a trigger on `ratings`, so that no writer can forget to."""

    __tablename__ = "earlier_ratings"
    __table_args__ = (COUNTED,)

    id: Mapped[int] = id_column()
    experiment_id: Mapped[int] = reference("experiments", cascade=True)
    response_id: Mapped[int] = reference("responses", cascade=True)
    criterion_id: Mapped[int] = reference("criteria")
    rating: Mapped[str] = mapped_column(String(3))
    reasoning: Mapped[str | None] = mapped_column(Text, default=None)
    generation_metadata: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    rating_version: Mapped[str | None] = mapped_column(String(255), default=None)
    created_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    replaced_at: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
