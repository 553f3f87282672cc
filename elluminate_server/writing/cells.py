"""Columns and cells of collections: what may be stored, and in which form. No I/O."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs
from elluminate_api import models

from elluminate_server.domain.conversations import (
    PROMPT_TYPES,
    SCHEMA_VERSION,
    InvalidConversationError,
    check_conversation,
)
from elluminate_server.domain.identity import row_identity
from elluminate_server.http import decoding
from elluminate_server.http.problems import BadRequest, Invalid, quoted
from elluminate_server.store.tables import CollectionColumn

__all__ = [
    "ColumnRule",
    "added_columns",
    "check_columns",
    "check_prompt_columns",
    "identity",
    "rules_of",
    "stored_values",
]

MAX_NAME = 255


@attrs.frozen
class ColumnRule:
    """What of a column decides about its cells; quicker to look at than the table's row."""

    name: str
    column_type: str
    default_value: str
    categorical_values: list[str] | None


def rules_of(columns: Iterable[CollectionColumn]) -> dict[str, ColumnRule]:
    """The columns' rules by name, in their order."""
    return {
        column.name: ColumnRule(
            column.name, column.column_type, column.default_value, column.categorical_values
        )
        for column in columns
    }


def check_columns(given: Sequence[models.CollectionColumn], *, most: int) -> None:
    """Refuse columns that cannot be, each for itself: without a name, with the same name, with odd values.

    Args:
        given: All columns of a collection.
        most: How many they may be.

    Raises:
        Invalid: Names the column by its place; or there are too many.
    """
    if len(given) > most:
        raise _too_many("$.columns", f"{len(given)} columns", most)
    seen: set[str] = set()
    for index, column in enumerate(given):
        name = checked_name(column.name, f"$.columns[{index}].name")
        if name in seen:
            raise Invalid(f"$.columns[{index}].name: there are two columns named {quoted(name)}.")
        seen.add(name)
        column_type = column.column_type or models.ColumnType.TEXT
        if column.categorical_values is not None and column_type != models.ColumnType.CATEGORY:
            raise Invalid(
                f"$.columns[{index}].categorical_values: only a category column has them, "
                f"and {quoted(name)} is a {column_type} column."
            )
        default = column.default_value
        if default and column_type == models.ColumnType.CONVERSATION:
            raise Invalid(
                f"$.columns[{index}].default_value: a conversation column has no default, got {quoted(default)}."
            )
        if default and column.categorical_values and default not in column.categorical_values:
            raise Invalid(
                f"$.columns[{index}].default_value: {quoted(default)} is not one of the column's values: "
                f"{quoted(column.categorical_values)}."
            )


def check_prompt_columns(columns: Iterable[CollectionColumn]) -> None:
    """Refuse a collection with more than one column that holds the prompt.

    Raises:
        Invalid: Names the columns.
    """
    found = [column for column in columns if column.column_type in PROMPT_TYPES]
    if len(found) > 1:
        named = ", ".join(f"{quoted(column.name)} ({column.column_type})" for column in found)
        raise Invalid(
            f"$.columns: a collection has at most one column that holds the prompt, raw_input or conversation, "
            f"and this one would have {len(found)}: {named}."
        )


def checked_name(name: str | None, where: str) -> str:
    """A usable column name.

    Raises:
        Invalid: It is missing, blank or too long.
    """
    if name is None or not name.strip():
        raise Invalid(f"{where}: a column needs a name that is not only blanks, got {quoted(name)}.")
    if len(name) > MAX_NAME:
        raise Invalid(f"{where}: {quoted(name)} has {len(name)} characters; {MAX_NAME} are the most.")
    return name


def _too_many(where: str, what: str, most: int) -> Invalid:
    return Invalid(
        f"{where}: {what}, and {most} are the most that a collection may have. Put what belongs together into a json "
        "column, or have the server allow more (ELLUMINATE_MAX_COLUMNS). Nothing was stored."
    )


def added_columns(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[CollectionColumn],
    where: Callable[[int], str],
    *,
    most: int,
) -> list[CollectionColumn]:
    """Text columns for the names that rows have and the collection has not, in order of first appearance.

    Args:
        rows: Column name to value.
        columns: The collection's columns.
        where: Where the row of that place stands, the start of a message.
        most: How many columns the collection may have with them.

    Raises:
        Invalid: A name is blank or too long, or there are too many.
    """
    known = {column.name for column in columns}
    new: list[CollectionColumn] = []
    for index, row in enumerate(rows):
        if row.keys() <= known:
            continue
        for name in row:
            if name not in known:
                checked_name(name, where(index))
                position = len(columns) + len(new)
                if position >= most:
                    raise _too_many(where(index), f"{quoted(name)} would be column {position + 1}", most)
                known.add(name)
                new.append(
                    CollectionColumn(
                        name=name,
                        column_type=models.ColumnType.TEXT.value,
                        default_value="",
                        position=position,
                    )
                )
    return new


def stored_values(values: Mapping[str, Any], columns: Mapping[str, ColumnRule], where: str) -> dict[str, Any]:
    """A row's values in the form in which they are stored.

    Text, raw_input and persona_goal columns hold text: numbers and booleans become their JSON text, null becomes the
    empty text. A json column keeps any value. A category column takes one of its values, or nothing; a conversation
    column a payload (or its JSON text), or nothing.

    Args:
        values: Column name to value; every name is a column's.
        columns: The rules of the collection's columns, by name.
        where: Where the values stand, the start of a message.

    Raises:
        Invalid: A value does not fit its column.
    """
    # Most cells are text in a text column, and an upload has millions: no call for each of them.
    return {
        name: value
        if isinstance(value, str) and columns[name].column_type in _TEXT_TYPES
        else _stored(value, columns[name], f"{where}.{name}")
        for name, value in values.items()
    }


_TEXT_TYPES = {models.ColumnType.TEXT, models.ColumnType.RAW_INPUT, models.ColumnType.PERSONA_GOAL}


def _stored(value: Any, column: ColumnRule, where: str) -> Any:
    if column.column_type == models.ColumnType.JSON:
        return value
    if column.column_type == models.ColumnType.CONVERSATION:
        return _conversation(value, where)
    if isinstance(value, dict | list):
        raise Invalid(
            f"{where}: a {column.column_type} column holds text, not {quoted(value)}. "
            "Make it a json column, or send the value as JSON text."
        )
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value)
    allowed = column.categorical_values
    if (
        column.column_type == models.ColumnType.CATEGORY
        and allowed is not None
        and text
        and text not in allowed
    ):
        raise Invalid(f"{where}: {quoted(text)} is not one of the column's values: {quoted(allowed)}.")
    return text


def _conversation(value: Any, where: str) -> Any:
    if value is None or (isinstance(value, str) and not value.strip()):
        return ""
    if isinstance(value, str):
        try:
            value = decoding.parse_json(value.encode("utf-8"), what=where)
        except BadRequest:
            raise Invalid(
                f"{where}: a conversation column holds conversations, not the text {quoted(value)}."
            ) from None
    try:
        check_conversation(value)
    except InvalidConversationError as error:
        raise Invalid(f"{where}{error.path}: {error.reason}.") from None
    return {**value, "schema_version": SCHEMA_VERSION}


def identity(stored: Mapping[str, Any], environment_config: Mapping[str, Any] | None) -> str:
    """What makes two rows the same. An empty cell counts as a missing one."""
    return row_identity({name: value for name, value in stored.items() if value != ""}, environment_config)
