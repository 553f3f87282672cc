"""Chat messages, response formats and tools: from what callers write to what the contract takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from elluminate_api.models import FunctionTool, NamedToolChoice, ToolChoiceMode
from elluminate_api.types import OpenEnum

from elluminate._checks import checked_texts
from elluminate._showing import quoted
from elluminate.exceptions import ValidationError

Message: TypeAlias = Mapping[str, Any]
"""A chat message in the OpenAI format: `{"role": "user", "content": "…"}`."""

Messages: TypeAlias = str | Sequence[Message]
"""A prompt: one string (a user message), or a list of chat messages."""

ROLES = ("system", "developer", "user", "assistant", "tool", "function")


def prompt_messages(messages: Messages) -> list[dict[str, Any]]:
    """A prompt as chat messages; a string is one user message."""
    if isinstance(messages, str):
        if not messages.strip():
            raise ValidationError("the prompt is empty; give it a text, for example 'Explain {{concept}}.'")
        return [{"role": "user", "content": messages}]
    result = [
        _as_message(message, f"messages[{number}]") for number, message in _numbered(messages, "messages")
    ]
    if not result:
        raise ValidationError("messages is an empty list; a prompt needs at least one message")
    return result


def one_prompt(messages: Messages | None, template: Messages | None, method: str) -> list[dict[str, Any]]:
    """The prompt under either of its two spellings."""
    if (messages is None) == (template is None):
        both = "both" if messages is not None else "neither"
        raise ValidationError(
            f"{method} takes the prompt as messages=… or as template=…, exactly one of them; got {both}"
        )
    return prompt_messages(messages if messages is not None else template or "")


def response_messages(response: Messages) -> list[dict[str, Any]]:
    """An answer as chat messages: a string is one assistant message, a list is the whole transcript."""
    if isinstance(response, str):
        return [_assistant({"role": "assistant", "content": response, "tool_calls": []})]
    result = [
        _as_message(message, f"response[{number}]") for number, message in _numbered(response, "a response")
    ]
    if not any(message["role"] in ("assistant", "tool") for message in result):
        raise ValidationError("a transcript given as a response must hold an assistant or a tool message")
    return [_assistant(message) if message["role"] == "assistant" else message for message in result]


def _numbered(messages: Any, what: str) -> enumerate[Any]:
    if isinstance(messages, Mapping):
        raise ValidationError(
            f"{what} must be a string or a list of messages, got a single message; put it in a list"
        )
    return enumerate(checked_texts(messages, what))


def _as_message(message: Any, where: str) -> dict[str, Any]:
    dump = getattr(message, "model_dump", None)
    if callable(dump):
        message = dump(mode="json", exclude_unset=True)
    if not isinstance(message, Mapping):
        raise ValidationError(
            f"{where} must be a chat message such as {{'role': 'user', 'content': '…'}}, got {quoted(message)}"
        )
    if message.get("role") not in ROLES:
        raise ValidationError(
            f"{where} has the role {quoted(message.get('role'))}; it must be one of {', '.join(ROLES)}"
        )
    return dict(message)


def _assistant(message: dict[str, Any]) -> dict[str, Any]:
    """All keys of an assistant message, null where unset, as the contract's other clients send it."""
    return {
        "content": None,
        "refusal": None,
        "annotations": None,
        "audio": None,
        "function_call": None,
        "tool_calls": None,
        **message,
    }


def response_format_schema(response_format: Any) -> dict[str, Any] | None:
    """A `response_format` in the OpenAI form, from that form or from a pydantic class.

    From a class: its name in lower case, `strict`, and no additional properties unless it says so.
    """
    if response_format is None or isinstance(response_format, Mapping):
        return None if response_format is None else dict(response_format)
    describe = getattr(response_format, "model_json_schema", None)
    if not callable(describe) or not isinstance(response_format, type):
        raise ValidationError(
            "response_format must be a pydantic class or an OpenAI response_format object, "
            f"got {quoted(response_format)}"
        )
    schema: Any = describe()
    schema.setdefault("additionalProperties", False)
    return {
        "type": "json_schema",
        "json_schema": {"name": response_format.__name__.lower(), "schema": schema, "strict": True},
    }


def function_tools(tools: Sequence[Any] | None) -> list[FunctionTool] | None:
    """Tools the model is offered, from models of this package, of the provider's package, or plain dicts."""
    import msgspec

    if tools is None:
        return None
    result = []
    for number, tool in enumerate(checked_texts(tools, "tools")):
        plain = tool.model_dump(mode="json") if hasattr(tool, "model_dump") else tool
        try:
            result.append(plain if isinstance(plain, FunctionTool) else msgspec.convert(plain, FunctionTool))
        except msgspec.ValidationError as error:
            raise ValidationError(
                f"tools[{number}] must look like {{'type': 'function', 'function': {{'name': …}}}}: {error}"
            ) from None
    return result


def tool_choice_of(choice: Any, tools: Sequence[Any] | None) -> ToolChoiceMode | NamedToolChoice | None:
    """How the model is to choose among its tools."""
    import msgspec

    if choice is None:
        return None
    if not tools:
        raise ValidationError(f"tool_choice={quoted(choice)} needs tools=…")
    plain = choice.model_dump(mode="json") if hasattr(choice, "model_dump") else choice
    try:
        decided: ToolChoiceMode | NamedToolChoice = (
            plain
            if isinstance(plain, NamedToolChoice)
            else msgspec.convert(plain, ToolChoiceMode | NamedToolChoice)
        )
    except msgspec.ValidationError as error:
        raise ValidationError(f"tool_choice {quoted(choice)} cannot be used: {error}") from None
    if isinstance(decided, OpenEnum) and not decided.is_known:
        raise ValidationError(
            f"tool_choice must be none, auto, required or a named function, not {quoted(choice)}"
        )
    if isinstance(decided, NamedToolChoice) and decided.type == "function" and decided.function is None:
        raise ValidationError(
            f"tool_choice {quoted(choice)} names no function: {{'function': {{'name': …}}}} is missing"
        )
    return decided
