"""YAML as a person means it, and where everything in it stands.

Values are those of YAML 1.2's core schema: `no` and `on` are texts, `2026-11-30` and `1:30` too. A key that stands
twice is an error, and not the last one's value.
"""

from __future__ import annotations

import io
import math
import re
from typing import Any, TypeAlias

from attrs import frozen
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError, YAMLStreamError

from elluminate.suites.yaml_fast import composed_fast

__all__ = ["Document", "Place", "YamlError", "read_yaml"]

Path = tuple[str | int, ...]
Node: TypeAlias = Any
"""A node of either parser."""

_MOST_VALUES = 1_000_000
_MOST_REPEATED = 100_000
"""Values that aliases repeat. Aliases may repeat aliases; a few lines would be more than any memory holds."""
_DEEPEST = 100
_LONG = 50_000
"""Characters from which on it is felt how long reading takes."""

_TAG = "tag:yaml.org,2002:"
_PLAIN = {f"{_TAG}{kind}" for kind in ("null", "bool", "int", "float", "timestamp", "value", "merge")}
"""What the parser calls plain texts; which of them are numbers is told here."""


@frozen
class Place:
    """Where something stands: line and column, from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


class YamlError(Exception):
    """A text that is no such YAML.

    Attributes:
        reason: Why, in words.
        place: Where; None where that is not known.
    """

    def __init__(self, reason: str, place: Place | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place


@frozen
class Document:
    """A value, and where its parts stand.

    Attributes:
        value: Of mappings, lists, texts, numbers, true, false and null.
        places: Path of a part (keys and numbers, from the root) to where it stands.
    """

    value: Any
    places: dict[Path, Place]

    def place_of(self, path: Path) -> Place:
        """Where the part stands, or the nearest part around it that does."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(1, 1))


_NULL = ("", "~", "null", "Null", "NULL")
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")


def read_yaml(text: str) -> Document:
    """Read one document.

    Raises:
        YamlError: It is none: its syntax, a key twice, a key that is no text, a tag, more than one document.

    >>> read_yaml("a: [no, 1]").value
    {'a': ['no', 1]}
    """
    root = composed_fast(text) if len(text) >= _LONG else None
    if root is not None:
        try:
            return _read(root)
        except YamlError:
            pass  # the other parser may have something to say of what stands before
    root = _composed(text)
    if root is None:
        return Document(None, {})
    _refuse_repetition(root)
    return _read(root)


def _read(root: Any) -> Document:
    reading = _Reading()
    return Document(reading.value_of(root, ()), reading.places)


def _composed(text: str) -> Node | None:
    try:
        return YAML(typ="safe", pure=True).compose(io.StringIO(text))
    except MarkedYAMLError as error:
        reason = " ".join(str(part) for part in (error.context, error.problem) if part)
        mark = error.problem_mark or error.context_mark
        raise YamlError(reason, None if mark is None else Place(mark.line + 1, mark.column + 1)) from None
    except RecursionError:
        raise YamlError("lists and mappings are nested too deeply to be read; lift them up", None) from None
    except (YAMLStreamError, YAMLError, ValueError) as error:
        raise YamlError(str(error).split("\n", 1)[0] or type(error).__name__, None) from None


def _refuse_repetition(root: Node) -> None:
    """Refuse aliases that come to more than is read in a moment, by counting; nothing is repeated for that.

    Raises:
        YamlError: They do, with the place of the first value that holds so many.
    """
    ordered = _innermost_first(root)
    sizes: dict[int, int] = {}
    for node in ordered:
        # What stands in itself has no size yet, and is refused when it is read.
        size = 1 + sum(sizes.get(id(part), 0) for part in _parts(node))
        if size > len(ordered) + _MOST_REPEATED:
            raise YamlError(f"aliases repeat more than {_MOST_REPEATED:,} values", _of_node(node))
        sizes[id(node)] = size


def _innermost_first(root: Node) -> list[Node]:
    """All nodes, each once, those that it holds before it."""
    ordered: list[Node] = []
    seen: set[int] = set()
    left: list[tuple[Node, bool]] = [(root, False)]
    while left:
        node, is_over = left.pop()
        if is_over:
            ordered.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            left.append((node, True))
            left += [(part, False) for part in reversed(_parts(node))]
    return ordered


def _parts(node: Node) -> list[Node]:
    if node.id == "sequence":
        return list(node.value)
    if node.id == "mapping":
        return [part for pair in node.value for part in pair]
    return []


class _Reading:
    def __init__(self) -> None:
        self.places: dict[Path, Place] = {}
        self._above: list[Node] = []

    def value_of(self, node: Node, path: Path) -> Any:
        self.places.setdefault(path, _of_node(node))
        if len(self.places) > _MOST_VALUES:
            raise YamlError(f"more than {_MOST_VALUES:,} values", _of_node(node))
        if len(path) > _DEEPEST or any(node is above for above in self._above):
            raise YamlError(
                f"nested more than {_DEEPEST} deep, or an alias of what it stands in", _of_node(node)
            )
        if node.id == "scalar":
            return _scalar(node)
        if str(node.tag) not in (f"{_TAG}map", f"{_TAG}seq"):
            raise YamlError(f"the tag {str(node.tag)!r} is not known here", _of_node(node))
        self._above.append(node)
        try:
            if node.id == "sequence":
                return [self.value_of(item, (*path, number)) for number, item in enumerate(node.value)]
            return self._mapping(node, path)
        finally:
            self._above.pop()

    def _mapping(self, node: Node, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merged: dict[str, tuple[Any, Node]] = {}
        for key_node, value_node in node.value:
            if str(key_node.tag) == f"{_TAG}merge":
                self._merge(value_node, path, merged)
                continue
            key = self._key(key_node)
            if key in result:
                raise YamlError(f"the key {key!r} stands twice", _of_node(key_node))
            self.places[*path, key] = _of_node(key_node)
            result[key] = self.value_of(value_node, (*path, key))
        return {**{key: value for key, (value, _) in merged.items() if key not in result}, **result}

    def _merge(self, node: Node, path: Path, into: dict[str, tuple[Any, Node]]) -> None:
        """`<<: *defaults`: what the mapping has and this one does not say itself."""
        sources = node.value if node.id == "sequence" else [node]
        for source in sources:
            if not source.id == "mapping":
                raise YamlError("<< takes a mapping, or a list of mappings", _of_node(node))
            for key, value in self.value_of(source, (*path, "<<")).items():
                into.setdefault(key, (value, source))

    def _key(self, node: Node) -> str:
        if not node.id == "scalar":
            raise YamlError("a key must be a text", _of_node(node))
        return str(node.value)  # a number or true may be the name of a column, too


def _scalar(node: Any) -> Any:
    text = _joined(str(node.value))
    tag = str(node.tag)
    if node.style or tag == f"{_TAG}str":
        return text
    if tag not in _PLAIN:
        raise YamlError(f"the tag {tag!r} is not known here", _of_node(node))
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    try:
        if _INT.fullmatch(text):
            return int(text, 0 if text[:2] in ("0x", "0o") else 10)
        number = float(text) if _FLOAT.fullmatch(text) else text
    except ValueError as error:  # thousands of digits
        raise YamlError(str(error).split(":", 1)[0], _of_node(node)) from None
    if isinstance(number, float) and not math.isfinite(number):
        raise YamlError(f"{text} is larger than any number here", _of_node(node))
    return number


def _joined(text: str) -> str:
    """The text with the halves of a character joined, which JSON writes as two escapes."""
    try:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:  # one half alone, which is told where it is used
        return text


def _of_node(node: Any) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)
