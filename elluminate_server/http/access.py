"""Who may come in, and for what: API keys, the one project that a key opens, and its role there."""

import datetime
import hmac
import logging

import attrs
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import Headers

from elluminate_server.domain.roles import ADMIN, allows, with_article
from elluminate_server.http.notes import write_note
from elluminate_server.http.problems import Forbidden, NotFound, Unauthorized
from elluminate_server.keys import digest_of, known_digest, stored_digest
from elluminate_server.settings import Settings, SettingsError
from elluminate_server.store.audit_log import log_command
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import BusyError, Store
from elluminate_server.store.rows import fetch
from elluminate_server.store.tables import ApiKey, Organization, Project

__all__ = ["KeyEnded", "Principal", "authenticate", "open_default_project", "principal_of_key"]

_logger = logging.getLogger("elluminate_server.access")

DEFAULT_PROJECT = "Default project"

SERVER_PROCESS = "server process"
"""What the key of a server inside a process is called, which is not stored."""

_of_key, _of_project = ApiKey.__table__.c, Project.__table__.c

_USED_PRECISION = datetime.timedelta(minutes=1)


@attrs.frozen
class Principal:
    """Whom a request comes from.

    Attributes:
        project_id: The one project that the key opens.
        project_name: Its name.
        role: What the key may do, of `domain.roles`.
        key_name: The name of the stored API key that was sent.
        key_id: Its id; None for the key of a server inside a process.
    """

    project_id: int
    project_name: str
    role: str
    key_name: str
    key_id: int | None = None

    def require_role(self, operation_id: str, role: str) -> None:
        """Refuse a request that takes a higher role than the key's.

        Raises:
            Forbidden: It does.
        """
        if not allows(self.role, role):
            raise Forbidden(
                f"The API key {self.key_name!r} is {with_article(self.role)}: {operation_id} takes "
                f"{with_article(role)}. Nothing was changed. Ask with a key of that role; an admin makes one with "
                f"create_api_key(..., role={role!r}), and so does elluminate keys create --role {role}."
            )

    def require_project(self, project_id: int) -> None:
        """Refuse a request for another project than the key's.

        Raises:
            NotFound: Whether the other project exists is not told.
        """
        if project_id != self.project_id:
            problem = NotFound("project", project_id)
            problem.detail = (
                f"There is no project {project_id}, or this key does not open it. "
                f"This key opens project {self.project_id} ({self.project_name!r})."
            )
            raise problem


class KeyEnded(Unauthorized):
    """The key is known, and opens nothing any more."""

    def __init__(self, detail: str, principal: Principal) -> None:
        super().__init__(detail)
        self.principal = principal


_KEYS_AND_PROJECTS = select(
    _of_key.id,
    _of_key.name,
    _of_key.expires_at,
    _of_key.revoked_at,
    _of_key.last_used_at,
    _of_key.role,
    _of_key.project_id,
    _of_project.name.label("project_name"),
).join(Project.__table__, _of_project.id == _of_key.project_id)
_KEY_AND_PROJECT = _KEYS_AND_PROJECTS.where(_of_key.digest == bindparam("digest"))
_KEY_BY_ID = _KEYS_AND_PROJECTS.where(_of_key.id == bindparam("key_id"))
_FIRST_PROJECT = select(_of_project.id, _of_project.name).order_by(_of_project.id).limit(1)


async def authenticate(
    headers: Headers, session: AsyncSession, store: Store, settings: Settings
) -> Principal:
    """The principal of a request: its `X-API-Key`, otherwise its `Authorization: Bearer` token.

    Args:
        headers: Of the request.
        session: Where to read.
        store: Where to note, once a minute, that the key was used.
        settings: Of the server.

    Raises:
        Unauthorized: No credentials, or ones that open nothing; a `KeyEnded` if they once did.
    """
    key = _credentials(headers)
    process_key = settings.process_key
    if process_key is not None and hmac.compare_digest(digest_of(key), digest_of(process_key)):
        for project in await fetch(session, _FIRST_PROJECT):
            return Principal(project.id, project.name, ADMIN, SERVER_PROCESS)
    digest = await known_digest(session, key)
    known = [] if digest is None else await fetch(session, _KEY_AND_PROJECT, digest=digest)
    if not known:
        raise Unauthorized("This API key is not known here. Check ELLUMINATE_API_KEY and the address.")
    (found,) = known
    principal = Principal(found.project_id, found.project_name, found.role, found.name, found.id)
    now = utc_now()
    if found.revoked_at is not None:
        raise KeyEnded(f"The API key {found.name!r} was revoked.", principal)
    if found.expires_at is not None and found.expires_at <= now:
        raise KeyEnded(f"The API key {found.name!r} expired at {found.expires_at.isoformat()}.", principal)
    if found.last_used_at is None or now - found.last_used_at > _USED_PRECISION:
        await write_note((id(store), "use", found.id), lambda: _note_use(store, found.id, now))
    return principal


async def principal_of_key(session: AsyncSession, key_id: int | None) -> Principal | None:
    """The principal of a key that somebody has shown before, as it is now; None where it opens nothing any more.

    Args:
        session: Where to read.
        key_id: Id of a stored key; None for that of a server inside a process.
    """
    if key_id is None:
        for project in await fetch(session, _FIRST_PROJECT):
            return Principal(project.id, project.name, ADMIN, SERVER_PROCESS)
        return None
    now = utc_now()
    for found in await fetch(session, _KEY_BY_ID, key_id=key_id):
        if found.revoked_at is None and (found.expires_at is None or found.expires_at > now):
            return Principal(found.project_id, found.project_name, found.role, found.name, found.id)
    return None


def _credentials(headers: Headers) -> str:
    key = headers.get("x-api-key", "").strip()
    if key:
        return key
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    raise Unauthorized("No credentials: send the API key in X-API-Key, or a token in Authorization: Bearer.")


async def _note_use(store: Store, key_id: int, now: datetime.datetime) -> None:
    try:
        async with store.write(is_short=True) as session:
            api_key = await session.get(ApiKey, key_id)
            if api_key is not None:
                api_key.last_used_at = now
    except BusyError as error:
        # A note for people; no request fails for it.
        _logger.info("The use of API key %d was not noted: %s", key_id, error)


async def open_default_project(store: Store, settings: Settings) -> int:
    """The default project's id; on first start it is made, and a given key becomes its key.

    Raises:
        SettingsError: The given key belongs to another project, was revoked or has expired.
    """
    async with store.write(is_short=True) as session:
        project = await _default_project(session)
        if project is None:
            organization = Organization(name="Default organization")
            session.add(organization)
            await session.flush()
            project = Project(organization_id=organization.id, name=DEFAULT_PROJECT)
            session.add(project)
            await session.flush()
        if settings.api_key is not None:
            digest = await stored_digest(session, settings.api_key)
            known = await session.scalar(select(ApiKey).where(ApiKey.digest == digest))
            if known is None:
                row = ApiKey(
                    project_id=project.id,
                    name="ELLUMINATE_API_KEY",
                    digest=digest,
                    prefix=settings.api_key[:4],
                )
                session.add(row)
                await session.flush()
                await log_command(session, "serve", project.id, ("api_key", row.id, row.name))
            elif known.project_id != project.id:
                raise SettingsError(
                    "ELLUMINATE_API_KEY",
                    f"is the key {known.name!r} of project {known.project_id}, not of the default project "
                    f"{project.id}. Unset it, or give another one.",
                )
            elif (ended := _end_of(known)) is not None:
                raise SettingsError(
                    "ELLUMINATE_API_KEY",
                    f"is the key {known.name!r} (id {known.id}), which {ended} and opens nothing. Unset it, or give "
                    "another one.",
                )
        return project.id


def _end_of(key: ApiKey) -> str | None:
    if key.revoked_at is not None:
        return f"was revoked at {key.revoked_at.isoformat(timespec='seconds')}"
    if key.expires_at is not None and key.expires_at <= utc_now():
        return f"expired at {key.expires_at.isoformat(timespec='seconds')}"
    return None


async def _default_project(session: AsyncSession) -> Project | None:
    project: Project | None = await session.scalar(select(Project).order_by(Project.id).limit(1))
    return project
