"""Experiments as they are planned: what a run would lack is refused before anything is stored."""

from typing import Any

from elluminate_api import models
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.conversations import PROMPT_TYPES
from elluminate_server.execution.queueing import add_experiment
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.http.problems import Invalid, NotFound
from elluminate_server.reading.experiments import load_experiment
from elluminate_server.reading.finding import (
    find_collection,
    find_criterion_set,
    find_llm_config,
    find_persona_group,
    find_prompt_template,
    find_scenario_set,
)
from elluminate_server.reading.loading import columns_of
from elluminate_server.store.tables import Collection, CriterionSet, Experiment, PromptTemplate
from elluminate_server.writing.frozen_tasks import check_agentic, freeze_tasks
from elluminate_server.writing.judges import judge_key
from elluminate_server.writing.multi_turn_rules import check_goals, check_multi_turn, check_system_only
from elluminate_server.writing.naming import free_name, refuse_taken
from elluminate_server.writing.placeholders import check_criterion_placeholders, check_template_placeholders
from elluminate_server.writing.sampling import checked_params

_ANSWER_COLUMNS = {models.ColumnType.TEXT, models.ColumnType.CATEGORY, models.ColumnType.JSON}


@operation("create_experiment")
async def create_experiment(call: Call) -> Answer:
    """Check that a run can work, store it, and start it when asked to."""
    request = call.decode(models.CreateExperimentRequest)
    if request.answers_from_elsewhere and request.evaluation_mode != models.EvaluationMode.STANDARD:
        raise Invalid(
            "$.answers_from_elsewhere: only experiments with evaluation_mode STANDARD have it; results of agents are "
            "always uploaded."
        )
    if request.evaluation_mode == models.EvaluationMode.AGENTIC:
        return await _create_agentic(call, request)
    if request.evaluation_mode == models.EvaluationMode.MULTI_TURN:
        return await _create_multi_turn(call, request)
    _check_standard(request)
    if request.collection_id is None:
        raise Invalid("$.collection_id: an experiment needs a collection.")
    params, n_epochs = checked_params(request.generation_params), request.n_epochs
    if request.response_column_id is not None:
        params, n_epochs = None, 1  # no model is asked, and the same answer twice is no second sample
    from_elsewhere = _checked_elsewhere(request)
    async with call.write() as session:
        await _refuse_taken(session, call.project_id, request.name)
        template = None
        if request.prompt_template_id is not None:
            template = await find_prompt_template(session, call.project_id, request.prompt_template_id)
        collection = await find_collection(session, call.project_id, request.collection_id)
        has_answers = from_elsewhere or request.response_column_id is not None
        await _check_prompt(session, template, collection, has_answers=has_answers)
        if request.response_column_id is not None:
            await _check_response_column(session, collection, request.response_column_id)
        row = await _store_experiment(
            call,
            session,
            request,
            collection,
            template,
            n_epochs=n_epochs,
            generation_params=params,
            response_column_id=request.response_column_id,
            answers_from_elsewhere=from_elsewhere,
        )
        return await _start_if_asked(call, session, request, row)


async def _create_agentic(call: Call, request: models.CreateExperimentRequest) -> Answer:
    """Freeze tasks and criteria. Nothing runs here: results are uploaded."""
    collection_id = check_agentic(request)
    async with call.write() as session:
        await _refuse_taken(session, call.project_id, request.name)
        collection = await find_collection(session, call.project_id, collection_id)
        row = await _store_experiment(
            call,
            session,
            request,
            collection,
            None,
            agent_config=request.agent_config,
            evaluation_agent_config=request.evaluation_agent_config,
        )
        await freeze_tasks(session, row, collection)
        return call.answer(await load_experiment(session, row))


async def _create_multi_turn(call: Call, request: models.CreateExperimentRequest) -> Answer:
    """Every persona of a group talks about every row; started when asked to."""
    group_id = check_multi_turn(request)
    params = checked_params(request.generation_params)
    async with call.write() as session:
        await _refuse_taken(session, call.project_id, request.name)
        if request.scenario_set_id is not None:
            collection = await find_scenario_set(session, call.project_id, request.scenario_set_id)
        else:
            collection = await find_collection(session, call.project_id, request.collection_id or 0)
        await check_goals(session, collection)
        group = await find_persona_group(session, call.project_id, group_id)
        template = None
        if request.prompt_template_id is not None:
            template = await find_prompt_template(session, call.project_id, request.prompt_template_id)
            check_system_only(template)
            await check_template_placeholders(session, template, collection)
        row = await _store_experiment(
            call,
            session,
            request,
            collection,
            template,
            n_epochs=request.n_epochs,
            generation_params=params,
            persona_group_id=group.id,
        )
        return await _start_if_asked(call, session, request, row)


async def _store_experiment(
    call: Call,
    session: AsyncSession,
    request: models.CreateExperimentRequest,
    collection: Collection,
    template: PromptTemplate | None,
    **of_its_mode: Any,
) -> Experiment:
    """The stored row: what experiments of every mode have, and what those of its own mode have besides.

    The criteria are those asked for, else those linked to the template, else none.
    """
    if request.llm_config_id is not None:
        await find_llm_config(session, call.project_id, request.llm_config_id)
    criterion_set_id = request.criterion_set_id
    if criterion_set_id is not None:
        await find_criterion_set(session, call.project_id, criterion_set_id)
    elif template is not None and template.criterion_set_id is not None:
        criterion_set_id = template.criterion_set_id
    else:
        criterion_set_id = await _create_empty_set(session, call.project_id, request.name)
    await check_criterion_placeholders(session, criterion_set_id, collection)
    row = Experiment(
        project_id=call.project_id,
        name=request.name,
        description=request.description,
        prompt_template_id=request.prompt_template_id,
        collection_id=collection.id,
        criterion_set_id=criterion_set_id,
        llm_config_id=request.llm_config_id,
        rating_version=judge_key(call.settings, request.rating_version),
        rating_mode=str(request.rating_mode),
        evaluation_mode=str(request.evaluation_mode),
        cache_seconds=request.cache_seconds or None,
        **of_its_mode,
    )
    session.add(row)
    await session.flush()
    return row


async def _start_if_asked(
    call: Call, session: AsyncSession, request: models.CreateExperimentRequest, row: Experiment
) -> Answer:
    """The experiment as it is answered, with its run if the request wants one at once."""
    if request.generate:
        await add_experiment(
            session,
            call.executor.process,
            row,
            rating_mode=row.rating_mode,
            n_epochs=row.n_epochs,
            generation_params=row.generation_params,
        )
        call.on_commit(call.executor.wake)
    await session.flush()
    return call.answer(await load_experiment(session, row))


def _check_standard(request: models.CreateExperimentRequest) -> None:
    """Refuse what only the other evaluation modes have."""
    for field, given in (
        ("scenario_set_id", request.scenario_set_id),
        ("persona_group_id", request.persona_group_id),
    ):
        if given is not None:
            raise Invalid(f"$.{field}: only experiments with evaluation_mode MULTI_TURN have it.")
    for name, config in (
        ("agent_config", request.agent_config),
        ("evaluation_agent_config", request.evaluation_agent_config),
    ):
        if config is not None:
            raise Invalid(f"$.{name}: only experiments with evaluation_mode AGENTIC have it.")


def _checked_elsewhere(request: models.CreateExperimentRequest) -> bool:
    """Whether the answers are uploaded; refused together with what would have others come."""
    if not request.answers_from_elsewhere:
        return False
    for field, given in (
        ("generate", request.generate),
        ("response_column_id", request.response_column_id is not None),
        ("generation_params", request.generation_params is not None),
    ):
        if given:
            raise Invalid(
                f"$.{field}: all answers of the experiment are uploaded, as $.answers_from_elsewhere says, and no "
                "model is asked. Leave one of the two out."
            )
    return True


async def _refuse_taken(session: AsyncSession, project_id: int, name: str) -> None:
    await refuse_taken(session, project_id, Experiment, "an experiment", name)


async def _check_prompt(
    session: AsyncSession, template: PromptTemplate | None, collection: Collection, *, has_answers: bool
) -> None:
    """Refuse an experiment whose rows have no prompt, or two, or a placeholder without a column.

    Answers that are there already need no prompt.
    """
    present = await columns_of(session, collection.id)
    own = next((column for column in present if column.column_type in PROMPT_TYPES), None)
    if template is None:
        if own is None and not has_answers:
            raise Invalid(
                f"$.prompt_template_id: an experiment over collection {collection.name!r} needs a prompt template: "
                "its rows have no prompts of their own, in a raw_input or conversation column. Where a column holds "
                "the answers already, name it as response_column_id."
            )
        return
    if own is not None and own.column_type == models.ColumnType.RAW_INPUT:
        raise Invalid(
            f"$.prompt_template_id: the rows of collection {collection.name!r} are sent as they stand in the raw_input "
            f"column {own.name!r}, so that there is no place for a template. Leave the template out."
        )
    await check_template_placeholders(session, template, collection)


async def _check_response_column(session: AsyncSession, collection: Collection, column_id: int) -> None:
    columns = await columns_of(session, collection.id)
    column = next((column for column in columns if column.id == column_id), None)
    if column is None:
        raise NotFound(f"column in collection {collection.id} with id", column_id)
    if column.column_type not in _ANSWER_COLUMNS:
        raise Invalid(
            f"$.response_column_id: column {column.name!r} is a {column.column_type} column and holds no answers; "
            f"those can do: {', '.join(sorted(_ANSWER_COLUMNS))}."
        )


async def _create_empty_set(session: AsyncSession, project_id: int, name: str) -> int:
    row = CriterionSet(project_id=project_id, name=await free_name(session, project_id, CriterionSet, name))
    session.add(row)
    await session.flush()
    return row.id
