from __future__ import annotations

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset


@define(kw_only=True)
class PromptTemplateConflictBody:
    """409 body of template creation.

    Attributes:
        prompt_template_id: Id of the template version that already has this identity. get-or-create fails when it is
            absent or null.
    """

    prompt_template_id: int
    detail: str | Unset = UNSET
