"""JSON schemas of users: nothing is fetched, patterns are RE2's, and what takes too long is given up.

The rules are those of the `jsonschema` package, each of them counted. A schema may multiply its work with every level
(two references from each part to the next are a million ways through twenty), so that no bound on its size bounds that.
"""

import functools
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from elluminate_server.domain.checks.facts import NotJudgedError, told
from elluminate_server.domain.checks.json_values import JsonError, parsed, size_of
from elluminate_server.domain.checks.patterns import PatternError, compiled, is_found, work_of

__all__ = ["MOST_CHARACTERS", "SchemaProblemError", "problem_with", "schema_of"]

MOST_CHARACTERS = 50_000
"""Of a schema, as JSON."""
_MOST_STEPS = 100_000
"""Steps of one check: about a second."""
_STEP = 32
_WORK = 1000
_BRANCHING = frozenset(
    {"$ref", "allOf", "anyOf", "oneOf", "not", "if", "dependentSchemas", "dependencies", "contains"}
)
"""Keywords that take the time of ten others, because they make validators."""
_DATA = ("const", "enum", "default", "examples")
_NOT_TAKEN = {
    "unevaluatedProperties": "additionalProperties",
    "unevaluatedItems": "items",
    "$dynamicRef": "$ref",
    "$recursiveRef": "$ref",
}
"""Keywords whose work cannot be bounded, and what to write in their place."""


class SchemaProblemError(ValueError):
    """A schema cannot be used: why, and where in it."""


class _Exhausted(Exception):
    """A check took too many steps."""


class _Steps(threading.local):
    """What the check that goes on in this thread may still take."""

    left = _MOST_STEPS

    def take(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise _Exhausted


_steps = _Steps()


@functools.lru_cache(maxsize=64)
def schema_of(text: str) -> Any:
    """A schema, ready for use: for `problem_with` alone.

    Args:
        text: The schema as JSON.

    Raises:
        SchemaProblemError: It is none that can be used.
    """
    if len(text) > MOST_CHARACTERS:
        raise SchemaProblemError(f"it has {len(text)} characters as JSON, and {MOST_CHARACTERS} are the most")
    try:
        schema = parsed(text)
    except JsonError as error:
        raise SchemaProblemError(f"it is no JSON: {error}") from None
    if not isinstance(schema, dict | bool):
        raise SchemaProblemError("it has to be an object")
    kind = _kind_of(schema)
    _check_parts(schema, "$", schema)
    try:
        kind.check_schema(schema)
    except RecursionError:
        raise SchemaProblemError("it is nested too deep") from None
    except Exception as error:  # noqa: BLE001  # the package's, and what it raises for what it cannot order or divide
        place = getattr(error, "json_path", "$")
        raise SchemaProblemError(f"{place}: {_cut(getattr(error, 'message', str(error)))}") from None
    from referencing import Registry

    # Without a registry of its own, a validator of the package fetches what a reference names.
    validator = _counting(kind)(schema, registry=Registry())
    try:
        problem_with(validator, "{}")
    except NotJudgedError as error:
        raise SchemaProblemError(str(error)) from None
    return validator


def problem_with(schema: Any, text: str) -> str | None:
    """What keeps a text from fitting a schema, and where; None where it fits.

    Args:
        schema: Of `schema_of`.
        text: The text; JSON, or it does not fit.

    Raises:
        NotJudgedError: It took too long to find out.
    """
    try:
        value = parsed(text)
    except JsonError as error:
        return f"it is no JSON: {error}"
    _steps.left = _MOST_STEPS
    try:
        found: Any = next(schema.iter_errors(value), None)
    except _Exhausted:
        raise NotJudgedError(f"The schema took more than {_MOST_STEPS} steps, and was given up.") from None
    except NotJudgedError:
        raise
    except RecursionError:
        raise NotJudgedError("The schema refers to itself without end.") from None
    except Exception as failure:  # noqa: BLE001  # a reference to nothing; numbers that cannot be divided
        raise NotJudgedError(f"The schema cannot be followed: {_cut(str(failure))}") from None
    return None if found is None else f"{found.json_path}: {_cut(found.message)}"


def _kind_of(schema: Any) -> Any:
    import jsonschema

    drafts = {
        "https://json-schema.org/draft/2020-12/schema": jsonschema.Draft202012Validator,
        "https://json-schema.org/draft/2019-09/schema": jsonschema.Draft201909Validator,
        "http://json-schema.org/draft-07/schema": jsonschema.Draft7Validator,
        "http://json-schema.org/draft-06/schema": jsonschema.Draft6Validator,
        "http://json-schema.org/draft-04/schema": jsonschema.Draft4Validator,
    }
    named = schema.get("$schema") if isinstance(schema, Mapping) else None
    if named is None:
        return jsonschema.Draft202012Validator
    kind = drafts.get(str(named).removesuffix("#"))
    if kind is None:
        raise SchemaProblemError(f"$.$schema: {_cut(str(named))} is not one of {', '.join(drafts)}")
    return kind


def _check_parts(part: Any, place: str, whole: Any) -> None:
    """Refuse what is not bounded or not within the schema, wherever it stands.

    Raises:
        SchemaProblemError: Names the place.
    """
    if isinstance(part, list):
        for number, item in enumerate(part):
            _check_parts(item, f"{place}[{number}]", whole)
    if not isinstance(part, dict):
        return
    for name, value in part.items():
        here = f"{place}.{name}"
        is_keyword = not place.endswith((".properties", ".patternProperties", ".$defs", ".definitions"))
        if is_keyword and name in _NOT_TAKEN:
            raise SchemaProblemError(
                f"{here}: this keyword is not taken here; write {_NOT_TAKEN[name]} in its place"
            )
        if is_keyword and name == "$ref" and isinstance(value, str):
            _check_reference(value, here, whole)
        if is_keyword and name == "pattern" and isinstance(value, str):
            _check_pattern(value, here)
        if is_keyword and name == "patternProperties" and isinstance(value, dict):
            for pattern in value:
                _check_pattern(pattern, here)
        if not (is_keyword and name in _DATA):
            _check_parts(value, here, whole)


def _check_pattern(pattern: str, place: str) -> None:
    try:
        compiled(pattern)
    except PatternError as error:
        raise SchemaProblemError(f"{place}: the pattern {_cut(pattern)} cannot be used: {error}") from None


def _check_reference(reference: str, place: str, whole: Any) -> None:
    if not reference.startswith("#"):
        raise SchemaProblemError(
            f"{place}: {_cut(reference)} is outside the schema, and nothing is fetched; put it into $defs, and refer "
            "to #/$defs/…"
        )
    at = whole
    for step in reference[1:].split("/")[1:] if reference.startswith("#/") else ():
        name = step.replace("~1", "/").replace("~0", "~")
        try:
            at = at[int(name)] if isinstance(at, list) else at[name]
        except (KeyError, IndexError, ValueError, TypeError):
            raise SchemaProblemError(f"{place}: there is nothing at {_cut(reference)}") from None


@functools.cache
def _counting(kind: Any) -> Any:
    """A class of validators that counts what it does, and uses RE2."""
    from jsonschema import validators

    rules = dict(kind.VALIDATORS)
    rules |= {"pattern": _pattern, "patternProperties": _pattern_properties, "uniqueItems": _unique_items}
    rules["additionalProperties"] = _additional_properties
    counted = {name: _counted(name, rule) for name, rule in rules.items()}
    return validators.create(
        meta_schema=kind.META_SCHEMA,
        validators=counted,
        type_checker=kind.TYPE_CHECKER,
        id_of=kind.ID_OF,
        applicable_validators=_applicable_of(kind),
    )


def _applicable_of(kind: Any) -> Callable[[Any], Any]:
    """Which keywords of a schema count: in the older drafts a reference hides those beside it."""
    hides = kind.META_SCHEMA.get("$schema", "").startswith("http://")

    def applicable(schema: Any) -> Any:
        if hides and "$ref" in schema:
            return [("$ref", schema["$ref"])]
        return schema.items()

    return applicable


def _counted(name: str, rule: Any) -> Any:
    least = 10 if name in _BRANCHING else 1

    def counted(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        _steps.take(least + (size_of(instance) + size_of(value)) // _STEP)
        yield from rule(validator, value, instance, schema) or ()

    return counted


def _error(message: str) -> Any:
    from jsonschema import ValidationError

    return ValidationError(message)


def _pattern(validator: Any, pattern: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    if validator.is_type(instance, "string") and not _is_found(compiled(str(pattern)), str(instance)):
        yield _error(f"{told(str(instance))} does not match {told(str(pattern))}")


def _pattern_properties(validator: Any, properties: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    if not validator.is_type(instance, "object"):
        return
    for pattern, subschema in properties.items():
        search = compiled(str(pattern))
        for name, value in instance.items():
            if _is_found(search, str(name)):
                yield from validator.descend(value, subschema, path=name, schema_path=pattern)


def _additional_properties(validator: Any, allowed: Any, instance: Any, schema: Any) -> Iterator[Any]:
    if not validator.is_type(instance, "object"):
        return
    known = schema.get("properties", {})
    patterns = [compiled(str(pattern)) for pattern in schema.get("patternProperties", {})]
    for name, value in instance.items():
        if name in known or any(_is_found(pattern, str(name)) for pattern in patterns):
            continue
        if validator.is_type(allowed, "object"):
            yield from validator.descend(value, allowed, path=name)
        elif not allowed:
            yield _error(f"the property {name!r} is not expected")


def _unique_items(validator: Any, wanted: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    if wanted and validator.is_type(instance, "array"):
        written = {json.dumps(item, sort_keys=True) for item in instance}
        if len(written) < len(instance):
            yield _error("the items are not all different")


def _is_found(pattern: Any, text: str) -> bool:
    _steps.take(work_of(pattern, text) // _WORK)
    return bool(is_found(pattern, text))


def _cut(text: str) -> str:
    return text if len(text) <= 300 else text[:299] + "…"
