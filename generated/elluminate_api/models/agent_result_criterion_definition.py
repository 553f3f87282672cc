from __future__ import annotations

from attrs import define

from ..models.criterion_scope import CriterionScope
from ..types import one_line


@define(kw_only=True, repr=False)
class AgentResultCriterionDefinition:
    """Criterion as it was frozen for one task.

    Attributes:
        criterion_id: Id that verdicts name.
        label: Short name.
        scope: Where the criterion comes from.
        rendered_criterion_str: The question, filled from the row.
    """

    criterion_id: int
    label: str
    scope: CriterionScope
    rendered_criterion_str: str

    __repr__ = one_line
