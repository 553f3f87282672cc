from __future__ import annotations

from typing import Any

from attrs import define


@define(kw_only=True)
class FunctionDefinition:
    """Callable function offered to the model. The SDK sends all four keys.

    Attributes:
        parameters: JSON schema of the arguments.
    """

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
