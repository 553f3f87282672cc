"""Rules in words, for people."""

import json
from collections.abc import Mapping
from typing import Any

from elluminate_server.domain.checks.rules import PROGRAM

__all__ = ["rule_in_words"]

_LIMITS = {
    "max_words": "has at most {} words",
    "min_words": "has at least {} words",
    "max_characters": "has at most {} characters",
    "max_seconds": "took at most {} s",
    "max_cost": "cost at most {} USD",
}


def rule_in_words(rule: Mapping[str, Any]) -> str:
    """What a stored rule wants of an answer.

    >>> rule_in_words({"type": "contains", "values": ["tide", "moon"], "any_of": True, "ignore_case": True})
    'contains "tide" or "moon", in upper or lower case'
    >>> rule_in_words({"type": "max_words", "value": "20", "negate": True})
    'not: has at most 20 words'
    """
    words = _wanted(rule)
    if rule.get("ignore_case"):
        words += ", in upper or lower case"
    return f"not: {words}" if rule.get("negate") else words


def _wanted(rule: Mapping[str, Any]) -> str:
    kind, value = rule["type"], rule.get("value")
    if kind == "equals":
        return f"is {_quoted(value)}" + ("" if rule.get("strip", True) else ", blanks around it included")
    if kind == "contains":
        return "contains " + (" or " if rule.get("any_of") else " and ").join(map(_quoted, rule["values"]))
    if kind == "starts_with":
        return f"starts with {_quoted(value)}"
    if kind == "regex":
        return f"{'is all matched' if rule.get('full_match') else 'is matched'} by {_quoted(value)}"
    if kind == "is_json":
        return "is JSON"
    if kind == "json_schema":
        return f"is JSON after the schema {json.dumps(rule.get('json_schema') or value, ensure_ascii=False)}"
    if kind == "number":
        return f"has the number {value}, {rule.get('which', 'last')} of all" + _tolerance(rule)
    if kind == PROGRAM:
        return f"is decided by the program's function {_quoted(rule['name'])}"
    return _LIMITS[kind].format(value) if kind in _LIMITS else json.dumps(dict(rule), ensure_ascii=False)


def _tolerance(rule: Mapping[str, Any]) -> str:
    words = ""
    if "tolerance" in rule:
        words += f", give or take {rule['tolerance']}"
    if "relative_tolerance" in rule:
        words += f", give or take {rule['relative_tolerance']:.4g} of it"
    return words


def _quoted(text: Any) -> str:
    return f'"{text}"'
