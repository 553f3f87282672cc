"""Runs of experiments: start, poll, stream, retry what failed, cancel."""

import time

from elluminate_api import models
from elluminate_api.models import (
    EpochProgress,
    EvaluationMode,
    ExperimentGenerationStatus,
    RetryFailedRequest,
    RunExperimentRequest,
    TaskStatus,
)
from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from elluminate_server.execution import Progress
from elluminate_server.execution.executor import LOOK_SECONDS
from elluminate_server.execution.gaps import has_gaps
from elluminate_server.execution.progress import (
    MAX_EVENT_CHARACTERS,
    LogDelta,
    is_going_on,
    log_after,
    log_for_connection,
    progress_of,
)
from elluminate_server.execution.queueing import add_experiment
from elluminate_server.http.event_stream import News, event_stream
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.http.problems import Conflict, Invalid
from elluminate_server.reading.experiments import load_experiment
from elluminate_server.reading.finding import check_rows, find_experiment, see_experiment
from elluminate_server.store.tables import Collection, Experiment, LogCursor, Task
from elluminate_server.writing.judges import judge_key
from elluminate_server.writing.placeholders import check_criterion_placeholders
from elluminate_server.writing.runs import add_what_is_missing, cancel_run, lock_experiment, refuse_running
from elluminate_server.writing.sampling import checked_params


@operation("run_experiment")
async def run_experiment(call: Call) -> Answer:
    """Start an experiment that was created without a run."""
    request = call.decode(RunExperimentRequest)
    params = None if request.generation_params is UNSET else checked_params(request.generation_params)
    async with call.write(is_short=True) as session:
        experiment = await find_experiment(session, call.project_id, call.path["experiment_id"])
        if experiment.evaluation_mode == EvaluationMode.AGENTIC:
            raise Conflict(
                f"Experiment {experiment.name!r} is AGENTIC: no agent runs here. Upload its results with "
                f"upload_agent_results() (POST /experiments/{experiment.id}/agent-results)."
            )
        if experiment.answers_from_elsewhere:
            raise Conflict(
                f"The answers of experiment {experiment.name!r} come from elsewhere, and no model is asked for any. "
                "Store them with add_responses() (POST /responses/batches), and have them judged with "
                "rate_responses() (POST /ratings/batches)."
            )
        if experiment.generation_task_id is not None:
            raise Conflict(
                f"Experiment {experiment.name!r} is running already. wait_until_finished() waits for its end (poll "
                f"GET /experiments/{experiment.id}/generation/{experiment.generation_task_id}); cancel() stops it."
            )
        if experiment.started_at is not None:
            raise Conflict(
                f"Experiment {experiment.name!r} was run already. What its run left undone is completed by "
                f"retry_failed() (POST /experiments/{experiment.id}/retry-failed); to run it again, create another "
                "experiment."
            )
        if experiment.response_column_id is not None and (params is not None or request.n_epochs != 1):
            what = "$.generation_params" if params is not None else "$.n_epochs"
            raise Invalid(
                f"{what}: the answers of experiment {experiment.name!r} come from a column, so that no model is asked "
                "and there is one epoch. Leave it out."
            )
        only = None if request.template_variables_ids is UNSET else request.template_variables_ids
        if only is not None:
            await check_rows(session, experiment.collection_id, only)
        # They may have been changed since the experiment was created.
        collection = await session.get_one(Collection, experiment.collection_id)
        await check_criterion_placeholders(session, experiment.criterion_set_id, collection)
        experiment.rating_version = judge_key(call.settings, experiment.rating_version)
        await add_experiment(
            session,
            call.executor.process,
            experiment,
            rating_mode=request.rating_mode.value,
            n_epochs=request.n_epochs,
            generation_params=params,
            only=only,
        )
        call.on_commit(call.executor.wake)
        return call.answer(await load_experiment(session, experiment))


@operation("get_experiment_generation_status")
async def get_experiment_generation_status(call: Call) -> Answer:
    """The state of a run. A task that this experiment does not have reads as PENDING."""
    task_id = call.path["task_id"]
    connection_uuid, log_cursor = call.query["connection_uuid"], call.query["log_cursor"]
    if call.query["wait"]:
        await _end_of_run(call, call.query["wait"])
    async with call.store.read() as session:
        experiment = await see_experiment(session, call.project_id, call.path["experiment_id"])
        progress = await progress_of(session, task_id, experiment_id=experiment.id)
        delta = None
        if progress is not None and log_cursor is not None:
            delta = await log_after(session, task_id, log_cursor)
    if progress is not None and log_cursor is None and connection_uuid is not None:
        async with call.store.write(is_short=True) as session:
            is_first = await session.get(LogCursor, (str(connection_uuid), task_id)) is None
            delta = await log_for_connection(session, task_id, str(connection_uuid))
        status = _status(experiment, progress, delta)
        if is_first:
            _confirm(status, task_id)
        return call.answer(status)
    return call.answer(_status(experiment, progress, delta))


async def _end_of_run(call: Call, seconds: float) -> None:
    """Wait until a run does not go on, at most so many seconds; no time for what is no run of the experiment."""
    task_id, executor = call.path["task_id"], call.executor
    end = time.monotonic() + seconds
    with executor.notices.watch(task_id) as watch:
        while True:
            watch.reset()
            async with call.store.read() as session:
                experiment = await see_experiment(session, call.project_id, call.path["experiment_id"])
                goes_on = await is_going_on(session, task_id, experiment.id)
            left = end - time.monotonic()
            if not goes_on or executor.notices.closed or left <= 0:
                return
            # A task of this process tells its end; one of another has to be looked at.
            look = max(LOOK_SECONDS, seconds / 4)
            await watch.wait_for_end(left if executor.is_running(task_id) else min(left, look))


def _confirm(status: ExperimentGenerationStatus, task_id: str) -> None:
    """Name a task that is over already in the first answer about it.

    Readers that count by `connection_uuid` take null, before they have seen the id once, for a task of another
    experiment, and fail.
    """
    if status.generation_task_id is None:
        status.generation_task_id = task_id


@operation("stream_experiment_generation")
async def stream_experiment_generation(call: Call) -> Response:
    """The states of a run as events. The stream of an unknown task is one PENDING event."""
    task_id = call.path["task_id"]
    async with call.store.read() as session:
        await see_experiment(session, call.project_id, call.path["experiment_id"])
    stream = _RunStream(call, task_id)
    return event_stream(call.executor, task_id, stream.read, call.query["polling_interval"])


class _RunStream:
    """What one stream has told already."""

    def __init__(self, call: Call, task_id: str) -> None:
        self._call = call
        self._task_id = task_id
        self._cursor = 0
        self._told: Progress | None = None

    async def read(self) -> News:
        async with self._call.store.read() as session:
            experiment = await session.get(Experiment, self._call.path["experiment_id"])
            if experiment is None or experiment.deleted_at is not None:
                return _deleted(await session.get(Task, self._task_id))
            progress = await progress_of(session, self._task_id, experiment_id=experiment.id)
            if progress is None:
                return News(value=_status(experiment, None, None), is_last=True)
            delta = await log_after(session, self._task_id, self._cursor, limit=MAX_EVENT_CHARACTERS)
        self._cursor = delta.cursor
        if progress == self._told and not delta.text:
            return News()
        self._told = progress
        status = _status(experiment, progress, delta)
        if delta.has_more and progress.is_over:
            status.status = TaskStatus.STARTED  # readers stop at the end, and would miss the rest of the log
        return News(value=status, is_last=progress.is_over and not delta.has_more, has_more=delta.has_more)


def _deleted(task: Task | None) -> News:
    """The last event of a stream whose experiment was deleted."""
    reason = None if task is None else task.error_msg
    revoked = ExperimentGenerationStatus(
        status=TaskStatus.REVOKED, error_msg=reason or "The experiment was deleted."
    )
    return News(value=revoked, is_last=True)


def _status(
    experiment: Experiment, progress: Progress | None, delta: LogDelta | None
) -> ExperimentGenerationStatus:
    if progress is None:
        return ExperimentGenerationStatus(
            status=TaskStatus.PENDING,
            generation_task_id=experiment.generation_task_id,
            has_internal_error=experiment.has_internal_error,
        )
    return ExperimentGenerationStatus(
        status=TaskStatus(progress.status),
        error_msg=progress.error_msg,
        completed_responses=progress.answered,
        completed_ratings=progress.rated,
        total_responses=progress.total,
        failed_responses=progress.failed,
        unjudged_responses=progress.unjudged,
        epochs=[
            EpochProgress(
                epoch=epoch.epoch,
                completed_responses=epoch.answered,
                completed_ratings=epoch.rated,
                total_responses=epoch.total,
            )
            for epoch in progress.epochs
        ],
        logs_delta=None if delta is None else delta.text,
        log_cursor=None if delta is None else delta.cursor,
        generation_task_id=experiment.generation_task_id,
        has_internal_error=experiment.has_internal_error,
    )


@operation("retry_failed_experiment")
async def retry_failed_experiment(call: Call) -> Answer:
    """Bring what is missing, answers and verdicts; when nothing is, the unchanged experiment."""
    request = call.decode(RetryFailedRequest)
    if not call.is_carried_out:
        await _queue_what_is_missing(call, request)
    return await call.answer_after(lambda session: _load_experiment(session, call))


async def _queue_what_is_missing(call: Call, request: RetryFailedRequest) -> None:
    async with call.read() as session:
        found = await find_experiment(session, call.project_id, call.path["experiment_id"])
    refuse_running(found)
    is_incomplete = await has_gaps(call.store, found)
    async with call.write(answers_later=True) as session:
        experiment = await lock_experiment(session, call.project_id, call.path["experiment_id"])
        is_queued = await add_what_is_missing(
            session,
            call.executor.process,
            call.settings,
            experiment,
            is_incomplete=is_incomplete,
            discards_annotations=request.discard_annotations,
            rating_mode=None if request.rating_mode is UNSET else request.rating_mode.value,
        )
        if is_queued:
            call.on_commit(call.executor.wake)


@operation("cancel_experiment")
async def cancel_experiment(call: Call) -> Answer:
    """Revoke the running task; without one, the unchanged experiment."""
    if not call.is_carried_out:
        async with call.write(answers_later=True) as session:
            task_id = await cancel_run(session, call.project_id, call.path["experiment_id"])
            if task_id is not None:
                call.on_commit(lambda: call.executor.stop_run(task_id))
    return await call.answer_after(lambda session: _load_experiment(session, call))


async def _load_experiment(session: AsyncSession, call: Call) -> models.Experiment:
    """The experiment in the path, with its results; of a large one that takes a while."""
    row = await see_experiment(session, call.project_id, call.path["experiment_id"])
    return await load_experiment(session, row)
