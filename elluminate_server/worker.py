"""Works without serving, for `elluminate worker`: one of any number of processes that share a deployment's runs."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from types import FrameType

import attrs

from elluminate_server.execution import Executor
from elluminate_server.execution.places import sharing_places
from elluminate_server.listening import address_of, bind
from elluminate_server.llm.providers import Models
from elluminate_server.metrics import PATH
from elluminate_server.operating.exporting import exporting_spans
from elluminate_server.operating.garbage import look_for_garbage_seldom
from elluminate_server.operating.log_lines import begin_log
from elluminate_server.operating.meters import Meters, counting_log_lines
from elluminate_server.settings import Settings
from elluminate_server.store.engine import Store
from elluminate_server.store.migrating import prepare
from elluminate_server.store.probing import probe
from elluminate_server.worker_port import telling

__all__ = ["announce_start", "listening_at", "work", "working"]


def work(
    settings: Settings,
    *,
    log_level: str = "warning",
    log_format: str = "text",
    metrics_at: tuple[str, int] | None = None,
) -> None:
    """Work in the foreground until Ctrl-C or SIGTERM, both of which end it cleanly; a second one ends it at once.

    What it had begun is given back, and others go on with it; what it was killed over is free after its lease.

    Args:
        settings: As the servers of the same database have them.
        log_level: `critical`, `error`, `warning`, `info` or `debug`.
        log_format: `text` for people, or `json`: one object a line.
        metrics_at: Host and port where it tells what it does; None for nowhere.

    Raises:
        AddressInUseError: The port is taken; nothing was started.
        ServingError: The address cannot be listened on.
        DatabaseUnusableError: The database is an SQLite file that cannot be opened or written.
        DatabaseDamagedError: It is damaged.
        SchemaVersionError: It is of another version.
    """
    begin_log(log_level, log_format)
    with exporting_spans("elluminate-worker"), listening_at(metrics_at) as listener:
        probe(settings.database_url)
        # The event loop that psycopg needs on Windows, too.
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(_work(settings, listener))


@contextlib.contextmanager
def listening_at(metrics_at: tuple[str, int] | None) -> Iterator[socket.socket | None]:
    """A listening socket for the worker's port, for as long as the block lasts; None where there is to be none.

    Raises:
        AddressInUseError: The port is taken.
        ServingError: The address cannot be listened on.
    """
    if metrics_at is None:
        yield None
        return
    with bind(*metrics_at, option="--metrics") as listener:
        yield listener


async def _work(settings: Settings, listener: socket.socket | None) -> None:
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    with _told_by_signals(lambda: loop.call_soon_threadsafe(stopped.set)):
        async with working(settings, listener):
            look_for_garbage_seldom()
            announce_start(settings, listener)
            await stopped.wait()


def announce_start(settings: Settings, listener: socket.socket | None) -> None:
    """Say that the worker works, and where it tells what it does."""
    most = "" if settings.concurrency is None else f", {settings.concurrency} test cases at a time"
    where = "" if listener is None else f", and tells of it at {address_of(listener)}{PATH}"
    print(f"elluminate works{most}{where}. Stop with Ctrl-C.", flush=True)  # noqa: T201 - the command's output


@contextlib.asynccontextmanager
async def working(settings: Settings, listener: socket.socket | None = None) -> AsyncIterator[Executor]:
    """A database that is worked on, for as long as the block lasts.

    Args:
        settings: As the servers of the same database have them.
        listener: Where the worker tells what it does; None for nowhere.
    """
    meters = None if listener is None else Meters()
    async with contextlib.AsyncExitStack() as stack:
        if meters is not None:
            stack.enter_context(counting_log_lines(meters))
        store = await stack.enter_async_context(Store(settings.database_url, secret_key=settings.secret_key))
        await prepare(store)
        models = Models(
            settings.model_defaults(),
            reach=attrs.evolve(settings, serves_this_machine_only=store.is_sqlite).reach(),
            max_answer_bytes=settings.llm_max_answer_bytes,
            secret=settings.marks_secret(),
            meters=meters,
        )
        stack.push_async_callback(models.aclose)
        executor = Executor(store, models, settings, meters=meters)
        await stack.enter_async_context(sharing_places(store, models, executor.owner))
        stack.push_async_callback(executor.stop)
        await executor.start()
        if listener is not None and meters is not None:
            await stack.enter_async_context(telling(listener, settings, meters, store, models, executor))
        yield executor


@contextlib.contextmanager
def _told_by_signals(stop: Callable[[], object]) -> Iterator[None]:
    """Call a function at the first signal; the second one does what it does by itself."""
    signals = [signal.SIGINT, signal.SIGTERM]
    if sys.platform == "win32":
        signals.append(signal.SIGBREAK)

    def handle(_number: int, _frame: FrameType | None) -> None:
        for number in signals:
            signal.signal(number, signal.SIG_DFL)
        stop()

    before = {number: signal.signal(number, handle) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
