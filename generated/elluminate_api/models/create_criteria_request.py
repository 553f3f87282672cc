from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta


@define(kw_only=True)
class CreateCriteriaRequest:
    """Adds or generates criteria. Exactly one of prompt_template_id and criterion_set_id is non-null;
    generation needs a template.

    Attributes:
        template_variables_id: The SDK always sends null.
        criteria: null asks the server to generate criteria with an LLM; an empty list together with
            delete_existing clears the set.
    """

    prompt_template_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    criterion_set_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    template_variables_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    criteria: Annotated[list[CriterionIn], Meta(max_length=10000)] | None = None
    delete_existing: bool = False


from ..models.criterion_in import CriterionIn  # noqa: E402
