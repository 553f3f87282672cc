"""Reading a file of another tool: of which one it is, and what it says."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

from elluminate._row_files import checked_path, rows_from_csv
from elluminate._showing import quoted
from elluminate.exceptions import ValidationError
from elluminate.suites.importing.langfuse import import_langfuse
from elluminate.suites.importing.openai_evals import import_openai_evals
from elluminate.suites.importing.parts import Imported
from elluminate.suites.importing.promptfoo import import_promptfoo
from elluminate.suites.yaml_text import YamlError, read_yaml

__all__ = ["FORMATS", "import_suites"]

Format = Literal["promptfoo", "openai-evals", "langfuse"]
FORMATS: tuple[Format, ...] = ("promptfoo", "openai-evals", "langfuse")
"""What can be read."""

_MOST_BYTES = 64 * 1024 * 1024
_DEEPEST = 60
_MOST_VALUES = 3_000_000
_OF_PROMPTFOO = {"prompts", "providers", "targets", "tests", "defaultTest", "scenarios"}
_OF_ITEMS = {"expectedOutput", "expected_output", "datasetId", "datasetName", "sourceTraceId"}


def import_suites(path: str | os.PathLike[str], format: Format | None = None) -> Imported:
    """The suites that a file of another tool comes to.

    Args:
        path: The file: YAML, JSON, JSON Lines, or CSV. Files that it names are read from its folder and below.
        format: Of which tool it is; None tells it by what stands in it.

    Raises:
        ValidationError: It cannot be read, is none of these, or has nothing that a suite could be made of.
        OSError: The file cannot be read.
    """
    file = checked_path(path)
    if file.is_file() and file.stat().st_size > _MOST_BYTES:
        raise ValidationError(f"{path} is larger than 64 MB")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValidationError(f"{path} is not UTF-8: {error.reason} at byte {error.start}") from None
    said = _value(file, text)
    _refuse_what_is_none(path, said)
    found = format or _format_of(said)
    if found is None:
        raise ValidationError(
            f"{path} is none of {', '.join(FORMATS)} by what stands in it; say which it is: --from promptfoo"
        )
    try:
        return _READERS[found](said, file.parent, file.stem)
    except ValidationError as error:
        raise ValidationError(f"{path}: {error}") from None
    except RecursionError:
        raise ValidationError(f"{path} is nested too deeply to be read") from None


_READERS: dict[str, Callable[[Any, Path, str], Imported]] = {
    "promptfoo": import_promptfoo,
    "openai-evals": import_openai_evals,
    "langfuse": lambda said, _folder, name: import_langfuse(said, name),
}


def _value(file: Path, text: str) -> Any:
    if file.suffix.lower() == ".csv":
        return rows_from_csv(file)
    if text.lstrip()[:1] in ("{", "["):
        try:
            return _json(text)
        except RecursionError:
            raise ValidationError(f"{file} is nested too deeply to be read") from None
        except ValueError as error:
            lines = _lines(text)
            if lines is not None:
                return lines
            if file.suffix.lower() in (".json", ".jsonl"):
                raise ValidationError(f"{file} is not JSON: {error}") from None
    try:
        return read_yaml(text).value
    except YamlError as error:
        place = f":{error.place}" if error.place is not None else ""
        raise ValidationError(f"{file}{place}: {error}") from None


def _lines(text: str) -> list[Any] | None:
    """The values of JSON Lines; None where the first line is none."""
    found: list[Any] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found.append(_json(line))
        except (ValueError, RecursionError) as error:
            if not found:
                return None
            raise ValidationError(f"line {number} is not JSON: {str(error)[:100]}") from None
    return found


def _json(text: str) -> Any:
    return json.loads(text, parse_constant=_refused, parse_float=_finite)


def _refused(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refused(text)


def _refuse_what_is_none(path: Any, said: Any) -> None:
    """Refuse what no file of ours can hold: half characters, and what is nested without end."""
    for number, (text, depth) in enumerate(_texts(said)):
        if depth > _DEEPEST or number > _MOST_VALUES:
            raise ValidationError(f"{path} is nested more than {_DEEPEST} deep, or has too many values")
        if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
            raise ValidationError(f"{path} holds half a character (a lone surrogate): {quoted(text)}")


def _texts(said: Any) -> Iterator[tuple[str, int]]:
    waiting: list[tuple[Any, int]] = [(said, 0)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, dict):
            yield "", depth
            waiting += [(part, depth + 1) for pair in value.items() for part in pair]
        elif isinstance(value, list):
            yield "", depth
            waiting += [(part, depth + 1) for part in value]
        elif isinstance(value, str):
            yield value, depth


def _format_of(said: Any) -> Format | None:
    if isinstance(said, dict):
        if "testing_criteria" in said:
            return "openai-evals"
        if any(isinstance(one, dict) and isinstance(one.get("class"), str) for one in said.values()):
            return "openai-evals"
        if any(isinstance(said.get(key), list) for key in ("items", "datasetItems", "data")):
            return "langfuse"
        if said.keys() & _OF_PROMPTFOO:
            return "promptfoo"
        said = [said]
    first = said[0] if isinstance(said, list) and said and isinstance(said[0], dict) else {}
    if first.keys() & _OF_ITEMS:
        return "langfuse"
    return "openai-evals" if "input" in first else None
