"""The contract at run time: its operations, their parameters, and which of its objects are closed."""

import datetime
import functools
import importlib.resources
import re
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import attrs
import msgspec

from elluminate_server.domain.roles import EDITOR, READER
from elluminate_server.domain.shapes import explained
from elluminate_server.http.problems import Invalid, quoted

__all__ = ["PREFIX", "ContractOperation", "check_moment", "closed_schemas", "document", "operations"]

PREFIX = "/api/v0"

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")
_UNSET_BY_NAME = "None"
"""What the published asynchronous client sends for an integer that it means to leave out (`version=None`)."""

_ID = re.compile(r"[0-9]{1,19}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What an id looks like: a number, or a task's."""

_METHODS = ("get", "post", "put", "patch", "delete")


@functools.cache
def document() -> dict[str, Any]:
    """The contract; not to be changed.

    Read as the JSON that `codegen.sh` makes of openapi.yaml: in a hundredth of the time, at each start.
    """
    packaged = importlib.resources.files("elluminate_server") / "openapi.json"
    # In a checkout it is beside the generated code.
    built = Path(__file__).resolve().parents[2] / "generated" / "openapi.json"
    loaded: dict[str, Any] = msgspec.json.decode((packaged if packaged.is_file() else built).read_bytes())
    return loaded


@functools.cache
def closed_schemas() -> frozenset[str]:
    """Names of the object schemas that allow no other fields than theirs."""
    schemas = document()["components"]["schemas"]
    return frozenset(name for name, schema in schemas.items() if schema.get("additionalProperties") is False)


@attrs.frozen
class ContractOperation:
    """One operation of the contract, as the server needs it.

    Attributes:
        id: Its operationId.
        method: In capitals.
        path: Full path with `{name}` parameters.
        status: Of a success.
        summary: What it does, in a few words.
        public: Whether it needs no credentials.
        role: The lowest role of a key that may ask for it.
        object_kind: Of what kind the thing is that it changes; None where it changes nothing.
        idempotent_by_key: Whether it takes an Idempotency-Key.
        path_type: Types of the path parameters.
        query_type: Types and defaults of the query parameters.
        lists: Query parameters that are repeated, one value each.
        integers: Query parameters that are integers and may be left out.
    """

    id: str
    method: str
    path: str
    status: int
    summary: str
    public: bool
    role: str
    object_kind: str | None
    idempotent_by_key: bool
    path_type: type[msgspec.Struct]
    query_type: type[msgspec.Struct]
    lists: frozenset[str]
    integers: frozenset[str]

    @property
    def changes(self) -> bool:
        """Whether it may change something, so that the audit log has a line of it."""
        return self.method != "GET" and self.role != READER

    def shown_path(self, values: Mapping[str, object]) -> str:
        """The path of a request as others may read it: with its ids, and the names of all else that it was given.

        A key, or a prompt, that somebody puts where an id belongs is in no log.
        """
        return self.path.format_map(
            {
                name: f"{value}" if _ID.fullmatch(f"{value}") else f"{{{name}}}"
                for name, value in values.items()
            }
        )

    def path_values(self, values: Mapping[str, str]) -> dict[str, Any]:
        """Path parameters, checked and converted.

        Raises:
            Invalid: A value breaks the contract; names the parameter and the value.
        """
        return _converted(values, self.path_type, "path")

    def query_values(self, pairs: list[tuple[str, str]]) -> dict[str, Any]:
        """Query parameters, checked and converted: None, or the contract's default, for one that is absent.

        Parameters that the contract does not have are ignored. Of a repeated one that is no list the last
        counts. An integer given as `None` was left out. A time without a zone is one in UTC.

        Raises:
            Invalid: A value breaks the contract; names the parameter and the value.
        """
        values: dict[str, Any] = {}
        for name, value in pairs:
            if name in self.integers and value == _UNSET_BY_NAME:
                continue
            if name in self.lists:
                values.setdefault(name, []).append(value)
            else:
                values[name] = value
        return _converted(values, self.query_type, "query")


@functools.cache
def operations() -> dict[str, ContractOperation]:
    """Every operation of the contract by its operationId."""
    found: dict[str, ContractOperation] = {}
    for path, item in document()["paths"].items():
        for method in _METHODS:
            if method in item:
                operation = _operation(path, method, item)
                found[operation.id] = operation
    return found


def _operation(path: str, method: str, item: Mapping[str, Any]) -> ContractOperation:
    source = item[method]
    parameters = [
        _resolved(parameter) for parameter in [*item.get("parameters", ()), *source.get("parameters", ())]
    ]
    query = [parameter for parameter in parameters if parameter["in"] == "query"]
    prefix = "" if "servers" in item or "servers" in source else PREFIX
    return ContractOperation(
        id=source["operationId"],
        method=method.upper(),
        path=prefix + path,
        status=min(int(status) for status in source["responses"] if status.startswith("2")),
        summary=source.get("summary", ""),
        public=source.get("security") == [],
        # By default one that takes more than it needs: who adds an operation and forgets this opens nothing.
        role=source.get("x-role", READER if method == "get" else EDITOR),
        object_kind=source.get("x-object"),
        idempotent_by_key=any(parameter["name"] == "Idempotency-Key" for parameter in parameters),
        path_type=_struct("Path", [parameter for parameter in parameters if parameter["in"] == "path"]),
        query_type=_struct("Query", query),
        lists=_named(query, "array"),
        integers=_named([parameter for parameter in query if not parameter.get("required")], "integer"),
    )


def _named(parameters: list[Mapping[str, Any]], kind: str) -> frozenset[str]:
    return frozenset(
        parameter["name"] for parameter in parameters if _resolved(parameter["schema"]).get("type") == kind
    )


def _resolved(node: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in node:
        target: Any = document()
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def _struct(name: str, parameters: list[Mapping[str, Any]]) -> type[msgspec.Struct]:
    # Types never allow None: converted leniently, the text "null" would become it.
    fields: list[Any] = []
    for parameter in parameters:
        schema = _resolved(parameter["schema"])
        kind = _type(schema)
        if parameter.get("required"):
            fields.append((parameter["name"], kind))
        else:
            fields.append((parameter["name"], kind, schema.get("default")))
    return msgspec.defstruct(name, fields, kw_only=True)


def _type(schema: Mapping[str, Any]) -> Any:
    schema = _resolved(schema)
    if "enum" in schema:
        return Literal[tuple(schema["enum"])]
    match schema.get("type"):
        case "integer":
            return Annotated[int, msgspec.Meta(ge=schema.get("minimum"), le=schema.get("maximum"))]
        case "number":
            return Annotated[float, msgspec.Meta(ge=schema.get("minimum"), le=schema.get("maximum"))]
        case "boolean":
            return bool
        case "array":
            items: Any = _type(schema["items"])
            return Annotated[list[items], msgspec.Meta(max_length=schema.get("maxItems"))]
    match schema.get("format"):
        case "date-time":
            return datetime.datetime
        case "uuid":
            return uuid.UUID
    meta = msgspec.Meta(
        min_length=schema.get("minLength"), max_length=schema.get("maxLength"), pattern=schema.get("pattern")
    )
    return Annotated[str, meta]


def _converted(values: Mapping[str, Any], kind: type[msgspec.Struct], place: str) -> dict[str, Any]:
    for name, value in values.items():
        if any("\0" in str(part) for part in (value if isinstance(value, list) else [value])):
            raise Invalid(f"The {place} parameter {name!r} holds a NUL character: {quoted(value)}.")
        if kind.__annotations__.get(name) is datetime.datetime and not _DATE_TIME.match(str(value)):
            # Converted leniently, a number would become the time that it counts in seconds.
            raise Invalid(
                f"The {place} parameter {name!r} is {quoted(value)}: expected an RFC 3339 date-time."
            )
    try:
        converted = msgspec.structs.asdict(msgspec.convert(values, kind, strict=False))
    except msgspec.ValidationError as error:
        choices = {name: get_args(annotation) for name, annotation in kind.__annotations__.items()}
        path, reason = explained(error, values, choices)
        name = path.removeprefix("$").removeprefix(".").partition("[")[0]
        if not name:
            raise Invalid(f"Bad {place} parameters: {reason}.") from None
        raise Invalid(f"The {place} parameter {name!r} {reason}.") from None
    for name, value in converted.items():
        if isinstance(value, datetime.datetime):
            if value.tzinfo is None:
                converted[name] = value = value.replace(tzinfo=datetime.UTC)
            check_moment(f"The {place} parameter {name!r}", value)
    return converted


def check_moment(what: str, moment: datetime.datetime) -> None:
    """Refuse a time that has no date in UTC, in which all times are stored.

    Raises:
        Invalid: It lies before the year 1 or after the year 9999 there.
    """
    try:
        moment.astimezone(datetime.UTC)
    except OverflowError:
        raise Invalid(
            f"{what}: {moment.isoformat()} lies outside the years 1 to 9999 in UTC; give a time within them."
        ) from None
