from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class CreateCriteriaRequest:
    """Criteria to add, or to have generated. Exactly one of prompt_template_id and criterion_set_id is
    given.

    Attributes:
        prompt_template_id: Id of the template version whose linked set gets the criteria.
        criterion_set_id: Id of the set that gets the criteria.
        template_variables_id: Id of the row that the criteria are for. Null for all rows, which is what existing clients
            send.
        criteria: Criteria to store, at most 10000. Null has a model write them, which needs a template.
        delete_existing: Whether the present criteria of the set are removed first.
    """

    prompt_template_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    criterion_set_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    template_variables_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    criteria: Annotated[list[CriterionIn], Meta(max_length=10000)] | None = None
    delete_existing: bool = False

    __repr__ = one_line


from ..models.criterion_in import CriterionIn  # noqa: E402
