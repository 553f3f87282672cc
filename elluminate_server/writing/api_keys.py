"""API keys made and ended, each within the reach of the key that asks."""

import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.http.access import Principal
from elluminate_server.http.problems import Conflict, Forbidden, Invalid, NotFound
from elluminate_server.keys import add_key, reach_of, revoke
from elluminate_server.store.columns import utc_now
from elluminate_server.store.tables import ApiKey

__all__ = ["end_key", "in_future", "make_key"]


async def make_key(
    session: AsyncSession,
    principal: Principal,
    name: str,
    expires_at: datetime.datetime | None,
    role: str,
) -> tuple[ApiKey, str]:
    """Make a key of the principal's project; the row, and the key, which is shown now and never again.

    Raises:
        Forbidden: It would outlive the principal's.
    """
    reach = await reach_of(session, principal.key_id)
    if reach is not None and (expires_at is None or expires_at > reach):
        found = f"This request's API key expires at {reach.isoformat()} and makes none that outlives it."
        raise Forbidden(
            f"{found} Give an expires_at that is not later, or ask with a key that lasts longer.",
            in_browser=f"$.expires_at: {found} Choose a day before that, or log in with a key that lasts longer.",
        )
    return await add_key(session, principal.project_id, name, expires_at, role)


async def end_key(session: AsyncSession, principal: Principal, key_id: int) -> None:
    """End a key; it stays listed.

    Raises:
        NotFound: There is none of that id in the principal's project.
        Conflict: It is the principal's own.
        Forbidden: It outlives the principal's.
    """
    row = await session.get(ApiKey, key_id)
    if row is None or row.project_id != principal.project_id:
        raise NotFound("API key", key_id)
    if principal.key_id == row.id:
        raise Conflict(
            f"API key {row.name!r} (id {row.id}) is the one that this request came with. Make another one, and "
            "revoke this one with it."
        )
    reach = await reach_of(session, principal.key_id)
    if reach is not None and (row.expires_at is None or row.expires_at > reach):
        until = "never expires" if row.expires_at is None else f"expires at {row.expires_at.isoformat()}"
        raise Forbidden(
            f"API key {row.name!r} (id {row.id}) {until}. This request's key expires at {reach.isoformat()}, "
            "could not have made it and cannot revoke it. Ask with a key that lasts longer."
        )
    revoke(row)


def in_future(moment: datetime.datetime | None) -> datetime.datetime | None:
    """A moment in UTC, where one is given.

    Raises:
        Invalid: It is over, or none that UTC has.
    """
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
