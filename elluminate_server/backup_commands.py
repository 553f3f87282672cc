"""What `elluminate backup` does: a copy of the database, and what to keep beside it."""

from pathlib import Path

from sqlalchemy.engine import make_url

from elluminate_server.settings import MEMORY, Settings
from elluminate_server.store.backups import Backup, BackupError, back_up
from elluminate_server.store.probing import check_is_there
from elluminate_server.store.secret_keys import key_file

__all__ = ["make_backup"]


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
    return "\n".join([told, *_about_the_key(settings, done)])


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
