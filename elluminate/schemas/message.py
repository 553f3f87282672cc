"""Messages of responses, which read as dicts and as objects."""

from __future__ import annotations

from typing import Any

_OF_THE_MODEL = frozenset({"content", "refusal", "annotations", "audio", "function_call", "tool_calls"})


class ResponseMessage(dict[str, Any]):
    """A chat message as a dict whose keys can be read as attributes too, as those of OpenAI's classes can.

    What the model did not say is None as an attribute, whether the server sent the key or not.

    Example:
        >>> message = ResponseMessage({"role": "assistant", "content": "Yes."})
        >>> message.content, message["content"], message.tool_calls
        ('Yes.', 'Yes.', None)
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return _readable(self[name])
        if name in _OF_THE_MODEL and self.get("role") == "assistant":
            return None
        raise AttributeError(
            f"the message has no {name!r}; it has {', '.join(map(str, self))}", name=name, obj=self
        )


def _readable(value: Any) -> Any:
    """The same, with dicts as messages are; tool calls are lists of them."""
    if isinstance(value, dict):
        return ResponseMessage(value)
    if isinstance(value, list):
        return [_readable(item) for item in value]
    return value
