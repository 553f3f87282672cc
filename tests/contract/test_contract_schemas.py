"""The contract's schemas: described, named, used, and in requests closed and bounded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from elluminate.schemas import answers_from_elsewhere
from tests.contract.document import Contract, no

_PROVIDER = "shape of the model providers' chat API, which has fields that this contract does not list"
OPEN_REQUEST_SCHEMAS = {
    "SystemMessage": _PROVIDER,
    "DeveloperMessage": _PROVIDER,
    "UserMessage": _PROVIDER,
    "AssistantMessage": _PROVIDER,
    "ToolMessage": _PROVIDER,
    "FunctionMessage": _PROVIDER,
    "ContentPart": _PROVIDER,
    "ToolCall": _PROVIDER,
    "FunctionCallArguments": _PROVIDER,
    "CustomCallInput": _PROVIDER,
    "MessageAnnotation": _PROVIDER,
    "UrlCitation": _PROVIDER,
    "AssistantAudio": _PROVIDER,
    "JsonObject": "free-form by intent: row values, JSON Schemas, settings of agents",
}

_BOTH_WAYS = (
    "also read in answers, where a bound would make a reader refuse what another server has stored; "
    "in requests the limit of the whole body holds"
)
_TOKENS = "token numbers are the tokenizer's own; only their count is bounded"
UNBOUNDED = {
    **dict.fromkeys(OPEN_REQUEST_SCHEMAS, _PROVIDER),
    "FunctionDefinition": _BOTH_WAYS,
    "ToolChoiceFunction": _BOTH_WAYS,
    "CollectionColumn": _BOTH_WAYS,
    "LLMConfig": _BOTH_WAYS,
    "CustomApiInfo": _BOTH_WAYS,
    "GenerationMetadata": _BOTH_WAYS,
    "ATIFStepMetrics.prompt_token_ids[]": _TOKENS,
    "ATIFStepMetrics.completion_token_ids[]": _TOKENS,
}

INFORMATIVE_PARAMETERS = {"SDK-Version"}
"""Parameters that no server needs to look at, so none refuses them for their length."""

STRING_FORMATS_WITH_A_LENGTH = {"date-time", "date", "uuid"}
STRING_FORMATS_BOUNDED_BY_THE_BODY = {"binary"}


def references(node: Any) -> Iterator[str]:
    """Names of the schemas that a node refers to directly."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str) and value.startswith("#/components/schemas/"):
                yield value.rsplit("/", 1)[1]
            else:
                yield from references(value)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)


def reachable(contract: Contract, roots: list[Any]) -> set[str]:
    """Names of the schemas that the nodes refer to, directly or not."""
    found: set[str] = set()
    waiting = [name for root in roots for name in references(root)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(references(contract.schemas[name]))
    return found


def request_schemas(contract: Contract) -> set[str]:
    return reachable(contract, [operation.body[1] for operation in contract.operations() if operation.body])


def json_types(schema: dict[str, Any]) -> set[str]:
    """JSON types that a schema allows, alternatives written in place included."""
    declared = schema.get("type", [])
    types = {declared} if isinstance(declared, str) else set(declared)
    for keyword in ("anyOf", "oneOf"):
        for alternative in schema.get(keyword, ()):
            types |= json_types(alternative)
    return types


def unbounded(name: str, schema: dict[str, Any]) -> Iterator[str]:
    """Places of a field that have no bound."""
    if {"$ref", "enum", "const"} & schema.keys():
        return
    types = json_types(schema)
    fixed = STRING_FORMATS_WITH_A_LENGTH | STRING_FORMATS_BOUNDED_BY_THE_BODY
    if "string" in types and "maxLength" not in schema and schema.get("format") not in fixed:
        alternatives = [each for each in schema.get("anyOf", ()) if each.get("type") == "string"]
        anchored = schema.get("pattern", "").startswith("^") and schema["pattern"].endswith("$")
        if not anchored and not (alternatives and all("enum" in each for each in alternatives)):
            yield f"{name}: a string without maxLength"
    if "array" in types and "maxItems" not in schema:
        yield f"{name}: an array without maxItems"
    if "integer" in types and not {"minimum", "maximum"} <= schema.keys():
        yield f"{name}: an integer without minimum and maximum"
    if isinstance(schema.get("items"), dict):
        yield from unbounded(f"{name}[]", schema["items"])


def test_every_schema_field_and_parameter_is_described(contract: Contract) -> None:
    problems = []
    for name, schema in contract.schemas.items():
        if not schema.get("description"):
            problems.append(f"{name}: no description")
        problems += [
            f"{name}.{field}: no description"
            for field, node in schema.get("properties", {}).items()
            if not node.get("description")
        ]
    for each in contract.operations():
        problems += [
            f"{each.id}: the parameter {parameter['name']} has no description"
            for parameter in each.parameters
            if not parameter.get("description")
        ]
    no(problems)
    assert "TODO" not in json.dumps(contract.document)


def test_request_objects_are_closed(contract: Contract) -> None:
    still_open = {
        name
        for name in request_schemas(contract)
        if json_types(contract.schemas[name]) == {"object"}
        and contract.schemas[name].get("additionalProperties") is not False
    }
    no([f"{name}: an open object in a request" for name in sorted(still_open - OPEN_REQUEST_SCHEMAS.keys())])
    no([f"{name}: closed, needs no exception" for name in sorted(OPEN_REQUEST_SCHEMAS.keys() - still_open)])


def test_objects_are_named(contract: Contract) -> None:
    """An object written in place would escape the rules above."""

    def inline(node: Any, place: str) -> Iterator[str]:
        if isinstance(node, dict):
            if "properties" in node and "type" in node:
                yield f"{place}: an object schema written in place"
            for key, value in node.items():
                yield from inline(value, f"{place}.{key}")
        elif isinstance(node, list):
            for each in node:
                yield from inline(each, place)

    problems = [
        problem
        for name, schema in contract.schemas.items()
        for field, node in schema.get("properties", {}).items()
        for problem in inline(node, f"{name}.{field}")
    ]
    for operation in contract.operations():
        if operation.body:
            problems += inline(operation.body[1]["schema"], f"{operation.id}.body")
    no(problems)


def test_request_fields_are_bounded(contract: Contract) -> None:
    found = [
        problem
        for name in sorted(request_schemas(contract))
        for field, schema in contract.schemas[name].get("properties", {}).items()
        for problem in unbounded(f"{name}.{field}", schema)
    ]
    found += [
        problem
        for each in contract.operations()
        for parameter in each.parameters
        if parameter["name"] not in INFORMATIVE_PARAMETERS
        for problem in unbounded(f"{each.id}({parameter['name']})", parameter["schema"])
    ]
    excused = {
        problem: reason
        for problem in found
        for reason in UNBOUNDED
        if problem.split(":")[0] == reason or problem.split(".")[0] == reason
    }
    no([problem for problem in found if problem not in excused])
    # MessageAnnotation and the free-form object have nothing to bound.
    needed = set(excused.values()) | {"MessageAnnotation", "JsonObject"}
    no([f"{name}: bounded, needs no exception" for name in sorted(UNBOUNDED.keys() - needed)])


def test_no_client_depends_on_an_extension(contract: Contract) -> None:
    extensions = [
        (schema_name, field)
        for schema_name, schema in contract.schemas.items()
        for field, node in schema.get("properties", {}).items()
        if node.get("x-extension") is True
    ]
    assert ("ExperimentResults", "verdicts") in extensions
    assert ("PromptResponse", "missing_verdicts") in extensions
    no(
        [
            f"{name}.{field}: an extension, and required"
            for name, field in extensions
            if field in contract.schemas[name].get("required", [])
        ]
    )


def test_defaults_are_accepted_by_their_own_schema(contract: Contract) -> None:
    no(
        [
            f"{name}.{field}: default {violation}"
            for name, schema in contract.schemas.items()
            for field, node in schema.get("properties", {}).items()
            if "default" in node
            for violation in contract.violations(node["default"], node)
        ]
    )


def test_every_schema_and_example_is_used(contract: Contract) -> None:
    # The value of a conversation column travels inside the free-form values of a row.
    described_only = {"UCEPayloadV1"}
    used = reachable(contract, [contract.document["paths"], contract.document["components"]["responses"]])
    used |= described_only | reachable(contract, [contract.schemas[name] for name in described_only])
    text = json.dumps(contract.document)
    used |= set(re.findall(r'"x-sse-data-schema": "#/components/schemas/(\w+)"', text))
    used |= reachable(contract, [contract.schemas[name] for name in used])
    no([f"{name}: an unused schema" for name in sorted(contract.schemas.keys() - used)])
    shown = set(re.findall(r"#/components/examples/(\w+)", text))
    no(
        [
            f"{name}: an unused example"
            for name in sorted(contract.document["components"]["examples"].keys() - shown)
        ]
    )


def test_the_client_leaves_out_every_extension_of_metadata_that_says_nothing(contract: Contract) -> None:
    fields = contract.schemas["GenerationMetadata"]["properties"]
    marked = [name for name, field in fields.items() if field.get("x-extension")]
    assert list(answers_from_elsewhere._EXTENSIONS) == marked
