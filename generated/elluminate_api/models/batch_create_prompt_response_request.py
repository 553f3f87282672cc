from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class BatchCreatePromptResponseRequest:
    """Responses to store or to generate in one background task.

    Attributes:
        prompt_response_ins: The responses, at most 100000.
    """

    prompt_response_ins: Annotated[list[CreatePromptResponseRequest], Meta(max_length=100000)]

    __repr__ = one_line


from ..models.create_prompt_response_request import CreatePromptResponseRequest  # noqa: E402
