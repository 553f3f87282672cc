"""Suites as files: YAML for people, with what did not come over as comments at the top."""

from __future__ import annotations

import io
import json
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from elluminate._tables import printable
from elluminate.exceptions import ValidationError
from elluminate.suites.importing.parts import Imported, ImportedSuite, Note
from elluminate.suites.reading import suite_from_text
from elluminate.suites.suite import SuiteError
from elluminate.suites.yaml_text import YamlError, read_yaml

__all__ = ["files_of"]

_MOST_ROWS = 200
"""More of them stand in a file of their own."""
_MOST_NOTES = 500
_MOST_BYTES = 60 * 1024 * 1024
_BLOCK = re.compile(r"[^\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]+")


def files_of(imported: Imported, path: Path) -> dict[Path, str]:
    """The files of suites, and what stands in them; each suite has been read as `elluminate run` reads it.

    Args:
        imported: The suites.
        path: Of the first suite; others have its name with their label.

    Raises:
        ValidationError: What came out is no suite.
    """
    files: dict[Path, str] = {}
    for suite in imported.suites:
        place = _place(path, suite, files)
        data = dict(suite.data)
        rows = data["rows"]
        if len(rows) > _MOST_ROWS:
            beside = place.with_name(f"{place.stem}.rows.jsonl")
            files[beside] = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
            data["rows"] = beside.name
        text = _comments(imported.notes_of(suite)) + _yaml(data)
        _check(text if len(text) < _MOST_BYTES else "", suite, place, rows)
        files[place] = text
    return files


def _place(path: Path, suite: ImportedSuite, files: dict[Path, str]) -> Path:
    plain = unicodedata.normalize("NFKD", suite.label).encode("ascii", "ignore").decode("ascii")
    label = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:60]
    stem = f"{path.stem}-{label}" if label else path.stem
    place, number = path.with_name(f"{stem}{path.suffix}"), 1
    while place in files:
        number += 1
        place = path.with_name(f"{stem}-{number}{path.suffix}")
    return place


def _check(text: str, suite: ImportedSuite, place: Path, rows: Sequence[Any]) -> None:
    """Refuse what the reader of suites would refuse; rows of a file of their own stand in for it as one."""
    if len(rows) > _MOST_ROWS:
        text = _yaml({**suite.data, "rows": rows[:1]})
        lacking = [number for number, row in enumerate(rows, 1) if row.keys() != rows[0].keys()]
        if lacking:
            text = _yaml({**suite.data, "rows": [rows[0], *(rows[number - 1] for number in lacking[:100])]})
    try:
        suite_from_text(text, place)
    except SuiteError as error:
        raise ValidationError(f"what it comes to is no suite: {error}") from None


def _comments(notes: Sequence[Note]) -> str:
    lines = [f"# {' '.join(printable(str(note)).split())}" for note in notes[:_MOST_NOTES]]
    if len(notes) > _MOST_NOTES:
        lines.append(f"# and {len(notes) - _MOST_NOTES} more")
    return "".join(f"{line}\n" for line in lines) + ("\n" if lines else "")


def _yaml(data: dict[str, Any]) -> str:
    writer = YAML()
    writer.width = 1_000_000
    writer.indent(mapping=2, sequence=4, offset=2)
    writer.allow_unicode = True
    stream = io.StringIO()
    writer.dump(_styled(data), stream)
    text = stream.getvalue()
    try:
        is_same = read_yaml(text).value == data
    except YamlError:
        is_same = False
    # JSON is YAML: less pleasant, and the same to the letter.
    return text if is_same else json.dumps(data, indent=2) + "\n"


def _styled(value: Any) -> Any:
    """A value whose texts are written so that they are read as texts, long ones as blocks."""
    if isinstance(value, dict):
        return {_styled(key): _styled(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_styled(one) for one in value]
    if not isinstance(value, str):
        return value
    if "\n" in value and value[0] not in " \n\t" and _BLOCK.fullmatch(value) and value.strip():
        return LiteralScalarString(value)
    try:
        is_plain = read_yaml(value).value == value and not value.startswith("---")
    except YamlError:
        is_plain = False
    return value if is_plain else DoubleQuotedScalarString(value)
