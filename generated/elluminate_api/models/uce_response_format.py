from __future__ import annotations

from typing import Any

from attrs import define

from ..models.uce_response_format_hint_type_0 import UCEResponseFormatHintType0


@define(kw_only=True)
class UCEResponseFormat:
    """Response format inside a conversation envelope. The schema key on the wire is json_schema.

    Attributes:
        json_schema: Bare JSON schema, without OpenAI's wrapper.
    """

    json_schema: dict[str, Any] | None = None
    hint: UCEResponseFormatHintType0 | None = None
