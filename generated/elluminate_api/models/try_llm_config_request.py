from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class TryLLMConfigRequest:
    """What to ask the model of an LLM config.

    Attributes:
        prompt: The question, 1 to 10000 characters, not only blanks.
    """

    prompt: Annotated[str, Meta(min_length=1, max_length=10000, pattern=r"\S")] = (
        "Reply with the one word: OK"
    )

    __repr__ = one_line
