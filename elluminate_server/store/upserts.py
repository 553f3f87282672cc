"""Inserting what may be there already, on SQLite and PostgreSQL alike."""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

__all__ = ["upsert"]


def upsert(dialect: str, table: Any) -> Any:
    """An INSERT that can be given an ON CONFLICT clause, in the words of the connection's dialect."""
    return (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
