"""What a stream tells: statuses, progress, and the events that hold them.

A stream is polling, and so survives what a connection does not: a broken connection, a restarted server or a
502 in the middle never ends it. It ends after the first terminal status.
"""

from __future__ import annotations

from elluminate_api.models import TaskStatus

from elluminate._following import TASK_LIMIT_SECONDS as TASK_LIMIT_SECONDS
from elluminate._progress import BatchProgress, EpochProgress, ExperimentProgress
from elluminate.schemas.experiment import ExperimentStatusEvent
from elluminate.schemas.judging import BatchStatusEvent

__all__ = [
    "BatchProgress",
    "BatchStatusEvent",
    "EpochProgress",
    "ExperimentProgress",
    "ExperimentStatusEvent",
    "TaskStatus",
]
