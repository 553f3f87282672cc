"""Scenarios: which fields they may have, and in which form their values are stored."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from elluminate_server.domain.errors import DomainError

__all__ = ["BUILT_IN_FIELDS", "GOAL", "OUTCOME", "check_field_name", "goal_column", "scenario_values"]

GOAL = "goal"
OUTCOME = "expected_conversation_outcome"
BUILT_IN_FIELDS = (GOAL, OUTCOME)
"""Fields of every scenario; they are never declared, renamed or deleted."""

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")


def check_field_name(name: str, where: str) -> None:
    """Refuse what cannot be the name of a field.

    Args:
        name: The name.
        where: JSON path of it, the start of a message.

    Raises:
        DomainError: It is no identifier, or belongs to every scenario already.

    >>> check_field_name("goal", "$.name")
    Traceback (most recent call last):
        ...
    elluminate_server.domain.errors.DomainError: $.name: every scenario has 'goal' already; choose another name.
    """
    if name in BUILT_IN_FIELDS:
        raise DomainError(f"{where}: every scenario has {name!r} already; choose another name.")
    if not _IDENTIFIER.fullmatch(name):
        raise DomainError(
            f"{where}: {name[:120]!r} is no field name. A letter (A to Z) or an underscore, then letters, digits "
            "and underscores, at most 100 characters."
        )


def goal_column(columns: Sequence[tuple[str, str]]) -> str | None:
    """The column that says what a persona wants: the first persona_goal column, else one named `goal`.

    Args:
        columns: Names and types, in order.

    >>> goal_column([("goal", "text"), ("wish", "persona_goal")])
    'wish'
    """
    names = [name for name, column_type in columns if column_type == "persona_goal"]
    return next(iter([*names, *(name for name, _ in columns if name == GOAL)]), None)


def scenario_values(
    goal: str, outcome: str, given: Mapping[str, Any], defaults: Mapping[str, str], where: str
) -> dict[str, str]:
    """A scenario as it is stored: every field has a value, and every value is text.

    Values that are no text become their JSON text; null counts as left out.

    Args:
        goal: What the user wants.
        outcome: How the conversation should end.
        given: Values of the declared fields.
        defaults: Declared field to its default, in order.
        where: JSON path of the scenario, the start of a message.

    Raises:
        DomainError: Goal or outcome is only blanks, or a field is not declared.

    >>> scenario_values(" Learn ", "Knows", {"year": 5}, {"year": "4", "mood": "calm"}, "$")
    {'goal': 'Learn', 'expected_conversation_outcome': 'Knows', 'year': '5', 'mood': 'calm'}
    """
    stored = {GOAL: goal.strip(), OUTCOME: outcome.strip()}
    for name, text in stored.items():
        if not text:
            raise DomainError(f"{where}.{name}: is only blanks; say it in words.")
    for name in given:
        if name not in defaults:
            declared = ", ".join(repr(name) for name in defaults) or "none"
            raise DomainError(
                f"{where}.field_values: the set declares no field {name[:120]!r}. Declared are: {declared}. "
                "Declare it first, or correct the name."
            )
    for name, default in defaults.items():
        value = given.get(name)
        stored[name] = default if value is None else _text(value)
    return stored


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
