"""Results of agents that ran elsewhere: what is uploaded, how it matches the collection's tasks, and its evaluation."""

# Fields narrow to this package's richer classes, and are only ever given those.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

import logging
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import define
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

from elluminate._checks import checked_texts, checked_whole
from elluminate._following import follow_experiment
from elluminate._lookup import given_id
from elluminate._session import Session
from elluminate._showing import quoted, shown
from elluminate.exceptions import NotFoundError, PartialUploadError, ValidationError

logger = logging.getLogger("elluminate")

DEFAULT_EVALUATION_POLLING_INTERVAL = 3.0
"""Seconds between two looks at an evaluation, unless told otherwise."""

ATIFContentPart: TypeAlias = api.ATIFTextContentPart | api.ATIFImageContentPart
"""A part of a step's message or of an observation: text, or an image."""

_MAX_EPOCH = 1_000_000
_TASK_ID = re.compile("[^\0\ud800-\udfff]{1,255}")

if TYPE_CHECKING:
    _Trajectory: TypeAlias = dict[str, Any] | api.ATIFTrajectory | None
else:  # a decoder could not tell the two apart, and has no need to
    _Trajectory = dict[str, Any] | None


@define(kw_only=True, repr=False)
class AgentTrialResult(api.AgentTrialResult):
    """What one trial of an agent came to: its transcript, its measures, and verdicts made elsewhere.

    It names its task by `task_id` or by `task_name`. `trajectory` is an ATIF trajectory (v1.7 or v1.8), as an object
    or as plain data.
    """

    trajectory: _Trajectory = None  # type: ignore[assignment]


@define(kw_only=True, repr=False)
class AgentResultMatch(api.AgentResultMatch):
    """The task that one uploaded result belongs to, or the reason why there is none."""

    @property
    def matched(self) -> bool:
        """Whether it belongs to a task."""
        return self.task_id is not None


@define(kw_only=True, repr=False)
class AgentResultsMatchPreview(api.AgentResultsMatchPreview):
    """How results would match the collection's tasks, without storing anything."""

    results: list[AgentResultMatch]  # type: ignore[assignment]

    @property
    def unmatched_results(self) -> list[AgentResultMatch]:
        """Those that belong to no task."""
        return [result for result in self.results if not result.matched]


async def definition_of(session: Session, experiment: api.Experiment | int) -> AgentResultsDefinition:
    """The tasks of an AGENTIC experiment; see `get_agent_results_definition`."""
    request = get_agent_results_definition.build(
        await session.project_id(), given_id(experiment, api.Experiment, "experiment")
    )
    return await session.call(request)


async def preview_matching(
    session: Session,
    experiment: api.Experiment | int,
    results: Sequence[api.AgentTrialTaskRef | api.AgentTrialResult],
) -> AgentResultsMatchPreview:
    """Which task each result would be stored for; see `preview_agent_results_matching`."""
    identifier = given_id(experiment, api.Experiment, "experiment")
    body = api.AgentResultsMatchPreviewRequest(
        results=[
            api.AgentTrialTaskRef(task_id=result.task_id, task_name=result.task_name)
            for result in _checked_results(results, (api.AgentTrialTaskRef, api.AgentTrialResult))
        ]
    )
    request = preview_agent_results_matching.build(await session.project_id(), identifier, body=body)
    return await session.call(request, AgentResultsMatchPreview)


async def upload(
    session: Session,
    experiment: api.Experiment | int,
    results: Sequence[api.AgentTrialResult],
    *,
    epoch: int,
    evaluate: bool,
    raise_on_partial: bool,
) -> AgentResultsUploadResponse:
    """Store what agents did; see `upload_agent_results`."""
    identifier = given_id(experiment, api.Experiment, "experiment")
    body = api.AgentResultsUploadRequest(
        results=list(_checked_results(results, (api.AgentTrialResult,))),
        epoch=checked_whole(epoch, "epoch", low=1, high=_MAX_EPOCH),
        evaluate=evaluate,
    )
    stored = await session.call(upload_agent_results.build(await session.project_id(), identifier, body=body))
    if isinstance(experiment, api.Experiment) and stored.evaluation_task_id is not None:
        experiment.generation_task_id = stored.evaluation_task_id
    if stored.errors:
        problem = _partial_problem(stored)
        if raise_on_partial:
            raise PartialUploadError(problem, stored)
        logger.warning("%s", problem)
    return stored


async def evaluation_statuses(
    session: Session,
    experiment: api.Experiment | int,
    task_id: str | None,
    *,
    polling_interval: float,
    timeout: float | None,
    is_patient: bool,
) -> AsyncGenerator[ExperimentGenerationStatus]:
    """How the evaluation of an AGENTIC experiment gets on, until it ends.

    Args:
        session: What it is polled through.
        experiment: The experiment, or its id.
        task_id: The evaluation; None takes the one that is going on, if there is one.
        polling_interval: Seconds between two looks.
        timeout: Seconds to wait at most; None waits for the server's limit of 10 hours.
        is_patient: Whether only the end counts: no log, and the first looks follow each other faster.

    Raises:
        NotFoundError: The experiment has no task of that id.
        WaitTimeoutError: It did not end in time; it goes on.
    """
    identifier = given_id(experiment, api.Experiment, "experiment")
    if task_id is not None and not _TASK_ID.fullmatch(task_id if isinstance(task_id, str) else ""):
        raise ValidationError(
            f"task_id must be the id of a task as an upload returns it, not {shown(task_id)}"
        )
    task = task_id
    if task is None:
        fresh = await session.call(get_experiment.build(await session.project_id(), identifier))
        task = fresh.generation_task_id
        if task is None:
            ended = TaskStatus.FAILURE if fresh.has_internal_error else TaskStatus.SUCCESS
            yield ExperimentGenerationStatus(status=ended)
            return
    statuses = follow_experiment(
        session,
        identifier,
        task,
        polling_interval=polling_interval,
        timeout=timeout,
        with_logs=not is_patient,
        faster_at_first=is_patient,
    )
    is_confirmed = task_id is None
    async with aclosing(statuses):
        async for status in statuses:
            # Servers answer PENDING for every id; a real task that is pending is the experiment's current one.
            if not is_confirmed and status.status == TaskStatus.PENDING and status.generation_task_id is None:
                raise NotFoundError(f"experiment {identifier} has no task {task!r}", 404)
            is_confirmed = True
            yield status


def _checked_results(results: Sequence[Any], kinds: tuple[type[Any], ...]) -> Sequence[Any]:
    checked_texts(results, "results")
    if not results:
        raise ValidationError("results is empty; there is nothing to upload or to match")
    for number, result in enumerate(results):
        if not isinstance(result, kinds):
            names = " or ".join(kind.__name__ for kind in kinds)
            raise ValidationError(f"results[{number}] must be an {names}, got {quoted(result)}")
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
