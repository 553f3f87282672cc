from __future__ import annotations

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class ExperimentMapSample:
    """The responses to one row, by one persona where there are several.

    Attributes:
        template_variables_id: Id of the row.
        responses: Summaries in order of epoch.
        persona: The persona. Null outside multi-turn experiments.
    """

    template_variables_id: int
    responses: list[ExperimentMapResponse]
    persona: PersonaMinimal | None = None

    __repr__ = one_line


from ..models.experiment_map_response import ExperimentMapResponse  # noqa: E402
from ..models.persona_minimal import PersonaMinimal  # noqa: E402
