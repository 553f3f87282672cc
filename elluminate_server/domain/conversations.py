"""Conversations that rows hold: whether a payload has the contract's shape, and what a model is asked with it."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs
import msgspec

from elluminate_server.domain.errors import DomainError
from elluminate_server.domain.messages import InvalidMessageError, check_messages
from elluminate_server.domain.shapes import explained

__all__ = [
    "PROMPT_TYPES",
    "SCHEMA_VERSION",
    "Conversation",
    "InvalidConversationError",
    "check_conversation",
    "conversation_of",
]

SCHEMA_VERSION = "elluminate.uce/1"

PROMPT_TYPES = ("raw_input", "conversation")
"""Columns that hold a row's whole prompt; a collection has one of them at most."""

_CHOICES = ("none", "auto", "required")
_CHOICES_OF = {"schema_version": [SCHEMA_VERSION], "hint": ["json_object", "text"]}


class InvalidConversationError(DomainError):
    """A payload does not have the contract's shape.

    Attributes:
        path: JSON path of what is wrong, below the cell: for example `.input.messages[0].content`.
        reason: What is wrong there.
    """

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}" if path else reason)


@attrs.frozen(kw_only=True)
class Conversation:
    """What a payload asks a model.

    Attributes:
        messages: The messages so far.
        tools: Tools that are offered; None when the payload names none.
        tool_choice: Which of them has to be used; None when the payload does not say.
        response_format: The form of the answer, as the OpenAI chat API takes it; None when it does not say.
    """

    messages: Sequence[Mapping[str, Any]]
    tools: list[dict[str, Any]] | None
    tool_choice: str | dict[str, Any] | None
    response_format: dict[str, Any] | None


def check_conversation(payload: Any) -> None:
    """Check that decoded JSON is a conversation payload (`UCEPayloadV1` of the contract).

    Raises:
        InvalidConversationError: With the path of the first thing that is wrong.

    >>> check_conversation({"input": {"messages": [{"role": "user", "content": "Hello"}]}})
    >>> check_conversation({"input": {"messages": "Hello"}})
    Traceback (most recent call last):
        ...
    elluminate_server.domain.conversations.InvalidConversationError: .input.messages: has to be a list, not 'Hello'
    """
    try:
        given = msgspec.convert(payload, _Payload).input
    except msgspec.ValidationError as error:
        path, reason = explained(error, payload, _CHOICES_OF)
        raise InvalidConversationError(path.removeprefix("$"), reason) from None
    try:
        check_messages(given.messages, where=".input.messages")
    except InvalidMessageError as error:
        raise InvalidConversationError(error.path, error.reason) from None
    names = _check_tools(given.tools or ())
    _check_choice(given.tool_choice, names)


def _check_tools(tools: Sequence[Mapping[str, Any]]) -> list[str]:
    names = []
    for index, tool in enumerate(tools):
        function = tool.get("function")
        name = function.get("name") if isinstance(function, Mapping) else None
        if tool.get("type") != "function" or not isinstance(name, str) or not name:
            raise InvalidConversationError(
                f".input.tools[{index}]",
                'A tool is {"type": "function", "function": {"name": …, "parameters": {…}}}',
            )
        names.append(name)
    return names


def _check_choice(choice: str | Mapping[str, Any] | None, names: Sequence[str]) -> None:
    where = ".input.tool_choice"
    if choice is None or choice in ("none", "auto"):
        return
    if isinstance(choice, str):
        if choice != "required":
            raise InvalidConversationError(
                where, f"{choice!r} is none of {', '.join(_CHOICES)}, nor an object that names a function"
            )
        if not names:
            raise InvalidConversationError(where, "'required' needs tools, and there are none")
        return
    function = choice.get("function")
    name = function.get("name") if isinstance(function, Mapping) else None
    if name not in names:
        known = ", ".join(map(repr, names)) or "none"
        raise InvalidConversationError(where, f"It names the tool {name!r}; the tools are: {known}")


def conversation_of(payload: Mapping[str, Any]) -> Conversation:
    """What a checked payload asks a model."""
    given: Mapping[str, Any] = payload["input"]
    return Conversation(
        messages=given.get("messages") or [],
        tools=given.get("tools") or None,
        tool_choice=given.get("tool_choice"),
        response_format=_openai_format(given.get("response_format")),
    )


def _openai_format(given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if given is None:
        return None
    schema = given.get("json_schema")
    if schema is not None:
        return {"type": "json_schema", "json_schema": {"name": "response", "schema": schema}}
    hint = given.get("hint")
    return None if hint is None else {"type": hint}


# One struct per schema of the contract; only their shapes are used.


class _Format(msgspec.Struct):
    json_schema: dict[str, Any] | None = None
    hint: Literal["json_object", "text"] | None = None


class _Input(msgspec.Struct):
    messages: list[Any] = []
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    response_format: _Format | None = None
    attachments: list[dict[str, Any]] | None = None
    metadata: dict[str, Any] | None = None


class _Payload(msgspec.Struct):
    input: _Input
    schema_version: Literal["elluminate.uce/1"] = "elluminate.uce/1"
