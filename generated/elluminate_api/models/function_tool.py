from __future__ import annotations

from typing import Literal

from attrs import define


@define(kw_only=True)
class FunctionTool:
    """Tool offered to the model.

    Attributes:
        function: Callable function offered to the model. The SDK sends all four keys.
    """

    type: Literal["function"]
    function: FunctionDefinition


from ..models.function_definition import FunctionDefinition  # noqa: E402
