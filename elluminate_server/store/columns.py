"""Column types that mean the same on SQLite and PostgreSQL."""

import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Integer
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

__all__ = ["Id", "Json", "UtcDateTime", "utc_now"]

Id = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits on both; SQLite only counts up columns of exactly the type INTEGER."""

Json = JSON(none_as_null=True)
"""JSON text; Python's None is SQL's NULL."""


class UtcDateTime(TypeDecorator[datetime.datetime]):
    """Point in time, aware and UTC in Python. SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime.datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; use utc_now()")
        in_utc = value.astimezone(datetime.UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime.datetime | None:
        if value is None:
            return None
        stored: datetime.datetime = value
        if stored.tzinfo is None:
            return stored.replace(tzinfo=datetime.UTC)
        return stored.astimezone(datetime.UTC)


def utc_now() -> datetime.datetime:
    """Now, in UTC."""
    return datetime.datetime.now(datetime.UTC)
