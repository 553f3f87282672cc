"""What can be done about a run that goes wrong: retrying what failed, and cancelling."""

from elluminate_api.models import RetryFailedRequest
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.api.experiments import load_experiment
from elluminate_server.api.finding import find_experiment
from elluminate_server.api.http import Answer, Call, operation
from elluminate_server.api.problems import Conflict
from elluminate_server.api.rating_versions import judge_key
from elluminate_server.api.runs import executor_of
from elluminate_server.execution.leases import revoke
from elluminate_server.execution.retrying import failed_responses, with_notes
from elluminate_server.store.tables import Experiment

SHOWN = 10
"""Most ids that a refusal names."""


@operation("retry_failed_experiment")
async def retry_failed_experiment(call: Call) -> Answer:
    """Generate failed responses again; without one, the unchanged experiment."""
    request = call.decode(RetryFailedRequest)
    executor = executor_of(call)
    async with call.write() as session:
        experiment = await _locked(session, call)
        _refuse_what_cannot_generate(experiment)
        failed = await failed_responses(session, experiment.id)
        if failed:
            if not request.discard_annotations:
                await _refuse_notes(session, experiment)
            await executor.enqueue_retry(session, experiment, failed, rating_mode=request.rating_mode.value)
            experiment.rating_version = judge_key(call.settings, experiment.rating_version)
            call.on_commit(executor.wake)
        return call.answer(await load_experiment(session, experiment))


@operation("cancel_experiment")
async def cancel_experiment(call: Call) -> Answer:
    """Revoke the running task; without one, the unchanged experiment."""
    executor = executor_of(call)
    async with call.write() as session:
        experiment = await _locked(session, call)
        task_id = await revoke(
            session, experiment, "The run was cancelled. What was done until then is kept."
        )
        if task_id is not None:
            call.on_commit(lambda: executor.revoked(task_id))
            await session.flush()
        return call.answer(await load_experiment(session, experiment))


async def _locked(session: AsyncSession, call: Call) -> Experiment:
    """The experiment, which no other request changes meanwhile (SQLite has one writer anyway)."""
    experiment = await find_experiment(session, call.project_id, call.path["experiment_id"])
    await session.refresh(experiment, with_for_update=True)
    return experiment


def _refuse_what_cannot_generate(experiment: Experiment) -> None:
    if experiment.generation_task_id is not None:
        raise Conflict(
            f"Experiment {experiment.name!r} is running. Wait for its end, or cancel it, and retry then."
        )
    if experiment.response_column_id is not None:
        raise Conflict(
            f"The answers of experiment {experiment.name!r} come from a column and cannot be generated. Correct the "
            "rows and create another experiment."
        )
    if experiment.evaluation_mode == "AGENTIC":
        raise Conflict(
            f"The answers of experiment {experiment.name!r} were uploaded and cannot be generated. Upload them again."
        )


async def _refuse_notes(session: AsyncSession, experiment: Experiment) -> None:
    noted = await with_notes(session, experiment.id)
    if noted:
        some = ", ".join(str(one) for one in noted[:SHOWN]) + (", …" if len(noted) > SHOWN else "")
        raise Conflict(
            f"Failed responses of experiment {experiment.name!r} carry annotations or ratings made by hand, which a "
            f"retry would delete: {some}. Send discard_annotations true if they may be lost."
        )
