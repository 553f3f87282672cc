"""What `elluminate backup` does: a copy of the database, and what to keep beside it."""

import asyncio
from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from elluminate_server.settings import MEMORY, Settings
from elluminate_server.store.audit_log import log_command
from elluminate_server.store.backups import Backup, BackupError, back_up
from elluminate_server.store.engine import BusyError, Store
from elluminate_server.store.probing import check_is_there
from elluminate_server.store.secret_keys import SecretKeyError, key_file
from elluminate_server.store.tables import AuditEvent

__all__ = ["make_backup"]

LOG_SECONDS = 30.0
"""How long the line of the audit log waits for other writers."""


def make_backup(settings: Settings, target: str) -> str:
    """Copy the database to a file; a few lines about it.

    Raises:
        BackupError: It was not copied, or is none that is copied in this way.
        DatabaseUnusableError: It is not there.
    """
    if settings.database_url == MEMORY:
        raise BackupError(
            "A database in memory is its server's alone. Name the file of another with --database."
        )
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite":
        raise BackupError(
            "This copies SQLite files. PostgreSQL has its own way, which works while servers run: "
            f"pg_dump --format=custom --file={target} {url.database or 'evals'}"
        )
    check_is_there(settings.database_url)
    database = Path(url.database or "").expanduser()
    done = back_up(database, Path(target).expanduser())
    size = f"{done.size / 1e6:.1f} MB"
    told = (
        f"A copy of {database} is in {done.file} ({size}, {done.seconds:.1f} s), readable by its owner alone."
    )
    return "\n".join([told, *_about_the_key(settings, done), *_about_the_log(settings)])


def _about_the_log(settings: Settings) -> list[str]:
    """Write the line of the audit log; a sentence where that cannot be done. The copy is good without it."""
    try:
        asyncio.run(_log(settings))
    except (BusyError, OperationalError, SecretKeyError) as error:
        reason = str(getattr(error, "orig", error)).rstrip(".")
        return [
            f"The audit log of the database has no line of this, because it cannot be written ({reason})."
        ]
    return []


async def _log(settings: Settings) -> None:
    async with Store(
        settings.database_url, secret_key=settings.secret_key, busy_timeout=LOG_SECONDS
    ) as store:
        async with store.read() as session:
            has_log = await session.run_sync(
                lambda here: inspect(here.connection()).has_table(AuditEvent.__tablename__)
            )
        if has_log:  # a database of an older version is copied, too, and has none yet
            async with store.write() as session:
                await log_command(session, "backup")


def _about_the_key(settings: Settings, done: Backup) -> list[str]:
    if not done.has_secrets:
        return []
    file = key_file(settings.database_url)
    if settings.secret_key is not None:
        where = "what ELLUMINATE_SECRET_KEY says"
    elif file is not None and file.exists():
        where = f"the key in {file}"
    else:
        where = "a secret key that is not here"
    return [
        f"Its secrets are sealed with {where}, which is not in the copy. Keep that too, and elsewhere: without it a "
        "server does not start on the copy until the keys of model providers are dropped and API keys revoked."
    ]
