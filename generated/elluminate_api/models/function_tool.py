from __future__ import annotations

from typing import Literal

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class FunctionTool:
    """Tool that is offered to a model. Calls are recorded and can be rated; no server runs them.

    Attributes:
        type: Always function.
        function: The function.
    """

    type: Literal["function"]
    function: FunctionDefinition

    __repr__ = one_line


from ..models.function_definition import FunctionDefinition  # noqa: E402
