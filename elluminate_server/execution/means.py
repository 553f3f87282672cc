"""What the runs of one process have in common: the database, its writer, the models, and how much is done at a time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import attrs
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.execution.asking import Shortages
from elluminate_server.execution.commits import Commits
from elluminate_server.execution.limits import MAX_WORKERS, reading_slots
from elluminate_server.execution.records import Record
from elluminate_server.llm.providers import Models
from elluminate_server.store.engine import Store

__all__ = ["Means"]


@attrs.frozen(kw_only=True)
class Means:
    """What the runs of one process share.

    Attributes:
        owner: The process's name.
        store: The database.
        models: The models.
        commits: The writer.
        ending: Whether the interpreter is ending, when failures of calls mean nothing.
        max_turns: Most answers of the model in one conversation.
        patience: Seconds that a call waits for an endpoint that refuses it for load, or is away.
        concurrency: Most items at a time, of all runs.
        shortages: Tells that a model cannot be asked for what this process lacks.
    """

    owner: str
    store: Store
    models: Models
    commits: Commits[Record]
    ending: Callable[[], bool]
    max_turns: int
    patience: float
    concurrency: int | None = None
    shortages: Shortages = attrs.field(factory=Shortages)
    _reading: asyncio.Semaphore = attrs.field(factory=reading_slots, init=False)
    _places: asyncio.Semaphore | None = attrs.field(
        default=attrs.Factory(lambda self: _places(self.concurrency), takes_self=True), init=False
    )

    @property
    def workers(self) -> int:
        """Most items at a time of one run."""
        return min(MAX_WORKERS, self.concurrency or MAX_WORKERS)

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A reading session, in its turn."""
        async with self._reading, self.store.read() as session:
            yield session

    def place(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Room for one item."""
        return contextlib.nullcontext() if self._places is None else self._places


def _places(concurrency: int | None) -> asyncio.Semaphore | None:
    return None if concurrency is None else asyncio.Semaphore(concurrency)
