"""Names that the server invents, where a request leaves one out."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

__all__ = ["free_name"]

MAX_LENGTH = 255


async def free_name(session: AsyncSession, project_id: int, table: Any, wanted: str) -> str:
    """The wanted name, or it with the first free number behind it: `Tides`, `Tides (2)`, `Tides (3)`.

    Args:
        session: The caller's write transaction.
        project_id: Names are unique in a project.
        table: A table with `project_id`, `name` and perhaps `deleted_at`.
        wanted: Cut so that the number fits into 255 characters.
    """
    query = select(table.name).where(table.project_id == project_id)
    if hasattr(table, "deleted_at"):
        query = query.where(table.deleted_at.is_(None))
    taken = set(
        await session.scalars(query.where(table.name.startswith(wanted[: MAX_LENGTH - 12], autoescape=True)))
    )
    if wanted not in taken:
        return wanted
    number = 2
    while (name := f"{wanted[: MAX_LENGTH - 12]} ({number})") in taken:
        number += 1
    return name
