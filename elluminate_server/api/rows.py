"""Columns and cells of collections: what may be stored, and in which form. No I/O."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from elluminate_api import models

from elluminate_server.api.problems import Invalid, NotBuilt, shown
from elluminate_server.domain.identity import row_identity
from elluminate_server.store.tables import CollectionColumn

__all__ = ["added_columns", "checked_columns", "checked_type", "identity", "stored_values"]

MAX_NAME = 255

_BUILT = {models.ColumnType.TEXT, models.ColumnType.JSON, models.ColumnType.CATEGORY}


def checked_columns(given: Sequence[models.CollectionColumn]) -> None:
    """Refuse columns without a name, with the same name, or of a type that is not built yet.

    Raises:
        Invalid: Names the column by its place.
        NotBuilt: The type.
    """
    seen: set[str] = set()
    for index, column in enumerate(given):
        name = checked_name(column.name, f"$.columns[{index}].name")
        if name in seen:
            raise Invalid(f"$.columns[{index}].name: there are two columns named {shown(name)}.")
        seen.add(name)
        column_type = checked_type(column.column_type, f"$.columns[{index}].column_type")
        if column.categorical_values is not None and column_type != models.ColumnType.CATEGORY:
            raise Invalid(
                f"$.columns[{index}].categorical_values: only a category column has them, "
                f"and {shown(name)} is a {column_type} column."
            )


def checked_name(name: str | None, where: str) -> str:
    """A usable column name.

    Raises:
        Invalid: It is missing, blank or too long.
    """
    if name is None or not name.strip():
        raise Invalid(f"{where}: a column needs a name that is not only blanks, got {shown(name)}.")
    if len(name) > MAX_NAME:
        raise Invalid(f"{where}: {shown(name)} has {len(name)} characters; {MAX_NAME} are the most.")
    return name


def checked_type(column_type: models.ColumnType | None, where: str) -> models.ColumnType:
    """The type that a column gets: text unless given.

    Raises:
        NotBuilt: This server cannot store that type yet.
    """
    if column_type is None:
        return models.ColumnType.TEXT
    if column_type not in _BUILT:
        raise NotBuilt(
            f"{where}: this server does not offer {str(column_type)!r} columns yet; "
            f"it offers {', '.join(sorted(_BUILT))}. Nothing was changed."
        )
    return column_type


def added_columns(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[CollectionColumn]
) -> list[CollectionColumn]:
    """Text columns for the names that rows have and the collection has not, in order of first appearance.

    Raises:
        Invalid: A name is blank or too long.
    """
    known = {column.name for column in columns}
    new: dict[str, CollectionColumn] = {}
    for row in rows:
        for name in row:
            if name not in known and name not in new:
                checked_name(name, "A row's column")
                position = len(columns) + len(new)
                new[name] = CollectionColumn(
                    name=name, column_type="text", default_value="", position=position
                )
    return list(new.values())


def stored_values(
    values: Mapping[str, Any], columns: Mapping[str, CollectionColumn], where: str
) -> dict[str, Any]:
    """A row's values in the form in which they are stored.

    Text columns hold text: numbers and booleans become their JSON text, null becomes the empty text. A json column
    keeps any value. A category column takes one of its values, or nothing.

    Args:
        values: Column name to value; every name is a column's.
        columns: The collection's columns by name.
        where: Where the values stand, the start of a message.

    Raises:
        Invalid: A value does not fit its column.
    """
    return {name: _stored(value, columns[name], f"{where}.{name}") for name, value in values.items()}


def _stored(value: Any, column: CollectionColumn, where: str) -> Any:
    if column.column_type == "json":
        return value
    if isinstance(value, dict | list):
        raise Invalid(
            f"{where}: a {column.column_type} column holds text, not {shown(value)}. "
            "Make it a json column, or send the value as JSON text."
        )
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value)
    allowed = column.categorical_values
    if column.column_type == "category" and allowed is not None and text and text not in allowed:
        raise Invalid(f"{where}: {shown(text)} is not one of the column's values: {shown(allowed)}.")
    return text


def identity(stored: Mapping[str, Any], environment_config: Mapping[str, Any] | None) -> str:
    """What makes two rows the same. An empty cell counts as a missing one."""
    return row_identity({name: value for name, value in stored.items() if value != ""}, environment_config)
