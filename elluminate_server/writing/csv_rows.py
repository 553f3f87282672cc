"""Cells and rows that come as text: in a CSV file, or a field of a form. No I/O."""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from elluminate._file_kinds import kind_of
from elluminate._row_files import delimiter_in, numbered_rows_of_csv, value_of_json_cell
from elluminate.exceptions import ValidationError
from elluminate_server.http import decoding
from elluminate_server.http.problems import Invalid
from elluminate_server.reading.csv_files import JSON_TYPES
from elluminate_server.store.tables import CollectionColumn
from elluminate_server.writing.prepared_rows import Source

__all__ = ["rows_of_csv", "value_of_cell"]

_LONGEST_HEADER = 1_000_000
"""Bytes among which the end of the header is looked for."""


def value_of_cell(cell: str, column_type: str) -> Any:
    """What a cell holds: JSON where its column does, else the text.

    Raises:
        Invalid: The JSON holds what cannot be stored, or the text begins like JSON and is none.
    """
    if column_type not in JSON_TYPES:
        return cell
    value = _checked(value_of_json_cell(cell), "The cell")
    if value == cell and cell.lstrip()[:1] in ("{", "[", '"'):
        raise Invalid(
            "The cell begins like JSON, and is none: is a quote, comma or bracket missing, or a key there twice? "
            "Nothing was stored. A text that is meant as it is is written as JSON: in quotes, with \\ before quotes."
        )
    return value


def rows_of_csv(content: bytes, delimiter: str, columns: Sequence[CollectionColumn]) -> Source:
    """The rows of a CSV file in UTF-8, with a header, by the numbers of their lines.

    Args:
        content: The file.
        delimiter: What separates its cells, a single character; empty where its header is to tell that.
        columns: The collection's, which say what cells hold JSON.

    Raises:
        Invalid: It cannot be read; the line is named.
    """
    kind = kind_of(content[:4])
    if kind is not None:
        raise Invalid(f"$.file: is {kind}, and not CSV in UTF-8. Save it as 'CSV UTF-8'. Nothing was stored.")
    if b"\0" in content:
        raise Invalid(
            "The file holds a NUL character, which cannot be stored. Is it CSV? Nothing was stored."
        )
    if not delimiter:
        delimiter = delimiter_in(content[:_LONGEST_HEADER].decode("utf-8-sig", "replace").partition("\n")[0])
    json_columns = {column.name for column in columns if column.column_type in JSON_TYPES}
    try:
        with io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline="") as file:
            rows = numbered_rows_of_csv(file, "The file", delimiter, json_columns=json_columns)
    except ValidationError as error:
        raise Invalid(f"{error} Nothing was stored.") from None
    for number, row in rows:
        for name in json_columns & row.keys():
            _checked(row[name], f"Line {number}")

    def source() -> Iterable[tuple[int, Mapping[str, Any]]]:
        return rows

    return source


def _checked(value: Any, what: str) -> Any:
    """JSON without NUL and half characters, and not nested without end."""
    if isinstance(value, dict | list | str):
        try:
            decoding.check_content(value)
        except Invalid as problem:
            raise Invalid(f"{what}: {problem.detail} Nothing was stored.") from None
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise Invalid(
                f"{what}: the JSON holds half a character (a lone surrogate such as \\ud800), which cannot be stored. "
                "Nothing was stored."
            ) from None
    return value
