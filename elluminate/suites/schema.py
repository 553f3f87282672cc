"""The JSON schema of suite files, and what it finds wrong, in words."""

from __future__ import annotations

import difflib
import functools
import importlib.resources
import json
from collections.abc import Iterable, Iterator
from typing import Any

from elluminate._showing import quoted, shown

__all__ = ["Path", "keys_meant", "schema_of_suites", "schema_problems"]

_SCHEMA = "suite.schema.json"
_OFTEN_MEANT = {
    "prompt": "template",
    "prompts": "template",
    "tests": "rows",
    "cases": "rows",
    "variables": "rows",
    "dataset": "rows",
    "assert": "criteria",
    "asserts": "criteria",
    "criterion": "criteria",
    "model": "models",
    "providers": "models",
    "threshold": "thresholds",
    "n_epochs": "epochs",
    "rating_version": "judge",
    "api_key": "api_key_env",
    "llm_base_url": "base_url",
    "llm_model_name": "model",
}
"""Keys that other tools have, or that the SDK calls so."""

Path = tuple[str | int, ...]


@functools.cache
def schema_of_suites() -> Any:
    """The JSON schema (draft 2020-12), as it ships with the package."""
    return json.loads((importlib.resources.files("elluminate.suites") / _SCHEMA).read_text(encoding="utf-8"))


def schema_problems(value: Any) -> Iterator[tuple[Path, str]]:
    """What the schema finds wrong: where, and why, in the order of the file as far as that is known.

    Raises:
        ModuleNotFoundError: jsonschema is not installed.
    """
    from jsonschema import Draft202012Validator

    if not isinstance(value, dict):
        yield (), f"a suite is a mapping with name, template, rows and criteria, not {shown(value)}"
        return
    for error in Draft202012Validator(schema_of_suites()).iter_errors(value):
        path = tuple(error.absolute_path)
        if error.validator == "additionalProperties" and error.validator_value is False:
            known = error.schema["properties"]
            for name in error.instance:
                if name not in known:
                    yield (*path, name), _unknown(name, known, path)
        else:
            yield path, _in_words(error, path)


def keys_meant(given: Iterable[str]) -> set[str]:
    """Which keys of a suite those are probably meant to be that there are not."""
    known = schema_of_suites()["properties"]
    meant = (_meant(name, known) for name in given if name not in known)
    return {name for name in meant if name is not None}


def _meant(name: str, known: dict[str, Any]) -> str | None:
    often = _OFTEN_MEANT.get(name)
    return often if often in known else next(iter(difflib.get_close_matches(name, known, n=1)), None)


def _unknown(name: str, known: dict[str, Any], path: Path) -> str:
    meant = _meant(name, known)
    hint = f"did you mean {meant!r}?" if meant is not None else f"there is {', '.join(known)}"
    if name == "api_key":
        hint = "a key must not stand in a file: name its environment variable in 'api_key_env'"
    return f"{_of(path)}unknown key {quoted(name)}; {hint}"


def _in_words(error: Any, path: Path) -> str:
    wanted, given = error.validator_value, error.instance
    what = _of(path)
    match error.validator:
        case "type":
            kinds = wanted if isinstance(wanted, list) else [wanted]
            return f"{what}must be {' or '.join(_KINDS[kind] for kind in kinds)}, not {shown(given)}"
        case "required":
            missing = ", ".join(repr(name) for name in wanted if name not in given)
            return f"{what}lacks {missing}"
        case "enum":
            return f"{what}must be {' or '.join(map(str, wanted))}, not {shown(given)}"
        case "pattern" if path and path[-1] == "target":
            return f"{what}must be module:function, not {shown(given)}"
        case "pattern" if path and path[-1] == "api_key_env":
            return f"{what}must be the name of an environment variable, such as OPENAI_API_KEY, and not a key"
        case "pattern" | "minLength" | "minItems" | "minProperties":
            return f"{what}is empty"
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            bounds = {
                "minimum": "at least",
                "maximum": "at most",
                "exclusiveMinimum": "above",
                "exclusiveMaximum": "below",
            }
            hint = ""
            if isinstance(given, int | float) and wanted == 1 and 1 < given <= 100:
                hint = f"; {given:g} % is {given / 100:g}"
            return f"{what}must be {bounds[error.validator]} {wanted:g}, not {shown(given)}{hint}"
        case "maxLength":
            return f"{what}has {len(given)} characters, and {wanted} are the most"
        case "maxItems":
            return f"{what}has {len(given)} items, and {wanted} are the most"
    return f"{what}{error.message}"


_KINDS = {
    "string": "a text",
    "array": "a list",
    "object": "a mapping",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
}


def _of(path: Path) -> str:
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return f"{text}: " if text else ""
