from __future__ import annotations

from typing import Literal

from attrs import define


@define(kw_only=True)
class UCEPayloadV1:
    """Value stored in a conversation column. Never a request of its own; it sits inside input_values.

    Attributes:
        input: Conversation carried by one row.
    """

    input: UCEInput
    schema_version: Literal["elluminate.uce/1"] = "elluminate.uce/1"


from ..models.uce_input import UCEInput  # noqa: E402
