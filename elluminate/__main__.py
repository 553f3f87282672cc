"""The command line: `elluminate serve`, `elluminate migrate`, `elluminate keys`, `elluminate --version`."""

import argparse
import asyncio
import contextlib
import ipaddress
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from elluminate import __version__
from elluminate._extras import how_to_install

if TYPE_CHECKING:
    from elluminate_server.settings import Settings
    from elluminate_server.store.migrating import Migration

__all__ = ["main"]

_DESCRIPTION = "Evaluate prompts: the backend for the elluminate SDK, on your own machine."

_EXAMPLES = """\
examples:
  elluminate serve                             serve on http://127.0.0.1:8000, data in the user's data folder
  elluminate serve --port 0 --database evals.db    any free port, data in ./evals.db
  elluminate serve --database postgresql://evals@db.example/evals
  elluminate migrate --database evals.db       upgrade the database of an older version
  elluminate keys create "Nightly pipeline" --days 90    print a new API key, which is shown only now

The API key to use is printed at the start. Set ELLUMINATE_API_KEY to choose it; keys are not taken from the
command line, where other users of the machine could read them.
"""

_SERVE_NOTES = """\
Ctrl-C and SIGTERM end the server cleanly (exit code 0). Runs that are under way go on at the next start.
Exit code 1: it could not start; the reason is on standard error.
"""

_LOG_LEVELS = ("critical", "error", "warning", "info", "debug")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Without the program's name; those of the process unless given.

    Returns:
        Exit code: 0 done, 1 failed with one line on standard error. (2, wrong usage, is raised by argparse.)
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    try:
        import elluminate_server.serving  # noqa: F401 - only to see whether the extra is there
    except ModuleNotFoundError as error:
        return _fail(f"The server needs {how_to_install(error, 'server')}.")
    if options.command == "migrate":
        return _migrate(options.database)
    if options.command == "keys":
        return _keys(options)
    return _serve(options.host, options.port, options.database, options.log_level)


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="elluminate", description=_DESCRIPTION, epilog=_EXAMPLES, formatter_class=raw
    )
    parser.add_argument("--version", action="version", version=f"elluminate {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="command")
    serve = commands.add_parser(
        "serve",
        help="serve the API in the foreground",
        description="Serve the API in the foreground.",
        epilog=_SERVE_NOTES,
        formatter_class=raw,
    )
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    serve.add_argument(
        "--port", type=_port, default=8000, help="port, 0 for any free one (default: %(default)s)"
    )
    serve.add_argument(
        "--log-level", choices=_LOG_LEVELS, default="warning", help="what is logged (default: %(default)s)"
    )
    migrate = commands.add_parser(
        "migrate",
        help="upgrade the database of an older version",
        description="Upgrade the database of an older version. First stop its servers. An SQLite file is copied "
        "beside itself before; back up any other database yourself.",
    )
    keys = commands.add_parser(
        "keys",
        help="list, create and revoke API keys",
        description="List, create and revoke API keys in the database; the server may run meanwhile.",
    )
    actions = keys.add_subparsers(dest="action", metavar="action", required=True)
    listing = actions.add_parser("list", help="show the keys, without their secrets")
    create = actions.add_parser("create", help="make a key and print it; it is shown only now")
    create.add_argument("name", help="what the key is for")
    create.add_argument("--days", type=_days, help="for how many days it is valid (default: for ever)")
    revoke = actions.add_parser("revoke", help="let a key open nothing from now on")
    revoke.add_argument("key", type=_key_id, metavar="id", help="the key's id, as the list shows it")
    for command, otherwise in ((listing, "all"), (create, "the default project"), (revoke, "any")):
        command.add_argument("--project", help=f"id or name of the project (default: {otherwise})")
    for command in (serve, migrate, listing, create, revoke):
        command.add_argument(
            "--database",
            metavar="URL-OR-PATH",
            help="path of an SQLite file, or a database URL (default: ELLUMINATE_DATABASE_URL, "
            "else a file in the user's data folder)",
        )
    return parser


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port: 0 to 65535")


def _days(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 36_500:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of days: 1 to 36500")


def _key_id(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) < 2**53:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not the id of a key; `elluminate keys list` shows them")


def _serve(host: str, port: int, database: str | None, log_level: str) -> int:
    from elluminate_server.serving import serve

    if not _is_loopback(host):
        print(
            f"Warning: listening on {host}: the API is reachable from the network, over plain HTTP. "
            "Whoever has a key can use it; put a TLS proxy in front.",
            file=sys.stderr,
        )
    with _failures_as_exit():
        serve(_settings(database), host, port, log_level=log_level)
    return 0


def _migrate(database: str | None) -> int:
    with _failures_as_exit():
        done = asyncio.run(_migrated(_settings(database)))
    if done.before is None:
        print(f"The database was empty; it has version {done.now} now.")
    elif done.before == done.now:
        print(f"The database has version {done.now} already; nothing was changed.")
    else:
        print(f"The database had version {done.before}; it has version {done.now} now.")
    if done.backup is not None:
        print(f"A copy of the older one is in {done.backup}")
    return 0


async def _migrated(settings: "Settings") -> "Migration":
    from elluminate_server.store.engine import Store
    from elluminate_server.store.migrating import migrate
    from elluminate_server.store.probing import probe

    probe(settings.database_url)
    async with Store(settings.database_url) as store:
        return await migrate(store)


def _keys(options: argparse.Namespace) -> int:
    from elluminate_server import key_commands

    with _failures_as_exit():
        settings = _settings(options.database)
        if options.action == "list":
            print(asyncio.run(key_commands.list_keys(settings, options.project)))
        elif options.action == "create":
            made = key_commands.create_key(settings, options.project, options.name, options.days)
            key, about = asyncio.run(made)
            # The key alone on standard output, so that a shell can put it where it belongs.
            print(about, "It is shown only now:", file=sys.stderr)
            print(key)
        else:
            print(asyncio.run(key_commands.revoke_key(settings, options.project, options.key)))
    return 0


@contextlib.contextmanager
def _failures_as_exit() -> Iterator[None]:
    """Failures that the user can do something about become one line and exit code 1."""
    from sqlalchemy.exc import OperationalError

    from elluminate_server.key_commands import KeyCommandError
    from elluminate_server.serving import ServingError
    from elluminate_server.settings import SettingsError
    from elluminate_server.store.engine import BusyError
    from elluminate_server.store.migrating import SchemaVersionError
    from elluminate_server.store.probing import DatabaseUnusableError

    try:
        yield
    except (
        ServingError,
        SettingsError,
        SchemaVersionError,
        DatabaseUnusableError,
        BusyError,
        KeyCommandError,
    ) as error:
        reason = str(error)
    except OperationalError as error:
        # Without the statement, which says nothing to the user, and the URL, which may hold a password.
        said = " ".join(str(error.orig).split()).rstrip(".")
        reason = f"The database cannot be opened ({said}). Check --database or ELLUMINATE_DATABASE_URL."
    except ModuleNotFoundError as error:
        if error.name != "psycopg":
            raise
        reason = f"PostgreSQL needs {how_to_install(error, 'scale')}."
    else:
        return
    sys.exit(_fail(reason))


def _settings(database: str | None) -> "Settings":
    from elluminate_server.settings import Settings

    return Settings.from_environment(database_url=database)


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _fail(reason: str) -> int:
    print(f"elluminate: {reason}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
