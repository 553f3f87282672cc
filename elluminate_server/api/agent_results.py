"""Trials of agents that ran elsewhere: matched to the frozen tasks, checked, stored, handed to the judge."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import msgspec
from elluminate_api import models
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.agent_trials import TASK_COLUMN, Costs, Task, TaskIndex, costs_of
from elluminate_server.domain.atif import InvalidTrajectoryError, check_trajectory
from elluminate_server.domain.flaws import flaw_of
from elluminate_server.domain.messages import InvalidMessageError, check_messages, text_of
from elluminate_server.domain.trajectory_text import final_answer
from elluminate_server.execution.agent_evaluation import add_evaluation
from elluminate_server.http.older_clients import upload_of
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.http.problems import BadRequest, quoted
from elluminate_server.reading.finding import find_experiment
from elluminate_server.store.chunks import chunks
from elluminate_server.store.tables import AgentTask, Experiment, Prompt, Rating, Response
from elluminate_server.writing.frozen_tasks import FrozenTasks, load_tasks

MAX_ACCEPTED_TASKS = 10
MAX_REASONS = 100


@operation("preview_agent_results_matching")
async def preview_agent_results_matching(call: Call) -> Answer:
    """The match of every trial; nothing is stored."""
    request = call.decode(models.AgentResultsMatchPreviewRequest)
    async with call.read() as session:
        tasks = await load_tasks(session, call.project_id, call.path["experiment_id"])
    found = [tasks.index.match(trial.task_id, trial.task_name) for trial in request.results]
    matched = sum(isinstance(match, Task) for match in found)
    return call.answer(
        models.AgentResultsMatchPreview(
            task_name_column=TASK_COLUMN,
            matched=matched,
            unmatched=len(found) - matched,
            results=[
                models.AgentResultMatch(index=index, task_id=match.id, task_name=match.name)
                if isinstance(match, Task)
                else models.AgentResultMatch(index=index, reason=match)
                for index, match in enumerate(found)
            ],
        )
    )


@attrs.define
class _Checked:
    """A trial that can be stored: its row to be, its verdicts, and what was wrong with parts of it."""

    task: AgentTask
    response: Response
    ratings: list[models.CriterionRatingIn]
    problems: list[str]


@operation("upload_agent_results")
async def upload_agent_results(call: Call) -> Answer:
    """Append trials. What is wrong with single ones is told, and does not fail the others."""
    request = upload_of(call)
    # Before the transaction: a long trajectory takes its time, and there is one writer.
    dropped = await asyncio.to_thread(_trajectory_problems, request.results)
    async with call.write() as session:
        experiment = await find_experiment(session, call.project_id, call.path["experiment_id"])
        tasks = await load_tasks(session, call.project_id, experiment.id)
        checked, errors = _checked(request, tasks, dropped)
        prompts = await _store_prompts(session, experiment, checked)
        for trial in checked:
            trial.response.experiment_id = experiment.id
            trial.response.prompt_id = prompts[trial.task.entry_id]
        responses = [trial.response for trial in checked]
        for chunk in chunks(responses):
            session.add_all(chunk)
            await session.flush()
        ratings = [_new_rating(trial.response, rating) for trial in checked for rating in trial.ratings]
        session.add_all(ratings)
        evaluated: list[int] = []
        if request.evaluate and not any(trial.criterion_ratings for trial in request.results):
            evaluated = [
                trial.response.id
                for trial in checked
                if trial.response.trajectory is not None
                and trial.response.error is None
                and trial.task.criteria
            ]
        task_id = None
        if evaluated:
            task_id = await add_evaluation(session, call.executor.process, experiment, evaluated)
            call.on_commit(call.executor.wake)
        return call.answer(
            models.AgentResultsUploadResponse(
                created_responses=len(responses),
                created_ratings=len(ratings),
                errors=errors,
                pending_evaluations=len(evaluated),
                evaluation_task_id=task_id,
            )
        )


def _trajectory_problems(trials: Sequence[models.AgentTrialResult]) -> dict[int, str]:
    """Why trajectories cannot be kept, by the trial's position."""
    problems = {}
    for index, trial in enumerate(trials):
        if trial.trajectory is not None:
            try:
                check_trajectory(trial.trajectory)
            except InvalidTrajectoryError as problem:
                problems[index] = str(problem)
    return problems


def _checked(
    request: models.AgentResultsUploadRequest, tasks: FrozenTasks, dropped: Mapping[int, str]
) -> tuple[list[_Checked], list[str]]:
    """The trials that can be stored, and every problem.

    Raises:
        BadRequest: There is none to store.
    """
    checked: list[_Checked] = []
    errors: list[str] = []
    matched = False
    for index, trial in enumerate(request.results):
        found = tasks.index.match(trial.task_id, trial.task_name)
        if isinstance(found, str):
            errors.append(f"results[{index}]: {found}")
            continue
        matched = True
        where = f"results[{index}] (task {quoted(found.name)})"
        result = _checked_trial(trial, tasks.rows[found.id], request.epoch, where, dropped.get(index))
        if isinstance(result, str):
            errors.append(result)
        else:
            checked.append(result)
            errors += result.problems
    if not checked:
        raise _refusal(matched, tasks.index, errors)
    return checked, errors


def _refusal(matched: bool, index: TaskIndex, reasons: list[str]) -> BadRequest:
    open_tasks = [task for task in index.tasks if task.row_exists]
    first = reasons[0] if reasons else "The upload holds no trials."
    if matched:
        kind = models.AgentResultsErrorKind.NOTHING_STORED
        detail = f"None of the trials could be stored. {first}"
        if len(reasons) > 1:
            detail += " The other reasons are listed under results."
    else:
        kind = models.AgentResultsErrorKind.UNMATCHED_TASKS
        names = ", ".join(quoted(task.name) for task in open_tasks[:MAX_ACCEPTED_TASKS]) or "none"
        more = ", …" if len(open_tasks) > MAX_ACCEPTED_TASKS else ""
        detail = f"No trial matches a task of the experiment. {first} Its tasks are: {names}{more}."
    return BadRequest(
        detail,
        extra={
            "kind": str(kind),
            "accepted_tasks": [
                {"task_id": task.id, "task_name": task.name} for task in open_tasks[:MAX_ACCEPTED_TASKS]
            ],
            "accepted_tasks_total": len(open_tasks),
            "results": reasons[:MAX_REASONS],
        },
    )


def _checked_trial(
    trial: models.AgentTrialResult, task: AgentTask, epoch: int, where: str, dropped: str | None
) -> _Checked | str:
    trajectory = trial.trajectory if dropped is None else None
    try:
        check_messages(trial.messages, where="messages")
        messages = [_storable(message) for message in trial.messages]
        check_messages(messages, where="messages", kind="response")
    except InvalidMessageError as problem:
        return f"{where}: not stored: {problem}."
    ratings, problems = _checked_ratings(trial.criterion_ratings, task, where)
    if _is_empty(trial, ratings):
        return " ".join([*problems, f"{where}: not stored: there is nothing in it but its task."])
    if dropped is not None:
        problems.append(f"{where}: trajectory dropped: {dropped}")
    if not messages and trajectory is not None and (said := final_answer(trajectory)) is not None:
        messages = [{"role": "assistant", "content": said}]
    costs = costs_of(
        Costs(
            steps=trial.steps,
            cost_usd=trial.cost_usd,
            input_tokens=trial.input_tokens,
            output_tokens=trial.output_tokens,
            cached_tokens=trial.cached_tokens,
        ),
        trajectory,
    )
    metadata = models.GenerationMetadata(
        duration_seconds=trial.duration_seconds,
        input_tokens=costs.input_tokens,
        output_tokens=costs.output_tokens,
        cached_tokens=costs.cached_tokens,
        trajectory_ingest_error=dropped,
    )
    response = Response(
        entry_id=task.entry_id,
        epoch=epoch,
        messages=messages,
        error=trial.error,
        trajectory=trajectory,
        trajectory_ingest_error=dropped,
        agent_trial={
            "task_name": task.task_name,
            "reward": trial.reward,
            "steps": costs.steps,
            "cost_usd": costs.cost_usd,
            "metadata": trial.metadata,
        },
        generation_metadata=msgspec.to_builtins(metadata, str_keys=True),
        llm_model_name=None if trajectory is None else trajectory["agent"].get("model_name"),
        duration_seconds=trial.duration_seconds,
        input_tokens=costs.input_tokens,
        output_tokens=costs.output_tokens,
        flaw=flaw_of(messages, None) if trial.error is None else None,
    )
    return _Checked(task, response, ratings, problems)


def _storable(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message in the form that responses have: readers of responses know fewer roles and shapes."""
    stored = dict(message)
    if stored.get("role") == "developer":
        stored["role"] = "system"
    if stored.get("role") == "assistant" and isinstance(stored.get("content"), list):
        stored["content"] = text_of(stored)
    return stored


def _checked_ratings(
    given: Sequence[models.CriterionRatingIn], task: AgentTask, where: str
) -> tuple[list[models.CriterionRatingIn], list[str]]:
    usable: dict[int, models.CriterionRatingIn] = {}
    problems = []
    known = {criterion["criterion_id"] for criterion in task.criteria}
    for index, rating in enumerate(given):
        place = f"{where}: criterion_ratings[{index}] not stored:"
        if rating.criterion_id is None:
            problems.append(
                f"{place} it has no criterion_id (label {quoted(rating.label)}); labels may repeat, so that the "
                "definition's criterion_id is needed."
            )
        elif rating.criterion_id not in known:
            problems.append(f"{place} the task has no criterion {rating.criterion_id}.")
        elif rating.criterion_id in usable:
            problems.append(f"{place} there is a verdict on criterion {rating.criterion_id} already.")
        else:
            usable[rating.criterion_id] = rating
    return list(usable.values()), problems


def _is_empty(trial: models.AgentTrialResult, ratings: Sequence[models.CriterionRatingIn]) -> bool:
    said = attrs.asdict(trial, recurse=False)
    for name in ("task_id", "task_name", "criterion_ratings"):
        del said[name]
    return not ratings and all(value is None or value == [] for value in said.values())


def _new_rating(response: Response, given: models.CriterionRatingIn) -> Rating:
    return Rating(
        response_id=response.id,
        criterion_id=given.criterion_id,
        rating=str(given.rating),
        reasoning=given.reasoning or None,
        origin="program",
    )


async def _store_prompts(
    session: AsyncSession, experiment: Experiment, checked: Sequence[_Checked]
) -> dict[int, int]:
    """Ids of the tasks' prompts by row; those that are new are stored."""
    tasks = {trial.task.entry_id: trial.task for trial in checked}
    stored = await session.execute(
        select(Prompt.entry_id, Prompt.id).where(Prompt.experiment_id == experiment.id)
    )
    ids = {row.entry_id: row.id for row in stored}
    new = [
        Prompt(
            experiment_id=experiment.id,
            prompt_template_id=None,
            entry_id=task.entry_id,
            entry_identity=task.entry_identity,
            input_values=task.input_values,
            messages=task.messages,
        )
        for entry_id, task in tasks.items()
        if entry_id not in ids
    ]
    session.add_all(new)
    await session.flush()
    return ids | {prompt.entry_id: prompt.id for prompt in new}
