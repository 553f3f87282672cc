"""API keys of the key's project: made and shown once, listed without their secret, revoked."""

import datetime

from elluminate_api import models
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.roles import ADMIN
from elluminate_server.http.pages import page_of, paged
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.http.problems import Conflict, Forbidden, Invalid, NotFound
from elluminate_server.keys import add_key, reach_of, revoke
from elluminate_server.store.columns import utc_now
from elluminate_server.store.tables import ApiKey

__all__: list[str] = []


@operation("list_api_keys")
async def list_api_keys(call: Call) -> Answer:
    """In order of creation, revoked and expired ones too."""
    query = select(ApiKey).where(ApiKey.project_id == call.project_id)
    async with call.read() as session:
        rows, count = await page_of(call, session, query, ApiKey.id)
    return call.answer(paged([_present(row) for row in rows], count))


@operation("create_api_key")
async def create_api_key(call: Call) -> Answer:
    """A key, shown now and never again: what is stored of the answer does not hold it either."""
    request = call.decode(models.CreateApiKeyRequest)
    expires_at = _in_future(request.expires_at)
    role = request.role.value if request.role else ADMIN
    async with call.write() as session:
        reach = await _reach(call, session)
        if reach is not None and (expires_at is None or expires_at > reach):
            raise Forbidden(
                f"This request's API key expires at {reach.isoformat()} and makes none that outlives it. Give an "
                "expires_at that is not later, or ask with a key that lasts longer."
            )
        row, key = await add_key(session, call.project_id, request.name, expires_at, role)
        made = _present(row)
        made.key = key
        repeated = Conflict(
            f"This request made the API key {row.name!r} (id {row.id}) before. It was shown then and cannot be "
            "shown again: revoke it (revoke_api_key()), and make another one."
        )
        return call.answer_once(made, repeated)


@operation("revoke_api_key")
async def revoke_api_key(call: Call) -> Answer:
    """End a key; it stays listed."""
    key_id = call.path["key_id"]
    async with call.write() as session:
        row = await session.get(ApiKey, key_id)
        if row is None or row.project_id != call.project_id:
            raise NotFound("API key", key_id)
        if call.principal is not None and call.principal.key_id == row.id:
            raise Conflict(
                f"API key {row.name!r} (id {row.id}) is the one that this request came with. Make another one, and "
                "revoke this one with it."
            )
        reach = await _reach(call, session)
        if reach is not None and (row.expires_at is None or row.expires_at > reach):
            until = "never expires" if row.expires_at is None else f"expires at {row.expires_at.isoformat()}"
            raise Forbidden(
                f"API key {row.name!r} (id {row.id}) {until}. This request's key expires at {reach.isoformat()}, "
                "could not have made it and cannot revoke it. Ask with a key that lasts longer."
            )
        revoke(row)
        return call.answer()


async def _reach(call: Call, session: AsyncSession) -> datetime.datetime | None:
    return await reach_of(session, None if call.principal is None else call.principal.key_id)


def _in_future(moment: datetime.datetime | None) -> datetime.datetime | None:
    if moment is None:
        return None
    given = moment.replace(tzinfo=datetime.UTC) if moment.tzinfo is None else moment
    try:
        in_utc = given.astimezone(datetime.UTC)
    except OverflowError:
        raise Invalid(f"$.expires_at: {given.isoformat()} is outside the years 1 to 9999 in UTC.") from None
    if in_utc <= utc_now():
        raise Invalid(f"$.expires_at: {in_utc.isoformat()} is not in the future.")
    return in_utc


def _present(row: ApiKey) -> models.ApiKey:
    return models.ApiKey(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        role=models.ApiKeyRole(row.role),
    )
