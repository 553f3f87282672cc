"""Pages of lists: `{items, count}`, and which page was asked for."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.http.pipeline import Call

__all__ = ["page_of", "paged"]


async def page_of(
    call: Call, session: AsyncSession, query: Any, *order: Any, size: int | None = None
) -> tuple[Sequence[Any], int]:
    """The asked-for page of a query of one entity, and how many items there are over all pages.

    The size is the same for every page, so that clients can compute the number of pages from the first.

    Args:
        call: The request; its `page` counts from 1.
        session: Both numbers come from the same state.
        query: A select of one entity, or one column, without an order.
        order: Columns that order it; together they have to be unique.
        size: Items of a page; `Settings.page_size` unless given.
    """
    size = size or call.settings.page_size
    page: int = call.query["page"]
    count = await session.scalar(query.with_only_columns(func.count(), maintain_column_froms=True)) or 0
    if (page - 1) * size >= count:
        return [], count
    rows = await session.scalars(query.order_by(*order).limit(size).offset((page - 1) * size))
    return rows.all(), count


def paged(items: Sequence[Any], count: int) -> dict[str, Any]:
    """The contract's page envelope."""
    return {"items": items, "count": count}
