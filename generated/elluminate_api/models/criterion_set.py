from __future__ import annotations

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class CriterionSet:
    """Named group of criteria.

    Attributes:
        id: Id of the criterion set.
        name: Name, unique in the project.
        linked_prompt_templates: Template versions that use this set when an experiment names none.
        criteria: Criteria in order of creation.
    """

    id: int
    name: str
    linked_prompt_templates: list[PromptTemplate] | None = None
    criteria: list[Criterion] | None = None

    __repr__ = one_line


from ..models.criterion import Criterion  # noqa: E402
from ..models.prompt_template import PromptTemplate  # noqa: E402
