"""What the contract lets each operation take: whole bodies, and each single way to break one."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from attrs import frozen

from tests.contract.document import contract_path, load

CONTRACT = load(contract_path())
OPERATIONS = {operation.id: operation for operation in CONTRACT.operations()}

MAX_ITEMS = 100_000
"""Longer lists are not tried."""

Path = tuple[str | int, ...]
Schema = dict[str, Any]

_KINDS = (None, True, 1.5, "text", ["text"], {"wrong": 1})
_NO_INTEGERS = (2**53, 2**63, 10**40)
_TEXTS = ("some text", "some_name", "2031-01-12T00:00:00Z")
_NO_TEXTS = ("", " \n", "no name!", "yesterday")
_LEFT_OUT = object()
_TURNS = 6
"""As many as the shapes of a chat message."""


@frozen
class Bad:
    """One thing that is wrong in a whole body.

    Attributes:
        turn: Which of the operation's whole bodies.
        path: The place.
        value: What stands there instead.
        named: What the refusal has to name: the field, the value, the way out.
    """

    turn: int
    path: Path
    value: Any
    named: tuple[str, ...]


@frozen
class _Place:
    """A value in a whole body, and what the contract says of it."""

    path: Path
    schema: Schema
    allowed: frozenset[str]
    value: Any


def parameters(operation_id: str, place: str) -> list[dict[str, Any]]:
    """The operation's parameters in the path, or in the query."""
    return [parameter for parameter in OPERATIONS[operation_id].parameters if parameter["in"] == place]


def json_schema(operation_id: str) -> Schema | None:
    """What the operation takes as JSON; None if it takes none."""
    operation = OPERATIONS[operation_id]
    if operation.body is None or operation.body[0] != "application/json":
        return None
    schema: Schema = operation.body[1]["schema"]
    return schema


@cache
def whole_bodies(operation_id: str) -> dict[int, Any]:
    """Bodies with every field there is, by turn: at each turn fields of several shapes have another one."""
    schema = json_schema(operation_id)
    if schema is None:
        return {}
    found: dict[int, Any] = {}
    for turn in range(_TURNS):
        body = _whole(schema, turn, ())
        if body not in found.values():
            found[turn] = body
    return found


@cache
def bad_bodies(operation_id: str, family: str) -> list[Bad]:
    """Everything of one family that can be wrong in the operation's whole bodies."""
    schema = json_schema(operation_id)
    found: dict[tuple[Path, tuple[str, ...]], Bad] = {}
    for turn in whole_bodies(operation_id):
        for place in _places(schema or {}, turn, (), ()):
            for value, named in FAMILIES[family](place):
                found.setdefault((place.path, named), Bad(turn, place.path, value, named))
    return list(found.values())


def bad_values(schema: Schema) -> Iterator[Any]:
    """Texts that break what the contract says of a query parameter."""
    schema = CONTRACT.resolve(schema)
    if "enum" in schema:
        yield "misspelt"
    match schema.get("type"):
        case "integer" | "number":
            yield from ("", "null", "x", "1e999", str(schema["maximum"] + 1), str(schema["minimum"] - 1))
            if schema["type"] == "integer":
                yield from ("1.5", str(10**30))
        case "boolean":
            yield from ("", "perhaps", "null", "7")
        case "array" if CONTRACT.resolve(schema["items"])["type"] == "string":
            yield from bad_values(schema["items"])
            return
        case "array":
            yield from ("x", "0", "1,2")
        case _ if "format" in schema:
            yield from ("", "yesterday", "7")
        case _ if "maxLength" in schema:
            yield "x" * (schema["maxLength"] + 1)
    yield "a\0b"


# Whole bodies


def _whole(schema: Schema, turn: int, within: tuple[str, ...]) -> Any:
    if _is_free_form(schema):
        return {"anything": 1}
    schema, within = _chosen(schema, turn, within)
    if schema is _LEFT_OUT:
        return _LEFT_OUT
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][turn % len(schema["enum"])]
    match _types(schema)[0]:
        case "object":
            each = {name: _whole(one, turn, within) for name, one in schema.get("properties", {}).items()}
            exclusive = schema.get("not", {}).get("required", ())
            if exclusive:
                del each[exclusive[turn % len(exclusive)]]
            return {name: value for name, value in each.items() if value is not _LEFT_OUT}
        case "array":
            item = _whole(schema["items"], turn, within)
            return [] if item is _LEFT_OUT else [item]
        case "integer":
            return max(1, schema.get("minimum", 1))
        case "number":
            return max(0.5, schema.get("minimum", 0.5))
        case "boolean":
            return True
        case _:
            return next(text for text in _TEXTS if _is_text(schema, text))


def _chosen(schema: Schema, turn: int, within: tuple[str, ...]) -> tuple[Any, tuple[str, ...]]:
    """The one shape of several that it is the turn of; left out where a shape would hold itself."""
    while True:
        if "$ref" in schema:
            if schema["$ref"] in within:
                return _LEFT_OUT, within
            within = (*within, schema["$ref"])
            schema = CONTRACT.resolve(schema)
        elif options := [one for one in _options(schema) if one.get("type") != "null"]:
            schema = options[turn % len(options)]
        else:
            return schema, within


def _options(schema: Schema) -> list[Schema]:
    for keyword in ("anyOf", "oneOf", "allOf"):
        if keyword in schema:
            options: list[Schema] = schema[keyword]
            return options
    return []


def _types(schema: Schema) -> list[str]:
    kind = schema.get("type", "object")
    return [one for one in ([kind] if isinstance(kind, str) else kind) if one != "null"]


def _is_text(schema: Schema, text: str) -> bool:
    if schema.get("format") == "date-time":
        return re.match(r"\d{4}-\d\d-\d\dT", text) is not None
    if not schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", len(text)):
        return False
    return "pattern" not in schema or re.search(schema["pattern"], text) is not None


# Places in them


def _places(schema: Schema, turn: int, path: Path, within: tuple[str, ...]) -> Iterator[_Place]:
    allowed = _allowed(schema)
    chosen, inner = _chosen(schema, turn, within)
    if chosen is _LEFT_OUT:
        return
    value = _whole(schema, turn, within)
    if _is_free_form(schema):
        yield _Place(path, {}, allowed, value)
        return
    yield _Place(path, chosen, allowed, value)
    if isinstance(value, dict):
        for name, one in chosen.get("properties", {}).items():
            if name in value:
                yield from _places(one, turn, (*path, name), inner)
    elif isinstance(value, list) and value:
        yield from _places(chosen["items"], turn, (*path, 0), inner)


def _allowed(schema: Schema) -> frozenset[str]:
    """The types of JSON that may stand there."""
    schema = CONTRACT.resolve(schema)
    if options := _options(schema):
        return frozenset().union(*(_allowed(one) for one in options))
    if "enum" in schema or "const" in schema:
        return frozenset({"string"})
    kind = schema.get("type", "object")
    return frozenset([kind] if isinstance(kind, str) else kind)


def _is_free_form(schema: Schema) -> bool:
    """Whether any object may stand there, perhaps beside a closed one."""
    schema = CONTRACT.resolve(schema)
    return (schema.get("additionalProperties") is True and "properties" not in schema) or any(
        _is_free_form(one) for one in _options(schema)
    )


def replaced(body: Any, path: Path, new: Any) -> Any:
    """The body with another value in one place."""
    if not path:
        return new
    result = copy.deepcopy(body)
    holder = result
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = new
    return result


# What can be wrong with a place: what stands there instead, and what the refusal has to name


def _misspelt(place: _Place) -> Iterator[tuple[Any, tuple[str, ...]]]:
    if place.schema.get("additionalProperties") is False:
        for name, value in place.value.items():
            wrong = name + name[-1]
            others = {other: one for other, one in place.value.items() if other != name}
            yield {**others, wrong: value}, (repr(wrong), f"did you mean {name!r}?")


def _missing(place: _Place) -> Iterator[tuple[Any, tuple[str, ...]]]:
    if isinstance(place.value, dict):
        for name in place.schema.get("required", ()):
            yield {other: one for other, one in place.value.items() if other != name}, (name,)


def _wrong_type(place: _Place) -> Iterator[tuple[Any, tuple[str, ...]]]:
    for value in _KINDS:
        kind = _kind(value)
        if kind in place.allowed or (kind == "integer" and "number" in place.allowed):
            continue
        told = _TOLD.get(kind, str(value)) if place.schema.get("format") != "password" else "not shown"
        yield value, (_named(place.path), told)


_TOLD = {"null": "null", "boolean": "true", "object": "object", "array": "list"}
"""What is told of a value, where it is not the value."""


def _kind(value: Any) -> str:
    names = {
        type(None): "null",
        bool: "boolean",
        int: "integer",
        float: "number",
        str: "string",
        list: "array",
    }
    return names.get(type(value), "object")


def _out_of_bounds(place: _Place) -> Iterator[tuple[Any, tuple[str, ...]]]:
    schema, value = place.schema, place.value
    named = _named(place.path)
    if isinstance(value, list):
        if schema.get("minItems", 0) > 0:
            yield [], (named, "empty")
        if schema.get("maxItems", MAX_ITEMS + 1) <= MAX_ITEMS and value:
            item = _least(schema["items"])
            yield [item] * (schema["maxItems"] + 1), (named, str(schema["maxItems"]))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        for bound, over in (("minimum", -1), ("maximum", 1)):
            if bound in schema:
                yield schema[bound] + over, (named, str(schema[bound] + over))
        for number in _NO_INTEGERS if "maximum" in schema else ():
            yield number, (named, str(number)[:20])
    elif isinstance(value, str) and "enum" not in schema and "const" not in schema:
        if "maxLength" in schema:
            yield "x" * (schema["maxLength"] + 1), (named, str(schema["maxLength"]))
        for text in _NO_TEXTS:
            if not _is_text(schema, text):
                yield text, (named, repr(text) if text or "format" in schema else "empty")


def _least(schema: Schema) -> Any:
    """The smallest value that keeps to the schema."""
    chosen, _ = _chosen(schema, 0, ())
    value = _whole(schema, 0, ())
    if isinstance(value, dict):
        return {name: one for name, one in value.items() if name in chosen.get("required", ())}
    return value


def _unknown_value(place: _Place) -> Iterator[tuple[Any, tuple[str, ...]]]:
    if "enum" in place.schema:
        yield "misspelt", (_named(place.path), "'misspelt'", *map(str, place.schema["enum"]))


def _nul(place: _Place) -> Iterator[tuple[Any, tuple[str, ...]]]:
    if isinstance(place.value, str):
        yield "a\0b", (_named(place.path), "NUL")


def _named(path: Path) -> str:
    return next((step for step in reversed(path) if isinstance(step, str)), "$")


FAMILIES = {
    "misspelt field": _misspelt,
    "missing field": _missing,
    "wrong type": _wrong_type,
    "too long, too short, too large, too small": _out_of_bounds,
    "unknown value": _unknown_value,
    "NUL character": _nul,
}
