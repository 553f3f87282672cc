"""Serves in the foreground, for the command line; and the one place to import everything from that serves.

The command line and the SDK's `local:` addresses start the same application. However it ends, killed
included, it loses only the calls in flight: runs are rows in the database, and the next start goes on with them.
"""

import asyncio
import contextlib
import shlex
import signal
import socket
import sys
from collections.abc import Iterator

import attrs
from starlette.applications import Starlette
from starlette.datastructures import Headers

from elluminate_server.app import create_app
from elluminate_server.http.access import authenticate
from elluminate_server.keys import keep_first_key, new_key
from elluminate_server.listening import AddressInUseError, Serving, ServingError, bind, is_loopback
from elluminate_server.local import (
    LocalAddress,
    LocalServer,
    local_server,
    parse_local_url,
    release_local_server,
    stop_local_server,
)
from elluminate_server.operating.exporting import exporting_spans
from elluminate_server.operating.garbage import look_for_garbage_seldom
from elluminate_server.operating.log_lines import begin_log
from elluminate_server.pages.codes import LoginCodes
from elluminate_server.settings import Settings
from elluminate_server.store.engine import Store
from elluminate_server.store.probing import probe

__all__ = [
    "AddressInUseError",
    "LocalAddress",
    "LocalServer",
    "ServingError",
    "local_server",
    "login_link",
    "parse_local_url",
    "release_local_server",
    "serve",
    "stop_local_server",
    "stopped_by_signals",
]


def serve(
    settings: Settings, host: str, port: int, *, log_level: str = "warning", log_format: str = "text"
) -> None:
    """Serve in the foreground until Ctrl-C or SIGTERM, both of which end it cleanly.

    Runs that are under way stay in the database and go on at the next start.

    The key that is printed: the settings' `api_key` when there is one. Otherwise, on a database without any
    key, a new one that is stored (as a digest) and stays valid. On a database that has keys, none of which
    can be shown again, one that is valid until this server stops; the stored ones stay valid beside it.

    Args:
        settings: The server's settings.
        host: Address to listen on.
        port: Port, or 0 for any free one (printed).
        log_level: `critical`, `error`, `warning`, `info` or `debug`.
        log_format: `text` for people, or `json`: one object a line.

    Raises:
        AddressInUseError: The port is taken; nothing was started.
        ServingError: The address cannot be listened on.
        DatabaseUnusableError: The database is an SQLite file that cannot be opened or written.
        DatabaseDamagedError: It is damaged.
    """
    listener = bind(host, port)
    try:
        begin_log(log_level, log_format)
        with exporting_spans("elluminate-server"):
            probe(settings.database_url)
            # The event loop that psycopg needs on Windows, too.
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(_serve(settings, listener, log_level))
    finally:
        listener.close()


async def _serve(settings: Settings, listener: socket.socket, log_level: str) -> None:
    generated = None if settings.api_key is not None else new_key()
    app = create_app(
        attrs.evolve(
            settings, process_key=generated, serves_this_machine_only=is_loopback(listener.getsockname()[0])
        )
    )
    serving = Serving(app, listener, log_level=log_level)

    async def announce() -> None:
        look_for_garbage_seldom()  # (not in `local.py`: there the process is somebody else's)
        if settings.api_key is not None:
            key, origin = None, "the one in ELLUMINATE_API_KEY"
        elif generated is not None and await keep_first_key(app.state.store, generated):
            key, origin = generated, "new, and stays valid; stored as a digest, so it is not shown again"
            # It is one of the database's from now on: it can be revoked, and the audit log names it.
            app.state.settings = attrs.evolve(app.state.settings, process_key=None)
        else:
            key, origin = str(generated), _FOR_THIS_START
        shown = key or settings.api_key
        link = None if shown is None else await login_link(app, serving.address, shown)
        print(_announcement(serving.address, key, origin, link), flush=True)  # noqa: T201 - the command's output

    with stopped_by_signals(serving):
        await serving.until_stopped(announce)


_FOR_THIS_START = """valid until this server stops. Keys of earlier starts are valid, too, but
            are stored as digests and cannot be shown. Set ELLUMINATE_API_KEY to choose the key."""


async def login_link(app: Starlette, address: str, key: str) -> str | None:
    """A link that opens a session in one browser within a minute; None where there are no pages.

    Args:
        app: The application, which runs.
        address: Where it is reached.
        key: Whose session it is.
    """
    codes: LoginCodes | None = app.state.login_codes
    if codes is None:
        return None
    store: Store = app.state.store
    async with store.read() as session:
        principal = await authenticate(Headers({"x-api-key": key}), session, store, app.state.settings)
    return f"{address}/login?code={codes.make(principal)}"


def _announcement(address: str, key: str | None, origin: str, link: str | None) -> str:
    """What a start tells; a key that somebody chose is not written to logs by it."""
    export = "" if key is None else f"export ELLUMINATE_API_KEY={shlex.quote(key)}\n"
    pages = (
        "" if link is None else f"  Pages     {link}\n            (opens a session once, within a minute)\n"
    )
    return (
        f"elluminate is ready at {address}\n"
        f"  API docs  {address}/api/v0/docs\n"
        f"  API key   {origin}\n"
        f"{pages}"
        "\n"
        f"export ELLUMINATE_BASE_URL={address}\n"
        f"{export}"
        "\n"
        "Stop with Ctrl-C."
    )


@contextlib.contextmanager
def stopped_by_signals(serving: Serving) -> Iterator[None]:
    """Have Ctrl-C and SIGTERM end it cleanly."""
    signals = [signal.SIGINT, signal.SIGTERM]
    if sys.platform == "win32":
        signals.append(signal.SIGBREAK)
    before = {number: signal.signal(number, serving.handle_exit) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
