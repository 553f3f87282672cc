"""What the commands of the server do, from `serve` to `keys`. The command line itself is the SDK's."""

import argparse
import asyncio
import contextlib
import functools
import sys
from collections.abc import Iterator

import attrs
from sqlalchemy.exc import OperationalError

from elluminate_server import key_commands
from elluminate_server.audit_commands import AuditCommandError, show_audit_log
from elluminate_server.backup_commands import make_backup
from elluminate_server.celery_worker import work_with_celery
from elluminate_server.key_commands import KeyCommandError
from elluminate_server.listening import is_loopback
from elluminate_server.prune_commands import PruneError, prune
from elluminate_server.serving import ServingError, serve
from elluminate_server.settings import MEMORY, Settings, SettingsError, is_default_database
from elluminate_server.store.backups import BackupError
from elluminate_server.store.engine import BusyError, DatabaseDamagedError, Store
from elluminate_server.store.migrating import Migration, SchemaVersionError, migrate
from elluminate_server.store.probing import (
    DatabaseUnusableError,
    absent_file,
    check_is_there,
    probe,
    wait_for_others,
)
from elluminate_server.store.secret_keys import SecretKeyError
from elluminate_server.viewing import ViewError, view
from elluminate_server.worker import work

__all__ = ["CommandError", "run"]


class CommandError(Exception):
    """The command cannot be done, for a reason that the user can do something about; the message is one line."""


def run(options: argparse.Namespace) -> None:
    """Do a command.

    Args:
        options: As the command line was read: `command`, and what belongs to it.

    Raises:
        CommandError: It cannot be done.
        ModuleNotFoundError: The database's driver is not installed.
    """
    with _failures_in_one_line():
        if options.command == "view":
            # Flushed also to a pipe, from which somebody takes the link.
            tell = functools.partial(print, flush=True)
            view(options.source, options.port, is_demo=options.demo, opens_browser=options.browser, tell=tell)
            return
        model = getattr(options, "model", None)  # of the commands that serve
        is_told = getattr(options, "metrics", None)
        settings = Settings.from_environment(
            database_url=options.database,
            llm_model=model,
            metrics=is_told,
            pages=getattr(options, "pages", None),
        )
        if options.command not in ("audit", "backup"):  # which only read
            _wait_for_others(settings)
        if options.command == "serve":
            works = options.works and settings.broker_url is None  # else workers of the broker do
            settings = attrs.evolve(settings, works=works, shares_work=True)
            _serve(settings, options)
        elif options.command == "worker":
            _work(settings, options)
        elif options.command == "migrate":
            if options.database is not None:  # what is named here and is not there was misspelt
                check_is_there(settings.database_url)
            with _telling_of_a_new_database(settings):
                _migrate(settings)
        elif options.command == "backup":
            print(make_backup(settings, options.path))
        elif options.command == "prune":
            _prune(settings, options)
        elif options.command == "audit":
            _audit(settings, options)
        else:
            with _telling_of_a_new_database(settings):
                _manage_keys(settings, options)


def _wait_for_others(settings: Settings) -> None:
    try:
        wait_for_others(settings.database_url, functools.partial(print, file=sys.stderr, flush=True))
    except KeyboardInterrupt:
        raise CommandError("The wait was ended. Nothing was changed.") from None


@contextlib.contextmanager
def _telling_of_a_new_database(settings: Settings) -> Iterator[None]:
    """Say that a database was made, also where the command fails then: unless it is the default, it may be misspelt."""
    is_default = is_default_database(settings.database_url)
    file = None if is_default else absent_file(settings.database_url)
    try:
        yield
    finally:
        if file is not None and file.exists():
            print(f"There was no database {file.absolute()}: a new one was made.", file=sys.stderr)


def _serve(settings: Settings, options: argparse.Namespace) -> None:
    if not is_loopback(options.host):
        print(
            f"Warning: listening on {options.host}: the API is reachable from the network, over plain HTTP. "
            "Whoever has a key can use it; put a TLS proxy in front.",
            file=sys.stderr,
        )
    serve(settings, options.host, options.port, log_level=options.log_level, log_format=options.log_format)


def _work(settings: Settings, options: argparse.Namespace) -> None:
    if settings.database_url == MEMORY:
        raise CommandError("A worker shares a database with a server, and one in memory is a process's own.")
    if options.database is not None:  # what is named here and is not there was misspelt
        check_is_there(settings.database_url)
    settings = attrs.evolve(settings, shares_work=True, concurrency=options.concurrency)
    file = absent_file(settings.database_url)
    if file is not None:  # said at once, for it ends much later: no server is on a database that is not there
        print(f"There is no database {file.absolute()}: a new one is made.", file=sys.stderr)
    start = work if settings.broker_url is None else work_with_celery
    start(
        settings,
        log_level=options.log_level,
        log_format=options.log_format,
        metrics_at=options.metrics_at,
    )


def _migrate(settings: Settings) -> None:
    done = asyncio.run(_migrate_database(settings))
    if done.before is None:
        print(f"The database was empty; it has version {done.now} now.")
    elif done.before == done.now:
        print(f"The database has version {done.now} already; nothing was changed.")
    else:
        print(f"The database had version {done.before}; it has version {done.now} now.")
    if done.backup is not None:
        print(f"A copy of the older one is in {done.backup}")


async def _migrate_database(settings: Settings) -> Migration:
    probe(settings.database_url)
    async with Store(settings.database_url, secret_key=settings.secret_key) as store:
        return await migrate(store)


def _manage_keys(settings: Settings, options: argparse.Namespace) -> None:
    if options.action == "list":
        print(asyncio.run(key_commands.list_keys(settings, options.project)))
    elif options.action == "create":
        made = key_commands.create_key(settings, options.project, options.name, options.days, options.role)
        key, about = asyncio.run(made)
        # The key alone on standard output, so that a shell can put it where it belongs.
        print(about, "It is shown only now:", file=sys.stderr)
        try:
            print(key, flush=True)
        except OSError as error:  # nobody has seen it
            told = f"The key could not be written ({error.strerror})"
            try:
                asyncio.run(key_commands.withdraw_key(settings, key))
            except Exception as failure:
                raise CommandError(
                    f"{told}, and not be revoked either, so that it is valid: `elluminate keys revoke` with its number"
                ) from failure
            raise CommandError(f"{told}, and was revoked.") from None
    elif options.action == "rotate-secret":
        print(asyncio.run(key_commands.rotate_secret(settings, is_lost=options.forget)))
    else:
        print(asyncio.run(key_commands.revoke_key(settings, options.project, options.key)))


def _prune(settings: Settings, options: argparse.Namespace) -> None:
    def agreed() -> bool:
        if options.yes:
            return True
        if not sys.stdin.isatty():
            raise PruneError(
                "Nothing was deleted: there is nobody to ask. Say --yes, or --dry-run to only look."
            )
        return input("Delete all this for good? [y/N] ").strip().lower() in ("y", "yes")

    asyncio.run(
        prune(
            settings,
            options.older_than,
            audit_age=options.audit_older_than,
            is_dry=options.dry_run,
            agreed=agreed,
            tell=print,
        )
    )


def _audit(settings: Settings, options: argparse.Namespace) -> None:
    asyncio.run(
        show_audit_log(
            settings,
            age=options.since,
            key=options.key,
            about=options.object,
            newest=options.limit,
            as_json=options.format == "json",
            tell=print,
        )
    )


@contextlib.contextmanager
def _failures_in_one_line() -> Iterator[None]:
    try:
        yield
    except (
        ServingError,
        SettingsError,
        SchemaVersionError,
        DatabaseUnusableError,
        DatabaseDamagedError,
        BusyError,
        KeyCommandError,
        SecretKeyError,
        BackupError,
        PruneError,
        AuditCommandError,
        ViewError,
    ) as error:
        raise CommandError(str(error)) from error
    except OperationalError as error:
        # Without the statement, which says nothing to the user, and the URL, which may hold a password.
        said = " ".join(str(error.orig).split()).rstrip(".")
        raise CommandError(
            f"The database cannot be opened ({said}). Check --database or ELLUMINATE_DATABASE_URL."
        ) from error
