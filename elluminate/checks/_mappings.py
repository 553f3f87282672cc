"""Checks as they stand in YAML and JSON."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

from elluminate_api.models import CriterionIn

from elluminate._showing import quoted, shown
from elluminate.checks._measures import max_characters, max_cost, max_seconds, max_words, min_words, number
from elluminate.checks._programs import function_named, python
from elluminate.checks._texts import (
    contains,
    equals,
    is_json,
    json_schema,
    not_contains,
    not_equals,
    not_regex,
    regex,
    starts_with,
)
from elluminate.exceptions import ValidationError


@overload
def from_mapping(given: Mapping[str, Any]) -> CriterionIn: ...


@overload
def from_mapping(given: Sequence[Any]) -> list[str | CriterionIn]: ...


def from_mapping(given: Mapping[str, Any] | Sequence[Any]) -> CriterionIn | list[str | CriterionIn]:
    """A check as it stands in YAML or JSON; or a list of criteria, lists within it included.

    The key is the check's name, the value what it is given: `{"max_words": 50}`, `{"contains": ["a", "b"]}`, or its
    arguments by name: `{"number": {"value": "{{total}}", "tolerance": 0.01}}`. Beside it may stand `negate`, `text` and
    `label`. In a list, a text is a criterion for a judge.

    Args:
        given: The mapping, or a list of mappings and texts.

    Returns:
        The criterion; of a list, all of them in one list.

    Raises:
        ValidationError: It names no check, or arguments that the check does not take.

    Example:
        >>> checks.from_mapping({"max_words": 50, "label": "short"}).label
        'short'
        >>> criteria = checks.from_mapping(["Is it polite?", {"equals": "{{answer}}"}, [{"is_json": True}]])
        >>> len(criteria)
        3
    """
    if isinstance(given, Mapping):
        return _from_one(given)
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise ValidationError(
            f"a check is written like {{'max_words': 50}}, or several in a list; got {shown(given)}"
        )
    found: list[str | CriterionIn] = []
    for one in given:
        if isinstance(one, Mapping) or (isinstance(one, Sequence) and not isinstance(one, str)):
            made = from_mapping(one)
            found += made if isinstance(made, list) else [made]
        elif isinstance(one, str | CriterionIn):
            found.append(one)
        else:
            raise ValidationError(f"a criterion is a text or a check, not {shown(one)}")
    return found


_BESIDE = ("negate", "text", "label")
_BY_NAME: dict[str, Callable[..., CriterionIn]] = {
    "contains": contains,
    "equals": equals,
    "is_json": is_json,
    "json_schema": json_schema,
    "max_characters": max_characters,
    "max_cost": max_cost,
    "max_seconds": max_seconds,
    "max_words": max_words,
    "min_words": min_words,
    "not_contains": not_contains,
    "not_equals": not_equals,
    "not_regex": not_regex,
    "number": number,
    "regex": regex,
    "starts_with": starts_with,
}


def _from_one(given: Mapping[str, Any]) -> CriterionIn:
    beside = {name: given[name] for name in _BESIDE if name in given}
    names = [name for name in given if name not in _BESIDE]
    if len(names) != 1 or names[0] not in (*_BY_NAME, "python"):
        raise ValidationError(
            f"a check has one of the names {', '.join(_BY_NAME)} or python as its key, like {{'max_words': 50}}; got "
            f"{', '.join(map(quoted, names)) or 'none'}"
        )
    (name,) = names
    value = given[name]
    if name == "python":
        function = function_named(value) if isinstance(value, str) else None
        if function is None:
            raise ValidationError(
                f"the check python names a function that this process does not know: {shown(value)}; call "
                "checks.python(function, name=…) first"
            )
        return python(function, value, **beside)
    make = _BY_NAME[name]
    takes = inspect.signature(make).parameters
    if name == "is_json":
        if value is not True and not isinstance(value, Mapping):
            raise ValidationError(f"the check is_json is written {{'is_json': True}}, not {shown(value)}")
        args, options = [], dict(value) if isinstance(value, Mapping) else {}
    elif isinstance(value, Mapping) and (name != "json_schema" or value.keys() <= {"schema", *_BESIDE}):
        options = dict(value)
        main = next(iter(takes))
        if main not in options:
            raise ValidationError(f"the check {name} lacks {main}: {shown(dict(value))}")
        args = [options.pop(main)]
    else:
        args, options = [value], {}
    unknown = [key for key in options if key not in takes]
    if unknown:
        raise ValidationError(
            f"the check {name} does not take {', '.join(map(quoted, unknown))}; it takes {', '.join(takes)}"
        )
    try:
        return make(*args, **{**options, **beside})
    except TypeError as error:
        raise ValidationError(f"the check {name} cannot be made of {shown(dict(given))}: {error}") from None
