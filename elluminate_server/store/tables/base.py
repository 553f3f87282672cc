"""What every table is built from: the base class, ids, references and times."""

import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    MetaData,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from elluminate_server.store.columns import Id, UtcDateTime, utc_now


class Base(DeclarativeBase):
    """Base of all tables; names of constraints are fixed, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def id_column() -> Mapped[int]:
    """The primary key: counted up by the database."""
    return mapped_column(Id, primary_key=True, autoincrement=True)


def reference(target: str, *, cascade: bool = False, index: bool = True) -> Any:
    """The id of a row of another table; `cascade` deletes this row with that one."""
    return mapped_column(Id, ForeignKey(f"{target}.id", ondelete="CASCADE" if cascade else None), index=index)


def created_at_column() -> Mapped[datetime.datetime]:
    """When the row was written."""
    return mapped_column(UtcDateTime, default=utc_now)


def updated_at_column() -> Mapped[datetime.datetime]:
    """When the row was last changed."""
    return mapped_column(UtcDateTime, default=utc_now, onupdate=utc_now)


def deleted_at_column() -> Mapped[datetime.datetime | None]:
    """When the row was hidden; None while it is alive."""
    return mapped_column(UtcDateTime, default=None)


def unique_while_live(name: str, *columns: str) -> Index:
    """A uniqueness that ends with the row's deletion, so that its name is free again."""
    live = text("deleted_at IS NULL")
    return Index(name, *columns, unique=True, sqlite_where=live, postgresql_where=live)


COUNTED: dict[str, Any] = {"sqlite_autoincrement": True}
"""Table arguments with which SQLite never uses an id again."""
