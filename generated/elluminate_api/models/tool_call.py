from __future__ import annotations

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset

from ..models.tool_call_type import ToolCallType


@define(kw_only=True)
class ToolCall:
    """OpenAI tool call.

    Attributes:
        function: Name and arguments of a called function.
        custom: Name and free-text input of a called custom tool.
    """

    id: str
    type: ToolCallType
    function: FunctionCallArguments | Unset = UNSET
    custom: CustomCallInput | Unset = UNSET


from ..models.custom_call_input import CustomCallInput  # noqa: E402
from ..models.function_call_arguments import FunctionCallArguments  # noqa: E402
