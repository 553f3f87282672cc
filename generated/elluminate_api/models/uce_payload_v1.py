from __future__ import annotations

from typing import Literal

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class UCEPayloadV1:
    """Value in a conversation column. It travels inside the values of a row, never on its own.

    Attributes:
        input: The conversation.
        schema_version: Always elluminate.uce/1.
    """

    input: UCEInput
    schema_version: Literal["elluminate.uce/1"] = "elluminate.uce/1"

    __repr__ = one_line


from ..models.uce_input import UCEInput  # noqa: E402
