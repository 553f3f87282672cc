"""`elluminate view`: pages of a database on this machine, until Ctrl-C."""

import asyncio
import contextlib
import socket
import webbrowser
from collections.abc import Callable
from pathlib import Path

from elluminate_server.app import create_app
from elluminate_server.demo import load_demo
from elluminate_server.keys import new_key
from elluminate_server.listening import Serving, bind
from elluminate_server.local import SCHEME, local_settings, location_of, parse_local_url
from elluminate_server.operating.garbage import look_for_garbage_seldom
from elluminate_server.operating.log_lines import begin_log
from elluminate_server.serving import login_link, stopped_by_signals
from elluminate_server.settings import MEMORY, Settings
from elluminate_server.store.probing import probe, wait_for_others

__all__ = ["ViewError", "view"]


class ViewError(Exception):
    """There is nothing to look at; the message says what to do."""


def view(
    source: str | None, port: int, *, is_demo: bool, opens_browser: bool, tell: Callable[[str], None]
) -> None:
    """Serve the pages of a database on 127.0.0.1 until Ctrl-C or SIGTERM.

    Args:
        source: A `local:` address or the path of an SQLite file; None for the user's own.
        port: Port, or 0 for any free one.
        is_demo: Look at an example in a database of its own instead, which is gone afterwards.
        opens_browser: Whether to open the link that is printed.
        tell: Prints.

    Raises:
        ViewError: There is no such database.
        ServingError: It cannot be listened, or the database cannot be opened.
        DatabaseUnusableError: Another program kept it locked.
        SettingsError: The environment has a value that cannot be used.
    """
    location = MEMORY if is_demo else _location(source)
    listener = bind("127.0.0.1", port)
    try:
        begin_log("warning", "text")
        settings = local_settings(location, new_key(), pages=True)
        try:
            wait_for_others(settings.database_url, tell)
        except KeyboardInterrupt:
            raise ViewError("The wait was ended. Nothing was changed.") from None
        probe(settings.database_url)
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(_view(settings, listener, is_demo, opens_browser, tell))
    finally:
        listener.close()


def _location(source: str | None) -> str:
    text = SCHEME if source is None else source
    if not text.lower().startswith(SCHEME):
        text = f"{SCHEME}{text}"
    try:
        database = parse_local_url(text)
    except ValueError as error:
        raise ViewError(str(error)) from None
    location = location_of(database)
    if location.startswith(MEMORY):
        raise ViewError("A database in memory is its process's own. Name a file, or say --demo.")
    if database is not None and not Path(location).exists():
        raise ViewError(f"There is no database {location}. Check the path.")
    return location


async def _view(
    settings: Settings,
    listener: socket.socket,
    is_demo: bool,
    opens_browser: bool,
    tell: Callable[[str], None],
) -> None:
    app = create_app(settings)
    serving = Serving(app, listener, log_level="warning")

    async def announce() -> None:
        if settings.process_key is None:
            raise RuntimeError("local_settings gives a key")
        if is_demo:
            await load_demo(app)
        look_for_garbage_seldom()
        link = await login_link(app, serving.address, settings.process_key)
        tell(f"elluminate shows its pages at {link}")
        tell("The link opens a session once, within a minute. Stop with Ctrl-C.")
        if opens_browser and link is not None:
            with contextlib.suppress(webbrowser.Error):
                await asyncio.to_thread(webbrowser.open, link)

    with stopped_by_signals(serving):
        await serving.until_stopped(announce)
