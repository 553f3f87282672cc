"""Column types that mean the same on SQLite and PostgreSQL."""

import datetime
from typing import Any

import msgspec
from sqlalchemy import JSON, BigInteger, ColumnElement, DateTime, Integer, Text, cast, type_coerce
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

__all__ = ["Id", "Json", "UtcDateTime", "as_stored", "utc_now"]

Id = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits on both; SQLite only counts up columns of exactly the type INTEGER."""

Json = JSON(none_as_null=True)
"""JSON text; Python's None is SQL's NULL."""


class UtcDateTime(TypeDecorator[datetime.datetime]):
    """Point in time, aware and UTC in Python. SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    # A page of responses has thousands of these, and so does a run: one call for each, not one per layer of types.

    def bind_processor(self, dialect: Dialect) -> Any:
        return _text_of if dialect.name == "sqlite" else _in_utc

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        return _utc_of_text if dialect.name == "sqlite" else _utc_of_aware


def _in_utc(value: datetime.datetime | None) -> datetime.datetime | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone; use utc_now()")
    return value.astimezone(datetime.UTC)


def _text_of(value: datetime.datetime | None) -> str | None:
    in_utc = _in_utc(value)
    return None if in_utc is None else in_utc.isoformat(" ", "microseconds").removesuffix("+00:00")


def _utc_of_text(stored: str | None) -> datetime.datetime | None:
    return None if stored is None else datetime.datetime.fromisoformat(f"{stored}+00:00")


def _utc_of_aware(stored: datetime.datetime | None) -> datetime.datetime | None:
    return None if stored is None else stored.astimezone(datetime.UTC)


class _StoredJson(TypeDecorator[msgspec.Raw]):
    """JSON as its text, ready to stand in an answer."""

    # Not a subclass of Text: drivers put a type of their own in the place of one.
    impl = Text
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        return lambda stored: None if stored is None else msgspec.Raw(stored)


def as_stored(column: Any) -> ColumnElement[Any]:
    """A column of `Json`, for `select`: read as `msgspec.Raw`, which is encoded as it is, without being read.

    select(Response.id, as_stored(Response.messages))
    """
    return type_coerce(cast(column, Text), _StoredJson).label(column.key)


def utc_now() -> datetime.datetime:
    """Now, in UTC."""
    return datetime.datetime.now(datetime.UTC)
