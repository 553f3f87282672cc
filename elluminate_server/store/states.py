"""The words that tasks and their work items are told apart by in the database."""

from typing import Final, Literal

__all__ = [
    "AGENT_EVALUATION",
    "ANSWERED",
    "DELETION",
    "DONE",
    "EXPERIMENT",
    "PENDING",
    "RATINGS",
    "RESPONSES",
    "ItemState",
    "TaskKind",
]

TaskKind = Literal["experiment", "responses", "ratings", "agent_evaluation", "deletion"]
"""What a task is for."""

EXPERIMENT: Final = "experiment"
"""A run of an experiment, or another round of it."""
RESPONSES: Final = "responses"
"""A batch of responses to generate."""
RATINGS: Final = "ratings"
"""A batch of responses to rate."""
AGENT_EVALUATION: Final = "agent_evaluation"
"""Trials of agents to judge."""
DELETION: Final = "deletion"
"""What is left of an experiment that was deleted, to be taken away."""

ItemState = Literal["pending", "answered", "done"]
"""How far a work item is."""

PENDING: Final = "pending"
"""There is no answer yet."""
ANSWERED: Final = "answered"
"""There is an answer, and it is to be rated."""
DONE: Final = "done"
"""There is nothing left to do, whatever came of it."""
