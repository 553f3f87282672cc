"""Notes that are written beside an answer: no request fails for one, and none waits longer than a moment."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Hashable
from typing import Any

__all__ = ["MOMENT", "write_note"]

_logger = logging.getLogger("elluminate_server.access")

MOMENT = 1.0
"""Seconds that a request waits for a note: a database that another process keeps locked is waited for by itself."""

_MOST_UNDER_WAY = 100

_under_way: dict[Hashable, asyncio.Task[None]] = {}


async def write_note(about: Hashable, write: Callable[[], Coroutine[Any, Any, None]]) -> bool:
    """Write a note; where that takes longer than a moment, it goes on and the request does, too.

    Args:
        about: What it is about. What is being noted already is not noted again.
        write: Writes it. What it raises is raised here, or logged when the request has gone on.

    Returns:
        Whether it was begun: False where too many notes wait for the database already.
    """
    if about in _under_way:
        return True
    if len(_under_way) >= _MOST_UNDER_WAY:
        return False
    task = asyncio.get_running_loop().create_task(write())
    _under_way[about] = task
    task.add_done_callback(lambda _: _under_way.pop(about, None))
    await asyncio.wait({task}, timeout=MOMENT)
    if task.done():
        task.result()
    else:
        task.add_done_callback(_log_failure)
    return True


def _log_failure(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        _logger.error("A note could not be written: %s", error, exc_info=error)
