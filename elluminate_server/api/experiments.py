"""Experiments: read with their results, deleted."""

from elluminate_server.execution.deleting import delete_in_pieces
from elluminate_server.execution.leases import revoke_all
from elluminate_server.http.older_clients import readable
from elluminate_server.http.pages import page_of, paged
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.reading.experiments import experiments_of_project, load_experiment, load_experiments
from elluminate_server.reading.finding import find_experiment, see_experiment
from elluminate_server.reading.kept_results import ResultsKeeper
from elluminate_server.reading.results import parse_filters
from elluminate_server.reading.results_so_far import ResultsSoFar
from elluminate_server.store.tables import Experiment

PAGE_SIZE = 25
"""Most experiments of a page: each comes with numbers of every one of its responses."""


@operation("list_experiments")
async def list_experiments(call: Call) -> Answer:
    """Newest first."""
    asked = call.query
    query = experiments_of_project(call.project_id, asked)
    if asked["created_by_schedule_id"] is not None:
        # There are no schedules here, so that none made an experiment.
        query = query.where(Experiment.id == 0)
    size = min(PAGE_SIZE, call.settings.page_size)
    async with call.read() as session:
        rows, count = await page_of(call, session, query, Experiment.id.desc(), size=size)
        experiments = await load_experiments(session, rows, so_far=call.service(ResultsSoFar))
        call.service(ResultsKeeper).wish(experiments)
        return call.answer(paged(readable(call, experiments), count))


@operation("get_experiment")
async def get_experiment(call: Call) -> Answer:
    """One experiment; filters narrow its results."""
    filters = parse_filters(call.query["categorical_filters"])
    async with call.read() as session:
        row = await see_experiment(session, call.project_id, call.path["experiment_id"])
        experiment = await load_experiment(session, row, filters, call.service(ResultsSoFar))
        if not filters:
            call.service(ResultsKeeper).wish([experiment])
        return call.answer(readable(call, [experiment])[0])


@operation("delete_experiment")
async def delete_experiment(call: Call) -> Answer:
    """Revoke what runs, then delete everything that came of it."""
    async with call.write() as session:
        row = await find_experiment(session, call.project_id, call.path["experiment_id"])
        await revoke_all(session, row.id, f"Experiment {row.name!r} was deleted.")
        await delete_in_pieces(session, call.executor.process, row)
        call.on_commit(call.executor.wake)
        return call.answer()
