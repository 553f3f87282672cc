"""Placeholders: finding `{{ name }}` in a template and replacing it with a row's value.

Replacement is one pass of one small pattern and not a template engine: text under test is full of braces, and
engines expand, loop and read files. Text that was put in is never looked at again, so a value that itself
holds `{{ name }}` stays as it is.
"""

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from elluminate_server.domain.errors import DomainError

__all__ = [
    "MAX_RENDERED_CHARACTERS",
    "PLACEHOLDER",
    "MissingValuesError",
    "RenderedTooLargeError",
    "find_placeholders",
    "message_placeholders",
    "render_messages",
    "render_text",
    "value_text",
]

PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
"""Two braces, optional blanks, word characters, two braces."""

MAX_RENDERED_CHARACTERS = 1 << 20
"""Largest text that rendering produces: 1 MiB characters."""


class MissingValuesError(DomainError):
    """A template has placeholders that the row has no column for."""

    def __init__(self, names: Sequence[str], columns: Sequence[str] = ()) -> None:
        self.names = list(names)
        self.columns = list(columns)
        wanted = ", ".join("{{" + name + "}}" for name in self.names)
        columns = ", ".join(repr(column) for column in self.columns) or "none"
        super().__init__(
            f"No value for {wanted}: the row's columns are {columns}. "
            "Add a column of that name to the collection, or correct the placeholder in the template."
        )


class RenderedTooLargeError(DomainError):
    """A rendered text would be larger than allowed."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(
            f"The rendered text would be larger than {limit} characters. "
            "Shorten the row's values or use the placeholder fewer times."
        )


def find_placeholders(text: str) -> list[str]:
    """Names of the placeholders in a text, each once, in the order of first use.

    >>> find_placeholders("{{ a }} and {{b}} and {{a}}")
    ['a', 'b']
    """
    return list(dict.fromkeys(PLACEHOLDER.findall(text)))


def message_placeholders(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of the placeholders in messages (text contents and text parts), in the order of first use."""
    found: dict[str, None] = {}
    for text in _texts(messages):
        found.update(dict.fromkeys(PLACEHOLDER.findall(text)))
    return list(found)


def value_text(value: Any) -> str:
    """A cell as text: strings as they are, nothing for None, JSON for everything else.

    >>> value_text({"a": True})
    '{"a": true}'
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def render_text(
    text: str,
    values: Mapping[str, Any],
    *,
    limit: int = MAX_RENDERED_CHARACTERS,
    mark: Callable[[str, str], str] | None = None,
) -> str:
    """The text with every placeholder replaced by the value of that name.

    Args:
        text: Text with `{{ name }}` placeholders.
        values: Column name to value; see `value_text` for values that are not strings.
        limit: Largest result, in characters, marks left aside.
        mark: Puts marks around what is put in: given the name and its value's text.

    Raises:
        MissingValuesError: A placeholder has no value.
        RenderedTooLargeError: The result would be larger than `limit`; raised before it is built.

    >>> render_text("Explain {{ topic }}.", {"topic": "{{tides}}"})
    'Explain {{tides}}.'
    """
    missing = [name for name in find_placeholders(text) if name not in values]
    if missing:
        raise MissingValuesError(missing, list(values))
    return _Renderer(values, limit, mark or _unmarked).render(text)


def _unmarked(_name: str, text: str) -> str:
    return text


def render_messages(
    messages: Sequence[Mapping[str, Any]],
    values: Mapping[str, Any],
    *,
    limit: int = MAX_RENDERED_CHARACTERS,
) -> list[dict[str, Any]]:
    """Copies of the messages with every placeholder in contents and text parts replaced.

    Everything else in a message (tool calls, images, names) is copied untouched.

    Args:
        messages: OpenAI-style chat messages.
        values: Column name to value.
        limit: Largest sum of all rendered texts, in characters.

    Raises:
        MissingValuesError: Placeholders without a value; all of them are named.
        RenderedTooLargeError: The texts together would be larger than `limit`.
    """
    missing = [name for name in message_placeholders(messages) if name not in values]
    if missing:
        raise MissingValuesError(missing, list(values))
    renderer = _Renderer(values, limit, _unmarked)
    rendered = []
    for message in messages:
        result = copy.deepcopy(dict(message))
        content = result.get("content")
        if isinstance(content, str):
            result["content"] = renderer.render(content)
        elif isinstance(content, list):
            for part in content:
                if isinstance(part, dict) and isinstance(part.get("text"), str):
                    part["text"] = renderer.render(part["text"])
        rendered.append(result)
    return rendered


class _Renderer:
    """One row's values as text, and how many characters may still be written."""

    def __init__(self, values: Mapping[str, Any], limit: int, mark: Callable[[str, str], str]) -> None:
        self._values = values
        self._limit = limit
        self._mark = mark
        self._left = limit
        self._as_text: dict[str, str] = {}

    def render(self, text: str) -> str:
        pieces: list[str] = []
        end = 0
        for match in PLACEHOLDER.finditer(text):
            name = match.group(1)
            pieces.append(self._counted(text[end : match.start()]))
            pieces.append(self._mark(name, self._counted(self._value(name))))
            end = match.end()
        pieces.append(self._counted(text[end:]))
        return "".join(pieces)

    def _counted(self, piece: str) -> str:
        self._left -= len(piece)
        if self._left < 0:
            raise RenderedTooLargeError(self._limit)
        return piece

    def _value(self, name: str) -> str:
        if name not in self._as_text:
            self._as_text[name] = value_text(self._values[name])
        return self._as_text[name]


def _texts(messages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for message in messages:
        content = message.get("content")
        if isinstance(content, str):
            yield content
        elif isinstance(content, list):
            for part in content:
                if isinstance(part, dict) and isinstance(part.get("text"), str):
                    yield part["text"]
