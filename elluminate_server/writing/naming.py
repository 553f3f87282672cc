"""Names: who has one, refusing one that is taken, and inventing one where a request leaves it out."""

from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.http.problems import Taken
from elluminate_server.store.tables import Collection, Experiment

__all__ = ["free_name", "holder_of_name", "of_project", "refuse_taken", "refuse_taken_experiment"]

MAX_LENGTH = 255


def of_project(table: Any, project_id: int, name: str | None = None) -> Select[Any]:
    """The project's rows that are not deleted, or the one of that name; for tables with `project_id` and `name`."""
    query = select(table).where(table.project_id == project_id)
    if hasattr(table, "deleted_at"):
        query = query.where(table.deleted_at.is_(None))
    return query if name is None else query.where(table.name == name)


async def refuse_taken(
    session: AsyncSession, project_id: int, table: Any, kind: str, name: str, advice: str = ""
) -> None:
    """Refuse a name that another has.

    Args:
        session: The caller's write transaction.
        project_id: Names are unique in a project.
        table: See `of_project`.
        kind: What it is, with its article: "a persona".
        name: The wanted name.
        advice: A sentence on the way out, where there is a better one than to use that one.

    Raises:
        Taken: It is.
    """
    taken = await session.scalar(of_project(table, project_id, name).with_only_columns(table.id))
    if taken is not None:
        raise Taken(kind, name, taken, advice=advice)


async def refuse_taken_experiment(session: AsyncSession, project_id: int, name: str) -> None:
    """Refuse a name that another experiment has, which may be the one that was broken off before.

    Args:
        session: The caller's write transaction.
        project_id: Its project.
        name: The wanted name.

    Raises:
        Taken: It is.
    """
    advice = (
        f"client.get_experiment(name={name!r}).retry_failed() brings what it lacks; or choose another name."
    )
    await refuse_taken(session, project_id, Experiment, "an experiment", name, advice)


async def free_name(session: AsyncSession, project_id: int, table: Any, wanted: str) -> str:
    """The wanted name, or it with the first free number behind it: `Tides`, `Tides (2)`, `Tides (3)`.

    Args:
        session: The caller's write transaction.
        project_id: Names are unique in a project.
        table: A table with `project_id`, `name` and perhaps `deleted_at`.
        wanted: Cut so that the number fits into 255 characters.
    """
    alike = of_project(table, project_id).where(
        table.name.startswith(wanted[: MAX_LENGTH - 12], autoescape=True)
    )
    taken = set(await session.scalars(alike.with_only_columns(table.name)))
    if wanted not in taken:
        return wanted
    number = 2
    while (name := f"{wanted[: MAX_LENGTH - 12]} ({number})") in taken:
        number += 1
    return name


async def holder_of_name(session: AsyncSession, project_id: int, name: str) -> Collection | None:
    """The collection or scenario set of that name: they share the names."""
    holder: Collection | None = await session.scalar(
        select(Collection).where(
            Collection.project_id == project_id, Collection.name == name, Collection.deleted_at.is_(None)
        )
    )
    return holder
