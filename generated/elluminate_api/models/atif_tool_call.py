from __future__ import annotations

from typing import Annotated, Any

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class ATIFToolCall:
    """Tool call of a step.

    Attributes:
        tool_call_id: Id of the call, unique in its step.
        function_name: Name of the called function.
        arguments: Arguments of the call.
        extra: Further information.
    """

    tool_call_id: Annotated[str, Meta(max_length=255)]
    function_name: Annotated[str, Meta(max_length=255)]
    arguments: dict[str, Any]
    extra: dict[str, Any] | None = None

    __repr__ = one_line
