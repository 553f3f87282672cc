"""What is wrong with the shape of a value, in words for whoever sent it: where it is, what it is, what it has to be.

msgspec finds the first thing that is wrong; its reasons name Python's types and not the value.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

__all__ = ["SECRET_FIELDS", "explained", "suggestion"]

SECRET_FIELDS = frozenset({"api_key"})
"""Fields whose values are in no message."""

_KINDS = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_STEP = re.compile(r"\[(\d+)\]|\.([A-Za-z_][A-Za-z0-9_]*)")
_TYPE = re.compile(r"Expected `([^`]+)`(?:, got `.*`)?\Z")
_LENGTH = re.compile(r"Expected `([^`]+)` of length ([<>]=) (\d+)\Z")
_PATTERN = re.compile(r"Expected `[^`]+` matching regex (.+)\Z", re.DOTALL)
_BOUND = re.compile(r"Expected `[^`]+` ([<>]=?) (-?[\d.e+]+)\Z")
_BOUNDS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}
_FIELD = re.compile(r"Object (missing required|contains unknown) field `([^`]*)`\Z")
_LIMIT = 100

_NO_VALUE = object()
_SECRET = object()


def explained(
    error: msgspec.ValidationError, raw: Any, choices: Mapping[str, Sequence[str]] | None = None
) -> tuple[str, str]:
    """Where in a value msgspec found something wrong, and what.

    Args:
        error: What `msgspec.convert` raised.
        raw: What it was given.
        choices: The values that fields may have, where the error does not say them: by the field's name, or by the
            names of what it is in and of itself, like `tool_calls.type`.

    Returns:
        JSON path, for example `$.messages[0].name`, and a reason without a full stop.

    >>> try:
    ...     msgspec.convert({"names": ["Ada", 7]}, dict[str, list[str]])
    ... except msgspec.ValidationError as error:
    ...     explained(error, {"names": ["Ada", 7]})
    ('$[...][1]', 'has to be a text')
    """
    reason, _, where = str(error).rpartition(" - at ")
    if not where.startswith("`$"):  # nothing is inside of it, or a value of the user's has these words
        reason, where = str(error), ""
    path = where.strip("`") or "$"
    names = [name for _, name in _STEP.findall(path) if name]
    by_name = choices or {}
    known = by_name.get(".".join(names[-2:])) or by_name.get(names[-1] if names else "", ())
    return path, _reason(reason, _at(raw, path), known)


def _at(raw: Any, path: str) -> Any:
    """The value at a JSON path, as it may be shown."""
    value, name = raw, ""
    if "[...]" in path:
        return _NO_VALUE  # somewhere below a key that is not told
    for step in _STEP.finditer(path):
        index, name = step.group(1), step.group(2) or name
        try:
            value = value[int(index)] if index else value[name]
        except (KeyError, IndexError, TypeError):
            return _NO_VALUE
    return _SECRET if name in SECRET_FIELDS else value


def _reason(reason: str, value: Any, choices: Sequence[str]) -> str:
    if found := _TYPE.match(reason):
        kinds = [_KINDS.get(kind, kind) for kind in found[1].split(" | ")]
        return f"has to be {_listed(kinds)}{_but(value)}"
    if found := _LENGTH.match(reason):
        return _of_length(found[1], found[2], int(found[3]), value)
    if found := _PATTERN.match(reason):
        if found[1].strip("'") in (r"\S", r"\\S"):
            return f"must not be only blanks{_but(value)}"
        return f"has to match {found[1]}{_but(value)}"
    if found := _BOUND.match(reason):
        return f"has to be {_BOUNDS[found[1]]} {float(found[2]):.16g}{_but(value)}"
    if found := _FIELD.match(reason):
        return f"the field {found[2]!r} is {'missing' if found[1].startswith('missing') else 'unknown'}"
    if "RFC3339" in reason:
        return f"has to be a date and time of RFC 3339, like '2031-01-12T00:00:00Z'{_but(value)}"
    if reason.startswith("Invalid UUID"):
        return f"has to be a UUID{_but(value)}"
    if reason.startswith(("Invalid enum value", "Invalid value")) and value is not _NO_VALUE:
        return f"has to be {_listed(list(map(repr, choices))) or 'another value'}{_but(value)}"
    return f"{reason}{_but(value)}"


def _of_length(kind: str, sign: str, bound: int, value: Any) -> str:
    what = "characters" if "str" in kind else "items" if "array" in kind else "fields"
    if sign == ">=" and bound == 1:
        return "must not be empty"
    size = f", and has {len(value)}" if isinstance(value, str | list | dict) else ""
    if isinstance(value, str) and value:
        size += f": {_shown(value)}"
    return f"may have {bound} {what} at most{size}" if sign == "<=" else f"needs {bound} {what}{size}"


def _but(value: Any) -> str:
    if value is _SECRET:
        return " (the value is not shown)"
    return "" if value is _NO_VALUE else f", not {_shown(value)}"


def _shown(value: Any) -> str:
    """The value as JSON would have it, cut short; of objects and lists only what they are."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if value is None or isinstance(value, bool):
        return str(msgspec.json.encode(value), "ascii")
    text = repr(value[: _LIMIT + 1] if isinstance(value, str) else value)
    return text if len(text) <= _LIMIT else text[: _LIMIT - 1] + "…"


def _listed(kinds: list[str]) -> str:
    return "".join(kinds) if len(kinds) < 2 else f"{', '.join(kinds[:-1])} or {kinds[-1]}"


def suggestion(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant, as the end of a sentence; empty when none is near.

    >>> suggestion("promptTemplateId", ["name", "prompt_template_id"])
    ": did you mean 'prompt_template_id'?"
    >>> suggestion("colour", ["name"])
    ''
    """
    plain = {_plain(name): name for name in known}
    near = difflib.get_close_matches(_plain(name[:_LIMIT]), plain, n=1, cutoff=0.7)
    return f": did you mean {plain[near[0]]!r}?" if near else ""


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").casefold()
