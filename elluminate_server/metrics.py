"""`/metrics`: what a server does and has to do, in the text format of Prometheus.

prometheus-client is imported at the first scrape: what is counted until then are plain numbers (`operating.meters`).
"""

import asyncio
import logging
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

import attrs
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from elluminate_server import __version__
from elluminate_server.execution.leases import UNFINISHED
from elluminate_server.llm.providers import Models
from elluminate_server.operating.meters import Histogram, Meters
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import BusyError, DatabaseDamagedError, Store
from elluminate_server.store.states import DONE
from elluminate_server.store.tables import Share, Task, WorkItem

__all__ = ["PATH", "exposition", "metrics"]

PATH = "/metrics"

_logger = logging.getLogger("elluminate_server.metrics")


@attrs.frozen
class _Queue:
    """What is in the database to be done, by all processes.

    Attributes:
        tasks: Unfinished tasks by kind and status.
        items: Unfinished items of them by state.
        leases: Tasks that a process answers for.
        shares: What processes have of tasks, one for each process and task.
    """

    tasks: list[tuple[str, str, int]]
    items: list[tuple[str, int]]
    leases: int
    shares: int


async def metrics(request: Request) -> Response:
    """Answer a scrape."""
    state = request.app.state
    text, media_type = await exposition(state.meters, state.store, state.models)
    return Response(text, headers={"Content-Type": media_type, "Cache-Control": "no-store"})


async def exposition(meters: Meters, store: Store, models: Models) -> tuple[bytes, str]:
    """All there is to tell.

    A database that cannot be read is told as such (`elluminate_database_up 0`), beside what is known without it.

    Args:
        meters: What the server has counted.
        store: The database.
        models: The models.

    Returns:
        The text, and its media type.
    """
    try:
        queue = await _read_queue(store)
    except (SQLAlchemyError, sqlite3.Error, BusyError, DatabaseDamagedError) as error:
        _logger.info("The queue is left out of the metrics, because it cannot be read: %s", error)
        queue = None
    return await asyncio.to_thread(_written, _Collected(meters, queue, models.calls_at_gates()))


def _written(collected: "_Collected") -> tuple[bytes, str]:
    from prometheus_client import CollectorRegistry, ProcessCollector
    from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

    registry = CollectorRegistry()
    registry.register(collected)
    ProcessCollector(registry=registry)
    return generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4


async def _read_queue(store: Store) -> _Queue:
    unfinished = Task.status.in_(UNFINISHED)
    async with store.read(is_long=True) as session:
        tasks = await session.execute(
            select(Task.kind, Task.status, func.count()).where(unfinished).group_by(Task.kind, Task.status)
        )
        items = await session.execute(
            select(WorkItem.state, func.count())
            .join(Task, Task.id == WorkItem.task_id)
            .where(unfinished, WorkItem.state != DONE)
            .group_by(WorkItem.state)
        )
        held = select(func.count()).where(unfinished, Task.lease_expires_at >= utc_now())
        shared = select(func.count()).select_from(Share).where(Share.expires_at >= utc_now())
        return _Queue(
            [(kind, status, count) for kind, status, count in tasks],
            [(state, count) for state, count in items],
            await session.scalar(held) or 0,
            await session.scalar(shared) or 0,
        )


@attrs.frozen(eq=False)
class _Collected:
    """A collector of Prometheus's client."""

    meters: Meters
    queue: _Queue | None
    at_gates: tuple[int, int]

    def collect(self) -> Iterator[Any]:
        """The families, one after another."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

        yield InfoMetricFamily("elluminate_build", "Version of the server.", {"version": __version__})
        yield _histogram(
            "elluminate_http_request_duration_seconds",
            "Requests, and how long they took until their answer began.",
            ("method", "route", "status"),
            (
                ((method, route, str(status)), one)
                for (method, route, status), one in _pairs(self.meters.requests)
            ),
        )
        yield from self._models()
        under_way, waiting = self.at_gates
        yield GaugeMetricFamily(
            "elluminate_model_calls_under_way",
            "Calls to models that are under way in this process.",
            under_way,
        )
        yield GaugeMetricFamily(
            "elluminate_model_calls_waiting",
            "Calls that wait in this process: for a place, or a busy endpoint.",
            waiting,
        )
        yield CounterMetricFamily(
            "elluminate_leases_lost",
            "Tasks that this process had to leave: revoked, or taken over by another.",
            self.meters.leases_lost,
        )
        lines = CounterMetricFamily("elluminate_log_lines", "Lines of the server's log.", labels=("level",))
        for level, count in _pairs(self.meters.levels):
            lines.add_metric((level,), count)
        yield lines
        yield from self._queue()

    def _models(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily

        labels = ("provider", "config", "model")
        models = [(attrs.astuple(which), counts) for which, counts in _pairs(self.meters.models)]
        calls = CounterMetricFamily(
            "elluminate_model_calls", "Calls to models by what came of them.", labels=(*labels, "outcome")
        )
        tokens = CounterMetricFamily(
            "elluminate_model_tokens", "Tokens, as far as providers tell.", labels=(*labels, "kind")
        )
        for which, counts in models:
            for outcome, count in _pairs(counts.outcomes):
                calls.add_metric((*which, outcome), count)
            for kind, count in _pairs(counts.tokens):
                tokens.add_metric((*which, kind), count)
        yield calls
        yield tokens
        yield _histogram(
            "elluminate_model_call_duration_seconds",
            "Attempts that were answered, from sending to the last byte.",
            labels,
            ((which, counts.seconds) for which, counts in models),
        )
        yield _histogram(
            "elluminate_model_call_wait_seconds",
            "What calls waited before their last attempt: for a place, a busy endpoint, in earlier attempts.",
            labels,
            ((which, counts.waited) for which, counts in models),
        )

    def _queue(self) -> Iterator[Any]:
        from prometheus_client.core import GaugeMetricFamily

        yield GaugeMetricFamily(
            "elluminate_database_up",
            "Whether the database could be read (1) or not (0).",
            int(self.queue is not None),
        )
        if self.queue is None:
            return
        tasks = GaugeMetricFamily(
            "elluminate_tasks_unfinished",
            "Tasks of all processes that are not over.",
            labels=("kind", "status"),
        )
        for kind, status, count in self.queue.tasks:
            tasks.add_metric((kind, status), count)
        items = GaugeMetricFamily(
            "elluminate_items_unfinished",
            "Rows times epochs of unfinished tasks that are still to be answered or judged.",
            labels=("state",),
        )
        for state, count in self.queue.items:
            items.add_metric((state,), count)
        yield tasks
        yield items
        yield GaugeMetricFamily(
            "elluminate_leases_held",
            "Tasks that a process answers for, of all processes.",
            self.queue.leases,
        )
        yield GaugeMetricFamily(
            "elluminate_shares_held",
            "What processes have of tasks, one for each process and task, of all processes.",
            self.queue.shares,
        )


def _pairs(counted: Any) -> list[Any]:
    """What a dict holds now: the event loop goes on to fill it while it is written down."""
    return list(counted.items())


def _histogram(
    name: str, about: str, labels: tuple[str, ...], found: Iterable[tuple[tuple[str, ...], Histogram]]
) -> Any:
    from prometheus_client.core import HistogramMetricFamily

    family = HistogramMetricFamily(name, about, labels=labels)
    for values, histogram in found:
        buckets, below = [], 0
        for bound, count in zip((*map(str, histogram.bounds), "+Inf"), list(histogram.counts), strict=True):
            below += count
            buckets.append((bound, below))
        family.add_metric(values, buckets, histogram.total)
    return family
