"""A task's life: queued, leased, progressed, finished."""

from elluminate_server.execution.executor import Executor
from elluminate_server.execution.progress import Progress

__all__ = ["Executor", "Progress"]
