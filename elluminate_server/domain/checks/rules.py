"""What a rule may say: which fields each type takes, and that its patterns, schemas and numbers can be used."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from elluminate_server.domain.checks.facts import RuleError, told
from elluminate_server.domain.checks.json_schemas import SchemaProblemError, schema_of
from elluminate_server.domain.checks.numbers import read_number
from elluminate_server.domain.checks.patterns import PatternError, compiled
from elluminate_server.domain.rendering import PLACEHOLDER, find_placeholders

__all__ = ["LIMITS", "PROGRAM", "checked_rule", "is_for_program", "rule_placeholders"]

PROGRAM = "python"
"""The type of which the caller's program gives the verdicts."""

LIMITS = ("max_words", "min_words", "max_characters", "max_seconds", "max_cost")
_TAKES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "equals": (("value",), ("ignore_case", "strip")),
    "contains": (("values",), ("any_of", "ignore_case")),
    "starts_with": (("value",), ("ignore_case",)),
    "regex": (("value",), ("ignore_case", "full_match")),
    "json_schema": ((), ("value", "json_schema")),
    "is_json": ((), ()),
    **dict.fromkeys(LIMITS, (("value",), ())),
    "number": (("value",), ("which", "tolerance", "relative_tolerance")),
    PROGRAM: (("name",), ()),
}
"""By type: the fields that it needs, and those that it takes."""
_UNSAID: Mapping[str, Any] = {
    "any_of": False,
    "ignore_case": False,
    "strip": True,
    "full_match": False,
    "negate": False,
}
"""What a field says that is not given."""


def checked_rule(given: Mapping[str, Any]) -> dict[str, Any]:
    """A rule as it is stored: without fields that say nothing.

    Args:
        given: The contract's `Check`.

    Raises:
        RuleError: Names the field, and what is wrong with it.
    """
    kind = given["type"]
    needed, taken = _TAKES[kind]
    rule = {
        name: value
        for name, value in given.items()
        if value is not None and not (name in _UNSAID and value == _UNSAID[name])
    }
    for name in needed:
        if name not in rule:
            raise RuleError(name, f"a check of the type {kind} needs it")
    allowed = {"type", *needed, *taken} | (set() if kind == PROGRAM else {"negate"})
    for name in rule:
        if name not in allowed:
            raise RuleError(name, f"a check of the type {kind} does not take it")
    _check_content(kind, rule)
    return rule


def is_for_program(rule: Mapping[str, Any] | None) -> bool:
    """Whether the caller's program gives the verdict, and no server."""
    return rule is not None and rule["type"] == PROGRAM


def rule_placeholders(rule: Mapping[str, Any] | None) -> list[str]:
    """Names of the columns that fill a rule, each once."""
    found: dict[str, None] = {}
    for text in _texts(rule or {}):
        found.update(dict.fromkeys(find_placeholders(text)))
    return list(found)


def _texts(rule: Mapping[str, Any]) -> Iterator[str]:
    if "value" in rule:
        yield rule["value"]
    yield from rule.get("values", ())


def _check_content(kind: str, rule: Mapping[str, Any]) -> None:
    value = rule.get("value", "")
    has_placeholder = bool(find_placeholders(value))
    match kind:
        case "regex":
            try:
                compiled(PLACEHOLDER.sub("x", value), ignore_case=False)
            except PatternError as error:
                raise RuleError("value", f"the pattern {told(value)} cannot be used: {error}") from None
        case "starts_with" if not value:
            raise RuleError("value", "it is empty, and every answer begins with nothing")
        case "json_schema":
            _check_schema(rule, has_placeholder=has_placeholder)
        case "number":
            if not has_placeholder and read_number(value) is None:
                raise RuleError(
                    "value", f"{told(value)} is no number; write it like 1234.5, 1,234.5 or 1.2e3"
                )
        case _ if kind in LIMITS and not has_placeholder:
            number = read_number(value)
            if number is None or number < 0:
                raise RuleError("value", f"{told(value)} is no number from 0")


def _check_schema(rule: Mapping[str, Any], *, has_placeholder: bool) -> None:
    if ("json_schema" in rule) == ("value" in rule):
        raise RuleError(
            "json_schema", "a check of the type json_schema takes exactly one of json_schema and value"
        )
    if has_placeholder:
        return
    name = "json_schema" if "json_schema" in rule else "value"
    text = rule["value"] if name == "value" else json.dumps(rule["json_schema"])
    try:
        schema_of(text)
    except SchemaProblemError as error:
        raise RuleError(name, f"the schema cannot be used: {error}") from None
