"""Results of agents that ran elsewhere: uploading them, and following their evaluation."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from elluminate_api import models as api
from elluminate_api.models import AgentResultsDefinition, AgentResultsUploadResponse

from elluminate._checks import checked_polling_interval
from elluminate._operations.base import Operations
from elluminate.schemas.agent_results import (
    DEFAULT_EVALUATION_POLLING_INTERVAL,
    AgentResultsMatchPreview,
    definition_of,
    evaluation_statuses,
    preview_matching,
    upload,
)
from elluminate.schemas.experiment import (
    Experiment,
    ExperimentStatusEvent,
    evaluated,
    evaluation_event,
)


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
        return await definition_of(self.session, experiment)

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
        return await preview_matching(self.session, experiment, results)

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
        return await upload(
            self.session,
            experiment,
            results,
            epoch=epoch,
            evaluate=evaluate,
            raise_on_partial=raise_on_partial,
        )

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
            How it ended, with the experiment and its responses on success. A failure is told, not raised. An
            IncompleteResultsWarning tells of verdicts that are missing.

        Raises:
            WaitTimeoutError: It did not end in time; it goes on.
            NotFoundError: The experiment has no task of that id.

        Example:
            >>> trial = AgentTrialResult(task_name="sort", trajectory=trajectory)
            >>> stored = client.upload_agent_results(experiment, [trial])
            >>> client.wait_for_agent_evaluation(experiment, stored.evaluation_task_id, timeout=600).is_success
            True
        """
        return await evaluated(self.session, experiment, task_id, timeout, polling_interval)

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
            there is one event, which says how the last one ended. With the last event an IncompleteResultsWarning tells
            of verdicts that are missing.

        Raises:
            NotFoundError: The experiment has no task of that id.

        Example:
            >>> for event in client.stream_agent_evaluation(experiment):
            ...     print(event.status.value)
            SUCCESS
        """
        interval = checked_polling_interval(polling_interval)
        statuses = evaluation_statuses(
            self.session, experiment, task_id, polling_interval=interval, timeout=None, is_patient=False
        )
        async with aclosing(statuses):
            async for status in statuses:
                yield await evaluation_event(self.session, experiment, status)
