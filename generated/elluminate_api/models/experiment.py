from __future__ import annotations

import datetime
from typing import Any

from attrs import define, field

from ..models.evaluation_mode import EvaluationMode
from ..types import one_line


@define(kw_only=True, repr=False)
class Experiment:
    """A template version run over a collection, answered by a model and judged by a criterion set.

    Attributes:
        id: Id of the experiment.
        name: Name, unique in the project.
        collection: The collection, without rows. For a scenario set experiment, its set in this shape. Never
            null.
        criterion_set: The criterion set. Never null; it may be empty.
        llm_config: The LLM config that answers. Always present; null means the server's default model.
        created_at: When the experiment was created.
        updated_at: When the experiment last changed.
        description: What the experiment is for.
        prompt_template: The template version. Null where the rows hold the prompt, and for agents.
        rating_version: The judge that is used, also when another one was asked for.
        rated_responses: For readers to fill from the list of responses; a server leaves it empty.
        generation_task_id: Id of the current task. Null when nothing is running.
        has_internal_error: True when the last task ended by a fault.
        generation_params: Sampling of this experiment.
        n_epochs: Number of runs over the collection.
        response_column_id: Id of the column that holds the answers, where they are not generated.
        results: Aggregates. Null before the first run.
        logs: Log of the last run, lines separated by line feeds.
        evaluation_mode: How the responses come about.
        agent_config: Settings of the agent under test.
        evaluation_agent_config: Settings of the agent that judges trajectories.
        dropped_trajectories: Number of responses whose uploaded trajectory was not valid.
        cache_seconds: How old an equal call's answer may be that is taken instead of asking. Null takes none.
        answers_from_elsewhere: Whether its answers are uploaded, and no model is asked for any.
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
    cache_seconds: int | None = None
    answers_from_elsewhere: bool | None = None

    __repr__ = one_line


from ..models.criterion_set import CriterionSet  # noqa: E402
from ..models.experiment_results import ExperimentResults  # noqa: E402
from ..models.generation_params import GenerationParams  # noqa: E402
from ..models.llm_config import LLMConfig  # noqa: E402
from ..models.prompt_response import PromptResponse  # noqa: E402
from ..models.prompt_template import PromptTemplate  # noqa: E402
from ..models.template_variables_collection import TemplateVariablesCollection  # noqa: E402
