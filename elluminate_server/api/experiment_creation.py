"""Experiments as they are planned: what a run would lack is refused before anything is stored."""

from elluminate_api import models
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.http.problems import Invalid
from elluminate_server.reading.experiments import load_experiment
from elluminate_server.reading.finding import (
    find_collection,
    find_persona_group,
    find_prompt_template,
    find_scenario_set,
)
from elluminate_server.store.tables import Experiment
from elluminate_server.writing.frozen_tasks import check_agentic, freeze_tasks
from elluminate_server.writing.multi_turn_rules import check_goals, check_multi_turn, check_system_only
from elluminate_server.writing.naming import refuse_taken_experiment
from elluminate_server.writing.placeholders import check_template_placeholders
from elluminate_server.writing.planned_experiments import (
    add_standard,
    check_standard,
    start_if_asked,
    store_experiment,
)
from elluminate_server.writing.sampling import checked_params


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
    check_standard(request)
    async with call.write(is_short=True) as session:
        row = await add_standard(session, call.project_id, call.settings, request)
        return await _answer_started(call, session, request, row)


async def _answer_started(
    call: Call, session: AsyncSession, request: models.CreateExperimentRequest, row: Experiment
) -> Answer:
    """The experiment as it is answered, with its run if the request wants one at once."""
    await start_if_asked(session, call.executor.process, request, row)
    if request.generate:
        call.on_commit(call.executor.wake)
    return call.answer(await load_experiment(session, row))


async def _create_agentic(call: Call, request: models.CreateExperimentRequest) -> Answer:
    """Freeze tasks and criteria. Nothing runs here: results are uploaded."""
    collection_id = check_agentic(request)
    async with call.write() as session:
        await refuse_taken_experiment(session, call.project_id, request.name)
        collection = await find_collection(session, call.project_id, collection_id)
        row = await store_experiment(
            session,
            call.project_id,
            call.settings,
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
        await refuse_taken_experiment(session, call.project_id, request.name)
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
        row = await store_experiment(
            session,
            call.project_id,
            call.settings,
            request,
            collection,
            template,
            n_epochs=request.n_epochs,
            generation_params=params,
            persona_group_id=group.id,
        )
        return await _answer_started(call, session, request, row)
