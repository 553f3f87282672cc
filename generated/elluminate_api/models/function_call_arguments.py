from __future__ import annotations

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class FunctionCallArguments:
    """Function that a model called.

    Attributes:
        name: Name of the function.
        arguments: Arguments as JSON text, as the model wrote it; it need not be valid.
    """

    name: str
    arguments: str

    __repr__ = one_line
