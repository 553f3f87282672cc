"""What `elluminate keys` does: API keys managed by whoever has the database, without a key."""

import contextlib
import datetime
from collections.abc import AsyncIterator

import attrs
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.roles import ADMIN, with_article
from elluminate_server.http.access import open_default_project
from elluminate_server.keys import add_key, known_digest, revoke
from elluminate_server.operating.tables_of_text import in_one_line, table
from elluminate_server.settings import MEMORY, Settings, is_default_database
from elluminate_server.store.audit_log import log_command
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import Store
from elluminate_server.store.migrating import prepare
from elluminate_server.store.probing import check_is_there, probe
from elluminate_server.store.secret_keys import SecretKeyError
from elluminate_server.store.tables import ApiKey, Project
from elluminate_server.store.unlocking import change_key, unlock

__all__ = ["KeyCommandError", "create_key", "list_keys", "revoke_key", "rotate_secret", "withdraw_key"]


class KeyCommandError(RuntimeError):
    """The command cannot be done; the message says why and what to do."""


async def list_keys(settings: Settings, project: str | None) -> str:
    """The keys of a project, or of all, as a table.

    Raises:
        KeyCommandError: There is no such project.
    """
    async with _open_store(settings) as store, store.read() as session:
        query = select(ApiKey, Project).join(Project, Project.id == ApiKey.project_id)
        if project is not None:
            query = query.where(Project.id == (await _find_project(session, project)).id)
        found = (await session.execute(query.order_by(ApiKey.id))).all()
    if not found:
        return "There are no API keys."
    head = ("id", "project", "name", "role", "begins with", "created", "expires", "last used", "state")
    return table([head, *(_cells(row[0], row[1]) for row in found)])


async def create_key(
    settings: Settings, project: str | None, name: str, days: int | None, role: str = ADMIN
) -> tuple[str, str]:
    """Make a key of a project, the default one unless named.

    Args:
        settings: Which database.
        project: Id or name.
        name: What the key is for.
        days: How long it opens the project; None for ever.
        role: What it may do, of `domain.roles`.

    Returns:
        The key, and a line about it that does not hold it.

    Raises:
        KeyCommandError: There is no such project, or the name is blank or too long.
    """
    if not name.strip() or len(name) > 255:
        raise KeyCommandError(
            f"A key's name has 1 to 255 characters that are not only blanks, got {name!r:.80}."
        )
    expires_at = None if days is None else utc_now() + datetime.timedelta(days=days)
    async with _open_store(settings, is_new_allowed=True) as store, store.write() as session:
        owner = await _find_project(session, project)
        row, key = await add_key(session, owner.id, name, expires_at, role)
        await log_command(session, "keys create", owner.id, ("api_key", row.id, name))
    until = "never expires" if expires_at is None else f"expires at {_moment(expires_at)}"
    whose = f"API key {row.id} ({name!r}) of project {owner.id} ({owner.name!r})"
    return key, f"{whose}; it {until}. It is {with_article(role)}."


async def revoke_key(settings: Settings, project: str | None, key_id: int) -> str:
    """Let a key open nothing from now on; a line about it.

    Raises:
        KeyCommandError: There is no such project or key.
    """
    async with _open_store(settings) as store, store.write() as session:
        row = await session.get(ApiKey, key_id)
        owner = None if project is None else await _find_project(session, project)
        if row is None or (owner is not None and row.project_id != owner.id):
            where = "The database" if owner is None else f"Project {owner.id} ({owner.name!r})"
            raise KeyCommandError(f"{where} has no API key {key_id}. `elluminate keys list` shows them.")
        before = row.revoked_at
        if before is None:
            revoke(row)
            await log_command(session, "keys revoke", row.project_id, ("api_key", row.id, row.name))
    if before is not None:
        return (
            f"API key {key_id} ({row.name!r}) was revoked at {_moment(before)} already; nothing was changed."
        )
    return f"API key {key_id} ({row.name!r}) opens nothing from now on."


async def withdraw_key(settings: Settings, key: str) -> None:
    """Let a key open nothing that was made a moment ago and that nobody has got."""
    async with _open_store(settings) as store, store.write() as session:
        digest = await known_digest(session, key)
        row = await session.scalar(select(ApiKey).where(ApiKey.digest == digest))
        if row is not None:
            revoke(row)
            await log_command(session, "keys revoke", row.project_id, ("api_key", row.id, row.name))


async def rotate_secret(settings: Settings, *, is_lost: bool) -> str:
    """Seal the database's secrets with another secret key; a line about it.

    Args:
        settings: Which database, and with which keys.
        is_lost: Whether the key before is lost: what is sealed with it is dropped.

    Raises:
        KeyCommandError: The key is said to be lost, and is here.
        SecretKeyError: A key is not here, or cannot be kept; or a secret cannot be opened.
    """
    async with _open_store(settings, unlocks=not is_lost) as store:
        keys = store.vault.keys
        if is_lost and await _is_here(store):
            raise KeyCommandError(
                "The secret key of this database is here: nothing has to be forgotten. Leave out --forget."
            )
        done = await change_key(store, is_lost=is_lost)
        if is_lost or done.before != done.now:
            async with store.write() as session:
                await log_command(session, "keys rotate-secret")
        where = "in ELLUMINATE_SECRET_KEY" if keys.is_given else f"in {keys.file}"
        if is_lost:
            return (
                f"What was sealed is dropped, and the secret key {done.now} {where} seals what comes. Make new API "
                "keys (`elluminate keys create`), and enter the keys of model providers again."
            )
        if done.before is None:
            return "The database holds no secrets yet; nothing was changed."
        if done.before == done.now:
            return (
                f"The database's secrets are sealed with the first key of ELLUMINATE_SECRET_KEY ({done.now}) already; "
                "nothing was changed. Set it to NEW,OLD to change from OLD to NEW."
            )
        left = f" Nothing needs {keys.file} any more." if keys.is_given and keys.has_file else ""
        return (
            f"The database's secrets were sealed with the secret key {done.before}, and are with {done.now} {where} "
            f"now.{left}"
        )


async def _is_here(store: Store) -> bool:
    try:
        await unlock(store)
    except SecretKeyError:
        return False
    return True


@contextlib.asynccontextmanager
async def _open_store(
    settings: Settings, *, is_new_allowed: bool = False, unlocks: bool = True
) -> AsyncIterator[Store]:
    if settings.database_url == MEMORY:
        raise KeyCommandError("A database in memory keeps no keys. Name a file or a URL with --database.")
    if not is_new_allowed and not is_default_database(settings.database_url):
        check_is_there(settings.database_url)
    probe(settings.database_url)
    async with Store(settings.database_url, secret_key=settings.secret_key) as store:
        await prepare(store, unlocks=unlocks)
        await open_default_project(store, attrs.evolve(settings, api_key=None))
        yield store


async def _find_project(session: AsyncSession, wanted: str | None) -> Project:
    projects = (await session.scalars(select(Project).order_by(Project.id))).all()
    if wanted is None:
        return projects[0]
    for project in projects:
        if wanted in (str(project.id), project.name):
            return project
    there = ", ".join(f"{project.id} ({project.name!r})" for project in projects[:20])
    raise KeyCommandError(f"There is no project with the id or name {wanted!r}. There are: {there}.")


def _cells(row: ApiKey, project: Project) -> tuple[str, ...]:
    state = "valid"
    if row.revoked_at is not None:
        state = "revoked"
    elif row.expires_at is not None and row.expires_at <= utc_now():
        state = "expired"
    times = (row.created_at, row.expires_at, row.last_used_at)
    return (
        str(row.id),
        in_one_line(project.name),
        in_one_line(row.name),
        row.role,
        in_one_line(row.prefix),
        *(_moment(time) for time in times),
        state,
    )


def _moment(time: datetime.datetime | None) -> str:
    return "never" if time is None else time.strftime("%Y-%m-%d %H:%M UTC")
