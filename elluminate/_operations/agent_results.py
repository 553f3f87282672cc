"""Results of agents that ran elsewhere: uploading them, and following their evaluation."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from elluminate_api import models as api
from elluminate_api.api.agent_results import (
    get_agent_results_definition,
    preview_agent_results_matching,
    upload_agent_results,
)
from elluminate_api.api.experiments import get_experiment
from elluminate_api.models import (
    AgentResultsDefinition,
    AgentResultsUploadResponse,
    ExperimentGenerationStatus,
    TaskStatus,
)

from elluminate._checks import checked_polling_interval, checked_texts, checked_timeout, checked_whole
from elluminate._lookup import required_id_of
from elluminate._operations.base import Operations
from elluminate.exceptions import NotFoundError, PartialUploadError, ValidationError
from elluminate.schemas.agent_results import (
    DEFAULT_EVALUATION_POLLING_INTERVAL,
    AgentResultsMatchPreview,
)
from elluminate.schemas.experiment import Experiment
from elluminate.streaming import ExperimentStatusEvent, follow_experiment, progress_of

logger = logging.getLogger("elluminate")

_MAX_EPOCH = 1_000_000


class AgentResultOperations(Operations):
    """Operations on the results of agents."""

    async def get_agent_results_definition(self, experiment: Experiment | int) -> AgentResultsDefinition:
        """The tasks of an AGENTIC experiment and their criteria, as they were when it was created.

        Args:
            experiment: The experiment, or its id.

        Returns:
            Tasks with their ids, names and criteria; placeholders in criteria are filled in.

        Raises:
            APIError: It is no AGENTIC experiment.

        Example:
            >>> for task in client.get_agent_results_definition(experiment).tasks:
            ...     print(task.task_id, task.task_name, [one.rendered_criterion_str for one in task.criteria])
        """
        project = await self.session.project_id()
        return await self.session.call(get_agent_results_definition.build(project, _id_of(experiment)))

    async def preview_agent_results_matching(
        self, experiment: Experiment | int, results: Sequence[api.AgentTrialTaskRef | api.AgentTrialResult]
    ) -> AgentResultsMatchPreview:
        """Which task each result would be stored for; nothing is stored.

        Args:
            experiment: The experiment, or its id.
            results: The results, or only which tasks they name.

        Returns:
            One match per result, in the order given.

        Raises:
            ValidationError: A result names no task.

        Example:
            >>> refs = [AgentTrialTaskRef(task_name="sort"), AgentTrialTaskRef(task_name="sing")]
            >>> [match.matched for match in client.preview_agent_results_matching(experiment, refs).results]
            [True, False]
        """
        identifier = _id_of(experiment)
        kinds = (api.AgentTrialTaskRef, api.AgentTrialResult)
        body = api.AgentResultsMatchPreviewRequest(
            results=[
                api.AgentTrialTaskRef(task_id=result.task_id, task_name=result.task_name)
                for result in _checked_results(results, kinds)
            ]
        )
        project = await self.session.project_id()
        request = preview_agent_results_matching.build(project, identifier, body=body)
        return await self.session.call(request, AgentResultsMatchPreview)

    async def upload_agent_results(
        self,
        experiment: Experiment | int,
        results: Sequence[api.AgentTrialResult],
        epoch: int = 1,
        evaluate: bool = True,
        raise_on_partial: bool = False,
    ) -> AgentResultsUploadResponse:
        """Store what agents did, as responses of an AGENTIC experiment.

        An upload adds to what is there: the same results twice count twice.

        Args:
            experiment: The experiment, or its id.
            results: One per trial. Each names its task by id or by name.
            epoch: Which run over the tasks the trials belong to, 1 to 1000000.
            evaluate: Have the trajectories judged afterwards, unless a result brings verdicts of its own.
            raise_on_partial: Raise PartialUploadError when a result, or a part of one, was not stored. Otherwise the
                answer's `errors` say what was not, and a warning is logged.

        Returns:
            What was stored. While trajectories are judged, `evaluation_task_id` names the task that
            `wait_for_agent_evaluation` waits for.

        Raises:
            TaskMatchError: No result belongs to a task of the experiment; it names tasks that could be meant.
            PartialUploadError: See `raise_on_partial`; what could be stored is stored.
            APIError: Nothing could be stored.
            ValidationError: A result names no task, or is no AgentTrialResult.

        Example:
            >>> trial = AgentTrialResult(task_name="sort", trajectory=trajectory)
            >>> client.upload_agent_results(experiment, [trial]).created_responses
            1
            >>> client.wait_for_agent_evaluation(experiment).is_success
            True
        """
        identifier = _id_of(experiment)
        body = api.AgentResultsUploadRequest(
            results=list(_checked_results(results, (api.AgentTrialResult,))),
            epoch=checked_whole(epoch, "epoch", low=1, high=_MAX_EPOCH),
            evaluate=evaluate,
        )
        project = await self.session.project_id()
        stored = await self.session.call(upload_agent_results.build(project, identifier, body=body))
        if isinstance(experiment, Experiment) and stored.evaluation_task_id is not None:
            experiment.generation_task_id = stored.evaluation_task_id
        if stored.errors:
            problem = _partial_problem(stored)
            if raise_on_partial:
                raise PartialUploadError(problem, stored)
            logger.warning("%s", problem)
        return stored

    async def wait_for_agent_evaluation(
        self,
        experiment: Experiment | int,
        task_id: str | None = None,
        timeout: float | None = None,
        polling_interval: float = DEFAULT_EVALUATION_POLLING_INTERVAL,
    ) -> ExperimentStatusEvent:
        """Wait until the trajectories of an AGENTIC experiment are judged, those of later uploads too.

        Args:
            experiment: The experiment, or its id.
            task_id: `evaluation_task_id` of an upload; None takes the evaluation that is going on, if there is one.
            timeout: Seconds to wait at most; None waits for the server's limit of 10 hours.
            polling_interval: Seconds between two looks, 0.1 to 10. The first looks follow each other faster.

        Returns:
            How it ended, with the experiment and its responses on success. A failure is told, not raised.

        Raises:
            WaitTimeoutError: It did not end in time; it goes on.
            NotFoundError: The experiment has no task of that id.

        Example:
            >>> trial = AgentTrialResult(task_name="sort", trajectory=trajectory)
            >>> stored = client.upload_agent_results(experiment, [trial])
            >>> client.wait_for_agent_evaluation(experiment, stored.evaluation_task_id, timeout=600).is_success
            True
        """
        checked_timeout(timeout)
        last: ExperimentStatusEvent | None = None
        events = self._evaluation_events(
            experiment, task_id, checked_polling_interval(polling_interval), timeout, is_patient=True
        )
        async with aclosing(events):
            async for event in events:
                last = event
        assert last is not None and last.is_complete, "polling ends with a terminal status"  # noqa: S101
        return last

    async def stream_agent_evaluation(
        self, experiment: Experiment | int, task_id: str | None = None, polling_interval: float = 0.5
    ) -> AsyncGenerator[ExperimentStatusEvent]:
        """Tell how the evaluation of an AGENTIC experiment's trajectories gets on, until it ends.

        Args:
            experiment: The experiment, or its id.
            task_id: `evaluation_task_id` of an upload; None takes the evaluation that is going on, if there is one.
            polling_interval: Seconds between two looks, 0.1 to 10.

        Yields:
            Events; the last is terminal and carries the experiment with its responses on SUCCESS. Without an evaluation
            there is one event, which says how the last one ended.

        Raises:
            NotFoundError: The experiment has no task of that id.

        Example:
            >>> for event in client.stream_agent_evaluation(experiment):
            ...     print(event.status.value)
            SUCCESS
        """
        interval = checked_polling_interval(polling_interval)
        events = self._evaluation_events(experiment, task_id, interval, None, is_patient=False)
        async with aclosing(events):
            async for event in events:
                yield event

    async def _evaluation_events(
        self,
        experiment: Experiment | int,
        task_id: str | None,
        interval: float,
        timeout: float | None,
        *,
        is_patient: bool,
    ) -> AsyncGenerator[ExperimentStatusEvent]:
        identifier = _id_of(experiment)
        if not isinstance(task_id, str | None):
            raise ValidationError(
                f"task_id must be the id of a task as an upload returns it, not {task_id!r:.80}"
            )
        task = task_id
        if task is None:
            project = await self.session.project_id()
            fresh = await self.session.call(get_experiment.build(project, identifier), Experiment)
            task = fresh.generation_task_id
            if task is None:
                ended = TaskStatus.FAILURE if fresh.has_internal_error else TaskStatus.SUCCESS
                yield await self._evaluation_event(identifier, ExperimentGenerationStatus(status=ended))
                return
        statuses = follow_experiment(
            self.session,
            identifier,
            task,
            polling_interval=interval,
            timeout=timeout,
            with_logs=not is_patient,
            faster_at_first=is_patient,
        )
        is_confirmed = task_id is None
        async with aclosing(statuses):
            async for status in statuses:
                # Servers answer PENDING for every id; a real task that is pending is the experiment's current one.
                if (
                    not is_confirmed
                    and status.status == TaskStatus.PENDING
                    and status.generation_task_id is None
                ):
                    raise NotFoundError(f"experiment {identifier} has no task {task!r}", 404)
                is_confirmed = True
                yield await self._evaluation_event(identifier, status)

    async def _evaluation_event(
        self, identifier: int, status: ExperimentGenerationStatus
    ) -> ExperimentStatusEvent:
        result = None
        if status.status == TaskStatus.SUCCESS:
            project = await self.session.project_id()
            result = await self.session.call(get_experiment.build(project, identifier), Experiment)
            await result.afetch_responses()
        return ExperimentStatusEvent(
            status=status.status,
            progress=progress_of(status),
            logs_delta=status.logs_delta or None,
            error_msg=status.error_msg,
            result=result,
        )


def _id_of(experiment: Experiment | int) -> int:
    if isinstance(experiment, int):
        return checked_whole(experiment, "experiment", low=1)
    return required_id_of(experiment, Experiment, "experiment")


def _checked_results(results: Sequence[Any], kinds: tuple[type[Any], ...]) -> Sequence[Any]:
    checked_texts(results, "results")
    if not results:
        raise ValidationError("results is empty; there is nothing to upload or to match")
    for number, result in enumerate(results):
        if not isinstance(result, kinds):
            names = " or ".join(kind.__name__ for kind in kinds)
            raise ValidationError(f"results[{number}] must be an {names}, got {result!r:.80}")
        if result.task_id is None and not result.task_name:
            raise ValidationError(f"results[{number}] names no task; give task_id or task_name")
    return results


def _partial_problem(stored: AgentResultsUploadResponse) -> str:
    first = "; ".join(stored.errors[:3]) + ("; …" if len(stored.errors) > 3 else "")
    text = f"{len(stored.errors)} problem(s) with the upload; {stored.created_responses} result(s) were stored: {first}"
    if any("trajectory dropped" in error for error in stored.errors):
        text += (
            " (a dropped trajectory breaks a rule of ATIF, and its result was stored without it; correct the step "
            "that is named, delete the response and upload the result again)"
        )
    return text
