"""Chat messages: whether they have the contract's shape, and what text they hold.

The shapes are those of the OpenAI chat format as the contract writes them down (`ChatMessage` for templates
and prompts, `ResponseMessage` for answers). Unknown keys are allowed in both, as there.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from elluminate_server.domain.errors import DomainError
from elluminate_server.domain.shapes import explained

__all__ = ["InvalidMessageError", "check_messages", "response_text", "text_of"]


class InvalidMessageError(DomainError):
    """A message does not have the contract's shape.

    Attributes:
        path: JSON path of what is wrong, for example `$.messages[0].content`.
        reason: What is wrong there.
    """

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}")


def check_messages(
    messages: Sequence[Any], *, where: str = "$.messages", kind: Literal["chat", "response"] = "chat"
) -> None:
    """Check that decoded JSON is a list of chat messages.

    Args:
        messages: The decoded list.
        where: JSON path of the list, the start of the path in an error.
        kind: `chat` for templates and prompts (`ChatMessage`); `response` for answers (`ResponseMessage`),
            where developer and function roles and an assistant content in parts are refused.

    Raises:
        InvalidMessageError: With the JSON path of the first thing that is wrong.

    >>> check_messages([{"role": "user", "content": "Hello", "name": 1}])
    Traceback (most recent call last):
        ...
    elluminate_server.domain.messages.InvalidMessageError: $.messages[0].name: has to be a text, not 1
    """
    allowed: Any = _CHAT if kind == "chat" else _RESPONSE
    try:
        msgspec.convert(messages, type=allowed)
    except msgspec.ValidationError as error:
        roles = _CHAT_ROLES if kind == "chat" else _RESPONSE_ROLES
        path, reason = explained(error, messages, {"role": roles, **_CHOICES})
        raise InvalidMessageError(where + path.removeprefix("$"), reason) from None


def text_of(message: Mapping[str, Any]) -> str:
    """The text a message says: its content, its text parts on lines of their own, else its refusal.

    >>> text_of({"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]})
    'a\\nb'
    """
    content = message.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, Mapping)]
        return "\n".join(text for text in texts if isinstance(text, str))
    refusal = message.get("refusal")
    return refusal if isinstance(refusal, str) else ""


def assistant_message(text: str) -> dict[str, Any]:
    """An assistant message that says the text, with every key that such a message has on the wire.

    >>> assistant_message("Hi")["content"]
    'Hi'
    """
    unset = dict.fromkeys(("refusal", "annotations", "audio", "function_call", "tool_calls"))
    return {"role": "assistant", "content": text, **unset}


def response_text(messages: Sequence[Mapping[str, Any]]) -> str:
    """The text of the last assistant message; empty when there is none."""
    for message in reversed(messages):
        if message.get("role") == "assistant":
            return text_of(message)
    return ""


# One struct per schema of the contract; only their shapes are used, nothing is ever built from them.


class _ContentPart(msgspec.Struct):
    type: str
    text: str | msgspec.UnsetType = msgspec.UNSET


_Content = str | list[_ContentPart]


class _Function(msgspec.Struct):
    name: str
    arguments: str


class _Custom(msgspec.Struct):
    name: str
    input: str


class _ToolCall(msgspec.Struct):
    id: str
    type: Literal["function", "custom"]
    function: _Function | msgspec.UnsetType = msgspec.UNSET
    custom: _Custom | msgspec.UnsetType = msgspec.UNSET


class _UrlCitation(msgspec.Struct):
    start_index: int
    end_index: int
    title: str
    url: str


class _Annotation(msgspec.Struct):
    type: Literal["url_citation"]
    url_citation: _UrlCitation


class _Audio(msgspec.Struct):
    id: str
    data: str | msgspec.UnsetType = msgspec.UNSET
    expires_at: int | msgspec.UnsetType = msgspec.UNSET
    transcript: str | msgspec.UnsetType = msgspec.UNSET


class _CompleteAudio(msgspec.Struct):
    id: str
    data: str
    expires_at: int
    transcript: str


class _System(msgspec.Struct, tag_field="role", tag="system"):
    content: _Content
    name: str | msgspec.UnsetType = msgspec.UNSET


class _Developer(msgspec.Struct, tag_field="role", tag="developer"):
    content: _Content
    name: str | msgspec.UnsetType = msgspec.UNSET


class _User(msgspec.Struct, tag_field="role", tag="user"):
    content: _Content
    name: str | msgspec.UnsetType = msgspec.UNSET


class _AssistantKeys(msgspec.Struct):
    refusal: str | None = None
    name: str | msgspec.UnsetType = msgspec.UNSET
    tool_calls: list[_ToolCall] | None = None
    annotations: list[_Annotation] | None = None
    function_call: _Function | None = None


class _Assistant(_AssistantKeys, tag_field="role", tag="assistant"):
    content: _Content | None = None
    audio: _Audio | None = None


class _AnsweringAssistant(_AssistantKeys, tag_field="role", tag="assistant"):
    content: str | None = None
    audio: _CompleteAudio | None = None


class _Tool(msgspec.Struct, tag_field="role", tag="tool"):
    content: _Content
    tool_call_id: str


class _FunctionResult(msgspec.Struct, tag_field="role", tag="function"):
    name: str
    content: str | None


_CHOICES = {"tool_calls.type": ["function", "custom"], "annotations.type": ["url_citation"]}
_CHAT_ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_RESPONSE_ROLES = ("assistant", "tool", "user", "system")

_CHAT = list[_System | _Developer | _User | _Assistant | _Tool | _FunctionResult]
_RESPONSE = list[_AnsweringAssistant | _Tool | _User | _System]
