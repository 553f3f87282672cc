"""Where generated code and the contract differ, field by field, in words that name the place."""

from __future__ import annotations

import enum
import importlib
import inspect
import pkgutil
import types
import typing
from collections.abc import Iterator
from typing import Any

import attrs
import msgspec

from tests.contract.document import Contract, Operation

_MISSING = "in openapi.yaml, not in generated code"
_EXTRA = "in generated code, not in openapi.yaml"


def differences(contract: Contract, package: str = "elluminate_api") -> list[str]:
    """Every difference between the models and operations of a generated package and the contract.

    Example: "PromptTemplate.placeholders: in openapi.yaml, not in generated code".
    """
    models = importlib.import_module(f"{package}.models")
    return [*_schemas(contract, models), *_operations(contract, models, package)]


def _schemas(contract: Contract, models: types.ModuleType) -> Iterator[str]:
    expected = {
        name: schema
        for name, schema in contract.schemas.items()
        if "enum" in schema or schema.get("type") == "object"
    }
    used_inside = set()
    for name, schema in expected.items():
        generated = getattr(models, name, None)
        if generated is None:
            yield f"{name}: {_MISSING}"
        elif "enum" in schema:
            yield from _enum(name, schema, generated)
        elif "properties" in schema:
            yield from _object(name, schema, generated, contract)
            used_inside |= _enums_inside(generated)
        elif typing.get_origin(generated) is not dict:
            yield f"{name}: free-form in openapi.yaml, {generated!r} in generated code"
    for name in models.__all__:
        generated = getattr(models, name)
        # Enums and maps that a schema writes in place have generated names of their own.
        if name not in expected and generated not in used_inside and inspect.isclass(generated):
            yield f"{name}: {_EXTRA}"


def _enum(name: str, schema: dict[str, Any], generated: Any) -> Iterator[str]:
    values = {each.value for each in generated}
    for value in schema["enum"]:
        if value not in values:
            yield f"{name}: the value {value!r} is {_MISSING}"
    for value in sorted(values - set(schema["enum"])):
        yield f"{name}: the value {value!r} is {_EXTRA}"


def _enums_inside(generated: type) -> set[type]:
    hints = typing.get_type_hints(generated).values()
    return {part for hint in hints for part in _parts(hint) if isinstance(part, enum.EnumType)}


def _parts(hint: Any) -> tuple[Any, ...]:
    """Alternatives of an annotation."""
    union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    return typing.get_args(hint) if union else (hint,)


def _object(name: str, schema: dict[str, Any], generated: Any, contract: Contract) -> Iterator[str]:
    if not attrs.has(generated):
        yield f"{name}: an object with fields in openapi.yaml, {generated!r} in generated code"
        return
    fields = attrs.fields_dict(generated)
    hints = typing.get_type_hints(generated)
    for field in schema["properties"]:
        if field not in fields:
            yield f"{name}.{field}: {_MISSING}"
    for field, attribute in fields.items():
        place = f"{name}.{field}"
        node = schema["properties"].get(field)
        if node is None:
            yield f"{place}: {_EXTRA}"
            continue
        yield from _both(
            place, "required", field in schema.get("required", ()), attribute.default is attrs.NOTHING
        )
        parts = _parts(hints[field])
        yield from _both(place, "nullable", _nullable(node, contract), type(None) in parts)
        yield from _kinds(place, node, parts, contract)
        if "enum" in node:
            for part in parts:
                if isinstance(part, enum.EnumType):
                    yield from _enum(place, node, part)
        if "default" in node and attribute.default is not attrs.NOTHING:
            default = _default(attribute.default)
            if default != node["default"]:
                yield f"{place}: default {node['default']!r} in openapi.yaml, {default!r} in generated code"


def _both(place: str, what: str, contract_says: bool, code_says: bool) -> Iterator[str]:
    if contract_says != code_says:
        here, there = (
            ("openapi.yaml", "generated code") if contract_says else ("generated code", "openapi.yaml")
        )
        yield f"{place}: {what} in {here}, not in {there}"


def _default(value: Any) -> Any:
    made = value.factory() if hasattr(value, "factory") else value
    return sorted(made) if isinstance(made, set) else made


def _alternatives(node: dict[str, Any], contract: Contract) -> Iterator[dict[str, Any]]:
    """The shapes that a schema allows, references followed."""
    node = contract.resolve(node)
    choices = [each for keyword in ("anyOf", "oneOf", "allOf") for each in node.get(keyword, ())]
    if not choices:
        yield node
    for choice in choices:
        yield from _alternatives(choice, contract)


def _declared(node: dict[str, Any]) -> set[str]:
    declared = node.get("type", "null" if node.get("const", ...) is None else [])
    return {declared} if isinstance(declared, str) else set(declared)


def _nullable(node: dict[str, Any], contract: Contract) -> bool:
    return any("null" in _declared(shape) for shape in _alternatives(node, contract))


_KINDS = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "array": "list",
    "object": "object",
}


def _kinds(place: str, node: dict[str, Any], parts: tuple[Any, ...], contract: Contract) -> Iterator[str]:
    """JSON types: what the contract allows against what the annotation decodes."""
    expected = {
        "set" if json_type == "array" and shape.get("uniqueItems") else _KINDS[json_type]
        for shape in _alternatives(node, contract)
        for json_type in _declared(shape) - {"null"}
    }
    found = {_kind(part) for part in parts if part not in (type(None), msgspec.UnsetType)}
    if expected != found:
        yield f"{place}: {sorted(expected)} in openapi.yaml, {sorted(found)} in generated code"


def _kind(part: Any) -> str:
    origin = typing.get_origin(part) or part
    if origin is typing.Literal or isinstance(origin, enum.EnumType):
        return "str"
    name: str = origin.__name__
    # Times and files are strings on the wire.
    if name in {"datetime", "date", "File"}:
        return "str"
    return "object" if origin is dict or attrs.has(origin) else name


def _operations(contract: Contract, models: types.ModuleType, package: str) -> Iterator[str]:
    api = importlib.import_module(f"{package}.api")
    modules = {
        each.name for each in pkgutil.walk_packages(api.__path__, f"{api.__name__}.") if not each.ispkg
    }
    for operation in contract.operations():
        name = f"{api.__name__}.{operation.node['tags'][0]}.{operation.id}"
        if name not in modules:
            yield f"{operation.id}: {_MISSING}"
            continue
        modules.remove(name)
        module = importlib.import_module(name)
        yield from _operation(operation, module, models, contract)
        yield from _parameters(operation, inspect.signature(module.build).parameters)
    for name in sorted(modules):
        yield f"{name.rsplit('.', 1)[1]}: {_EXTRA}"


def _operation(
    operation: Operation, module: types.ModuleType, models: types.ModuleType, contract: Contract
) -> Iterator[str]:
    success = None if operation.success == "204" else _python_type(operation, models, contract)
    body = operation.body
    answer = operation.content(operation.success)
    media_type = body[0] if body else answer[0] if answer else "application/json"
    expected = {
        "id": operation.id,
        "method": operation.method,
        "path": operation.path,
        "status": int(operation.success),
        "success": success,
        "media_type": media_type,
        "repeatable": operation.method in {"GET", "PUT", "DELETE"}
        or (body is not None and contract.resolve(body[1]["schema"]).get("x-repeatable") is True),
    }
    for key, value in expected.items():
        found = getattr(module.OPERATION, key)
        if found != value:
            yield f"{operation.id}: {key} is {value!r} in openapi.yaml, {found!r} in generated code"
    if body:
        reference = body[1]["schema"]["$ref"].rsplit("/", 1)[1]
        hint = typing.get_type_hints(module.build).get("body")
        if hint is not getattr(models, reference, None):
            yield f"{operation.id}: body is {reference} in openapi.yaml, {hint!r} in generated code"


def _python_type(operation: Operation, models: types.ModuleType, contract: Contract) -> Any:
    answer = operation.content(operation.success)
    if answer is None or answer[0] == "text/event-stream":
        return Any if answer else None  # what an event stream holds, x-sse-data-schema says
    schema = answer[1]["schema"]
    if schema.get("type") == "array":
        return list[_named(schema["items"], models)]  # type: ignore[misc]
    if contract.resolve(schema).get("type") == ["string", "null"]:
        return str | None
    return _named(schema, models)


def _named(schema: dict[str, Any], models: types.ModuleType) -> Any:
    name = schema["$ref"].rsplit("/", 1)[1]
    return getattr(models, name, name)


def _parameters(operation: Operation, found: typing.Mapping[str, inspect.Parameter]) -> Iterator[str]:
    # Headers are the transport's, not the builder's.
    expected = {
        parameter["name"]: parameter["in"] == "path" or parameter.get("required", False)
        for parameter in operation.parameters
        if parameter["in"] in {"path", "query"}
    }
    if operation.body:
        expected["body"] = True
    for name in expected:
        if name not in found:
            yield f"{operation.id}({name}): {_MISSING}"
    for name, parameter in found.items():
        if name not in expected:
            yield f"{operation.id}({name}): {_EXTRA}"
        else:
            yield from _both(
                f"{operation.id}({name})",
                "required",
                expected[name],
                parameter.default is inspect.Parameter.empty,
            )
