"""Exports: what holds rows as plain dicts, CSV, JSON Lines or a data frame."""

from __future__ import annotations

import csv
import json
from importlib import import_module
from pathlib import Path
from typing import Any

from elluminate._calls import Explained
from elluminate._row_files import FilePath
from elluminate.exceptions import ConfigurationError


class Exports(Explained):
    """Mixin of what can say its rows as plain dicts."""

    __slots__ = ()

    def to_dicts(self) -> list[dict[str, Any]]:
        """One flat dict per row."""
        raise NotImplementedError

    def to_csv(self, path: FilePath) -> None:
        """Write the rows of `to_dicts()` as CSV (RFC 4180) in UTF-8, with a header.

        Values that are neither text nor numbers are written as JSON; null is an empty cell.

        Args:
            path: The file; one that exists is written anew.

        Raises:
            OSError: The file cannot be written.

        Example:
            >>> experiment.to_csv("results.csv")
        """
        rows = self.to_dicts()
        with Path(path).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, _columns(rows), restval="")
            writer.writeheader()
            writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)

    def to_jsonl(self, path: FilePath) -> None:
        """Write the rows of `to_dicts()` as JSON Lines in UTF-8, one object per line.

        Args:
            path: The file; one that exists is written anew.

        Raises:
            OSError: The file cannot be written.

        Example:
            >>> experiment.to_jsonl("results.jsonl")
        """
        with Path(path).open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(
                json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in self.to_dicts()
            )

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


def _cell(value: Any) -> Any:
    if value is None or (isinstance(value, str | int | float) and not isinstance(value, bool)):
        return "" if value is None else value
    return json.dumps(value, ensure_ascii=False, default=str)
