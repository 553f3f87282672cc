"""Experiments as they are planned: what a run would lack is refused before anything is stored."""

from typing import Any

from elluminate_api import models
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.conversations import PROMPT_TYPES
from elluminate_server.execution.leases import Process
from elluminate_server.execution.queueing import add_experiment
from elluminate_server.http.problems import Invalid, NotFound
from elluminate_server.reading.finding import (
    find_collection,
    find_criterion_set,
    find_llm_config,
    find_prompt_template,
)
from elluminate_server.reading.loading import columns_of
from elluminate_server.settings import Settings
from elluminate_server.store.tables import Collection, CriterionSet, Experiment, PromptTemplate
from elluminate_server.writing.judges import judge_key
from elluminate_server.writing.naming import free_name, refuse_taken_experiment
from elluminate_server.writing.placeholders import check_criterion_placeholders, check_template_placeholders
from elluminate_server.writing.sampling import checked_params

__all__ = ["add_standard", "check_standard", "start_if_asked", "store_experiment"]

_ANSWER_COLUMNS = {models.ColumnType.TEXT, models.ColumnType.CATEGORY, models.ColumnType.JSON}


async def add_standard(
    session: AsyncSession, project_id: int, settings: Settings, request: models.CreateExperimentRequest
) -> Experiment:
    """Check that a run of a request that `check_standard` lets pass can work, and store its experiment.

    Args:
        session: The caller's write transaction.
        project_id: Where.
        settings: Of the server.
        request: What is asked for.

    Raises:
        Invalid: A run could not work. Names the field, and what is missing.
        NotFound: What it names is not in the project.
        Taken: The project has an experiment of that name.
    """
    params, n_epochs = checked_params(request.generation_params), request.n_epochs
    if request.response_column_id is not None:
        params, n_epochs = None, 1  # no model is asked, and the same answer twice is no second sample
    from_elsewhere = _checked_elsewhere(request)
    await refuse_taken_experiment(session, project_id, request.name)
    template = None
    if request.prompt_template_id is not None:
        template = await find_prompt_template(session, project_id, request.prompt_template_id)
    collection = await find_collection(session, project_id, request.collection_id or 0)
    has_answers = from_elsewhere or request.response_column_id is not None
    await _check_prompt(session, template, collection, has_answers=has_answers)
    if request.response_column_id is not None:
        await _check_response_column(session, collection, request.response_column_id)
    return await store_experiment(
        session,
        project_id,
        settings,
        request,
        collection,
        template,
        n_epochs=n_epochs,
        generation_params=params,
        response_column_id=request.response_column_id,
        answers_from_elsewhere=from_elsewhere,
    )


async def store_experiment(
    session: AsyncSession,
    project_id: int,
    settings: Settings,
    request: models.CreateExperimentRequest,
    collection: Collection,
    template: PromptTemplate | None,
    **of_its_mode: Any,
) -> Experiment:
    """The stored row: what experiments of every mode have, and what those of its own mode have besides.

    The criteria are those asked for, else those linked to the template, else none.
    """
    if request.llm_config_id is not None:
        await find_llm_config(session, project_id, request.llm_config_id)
    criterion_set_id = request.criterion_set_id
    if criterion_set_id is not None:
        await find_criterion_set(session, project_id, criterion_set_id)
    elif template is not None and template.criterion_set_id is not None:
        criterion_set_id = template.criterion_set_id
    else:
        criterion_set_id = await _create_empty_set(session, project_id, request.name)
    await check_criterion_placeholders(session, criterion_set_id, collection)
    row = Experiment(
        project_id=project_id,
        name=request.name,
        description=request.description,
        prompt_template_id=request.prompt_template_id,
        collection_id=collection.id,
        criterion_set_id=criterion_set_id,
        llm_config_id=request.llm_config_id,
        rating_version=judge_key(settings, request.rating_version),
        rating_mode=str(request.rating_mode),
        evaluation_mode=str(request.evaluation_mode),
        cache_seconds=request.cache_seconds or None,
        **of_its_mode,
    )
    session.add(row)
    await session.flush()
    return row


async def start_if_asked(
    session: AsyncSession, process: Process, request: models.CreateExperimentRequest, row: Experiment
) -> None:
    """Queue the run of an experiment if the request wants one at once; the executor has to be woken then.

    Args:
        session: The caller's write transaction.
        process: Of the executor.
        request: What was asked for.
        row: The experiment.
    """
    if request.generate:
        await add_experiment(
            session,
            process,
            row,
            rating_mode=row.rating_mode,
            n_epochs=row.n_epochs,
            generation_params=row.generation_params,
        )
    await session.flush()


def check_standard(request: models.CreateExperimentRequest) -> None:
    """Refuse what can be told from the request alone, before any transaction.

    Raises:
        Invalid: It has what only other evaluation modes have, no collection, or things that exclude each other.
    """
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
    if request.collection_id is None:
        raise Invalid("$.collection_id: an experiment needs a collection.")
    checked_params(request.generation_params)
    _checked_elsewhere(request)


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
            found = (
                f"$.prompt_template_id: an experiment over collection {collection.name!r} needs a prompt template: "
                "its rows have no prompts of their own, in a raw_input or conversation column."
            )
            raise Invalid(
                f"{found} Where a column holds the answers already, name it as response_column_id.",
                in_browser=f"$.prompt_template_id: the rows of collection {collection.name!r} hold no prompts of "
                "their own. Choose a template.",
            )
        return
    if own is not None and own.column_type == models.ColumnType.RAW_INPUT:
        found = (
            f"$.prompt_template_id: the rows of collection {collection.name!r} are sent as they stand in the"
        )
        so = f"column {own.name!r}, so that there is no place for a template."
        raise Invalid(
            f"{found} raw_input {so} Leave the template out.",
            in_browser=f"{found} {so} Choose none.",
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
