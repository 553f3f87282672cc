"""Deleting what results may refer to: then it is hidden, and stays readable where it was used."""

from typing import Any

from sqlalchemy import Select, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.store.columns import utc_now

__all__ = ["hide_or_delete"]


async def hide_or_delete(session: AsyncSession, row: Any, *uses: Select[Any]) -> bool:
    """Hide a row that something refers to, delete any other with all that belongs to it.

    Args:
        session: The caller's write transaction.
        row: Of a table with `deleted_at`.
        uses: Queries of what may refer to it.

    Returns:
        Whether it was hidden.
    """
    is_used = bool(await session.scalar(select(or_(*(use.exists() for use in uses)))))
    if is_used:
        row.deleted_at = utc_now()
    else:
        table = type(row)
        await session.execute(delete(table).where(table.id == row.id))
    return is_used
