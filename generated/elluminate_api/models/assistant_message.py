from __future__ import annotations

from typing import Literal

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset

from ..types import one_line


@define(kw_only=True, repr=False)
class AssistantMessage:
    """Turn of the model. Further fields are kept. Existing clients store responses with every field of
    this schema except name, null where it has no value.

    Attributes:
        role: Always assistant.
        content: Text, a list of parts, or null when the model only called tools. Text or null in stored
            responses.
        refusal: Why the model declined, in its words.
        name: Name of the participant.
        tool_calls: Calls of tools, in order. Null means none.
        annotations: Notes on the message, for example sources.
        audio: The spoken answer.
        function_call: A called function in the provider's older form.
    """

    role: Literal["assistant"]
    content: str | list[ContentPart] | None = None
    refusal: str | None = None
    name: str | Unset = UNSET
    tool_calls: list[ToolCall] | None = None
    annotations: list[MessageAnnotation] | None = None
    audio: AssistantAudio | None = None
    function_call: FunctionCallArguments | None = None

    __repr__ = one_line


from ..models.assistant_audio import AssistantAudio  # noqa: E402
from ..models.content_part import ContentPart  # noqa: E402
from ..models.function_call_arguments import FunctionCallArguments  # noqa: E402
from ..models.message_annotation import MessageAnnotation  # noqa: E402
from ..models.tool_call import ToolCall  # noqa: E402
