from __future__ import annotations

from attrs import define

from ..models.criterion_scope import CriterionScope


@define(kw_only=True)
class AgentResultCriterionDefinition:
    """Frozen criterion of a task.

    Attributes:
        scope: Where a frozen criterion comes from.
    """

    criterion_id: int
    label: str
    scope: CriterionScope
    rendered_criterion_str: str
