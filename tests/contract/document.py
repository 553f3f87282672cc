"""The contract as the tests of this folder read it: openapi.yaml, parsed once, references followed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from attrs import frozen
from openapi_schema_validator import OAS31Validator, oas31_format_checker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

REPOSITORY = Path(__file__).resolve().parents[2]
PATH_VARIABLE = "ELLUMINATE_CONTRACT"
METHODS = ("get", "put", "post", "delete", "patch")

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BASE = "urn:contract"


@frozen
class Operation:
    """One operation of the contract, its parameters and answers resolved."""

    id: str
    method: str
    path: str
    node: dict[str, Any]
    parameters: list[dict[str, Any]]
    answers: dict[str, dict[str, Any]]

    @property
    def success(self) -> str:
        """The exact 2xx status."""
        return next(status for status in self.answers if status.startswith("2"))

    @property
    def body(self) -> tuple[str, dict[str, Any]] | None:
        """Media type and media type object of the request body."""
        return next(iter(self.node["requestBody"]["content"].items())) if "requestBody" in self.node else None

    def content(self, status: str) -> tuple[str, dict[str, Any]] | None:
        """Media type and media type object of the answer with that status."""
        return next(iter(self.answers[status].get("content", {}).items()), None)


class Contract:
    """An OpenAPI document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.schemas: dict[str, dict[str, Any]] = document["components"]["schemas"]
        self._registry: Registry[Any] = Registry().with_resource(_BASE, DRAFT202012.create_resource(document))

    def resolve(self, node: Any) -> Any:
        """Follow a reference inside the document; anything else is returned as it is."""
        while isinstance(node, dict) and "$ref" in node:
            target: Any = self.document
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target[step.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def operations(self) -> Iterator[Operation]:
        """Every operation, in the order of the document."""
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    node = item[method]
                    yield Operation(
                        id=node.get("operationId", f"{method} {path}"),
                        method=method.upper(),
                        path=path,
                        node=node,
                        parameters=[
                            self.resolve(parameter)
                            for parameter in (*item.get("parameters", ()), *node.get("parameters", ()))
                        ],
                        answers={status: self.resolve(each) for status, each in node["responses"].items()},
                    )

    def violations(self, value: Any, schema: dict[str, Any]) -> list[str]:
        """What breaks the schema in the value, each with its JSON path. Formats are checked."""
        validator = OAS31Validator(
            _absolute(schema), registry=self._registry, format_checker=oas31_format_checker
        )
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]

    def examples(self, node: dict[str, Any]) -> dict[str, Any]:
        """Examples of a media type object, by name."""
        named = {name: self.resolve(each)["value"] for name, each in node.get("examples", {}).items()}
        return named | ({"example": node["example"]} if "example" in node else {})


def _absolute(node: Any) -> Any:
    """The schema with references that hold outside the document too."""
    if isinstance(node, dict):
        return {
            key: _BASE + value if key == "$ref" and isinstance(value, str) else _absolute(value)
            for key, value in node.items()
        }
    return [_absolute(each) for each in node] if isinstance(node, list) else node


def contract_path() -> Path:
    """The document under test: ELLUMINATE_CONTRACT, else the repository's openapi.yaml."""
    return Path(os.environ.get(PATH_VARIABLE) or REPOSITORY / "openapi.yaml")


@cache
def load(path: Path) -> Contract:
    """Parse a document, once per path. Tests change copies only."""
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    return Contract(document)


def no(problems: list[str]) -> None:
    """Fail with every problem on a line of its own."""
    assert not problems, "\n" + "\n".join(problems)
