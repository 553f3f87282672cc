"""Rows of a collection where an answer lists many: each of them in short, and no more than one answer may hold."""

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import attrs
import msgspec
from elluminate_api import models

from elluminate_server.http.problems import Invalid
from elluminate_server.reading.presenting import row_values
from elluminate_server.store import tables

__all__ = [
    "BESIDES_VALUES",
    "ShownRow",
    "present_collection_with_entries",
    "present_entries",
    "present_rows",
    "shown_rows",
]


BESIDES_VALUES = 300
"""Bytes that a row takes in an answer beside its values, for most names of collections."""


SHORT_DESCRIPTION = 100
"""Characters of a collection's description that each of its rows repeats: older clients need one."""


@attrs.frozen
class ShownRow:
    """A row of a collection with its values as they are shown: the JSON text that the answer will hold."""

    id: int
    values: bytes
    environment_config: Any
    created_at: datetime.datetime


def present_entries(
    rows: Iterable[tables.Entry],
    columns: Sequence[tables.CollectionColumn],
    collection: models.TemplateVariablesCollection,
) -> list[models.TemplateVariables]:
    """Rows of one collection; see `present_rows`."""
    return present_rows((_shown(row, row_values(row.input_values, columns)) for row in rows), collection)


def shown_rows(
    rows: Iterable[Any],
    columns: Sequence[tables.CollectionColumn],
    collection: models.TemplateVariablesCollection,
    *,
    most_bytes: int,
) -> Iterator[ShownRow]:
    """Rows whose values were read as their JSON text, as they are shown.

    Args:
        rows: All rows of the collection.
        columns: Its columns, in order.
        collection: As the contract shows it.
        most_bytes: How long they may be, all together.

    Raises:
        Invalid: They are longer.
    """
    names = [column.name for column in columns]
    size = 0
    for row in rows:
        values = msgspec.json.decode(row.input_values)
        shown = ShownRow(row.id, bytes(row.input_values), row.environment_config, row.created_at)
        if list(values) != names:
            shown = _shown(row, row_values(values, columns))
        size += len(shown.values) + BESIDES_VALUES
        if size > most_bytes:
            raise Invalid(
                f"Collection {collection.name!r} has {collection.variables_count} rows, with more than the "
                f"{most_bytes} bytes that this server sends at once. List its rows in pages (GET .../entries, "
                "`iter_entries()` in Python), or have the server send more (ELLUMINATE_MAX_ANSWER_BYTES)."
            )
        yield shown


def _shown(row: Any, values: Mapping[str, Any]) -> ShownRow:
    return ShownRow(row.id, msgspec.json.encode(values), row.environment_config, row.created_at)


def present_rows(
    rows: Iterable[ShownRow], collection: models.TemplateVariablesCollection
) -> list[models.TemplateVariables]:
    """Rows of one collection, for an answer: not to be looked into.

    The first shows all of the collection. The others repeat of it what is short: with its columns, a thousand rows
    would be a thousand times as long.
    """
    presented: list[models.TemplateVariables] = []
    repeated = collection
    for row in rows:
        presented.append(
            models.TemplateVariables(
                id=row.id,
                input_values=cast(Any, msgspec.Raw(row.values)),
                collection=repeated,
                created_at=row.created_at,
                environment_config=row.environment_config,
            )
        )
        if len(presented) == 1:
            repeated = cast(Any, msgspec.Raw(msgspec.json.encode(_in_short(collection))))
    return presented


def _in_short(collection: models.TemplateVariablesCollection) -> dict[str, Any]:
    description = collection.description or ""
    if len(description) > SHORT_DESCRIPTION:
        description = description[:SHORT_DESCRIPTION] + "…"
    return {
        "id": collection.id,
        "name": collection.name,
        "description": description,
        "variables_count": collection.variables_count,
        "read_only": collection.read_only,
        "created_at": collection.created_at,
        "updated_at": collection.updated_at,
        "collection_type": collection.collection_type,
    }


def present_collection_with_entries(
    collection: models.TemplateVariablesCollection, rows: Iterable[ShownRow]
) -> models.TemplateVariablesCollectionWithEntries:
    """A collection with every row; see `present_rows`."""
    return models.TemplateVariablesCollectionWithEntries(
        id=collection.id,
        name=collection.name,
        description=collection.description,
        columns=collection.columns,
        variables_count=collection.variables_count,
        read_only=collection.read_only,
        created_at=collection.created_at,
        updated_at=collection.updated_at,
        collection_type=collection.collection_type,
        environment_config=collection.environment_config,
        variables=present_rows(rows, collection),
    )
