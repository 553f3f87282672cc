"""Server-sent events of a task: its state at once, at every change, and at its end.

The format is that of the HTML standard (section 9.2): one JSON value per `data` field, a blank line after each event,
and comments to keep idle connections open. Events have no names and no ids.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import attrs
import msgspec
from starlette.responses import StreamingResponse

from elluminate_server.execution import Executor

__all__ = ["KEEP_ALIVE", "KEEP_ALIVE_SECONDS", "News", "event", "event_stream"]

KEEP_ALIVE = b": keep-alive\n\n"
KEEP_ALIVE_SECONDS = 15.0


@attrs.frozen(kw_only=True)
class News:
    """What is to be said about a task.

    Attributes:
        value: Data of the next event; None when nothing has changed.
        is_last: Whether the stream ends with it.
        has_more: Whether there is more to say at once.
    """

    value: Any = None
    is_last: bool = False
    has_more: bool = False


class EventStream(StreamingResponse):
    """A response of exactly the media type text/event-stream, without a charset parameter."""

    media_type = "text/event-stream"
    charset = "utf-8"

    def init_headers(self, headers: Any = None) -> None:
        super().init_headers(headers)
        self.headers["content-type"] = "text/event-stream"


def event(value: Any) -> bytes:
    """One event. JSON has no line breaks outside of strings, and those inside are escaped: one line."""
    return b"data: " + msgspec.json.encode(value) + b"\n\n"


def event_stream(
    executor: Executor, task_id: str, read: Callable[[], Awaitable[News]], polling_interval: float
) -> EventStream:
    """A stream of a task's states.

    Args:
        executor: What runs tasks.
        task_id: The task.
        read: Reads what is new.
        polling_interval: Seconds between two looks at the task; its end is noticed at once when this process
            runs it.
    """
    return EventStream(
        _events(executor, task_id, read, polling_interval),
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


async def _events(
    executor: Executor, task_id: str, read: Callable[[], Awaitable[News]], polling_interval: float
) -> AsyncIterator[bytes]:
    silent = 0.0
    with executor.notices.watch(task_id) as watch:
        while True:
            watch.reset()
            news = await read()
            if news.value is not None:
                yield event(news.value)
                silent = 0.0
            if news.is_last or executor.notices.closed:
                return
            while not news.has_more:
                over = await watch.wait_for_end(polling_interval)
                silent += polling_interval
                if silent >= KEEP_ALIVE_SECONDS:
                    yield KEEP_ALIVE
                    silent = 0.0
                # A task of this process tells its changes; one of another has to be looked at.
                if over or watch.changed or not executor.is_running(task_id):
                    break
