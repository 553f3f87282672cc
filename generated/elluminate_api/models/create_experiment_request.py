from __future__ import annotations

from typing import Annotated, Any

from attrs import define
from msgspec import Meta

from ..models.evaluation_mode import EvaluationMode
from ..models.rating_mode import RatingMode


@define(kw_only=True)
class CreateExperimentRequest:
    """New experiment.

    Attributes:
        collection_id: Exactly one of this and scenario_set_id is set.
        criterion_set_id: null falls back to the template's linked set.
        llm_config_id: null uses the platform default.
        generate: true starts a background run at once.
        rating_mode: How much effort the judge spends. Both modes yield reasoning; some rating versions ignore
            it.
        rating_version: null uses the project default; latest is an alias; unknown keys are substituted, not
            refused.
        response_column_id: Column that already holds the answers; no LLM generation then, and one epoch.
        evaluation_mode: How an experiment produces and judges responses.
        persona_group_id: Required for MULTI_TURN, refused otherwise.
        scenario_set_id: Only with MULTI_TURN.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
    description: Annotated[str, Meta(max_length=10000)]
    prompt_template_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    collection_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    criterion_set_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    llm_config_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    generate: bool = False
    rating_mode: RatingMode = RatingMode.DETAILED
    n_epochs: Annotated[int, Meta(ge=1, le=1000)] = 1
    generation_params: GenerationParams | None = None
    rating_version: Annotated[str, Meta(max_length=100)] | None = None
    response_column_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    evaluation_mode: EvaluationMode = EvaluationMode.STANDARD
    agent_config: dict[str, Any] | None = None
    evaluation_agent_config: dict[str, Any] | None = None
    persona_group_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None
    scenario_set_id: Annotated[int, Meta(ge=1, le=9007199254740991)] | None = None


from ..models.generation_params import GenerationParams  # noqa: E402
