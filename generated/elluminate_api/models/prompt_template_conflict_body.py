from __future__ import annotations

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset


@define(kw_only=True)
class PromptTemplateConflictBody:
    """Body of the 409 that creating a prompt template answers.

    Attributes:
        prompt_template_id: Id of the version that already has this content. Always present.
        detail: What was wrong.
    """

    prompt_template_id: int
    detail: str | Unset = UNSET
