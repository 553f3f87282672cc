"""Rows of a collection as a CSV file, the same that the SDK writes."""

import csv
import io
from collections.abc import Iterable, Sequence

import msgspec

from elluminate._formulas import harmless
from elluminate._row_files import csv_cell
from elluminate_server.reading.rows import ShownRow
from elluminate_server.store.tables import CollectionColumn

__all__ = ["JSON_TYPES", "csv_of"]

JSON_TYPES = ("json",)
"""Types of columns whose cells hold JSON: a text that reads like JSON is quoted as JSON there."""


def csv_of(rows: Iterable[ShownRow], columns: Sequence[CollectionColumn]) -> bytes:
    """A CSV file (RFC 4180, UTF-8) with a header; it takes long where rows are many, so belongs into a thread.

    Args:
        rows: With the values of all columns.
        columns: In their order.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(harmless(column.name) for column in columns)
    for row in rows:
        values = msgspec.json.decode(row.values)
        writer.writerow(csv_cell(values[column.name], column.column_type in JSON_TYPES) for column in columns)
    return file.getvalue().encode("utf-8", "replace")
