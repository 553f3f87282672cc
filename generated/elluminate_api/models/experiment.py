from __future__ import annotations

import datetime
from typing import Any

from attrs import define, field

from ..models.evaluation_mode import EvaluationMode


@define(kw_only=True)
class Experiment:
    """Evaluation run. Even a MULTI_TURN one needs a collection object here.

    Attributes:
        collection: Set of test cases, without its rows.
        criterion_set: Named group of criteria.
        llm_config: Key must be present.
        rating_version: Judge actually used, after any substitution.
        rated_responses: The SDK fills this itself from the responses list; run and retry answers carry none.
        generation_task_id: Set while generation or evaluation runs, null otherwise.
        evaluation_mode: How an experiment produces and judges responses.
        dropped_trajectories: Responses whose uploaded trajectory was rejected.
    """

    id: int
    name: str
    collection: TemplateVariablesCollection
    criterion_set: CriterionSet
    llm_config: LLMConfig | None
    created_at: datetime.datetime
    updated_at: datetime.datetime
    description: str | None = None
    prompt_template: PromptTemplate | None = None
    rating_version: str | None = None
    rated_responses: list[PromptResponse] = field(factory=list)
    generation_task_id: str | None = None
    has_internal_error: bool = False
    generation_params: GenerationParams | None = None
    n_epochs: int | None = None
    response_column_id: int | None = None
    results: ExperimentResults | None = None
    logs: str | None = None
    evaluation_mode: EvaluationMode = EvaluationMode.STANDARD
    agent_config: dict[str, Any] | None = None
    evaluation_agent_config: dict[str, Any] | None = None
    dropped_trajectories: int = 0


from ..models.criterion_set import CriterionSet  # noqa: E402
from ..models.experiment_results import ExperimentResults  # noqa: E402
from ..models.generation_params import GenerationParams  # noqa: E402
from ..models.llm_config import LLMConfig  # noqa: E402
from ..models.prompt_response import PromptResponse  # noqa: E402
from ..models.prompt_template import PromptTemplate  # noqa: E402
from ..models.template_variables_collection import TemplateVariablesCollection  # noqa: E402
