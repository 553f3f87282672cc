from __future__ import annotations

from typing import Any

from attrs import define


@define(kw_only=True)
class ATIFToolCall:
    """Tool call of a step.

    Attributes:
        arguments: Any JSON object.
    """

    tool_call_id: str
    function_name: str
    arguments: dict[str, Any]
    extra: dict[str, Any] | None = None
