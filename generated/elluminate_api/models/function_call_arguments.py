from __future__ import annotations

from attrs import define


@define(kw_only=True)
class FunctionCallArguments:
    """Name and arguments of a called function.

    Attributes:
        arguments: JSON text.
    """

    name: str
    arguments: str
