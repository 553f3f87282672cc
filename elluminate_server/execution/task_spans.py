"""Spans of tasks and of their items, where spans are recorded.

A task is no part of the request that asked for it, which was over long before, and a large one has more items than a
trace can hold. So a task, what another process does of it, and each item are traces of their own, and linked: the item
to its task, and the task to its request.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from elluminate._spans import Span, current_traceparent, span
from elluminate_server.execution.supply import Item

__all__ = ["asked_within", "item_span", "task_span"]

_SCOPE = "elluminate_server"
_ASKED_WITHIN = "traceparent"


def asked_within() -> dict[str, str]:
    """What a task's payload keeps of the request that asks for it."""
    traceparent = current_traceparent()
    return {} if traceparent is None else {_ASKED_WITHIN: traceparent}


def task_span(
    task_id: str, kind: str, payload: Mapping[str, Any], experiment_id: int | None, *, is_part: bool
) -> AbstractContextManager[Span]:
    """The span of what this process does of a task.

    Args:
        task_id: The task.
        kind: What it is for.
        payload: Its payload.
        experiment_id: The experiment that it is about, if it is about one.
        is_part: Whether another process answers for it.
    """
    return span(
        _SCOPE,
        f"task {kind}",
        "internal",
        lambda: {
            "elluminate.task_id": task_id,
            "elluminate.experiment_id": experiment_id,
            "elluminate.is_part": is_part,
        },
        linked=payload.get(_ASKED_WITHIN),
        is_root=True,
    )


def item_span(task_id: str, experiment_id: int | None, item: Item) -> AbstractContextManager[Span]:
    """The span of one item; called within the one of its task."""
    return span(
        _SCOPE,
        "item",
        "internal",
        lambda: {
            "elluminate.task_id": task_id,
            "elluminate.experiment_id": experiment_id,
            "elluminate.row_id": item.entry_id,
            "elluminate.epoch": item.epoch,
        },
        linked=current_traceparent(),
        is_root=True,
    )
