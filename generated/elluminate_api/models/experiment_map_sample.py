from __future__ import annotations

from attrs import define


@define(kw_only=True)
class ExperimentMapSample:
    """Responses sharing a row (and persona)."""

    template_variables_id: int
    responses: list[ExperimentMapResponse]
    persona: PersonaMinimal | None = None


from ..models.experiment_map_response import ExperimentMapResponse  # noqa: E402
from ..models.persona_minimal import PersonaMinimal  # noqa: E402
