from __future__ import annotations

from typing import Any

from attrs import define

from ..models.uce_response_format_hint_type_0 import UCEResponseFormatHintType0
from ..types import one_line


@define(kw_only=True, repr=False)
class UCEResponseFormat:
    """Response format inside a conversation.

    Attributes:
        json_schema: JSON Schema of the answer itself, without the wrapper that the OpenAI chat API puts around
            it.
        hint: Loose format where there is no schema.
    """

    json_schema: dict[str, Any] | None = None
    hint: UCEResponseFormatHintType0 | None = None

    __repr__ = one_line
