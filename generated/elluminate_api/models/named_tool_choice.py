from __future__ import annotations

from attrs import define

from ..models.named_tool_choice_type import NamedToolChoiceType
from ..types import one_line


@define(kw_only=True, repr=False)
class NamedToolChoice:
    """Tool that the model has to call.

    Attributes:
        type: Kind of the tool.
        function: The function; given for type function.
    """

    type: NamedToolChoiceType
    function: ToolChoiceFunction | None = None

    __repr__ = one_line


from ..models.tool_choice_function import ToolChoiceFunction  # noqa: E402
