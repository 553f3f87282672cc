"""API keys, for admins: made and shown once, revoked."""

import datetime

from elluminate_api.models import CreateApiKeyRequest
from sqlalchemy import func, select
from starlette.responses import Response

from elluminate_server.domain.roles import ADMIN, ROLES
from elluminate_server.http.problems import Invalid
from elluminate_server.pages.paging import Paging
from elluminate_server.pages.visits import Visit, form, page
from elluminate_server.store.columns import utc_now
from elluminate_server.store.tables import ApiKey
from elluminate_server.writing.api_keys import end_key, in_future, make_key

__all__: list[str] = []

_SIZE = 50
_KEYS = "/projects/{project_id:int}/keys"


@page(_KEYS, role=ADMIN)
async def keys(visit: Visit) -> Response:
    """The newest first, revoked and expired ones too."""
    session = visit.session
    query = select(ApiKey).where(ApiKey.project_id == visit.project_id)
    count = await session.scalar(query.with_only_columns(func.count())) or 0
    paging = Paging(visit.asked_number("page", 1), _SIZE, count)
    rows = await session.scalars(query.order_by(ApiKey.id.desc()).limit(_SIZE).offset(paging.offset))
    return visit.show(
        "api_keys.html",
        place="keys",
        keys=[(row, _state(row)) for row in rows],
        paging=paging,
        roles=ROLES,
    )


def _state(row: ApiKey) -> str:
    if row.revoked_at is not None:
        return "revoked"
    return "expired" if row.expires_at is not None and row.expires_at <= utc_now() else "good"


@form(_KEYS, does="create_api_key")
async def create(visit: Visit) -> Response:
    """A key, which this answer alone shows: it is in no address, kept by no cache, and not stored."""
    request = visit.wanted(
        CreateApiKeyRequest,
        name=visit.field("name").strip(),
        role=visit.field("role") or ROLES[0],
        expires_at=_end_of(visit.field("until")),
    )
    try:
        expires_at = in_future(request.expires_at)
    except Invalid:
        raise Invalid(f"$.expires_at: {visit.field('until')} is not in the future.") from None
    role = str(request.role.value) if request.role else ROLES[0]
    async with visit.write() as session:
        row, key = await make_key(session, visit.principal, request.name, expires_at, role)
        visit.made = row
    return visit.show("api_key_made.html", place="keys", made=row, key=key)


def _end_of(day: str) -> str | None:
    """The end of a day in UTC, as the contract has it; None without one.

    Raises:
        Invalid: It is no day.
    """
    if not day:
        return None
    try:
        last = datetime.date.fromisoformat(day)
    except ValueError:
        raise Invalid("$.expires_at: has to be a day like 2030-12-31, or empty.") from None
    return datetime.datetime.combine(last, datetime.time(23, 59, 59), datetime.UTC).isoformat()


@form(_KEYS + "/{key_id:int}/revoke", does="revoke_api_key")
async def revoke(visit: Visit) -> Response:
    """End a key, and the sessions that it began."""
    async with visit.write() as session:
        await end_key(session, visit.principal, visit.path["key_id"])
    return visit.go_on(f"/projects/{visit.project_id}/keys")
