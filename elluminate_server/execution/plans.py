"""What a run needs to know of an experiment: template, model and criteria, read once when it begins."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from elluminate_api.models import EvaluationMode
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.conversations import PROMPT_TYPES
from elluminate_server.domain.verdicts import applicable
from elluminate_server.execution.moments import run_asked_at
from elluminate_server.llm.gates import Caller
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.offline import OfflineModel
from elluminate_server.llm.providers import Models
from elluminate_server.llm.types import Model, ModelError
from elluminate_server.store.sealing import opened
from elluminate_server.store.secret_keys import SecretKeyError
from elluminate_server.store.tables import (
    CollectionColumn,
    Criterion,
    Experiment,
    LLMConfig,
    PromptTemplate,
)

__all__ = ["CriterionPlan", "Plan", "answering_model", "judging_model", "load_plan"]

MOCK_RATING_VERSION = "mock"
"""The rating version that never calls a model: the offline judge rates."""


@attrs.frozen
class CriterionPlan:
    """A criterion to judge by.

    Attributes:
        id: Its id.
        text: Its wording, placeholders not yet replaced.
        label: Its label.
        filled: The wording with its placeholders replaced, where that was frozen; None where it is done now.
        rule: What decides it, of `domain.checks`; None where a judge does.
    """

    id: int
    text: str
    label: str
    filled: str | None = None
    rule: Mapping[str, Any] | None = attrs.field(default=None, eq=False)


@attrs.frozen
class DatedCriterion:
    """A criterion, and when its set had it: what `domain.verdicts.applicable` chooses by."""

    plan: CriterionPlan
    entry_id: int | None
    created_at: datetime.datetime
    superseded_at: datetime.datetime | None


@attrs.frozen(kw_only=True)
class Plan:
    """How the answers of one experiment are made and judged.

    Attributes:
        experiment_id: The experiment.
        project_id: Its project.
        collection_id: Its collection.
        template_id: The template version; None when its responses come from elsewhere.
        template_messages: The template's messages; None without a template.
        tools: The template's tools.
        tool_choice: Which of them the model has to use.
        response_format: The form of the answer.
        defaults: Column name to the value of a missing cell.
        config: LLM config with the experiment's overrides; None for the server's default model.
        config_problem: Why the LLM config cannot be used; None where it can.
        generation_params: The experiment's overrides.
        criteria: The set's, in its order, those included that were edited or taken out since.
        run_asked_at: When the run was asked for: the moment whose criteria its answers are judged by.
        rating_version: The experiment's judge.
        response_column: Column that holds the answers; None when the model gives them.
        is_conversation: Whether personas talk with the model.
        prompt_column: Column that holds the rows' own prompts; None when the template alone is the prompt.
        prompt_type: What that column holds: raw_input or conversation.
        cache_seconds: How old answers to equal calls may be that are taken; None where none are taken, nor kept.
        answers_from_elsewhere: Whether its answers are uploaded, and no model is asked.
    """

    experiment_id: int
    project_id: int
    collection_id: int
    template_id: int | None
    template_messages: Sequence[Mapping[str, Any]] | None
    tools: list[dict[str, Any]] | None
    tool_choice: str | dict[str, Any] | None
    response_format: dict[str, Any] | None
    defaults: Mapping[str, str]
    config: ModelConfig | None
    generation_params: Mapping[str, Any]
    criteria: Sequence[DatedCriterion]
    run_asked_at: datetime.datetime | None
    rating_version: str | None
    response_column: str | None = None
    is_conversation: bool = False
    prompt_column: str | None = None
    prompt_type: str | None = None
    cache_seconds: int | None = None
    config_problem: str | None = None
    answers_from_elsewhere: bool = False

    @property
    def has_prompts(self) -> bool:
        """Whether anything says what the answers answer: nothing need, where they are there already."""
        return self.template_messages is not None or self.prompt_column is not None

    def criteria_for(self, entry_id: int, moment: datetime.datetime | None) -> Sequence[CriterionPlan]:
        """What an answer to a row is judged by: the criteria of all rows, then the row's own.

        Args:
            entry_id: The row.
            moment: When the set had them; None for those that it has now.
        """
        found = applicable(self.criteria, entry_id, moment)
        return [each.plan for each in sorted(found, key=lambda criterion: criterion.entry_id is not None)]


async def load_plan(
    session: AsyncSession, experiment_id: int, *, llm_config_id: int | None = None
) -> Plan | None:
    """The plan of an experiment, or None when it is not there any more.

    Args:
        session: Where to read.
        experiment_id: The experiment.
        llm_config_id: Another LLM config than the experiment's.
    """
    experiment = await session.get(Experiment, experiment_id)
    if experiment is None or experiment.deleted_at is not None:
        return None
    template = None
    if experiment.prompt_template_id is not None:
        template = await session.get_one(PromptTemplate, experiment.prompt_template_id)
    config_id = llm_config_id if llm_config_id is not None else experiment.llm_config_id
    config, problem = (None, None) if config_id is None else await _load_config(session, config_id)
    columns = (
        await session.scalars(
            select(CollectionColumn)
            .where(CollectionColumn.collection_id == experiment.collection_id)
            .order_by(CollectionColumn.position)
        )
    ).all()
    criteria = await session.scalars(
        select(Criterion)
        .where(Criterion.criterion_set_id == experiment.criterion_set_id)
        .order_by(Criterion.position, Criterion.id)
    )
    prompt = None
    if experiment.evaluation_mode != EvaluationMode.MULTI_TURN:
        prompt = next((column for column in columns if column.column_type in PROMPT_TYPES), None)
    params = experiment.generation_params or {}
    return Plan(
        experiment_id=experiment_id,
        project_id=experiment.project_id,
        collection_id=experiment.collection_id,
        template_id=None if template is None else template.id,
        template_messages=None if template is None else template.messages,
        tools=None if template is None else template.tools,
        tool_choice=None if template is None else template.tool_choice,
        response_format=None if template is None else template.response_format,
        defaults={column.name: column.default_value for column in columns},
        config=None if config is None else config.with_overrides(params),
        generation_params=params,
        criteria=[
            DatedCriterion(
                CriterionPlan(row.id, row.criterion_str, row.label, rule=row.rule),
                row.entry_id,
                row.created_at,
                row.superseded_at,
            )
            for row in criteria
        ],
        run_asked_at=await session.scalar(select(run_asked_at(experiment_id))),
        rating_version=experiment.rating_version,
        response_column=_response_column(experiment, columns),
        is_conversation=experiment.evaluation_mode == EvaluationMode.MULTI_TURN,
        prompt_column=None if prompt is None else prompt.name,
        prompt_type=None if prompt is None else prompt.column_type,
        cache_seconds=experiment.cache_seconds,
        answers_from_elsewhere=bool(experiment.answers_from_elsewhere),
        config_problem=problem,
    )


async def _load_config(session: AsyncSession, config_id: int) -> tuple[ModelConfig, None] | tuple[None, str]:
    """An LLM config, or why it cannot be used."""
    row = await session.get_one(LLMConfig, config_id)
    try:
        return ModelConfig.from_contract(opened(session, row)), None
    except SecretKeyError as error:
        return None, f"LLM config {row.name!r} cannot be used. {error.told}"


def _response_column(experiment: Experiment, columns: Sequence[CollectionColumn]) -> str | None:
    if experiment.response_column_id is None:
        return None
    # A column that was removed since is asked for all the same: each row then says that it has no answer.
    names = (column.name for column in columns if column.id == experiment.response_column_id)
    return next(names, f"(removed column {experiment.response_column_id})")


def answering_model(models: Models, plan: Plan, caller: Caller) -> Model:
    """The model that answers, asked by the caller.

    Raises:
        ModelError: The LLM config cannot be used.
    """
    if plan.config_problem is not None:
        raise ModelError(plan.config_problem, is_hopeless=True)
    if plan.config is not None:
        return models.model_for(plan.config, caller)
    default = models.model_for(None, caller)
    if isinstance(default, OfflineModel) or not plan.generation_params:
        return default
    return models.model_for(default.config.with_overrides(plan.generation_params), caller)


def judging_model(models: Models, plan: Plan, caller: Caller) -> Model:
    """The model that judges, asked by the caller."""
    return OfflineModel() if plan.rating_version == MOCK_RATING_VERSION else models.judge_model(caller)
