from __future__ import annotations

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset

from ..models.tool_call_type import ToolCallType
from ..types import one_line


@define(kw_only=True, repr=False)
class ToolCall:
    """One call of a tool in an assistant message, in the shape of the OpenAI chat API. Further fields are
    kept.

    Attributes:
        id: Id of the call; a tool message answers it by this id.
        type: Which of the two fields below is present.
        function: The called function; present for type function.
        custom: The called custom tool; present for type custom.
    """

    id: str
    type: ToolCallType
    function: FunctionCallArguments | Unset = UNSET
    custom: CustomCallInput | Unset = UNSET

    __repr__ = one_line


from ..models.custom_call_input import CustomCallInput  # noqa: E402
from ..models.function_call_arguments import FunctionCallArguments  # noqa: E402
