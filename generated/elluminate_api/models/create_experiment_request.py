from __future__ import annotations

from typing import Annotated, Any

from attrs import define
from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset

from ..models.evaluation_mode import EvaluationMode
from ..models.rating_mode import RatingMode
from ..types import one_line


@define(kw_only=True, repr=False)
class CreateExperimentRequest:
    """An experiment to create.

    Attributes:
        name: Name, unique in the project. 1 to 255 characters, not only blanks.
        description: What the experiment is for. At most 10000 characters.
        prompt_template_id: Id of the template version. Null where the rows hold the prompt, or answers to an unknown
            one, and for AGENTIC.
        collection_id: Id of the collection. Exactly one of this and scenario_set_id is given.
        criterion_set_id: Id of the criterion set. Null means the one that is linked to the template.
        llm_config_id: Id of the LLM config that answers. Null means the server's default model.
        generate: Whether the run starts at once.
        rating_mode: Effort of the judge.
        n_epochs: Number of runs over the collection, 1 to 1000.
        generation_params: Sampling of this experiment. Null leaves it to the LLM config.
        rating_version: Key of the judge, at most 100 characters. Null means the project's default, latest the
            newest stable one, mock none that calls a model. An unknown key is replaced by the default,
            not refused.
        response_column_id: Id of the column that already holds the answers. No model is called then.
        evaluation_mode: How the responses come about.
        agent_config: Settings of the agent under test.
        evaluation_agent_config: Settings of the agent that judges trajectories.
        persona_group_id: Id of the personas. Needed for MULTI_TURN, refused otherwise.
        scenario_set_id: Id of the scenario set. Only with MULTI_TURN.
        cache_seconds: Answers and verdicts are kept, and where a call is equal to one that was answered at most so
            many seconds before the run was asked for, that answer is taken and no model asked. Calls
            are equal when endpoint, model, messages and all parameters are, and the epoch is. A run
            never takes what it has asked for itself. Null keeps and takes none.
        answers_from_elsewhere: Whether all answers are uploaded, those that failed with their `error`. No model is ever
            asked for one, so that no template is needed; one that is given says what is answered. Only
            for STANDARD, and not together with `generate` or `response_column_id`.
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
    cache_seconds: Annotated[int, Meta(ge=1, le=3155760000)] | None | Unset = UNSET
    answers_from_elsewhere: bool | None | Unset = UNSET

    __repr__ = one_line


from ..models.generation_params import GenerationParams  # noqa: E402
