"""Reading rows from CSV files, JSON Lines files and data frames, all checked before anything is sent."""

from __future__ import annotations

import codecs
import csv
import datetime
import json
import math
import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO, TypeAlias

from elluminate._file_errors import named_files
from elluminate._file_kinds import ARCHIVE, kind_of
from elluminate._formulas import harmless, original
from elluminate._showing import quoted, shown
from elluminate.exceptions import ValidationError

FilePath: TypeAlias = str | os.PathLike[str]

_LONGEST_HEADER = 1_000_000  # characters
_LONGEST_CELL = 100_000_000  # the csv module's own limit of 131,072 is less than a long prompt


def rows_of_file(path: FilePath) -> list[dict[str, Any]] | None:
    """Rows of a .csv or .jsonl file, where no delimiter can be given; None of a file that is called otherwise.

    Where no comma stands in the header, and a semicolon, a tab or a bar does, that separates the cells: so Excel writes
    CSV in half of Europe.

    Raises:
        ValidationError: As for `rows_from_csv` and `rows_from_jsonl`.
        OSError: The file cannot be read.
    """
    kind = checked_path(path).suffix.lower()
    if kind == ".jsonl":
        return rows_from_jsonl(path)
    return rows_from_csv(path, _delimiter_of(path)) if kind == ".csv" else None


def _delimiter_of(path: FilePath) -> str:
    try:
        with named_files(), checked_path(path).open(encoding="utf-8-sig", newline="") as file:
            header = file.readline(_LONGEST_HEADER)
    except UnicodeDecodeError as error:
        raise _not_utf8(path, error) from None
    return delimiter_in(header)


def rows_from_csv(
    path: FilePath, delimiter: str = ",", json_columns: Collection[str] = (), encoding: str | None = None
) -> list[dict[str, Any]]:
    """Rows of a CSV file (RFC 4180) with a header, in UTF-8 with or without a byte order mark unless told otherwise.

    An apostrophe that `to_csv()` has put before what looks like a formula is taken away. Cells of columns that hold
    JSON are read as that.

    Raises:
        ValidationError: There is no header, two columns share a name, cells seem to be separated by something else, or
            a row has another number of cells than the header; the line is named. Or the encoding is none.
        OSError: The file cannot be read.
    """
    if encoding is None:
        return [row for _, row in numbered_rows_from_csv(path, delimiter, json_columns)]
    codec = _codec_of(encoding)
    _check_delimiter(delimiter)
    with named_files(), checked_path(path).open(encoding=codec, newline="") as file:
        rows = numbered_rows_of_csv(file, path, delimiter, json_columns, hint=", or pass encoding='latin-1'")
        return [row for _, row in rows]


def some_of_file(path: FilePath, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a file that is to bring some: one without any was cut off, or is another file than was meant.

    Raises:
        ValidationError: There are none.
    """
    if not rows:
        raise ValidationError(f"{path} has no rows, so that there is nothing to add")
    return rows


def _codec_of(encoding: str) -> str:
    try:
        codec = codecs.lookup(encoding)
    except (LookupError, TypeError, ValueError):
        codec = None
    if codec is None or not codec._is_text_encoding:
        raise ValidationError(
            f"encoding must be one that Python knows for text, not {shown(encoding)}; for example 'latin-1', 'cp1252' "
            "or 'utf-16'"
        )
    return "utf-8-sig" if codec.name == "utf-8" else codec.name


def _check_delimiter(delimiter: str) -> None:
    if not isinstance(delimiter, str) or len(delimiter) != 1:
        raise ValidationError(f"delimiter must be a single character, not {quoted(delimiter)}")


def numbered_rows_from_csv(
    path: FilePath, delimiter: str = ",", json_columns: Collection[str] = ()
) -> list[tuple[int, dict[str, Any]]]:
    """The same rows, each with the number of its first line.

    Raises:
        ValidationError: As for `rows_from_csv`.
        OSError: The file cannot be read.
    """
    _check_delimiter(delimiter)
    with named_files(), checked_path(path).open(encoding="utf-8-sig", newline="") as file:
        return numbered_rows_of_csv(file, path, delimiter, json_columns)


def delimiter_in(header: str) -> str:
    """What separates the cells of a file that begins so: a comma, or what stands in the line where there is none.

    >>> delimiter_in("topic;level"), delimiter_in("topic"), delimiter_in("topic, in short;level")
    (';', ',', ',')
    """
    return next((sign for sign in ",;\t|" if sign in header), ",")


def numbered_rows_of_csv(
    file: TextIO, path: FilePath, delimiter: str = ",", json_columns: Collection[str] = (), hint: str = ""
) -> list[tuple[int, dict[str, Any]]]:
    """The rows of an open file, which leaves line ends alone.

    Args:
        file: The file.
        path: What it is called in messages.
        delimiter: What separates its cells.
        json_columns: Columns whose cells are read as JSON.
        hint: What else can be done where it is not written as it is read.

    Raises:
        ValidationError: As for `rows_from_csv`.
    """
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_CELL))
    rows: list[tuple[int, dict[str, Any]]] = []
    line = 1
    try:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        header = _checked_header([original(name) for name in next(reader, [])], path, delimiter)
        of_json = [name for name in header if name in json_columns or name.strip() in json_columns]
        last = reader.line_num
        for cells in reader:
            first, line = last + 1, reader.line_num
            last = line
            if not cells:
                continue  # a blank line
            if len(cells) != len(header):
                raise ValidationError(
                    f"{path}, line {line}: {len(cells)} cells, and the header has {len(header)} columns "
                    f"({', '.join(header)}); quote cells that hold a {delimiter!r} or a line break"
                )
            row: dict[str, Any] = dict(zip(header, map(original, cells), strict=True))
            row.update({name: value_of_json_cell(row[name]) for name in of_json})
            rows.append((first, row))
    except UnicodeError as error:
        raise _not_in(file.encoding, path, error, hint) from None
    except csv.Error as error:
        raise ValidationError(f"{path}, after line {line}: {error}") from None
    return rows


def value_of_json_cell(cell: str) -> Any:
    """What a cell of a json column holds: the opposite of `json_cell`. What is no JSON, or has a key twice, is text.

    >>> [value_of_json_cell(cell) for cell in ('{"a": 1}', "5", '"5"', "five", "", '""', "NaN")]
    [{'a': 1}, 5, '5', 'five', None, '', 'NaN']
    """
    if not cell:
        return None
    try:
        return json.loads(
            cell, parse_constant=_no_number, parse_float=_finite, object_pairs_hook=_without_twins
        )
    except (ValueError, RecursionError, _TwinsError):
        return cell


def json_cell(value: Any) -> Any:
    """A value of a json column as it is written to a CSV file: a text that reads like JSON is quoted as JSON.

    >>> [json_cell(value) for value in ({"a": 1}, 5, "5", "five", None, "")]
    [{'a': 1}, 5, '"5"', 'five', None, '""']
    """
    if isinstance(value, str) and value_of_json_cell(value) != value:
        return json.dumps(value, ensure_ascii=False)
    return value


def csv_cell(value: Any, is_json: bool) -> Any:
    """A value as it is written to a CSV file; see `Exports.to_csv`.

    >>> [csv_cell(value, False) for value in ("fine", "=1+1", 5, None, True, [1])]
    ['fine', "'=1+1", 5, '', 'true', '[1]']
    """
    if is_json:
        value = json_cell(value)
    if value is None:
        return ""
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _no_number(text: str) -> Any:
    raise ValueError(text)


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def _checked_header(header: list[str], path: FilePath, delimiter: str) -> list[str]:
    if not header:
        raise ValidationError(f"{path} has no header; its first line must name the columns")
    other = next((sign for sign in ";\t|," if sign != delimiter and sign in header[0]), None)
    if len(header) == 1 and other is not None:
        raise ValidationError(
            f"{path}, line 1: the header has a single column, {quoted(header[0])}; if {other!r} separates the cells, "
            f"pass delimiter={other!r}"
        )
    seen: set[str] = set()
    for number, name in enumerate(header, 1):
        if not name.strip():
            raise ValidationError(f"{path}, line 1: column {number} has no name")
        if name in seen:
            raise ValidationError(f"{path}, line 1: two columns are named {quoted(name)}")
        seen.add(name)
    return header


def rows_from_jsonl(path: FilePath) -> list[dict[str, Any]]:
    """Rows of a JSON Lines file: one object per line, from column name to value; blank lines are skipped.

    Raises:
        ValidationError: A line is no JSON, or no object; its number is named.
        OSError: The file cannot be read.
    """
    return list(_json_lines(path))


def checked_path(path: FilePath) -> Path:
    """What names a file.

    Raises:
        ValidationError: It is no path, or one that no file can have.
    """
    try:
        name = os.fspath(path)
    except TypeError:
        name = ""
    if not isinstance(name, str) or not name:
        raise ValidationError(
            f"path must name a file, as a string or a Path, not {shown(path)}; for example 'rows.csv'"
        )
    try:
        usable = b"\0" not in os.fsencode(name)
    except UnicodeEncodeError:
        usable = False
    if not usable:
        raise ValidationError(f"path holds a character that no file's name has: {quoted(name)}")
    return Path(name)


def _json_lines(path: FilePath) -> Iterator[dict[str, Any]]:
    file_path = checked_path(path)
    try:
        # Only "\n" ends a line: a value may hold the other line breaks that text has.
        with named_files(), file_path.open(encoding="utf-8-sig", newline="\n") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line, object_pairs_hook=_without_twins)
                except RecursionError:
                    raise ValidationError(f"{path}, line {number} is nested too deeply to be read") from None
                except _TwinsError as error:
                    raise ValidationError(
                        f"{path}, line {number} has the key {quoted(error.key)} twice in one object; "
                        "leave one of them out"
                    ) from None
                except ValueError as error:
                    raise ValidationError(f"{path}, line {number} is not JSON: {error}") from None
                if not isinstance(row, dict):
                    raise ValidationError(
                        f"{path}, line {number} must be an object from column name to value, got {line.strip():.80}"
                    )
                yield row
    except UnicodeDecodeError as error:
        raise _not_utf8(path, error) from None


class _TwinsError(Exception):
    """An object has a key twice."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        (twin, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise _TwinsError(twin)
    return mapping


def _not_utf8(path: FilePath, error: UnicodeError) -> ValidationError:
    return _not_in("utf-8", path, error)


def _not_in(encoding: str, path: FilePath, error: UnicodeError, hint: str = "") -> ValidationError:
    if isinstance(error, UnicodeDecodeError):
        kind = kind_of(error.object[:4]) if error.start < 4 or error.object.startswith(b"PK") else None
        if kind == ARCHIVE:
            return ValidationError(f"{path} is {kind}, and no text; save its rows as CSV in UTF-8")
        if kind is not None:
            encodings = f", or pass encoding={kind.rpartition(' ')[2].lower()!r}" if hint else ""
            return ValidationError(f"{path} is {kind}; save it as UTF-8{encodings}")
    where = f"{error.reason} at byte {error.start}" if isinstance(error, UnicodeDecodeError) else str(error)
    name = "UTF-8" if encoding.startswith("utf-8") else f"in the encoding {encoding!r}"
    return ValidationError(f"{path} is not {name} ({where}); save it as UTF-8{hint}")


def rows_from_dataframe(frame: Any) -> list[dict[str, Any]]:
    """Rows of a pandas data frame (or whatever has its `columns` and `to_dict`); missing values become null.

    Raises:
        ValidationError: It is no data frame, or a column's name is no text or comes twice.
    """
    if not hasattr(frame, "to_dict") or not hasattr(frame, "columns"):
        raise ValidationError(f"dataframe must be a pandas DataFrame, got {type(frame).__name__}")
    names = list(frame.columns)
    for number, name in enumerate(names):
        if not isinstance(name, str):
            raise ValidationError(
                f"column {quoted(name)} of the data frame must be named by text; use frame.rename(columns=str)"
            )
        if name in names[:number]:
            raise ValidationError(f"two columns of the data frame are named {quoted(name)}")
    records: list[Mapping[str, Any]] = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{name: _plain(value) for name, value in record.items()} for record in records]


def _plain(value: Any) -> Any:
    """A cell as JSON has it: dates as ISO 8601, and numpy's scalars as Python's."""
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    to_python = getattr(value, "item", None)
    return to_python() if callable(to_python) and not isinstance(value, str | Mapping | list) else value
