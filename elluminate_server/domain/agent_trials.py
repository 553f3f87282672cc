"""What a trial of an agent is about and what it cost: which frozen task it belongs to, and its totals."""

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

__all__ = ["TASK_COLUMN", "Costs", "Task", "TaskIndex", "costs_of"]

TASK_COLUMN = "task"
"""The text column of AGENTIC collections with the names of the tasks."""


@attrs.frozen(kw_only=True)
class Task:
    """A task as it was frozen, and as its row is now.

    Attributes:
        id: Id of the row.
        name: Its name when the experiment was created.
        current_name: Its present name; None once the row was deleted.
    """

    id: int
    name: str
    current_name: str | None

    @property
    def row_exists(self) -> bool:
        """Whether results can still be stored for it."""
        return self.current_name is not None


class TaskIndex:
    """Finds the task of a trial: by id, else by its frozen name, else by its present name.

    A present name finds nothing when another task had that name at the time of the freeze: results must not end up
    with another task because rows were renamed.

    >>> index = TaskIndex([Task(id=7, name="sort", current_name="order")])
    >>> index.match(None, "order").id
    7
    >>> index.match(8, None)
    'No task has the id 8.'
    """

    def __init__(self, tasks: Iterable[Task]) -> None:
        self.tasks = list(tasks)
        self._by_id = {task.id: task for task in self.tasks}
        self._by_name = {task.current_name: task for task in self.tasks if task.current_name is not None}
        self._by_name.update({task.name: task for task in self.tasks})

    def match(self, task_id: int | None, task_name: str | None) -> Task | str:
        """The task, or the reason why there is none."""
        if task_id is not None:
            task = self._by_id.get(task_id)
            missing = f"No task has the id {task_id}."
        elif task_name is not None:
            task = self._by_name.get(task_name)
            missing = f"No task is named {task_name!r:.100}."
        else:
            return "It names no task: give task_id or task_name."
        if task is None:
            return missing
        if not task.row_exists:
            return f"The row of task {task.name!r:.100} (id {task.id}) was deleted: nothing can be stored for it."
        return task


@attrs.frozen(kw_only=True)
class Costs:
    """Totals of a trial; None where nobody says.

    Attributes:
        steps: Number of steps.
        cost_usd: US dollars.
        input_tokens: Tokens of all prompts, cached ones included.
        output_tokens: Tokens of all answers.
        cached_tokens: Cached tokens of all prompts.
    """

    steps: int | None = None
    cost_usd: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None


def costs_of(given: Costs, trajectory: Mapping[str, Any] | None) -> Costs:
    """What the uploader says, completed from a valid trajectory.

    More cached than prompt tokens mean that the producer counts them apart: they are added up then.

    >>> costs_of(Costs(input_tokens=10, cached_tokens=90), None).input_tokens
    100
    """
    final = (trajectory or {}).get("final_metrics") or {}
    steps = (trajectory or {}).get("steps") or []
    metrics = [step["metrics"] for step in steps if step.get("metrics")]

    def total(said: Any, name: str) -> Any:
        if said is not None:
            return said
        if final.get(f"total_{name}") is not None:
            return final[f"total_{name}"]
        known = [metric[name] for metric in metrics if metric.get(name) is not None]
        return sum(known) if known else None

    count = given.steps if given.steps is not None else final.get("total_steps")
    prompt, cached = (
        total(given.input_tokens, "prompt_tokens"),
        total(given.cached_tokens, "cached_tokens"),
    )
    if prompt is not None and cached is not None and cached > prompt:
        prompt += cached
    return Costs(
        steps=count if count is not None else len(steps) or None,
        cost_usd=total(given.cost_usd, "cost_usd"),
        input_tokens=prompt,
        output_tokens=total(given.output_tokens, "completion_tokens"),
        cached_tokens=cached,
    )
