"""Request bodies: bytes into the generated models, or a refusal that names the place and the value.

The contract's request schemas are closed: a misspelt field is refused and never silently dropped. msgspec
checks types and bounds; closedness, known enum values and NUL characters (which PostgreSQL cannot store) are
checked here.
"""

import contextlib
import datetime
import functools
from collections.abc import Hashable
from typing import Any, TypeVar

import msgspec
from elluminate_api.types import OpenEnum

from elluminate_server.domain.shapes import explained, suggestion
from elluminate_server.http.contract import check_moment, closed_schemas
from elluminate_server.http.problems import BadRequest, Invalid, quoted

__all__ = ["MAX_INTEGER", "check_content", "convert", "decode", "parse_json"]

T = TypeVar("T")

MAX_INTEGER = 2**53 - 1
"""Larger integers are not the same number in every JSON reader (RFC 8259, section 6)."""

MAX_DEPTH = 100
"""How deep objects and arrays may be nested. What is deeper is nobody's, and too deep for some of its readers."""


def decode(body: bytes, model: type[T]) -> T:
    """The body as an instance of a generated request model.

    Raises:
        BadRequest: The body is not JSON.
        Invalid: It is, but breaks the contract; the detail names the JSON path and the value.
    """
    return convert(parse_json(body), model)


def parse_json(body: bytes, *, what: str = "The body") -> Any:
    """JSON text as Python values, without NUL characters, and not nested without end.

    Raises:
        BadRequest: It is not JSON.
        Invalid: A string holds a NUL character; or it is nested more than `MAX_DEPTH` deep.
    """
    if not body.strip():
        raise BadRequest(f"{what} is empty; it has to be JSON.")
    try:
        raw = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"{what} is not valid JSON: {error}.") from None
    except RecursionError:
        raise BadRequest(f"{what} is nested too deeply.") from None
    if b"\\u0000" in body or b"\0" in body:
        _refuse_nul(raw)
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH:
        _refuse_depth(raw)
    return raw


def check_content(raw: Any) -> None:
    """Let no JSON pass that cannot be stored, or is nested without end.

    Raises:
        Invalid: A string holds a NUL character; or it is nested more than `MAX_DEPTH` deep.
    """
    _refuse_nul(raw)
    _refuse_depth(raw)


def convert(raw: Any, model: type[T]) -> T:
    """Decoded JSON as an instance of a generated request model.

    Raises:
        Invalid: It breaks the contract; the detail names the JSON path and the value.
    """
    expected: Any = model
    _check(raw, _type_info(expected), "$")
    try:
        return msgspec.convert(raw, type=model)
    except msgspec.ValidationError as error:
        path, reason = explained(error, raw)
        raise Invalid(f"{path}: {reason}.") from None
    except RecursionError:
        raise BadRequest("The body is nested too deeply.") from None


@functools.cache
def _type_info(model: Hashable) -> msgspec.inspect.Type:
    return msgspec.inspect.type_info(model)


def _check(raw: Any, expected: msgspec.inspect.Type, path: str) -> None:
    """Refuse unknown fields of closed objects and unknown enum values; wrong types are left to msgspec."""
    match expected:
        case msgspec.inspect.Metadata():
            _check(raw, expected.type, path)
        case msgspec.inspect.UnionType():
            for choice in expected.types:
                if _accepts(choice, raw):
                    _check(raw, choice, path)
        case msgspec.inspect.DataclassType() if isinstance(raw, dict):
            fields = {field.encode_name: field.type for field in expected.fields}
            if expected.cls.__name__ in closed_schemas():
                for name in raw:
                    if name not in fields:
                        raise Invalid(
                            f"{path}: unknown field {quoted(name)}{suggestion(name, fields) or '.'} "
                            f"The fields are: {', '.join(fields)}."
                        )
            for name, value in raw.items():
                if name in fields:
                    _check(value, fields[name], f"{path}.{name}")
        case msgspec.inspect.ListType() | msgspec.inspect.SetType() if isinstance(raw, list):
            for index, item in enumerate(raw):
                _check(item, expected.item_type, f"{path}[{index}]")
        case msgspec.inspect.DictType() if isinstance(raw, dict):
            if not isinstance(expected.value_type, msgspec.inspect.AnyType):
                for name, value in raw.items():
                    _check(value, expected.value_type, f"{path}.{name}")
        case msgspec.inspect.IntType() | msgspec.inspect.FloatType() if isinstance(raw, int):
            if abs(raw) > MAX_INTEGER:
                raise Invalid(
                    f"{path}: {quoted(raw)} is larger than {MAX_INTEGER}, the largest number allowed."
                )
        case msgspec.inspect.DateTimeType() if isinstance(raw, str):
            with contextlib.suppress(msgspec.ValidationError):
                check_moment(path, msgspec.convert(raw, datetime.datetime))
        case msgspec.inspect.EnumType(cls=enum) if isinstance(raw, str) and issubclass(enum, OpenEnum):
            if not enum(raw).is_known:
                known = ", ".join(repr(str(member)) for member in enum)
                raise Invalid(f"{path}: {quoted(raw)} is not one of {known}.")


def _accepts(choice: msgspec.inspect.Type, raw: Any) -> bool:
    while isinstance(choice, msgspec.inspect.Metadata):
        choice = choice.type
    match choice:
        case msgspec.inspect.DataclassType() | msgspec.inspect.DictType():
            return isinstance(raw, dict)
        case msgspec.inspect.ListType() | msgspec.inspect.SetType():
            return isinstance(raw, list)
        case msgspec.inspect.EnumType() | msgspec.inspect.DateTimeType():
            return isinstance(raw, str)
        case msgspec.inspect.IntType() | msgspec.inspect.FloatType():
            return isinstance(raw, int)
    return False


def _refuse_depth(raw: Any) -> None:
    if not _is_deeper(raw, MAX_DEPTH):
        return
    fields = raw.items() if isinstance(raw, dict) else ()
    where = next((f"$.{name}" for name, value in fields if _is_deeper(value, MAX_DEPTH - 1)), "$")
    raise Invalid(f"{where}: objects and arrays are nested deeper than {MAX_DEPTH}, which is the most.")


def _is_deeper(value: Any, most: int) -> bool:
    # Level by level: to go from item to item would take most of a large upload's time.
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(most):
        if not level:
            return False
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return bool(level)


def _refuse_nul(raw: Any) -> None:
    pending: list[tuple[Any, str]] = [(raw, "$")]
    while pending:
        value, path = pending.pop()
        if isinstance(value, str):
            if "\0" in value:
                raise Invalid(f"{path}: the text holds a NUL character (\\u0000), which cannot be stored.")
        elif isinstance(value, dict):
            for name, item in value.items():
                if "\0" in name:
                    raise Invalid(f"{path}: the field name {quoted(name)} holds a NUL character (\\u0000).")
                pending.append((item, f"{path}.{name}"))
        elif isinstance(value, list):
            pending.extend((item, f"{path}[{index}]") for index, item in enumerate(value))
