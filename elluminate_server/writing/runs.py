"""Runs that are ended, or gone on with: what several ways of asking for it share."""

from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.execution.gaps import can_generate, has_failed, with_notes
from elluminate_server.execution.leases import Process, revoke
from elluminate_server.execution.requeueing import add_retry
from elluminate_server.http.problems import Conflict
from elluminate_server.reading.finding import find_experiment
from elluminate_server.settings import Settings
from elluminate_server.store.tables import Experiment
from elluminate_server.writing.judges import judge_key

__all__ = ["add_what_is_missing", "cancel_run", "lock_experiment", "refuse_running"]

SHOWN = 10
"""Most ids that a refusal names."""


async def lock_experiment(session: AsyncSession, project_id: int, experiment_id: int) -> Experiment:
    """The experiment, which no other request changes meanwhile; what a run stores beside it is not held up by that.

    Raises:
        NotFound: There is none of that id in the project.
    """
    experiment = await find_experiment(session, project_id, experiment_id)
    await session.refresh(experiment, with_for_update={"key_share": True})
    return experiment


async def cancel_run(session: AsyncSession, project_id: int, experiment_id: int) -> str | None:
    """Revoke the running task: its id, which the executor has to be told; None where none runs.

    Raises:
        NotFound: There is no such experiment.
    """
    experiment = await lock_experiment(session, project_id, experiment_id)
    return await revoke(session, experiment, "The run was cancelled. What was done until then is kept.")


async def add_what_is_missing(
    session: AsyncSession,
    process: Process,
    settings: Settings,
    experiment: Experiment,
    *,
    is_incomplete: bool,
    discards_annotations: bool = False,
    rating_mode: str | None = None,
) -> bool:
    """Queue what an experiment lacks; whether anything was queued.

    Args:
        session: Where to write.
        process: Of the executor, which has to be woken then.
        settings: Of the server.
        experiment: From `lock_experiment`.
        is_incomplete: Whether it has gaps: to find out takes long, and so belongs before the transaction.
        discards_annotations: Whether notes on failed responses may be lost.
        rating_mode: Effort of the judge; that of the experiment unless given.

    Raises:
        Conflict: It runs, notes would be lost, or its failed answers cannot be generated.
    """
    refuse_running(experiment)
    if is_incomplete:
        if can_generate(experiment) and not discards_annotations:
            await _refuse_notes(session, experiment)
        await add_retry(session, process, experiment, rating_mode=rating_mode or experiment.rating_mode)
        experiment.rating_version = judge_key(settings, experiment.rating_version)
        return True
    if not can_generate(experiment):
        await _refuse_failed(session, experiment)
    return False


def refuse_running(experiment: Experiment) -> None:
    """Let nothing pass but an experiment that does not run.

    Raises:
        Conflict: It does.
    """
    if experiment.generation_task_id is not None:
        found = f"Experiment {experiment.name!r} is running."
        raise Conflict(
            f"{found} wait_until_finished() waits for its end, cancel() stops it; retry then.",
            in_browser=f"{found} Wait for its end, or cancel the run; retry then.",
        )


async def _refuse_failed(session: AsyncSession, experiment: Experiment) -> None:
    """Refuse when failed responses are all that is missing, and there is no model to ask again."""
    if not await has_failed(session, experiment.id):
        return
    if experiment.response_column_id is not None:
        raise Conflict(
            f"The answers of experiment {experiment.name!r} come from a column and cannot be generated. Correct the "
            "rows and create another experiment."
        )
    raise Conflict(
        f"The answers of experiment {experiment.name!r} were uploaded and cannot be generated. Upload them again."
    )


async def _refuse_notes(session: AsyncSession, experiment: Experiment) -> None:
    noted = await with_notes(session, experiment.id)
    if noted:
        first = ", ".join(str(response_id) for response_id in noted[:SHOWN]) + (
            ", …" if len(noted) > SHOWN else ""
        )
        found = (
            f"Failed responses of experiment {experiment.name!r} carry annotations or ratings made by hand, which a "
            f"retry would delete: {first}."
        )
        raise Conflict(
            f"{found} Give discard_annotations=True if they may be lost, as in "
            "retry_failed(discard_annotations=True).",
            in_browser=f"{found} If they may be lost, a program retries them: retry_failed(discard_annotations=True).",
        )
