from __future__ import annotations

from typing import Any

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class FunctionDefinition:
    """Function that a model may call. Existing clients send all four fields.

    Attributes:
        name: Name of the function.
        description: What the function does, for the model.
        parameters: JSON Schema of the arguments. Null means no arguments.
        strict: Whether the model has to keep to the schema exactly.
    """

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None

    __repr__ = one_line
