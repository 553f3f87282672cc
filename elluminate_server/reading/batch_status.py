"""The state of a batch, as answer and as event stream: status and error, no numbers."""

from elluminate_api.models import BatchTaskStatus, TaskStatus

from elluminate_server.execution.leases import TERMINAL
from elluminate_server.http.event_stream import EventStream, News, event_stream
from elluminate_server.http.pipeline import Answer, Call
from elluminate_server.store.states import TaskKind
from elluminate_server.store.tables import Task

__all__ = ["answer_status", "stream_status"]


async def answer_status(call: Call, kind: TaskKind) -> Answer:
    """The state of the task in the path; PENDING when this project has no such task of that kind."""
    return call.answer(await _read(call, kind) or BatchTaskStatus(status=TaskStatus.PENDING))


def stream_status(call: Call, kind: TaskKind) -> EventStream:
    """The states of the task in the path as events; one PENDING event when there is no such task."""
    told: list[BatchTaskStatus] = []

    async def read() -> News:
        status = await _read(call, kind)
        if status is None:
            return News(value=BatchTaskStatus(status=TaskStatus.PENDING), is_last=True)
        if told and told[-1] == status:
            return News()
        told[:] = [status]
        return News(value=status, is_last=status.status.value in TERMINAL)

    return event_stream(call.executor, call.path["task_id"], read, call.query["polling_interval"])


async def _read(call: Call, kind: TaskKind) -> BatchTaskStatus | None:
    async with call.read() as session:
        task = await session.get(Task, call.path["task_id"])
    if task is None or task.project_id != call.project_id or task.kind != kind:
        return None
    return BatchTaskStatus(status=TaskStatus(task.status), error_msg=task.error_msg)
