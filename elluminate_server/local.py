"""The server inside the caller's process that `local:` addresses name: one per database."""

import asyncio
import atexit
import os
import re
import socket
import sys
import threading
from asyncio.selector_events import BaseSelectorEventLoop
from pathlib import Path

import attrs
from starlette.applications import Starlette

from elluminate_server.app import create_app
from elluminate_server.keys import new_key
from elluminate_server.listening import GRACE_SECONDS, Serving, ServingError, bind
from elluminate_server.settings import LOCAL_DATABASE, MEMORY, Settings, data_folder
from elluminate_server.store.engine import Store
from elluminate_server.store.probing import probe

__all__ = [
    "LocalAddress",
    "LocalServer",
    "local_server",
    "local_settings",
    "location_of",
    "parse_local_url",
    "release_local_server",
    "stop_local_server",
]

SCHEME = "local:"
START_SECONDS = 60.0
STOP_SECONDS = 15.0

_NOT_FOR_LOCAL = frozenset(
    {
        "ELLUMINATE_API_KEY",
        "ELLUMINATE_BROKER_URL",
        "ELLUMINATE_DATABASE_URL",
        "ELLUMINATE_HOSTS",
        "ELLUMINATE_METRICS",
        "ELLUMINATE_PAGES",
    }
)
"""Variables that belong to other servers: the caller may well have a hosted one's key in the environment."""


@attrs.frozen
class LocalAddress:
    """How a local server is reached.

    Attributes:
        base_url: For example `http://127.0.0.1:49152`.
        api_key: Random, of this process; never stored.
    """

    base_url: str
    api_key: str = attrs.field(repr=False)


def parse_local_url(url: str) -> str | None:
    """The database that a `local:` address names; None for the user's own.

    A database in memory may have a name, of ASCII letters, digits, `_` and `-`: no name is taken for a file that way,
    and no misspelt `:memory:` for the name of one.

    Raises:
        ValueError: Not a `local:` address.

    >>> parse_local_url("local:")
    >>> parse_local_url("local:evals.db")
    'evals.db'
    >>> parse_local_url("local::memory:")
    ':memory:'
    >>> parse_local_url("local::memory:tutors")
    ':memory:tutors'
    """
    text = url.strip()
    if not text.lower().startswith(SCHEME):
        raise ValueError(f"{url!r} is not a local address: it must start with {SCHEME!r}.")
    database = text[len(SCHEME) :]
    if database.startswith("//"):
        raise ValueError(
            f"{url!r} is not a local address: write local:, local:evals.db or local::memory:, without '//'."
        )
    if _MISSPELT_MEMORY.fullmatch(database) and not _IN_MEMORY.fullmatch(database):
        raise ValueError(
            f"{url!r} is not a local address: a database in memory is local::memory:, or local::memory:NAME with "
            "a NAME of letters, digits, '_' and '-'. For a file of that name write local:./ before it."
        )
    return database or None


_IN_MEMORY = re.compile(rf"{MEMORY}[A-Za-z0-9_-]*", re.ASCII)
_MISSPELT_MEMORY = re.compile(r":.*|memory:.*", re.IGNORECASE | re.DOTALL)


def local_server(database: str | None = None) -> LocalAddress:
    """The address of this process's server for a database, which is started when this is its first user.

    It runs in a daemon thread with an event loop of its own, answers on 127.0.0.1 only, and is stopped when
    the interpreter exits. Works from any thread, inside a running event loop, and in a forked child (which
    gets a server of its own; a `:memory:` database starts empty there).

    Args:
        database: Path of an SQLite file, relative to the working directory; `:memory:` for one that is gone when its
            last user has called `release_local_server`, `:memory:name` for another such one; None for `local.db` in
            the user's data directory.

    Raises:
        ServingError: It could not be started; the reason is in the message and in `__cause__`.
    """
    location = location_of(database)
    with _lock:
        server = _servers.get(location)
        if server is not None and server.alive and not server.is_current:
            _end(location)  # its file was deleted or replaced, and all that it could still say is that
            server = None
        if server is None or not server.alive:
            server = LocalServer(location)
            server.start()
            _servers[location] = server
        server.users += 1
        return server.address


def release_local_server(address: LocalAddress) -> None:
    """Be no user of a server any more; once for each call of `local_server`.

    The last one to go ends the server of a database in memory, and so the database, without waiting for it. Any other
    stays until the interpreter exits: what was begun there goes on.

    Args:
        address: From `local_server`. One whose server is not there any more is no error.
    """
    with _lock:
        for location, server in _servers.items():
            if server.address == address:
                server.users -= 1
                if server.users <= 0 and location.startswith(MEMORY):
                    _end(location)
                return


def stop_local_server(database: str | None = None) -> None:
    """Stop this process's server for a database, if it runs; its next use starts another.

    Args:
        database: As for :func:`local_server`. A `:memory:` database is gone afterwards.
    """
    with _lock:
        server = _servers.pop(location_of(database), None)
    if server is not None:
        server.stop()


def local_settings(location: str, key: str, *, pages: bool = False) -> Settings:
    """How a server inside a process runs: as the environment says, but for what belongs to other servers.

    Args:
        location: Absolute path of an SQLite file, or `:memory:`, or `:memory:name`.
        key: Of this process.
        pages: Whether it shows pages, too.

    Raises:
        SettingsError: The environment has a value that cannot be used.
    """
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_LOCAL}
    return Settings.from_environment(
        environment,
        database_url=MEMORY if location.startswith(MEMORY) else location,
        process_key=key,
        upgrade_database=True,
        serves_this_machine_only=True,
        pages=pages,
    )


class LocalServer:
    """One application in a daemon thread.

    Args:
        location: Absolute path of an SQLite file, or `:memory:`, or `:memory:name`.

    Attributes:
        users: How many have its address and use it.
    """

    def __init__(self, location: str) -> None:
        self.users = 0
        self._location = location
        self._app: Starlette | None = None
        self._key = new_key()
        self._listener: socket.socket | None = None
        self._serving: Serving | None = None
        self._base_url = ""
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="elluminate-local-server", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether it still answers."""
        return self._thread.is_alive()

    @property
    def is_current(self) -> bool:
        """Whether its database is what the path leads to now."""
        store: Store | None = None if self._app is None else getattr(self._app.state, "store", None)
        return store is None or store.is_there

    @property
    def address(self) -> LocalAddress:
        """Where it answers, and the key to use."""
        return LocalAddress(self._base_url, self._key)

    def start(self) -> None:
        """Start, and return when it answers.

        Raises:
            ServingError: It could not be started.
        """
        try:
            self._listener = bind("127.0.0.1", 0)
            settings = local_settings(self._location, self._key)
            probe(settings.database_url)
            self._app = create_app(settings)
            self._serving = Serving(self._app, self._listener)
        except Exception as error:
            self.close_socket()
            raise self._cannot_start(error) from error
        self._base_url = self._serving.address
        self._thread.start()
        try:
            started = self._started.wait(START_SECONDS)
        except BaseException:  # Ctrl-C, say
            self.stop()
            raise
        if not started:
            self.stop()
            raise ServingError(
                f"The local server for {self._location} did not start within {START_SECONDS:.0f} seconds."
            )
        if self._failure is not None:
            self._thread.join(STOP_SECONDS)
            raise self._cannot_start(self._failure) from self._failure

    def stop(self, *, grace: float = GRACE_SECONDS) -> None:
        """Let requests in flight end, close the database, and wait for that (at most 15 s).

        Args:
            grace: Seconds after which requests in flight are refused, 0 to 5.
        """
        self.begin_to_stop(grace=grace)
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def begin_to_stop(self, *, grace: float = GRACE_SECONDS) -> None:
        """What `stop` does, without waiting for it."""
        if self._serving is not None:
            self._serving.stop(grace=grace)

    def close_socket(self) -> None:
        """Close this process's copy of the listening socket: a forked child must not hold the port."""
        if self._listener is not None:
            self._listener.close()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=_ServerLoop) as runner:
                runner.run(self._serve())
        except BaseException as error:
            if self._started.is_set():
                raise
            self._failure = error  # for the thread that waits for the start
        finally:
            self._started.set()

    async def _serve(self) -> None:
        if self._serving is None:
            raise RuntimeError("start() makes the server before its thread")
        await self._serving.until_stopped(self._answering)

    async def _answering(self) -> None:
        self._started.set()

    def _cannot_start(self, error: BaseException) -> ServingError:
        return ServingError(f"The local server for {self._location} could not be started: {error}")


class _ServerLoop(BaseSelectorEventLoop):
    """An event loop that nest_asyncio leaves alone.

    It patches the class of the caller's loop, and so every loop of that class in the process, with a
    reentrant loop of its own writing. This server shares the process but not that need, so that its loop is of
    another class, one without child processes and signals, which a server in a thread cannot use anyway.
    """


def location_of(database: str | None) -> str:
    """Where a database is that `parse_local_url` has found: an absolute path, or `:memory:` with its name."""
    if database is not None and _IN_MEMORY.fullmatch(database):
        return database
    if database is None:
        return str(data_folder() / LOCAL_DATABASE)
    return str(Path(database).expanduser().resolve())


_servers: dict[str, LocalServer] = {}
_ending: list[LocalServer] = []
_lock = threading.Lock()


def _end(location: str) -> None:
    """Begin to stop a server, of which nobody who asks from now on gets the address."""
    _ending[:] = [server for server in _ending if server.alive]
    server = _servers.pop(location)
    _ending.append(server)
    server.begin_to_stop(grace=0)


def _stop_all() -> None:
    with _lock:
        servers = [*_servers.values(), *_ending]
        _servers.clear()
        _ending.clear()
    for server in servers:
        server.begin_to_stop(grace=0)  # whoever asked in this process is gone
    for server in servers:
        server.stop(grace=0)


def _forget_in_child() -> None:
    global _lock
    _lock = threading.Lock()  # the parent may have held it
    for server in _servers.values():
        server.close_socket()
    _servers.clear()
    _ending.clear()


atexit.register(_stop_all)
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forget_in_child)
