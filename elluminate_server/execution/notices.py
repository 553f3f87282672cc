"""Tells waiters of this process that a task has changed, so that they need not ask the database."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Notices", "Watch"]


class Watch:
    """One waiter on one task."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self._over = asyncio.Event()

    @property
    def changed(self) -> bool:
        """Whether the task has changed since `reset`."""
        return self._changed.is_set()

    def reset(self) -> None:
        """Take note of the state so far; call it before the state is read."""
        self._changed.clear()
        self._over.clear()

    async def wait_for_change(self, seconds: float) -> bool:
        """Wait for a change, at most `seconds`; whether there was one."""
        return await _within(self._changed, seconds)

    async def wait_for_end(self, seconds: float) -> bool:
        """Wait for the end of the task (or of this server), at most `seconds`; whether it came."""
        return await _within(self._over, seconds)

    def tell(self, *, over: bool) -> None:
        """Wake the waiter."""
        self._changed.set()
        if over:
            self._over.set()


class Notices:
    """The waiters of one process. Used from its event loop only."""

    def __init__(self) -> None:
        self._watches: dict[str, set[Watch]] = {}
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether waiting is pointless, because the server is going to stop."""
        return self._closed

    @contextmanager
    def watch(self, task_id: str) -> Iterator[Watch]:
        """Watch a task."""
        watch = Watch()
        self._watches.setdefault(task_id, set()).add(watch)
        try:
            if self._closed:
                watch.tell(over=True)
            yield watch
        finally:
            watches = self._watches[task_id]
            watches.discard(watch)
            if not watches:
                del self._watches[task_id]

    def publish(self, task_id: str, *, over: bool = False) -> None:
        """Wake whoever watches the task; call it after the commit."""
        for watch in self._watches.get(task_id, ()):
            watch.tell(over=over)

    def close(self) -> None:
        """Wake everybody, now and from now on: the server stops."""
        self._closed = True
        for task_id in list(self._watches):
            self.publish(task_id, over=True)


async def _within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return event.is_set()
    return True
