from __future__ import annotations

from typing import Literal

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset


@define(kw_only=True)
class AssistantMessage:
    """Assistant turn. On responses sent by the SDK every listed key except name is present, null when
    unset. Unknown keys survive in responses.

    Attributes:
        content: Text, parts or null. Inside PromptResponse.messages only text or null parses.
        tool_calls: null is turned into an empty list on read.
        function_call: Legacy.
    """

    role: Literal["assistant"]
    content: str | list[ContentPart] | None = None
    refusal: str | None = None
    name: str | Unset = UNSET
    tool_calls: list[ToolCall] | None = None
    annotations: list[MessageAnnotation] | None = None
    audio: AssistantAudio | None = None
    function_call: FunctionCallArguments | None = None


from ..models.assistant_audio import AssistantAudio  # noqa: E402
from ..models.content_part import ContentPart  # noqa: E402
from ..models.function_call_arguments import FunctionCallArguments  # noqa: E402
from ..models.message_annotation import MessageAnnotation  # noqa: E402
from ..models.tool_call import ToolCall  # noqa: E402
