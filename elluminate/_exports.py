"""Exports: what holds rows as plain dicts, CSV, JSON Lines or a data frame."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Collection
from importlib import import_module
from typing import Any

from elluminate._calls import Explained
from elluminate._file_errors import named_files
from elluminate._formulas import harmless
from elluminate._row_files import FilePath, checked_path, csv_cell
from elluminate._showing import quoted
from elluminate.exceptions import ConfigurationError, ValidationError

_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16")


class Exports(Explained):
    """Mixin of what can say its rows as plain dicts."""

    __slots__ = ()

    def to_dicts(self) -> list[dict[str, Any]]:
        """One flat dict per row."""
        raise NotImplementedError

    def to_csv(self, path: FilePath, *, encoding: str = "utf-8") -> None:
        """Write the rows of `to_dicts()` as CSV (RFC 4180), with a header.

        Values that are neither text nor numbers are written as JSON; null is an empty cell. Of a collection's json
        columns, text that reads like JSON is written as JSON, too, so that it comes back as text. Text that a
        spreadsheet would take for a formula (it begins with =, +, -, @, a tab or a carriage return, and is no number)
        gets an apostrophe before it, which `collection.add_from_csv()` takes away again; `to_jsonl()` writes all as it
        is.

        Args:
            path: The file; one that exists is written anew.
            encoding: "utf-8", "utf-8-sig" (with a byte order mark, by which spreadsheets know it) or "utf-16".

        Raises:
            ValidationError: `path` is no path, or the encoding is another one, which might not have every character.
            OSError: The file cannot be written.

        Example:
            >>> experiment.to_csv("results.csv")
        """
        codec = _checked_encoding(encoding)
        file_path = checked_path(path)
        rows = self.to_dicts()
        columns, of_json = _columns(rows) or self._of_none(), self._of_json()
        with named_files(), file_path.open("w", encoding=codec, newline="") as file:
            writer = csv.writer(file)
            writer.writerow(map(harmless, columns))
            writer.writerows([csv_cell(row.get(name), name in of_json) for name in columns] for row in rows)

    def _of_json(self) -> Collection[str]:
        """Columns whose cells in a CSV file are read as JSON again."""
        return ()

    def _of_none(self) -> list[str]:
        """Columns of a CSV file without rows."""
        return []

    def to_jsonl(self, path: FilePath) -> None:
        """Write the rows of `to_dicts()` as JSON Lines in UTF-8, one object per line.

        Args:
            path: The file; one that exists is written anew.

        Raises:
            ValidationError: `path` is no path.
            OSError: The file cannot be written.

        Example:
            >>> experiment.to_jsonl("results.jsonl")
        """
        file_path = checked_path(path)
        rows = self.to_dicts()
        with named_files(), file_path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)

    def to_pandas(self) -> Any:
        """The rows of `to_dicts()` as a pandas data frame.

        Returns:
            A `pandas.DataFrame` with the columns of all rows.

        Raises:
            ConfigurationError: pandas is not installed.
        """
        try:
            pandas = import_module("pandas")
        except ModuleNotFoundError as error:
            raise ConfigurationError("to_pandas() needs pandas: pip install pandas") from error
        rows = self.to_dicts()
        return pandas.DataFrame(rows, columns=_columns(rows))


def _columns(rows: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _checked_encoding(encoding: str) -> str:
    try:
        codec = codecs.lookup(encoding).name
    except (LookupError, TypeError, ValueError):
        codec = None
    if codec not in _ENCODINGS:
        raise ValidationError(f"encoding must be one of {', '.join(_ENCODINGS)}, not {quoted(encoding)}")
    return codec
