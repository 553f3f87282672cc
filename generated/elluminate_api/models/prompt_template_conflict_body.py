from __future__ import annotations

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset

from ..types import one_line


@define(kw_only=True, repr=False)
class PromptTemplateConflictBody:
    """Body of the 409 that creating a prompt template answers.

    Attributes:
        prompt_template_id: Id of the version that already has this content. Always present.
        detail: What was wrong.
    """

    prompt_template_id: int
    detail: str | Unset = UNSET

    __repr__ = one_line
